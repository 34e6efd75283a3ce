#include "text_file.h"

#include "../call.h"
#include "../path/path_state.h"
#include "rollout/module/attributes.h"

#define TEXT_FILE_MAX (64u << 20)
#define RC_IS_DIRECTORY 256
#define RC_NOT_THERE 257

const char *const text_path_aliases[] = {"dest", "destfile", "name", NULL};
const char *const text_states[] = {"absent", "present", NULL};

void text_file_release(struct text_file *f)
{
	strbuf_release(&f->content);
}

static int not_there(struct module_call *call, const char *path, bool *ret_stop, struct err *err)
{
	if (host_assumes(call->host)) {
		result_unknown(call, "would edit %s, which is not there yet: %s", path,
			       host_assumes(call->host));
		*ret_stop = true;
		return 0;
	}
	result_put_int(call, "rc", RC_NOT_THERE);
	return err_set(err, ERR_NOT_FOUND, "Path %s does not exist !", path);
}

int text_file_open(struct module_call *call, bool create, struct text_file *f, bool *ret_stop,
		   struct err *err)
{
	return text_file_open_at(call, arg_str(call, "path"), create, f, ret_stop, err);
}

int text_file_open_at(struct module_call *call, const char *path, bool create, struct text_file *f,
		      bool *ret_stop, struct err *err)
{
	struct host_stat st = {0};
	struct err e = {0};
	*ret_stop = false;
	*f = (struct text_file){.path = call_absolute_path(call, NULL, path)};
	int r = call->host->ops->stat(call->host, call->arena, f->path, true, &st, err);
	if (r == 0)
		r = path_real(call, f->path, &f->real, err);
	if (r < 0)
		return r;
	if (st.type == HOST_DIR) {
		result_put_int(call, "rc", RC_IS_DIRECTORY);
		return err_set(err, ERR_INVALID, "Path %s is a directory !", f->path);
	}
	f->exists = st.type != HOST_ABSENT;
	if (!f->exists)
		return create ? 0 : not_there(call, f->path, ret_stop, err);
	r = call->host->ops->read(call->host, f->real, TEXT_FILE_MAX, &f->content, &e);
	if (r == ERR_UNKNOWN) {
		result_unknown(call, "would edit %s: %s", f->path, e.msg);
		*ret_stop = true;
		return 0;
	}
	if (r < 0 && err)
		*err = e;
	return r;
}

static int make_parent(struct module_call *call, const struct text_file *f, struct err *err)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	return f->exists ? 0 : path_make_folders(call, path_folder(call, f->real), &attr, err);
}

static int replace(struct module_call *call, const struct text_file *f, struct slice content,
		   const struct host_attr *attr, struct err *err)
{
	struct host_stat none = {.type = HOST_ABSENT};
	struct host_write w = {.content = content,
			       .attr = *attr,
			       .validate = arg_str(call, "validate"),
			       .unsafe_in_place = arg_bool(call, "unsafe_writes")};
	int r = make_parent(call, f, err);
	if (f->new_attr && !f->exists)
		w.attr = *f->new_attr;
	else if (r == 0 && !f->exists)
		r = attributes_wanted(call, &none, &w.attr, err);
	if (r == 0 && f->exists && arg_bool(call, "backup"))
		r = path_backup(call, f->real, err);
	if (r == 0)
		r = call->host->ops->write(call->host, f->real, &w, err);
	if (r < 0)
		return r;
	path_diff(call, f->path, strbuf_slice(&f->content), content);
	result_changed(call);
	return 0;
}

/* A file that is replaced gets its owner and mode with its content, not after it. */
static int wanted_of(struct module_call *call, const struct text_file *f, struct host_stat *was,
		     struct host_attr *want, struct err *err)
{
	int r = call->host->ops->stat(call->host, call->arena, f->real, false, was, err);
	if (r < 0 || !f->exists || was->type != HOST_FILE)
		return r;
	r = attributes_wanted(call, was, want, err);
	bool chowns = (want->uid >= 0 && (uid_t)want->uid != was->uid) ||
		      (want->gid >= 0 && (gid_t)want->gid != was->gid);
	if (r == 0 && chowns && want->mode < 0)
		want->mode = (int)(was->mode & 01777); /* as chown clears the set-id bits */
	return r;
}

int text_file_save(struct module_call *call, const struct text_file *f, struct slice content,
		   const char *msg, struct err *err)
{
	struct host_stat was = {0}, st = {0};
	struct host_attr want = HOST_ATTR_KEEP, with_content = HOST_ATTR_KEEP;
	bool changed = !f->exists || !slice_eq(content, strbuf_slice(&f->content));
	int r = changed ? wanted_of(call, f, &was, &with_content, err) : 0;
	if (r == 0 && changed)
		r = replace(call, f, content, &with_content, err);
	if (r == 0)
		r = call->host->ops->stat(call->host, call->arena, f->real, true, &st, err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r < 0)
		return r;
	result_put_bool(call, "changed", false);
	r = attributes_apply(call, f->real, &want, err);
	if (r < 0)
		return r;
	if (changed && was.type == HOST_FILE)
		attributes_note(call, f->real, &was, &with_content);
	if (result_is_changed(call))
		msg = arena_printf(call->arena, "%s%sownership, perms or SE linux context changed",
				   changed ? msg : "", changed ? " and " : "");
	if (changed)
		result_changed(call);
	result_put_str(call, "msg", changed || result_is_changed(call) ? msg : "");
	return 0;
}

/* --- lines ------------------------------------------------------------- */

void text_lines_split(struct slice text, struct text_lines *ret)
{
	*ret = (struct text_lines){0};
	while (text.len > 0) {
		const char *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) + 1 : text.len;
		vec_push(ret, ((struct slice){text.ptr, n}));
		text.ptr += n;
		text.len -= n;
	}
}

void text_lines_insert(struct text_lines *l, size_t at, struct slice line)
{
	vec_push(l, line);
	memmove(&l->at[at + 1], &l->at[at], (l->len - 1 - at) * sizeof(*l->at));
	l->at[at] = line;
}

void text_lines_release(struct text_lines *l)
{
	vec_release(l);
}

struct slice text_line_ended(struct arena *a, struct slice line)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (slice_ends_with(line, "\n"))
		return line;
	strbuf_slice_append(&text, line);
	strbuf_putc(&text, '\n');
	return arena_slice(a, strbuf_slice(&text));
}

struct slice text_line_bare(struct slice line)
{
	while (line.len > 0 && strchr("\r\n", line.ptr[line.len - 1]) && line.ptr[line.len - 1])
		line.len--;
	return line;
}
