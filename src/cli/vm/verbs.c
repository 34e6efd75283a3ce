/* rollout vm: which verb, and its help. */
#include "verbs.h"

#include "rollout/base/nearest.h"
#include "topology/topology.h"

#include <stdio.h>

static const struct vm_verb_entry verbs[] = {
	{"up", "[NAME...]", "make what is not there, boot it, wait until SSH answers", FOR_VM_BOOT,
	 0, vm_verb_up},
	{"status", "[NAME...]", "which are there and run, and how they are reached", FOR_VM_STATUS,
	 VERB_ANY_DRIVER, vm_verb_status},
	{"ssh", "[NAME] [-- COMMAND...]", "log in, or run a command there", FOR_VM_MACHINE, 0,
	 vm_verb_ssh},
	{"ssh-config", "[NAME]", "what ssh -F wants", FOR_VM_MACHINE, 0, vm_verb_ssh_config},
	{"console", "[NAME]", "the serial console; Ctrl-] leaves it", FOR_VM_MACHINE,
	 VERB_ANY_DRIVER, vm_verb_console},
	{"log", "[NAME]", "the end of what the console said", FOR_VM_LOG, VERB_ANY_DRIVER,
	 vm_verb_log},
	{"halt", "[NAME...]", "shut down; -f: cut the power", FOR_VM_STOP, VERB_ANY_DRIVER,
	 vm_verb_halt},
	{"reload", "[NAME...]", "shut down and boot, with what vm: says now", FOR_VM_BOOT, 0,
	 vm_verb_reload},
	{"suspend", "[NAME...]", "stop and keep the memory", FOR_VM_ORDER, 0, vm_verb_suspend},
	{"resume", "[NAME...]", "go on after suspend", FOR_VM_ORDER, 0, vm_verb_resume},
	{"snapshot", "save|restore|delete|list [NAME...] [SNAPSHOT]", "keep a state, go back to it",
	 FOR_VM_ORDER, 0, vm_verb_snapshot},
	{"recreate", "NAME...", "new disks and a first boot; keys and address stay", FOR_VM_BOOT,
	 VERB_ANY_DRIVER, vm_verb_recreate},
	{"destroy", "[NAME...]", "remove machines and disks; asks unless -f", FOR_VM_STOP,
	 VERB_ANY_DRIVER, vm_verb_destroy},
	{"image", "list|pull|build|remove [IMAGE]", "the images that disks begin with",
	 FOR_VM_IMAGE, VERB_WITHOUT_HOSTS, vm_verb_image},
};

static const struct vm_verb_entry *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int vm_unknown_word(const char *what, const char *word, const char *const *known, size_t nknown,
		    struct err *err)
{
	struct nearest n;
	char hint[128];
	CLEANUP(strbuf_release) struct strbuf all = {0};
	nearest_init(&n, slice_from(word ? word : ""));
	for (size_t i = 0; i < nknown; i++) {
		nearest_offer(&n, slice_from(known[i]));
		strbuf_printf(&all, "%s%s", i ? ", " : "", known[i]);
	}
	if (!word)
		return err_set(err, ERR_USAGE, "%s what? One of %s", what, all.ptr);
	nearest_hint(&n, hint, sizeof(hint));
	if (*hint)
		return err_set(err, ERR_USAGE, "there is no '%s %s'%s", what, word, hint);
	return err_set(err, ERR_USAGE, "there is no '%s %s', but %s", what, word, all.ptr);
}

static int unknown_verb(const char *word, struct err *err)
{
	const char *names[ARRAY_LEN(verbs)];
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		names[i] = verbs[i].name;
	return vm_unknown_word("rollout vm", word, names, ARRAY_LEN(names), err);
}

/* ---- help ---- */

static void print_verbs(void)
{
	printf("Usage: rollout vm VERB [NAME...]\n"
	       "The inventory's hosts with a vm: mapping, as virtual machines (docs/vm.md).\n"
	       "NAME: a host, a group or a pattern, as --limit takes; none: all of them.\n\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		printf("  %-12s  %s\n", verbs[i].name, verbs[i].doc);
	help_options(FOR_VM);
}

int vm_help(const char *verb, struct err *err)
{
	const struct vm_verb_entry *v = verb ? find(verb) : NULL;
	if (!verb) {
		print_verbs();
		return RUN_EXIT_OK;
	}
	if (!v)
		return unknown_verb(verb, err);
	printf("Usage: rollout vm %s %s\n%s\n", v->name, v->words, v->doc);
	help_options(v->mask);
	return RUN_EXIT_OK;
}

/* ---- the verb ---- */

static int check_options(const struct options *o, const struct vm_verb_entry *v, struct err *err)
{
	static const char *const accels[] = {"auto", "kvm", "hvf", "tcg"};
	enum vm_driver_kind driver;
	const char *misfit = options_misfit(o, v->mask);
	bool known = !o->accel;
	for (size_t i = 0; !known && i < ARRAY_LEN(accels); i++)
		known = strcmp(o->accel, accels[i]) == 0;
	if (misfit)
		return err_set(err, ERR_USAGE, "'rollout vm %s' has no option '--%s'", v->name,
			       misfit);
	if (o->driver && !vm_driver_by_name(slice_from(o->driver), &driver))
		return err_set(err, ERR_USAGE, "--driver is qemu or nspawn, not '%s'", o->driver);
	if (!known)
		return err_set(err, ERR_USAGE, "--accel is auto, kvm, hvf or tcg, not '%s'",
			       o->accel);
	return 0;
}

static int run_with_hosts(const struct options *o, const struct vm_verb_entry *v,
			  const struct vm_words *words, struct err *err)
{
	CLEANUP(loaded_release) struct loaded l = {0};
	struct vm_session s;
	int r = load_hosts(o, NULL, &l, err);
	if (r == 0)
		r = v->flags & VERB_ANY_DRIVER ? vm_session_open_any(o, &l, &s, err)
					       : vm_session_open(o, &l, &s, err);
	if (r < 0)
		return r;
	r = v->run(&s, words, err);
	vm_session_close(&s);
	return r;
}

int cmd_vm(const struct options *o, struct err *err)
{
	const char *name = o->words.len > 0 ? o->words.at[0] : NULL;
	const struct vm_verb_entry *v = name ? find(name) : NULL;
	if (!v)
		return unknown_verb(name, err);
	const struct vm_words words = {.at = o->words.at + 1,
				       .len = o->words.len - 1,
				       .plain = o->plain_words > 0 ? o->plain_words - 1 : 0};
	const struct vm_session none = {.options = o};
	int r = check_options(o, v, err);
	if (r < 0)
		return r;
	return v->flags & VERB_WITHOUT_HOSTS ? v->run(&none, &words, err)
					     : run_with_hosts(o, v, &words, err);
}
