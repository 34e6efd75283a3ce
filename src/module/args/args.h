#pragma once
/* One argument's value brought to its parameter's type. */
#include "rollout/module/module.h"

struct args_coerce {
	const struct module *module;
	struct arena *arena;
	bool trust_templates; /* values that hold {{ or {% pass unread */
};

/* Does a string anywhere in it hold a template, or is it unknown yet? */
bool args_templated(const struct value *v);
/* Has Ansible's module the parameter, which rollout's has not? */
bool args_is_foreign(const struct module *m, struct slice param);
/* Errors are at the value's own place. A null stays null. */
int args_coerce_value(const struct args_coerce *c, const struct module_param *p,
		      const struct value *v, const struct value **ret, struct err *err);
/* The parameter's default, coerced. */
int args_fallback(const struct args_coerce *c, const struct module_param *p,
		  const struct value **ret, struct err *err);
