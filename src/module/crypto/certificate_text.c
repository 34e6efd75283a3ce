#include "certificate_text.h"

#include "rollout/base/digest.h"

#include <ctype.h>
#include <stdlib.h>

#define NUMBER_DIGITS_MAX 128u

struct slice certificate_line(struct slice text, const char *begin)
{
	struct slice line;
	size_t len = strlen(begin);
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (slice_starts_with(line, begin))
			return slice_trim((struct slice){line.ptr + len, line.len - len});
	}
	return (struct slice){"", 0};
}

struct slice certificate_below(struct slice text, const char *line)
{
	struct slice one;
	while (slice_split(&text, '\n', &one))
		if (slice_is(slice_trim(one), line))
			return text;
	return (struct slice){"", 0};
}

struct slice certificate_pem(struct slice text)
{
	static const char first[] = "-----BEGIN ", last[] = "-----END ";
	const char *end = text.ptr + text.len;
	const char *from = memmem(text.ptr, text.len, first, strlen(first));
	const char *to = from ? memmem(from, (size_t)(end - from), last, strlen(last)) : NULL;
	const char *stop = to ? memchr(to, '\n', (size_t)(end - to)) : NULL;
	if (!to)
		return (struct slice){"", 0};
	return (struct slice){from, (size_t)((stop ? stop + 1 : end) - from)};
}

/* digits = digits * 16 + more, the lowest first. */
static size_t add_nibble(unsigned char *digits, size_t len, unsigned more)
{
	for (size_t i = 0; i < len; i++) {
		more += digits[i] * 16u;
		digits[i] = (unsigned char)(more % 10);
		more /= 10;
	}
	for (; more; more /= 10)
		digits[len++] = (unsigned char)(more % 10);
	return len;
}

const struct value *certificate_number(struct arena *a, struct slice hex)
{
	unsigned char digits[2 * NUMBER_DIGITS_MAX];
	char text[sizeof(digits) + 2];
	bool negative = slice_starts_with(hex, "-");
	size_t len = 0, n = 0;
	for (size_t i = negative; i < hex.len && i < NUMBER_DIGITS_MAX; i++) {
		int c = tolower((unsigned char)hex.ptr[i]);
		if (!isxdigit(c))
			return value_null();
		len = add_nibble(digits, len, (unsigned)(isdigit(c) ? c - '0' : c - 'a' + 10));
	}
	if (negative)
		text[n++] = '-';
	if (!len)
		text[n++] = '0';
	while (len)
		text[n++] = (char)('0' + digits[--len]);
	text[n] = '\0';
	return n < 19 ? value_int(a, strtoll(text, NULL, 10)) : value_cstr(a, text);
}

static const char *with_colons(struct arena *a, const char *hex)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (; hex[0] && hex[1]; hex += 2)
		strbuf_printf(&out, "%s%.2s", out.len ? ":" : "", hex);
	return arena_slice(a, strbuf_slice(&out)).ptr;
}

int certificate_der(struct slice pem, struct strbuf *out)
{
	struct slice body = certificate_pem(pem), line;
	const char *last = memmem(body.ptr, body.len, "-----END ", 9);
	if (!last || !slice_split(&body, '\n', &line) || last < body.ptr)
		return ERR_INVALID;
	body.len = (size_t)(last - body.ptr);
	return base64_decode(out, body, NULL);
}

struct value *certificate_digests(struct arena *a, struct slice pem)
{
	static const char *const names[] = {"md5", "sha1", "sha224", "sha256", "sha384", "sha512"};
	CLEANUP(strbuf_release) struct strbuf der = {0};
	struct value *out = value_dict_new(a);
	if (!certificate_pem(pem).len)
		strbuf_slice_append(&der, pem);
	else if (certificate_der(pem, &der) < 0)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		enum digest_algorithm alg;
		char hex[DIGEST_HEX_MAX];
		if (!digest_by_name(slice_from(names[i]), &alg))
			continue;
		digest_bytes(alg, der.ptr, der.len, hex);
		value_dict_put(a, out, names[i], value_cstr(a, with_colons(a, hex)));
	}
	return out;
}

/* --- extensions ------------------------------------------------------------------ */

struct extension {
	bool there, critical;
	struct slice text; /* its first line */
};

