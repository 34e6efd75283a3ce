#include "../../src/module/text/ini_values.h"

#include "rollout/value/json.h"
#include "test.h"

static const struct {
	const char *text, *expected; /* JSON; NULL: it is no INI */
} cases[] = {
	{"", "{}"},
	{"# x\n; y\n", "{}"},
	{"[General]\nColour = dark red\nn: 1\n",
	 "{\"General\":{\"colour\":\"dark red\",\"n\":\"1\"}}"},
	{"[b]\nurl=http://x:1/?a=b\nflag =", "{\"b\":{\"url\":\"http://x:1/?a=b\",\"flag\":\"\"}}"},
	{"[s]\nlist = a\n  b\n\n  c\nd=1", "{\"s\":{\"list\":\"a\\nb\\n\\nc\",\"d\":\"1\"}}"},
	{"[s]\na=1\n\n\n[t]\n", "{\"s\":{\"a\":\"1\"},\"t\":{}}"},
	{"[DEFAULT]\nd=1\n[s]\nx=%(d)s2\np=5%%", "{\"s\":{\"x\":\"12\",\"p\":\"5%\",\"d\":\"1\"}}"},
	{"[s]\na=%(b)s\nb=%(a)s", NULL},
	{"[s]\na=%(nope)s", NULL},
	{"[s]\na=%", NULL},
	{"[s]\na=%(", NULL},
	{"[s]\na=1\nA=2", NULL},
	{"[s]\n[s]", NULL},
	{"a=1", NULL},
	{"[s]\njust words", NULL},
	{"[s]\n=1", NULL},
	{"[sec\nx", NULL},
	{"[]\n", NULL},
};

/* Ten levels of ten would be much; so would many keys of a large default. */
static void much(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf nested = {0}, many = {0}, lines = {0};
	(void)state;
	strbuf_puts(&nested, "[s]\na0 = 0123456789\n");
	for (int i = 1; i < 10; i++) {
		strbuf_printf(&nested, "a%d =", i);
		for (int k = 0; k < 10; k++)
			strbuf_printf(&nested, "%%(a%d)s", i - 1);
		strbuf_puts(&nested, "\n");
	}
	assert_null(ini_parse(&a, strbuf_slice(&nested)));
	strbuf_puts(&many, "[DEFAULT]\nd = ");
	for (int i = 0; i < 100000; i++)
		strbuf_putc(&many, 'x');
	for (int i = 0; i < 1000; i++)
		strbuf_printf(&many, "\n[s%d]", i);
	assert_null(ini_parse(&a, strbuf_slice(&many)));
	strbuf_puts(&lines, "[s]\na =\n");
	for (int i = 0; i < 200000; i++)
		strbuf_puts(&lines, " x\n");
	const struct value *all = ini_parse(&a, strbuf_slice(&lines));
	assert_non_null(all);
	assert_int_equal(value_get(value_get(all, "s"), "a")->str.len, 400000);
}

static void texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(arena_release) struct arena a = {0};
		CLEANUP(strbuf_release) struct strbuf out = {0};
		const struct value *v = ini_parse(&a, slice_from(cases[i].text));
		if (!v != !cases[i].expected)
			fail_msg("%s: %s", cases[i].text, v ? "is INI" : "is none");
		if (!v)
			continue;
		json_emit(&out, v, JSON_COMPACT);
		assert_string_equal(out.ptr, cases[i].expected);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(much),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
