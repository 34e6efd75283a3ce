#include "csr_extensions.h"

#include "general_names.h"
#include "openssl_run.h"

#define IDENTIFIER_MAX 64u

static bool has_items(struct module_call *call, const char *name)
{
	const struct value *v = value_get(call->args, name);
	return v && v->type == VALUE_LIST && v->list.len > 0;
}

static const char *critical(struct module_call *call, const char *name)
{
	return arg_bool(call, arena_printf(call->arena, "%s_critical", name)) ? "critical," : "";
}

/* "critical,a,b" of a list argument. */
static void put_words(struct module_call *call, struct strbuf *out, const char *name,
		      const char *extension)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	size_t count;
	const char *const *items = arg_list(call, name, &count);
	if (!count)
		return;
	strbuf_puts(&text, critical(call, name));
	for (size_t i = 0; i < count; i++)
		strbuf_printf(&text, "%s%s", i ? "," : "", items[i]);
	openssl_conf_put(out, extension, text.ptr);
}

static int put_alternative_names(struct module_call *call, const char *common_name,
				 struct conf_sections *c, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	const char *from_subject[] = {
		common_name ? arena_printf(call->arena, "DNS:%s", common_name) : NULL, NULL};
	bool given = has_items(call, "subject_alt_name");
	if (!given && (!common_name || !arg_bool(call, "use_common_name_for_san")))
		return 0;
	int r = general_names_put(c, &lines, "",
				  given ? arg_list(call, "subject_alt_name", NULL) : from_subject,
				  err);
	if (r == 0)
		strbuf_printf(out, "subjectAltName = %s@%s\n", critical(call, "subject_alt_name"),
			      conf_section_add(c, strbuf_slice(&lines)));
	return r;
}

static int put_constraints(struct module_call *call, struct conf_sections *c, struct strbuf *out,
			   struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	int r = general_names_put(c, &lines, "permitted;",
				  arg_list(call, "name_constraints_permitted", NULL), err);
	if (r == 0)
		r = general_names_put(c, &lines, "excluded;",
				      arg_list(call, "name_constraints_excluded", NULL), err);
	if (r == 0 && lines.len)
		strbuf_printf(out, "nameConstraints = %s@%s\n", critical(call, "name_constraints"),
			      conf_section_add(c, strbuf_slice(&lines)));
	return r;
}

/* --- identifiers of keys ---------------------------------------------------- */

static bool is_hex(char c)
{
	return c && strchr("0123456789abcdefABCDEF", c);
}

/* "00:11" or "0011"; the digits alone. */
static bool identifier(const char *text, struct strbuf *out)
{
	for (; is_hex(text[0]) && is_hex(text[1]) && out->len < 2 * IDENTIFIER_MAX; text += 2) {
		strbuf_printf(out, "%.2s", text);
		if (text[2] == ':' && text[3])
			text++;
	}
	return !*text && out->len;
}

const char *csr_check_identifier(const struct value *v, const struct value **ret_at)
{
	CLEANUP(strbuf_release) struct strbuf digits = {0};
	*ret_at = v;
	return v->type == VALUE_STRING && strlen(v->str.ptr) == v->str.len &&
			       identifier(v->str.ptr, &digits)
		       ? NULL
		       : "of at most 64 bytes like 00:11:22";
}

/* Longer ones than an integer of ours can hold are usual. */
const char *csr_check_serial(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->type == VALUE_STRING && v->str.len > 0 && v->str.len <= 3 * IDENTIFIER_MAX &&
			       strspn(v->str.ptr, "0123456789") == v->str.len
		       ? NULL
		       : "a number, not below 0";
}

static int put_subject_key(struct module_call *call, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf digits = {0};
	const char *text = arg_str(call, "subject_key_identifier");
	if (text && arg_bool(call, "create_subject_key_identifier"))
		return err_set(err, ERR_INVALID,
			       "subject_key_identifier cannot be specified if "
			       "create_subject_key_identifier is true");
	if (arg_bool(call, "create_subject_key_identifier"))
		strbuf_puts(out, "subjectKeyIdentifier = hash\n");
	else if (text && identifier(text, &digits))
		strbuf_printf(out, "subjectKeyIdentifier = %s\n", digits.ptr);
	return 0;
}

/* openssl's own words know the CA's key and certificate from itself alone; so it is
 * written as ASN.1 (RFC 5280, 4.2.1.1). */
