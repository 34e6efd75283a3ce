/* lipsum(): paragraphs to fill a page with. Source: jinja2.utils.generate_lorem_ipsum. */
#include "../filter/filter.h"
#include "global.h"

static const char *const words[] = {
	"a",	     "ac",	 "ad",	      "aenean",	   "aliquam",  "amet",	    "ante",
	"arcu",	     "at",	 "auctor",    "augue",	   "bibendum", "blandit",   "commodo",
	"consequat", "cras",	 "cum",	      "curabitur", "dapibus",  "diam",	    "dictum",
	"dolor",     "donec",	 "dui",	      "egestas",   "eget",     "eleifend",  "elit",
	"erat",	     "eros",	 "et",	      "facilisis", "felis",    "fringilla", "fusce",
	"gravida",   "habitant", "hendrerit", "iaculis",   "id",       "in",	    "integer",
	"ipsum",     "justo",	 "lacus",     "laoreet",   "lectus",   "libero",    "lorem",
	"magna",     "mauris",	 "metus",     "mollis",	   "morbi",    "nec",	    "nibh",
	"nisi",	     "nulla",	 "odio",      "orci",	   "pede",     "porta",	    "purus",
	"quam",	     "quis",	 "rutrum",    "sapien",	   "sed",      "sem",	    "sit",
	"tellus",    "tempor",	 "tortor",    "turpis",	   "ultrices", "urna",	    "ut",
	"varius",    "velit",	 "vitae",     "vivamus",   "volutpat", "vulputate",
};

static int64_t between(struct mersenne *m, int64_t from, int64_t below)
{
	return from + (int64_t)mersenne_below(m, (uint64_t)(below - from));
}

/* Sentences of ten to twenty words, with a comma now and then. */
static void put_paragraph(struct strbuf *b, struct mersenne *m, int64_t n)
{
	int64_t last_comma = 0, last_stop = 0;
	uint64_t last = ARRAY_LEN(words), next;
	bool starts = true;
	for (int64_t i = 0; i < n; i++) {
		do
			next = mersenne_below(m, ARRAY_LEN(words));
		while (next == last);
		last = next;
		if (i)
			strbuf_putc(b, ' ');
		size_t at = b->len;
		strbuf_puts(b, words[next]);
		if (starts)
			b->ptr[at] = (char)(b->ptr[at] - 'a' + 'A');
		starts = false;
		if (i + 1 < n && i - between(m, 3, 8) > last_comma) {
			last_comma = i;
			last_stop += 2;
			strbuf_putc(b, ',');
		} else if (i + 1 < n && i - between(m, 10, 20) > last_stop) {
			last_comma = last_stop = i;
			starts = true;
			strbuf_putc(b, '.');
		}
	}
	strbuf_putc(b, '.');
}

int global_lipsum(struct call *c, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct mersenne m;
	int64_t n, min, max;
	bool html;
	int r;
	if ((r = call_int(c, 0, 5, &n, err)) < 0 || (r = call_bool(c, 1, true, &html, err)) < 0 ||
	    (r = call_int(c, 2, 20, &min, err)) < 0 || (r = call_int(c, 3, 100, &max, err)) < 0)
		return r;
	if (min < 0 || min >= max)
		return err_set(err, ERR_INVALID, "lipsum: min is less than max");
	if (n > 0 && (n > LIST_MAX_ITEMS || max > LIST_MAX_ITEMS / n))
		return limit_items(UINT64_MAX, err);
	mersenne_seed(&m, c->ev, NULL);
	for (int64_t i = 0; i < n; i++) {
		int64_t length = between(&m, min, max);
		if ((r = eval_step(c->ev, (uint64_t)length, err)) < 0)
			return r;
		strbuf_puts(&b, i == 0 ? "" : html ? "\n" : "\n\n");
		strbuf_puts(&b, html ? "<p>" : "");
		put_paragraph(&b, &m, length);
		strbuf_puts(&b, html ? "</p>" : "");
	}
	*ret = str_buf(c->ev, &b);
	return 0;
}
