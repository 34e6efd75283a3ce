#pragma once
/*
 * HashiCorp Vault, asked by the controller: what the lookups of
 * community.hashi_vault share. (Ansible Vault is another thing: rollout/vault.)
 *
 *     r = hashi_session_open(&s, err);          options, and the login
 *     r = hashi_session_get(&s, method, path, &answer, err);
 */
#include "../filter/filter.h"

struct hashi_session {
	struct call *c;
	const struct value *term; /* options of the term's text; they win. May be NULL */
	const char *url, *token;  /* without a slash at its end; NULL: none */
};
struct hashi_reply {
	long status;
	const struct value *json; /* NULL: it is none */
	const char *said;	  /* of 400 and above */
};

/* An option as text, from where Ansible's plugins look for it; *ret NULL: nowhere. */
int hashi_option(const struct hashi_session *s, const char *name, const char **ret,
		 struct err *err);
bool hashi_is_option(struct slice name);
int hashi_session_open(struct hashi_session *s, struct err *err);
/* `path` is below /v1/ and quoted. */
int hashi_session_get(struct hashi_session *s, const char *method, const char *path,
		      struct hashi_reply *ret, struct err *err);
/* The same with a body, for logins. */
int hashi_session_post(struct hashi_session *s, const char *path, const struct value *body,
		       struct hashi_reply *ret, struct err *err);
/* With what a URL's part may hold, and `more`. */
const char *hashi_quoted(struct call *c, const char *text, const char *more);
