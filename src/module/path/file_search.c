#include "file_search.h"

#include "rollout/base/file.h"

#define WHOLE_MAX (64u << 20) /* of what only the overlay has */

static int in_overlay(struct module_call *call, const char *path, const struct file_search *s,
		      bool *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int r = call->host->ops->read(call->host, path, WHOLE_MAX, &text, err);
	if (r == 0)
		*ret = s->look(s->ctx, strbuf_slice(&text));
	return r;
}

/* Of what has been looked at: whole lines, at most so many bytes, and what is begun. */
static size_t kept_from(struct slice text, size_t whole)
{
	size_t from = whole > FILE_SEARCH_OVERLAP ? whole - FILE_SEARCH_OVERLAP : 0;
	const char *end = from ? memchr(text.ptr + from, '\n', whole - from) : NULL;
	return end ? (size_t)(end + 1 - text.ptr) : from;
}

static void drop(struct strbuf *text, size_t n)
{
	memmove(text->ptr, text->ptr + n, text->len - n);
	strbuf_truncate(text, text->len - n);
}

/* As far as its last line is whole; a line that is longer than a window, in parts. */
static size_t whole_lines(struct slice text)
{
	const char *end = memrchr(text.ptr, '\n', text.len);
	return end ? (size_t)(end + 1 - text.ptr) : text.len;
}

static int search(int fd, const struct file_search *s, bool *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct host_fd_stream from;
	struct slice piece;
	int r;
	host_fd_stream_init(&from, fd);
	while ((r = from.stream.next(&from, &piece, err)) == 0 && piece.len > 0) {
		strbuf_slice_append(&text, piece);
		if (text.len < FILE_SEARCH_WINDOW)
			continue;
		size_t whole = whole_lines(strbuf_slice(&text));
		if ((*ret = s->look(s->ctx, (struct slice){text.ptr, whole})))
			return 0;
		drop(&text, kept_from(strbuf_slice(&text), whole));
	}
	if (r == 0)
		*ret = s->look(s->ctx, strbuf_slice(&text));
	return r;
}

int file_search(struct module_call *call, const char *path, const struct file_search *s, bool *ret,
		struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	*ret = false;
	int r = call->host->ops->open(call->host, path, &fd, err);
	if (r == ERR_UNKNOWN)
		return in_overlay(call, path, s, ret, err);
	return r < 0 ? r : search(fd, s, ret, err);
}
