#pragma once
/* Whether to talk to a host that shows a given key: the policy over
 * known_hosts, and the messages that say what to do. */
#include "../config/ssh_options.h"
#include "known_hosts.h"

struct hostkey_policy {
	struct known_hosts known;
	const char *name;  /* HostKeyAlias, or the name connected to; borrowed as all here */
	const char *given; /* the name asked for */
	bool is_alias;	   /* name is taken without the port */
	int port;
	enum ssh_strict strict;
	struct strbuf files; /* the files looked at, for messages */
	char *first_file;    /* where accept-new writes */
};

/* Reads the files the options name (or the defaults under `home`). */
int hostkey_policy_load(struct hostkey_policy *p, struct ssh_options *o, const char *given,
			const char *home, struct err *err);
/* libssh2's preference list: types that known_hosts has for the host first. */
void hostkey_policy_types(const struct hostkey_policy *p, struct strbuf *out);
/* 0, or ERR_HOSTKEY. May append to known_hosts (accept-new). */
int hostkey_policy_check(struct hostkey_policy *p, struct slice blob, struct err *err);
void hostkey_policy_release(struct hostkey_policy *p);
