/*
 * htpasswd: users of basic authentication. The host's openssl makes and checks
 * hashes, apache2-utils' htpasswd those of bcrypt; the password goes by stdin.
 * https://docs.ansible.com/ansible/latest/collections/community/general/htpasswd_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "htpasswd_hash.h"
#include "rollout/module/attributes.h"

static const char *const states[] = {"present", "absent", NULL};
static const char *const path_aliases[] = {"dest", "destfile", NULL};
static const char *const name_aliases[] = {"username", NULL};
static const char *const scheme_aliases[] = {"crypt_scheme", NULL};
static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = path_aliases,
	 .doc = "The file."},
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "The user."},
	{.name = "password",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "The password; needed with state present."},
	{.name = "hash_scheme",
	 .type = MODULE_STR,
	 .fallback = "apr_md5_crypt",
	 .aliases = scheme_aliases,
	 .doc = "Hash of a new password: apr_md5_crypt, md5_crypt, sha256_crypt, sha512_crypt, "
		"bcrypt, ldap_sha1, plaintext."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether the user is there."},
	{.name = "create",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Makes the file when it is not there."},
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

struct user_line {
	struct module_call *call;
	const char *path, *name, *password;
	struct slice hash; /* of the line that is there; ptr NULL: none */
};

static bool is_about(const struct user_line *u, struct slice line, struct slice *ret_hash)
{
	struct slice name;
	*ret_hash = line;
	return slice_split(ret_hash, ':', &name) && slice_is(name, u->name) && name.len < line.len;
}

/* The first of several counts, for Apache too. */
static void find(struct user_line *u, struct slice text)
{
	struct slice line, hash;
	while (!u->hash.ptr && text.len && slice_split(&text, '\n', &line))
		if (is_about(u, text_line_bare(line), &hash))
			u->hash = hash;
}

/* The file with the user's line, or without (hash NULL); empty lines go, as Apache
 * wants it. */
static void edit(const struct user_line *u, struct slice text, const char *hash, struct strbuf *out)
{
	struct slice line, old;
	bool done = false;
	while (text.len && slice_split(&text, '\n', &line)) {
		bool about = is_about(u, text_line_bare(line), &old);
		if (slice_trim(line).len == 0 || (about && (!hash || done)))
			continue;
		if (about)
			strbuf_printf(out, "%s:%s", u->name, hash);
		else
			strbuf_slice_append(out, line);
		strbuf_putc(out, '\n');
		done |= about;
	}
	if (hash && !done)
		strbuf_printf(out, "%s:%s\n", u->name, hash);
}

/* A hash is in no diff. */
static int save(struct user_line *u, const struct text_file *f, struct slice text, const char *msg,
		struct err *err)
{
	bool diff = u->call->diff_mode;
	u->call->diff_mode = false;
	int r = text_file_save(u->call, f, text, msg, err);
	u->call->diff_mode = diff;
	if (r == 0)
		result_put_str(u->call, "msg", msg);
	return r;
}

static int put(struct user_line *u, const struct text_file *f, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *scheme = arg_str(u->call, "hash_scheme"), *hash = NULL;
	bool right = false;
	int r = u->hash.ptr ? htpasswd_verify(u->call, u->path, u->name, u->hash, u->password,
					      &right, err)
			    : 0;
	if (r < 0)
		return r;
	if (right)
		return save(u, f, strbuf_slice(&f->content),
			    arena_printf(u->call->arena, "%s already present", u->name), err);
	r = htpasswd_hash(u->call, scheme, u->name, u->password, &hash, err);
	if (r < 0)
		return r;
	edit(u, strbuf_slice(&f->content), hash, &text);
	const char *msg = f->exists ? arena_printf(u->call->arena, "Add/update %s", u->name)
				    : arena_printf(u->call->arena, "Created %s and added %s",
						   u->path, u->name);
	return save(u, f, strbuf_slice(&text), msg, err);
}

static int take(struct user_line *u, const struct text_file *f, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (!u->hash.ptr)
		return save(u, f, strbuf_slice(&f->content),
			    arena_printf(u->call->arena, "%s not present", u->name), err);
	edit(u, strbuf_slice(&f->content), NULL, &text);
	return save(u, f, strbuf_slice(&text), arena_printf(u->call->arena, "Remove %s", u->name),
		    err);
}

static int check_args(const struct user_line *u, bool present, struct err *err)
{
	if (!u->name[0] || strpbrk(u->name, ":\n\r") || u->name[0] == '-')
		return err_set(err, ERR_INVALID, "'%s' is not a user's name", u->name);
	if (!present)
		return 0;
	if (!u->password)
		return err_set(err, ERR_INVALID, "password is needed where state is present");
	return htpasswd_check(arg_str(u->call, "hash_scheme"), u->password, err);
}

static int open_file(struct user_line *u, bool present, struct text_file *f, bool *ret_stop,
		     struct err *err)
{
	bool create = present && arg_bool(u->call, "create");
	int r = text_file_open(u->call, true, f, ret_stop, err);
	if (r < 0 || *ret_stop || f->exists || create)
		return r;
	if (present)
		return err_set(err, ERR_NOT_FOUND, "Destination %s does not exist", u->path);
	*ret_stop = true;
	result_warn(u->call, "%s does not exist", u->path);
	result_put_str(u->call, "msg", arena_printf(u->call->arena, "%s not present", u->name));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	bool present = strcmp(arg_str(call, "state"), "present") == 0, stop = false;
	struct user_line u = {.call = call,
			      .path = arg_str(call, "path"),
			      .name = arg_str(call, "name"),
			      .password = arg_str(call, "password")};
	int r = check_args(&u, present, err);
	if (r == 0)
		r = open_file(&u, present, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	find(&u, strbuf_slice(&f.content));
	r = present ? put(&u, &f, err) : take(&u, &f, err);
	return program_settle(call, r, err);
}

const struct module module_htpasswd = {
	.name = "htpasswd",
	.full_name = "community.general.htpasswd",
	.doc = "Manages users of basic authentication.",
	.params = params,
	.run = run,
};
