/* Ansible's test vault_encrypted: was it a !vault value? */
#include "../filter/filter.h"

FN(t_vault_encrypted)
{
	*ret = value_bool(c->in->flags & (VALUE_ENCRYPTED | VALUE_VAULTED));
	return 0;
}

const struct function tests_vault[] = {
	{"vault_encrypted", "", 0, 0, t_vault_encrypted},
	{0},
};
