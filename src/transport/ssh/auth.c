#include "auth.h"

#include "agent_client.h"
#include "ssh_key.h"
#include "ssh_string.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum auth_stage {
	AUTH_NEXT,	/* → the next candidate's, LIST or FAILED */
	AUTH_FILE,	/* a key file is tried → NEXT */
	AUTH_ASK_AGENT, /* the agent lists its keys → NEXT */
	AUTH_AGENT_KEY, /* one of them is tried → NEXT */
	AUTH_PASSWORD,	/* → LIST */
	AUTH_LIST,	/* what would the server take → INTERACTIVE, FAILED */
	AUTH_INTERACTIVE,
	AUTH_FAILED,
};

struct candidate {
	const char *path; /* a key file; NULL: a key of the agent */
	struct strbuf blob;
	bool named; /* by the inventory or the command line: its absence is a trouble */
};

struct ssh_auth {
	struct ssh_link *link;
	enum auth_stage stage;
	VEC(struct candidate) candidates;
	size_t next; /* candidate */
	unsigned tries;
	bool agent_asked, rsa_only_sha1, password_refused;
	struct agent_client *agent;
	struct strbuf tried, troubles; /* for the message */
	struct strbuf methods;	       /* what the server takes */
};

static void add_file(struct ssh_auth *a, const char *path, bool named)
{
	for (size_t i = 0; i < a->candidates.len; i++)
		if (a->candidates.at[i].path && strcmp(a->candidates.at[i].path, path) == 0)
			return;
	struct candidate c = {.path = path, .named = named};
	vec_push(&a->candidates, c);
}

static void add_default_files(struct ssh_auth *a)
{
	static const char *const names[] = {"~/.ssh/id_ed25519", "~/.ssh/id_ecdsa",
					    "~/.ssh/id_rsa"};
	struct ssh_link *l = a->link;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		add_file(a, ssh_options_expand(&l->options, names[i], l->home, l->spec.host),
			 false);
}

static void add_config_files(struct ssh_auth *a)
{
	struct ssh_link *l = a->link;
	struct ssh_options *o = &l->options;
	for (size_t i = 0; i < o->identities.len; i++)
		add_file(a, ssh_options_expand(o, o->identities.at[i], l->home, l->spec.host),
			 false);
	if (o->identities.len == 0 && !l->key_files)
		add_default_files(a);
}

struct ssh_auth *ssh_auth_new(struct ssh_link *link)
{
	struct ssh_auth *a = xcalloc(1, sizeof(*a));
	a->link = link;
	for (const char **k = link->key_files; k && *k; k++)
		add_file(a, ssh_options_expand(&link->options, *k, link->home, link->spec.host),
			 true);
	return a;
}

/* "; "-separated */
static void note(struct strbuf *to, const char *text)
{
	if (to->len < 600)
		strbuf_printf(to, "%s%s", to->len ? "; " : "", text);
}

static int try_userauth(struct ssh_auth *a, int rc, struct err *err)
{
	char who[200];
	if (rc == 0 || rc == LIBSSH2_ERROR_EAGAIN)
		return rc == 0 ? 0 : 1;
	if (rc == LIBSSH2_ERROR_SOCKET_RECV || rc == LIBSSH2_ERROR_SOCKET_SEND ||
	    rc == LIBSSH2_ERROR_SOCKET_DISCONNECT)
		return err_set(err, ERR_AUTH,
			       "%s ended the connection during authentication (tried: %s); with "
			       "many keys in the agent, name one with --private-key or set "
			       "IdentitiesOnly",
			       ssh_link_name(a->link, who, sizeof(who)),
			       a->tried.len ? a->tried.ptr : "nothing");
	return ERR_AUTH;
}

static const char *user_of(const struct ssh_auth *a)
{
	return a->link->options.user;
}

/* --- key files --- */

static int file_refused(struct ssh_auth *a, const struct candidate *c, int rc)
{
	char text[400];
	if (rc == LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED || rc == LIBSSH2_ERROR_AUTHENTICATION_FAILED)
		return 0;
	snprintf(text, sizeof(text), "%s: %s", c->path, ssh_link_trouble(a->link));
	note(&a->troubles, text);
	return 0;
}

