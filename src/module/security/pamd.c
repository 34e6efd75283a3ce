/*
 * pamd: rules of a service in /etc/pam.d, pam.d(5).
 * https://docs.ansible.com/ansible/latest/collections/community/general/pamd_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/path_state.h"
#include "pam_rule.h"

static const char *const types[] = {"account",	 "-account", "auth",	 "-auth", "password",
				    "-password", "session",  "-session", NULL};
static const char *const states[] = {"absent",	     "before",	"after", "args_absent",
				     "args_present", "updated", NULL};
static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "The service: a file below path."},
	{.name = "type",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = types,
	 .doc = "Type of the rules that it is about."},
	{.name = "control",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Their control, a word or pairs in brackets."},
	{.name = "module_path",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Their module, as it is written."},
	{.name = "new_type", .type = MODULE_STR, .choices = types, .doc = "The new type."},
	{.name = "new_control", .type = MODULE_STR, .doc = "The new control."},
	{.name = "new_module_path", .type = MODULE_STR, .doc = "The new module."},
	{.name = "module_arguments",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Arguments of the module: those that it shall have, or not have."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "updated",
	 .choices = states,
	 .doc = "updated: the rules get what is new; before, after: a new rule beside each; "
		"args_present, args_absent: arguments alone; absent: they go."},
	{.name = "path",
	 .type = MODULE_PATH,
	 .fallback = "/etc/pam.d",
	 .doc = "Where the services are."},
	FILE_BACKUP_PARAM,
	{0},
};

struct pamd {
	struct module_call *call;
	const char *type, *control, *path, *state;
	struct pam_rule new; /* of new_* and module_arguments; fields may be NULL */
	bool gives_args;
	struct pam_rules rules;
	size_t changes;
};

static bool is_state(const struct pamd *p, const char *state)
{
	return strcmp(p->state, state) == 0;
}

static bool is(const struct pam_rule *rule, const char *type, const char *control, const char *path)
{
	return rule->is_rule && strcmp(rule->type, type) == 0 &&
	       strcmp(rule->control, control) == 0 && strcmp(rule->path, path) == 0;
}

static void mark(struct pamd *p, struct pam_rule *rule)
{
	rule->is_changed = true;
	p->changes++;
}

static bool set(const char **field, const char *new)
{
	if (!new || strcmp(*field, new) == 0)
		return false;
	*field = new;
	return true;
}

static void update(struct pamd *p, struct pam_rule *rule)
{
	bool changed = set(&rule->type, p->new.type);
	changed |= set(&rule->control, p->new.control);
	changed |= set(&rule->path, p->new.path);
	if (p->gives_args && !pam_args_same(&rule->args, &p->new.args)) {
		rule->args = p->new.args;
		changed = true;
	}
	if (changed)
		mark(p, rule);
}

/* "deny=3" and "deny=5" are the same argument. */
static bool same_name(const char *a, const char *b)
{
	const char *eq = strchr(a, '=');
	return eq ? strncmp(a, b, (size_t)(eq - a) + 1) == 0 : strcmp(a, b) == 0;
}

static int add_arg(struct pam_rule *rule, const char *arg, bool *ret_changed, struct err *err)
{
	for (size_t i = 0; i < rule->args.len; i++) {
		if (!same_name(arg, rule->args.at[i]))
			continue;
		*ret_changed |= set(&rule->args.at[i], arg);
		return 0;
	}
	if (rule->args.len == PAM_ARGS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u arguments of a module", PAM_ARGS_MAX);
	rule->args.at[rule->args.len++] = arg;
	*ret_changed = true;
	return 0;
}

static int add_args(struct pamd *p, struct pam_rule *rule, struct err *err)
{
	bool changed = false;
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->new.args.len; i++)
		r = add_arg(rule, p->new.args.at[i], &changed, err);
	if (r == 0 && changed)
		mark(p, rule);
	return r;
}

static bool has_arg(const struct pam_args *args, const char *arg)
{
	for (size_t i = 0; i < args->len; i++)
		if (strcmp(args->at[i], arg) == 0)
			return true;
	return false;
}

static void remove_args(struct pamd *p, struct pam_rule *rule)
{
	struct pam_args kept = {.len = 0};
	for (size_t i = 0; i < rule->args.len; i++)
		if (!has_arg(&p->new.args, rule->args.at[i]))
			kept.at[kept.len++] = rule->args.at[i];
	if (kept.len == rule->args.len)
		return;
	rule->args = kept;
	mark(p, rule);
}

/* Is the next rule in that direction, past comments, the new one? */
static bool is_beside(const struct pamd *p, size_t at, bool after)
{
	const struct pam_rules *rules = &p->rules;
	for (size_t i = at; after ? i + 1 < rules->len : i > 0;) {
		i = after ? i + 1 : i - 1;
		if (!rules->at[i]->is_blank)
			return is(rules->at[i], p->new.type, p->new.control, p->new.path);
	}
	return false;
}