/* "X509v3 Key Usage: critical", and its text below. */
static struct extension find(struct slice text, const char *name)
{
	struct slice line;
	size_t len = strlen(name);
	text = certificate_below(text, "X509v3 extensions:");
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (!slice_starts_with(line, name) || line.len <= len || line.ptr[len] != ':')
			continue;
		struct extension x = {.there = true, .text = {"", 0}};
		x.critical =
			slice_is(slice_trim((struct slice){line.ptr + len + 1, line.len - len - 1}),
				 "critical");
		(void)slice_split(&text, '\n', &x.text);
		x.text = slice_trim(x.text);
		return x;
	}
	return (struct extension){.text = {"", 0}};
}

/* openssl's words for kinds of names, and community.crypto's. */
static const struct value *name_value(struct arena *a, struct slice item)
{
	static const struct {
		const char *openssl, *ours;
	} kinds[] = {{"IP Address:", "IP:"}, {"Registered ID:", "RID:"}, {"DirName:", "dirName:"}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		size_t len = strlen(kinds[i].openssl);
		if (slice_starts_with(item, kinds[i].openssl))
			return value_fmt(a, "%s%.*s", kinds[i].ours, (int)(item.len - len),
					 item.ptr + len);
	}
	return value_str(a, item);
}

/* Of "a, b": a list, or null without the extension. */
static void put_list(struct module_call *call, const char *key, const struct extension *x)
{
	struct value *list = value_list_new(call->arena);
	struct slice rest = x->text, item;
	while (rest.len && slice_split(&rest, ',', &item))
		value_list_push(call->arena, list, name_value(call->arena, slice_trim(item)));
	result_put(call, key, x->there ? list : value_null());
	result_put_bool(call, arena_printf(call->arena, "%s_critical", key), x->critical);
}

/* "keyid:AA:BB" or "AA:BB". */
static void put_identifier(struct module_call *call, const char *key, const struct extension *x)
{
	struct slice text = x->text;
	if (slice_starts_with(text, "keyid:"))
		text = (struct slice){text.ptr + 6, text.len - 6};
	char *lower = arena_strndup(call->arena, text.ptr, text.len);
	bool fits = text.len > 0 && strspn(lower, "0123456789ABCDEFabcdef:") == text.len;
	for (char *c = lower; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	result_put(call, key, fits ? value_cstr(call->arena, lower) : value_null());
}

static void put_uri(struct module_call *call, const char *key, struct slice text, const char *kind)
{
	struct slice extensions = certificate_below(text, "X509v3 extensions:");
	struct slice uri = certificate_line(extensions, kind);
	result_put(call, key, uri.len ? value_str(call->arena, uri) : value_null());
}

void certificate_text_put(struct module_call *call, struct slice text)
{
	static const struct {
		const char *key, *name;
	} lists[] = {
		{"subject_alt_name", "X509v3 Subject Alternative Name"},
		{"key_usage", "X509v3 Key Usage"},
		{"extended_key_usage", "X509v3 Extended Key Usage"},
		{"basic_constraints", "X509v3 Basic Constraints"},
	};
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		struct extension x = find(text, lists[i].name);
		put_list(call, lists[i].key, &x);
	}
	struct extension staple = find(text, "TLS Feature");
	struct extension subject = find(text, "X509v3 Subject Key Identifier");
	struct extension authority = find(text, "X509v3 Authority Key Identifier");
	bool staples =
		staple.there && memmem(staple.text.ptr, staple.text.len, "status_request", 14);
	result_put(call, "ocsp_must_staple", staples ? value_bool(true) : value_null());
	result_put_bool(call, "ocsp_must_staple_critical", staple.critical);
	put_identifier(call, "subject_key_identifier", &subject);
	put_identifier(call, "authority_key_identifier", &authority);
	put_uri(call, "ocsp_uri", text, "OCSP - URI:");
	put_uri(call, "issuer_uri", text, "CA Issuers - URI:");
	result_put(call, "signature_algorithm",
		   value_str(call->arena, certificate_line(text, "Signature Algorithm: ")));
	struct slice version = certificate_line(text, "Version: ");
	result_put_int(call, "version", version.len ? strtoll(version.ptr, NULL, 10) : 0);
}