static int step_file(struct ssh_auth *a, struct err *err)
{
	const struct candidate *c = &a->candidates.at[a->next - 1];
	int rc = libssh2_userauth_publickey_fromfile_ex(
		a->link->session, user_of(a), (unsigned)strlen(user_of(a)), NULL, c->path,
		a->link->key_passphrase ? a->link->key_passphrase : "");
	int r = try_userauth(a, rc, err);
	if (r != ERR_AUTH || (err && err->code == ERR_AUTH))
		return r;
	a->stage = AUTH_NEXT;
	return file_refused(a, c, rc) < 0 ? ERR_AUTH : 2;
}

/* Whether the file can be tried at all; what is wrong with it is noted. */
static bool file_usable(struct ssh_auth *a, const struct candidate *c)
{
	struct ssh_key key = {0};
	struct err why = {0};
	bool usable = false;
	int r = ssh_key_inspect(c->path, &key, &why);
	if (r < 0) {
		if (c->named || r != ERR_NOT_FOUND)
			note(&a->troubles, why.msg);
		return false;
	}
	bool in_agent = false;
	for (size_t i = 0; i < a->next; i++)
		in_agent |=
			!a->candidates.at[i].path && key.blob.len > 0 &&
			slice_eq(strbuf_slice(&a->candidates.at[i].blob), strbuf_slice(&key.blob));
	if (in_agent) {
		; /* refused already */
	} else if (key.rsa) {
		a->rsa_only_sha1 = true;
		strbuf_printf(&a->tried, "%s%s (RSA, not sent)", a->tried.len ? ", " : "", c->path);
	} else if (key.encrypted && !a->link->key_passphrase) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		strbuf_printf(&text,
			      "the key %s has a passphrase; load it with ssh-add, or set "
			      "ansible_ssh_private_key_passphrase",
			      c->path);
		note(&a->troubles, text.ptr);
	} else {
		usable = true;
	}
	ssh_key_release(&key);
	return usable;
}

/* --- the agent --- */

static void on_agent(void *ctx)
{
	struct ssh_auth *a = ctx;
	ssh_link_pump(a->link);
}

static const char *agent_path(const struct ssh_auth *a)
{
	const char *set = a->link->options.identity_agent;
	if (!set || strcmp(set, "SSH_AUTH_SOCK") == 0)
		return getenv("SSH_AUTH_SOCK");
	if (strcmp(set, "none") == 0)
		return NULL;
	if (set[0] == '$')
		return getenv(set + 1);
	return ssh_options_expand(&a->link->options, set, a->link->home, a->link->spec.host);
}

/* IdentitiesOnly: of the agent's keys only those that a named file has too.
 * The public half may be all that is there. */
static bool file_has_blob(const char *path, struct slice blob)
{
	struct ssh_key key = {0};
	bool same = false;
	if (ssh_key_inspect(path, &key, NULL) == 0)
		same = slice_eq(strbuf_slice(&key.blob), blob);
	ssh_key_release(&key);
	return same;
}

static bool agent_key_allowed(struct ssh_auth *a, struct slice blob)
{
	struct ssh_link *l = a->link;
	if (l->options.identities_only != 1)
		return true;
	for (const char **k = l->key_files; k && *k; k++)
		if (file_has_blob(ssh_options_expand(&l->options, *k, l->home, l->spec.host), blob))
			return true;
	for (size_t i = 0; i < l->options.identities.len; i++)
		if (file_has_blob(ssh_options_expand(&l->options, l->options.identities.at[i],
						     l->home, l->spec.host),
				  blob))
			return true;
	return false;
}

static void add_agent_keys(struct ssh_auth *a)
{
	struct slice blob, rest, type;
	while (agent_client_next_identity(a->agent, &blob)) {
		rest = blob;
		if (!wire_take_string(&rest, &type) || type.len >= HOSTKEY_TYPE_MAX ||
		    !agent_key_allowed(a, blob))
			continue;
		if (slice_is(type, "ssh-rsa")) {
			a->rsa_only_sha1 = true;
			strbuf_printf(&a->tried, "%san RSA key of the agent (not sent)",
				      a->tried.len ? ", " : "");
			continue;
		}
		if (slice_starts_with(type, "sk-") || memmem(type.ptr, type.len, "-cert-", 6))
			continue; /* libssh2 1.10 cannot */
		struct candidate c = {0};
		strbuf_slice_append(&c.blob, blob);
		vec_push(&a->candidates, c);
	}
}

