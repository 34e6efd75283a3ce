#include "general_names.h"

#include "openssl_run.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdlib.h>

#define FIELDS_MAX 64u

static const char what[] = "a name like DNS:web.example, IP:10.0.0.1, email:, URI:, RID:, "
			   "dirName:CN = x, O = y or otherName:OID;UTF8:text";

const char *conf_section_add(struct conf_sections *c, struct slice lines)
{
	const char *name = arena_printf(c->arena, "section%u", c->count++);
	strbuf_printf(&c->text, "[%s]\n", name);
	strbuf_slice_append(&c->text, lines);
	return name;
}

/* --- the parts of a name -------------------------------------------------- */

struct name {
	const char *kind; /* one of kinds */
	const char *text; /* behind its colon */
};

static bool name_split(const char *text, struct name *ret)
{
	static const char *const kinds[] = {"DNS", "IP",      "email",	  "URI",
					    "RID", "dirName", "otherName"};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t len = strlen(kinds[i]);
		if (strncmp(text, kinds[i], len) != 0 || text[len] != ':')
			continue;
		*ret = (struct name){.kind = kinds[i], .text = text + len + 1};
		return true;
	}
	return false;
}

static bool is(const struct name *n, const char *kind)
{
	return strcmp(n->kind, kind) == 0;
}

/* A distinguished name: CN = x, O = y, or /CN=x/O=y. */
struct fields {
	const char *key[FIELDS_MAX], *value[FIELDS_MAX];
	size_t len;
};

/* Up to the separator; a backslash takes the meaning from the next character. */
static const char *field_end(const char *at, char separator, struct strbuf *value)
{
	for (; *at && *at != separator; at++) {
		if (*at == '\\' && at[1])
			at++;
		strbuf_putc(value, *at);
	}
	return at;
}

static bool field_parse(struct arena *a, const char **at, char separator, struct fields *f)
{
	CLEANUP(strbuf_release) struct strbuf value = {0};
	const char *begin = *at + strspn(*at, " "), *end = begin;
	while (isalnum((unsigned char)*end) || *end == '.')
		end++;
	const char *equals = end + strspn(end, " ");
	if (end == begin || *equals != '=' || f->len == FIELDS_MAX)
		return false;
	*at = field_end(equals + 1, separator, &value);
	struct slice text = slice_trim(strbuf_slice(&value));
	f->key[f->len] = arena_slice(a, (struct slice){begin, (size_t)(end - begin)}).ptr;
	f->value[f->len++] = arena_slice(a, text).ptr;
	return text.len > 0;
}

static bool fields_parse(struct arena *a, const char *text, struct fields *ret)
{
	char separator = text[strspn(text, " ")] == '/' ? '/' : ',';
	const char *at = text + strspn(text, " ") + (separator == '/');
	ret->len = 0;
	while (field_parse(a, &at, separator, ret)) {
		if (!*at)
			return true;
		at++;
	}
	return false;
}

/* Bytes of an address, and where a network follows, of its mask. */
struct address {
	int family;
	unsigned char bytes[32];
	size_t len;	  /* of the address */
	const char *mask; /* behind the slash, or NULL */
};

static bool address_parse(const char *text, struct address *ret)
{
	char host[INET6_ADDRSTRLEN];
	size_t len = strcspn(text, "/");
	*ret = (struct address){.family = memchr(text, ':', len) ? AF_INET6 : AF_INET};
	if (len >= sizeof(host))
		return false;
	memcpy(host, text, len);
	host[len] = '\0';
	ret->len = ret->family == AF_INET6 ? 16 : 4;
	ret->mask = text[len] ? text + len + 1 : NULL;
	return inet_pton(ret->family, host, ret->bytes) == 1;
}

/* The mask, of a number of bits or as it is. */
static bool address_mask(struct address *a)
{
	unsigned char *mask = a->bytes + a->len;
	char *end;
	if (inet_pton(a->family, a->mask, mask) == 1)
		return true;
	long bits = isdigit((unsigned char)a->mask[0]) ? strtol(a->mask, &end, 10) : -1;
	if (bits < 0 || *end || bits > (long)a->len * 8)
		return false;
	for (long i = 0; i < bits; i++)
		mask[i / 8] |= (unsigned char)(0x80 >> (i % 8));
	return true;
}

/* --- checks ---------------------------------------------------------------- */

static bool fields_fit(const char *text)
{
	CLEANUP(arena_release) struct arena scratch = {0};
	struct fields f;
	return fields_parse(&scratch, text, &f);
}

static const char *judge(const struct value *v, bool constraint, bool asn1)
{
	struct name n;
	struct address a;
	if (v->type != VALUE_STRING || strlen(v->str.ptr) != v->str.len ||
	    strpbrk(v->str.ptr, "\r\n") || !name_split(v->str.ptr, &n) ||
	    (!n.text[0] && !constraint))
		return what;
	if (is(&n, "dirName") && !fields_fit(n.text))
		return "a dirName like dirName:CN = x, O = y";
	if (is(&n, "otherName") && (asn1 || !strchr(n.text, ';')))
		return asn1 ? "one that rollout can put here: otherName is not"
			    : "an otherName like otherName:1.2.3.4;UTF8:text";
	if (!is(&n, "IP"))
		return NULL;
	if (!address_parse(n.text, &a) || (a.mask && !constraint))
		return "an address like IP:10.0.0.1";
	return constraint && (!a.mask || !address_mask(&a)) ? "a network like IP:10.0.0.0/8" : NULL;
}

