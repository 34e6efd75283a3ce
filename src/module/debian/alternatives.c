/*
 * alternatives: update-alternatives(1), Debian's and chkconfig's.
 * https://docs.ansible.com/ansible/latest/collections/community/general/alternatives_module.html
 */
#include "../call.h"
#include "../program.h"
#include "alternatives_display.h"

#include <stdarg.h>

#define PROGRAM "update-alternatives"
#define PRIORITY_NEW 50

static const char *const states[] = {"present", "selected", "absent", "auto", NULL};
static const char *const subcommands_aliases[] = {"slaves", NULL};
static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "Name of the group."},
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The program that is an alternative."},
	{.name = "link",
	 .type = MODULE_PATH,
	 .doc = "The link that leads to it; needed for a new group, and where the host's program "
		"does not tell it."},
	{.name = "priority", .type = MODULE_INT, .doc = "In automatic mode the highest wins."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "selected",
	 .choices = states,
	 .doc = "present: among the alternatives; selected: the one in use; auto: the group "
		"chooses by priority; absent: none of them."},
	{.name = "subcommands",
	 .type = MODULE_LIST,
	 .element = MODULE_DICT,
	 .aliases = subcommands_aliases,
	 .doc = "Links that follow this one: mappings with name, link and path."},
	{0},
};

struct group_call {
	struct module_call *call;
	const char *name, *path, *state;
	struct alternatives now;
	struct alternative wanted;     /* with what is given, else what is */
	const struct alternative *was; /* NULL: none has that path */
	bool gives_subcommands;
	const char *after; /* its state in the end; "absent" */
	struct strbuf messages;
};

static const char *field_of(const struct module_call *call, const struct value *v, const char *key)
{
	const struct value *text = value_get(v, key);
	if (!text || text->type != VALUE_STRING || text->str.len == 0)
		return NULL;
	return strcmp(key, "name") == 0 ? text->str.ptr : call_expand_path(call, text->str.ptr);
}

static int read_subcommand(struct module_call *call, const struct value *v, struct subcommand *ret,
			   struct err *err)
{
	static const char *const keys[] = {"name", "link", "path"};
	const char *at[ARRAY_LEN(keys)];
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		at[i] = field_of(call, v, keys[i]);
		if (!at[i])
			return err_set(err, ERR_INVALID,
				       "missing required arguments: %s found in subcommands",
				       keys[i]);
	}
	if (v->dict.len != ARRAY_LEN(keys))
		return err_set(err, ERR_INVALID,
			       "a subcommand has name, link and path, and nothing else");
	*ret = (struct subcommand){.name = at[0], .link = at[1], .path = at[2]};
	return 0;
}

