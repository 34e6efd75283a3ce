#include "rollout/base/strmap.h"

#include "rollout/base/vec.h"
#include "test.h"

#include <stdio.h>

static struct slice name(char buf[16], int i)
{
	snprintf(buf, 16, "k%d", i);
	return slice_from(buf);
}

static void order_survives_growth_and_removal(void **state)
{
	struct strmap m = {0};
	static int values[1000];
	char buf[16];
	(void)state;
	assert_null(strmap_get(&m, SLICE_LIT("x")));
	assert_false(strmap_remove(&m, SLICE_LIT("x")));
	for (int i = 0; i < 1000; i++)
		strmap_set(&m, name(buf, i), &values[i]);
	for (int i = 0; i < 1000; i += 3)
		assert_true(strmap_remove(&m, name(buf, i)));
	assert_int_equal(m.len, 666);
	for (int i = 0; i < 1000; i++)
		assert_ptr_equal(strmap_get(&m, name(buf, i)), i % 3 ? &values[i] : NULL);
	assert_string_equal(m.entries[0].key.ptr, "k1");
	assert_string_equal(m.entries[665].key.ptr, "k998");
	strmap_set(&m, SLICE_LIT("k1"), NULL);
	assert_true(strmap_has(&m, SLICE_LIT("k1")));
	assert_int_equal(m.len, 666);
	strmap_release(&m);
	strmap_release(&m);
}

static void keys_are_bytes(void **state)
{
	struct strmap m = {0};
	int one, two, none;
	(void)state;
	strmap_set(&m, (struct slice){"a\0b", 3}, &one);
	strmap_set(&m, (struct slice){"a\0c", 3}, &two);
	strmap_set(&m, (struct slice){NULL, 0}, &none);
	assert_ptr_equal(strmap_get(&m, (struct slice){"a\0b", 3}), &one);
	assert_ptr_equal(strmap_get(&m, (struct slice){"a\0c", 3}), &two);
	assert_ptr_equal(strmap_get(&m, SLICE_LIT("")), &none);
	assert_null(strmap_get(&m, SLICE_LIT("a")));
	strmap_release(&m);
}

static void vectors(void **state)
{
	VEC(int) v = {0};
	(void)state;
	for (int i = 0; i < 100; i++)
		vec_push(&v, i);
	vec_remove(&v, 0);
	vec_remove(&v, 98);
	assert_int_equal(v.len, 98);
	assert_int_equal(v.at[0], 1);
	assert_int_equal(v.at[97], 98);
	vec_release(&v);
}

/* Differences of two keys that a multiplication by any odd number keeps: who knows
 * how keys are hashed must not be able to make as many as they like that collide. */
static void chosen_keys_do_not_collide(void **state UNUSED)
{
	uint64_t keys[16][8], hashes[16];
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		for (size_t k = 0; k < 4; k++) {
			bool other = i >> k & 1;
			keys[i][2 * k] = 0x0123456789abcdefu ^ (other ? 1ull << 63 : 0);
			keys[i][2 * k + 1] = k ^ (other ? 1ull << 63 | 1ull << 31 : 0);
		}
		hashes[i] = hash_bytes(keys[i], sizeof(keys[i]));
		for (size_t j = 0; j < i; j++)
			assert_true(hashes[j] != hashes[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_survives_growth_and_removal),
		cmocka_unit_test(keys_are_bytes),
		cmocka_unit_test(chosen_keys_do_not_collide),
		cmocka_unit_test(vectors),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
