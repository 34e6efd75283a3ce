#pragma once
/* What a request sends. */
#include "curl.h"

/* As --data-raw; what is too long for a line, or no text, goes by a file that its
 * owner alone reads. *ret_path: where it lies, NULL: nowhere; curl_body_drop. */
int curl_body(struct curl *c, struct slice text, const char **ret_path, struct err *err);
void curl_body_drop(struct curl *c, const char *path);
