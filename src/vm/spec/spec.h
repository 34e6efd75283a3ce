#pragma once
/* Parts of a topology, within the folder. */
#include "fields.h"
#include "rollout/vm/vm.h"

/* The image key: text or mapping. What the architecture decides (is the name known
 * for it) is vm_image_ref_check's, after all keys were read. */
int vm_image_ref_read(const struct field *f, struct vm_image_ref *ret, struct err *err);
int vm_image_ref_check(const struct vm_image_ref *ref, enum vm_arch arch, struct err *err);

int vm_files_read(const struct field *f, const struct vm_file **ret, size_t *ret_len,
		  struct err *err);

/* The `vm:` mapping into *spec, which has its defaults. */
int vm_spec_read(struct arena *a, const struct value *vm, struct vm_spec *spec, struct err *err);

enum vm_arch vm_arch_own(void); /* of this machine */

/* NULL, or why it cannot be that: "letters, digits and '-' …". */
const char *vm_host_name_bad(const char *name);
const char *vm_login_name_bad(const char *name);

/* A relative path is relative to the folder of the file where it is written.
 * Absolute; in the arena. */
const char *vm_path_at(struct arena *a, struct srcloc at, const char *path);
