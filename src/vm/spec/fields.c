#include "fields.h"

#include "rollout/base/nearest.h"

#include <stdio.h>

#define SHOWN_MAX 80

/* ---- a mapping ---- */

static const struct field_key *find_key(const struct field_key *keys, size_t n, struct slice name)
{
	for (size_t i = 0; i < n; i++)
		if (slice_is(name, keys[i].name))
			return &keys[i];
	return NULL;
}

static int unknown_key(const struct field_reader *r, const struct value *key,
		       const struct field_key *keys, size_t nkeys, struct err *err)
{
	struct nearest near;
	char hint[100];
	nearest_init(&near, key->str);
	for (size_t i = 0; i < nkeys; i++)
		nearest_offer(&near, slice_from(keys[i].name));
	return err_at(err, ERR_INVALID, key->at, "unknown key '%s%.*s'%s", r->prefix,
		      key->str.len > SHOWN_MAX ? SHOWN_MAX : (int)key->str.len, key->str.ptr,
		      nearest_hint(&near, hint, sizeof(hint)));
}

static int read_pair(const struct field_reader *r, const struct value_pair *pair,
		     const struct field_key *keys, size_t nkeys, void *into, struct err *err)
{
	if (pair->key->type != VALUE_STRING)
		return err_at(err, ERR_INVALID, pair->key->at, "keys are strings, not %s",
			      value_type_name(pair->key));
	const struct field_key *key = find_key(keys, nkeys, pair->key->str);
	if (!key)
		return unknown_key(r, pair->key, keys, nkeys, err);
	if (pair->value->type == VALUE_NULL)
		return 0;
	struct err why = {0};
	const struct field f = {r->arena, arena_printf(r->arena, "%s%s", r->prefix, key->name),
				pair->value};
	int code = key->read(&f, into, &why);
	if (code == 0)
		return 0;
	err_locate(&why, code, pair->key->at); /* values that templates made have no place */
	if (err)
		*err = why;
	return code;
}

int vm_fields_read(const struct field_reader *r, const struct value *dict,
		   const struct field_key *keys, size_t nkeys, void *into, struct err *err)
{
	int code = 0;
	if (dict->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, dict->at, "expected a mapping, not %s",
			      value_type_name(dict));
	for (size_t i = 0; i < dict->dict.len && code == 0; i++)
		code = read_pair(r, &dict->dict.at[i], keys, nkeys, into, err);
	return code;
}

/* ---- scalars ---- */

/* What is wrong may be a secret, or long. */
static const char *shown(const struct value *v, char buf[SHOWN_MAX + 4])
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (v->flags & VALUE_SECRET)
		return "(a secret)";
	if (v->type == VALUE_UNKNOWN || v->type == VALUE_OBJECT)
		return value_type_name(v);
	value_print(&text, v);
	snprintf(buf, SHOWN_MAX + 4, "%.*s%s", SHOWN_MAX, text.ptr ? text.ptr : "",
		 text.len > SHOWN_MAX ? "…" : "");
	return buf;
}

int vm_field_expected(const struct field *f, const char *what, struct err *err)
{
	char buf[SHOWN_MAX + 4];
	const struct value *v = f->value;
	if (v->type == VALUE_LIST || v->type == VALUE_DICT)
		return err_at(err, ERR_INVALID, v->at, "%s: expected %s, not a %s", f->name, what,
			      v->type == VALUE_LIST ? "list" : "mapping");
	return err_at(err, ERR_INVALID, v->at, "%s: expected %s, not '%s'", f->name, what,
		      shown(v, buf));
}

int vm_field_text(const struct field *f, const char **ret, struct err *err)
{
	const struct value *v = f->value;
	if (v->type != VALUE_STRING || v->str.len == 0 || memchr(v->str.ptr, '\0', v->str.len))
		return vm_field_expected(f, "a string", err);
	*ret = arena_strndup(f->arena, v->str.ptr, v->str.len);
	return 0;
}

/* false: not a whole number, or far too large. */
static bool whole_number(const struct value *v, int64_t *ret)
{
	int64_t n = 0;
	if (v->type == VALUE_INT) {
		*ret = v->integer;
		return true;
	}
	if (v->type != VALUE_STRING || v->str.len == 0 || v->str.len > 15)
		return false;
	for (size_t i = 0; i < v->str.len; i++) {
		if (v->str.ptr[i] < '0' || v->str.ptr[i] > '9')
			return false;
		n = n * 10 + (v->str.ptr[i] - '0');
	}
	*ret = n;
	return true;
}

int vm_field_unsigned(const struct field *f, unsigned min, unsigned max, unsigned *ret,
		      struct err *err)
{
	char what[60];
	int64_t n = 0;
	snprintf(what, sizeof(what), "a number from %u to %u", min, max);
	if (!whole_number(f->value, &n) || n < (int64_t)min || n > (int64_t)max)
		return vm_field_expected(f, what, err);
	*ret = (unsigned)n;
	return 0;
}

