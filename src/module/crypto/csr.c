/*
 * openssl_csr: a certificate signing request, made on the host where the key is.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_csr_module.html
 *
 * A request is made each time, in memory, and takes the old one's place where
 * the two say different things.
 */
#include "../call.h"
#include "csr_extensions.h"
#include "general_names.h"
#include "openssl_run.h"
#include "rollout/module/attributes.h"

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
ALIASES(staple_aliases, "ocspMustStaple");
ALIASES(staple_critical_aliases, "ocspMustStaple_critical");

#define NAME(name_, aliases_, doc_)                                                                \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .aliases = aliases_, .doc = doc_                \
	}
#define WORDS(name_, aliases_, check_, doc_)                                                       \
	{                                                                                          \
		.name = name_, .type = MODULE_LIST, .element = MODULE_STR, .aliases = aliases_,    \
		.check = check_, .doc = doc_                                                       \
	}
#define EXTENSION(name_, aliases_, critical_, check_, doc_)                                        \
	WORDS(name_, aliases_, check_, doc_),                                                      \
	{                                                                                          \
		.name = name_ "_critical", .type = MODULE_BOOL, .fallback = "false",               \
		.aliases = critical_, .doc = "Marks " name_ " as critical."                        \
	}

static const char *check_one_field(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->dict.len == 1 ? NULL : "a mapping of one field, like CN: web.example";
}

