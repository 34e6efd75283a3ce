#include "keys.h"

#include "ssh_string.h"

#include <stdlib.h>

static void add_file(struct auth_keys *k, const char *path, bool named)
{
	for (size_t i = 0; i < k->list.len; i++)
		if (k->list.at[i].path && strcmp(k->list.at[i].path, path) == 0)
			return;
	struct auth_key c = {.path = path, .named = named};
	vec_push(&k->list, c);
}

void auth_keys_init(struct auth_keys *k, struct ssh_link *link)
{
	k->link = link;
	for (const char **file = link->key_files; file && *file; file++)
		add_file(k, ssh_options_expand(&link->options, *file, link->home, link->spec.host),
			 true);
}

static void add_default_files(struct auth_keys *k)
{
	static const char *const names[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa",
					    "~/.ssh/id_rsa"};
	struct ssh_link *l = k->link;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_file(k, ssh_options_expand(&l->options, names[i], l->home, l->spec.host),
			 false);
}

void auth_keys_add_config(struct auth_keys *k)
{
	struct ssh_link *l = k->link;
	struct ssh_options *o = &l->options;
	for (size_t i = 0; i < o->identities.len; i++)
		add_file(k, ssh_options_expand(o, o->identities.at[i], l->home, l->spec.host),
			 false);
	if (o->identities.len == 0 && !l->key_files)
		add_default_files(k);
}

void auth_keys_note(struct auth_keys *k, const char *trouble)
{
	if (k->troubles.len < 600)
		strbuf_printf(&k->troubles, "%s%s", k->troubles.len ? "; " : "", trouble);
}

static bool agent_had(const struct auth_keys *k, const char *path)
{
	CLEANUP(strbuf_release) struct strbuf blob = {0};
	if (!ssh_key_public(path, &blob))
		return false;
	for (size_t i = 0; i < k->next; i++)
		if (!k->list.at[i].path &&
		    slice_eq(strbuf_slice(&k->list.at[i].blob), strbuf_slice(&blob)))
			return true;
	return false;
}

static void note_key(struct auth_keys *k, const char *path, const char *what)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	strbuf_printf(&text, "the key %s: %s", path, what);
	auth_keys_note(k, text.ptr);
}

/* libssh2 reads the file by itself, unless the key is RSA. */
static bool key_usable(struct auth_keys *k, struct auth_key *c, const struct ssh_key *key)
{
	struct err why = {0};
	if (key->encrypted && !k->link->key_passphrase) {
		note_key(k, c->path,
			 "it has a passphrase; load it with ssh-add, or set "
			 "ansible_ssh_private_key_passphrase");
		return false;
	}
	if (!key->maybe_rsa)
		return true;
	int r = ssh_rsa_new(key, k->link->key_passphrase, &c->rsa, &why);
	if (r == 0)
		strbuf_slice_append(&c->sent, ssh_rsa_blob(c->rsa));
	else if (r != ERR_NOT_FOUND)
		note_key(k, c->path, why.msg);
	return r == 0 || r == ERR_NOT_FOUND;
}

/* Whether the file can be tried at all; what is wrong with it is noted. */
static bool file_usable(struct auth_keys *k, struct auth_key *c)
{
	struct ssh_key key = {0};
	struct err why = {0};
	if (agent_had(k, c->path))
		return false;
	int r = ssh_key_inspect(c->path, &key, &why);
	if (r < 0) {
		if (c->named || r != ERR_NOT_FOUND)
			auth_keys_note(k, why.msg);
		return false;
	}
	bool usable = key_usable(k, c, &key);
	ssh_key_release(&key);
	return usable;
}

static void on_agent(void *ctx)
{
	struct auth_keys *k = ctx;
	ssh_link_pump(k->link);
}

static const char *agent_path(const struct auth_keys *k)
{
	const char *set = k->link->options.identity_agent;
	if (!set || strcmp(set, "SSH_AUTH_SOCK") == 0)
		return getenv("SSH_AUTH_SOCK");
	if (strcmp(set, "none") == 0)
		return NULL;
	if (set[0] == '$')
		return getenv(set + 1);
	return ssh_options_expand(&k->link->options, set, k->link->home, k->link->spec.host);
}

