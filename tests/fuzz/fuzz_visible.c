/* Any bytes made fit for a terminal: nothing that commands it is left, what is
 * left is UTF-8, and a text that is fit already stays as it is. */
#include "rollout/base/utf8.h"
#include "rollout/report/visible.h"

#include <locale.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct strbuf *out, const char *kept)
{
	struct slice s = strbuf_slice(out);
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if ((c < 0x20 && (!c || !strchr(kept, c))) || c == 0x7f)
			abort();
		if (c == 0xc2 && (unsigned char)s.ptr[i + 1] < 0xa0)
			abort();
	}
	while (s.len)
		if (utf8_next(&s) < 0)
			abort();
}

static void check_again(void (*make)(struct strbuf *, struct slice), const struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf again = {0};
	make(&again, strbuf_slice(out));
	if (!slice_eq(strbuf_slice(&again), strbuf_slice(out)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice bytes = {(const char *)data, size};
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(strbuf_release) struct strbuf line = {0};
	setlocale(LC_CTYPE, "C.UTF-8");
	visible_text(&text, bytes);
	check(&text, "\n\t");
	check_again(visible_text, &text);
	visible_line(&line, bytes);
	check(&line, "");
	check_again(visible_line, &line);
	for (unsigned columns = 0; columns < 40; columns += 13) {
		CLEANUP(strbuf_release) struct strbuf fit = {0};
		visible_fit(&fit, strbuf_slice(&line), columns);
		if (visible_columns(strbuf_slice(&fit)) > columns)
			abort();
	}
	return 0;
}
