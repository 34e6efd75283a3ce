/* AES256 of Ansible Vault, by OpenSSL. Keys are overwritten when they go. */
#include "hex.h"
#include "rollout/vault/vault.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#define ROUNDS 10000
#define KEY_BYTES 32u
#define BLOCK_BYTES 16u
#define MAC_BYTES 32u
#define SALT_BYTES 32u
#define LINE_BYTES 80u

struct keys {
	unsigned char cipher[KEY_BYTES], mac[KEY_BYTES], counter[BLOCK_BYTES];
};

static void keys_wipe(struct keys *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

static const unsigned char *bytes(struct slice s)
{
	return (const unsigned char *)s.ptr;
}

static int broken(struct err *err)
{
	return err_set(err, ERR_CRYPTO, "OpenSSL failed to work with a vault");
}

static int derive(struct slice password, struct slice salt, struct keys *ret, struct err *err)
{
	unsigned char all[sizeof(*ret)];
	int done = PKCS5_PBKDF2_HMAC(password.ptr, (int)password.len, bytes(salt), (int)salt.len,
				     ROUNDS, EVP_sha256(), sizeof(all), all);
	if (done) {
		memcpy(ret->cipher, all, KEY_BYTES);
		memcpy(ret->mac, all + KEY_BYTES, KEY_BYTES);
		memcpy(ret->counter, all + (size_t)2 * KEY_BYTES, BLOCK_BYTES);
	}
	OPENSSL_cleanse(all, sizeof(all));
	return done ? 0 : broken(err);
}

static int authenticate(const struct keys *k, struct slice text, unsigned char mac[MAC_BYTES],
			struct err *err)
{
	unsigned len = 0;
	if (!HMAC(EVP_sha256(), k->mac, KEY_BYTES, bytes(text), text.len, mac, &len) ||
	    len != MAC_BYTES)
		return broken(err);
	return 0;
}

/* Counter mode: the same in both directions. */
static int apply(const struct keys *k, struct slice in, struct strbuf *out, struct err *err)
{
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char *to = (unsigned char *)strbuf_reserve(out, in.len + BLOCK_BYTES);
	int len = 0, last = 0;
	bool done = ctx &&
		    EVP_EncryptInit_ex(ctx, EVP_aes_256_ctr(), NULL, k->cipher, k->counter) &&
		    EVP_EncryptUpdate(ctx, to, &len, bytes(in), (int)in.len) &&
		    EVP_EncryptFinal_ex(ctx, to + len, &last);
	EVP_CIPHER_CTX_free(ctx);
	if (!done)
		return broken(err);
	strbuf_grew(out, (size_t)len + (size_t)last);
	return 0;
}

static void put_header(struct strbuf *out, struct slice id)
{
	bool plain = id.len == 0 || slice_is(id, VAULT_ID_DEFAULT);
	strbuf_printf(out, ENCRYPTED_HEADER "%s;AES256", plain ? "1.1" : "1.2");
	if (!plain)
		strbuf_printf(out, ";%.*s", SLICE_ARG(id));
	strbuf_putc(out, '\n');
}

static void put_lines(struct strbuf *out, struct slice hex)
{
	for (size_t i = 0; i < hex.len; i += LINE_BYTES) {
		size_t n = hex.len - i < LINE_BYTES ? hex.len - i : LINE_BYTES;
		strbuf_append(out, hex.ptr + i, n);
		strbuf_putc(out, '\n');
	}
}

static void put_body(struct strbuf *out, struct slice salt, struct slice mac, struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf inner = {0}, outer = {0};
	hex_encode(&inner, salt);
	strbuf_putc(&inner, '\n');
	hex_encode(&inner, mac);
	strbuf_putc(&inner, '\n');
	hex_encode(&inner, text);
	hex_encode(&outer, strbuf_slice(&inner));
	put_lines(out, strbuf_slice(&outer));
}

static void pad(struct strbuf *b, struct slice plain)
{
	size_t n = BLOCK_BYTES - plain.len % BLOCK_BYTES;
	strbuf_reserve(b, plain.len + n);
	strbuf_slice_append(b, plain);
	for (size_t i = 0; i < n; i++)
		strbuf_putc(b, (char)n);
}

int vault_encrypt(struct slice plain, struct slice password, struct slice id, struct slice salt,
		  struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf padded = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(keys_wipe) struct keys keys;
	unsigned char fresh[SALT_BYTES], mac[MAC_BYTES];
	int r = vault_id_check(id, err);
	if (r < 0)
		return r;
	if (plain.len > ENCRYPTED_MAX_BYTES / 4 - 1024)
		return err_set(err, ERR_LIMIT, "a vault holds at most %u bytes",
			       ENCRYPTED_MAX_BYTES / 4 - 1024);
	if (salt.len == 0 && RAND_bytes(fresh, sizeof(fresh)) != 1)
		return broken(err);
	if (salt.len == 0)
		salt = (struct slice){(const char *)fresh, sizeof(fresh)};
	if ((r = derive(password, salt, &keys, err)) < 0)
		return r;
	pad(&padded, plain);
	if ((r = apply(&keys, strbuf_slice(&padded), &text, err)) < 0 ||
	    (r = authenticate(&keys, strbuf_slice(&text), mac, err)) < 0)
		return r;
	put_header(out, id);
	put_body(out, salt, (struct slice){(const char *)mac, sizeof(mac)}, strbuf_slice(&text));
	return 0;
}

struct parts {
	struct strbuf salt, mac, text;
};

static void parts_release(struct parts *p)
{
	strbuf_release(&p->salt);
	strbuf_release(&p->mac);
	strbuf_release(&p->text);
}

static bool split(struct slice body, struct parts *ret)
{
	CLEANUP(strbuf_release) struct strbuf inner = {0};
	struct slice salt, mac;
	if (!hex_decode(&inner, body))
		return false;
	struct slice rest = strbuf_slice(&inner);
	return slice_split(&rest, '\n', &salt) && slice_split(&rest, '\n', &mac) && rest.ptr &&
	       hex_decode(&ret->salt, salt) && hex_decode(&ret->mac, mac) &&
	       hex_decode(&ret->text, rest) && ret->mac.len == MAC_BYTES && ret->text.len > 0 &&
	       ret->text.len % BLOCK_BYTES == 0;
}

/* The length without the padding; false when there is none such. */
static bool unpad(struct strbuf *b)
{
	size_t n = b->len ? (unsigned char)b->ptr[b->len - 1] : 0;
	if (n == 0 || n > BLOCK_BYTES || n > b->len)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)b->ptr[b->len - 1 - i] != n)
			return false;
	strbuf_truncate(b, b->len - n);
	return true;
}

