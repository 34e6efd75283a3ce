#include "issuance.h"

void issuance_release(struct issuance *i)
{
	certificate_spec_release(&i->spec);
	X509_free(i->cert);
	X509_free(i->old);
	EVP_PKEY_free(i->key);
	i->cert = i->old = NULL;
	i->key = NULL;
}

static int load(struct issuance *i, struct stored_key *stored, struct err *err)
{
	i->cert_path = store_file(i->store, i->folder, i->name, ".crt");
	i->key_path = store_file(i->store, i->folder, i->name, ".key");
	int r = store_read_key(i->store, i->key_path, i->passphrase, stored, err);
	if (r < 0)
		return r;
	i->key = stored->key;
	return store_read_certificate(i->store, i->cert_path, &i->cert, err);
}

/* Writes the key when it is new, or lies open, or not under the passphrase. */
static int keep_key(struct issuance *i, const struct stored_key *stored, struct err *err)
{
	bool made = i->key != stored->key;
	if (!i->key || (!made && !stored->exposed && stored->encrypted == (i->passphrase != NULL)))
		return 0;
	int r = store_write_key(i->store, i->key_path, i->key, i->passphrase, err);
	if (r == 0)
		i->changed = true;
	return r;
}

static int choose_key(struct issuance *i, struct err *err)
{
	if (i->key && !i->new_key && key_is_type(i->key, i->spec.key_type))
		return 0;
	return key_generate(i->spec.key_type, &i->key, err);
}

static int sign(struct issuance *i, X509 **ret, struct err *err)
{
	if (!i->issuer)
		return certificate_issue(&i->spec, i->key, NULL, ret, &i->clamped, err);
	CLEANUP(pkey_free) EVP_PKEY *by = NULL;
	int r = authority_key(i->store, i->issuer->name, i->issuer_passphrase, &by, err);
	if (r < 0)
		return r;
	struct certificate_issuer issuer = {i->issuer->cert, by};
	return certificate_issue(&i->spec, i->key, &issuer, ret, &i->clamped, err);
}

/* An existing CA whose key is elsewhere must not silently get another one. */
static int refuse_without_key(const struct issuance *i, struct err *err)
{
	if (!i->may_lack_key || !i->cert || i->key)
		return 0;
	return err_set(err, ERR_NOT_FOUND,
		       "%s must be issued anew (%s), but its key %s is not here", i->cert_path,
		       i->reason, i->key_path);
}

static int issue(struct issuance *i, const struct stored_key *stored, struct err *err)
{
	X509 *cert = NULL;
	int r = refuse_without_key(i, err);
	if (r == 0)
		r = choose_key(i, err);
	if (r == 0)
		r = sign(i, &cert, err);
	if (r == 0)
		r = keep_key(i, stored, err);
	if (r == 0)
		r = store_write_certificate(i->store, i->cert_path, cert, err);
	if (r < 0) {
		X509_free(cert);
		return r;
	}
	i->old = i->cert;
	i->cert = cert;
	i->changed = true;
	return 0;
}

static const char *reason(struct issuance *i)
{
	X509 *issuer = i->issuer ? i->issuer->cert : NULL;
	if (!i->key && i->cert && i->may_lack_key) {
		/* Everything but the pair can be judged without the private key. */
		return certificate_reason(i->cert, X509_get0_pubkey(i->cert), &i->spec, issuer,
					  &i->held);
	}
	return certificate_reason(i->cert, i->key, &i->spec, issuer, &i->held);
}

int issuance_ensure(struct issuance *i, struct err *err)
{
	struct stored_key stored = {0};
	int r = key_passphrase_check(i->passphrase, err);
	if (r == 0)
		r = load(i, &stored, err);
	if (r == 0)
		r = store_mkdir(i->store, i->folder, &i->changed, err);
	if (r < 0)
		return r;
	i->reason = reason(i);
	r = i->reason ? issue(i, &stored, err) : keep_key(i, &stored, err);
	if (i->key != stored.key)
		EVP_PKEY_free(stored.key);
	return r;
}
