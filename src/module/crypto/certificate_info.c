/*
 * x509_certificate_info: what a certificate says, as the host's openssl reads it.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/x509_certificate_info_module.html
 */
#include "../call.h"
#include "../path/whole_file.h"
#include "certificate_text.h"
#include "certificate_time.h"
#include "openssl_run.h"
#include "rollout/base/clock.h"

#include <time.h>

static const char *const encodings[] = {"ignore", "idna", "unicode", NULL};

static const char *check_times(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	for (size_t i = 0; i < v->dict.len; i++) {
		const struct value *time = *ret_at = v->dict.at[i].value;
		int64_t ignored;
		if (time->type != VALUE_STRING ||
		    certificate_time(time->str.ptr, 0, &ignored, NULL) < 0)
			return "a time like +3w, -1d or 20300101000000Z";
	}
	return NULL;
}

static const struct module_param params[] = {
	{.name = "path", .type = MODULE_PATH, .doc = "The certificate, on the host."},
	{.name = "content", .type = MODULE_STR, .doc = "The certificate itself."},
	{.name = "valid_at",
	 .type = MODULE_DICT,
	 .check = check_times,
	 .doc = "Times by name, for each of which the result tells whether it is valid then."},
	{.name = "name_encoding",
	 .type = MODULE_STR,
	 .fallback = "ignore",
	 .choices = encodings,
	 .doc = "Accepted; names are as they are written there."},
	OPENSSL_BACKEND_PARAM,
	{0},
};

static int open_certificate(struct module_call *call, struct slice *ret, struct err *err)
{
	const char *path = arg_str(call, "path");
	bool there = false;
	if (arg_has(call, "content")) {
		*ret = arg_slice(call, "content");
		return 0;
	}
	int r = whole_file_exists(call, path, &there, err);
	if (r == 0 && !there && host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would read %s: %s", path,
			       host_assumes(call->host));
	if (r == 0 && !there)
		return err_set(err, ERR_NOT_FOUND, "The certificate %s does not exist", path);
	return r < 0 ? r : call_read(call, path, ret, err);
}

/* Names with \ for what would end a line: nobody's name makes a date. */
#define NAMES "lname,sep_multiline,space_eq,utf8,esc_ctrl"

static int ask(struct module_call *call, struct slice pem, const char *const *words,
	       struct slice *ret, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, "x509");
	program_add(&p, "-noout");
	program_add(&p, "-nameopt");
	program_add(&p, NAMES);
	program_add_all(&p, words);
	p.stdin_bytes = pem;
	int r = program_read(&p, err);
	*ret = p.out;
	return r < 0 ? err_wrap(err, r, "the certificate cannot be read") : 0;
}

/* --- times ------------------------------------------------------------------- */

static int put_time(struct module_call *call, const char *key, struct slice text, int64_t *ret,
		    struct err *err)
{
	struct tm tm = {0};
	char out[32];
	const char *copy = arena_slice(call->arena, text).ptr;
	const char *end = strptime(copy, "%b %e %H:%M:%S %Y GMT", &tm);
	if (!end || *end)
		return err_set(err, ERR_PROTOCOL, "openssl's time '%s' is none", copy);
	*ret = (int64_t)timegm(&tm);
	(void)strftime(out, sizeof(out), "%Y%m%d%H%M%SZ", &tm);
	result_put_str(call, key, out);
	return 0;
}

static int put_validity(struct module_call *call, struct slice said, struct err *err)
{
	int64_t begin = 0, end = 0, now = clock_realtime_us() / 1000000;
	const struct value *times = value_get(call->args, "valid_at");
	struct value *valid = value_dict_new(call->arena);
	int r = put_time(call, "not_before", certificate_line(said, "notBefore="), &begin, err);
	if (r == 0)
		r = put_time(call, "not_after", certificate_line(said, "notAfter="), &end, err);
	for (size_t i = 0; r == 0 && times && i < times->dict.len; i++) {
		const struct value_pair *pair = &times->dict.at[i];
		int64_t at = 0;
		r = certificate_time(pair->value->str.ptr, now, &at, err);
		value_dict_set(call->arena, valid, pair->key, value_bool(begin <= at && at <= end));
	}
	result_put_bool(call, "expired", end < now);
	result_put(call, "valid_at", valid);
	return r;
}