static int decrypt(const struct parts *p, struct slice password, struct srcloc at,
		   struct strbuf *out, struct err *err)
{
	CLEANUP(keys_wipe) struct keys keys;
	CLEANUP(strbuf_wipe) struct strbuf plain = {0};
	unsigned char mac[MAC_BYTES];
	int r = derive(password, strbuf_slice(&p->salt), &keys, err);
	if (r == 0)
		r = authenticate(&keys, strbuf_slice(&p->text), mac, err);
	if (r < 0)
		return r;
	if (CRYPTO_memcmp(mac, p->mac.ptr, MAC_BYTES) != 0)
		return err_at(err, ERR_CRYPTO, at, "the vault password is wrong");
	if ((r = apply(&keys, strbuf_slice(&p->text), &plain, err)) < 0)
		return r;
	if (!unpad(&plain))
		return err_at(err, ERR_SYNTAX, at, "a vault whose text is not padded as it must");
	strbuf_slice_append(out, strbuf_slice(&plain));
	return 0;
}

int vault_decrypt(struct slice envelope, struct slice password, struct srcloc at,
		  struct strbuf *out, struct err *err)
{
	CLEANUP(parts_release) struct parts parts = {0};
	struct vault_envelope e;
	int r = vault_envelope_parse(envelope, at, &e, err);
	if (r < 0)
		return r;
	if (!split(e.body, &parts))
		return err_at(err, ERR_SYNTAX, at,
			      "a vault whose body is damaged: salt, HMAC and text in hex "
			      "are expected below its header");
	return decrypt(&parts, password, at, out, err);
}
