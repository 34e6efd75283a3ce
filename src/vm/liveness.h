#pragma once
/*
 * Locks that tell the truth: an open file description's lock (F_OFD_SETLK) on a
 * file lives exactly as long as the processes that hold the descriptor. One per running thing (a QEMU, a switch, a
 * runner), which inherits it; one per machine and per project for the commands.
 */
#include "rollout/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Takes the lock now: *ret_fd is yours (O_CLOEXEC; vm_lock_keep lets a child
 * inherit it). ERR_EXISTS: somebody holds it. */
int vm_lock_try(const char *path, int *ret_fd, struct err *err);
/* Waits at most timeout_ms; ERR_TIMEOUT. */
int vm_lock_wait(const char *path, int64_t timeout_ms, int *ret_fd, struct err *err);
/* Together with others that share it; waits while one has it alone. */
int vm_lock_share(const char *path, int *ret_fd, struct err *err);
/* Somebody holds it, alone or shared. A file that is not there is not held. */
bool vm_lock_is_held(const char *path);
/* Until nobody holds it; ERR_TIMEOUT. */
int vm_lock_wait_free(const char *path, int64_t timeout_ms, struct err *err);
void vm_lock_keep(int fd); /* clears O_CLOEXEC: call it in the child */
