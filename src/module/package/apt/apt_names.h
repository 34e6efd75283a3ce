#pragma once
/* The packages that an apt task names, and what becomes of them. */
#include "rollout/module/module.h"

/* name: each as name, name=version, name>=version, with wildcards. */
int apt_names_apply(struct module_call *call, struct err *err);
/* deb: a file on the host, or a URL that the host fetches. */
int apt_deb_apply(struct module_call *call, struct err *err);

struct apt_wanted {
	const char *spec, *name; /* "nginx=1.18*", "nginx" */
	const char *version;	 /* NULL: any */
	bool at_least;		 /* name>=version */
	struct host_package now;
};
struct apt_change {
	const char **at; /* specs */
	size_t len, cap;
	struct strbuf before, after; /* "name version" lines for the diff */
};

void apt_change_release(struct apt_change *c);
/* What is installed under the spec's name. */
int apt_look(struct module_call *call, const char *spec, struct apt_wanted *w, struct err *err);
/* Whether what is installed is a version that the spec wants. */
int apt_has_version(struct module_call *call, const struct apt_wanted *w, bool *ret,
		    struct err *err);
void apt_note(struct apt_change *c, const struct apt_wanted *w, bool install);
/* Brings all of c to the state, and reports it. */
int apt_apply(struct module_call *call, struct apt_change *c, bool install, struct err *err);
