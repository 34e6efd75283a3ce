/*
 * The keyword `debugger`: after a task somebody may look at its result and its
 * variables, change these, and have it done again. Source: Ansible, "Debugging
 * tasks"; ansible-core, plugins/strategy/__init__.py (class Debugger).
 */
#include "../action/action.h"
#include "../emit.h"
#include "../flight/flight.h"
#include "../run.h"
#include "../strand/step.h"
#include "../strand/strand.h"
#include "../variables/scope.h"
#include "dialogue.h"

#include "rollout/value/json.h"
#include "rollout/value/secret.h"

#include <ctype.h>

enum verdict { GO_ON, REDO };

static const char help[] =
	"p EXPRESSION           what it comes to: p task.args, p task_vars['x'], p result._result\n"
	"task.args['x'] = EXPR  another argument for the task\n"
	"task_vars['x'] = EXPR  another variable for it\n"
	"u, update_task         (changes count without it)\n"
	"r, redo                do the task again\n"
	"c, continue            go on with the result\n"
	"q, quit                end the run";

static bool says(const struct flight *f, const char *when)
{
	return value_is_str(f->node->attrs.debugger, when);
}

static bool stops(const struct flight *f)
{
	if (action_steers(f->node->module))
		return false;
	bool failed = f->status == REPORT_FAILED || f->status == REPORT_UNREACHABLE;
	/* "enabled": strategy: debug */
	return says(f, "always") || (says(f, "enabled") && failed) ||
	       (says(f, "on_failed") && f->status == REPORT_FAILED) ||
	       (says(f, "on_unreachable") && f->status == REPORT_UNREACHABLE) ||
	       (says(f, "on_skipped") && f->status == REPORT_SKIPPED);
}

bool debugger_may_stop(const struct flight *f)
{
	return f->node->attrs.debugger && !says(f, "never");
}

/* ---- what it may be asked about ---- */

static const struct value *hidden(struct arena *a)
{
	return value_cstr(a, "hidden: the task has no_log");
}

static const struct value *task_value(const struct strand *s, const struct flight *f,
				      struct arena *a)
{
	struct value *d = value_dict_new(a);
	value_dict_put(a, d, "name", value_cstr(a, f->name ? f->name : ""));
	value_dict_put(a, d, "action", value_cstr(a, node_module_name(f->node)));
	value_dict_put(a, d, "args", f->no_log ? hidden(a) : debugger_args(s, f->node));
	return d;
}

static const struct value *result_value(const struct flight *f, struct arena *a)
{
	struct value *d = value_dict_new(a);
	value_dict_put(a, d, "_result", f->no_log ? hidden(a) : f->result);
	value_dict_put(a, d, "_host", value_cstr(a, f->strand->host->inv->name));
	return d;
}

static int evaluate(struct strand *s, struct flight *f, struct slice text, const struct value **ret,
		    struct err *err)
{
	struct arena *a = &f->arena;
	struct scope sc;
	struct value *names = value_dict_new(a);
	const struct value *vars = NULL;
	scope_init(&sc, a, s->host, s, f->node, f->nitems ? f->items[0].loop_vars : NULL);
	int r = vars_get(&sc.vars, "vars", &vars, err);
	const struct value *loop = sc.vars.levels[VARS_LOOP];
	for (size_t i = 0; loop && i < loop->dict.len; i++)
		value_dict_set(a, names, loop->dict.at[i].key, loop->dict.at[i].value);
	value_dict_put(a, names, "task", task_value(s, f, a));
	value_dict_put(a, names, "result", result_value(f, a));
	value_dict_put(a, names, "host", value_cstr(a, s->host->inv->name));
	if (vars)
		value_dict_put(a, names, "task_vars", vars);
	vars_set_level(&sc.vars, VARS_LOOP, names);
	if (r == 0)
		r = template_eval(s->step->run->env, &sc.vars.scope, a,
				  slice_from(arena_strndup(a, text.ptr, text.len)),
				  (struct srcloc){0}, ret, err);
	scope_release(&sc);
	return r;
}

