/*
 * apt_key: keys that apt trusts for every source. Releases of today have no
 * apt-key; deb822_repository is the way there.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/apt_key_module.html
 */
#include "../../call.h"
#include "../../program.h"
#include "download.h"

#include <ctype.h>

static const char *const states[] = {"present", "absent", NULL};

static const struct module_param params[] = {
	{.name = "id",
	 .type = MODULE_STR,
	 .doc = "The key's id or fingerprint, with or without 0x."},
	{.name = "data", .type = MODULE_STR, .doc = "The key itself, armored."},
	{.name = "file", .type = MODULE_PATH, .doc = "A file on the host that holds it."},
	{.name = "url", .type = MODULE_STR, .doc = "Where the host fetches it."},
	{.name = "keyserver", .type = MODULE_STR, .doc = "A key server that has it."},
	{.name = "keyring", .type = MODULE_PATH, .doc = "A file below trusted.gpg.d to put it in."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is there."},
	{.name = "validate_certs",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; certificates are checked as apt is set up to."},
	{0},
};

static void begin(struct program *p, struct module_call *call)
{
	const char *keyring = arg_str(call, "keyring");
	program_init(p, call, "apt-key");
	program_env(p, "APT_KEY_DONT_WARN_ON_DANGEROUS_USAGE", "1");
	if (keyring) {
		program_add(p, "--keyring");
		program_add(p, keyring);
	}
}

/* Without 0x and blanks, in upper case. */
static int normal_id(struct module_call *call, const char *id, const char **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	if (strncasecmp(id, "0x", 2) == 0)
		id += 2;
	for (const char *c = id; *c; c++) {
		if (*c == ' ')
			continue;
		if (!isxdigit((unsigned char)*c))
			return err_set(err, ERR_INVALID, "Invalid key_id: %s", id);
		strbuf_putc(&out, (char)toupper((unsigned char)*c));
	}
	if (out.len < 8 || out.len > 40)
		return err_set(err, ERR_INVALID, "Invalid key_id: %s (8 to 40 digits)", id);
	*ret = arena_slice(call->arena, strbuf_slice(&out)).ptr;
	return 0;
}

static struct slice field(struct slice line, unsigned n)
{
	struct slice part = {"", 0};
	for (unsigned i = 0; i <= n; i++)
		if (!slice_split(&line, ':', &part))
			return (struct slice){"", 0};
	return part;
}

/* In gpg's lines with colons: long ids and fingerprints end as `id` does. */
static bool lists_key(struct slice text, const char *id)
{
	struct slice line;
	size_t len = strlen(id);
	/* A listing has long ids, and fingerprints only where asked: 16 digits tell. */
	const char *tail = len > 16 ? id + len - 16 : id;
	while (slice_split(&text, '\n', &line)) {
		if ((slice_starts_with(line, "pub:") || slice_starts_with(line, "sub:")) &&
		    slice_ends_with(field(line, 4), tail))
			return true;
	}
	return false;
}

static int is_there(struct module_call *call, const char *id, bool *ret, struct err *err)
{
	struct program p;
	const char *const words[] = {"adv", "--no-tty", "--with-colons", "--list-public-keys",
				     NULL};
	begin(&p, call);
	program_add_all(&p, words);
	int r = program_probe(&p, err);
	if (r == ERR_NOT_FOUND)
		return err_set(err, r,
			       "this host has no apt-key: give the source its key with "
			       "deb822_repository's signed_by");
	if (r == 0)
		*ret = lists_key(p.out, id);
	return r;
}

/* The id of the first key in what the task brings. */
static int id_of_data(struct module_call *call, struct slice data, const char **ret,
		      struct err *err)
{
	struct program p;
	struct slice line;
	const char *const words[] = {"--no-tty", "--with-colons", "--show-keys", NULL};
	program_init(&p, call, "gpg");
	program_add_all(&p, words);
	p.stdin_bytes = data;
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	while (slice_split(&p.out, '\n', &line))
		if (slice_starts_with(line, "pub:"))
			return normal_id(call, arena_slice(call->arena, field(line, 4)).ptr, ret,
					 err);
	return err_set(err, ERR_INVALID, "the data hold no public key");
}

static int key_data(struct module_call *call, struct slice *ret, struct err *err)
{
	if (arg_has(call, "data")) {
		*ret = arg_slice(call, "data");
		return 0;
	}
	if (arg_has(call, "url"))
		return download(call, arg_str(call, "url"), ret, err);
	return call_read(call, arg_str(call, "file"), ret, err);
}

static bool has_source(struct module_call *call)
{
	return arg_has(call, "data") || arg_has(call, "url") || arg_has(call, "file");
}

static int add(struct module_call *call, const char *id, struct slice data, struct err *err)
{
	struct program p;
	bool there = call->check_mode;
	begin(&p, call);
	if (arg_has(call, "keyserver")) {
		const char *const words[] = {"adv", "--no-tty", "--keyserver", NULL};
		program_add_all(&p, words);
		program_add(&p, arg_str(call, "keyserver"));
		program_add(&p, "--recv");
		program_add(&p, id);
	} else {
		program_add(&p, "add");
		program_add(&p, "-");
		p.stdin_bytes = data;
	}
	result_changed(call);
	int r = program_change(&p, err);
	if (r == 0 && !there)
		r = is_there(call, id, &there, err);
	if (r == 0 && !there)
		return err_set(err, ERR_INVALID,
			       "key does not seem to have been added: %s is not what was given",
			       id);
	return r;
}

static int drop(struct module_call *call, const char *id, struct err *err)
{
	struct program p;
	begin(&p, call);
	program_add(&p, "del");
	program_add(&p, id);
	result_changed(call);
	return program_change(&p, err);
}

static int apply(struct module_call *call, struct err *err)
{
	const char *id = arg_str(call, "id");
	struct slice data = {"", 0};
	bool there = false, present = strcmp(arg_str(call, "state"), "present") == 0;
	int r = id ? normal_id(call, id, &id, err) : 0;
	if (r == 0 && !id && !has_source(call))
		return err_set(err, ERR_INVALID, "one of id, data, file and url is needed");
	if (r == 0 && !id && (r = key_data(call, &data, err)) == 0)
		r = id_of_data(call, data, &id, err);
	if (r == 0 && id)
		r = is_there(call, id, &there, err);
	if (r < 0)
		return r;
	result_put_str(call, "id", id);
	result_put_str(call, "key_id", id);
	if (there == present)
		return 0;
	if (!present)
		return drop(call, id, err);
	if (!has_source(call) && !arg_has(call, "keyserver"))
		return err_set(err, ERR_INVALID,
			       "key %s is not there, and neither data, file, url nor keyserver "
			       "brings it",
			       id);
	if (!data.len && has_source(call) && (r = key_data(call, &data, err)) < 0)
		return r;
	return add(call, id, data, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

static const char *const excludes[] = {"data|file|keyserver|url", NULL};

const struct module module_apt_key = {
	.name = "apt_key",
	.full_name = "ansible.builtin.apt_key",
	.doc = "Adds and removes keys that apt trusts for all sources.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
