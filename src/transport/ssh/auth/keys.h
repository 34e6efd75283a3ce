#pragma once
/* The keys that a login may be tried with, in order, and their signatures. */
#include "../link.h"
#include "agent_client.h"
#include "ssh_rsa.h"

struct auth_key {
	const char *path;    /* a key file; NULL: a key of the agent */
	struct strbuf blob;  /* of the agent's key */
	struct strbuf sent;  /* the public key as the server gets it, where we have it signed */
	struct ssh_rsa *rsa; /* RSA: the key of the file */
	bool named;	     /* by the inventory or the command line: its absence is a trouble */
};

struct auth_keys {
	struct ssh_link *link;
	VEC(struct auth_key) list;
	size_t next;
	struct agent_client *agent;
	struct strbuf troubles; /* what is wrong with keys, for the message */
};

/* The files that the inventory or the command line names. */
void auth_keys_init(struct auth_keys *k, struct ssh_link *link);
/* False: there is no agent. Else its status tells when it has answered. */
bool auth_keys_ask_agent(struct auth_keys *k);
void auth_keys_add_agent(struct auth_keys *k);	/* once it has answered */
void auth_keys_add_config(struct auth_keys *k); /* ssh_config's, or the default files */
/* The next that can be tried, which is then the current one; NULL: there is none. */
const struct auth_key *auth_keys_next(struct auth_keys *k);
const struct auth_key *auth_keys_current(const struct auth_keys *k);
/* For libssh2: signs with the current key; *abstract is the auth_keys. */
LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(auth_keys_sign);
void auth_keys_note(struct auth_keys *k, const char *trouble);
void auth_keys_release(struct auth_keys *k);