static void say_error(struct strand *s, const struct err *err)
{
	char text[1400];
	CLEANUP(strbuf_release) struct strbuf line = {0}, shown = {0};
	strbuf_printf(&line, "***%s", err_format(err, text, sizeof(text)));
	bool secret = secret_hide(&shown, strbuf_slice(&line));
	dialogue_say(s->step->run, strbuf_slice(secret ? &shown : &line));
}

static void print(struct strand *s, struct flight *f, struct slice text)
{
	struct err err = {0};
	const struct value *v;
	CLEANUP(strbuf_wipe) struct strbuf out = {0};
	if (evaluate(s, f, text, &v, &err) < 0) {
		say_error(s, &err);
		return;
	}
	json_emit(&out, secret_hide_tree(&f->arena, v), JSON_PRETTY);
	dialogue_say(s->step->run, slice_trim(strbuf_slice(&out)));
}

/* ---- changes ---- */

struct assignment {
	bool of_args;
	struct slice key, value; /* expressions */
};

/* task.args[KEY] = VALUE and task_vars[KEY] = VALUE */
static bool is_assignment(struct slice line, struct assignment *ret)
{
	static const struct slice places[] = {SLICE_LIT("task.args["), SLICE_LIT("task_vars[")};
	for (size_t i = 0; i < ARRAY_LEN(places); i++) {
		if (!slice_starts_with(line, places[i].ptr))
			continue;
		const char *key = line.ptr + places[i].len, *end = line.ptr + line.len,
			   *close = memchr(key, ']', (size_t)(end - key)), *p = close;
		while (p && ++p < end && isspace((unsigned char)*p))
			;
		if (!p || p >= end || *p != '=' || (p + 1 < end && p[1] == '='))
			return false;
		*ret = (struct assignment){
			i == 0, {key, (size_t)(close - key)}, {p + 1, (size_t)(end - p - 1)}};
		return true;
	}
	return false;
}

/* What is asked at each use, as hostvars is, cannot be kept. */
static bool holds_object(const struct value *v)
{
	bool yes = v->type == VALUE_OBJECT;
	for (size_t i = 0; v->type == VALUE_LIST && i < v->list.len && !yes; i++)
		yes = holds_object(v->list.at[i]);
	for (size_t i = 0; v->type == VALUE_DICT && i < v->dict.len && !yes; i++)
		yes = holds_object(v->dict.at[i].value);
	return yes;
}

/* The changes are for this task: another one begins anew. */
static void put(struct strand *s, const struct flight *f, const struct assignment *as,
		const struct value *key, const struct value *v)
{
	struct arena *a = &s->host->arena;
	struct debugger_changes *c = &s->changes;
	if (c->node != f->node)
		*c = (struct debugger_changes){.node = f->node};
	const struct value *old = as->of_args ? debugger_args(s, f->node) : c->vars;
	struct value *d = old ? value_dict_dup(a, old) : value_dict_new(a);
	if (old)
		d->at = old->at;
	value_dict_put(a, d, arena_strdup(a, key->str.ptr), value_copy(a, v, 0));
	*(as->of_args ? &c->args : &c->vars) = d;
}

static void assign(struct strand *s, struct flight *f, const struct assignment *as)
{
	struct err err = {0};
	const struct value *key, *v;
	int r = evaluate(s, f, as->key, &key, &err);
	if (r == 0 && key->type != VALUE_STRING)
		r = err_set(&err, ERR_INVALID, "a name in quotes belongs between [ and ]");
	if (r == 0)
		r = evaluate(s, f, as->value, &v, &err);
	if (r == 0 && holds_object(v))
		r = err_set(&err, ERR_INVALID, "this cannot be kept: name a value in it");
	if (r < 0)
		say_error(s, &err);
	else
		put(s, f, as, key, v);
}

const struct value *debugger_args(const struct strand *s, const struct plan_node *node)
{
	return s->changes.node == node && s->changes.args ? s->changes.args : node->args;
}