static int step_ask_agent(struct ssh_auth *a)
{
	enum agent_status s = agent_client_status(a->agent);
	if (s == AGENT_WAITING)
		return 1;
	if (s == AGENT_ANSWERED)
		add_agent_keys(a);
	add_config_files(a);
	a->stage = AUTH_NEXT;
	return 2;
}

static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(sign_by_agent)
{
	struct ssh_auth *a = *abstract;
	const struct candidate *c = &a->candidates.at[a->next - 1];
	struct slice rest = strbuf_slice(&c->blob), algorithm, signature;
	(void)session;
	if (agent_client_status(a->agent) == AGENT_IDLE)
		agent_client_ask_signature(a->agent, strbuf_slice(&c->blob),
					   (struct slice){(const char *)data, data_len});
	if (agent_client_status(a->agent) == AGENT_WAITING)
		return LIBSSH2_ERROR_EAGAIN;
	if (!wire_take_string(&rest, &algorithm) || agent_client_status(a->agent) == AGENT_BROKEN ||
	    !agent_client_signature(a->agent, algorithm, &signature))
		return -1;
	*sig = xmalloc(signature.len + 1);
	memcpy(*sig, signature.ptr, signature.len);
	*sig_len = signature.len;
	return 0;
}

static int step_agent_key(struct ssh_auth *a, struct err *err)
{
	const struct candidate *c = &a->candidates.at[a->next - 1];
	void *abstract = a;
	int rc = libssh2_userauth_publickey(a->link->session, user_of(a),
					    (const unsigned char *)c->blob.ptr, c->blob.len,
					    sign_by_agent, &abstract);
	int r = try_userauth(a, rc, err);
	if (r != ERR_AUTH || (err && err->code == ERR_AUTH))
		return r;
	a->stage = AUTH_NEXT;
	return 2;
}

/* --- passwords --- */

static int step_password(struct ssh_auth *a, struct err *err)
{
	const char *password = a->link->password;
	int rc = libssh2_userauth_password_ex(a->link->session, user_of(a),
					      (unsigned)strlen(user_of(a)), password,
					      (unsigned)strlen(password), NULL);
	int r = try_userauth(a, rc, err);
	if (r != ERR_AUTH || (err && err->code == ERR_AUTH))
		return r;
	if (rc == LIBSSH2_ERROR_PASSWORD_EXPIRED)
		note(&a->troubles, "the password has expired and must be changed by hand");
	a->stage = AUTH_LIST;
	return 2;
}

/* The password answers what is not echoed; nothing answers the rest. */
static LIBSSH2_USERAUTH_KBDINT_RESPONSE_FUNC(answer_prompts)
{
	const struct ssh_link *link = *abstract;
	(void)name;
	(void)name_len;
	(void)instruction;
	(void)instruction_len;
	for (int i = 0; i < num_prompts; i++) {
		const char *text = prompts[i].echo || !link->password ? "" : link->password;
		responses[i].text = xstrdup(text);
		responses[i].length = (unsigned)strlen(text);
	}
}

static int step_interactive(struct ssh_auth *a, struct err *err)
{
	int rc = libssh2_userauth_keyboard_interactive_ex(
		a->link->session, user_of(a), (unsigned)strlen(user_of(a)), answer_prompts);
	int r = try_userauth(a, rc, err);
	if (r != ERR_AUTH || (err && err->code == ERR_AUTH))
		return r;
	a->stage = AUTH_FAILED;
	return 2;
}

/* One round trip, so only when a choice or a message depends on it. */
static int step_list(struct ssh_auth *a, struct err *err)
{
	char *list =
		libssh2_userauth_list(a->link->session, user_of(a), (unsigned)strlen(user_of(a)));
	if (!list && libssh2_userauth_authenticated(a->link->session))
		return 0;
	if (!list) {
		int r = try_userauth(a, libssh2_session_last_errno(a->link->session), err);
		if (r != ERR_AUTH || (err && err->code == ERR_AUTH))
			return r;
	}
	strbuf_puts(&a->methods, list ? list : "");
	struct slice rest = strbuf_slice(&a->methods), method;
	bool password = false, interactive = false;
	while (slice_split(&rest, ',', &method)) {
		password |= slice_is(method, "password");
		interactive |= slice_is(method, "keyboard-interactive");
	}
	/* where both are offered they ask the same PAM stack: a refused password
	 * is not sent twice, which could lock the account */
	a->password_refused = password;
	a->stage = a->link->password && interactive && !password ? AUTH_INTERACTIVE : AUTH_FAILED;
	return 2;
}

