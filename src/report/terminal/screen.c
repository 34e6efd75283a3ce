#include "screen.h"

#include "rollout/report/visible.h"

#include <errno.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80u
#define HEIGHT_DEFAULT 24u
#define WIDTH_MIN 20u

static struct winsize window(const struct screen *s)
{
	struct winsize ws = {0};
	if (s->live && (!s->width || !s->height))
		ioctl(s->fd, TIOCGWINSZ, &ws);
	return ws;
}

unsigned screen_width(const struct screen *s)
{
	unsigned n = s->width ? s->width : window(s).ws_col;
	if (n == 0)
		n = WIDTH_DEFAULT;
	return n < WIDTH_MIN ? WIDTH_MIN : n;
}

unsigned screen_block_lines(const struct screen *s)
{
	unsigned n = s->height ? s->height : window(s).ws_row;
	if (n == 0)
		n = HEIGHT_DEFAULT;
	n = n > 4 ? n / 2 : 1;
	return n < SCREEN_BLOCK_MAX ? n : SCREEN_BLOCK_MAX;
}

/* A terminal shared with another program may have been made non-blocking. */
static int write_patiently(int fd, struct slice data)
{
	while (data.len > 0) {
		ssize_t n = write(fd, data.ptr, data.len);
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = {.fd = fd, .events = POLLOUT};
			poll(&p, 1, -1);
			continue;
		}
		if (n < 0 && errno != EINTR)
			return -1;
		if (n > 0) {
			data.ptr += n;
			data.len -= (size_t)n;
		}
	}
	return 0;
}

static void put(struct screen *s, const struct strbuf *b)
{
	if (!s->broken && write_patiently(s->fd, strbuf_slice(b)) < 0)
		s->broken = true;
}

/* Up to the block's first line, and nothing below. A terminal that became
 * narrower since has broken the block's lines into more. */
static void erase_block(struct screen *s, struct strbuf *out)
{
	if (s->ndrawn == 0)
		return;
	unsigned width = screen_width(s), rows = 0;
	for (size_t i = 0; i < s->ndrawn; i++)
		rows += s->drawn[i] > width ? (s->drawn[i] + width - 1) / width : 1;
	/* Line by line: erasing all to the screen's end makes some terminals
	 * keep what was there in their history. */
	strbuf_puts(out, "\r\033[K");
	for (unsigned i = 1; i < rows; i++)
		strbuf_puts(out, "\033[A\033[K");
	s->ndrawn = 0;
}

/* Columns without our own colour sequences. */
static unsigned line_columns(struct slice line)
{
	CLEANUP(strbuf_release) struct strbuf plain = {0};
	for (size_t i = 0; i < line.len; i++) {
		if (line.ptr[i] != '\033') {
			strbuf_putc(&plain, line.ptr[i]);
			continue;
		}
		while (i < line.len && line.ptr[i] != 'm')
			i++;
	}
	return visible_columns(strbuf_slice(&plain));
}

static void draw_block(struct screen *s, struct strbuf *out, struct slice block)
{
	struct slice line;
	if (slice_ends_with(block, "\n"))
		block.len--;
	while (s->ndrawn < SCREEN_BLOCK_MAX && block.len > 0 && slice_split(&block, '\n', &line)) {
		if (s->ndrawn > 0)
			strbuf_puts(out, "\n");
		strbuf_slice_append(out, line);
		s->drawn[s->ndrawn++] = line_columns(line);
	}
}

void screen_show(struct screen *s, struct slice block)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	erase_block(s, &out);
	strbuf_slice_append(&out, strbuf_slice(&s->text));
	strbuf_truncate(&s->text, 0);
	if (s->live)
		draw_block(s, &out, block);
	if (out.len > 0)
		put(s, &out);
}

bool screen_show_over(struct screen *s)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	if (!s->live || s->text.len == 0)
		return false;
	strbuf_puts(&out, "\r\033[K");
	strbuf_slice_append(&out, strbuf_slice(&s->text));
	strbuf_truncate(&s->text, 0);
	put(s, &out);
	return true;
}

void screen_added(struct screen *s)
{
	if (!s->live || s->text.len > SCREEN_PENDING_MAX_BYTES)
		screen_show(s, SLICE_LIT(""));
}

void screen_release(struct screen *s)
{
	screen_show(s, SLICE_LIT(""));
	strbuf_release(&s->text);
}
