#pragma once
/* `attributes` of the file modules: the flags of chattr(1), by their letters. */
#include "rollout/module/module.h"

/* "i", "+i", "-i", "=ia" applied to the flags that a file has. Flags that no
 * user sets (extents, index, …) stay. An unknown letter is an error. */
int file_flags_parse(const char *text, uint32_t now, uint32_t *ret, struct err *err);
/* The letters as lsattr(1) has them. */
void file_flags_letters(uint32_t flags, struct strbuf *out);
/* Names as Ansible's stat has them, in the order of the letters. */
const struct value *file_flags_names(struct arena *a, uint32_t flags);
/* The call's attributes, and its SELinux parameters: accepted where the host has
 * no SELinux. *ret_changed. */
int file_flags_apply(struct module_call *call, const char *path, bool *ret_changed,
		     struct err *err);
