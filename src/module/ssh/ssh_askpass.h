#pragma once
/*
 * ssh-keygen with a passphrase. Among its words others would see it, so ssh-keygen
 * asks a program for it (ssh(1), SSH_ASKPASS), which has it from the environment.
 */
#include "../program.h"

/* A shell that runs the script, whose "$@" are the words that follow; $d is a folder
 * of its own that goes with it. NULL or "": ssh-keygen asks nobody. */
void ssh_askpass_begin(struct program *p, struct module_call *call, const char *passphrase,
		       const char *script);
/* It is one line. */
int ssh_askpass_check(const char *name, const char *passphrase, struct err *err);
