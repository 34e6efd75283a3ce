#pragma once
/* What `rollout inventory` prints: as ansible-inventory does, and where variables
 * come from. */
#include "../cli.h"

void inventory_print_list(struct inventory *inv, const struct options *o,
			  const struct value *extra);
int inventory_print_graph(struct inventory *inv, const struct options *o, const struct value *extra,
			  struct err *err);
/* --host: all variables of it; with --explain those of o->words, or all. */
int inventory_print_host(struct inventory *inv, const struct options *o, const struct value *extra,
			 struct err *err);
int inventory_explain(struct inventory *inv, const struct inv_host *h, const struct options *o,
		      const struct value *extra, struct err *err);

/* ERR_NOT_FOUND, with the nearest of the names; `what`: "host" or "group". */
int inventory_lacks(const char *what, const char *name, const struct strmap *names,
		    struct err *err);

/* The host's variables with `extra` (-e, or NULL) over them. */
struct value *inventory_view_vars(struct arena *a, const struct inventory *inv,
				  const struct inv_host *h, const struct value *extra);
void inventory_print_groups(const struct inv_host *h);		 /* "# web1: in all web" */
void inventory_view_place(struct strbuf *out, struct srcloc at); /* "file:line" */
