/*
 * user_data for a tree without cloud-init: the keys that the driver can carry out
 * itself. A tree with cloud-init gets all of it as a NoCloud seed.
 *
 * Source: cloud-init's "Module reference": Packages, Runcmd, Write Files.
 */
#include "nspawn.h"

#include "../seed/seed.h"
#include "rollout/base/digest.h"
#include "rollout/base/shellwords.h"

#include <unistd.h>

static int expect(const struct value *v, enum value_type type, const char *what, struct err *err)
{
	if (v->type != type)
		return err_at(err, ERR_INVALID, v->at, "%s cannot be a %s", what,
			      value_type_name(v));
	return 0;
}

static int take_hostname(const struct value *v, struct arena *a UNUSED, struct vm_nspawn_wishes *w,
			 struct err *err)
{
	int r = expect(v, VALUE_STRING, "hostname", err);
	if (r == 0)
		w->hostname = v->str.ptr;
	return r;
}

static int take_packages(const struct value *v, struct arena *a UNUSED, struct vm_nspawn_wishes *w,
			 struct err *err)
{
	int r = expect(v, VALUE_LIST, "packages", err);
	for (size_t i = 0; r == 0 && i < v->list.len; i++) {
		r = expect(v->list.at[i], VALUE_STRING, "a package", err);
		if (r == 0)
			vec_push(&w->packages, v->list.at[i]->str.ptr);
	}
	return r;
}

/* A list is a command's words, a string is for the shell. */
static int take_command(const struct value *v, struct arena *a, struct vm_nspawn_wishes *w,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	if (v->type == VALUE_STRING) {
		vec_push(&w->commands, v->str.ptr);
		return 0;
	}
	int r = expect(v, VALUE_LIST, "a command of runcmd", err);
	for (size_t i = 0; r == 0 && i < v->list.len; i++) {
		CLEANUP(strbuf_release) struct strbuf word = {0};
		value_print(&word, v->list.at[i]);
		if (i > 0)
			strbuf_putc(&line, ' ');
		shellwords_quote(&line, strbuf_slice(&word));
	}
	if (r == 0 && line.len > 0)
		vec_push(&w->commands, arena_strdup(a, line.ptr));
	return r;
}

static int take_runcmd(const struct value *v, struct arena *a, struct vm_nspawn_wishes *w,
		       struct err *err)
{
	int r = expect(v, VALUE_LIST, "runcmd", err);
	for (size_t i = 0; r == 0 && i < v->list.len; i++)
		r = take_command(v->list.at[i], a, w, err);
	return r;
}

static int take_content(const struct value *content, const struct value *encoding, struct arena *a,
			struct vm_file *f, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf plain = {0};
	int r = content ? expect(content, VALUE_STRING, "content", err) : 0;
	if (r < 0 || !content)
		return r;
	f->content = content->str;
	if (!encoding || value_is_str(encoding, "text/plain"))
		return 0;
	if (!value_is_str(encoding, "b64") && !value_is_str(encoding, "base64"))
		return err_at(err, ERR_UNSUPPORTED, encoding->at,
			      "encoding: this tree has no cloud-init, and without it only b64 is "
			      "understood");
	r = base64_decode(&plain, content->str, err);
	if (r < 0)
		return err_locate(err, r, content->at);
	f->content = arena_slice(a, strbuf_slice(&plain));
	return 0;
}

static int check_file_keys(const struct value *v, struct err *err)
{
	static const char *const known[] = {"path",    "owner",	   "permissions",
					    "content", "encoding", "defer"};
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *key = v->dict.at[i].key;
		size_t k = 0;
		while (k < ARRAY_LEN(known) && !value_is_str(key, known[k]))
			k++;
		if (k == ARRAY_LEN(known))
			return err_at(err, ERR_UNSUPPORTED, key->at,
				      "write_files: '%.*s' needs cloud-init in the tree",
				      SLICE_ARG(key->str));
	}
	return 0;
}

