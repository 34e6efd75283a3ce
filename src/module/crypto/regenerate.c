#include "regenerate.h"

const char *const regenerate_choices[] = {
	"never", "fail", "partial_idempotence", "full_idempotence", "always", NULL};

static bool is(const struct module_call *call, const char *how)
{
	return strcmp(arg_str(call, "regenerate"), how) == 0;
}

int regenerate_decide(struct module_call *call, const char *path, enum key_fit fit, bool *ret,
		      struct err *err)
{
	*ret = fit == KEY_ABSENT || arg_bool(call, "force") || is(call, "always");
	if (*ret || fit == KEY_FITS)
		return 0;
	if (fit == KEY_UNREADABLE && !is(call, "full_idempotence"))
		return err_set(err, ERR_INVALID,
			       "Unable to read the key %s: it is broken or protected with another "
			       "passphrase. Will not proceed; set force or regenerate: always to "
			       "replace it",
			       path);
	if (is(call, "fail"))
		return err_set(err, ERR_INVALID,
			       "Key %s has wrong type and/or size. Will not proceed.", path);
	*ret = !is(call, "never");
	return 0;
}
