/* The passwords, which of them opens what, and what was opened. */
#include "rollout/vault/vault.h"

#include "rollout/base/strmap.h"
#include "rollout/base/vec.h"

#define KEPT_MAX_BYTES ((size_t)64 << 20)

struct secret {
	char *id;
	struct strbuf password;
};

struct opened {
	struct strbuf text;
	size_t index;
};

struct vault {
	VEC(struct secret) secrets;
	bool only_matching;
	struct strmap opened; /* envelope → struct opened */
	size_t kept_bytes;
};

struct vault *vault_new(void)
{
	return xcalloc(1, sizeof(struct vault));
}

void vault_free(struct vault *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->secrets.len; i++) {
		free(v->secrets.at[i].id);
		strbuf_wipe(&v->secrets.at[i].password);
	}
	for (size_t i = 0; i < v->opened.len; i++) {
		struct opened *o = v->opened.entries[i].value;
		strbuf_wipe(&o->text);
		free(o);
	}
	vec_release(&v->secrets);
	strmap_release(&v->opened);
	free(v);
}

int vault_add(struct vault *v, struct slice id, struct slice password, struct err *err)
{
	struct secret s = {0};
	int r = vault_id_check(id, err);
	if (r < 0)
		return r;
	if (v->secrets.len >= VAULT_SECRETS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u vault passwords", VAULT_SECRETS_MAX);
	if (password.len == 0)
		return err_set(err, ERR_INVALID, "the vault password is empty");
	if (password.len > VAULT_PASSWORD_MAX)
		return err_set(err, ERR_LIMIT, "a vault password has at most %u bytes",
			       VAULT_PASSWORD_MAX);
	s.id = xstrndup(id.ptr, id.len);
	strbuf_slice_append(&s.password, password);
	vec_push(&v->secrets, s);
	return 0;
}

void vault_match_ids(struct vault *v, bool only_matching)
{
	v->only_matching = only_matching;
}

size_t vault_count(const struct vault *v)
{
	return v->secrets.len;
}

struct slice vault_id(const struct vault *v, size_t i)
{
	return slice_from(v->secrets.at[i].id);
}

struct slice vault_password(const struct vault *v, size_t i)
{
	return strbuf_slice(&v->secrets.at[i].password);
}

static void keep(struct vault *v, struct slice envelope, const struct opened *o)
{
	size_t bytes = envelope.len + o->text.len;
	if (bytes > KEPT_MAX_BYTES - v->kept_bytes)
		return;
	struct opened *kept = xcalloc(1, sizeof(*kept));
	strbuf_slice_append(&kept->text, strbuf_slice(&o->text));
	kept->index = o->index;
	strmap_set(&v->opened, envelope, kept);
	v->kept_bytes += bytes;
}

static int refuse(const struct vault *v, struct slice id, struct srcloc at, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tried = {0};
	for (size_t i = 0; i < v->secrets.len && tried.len < 200; i++)
		strbuf_printf(&tried, "%s%s", i ? ", " : "", v->secrets.at[i].id);
	if (v->secrets.len == 0)
		return err_at(err, ERR_CRYPTO, at,
			      "vault id '%.*s': no vault password was given: "
			      "--vault-password-file, --vault-id or --ask-vault-pass",
			      SLICE_ARG(id));
	return err_at(err, ERR_CRYPTO, at,
		      "vault id '%.*s': none of the vault passwords opens it (those of: %s)",
		      SLICE_ARG(id), tried.ptr);
}

/* With the passwords of `id`, or with those that have another one. */
static int try_all(const struct vault *v, struct slice envelope, struct slice id, bool matching,
		   struct opened *ret, struct err *err)
{
	for (size_t i = 0; i < v->secrets.len; i++) {
		const struct secret *s = &v->secrets.at[i];
		if (slice_is(id, s->id) != matching)
			continue;
		int r = vault_decrypt(envelope, strbuf_slice(&s->password), err->at, &ret->text,
				      err);
		if (r == 0)
			ret->index = i;
		if (r != ERR_CRYPTO)
			return r;
	}
	return ERR_CRYPTO;
}

static int open_new(struct vault *v, struct slice envelope, struct srcloc at, struct opened *ret,
		    struct err *err)
{
	struct vault_envelope e;
	struct err why = {.at = at};
	int r = vault_envelope_parse(envelope, at, &e, err);
	if (r < 0)
		return r;
	r = try_all(v, envelope, e.id, true, ret, &why);
	if (r == ERR_CRYPTO && (!v->only_matching || e.id.len == 0))
		r = try_all(v, envelope, e.id, false, ret, &why);
	if (r == ERR_CRYPTO)
		return refuse(v, e.id, at, err);
	return r < 0 ? err_at(err, r, at, "%s", why.msg) : 0;
}

int vault_open(struct vault *v, struct slice envelope, struct srcloc at, struct strbuf *out,
	       size_t *ret_index, struct err *err)
{
	struct opened fresh = {0};
	const struct opened *o = strmap_get(&v->opened, envelope);
	int r = o ? 0 : open_new(v, envelope, at, &fresh, err);
	if (!o && r == 0) {
		o = &fresh;
		keep(v, envelope, o);
	}
	if (r == 0) {
		strbuf_slice_append(out, strbuf_slice(&o->text));
		if (ret_index)
			*ret_index = o->index;
	}
	strbuf_wipe(&fresh.text);
	return r;
}

static int decrypt(void *self, struct slice envelope, struct srcloc at, struct strbuf *out,
		   struct err *err)
{
	return vault_open(self, envelope, at, out, NULL, err);
}

struct decryptor vault_decryptor(struct vault *v, bool eager)
{
	static const struct decryptor_ops ops = {decrypt};
	return (struct decryptor){&ops, v, eager};
}