static const char *text_or(const struct value *v, const char *otherwise)
{
	return v && v->type == VALUE_STRING ? v->str.ptr : otherwise;
}

static int take_file(const struct value *v, struct arena *a, struct vm_nspawn_wishes *w,
		     struct err *err)
{
	struct vm_file f = {.path = text_or(value_get(v, "path"), NULL)};
	int r = expect(v, VALUE_DICT, "an entry of write_files", err);
	if (r == 0)
		r = check_file_keys(v, err);
	if (r < 0)
		return r;
	if (!f.path)
		return err_at(err, ERR_INVALID, v->at, "an entry of write_files has no path");
	f.owner = text_or(value_get(v, "owner"), NULL);
	f.mode = text_or(value_get(v, "permissions"), NULL);
	r = take_content(value_get(v, "content"), value_get(v, "encoding"), a, &f, err);
	if (r == 0)
		vec_push(&w->files, f);
	return r;
}

static int take_files(const struct value *v, struct arena *a, struct vm_nspawn_wishes *w,
		      struct err *err)
{
	int r = expect(v, VALUE_LIST, "write_files", err);
	for (size_t i = 0; r == 0 && i < v->list.len; i++)
		r = take_file(v->list.at[i], a, w, err);
	return r;
}

/* apt's lists are read before packages are installed in any case. */
static int take_update(const struct value *v, struct arena *a UNUSED,
		       struct vm_nspawn_wishes *w UNUSED, struct err *err)
{
	return expect(v, VALUE_BOOL, "package_update", err);
}

static int take_key(const struct value_pair *pair, struct arena *a, struct vm_nspawn_wishes *w,
		    struct err *err)
{
	static const struct {
		const char *key;
		int (*take)(const struct value *v, struct arena *a, struct vm_nspawn_wishes *w,
			    struct err *err);
	} keys[] = {
		{"hostname", take_hostname},	 {"packages", take_packages},
		{"runcmd", take_runcmd},	 {"write_files", take_files},
		{"package_update", take_update},
	};
	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (value_is_str(pair->key, keys[i].key))
			return keys[i].take(pair->value, a, w, err);
	CLEANUP(strbuf_release) struct strbuf key = {0};
	value_print(&key, pair->key);
	return err_at(err, ERR_UNSUPPORTED, pair->key->at,
		      "user_data: '%s' needs cloud-init, which this tree does not have; without it "
		      "hostname, packages, runcmd and write_files are understood",
		      key.ptr);
}

static bool has_cloud_init(const char *tree)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	strbuf_printf(&path, "%s/usr/bin/cloud-init", tree);
	return access(path.ptr, F_OK) == 0;
}

static void take_spec(const struct vm_spec *s, struct vm_nspawn_wishes *w)
{
	for (const char *const *p = s->packages; p && *p; p++)
		vec_push(&w->packages, *p);
	for (size_t i = 0; i < s->nfiles; i++)
		vec_push(&w->files, s->files[i]);
}

int vm_nspawn_wishes(const struct vm_machine *m, const char *tree, struct arena *a,
		     struct vm_nspawn_wishes *ret, struct err *err)
{
	struct vm_nspawn_wishes w = {.hostname = m->spec->name};
	const struct value *data = m->spec->user_data;
	int r = data ? expect(data, VALUE_DICT, "user_data", err) : 0;
	take_spec(m->spec, &w);
	if (r == 0 && data && has_cloud_init(tree))
		w.cloud_init = data;
	for (size_t i = 0; r == 0 && data && !w.cloud_init && i < data->dict.len; i++)
		r = take_key(&data->dict.at[i], a, &w, err);
	if (r < 0)
		vm_nspawn_wishes_release(&w);
	else
		*ret = w;
	return r;
}

void vm_nspawn_wishes_release(struct vm_nspawn_wishes *w)
{
	vec_release(&w->packages);
	vec_release(&w->commands);
	vec_release(&w->files);
}
