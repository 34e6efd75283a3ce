#include "passwords.h"

#include "../complaint.h"
#include "../password.h"
#include "rollout/value/secret.h"
#include "source.h"

#include <stdlib.h>

struct collection {
	const struct vault_request *rq;
	struct vault *v;
	struct err first; /* of a source that gave none */
	size_t nfailed;
};

static int ask_once(const char *prompt, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf typed = {0};
	int r = password_ask(prompt, &typed, err);
	if (r < 0)
		return r;
	struct slice s = slice_trim(strbuf_slice(&typed));
	if (s.len == 0)
		return err_set(err, ERR_INVALID, "the vault password is empty");
	strbuf_slice_append(out, s);
	return 0;
}

/* "Vault password: ", "New Vault password: ", "Vault password (prod): " … */
static void prompt_for(struct strbuf *out, const char *confirm, bool is_new, struct slice id)
{
	strbuf_printf(out, "%s%s", confirm,
		      !is_new  ? "Vault password"
		      : id.len ? "New vault password"
			       : "New Vault password");
	if (id.len)
		strbuf_printf(out, " (%.*s)", SLICE_ARG(id));
	strbuf_puts(out, ": ");
}

static int ask(const struct vault_request *rq, struct slice id, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf first = {0}, second = {0};
	CLEANUP(strbuf_wipe) struct strbuf again = {0};
	prompt_for(&first, "", rq->is_new, id);
	prompt_for(&second, "Confirm ", rq->is_new, id);
	int r = ask_once(first.ptr, out, err);
	if (r < 0 || !rq->is_new)
		return r;
	if ((r = ask_once(second.ptr, &again, err)) < 0)
		return r;
	return slice_eq(strbuf_slice(out), strbuf_slice(&again))
		       ? 0
		       : err_set(err, ERR_INVALID, "the passwords do not match");
}

static int add(struct collection *c, struct slice id, struct slice password, struct err *err)
{
	return vault_add(c->v, id.len ? id : slice_from(VAULT_ID_DEFAULT), password, err);
}

/* "label@source", or a source alone. */
static int add_source(struct collection *c, const char *text, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf password = {0};
	const char *at = strchr(text, '@'), *source = at ? at + 1 : text;
	struct slice id = {text, at ? (size_t)(at - text) : 0};
	struct err why = {0};
	int r = vault_id_check(id, err);
	if (r < 0)
		return r;
	if (strcmp(source, "prompt") == 0 || strcmp(source, "prompt_ask_vault_pass") == 0) {
		struct slice shown = id.len ? id : slice_from(VAULT_ID_DEFAULT);
		r = ask(c->rq, source[6] ? SLICE_LIT("") : shown, &password, err);
		return r < 0 ? r : add(c, id, strbuf_slice(&password), err);
	}
	r = vault_source_read(c->v, source, id, &password, &why);
	if (r == 0)
		return add(c, id, strbuf_slice(&password), err);
	if (c->nfailed++ == 0)
		c->first = why;
	else
		complaint_warn("%s", why.msg);
	return 0;
}

static int add_list(struct collection *c, const char *list, struct err *err)
{
	struct slice rest = slice_from(list), part;
	int r = 0;
	while (r == 0 && rest.len > 0 && slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		CLEANUP(free_ptr) char *one = xstrndup(part.ptr, part.len);
		r = part.len ? add_source(c, one, err) : 0;
	}
	return r;
}

static int add_file(struct collection *c, const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf source = {0};
	strbuf_printf(&source, VAULT_ID_DEFAULT "@%s", path);
	return add_source(c, source.ptr, err);
}

static int add_all(struct collection *c, struct err *err)
{
	const struct vault_request *rq = c->rq;
	int r = rq->identity_list ? add_list(c, rq->identity_list, err) : 0;
	for (size_t i = 0; rq->ids && rq->ids[i] && r == 0; i++)
		r = add_source(c, rq->ids[i], err);
	for (size_t i = 0; rq->files && rq->files[i] && r == 0; i++)
		r = add_file(c, rq->files[i], err);
	if (r == 0 && rq->last_file)
		r = add_file(c, rq->last_file, err);
	bool none = vault_count(c->v) == 0 && c->nfailed == 0;
	if (r == 0 && (rq->ask || (none && rq->ask_when_none)))
		r = add_source(c, VAULT_ID_DEFAULT "@prompt_ask_vault_pass", err);
	return r;
}

int vault_passwords_collect(const struct vault_request *rq, struct vault **ret, struct err *err)
{
	struct collection c = {.rq = rq, .v = vault_new()};
	vault_match_ids(c.v, rq->only_matching);
	int r = add_all(&c, err);
	if (r == 0 && c.nfailed > 0 && vault_count(c.v) == 0) {
		*err = c.first;
		r = (int)c.first.code;
	}
	if (r < 0) {
		vault_free(c.v);
		return r;
	}
	if (c.nfailed > 0)
		complaint_warn("%s", c.first.msg);
	*ret = c.v;
	return 0;
}

struct vault_request vault_request_of(const struct options *o)
{
	return (struct vault_request){
		.ids = o->vault_ids.at,
		.files = o->vault_password_files.at,
		.identity_list = o->config.vault_identity_list,
		.last_file = o->config.vault_password_file,
		.only_matching = o->config.vault_id_match,
		.ask = o->ask_vault_pass || o->config.ask_vault_pass,
	};
}

/* ---- the process's ---- */

static struct vault *passwords;
static bool demanded;

void vault_passwords_demand(bool demand)
{
	demanded = demand;
}

int vault_passwords_load(const struct options *o, struct err *err)
{
	const struct vault_request rq = vault_request_of(o);
	int r = passwords ? 0 : vault_passwords_collect(&rq, &passwords, err);
	if (r == 0)
		encrypted_set_decryptor(
			vault_decryptor(passwords, demanded || vault_count(passwords) > 0));
	return r;
}

void vault_passwords_forget(void)
{
	encrypted_set_decryptor((struct decryptor){0});
	vault_free(passwords);
	passwords = NULL;
	demanded = false;
	secret_forget();
}
