#pragma once
/* The state folder, seen from inside the layer. */
#include "rollout/vm/vm.h"

char *vm_project_path(const struct vm_project *p, const char *name); /* yours to free() */
char *vm_machine_path(const struct vm_machine *m, const char *name); /* yours to free() */
/* connect()/bind() to a socket in a folder whose path may be longer than sun_path:
 * through /proc/self/fd. Fills addr; *ret_dir_fd must stay open until then. */
struct sockaddr_un;
int vm_socket_address(const char *dir, const char *name, struct sockaddr_un *ret, int *ret_dir_fd,
		      struct err *err);
/* A machine that was destroyed: its folder goes, its identity stays. */
int vm_project_forget(struct vm_project *p, struct vm_machine *m, struct err *err);
/* After the last machine nothing stays: identities, keys, the state folder itself.
 * Does nothing while a machine is there or is being worked on. */
void vm_project_retire(const struct vm_project *p);
/* machine.json: what it was made with. *ret NULL when there is none. */
int vm_machine_record_read(const struct vm_machine *m, struct arena *a, const struct value **ret,
			   struct err *err);
int vm_machine_record_write(const struct vm_machine *m, const struct value *record,
			    struct err *err);