static int read_subcommands(struct group_call *g, struct err *err)
{
	const struct value *list = value_get(g->call->args, "subcommands");
	size_t len = list && list->type == VALUE_LIST ? list->list.len : 0;
	if (len > SUBCOMMANDS_MAX)
		return err_set(err, ERR_LIMIT, "more than %u subcommands", SUBCOMMANDS_MAX);
	g->gives_subcommands = arg_has(g->call, "subcommands");
	for (size_t i = 0; i < len; i++) {
		struct subcommand *one = &g->wanted.subcommands[g->wanted.nsubcommands++];
		int r = read_subcommand(g->call, list->list.at[i], one, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int look(struct group_call *g, struct err *err)
{
	struct program p;
	program_init(&p, g->call, PROGRAM);
	program_add(&p, "--display");
	program_add(&p, g->name);
	int r = program_probe(&p, err);
	if (r == 0 && p.exit_code == 0)
		r = alternatives_parse(g->call->arena, p.out, &g->now, err);
	g->was = r == 0 ? alternatives_find(&g->now, g->path) : NULL;
	return r;
}

static void settle_wanted(struct group_call *g)
{
	struct alternative *w = &g->wanted;
	w->path = g->path;
	w->priority = arg_int(g->call, "priority", g->was ? g->was->priority : PRIORITY_NEW);
	for (size_t i = 0; !g->gives_subcommands && g->was && i < g->was->nsubcommands; i++)
		w->subcommands[w->nsubcommands++] = g->was->subcommands[i];
}

static bool needs_install(const struct group_call *g)
{
	return !g->was || g->was->priority != g->wanted.priority ||
	       (g->gives_subcommands && !alternatives_same_subcommands(g->was, &g->wanted));
}

static int act(struct group_call *g, struct program *p, struct err *err)
{
	result_changed(g->call);
	return program_change(p, err);
}

static void say(struct group_call *g, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct group_call *g, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (g->messages.len)
		strbuf_putc(&g->messages, ' ');
	strbuf_vprintf(&g->messages, fmt, ap);
	va_end(ap);
}

static int add_subcommands(struct group_call *g, struct program *p, struct err *err)
{
	for (size_t i = 0; i < g->wanted.nsubcommands; i++) {
		const struct subcommand *s = &g->wanted.subcommands[i];
		if (!s->link)
			return err_set(err, ERR_INVALID,
				       "the host does not tell the link of the subcommand %s: give "
				       "subcommands",
				       s->name);
		program_add(p, "--slave");
		program_add(p, s->link);
		program_add(p, s->name);
		program_add(p, s->path);
	}
	return 0;
}

/* The path is there, or may be. */
static int check_path(struct group_call *g, struct err *err)
{
	struct host_stat st = {0};
	int r = g->call->host->ops->stat(g->call->host, g->call->arena, g->path, true, &st, err);
	if (r < 0)
		return r;
	if (st.type == HOST_ABSENT && host_assumes(g->call->host))
		return err_set(err, ERR_UNKNOWN, "%s is not there yet: %s", g->path,
			       host_assumes(g->call->host));
	if (st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "Specified path %s does not exist", g->path);
	return 0;
}

static int install(struct group_call *g, struct err *err)
{
	struct program p;
	const char *link = arg_str(g->call, "link");
	int r = check_path(g, err);
	if (r < 0)
		return r;
	if (!link)
		link = g->now.link;
	if (!link)
		return err_set(err, ERR_INVALID,
			       "Needed to install the alternative, but unable to do so as we are "
			       "missing the link");
	program_init(&p, g->call, PROGRAM);
	program_add(&p, "--install");
	program_add(&p, link);
	program_add(&p, g->name);
	program_add(&p, g->path);
	program_add_fmt(&p, "%lld", (long long)g->wanted.priority);
	r = add_subcommands(g, &p, err);
	if (r < 0)
		return r;
	say(g, "Install alternative '%s' for '%s'.", g->path, g->name);
	g->after = "present";
	return act(g, &p, err);
}

static int order(struct group_call *g, const char *verb, const char *path, struct err *err)
{
	struct program p;
	program_init(&p, g->call, PROGRAM);
	program_add(&p, verb);
	program_add(&p, g->name);
	if (path)
		program_add(&p, path);
	return act(g, &p, err);
}

static int bring(struct group_call *g, struct err *err)
{
	int r = needs_install(g) ? install(g, err) : 0;
	bool points = g->now.current && strcmp(g->now.current, g->path) == 0;
	if (r == 0 && strcmp(g->state, "selected") == 0 && !points) {
		say(g, "Set alternative '%s' for '%s'.", g->path, g->name);
		g->after = "selected";
		r = order(g, "--set", g->path, err);
	}
	if (r == 0 && strcmp(g->state, "auto") == 0 && g->now.is_manual) {
		say(g, "Set alternative to auto for '%s'.", g->name);
		g->after = "present";
		r = order(g, "--auto", NULL, err);
	}
	return r;
}

static int take(struct group_call *g, struct err *err)
{
	if (!g->was)
		return 0;
	say(g, "Remove alternative '%s' from '%s'.", g->path, g->name);
	g->after = "absent";
	return order(g, "--remove", g->path, err);
}

static void describe(const struct group_call *g, const struct alternative *a, const char *state,
		     const char *link, struct strbuf *out)
{
	strbuf_printf(out, "state: %s\n", a ? state : "absent");
	if (!a || strcmp(state, "absent") == 0)
		return;
	strbuf_printf(out, "path: %s\npriority: %lld\nlink: %s\n", g->path, (long long)a->priority,
		      link ? link : "");
	for (size_t i = 0; i < a->nsubcommands; i++) {
		const struct subcommand *s = &a->subcommands[i];
		strbuf_printf(out, "subcommand: %s %s %s\n", s->name, s->link ? s->link : "?",
			      s->path);
	}
}

static void report(struct group_call *g)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	const char *link = arg_str(g->call, "link");
	bool selected = g->now.is_manual && g->now.current && strcmp(g->now.current, g->path) == 0;
	result_put_str(g->call, "msg", g->messages.len ? g->messages.ptr : "");
	if (!g->after)
		return;
	describe(g, g->was, selected ? "selected" : "present", g->now.link, &before);
	describe(g, &g->wanted, g->after, link ? link : g->now.link, &after);
	result_diff(g->call, g->name, strbuf_slice(&before), g->name, strbuf_slice(&after));
}

static int settle(struct group_call *g, struct err *err)
{
	int r = 0;
	if (!g->name[0] || g->name[0] == '-' || strpbrk(g->name, "/ \t\n") || g->path[0] != '/')
		r = err_set(err, ERR_INVALID, "name is a word, path is absolute: '%s', '%s'",
			    g->name, g->path);
	if (r == 0)
		r = read_subcommands(g, err);
	if (r == 0)
		r = look(g, err);
	if (r < 0)
		return r;
	settle_wanted(g);
	alternatives_guess_links(&g->now, &g->wanted);
	r = strcmp(g->state, "absent") == 0 ? take(g, err) : bring(g, err);
	if (r == 0)
		report(g);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct group_call g = {.call = call,
			       .name = arg_str(call, "name"),
			       .path = arg_str(call, "path"),
			       .state = arg_str(call, "state")};
	int r = settle(&g, err);
	strbuf_release(&g.messages);
	return program_settle(call, r, err);
}

const struct module module_alternatives = {
	.name = "alternatives",
	.full_name = "community.general.alternatives",
	.doc = "Manages alternative programs for a command.",
	.params = params,
	.run = run,
};
