#include "rollout/base/digest.h"

#include "rollout/base/file.h"
#include "test.h"

#include <stdlib.h>
#include <unistd.h>

/* From FIPS 180-4's examples and RFC 1321 section A.5. */
static const struct {
	const char *name, *text, *hex;
} cases[] = {
	{"md5", "", "d41d8cd98f00b204e9800998ecf8427e"},
	{"md5", "abc", "900150983cd24fb0d6963f7d28e17f72"},
	{"sha1", "", "da39a3ee5e6b4b0d3255bfef95601890afd80709"},
	{"sha1", "abc", "a9993e364706816aba3e25717850c26c9cd0d89d"},
	{"sha224", "", "d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f"},
	{"sha224", "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"},
	{"sha256", "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"sha256", "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"sha384", "",
	 "38b060a751ac96384cd9327eb1b1e36a21fdb71114be07434c0cc7bf63f6e1da274edebfe76f65fbd51ad2f14"
	 "898b95b"},
	{"sha384", "abc",
	 "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca13"
	 "4c825a7"},
	{"sha512", "",
	 "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce47d0d13c5d85f2b0ff8318d28"
	 "77eec2f63b931bd47417a81a538327af927da3e"},
	{"sha512", "abc",
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a"
	 "3feebbd454d4423643ce80e2a9ac94fa54ca49f"},
};

static void known_digests(void **state)
{
	char hex[DIGEST_HEX_MAX];
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		enum digest_algorithm alg;
		assert_true(digest_by_name(slice_from(cases[i].name), &alg));
		digest_bytes(alg, cases[i].text, strlen(cases[i].text), hex);
		assert_string_equal(hex, cases[i].hex);
	}
	enum digest_algorithm untouched = DIGEST_SHA1;
	assert_false(digest_by_name(SLICE_LIT("crc32"), &untouched));
	assert_int_equal(untouched, DIGEST_SHA1);
}

static void a_file_from_its_offset(void **state)
{
	char path[] = "/tmp/rollout-digest-XXXXXX", hex[DIGEST_HEX_MAX], whole[DIGEST_HEX_MAX];
	struct err e = {0};
	(void)state;
	CLEANUP(fd_close) int fd = mkstemp(path);
	assert_true(fd >= 0);
	unlink(path);
	CLEANUP(strbuf_release) struct strbuf b = {0};
	for (int i = 0; i < 30000; i++)
		strbuf_printf(&b, "%d ", i);
	assert_int_equal(fd_write_all(fd, b.ptr, b.len, &e), 0);
	lseek(fd, 5, SEEK_SET);
	assert_int_equal(digest_fd(DIGEST_SHA256, fd, hex, &e), 0);
	digest_bytes(DIGEST_SHA256, b.ptr + 5, b.len - 5, whole);
	assert_string_equal(hex, whole);
	assert_int_equal(digest_fd(DIGEST_SHA256, -1, hex, &e), ERR_SYS);
}

static void base64_both_ways(void **state)
{
	/* RFC 4648 section 10. */
	static const char *const pairs[][2] = {
		{"", ""},
		{"f", "Zg=="},
		{"fo", "Zm8="},
		{"foo", "Zm9v"},
		{"foob", "Zm9vYg=="},
		{"fooba", "Zm9vYmE="},
		{"foobar", "Zm9vYmFy"},
		{"\xff\xfe\xfb", "//77"},
	};
	struct err e = {0};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0}, back = {0};
		base64_encode(&text, pairs[i][0], strlen(pairs[i][0]));
		assert_string_equal(text_of(&text), pairs[i][1]);
		assert_int_equal(base64_decode(&back, strbuf_slice(&text), &e), 0);
		assert_string_equal(text_of(&back), pairs[i][0]);
	}
	CLEANUP(strbuf_release) struct strbuf out = {0};
	assert_int_equal(base64_decode(&out, SLICE_LIT(" Zm\n9v\tYmFy\r\n"), &e), 0);
	assert_string_equal(out.ptr, "foobar");
}

static void not_base64(void **state)
{
	static const char *const texts[] = {
		"Z", "Zg", "Zg=", "Zg===", "Z===", "Zg==Zg==", "Zm9*", "====", "="};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct err e = {0};
		assert_int_equal(base64_decode(&out, slice_from(texts[i]), &e), ERR_SYNTAX);
		assert_int_equal(out.len, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_digests),
		cmocka_unit_test(a_file_from_its_offset),
		cmocka_unit_test(base64_both_ways),
		cmocka_unit_test(not_base64),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
