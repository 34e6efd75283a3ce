#pragma once
/* Running build.sh, which rollout carries inside itself (script.S). */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

#include <stdint.h>

extern const char vm_build_script[];
extern const uint64_t vm_build_script_size;

/* Runs it in a mount namespace of its own with `variables` ("IMAGE_…=…",
 * NULL-terminated) added to the environment. What it says goes to `log_fd`; the end
 * of that is the message when it fails. Waits as long as it takes. */
int vm_build_script_run(const char *work, const char *const *variables, int log_fd,
			struct err *err);
