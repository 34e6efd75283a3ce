/* snapshot save, restore, delete, list. */
#include "display/table.h"
#include "orders.h"

#include <stdio.h>
#include <time.h>

static const struct {
	const char *name;
	enum vm_verb verb;
} kinds[] = {
	{"save", VM_VERB_SNAPSHOT_SAVE},
	{"restore", VM_VERB_SNAPSHOT_RESTORE},
	{"delete", VM_VERB_SNAPSHOT_DELETE},
};

/* ---- list ---- */

static void add_row(struct table *t, const char *machine, const struct vm_snapshot *snapshot)
{
	char date[32] = "";
	time_t s = (time_t)snapshot->created_s;
	struct tm local;
	if (localtime_r(&s, &local))
		strftime(date, sizeof(date), "%Y-%m-%d %H:%M:%S", &local);
	table_add(t, (const char *const[]){machine, snapshot->name, date,
					   snapshot->memory ? "memory and disks" : "disks"});
}

static int add_machine(struct table *t, struct vm_machine *m, struct err *err)
{
	struct vm_snapshot *list;
	size_t n;
	int r = vm_machine_snapshots(m, &t->arena, &list, &n, err);
	for (size_t i = 0; r == 0 && i < n; i++)
		add_row(t, m->spec->name, &list[i]);
	return r;
}

static int list(const struct vm_session *s, const struct vm_words *names, struct err *err)
{
	CLEANUP(table_release) struct table t = {.ncolumns = 4};
	vm_indexes machines = {0};
	table_add(&t, (const char *const[]){"NAME", "SNAPSHOT", "TAKEN", "OF"});
	int r = vm_session_select(s, names->at, names->len, &machines, err);
	for (size_t i = 0; r == 0 && i < machines.len; i++)
		r = add_machine(&t, s->project->machines.at[machines.at[i]], err);
	if (r == 0)
		table_print(&t);
	vec_release(&machines);
	return r;
}

/* ---- the others: [NAME...] SNAPSHOT, in Vagrant's order ---- */

static int order(const struct vm_session *s, size_t kind, const struct vm_words *words,
		 struct err *err)
{
	const char *snapshot = words->len > 0 ? words->at[words->len - 1] : NULL;
	const char *name = kinds[kind].name;
	if (!snapshot)
		return err_set(err, ERR_USAGE,
			       "which snapshot? rollout vm snapshot %s [NAME...] SNAPSHOT", name);
	if (words->len == 1 && vm_project_find(s->project, snapshot))
		return err_set(err, ERR_USAGE,
			       "'%s' is a machine; which snapshot of it? rollout vm snapshot %s %s "
			       "SNAPSHOT",
			       snapshot, name, snapshot);
	return vm_order(s,
			&(struct vm_call){.verb = kinds[kind].verb,
					  .patterns = words->at,
					  .npatterns = words->len - 1,
					  .snapshot = snapshot},
			err);
}

int vm_verb_snapshot(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	static const char *const known[] = {"save", "restore", "delete", "list"};
	const char *word = words->len > 0 ? words->at[0] : NULL;
	const struct vm_words rest = {.at = words->at + 1, .len = words->len - 1};
	if (word && strcmp(word, "list") == 0)
		return list(s, &rest, err);
	for (size_t i = 0; word && i < ARRAY_LEN(kinds); i++)
		if (strcmp(word, kinds[i].name) == 0)
			return order(s, i, &rest, err);
	return vm_unknown_word("rollout vm snapshot", word, known, ARRAY_LEN(known), err);
}
