/* YAML, digests, UUIDs. */
#include "filter.h"

#include "rollout/base/digest.h"
#include "rollout/value/yaml.h"

#include <ctype.h>
#include <openssl/evp.h>

/* What YAML cannot hold becomes text. */
static int plain_tree(struct eval *ev, const struct value *v, unsigned depth,
		      const struct value **ret, struct err *err)
{
	int r;
	CLEANUP(strbuf_release) struct strbuf b = {0};
	if ((r = eval_use(ev, v, err)) < 0 || (r = eval_step(ev, 1, err)) < 0)
		return r;
	if (depth > 60)
		return err_set(err, ERR_LIMIT, "nested deeper than 60");
	*ret = v;
	if (v->type == VALUE_OBJECT) {
		if ((r = print_str(ev, &b, v, err)) == 0)
			*ret = str_buf(ev, &b);
		return r;
	}
	struct value *copy = is_list(v) ? list_new(ev) : is_dict(v) ? dict_new(ev) : NULL;
	const struct value *item;
	for (size_t i = 0; is_list(v) && i < v->list.len; i++) {
		if ((r = plain_tree(ev, v->list.at[i], depth + 1, &item, err)) < 0)
			return r;
		list_push(ev, copy, item);
	}
	for (size_t i = 0; is_dict(v) && i < v->dict.len; i++) {
		if ((r = plain_tree(ev, v->dict.at[i].value, depth + 1, &item, err)) < 0)
			return r;
		value_dict_set(ev->arena, copy, v->dict.at[i].key, item);
	}
	if (copy)
		*ret = copy;
	return 0;
}

static int write_yaml(struct call *c, struct yaml_style style, const struct value **ret,
		      struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	const struct value *v, *flow = c->arg[1], *quote = c->arg[6];
	int64_t indent, width;
	int r;
	if ((r = plain_tree(c->ev, c->in, 0, &v, err)) < 0 ||
	    (r = call_int(c, 0, style.indent, &indent, err)) < 0 ||
	    (r = call_int(c, 2, YAML_WIDTH, &width, err)) < 0 ||
	    (r = call_bool(c, 3, true, &style.sort_keys, err)) < 0 ||
	    (r = call_bool(c, 4, false, &style.explicit_start, err)) < 0 ||
	    (r = call_bool(c, 5, false, &style.explicit_end, err)) < 0)
		return r;
	if (indent < 1 || indent > 9)
		return err_set(err, ERR_INVALID, "an indent from 1 to 9 is needed");
	style.indent = (unsigned)(indent < 2 ? 2 : indent);
	style.width = width > 0 && width < 1000000 ? (unsigned)width : 0;
	if (quote && quote->type != VALUE_NULL) {
		if (!is_str(quote) || quote->str.len != 1 || !strchr("'\"|>", quote->str.ptr[0]))
			return err_set(err, ERR_INVALID, "default_style is one of ' \" | >");
		style.scalar = quote->str.ptr[0];
		style.flow_leaves = false; /* only those of plain scalars are */
	}
	if (flow && flow->type != VALUE_NULL) {
		style.flow = value_truthy(flow);
		style.flow_leaves = false;
	}
	yaml_emit_styled(&b, v, &style);
	/* Ansible's dumper (libyaml's) does not end a plain scalar with "...". */
	if (b.len > 4 && !is_list(v) && !is_dict(v) && !strcmp(b.ptr + b.len - 5, "\n...\n"))
		strbuf_truncate(&b, b.len - 4);
	*ret = str_buf(c->ev, &b);
	return 0;
}
FN(f_to_yaml)
{
	return write_yaml(c, (struct yaml_style){.indent = 2, .flow_leaves = true}, ret, err);
}
FN(f_to_nice_yaml)
{
	return write_yaml(c, (struct yaml_style){.indent = 4}, ret, err);
}

static int read_yaml(struct call *c, bool all, const struct value **ret, struct err *err)
{
	struct err inner = {0};
	*ret = c->in;
	if (!is_str(c->in))
		return 0;
	int r = all ? yaml_parse_all(c->ev->arena, NULL, c->in->str, ret, &inner)
		    : yaml_parse(c->ev->arena, NULL, c->in->str, ret, &inner);
	if (r < 0)
		return err_set(err, ERR_INVALID, "not YAML: line %u column %u: %s", inner.at.line,
			       inner.at.column, inner.msg);
	return 0;
}
FN(f_from_yaml)
{
	return read_yaml(c, false, ret, err);
}
FN(f_from_yaml_all)
{
	return read_yaml(c, true, ret, err);
}

