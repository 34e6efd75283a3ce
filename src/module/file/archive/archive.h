#pragma once
/* One call of unarchive: the archive, and the two ways to handle it. */
#include "../../content.h"
#include "rollout/base/vec.h"
#include "rollout/module/module.h"

#define ARCHIVE_MAX (1u << 30)

struct archive {
	struct module_call *call;
	const char *src; /* on the host; NULL: content came from the controller */
	int fd;		 /* of a file without a name with that; -1: none */
	void *mapped;	 /* of the whole of it; NULL: it is not */
	size_t size;
	struct slice content; /* mapped, or loaded where it is needed */
	struct strbuf buffer; /* what content points to, if loaded */
	const char *dest;
	const char *tar_option;	 /* decompression, for tar */
	VEC(const char *) names; /* what is in it */
};

struct archive_handler {
	const char *name; /* as Ansible's result.handler */
	/* Fills names; is all of it in dest already? */
	int (*compare)(struct archive *ar, bool *ret_same, struct err *err);
	int (*extract)(struct archive *ar, struct err *err);
};
extern const struct archive_handler archive_tar, archive_zip;

bool archive_is_wanted(const struct archive *ar, const char *name); /* include and exclude */
/* Among names, which lie below dest: one that leads out with ".." is left out, as
 * tar and unzip do not follow it either. */
void archive_add_name(struct archive *ar, const char *name);
/* No folder on the way to them may be a link of somebody else. */
int archive_check_folders(struct archive *ar, struct err *err);