static int failed(struct ssh_auth *a, struct err *err)
{
	char who[200];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (a->rsa_only_sha1)
		strbuf_printf(&text,
			      "; libssh2 %s signs with RSA keys only by SHA-1, which today's sshd "
			      "refuses (also through an agent): use an ed25519 or ecdsa key",
			      libssh2_version(0));
	if (a->troubles.len)
		strbuf_printf(&text, "; %s", a->troubles.ptr);
	if (a->link->password)
		strbuf_puts(&text, a->password_refused ? "; the password was refused" : "");
	else if (!a->tried.len && !a->troubles.len)
		strbuf_puts(&text, "; there is no key here: give one with --private-key or "
				   "ansible_ssh_private_key_file, or ansible_password");
	return err_set(err, ERR_AUTH,
		       "authentication as %s failed (tried: %s; the server takes: %s)%s",
		       ssh_link_name(a->link, who, sizeof(who)),
		       a->tried.len	   ? a->tried.ptr
		       : a->link->password ? "the password"
					   : "nothing",
		       a->methods.len ? a->methods.ptr : "?", text.len ? text.ptr : "");
}

static void next_try(struct ssh_auth *a, enum auth_stage stage, const char *what)
{
	a->tries++;
	a->stage = stage;
	strbuf_printf(&a->tried, "%s%s", a->tried.len ? ", " : "", what);
}

static void begin_agent(struct ssh_auth *a)
{
	const char *path = agent_path(a);
	a->agent_asked = true;
	a->agent = path ? agent_client_new(a->link->loop, path, on_agent, a) : NULL;
	if (a->agent) {
		agent_client_ask_identities(a->agent);
		a->stage = AUTH_ASK_AGENT;
		return;
	}
	add_config_files(a);
}

static int step_next(struct ssh_auth *a)
{
	/* one try is kept for the password */
	while (a->next < a->candidates.len && a->tries + 1 < AUTH_TRIES_MAX) {
		const struct candidate *c = &a->candidates.at[a->next++];
		if (c->path && file_usable(a, c)) {
			next_try(a, AUTH_FILE, c->path);
			return 2;
		}
		if (!c->path) {
			agent_client_reset(a->agent);
			next_try(a, AUTH_AGENT_KEY, "a key of the agent");
			return 2;
		}
	}
	if (!a->agent_asked)
		begin_agent(a);
	else if (a->link->password)
		next_try(a, AUTH_PASSWORD, "the password");
	else
		a->stage = AUTH_LIST;
	return 2;
}

int ssh_auth_step(struct ssh_auth *a, struct err *err)
{
	int r = 2;
	while (r == 2) { /* 2: the stage changed */
		struct err why = {0};
		switch (a->stage) {
		case AUTH_NEXT:
			r = step_next(a);
			break;
		case AUTH_FILE:
			r = step_file(a, &why);
			break;
		case AUTH_ASK_AGENT:
			r = step_ask_agent(a);
			break;
		case AUTH_AGENT_KEY:
			r = step_agent_key(a, &why);
			break;
		case AUTH_PASSWORD:
			r = step_password(a, &why);
			break;
		case AUTH_LIST:
			r = step_list(a, &why);
			break;
		case AUTH_INTERACTIVE:
			r = step_interactive(a, &why);
			break;
		case AUTH_FAILED:
			r = failed(a, &why);
			break;
		}
		if (r < 0)
			*err = why;
	}
	return r;
}

void ssh_auth_free(struct ssh_auth *a)
{
	if (!a)
		return;
	for (size_t i = 0; i < a->candidates.len; i++)
		strbuf_release(&a->candidates.at[i].blob);
	vec_release(&a->candidates);
	agent_client_free(a->agent);
	strbuf_release(&a->tried);
	strbuf_release(&a->troubles);
	strbuf_release(&a->methods);
	free(a);
}
