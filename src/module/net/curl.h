#pragma once
/*
 * One HTTP request through the host's curl. Everything that could be secret
 * goes by its standard input as a configuration file, nothing but its name is
 * seen in the list of processes.
 */
#include "../program.h"

struct curl {
	struct program program;
	struct strbuf config; /* curl_release */
};
struct curl_answer {
	int64_t status; /* -1: there was none; what says why */
	const char *what;
	int64_t elapsed_s;
	bool redirected;      /* by uri_request */
	const char *url;      /* where it ended */
	const char *redirect; /* where it goes on to, which curl does not; "" */
	struct slice headers; /* the last block, with its status line */
	struct slice body;
};

void curl_init(struct curl *c, struct module_call *call, const char *url);
/* A long option of curl without value, or with one. */
void curl_flag(struct curl *c, const char *option);
void curl_option(struct curl *c, const char *option, const char *value);
void curl_option_slice(struct curl *c, const char *option, struct slice value);
/* reads_only: it changes nothing, and runs in check mode too. */
int curl_run(struct curl *c, bool reads_only, struct curl_answer *ret, struct err *err);
void curl_release(struct curl *c);
