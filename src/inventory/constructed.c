#include "internal.h"
int inventory_read_constructed(struct inventory *inv UNUSED, const struct value *config,
			       struct err *err)
{
	return err_at(err, ERR_UNSUPPORTED, config->at, "later");
}