bool auth_keys_ask_agent(struct auth_keys *k)
{
	const char *path = agent_path(k);
	k->agent = path ? agent_client_new(k->link->loop, path, on_agent, k) : NULL;
	if (k->agent)
		agent_client_ask_identities(k->agent);
	return k->agent != NULL;
}

/* IdentitiesOnly: of the agent's keys only those that a named file has too.
 * The public half may be all that is there. */
static bool file_has_blob(const char *path, struct slice wanted)
{
	CLEANUP(strbuf_release) struct strbuf blob = {0};
	return ssh_key_public(path, &blob) && slice_eq(strbuf_slice(&blob), wanted);
}

static bool agent_key_allowed(struct auth_keys *k, struct slice blob)
{
	struct ssh_link *l = k->link;
	if (l->options.identities_only != 1)
		return true;
	for (const char **file = l->key_files; file && *file; file++)
		if (file_has_blob(ssh_options_expand(&l->options, *file, l->home, l->spec.host),
				  blob))
			return true;
	for (size_t i = 0; i < l->options.identities.len; i++)
		if (file_has_blob(ssh_options_expand(&l->options, l->options.identities.at[i],
						     l->home, l->spec.host),
				  blob))
			return true;
	return false;
}

void auth_keys_add_agent(struct auth_keys *k)
{
	struct slice blob, rest, type;
	while (agent_client_next_identity(k->agent, &blob)) {
		rest = blob;
		if (!wire_take_string(&rest, &type) || type.len >= HOSTKEY_TYPE_MAX ||
		    !agent_key_allowed(k, blob))
			continue;
		if (slice_starts_with(type, "sk-") || memmem(type.ptr, type.len, "-cert-", 6))
			continue; /* libssh2 1.10 cannot */
		struct auth_key c = {0};
		strbuf_slice_append(&c.blob, blob);
		if (!ssh_rsa_rename(blob, &c.sent))
			strbuf_slice_append(&c.sent, blob);
		vec_push(&k->list, c);
	}
}

const struct auth_key *auth_keys_current(const struct auth_keys *k)
{
	return &k->list.at[k->next - 1];
}

const struct auth_key *auth_keys_next(struct auth_keys *k)
{
	while (k->next < k->list.len) {
		struct auth_key *c = &k->list.at[k->next++];
		if (!c->path)
			agent_client_reset(k->agent);
		if (!c->path || file_usable(k, c))
			return c;
	}
	return NULL;
}

/* 1: the agent has not answered yet. */
static int sign_by_agent(struct auth_keys *k, const struct auth_key *c, struct slice data,
			 struct strbuf *out)
{
	struct slice rest = strbuf_slice(&c->sent), algorithm, signature;
	if (!wire_take_string(&rest, &algorithm))
		return ERR_INVALID;
	if (agent_client_status(k->agent) == AGENT_IDLE)
		agent_client_ask_signature(
			k->agent, strbuf_slice(&c->blob), data,
			slice_is(algorithm, SSH_RSA_ALGORITHM) ? AGENT_RSA_SHA2_512 : 0);
	if (agent_client_status(k->agent) == AGENT_WAITING)
		return 1;
	if (agent_client_status(k->agent) == AGENT_BROKEN ||
	    !agent_client_signature(k->agent, algorithm, &signature))
		return ERR_AUTH;
	strbuf_slice_append(out, signature);
	return 0;
}

LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(auth_keys_sign)
{
	struct auth_keys *k = *abstract;
	const struct auth_key *c = auth_keys_current(k);
	struct slice text = {(const char *)data, data_len};
	struct strbuf out = {0};
	(void)session;
	int r = c->rsa ? ssh_rsa_sign(c->rsa, text, &out, NULL) : sign_by_agent(k, c, text, &out);
	if (r != 0) {
		strbuf_release(&out);
		return r > 0 ? LIBSSH2_ERROR_EAGAIN : -1;
	}
	*sig = (unsigned char *)out.ptr; /* libssh2 frees it */
	*sig_len = out.len;
	return 0;
}

void auth_keys_release(struct auth_keys *k)
{
	for (size_t i = 0; i < k->list.len; i++) {
		struct auth_key *c = &k->list.at[i];
		strbuf_release(&c->blob);
		strbuf_release(&c->sent);
		ssh_rsa_free(c->rsa);
	}
	vec_release(&k->list);
	agent_client_free(k->agent);
	strbuf_release(&k->troubles);
}
