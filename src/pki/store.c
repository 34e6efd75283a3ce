#include "store.h"

#include <ctype.h>

int store_name_check(const char *what, const char *name, struct err *err)
{
	size_t len = strlen(name);
	if (len == 0 || len > STORE_NAME_MAX)
		return err_set(err, ERR_INVALID, "%s has 1 to %u characters", what, STORE_NAME_MAX);
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)name[i];
		if (!isalnum(c) && c != '_' && ((c != '.' && c != '-') || i == 0))
			return err_set(err, ERR_INVALID,
				       "%s '%s' names files: only letters, digits, '_', '.' and "
				       "'-' are allowed",
				       what, name);
	}
	return 0;
}

const char *store_ca_folder(const struct store *s, const char *ca)
{
	return arena_printf(s->arena, "%s/%s", s->dir, ca);
}

const char *store_issued_folder(const struct store *s, const char *ca)
{
	return arena_printf(s->arena, "%s/%s/issued", s->dir, ca);
}

const char *store_keys_folder(const struct store *s)
{
	return arena_printf(s->arena, "%s/keys", s->dir);
}

const char *store_file(const struct store *s, const char *folder, const char *name,
		       const char *suffix)
{
	return arena_printf(s->arena, "%s/%s%s", folder, name, suffix);
}

static int stat_path(const struct store *s, const char *path, struct host_stat *ret,
		     struct err *err)
{
	*ret = (struct host_stat){0};
	return s->host->ops->stat(s->host, s->arena, path, true, ret, err);
}

static int make_one(const struct store *s, const char *folder, bool *changed, struct err *err)
{
	struct host_stat st;
	int r = stat_path(s, folder, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_DIR)
		return 0;
	if (st.type != HOST_ABSENT)
		return err_set(err, ERR_INVALID, "%s is in the way: not a directory", folder);
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = 0700;
	r = s->host->ops->mkdir(s->host, folder, &attr, err);
	if (r == 0)
		*changed = true;
	return r;
}

static int make_private(const struct store *s, const char *folder, bool *changed, struct err *err)
{
	struct host_stat st;
	int r = stat_path(s, folder, &st, err);
	if (r < 0 || (st.mode & 077) == 0)
		return r;
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = (int)(st.mode & 0700);
	r = s->host->ops->set_attr(s->host, folder, true, &attr, err);
	if (r == 0)
		*changed = true;
	return r;
}

int store_mkdir(const struct store *s, const char *folder, bool *changed, struct err *err)
{
	char *path = arena_strdup(s->arena, folder);
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		int r = make_one(s, path, changed, err);
		*slash = '/';
		if (r < 0)
			return r;
	}
	int r = make_one(s, folder, changed, err);
	return r < 0 ? r : make_private(s, folder, changed, err);
}

int store_read(const struct store *s, const char *path, struct strbuf *out, struct err *err)
{
	struct host_stat st;
	int r = stat_path(s, path, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "%s does not exist", path);
	return s->host->ops->read(s->host, path, STORE_FILE_MAX, out, err);
}

int store_write(const struct store *s, const char *path, struct slice content, int mode,
		struct err *err)
{
	struct host_write w = {.content = content, .attr = HOST_ATTR_KEEP};
	w.attr.mode = mode;
	return s->host->ops->write(s->host, path, &w, err);
}

int store_read_certificate(const struct store *s, const char *path, X509 **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0};
	struct err why = {0};
	int r = store_read(s, path, &pem, &why);
	if (r == ERR_NOT_FOUND) {
		*ret = NULL;
		return 0;
	}
	if (r == 0)
		r = certificate_from_pem(strbuf_slice(&pem), path, ret, &why);
	if (r < 0 && err)
		*err = why;
	return r;
}

int store_write_certificate(const struct store *s, const char *path, X509 *cert, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0};
	certificate_to_pem(cert, &pem);
	if (pem.len == 0)
		return openssl_err(err, "write %s", path);
	return store_write(s, path, strbuf_slice(&pem), 0644, err);
}

int store_read_key(const struct store *s, const char *path, const char *passphrase,
		   struct stored_key *ret, struct err *err)
{
	struct host_stat st;
	int r = stat_path(s, path, &st, err);
	if (r < 0)
		return r;
	struct stored_key stored = {0};
	if (st.type != HOST_ABSENT) {
		CLEANUP(strbuf_wipe) struct strbuf pem = {0};
		r = store_read(s, path, &pem, err);
		if (r == 0)
			r = key_from_pem(strbuf_slice(&pem), passphrase, path, &stored.key, err);
		if (r < 0)
			return r;
		stored.encrypted = key_pem_is_encrypted(strbuf_slice(&pem));
		stored.exposed = (st.mode & 077) != 0;
	}
	*ret = stored;
	return 0;
}

int store_write_key(const struct store *s, const char *path, const EVP_PKEY *key,
		    const char *passphrase, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf pem = {0};
	int r = key_to_pem(key, passphrase, &pem, err);
	return r < 0 ? r : store_write(s, path, strbuf_slice(&pem), 0600, err);
}
