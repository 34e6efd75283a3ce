/* pause: for a time, or until somebody has answered. Source: Ansible's page of the
 * module; ansible-core, plugins/action/pause.py. */
#include "../dialogue/dialogue.h"
#include "../emit.h"
#include "../flight/flight.h"
#include "../run.h"
#include "../strand/strand.h"
#include "action.h"
#include "rollout/value/secret.h"

#define MS_MIN 1000 /* as Ansible; fractions of a second and of a minute are cut */

static const char asks_for_enter[] = "Press enter to continue, Ctrl+C to interrupt";

static void go_on(struct flight *f, struct value *result)
{
	f->items[f->current].result = NULL;
	outcome_item(f, &f->items[f->current], result);
	flight_resume_local(f);
}

static void on_pause_over(uv_timer_t *timer)
{
	struct flight *f = timer->data;
	if (f->zombie)
		return;
	struct value *result = value_dict_new(&f->arena);
	value_dict_put(&f->arena, result, "changed", value_bool(false));
	value_dict_put(&f->arena, result, "user_input", value_cstr(&f->arena, ""));
	go_on(f, result);
	run_drain(f->strand->step->run);
}

static struct value *input_of(struct flight *f, struct slice line)
{
	struct value *input = value_str(&f->arena, line);
	input->flags |= VALUE_UNSAFE;
	return input;
}

static void on_answer(void *ctx, int r, struct slice line)
{
	struct flight *f = ctx;
	struct arena *a = &f->arena;
	struct value *result = value_dict_new(a);
	bool echo = true;
	const struct value *written = value_get(f->items[f->current].args, "echo");
	if (written)
		(void)value_to_bool(written, &echo);
	if (r == 0 && !echo) /* what is typed without an echo is not shown later */
		secret_remember(line);
	if (r < 0) {
		value_dict_put(a, result, "failed", value_bool(true));
		value_dict_put(a, result, "msg", value_cstr(a, "no answer"));
	}
	value_dict_put(a, result, "changed", value_bool(false));
	value_dict_put(a, result, "user_input", input_of(f, line));
	value_dict_put(a, result, "echo", value_bool(echo));
	go_on(f, result);
}

static void ask(struct action_call *c, bool echo)
{
	const struct value *prompt = action_arg(c, "prompt");
	CLEANUP(strbuf_release) struct strbuf question = {0};
	if (prompt)
		value_print(&question, prompt);
	else
		strbuf_puts(&question, asks_for_enter);
	strbuf_puts(&question, ": ");
	dialogue_ask(c->f->strand->step->run, &(struct dialogue_question){.text = question.ptr,
									  .hidden = !echo,
									  .flight = c->f,
									  .on_answer = on_answer,
									  .ctx = c->f});
}

static int ask_user(struct action_call *c, struct err *err)
{
	struct run *run = c->f->strand->step->run;
	bool echo;
	int r = scope_bool(c->scope, action_arg(c, "echo"), true, &echo, err);
	if (r < 0)
		return r;
	if (!c->f->check_mode && run->opts->dialogue) {
		ask(c, echo);
		return 1;
	}
	if (!c->f->check_mode)
		emit_warning(run, c->f->node->at,
			     "there is no terminal: the pause does not wait for an answer");
	action_put(c, "user_input", input_of(c->f, SLICE_LIT("")));
	action_put(c, "echo", value_bool(echo));
	return 0;
}

int action_pause(struct action_call *c, struct err *err)
{
	int64_t seconds, minutes;
	int r = scope_int(c->scope, action_arg(c, "seconds"), 0, &seconds, err);
	if (r < 0 || (r = scope_int(c->scope, action_arg(c, "minutes"), 0, &minutes, err)) < 0)
		return r;
	if (!action_arg(c, "seconds") && !action_arg(c, "minutes"))
		return ask_user(c, err);
	if (c->f->check_mode)
		return 0;
	int64_t ms = ms_of_seconds(seconds) + 60 * ms_of_seconds(minutes);
	flight_start_timer(c->f, ms < MS_MIN ? MS_MIN : ms, on_pause_over);
	return 1;
}
