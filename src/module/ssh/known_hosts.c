/*
 * known_hosts: a host's key in an OpenSSH known_hosts file.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/known_hosts_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/path_state.h"
#include "known_hosts_line.h"

#include <ctype.h>

static const char *const name_aliases[] = {"host", NULL};
static const char *const states[] = {"absent", "present", NULL};
static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "The host, or [host]:port."},
	{.name = "key",
	 .type = MODULE_STR,
	 .doc = "The whole line: host, type, key. Needed for state present."},
	{.name = "path",
	 .type = MODULE_PATH,
	 .fallback = "~/.ssh/known_hosts",
	 .doc = "The file that is edited."},
	{.name = "hash_host",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Writes a hash in place of the host's name."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether the key shall be there."},
	{0},
};

struct edit {
	struct module_call *call;
	const char *host;
	struct slice line;	     /* as it shall be, with its newline; len 0: no key given */
	struct known_hosts_line key; /* of line */
	struct text_lines lines;
};

static void edit_release(struct edit *e)
{
	text_lines_release(&e->lines);
}

static bool is_hashed(struct slice hosts)
{
	return slice_starts_with(hosts, "|1|");
}

static const char *lower(struct arena *a, const char *text)
{
	char *s = arena_strdup(a, text);
	for (char *c = s; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	return s;
}

/* The line with the host's name replaced by its hash. */
static int hash_line(struct edit *e, struct err *err)
{
	const char *hashed;
	int r = known_hosts_hash(e->call->arena, e->host, &hashed, err);
	if (r < 0)
		return r;
	e->line = slice_from(arena_printf(e->call->arena, "%.*s%s%s %.*s %.*s\n",
					  SLICE_ARG(e->key.marker), e->key.marker.len ? " " : "",
					  hashed, SLICE_ARG(e->key.type), SLICE_ARG(e->key.key)));
	known_hosts_parse(e->line, &e->key);
	return 0;
}

static int read_key(struct edit *e, struct err *err)
{
	const char *key = arg_str(e->call, "key");
	bool present = strcmp(arg_str(e->call, "state"), "present") == 0;
	if (!key || !*key)
		return present ? err_set(err, ERR_INVALID, "No key specified when adding a host")
			       : 0;
	e->line = slice_from(arena_printf(e->call->arena, "%s%s", key,
					  key[strlen(key) - 1] == '\n' ? "" : "\n"));
	if (!known_hosts_parse(e->line, &e->key))
		return err_set(err, ERR_INVALID,
			       "key is no line of known_hosts: it needs a host, a type and a key");
	if (strchr(e->host, ','))
		return err_set(err, ERR_INVALID,
			       "Comma separated list of names is not supported. Please pass a "
			       "single name to lookup in the known_hosts file.");
	if (!known_hosts_names(&e->key, e->host))
		return err_set(err, ERR_INVALID,
			       "Host parameter does not match hashed host field in supplied key");
	return arg_bool(e->call, "hash_host") ? hash_line(e, err) : 0;
}

/* With two hashes of the host only the rest is compared. */
static bool is_same(const struct edit *e, const struct known_hosts_line *l)
{
	bool hosts = (is_hashed(l->hosts) && is_hashed(e->key.hosts)) ||
		     slice_eq(l->hosts, e->key.hosts);
	return hosts && slice_eq(l->marker, e->key.marker) && slice_eq(l->type, e->key.type) &&
	       slice_eq(l->key, e->key.key);
}

#define NOWHERE SIZE_MAX

/* The line of the host with the key's type; *ret_same: it is as wanted. */
static size_t find(const struct edit *e, bool *ret_same)
{
	struct known_hosts_line l;
	*ret_same = false;
	for (size_t i = 0; i < e->lines.len; i++) {
		if (!known_hosts_parse(e->lines.at[i], &l) || !known_hosts_names(&l, e->host))
			continue;
		*ret_same = is_same(e, &l);
		if (*ret_same || slice_eq(l.type, e->key.type))
			return i;
	}
	return NOWHERE;
}

static void remove_host(struct edit *e)
{
	struct known_hosts_line l;
	for (size_t i = e->lines.len; i-- > 0;)
		if (known_hosts_parse(e->lines.at[i], &l) && known_hosts_names(&l, e->host))
			vec_remove(&e->lines, i);
}

static void change(struct edit *e)
{
	bool same;
	if (!e->line.len) {
		remove_host(e);
		return;
	}
	size_t at = find(e, &same);
	bool present = strcmp(arg_str(e->call, "state"), "present") == 0;
	if (at != NOWHERE && !(present && same))
		vec_remove(&e->lines, at);
	if (!present || same)
		return;
	struct slice *last = e->lines.len ? &e->lines.at[e->lines.len - 1] : NULL;
	if (last)
		*last = text_line_ended(e->call->arena, *last);
	vec_push(&e->lines, e->line);
}

static int save(struct edit *e, struct text_file *f, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	text_lines_split(strbuf_slice(&f->content), &e->lines);
	change(e);
	for (size_t i = 0; i < e->lines.len; i++)
		strbuf_slice_append(&text, e->lines.at[i]);
	if (slice_eq(strbuf_slice(&text), strbuf_slice(&f->content)))
		return 0;
	int r = f->exists ? 0 : path_need_folder(e->call, f->path, err);
	return r < 0 ? r : text_file_save(e->call, f, strbuf_slice(&text), "", err);
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(edit_release) struct edit e = {.call = call};
	bool stop = false;
	e.host = lower(call->arena, arg_str(call, "name"));
	int r = read_key(&e, err);
	if (r == 0)
		r = text_file_open_at(call, arg_str(call, "path"), true, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	r = save(&e, &f, err);
	result_put_str(call, "name", arg_str(call, "name"));
	result_put_str(call, "path", f.path);
	result_put_str(call, "key", arg_str(call, "key"));
	result_put_bool(call, "hash_host", arg_bool(call, "hash_host"));
	return r < 0 ? r : path_state_put(call, f.path, err);
}

const struct module module_known_hosts = {
	.name = "known_hosts",
	.full_name = "ansible.builtin.known_hosts",
	.doc = "Adds or removes a host's key in a known_hosts file.",
	.params = params,
	.run = run,
};
