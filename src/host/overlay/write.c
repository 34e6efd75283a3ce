/* Writing a file into the overlay; its validate command runs on a copy. */
#include "../tool.h"
#include "overlay.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Does the validator's complaint name a file that only the overlay has? Then
 * it says nothing about the real run. */
static bool blames_overlay(const struct overlay *o, const struct host_command_result *result)
{
	const struct strbuf *texts[] = {&result->out, &result->err};
	for (size_t i = 0; i < o->nodes.len; i++) {
		struct slice path = o->nodes.entries[i].key;
		for (size_t t = 0; t < ARRAY_LEN(texts); t++)
			if (texts[t]->len &&
			    memmem(texts[t]->ptr, texts[t]->len, path.ptr, path.len))
				return true;
	}
	return false;
}

static int run_validate(struct overlay *o, const char *command, const char *copy, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct host_command cmd = {.mode_umask = -1};
	struct err e = {0};
	int r = validate_words(&a, command, copy, &cmd.argv, &e);
	if (r == 0)
		r = o->under->ops->probe(o->under, &cmd, &result, &e);
	if (r == 0) {
		r = validate_verdict(&result, &e);
		if (r < 0 && (o->why || blames_overlay(o, &result)))
			return 0;
	}
	/* The program may come with a package that is not installed yet. */
	if ((r == ERR_NOT_FOUND || e.sys == ENOENT) && (o->why || o->package_pending))
		return 0;
	if (r < 0 && err)
		*err = e;
	return r;
}

static int validate(struct overlay *o, const struct node *n, const char *path, const char *command,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf content = {0};
	char copy[] = "/tmp/.rollout-XXXXXX";
	if (n->promised_sha256)
		return 0;
	int r = overlay_node_read(o, n, path, HOST_FILE_MAX, &content, err);
	if (r < 0)
		return r;
	CLEANUP(fd_close) int fd = mkostemp(copy, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "create %s", copy);
	r = fd_write_all(fd, content.ptr, content.len, err);
	if (r == 0)
		r = run_validate(o, command, copy, err);
	unlink(copy);
	return r;
}

static int take_stream(struct overlay *o, const struct host_stream *s, struct node *n,
		       struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf content = {0};
	int r = host_stream_read(s, HOST_FILE_MAX, &content, err);
	if (r < 0)
		return r;
	n->content = arena_slice(&o->arena, strbuf_slice(&content));
	n->st.size = content.len;
	return 0;
}

/* Of the new content: where it is, and how long. */
static int take_content(struct overlay *o, struct arena *a, const struct host_write *w,
			struct node *n, struct err *err)
{
	struct place from = {.path = "/"};
	if (w->promised_sha256) {
		n->promised_sha256 = arena_strdup(&o->arena, w->promised_sha256);
		n->st.size = w->promised_size;
		return 0;
	}
	if (w->stream)
		return take_stream(o, w->stream, n, err);
	if (!w->source_path) {
		n->content = arena_slice(&o->arena, w->content);
		n->st.size = w->content.len;
		return 0;
	}
	int r = overlay_find(o, a, w->source_path, true, &from, err);
	if (r < 0)
		return r;
	if (from.st.type == HOST_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "%s: No such file or directory", w->source_path);
	if (from.st.type == HOST_DIR)
		return err_set(err, ERR_INVALID, "%s is a directory", w->source_path);
	n->st.size = from.st.size;
	if (from.node && !from.node->backing) {
		n->content = from.node->content;
		n->promised_sha256 = from.node->promised_sha256;
		return 0;
	}
	n->backing = arena_strdup(&o->arena, from.node ? from.node->backing : from.path);
	return 0;
}

int overlay_write(struct host *h, const char *path, const struct host_write *w, struct err *err)
{
	CLEANUP(arena_release) struct arena a = {0};
	struct overlay *o = overlay_of(h);
	struct place p = {.path = "/"};
	struct node fresh = {0};
	int r = overlay_find(o, &a, path, false, &p, err);
	if (r == 0)
		r = overlay_need_parent(o, &a, &p, "write", err);
	if (r < 0)
		return r;
	if (p.st.type == HOST_DIR) {
		errno = EISDIR;
		return err_sys(err, "write %s", path);
	}
	r = take_content(o, &a, w, &fresh, err);
	if (r == 0 && w->validate)
		r = validate(o, &fresh, path, w->validate, err);
	if (r < 0)
		return r;
	struct node *n = overlay_put(o, p.path, HOST_FILE);
	n->content = fresh.content;
	n->backing = fresh.backing;
	n->promised_sha256 = fresh.promised_sha256;
	n->st.size = fresh.st.size;
	n->st.mode = 0666 & ~process_umask();
	if (p.st.type == HOST_FILE) {
		n->st.mode = p.st.mode;
		n->st.uid = p.st.uid;
		n->st.gid = p.st.gid;
	}
	stat_apply(&n->st, &w->attr);
	return 0;
}
