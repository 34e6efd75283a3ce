#pragma once
/* What a module's table says is secret in its arguments and its result. */
#include "flight.h"

/* Is hidden from now on, wherever it turns up. */
void concealed_args(const struct module *m, const struct value *args);
/* Can be registered and sent, and appears nowhere. */
void concealed_results(struct flight *f, struct value *result);
