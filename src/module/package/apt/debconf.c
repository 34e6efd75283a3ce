/* debconf: answers to packages' questions.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/debconf_module.html */
#include "../../call.h"
#include "../../program.h"
#include "rollout/base/vec.h"

static const char *const vtypes[] = {"boolean",	 "error", "multiselect", "note",
				     "password", "seen",  "select",	 "string",
				     "text",	 "title", NULL};
static const char *const name_aliases[] = {"pkg", NULL};
static const char *const question_aliases[] = {"selection", "setting", NULL};
static const char *const value_aliases[] = {"answer", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "Name of the package."},
	{.name = "question",
	 .type = MODULE_STR,
	 .aliases = question_aliases,
	 .doc = "The question, like locales/default_environment_locale."},
	{.name = "vtype", .type = MODULE_STR, .choices = vtypes, .doc = "Type of the answer."},
	{.name = "value",
	 .type = MODULE_STR,
	 .aliases = value_aliases,
	 .doc = "The answer; a password is not compared where debconf keeps it to itself."},
	{.name = "unseen",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Does not set the mark that it was asked."},
	{0},
};

struct answers {
	struct value *all; /* question: value */
	const char *now;   /* of the one asked for; NULL: none */
};

/* "* name/question: value" of debconf-show */
static void take_line(struct module_call *call, struct slice line, struct answers *a)
{
	const char *question = arg_str(call, "question");
	line = slice_trim(line);
	if (slice_starts_with(line, "*"))
		line = slice_trim((struct slice){line.ptr + 1, line.len - 1});
	const char *colon = memchr(line.ptr, ':', line.len);
	if (!colon)
		return;
	struct slice name = slice_trim((struct slice){line.ptr, (size_t)(colon - line.ptr)});
	struct slice text =
		slice_trim((struct slice){colon + 1, line.len - (size_t)(colon + 1 - line.ptr)});
	value_dict_put(call->arena, a->all, arena_slice(call->arena, name).ptr,
		       value_str(call->arena, text));
	if (question && slice_is(name, question))
		a->now = arena_slice(call->arena, text).ptr;
}

static int show(struct module_call *call, struct answers *a, struct err *err)
{
	struct program p;
	struct slice line;
	*a = (struct answers){.all = value_dict_new(call->arena)};
	program_init(&p, call, "debconf-show");
	program_add(&p, arg_str(call, "name"));
	int r = program_read(&p, err);
	while (r == 0 && slice_split(&p.out, '\n', &line))
		take_line(call, line, a);
	return r;
}

/* debconf-show hides passwords; debconf itself tells them to root. */
static int password_now(struct module_call *call, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "debconf-communicate");
	program_add(&p, arg_str(call, "name"));
	p.stdin_bytes =
		slice_from(arena_printf(call->arena, "GET %s\n", arg_str(call, "question")));
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	const char *line = program_line(&p);
	*ret = strncmp(line, "0 ", 2) == 0 ? line + 2 : NULL;
	return 0;
}

static bool same(const char *now, const char *wanted, const char *vtype)
{
	if (!now)
		return false;
	return strcmp(vtype, "boolean") == 0 ? strcasecmp(now, wanted) == 0
					     : strcmp(now, wanted) == 0;
}

static int set(struct module_call *call, const char *vtype, const char *value, struct err *err)
{
	struct program p;
	program_init(&p, call, "debconf-set-selections");
	if (arg_bool(call, "unseen"))
		program_add(&p, "-u");
	p.stdin_bytes = slice_from(arena_printf(call->arena, "%s %s %s %s\n", arg_str(call, "name"),
						arg_str(call, "question"), vtype, value));
	return program_change(&p, err);
}

static int answer(struct module_call *call, struct answers *a, struct err *err)
{
	const char *vtype = arg_str(call, "vtype"), *value = arg_str(call, "value");
	if (!vtype || !value)
		return err_set(err, ERR_INVALID,
			       "when supplying a question you must supply a valid vtype and value");
	bool secret = strcmp(vtype, "password") == 0;
	if (strcmp(vtype, "boolean") == 0)
		value = strcasecmp(value, "true") == 0 || strcasecmp(value, "yes") == 0 ? "true"
											: "false";
	int r = call_check_line("value", slice_from(value), err);
	if (r == 0)
		r = call_check_line("question", arg_slice(call, "question"), err);
	if (r == 0)
		r = call_check_line("name", arg_slice(call, "name"), err);
	if (r == 0 && secret)
		r = password_now(call, &a->now, err);
	if (r < 0 || same(a->now, value, vtype))
		return r;
	result_changed(call);
	if (!secret)
		result_diff(call, arg_str(call, "question"), slice_from(a->now ? a->now : ""),
			    arg_str(call, "question"), slice_from(value));
	return set(call, vtype, value, err);
}

static int apply(struct module_call *call, struct err *err)
{
	struct answers a;
	int r = show(call, &a, err);
	if (r < 0)
		return r;
	result_put_str(call, "msg", "");
	if (arg_has(call, "question"))
		return answer(call, &a, err);
	result_put(call, "current", a.all);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

const struct module module_debconf = {
	.name = "debconf",
	.full_name = "ansible.builtin.debconf",
	.doc = "Answers the questions of Debian packages before they are asked.",
	.params = params,
	.run = run,
};
