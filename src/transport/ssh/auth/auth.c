#include "auth.h"

#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum auth_stage {
	AUTH_NEXT,	/* → the next key's, PASSWORD or LIST */
	AUTH_FILE,	/* a key file is tried → NEXT */
	AUTH_ASK_AGENT, /* the agent lists its keys → NEXT */
	AUTH_SIGN,	/* a key that we have signed with is tried → NEXT */
	AUTH_PASSWORD,	/* → LIST */
	AUTH_LIST,	/* what would the server take → INTERACTIVE, FAILED */
	AUTH_INTERACTIVE,
	AUTH_FAILED,
};

struct ssh_auth {
	struct ssh_link *link;
	enum auth_stage stage;
	struct auth_keys keys;
	unsigned tries;
	bool agent_asked, password_refused;
	struct strbuf tried;   /* for the message */
	struct strbuf methods; /* what the server takes */
};

struct ssh_auth *ssh_auth_new(struct ssh_link *link)
{
	struct ssh_auth *a = xcalloc(1, sizeof(*a));
	a->link = link;
	auth_keys_init(&a->keys, link);
	return a;
}

#define STAGE_CHANGED 2

/* 0 authenticated, 1 waiting, STAGE_CHANGED when it was refused: on to `next`; or an error. */
static int try_userauth(struct ssh_auth *a, int rc, enum auth_stage next, struct err *err)
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
	a->stage = next;
	return STAGE_CHANGED;
}

static const char *user_of(const struct ssh_auth *a)
{
	return a->link->options.user;
}

/* --- keys --- */

static int step_file(struct ssh_auth *a, struct err *err)
{
	char text[400];
	const char *path = auth_keys_current(&a->keys)->path;
	int rc = libssh2_userauth_publickey_fromfile_ex(
		a->link->session, user_of(a), (unsigned)strlen(user_of(a)), NULL, path,
		a->link->key_passphrase ? a->link->key_passphrase : "");
	int r = try_userauth(a, rc, AUTH_NEXT, err);
	if (r == STAGE_CHANGED && rc != LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED &&
	    rc != LIBSSH2_ERROR_AUTHENTICATION_FAILED) {
		snprintf(text, sizeof(text), "%s: %s", path, ssh_link_trouble(a->link));
		auth_keys_note(&a->keys, text);
	}
	return r;
}

static int step_sign(struct ssh_auth *a, struct err *err)
{
	struct slice key = strbuf_slice(&auth_keys_current(&a->keys)->sent);
	void *abstract = &a->keys;
	int rc = libssh2_userauth_publickey(a->link->session, user_of(a),
					    (const unsigned char *)key.ptr, key.len, auth_keys_sign,
					    &abstract);
	return try_userauth(a, rc, AUTH_NEXT, err);
}

static int step_ask_agent(struct ssh_auth *a)
{
	enum agent_status s = agent_client_status(a->keys.agent);
	if (s == AGENT_WAITING)
		return 1;
	if (s == AGENT_ANSWERED)
		auth_keys_add_agent(&a->keys);
	auth_keys_add_config(&a->keys);
	a->stage = AUTH_NEXT;
	return STAGE_CHANGED;
}

/* --- passwords --- */

static int step_password(struct ssh_auth *a, struct err *err)
{
	const char *password = a->link->password;
	int rc = libssh2_userauth_password_ex(a->link->session, user_of(a),
					      (unsigned)strlen(user_of(a)), password,
					      (unsigned)strlen(password), NULL);
	if (rc == LIBSSH2_ERROR_PASSWORD_EXPIRED)
		auth_keys_note(&a->keys, "the password has expired and must be changed by hand");
	return try_userauth(a, rc, AUTH_LIST, err);
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
	return try_userauth(a, rc, AUTH_FAILED, err);
}

/* One round trip, so only when a choice or a message depends on it. */
static int step_list(struct ssh_auth *a, struct err *err)
{
	char *list =
		libssh2_userauth_list(a->link->session, user_of(a), (unsigned)strlen(user_of(a)));
	if (!list && libssh2_userauth_authenticated(a->link->session))
		return 0;
	if (!list) {
		int r = try_userauth(a, libssh2_session_last_errno(a->link->session), AUTH_FAILED,
				     err);
		if (r != STAGE_CHANGED)
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
	return STAGE_CHANGED;
}

static int failed(struct ssh_auth *a, struct err *err)
{
	char who[200];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (a->keys.troubles.len)
		strbuf_printf(&text, "; %s", a->keys.troubles.ptr);
	if (a->link->password)
		strbuf_puts(&text, a->password_refused ? "; the password was refused" : "");
	else if (!a->tried.len && !a->keys.troubles.len)
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

static int step_next(struct ssh_auth *a)
{
	/* one try is kept for the password */
	const struct auth_key *key =
		a->tries + 1 < AUTH_TRIES_MAX ? auth_keys_next(&a->keys) : NULL;
	if (key) {
		next_try(a, key->sent.len ? AUTH_SIGN : AUTH_FILE,
			 key->path ? key->path : "a key of the agent");
	} else if (!a->agent_asked) {
		a->agent_asked = true;
		if (auth_keys_ask_agent(&a->keys))
			a->stage = AUTH_ASK_AGENT;
		else
			auth_keys_add_config(&a->keys);
	} else if (a->link->password) {
		next_try(a, AUTH_PASSWORD, "the password");
	} else {
		a->stage = AUTH_LIST;
	}
	return STAGE_CHANGED;
}

int ssh_auth_step(struct ssh_auth *a, struct err *err)
{
	int r = STAGE_CHANGED;
	while (r == STAGE_CHANGED) {
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
		case AUTH_SIGN:
			r = step_sign(a, &why);
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
	auth_keys_release(&a->keys);
	strbuf_release(&a->tried);
	strbuf_release(&a->methods);
	free(a);
}
