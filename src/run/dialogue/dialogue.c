/* What somebody at a terminal is asked while the run goes on: the terminal is one more
 * thing that the loop listens to. */
#include "dialogue.h"
#include "../run.h"

#include "rollout/report/visible.h"

#include <stdlib.h>
#include <string.h>

static void hush_sinks(struct run *run)
{
	for (size_t i = 0; i < run->opts->nsinks; i++)
		if (run->opts->sinks[i].ops->hush)
			run->opts->sinks[i].ops->hush(run->opts->sinks[i].self);
}

static void show(struct run *run)
{
	const struct run_dialogue *d = run->opts->dialogue;
	struct dialogue_question *q = run->questions.at[0];
	q->shown = true;
	hush_sinks(run);
	d->ask(d->self, q->text, q->hidden);
}

static void question_free(struct dialogue_question *q)
{
	strbuf_wipe(&q->line);
	free(q->text);
	free(q);
}

/* Takes a question off, and asks the next. The caller frees it. */
static struct dialogue_question *take_off(struct run *run, size_t i, bool answered)
{
	const struct run_dialogue *d = run->opts->dialogue;
	struct dialogue_question *q = run->questions.at[i];
	vec_remove(&run->questions, i);
	if (q->flight)
		q->flight->question = NULL;
	if (i == 0)
		d->end(d->self, answered);
	return q;
}

static void answer(struct run *run)
{
	struct dialogue_question *q = take_off(run, 0, true);
	q->on_answer(q->ctx, 0, strbuf_slice(&q->line));
	question_free(q);
	while (run->questions.len && run->asks_no_more && run->questions.at[0]->of_step) {
		q = take_off(run, 0, true);
		q->on_answer(q->ctx, 0, SLICE_LIT("continue"));
		question_free(q);
	}
	if (run->questions.len && !run->questions.at[0]->shown)
		show(run);
}

static void stop_listening(struct run *run)
{
	if (run->terminal_active && run->questions.len == 0)
		uv_poll_stop(&run->terminal);
}

static void on_typed(uv_poll_t *poll, int status UNUSED, int events UNUSED)
{
	struct run *run = poll->data;
	const struct run_dialogue *d = run->opts->dialogue;
	struct err err = {0};
	if (run->questions.len == 0)
		return;
	int r = d->take(d->self, &run->questions.at[0]->line, &err);
	if (r == 0)
		return;
	if (r < 0)
		run_interrupt(run); /* which cancels them all */
	else
		answer(run);
	stop_listening(run);
	run_drain(run);
}

static void start_listening(struct run *run)
{
	if (!run->terminal_active) {
		uv_poll_init(&run->loop, &run->terminal, run->opts->dialogue->fd);
		run->terminal.data = run;
		run->terminal_active = true;
	}
	if (!uv_is_active((uv_handle_t *)&run->terminal))
		uv_poll_start(&run->terminal, UV_READABLE, on_typed);
}

void dialogue_ask(struct run *run, const struct dialogue_question *q)
{
	struct dialogue_question *own = xcalloc(1, sizeof(*own));
	struct strbuf text = {0};
	visible_line(&text, slice_from(q->text));
	*own = *q;
	own->text = strbuf_steal(&text);
	own->line = (struct strbuf){0};
	if (own->flight)
		own->flight->question = own;
	vec_push(&run->questions, own);
	for (size_t i = run->questions.len - 1; q->first && i > 0; i--) {
		run->questions.at[i] = run->questions.at[i - 1];
		run->questions.at[i - 1] = own;
	}
	if (run->questions.at[0] == own)
		show(run);
	start_listening(run);
}

void dialogue_withdraw(struct run *run, struct flight *f)
{
	for (size_t i = 0; f->question && i < run->questions.len; i++) {
		if (run->questions.at[i] != f->question)
			continue;
		question_free(take_off(run, i, false));
		if (i == 0 && run->questions.len)
			show(run);
		break;
	}
	stop_listening(run);
}

void dialogue_cancel(struct run *run)
{
	while (run->questions.len) {
		struct dialogue_question *q = take_off(run, 0, false);
		q->on_answer(q->ctx, ERR_CANCELLED, SLICE_LIT(""));
		question_free(q);
	}
	stop_listening(run);
}

bool dialogue_tick(struct run *run)
{
	bool again = false;
	if (run->questions.len == 0)
		return false;
	for (size_t i = 0; i < run->opts->nsinks; i++)
		if (run->opts->sinks[i].ops->tick_asking)
			again |= run->opts->sinks[i].ops->tick_asking(run->opts->sinks[i].self);
	if (again)
		show(run);
	return true;
}

void dialogue_end(struct run *run)
{
	if (!run->terminal_active)
		return;
	run->terminal_active = false;
	uv_close((uv_handle_t *)&run->terminal, NULL);
}

void dialogue_say(struct run *run, struct slice line)
{
	const struct run_dialogue *d = run->opts->dialogue;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	visible_text(&text, line);
	strbuf_putc(&text, '\n');
	hush_sinks(run);
	d->say(d->self, strbuf_slice(&text));
}

void dialogue_put_task(struct strbuf *out, const struct plan_node *node)
{
	strbuf_puts(out, node->is_handler ? "HANDLER: " : "TASK: ");
	if (node->role)
		strbuf_printf(out, "%s : ", node->role->name);
	if (node->name && node->name->type == VALUE_STRING)
		strbuf_slice_append(out, node->name->str);
	else
		strbuf_puts(out, node_module_name(node));
}
