#include "sources_list.h"

#include "../../../call.h"

static int load_one(struct module_call *call, struct sources *s, const char *path, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || st.type != HOST_FILE)
		return r;
	struct sources_file *f = sources_file_of(call->arena, s, path);
	if (!f)
		return err_set(err, ERR_LIMIT, "more than %u lists of sources", SOURCES_FILES_MAX);
	f->exists = true;
	r = call_read(call, path, &f->before, err);
	f->after = f->before;
	return r;
}

int sources_load(struct module_call *call, struct sources *s, struct err *err)
{
	struct host_names names = {0};
	memset(s, 0, sizeof(*s));
	int r = load_one(call, s, SOURCES_MAIN, err);
	if (r < 0)
		return r;
	/* A host may have no such folder yet. */
	if (call->host->ops->list(call->host, call->arena, SOURCES_PARTS, &names, NULL) < 0)
		names.len = 0;
	for (size_t i = 0; r == 0 && i < names.len; i++)
		if (slice_ends_with(slice_from(names.at[i]), ".list"))
			r = load_one(call, s,
				     arena_printf(call->arena, SOURCES_PARTS "/%s", names.at[i]),
				     err);
	return r;
}

struct sources_file *sources_file_of(struct arena *a, struct sources *s, const char *path)
{
	for (size_t i = 0; i < s->len; i++)
		if (strcmp(s->at[i].path, path) == 0)
			return &s->at[i];
	if (s->len == SOURCES_FILES_MAX)
		return NULL;
	s->at[s->len] = (struct sources_file){
		.path = arena_strdup(a, path), .mode = -1, .before = {"", 0}, .after = {"", 0}};
	return &s->at[s->len++];
}

bool sources_parse_line(struct arena *a, struct slice line, struct slice *ret)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice word;
	line = slice_trim(line);
	if (!line.len || line.ptr[0] == '#')
		return false;
	const char *hash = memchr(line.ptr, '#', line.len);
	if (hash)
		line.len = (size_t)(hash - line.ptr);
	for (size_t i = 0; i <= line.len;) {
		size_t n = 0;
		while (i + n < line.len && !strchr(" \t", line.ptr[i + n]))
			n++;
		word = (struct slice){line.ptr + i, n};
		if (n)
			strbuf_printf(&out, "%s%.*s", out.len ? " " : "", SLICE_ARG(word));
		i += n + 1;
	}
	*ret = arena_slice(a, strbuf_slice(&out));
	return slice_starts_with(*ret, "deb ") || slice_starts_with(*ret, "deb-src ");
}

struct slice sources_url(struct slice source)
{
	struct slice word;
	bool options = false;
	while (slice_split(&source, ' ', &word)) {
		if (options) {
			options = !slice_ends_with(word, "]");
			continue;
		}
		if (slice_starts_with(word, "["))
			options = !slice_ends_with(word, "]");
		else if (!slice_is(word, "deb") && !slice_is(word, "deb-src"))
			return word;
	}
	return (struct slice){"", 0};
}

/* What a line says, and whether it is commented out. */
static bool same_source(struct arena *a, struct slice line, struct slice source, bool *ret_enabled)
{
	struct slice found;
	line = slice_trim(line);
	*ret_enabled = !(line.len && line.ptr[0] == '#');
	if (!*ret_enabled)
		line = (struct slice){line.ptr + 1, line.len - 1};
	return sources_parse_line(a, line, &found) && slice_eq(found, source);
}

enum edit { EDIT_ENABLE, EDIT_DROP };

/* Lines that are not the one meant stay as they are, byte by byte. */
static bool edit(struct arena *a, struct sources_file *f, struct slice source, enum edit how)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	bool found = false, enabled;
	for (size_t at = 0; at < f->after.len;) {
		const char *start = f->after.ptr + at;
		const char *end = memchr(start, '\n', f->after.len - at);
		size_t len = end ? (size_t)(end - start) + 1 : f->after.len - at;
		struct slice line = {start, len};
		at += len;
		bool same = same_source(a, line, source, &enabled);
		found |= same;
		if (!same || (enabled && how == EDIT_ENABLE) || (!enabled && how == EDIT_DROP))
			strbuf_slice_append(&out, line);
		else if (how == EDIT_ENABLE)
			strbuf_printf(&out, "%.*s\n", SLICE_ARG(source));
	}
	f->after = arena_slice(a, strbuf_slice(&out));
	return found;
}

bool sources_enable(struct arena *a, struct sources_file *f, struct slice source)
{
	return edit(a, f, source, EDIT_ENABLE);
}

void sources_drop(struct arena *a, struct sources_file *f, struct slice source)
{
	(void)edit(a, f, source, EDIT_DROP);
}

void sources_append(struct arena *a, struct sources_file *f, struct slice source)
{
	bool open_end = f->after.len && f->after.ptr[f->after.len - 1] != '\n';
	f->after = slice_from(arena_printf(a, "%.*s%s%.*s\n", SLICE_ARG(f->after),
					   open_end ? "\n" : "", SLICE_ARG(source)));
}
