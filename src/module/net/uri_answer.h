#pragma once
/* An answer as uri's result: status, headers, cookies, json, content. */
#include "curl.h"

/* Returns what its msg says. */
const char *uri_answer_put(struct module_call *call, const struct curl_answer *a, bool content);