static int put_authority(struct module_call *call, struct conf_sections *c, struct strbuf *out,
			 struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0}, digits = {0}, names = {0};
	const char *key = arg_str(call, "authority_key_identifier");
	const char *serial = arg_str(call, "authority_cert_serial_number");
	if (arg_has(call, "authority_cert_issuer") != (serial != NULL))
		return err_set(err, ERR_INVALID,
			       "parameters are required together: authority_cert_issuer, "
			       "authority_cert_serial_number");
	if (key && identifier(key, &digits))
		strbuf_printf(&lines, "0 = IMPLICIT:0,FORMAT:HEX,OCTETSTRING:%s\n", digits.ptr);
	int r = serial ? general_names_put_asn1(c, &names,
						arg_list(call, "authority_cert_issuer", NULL), err)
		       : 0;
	if (r == 0 && serial)
		strbuf_printf(&lines, "1 = IMPLICIT:1,SEQUENCE:%s\n2 = IMPLICIT:2,INTEGER:%s\n",
			      conf_section_add(c, strbuf_slice(&names)), serial);
	if (r == 0 && lines.len)
		strbuf_printf(out, "authorityKeyIdentifier = ASN1:SEQUENCE:%s\n",
			      conf_section_add(c, strbuf_slice(&lines)));
	return r;
}

/* --- where revocations are published ---------------------------------------- */

static const struct {
	const char *name, *openssl;
} reasons[] = {
	{"key_compromise", "keyCompromise"},
	{"ca_compromise", "CACompromise"},
	{"affiliation_changed", "affiliationChanged"},
	{"superseded", "superseded"},
	{"cessation_of_operation", "cessationOfOperation"},
	{"certificate_hold", "certificateHold"},
	{"privilege_withdrawn", "privilegeWithdrawn"},
	{"aa_compromise", "AACompromise"},
};

static const char *openssl_reason(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i].name, name) == 0)
			return reasons[i].openssl;
	return NULL;
}

static const char *check_reason(const struct value *v)
{
	return v->type == VALUE_STRING && openssl_reason(v->str.ptr)
		       ? NULL
		       : "one of key_compromise, ca_compromise, affiliation_changed, superseded, "
			 "cessation_of_operation, certificate_hold, privilege_withdrawn, "
			 "aa_compromise";
}

/* "CN=x": what one item of relative_name is. */
static const char *check_component(const struct value *v)
{
	const char *equals = v->type == VALUE_STRING ? strchr(v->str.ptr, '=') : NULL;
	struct slice key = {"", 0};
	if (equals)
		key = slice_trim((struct slice){v->str.ptr, (size_t)(equals - v->str.ptr)});
	for (size_t i = 0; i < key.len; i++)
		if (strchr(" \n[]#;\\", key.ptr[i]))
			return "a field like CN=x";
	return key.len && equals[1] && !strchr(equals, '\n') ? NULL : "a field like CN=x";
}

/* One item needs no list. */
static const struct value *item_of(const struct value *v, size_t i)
{
	return v->type == VALUE_LIST ? v->list.at[i] : v;
}

static size_t count_of(const struct value *point, const char *key)
{
	const struct value *v = value_get(point, key);
	return !v ? 0 : v->type == VALUE_LIST ? v->list.len : v->type == VALUE_STRING;
}

