/* user: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/user_module.html */
#include "user_parts.h"

#include "../call.h"

static const char *const states[] = {"present", "absent", NULL};
static const char *const updates[] = {"always", "on_create", NULL};
static const char *const key_types[] = {"rsa", "ed25519", "ecdsa", NULL};
static const char *const name_aliases[] = {"user", NULL};
static const char *const home_aliases[] = {"createhome", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "Name of the user."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether the user shall exist."},
	{.name = "uid", .type = MODULE_INT, .doc = "The user's id."},
	{.name = "comment", .type = MODULE_STR, .doc = "The account's description (GECOS)."},
	{.name = "group", .type = MODULE_STR, .doc = "Primary group, by name or id."},
	{.name = "groups",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Supplementary groups; an empty list takes all away."},
	{.name = "append",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Adds to groups instead of replacing them."},
	{.name = "shell", .type = MODULE_STR, .doc = "Login shell."},
	{.name = "home", .type = MODULE_PATH, .doc = "Home directory."},
	{.name = "create_home",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = home_aliases,
	 .doc = "Makes the home directory of a new user."},
	{.name = "move_home",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Moves the old home directory to the new place."},
	{.name = "system",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes an id of the system's range when the user is made."},
	{.name = "non_unique",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The id may be in use already."},
	{.name = "password",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Hash of the password, as in /etc/shadow."},
	{.name = "update_password",
	 .type = MODULE_STR,
	 .fallback = "always",
	 .choices = updates,
	 .doc = "Whether the password of an existing user is set as well."},
	{.name = "password_lock", .type = MODULE_BOOL, .doc = "Whether the password is locked."},
	{.name = "password_expire_max",
	 .type = MODULE_INT,
	 .doc = "Days after which it must be changed."},
	{.name = "password_expire_min",
	 .type = MODULE_INT,
	 .doc = "Days before which it must not be changed."},
	{.name = "password_expire_warn", .type = MODULE_INT, .doc = "Days of warning before."},
	{.name = "expires",
	 .type = MODULE_FLOAT,
	 .doc = "When the account ends, in seconds since 1970; negative: never."},
	{.name = "remove",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes the home directory of an absent user too."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Removes a user who is logged in; makes ssh keys anew."},
	{.name = "generate_ssh_key",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Makes an SSH key pair for the user."},
	{.name = "ssh_key_type",
	 .type = MODULE_STR,
	 .fallback = "rsa",
	 .choices = key_types,
	 .doc = "Its type."},
	{.name = "ssh_key_bits", .type = MODULE_INT, .doc = "Its size; ssh-keygen's without it."},
	{.name = "ssh_key_file",
	 .type = MODULE_PATH,
	 .doc = "Where it goes; relative to the home directory. .ssh/id_TYPE without it."},
	{.name = "ssh_key_comment", .type = MODULE_STR, .doc = "Its comment."},
	{.name = "ssh_key_passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Encrypts the private key at rest."},
	{.name = "skeleton",
	 .type = MODULE_STR,
	 .doc = "Folder whose files a new home directory begins with; /etc/skel without it."},
	{.name = "umask", .type = MODULE_STR, .doc = "Of a new home directory."},
	{.name = "hidden", .type = MODULE_BOOL, .doc = "Accepted; of macOS."},
	{.name = "login_class", .type = MODULE_STR, .doc = "Accepted; of BSD."},
	{.name = "profile", .type = MODULE_STR, .doc = "Accepted; of Solaris."},
	{.name = "authorization", .type = MODULE_STR, .doc = "Accepted; of Solaris."},
	{.name = "role", .type = MODULE_STR, .doc = "Accepted; of Solaris."},
	{.name = "local", .type = MODULE_BOOL, .doc = "Accepted; users are local anyway."},
	{0},
};

static struct host_user_spec spec_new(const struct module_call *call)
{
	return (struct host_user_spec){
		.name = arg_str(call, "name"),
		.uid = -1,
		.append_groups = arg_bool(call, "append"),
		.system = arg_bool(call, "system"),
		.create_home = arg_bool(call, "create_home"),
		.move_home = arg_bool(call, "move_home"),
		.non_unique = arg_bool(call, "non_unique"),
		.skeleton = arg_str(call, "skeleton"),
		.umask = arg_str(call, "umask"),
	};
}

/* A locked password has a ! before its hash: both are set at once. */
static const char *wanted_hash(struct module_call *call)
{
	const char *hash = arg_str(call, "password");
	return hash && arg_bool(call, "password_lock") && hash[0] != '!'
		       ? arena_printf(call->arena, "!%s", hash)
		       : hash;
}

/* A new user gets everything that was asked for. */
static int spec_create(struct module_call *call, struct host_user_spec *spec, struct err *err)
{
	struct host_user nobody = {0};
	struct host_group own;
	int64_t gid;
	spec->uid = arg_int(call, "uid", -1);
	spec->gecos = arg_str(call, "comment");
	spec->home = arg_str(call, "home");
	spec->shell = arg_str(call, "shell");
	spec->password_hash = wanted_hash(call);
	spec->group = arg_str(call, "group");
	int r = spec->group ? user_group_id(call, spec->group, &gid, err) : 0;
	if (r == 0)
		r = user_groups(call, &nobody, &spec->groups, err);
	if (r < 0 || spec->group)
		return r;
	/* useradd refuses where a group of the user's name is there already. */
	r = call->host->ops->group(call->host, call->arena, spec->name, &own, err);
	if (r == 0 && own.exists)
		spec->group = spec->name;
	return r;
}

static bool differs(const char *wanted, const char *now)
{
	return wanted && (!now || strcmp(wanted, now) != 0);
}

/* password_lock, and not password, says whether it is locked. */
static bool is_other_hash(const char *wanted, const char *now)
{
	if (!wanted || !now)
		return wanted;
	return strcmp(wanted + strspn(wanted, "!"), now + strspn(now, "!")) != 0;
}

/* A home that is to be there and is not is made, as Ansible does. */
static int lacks_home(struct module_call *call, const char *home, bool *ret, struct err *err)
{
	struct host_stat st = {0};
	if (!arg_bool(call, "create_home") || !home || home[0] != '/')
		return 0;
	int r = call->host->ops->stat(call->host, call->arena, home, true, &st, err);
	*ret = st.type == HOST_ABSENT;
	return r;
}

/* An existing one only what differs; *ret whether anything does. */
static int spec_update(struct module_call *call, const struct host_user *now,
		       struct host_user_spec *spec, bool *ret, struct err *err)
{
	int64_t uid = arg_int(call, "uid", -1), gid = -1;
	const char *group = arg_str(call, "group");
	const char *update = arg_str(call, "update_password");
	if (uid >= 0 && (int64_t)now->uid != uid)
		spec->uid = uid;
	if (differs(arg_str(call, "comment"), now->gecos))
		spec->gecos = arg_str(call, "comment");
	if (differs(arg_str(call, "home"), now->home))
		spec->home = arg_str(call, "home");
	if (differs(arg_str(call, "shell"), now->shell))
		spec->shell = arg_str(call, "shell");
	if (strcmp(update ? update : "always", "always") == 0 &&
	    is_other_hash(arg_str(call, "password"), now->password_hash))
		spec->password_hash = wanted_hash(call);
	int r = group ? user_group_id(call, group, &gid, err) : 0;
	if (r == 0 && group && (gid < 0 || now->gid != (gid_t)gid))
		spec->group = group;
	if (r == 0)
		r = user_groups(call, now, &spec->groups, err);
	bool homeless = false;
	if (r == 0)
		r = lacks_home(call, spec->home ? spec->home : now->home, &homeless, err);
	*ret = homeless || spec->uid >= 0 || spec->gecos || spec->home || spec->shell ||
	       spec->password_hash || spec->group || spec->groups;
	return r;
}

static void describe(struct strbuf *out, const struct host_user *u)
{
	if (!u->exists)
		return;
	strbuf_printf(out, "name: %s\n", u->name);
	/* What check mode makes up would mislead. */
	if (!host_id_is_provisional(u->uid))
		strbuf_printf(out, "uid: %u\n", u->uid);
	if (!host_id_is_provisional(u->gid))
		strbuf_printf(out, "gid: %u\n", u->gid);
	strbuf_printf(out, "comment: %s\nhome: %s\nshell: %s\ngroups:", u->gecos ? u->gecos : "",
		      u->home ? u->home : "", u->shell ? u->shell : "");
	for (const char *const *g = u->groups; g && *g; g++)
		strbuf_printf(out, " %s", *g);
	strbuf_putc(out, '\n');
}

static void put_account(struct module_call *call, const struct host_user *u)
{
	const char *const *groups = arg_list(call, "groups", NULL);
	CLEANUP(strbuf_release) struct strbuf joined = {0};
	for (; groups && *groups; groups++)
		strbuf_printf(&joined, "%s%s", joined.len ? "," : "", *groups);
	if (!host_id_is_provisional(u->uid))
		result_put_int(call, "uid", u->uid);
	if (!host_id_is_provisional(u->gid))
		result_put_int(call, "group", u->gid);
	result_put_str(call, "comment", u->gecos ? u->gecos : "");
	result_put_str(call, "home", u->home ? u->home : "");
	result_put_str(call, "shell", u->shell ? u->shell : "");
	result_put_bool(call, "append", arg_bool(call, "append"));
	result_put_bool(call, "move_home", arg_bool(call, "move_home"));
	if (arg_has(call, "groups"))
		result_put(call, "groups", value_str(call->arena, strbuf_slice(&joined)));
	if (arg_has(call, "password"))
		result_put_str(call, "password", "NOT_LOGGING_PASSWORD");
}

static int set(struct module_call *call, struct host_user *now, const struct host_user_spec *spec,
	       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf old = {0}, new = {0};
	describe(&old, now);
	if (!now->exists) {
		result_put_bool(call, "system", spec->system);
		result_put_bool(call, "create_home", spec->create_home);
	}
	int r = call->host->ops->user_set(call->host, spec, err);
	if (r == 0)
		r = call->host->ops->user(call->host, call->arena, spec->name, now, err);
	if (r < 0)
		return r;
	result_changed(call);
	describe(&new, now);
	result_diff(call, "user", strbuf_slice(&old), "user", strbuf_slice(&new));
	return 0;
}

/* What /etc/passwd cannot hold usermod refuses; so does check mode. */
static int check_fields(struct module_call *call, struct err *err)
{
	static const char *const names[] = {"comment", "home", "shell"};
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (arg_has(call, names[i]) && strpbrk(arg_str(call, names[i]), ":\n"))
			return err_set(err, ERR_INVALID, "%s holds a colon or a line end",
				       names[i]);
	return 0;
}

static int run_present(struct module_call *call, struct host_user *now, struct err *err)
{
	struct host_user_spec spec = spec_new(call);
	bool needed = true;
	int r = check_fields(call, err);
	if (r < 0)
		return r;
	r = now->exists ? spec_update(call, now, &spec, &needed, err)
			: spec_create(call, &spec, err);
	if (r == 0 && needed)
		r = set(call, now, &spec, err);
	if (r == 0)
		r = user_shadow(call, err);
	if (r == 0 && arg_bool(call, "generate_ssh_key"))
		r = user_ssh_key(call, now, err);
	if (r == 0)
		put_account(call, now);
	return r;
}

static int run_absent(struct module_call *call, const struct host_user *now, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf old = {0};
	bool remove_home = arg_bool(call, "remove");
	unsigned how = (remove_home ? HOST_USER_REMOVE_HOME : 0) |
		       (arg_bool(call, "force") ? HOST_USER_REMOVE_FORCE : 0);
	if (!now->exists)
		return 0;
	result_put_bool(call, "remove", remove_home);
	result_put_bool(call, "force", arg_bool(call, "force"));
	int r = call->host->ops->user_remove(call->host, now->name, how, err);
	if (r < 0)
		return r;
	result_changed(call);
	describe(&old, now);
	result_diff(call, "user", strbuf_slice(&old), "user", SLICE_LIT(""));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name"), *state = arg_str(call, "state");
	struct host_user now;
	result_put_str(call, "name", name);
	result_put_str(call, "state", state);
	int r = call->host->ops->user(call->host, call->arena, name, &now, err);
	if (r < 0)
		return r;
	return strcmp(state, "absent") == 0 ? run_absent(call, &now, err)
					    : run_present(call, &now, err);
}

const struct module module_user = {
	.name = "user",
	.full_name = "ansible.builtin.user",
	.doc = "Adds, changes and removes users.",
	.params = params,
	.run = run,
};
