#pragma once
/*
 * HashiCorp Vault's HTTP API from the host, through its curl: what the modules
 * of community.hashi_vault share. (Ansible Vault is another thing: rollout/vault.)
 * https://docs.ansible.com/ansible/latest/collections/community/hashi_vault/
 *
 *     r = hashi_open(&v, call, err);            options, and who asks; sends nothing
 *     r = hashi_login(&v, NULL, err);           now v.token is the token
 *     r = hashi_ask(&v, &request, &answer, err);
 *
 * Tokens, bodies and passwords go by curl's standard input alone, and are in no
 * message. All of it lives in the call's arena.
 */
#include "../net/curl.h"

#define HASHI_ANSWER_MAX (8u << 20)

struct hashi {
	struct module_call *call;
	const char *url;	/* without a slash at its end */
	const char *space;	/* namespace; NULL: none */
	const char *token;	/* NULL: none */
	const char *proxy, *ca; /* NULL: what curl does by itself */
	bool ca_is_folder, verifies, warns_of_retries;
	int64_t timeout_s, retries;
	double backoff_s;
	const struct value *retry_on; /* status codes */
};
struct hashi_request {
	const char *method;
	const char *path;	  /* below /v1/; hashi_path or hashi_path_join made it */
	const struct value *body; /* NULL: none */
	const char *wrap_ttl;
	const char *cert, *key; /* of the client */
	bool changes;		/* not for check mode */
};
struct hashi_answer {
	int64_t status;
	const struct value *json; /* NULL: it is none */
	struct slice body;
	const char *said; /* of 400 and above: what hvac's exception says */
};

/* options.c */
int hashi_open(struct hashi *v, struct module_call *call, struct err *err);

/* auth.c. What is missing, before anything is sent; hashi_open does it. */
int hashi_check_method(struct hashi *v, struct err *err);
/* *ret_response, which may be NULL: what the login answered. */
int hashi_login(struct hashi *v, const struct value **ret_response, struct err *err);

/* client.c. 0 for whatever status; an error where there was no answer. */
int hashi_ask(struct hashi *v, const struct hashi_request *q, struct hashi_answer *ret,
	      struct err *err);
static inline bool hashi_is_good(const struct hashi_answer *a)
{
	return a->status < 400;
}
/* A path that a user wrote, as requests quotes it. */
const char *hashi_path(struct module_call *call, const char *path);
/* MOUNT BETWEEN NAME, mount and name quoted as a URL's parts. */
const char *hashi_path_join(struct module_call *call, const char *mount, const char *between,
			    const char *name);
/* The task's failure; in check mode unknown where an earlier task may change it. */
int hashi_refused(struct hashi *v, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Where the modules say nothing of their own. */
int hashi_failed(struct hashi *v, const struct hashi_answer *a, struct err *err);
/* What came, where JSON must have come. */
int hashi_no_json(struct hashi *v, const struct hashi_answer *a, struct err *err);
/* The answer to what changes something: {} for none, and a text with a warning. */
const struct value *hashi_output(struct hashi *v, const struct hashi_answer *a);