/* --- names, keys, numbers ------------------------------------------------------ */

/* "subject=" and, indented below, "commonName = x" a line. */
static void put_name(struct module_call *call, const char *key, struct slice said)
{
	struct arena *a = call->arena;
	struct value *dict = value_dict_new(a), *ordered = value_list_new(a);
	struct slice rest = certificate_below(said, arena_printf(a, "%s=", key)), line;
	while (slice_split(&rest, '\n', &line) && slice_starts_with(line, "    ")) {
		const char *equals = memmem(line.ptr, line.len, " = ", 3);
		if (!equals)
			continue;
		struct slice name =
			slice_trim((struct slice){line.ptr, (size_t)(equals - line.ptr)});
		struct slice text = {equals + 3, line.len - (size_t)(equals + 3 - line.ptr)};
		struct value *pair = value_list_new(a), *v = value_str(a, text);
		value_list_push(a, pair, value_str(a, name));
		value_list_push(a, pair, v);
		value_list_push(a, ordered, pair);
		value_dict_set(a, dict, value_str(a, name), v);
	}
	result_put(call, key, dict);
	result_put(call, arena_printf(a, "%s_ordered", key), ordered);
}

static void put_digests(struct module_call *call, const char *key, struct slice pem)
{
	struct value *d = certificate_digests(call->arena, pem);
	if (d)
		result_put(call, key, d);
}

static void put_public_key(struct module_call *call, struct slice said, struct slice text)
{
	static const struct {
		const char *openssl, *type;
	} types[] = {
		{"rsaEncryption", "RSA"}, {"id-ecPublicKey", "ECC"}, {"dsaEncryption", "DSA"},
		{"ED25519", "Ed25519"},	  {"ED448", "Ed448"},	     {"X25519", "X25519"},
		{"X448", "X448"},
	};
	struct slice pem = certificate_pem(said), algorithm;
	const char *type = NULL;
	algorithm = certificate_line(text, "Public Key Algorithm: ");
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_is(algorithm, types[i].openssl))
			type = types[i].type;
	result_put_str(call, "public_key_type",
		       type ? type
			    : arena_printf(call->arena, "unknown (%.*s)", SLICE_ARG(algorithm)));
	result_put(call, "public_key", value_str(call->arena, pem));
	put_digests(call, "public_key_fingerprints", pem);
}

static int describe(struct module_call *call, struct err *err)
{
	static const char *const plain[] = {"-dates",  "-serial", "-subject",
					    "-issuer", "-pubkey", NULL};
	static const char *const whole[] = {"-text", "-certopt", "no_sigdump", NULL};
	struct slice pem = {"", 0}, said = {"", 0}, text = {"", 0};
	int r = open_certificate(call, &pem, err);
	if (r == 0)
		r = ask(call, pem, plain, &said, err);
	if (r == 0)
		r = ask(call, pem, whole, &text, err);
	if (r == 0)
		r = put_validity(call, said, err);
	if (r < 0)
		return r;
	put_name(call, "subject", said);
	put_name(call, "issuer", said);
	put_public_key(call, said, text);
	put_digests(call, "fingerprints", pem);
	result_put(call, "serial_number",
		   certificate_number(call->arena, certificate_line(said, "serial=")));
	certificate_text_put(call, text);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, describe(call, err), err);
}

static const char *const needs[] = {"path|content", NULL};

const struct module module_x509_certificate_info = {
	.name = "x509_certificate_info",
	.full_name = "community.crypto.x509_certificate_info",
	.doc = "Tells what a certificate on the host says.",
	.params = params,
	.required_one_of = needs,
	.mutually_exclusive = needs,
	.run = run,
};
