/*
 * Hosts that are still being made: their links are held until the gate says that
 * they are there. One that failed is unreachable, with the gate's reason.
 */
#include "gate.h"
#include "emit.h"
#include "link/link.h"
#include "run.h"

enum run_gate_state gate_ask(const struct link *l, const char **ret_text)
{
	const struct run_gate *gate = l->run->opts->gate;
	*ret_text = NULL;
	return gate ? gate->ask(gate->self, l->host->inv->name, ret_text) : RUN_GATE_OPEN;
}

static void look_again(struct link *l)
{
	const char *text;
	struct err why = {0};
	switch (gate_ask(l, &text)) {
	case RUN_GATE_OPEN:
		link_open_gate(l);
		break;
	case RUN_GATE_WAITS:
		emit_host_state(l->host, REPORT_HOST_BOOTING, text);
		break;
	case RUN_GATE_FAILED:
		err_set(&why, ERR_UNREACHABLE, "%s", text);
		link_fail_gate(l, &why);
		break;
	}
}

static void on_news(uv_poll_t *poll, int status, int events)
{
	struct run *run = poll->data;
	(void)status;
	(void)events;
	bool more = run->opts->gate->take(run->opts->gate->self);
	for (size_t i = 0; i < run->links.len; i++)
		if (run->links.at[i]->state == LINK_HELD)
			look_again(run->links.at[i]);
	if (!more)
		gate_end(run);
	run_drain(run);
}

void gate_begin(struct run *run)
{
	if (!run->opts->gate)
		return;
	uv_poll_init(&run->loop, &run->gate, run->opts->gate->fd);
	run->gate.data = run;
	run->gate_active = true;
	uv_poll_start(&run->gate, UV_READABLE, on_news);
}

void gate_end(struct run *run)
{
	if (!run->gate_active)
		return;
	run->gate_active = false;
	uv_close((uv_handle_t *)&run->gate, NULL);
}

void gate_give_up(struct run *run)
{
	struct err why = {.code = ERR_CANCELLED, .msg = "the run was interrupted"};
	for (size_t i = 0; i < run->links.len; i++)
		link_fail_gate(run->links.at[i], &why);
}
