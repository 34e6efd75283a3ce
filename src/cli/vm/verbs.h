#pragma once
/* The verbs of `rollout vm`. Each gets the words after its own name. */
#include "session.h"

struct vm_words {
	const char *const *at; /* NULL-terminated */
	size_t len, plain;     /* those before `--` */
};
enum vm_verb_flags {
	VERB_ANY_DRIVER = 1,	/* vm_session_open_any */
	VERB_WITHOUT_HOSTS = 2, /* no inventory is loaded: the session has options alone */
};
struct vm_verb_entry {
	const char *name, *words, *doc;
	unsigned mask;	/* enum command_mask: whose options it takes */
	unsigned flags; /* enum vm_verb_flags */
	int (*run)(const struct vm_session *s, const struct vm_words *words, struct err *err);
};

/* orders.c */
int vm_verb_up(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_halt(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_reload(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_suspend(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_resume(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_recreate(const struct vm_session *s, const struct vm_words *words, struct err *err);
/* destroy.c */
int vm_verb_destroy(const struct vm_session *s, const struct vm_words *words, struct err *err);
/* status.c */
int vm_verb_status(const struct vm_session *s, const struct vm_words *words, struct err *err);
/* machine.c */
int vm_verb_ssh(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_ssh_config(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_console(const struct vm_session *s, const struct vm_words *words, struct err *err);
int vm_verb_log(const struct vm_session *s, const struct vm_words *words, struct err *err);
/* snapshot.c */
int vm_verb_snapshot(const struct vm_session *s, const struct vm_words *words, struct err *err);
/* image.c */
int vm_verb_image(const struct vm_session *s, const struct vm_words *words, struct err *err);

/* "there is no rollout vm image 'bild'; did you mean 'build'? It is one of build, list …" */
int vm_unknown_word(const char *what, const char *word, const char *const *known, size_t nknown,
		    struct err *err);
