#include "source.h"

#include "../password.h"
#include "rollout/base/capture.h"
#include "rollout/base/file.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define CLIENT_UNKNOWN_ID 2

/* NAME-client, NAME-client.py */
static bool is_client(const char *path)
{
	struct slice name = path_basename(path);
	const char *dot = memrchr(name.ptr, '.', name.len);
	if (dot && dot > name.ptr)
		name.len = (size_t)(dot - name.ptr);
	return slice_ends_with(name, "-client");
}

static struct slice without_line_ends(struct slice s)
{
	while (s.len > 0 && (s.ptr[s.len - 1] == '\n' || s.ptr[s.len - 1] == '\r'))
		s.len--;
	while (s.len > 0 && (s.ptr[0] == '\n' || s.ptr[0] == '\r'))
		s.ptr++, s.len--;
	return s;
}

/* It may ask at the terminal: input and standard error are ours. */
static int run_script(const char *path, struct slice id, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	CLEANUP(free_ptr) char *id_text = xstrndup(id.ptr, id.len);
	bool client = is_client(path) && id.len > 0;
	const char *const argv[] = {path, client ? "--vault-id" : NULL, client ? id_text : NULL,
				    NULL};
	const struct capture c = {.argv = argv,
				  .max_bytes = VAULT_PASSWORD_MAX,
				  .timeout_ms = PASSWORD_PROGRAM_TIMEOUT_MS};
	int status = 0;
	int r = capture_run(&c, &text, &status, err);
	if (r == ERR_SYS)
		return err_wrap(err, r,
				"vault password script (if it is none, take its executable bit "
				"away)");
	if (r < 0)
		return err_wrap(err, r, "vault password script");
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	if (client && code == CLIENT_UNKNOWN_ID)
		return err_set(err, ERR_NOT_FOUND,
			       "the vault password script %s has no password for the id '%s'", path,
			       id_text);
	if (code != 0)
		return err_set(err, ERR_INVALID,
			       "the vault password script %s ended with status %d", path, code);
	strbuf_slice_append(out, without_line_ends(strbuf_slice(&text)));
	return 0;
}

static int read_text(struct vault *v, const char *path, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0}, plain = {0};
	const struct srcloc at = {srcfile_intern(path), 1, 1};
	int r = file_read(path, (size_t)16 * VAULT_PASSWORD_MAX, &text, err);
	if (r < 0)
		return err_wrap(err, r, "vault password file");
	struct slice s = slice_trim(strbuf_slice(&text));
	if (encrypted_is(s)) {
		if ((r = vault_open(v, s, at, &plain, NULL, err)) < 0)
			return r;
		s = without_line_ends(strbuf_slice(&plain));
	}
	strbuf_slice_append(out, s);
	return 0;
}

int vault_source_read(struct vault *v, const char *path, struct slice id, struct strbuf *out,
		      struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const char *home = getenv("HOME");
	CLEANUP(free_ptr) char *expanded = path_expand_home(path, home ? home : "");
	CLEANUP(free_ptr) char *full = realpath(expanded, NULL);
	if (!full)
		return err_sys(err, "vault password file %s", expanded);
	/* not resolved: a script may look for what lies beside its link */
	CLEANUP(free_ptr) char *cwd = getcwd(NULL, 0);
	CLEANUP(free_ptr) char *absolute = path_join(cwd ? cwd : "/", expanded);
	int r = password_is_program(full) ? run_script(absolute, id, &text, err)
					  : read_text(v, absolute, &text, err);
	if (r < 0)
		return r;
	if (text.len == 0)
		return err_set(err, ERR_INVALID, "%s: the vault password is empty", expanded);
	strbuf_slice_append(out, strbuf_slice(&text));
	return 0;
}
