/* up, halt, reload, suspend, resume, recreate. */
#include "orders.h"

#include "rollout/base/shellwords.h"

#include <stdio.h>
#include <unistd.h>

/* ---- what comes next ---- */

static void put_sources(const struct options *o, struct strbuf *out)
{
	for (size_t i = 0; i < o->inventory.len; i++) {
		strbuf_puts(out, " -i ");
		shellwords_quote(out, slice_from(o->inventory.at[i]));
	}
}

/* After machines came up: the site, if it lies where it usually does, and a login. */
static void print_next(const struct vm_session *s, const vm_indexes *machines)
{
	CLEANUP(strbuf_release) struct strbuf sources = {0};
	const char *first = s->project->machines.at[machines->at[0]]->spec->name;
	put_sources(s->options, &sources);
	const char *with = sources.ptr ? sources.ptr : "";
	printf("next: rollout%s %s\n", with,
	       access("site.roles", R_OK) == 0 ? "site.roles" : "SITE");
	printf("      rollout vm%s ssh %s\n", with, first);
}

/* ---- orders ---- */

static bool makes_machines(enum vm_verb verb)
{
	return verb == VM_VERB_UP || verb == VM_VERB_RECREATE || verb == VM_VERB_RELOAD;
}

int vm_order_on(const struct vm_session *s, const struct vm_call *call, const vm_indexes *machines,
		struct err *err)
{
	const struct options *o = s->options;
	const struct vm_order_options order = {.verb = call->verb,
					       .machines = machines->at,
					       .nmachines = machines->len,
					       .parallel = o->parallel,
					       .force = o->force,
					       .snapshot = call->snapshot,
					       .boot_timeout_ms =
						       (int64_t)o->boot_timeout_s * 1000};
	int r = makes_machines(call->verb) ? vm_project_prepare(s->project, err) : 0;
	if (r == 0 && makes_machines(call->verb))
		r = vm_project_check_room(s->project, machines->at, machines->len, err);
	if (r == 0)
		r = vm_follow(s, &order, err);
	if (r == RUN_EXIT_OK && call->verb == VM_VERB_UP && !o->json)
		print_next(s, machines);
	return r;
}

int vm_order(const struct vm_session *s, const struct vm_call *call, struct err *err)
{
	vm_indexes machines = {0};
	int r = vm_session_select(s, call->patterns, call->npatterns, &machines, err);
	if (r == 0)
		r = vm_order_on(s, call, &machines, err);
	vec_release(&machines);
	return r;
}

static int simple(const struct vm_session *s, enum vm_verb verb, const struct vm_words *words,
		  struct err *err)
{
	return vm_order(
		s, &(struct vm_call){.verb = verb, .patterns = words->at, .npatterns = words->len},
		err);
}

int vm_verb_up(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	return simple(s, VM_VERB_UP, words, err);
}

int vm_verb_halt(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	return simple(s, VM_VERB_HALT, words, err);
}

int vm_verb_reload(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	return simple(s, VM_VERB_RELOAD, words, err);
}

int vm_verb_suspend(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	return simple(s, VM_VERB_SUSPEND, words, err);
}

int vm_verb_resume(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	return simple(s, VM_VERB_RESUME, words, err);
}

/* Disks are lost: nobody shall name all machines by naming none. */
int vm_verb_recreate(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	if (words->len == 0)
		return err_set(err, ERR_USAGE,
			       "which machines? rollout vm recreate NAME... (all "
			       "loses the disks of all)");
	return simple(s, VM_VERB_RECREATE, words, err);
}
