/*
 * authorized_key (ansible.posix): keys that may log in as a user.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/authorized_key_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/path_state.h"
#include "authorized_line.h"

#define KEY_FILE_MODE 0600
#define KEY_FOLDER_MODE 0700

static const char *const states[] = {"absent", "present", NULL};
static const struct module_param params[] = {
	{.name = "user",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Whose authorized_keys it is."},
	{.name = "key",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "One or more public keys, a line each; not a URL."},
	{.name = "path",
	 .type = MODULE_PATH,
	 .doc = "The file; without it .ssh/authorized_keys in the user's home."},
	{.name = "manage_dir",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Makes the folder, and sees to its owner and mode."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether the keys shall be there."},
	{.name = "key_options", .type = MODULE_STR, .doc = "Options in front of the keys."},
	{.name = "comment", .type = MODULE_STR, .doc = "In place of the keys' own comments."},
	{.name = "exclusive",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "All other keys go."},
	{.name = "follow",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Edits a link's target instead of replacing the link."},
	{.name = "validate_certs",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; keys are not fetched."},
	{0},
};

struct edit {
	struct module_call *call;
	struct host_user user;
	const char *path;
	struct text_lines lines;
	VEC(struct authorized_line) wanted;
};

static void edit_release(struct edit *e)
{
	text_lines_release(&e->lines);
	vec_release(&e->wanted);
}

static int find_user(struct edit *e, bool *ret_stop, struct err *err)
{
	const char *name = arg_str(e->call, "user");
	int r = e->call->host->ops->user(e->call->host, e->call->arena, name, &e->user, err);
	if (r < 0)
		return r;
	bool known = e->user.exists && (e->user.home || arg_has(e->call, "path"));
	*ret_stop = !known && e->user.assumed;
	if (*ret_stop)
		result_unknown(e->call, "would edit the keys of %s, who is not there yet", name);
	else if (!known)
		return err_set(err, ERR_NOT_FOUND, "Failed to lookup user %s", name);
	else
		e->path = arg_has(e->call, "path")
				  ? call_absolute_path(e->call, NULL, arg_str(e->call, "path"))
				  : path_below(e->call, e->user.home, ".ssh/authorized_keys");
	return 0;
}

static int read_wanted(struct edit *e, struct err *err)
{
	struct slice rest = arg_slice(e->call, "key"), line;
	struct authorized_line key;
	if (slice_starts_with(rest, "http://") || slice_starts_with(rest, "https://") ||
	    slice_starts_with(rest, "file://"))
		return err_set(err, ERR_UNSUPPORTED,
			       "key is a URL: fetch it with get_url, or use lookup('url', …)");
	struct slice options = slice_trim(arg_slice(e->call, "key_options")),
		     comment = slice_trim(arg_slice(e->call, "comment"));
	int r = call_check_line("key_options", options, err);
	if (r == 0)
		r = call_check_line("comment", comment, err);
	while (r == 0 && slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (!line.len || line.ptr[0] == '#')
			continue;
		if (!authorized_parse(line, &key))
			return err_set(err, ERR_INVALID, "invalid key specified: %.*s",
				       SLICE_ARG(line));
		if (arg_has(e->call, "key_options"))
			key.options = options;
		if (arg_has(e->call, "comment"))
			key.comment = comment;
		vec_push(&e->wanted, key);
	}
	return r;
}

static struct slice line_of(const struct edit *e, const struct authorized_line *k)
{
	return slice_from(arena_printf(e->call->arena, "%.*s%s%.*s %.*s%s%.*s\n",
				       SLICE_ARG(k->options), k->options.len ? " " : "",
				       SLICE_ARG(k->type), SLICE_ARG(k->key),
				       k->comment.len ? " " : "", SLICE_ARG(k->comment)));
}

static bool is_same(const struct authorized_line *a, const struct authorized_line *b)
{
	return slice_eq(a->type, b->type) && slice_eq(a->comment, b->comment) &&
	       authorized_options_eq(a->options, b->options);
}

/* Takes out the lines of the key; true when one is exactly as wanted and stays. */
static bool settle(struct edit *e, const struct authorized_line *want, bool present)
{
	struct authorized_line l;
	bool kept = false;
	for (size_t i = 0; i < e->lines.len;) {
		if (!authorized_parse(e->lines.at[i], &l) || !slice_eq(l.key, want->key)) {
			i++;
		} else if (present && !kept && is_same(&l, want)) {
			kept = true;
			i++;
		} else {
			vec_remove(&e->lines, i);
		}
	}
	return kept;
}

static bool is_wanted(const struct edit *e, const struct authorized_line *l)
{
	for (size_t i = 0; i < e->wanted.len; i++)
		if (slice_eq(e->wanted.at[i].key, l->key))
			return true;
	return false;
}

