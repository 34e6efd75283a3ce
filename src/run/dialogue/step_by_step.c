/* --step: each task is asked for. Source: ansible-core, plugins/strategy/__init__.py
 * (_take_step). */
#include "../strand/step.h"
#include "../run.h"
#include "../strand/strand.h"
#include "dialogue.h"

#include <strings.h>

static bool answers(struct slice answer, const char *word)
{
	return answer.len == strlen(word) && strncasecmp(answer.ptr, word, answer.len) == 0;
}

static bool is_yes(struct run *run, int r, struct slice line)
{
	struct slice answer = slice_trim(line);
	if (r == 0 && (answers(answer, "c") || answers(answer, "continue")))
		run->asks_no_more = true;
	return run->asks_no_more || (r == 0 && (answers(answer, "y") || answers(answer, "yes")));
}

/* For all hosts that left a barrier together. */
static void on_answer_for_all(void *ctx, int r, struct slice line)
{
	struct run_step *step = ctx;
	step->asking = false;
	step->wanted = is_yes(step->run, r, line);
	strands_unblock(step->run);
}

static void on_answer_for_one(void *ctx, int r, struct slice line)
{
	struct strand *s = ctx;
	s->asking = false;
	s->answered = true;
	s->wanted = is_yes(s->step->run, r, line) ? s->wanted : NULL;
	strands_unblock(s->step->run);
}

static void ask_for_task(struct strand *s, const struct plan_node *node)
{
	bool each = s->step->plan->free;
	CLEANUP(strbuf_release) struct strbuf question = {0};
	strbuf_puts(&question, "Perform task: ");
	dialogue_put_task(&question, node);
	if (each)
		strbuf_printf(&question, " on %s", s->host->inv->name);
	strbuf_puts(&question, " (N)o/(y)es/(c)ontinue: ");
	struct dialogue_question q = {.text = question.ptr, .of_step = true};
	q.on_answer = each ? on_answer_for_one : on_answer_for_all;
	q.ctx = each ? (void *)s : (void *)s->step;
	dialogue_ask(s->step->run, &q);
}

static enum wish wish_of_one(struct strand *s, const struct plan_node *node)
{
	if (s->answered) {
		s->answered = false;
		return s->wanted == node ? WISH_YES : WISH_NO;
	}
	if (!s->asking) {
		s->asking = true;
		s->wanted = node; /* unless the answer is no */
		ask_for_task(s, node);
	}
	return WISH_ASKED;
}

static enum wish wish_of_all(struct strand *s, const struct plan_node *node)
{
	struct run_step *step = s->step;
	if (step->asked != node) {
		step->asked = node;
		step->asking = true;
		ask_for_task(s, node);
	}
	if (step->asking)
		return WISH_ASKED;
	if (step->wanted)
		s->wanted = node;
	return step->wanted ? WISH_YES : WISH_NO;
}

enum wish dialogue_wants(struct strand *s, const struct plan_node *node)
{
	struct run *run = s->step->run;
	if (!run->opts->step || node->implicit || node->module->kind == MODULE_KIND_META)
		return WISH_YES;
	if (s->asking || s->answered)
		return wish_of_one(s, node);
	if (run->asks_no_more || s->wanted == node)
		return WISH_YES;
	return s->step->plan->free ? wish_of_one(s, node) : wish_of_all(s, node);
}

void dialogue_pass_over(struct strand *s, const struct plan_node *node)
{
	size_t ignored;
	(void)strand_take_notification(s, &ignored);
	strand_next(s);
	s->leader = NULL;
	s->at_gate = s->gate_open = false;
	s->leaving = node->barrier && !node->is_handler && !s->step->plan->free;
	step_passed(s, node);
}