static int digest(struct call *c, enum digest_algorithm alg, const struct value **ret,
		  struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	struct slice s;
	int r = in_text(c, &s, err);
	if (r < 0)
		return r;
	digest_bytes(alg, s.ptr, s.len, hex);
	*ret = value_cstr(c->ev->arena, hex);
	return 0;
}
FN(f_sha1)
{
	return digest(c, DIGEST_SHA1, ret, err);
}
FN(f_md5)
{
	return digest(c, DIGEST_MD5, ret, err);
}
/* Those of hashlib that only OpenSSL has, by its names. */
static const struct {
	const char *name, *openssl;
} more_digests[] = {
	{"blake2b", "BLAKE2B512"},    {"blake2s", "BLAKE2S256"},
	{"ripemd160", "RIPEMD160"},   {"sha3_224", "SHA3-224"},
	{"sha3_256", "SHA3-256"},     {"sha3_384", "SHA3-384"},
	{"sha3_512", "SHA3-512"},     {"sha512_224", "SHA512-224"},
	{"sha512_256", "SHA512-256"}, {"sm3", "SM3"},
};

/* false: there is none of that name. */
static bool other_digest(struct slice name, struct slice text, struct strbuf *hex)
{
	unsigned char raw[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	const EVP_MD *md = NULL;
	for (size_t i = 0; i < ARRAY_LEN(more_digests); i++)
		if (slice_is(name, more_digests[i].name))
			md = EVP_get_digestbyname(more_digests[i].openssl);
	if (!md || EVP_Digest(text.ptr, text.len, raw, &n, md, NULL) != 1)
		return false;
	for (unsigned i = 0; i < n; i++)
		strbuf_printf(hex, "%02x", raw[i]);
	return true;
}

FN(f_hash)
{
	CLEANUP(strbuf_release) struct strbuf hex = {0};
	enum digest_algorithm alg;
	struct slice text;
	struct slice name;
	int r = call_text(c, 0, "sha1", &name, err);
	if (r < 0)
		return r;
	if (digest_by_name(name, &alg))
		return digest(c, alg, ret, err);
	if ((r = in_text(c, &text, err)) < 0)
		return r;
	if (!other_digest(name, text, &hex))
		return err_set(err, ERR_UNSUPPORTED,
			       "hash: '%.*s' is not md5, sha1, sha256 or another of hashlib's",
			       SLICE_ARG(name));
	*ret = str_buf(c->ev, &hex);
	return 0;
}

static bool parse_uuid(struct slice s, unsigned char out[16])
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++) {
		int ch = tolower((unsigned char)s.ptr[i]);
		if (ch == '-' || ch == '{' || ch == '}')
			continue;
		if (!isxdigit(ch) || n == 32)
			return false;
		unsigned d = (unsigned)(isdigit(ch) ? ch - '0' : ch - 'a' + 10);
		out[n / 2] = (unsigned char)(n % 2 ? out[n / 2] | d : d << 4);
		n++;
	}
	return n == 32;
}

/* RFC 4122 section 4.3, version 5. */
FN(f_to_uuid)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	unsigned char ns[16];
	char hex[DIGEST_HEX_MAX];
	struct slice s, space;
	int r;
	if ((r = in_text(c, &s, err)) < 0 ||
	    (r = call_text(c, 0, "361E6D51-FAEC-444A-9079-341386DA8E2E", &space, err)) < 0)
		return r;
	if (!parse_uuid(space, ns))
		return err_set(err, ERR_INVALID, "the namespace is not a UUID");
	strbuf_append(&b, ns, sizeof(ns));
	strbuf_slice_append(&b, s);
	digest_bytes(DIGEST_SHA1, b.ptr, b.len, hex);
	hex[12] = '5';
	int variant = isdigit((unsigned char)hex[16]) ? hex[16] - '0' : hex[16] - 'a' + 10;
	hex[16] = "89ab"[variant & 3];
	*ret = value_fmt(c->ev->arena, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12,
			 hex + 16, hex + 20);
	return 0;
}

const struct function filters_encode[] = {
	{"to_yaml",
	 "indent,default_flow_style,width,sort_keys,explicit_start,explicit_end,default_style", 0,
	 FN_KWARGS | FN_TEXT, f_to_yaml},
	{"to_nice_yaml",
	 "indent,default_flow_style,width,sort_keys,explicit_start,explicit_end,default_style", 0,
	 FN_KWARGS | FN_TEXT, f_to_nice_yaml},
	{"from_yaml", "", 0, 0, f_from_yaml},
	{"from_yaml_all", "", 0, 0, f_from_yaml_all},
	{"sha1", "", 0, 0, f_sha1},
	{"checksum", "", 0, 0, f_sha1},
	{"md5", "", 0, 0, f_md5},
	{"hash", "hashtype", 0, 0, f_hash},
	{"to_uuid", "namespace", 0, 0, f_to_uuid},
	{0},
};
