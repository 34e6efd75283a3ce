#include "ssh_rsa.h"

#include "ssh_string.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <stdlib.h>

struct ssh_rsa {
	EVP_PKEY *pkey;
	struct strbuf blob;
};

/* The numbers of an RSA key, in the order of OpenSSH's private section. */
enum rsa_number { RSA_N, RSA_E, RSA_D, RSA_QINV, RSA_P, RSA_Q, RSA_DP, RSA_DQ, RSA_NUMBERS };
#define RSA_NUMBERS_STORED RSA_DP

static const char *const number_names[RSA_NUMBERS] = {
	[RSA_N] = OSSL_PKEY_PARAM_RSA_N,	  [RSA_E] = OSSL_PKEY_PARAM_RSA_E,
	[RSA_D] = OSSL_PKEY_PARAM_RSA_D,	  [RSA_QINV] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
	[RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,	  [RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
	[RSA_DP] = OSSL_PKEY_PARAM_RSA_EXPONENT1, [RSA_DQ] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

struct rsa_numbers {
	BIGNUM *at[RSA_NUMBERS];
};

static void numbers_free(struct rsa_numbers *n)
{
	for (size_t i = 0; i < RSA_NUMBERS; i++)
		BN_clear_free(n->at[i]);
}

/* d mod (prime - 1), which the file leaves out */
static BIGNUM *exponent_for(const BIGNUM *d, const BIGNUM *prime)
{
	BN_CTX *ctx = BN_CTX_secure_new();
	BIGNUM *less = BN_dup(prime), *r = BN_secure_new();
	bool ok = ctx && less && r && BN_sub_word(less, 1) && BN_mod(r, d, less, ctx);
	BN_clear_free(less);
	BN_CTX_free(ctx);
	if (ok)
		return r;
	BN_clear_free(r);
	return NULL;
}

/* PROTOCOL.key: two equal numbers, the type, then the key's own numbers. */
static bool take_numbers(struct slice rest, struct rsa_numbers *n)
{
	uint32_t check[2];
	struct slice type, number;
	if (!wire_take_u32(&rest, &check[0]) || !wire_take_u32(&rest, &check[1]) ||
	    check[0] != check[1] || !wire_take_string(&rest, &type) || !slice_is(type, "ssh-rsa"))
		return false;
	for (size_t i = 0; i < RSA_NUMBERS_STORED; i++) {
		if (!wire_take_string(&rest, &number))
			return false;
		n->at[i] = BN_bin2bn((const unsigned char *)number.ptr, (int)number.len, NULL);
		if (!n->at[i])
			return false;
	}
	n->at[RSA_DP] = exponent_for(n->at[RSA_D], n->at[RSA_P]);
	n->at[RSA_DQ] = exponent_for(n->at[RSA_D], n->at[RSA_Q]);
	return n->at[RSA_DP] && n->at[RSA_DQ];
}

static EVP_PKEY *pkey_of_numbers(const struct rsa_numbers *n)
{
	EVP_PKEY *pkey = NULL;
	OSSL_PARAM *params = NULL;
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	bool ok = build && ctx;
	for (size_t i = 0; ok && i < RSA_NUMBERS; i++)
		ok = OSSL_PARAM_BLD_push_BN(build, number_names[i], n->at[i]);
	if (ok && (params = OSSL_PARAM_BLD_to_param(build)) && EVP_PKEY_fromdata_init(ctx) == 1)
		EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params);
	OSSL_PARAM_free(params);
	OSSL_PARAM_BLD_free(build);
	EVP_PKEY_CTX_free(ctx);
	return pkey;
}

static EVP_PKEY *pkey_of_section(struct slice section)
{
	struct rsa_numbers n CLEANUP(numbers_free) = {0};
	return take_numbers(section, &n) ? pkey_of_numbers(&n) : NULL;
}

static int give_passphrase(char *to, int size, int writes UNUSED, void *passphrase)
{
	size_t len = passphrase ? strlen(passphrase) : 0;
	if (len == 0 || len >= (size_t)size)
		return -1;
	memcpy(to, passphrase, len + 1);
	return (int)len;
}

static EVP_PKEY *pkey_of_pem(struct slice text, const char *passphrase)
{
	BIO *bio = BIO_new_mem_buf(text.ptr, (int)text.len);
	EVP_PKEY *pkey =
		bio ? PEM_read_bio_PrivateKey(bio, NULL, give_passphrase, (void *)passphrase)
		    : NULL;
	BIO_free(bio);
	return pkey;
}

/* mpint of RFC 4251: the first bit would be a sign. */
static bool put_number(struct strbuf *out, const EVP_PKEY *pkey, const char *name)
{
	unsigned char bytes[2049] = {0}; /* a zero, and 16384 bits */
	BIGNUM *n = NULL;
	bool ok = EVP_PKEY_get_bn_param(pkey, name, &n) && BN_num_bytes(n) < (int)sizeof(bytes);
	if (ok) {
		int len = BN_bn2bin(n, bytes + 1);
		bool sign = bytes[1] & 0x80;
		wire_put_string(out,
				(struct slice){(const char *)bytes + !sign, (size_t)len + sign});
	}
	BN_free(n);
	return ok;
}

static bool put_blob(struct strbuf *out, const EVP_PKEY *pkey)
{
	wire_put_string(out, SLICE_LIT(SSH_RSA_ALGORITHM));
	return put_number(out, pkey, OSSL_PKEY_PARAM_RSA_E) &&
	       put_number(out, pkey, OSSL_PKEY_PARAM_RSA_N);
}

int ssh_rsa_new(const struct ssh_key *key, const char *passphrase, struct ssh_rsa **ret,
		struct err *err)
{
	if (key->openssh && key->encrypted)
		return err_set(err, ERR_UNSUPPORTED,
			       "an RSA key with a passphrase; load it with "
			       "ssh-add");
	struct slice secret = strbuf_slice(&key->secret);
	EVP_PKEY *pkey = key->openssh ? pkey_of_section(secret) : pkey_of_pem(secret, passphrase);
	ERR_clear_error();
	if (!pkey && key->encrypted)
		return err_set(err, ERR_AUTH, "the passphrase does not open it");
	if (!pkey)
		return err_set(err, ERR_INVALID, "a damaged key");
	struct ssh_rsa *rsa = xcalloc(1, sizeof(*rsa));
	rsa->pkey = pkey;
	if (!EVP_PKEY_is_a(pkey, "RSA") || !put_blob(&rsa->blob, pkey)) {
		ssh_rsa_free(rsa);
		return err_set(err, ERR_NOT_FOUND, "not an RSA key");
	}
	*ret = rsa;
	return 0;
}

struct slice ssh_rsa_blob(const struct ssh_rsa *rsa)
{
	return strbuf_slice(&rsa->blob);
}

int ssh_rsa_sign(const struct ssh_rsa *rsa, struct slice data, struct strbuf *out, struct err *err)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	size_t len = (size_t)EVP_PKEY_get_size(rsa->pkey);
	unsigned char *to = (unsigned char *)strbuf_reserve(out, len);
	bool ok = ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha512(), NULL, rsa->pkey) == 1 &&
		  EVP_DigestSign(ctx, to, &len, (const unsigned char *)data.ptr, data.len) == 1;
	if (ok)
		strbuf_grew(out, len);
	EVP_MD_CTX_free(ctx);
	ERR_clear_error();
	return ok ? 0 : err_set(err, ERR_CRYPTO, "the RSA key does not sign");
}

void ssh_rsa_free(struct ssh_rsa *rsa)
{
	if (!rsa)
		return;
	EVP_PKEY_free(rsa->pkey);
	strbuf_release(&rsa->blob);
	free(rsa);
}

bool ssh_rsa_rename(struct slice blob, struct strbuf *out)
{
	struct slice type;
	if (!wire_take_string(&blob, &type) || !slice_is(type, "ssh-rsa"))
		return false;
	wire_put_string(out, SLICE_LIT(SSH_RSA_ALGORITHM));
	strbuf_slice_append(out, blob);
	return true;
}