static const struct module_param params[] = {
	{.name = "path", .type = MODULE_PATH, .required = true, .doc = "The file of the request."},
	{.name = "privatekey_path", .type = MODULE_PATH, .doc = "The key, on the host."},
	{.name = "privatekey_content",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "The key itself."},
	{.name = "privatekey_passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Opens the key."},
	{.name = "digest", .type = MODULE_STR, .fallback = "sha256", .doc = "Of the signature."},
	{.name = "subject",
	 .type = MODULE_DICT,
	 .doc = "Further fields of the subject, by openssl's names."},
	{.name = "subject_ordered",
	 .type = MODULE_LIST,
	 .element = MODULE_DICT,
	 .check = check_one_field,
	 .doc = "All fields of the subject in their order, each a mapping of one."},
	NAME("country_name", c_aliases, "C of the subject."),
	NAME("state_or_province_name", st_aliases, "ST of the subject."),
	NAME("locality_name", l_aliases, "L of the subject."),
	NAME("organization_name", o_aliases, "O of the subject."),
	NAME("organizational_unit_name", ou_aliases, "OU of the subject."),
	NAME("common_name", cn_aliases, "CN of the subject."),
	NAME("email_address", e_aliases, "emailAddress of the subject."),
	EXTENSION("subject_alt_name", san_aliases, san_critical_aliases, general_names_check,
		  "Names, each as DNS:name, IP:address, email:, URI:."),
	{.name = "use_common_name_for_san",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = name_for_san_aliases,
	 .doc = "Without subject_alt_name it is the common name."},
	EXTENSION("key_usage", ku_aliases, ku_critical_aliases, NULL, "Like digitalSignature."),
	EXTENSION("extended_key_usage", eku_aliases, eku_critical_aliases, NULL,
		  "Like serverAuth."),
	EXTENSION("basic_constraints", bc_aliases, bc_critical_aliases, NULL, "Like CA:TRUE."),
	{.name = "ocsp_must_staple",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = staple_aliases,
	 .doc = "The server has to staple an OCSP answer (RFC 7633)."},
	{.name = "ocsp_must_staple_critical",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .aliases = staple_critical_aliases,
	 .doc = "Marks ocsp_must_staple as critical."},
	WORDS("name_constraints_permitted", NULL, general_names_check_constraint,
	      "A CA: the only names that it may certify."),
	WORDS("name_constraints_excluded", NULL, general_names_check_constraint,
	      "A CA: names that it may not certify."),
	{.name = "name_constraints_critical",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Marks the constraints as critical."},
	{.name = "create_subject_key_identifier",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Puts the key's identifier in."},
	{.name = "subject_key_identifier",
	 .type = MODULE_STR,
	 .check = csr_check_identifier,
	 .doc = "Another identifier of the key, like 00:11:22."},
	{.name = "authority_key_identifier",
	 .type = MODULE_STR,
	 .check = csr_check_identifier,
	 .doc = "The identifier of the CA's key, like 00:11:22."},
	WORDS("authority_cert_issuer", NULL, general_names_check_asn1,
	      "Names of who signed the CA's certificate; with its serial number."),
	{.name = "authority_cert_serial_number",
	 .type = MODULE_STR,
	 .check = csr_check_serial,
	 .doc = "The serial number of the CA's certificate."},
	{.name = "crl_distribution_points",
	 .type = MODULE_LIST,
	 .element = MODULE_DICT,
	 .check = csr_check_crl,
	 .doc = "Where revocations are published: full_name or relative_name, crl_issuer, "
		"reasons."},
	OPENSSL_FILE_PARAMS("Makes a new one.", "csr"),
	{.name = "version", .type = MODULE_INT, .fallback = "1", .doc = "Accepted; it is 1."},
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

static bool is_common_name(const char *field)
{
	return strcmp(field, "CN") == 0 || strcmp(field, "commonName") == 0;
}

struct subject {
	struct module_call *call;
	struct strbuf lines;
	size_t count;
	const char *common_name; /* the first one */
};

static void put_one(struct subject *s, const char *field, const char *value)
{
	if (!value[0])
		return;
	put_field(&s->lines, s->count++, field, value);
	if (!s->common_name && is_common_name(field))
		s->common_name = value;
}

/* "CN: x", or "OU: [x, y]". */
static int put_pair(struct subject *s, const struct value_pair *pair, struct err *err)
{
	const struct value *v = pair->value, *k = pair->key;
	if (k->type != VALUE_STRING || !k->str.len || strpbrk(k->str.ptr, " =\n[]#"))
		return err_set(err, ERR_INVALID, "subject has a field that is no name");
	for (size_t j = 0; j < (v->type == VALUE_LIST ? v->list.len : 1); j++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		value_print(&text, v->type == VALUE_LIST ? v->list.at[j] : v);
		put_one(s, k->str.ptr, arena_slice(s->call->arena, strbuf_slice(&text)).ptr);
	}
	return 0;
}

static int put_pairs(struct subject *s, const struct value *dict, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && dict && i < dict->dict.len; i++)
		r = put_pair(s, &dict->dict.at[i], err);
	return r;
}

static int put_subject(struct subject *s, struct err *err)
{
	const struct value *ordered = value_get(s->call->args, "subject_ordered");
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (arg_has(s->call, names[i].argument))
			put_one(s, names[i].field, arg_str(s->call, names[i].argument));
	int r = put_pairs(s, value_get(s->call->args, "subject"), err);
	if (r == 0 && ordered && ordered->list.len && s->count)
		return err_set(err, ERR_INVALID,
			       "subject_ordered cannot be combined with any other subject field");
	for (size_t i = 0; r == 0 && ordered && i < ordered->list.len; i++)
		r = put_pairs(s, ordered->list.at[i], err);
	return r;
}

/* *ret_empty: the subject has no field. */
static int configuration(struct module_call *call, struct slice *ret, bool *ret_empty,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct subject subject = {.call = call};
	struct slice extensions = {"", 0}, sections = {"", 0};
	int r = put_subject(&subject, err);
	if (r == 0)
		r = csr_extensions(call, subject.common_name, &extensions, &sections, err);
	strbuf_printf(&out,
		      "[req]\nprompt = no\nutf8 = yes\nstring_mask = utf8only\n"
		      "distinguished_name = dn\n%s[dn]\n",
		      extensions.len ? "req_extensions = ext\n" : "");
	strbuf_slice_append(&out, strbuf_slice(&subject.lines));
	strbuf_puts(&out, "[ext]\n");
	strbuf_slice_append(&out, extensions);
	strbuf_slice_append(&out, sections);
	strbuf_release(&subject.lines);
	*ret_empty = subject.count == 0;
	*ret = arena_slice(call->arena, strbuf_slice(&out));
	return r;
}

static int make(struct module_call *call, struct slice *ret, struct err *err)
{
	struct program p;
	struct slice text = {"", 0};
	bool empty = false;
	int r = configuration(call, &text, &empty, err);
	if (r < 0)
		return r;
	openssl_begin_with(&p, call, "req");
	program_add(&p, "-new");
	program_add(&p, "-config");
	program_add(&p, openssl_text(&p, 3, text));
	program_add(&p, "-key");
	program_add(&p, openssl_key(&p, "privatekey"));
	if (empty) {
		program_add(&p, "-subj");
		program_add(&p, "/");
	}
	program_add_fmt(&p, "-%s", arg_str(call, "digest"));
	openssl_passphrase(&p, "-passin", "privatekey_passphrase");
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

static int present(struct module_call *call, const char *path, struct err *err)
{
	struct slice old, new;
	bool keep = false;
	int r = openssl_need(call, "privatekey", err);
	if (r == 0)
		r = make(call, &new, err);
	if (r == 0)
		r = call_read(call, path, &old, err);
	if (r == 0 && old.len && !arg_bool(call, "force"))
		r = same(call, old, new, &keep, err);
	if (r == 0)
		r = openssl_file_settle(call, path, old, keep ? NULL : &new, err);
	if (r == 0 && arg_bool(call, "return_content"))
		result_put(call, "csr", value_str(call->arena, keep ? old : new));
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_str(call, "privatekey", arg_str(call, "privatekey_path"));
	int r = strcmp(arg_str(call, "state"), "absent") == 0 ? openssl_file_remove(call, path, err)
							      : present(call, path, err);
	return program_settle(call, r, err);
}

static const char *const excludes[] = {"privatekey_path|privatekey_content",
				       "subject|subject_ordered", NULL};

const struct module module_openssl_csr = {
	.name = "openssl_csr",
	.full_name = "community.crypto.openssl_csr",
	.doc = "Makes a certificate signing request on the host.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
