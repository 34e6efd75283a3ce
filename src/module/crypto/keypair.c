/*
 * openssh_keypair: a key pair of ssh, made on the host by its ssh-keygen.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssh_keypair_module.html
 */
#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "../program.h"
#include "../ssh/ssh_askpass.h"
#include "regenerate.h"
#include "rollout/module/attributes.h"

#include <stdlib.h>

#define PRIVATE_MODE 0600
#define PUBLIC_MODE 0644
#define RSA_BITS 4096
#define EC_BITS 256

static const char *const states[] = {"present", "absent", NULL};
static const char *const types[] = {"rsa", "ecdsa", "ed25519", NULL};

static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The file of the private key; the public one is beside it, .pub."},
	{.name = "type",
	 .type = MODULE_STR,
	 .fallback = "rsa",
	 .choices = types,
	 .doc = "Its algorithm."},
	{.name = "size",
	 .type = MODULE_INT,
	 .doc = "Bits; 4096 of an RSA key and 256 of others without it."},
	{.name = "comment", .type = MODULE_STR, .doc = "Comment of the public key."},
	{.name = "passphrase",
	 .type = MODULE_STR,
	 .secret = true,
	 .doc = "Encrypts the private key at rest."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is there."},
	{.name = "backend", .type = MODULE_STR, .doc = "Accepted; it is the host's ssh-keygen."},
	{.name = "private_key_format", .type = MODULE_STR, .doc = "Accepted; it is OpenSSH's."},
	{.name = "unsafe_writes",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepted; the files are replaced."},
	REGENERATE_PARAMS("partial_idempotence"),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

struct keypair {
	const char *path, *public_path;
	const char *type, *passphrase; /* NULL: none */
	int64_t size;
	struct slice public_key; /* as the private one has it, without comment */
};

static int ask(struct module_call *call, const char *const *words, int *ret_exit, struct slice *ret,
	       struct err *err)
{
	struct program p;
	program_init(&p, call, "ssh-keygen");
	program_add_all(&p, words);
	int r = program_probe(&p, err);
	*ret_exit = p.exit_code;
	*ret = slice_trim(p.out);
	return r;
}

/* "256 SHA256:… comment (ED25519)" */
static bool fits(const struct keypair *k, struct slice line)
{
	const char *open = memrchr(line.ptr, '(', line.len);
	size_t len = strlen(k->type);
	return open && strncasecmp(open + 1, k->type, len) == 0 && open[1 + len] == ')' &&
	       strtoll(line.ptr, NULL, 10) == k->size;
}

/* The public key of the private one, which is read with the passphrase (NULL: with
 * none); a key that is protected otherwise ends it with another exit code. */
static int open_key(struct module_call *call, struct keypair *k, const char *passphrase,
		    int *ret_exit, struct err *err)
{
	struct program p;
	const char *const bare[] = {"-y", "-P", "", "-f", k->path, NULL};
	const char *const asking[] = {"-y", "-f", k->path, NULL};
	if (!passphrase)
		return ask(call, bare, ret_exit, &k->public_key, err);
	ssh_askpass_begin(&p, call, passphrase, "ssh-keygen \"$@\" </dev/null");
	program_add_all(&p, asking);
	int r = program_probe(&p, err);
	*ret_exit = p.exit_code;
	k->public_key = slice_trim(p.out);
	return r;
}

/* Is it as the passphrase says: protected with it, or not at all? */
static int is_readable(struct module_call *call, struct keypair *k, bool *ret, struct err *err)
{
	int exit_code = 0;
	int r = open_key(call, k, NULL, &exit_code, err);
	*ret = r == 0 && exit_code == 0;
	if (r < 0 || !k->passphrase)
		return r;
	if (*ret) {
		*ret = false;
		k->public_key = SLICE_LIT("");
		return 0;
	}
	r = open_key(call, k, k->passphrase, &exit_code, err);
	*ret = r == 0 && exit_code == 0;
	return r;
}

static int look(struct module_call *call, struct keypair *k, enum key_fit *ret, struct err *err)
{
	const char *const list[] = {"-l", "-f", k->path, NULL};
	struct slice line;
	bool there = false, readable = false;
	int exit_code = 0;
	*ret = KEY_ABSENT;
	int r = whole_file_exists(call, k->path, &there, err);
	if (r < 0 || !there)
		return r;
	*ret = KEY_UNREADABLE;
	r = is_readable(call, k, &readable, err);
	if (r < 0 || !readable)
		return r;
	r = ask(call, list, &exit_code, &line, err);
	if (r == 0 && exit_code == 0)
		*ret = fits(k, line) ? KEY_FITS : KEY_DIFFERS;
	return r;
}

/* In a folder of its own, so that nobody else's file is ever in the way. */
static const char script[] = "ssh-keygen -q -f \"$d/key\" \"$@\" </dev/null >&2 && "
			     "cat \"$d/key\" \"$d/key.pub\"";

#define PRIVATE_END "-----END OPENSSH PRIVATE KEY-----\n"

/* The private key stays in memory until it has its place. */
static int generate(struct module_call *call, const struct keypair *k, struct slice *ret_private,
		    struct slice *ret_public, struct err *err)
{
	struct program p;
	const char *comment = arg_str(call, "comment");
	const char *const words[] = {"-t", k->type, "-C", comment ? comment : "", NULL};
	ssh_askpass_begin(&p, call, k->passphrase, script);
	program_add_all(&p, words);
	if (!k->passphrase) {
		program_add(&p, "-N");
		program_add(&p, "");
	}
	if (strcmp(k->type, "ed25519") != 0)
		program_add_fmt(&p, "-b%lld", (long long)k->size);
	int r = program_run(&p, err);
	if (r < 0)
		return r;
	const char *end = memmem(p.out.ptr, p.out.len, PRIVATE_END, strlen(PRIVATE_END));
	if (p.exit_code != 0 || !end)
		return err_set(err, ERR_INVALID, "ssh-keygen ended with %d: %.*s", p.exit_code,
			       SLICE_ARG(slice_trim(p.err)));
	end += strlen(PRIVATE_END);
	*ret_private = (struct slice){p.out.ptr, (size_t)(end - p.out.ptr)};
	*ret_public = (struct slice){end, p.out.len - ret_private->len};
	return 0;
}

static int make(struct module_call *call, const struct keypair *k, struct err *err)
{
	struct slice private, public;
	int r = path_need_folder(call, k->path, err);
	if (r < 0)
		return r;
	result_changed(call);
	host_overlay_assume(call->host,
			    arena_printf(call->arena, "the key %s would be made", k->path));
	if (call->check_mode) {
		/* Nobody knows the public key yet, which the next tasks may want. */
		result_unknown(call, "would make the key %s", k->path);
		return 0;
	}
	r = generate(call, k, &private, &public, err);
	if (r == 0)
		r = whole_file_settle(call, k->path, private, PRIVATE_MODE, true, err);
	return r < 0 ? r : whole_file_put(call, k->public_path, public, PUBLIC_MODE, NULL, err);
}

/* "type base64 comment": the first two. */
static struct slice without_comment(struct slice line)
{
	line = slice_trim(line);
	const char *first = memchr(line.ptr, ' ', line.len);
	const char *second =
		first ? memchr(first + 1, ' ', line.len - (size_t)(first + 1 - line.ptr)) : NULL;
	return second ? (struct slice){line.ptr, (size_t)(second - line.ptr)} : line;
}

/* The public file follows the private one; its comment is the task's, or stays. */
static int settle_public(struct module_call *call, const struct keypair *k, struct err *err)
{
	struct slice old = {"", 0};
	const char *comment = arg_str(call, "comment");
	int r = call_read(call, k->public_path, &old, err);
	if (r < 0)
		return r;
	struct slice key = without_comment(k->public_key), had = without_comment(old);
	bool same = slice_eq(key, had);
	if (same && !comment)
		return 0;
	const char *line = comment && comment[0]
				   ? arena_printf(call->arena, "%.*s %s\n", SLICE_ARG(key), comment)
				   : arena_printf(call->arena, "%.*s\n", SLICE_ARG(key));
	if (same && slice_eq(slice_trim(old), slice_trim(slice_from(line))))
		return 0;
	return whole_file_put(call, k->public_path, slice_from(line), PUBLIC_MODE, NULL, err);
}

static int settle_private(struct module_call *call, const struct keypair *k, struct err *err)
{
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	int r = call->host->ops->stat(call->host, call->arena, k->path, true, &st, err);
	if (r < 0 || st.type == HOST_ABSENT)
		return r;
	r = attributes_wanted(call, &st, &want, err);
	if (want.mode < 0)
		want.mode = PRIVATE_MODE;
	return r < 0 ? r : attributes_apply(call, k->path, &want, err);
}

static int put_results(struct module_call *call, const struct keypair *k, struct err *err)
{
	struct slice public = {"", 0}, line = {"", 0}, word = {"", 0};
	const char *const list[] = {"-l", "-f", k->public_path, NULL};
	int exit_code = 0;
	result_put_str(call, "filename", k->path);
	result_put_str(call, "type", k->type);
	result_put_int(call, "size", k->size);
	if (call->check_mode && host_assumes(call->host))
		return 0;
	int r = call_read(call, k->public_path, &public, err);
	if (r == 0)
		r = ask(call, list, &exit_code, &line, err);
	if (r < 0)
		return r;
	(void)slice_split(&line, ' ', &word);
	(void)slice_split(&line, ' ', &word);
	struct slice key = without_comment(public), all = slice_trim(public);
	result_put(call, "public_key", value_str(call->arena, key));
	result_put(call, "fingerprint", value_str(call->arena, word));
	result_put(call, "comment",
		   value_str(call->arena,
			     slice_trim((struct slice){all.ptr + key.len, all.len - key.len})));
	return 0;
}

static int present(struct module_call *call, struct keypair *k, struct err *err)
{
	enum key_fit fit;
	bool anew = false;
	int r = call_check_line("comment", arg_slice(call, "comment"), err);
	if (r == 0)
		r = ssh_askpass_check("passphrase", k->passphrase, err);
	if (r == 0)
		r = look(call, k, &fit, err);
	if (r == 0)
		r = regenerate_decide(call, k->path, fit, &anew, err);
	if (r == 0 && anew)
		r = make(call, k, err);
	else if (r == 0 && k->public_key.len)
		r = settle_public(call, k, err);
	if (r == 0)
		r = settle_private(call, k, err);
	return r < 0 ? r : put_results(call, k, err);
}

static int absent(struct module_call *call, const struct keypair *k, struct err *err)
{
	const char *const paths[] = {k->path, k->public_path};
	for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
		bool there = false;
		int r = whole_file_exists(call, paths[i], &there, err);
		if (r == 0 && there) {
			result_changed(call);
			r = call->host->ops->remove(call->host, paths[i], false, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	struct keypair k = {.path = call_absolute_path(call, NULL, arg_str(call, "path")),
			    .type = arg_str(call, "type"),
			    .passphrase = arg_str(call, "passphrase"),
			    .public_key = {"", 0}};
	if (k.passphrase && !k.passphrase[0])
		k.passphrase = NULL;
	k.public_path = arena_printf(call->arena, "%s.pub", k.path);
	k.size = arg_int(call, "size", strcmp(k.type, "rsa") == 0 ? RSA_BITS : EC_BITS);
	int r = strcmp(arg_str(call, "state"), "absent") == 0 ? absent(call, &k, err)
							      : present(call, &k, err);
	return program_settle(call, r, err);
}

const struct module module_openssh_keypair = {
	.name = "openssh_keypair",
	.full_name = "community.crypto.openssh_keypair",
	.doc = "Makes a key pair of ssh on the host.",
	.params = params,
	.run = run,
};
