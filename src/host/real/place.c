/* From a path to the folder that it is changed in, when root changes it. */
#include "real.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#define LINKS_MAX 40

struct walk {
	const char *verb, *path; /* for messages */
	int fd;			 /* where it is */
	int links;
	struct strbuf rest;
};

static int failed(const struct walk *w, struct err *err)
{
	return err_sys(err, "%s %s", w->verb, w->path);
}

/* As systemd's CHASE_SAFE: who may write in a folder shall not lead root out of
 * what is theirs. A link's text does not change, and each link that it leads
 * through is looked at in its turn. */
static int check_owner(const struct walk *w, const char *name, const struct stat *link,
		       const char *target, struct err *err)
{
	struct stat st;
	if (link->st_uid == 0)
		return 0;
	if (fstatat(w->fd, name, &st, 0) < 0)
		return failed(w, err);
	if (st.st_uid == link->st_uid)
		return 0;
	return err_set(err, ERR_INVALID,
		       "%s %s: in it '%s' is a symbolic link that user %u has made to %s, which is "
		       "not theirs: not followed",
		       w->verb, w->path, name, link->st_uid, target);
}

static int move_to(struct walk *w, int fd)
{
	close(w->fd);
	w->fd = fd;
	return 0;
}

static int follow(struct walk *w, const char *name, int link_fd, const struct stat *link,
		  struct err *err)
{
	char target[PATH_MAX + 1];
	CLEANUP(strbuf_release) struct strbuf rest = {0};
	ssize_t n = readlinkat(link_fd, "", target, sizeof(target) - 1);
	errno = n < 0 ? errno : ELOOP;
	if (n < 0 || ++w->links > LINKS_MAX)
		return failed(w, err);
	target[n] = '\0';
	int r = check_owner(w, name, link, target, err);
	if (r < 0)
		return r;
	strbuf_printf(&rest, "%s/%s", target, w->rest.ptr);
	strbuf_truncate(&w->rest, 0);
	strbuf_slice_append(&w->rest, strbuf_slice(&rest));
	if (target[0] != '/')
		return 0;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root < 0 ? failed(w, err) : move_to(w, root);
}

static int step(struct walk *w, const char *name, struct err *err)
{
	struct stat st;
	int fd = openat(w->fd, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return failed(w, err);
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode)) {
		int r = follow(w, name, fd, &st, err);
		close(fd);
		return r;
	}
	return move_to(w, fd);
}

/* The next name of the rest; "" at the end. */
static int next_name(struct walk *w, char name[NAME_MAX + 1], struct err *err)
{
	size_t skip = strspn(w->rest.ptr, "/"), len = strcspn(w->rest.ptr + skip, "/");
	errno = ENAMETOOLONG;
	if (len > NAME_MAX)
		return failed(w, err);
	snprintf(name, NAME_MAX + 1, "%.*s", (int)len, w->rest.ptr + skip);
	strbuf_drop_front(&w->rest, skip + len);
	return 0;
}

static int walk(struct walk *w, struct err *err)
{
	char name[NAME_MAX + 1];
	int r = 0;
	while (r == 0 && (r = next_name(w, name, err)) == 0 && name[0])
		if (strcmp(name, ".") != 0)
			r = step(w, name, err);
	return r;
}

/* "/a/b//" is /a/b. */
static struct slice without_slashes(const char *path)
{
	size_t len = strlen(path);
	while (len > 1 && path[len - 1] == '/')
		len--;
	return (struct slice){path, len};
}

/* Where a path need not be walked: it is not root that goes there. */
static bool is_plain(const char *path)
{
	return geteuid() != 0 || path[0] != '/' || access("/proc/self/fd", F_OK) < 0;
}

static int walk_to(const char *verb, const char *path, struct slice to, int *ret_fd,
		   struct err *err)
{
	struct walk w = {.verb = verb, .path = path};
	w.fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	strbuf_slice_append(&w.rest, to);
	int r = w.fd < 0 ? failed(&w, err) : walk(&w, err);
	strbuf_release(&w.rest);
	if (r < 0)
		fd_close(&w.fd);
	else
		*ret_fd = w.fd;
	return r;
}

int real_place_enter(const char *verb, const char *path, struct real_place *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf whole = {0};
	strbuf_slice_append(&whole, without_slashes(path));
	struct slice base = path_basename(whole.ptr);
	bool plain = is_plain(path) || base.len == 0 || slice_is(base, ".") || slice_is(base, "..");
	ret->fd = -1;
	if (plain) {
		strbuf_puts(&ret->at, path);
		return 0;
	}
	int r = walk_to(verb, path, path_dirname(whole.ptr), &ret->fd, err);
	if (r < 0)
		return r;
	strbuf_printf(&ret->at, "/proc/self/fd/%d/%.*s", ret->fd, SLICE_ARG(base));
	return 0;
}

int real_place_reach(const char *verb, const char *path, struct real_place *ret, struct err *err)
{
	ret->fd = -1;
	if (is_plain(path)) {
		strbuf_puts(&ret->at, path);
		return 0;
	}
	int r = walk_to(verb, path, slice_from(path), &ret->fd, err);
	if (r == 0)
		strbuf_printf(&ret->at, "/proc/self/fd/%d", ret->fd);
	return r;
}

void real_place_leave(struct real_place *p)
{
	fd_close(&p->fd);
	strbuf_release(&p->at);
}