static const char *check_crl_part(const char *key, const struct value *v,
				  const struct value **ret_at)
{
	*ret_at = v;
	if (v->type == VALUE_NULL)
		return NULL;
	if (v->type != VALUE_LIST && v->type != VALUE_STRING)
		return "a list";
	for (size_t i = 0; i < (v->type == VALUE_LIST ? v->list.len : 1); i++) {
		const struct value *item = *ret_at = item_of(v, i);
		const char *wrong = strcmp(key, "reasons") == 0 ? check_reason(item)
				    : strcmp(key, "relative_name") == 0
					    ? check_component(item)
					    : general_names_check(item, ret_at);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static bool has(const struct value *point, const char *key)
{
	return count_of(point, key) > 0;
}

const char *csr_check_crl(const struct value *v, const struct value **ret_at)
{
	static const char *const keys[] = {"full_name", "relative_name", "crl_issuer", "reasons"};
	*ret_at = v;
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *key = *ret_at = v->dict.at[i].key;
		const char *name = NULL;
		for (size_t j = 0; j < ARRAY_LEN(keys) && key->type == VALUE_STRING; j++)
			if (slice_is(key->str, keys[j]))
				name = keys[j];
		if (!name)
			return "one of full_name, relative_name, crl_issuer, reasons";
		const char *wrong = check_crl_part(name, v->dict.at[i].value, ret_at);
		if (wrong)
			return wrong;
	}
	*ret_at = v;
	if (has(v, "full_name") && has(v, "relative_name"))
		return "right: full_name and relative_name exclude each other";
	return has(v, "full_name") || has(v, "relative_name") || has(v, "crl_issuer")
		       ? NULL
		       : "a distribution point: it has neither full_name, relative_name nor "
			 "crl_issuer";
}

static const char *const *words_of(struct module_call *call, const struct value *point,
				   const char *key)
{
	const struct value *v = value_get(point, key);
	size_t len = count_of(point, key);
	const char **words = ARENA_ARRAY(call->arena, const char *, len + 1);
	for (size_t i = 0; i < len; i++)
		words[i] = item_of(v, i)->str.ptr;
	words[len] = NULL;
	return words;
}

static int put_crl_names(struct module_call *call, struct conf_sections *c, struct strbuf *out,
			 const struct value *point, struct err *err)
{
	static const struct {
		const char *argument, *openssl;
	} parts[] = {{"full_name", "fullname"}, {"crl_issuer", "CRLissuer"}};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		CLEANUP(strbuf_release) struct strbuf names = {0};
		if (!has(point, parts[i].argument))
			continue;
		int r = general_names_put(c, &names, "", words_of(call, point, parts[i].argument),
					  err);
		if (r < 0)
			return r;
		strbuf_printf(out, "%s = @%s\n", parts[i].openssl,
			      conf_section_add(c, strbuf_slice(&names)));
	}
	return 0;
}

static int put_crl(struct module_call *call, struct conf_sections *c, struct strbuf *points,
		   const struct value *point, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0}, relative = {0};
	int r = put_crl_names(call, c, &lines, point, err);
	if (r < 0)
		return r;
	for (const char *const *w = words_of(call, point, "relative_name"); *w; w++) {
		const char *equals = strchr(*w, '=');
		struct slice key = slice_trim((struct slice){*w, (size_t)(equals - *w)});
		openssl_conf_put(&relative, arena_slice(call->arena, key).ptr,
				 equals + 1 + strspn(equals + 1, " "));
	}
	if (relative.len)
		strbuf_printf(&lines, "relativename = %s\n",
			      conf_section_add(c, strbuf_slice(&relative)));
	const char *const *because = words_of(call, point, "reasons");
	for (size_t i = 0; because[i]; i++)
		strbuf_printf(&lines, "%s%s", i ? "," : "reasons = ", openssl_reason(because[i]));
	strbuf_puts(&lines, "\n");
	strbuf_printf(points, "%s%s", points->len ? "," : "",
		      conf_section_add(c, strbuf_slice(&lines)));
	return 0;
}

static int put_crls(struct module_call *call, struct conf_sections *c, struct strbuf *out,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf points = {0};
	const struct value *v = value_get(call->args, "crl_distribution_points");
	int r = 0;
	for (size_t i = 0; r == 0 && v && i < v->list.len; i++)
		r = put_crl(call, c, &points, v->list.at[i], err);
	if (r == 0 && points.len)
		strbuf_printf(out, "crlDistributionPoints = %s\n", points.ptr);
	return r;
}

/* --- all of them -------------------------------------------------------------- */

int csr_extensions(struct module_call *call, const char *common_name, struct slice *ret_lines,
		   struct slice *ret_sections, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct conf_sections c = {.arena = call->arena};
	int r = put_alternative_names(call, common_name, &c, &out, err);
	put_words(call, &out, "key_usage", "keyUsage");
	put_words(call, &out, "extended_key_usage", "extendedKeyUsage");
	put_words(call, &out, "basic_constraints", "basicConstraints");
	if (arg_bool(call, "ocsp_must_staple"))
		strbuf_printf(&out, "tlsfeature = %sstatus_request\n",
			      critical(call, "ocsp_must_staple"));
	if (r == 0)
		r = put_constraints(call, &c, &out, err);
	if (r == 0)
		r = put_subject_key(call, &out, err);
	if (r == 0)
		r = put_authority(call, &c, &out, err);
	if (r == 0)
		r = put_crls(call, &c, &out, err);
	if (r == 0) {
		*ret_lines = arena_slice(call->arena, strbuf_slice(&out));
		*ret_sections = arena_slice(call->arena, strbuf_slice(&c.text));
	}
	strbuf_release(&c.text);
	return r;
}
