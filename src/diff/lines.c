#include "lines.h"

#include "rollout/base/strmap.h"

void lines_cut(struct lines *l, struct slice text)
{
	while (text.len > 0) {
		const char *newline = memchr(text.ptr, '\n', text.len);
		size_t n = newline ? (size_t)(newline - text.ptr) + 1 : text.len;
		struct line line = {{text.ptr, n}, hash_bytes(text.ptr, n)};
		vec_push(l, line);
		text.ptr += n;
		text.len -= n;
	}
}

bool line_equal(const struct line *a, const struct line *b)
{
	return a->hash == b->hash && slice_eq(a->text, b->text);
}