const char *general_names_check(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return judge(v, false, false);
}

const char *general_names_check_constraint(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return judge(v, true, false);
}

const char *general_names_check_asn1(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return judge(v, false, true);
}

/* --- openssl's own lines ---------------------------------------------------- */

/* Written from the leaf to the root, stored from the root. */
static const char *put_fields(struct conf_sections *c, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	struct fields f;
	if (!fields_parse(c->arena, text, &f))
		return NULL;
	for (size_t i = f.len; i-- > 0;)
		openssl_conf_put(&lines, arena_printf(c->arena, "%zu.%s", i, f.key[i]), f.value[i]);
	return conf_section_add(c, strbuf_slice(&lines));
}

/* openssl wants address and mask. */
static const char *network(struct conf_sections *c, const char *text)
{
	struct address a;
	char host[INET6_ADDRSTRLEN], mask[INET6_ADDRSTRLEN];
	if (!address_parse(text, &a) || (a.mask && !address_mask(&a)))
		return NULL;
	if (!a.mask)
		return text;
	(void)inet_ntop(a.family, a.bytes, host, sizeof(host));
	(void)inet_ntop(a.family, a.bytes + a.len, mask, sizeof(mask));
	return arena_printf(c->arena, "%s/%s", host, mask);
}

static int wrong(const char *name, struct err *err)
{
	return err_set(err, ERR_INVALID, "'%s' is not %s", name, what);
}

int general_names_put(struct conf_sections *c, struct strbuf *out, const char *prefix,
		      const char *const *names, struct err *err)
{
	for (; names && *names; names++) {
		struct name n;
		if (!name_split(*names, &n))
			return wrong(*names, err);
		const char *text = is(&n, "dirName") ? put_fields(c, n.text)
				   : is(&n, "IP")    ? network(c, n.text)
						     : n.text;
		if (!text)
			return wrong(*names, err);
		openssl_conf_put(out, arena_printf(c->arena, "%s%s.%u", prefix, n.kind, c->count++),
				 text);
	}
	return 0;
}

/* --- ASN.1 ------------------------------------------------------------------ */

static const char *string_type(const char *key)
{
	if (strcmp(key, "C") == 0 || strcmp(key, "countryName") == 0 ||
	    strcmp(key, "serialNumber") == 0)
		return "PRINTABLESTRING";
	return strcmp(key, "emailAddress") == 0 ? "IA5STRING" : "UTF8";
}

/* Name: a sequence of sets of sequences of an identifier and a text. */
static const char *put_fields_asn1(struct conf_sections *c, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	struct fields f;
	if (!fields_parse(c->arena, text, &f))
		return NULL;
	for (size_t i = f.len; i-- > 0;) {
		CLEANUP(strbuf_release) struct strbuf pair = {0}, set = {0};
		strbuf_printf(&pair, "0 = OID:%s\n", f.key[i]);
		openssl_conf_put(
			&pair, "1",
			arena_printf(c->arena, "%s:%s", string_type(f.key[i]), f.value[i]));
		strbuf_printf(&set, "0 = SEQUENCE:%s\n", conf_section_add(c, strbuf_slice(&pair)));
		strbuf_printf(&lines, "%zu = SET:%s\n", i, conf_section_add(c, strbuf_slice(&set)));
	}
	const char *name = conf_section_add(c, strbuf_slice(&lines));
	return arena_printf(c->arena, "EXPLICIT:4,SEQUENCE:%s", name);
}

static const char *address_asn1(struct conf_sections *c, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf hex = {0};
	struct address a;
	if (!address_parse(text, &a) || a.mask)
		return NULL;
	for (size_t i = 0; i < a.len; i++)
		strbuf_printf(&hex, "%02x", a.bytes[i]);
	return arena_printf(c->arena, "IMPLICIT:7,FORMAT:HEX,OCTETSTRING:%s", hex.ptr);
}

/* RFC 5280, 4.2.1.6. */
static const char *name_asn1(struct conf_sections *c, const struct name *n)
{
	if (is(n, "dirName"))
		return put_fields_asn1(c, n->text);
	if (is(n, "IP"))
		return address_asn1(c, n->text);
	const char *type = is(n, "email") ? "IMPLICIT:1,IA5STRING"
			   : is(n, "DNS") ? "IMPLICIT:2,IA5STRING"
			   : is(n, "URI") ? "IMPLICIT:6,IA5STRING"
			   : is(n, "RID") ? "IMPLICIT:8,OID"
					  : NULL;
	return type ? arena_printf(c->arena, "%s:%s", type, n->text) : NULL;
}

int general_names_put_asn1(struct conf_sections *c, struct strbuf *out, const char *const *names,
			   struct err *err)
{
	for (; names && *names; names++) {
		struct name n;
		const char *text = name_split(*names, &n) ? name_asn1(c, &n) : NULL;
		if (!text)
			return wrong(*names, err);
		openssl_conf_put(out, arena_printf(c->arena, "%u", c->count++), text);
	}
	return 0;
}
