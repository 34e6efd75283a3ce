#pragma once
/* apt-get's argument lists and its simulation, for both hosts. */
#include "rollout/host/host.h"

/* One line of a simulation: what apt-get would install or remove. */
struct apt_step {
	bool install;
	const char *name, *version; /* version NULL on removal */
};
struct apt_steps {
	struct apt_step *at;
	size_t len;
};

/* DEBIAN_FRONTEND and its kind, for struct tool's env. */
extern const char *const apt_env[];

/* "name" of "name=version" and "name/release"; "name:arch" stays. In the arena. */
const char *apt_package_name(struct arena *a, const char *spec);
bool apt_is_file(const char *spec); /* a .deb */
/* Those of c->names that h does not have in the wanted state. NULL-terminated, *ret_len of them. */
int apt_needed(struct host *h, struct arena *a, const struct host_package_change *c,
	       const char *const **ret_names, size_t *ret_len, struct err *err);
/* apt-get's words for the change of `names`; with simulate, its -s. */
const char *const *apt_words(struct arena *a, const struct host_package_change *c,
			     const char *const *names, bool simulate);
/* From "Inst name [old] (new …)" and "Remv name [old]" lines. */
void apt_steps_parse(struct arena *a, struct slice output, struct apt_steps *ret);
