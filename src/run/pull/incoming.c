/* The files that a host sends: those that are wanted, of the size that it said, and none
 * before it is whole. */
#include "pull.h"
#include "rollout/base/file.h"

#include <stdlib.h>

#define NS_PER_S 1000000000

struct timespec pull_time(int64_t ns)
{
	struct timespec t = {.tv_sec = ns / NS_PER_S, .tv_nsec = ns % NS_PER_S};
	if (t.tv_nsec < 0) {
		t.tv_sec--;
		t.tv_nsec += NS_PER_S;
	}
	return t;
}

static void end_file(struct pull *p)
{
	if (!p->in.entry)
		return;
	beneath_discard(&p->in.file);
	digest_free(p->in.sha256);
	p->in.entry = NULL;
}

static mode_t mode_of(const struct pull *p, const struct manifest_entry *e)
{
	struct stat st;
	if (p->perms)
		return e->mode;
	if (beneath_stat(p->root, pull_place(p, e), &st) && S_ISREG(st.st_mode))
		return st.st_mode & MANIFEST_MODE_TAKEN;
	return pull_mode_of_new(e);
}

static int place(struct pull *p, struct manifest_entry *e, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	struct timespec time = pull_time(e->mtime_ns);
	digest_end(p->in.sha256, hex);
	if (!e->sha256 || strcmp(hex, e->sha256) != 0)
		return err_set(err, ERR_INVALID, "%s has changed on the host since it was listed",
			       e->path);
	int r = beneath_place(&p->in.file, mode_of(p, e), p->times ? &time : NULL, err);
	e->arrived |= r == 0;
	return r;
}

static void place_if_whole(struct pull *p)
{
	if (p->in.left > 0)
		return;
	(void)place(p, p->in.entry, &p->err);
	end_file(p);
}

/* A connection that was lost begins anew: a file may come again. */
void pull_file(struct pull *p, const char *path, uint64_t size)
{
	struct manifest_entry *e = strmap_get(&p->manifest.paths, slice_from(path));
	end_file(p);
	if (p->err.code)
		return;
	if (!e || !e->wanted || size != e->size) {
		err_set(&p->err, ERR_PROTOCOL, "the host sends '%.200s', which is not wanted%s",
			path, e && e->wanted ? " in that size" : "");
		return;
	}
	if (beneath_create(p->root, pull_place(p, e), &p->in.file, &p->err) < 0)
		return;
	p->in.entry = e;
	p->in.sha256 = digest_new(DIGEST_SHA256);
	p->in.left = size;
	place_if_whole(p);
}

void pull_piece(struct pull *p, struct slice bytes)
{
	if (!p->in.entry || p->err.code)
		return;
	if (bytes.len > p->in.left) {
		err_set(&p->err, ERR_PROTOCOL, "the host sends more of %s than it said",
			p->in.entry->path);
		end_file(p);
		return;
	}
	digest_add(p->in.sha256, bytes.ptr, bytes.len);
	if (fd_write_all(p->in.file.fd, bytes.ptr, bytes.len, &p->err) < 0) {
		err_sys(&p->err, "write %s/%s", p->dest, pull_place(p, p->in.entry));
		end_file(p);
		return;
	}
	p->in.left -= bytes.len;
	place_if_whole(p);
}

int pull_arrived(struct pull *p, struct err *err)
{
	if (p->err.code) {
		*err = p->err;
		return p->err.code;
	}
	for (size_t i = 0; i < p->manifest.len; i++)
		if (p->manifest.at[i].wanted && !p->manifest.at[i].arrived)
			return err_set(err, ERR_PROTOCOL, "%s did not come whole",
				       p->manifest.at[i].path);
	return 0;
}

void pull_free(struct pull *p)
{
	if (!p)
		return;
	end_file(p);
	manifest_release(&p->manifest);
	if (p->root >= 0)
		fd_close(&p->root);
	free(p);
}
