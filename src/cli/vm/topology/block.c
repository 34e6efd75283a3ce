#include "block.h"

#include "../../complaint.h"
#include "rollout/base/file.h"

#include <sys/ioctl.h>

#define WIDTH_MIN 20u
#define HEIGHT_DEFAULT 24u
#define LINES_MIN 2u

unsigned block_width(const struct block *b)
{
	unsigned n = b->width ? b->width : terminal_width(b->fd);
	return n < WIDTH_MIN ? WIDTH_MIN : n;
}

unsigned block_lines(const struct block *b)
{
	struct winsize ws = {0};
	if (!b->height)
		ioctl(b->fd, TIOCGWINSZ, &ws);
	unsigned n = b->height ? b->height : ws.ws_row ? ws.ws_row : HEIGHT_DEFAULT;
	return n > LINES_MIN + 2 ? n - 2 : LINES_MIN;
}

void block_show(struct block *b, struct slice lines)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (size_t i = 0; i < b->drawn; i++)
		strbuf_puts(&out, "\033[A\r\033[K");
	strbuf_slice_append(&out, strbuf_slice(&b->text));
	strbuf_truncate(&b->text, 0);
	strbuf_slice_append(&out, lines);
	b->drawn = 0;
	for (size_t i = 0; i < lines.len; i++)
		b->drawn += lines.ptr[i] == '\n';
	if (out.len > 0 && !b->broken && fd_write_all(b->fd, out.ptr, out.len, NULL) < 0)
		b->broken = true;
}

void block_release(struct block *b)
{
	block_show(b, SLICE_LIT(""));
	strbuf_release(&b->text);
}
