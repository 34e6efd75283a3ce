/* The vectors are ansible-vault's: vectors/README. */
#include "test.h"

#include "rollout/base/file.h"
#include "rollout/vault/vault.h"

#define PASSWORD "swordfish"
#define OTHER "other pass phrase \xc3\xa9"

static const struct srcloc place = {"group_vars/all", 3, 7};

static void read_vector(const char *name, const char *ending, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	struct err err = {0};
	strbuf_printf(&path, "tests/unit/vault/vectors/%s%s", name, ending);
	if (file_read(path.ptr, 1u << 20, out, &err) < 0)
		fail_msg("%s", err.msg);
}

static void assert_slice(struct slice got, struct slice wanted)
{
	assert_int_equal(got.len, wanted.len);
	assert_memory_equal(got.ptr, wanted.ptr, wanted.len);
}

static const struct {
	const char *name, *id, *password;
} vectors[] = {{"text", "default", PASSWORD},
	       {"empty", "default", PASSWORD},
	       {"block", "prod", OTHER},
	       {"binary", "dev", PASSWORD}};

static void test_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
		CLEANUP(strbuf_release) struct strbuf vault = {0}, wanted = {0}, got = {0};
		struct vault_envelope e;
		struct err err = {0};
		read_vector(vectors[i].name, ".vault", &vault);
		read_vector(vectors[i].name, "", &wanted);
		assert_int_equal(vault_envelope_parse(strbuf_slice(&vault), place, &e, &err), 0);
		assert_slice(e.id, slice_from(vectors[i].id));
		if (vault_decrypt(strbuf_slice(&vault), slice_from(vectors[i].password), place,
				  &got, &err) < 0)
			fail_msg("%s: %s", vectors[i].name, err.msg);
		assert_slice(strbuf_slice(&got), strbuf_slice(&wanted));
	}
}

/* With the salt of the vector the same bytes come out. */
static void test_same_bytes(void **state)
{
	CLEANUP(strbuf_release) struct strbuf one = {0}, two = {0}, other = {0};
	struct slice salt = SLICE_LIT("0123456789abcdef0123456789abcdef");
	struct err err = {0};
	(void)state;
	assert_int_equal(vault_encrypt(SLICE_LIT("a"), SLICE_LIT(PASSWORD), SLICE_LIT("default"),
				       salt, &one, &err),
			 0);
	assert_int_equal(
		vault_encrypt(SLICE_LIT("a"), SLICE_LIT(PASSWORD), SLICE_LIT(""), salt, &two, &err),
		0);
	assert_slice(strbuf_slice(&one), strbuf_slice(&two));
	assert_true(slice_starts_with(strbuf_slice(&one), "$ANSIBLE_VAULT;1.1;AES256\n"));
	assert_int_equal(vault_encrypt(SLICE_LIT("a"), SLICE_LIT(PASSWORD), SLICE_LIT("x"), salt,
				       &other, &err),
			 0);
	assert_true(slice_starts_with(strbuf_slice(&other), "$ANSIBLE_VAULT;1.2;AES256;x\n"));
}

static void test_round_trip(void **state)
{
	char text[100];
	(void)state;
	memset(text, 'q', sizeof(text));
	for (size_t len = 0; len < sizeof(text); len += 7) {
		CLEANUP(strbuf_release) struct strbuf vault = {0}, again = {0}, got = {0};
		struct slice plain = {text, len};
		struct err err = {0};
		assert_int_equal(vault_encrypt(plain, SLICE_LIT("p"), SLICE_LIT("id"),
					       SLICE_LIT(""), &vault, &err),
				 0);
		assert_int_equal(vault_encrypt(plain, SLICE_LIT("p"), SLICE_LIT("id"),
					       SLICE_LIT(""), &again, &err),
				 0);
		assert_false(slice_eq(strbuf_slice(&vault), strbuf_slice(&again)));
		assert_int_equal(
			vault_decrypt(strbuf_slice(&vault), SLICE_LIT("p"), place, &got, &err), 0);
		assert_slice(strbuf_slice(&got), plain);
	}
}

static const struct {
	const char *text;
	enum err_code code;
	const char *msg;
} broken[] = {
	{"plain", ERR_SYNTAX, "does not begin with"},
	{"$ANSIBLE_VAULT;", ERR_SYNTAX, "no cipher"},
	{"$ANSIBLE_VAULT;1.1", ERR_SYNTAX, "no cipher"},
	{"$ANSIBLE_VAULT;1.0;AES\n", ERR_UNSUPPORTED, "version 1.0"},
	{"$ANSIBLE_VAULT;\x01;AES256\n", ERR_UNSUPPORTED, "version ?"},
	{"$ANSIBLE_VAULT;1.1;AES\n6161", ERR_UNSUPPORTED, "another cipher"},
	{"$ANSIBLE_VAULT;1.2;AES256;a\x02\n", ERR_SYNTAX, "vault id in its header"},
	{"$ANSIBLE_VAULT;1.1;AES256", ERR_SYNTAX, "damaged"},
	{"$ANSIBLE_VAULT;1.1;AES256\n", ERR_SYNTAX, "damaged"},
	{"$ANSIBLE_VAULT;1.1;AES256\nzz", ERR_SYNTAX, "damaged"},
	{"$ANSIBLE_VAULT;1.1;AES256\n616", ERR_SYNTAX, "damaged"},
	{"$ANSIBLE_VAULT;1.1;AES256\n61610a62620a6363\n", ERR_SYNTAX, "damaged"},
};

