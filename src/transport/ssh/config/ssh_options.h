#pragma once
/*
 * What ssh_config(5), ssh's command line and the target say about one
 * connection. The same setter reads `-o Key=value` and the lines of `ssh -G`;
 * the first value of a key stays, as in ssh.
 *
 *     ssh_options_args(&o, ssh_args, &err);     o.foreign: only `ssh -G` can tell
 *     if (o.foreign || ssh_config_matters(…)) … run `ssh -G`, ssh_options_text()
 *     ssh_options_defaults(&o);
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

#define SSH_ARGS_MAX 256
#define SSH_IDENTITIES_MAX 64

enum ssh_strict { SSH_STRICT_UNSET, SSH_STRICT_YES, SSH_STRICT_ACCEPT_NEW, SSH_STRICT_NO };

struct ssh_options {
	struct arena arena;
	const char *hostname, *user, *host_key_alias, *identity_agent;
	const char *proxy_jump, *proxy_command;		   /* NULL: none */
	const char *config_file;			   /* -F */
	const char *user_known_hosts, *global_known_hosts; /* words */
	VEC(const char *) identities;
	VEC(const char *) args; /* the words of ssh_args, for `ssh -G` */
	int port;		/* 0: not set */
	int connect_timeout_s;	/* 0: not set */
	int alive_interval_s;	/* 0: not set */
	enum ssh_strict strict;
	int identities_only; /* -1 no, 1 yes, 0 not set */
	bool foreign;	     /* an option that concerns us in ways only ssh knows */
};

/* Key without regard to case. false: not one of ours. */
bool ssh_options_set(struct ssh_options *o, struct slice key, struct slice value);
/* ssh's command line as Ansible's ssh_args hold it. */
int ssh_options_args(struct ssh_options *o, const char *ssh_args, struct err *err);
/* The output of `ssh -G`. */
void ssh_options_text(struct ssh_options *o, struct slice text);
/* Whether ~/.ssh/config or the system's configuration says anything that could
 * concern us; if not, `ssh -G` need not run. Reads files. */
bool ssh_config_matters(const char *home, const char *system_config);
/* "~", %d (home), %h, %p, %r (remote user), %u (local user), %n (name), %%. */
const char *ssh_options_expand(struct ssh_options *o, const char *text, const char *home,
			       const char *name);
void ssh_options_release(struct ssh_options *o);
