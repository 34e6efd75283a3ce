#pragma once
/* A pki folder of a test's own on the real host, or under an overlay, and calls
 * of the pki modules with arguments written as YAML. */
#include "rollout/module/module.h"
#include "rollout/pki/modules.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct pki_fixture {
	struct arena arena;
	struct host *real, *overlay;
	char dir[64];	/* exists, empty */
	struct err err; /* of the last call that failed */
};

void fixture_init(struct pki_fixture *f);
void fixture_release(struct pki_fixture *f);

/* "dir" is added to the arguments. NULL: it failed, f->err says why. */
const struct value *fixture_call(struct pki_fixture *f, struct host *host, const char *module,
				 const char *yaml);
const char *fixture_text(const struct value *result, const char *key);
bool fixture_changed(const struct value *result);
/* Contents of <dir>/<name>; NULL when it is absent. */
const char *fixture_file(struct pki_fixture *f, const char *name);
/* Runs a shell command with $D as the folder; its exit code. */
int fixture_shell(struct pki_fixture *f, const char *command);

/* root (pathlen 2) -> intermediate (1) -> etcd (0). */
void fixture_hierarchy(struct pki_fixture *f, struct host *host);
