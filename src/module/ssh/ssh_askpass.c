#include "ssh_askpass.h"

#define PASSPHRASE_MAX 1000u /* ssh reads at most 1023 characters */

/* The folder goes also when the agent is killed meanwhile: the shell is not. */
static const char plain[] = "d=$(mktemp -d) || exit 1; trap 'rm -rf \"$d\"' EXIT\n";

/* Where programs run: /tmp may be mounted noexec. SSH_ASKPASS_REQUIRE is OpenSSH 8.4's;
 * older ones ask where there is a display and no terminal. */
static const char asking[] =
	"for t in \"${TMPDIR:-/tmp}\" /var/tmp ${HOME:+\"$HOME\"}; do\n"
	"d=$(mktemp -d \"$t/.rollout-XXXXXXXXXX\" 2>/dev/null) || continue\n"
	"printf '#!/bin/sh\\nprintf \"%%s\\\\n\" \"$ROLLOUT_PASSPHRASE\"\\n' >\"$d/ask\"\n"
	"chmod 700 \"$d/ask\" && \"$d/ask\" >/dev/null 2>&1 && break\n"
	"rm -rf \"$d\"; d=\n"
	"done\n"
	"[ \"$d\" ] || { echo 'no folder from which programs run' >&2; exit 1; }\n"
	"trap 'rm -rf \"$d\"' EXIT\n"
	"export SSH_ASKPASS=\"$d/ask\" SSH_ASKPASS_REQUIRE=force DISPLAY=\"${DISPLAY:-:0}\"\n";

void ssh_askpass_begin(struct program *p, struct module_call *call, const char *passphrase,
		       const char *script)
{
	bool asks = passphrase && passphrase[0];
	program_init(p, call, "sh");
	program_add(p, "-c");
	program_add(p, arena_printf(call->arena, "%s%s", asks ? asking : plain, script));
	program_add(p, "ssh-keygen");
	if (asks)
		program_env(p, "ROLLOUT_PASSPHRASE", passphrase);
}

int ssh_askpass_check(const char *name, const char *passphrase, struct err *err)
{
	if (!passphrase || (!strpbrk(passphrase, "\r\n") && strlen(passphrase) <= PASSPHRASE_MAX))
		return 0;
	return err_set(err, ERR_INVALID, "%s is not one line of at most %u characters", name,
		       PASSPHRASE_MAX);
}
