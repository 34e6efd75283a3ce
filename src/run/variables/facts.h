#pragma once
/* Facts: gathered once a host, and only those that its steps use. */
#include "../state.h"

/* Sends for those that are used and not known yet. */
void flight_gather_facts(struct strand *s);
void facts_arrived(struct flight *f, const struct value *result);
/* The name of a fact that a host may set. */
bool fact_may_be_set(struct slice name);
/* A copy of what a host answered, without the marks that set_fact and include_vars
 * leave for their own. */
struct value *facts_only(struct arena *a, const struct value *result);
/* They do not come any more. */
void facts_forget_pending(struct run_host *h);
