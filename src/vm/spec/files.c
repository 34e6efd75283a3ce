/* The `files` key: cloud-init's write_files. */
#include "spec.h"

#include "rollout/base/file.h"

#include <stdio.h>

#define FILE_MAX_BYTES (1u << 20)  /* the seed is an ISO image that holds them all */
#define FILES_MAX_BYTES (8u << 20) /* of one machine */

struct file_fields {
	struct vm_file file;
	const struct value *content, *src;
};

static int key_path(const struct field *f, void *into, struct err *err)
{
	struct file_fields *to = into;
	int r = vm_field_text(f, &to->file.path, err);
	if (r == 0 && to->file.path[0] != '/')
		return vm_field_expected(f, "an absolute path", err);
	return r;
}

static int key_owner(const struct field *f, void *into, struct err *err)
{
	struct file_fields *to = into;
	int r = vm_field_text(f, &to->file.owner, err);
	if (r == 0 && strpbrk(to->file.owner, " \t\n/\\'\""))
		return vm_field_expected(f, "user or user:group", err);
	return r;
}

/* A number is not taken: 0644 without quotes is 420 in YAML 1.1, and 644 is not 0644. */
static int key_mode(const struct field *f, void *into, struct err *err)
{
	static const char what[] = "a quoted octal mode such as '0644'";
	struct file_fields *to = into;
	const char *mode;
	if (f->value->type != VALUE_STRING)
		return vm_field_expected(f, what, err);
	int r = vm_field_text(f, &mode, err);
	if (r < 0)
		return r;
	size_t len = strspn(mode, "01234567");
	if (mode[len] || len < 3 || len > 4)
		return vm_field_expected(f, what, err);
	to->file.mode = mode;
	return 0;
}

static int key_content(const struct field *f, void *into, struct err *err)
{
	struct file_fields *to = into;
	to->content = f->value;
	return f->value->type == VALUE_STRING ? 0 : vm_field_expected(f, "a string", err);
}

static int key_src(const struct field *f, void *into, struct err *err)
{
	struct file_fields *to = into;
	const char *unused;
	to->src = f->value;
	return vm_field_text(f, &unused, err);
}

static int read_src(struct arena *a, const char *name, const struct value *src, struct slice *ret,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *path = vm_path_at(a, src->at, src->str.ptr);
	int r = file_read(path, FILE_MAX_BYTES, &text, err);
	if (r == 0)
		*ret = arena_slice(a, strbuf_slice(&text));
	return r < 0 ? err_locate(err, err_wrap(err, r, "%s.src", name), src->at) : 0;
}

static int read_content(struct arena *a, const char *name, const struct value *content,
			struct slice *ret, struct err *err)
{
	if (content->str.len > FILE_MAX_BYTES)
		return err_at(err, ERR_LIMIT, content->at, "%s.content: larger than %u bytes", name,
			      FILE_MAX_BYTES);
	*ret = arena_slice(a, content->str);
	return 0;
}

static int read_file(struct arena *a, const char *name, const struct value *v, struct vm_file *ret,
		     struct err *err)
{
	static const struct field_key keys[] = {
		{"path", key_path},	  {"owner", key_owner}, {"mode", key_mode},
		{"content", key_content}, {"src", key_src},
	};
	const struct field_reader reader = {a, arena_printf(a, "%s.", name)};
	struct file_fields got = {0};
	int r = vm_fields_read(&reader, v, keys, ARRAY_LEN(keys), &got, err);
	if (r < 0)
		return r;
	if (!got.file.path || !got.content == !got.src)
		return err_at(err, ERR_INVALID, v->at, "%s: needs a path and either content or src",
			      name);
	r = got.src ? read_src(a, name, got.src, &got.file.content, err)
		    : read_content(a, name, got.content, &got.file.content, err);
	if (r == 0)
		*ret = got.file;
	return r;
}

int vm_files_read(const struct field *f, const struct vm_file **ret, size_t *ret_len,
		  struct err *err)
{
	const struct value *v = f->value;
	size_t total = 0;
	if (v->type != VALUE_LIST)
		return vm_field_expected(f, "a list of files", err);
	if (v->list.len > VM_LIST_MAX)
		return err_at(err, ERR_LIMIT, v->at, "%s: more than %u", f->name, VM_LIST_MAX);
	struct vm_file *files = ARENA_ARRAY(f->arena, struct vm_file, v->list.len);
	for (size_t i = 0; i < v->list.len; i++) {
		const char *name = arena_printf(f->arena, "%s[%zu]", f->name, i);
		int r = read_file(f->arena, name, v->list.at[i], &files[i], err);
		if (r < 0)
			return r;
		total += files[i].content.len;
		if (total > FILES_MAX_BYTES)
			return err_at(err, ERR_LIMIT, v->at, "%s: more than %u bytes in all",
				      f->name, FILES_MAX_BYTES);
	}
	*ret = files;
	*ret_len = v->list.len;
	return 0;
}
