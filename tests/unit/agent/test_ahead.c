/* What is asked for before its task begins. */
#include "conversation.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"
#include "test.h"

#include <stdio.h>
#include <unistd.h>

static const char *hash(const char *text)
{
	static char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA256, text, strlen(text), hex);
	return hex;
}

static void put_copy(struct strbuf *out, const char *name, const char *content)
{
	strbuf_printf(out, "{module: copy, items: [{dest: %%s/%s, _sha256: '%s', _size: %zu}]}",
		      name, hash(content), strlen(content));
}

static void send_copy(struct conversation *c, uint32_t id, const char *name, const char *content)
{
	CLEANUP(strbuf_release) struct strbuf task = {0};
	put_copy(&task, name, content);
	send_task(c, id, in_dir(c, task.ptr));
}

static void send_content(struct conversation *c, const char *content)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	wire_put_bytes(&out, WIRE_CONTENT, 0, slice_from(content));
	send_bytes(c, strbuf_slice(&out));
}

static void expect_wanted(struct conversation *c, const char *content)
{
	const struct value *list = value_get(expect(c, WIRE_CONTENT_WANTED, 0), "sha256");
	assert_int_equal(list->list.len, 1);
	assert_string_equal(list->list.at[0]->str.ptr, hash(content));
}

/* A task that holds up those behind it until `let_go`. */
static void send_wait(struct conversation *c, uint32_t id)
{
	send_task(c, id,
		  in_dir(c, "{module: shell, items: [{_raw_params: 'while ! test -e "
			    "%s/go; do sleep 0.05; done'}]}"));
}

static void let_go(struct conversation *c)
{
	assert_int_equal(file_write_atomic(in_dir(c, "%s/go"), "", 0, 0600, NULL), 0);
}

/* The second task's content is there before its turn, and is not asked for again. */
static void a_waiting_task_is_looked_at(void **state)
{
	struct conversation *c = conversation_greeted();
	CLEANUP(strbuf_release) struct strbuf text = {0};
	(void)state;
	send_wait(c, 1);
	send_copy(c, 2, "a", "ahead\n");
	expect_wanted(c, "ahead\n");
	send_content(c, "ahead\n");
	let_go(c);
	expect_result(c, 1, 0, true);
	assert_true(get_bool(expect_result(c, 2, 0, true), "changed"));
	assert_int_equal(file_read(in_dir(c, "%s/a"), 100, &text, NULL), 0);
	assert_string_equal(text.ptr, "ahead\n");
	conversation_end(c);
}

/* What is there in the same size is left to the module. */
static void what_may_be_there_is_not_guessed(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	assert_int_equal(file_write_atomic(in_dir(c, "%s/a"), "same\n", 5, 0600, NULL), 0);
	send_wait(c, 1);
	send_copy(c, 2, "a", "same\n");
	send_copy(c, 3, "b", "other\n");
	expect_wanted(c, "other\n");
	let_go(c);
	expect_result(c, 1, 0, true);
	assert_false(get_bool(expect_result(c, 2, 0, true), "changed"));
	expect(c, WIRE_BLOB_WANTED, 3);
	send_blob(c, 3, hash("other\n"), "other\n");
	assert_true(get_bool(expect_result(c, 3, 0, true), "changed"));
	conversation_end(c);
}

/* Content that is not what was asked for serves nobody. */
static void wrong_content_is_not_used(void **state)
{
	struct conversation *c = conversation_greeted();
	(void)state;
	send_copy(c, 1, "a", "right\n");
	expect_wanted(c, "right\n");
	expect(c, WIRE_BLOB_WANTED, 1);
	send_content(c, "wrong\n");
	send_blob(c, 1, hash("right\n"), "right\n");
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	conversation_end(c);
}

/* The files of a folder, in one question. */
static void a_folder_is_one_question(void **state)
{
	struct conversation *c = conversation_greeted();
	CLEANUP(strbuf_release) struct strbuf task = {0};
	char name[16];
	(void)state;
	strbuf_printf(&task, "{module: copy, items: [{src: x/, dest: %%s/d, _tree: [");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "%d", i);
		strbuf_printf(&task,
			      "{path: '%d', type: file, mode: 420, size: %zu, sha256: '%s'}, ", i,
			      strlen(name), hash(name));
	}
	strbuf_printf(&task, "]}]}");
	send_task(c, 1, in_dir(c, task.ptr));
	const struct value *list = value_get(expect(c, WIRE_CONTENT_WANTED, 0), "sha256");
	assert_int_equal(list->list.len, 100);
	expect(c, WIRE_BLOB_WANTED, 1);
	for (int i = 1; i < 100; i++) {
		snprintf(name, sizeof(name), "%d", i);
		send_content(c, name);
	}
	send_blob(c, 1, hash("0"), "0");
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	assert_int_equal(access(in_dir(c, "%s/d/99"), F_OK), 0);
	conversation_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_waiting_task_is_looked_at),
		cmocka_unit_test(what_may_be_there_is_not_guessed),
		cmocka_unit_test(wrong_content_is_not_used),
		cmocka_unit_test(a_folder_is_one_question),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
