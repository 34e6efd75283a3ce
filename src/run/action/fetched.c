/* fetch: where a host's file goes on the controller, and putting it there. */
#include "../link/link.h"
#include "parts.h"
#include "rollout/base/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* As Ansible: one that is there keeps its own; of a new one scp and sftp take the
 * source's along. As somebody else, or locally, it is made in the ordinary way. */
static mode_t fetched_mode(const struct flight *f, const char *dest, const struct value *result)
{
	struct stat st;
	const struct value *mode = value_get(result, "_mode");
	if (lstat(dest, &st) == 0 && S_ISREG(st.st_mode))
		return st.st_mode & 07777;
	if (!mode || mode->type != VALUE_INT || f->become_user ||
	    f->link->target.kind == TRANSPORT_LOCAL)
		return 0666 & ~process_umask();
	return (mode_t)mode->integer & 0777 & ~process_umask();
}

static const char *string_of(const struct value *dict, const char *key)
{
	const struct value *v = value_get(dict, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static bool is_flat(const struct flight_item *it)
{
	const struct value *v = value_get(it->args, "flat");
	bool b;
	return v && value_to_bool(v, &b) && b;
}

/* Of ~ and $ only the host knows what they are. */
static bool is_plain(const char *src)
{
	return src && src[0] == '/' && !strchr(src, '$');
}

/* A host that names its file anew shall not lead out of dest, nor to another file. */
static int check_source(const struct flight_item *it, const char *source, struct arena *a,
			struct err *err)
{
	const char *src = string_of(it->args, "src");
	if (source[0] != '/' || strstr(arena_printf(a, "%s/", source), "/../"))
		return err_set(err, ERR_INVALID, "the host's file '%s' leads out of dest", source);
	if (is_plain(src) && strcmp(src, source) != 0)
		return err_set(err, ERR_INVALID, "the host's file '%s' is not '%s'", source, src);
	return 0;
}

static int destination(struct flight *f, const struct flight_item *it, const char *source,
		       const char **ret, struct err *err)
{
	struct arena *a = &f->arena;
	const char *dest = string_of(it->args, "dest");
	struct stat st;
	int r = check_source(it, source, a, err);
	if (r < 0)
		return r;
	if (dest[0] != '/')
		dest = arena_printf(a, "%s/%s", f->strand->step->run->plan->dir, dest);
	size_t len = strlen(dest);
	bool folder = dest[len - 1] == '/';
	while (len > 1 && dest[len - 1] == '/')
		len--;
	if (!is_flat(it)) {
		*ret = arena_printf(a, "%.*s/%s%s", (int)len, dest, f->target->inv->name, source);
		return 0;
	}
	if (!folder && stat(dest, &st) == 0 && S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "dest is an existing directory, use a trailing slash if you want to "
			       "fetch src into that directory");
	struct slice name = path_basename(source);
	*ret = folder ? arena_printf(a, "%.*s/%.*s", (int)len, dest, SLICE_ARG(name)) : dest;
	return 0;
}

void fetched_prepare(struct flight *f, const struct flight_item *it, struct value *args)
{
	const char *src = string_of(args, "src"), *dest;
	char hex[DIGEST_HEX_MAX];
	if (!is_plain(src) || destination(f, it, src, &dest, NULL) < 0)
		return;
	CLEANUP(fd_close) int fd = open(dest, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && digest_fd(DIGEST_SHA1, fd, hex, NULL) == 0)
		value_dict_put(&f->arena, args, "_sha1", value_cstr(&f->arena, hex));
}

/* ---- what comes ---- */

/* A file without a name, where the file system has such; beside dest. */
struct fetched {
	int fd;
	char *dest, *tmp; /* tmp NULL: it has no name */
	struct digest *sha1;
	struct err err; /* why the rest is thrown away; code 0: it is not */
};

void fetched_free(struct fetched *in)
{
	if (!in)
		return;
	if (in->tmp)
		unlink(in->tmp);
	if (in->fd >= 0)
		close(in->fd);
	digest_free(in->sha1);
	free(in->dest);
	free(in->tmp);
	free(in);
}

static char *temporary_name(const char *dest)
{
	struct strbuf out = {0};
	strbuf_printf(&out, "%.*s/.rollout-XXXXXX", SLICE_ARG(path_dirname(dest)));
	return strbuf_steal(&out);
}

static int open_beside(struct fetched *in, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, path_dirname(in->dest));
	int r = dir_create_all(dir.ptr, 0755, err);
	if (r < 0)
		return r;
	in->fd = open(dir.ptr, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (in->fd >= 0)
		return 0;
	in->tmp = temporary_name(in->dest);
	in->fd = mkostemp(in->tmp, O_CLOEXEC);
	if (in->fd >= 0)
		return 0;
	free(in->tmp);
	in->tmp = NULL;
	return err_sys(err, "write %s", in->dest);
}

static int give_name(struct fetched *in, struct err *err)
{
	char self[64];
	if (in->tmp)
		return 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", in->fd);
	in->tmp = temporary_name(in->dest);
	CLEANUP(fd_close) int reserved = mkostemp(in->tmp, O_CLOEXEC);
	if (reserved >= 0 && unlink(in->tmp) == 0 &&
	    linkat(AT_FDCWD, self, AT_FDCWD, in->tmp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return err_sys(err, "write %s", in->dest);
}

/* Told before the disk is full. */
static int check_room(const struct fetched *in, uint64_t size, struct err *err)
{
	uint64_t room;
	if (fd_has_room(in->fd, size, &room))
		return 0;
	return err_set(
		err, ERR_LIMIT,
		"write %s: No space left on device: it has %llu bytes, and there is room for %llu",
		in->dest, (unsigned long long)size, (unsigned long long)room);
}

void fetched_begin(struct flight *f, size_t sent_index, const char *source, uint64_t size)
{
	const char *dest;
	fetched_free(f->fetched);
	f->fetched = NULL;
	if (!f->node || sent_index >= f->nsent || f->check_mode ||
	    f->node->module->kind != MODULE_KIND_FETCH)
		return;
	struct fetched *in = f->fetched = xcalloc(1, sizeof(*in));
	in->fd = -1;
	in->sha1 = digest_new(DIGEST_SHA1);
	if (destination(f, &f->items[f->sent_items[sent_index]], source, &dest, &in->err) < 0)
		return;
	in->dest = xstrdup(dest);
	if (open_beside(in, &in->err) == 0)
		(void)check_room(in, size, &in->err);
}

void fetched_piece(struct flight *f, struct slice bytes)
{
	struct fetched *in = f->fetched;
	if (!in || in->err.code)
		return;
	digest_add(in->sha1, bytes.ptr, bytes.len);
	if (fd_write_all(in->fd, bytes.ptr, bytes.len, &in->err) < 0)
		err_sys(&in->err, "write %s", in->dest);
}

/* It is whole: in place of what is there. */
static int keep(struct flight *f, const char *dest, const struct value *result, struct err *err)
{
	struct fetched *in = f->fetched;
	char hex[DIGEST_HEX_MAX];
	const char *checksum = string_of(result, "remote_checksum");
	if (!in)
		return err_set(err, ERR_PROTOCOL, "the host sent no file");
	if (in->err.code) {
		*err = in->err;
		return in->err.code;
	}
	digest_end(in->sha1, hex);
	if (!checksum || strcmp(checksum, hex) != 0 || strcmp(dest, in->dest) != 0)
		return err_set(err, ERR_PROTOCOL, "checksum mismatch");
	if (fchmod(in->fd, fetched_mode(f, dest, result)) < 0 || fsync(in->fd) < 0)
		return err_sys(err, "write %s", dest);
	int r = give_name(in, err);
	if (r == 0 && rename(in->tmp, dest) < 0)
		r = err_sys(err, "write %s", dest);
	if (r == 0) {
		free(in->tmp);
		in->tmp = NULL;
	}
	return r;
}

void fetched_keep(struct flight *f, const struct flight_item *it, struct value *result)
{
	struct arena *a = &f->arena;
	const struct value *changed = value_get(result, "changed"),
			   *failed = value_get(result, "failed");
	bool sent = changed && value_truthy(changed) && !(failed && value_truthy(failed));
	const char *source = string_of(result, "_source"), *dest = NULL;
	struct err err = {0};
	char text[1400];
	int r = source && value_get(result, "checksum") ? destination(f, it, source, &dest, &err)
							: 0;
	if (r == 0 && dest && sent && !f->check_mode)
		r = keep(f, dest, result, &err);
	fetched_free(f->fetched);
	f->fetched = NULL;
	value_dict_remove(result, SLICE_LIT("_source"));
	value_dict_remove(result, SLICE_LIT("_mode"));
	if (dest)
		value_dict_put(a, result, "dest", value_cstr(a, dest));
	if (r == 0)
		return;
	value_dict_put(a, result, "changed", value_bool(false));
	value_dict_put(a, result, "failed", value_bool(true));
	value_dict_put(a, result, "msg", value_cstr(a, err_format(&err, text, sizeof(text))));
}
