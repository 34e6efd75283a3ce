/* Any bytes as the output of `ssh -G`, then as Ansible's ssh_args, and its
 * values with their % sequences replaced. */
#include "../../src/transport/ssh/config/ssh_options.h"
#include "rollout/transport/transport.h"

#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct ssh_options *o)
{
	const char *const texts[] = {o->hostname,	  o->user,	 o->host_key_alias,
				     o->identity_agent,	  o->proxy_jump, o->proxy_command,
				     o->user_known_hosts, o->config_file};
	if (o->port < 0 || o->port > 65535 || o->identities.len > SSH_IDENTITIES_MAX ||
	    o->args.len > SSH_ARGS_MAX)
		abort();
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (texts[i])
			ssh_options_expand(o, texts[i], "/home/me", "web1");
	for (size_t i = 0; i < o->identities.len; i++)
		ssh_options_expand(o, o->identities.at[i], "/home/me", "web1");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ssh_options from_text = {0}, from_args = {0};
	struct err err = {0};
	ssh_options_text(&from_text, (struct slice){(const char *)data, size});
	check(&from_text);
	char *args = xstrndup((const char *)data, size);
	if (ssh_options_args(&from_args, args, &err) == 0)
		check(&from_args);
	free(args);
	ssh_options_release(&from_text);
	ssh_options_release(&from_args);
	return 0;
}
