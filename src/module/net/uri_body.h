#pragma once
/* What a uri task sends. */
#include "rollout/module/module.h"

struct uri_body {
	bool given;
	struct slice text;
	const char *content_type; /* NULL: none of its own */
};

/* body after body_format; text lives in the call's arena. */
int uri_body_make(struct module_call *call, struct uri_body *ret, struct err *err);
