#include "key.h"

#include <openssl/err.h>
#include <openssl/objects.h>
#include <openssl/pkcs12.h>
#include <openssl/rsa.h>

static const struct {
	const char *name;
	const char *algorithm; /* OpenSSL's */
	const char *curve;     /* of EC */
	int bits;
} types[] = {
	[KEY_ECDSA_P256] = {"ecdsa-p256", "EC", "P-256", 256},
	[KEY_ECDSA_P384] = {"ecdsa-p384", "EC", "P-384", 384},
	[KEY_RSA_2048] = {"rsa-2048", "RSA", NULL, 2048},
	[KEY_RSA_4096] = {"rsa-4096", "RSA", NULL, 4096},
	[KEY_ED25519] = {"ed25519", "ED25519", NULL, 0},
};

bool key_type_by_name(const char *name, enum key_type *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		if (strcmp(types[i].name, name) == 0) {
			*ret = (enum key_type)i;
			return true;
		}
	}
	return false;
}

const char *key_type_name(enum key_type type)
{
	return types[type].name;
}

int key_generate(enum key_type type, EVP_PKEY **ret, struct err *err)
{
	EVP_PKEY *key;
	if (types[type].curve)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", types[type].curve);
	else if (types[type].bits)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)types[type].bits);
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, types[type].algorithm);
	if (!key)
		return openssl_err(err, "make a key (%s)", types[type].name);
	*ret = key;
	return 0;
}

bool key_is_type(const EVP_PKEY *key, enum key_type type)
{
	if (!EVP_PKEY_is_a(key, types[type].algorithm))
		return false;
	if (types[type].bits && EVP_PKEY_get_bits(key) != types[type].bits)
		return false;
	if (!types[type].curve)
		return true;
	char group[64] = "";
	size_t len = 0;
	if (!EVP_PKEY_get_group_name(key, group, sizeof(group), &len))
		return false;
	int nid = OBJ_txt2nid(group);
	return nid != NID_undef && nid == EC_curve_nist2nid(types[type].curve);
}

bool key_is_rsa(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "RSA");
}

const EVP_MD *key_digest(const EVP_PKEY *key)
{
	if (EVP_PKEY_is_a(key, "ED25519"))
		return NULL;
	return key_is_type(key, KEY_ECDSA_P384) ? EVP_sha384() : EVP_sha256();
}

int key_passphrase_check(const char *passphrase, struct err *err)
{
	if (!passphrase)
		return 0;
	size_t len = strlen(passphrase);
	if (len < KEY_PASSPHRASE_MIN)
		return err_set(err, ERR_INVALID, "a passphrase needs at least %d characters",
			       KEY_PASSPHRASE_MIN);
	if (len > KEY_PASSPHRASE_MAX)
		return err_set(err, ERR_LIMIT, "a passphrase has at most %d characters",
			       KEY_PASSPHRASE_MAX);
	return 0;
}

/* PEM_write_bio_PKCS8PrivateKey derives with 2048 rounds; this with KEY_KDF_ITERATIONS. */
static int write_encrypted(BIO *bio, const EVP_PKEY *key, const char *passphrase)
{
	PKCS8_PRIV_KEY_INFO *plain = EVP_PKEY2PKCS8(key);
	X509_ALGOR *pbe = PKCS5_pbe2_set_iv(EVP_aes_256_cbc(), KEY_KDF_ITERATIONS, NULL, 0, NULL,
					    NID_hmacWithSHA256);
	X509_SIG *sealed = NULL;
	int ok = 0;
	if (plain && pbe)
		sealed = PKCS8_set0_pbe(passphrase, (int)strlen(passphrase), plain, pbe);
	if (sealed)
		ok = PEM_write_bio_PKCS8(bio, sealed); /* sealed owns pbe */
	else
		X509_ALGOR_free(pbe);
	X509_SIG_free(sealed);
	PKCS8_PRIV_KEY_INFO_free(plain);
	return ok;
}

int key_to_pem(const EVP_PKEY *key, const char *passphrase, struct strbuf *out, struct err *err)
{
	CLEANUP(bio_free) BIO *bio = BIO_new(BIO_s_secmem());
	int ok = 0;
	if (bio && passphrase)
		ok = write_encrypted(bio, key, passphrase);
	else if (bio)
		ok = PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
	if (!ok)
		return openssl_err(err, "write a private key");
	openssl_bio_text(bio, out);
	return 0;
}

int key_public_to_pem(const EVP_PKEY *key, struct strbuf *out, struct err *err)
{
	CLEANUP(bio_free) BIO *bio = BIO_new(BIO_s_mem());
	if (!bio || !PEM_write_bio_PUBKEY(bio, (EVP_PKEY *)key))
		return openssl_err(err, "write a public key");
	openssl_bio_text(bio, out);
	return 0;
}

/* Without this OpenSSL would ask on the terminal. */
static int give_passphrase(char *buf, int size, int writing UNUSED, void *ctx)
{
	struct slice passphrase = slice_from(ctx);
	if (passphrase.len == 0 || passphrase.len > (size_t)size)
		return -1;
	memcpy(buf, passphrase.ptr, passphrase.len);
	return (int)passphrase.len;
}

bool key_pem_is_encrypted(struct slice pem)
{
	return memmem(pem.ptr, pem.len, "ENCRYPTED", strlen("ENCRYPTED")) != NULL;
}

int key_from_pem(struct slice pem, const char *passphrase, const char *path, EVP_PKEY **ret,
		 struct err *err)
{
	bool encrypted = key_pem_is_encrypted(pem);
	if (encrypted && !passphrase)
		return err_set(err, ERR_AUTH, "%s is encrypted: a passphrase is needed", path);
	CLEANUP(bio_free) BIO *bio = BIO_new_mem_buf(pem.ptr, (int)pem.len);
	EVP_PKEY *key =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)passphrase)
		    : NULL;
	if (!key && encrypted) {
		ERR_clear_error();
		return err_set(err, ERR_AUTH, "the passphrase does not open %s", path);
	}
	if (!key)
		return openssl_err(err, "%s is not a private key", path);
	*ret = key;
	return 0;
}
