#pragma once
/*
 * A client of QMP, QEMU's machine protocol: JSON, one message a line, over the
 * socket that QEMU listens on. It serves one client at a time; another one waits
 * for the greeting. Blocks, within the limits given.
 *
 *     vm_qmp_open → vm_qmp_execute … → vm_qmp_close
 *
 * Source: QEMU's "QEMU Machine Protocol Specification" and "QEMU QMP Reference
 * Manual".
 */
#include "rollout/value/value.h"

#define QMP_MESSAGE_MAX (4u << 20)

enum vm_qmp_kind { QMP_GREETING, QMP_RETURN, QMP_ERROR, QMP_EVENT };
struct vm_qmp_message {
	enum vm_qmp_kind kind;
	int64_t id;		    /* of the command: QMP_RETURN, QMP_ERROR; -1: none */
	const struct value *result; /* QMP_RETURN */
	struct slice name;	    /* QMP_EVENT: which; QMP_ERROR: its class */
	struct slice text;	    /* QMP_ERROR: its description */
};
/* One line. ERR_PROTOCOL when it is nothing that a server may say. */
int vm_qmp_parse(struct slice line, struct arena *a, struct vm_qmp_message *ret, struct err *err);

struct vm_qmp;
/* Connects to the socket `name` in `dir` and negotiates. ERR_UNREACHABLE nobody
 * listens; ERR_TIMEOUT no greeting: it hangs, or another client talks to it. */
int vm_qmp_open(const char *dir, const char *name, int64_t timeout_ms, struct vm_qmp **ret,
		struct err *err);
/* Runs a command; arguments NULL: none. Events are skipped. *ret (may be NULL) lives in `a`.
 * ERR_UNREACHABLE QEMU ended; ERR_UNSUPPORTED no such command in this QEMU; ERR_INVALID QEMU
 * refused, with its reason; after ERR_TIMEOUT and ERR_PROTOCOL only vm_qmp_close is left. */
int vm_qmp_execute(struct vm_qmp *q, const char *command, const struct value *arguments,
		   struct arena *a, const struct value **ret, struct err *err);
void vm_qmp_set_timeout(struct vm_qmp *q, int64_t timeout_ms); /* for each command from now on */
void vm_qmp_close(struct vm_qmp *q);
void vm_qmp_close_ptr(struct vm_qmp **q); /* for CLEANUP */
