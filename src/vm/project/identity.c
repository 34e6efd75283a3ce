/* Keys and machine-ids: made once, kept for as long as the state folder is. */
#include "../tool.h"
#include "project.h"
#include "rollout/base/file.h"
#include "state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_FILE_MAX 16384u

/* ---- reading ---- */

/* *ret NULL without a file. */
static int read_line(struct arena *a, const char *path, const char **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice line;
	*ret = NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	int r = file_read(path, KEY_FILE_MAX, &text, err);
	if (r < 0)
		return r;
	line = slice_trim(strbuf_slice(&text));
	if (line.len > 0 && !memchr(line.ptr, '\n', line.len))
		*ret = arena_strndup(a, line.ptr, line.len);
	return 0;
}

/* The public line, if the private key is there too. */
static int read_public_key(struct arena *a, const char *key, const char **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf public = {0};
	*ret = NULL;
	strbuf_printf(&public, "%s.pub", key);
	return access(key, F_OK) < 0 ? 0 : read_line(a, public.ptr, ret, err);
}

static bool is_machine_id(const char *text)
{
	return text && strlen(text) == 32 && strspn(text, "0123456789abcdef") == 32;
}

/* Type and key, without the comment: as known_hosts and cloud-init want it. */
static const char *without_comment(struct arena *a, const char *line)
{
	const char *second = line ? strchr(line, ' ') : NULL;
	const char *end = second ? strchr(second + 1, ' ') : NULL;
	return end ? arena_strndup(a, line, (size_t)(end - line)) : line;
}

static int read_machine(struct vm_machine *m, struct err *err)
{
	struct arena *a = &m->project->arena;
	CLEANUP(free_ptr) char *key = path_join(m->identity_dir, "host_key");
	CLEANUP(free_ptr) char *id_file = path_join(m->identity_dir, "machine-id");
	const char *line = NULL, *id = NULL;
	int r = read_public_key(a, key, &line, err);
	if (r == 0)
		r = read_line(a, id_file, &id, err);
	if (r < 0)
		return r;
	m->host_key = without_comment(a, line);
	snprintf(m->machine_id, sizeof(m->machine_id), "%s", is_machine_id(id) ? id : "");
	return 0;
}

int vm_identity_read(struct vm_project *p, struct err *err)
{
	int r = read_public_key(&p->arena, p->key_file, &p->public_key, err);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		r = read_machine(p->machines.at[i], err);
	return r;
}

/* ---- making ---- */

static int run_keygen(const char *const *argv, struct strbuf *out, struct err *err)
{
	const struct tool_call call = {.argv = argv};
	int r = vm_tool_run(&call, out, err);
	if (r == ERR_NOT_FOUND)
		return err_set(err, r,
			       "keys are made by ssh-keygen, which is not installed: "
			       "install openssh-client");
	return r;
}

/* The private key comes last: where it is, the pair is whole. */
static int move_pair(const char *from, const char *to, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf from_public = {0};
	CLEANUP(strbuf_release) struct strbuf to_public = {0};
	strbuf_printf(&from_public, "%s.pub", from);
	strbuf_printf(&to_public, "%s.pub", to);
	if (rename(from_public.ptr, to_public.ptr) < 0 || rename(from, to) < 0)
		return err_sys(err, "rename %s to %s", from, to);
	return 0;
}

static int make_key(const char *path, const char *comment, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf fresh = {0};
	CLEANUP(strbuf_release) struct strbuf fresh_public = {0};
	strbuf_printf(&fresh, "%s.new", path);
	strbuf_printf(&fresh_public, "%s.pub", fresh.ptr);
	const char *const argv[] = {"ssh-keygen", "-q",	   "-t", "ed25519", "-N", "",
				    "-C",	  comment, "-f", fresh.ptr, NULL};
	unlink(fresh.ptr); /* of somebody who was killed: ssh-keygen would ask */
	unlink(fresh_public.ptr);
	int r = run_keygen(argv, NULL, err);
	return r < 0 ? r : move_pair(fresh.ptr, path, err);
}

/* From a private key whose public part was lost. */
static int make_public(const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf public = {0};
	CLEANUP(strbuf_release) struct strbuf line = {0};
	const char *const argv[] = {"ssh-keygen", "-y", "-P", "", "-f", path, NULL};
	strbuf_printf(&public, "%s.pub", path);
	int r = run_keygen(argv, &line, err);
	return r < 0 ? r : file_write_atomic(public.ptr, line.ptr, line.len, 0644, err);
}

static int ensure_key(const char *path, const char *public_line, const char *comment,
		      struct err *err)
{
	if (public_line)
		return 0;
	return access(path, F_OK) == 0 ? make_public(path, err) : make_key(path, comment, err);
}

static int make_machine_id(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_join(m->identity_dir, "machine-id");
	unsigned char random[16];
	char text[34];
	if (getrandom(random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return err_sys(err, "getrandom");
	random[6] = (unsigned char)((random[6] & 0x0f) | 0x40); /* a UUID of version 4 */
	random[8] = (unsigned char)((random[8] & 0x3f) | 0x80);
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(text + 2 * i, 3, "%02x", random[i]);
	text[32] = '\n';
	return file_write_atomic(path, text, 33, 0644, err);
}

static int ensure_machine(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *key = path_join(m->identity_dir, "host_key");
	int r = dir_create_all(m->identity_dir, 0700, err);
	if (r == 0)
		r = ensure_key(key, m->host_key, m->spec->name, err);
	if (r == 0 && !m->machine_id[0])
		r = make_machine_id(m, err);
	return r;
}

int vm_identity_ensure(struct vm_project *p, struct err *err)
{
	char comment[32];
	snprintf(comment, sizeof(comment), "rollout-%s", p->id);
	int r = vm_identity_read(p, err);
	if (r == 0)
		r = ensure_key(p->key_file, p->public_key, comment, err);
	for (size_t i = 0; i < p->machines.len && r == 0; i++)
		r = ensure_machine(p->machines.at[i], err);
	return r < 0 ? r : vm_identity_read(p, err);
}