static void test_broken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		CLEANUP(strbuf_release) struct strbuf got = {0};
		struct err err = {0};
		int r = vault_decrypt(slice_from(broken[i].text), SLICE_LIT("p"), place, &got,
				      &err);
		assert_int_equal(r, broken[i].code);
		if (!strstr(err.msg, broken[i].msg))
			fail_msg("'%s' is not in '%s'", broken[i].msg, err.msg);
		assert_int_equal(err.at.line, 3);
		assert_int_equal(got.len, 0);
	}
}

/* Every digit of salt, HMAC and text counts. */
static void test_tampered(void **state)
{
	CLEANUP(strbuf_release) struct strbuf vault = {0};
	(void)state;
	read_vector("text", ".vault", &vault);
	size_t start = (size_t)(strchr(vault.ptr, '\n') - vault.ptr) + 1;
	for (size_t i = start; i < vault.len; i += 5) {
		CLEANUP(strbuf_release) struct strbuf got = {0};
		struct err err = {0};
		char before = vault.ptr[i];
		if (before == '\n')
			continue;
		vault.ptr[i] = before == '1' ? '2' : '1';
		assert_true(vault_decrypt(strbuf_slice(&vault), SLICE_LIT(PASSWORD), place, &got,
					  &err) < 0);
		assert_int_equal(got.len, 0);
		vault.ptr[i] = before;
	}
}

static struct vault *with(const char *const *pairs)
{
	struct vault *v = vault_new();
	struct err err = {0};
	for (; *pairs; pairs += 2)
		if (vault_add(v, slice_from(pairs[0]), slice_from(pairs[1]), &err) < 0)
			fail_msg("%s", err.msg);
	return v;
}

/* A password of another id opens it, unless ids have to match. */
static void test_ids(void **state)
{
	static const struct {
		const char *pairs[7];
		bool only_matching;
		int index; /* negative: none */
	} cases[] = {
		{{"prod", OTHER, NULL}, false, 0},
		{{"default", PASSWORD, "prod", OTHER, NULL}, false, 1},
		{{"default", PASSWORD, "x", OTHER, NULL}, false, 1},
		{{"prod", PASSWORD, "x", OTHER, NULL}, false, 1},
		{{"prod", PASSWORD, "prod", OTHER, NULL}, true, 1},
		{{"default", OTHER, NULL}, true, -1},
		{{"default", PASSWORD, "prod", PASSWORD, NULL}, false, -1},
		{{NULL}, false, -1},
	};
	CLEANUP(strbuf_release) struct strbuf vault = {0};
	(void)state;
	read_vector("block", ".vault", &vault);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf got = {0};
		struct vault *v = with(cases[i].pairs);
		size_t index = 99;
		struct err err = {0};
		vault_match_ids(v, cases[i].only_matching);
		/* the second time from what was kept */
		for (int times = 0; times < 2; times++) {
			int r = vault_open(v, strbuf_slice(&vault), place, &got, &index, &err);
			assert_int_equal(r, cases[i].index < 0 ? ERR_CRYPTO : 0);
			assert_int_equal(index, cases[i].index < 0 ? 99 : cases[i].index);
		}
		if (cases[i].index < 0) {
			assert_string_equal(err.at.file, place.file);
			assert_non_null(strstr(err.msg, "vault id 'prod'"));
			assert_int_equal(got.len, 0);
		} else {
			assert_int_equal(got.len, 32);
		}
		vault_free(v);
	}
}

static void test_limits(void **state)
{
	char long_text[VAULT_PASSWORD_MAX + 1];
	struct vault *v = vault_new();
	struct err err = {0};
	(void)state;
	memset(long_text, 'a', sizeof(long_text));
	assert_int_equal(vault_add(v, SLICE_LIT("a;b"), SLICE_LIT("p"), &err), ERR_INVALID);
	assert_int_equal(vault_add(v, SLICE_LIT("a\nb"), SLICE_LIT("p"), &err), ERR_INVALID);
	assert_int_equal(
		vault_add(v, (struct slice){long_text, VAULT_ID_MAX + 1}, SLICE_LIT("p"), &err),
		ERR_LIMIT);
	assert_int_equal(vault_add(v, SLICE_LIT("a"), SLICE_LIT(""), &err), ERR_INVALID);
	assert_int_equal(
		vault_add(v, SLICE_LIT("a"), (struct slice){long_text, sizeof(long_text)}, &err),
		ERR_LIMIT);
	assert_int_equal(vault_count(v), 0);
	for (unsigned i = 0; i < VAULT_SECRETS_MAX; i++)
		assert_int_equal(vault_add(v, SLICE_LIT("a"), SLICE_LIT("p"), &err), 0);
	assert_int_equal(vault_add(v, SLICE_LIT("a"), SLICE_LIT("p"), &err), ERR_LIMIT);
	vault_free(v);
	vault_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),	   cmocka_unit_test(test_same_bytes),
		cmocka_unit_test(test_round_trip), cmocka_unit_test(test_broken),
		cmocka_unit_test(test_tampered),   cmocka_unit_test(test_ids),
		cmocka_unit_test(test_limits),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
