#include "kept.h"

static struct host_attr attr_of(const struct host_stat *st)
{
	return (struct host_attr){(int)st->mode, st->uid, st->gid, st->mtime_ns, st->atime_ns};
}

static int copy_file(struct kept *k, const struct kept_path *p, bool links, struct err *err)
{
	struct host *h = k->call->host;
	if (links && h->ops->link(h, p->path, p->copy, NULL) == 0)
		return 0;
	struct host_write w = {.source_path = p->path, .attr = attr_of(&p->was)};
	return h->ops->write(h, p->copy, &w, err);
}

int kept_add(struct kept *k, const char *path, const char *copy, bool links, struct err *err)
{
	struct host *h = k->call->host;
	struct kept_path p = {.path = path, .copy = copy};
	if (k->call->check_mode)
		return 0;
	int r = h->ops->stat(h, k->call->arena, path, false, &p.was, err);
	if (r == 0 && p.was.type == HOST_LINK)
		r = h->ops->symlink(h, p.was.link_target, copy, err);
	else if (r == 0 && p.was.type == HOST_FILE)
		r = copy_file(k, &p, links, err);
	if (r < 0)
		return err_wrap(err, r, "a copy of %s", path);
	vec_push(&k->paths, p);
	return 0;
}

static void restore(struct kept *k, const struct kept_path *p)
{
	struct host *h = k->call->host;
	struct err failure = {0};
	int r = 0;
	if (p->was.type == HOST_ABSENT) {
		/* A folder with something of somebody else's in it stays. */
		(void)h->ops->remove(h, p->path, false, NULL);
	} else if (p->was.type == HOST_DIR) {
		const struct host_attr attr = attr_of(&p->was);
		r = h->ops->set_attr(h, p->path, false, &attr, &failure);
	} else if (p->was.type == HOST_FILE || p->was.type == HOST_LINK) {
		r = h->ops->rename(h, p->copy, p->path, &failure);
		/* One that was not touched is still the same file as its hard link. */
		if (r == 0)
			(void)h->ops->remove(h, p->copy, false, NULL);
	}
	if (r < 0)
		result_warn(k->call, "%s could not be put back: %s", p->path, failure.msg);
}

void kept_end(struct kept *k, bool back)
{
	for (size_t i = k->paths.len; i-- > 0;) {
		const struct kept_path *p = &k->paths.at[i];
		bool copied = p->was.type == HOST_FILE || p->was.type == HOST_LINK;
		if (back)
			restore(k, p);
		else if (copied)
			(void)k->call->host->ops->remove(k->call->host, p->copy, false, NULL);
	}
	vec_release(&k->paths);
}
