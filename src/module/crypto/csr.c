/*
 * openssl_csr: a certificate signing request, made on the host where the key is.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_csr_module.html
 *
 * A request is made each time, in memory, and takes the old one's place where
 * the two say different things.
 */
#include "../call.h"
#include "../whole_file.h"
#include "openssl_run.h"
#include "rollout/module/attributes.h"

static const char *const states[] = {"present", "absent", NULL};

#define ALIASES(id, ...) static const char *const id[] = {__VA_ARGS__, NULL}
ALIASES(c_aliases, "C", "countryName");
ALIASES(st_aliases, "ST", "stateOrProvinceName");
ALIASES(l_aliases, "L", "localityName");
ALIASES(o_aliases, "O", "organizationName");
ALIASES(ou_aliases, "OU", "organizationalUnitName");
ALIASES(cn_aliases, "CN", "commonName");
ALIASES(e_aliases, "E", "emailAddress");
ALIASES(san_aliases, "subjectAltName");
ALIASES(san_critical_aliases, "subjectAltName_critical");
ALIASES(ku_aliases, "keyUsage");
ALIASES(name_for_san_aliases, "useCommonNameForSAN");
ALIASES(ku_critical_aliases, "keyUsage_critical");
ALIASES(eku_aliases, "extKeyUsage", "extendedKeyUsage");
ALIASES(eku_critical_aliases, "extKeyUsage_critical", "extendedKeyUsage_critical");
ALIASES(bc_aliases, "basicConstraints");
ALIASES(bc_critical_aliases, "basicConstraints_critical");

#define NAME(name_, aliases_, doc_)                                                                \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .aliases = aliases_, .doc = doc_                \
	}
#define EXTENSION(name_, aliases_, critical_, doc_)                                                \
	{.name = name_,                                                                            \
	 .type = MODULE_LIST,                                                                      \
	 .element = MODULE_STR,                                                                    \
	 .aliases = aliases_,                                                                      \
	 .doc = doc_},                                                                             \
	{                                                                                          \
		.name = name_ "_critical", .type = MODULE_BOOL, .fallback = "false",               \
		.aliases = critical_, .doc = "Marks " name_ " as critical."                        \
	}

