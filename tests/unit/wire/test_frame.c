#include "hex.h"
#include "rollout/base/clock.h"
#include "rollout/wire/wire.h"
#include "test.h"

#include <stdlib.h>

static void frames_arrive_in_any_pieces(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct wire_frame f;
	struct err err = {0};
	(void)state;
	wire_put_value(&out, WIRE_CANCEL, 3, value_dict_new(&a));
	wire_put_bytes(&out, WIRE_BLOB, 0xfffffffe, SLICE_LIT("abc"));
	wire_put_bytes(&out, WIRE_BLOB, 7, SLICE_LIT(""));
	for (size_t piece = 1; piece <= out.len; piece++) {
		struct wire_reader r = {0};
		size_t frames = 0, len;
		for (size_t at = 0; at < out.len; at += piece) {
			len = out.len - at < piece ? out.len - at : piece;
			wire_reader_feed(&r, out.ptr + at, len);
			while (wire_reader_next(&r, &f, &err) > 0) {
				static const uint32_t ids[] = {3, 0xfffffffe, 7};
				static const size_t lens[] = {1, 3, 0};
				assert_int_equal(f.id, ids[frames]);
				assert_int_equal(f.payload.len, lens[frames]);
				frames++;
			}
		}
		assert_int_equal(frames, 3);
		assert_int_equal(wire_reader_next(&r, &f, &err), 0);
		wire_reader_release(&r);
	}
}

static const struct {
	const char *hex;
	int result;
} headers[] = {
	{"", 0},
	{"00000001 44 000000", 0},
	{"00000001 44 00000003", 0},
	{"00000001 44 00000003 a0", 1},
	{"00000000 41 00000003", 1},
	{"04000000 40 00000003", 0},
	{"04000001 40 00000003", ERR_LIMIT},
	{"04000000 02 00000003", 0},
	{"04000001 02 00000003", ERR_LIMIT},
	{"00100000 41 00000003", 0}, /* all but TASK and RESULT */
	{"00100001 41 00000003", ERR_LIMIT},
	{"00100001 03 00000003", ERR_LIMIT},
	{"00000001 0a 00000000 a0", 1}, /* PONG */
	{"00000001 47 00000000 a0", 1}, /* PING */
	{"ffffffff 41 00000003", ERR_LIMIT},
	{"00000001 00 00000003 a0", ERR_PROTOCOL},
	{"00000001 0b 00000003 a0", ERR_PROTOCOL},
	{"00000001 3f 00000003 a0", ERR_PROTOCOL},
	{"00000001 48 00000003 a0", ERR_PROTOCOL},
	{"5353482d 32 2e302d4f", ERR_PROTOCOL}, /* SSH-2.0-O */
};

static void headers_are_checked(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
		CLEANUP(strbuf_release) struct strbuf bytes = {0};
		struct wire_reader r = {0};
		struct wire_frame f = {0};
		struct err err = {0};
		struct slice in = hex_bytes(headers[i].hex, &bytes);
		wire_reader_feed(&r, in.ptr, in.len);
		assert_int_equal(wire_reader_next(&r, &f, &err), headers[i].result);
		if (headers[i].result <= 0)
			assert_int_equal(f.type, 0);
		wire_reader_release(&r);
	}
}

/* 16 MiB byte by byte would take hours if each fed byte moved all. */
static void feeding_is_linear(void **state)
{
	CLEANUP(strbuf_release) struct strbuf payload = {0}, out = {0};
	struct wire_reader r = {0};
	struct wire_frame f;
	struct err err = {0};
	size_t frames = 0;
	(void)state;
	memset(strbuf_reserve(&payload, 1 << 20), 'x', 1 << 20);
	strbuf_grew(&payload, 1 << 20);
	for (int i = 0; i < 16; i++)
		assert_int_equal(wire_put_bytes(&out, WIRE_BLOB, 1, strbuf_slice(&payload)), 0);
	for (size_t at = 0; at < out.len; at += 7) {
		wire_reader_feed(&r, out.ptr + at, out.len - at < 7 ? out.len - at : 7);
		frames += wire_reader_next(&r, &f, &err) == 1;
	}
	assert_int_equal(frames, 16);
	assert_true(r.buf.cap < 8u << 20);
	wire_reader_release(&r);
}

/* With hundreds of hosts what each answered once must not stay. */
static void a_large_frame_leaves_nothing_behind(void **state)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(free_ptr) char *big = xcalloc(1, 8u << 20);
	struct wire_reader r = {0};
	struct wire_frame f;
	struct err err = {0};
	(void)state;
	assert_int_equal(wire_put_bytes(&out, WIRE_TASK, 1, (struct slice){big, 8u << 20}), 0);
	wire_reader_feed(&r, out.ptr, WIRE_HEADER_SIZE);
	assert_int_equal(wire_reader_next(&r, &f, &err), 0);
	assert_true(r.buf.cap < 1024); /* a header alone reserves nothing */
	wire_reader_feed(&r, out.ptr + WIRE_HEADER_SIZE, out.len - WIRE_HEADER_SIZE);
	assert_int_equal(wire_reader_next(&r, &f, &err), 1);
	assert_int_equal(f.payload.len, 8u << 20);
	assert_int_equal(wire_reader_next(&r, &f, &err), 0);
	assert_true(r.buf.cap <= 1u << 20);
	wire_reader_feed(&r, out.ptr, out.len);
	assert_int_equal(wire_reader_next(&r, &f, &err), 1);
	wire_reader_release(&r);
}

static void too_much_is_not_sent(void **state)
{
	CLEANUP(arena_release) struct arena a = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	CLEANUP(free_ptr) char *big = xcalloc(1, WIRE_FRAME_MAX + 1);
	struct slice s = {big, WIRE_FRAME_MAX + 1};
	(void)state;
	assert_int_equal(wire_put_bytes(&out, WIRE_TASK, 1, s), ERR_LIMIT);
	s.len--;
	assert_int_equal(wire_put_bytes(&out, WIRE_BLOB, 1, s), ERR_LIMIT);
	assert_int_equal(wire_put_value(&out, WIRE_RESULT, 1, value_str(&a, s)), ERR_LIMIT);
	assert_int_equal(out.len, 0);
	s.len -= 5;
	assert_int_equal(wire_put_value(&out, WIRE_RESULT, 1, value_str(&a, s)), 0);
	assert_int_equal(out.len, WIRE_FRAME_MAX + WIRE_HEADER_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_in_any_pieces),
		cmocka_unit_test(headers_are_checked),
		cmocka_unit_test(feeding_is_linear),
		cmocka_unit_test(a_large_frame_leaves_nothing_behind),
		cmocka_unit_test(too_much_is_not_sent),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
