/* The lookup unvault: a file's whole content, decrypted where it is encrypted. */
#include "../filter/filter.h"

#include "rollout/value/encrypted.h"
#include "rollout/value/secret.h"

FN(l_unvault)
{
	struct value *out = list_new(c->ev);
	for (size_t i = 0; i < c->args->npositional; i++) {
		CLEANUP(free_ptr) char *path = NULL;
		struct slice name, text;
		int r;
		if ((r = text_of(c->ev, c->args->positional[i], &name, err)) < 0 ||
		    (r = source_find(c->ev, name, "files", &path, err)) < 0 ||
		    (r = source_read(c->ev, path, &text, err)) < 0)
			return r;
		if (encrypted_file_is(path))
			secret_remember(text);
		list_push(c->ev, out, str_new(c->ev, text));
	}
	*ret = out;
	return 0;
}

const struct function lookups_vault[] = {
	{"unvault", "", 0, FN_VARARGS, l_unvault},
	{0},
};
