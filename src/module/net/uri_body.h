#pragma once
/* What a uri task sends. */
#include "rollout/module/module.h"

struct uri_body {
	bool given;
	struct slice text;
	const char *content_type; /* NULL: none of its own */
};

/* uri_multipart.c: fields, each a text or {content, filename, mime_type}. */
int uri_multipart_put(struct module_call *call, const struct value *body, struct strbuf *out,
		      const char **ret_type, struct err *err);
/* body after body_format; text lives in the call's arena. */
int uri_body_make(struct module_call *call, struct uri_body *ret, struct err *err);
