#pragma once
/*
 * What a program of the host may overwrite, kept beside it until the program has
 * succeeded: files as copies (or hard links, for who replaces files instead of
 * writing into them), folders by their owner and mode, what is absent by name.
 *
 *     r = kept_add(&k, path, copy, links, err);     no room: nothing has happened yet
 *     r = program_change(&p, err);
 *     kept_end(&k, r < 0);
 *
 * A copy that a killed agent has left is replaced by the next kept_add.
 */
#include "rollout/base/vec.h"
#include "rollout/module/module.h"

struct kept_path {
	const char *path, *copy;
	struct host_stat was;
};
struct kept {
	struct module_call *call;
	VEC(struct kept_path) paths;
};

/* `copy` is a free name in the same file system. Nothing in check mode. */
int kept_add(struct kept *k, const char *path, const char *copy, bool links, struct err *err);
/* Puts everything back, or drops the copies; the list is empty then. */
void kept_end(struct kept *k, bool restore);
