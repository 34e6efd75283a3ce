/* fetch: where a host's file goes on the controller, and putting it there. */
#include "rollout/base/file.h"
#include "state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* As a file that is made in the ordinary way. */
static mode_t fetched_mode(void)
{
	mode_t mask = umask(077);
	umask(mask);
	return 0666 & ~mask;
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

/* A host that names its file anew shall not lead out of dest. */
static int check_source(const char *source, struct arena *a, struct err *err)
{
	if (source[0] == '/' && !strstr(arena_printf(a, "%s/", source), "/../"))
		return 0;
	return err_set(err, ERR_INVALID, "the host's file '%s' leads out of dest", source);
}

static int destination(struct flight *f, const struct flight_item *it, const char *source,
		       const char **ret, struct err *err)
{
	struct arena *a = &f->arena;
	const char *dest = string_of(it->args, "dest");
	struct stat st;
	int r = check_source(source, a, err);
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
	/* Of ~ and $ only the host knows what they are. */
	if (!src || src[0] != '/' || strchr(src, '$') || destination(f, it, src, &dest, NULL) < 0)
		return;
	CLEANUP(fd_close) int fd = open(dest, O_RDONLY | O_CLOEXEC);
	if (fd >= 0 && digest_fd(DIGEST_SHA1, fd, hex, NULL) == 0)
		value_dict_put(&f->arena, args, "_sha1", value_cstr(&f->arena, hex));
}

static int keep(struct flight *f, const char *dest, const struct value *result, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf bytes = {0};
	char hex[DIGEST_HEX_MAX];
	const char *checksum = string_of(result, "remote_checksum");
	int r = base64_decode(&bytes, value_get(result, "_content")->str, err);
	if (r < 0)
		return r;
	struct slice all = strbuf_slice(&bytes);
	digest_bytes(DIGEST_SHA1, all.ptr, all.len, hex);
	if (!checksum || strcmp(checksum, hex) != 0)
		return err_set(err, ERR_PROTOCOL, "checksum mismatch");
	struct slice dir = path_dirname(dest);
	r = dir_create_all(arena_strndup(&f->arena, dir.ptr, dir.len), 0755, err);
	return r < 0 ? r : file_write_atomic(dest, all.ptr, all.len, fetched_mode(), err);
}

void fetched_keep(struct flight *f, const struct flight_item *it, struct value *result)
{
	struct arena *a = &f->arena;
	const struct value *content = value_get(result, "_content");
	const char *source = string_of(result, "_source"), *dest = NULL;
	struct err err = {0};
	char text[1400];
	int r = source && value_get(result, "checksum") ? destination(f, it, source, &dest, &err)
							: 0;
	if (r == 0 && dest && content && content->type == VALUE_STRING)
		r = keep(f, dest, result, &err);
	value_dict_remove(result, SLICE_LIT("_content"));
	value_dict_remove(result, SLICE_LIT("_source"));
	if (dest)
		value_dict_put(a, result, "dest", value_cstr(a, dest));
	if (r == 0)
		return;
	value_dict_put(a, result, "changed", value_bool(false));
	value_dict_put(a, result, "failed", value_bool(true));
	value_dict_put(a, result, "msg", value_cstr(a, err_format(&err, text, sizeof(text))));
}
