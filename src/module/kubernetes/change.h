#pragma once
/* One object of a task of k8s: what is asked for, what there is, what comes of it. */
#include "object.h"

struct change {
	struct module_call *call;
	const struct value *object;   /* as defined */
	const struct value *existing; /* NULL: not there */
	const struct value *after;    /* NULL: not known */
	struct value *result;
	const char *method; /* create, update, replace, apply, delete */
	bool changed;
};

/* What is meant goes, and is waited for. */
int change_delete(struct change *c, struct err *err);
