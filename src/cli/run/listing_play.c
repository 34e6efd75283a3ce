/* --list-hosts, --list-tasks, --list-tags, --syntax-check of playbooks, as
 * ansible-playbook prints them. */
#include "../cli.h"

#include <stdio.h>

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_tag(option_texts *tags, const char *tag)
{
	for (size_t i = 0; i < tags->len; i++)
		if (strcmp(tags->at[i], tag) == 0)
			return;
	vec_push(tags, tag);
}

static void add_tags(option_texts *tags, const struct plan_attrs *attrs)
{
	for (size_t i = 0; i < attrs->tags.len; i++)
		add_tag(tags, attrs->tags.at[i]);
}

static void print_tags(const char *what, option_texts *tags, const char *between)
{
	if (tags->len > 1)
		qsort(tags->at, tags->len, sizeof(*tags->at), by_name);
	printf("%s: [", what);
	for (size_t i = 0; i < tags->len; i++)
		printf("%s%s", i ? between : "", tags->at[i]);
	printf("]\n");
	vec_release(tags);
}

struct tasks {
	bool print;
	option_texts all;
};

static void list_task(struct tasks *t, const struct plan_node *n)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	option_texts own = {0};
	add_tags(&t->all, &n->attrs);
	if (!t->print)
		return;
	if (n->name)
		value_print(&name, n->name);
	else
		strbuf_puts(&name, n->written_name ? n->written_name : n->module->name);
	bool of_role = n->role && n->name && n->module->kind != MODULE_KIND_INCLUDE_ROLE;
	printf("      %s%s%s\t", of_role ? n->role->name : "", of_role ? " : " : "", name.ptr);
	add_tags(&own, &n->attrs);
	print_tags("TAGS", &own, ", ");
}

/* Ansible lists no rescue and always. */
static void list_tasks(struct tasks *t, const struct plan_block *b)
{
	for (size_t i = 0; i < b->body.len; i++) {
		const struct plan_node *n = b->body.at[i];
		if (n->kind == PLAN_BLOCK)
			list_tasks(t, n->block);
		else if (n->selected && !n->implicit)
			list_task(t, n);
	}
}

static void print_hosts(const struct plan_step *s)
{
	CLEANUP(strbuf_release) struct strbuf pattern = {0};
	value_repr(&pattern, s->hosts_value);
	if (s->hosts_value->type == VALUE_LIST)
		printf("    pattern: %s\n", pattern.ptr);
	else
		printf("    pattern: [%s]\n", pattern.ptr);
	printf("    hosts (%zu):\n", s->hosts.len);
	for (size_t i = 0; i < s->hosts.len; i++)
		printf("      %s\n", s->hosts.at[i]->name);
}

static void print_pattern(const struct value *hosts)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (hosts->type != VALUE_LIST)
		value_print(&text, hosts);
	for (size_t i = 0; hosts->type == VALUE_LIST && i < hosts->list.len; i++) {
		strbuf_puts(&text, i ? "," : "");
		value_print(&text, hosts->list.at[i]);
	}
	printf("%s", text.ptr ? text.ptr : "");
}

static void print_play(const struct options *o, const struct plan_step *s, size_t number)
{
	option_texts tags = {0};
	struct tasks tasks = {.print = o->list_tasks};
	printf("\n  play #%zu (", number);
	print_pattern(s->hosts_value);
	printf("): %s\t", s->play_name);
	add_tags(&tags, &s->attrs);
	print_tags("TAGS", &tags, ",");
	if (o->list_hosts)
		print_hosts(s);
	if (!o->list_tasks && !o->list_tags)
		return;
	if (o->list_tasks)
		printf("    tasks:\n");
	add_tags(&tasks.all, &s->attrs);
	list_tasks(&tasks, s->body);
	if (o->list_tags)
		print_tags("      TASK TAGS", &tasks.all, ", ");
	else
		vec_release(&tasks.all);
}

void listing_print_playbooks(const struct options *o, const struct plan *plan)
{
	size_t number = 0;
	for (size_t i = 0; i < plan->steps.len; i++) {
		const struct plan_step *s = plan->steps.at[i];
		if (i == 0 || s->opens_file) {
			size_t file = 0;
			for (size_t k = 1; k <= i; k++)
				file += plan->steps.at[k]->opens_file;
			printf("\nplaybook: %s\n", o->words.at[file]);
			number = 0;
		}
		if (o->list_hosts || o->list_tasks || o->list_tags)
			print_play(o, s, ++number);
	}
}
