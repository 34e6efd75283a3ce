#pragma once
/* The request of uri, through the host's curl. */
#include "curl.h"

/* It changes nothing on the server. */
bool uri_is_safe(const char *method);
int uri_request(struct module_call *call, const char *method, struct curl_answer *ret,
		struct err *err);
