#pragma once
/*
 * The VMs of an inventory and their project, ready for a verb.
 *
 *     load_hosts → vm_session_open → vm_session_select → … → vm_session_close
 */
#include "../cli.h"
#include "rollout/vm/vm.h"

struct vm_session {
	const struct options *options;
	struct loaded *loaded; /* borrowed */
	struct vm_topology *topology;
	struct vm_project *project;
};
typedef VEC(size_t) vm_indexes; /* of a project's machines */

/* The driver is --driver's, else vm_driver's, else the one that the machines were
 * made with, else QEMU. An inventory without VMs is ERR_NOT_FOUND with an example;
 * machines of another driver than the one asked for are ERR_INVALID. Makes nothing. */
int vm_session_open(const struct options *o, struct loaded *l, struct vm_session *ret,
		    struct err *err);
/* As vm_session_open, but machines of another driver are fine: they are only looked
 * at, stopped or removed. */
int vm_session_open_any(const struct options *o, struct loaded *l, struct vm_session *ret,
			struct err *err);
void vm_session_close(struct vm_session *s);

/* Appends the machines that the patterns name (as --limit), in the inventory's order;
 * none given: all. Names that are no VM's are ERR_NOT_FOUND, with the nearest. */
int vm_session_select(const struct vm_session *s, const char *const *patterns, size_t count,
		      vm_indexes *ret, struct err *err);
/* The one that `name` means; NULL: the only one there is. ERR_USAGE: several. */
int vm_session_one(const struct vm_session *s, const char *name, struct vm_machine **ret,
		   struct err *err);

/* How each machine that was prepared is reached, as variables that all others beat. */
void vm_session_give_vars(const struct vm_session *s);
/* The same for any command, of an inventory whose VMs have a state folder already;
 * without one nothing is looked at. */
int vm_session_set_defaults(struct loaded *l, struct err *err);
