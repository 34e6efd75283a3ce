#include "rollout/value/encrypted.h"

#include "rollout/base/file.h"
#include "rollout/value/secret.h"

#include <fcntl.h>
#include <unistd.h>

#define MAX_DEPTH 256u

static struct decryptor decryptor;

void encrypted_set_decryptor(struct decryptor d)
{
	decryptor = d;
}

bool encrypted_is(struct slice text)
{
	return slice_starts_with(text, ENCRYPTED_HEADER);
}

int encrypted_check_header(struct slice text, struct srcloc at, struct err *err)
{
	struct slice rest = text, line, part[3] = {{0}};
	size_t n = 0;
	(void)slice_split(&rest, '\n', &line);
	for (; n < ARRAY_LEN(part) && slice_split(&line, ';', &part[n]); n++)
		part[n] = slice_trim(part[n]);
	if (n < 3)
		return err_at(err, ERR_SYNTAX, at,
			      "not a vault of Ansible's format: the header has no cipher");
	bool shown = part[1].len < 20;
	for (size_t i = 0; i < part[1].len; i++)
		shown &= (unsigned char)part[1].ptr[i] >= ' ' && part[1].ptr[i] != 0x7F;
	if (!slice_is(part[1], "1.1") && !slice_is(part[1], "1.2"))
		return err_at(err, ERR_UNSUPPORTED, at,
			      "a vault of version %.*s is not supported, but 1.1 and 1.2",
			      SLICE_ARG(shown ? part[1] : SLICE_LIT("?")));
	if (!slice_is(part[2], "AES256"))
		return err_at(err, ERR_UNSUPPORTED, at,
			      "a vault with another cipher than AES256 is not supported");
	return 0;
}

int encrypted_open(struct slice envelope, struct srcloc at, struct strbuf *out, struct err *err)
{
	if (!decryptor.ops)
		return err_at(err, ERR_CRYPTO, at,
			      "this is encrypted with Ansible Vault, and no vault password was "
			      "given: --vault-password-file, --vault-id or --ask-vault-pass");
	return decryptor.ops->decrypt(decryptor.self, envelope, at, out, err);
}

int encrypted_value_open(struct arena *a, const struct value *v, const struct value **ret,
			 struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	*ret = v;
	if (!(v->flags & VALUE_ENCRYPTED))
		return 0;
	int r = encrypted_open(v->str, v->at, &text, err);
	if (r < 0)
		return r;
	secret_remember(strbuf_slice(&text));
	struct value *plain = value_str(a, strbuf_slice(&text));
	plain->at = v->at;
	plain->flags = VALUE_SECRET | VALUE_UNSAFE | VALUE_VAULTED;
	*ret = plain;
	return 0;
}

static int check(const struct value *v, unsigned depth, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int r = 0;
	if (v->flags & VALUE_ENCRYPTED)
		return encrypted_open(v->str, v->at, &text, err);
	if (depth > MAX_DEPTH)
		return 0;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len && r == 0; i++)
		r = check(v->list.at[i], depth + 1, err);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len && r == 0; i++)
		r = check(v->dict.at[i].value, depth + 1, err);
	return r;
}

int encrypted_check(const struct value *tree, struct err *err)
{
	return decryptor.eager ? check(tree, 0, err) : 0;
}

bool encrypted_is_eager(void)
{
	return decryptor.eager;
}

int encrypted_check_file(const char *path, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	bool secret = false;
	if (!decryptor.eager || !encrypted_file_is(path))
		return 0;
	return encrypted_file_read(path, ENCRYPTED_MAX_BYTES, &text, &secret, err);
}

static bool holds(const struct value *v, unsigned depth)
{
	if ((v->flags & VALUE_ENCRYPTED) || depth > MAX_DEPTH)
		return v->flags & VALUE_ENCRYPTED;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len; i++)
		if (holds(v->list.at[i], depth + 1))
			return true;
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len; i++)
		if (holds(v->dict.at[i].value, depth + 1))
			return true;
	return false;
}

bool encrypted_holds(const struct value *tree)
{
	return holds(tree, 0);
}

bool encrypted_file_is(const char *path)
{
	char start[sizeof(ENCRYPTED_HEADER) - 1];
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : pread(fd, start, sizeof(start), 0);
	return n == (ssize_t)sizeof(start) && memcmp(start, ENCRYPTED_HEADER, sizeof(start)) == 0;
}

int encrypted_file_read(const char *path, size_t max_bytes, struct strbuf *out, bool *ret_secret,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf envelope = {0};
	CLEANUP(strbuf_wipe) struct strbuf plain = {0};
	if (!encrypted_file_is(path))
		return file_read(path, max_bytes, out, err);
	const struct srcloc at = {srcfile_intern(path), 1, 1};
	int r = file_read(path, ENCRYPTED_MAX_BYTES, &envelope, err);
	if (r == 0)
		r = encrypted_open(strbuf_slice(&envelope), at, &plain, err);
	if (r < 0)
		return r;
	if (plain.len > max_bytes)
		return err_at(err, ERR_LIMIT, at, "decrypted it is larger than %zu bytes",
			      max_bytes);
	strbuf_slice_append(out, strbuf_slice(&plain));
	*ret_secret = true;
	return 0;
}
