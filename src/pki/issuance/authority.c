#include "authority.h"

void authority_release(struct authority *a)
{
	for (size_t i = 0; i < a->depth; i++)
		X509_free(a->chain[i]);
	*a = (struct authority){0};
}

/* The name in <ca>/issuer, or NULL for a self-signed CA. */
static int read_issuer(const struct store *s, const char *ca, const char **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *path = store_file(s, store_ca_folder(s, ca), "issuer", "");
	struct err why = {0};
	int r = store_read(s, path, &text, &why);
	if (r == ERR_NOT_FOUND) {
		*ret = NULL;
		return 0;
	}
	if (r == 0) {
		struct slice name = slice_trim(strbuf_slice(&text));
		const char *issuer = arena_strndup(s->arena, name.ptr, name.len);
		r = store_name_check(path, issuer, &why);
		if (r == 0)
			*ret = issuer;
	}
	if (r < 0 && err)
		*err = why;
	return r;
}

static int load_one(const struct store *s, const char *name, X509 **ret, struct err *err)
{
	X509 *cert = NULL;
	int r = store_read_certificate(s, store_file(s, store_ca_folder(s, name), "ca", ".crt"),
				       &cert, err);
	if (r < 0)
		return r;
	if (!cert)
		return err_set(err, ERR_NOT_FOUND, "there is no CA '%s' in %s: pki_ca makes it",
			       name, s->dir);
	*ret = cert;
	return 0;
}

static int load_chain(const struct store *s, const char *name, struct authority *a, struct err *err)
{
	while (name) {
		if (a->depth == AUTHORITY_DEPTH_MAX)
			return err_set(err, ERR_LIMIT,
				       "CA '%s' has more than %d CAs above it, or is above itself",
				       a->name, AUTHORITY_DEPTH_MAX - 1);
		int r = load_one(s, name, &a->chain[a->depth], err);
		if (r == 0) {
			a->depth++;
			r = read_issuer(s, name, &name, err);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

int authority_load(const struct store *s, const char *name, struct authority *ret, struct err *err)
{
	struct authority a = {.name = name};
	int r = load_chain(s, name, &a, err);
	if (r < 0) {
		authority_release(&a);
		return r;
	}
	a.cert = a.chain[0];
	X509 *last = a.chain[a.depth - 1];
	a.complete = certificate_issued_by(last, last);
	*ret = a;
	return 0;
}

int authority_key(const struct store *s, const char *name, const char *passphrase, EVP_PKEY **ret,
		  struct err *err)
{
	const char *path = store_file(s, store_ca_folder(s, name), "ca", ".key");
	struct stored_key stored = {0};
	int r = store_read_key(s, path, passphrase, &stored, err);
	if (r < 0)
		return r;
	if (!stored.key)
		return err_set(err, ERR_NOT_FOUND,
			       "the key of CA '%s' is not here (%s), and it must sign", name, path);
	*ret = stored.key;
	return 0;
}

int authority_room(const struct authority *a)
{
	int room = -1;
	for (size_t i = 0; i < a->depth; i++) {
		long limit = X509_get_pathlen(a->chain[i]);
		if (limit < 0)
			continue;
		/* i CAs lie between chain[i] and the new one, which counts itself. */
		int left = (int)limit - (int)i - 1;
		if (left < 0)
			return -2;
		if (room < 0 || left < room)
			room = left;
	}
	return room;
}

void authority_chain_pem(const struct authority *a, size_t from, bool with_root, struct strbuf *out)
{
	size_t end = a->complete && !with_root ? a->depth - 1 : a->depth;
	for (size_t i = from; i < end; i++)
		certificate_to_pem(a->chain[i], out);
}