/* ---- the dialogue ---- */

static bool is_command(struct slice word, const char *letter, const char *name)
{
	return slice_is(word, letter) || slice_is(word, name);
}

/* False: the next line, please. */
static bool carry_out(struct strand *s, struct flight *f, struct slice line, enum verdict *ret)
{
	struct assignment as;
	struct slice word = line, rest = {line.ptr + line.len, 0};
	for (size_t i = 0; i < line.len; i++)
		if (isspace((unsigned char)line.ptr[i])) {
			word.len = i;
			rest = slice_trim((struct slice){line.ptr + i, line.len - i});
			break;
		}
	*ret = is_command(word, "r", "redo") ? REDO : GO_ON;
	if (*ret == REDO || is_command(word, "c", "continue"))
		return true;
	if (is_command(word, "q", "quit")) {
		run_interrupt(s->step->run);
		return true;
	}
	if (is_command(word, "p", "pprint") || is_command(word, "pp", "print"))
		print(s, f, rest);
	else if (is_assignment(line, &as))
		assign(s, f, &as);
	else if (line.len && !is_command(word, "u", "update_task"))
		dialogue_say(s->step->run, slice_from(help));
	return false;
}

static void say_failure(struct strand *s, const struct flight *f)
{
	const struct value *msg = f->no_log ? NULL : value_get(f->result, "msg");
	CLEANUP(strbuf_release) struct strbuf line = {0}, shown = {0};
	strbuf_printf(&line, "%s [%s]%s", report_status_name(f->status), s->host->inv->name,
		      msg ? ": " : "");
	if (msg)
		value_print(&line, msg);
	bool secret = secret_hide(&shown, strbuf_slice(&line));
	dialogue_say(s->step->run, strbuf_slice(secret ? &shown : &line));
}

static void ask(struct flight *f, bool first);

/* The result counts, or the task is done again. */
static void conclude(struct strand *s, struct flight *f, enum verdict verdict)
{
	f->debugger = DEBUGGER_DONE;
	if (verdict == GO_ON) {
		s->changes = (struct debugger_changes){0};
		strand_settle(s);
		return;
	}
	vec_remove(&s->flights, 0);
	strand_go_back(s, f);
	s->at_gate = true; /* those that came with it have gone on, or wait behind it */
	s->leaving = false;
	s->redoes = f->node;
	flight_drop(f);
	strand_wake(s);
}

static void on_line(void *ctx, int r, struct slice line)
{
	struct flight *f = ctx;
	enum verdict verdict = GO_ON;
	if (r < 0 || carry_out(f->strand, f, slice_trim(line), &verdict))
		conclude(f->strand, f, verdict);
	else
		ask(f, true);
}

static void ask(struct flight *f, bool first)
{
	CLEANUP(strbuf_release) struct strbuf question = {0};
	strbuf_printf(&question, "[%s] ", f->strand->host->inv->name);
	dialogue_put_task(&question, f->node);
	strbuf_puts(&question, " (debug)> ");
	dialogue_ask(f->strand->step->run, &(struct dialogue_question){.text = question.ptr,
								       .first = first,
								       .flight = f,
								       .on_answer = on_line,
								       .ctx = f});
}

static void warn_of_no_terminal(struct run *run, const struct flight *f)
{
	if (!run->told_no_dialogue)
		emit_warning(run, f->node->attrs.debugger->at,
			     "there is no terminal: the debugger is not entered");
	run->told_no_dialogue = true;
}

bool debugger_enters(struct strand *s, struct flight *f)
{
	struct run *run = s->step->run;
	if (f->debugger == DEBUGGER_IN)
		return true;
	if (f->debugger == DEBUGGER_DONE || !f->node || !debugger_may_stop(f) || !stops(f) ||
	    run->stopping)
		return false;
	if (!run->opts->dialogue) {
		warn_of_no_terminal(run, f);
		return false;
	}
	f->debugger = DEBUGGER_IN;
	say_failure(s, f);
	ask(f, false);
	return true;
}
