/*
 * script: a program of the controller, run on the host. The controller sends
 * its content by hash (_sha256); the first word of the command is its path
 * there and tells only how to name it.
 */
#include "process.h"

#include "../call.h"
#include "../content.h"
#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"

#include <sys/random.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define FIRST_MAX 256 /* BINPRM_BUF_SIZE of the kernel */

static const struct module_param params[] = {
	{.name = "cmd",
	 .type = MODULE_STR,
	 .doc = "Path of the script on the controller, and its arguments."},
	PROCESS_GUARD_PARAMS,
	{.name = "decrypt",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Decrypts a vaulted script."},
	{.name = "executable",
	 .type = MODULE_STR,
	 .doc = "The program that interprets it; without it its own first line decides."},
	{0},
};

/* Where it lies, and how it is called: by its own name, or where nothing that lies
 * there can be run, with the interpreter that its first line names. */
struct script {
	const char *path;
	bool runs;
	char first[FIRST_MAX]; /* of its first line; where it cannot be run */
	size_t first_len;
};

static bool runs_from(const char *folder)
{
	struct statvfs fs;
	return access(folder, W_OK) == 0 && statvfs(folder, &fs) == 0 && !(fs.f_flag & ST_NOEXEC);
}

/* Hardened hosts mount the folders that everybody writes in with noexec. */
static const char *find_folder(struct module_call *call, bool *ret_runs)
{
	const char *const folders[] = {"/tmp", "/var/tmp", call_expand_path(call, "~")};
	*ret_runs = true;
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (folders[i][0] == '/' && runs_from(folders[i]))
			return folders[i];
	*ret_runs = false;
	return "/tmp";
}

static int find_place(struct module_call *call, struct script *s, struct err *err)
{
	uint64_t random[2];
	const char *folder = find_folder(call, &s->runs);
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return err_sys(err, "getrandom");
	s->path = arena_printf(call->arena, "%s/.rollout-script-%016llx%016llx", folder,
			       (unsigned long long)random[0], (unsigned long long)random[1]);
	return 0;
}

static int read_first(struct module_call *call, struct script *s, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	int r = call->host->ops->open(call->host, s->path, &fd, err);
	if (r < 0)
		return r;
	ssize_t n = read(fd, s->first, sizeof(s->first));
	if (n < 0)
		return err_sys(err, "read %s", s->path);
	s->first_len = (size_t)n;
	return 0;
}

static int put_script(struct module_call *call, struct script *s, struct err *err)
{
	CLEANUP(content_close) struct content content = {0};
	struct host_write w = {.stream = &content.stream, .attr = HOST_ATTR_KEEP};
	int r = content_open(call, arg_str(call, "_sha256"), 0, &content, err);
	if (r < 0)
		return r;
	w.attr.mode = 0700;
	r = call->host->ops->write(call->host, s->path, &w, err);
	return r < 0 || s->runs ? r : read_first(call, s, err);
}

/* As execve(2) reads "#!interpreter argument". */
static int interpreter_of(struct module_call *call, const struct script *s, char ***ret,
			  size_t *ret_count, struct err *err)
{
	struct slice text = {s->first, s->first_len}, line = {"", 0};
	if (!slice_starts_with(text, "#!"))
		return err_set(err, ERR_UNSUPPORTED,
			       "/tmp, /var/tmp and the home directory are mounted noexec: nothing "
			       "but a script with an interpreter (#!) can be run there");
	(void)slice_split(&text, '\n', &line);
	line = slice_trim((struct slice){line.ptr + 2, line.len - 2});
	size_t name = 0;
	while (name < line.len && line.ptr[name] != ' ' && line.ptr[name] != '\t')
		name++;
	struct slice argument = slice_trim((struct slice){line.ptr + name, line.len - name});
	*ret = ARENA_ARRAY(call->arena, char *, 2);
	(*ret)[0] = arena_strndup(call->arena, line.ptr, name);
	(*ret)[1] = arena_strndup(call->arena, argument.ptr, argument.len);
	*ret_count = argument.len ? 2 : 1;
	return 0;
}

/* [executable words…] path [arguments…] */
static int build_argv(struct module_call *call, const struct script *s, char **words, size_t count,
		      const char *const **ret, struct err *err)
{
	const char *executable = arg_str(call, "executable"), *path = s->path;
	char **before = NULL;
	size_t nbefore = 0;
	int r = 0;
	if (executable)
		r = shellwords_split(call->arena, slice_from(executable), &before, &nbefore, err);
	else if (!s->runs && !call->check_mode)
		r = interpreter_of(call, s, &before, &nbefore, err);
	if (r < 0)
		return r;
	const char **argv = ARENA_ARRAY(call->arena, const char *, nbefore + count + 1);
	for (size_t i = 0; i < nbefore; i++)
		argv[i] = before[i];
	argv[nbefore] = path;
	for (size_t i = 1; i < count; i++)
		argv[nbefore + i] = words[i];
	*ret = argv;
	return 0;
}

static int run_script(struct module_call *call, char **words, size_t count, const char *cwd,
		      struct err *err)
{
	struct script s = {0};
	struct process p = {.cwd = cwd, .keep_empty_ends = true, .bare = true};
	int r = find_place(call, &s, err);
	/* Check mode runs nothing, so it need not write what would be run. */
	if (r == 0 && !call->check_mode)
		r = put_script(call, &s, err);
	if (r < 0)
		return r;
	r = build_argv(call, &s, words, count, &p.argv, err);
	if (r == 0)
		r = process_run(call, &p, err);
	if (!call->check_mode) {
		struct err cleanup = {0};
		if (call->host->ops->remove(call->host, s.path, false, &cleanup) < 0)
			result_warn(call, "%s was left behind: %s", s.path, cleanup.msg);
	}
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *text = arg_str(call, "_raw_params"), *chdir = arg_str(call, "chdir");
	char **words;
	size_t count;
	bool skip;
	if (!text)
		text = arg_str(call, "cmd");
	int r = shellwords_split(call->arena, slice_from(text ? text : ""), &words, &count, err);
	if (r < 0)
		return r;
	if (count == 0)
		return err_set(err, ERR_INVALID, "no script given");
	if (chdir)
		chdir = call_absolute_path(call, NULL, chdir);
	r = process_guard(call, chdir, &skip, err);
	/* Of a script, other than of a command, Ansible says that it was skipped. */
	if (r == 0 && skip)
		result_put_bool(call, "skipped", true);
	return r < 0 || skip ? r : run_script(call, words, count, chdir, err);
}

static const char *const needs[] = {"_raw_params|cmd", NULL};

const struct module module_script = {
	.name = "script",
	.full_name = "ansible.builtin.script",
	.doc = "Runs a script of the controller on the host.",
	.flags = MODULE_FREE_FORM | MODULE_PREPARE | MODULE_ONCE_ONLY,
	.kind = MODULE_KIND_SCRIPT,
	.source_dir = "files",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = needs,
	.run = run,
};
