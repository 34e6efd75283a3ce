/* Ansible Vault in templates: the filters vault and unvault. */
#include "filter.h"

#include "rollout/value/secret.h"
#include "rollout/vault/vault.h"

#define ID "filter_default"

FN(f_vault)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice text, password, salt, id;
	bool wrap;
	int r;
	if ((r = in_text(c, &text, err)) < 0 || (r = call_text(c, 0, "", &password, err)) < 0 ||
	    (r = call_text(c, 1, "", &salt, err)) < 0 || (r = call_text(c, 2, ID, &id, err)) < 0 ||
	    (r = call_bool(c, 3, false, &wrap, err)) < 0 || (r = eval_step(c->ev, 10000, err)) < 0)
		return r;
	if (encrypted_is(text))
		return err_set(err, ERR_INVALID, "vault: the input is encrypted already");
	if ((r = vault_encrypt(text, password, id, salt, &out, err)) < 0)
		return r;
	*ret = str_buf(c->ev, &out);
	return 0;
}

FN(f_unvault)
{
	CLEANUP(strbuf_wipe) struct strbuf out = {0};
	struct slice text, password;
	int r;
	*ret = c->in;
	if ((r = in_text(c, &text, err)) < 0 || (r = call_text(c, 0, "", &password, err)) < 0 ||
	    (r = eval_step(c->ev, 10000, err)) < 0)
		return r;
	if (!encrypted_is(text))
		return 0;
	r = vault_decrypt(text, password, (struct srcloc){0}, &out, err);
	if (r < 0)
		return err_wrap(err, r, "unvault");
	secret_remember(strbuf_slice(&out));
	c->ev->taint |= VALUE_SECRET;
	*ret = str_buf(c->ev, &out);
	return 0;
}

const struct function filters_vault[] = {
	{"vault", "secret,salt,vaultid,wrap_object", 1, 0, f_vault},
	{"unvault", "secret,vaultid", 1, 0, f_unvault},
	{0},
};
