/* rollout vault: edit and create, in the user's editor. The text lies in a
 * folder of its own, mode 0700, and all that is left in it is overwritten. */
#include "verbs.h"

#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

#define FOLDER_PREFIX "rollout-vault-"

/* Where memory rather than a disk holds it, if there is such a place. */
static const char *base_folder(void)
{
	const char *const places[] = {getenv("XDG_RUNTIME_DIR"), getenv("TMPDIR"), "/tmp"};
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (places[i] && places[i][0] == '/' && access(places[i], W_OK | X_OK) == 0)
			return places[i];
	return "/tmp";
}

static bool is_vault_folder(const char *name)
{
	return strncmp(name, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) == 0;
}

/* The editor's backups and swap files too. */
static void remove_folder(const char *dir)
{
	DIR *d = opendir(dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		CLEANUP(fd_close)
		int fd =
			openat(dirfd(d), e->d_name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
		vault_file_wipe(fd);
		(void)unlinkat(dirfd(d), e->d_name, 0);
	}
	if (d)
		closedir(d);
	(void)rmdir(dir);
}

static int wait_for_editor(pid_t pid, const char *editor, struct err *err)
{
	int status = 0;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_sys(err, "wait for %s", editor);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return err_set(err, ERR_CANCELLED, "the editor %s failed; nothing was changed",
			       editor);
	return 0;
}

/* ^C is the editor's, not ours, while it runs. */
static int spawn_and_wait(char **argv, struct err *err)
{
	void (*interrupt)(int) = signal(SIGINT, SIG_IGN), (*quit)(int) = signal(SIGQUIT, SIG_IGN);
	posix_spawnattr_t attr;
	sigset_t defaults;
	pid_t pid = 0;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGQUIT);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigdefault(&attr, &defaults);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
	errno = posix_spawnp(&pid, argv[0], NULL, &attr, argv, environ);
	int r = errno ? err_sys(err, "run the editor %s", argv[0])
		      : wait_for_editor(pid, argv[0], err);
	posix_spawnattr_destroy(&attr);
	signal(SIGINT, interrupt);
	signal(SIGQUIT, quit);
	return r;
}

static int run_editor(const char *path, struct err *err)
{
	struct arena a = {0};
	const char *editor = getenv("EDITOR");
	char **words = NULL;
	size_t n = 0;
	editor = editor && *editor ? editor : "vi";
	int r = shellwords_split(&a, slice_from(editor), &words, &n, err);
	if (r == 0 && n == 0)
		r = err_set(err, ERR_INVALID, "EDITOR is empty");
	if (r == 0) {
		char **argv = ARENA_ARRAY(&a, char *, n + 2);
		memcpy(argv, words, n * sizeof(*argv));
		argv[n] = arena_strdup(&a, path);
		r = spawn_and_wait(argv, err);
	}
	arena_release(&a);
	return r;
}

static int edit_in(const char *dir, const char *path, struct slice text, struct strbuf *out,
		   struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf file = {0};
	struct slice base = path_basename(path);
	const char *dot = memrchr(base.ptr, '.', base.len);
	strbuf_printf(&file, "%s/text%s", dir, dot && dot > base.ptr ? dot : "");
	CLEANUP(fd_close)
	int fd = open(file.ptr, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "%s", file.ptr);
	int r = fd_write_all(fd, text.ptr, text.len, err);
	if (r == 0)
		r = run_editor(file.ptr, err);
	return r < 0 ? r : file_read(file.ptr, VAULT_FILE_MAX, out, err);
}

int vault_edit_text(const char *path, struct slice text, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	leftovers_remove(&(struct leftovers){base_folder(), is_vault_folder, remove_folder});
	strbuf_printf(&dir, "%s/" FOLDER_PREFIX "XXXXXX", base_folder());
	if (!mkdtemp(dir.ptr))
		return err_sys(err, "%s", dir.ptr);
	/* the editor inherits the claim: its text stays as long as it runs */
	CLEANUP(fd_close) int claim = open(dir.ptr, O_RDONLY | O_DIRECTORY);
	fd_claim(claim);
	int r = edit_in(dir.ptr, path, text, out, err);
	remove_folder(dir.ptr);
	return r;
}

int vault_verb_create(const struct vault_task *t, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	if (t->nfiles != 1)
		return err_set(err, ERR_USAGE, "rollout vault create takes one file");
	const char *path = t->files[0];
	if (access(path, F_OK) == 0)
		return err_set(err, ERR_EXISTS, "%s exists: rollout vault edit", path);
	CLEANUP(free_ptr) char *copy = xstrdup(path);
	struct slice dir = path_dirname(copy);
	CLEANUP(free_ptr) char *folder = xstrndup(dir.ptr, dir.len);
	int r = dir_create_all(folder, 0700, err);
	if (r == 0)
		r = vault_edit_text(path, SLICE_LIT(""), &text, err);
	if (r == 0)
		r = vault_encrypt(strbuf_slice(&text), t->password, t->id, SLICE_LIT(""), &out,
				  err);
	return r < 0 ? r : vault_file_write(path, strbuf_slice(&out), 0600, err);
}

static int edit_one(const struct vault_task *t, const char *path, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf before = {0}, after = {0};
	CLEANUP(strbuf_release) struct strbuf id = {0}, out = {0};
	size_t index = 0;
	int r = vault_file_open(t, path, &before, &index, &id, err);
	if (r == 0)
		r = vault_edit_text(path, strbuf_slice(&before), &after, err);
	if (r < 0 || slice_eq(strbuf_slice(&before), strbuf_slice(&after)))
		return r;
	r = vault_encrypt(strbuf_slice(&after), vault_password(t->v, index), strbuf_slice(&id),
			  SLICE_LIT(""), &out, err);
	return r < 0 ? r : vault_file_write(path, strbuf_slice(&out), 0, err);
}

int vault_verb_edit(const struct vault_task *t, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < t->nfiles && r == 0; i++)
		r = edit_one(t, t->files[i], err);
	return r;
}
