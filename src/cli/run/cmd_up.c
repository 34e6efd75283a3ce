/* rollout up SITE: the VMs, and the site on each of them as soon as it is there. */
#include "../cli.h"
#include "../vault/passwords.h"
#include "../vm/session.h"
#include "rollout/base/clock.h"

#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define LAST_EVENTS_MS 200

struct booting {
	bool ordered, over, failed;
	char text[2048]; /* what it is at, or why it failed */
};
/* The machines of the run: the run's gate. */
struct launch {
	const struct vm_session *session;
	struct vm_order *order;
	struct booting *machines; /* by index */
	bool running;
};

static void on_event(void *ctx, const struct vm_event *e)
{
	struct launch *l = ctx;
	struct booting *b = &l->machines[e->machine];
	if (e->kind == VM_EVENT_NOTE && !*e->text)
		return;
	b->over = e->kind == VM_EVENT_DONE || e->kind == VM_EVENT_FAILED;
	b->failed = e->kind == VM_EVENT_FAILED;
	snprintf(b->text, sizeof(b->text), "%s", e->text);
}

static bool gate_take(void *self)
{
	struct launch *l = self;
	l->running = vm_order_read(l->order, on_event, l) > 0;
	return l->running;
}

static enum run_gate_state gate_ask(void *self, const char *host, const char **ret_text)
{
	const struct launch *l = self;
	const struct vm_machine *m = vm_project_find(l->session->project, host);
	const struct booting *b = m ? &l->machines[m->index] : NULL;
	if (!b || !b->ordered)
		return RUN_GATE_OPEN;
	*ret_text = b->text;
	if (b->failed)
		return RUN_GATE_FAILED;
	return b->over ? RUN_GATE_OPEN : RUN_GATE_WAITS;
}

/* ---- which ---- */

static bool takes_part(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->steps.len; i++)
		for (size_t k = 0; k < plan->steps.at[i]->hosts.len; k++)
			if (strcmp(plan->steps.at[i]->hosts.at[k]->name, name) == 0)
				return true;
	return false;
}

/* All; with --limit those that the run is for. */
static void select_machines(const struct vm_session *s, vm_indexes *ret)
{
	for (size_t i = 0; i < s->project->machines.len; i++)
		if (!s->options->limit ||
		    takes_part(s->loaded->plan, s->project->machines.at[i]->spec->name))
			vec_push(ret, i);
}

/* ---- the order beside the run ---- */

/* What boots and is no part of the run is waited for, unless the user has enough. */
static void finish_order(struct launch *l, bool interrupted)
{
	if (interrupted)
		vm_order_interrupt(l->order);
	while (l->running) {
		struct pollfd fd = {.fd = vm_order_fd(l->order), .events = POLLIN};
		poll(&fd, 1, LAST_EVENTS_MS);
		gate_take(l);
	}
}

static int launch_exit(const struct launch *l, int code)
{
	for (size_t i = 0; code == RUN_EXIT_OK && i < l->session->project->machines.len; i++) {
		if (!l->machines[i].failed)
			continue;
		fprintf(stderr, "%s: %s\n", l->session->project->machines.at[i]->spec->name,
			l->machines[i].text);
		code = RUN_EXIT_FAILED;
	}
	return code;
}

static int boot_and_run(const struct vm_session *s, const vm_indexes *machines, struct err *err)
{
	struct launch l = {.session = s, .running = true};
	const struct vm_order_options order = {.verb = VM_VERB_UP,
					       .machines = machines->at,
					       .nmachines = machines->len,
					       .parallel = s->options->parallel,
					       .boot_timeout_ms =
						       (int64_t)s->options->boot_timeout_s * 1000};
	l.machines = ARENA_ARRAY(&s->loaded->arena, struct booting, s->project->machines.len + 1);
	for (size_t i = 0; i < machines->len; i++)
		l.machines[machines->at[i]].ordered = true;
	int r = vm_order_begin(s->project, &order, &l.order, err);
	if (r < 0)
		return r;
	const struct run_gate gate = {
		.self = &l, .fd = vm_order_fd(l.order), .take = gate_take, .ask = gate_ask};
	r = cli_execute(s->options, s->loaded, &gate, err);
	finish_order(&l, r == RUN_EXIT_INTERRUPTED || r < 0);
	vm_order_free(l.order);
	return r < 0 ? r : launch_exit(&l, r);
}

/* Addresses and ports are decided first: the site is checked with them. */
static int prepare(const struct options *o, struct loaded *l, struct vm_session *s, struct err *err)
{
	const char *site = o->words.at[0];
	int r = access(site, R_OK) < 0 ? err_sys(err, "open %s", site) : 0;
	if (r == 0)
		r = load_hosts(o, site, l, err);
	if (r == 0)
		r = vm_session_open(o, l, s, err);
	if (r == 0)
		r = vm_project_prepare(s->project, err);
	if (r < 0)
		return r;
	vm_session_give_vars(s);
	return load_plan(o, site, l, err);
}

static int start(const struct vm_session *s, struct err *err)
{
	vm_indexes machines = {0};
	select_machines(s, &machines);
	int r = vm_project_check_room(s->project, machines.at, machines.len, err);
	if (r == 0)
		r = machines.len ? boot_and_run(s, &machines, err)
				 : cli_execute(s->options, s->loaded, NULL, err);
	vec_release(&machines);
	return r;
}

int cmd_up(const struct options *o, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	CLEANUP(vm_session_close) struct vm_session s = {0};
	int r = cli_check_site(o, err);
	vault_passwords_demand(true);
	if (r == 0 &&
	    (o->check || o->list_hosts || o->list_tasks || o->list_tags || o->syntax_check))
		r = err_set(err, ERR_USAGE,
			    "rollout up boots VMs, and this only looks: rollout vm up, and then "
			    "the same without 'up'");
	if (r == 0)
		r = prepare(o, &l, &s, err);
	return r < 0 ? r : start(&s, err);
}
