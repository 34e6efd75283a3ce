#include "rollout/base/arena.h"

#include "test.h"

static void memory_is_zeroed_and_aligned(void **state)
{
	struct arena a = {0};
	static const size_t sizes[] = {1, 16, 3, 5000, 100, 2000000, 1, 0, 64};
	(void)state;
	for (int round = 0; round < 50; round++) {
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
			unsigned char *p = arena_alloc(&a, sizes[i]);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			for (size_t j = 0; j < sizes[i]; j += 97)
				assert_int_equal(p[j], 0);
			memset(p, 0xAA, sizes[i]);
		}
	}
	assert_true(a.total > 50 * 2000000u);
	arena_release(&a);
	assert_null(a.head);
	arena_release(&a);
}

static void copies(void **state)
{
	struct arena a = {0};
	(void)state;
	assert_string_equal(arena_strdup(&a, "abc"), "abc");
	assert_string_equal(arena_strndup(&a, "abc", 2), "ab");
	assert_string_equal(arena_strndup(&a, "abc", 9), "abc");
	assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
	struct slice s = arena_slice(&a, (struct slice){"a\0b", 3});
	assert_memory_equal(s.ptr, "a\0b", 4);
	assert_string_equal(arena_slice(&a, (struct slice){0}).ptr, "");
	arena_release(&a);
}

static void a_cleared_one_is_as_new(void **state)
{
	static const size_t sizes[] = {100, 5000, 40000, 300000, 0};
	struct arena a = {0};
	(void)state;
	arena_clear(&a);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		for (int n = 0; n < 30; n++)
			memset(arena_alloc(&a, sizes[i]), 0xAA, sizes[i]);
		arena_clear(&a);
		assert_int_equal(a.total, 0);
		const unsigned char *p = arena_alloc(&a, 3000);
		for (size_t j = 0; j < 3000; j++)
			assert_int_equal(p[j], 0);
	}
	arena_release(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(copies),
		cmocka_unit_test(a_cleared_one_is_as_new),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
