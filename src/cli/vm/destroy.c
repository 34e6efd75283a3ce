/* destroy: what is there, after asking. */
#include "orders.h"

#include <stdio.h>
#include <unistd.h>

#define NAMES_SHOWN 12u

/* Of those that were named, the machines that exist. */
static int select_existing(const struct vm_session *s, const struct vm_words *words,
			   vm_indexes *out, struct err *err)
{
	vm_indexes named = {0};
	int r = vm_session_select(s, words->at, words->len, &named, err);
	for (size_t i = 0; r == 0 && i < named.len; i++) {
		struct vm_status status = {0};
		r = vm_machine_status(s->project->machines.at[named.at[i]], &status, err);
		if (r == 0 && status.state != VM_ABSENT)
			vec_push(out, named.at[i]);
	}
	vec_release(&named);
	return r;
}

static void put_names(const struct vm_session *s, const vm_indexes *machines, struct strbuf *out)
{
	size_t shown = machines->len > NAMES_SHOWN ? NAMES_SHOWN : machines->len;
	for (size_t i = 0; i < shown; i++)
		strbuf_printf(out, "%s%s", i ? ", " : "",
			      s->project->machines.at[machines->at[i]]->spec->name);
	if (machines->len > shown)
		strbuf_printf(out, " and %zu more", machines->len - shown);
}

/* Only "y" or "yes" is one. */
static bool ask(const char *names)
{
	char answer[16] = "";
	fprintf(stderr, "destroy %s? [y/N] ", names);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		return false;
	struct slice said = slice_trim(slice_from(answer));
	return slice_is(said, "y") || slice_is(said, "Y") || slice_is(said, "yes");
}

/* 0, or RUN_EXIT_ERROR: the answer was no. */
static int confirm(const struct vm_session *s, const vm_indexes *machines, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf names = {0};
	put_names(s, machines, &names);
	if (s->options->force)
		return 0;
	if (!isatty(STDIN_FILENO))
		return err_set(err, ERR_USAGE,
			       "destroy %s: nobody can be asked without a terminal; --force does "
			       "not ask",
			       names.ptr);
	if (ask(names.ptr))
		return 0;
	printf("nothing was destroyed\n");
	return RUN_EXIT_ERROR;
}

int vm_verb_destroy(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	const struct vm_call call = {.verb = VM_VERB_DESTROY};
	vm_indexes machines = {0};
	int r = select_existing(s, words, &machines, err);
	if (r == 0 && machines.len == 0) {
		if (!s->options->json)
			printf("nothing to destroy\n");
		return RUN_EXIT_OK;
	}
	if (r == 0)
		r = confirm(s, &machines, err);
	if (r == 0)
		r = vm_order_on(s, &call, &machines, err);
	vec_release(&machines);
	return r;
}
