/* The methods of strings that tell of what kind all characters are. */
#include "../eval/eval.h"
#include "../text/textfn.h"

#include <ctype.h>

/* All characters are of a kind, and there is one. */
static int all_of(struct call *c, bool (*is)(uint32_t), const struct value **ret)
{
	struct slice s = c->in->str;
	bool all = s.len > 0;
	for (size_t i = 0; i < s.len && all; i = chars_next(s, i))
		all = is(chars_decode(s, i));
	*ret = value_bool(all);
	return 0;
}
static bool is_digit(uint32_t ch)
{
	return ch >= '0' && ch <= '9';
}
static bool is_alnum(uint32_t ch)
{
	return is_digit(ch) || chars_is_alpha(ch);
}
static bool is_ascii(uint32_t ch)
{
	return ch < 0x80;
}
static int m_isdigit(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	return all_of(c, is_digit, ret);
}
static int m_isalpha(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	return all_of(c, chars_is_alpha, ret);
}
static int m_isalnum(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	return all_of(c, is_alnum, ret);
}
static int m_isspace(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	return all_of(c, chars_is_space, ret);
}
static int m_isascii(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	if (c->in->str.len == 0) {
		*ret = value_bool(true);
		return 0;
	}
	return all_of(c, is_ascii, ret);
}
static int m_isupper(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	*ret = value_bool(text_is_case(c->in->str, true));
	return 0;
}
static int m_islower(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	*ret = value_bool(text_is_case(c->in->str, false));
	return 0;
}

/* Words that begin in upper case and go on in lower case. */
static int m_istitle(struct call *c, const struct value **ret, struct err *err)
{
	struct slice s = c->in->str;
	bool inside = false, any = false, is = true;
	(void)err;
	for (size_t i = 0; i < s.len && is; i = chars_next(s, i)) {
		uint32_t ch = chars_decode(s, i);
		bool upper = chars_is_upper(ch), lower = chars_is_lower(ch);
		is = !(upper && inside) && !(lower && !inside);
		any |= upper;
		inside = upper || lower;
	}
	*ret = value_bool(is && any);
	return 0;
}
static int m_isidentifier(struct call *c, const struct value **ret, struct err *err)
{
	struct slice s = c->in->str;
	bool is = s.len > 0 && !isdigit((unsigned char)s.ptr[0]);
	(void)err;
	for (size_t i = 0; i < s.len && is; i = chars_next(s, i)) {
		uint32_t ch = chars_decode(s, i);
		is = is_alnum(ch) || ch == '_';
	}
	*ret = value_bool(is);
	return 0;
}
static bool is_printable(uint32_t ch)
{
	return ch == ' ' || (ch > ' ' && ch != 0x7f && !(ch >= 0x80 && ch <= 0xa0) && ch != 0xad &&
			     !chars_is_space(ch));
}
static int m_isprintable(struct call *c, const struct value **ret, struct err *err)
{
	(void)err;
	if (c->in->str.len > 0)
		return all_of(c, is_printable, ret);
	*ret = value_bool(true);
	return 0;
}

const struct function string_kind_methods[] = {
	{"isalnum", "", 0, 0, m_isalnum},
	{"isalpha", "", 0, 0, m_isalpha},
	{"isascii", "", 0, 0, m_isascii},
	{"isdecimal", "", 0, 0, m_isdigit},
	{"isdigit", "", 0, 0, m_isdigit},
	{"isidentifier", "", 0, 0, m_isidentifier},
	{"islower", "", 0, 0, m_islower},
	{"isnumeric", "", 0, 0, m_isdigit},
	{"isprintable", "", 0, 0, m_isprintable},
	{"isspace", "", 0, 0, m_isspace},
	{"istitle", "", 0, 0, m_istitle},
	{"isupper", "", 0, 0, m_isupper},
	{0},
};
