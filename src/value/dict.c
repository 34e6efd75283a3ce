/* A dict is an array of pairs in order of insertion; a large one also has an
 * open-addressing index of positions. */
#include "rollout/base/strmap.h"
#include "rollout/value/value.h"

#include <assert.h>
#include <math.h>

#define DICT_INDEX_FROM 16u

/* Equal keys (1 == 1.0 == True) have equal hashes. */
static uint64_t key_hash(const struct value *key)
{
	int64_t n = 0;
	switch ((enum value_type)key->type) {
	case VALUE_STRING:
		return hash_bytes(key->str.ptr, key->str.len);
	case VALUE_BOOL:
		n = key->boolean;
		break;
	case VALUE_INT:
		n = key->integer;
		break;
	case VALUE_FLOAT:
		/* Any float outside of int64 shares one hash. */
		n = fabs(key->real) < 9e18 ? (int64_t)key->real : 0;
		break;
	default:
		break;
	}
	return hash_bytes(&n, sizeof(n));
}

static inline uint64_t word(const char *p)
{
	uint64_t w;
	memcpy(&w, p, sizeof(w));
	return w;
}

static inline uint32_t half_word(const char *p)
{
	uint32_t w;
	memcpy(&w, p, sizeof(w));
	return w;
}

/* Names in one dict often begin alike: the last byte tells most of them apart. */
static inline bool text_equal(struct slice a, struct slice b)
{
	size_t n = a.len;
	if (n != b.len || (n > 0 && a.ptr[n - 1] != b.ptr[n - 1]))
		return false;
	if (n >= 8 && n <= 16)
		return word(a.ptr) == word(b.ptr) && word(a.ptr + n - 8) == word(b.ptr + n - 8);
	if (n >= 4 && n < 8)
		return half_word(a.ptr) == half_word(b.ptr) &&
		       half_word(a.ptr + n - 4) == half_word(b.ptr + n - 4);
	return n == 0 || memcmp(a.ptr, b.ptr, n) == 0;
}

static bool key_equal(const struct value *a, const struct value *b)
{
	if (a->type == VALUE_STRING || b->type == VALUE_STRING)
		return a->type == b->type && text_equal(a->str, b->str);
	return value_equal(a, b);
}

static uint32_t *find_slot(const struct value_dict *d, const struct value *key)
{
	size_t mask = d->nslots - 1;
	for (size_t i = key_hash(key) & mask;; i = (i + 1) & mask) {
		if (d->slots[i] == 0 || key_equal(d->at[d->slots[i] - 1].key, key))
			return &d->slots[i];
	}
}

static struct value_pair *find(const struct value_dict *d, const struct value *key)
{
	if (d->slots) {
		uint32_t index = *find_slot(d, key);
		return index ? &d->at[index - 1] : NULL;
	}
	for (size_t i = 0; i < d->len; i++) {
		if (key_equal(d->at[i].key, key))
			return &d->at[i];
	}
	return NULL;
}

static void fill_index(struct value_dict *d)
{
	memset(d->slots, 0, d->nslots * sizeof(*d->slots));
	for (size_t i = 0; i < d->len; i++)
		*find_slot(d, d->at[i].key) = (uint32_t)(i + 1);
}

static void build_index(struct arena *a, struct value_dict *d)
{
	size_t nslots = DICT_INDEX_FROM * 2;
	while (nslots < d->cap * 2)
		nslots *= 2;
	d->slots = ARENA_ARRAY(a, uint32_t, nslots);
	d->nslots = nslots;
	fill_index(d);
}

static void grow(struct arena *a, struct value_dict *d)
{
	assert(d->len < UINT32_MAX / 2);
	size_t cap = d->cap ? d->cap * 2 : 4;
	struct value_pair *at = ARENA_ARRAY(a, struct value_pair, cap);
	if (d->len > 0)
		memcpy(at, d->at, d->len * sizeof(*at));
	d->at = at;
	d->cap = cap;
	if (cap > DICT_INDEX_FROM)
		build_index(a, d);
}

void value_dict_set(struct arena *a, struct value *dict, const struct value *key,
		    const struct value *v)
{
	struct value_dict *d = &dict->dict;
	assert(dict->type == VALUE_DICT && v);
	struct value_pair *pair = find(d, key);
	if (pair) {
		pair->value = v;
		return;
	}
	if (d->len == d->cap)
		grow(a, d);
	d->at[d->len++] = (struct value_pair){key, v};
	if (d->slots)
		*find_slot(d, key) = (uint32_t)d->len;
}

void value_dict_put(struct arena *a, struct value *dict, const char *key, const struct value *v)
{
	value_dict_set(a, dict, value_cstr(a, key), v);
}

bool value_dict_remove(struct value *dict, struct slice key)
{
	struct value_dict *d = &dict->dict;
	const struct value wanted = {.type = VALUE_STRING, .str = key};
	struct value_pair *pair = find(d, &wanted);
	if (!pair)
		return false;
	size_t after = (size_t)(d->at + d->len - (pair + 1));
	memmove(pair, pair + 1, after * sizeof(*pair));
	d->len--;
	if (d->slots)
		fill_index(d);
	return true;
}

struct value *value_dict_dup(struct arena *a, const struct value *dict)
{
	struct value *copy = arena_copy(a, dict, sizeof(*dict));
	struct value_dict *d = &copy->dict;
	assert(dict->type == VALUE_DICT);
	if (d->cap > 0) {
		d->at = ARENA_ARRAY(a, struct value_pair, d->cap);
		memcpy(d->at, dict->dict.at, d->len * sizeof(*d->at));
	}
	if (d->slots)
		d->slots = arena_copy(a, dict->dict.slots, d->nslots * sizeof(*d->slots));
	return copy;
}

const struct value *value_dict_merge(struct arena *a, const struct value *outer,
				     const struct value *inner)
{
	if (!outer || !inner)
		return outer ? outer : inner;
	struct value *d = value_dict_dup(a, outer);
	for (size_t i = 0; i < inner->dict.len; i++)
		value_dict_set(a, d, inner->dict.at[i].key, inner->dict.at[i].value);
	return d;
}

const struct value *value_find(const struct value *dict, const struct value *key)
{
	if (!dict || dict->type != VALUE_DICT)
		return NULL;
	const struct value_pair *pair = find(&dict->dict, key);
	return pair ? pair->value : NULL;
}

static inline bool is_key(const struct value_pair *pair, struct slice text)
{
	return pair->key->type == VALUE_STRING && text_equal(pair->key->str, text);
}

static const struct value *find_far(const struct value_dict *d, const struct value *key,
				    uint32_t *hint)
{
	const struct value_pair *pair = find(d, key);
	if (!pair)
		return NULL;
	*hint = (uint32_t)(pair - d->at);
	return pair->value;
}

const struct value *value_find_near(const struct value *dict, const struct value *key,
				    uint32_t *hint)
{
	const struct value_dict *d = &dict->dict;
	size_t i = *hint;
	assert(dict->type == VALUE_DICT && key->type == VALUE_STRING);
	if (i < d->len && is_key(&d->at[i], key->str))
		return d->at[i].value;
	if (++i >= d->len || !is_key(&d->at[i], key->str))
		return find_far(d, key, hint);
	*hint = (uint32_t)i;
	return d->at[i].value;
}

const struct value *value_get_slice(const struct value *dict, struct slice key)
{
	const struct value wanted = {.type = VALUE_STRING, .str = key};
	return value_find(dict, &wanted);
}

const struct value *value_get(const struct value *dict, const char *key)
{
	return value_get_slice(dict, slice_from(key));
}
