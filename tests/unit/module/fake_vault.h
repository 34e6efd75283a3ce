#pragma once
/* A server on the loopback that plays HashiCorp Vault: routes, errors and headers of
 * its HTTP API, and some that no Vault would send. */
#include <sys/types.h>

#define FAKE_VAULT_TOKEN "s.GoodToken123"
#define FAKE_VAULT_LOGIN_TOKEN "s.LoginToken456"

struct fake_vault {
	pid_t pid;
	int port;
};

void fake_vault_start(struct fake_vault *v);
void fake_vault_stop(struct fake_vault *v);