/* Goes on behind what it has put there. */
static void insert(struct pamd *p, size_t *at)
{
	bool after = is_state(p, "after");
	if (is_beside(p, *at, after))
		return;
	p->new.is_rule = p->new.is_changed = true;
	pam_rules_insert(&p->rules, *at + after, &p->new);
	p->changes++;
	++*at;
}

static int edit(struct pamd *p, struct err *err)
{
	int r = 0;
	for (size_t i = 0; r == 0 && i < p->rules.len; i++) {
		struct pam_rule *rule = p->rules.at[i];
		if (!is(rule, p->type, p->control, p->path))
			continue;
		if (is_state(p, "updated")) {
			update(p, rule);
		} else if (is_state(p, "args_present")) {
			r = add_args(p, rule, err);
		} else if (is_state(p, "args_absent")) {
			remove_args(p, rule);
		} else if (is_state(p, "absent")) {
			pam_rules_remove(&p->rules, i--);
			p->changes++;
		} else {
			insert(p, &i);
		}
	}
	return r;
}

static int check_needs(const struct pamd *p, struct err *err)
{
	bool beside = is_state(p, "before") || is_state(p, "after");
	bool args = is_state(p, "args_present") || is_state(p, "args_absent");
	if (beside && (!p->new.type || !p->new.control || !p->new.path))
		return err_set(err, ERR_INVALID,
			       "state is %s but all of the following are missing: %s", p->state,
			       !p->new.control ? "new_control"
			       : !p->new.type  ? "new_type"
					       : "new_module_path");
	if (args && !p->gives_args)
		return err_set(err, ERR_INVALID,
			       "state is %s but all of the following are missing: module_arguments",
			       p->state);
	for (size_t i = 0; is_state(p, "args_present") && i < p->new.args.len; i++)
		if (p->new.args.at[i][0] == '[')
			return err_set(err, ERR_INVALID,
				       "Unable to process bracketed '[' complex arguments with "
				       "'args_present'. Please use 'updated'.");
	return p->new.control ? pam_control_check(p->new.control, err) : 0;
}

/* What goes into a rule holds no line end and begins no comment. */
static int check_word(const char *what, const char *text, bool one_word, struct err *err)
{
	if (!text)
		return 0;
	int r = call_check_line(what, slice_from(text), err);
	if (r == 0 && (strchr(text, '#') || (one_word && (!text[0] || strpbrk(text, " \t")))))
		r = err_set(err, ERR_INVALID, "%s cannot be '%s'", what, text);
	return r;
}

static int read_args(struct pamd *p, struct err *err)
{
	size_t len;
	const char *const *args = arg_list(p->call, "module_arguments", &len);
	int r = 0;
	p->gives_args = arg_has(p->call, "module_arguments");
	for (size_t i = 0; r == 0 && i < len; i++) {
		r = check_word("module_arguments", args[i], false, err);
		if (r == 0)
			r = pam_args_add(&p->new.args, p->call->arena, slice_from(args[i]), err);
	}
	return r;
}

static int read_call(struct pamd *p, struct err *err)
{
	struct module_call *call = p->call;
	struct slice control = arg_slice(call, "new_control");
	p->state = arg_str(call, "state");
	p->type = arg_str(call, "type");
	p->control = pam_control(call->arena, arg_slice(call, "control"));
	p->path = arg_str(call, "module_path");
	p->new.type = arg_str(call, "new_type");
	p->new.control = control.len ? pam_control(call->arena, control) : NULL;
	p->new.path = arg_str(call, "new_module_path");
	if (p->new.path && !p->new.path[0])
		p->new.path = NULL;
	int r = check_word("new_control", p->new.control, false, err);
	if (r == 0)
		r = check_word("new_module_path", p->new.path, true, err);
	if (r == 0)
		r = read_args(p, err);
	return r < 0 ? r : check_needs(p, err);
}

static void report(struct pamd *p)
{
	const struct value *copy = value_get(p->call->result, "backup_file");
	result_put_int(p->call, "change_count", (int64_t)p->changes);
	result_put(p->call, "backupdest", copy ? copy : value_cstr(p->call->arena, ""));
}

static int apply(struct pamd *p, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	bool stop = false;
	const char *file = path_below(p->call, arg_str(p->call, "path"), arg_str(p->call, "name"));
	int r = text_file_open_at(p->call, file, false, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	pam_rules_parse(&p->rules, p->call->arena, strbuf_slice(&f.content));
	r = edit(p, err);
	if (r < 0)
		return r;
	if (p->changes) {
		pam_rules_write(&p->rules, &text);
		r = text_file_save(p->call, &f, strbuf_slice(&text), "", err);
	}
	if (r == 0)
		report(p);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct pamd p = {.call = call};
	int r = read_call(&p, err);
	if (r == 0)
		r = apply(&p, err);
	pam_rules_release(&p.rules);
	return r;
}

const struct module module_pamd = {
	.name = "pamd",
	.full_name = "community.general.pamd",
	.doc = "Edits rules of PAM services.",
	.params = params,
	.run = run,
};
