/* --list-hosts, --list-tasks, --list-tags: what the plan holds. */
#include "../cli.h"

#include <stdio.h>

/* Tags in order, each once. */
static void add_tag(option_texts *tags, const char *tag)
{
	for (size_t i = 0; i < tags->len; i++)
		if (strcmp(tags->at[i], tag) == 0)
			return;
	vec_push(tags, tag);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void print_tags(option_texts *tags)
{
	if (tags->len > 1)
		qsort(tags->at, tags->len, sizeof(*tags->at), by_name);
	printf("TAGS: [");
	for (size_t i = 0; i < tags->len; i++)
		printf("%s%s", i ? ", " : "", tags->at[i]);
	printf("]\n");
	vec_release(tags);
}

static void print_task(const struct plan_node *n)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	option_texts tags = {0};
	if (n->name)
		value_print(&name, n->name);
	else
		strbuf_puts(&name, node_module_name(n));
	for (size_t i = 0; i < n->attrs.tags.len; i++)
		add_tag(&tags, n->attrs.tags.at[i]);
	if (n->role)
		printf("      %s : %s\t", n->role->name, name.ptr);
	else
		printf("      %s\t", name.ptr);
	print_tags(&tags);
}

typedef void node_fn(const struct plan_node *n, void *ctx);

/* Selected tasks in order of writing: body, rescue, always. */
static void each_task(const struct plan_block *b, node_fn *fn, void *ctx)
{
	for (size_t part = 0; b && part < 3; part++) {
		size_t len = part == 0 ? b->body.len : part == 1 ? b->rescue.len : b->always.len;
		struct plan_node *const *at = part == 0	  ? b->body.at
					      : part == 1 ? b->rescue.at
							  : b->always.at;
		for (size_t i = 0; i < len; i++) {
			if (at[i]->kind == PLAN_BLOCK)
				each_task(at[i]->block, fn, ctx);
			else if (at[i]->selected)
				fn(at[i], ctx);
		}
	}
}

static void list_task(const struct plan_node *n, void *ctx UNUSED)
{
	print_task(n);
}

static void collect_tags(const struct plan_node *n, void *ctx)
{
	for (size_t i = 0; i < n->attrs.tags.len; i++)
		add_tag(ctx, n->attrs.tags.at[i]);
}

static void print_step(const struct options *o, const struct plan_step *s)
{
	option_texts tags = {0};
	printf("\n  step %s", s->name);
	if (s->role_name && strcmp(s->role_name, s->name) != 0)
		printf(" (role %s)", s->role_name);
	printf("\n");
	if (o->list_hosts) {
		printf("    hosts (%zu):\n", s->hosts.len);
		for (size_t i = 0; i < s->hosts.len; i++)
			printf("      %s\n", s->hosts.at[i]->name);
	}
	if (o->list_tasks) {
		printf("    tasks:\n");
		each_task(s->body, list_task, NULL);
	}
	if (o->list_tags) {
		each_task(s->body, collect_tags, &tags);
		printf("    TASK ");
		print_tags(&tags);
	}
}

void listing_print(const struct options *o, const struct plan *plan)
{
	printf("\nsite: %s\n", plan->site_path);
	for (size_t i = 0; i < plan->steps.len; i++)
		print_step(o, plan->steps.at[i]);
}