/* As Ansible: comments and what is no key go as well. */
static void remove_others(struct edit *e)
{
	struct authorized_line l;
	for (size_t i = e->lines.len; i-- > 0;)
		if (!authorized_parse(e->lines.at[i], &l) || !is_wanted(e, &l))
			vec_remove(&e->lines, i);
}

static void change(struct edit *e)
{
	bool present = strcmp(arg_str(e->call, "state"), "present") == 0;
	for (size_t i = 0; i < e->wanted.len; i++) {
		bool kept = settle(e, &e->wanted.at[i], present);
		if (kept || !present)
			continue;
		struct slice *last = e->lines.len ? &e->lines.at[e->lines.len - 1] : NULL;
		if (last)
			*last = text_line_ended(e->call->arena, *last);
		vec_push(&e->lines, line_of(e, &e->wanted.at[i]));
	}
	if (present && arg_bool(e->call, "exclusive"))
		remove_others(e);
}

/* A link that the user planted in the own home shall not lead to the file of
 * somebody else: its content would be given away, or its owner changed. */
static int check_link(struct edit *e, const char *path, struct err *err)
{
	const struct host_ops *ops = e->call->host->ops;
	struct host_stat link = {0}, st = {0};
	int r = ops->stat(e->call->host, e->call->arena, path, false, &link, err);
	if (r == 0 && link.type == HOST_LINK)
		r = ops->stat(e->call->host, e->call->arena, path, true, &st, err);
	if (r < 0 || st.type == HOST_ABSENT || st.uid == e->user.uid)
		return r;
	return err_set(err, ERR_INVALID, "%s is a symbolic link to what %s does not own", path,
		       e->user.name);
}

static int check_links(struct edit *e, struct err *err)
{
	if (arg_has(e->call, "path"))
		return 0;
	int r = check_link(e, path_folder(e->call, e->path), err);
	return r < 0 ? r : check_link(e, e->path, err);
}

/* The folder is the user's, and nobody else may write in it. */
static int see_to_folder(struct edit *e, struct err *err)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	const char *dir = path_folder(e->call, e->path);
	if (!arg_bool(e->call, "manage_dir"))
		return path_need_folder(e->call, e->path, err);
	attr.mode = KEY_FOLDER_MODE;
	attr.uid = e->user.uid;
	attr.gid = e->user.gid;
	int r = path_make_folders(e->call, dir, &attr, err);
	return r < 0 ? r : e->call->host->ops->set_attr(e->call->host, dir, true, &attr, err);
}

static int save(struct edit *e, struct text_file *f, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct host_attr attr = {KEY_FILE_MODE, e->user.uid, e->user.gid, -1, -1};
	text_lines_split(strbuf_slice(&f->content), &e->lines);
	change(e);
	for (size_t i = 0; i < e->lines.len; i++)
		strbuf_slice_append(&text, e->lines.at[i]);
	if (slice_eq(strbuf_slice(&text), strbuf_slice(&f->content)))
		return 0;
	int r = see_to_folder(e, err);
	f->new_attr = arena_copy(e->call->arena, &attr, sizeof(attr));
	if (!arg_bool(e->call, "follow"))
		f->real = f->path;
	if (r == 0)
		r = text_file_save(e->call, f, strbuf_slice(&text), "", err);
	return r < 0 ? r : e->call->host->ops->set_attr(e->call->host, f->real, true, &attr, err);
}

static void put_result(const struct edit *e)
{
	static const char *const texts[] = {"user", "key", "key_options", "comment"};
	static const char *const switches[] = {"exclusive", "manage_dir", "follow",
					       "validate_certs"};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		result_put_str(e->call, texts[i], arg_str(e->call, texts[i]));
	for (size_t i = 0; i < ARRAY_LEN(switches); i++)
		result_put_bool(e->call, switches[i], arg_bool(e->call, switches[i]));
	result_put_str(e->call, "keyfile", e->path);
	result_put_str(e->call, "path", e->path);
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(edit_release) struct edit e = {.call = call};
	bool stop = false;
	int r = find_user(&e, &stop, err);
	if (r < 0 || stop)
		return r;
	r = read_wanted(&e, err);
	if (r == 0)
		r = check_links(&e, err);
	if (r == 0)
		r = text_file_open_at(call, e.path, true, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	r = save(&e, &f, err);
	put_result(&e);
	return r < 0 ? r : path_state_put(call, e.path, err);
}

const struct module module_authorized_key = {
	.name = "authorized_key",
	.full_name = "ansible.posix.authorized_key",
	.doc = "Adds or removes public keys that may log in as a user.",
	.params = params,
	.run = run,
};
