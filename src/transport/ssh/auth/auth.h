#pragma once
/*
 * User authentication (RFC 4252), one method after another, without asking
 * first what the server would take: named key files, the agent's keys,
 * ssh_config's or the default key files, the password, keyboard-interactive.
 */
#include "../link.h"

#define AUTH_TRIES_MAX 6 /* sshd's MaxAuthTries */

struct ssh_auth *ssh_auth_new(struct ssh_link *link);
/* 0 authenticated, 1 waiting, or an error. */
int ssh_auth_step(struct ssh_auth *a, struct err *err);
void ssh_auth_free(struct ssh_auth *a);
