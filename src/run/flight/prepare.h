#pragma once
/* What the controller does to an item's arguments before they are sent. */
#include "../link/blob.h"
#include "../variables/scope.h"
#include "flight.h"

struct preparation {
	struct flight *f;
	struct scope *scope;
	struct flight_item *it;
	struct value *args; /* the item's, being extended */
};

/* A boolean of the item's arguments. */
bool prepare_option(const struct preparation *p, const char *key, bool fallback);
/* The file that `src` means, in `subdir` of the role or beside the playbook. */
int prepare_find_source(struct preparation *p, const char *subdir, struct slice src,
			const char **ret, struct err *err);
/* A file's content; of an encrypted one what is in it, unless decrypt: false. */
int prepare_source_blob(struct preparation *p, const char *path, const struct blob **ret,
			struct err *err);

/* The template `src`, a string, by the options of the item's arguments. */
int prepare_render(struct preparation *p, const struct value *src, struct strbuf *out, bool *secret,
		   const char **ret_path, struct err *err);

/* prepare_tree.c: a folder, with all that is in it, as `_tree`. */
int prepare_tree(struct preparation *p, const char *path, struct err *err);
/* prepare_form.c: uri's files of the controller. */
int prepare_uri(struct preparation *p, struct err *err);
/* prepare_manifest.c: k8s' templates become its definition. */
int prepare_manifest(struct preparation *p, struct err *err);
