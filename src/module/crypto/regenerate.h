#pragma once
/* When a key that is there is made anew: what openssh_keypair and
 * openssl_privatekey share. Keys are made by the host's own programs and never
 * leave it. */
#include "rollout/module/module.h"

enum key_fit {
	KEY_ABSENT,
	KEY_FITS,
	KEY_DIFFERS,	/* another type or size */
	KEY_UNREADABLE, /* broken, or behind another passphrase */
};

#define REGENERATE_PARAMS(default_)                                                                \
	{.name = "regenerate",                                                                     \
	 .type = MODULE_STR,                                                                       \
	 .fallback = default_,                                                                     \
	 .choices = regenerate_choices,                                                            \
	 .doc = "What becomes of a key that is not as it shall be."},                              \
	{                                                                                          \
		.name = "force", .type = MODULE_BOOL, .fallback = "false",                         \
		.doc = "Makes a new one in any case."                                              \
	}
extern const char *const regenerate_choices[];

/* *ret: a new key is needed. An error where the task says that it may not be. */
int regenerate_decide(struct module_call *call, const char *path, enum key_fit fit, bool *ret,
		      struct err *err);