static const struct module_param params[] = {
	{.name = "path", .type = MODULE_PATH, .required = true, .doc = "The file of the request."},
	{.name = "privatekey_path", .type = MODULE_PATH, .doc = "The key, on the host."},
	{.name = "privatekey_passphrase", .type = MODULE_STR, .doc = "Opens the key."},
	{.name = "digest", .type = MODULE_STR, .fallback = "sha256", .doc = "Of the signature."},
	{.name = "subject",
	 .type = MODULE_DICT,
	 .doc = "Further fields of the subject, by openssl's names."},
	NAME("country_name", c_aliases, "C of the subject."),
	NAME("state_or_province_name", st_aliases, "ST of the subject."),
	NAME("locality_name", l_aliases, "L of the subject."),
	NAME("organization_name", o_aliases, "O of the subject."),
	NAME("organizational_unit_name", ou_aliases, "OU of the subject."),
	NAME("common_name", cn_aliases, "CN of the subject."),
	NAME("email_address", e_aliases, "emailAddress of the subject."),
	EXTENSION("subject_alt_name", san_aliases, san_critical_aliases,
		  "Names, each as DNS:name, IP:address, email:, URI:."),
	{.name = "use_common_name_for_san",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = name_for_san_aliases,
	 .doc = "Without subject_alt_name it is the common name."},
	EXTENSION("key_usage", ku_aliases, ku_critical_aliases, "Like digitalSignature."),
	EXTENSION("extended_key_usage", eku_aliases, eku_critical_aliases, "Like serverAuth."),
	EXTENSION("basic_constraints", bc_aliases, bc_critical_aliases, "Like CA:TRUE."),
	{.name = "create_subject_key_identifier",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Puts the key's identifier in."},
	{.name = "force", .type = MODULE_BOOL, .fallback = "false", .doc = "Makes a new one."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is there."},
	{.name = "return_content",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Gives it back as csr."},
	{.name = "version", .type = MODULE_INT, .fallback = "1", .doc = "Accepted; it is 1."},
	{.name = "select_crypto_backend",
	 .type = MODULE_STR,
	 .doc = "Accepted; it is the host's openssl."},
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

/* In the order in which community.crypto puts them. */
static const struct {
	const char *argument, *field;
} names[] = {
	{"country_name", "C"},
	{"state_or_province_name", "ST"},
	{"locality_name", "L"},
	{"organization_name", "O"},
	{"organizational_unit_name", "OU"},
	{"common_name", "CN"},
	{"email_address", "emailAddress"},
};

static void put_field(struct strbuf *out, size_t index, const char *field, const char *value)
{
	/* A number before the dot keeps fields of one name apart. */
	CLEANUP(strbuf_release) struct strbuf key = {0};
	strbuf_printf(&key, "%zu.%s", index, field);
	openssl_conf_put(out, key.ptr, value);
}

static int put_subject(struct module_call *call, struct strbuf *out, struct err *err)
{
	const struct value *more = value_get(call->args, "subject");
	size_t n = 0;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (arg_has(call, names[i].argument))
			put_field(out, n++, names[i].field, arg_str(call, names[i].argument));
	for (size_t i = 0; more && i < more->dict.len; i++) {
		const struct value *v = more->dict.at[i].value, *k = more->dict.at[i].key;
		if (k->type != VALUE_STRING || strpbrk(k->str.ptr, " =\n[]#"))
			return err_set(err, ERR_INVALID, "subject has a field that is no name");
		for (size_t j = 0; j < (v->type == VALUE_LIST ? v->list.len : 1); j++) {
			CLEANUP(strbuf_release) struct strbuf text = {0};
			value_print(&text, v->type == VALUE_LIST ? v->list.at[j] : v);
			put_field(out, n++, k->str.ptr, text.ptr ? text.ptr : "");
		}
	}
	return 0;
}

/* "critical,a,b" of a list argument. */
static const char *joined(struct module_call *call, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	size_t count;
	const char *const *items = arg_list(call, name, &count);
	if (arg_bool(call, arena_printf(call->arena, "%s_critical", name)))
		strbuf_puts(&out, "critical");
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&out, "%s%s", out.len ? "," : "", items[i]);
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static bool has_items(struct module_call *call, const char *name)
{
	const struct value *v = value_get(call->args, name);
	return v && v->type == VALUE_LIST && v->list.len > 0;
}

static void put_extensions(struct module_call *call, struct strbuf *out)
{
	static const struct {
		const char *argument, *extension;
	} rows[] = {
		{"subject_alt_name", "subjectAltName"},
		{"key_usage", "keyUsage"},
		{"extended_key_usage", "extendedKeyUsage"},
		{"basic_constraints", "basicConstraints"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (has_items(call, rows[i].argument))
			openssl_conf_put(out, rows[i].extension, joined(call, rows[i].argument));
	if (!has_items(call, "subject_alt_name") && arg_has(call, "common_name") &&
	    arg_bool(call, "use_common_name_for_san"))
		openssl_conf_put(
			out, "subjectAltName",
			arena_printf(call->arena, "%sDNS:%s",
				     arg_bool(call, "subject_alt_name_critical") ? "critical," : "",
				     arg_str(call, "common_name")));
	if (arg_bool(call, "create_subject_key_identifier"))
		strbuf_puts(out, "subjectKeyIdentifier = hash\n");
}

static int configuration(struct module_call *call, struct slice *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0}, extensions = {0};
	put_extensions(call, &extensions);
	strbuf_printf(&out,
		      "[req]\nprompt = no\nutf8 = yes\nstring_mask = utf8only\n"
		      "distinguished_name = dn\n%s[dn]\n",
		      extensions.len ? "req_extensions = ext\n" : "");
	int r = put_subject(call, &out, err);
	strbuf_puts(&out, "[ext]\n");
	strbuf_slice_append(&out, strbuf_slice(&extensions));
	*ret = arena_slice(call->arena, strbuf_slice(&out));
	return r;
}

static int make(struct module_call *call, struct slice *ret, struct err *err)
{
	struct program p;
	const char *key = arg_str(call, "privatekey_path");
	openssl_begin(&p, call, "req");
	program_add(&p, "-new");
	program_add(&p, "-config");
	program_add(&p, "/dev/stdin");
	program_add(&p, "-key");
	program_add(&p, key);
	program_add_fmt(&p, "-%s", arg_str(call, "digest"));
	openssl_passphrase(&p, "-passin", "privatekey_passphrase");
	int r = configuration(call, &p.stdin_bytes, err);
	if (r == 0)
		r = program_probe(&p, err);
	if (r == 0 && p.exit_code != 0)
		return program_failed(&p, err);
	*ret = p.out;
	return r;
}

static int same(struct module_call *call, struct slice a, struct slice b, bool *ret,
		struct err *err)
{
	struct slice text_a, text_b;
	int r = openssl_describe(call, "req", a, &text_a, err);
	if (r == 0)
		r = openssl_describe(call, "req", b, &text_b, err);
	if (r == 0)
		*ret = text_a.len && slice_eq(text_a, text_b);
	return r;
}

static int key_there(struct module_call *call, struct err *err)
{
	bool there = false;
	const char *key = arg_str(call, "privatekey_path");
	if (!key)
		return err_set(err, ERR_INVALID, "privatekey_path is needed");
	int r = whole_file_exists(call, key, &there, err);
	if (r < 0 || there)
		return r;
	if (host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would make %s: %s", arg_str(call, "path"),
			       host_assumes(call->host));
	return err_set(err, ERR_NOT_FOUND, "The private key file %s does not exist", key);
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	struct slice old, new;
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	bool keep = false;
	int r = key_there(call, err);
	if (r == 0)
		r = make(call, &new, err);
	if (r == 0)
		r = call_read(call, path, &old, err);
	if (r == 0 && old.len && !arg_bool(call, "force"))
		r = same(call, old, new, &keep, err);
	if (r == 0 && !keep)
		r = whole_file_put(call, path, new, -1, NULL, err);
	if (r == 0)
		r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r == 0)
		r = attributes_apply(call, path, &want, err);
	if (r == 0 && arg_bool(call, "return_content"))
		result_put(call, "csr", value_str(call->arena, keep ? old : new));
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_str(call, "privatekey", arg_str(call, "privatekey_path"));
	int r = strcmp(arg_str(call, "state"), "absent") == 0
			? whole_file_remove(call, path, NULL, err)
			: present(call, path, err);
	return program_settle(call, r, err);
}

const struct module module_openssl_csr = {
	.name = "openssl_csr",
	.full_name = "community.crypto.openssl_csr",
	.doc = "Makes a certificate signing request on the host.",
	.params = params,
	.run = run,
};