int vm_field_bool(const struct field *f, bool *ret, struct err *err)
{
	return value_to_bool(f->value, ret) ? 0 : vm_field_expected(f, "true or false", err);
}

int vm_field_choice(const struct field *f, const char *const *names, size_t n, unsigned *ret,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf what = {0};
	for (size_t i = 0; i < n; i++) {
		if (value_is_str(f->value, names[i])) {
			*ret = (unsigned)i;
			return 0;
		}
		strbuf_printf(&what, "%s%s", i == 0 ? "" : i + 1 < n ? ", " : " or ", names[i]);
	}
	return vm_field_expected(f, what.ptr, err);
}

/* ---- sizes ---- */

const char *vm_size_text(int64_t bytes, char *buf, size_t size)
{
	if (bytes >= 1ll << 30)
		snprintf(buf, size, "%.4g GiB", (double)bytes / (1ll << 30));
	else
		snprintf(buf, size, "%.4g MiB", (double)bytes / (1ll << 20));
	return buf;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "M", "MB", "MiB" in any case; 0: none of that. */
static int64_t unit_bytes(struct slice unit)
{
	static const char letters[] = "kmgt";
	char c[3] = {0};
	for (size_t i = 0; i < unit.len && i < 3; i++)
		c[i] = (char)(unit.ptr[i] | 0x20);
	const char *at = unit.len > 0 && unit.len <= 3 ? strchr(letters, c[0]) : NULL;
	bool tail = unit.len == 1 || (unit.len == 2 && c[1] == 'b') ||
		    (unit.len == 3 && c[1] == 'i' && c[2] == 'b');
	return at && tail ? 1024ll << (10 * (at - letters)) : 0;
}

/* Digits, at most three of them after a point, and the unit. false: not a size, or too large. */
static bool parse_size(struct slice text, int64_t *ret)
{
	int64_t whole = 0, thousandths = 0, bytes;
	size_t i = 0, digits = 0;
	for (; i < text.len && is_digit(text.ptr[i]); i++)
		if (++digits > 12)
			return false;
		else
			whole = whole * 10 + (text.ptr[i] - '0');
	if (digits == 0)
		return false;
	if (i < text.len && text.ptr[i] == '.') {
		int64_t place = 100;
		for (i++; i < text.len && is_digit(text.ptr[i]); i++, place /= 10)
			thousandths += place * (text.ptr[i] - '0');
		if (!is_digit(text.ptr[i - 1]))
			return false;
	}
	while (i < text.len && text.ptr[i] == ' ')
		i++;
	int64_t unit = unit_bytes((struct slice){text.ptr + i, text.len - i});
	if (unit == 0 || __builtin_mul_overflow(whole, unit, &bytes) ||
	    __builtin_add_overflow(bytes, thousandths * unit / 1000, &bytes))
		return false;
	*ret = bytes & ~((1ll << 20) - 1);
	return true;
}

int vm_field_size(const struct field *f, int64_t min, int64_t max, int64_t *ret, struct err *err)
{
	char low[32], high[32];
	int64_t bytes = 0, number;
	const struct value *v = f->value;
	if (whole_number(v, &number))
		return err_at(err, ERR_INVALID, v->at,
			      "%s: %lld has no unit; write %lldM or %lldG (1024-based)", f->name,
			      (long long)number, (long long)number, (long long)number);
	if (v->type != VALUE_STRING || !parse_size(v->str, &bytes))
		return vm_field_expected(f, "a size such as 512M, 2G or 1.5GiB", err);
	if (bytes >= min && bytes <= max) {
		*ret = bytes;
		return 0;
	}
	return err_at(err, ERR_INVALID, v->at, "%s: %.*s is not within %s and %s", f->name,
		      SLICE_ARG(v->str), vm_size_text(min, low, sizeof(low)),
		      vm_size_text(max, high, sizeof(high)));
}

/* ---- lists ---- */

int vm_field_texts(const struct field *f, const char *(*bad)(const char *text),
		   const char *const **ret, struct err *err)
{
	const struct value *v = f->value;
	if (v->type != VALUE_LIST)
		return vm_field_expected(f, "a list of strings", err);
	if (v->list.len > VM_LIST_MAX)
		return err_at(err, ERR_LIMIT, v->at, "%s: more than %u", f->name, VM_LIST_MAX);
	const char **texts = ARENA_ARRAY(f->arena, const char *, v->list.len + 1);
	for (size_t i = 0; i < v->list.len; i++) {
		const struct field item = {f->arena, arena_printf(f->arena, "%s[%zu]", f->name, i),
					   v->list.at[i]};
		int r = vm_field_text(&item, &texts[i], err);
		const char *why = r == 0 && bad ? bad(texts[i]) : NULL;
		if (why)
			r = vm_field_expected(&item, why, err);
		if (r < 0)
			return r;
	}
	*ret = texts;
	return 0;
}
