/* Content that is larger than what an agent may hold. */
#include "conversation.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define LARGE (24u << 20)
#define HELD_MAX (4u << 20) /* in the pipes, the agent and the task's process */
#define MEMORY_MAX_KB 16384

/* The hash of `size` times the letter x. */
static const char *sha256_of(struct conversation *c, size_t size)
{
	char hex[DIGEST_HEX_MAX];
	char *bytes = xmalloc(size);
	memset(bytes, 'x', size);
	digest_bytes(DIGEST_SHA256, bytes, size, hex);
	free(bytes);
	return arena_strdup(&c->arena, hex);
}

static void send_copy(struct conversation *c, uint32_t id, const char *name, size_t size,
		      const char *sha256)
{
	send_task(c, id,
		  in_dir(c, arena_printf(&c->arena,
					 "{module: copy, items: [{dest: %%s/%s, _sha256: '%s', "
					 "_size: %zu}]}",
					 name, sha256, size)));
}

static void send_pieces(struct conversation *c, uint32_t id, size_t size)
{
	static char piece[WIRE_BLOB_CHUNK];
	memset(piece, 'x', sizeof(piece));
	while (size > 0) {
		size_t n = size < sizeof(piece) ? size : sizeof(piece);
		strbuf_truncate(&c->out, 0);
		wire_put_bytes(&c->out, WIRE_BLOB, id, (struct slice){piece, n});
		send_bytes(c, strbuf_slice(&c->out));
		size -= n;
	}
	strbuf_truncate(&c->out, 0);
}

static void send_end(struct conversation *c, uint32_t id, const char *sha256)
{
	send_value(c, WIRE_BLOB_END, id, arena_printf(&c->arena, "{sha256: '%s'}", sha256));
}

static size_t count_names(const char *dir)
{
	size_t n = 0;
	DIR *d = opendir(dir);
	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));)
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
	closedir(d);
	return n;
}

static pid_t worker_of(const struct conversation *c)
{
	char path[64];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", c->agent, c->agent);
	return file_read(path, 4096, &text, NULL) < 0 ? 0 : (pid_t)strtol(text.ptr, NULL, 10);
}

static long peak_kb(pid_t pid)
{
	char path[64];
	CLEANUP(strbuf_release) struct strbuf text = {0};
	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	const char *at =
		file_read(path, 65536, &text, NULL) < 0 ? NULL : strstr(text.ptr, "VmHWM:");
	return at ? strtol(at + strlen("VmHWM:"), NULL, 10) : -1;
}

/* The static program: the test's own memory is not the agent's. */
static void it_is_not_held(void **state)
{
	const char *program = getenv("ROLLOUT_AGENT");
	(void)state;
	if (!program || access(program, X_OK) < 0)
		skip();
	struct conversation *c = conversation_exec(program);
	struct stat st;
	const char *hex = sha256_of(c, LARGE);
	expect(c, WIRE_HELLO, 0);
	send_copy(c, 1, "a", LARGE, hex);
	expect(c, WIRE_BLOB_WANTED, 1);
	send_pieces(c, 1, LARGE);
	assert_int_equal(count_names(c->dir), 0);
	assert_in_range(peak_kb(worker_of(c)), 100, MEMORY_MAX_KB);
	send_end(c, 1, hex);
	const struct value *r = expect_result(c, 1, 0, true);
	if (get_bool(r, "failed"))
		fail_msg("%s", get_str(r, "msg"));
	assert_in_range(peak_kb(c->agent), 100, MEMORY_MAX_KB);
	assert_int_equal(stat(in_dir(c, "%s/a"), &st), 0);
	assert_int_equal(st.st_size, LARGE);
	assert_int_equal(count_names(c->dir), 1);
	conversation_end(c);
}

/* What a task's process does not take is not taken from the controller. */
static void a_slow_disk_holds_up_the_sender(void **state)
{
	struct conversation *c = conversation_greeted();
	const char *hex = sha256_of(c, LARGE);
	static char piece[WIRE_BLOB_CHUNK];
	size_t taken = 0;
	ssize_t n = 0;
	(void)state;
	send_copy(c, 1, "a", LARGE, hex);
	expect(c, WIRE_BLOB_WANTED, 1);
	pid_t worker = worker_of(c);
	assert_true(worker > 0);
	kill(worker, SIGSTOP);
	memset(piece, 'x', sizeof(piece));
	while (c->out.len < LARGE)
		wire_put_bytes(&c->out, WIRE_BLOB, 1, (struct slice){piece, sizeof(piece)});
	fcntl(c->to, F_SETFL, O_NONBLOCK);
	for (int quiet = 0; quiet < 50 && taken < c->out.len; quiet++) {
		while ((n = write(c->to, c->out.ptr + taken, c->out.len - taken)) > 0) {
			taken += (size_t)n;
			quiet = 0;
		}
		usleep(2000);
	}
	assert_in_range(taken, 1, HELD_MAX);
	fcntl(c->to, F_SETFL, 0);
	kill(worker, SIGCONT);
	strbuf_drop_front(&c->out, taken);
	send_bytes(c, strbuf_slice(&c->out));
	strbuf_truncate(&c->out, 0);
	send_end(c, 1, hex);
	assert_true(get_bool(expect_result(c, 1, 0, true), "changed"));
	conversation_end(c);
}

/* 1 MiB of disk. */
static void mount_small(struct conversation *c)
{
	assert_int_equal(mkdir(in_dir(c, "%s/small"), 0755), 0);
	if (mount("none", in_dir(c, "%s/small"), "tmpfs", 0, "size=1536k") < 0) {
		conversation_end(c);
		skip();
	}
	assert_int_equal(file_write_atomic(in_dir(c, "%s/small/a"), "old", 3, 0600, NULL), 0);
}

static void expect_old(struct conversation *c)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	assert_int_equal(file_read(in_dir(c, "%s/small/a"), 100, &text, NULL), 0);
	assert_string_equal(text.ptr, "old");
	assert_int_equal(count_names(in_dir(c, "%s/small")), 1);
}

static void expect_no_room(struct conversation *c, uint32_t id)
{
	const struct value *r = expect_result(c, id, 0, true);
	assert_true(get_bool(r, "failed"));
	assert_non_null(strstr(get_str(r, "msg"), "small/a: No space left on device"));
	expect_old(c);
}

static void a_full_disk_stops_the_sender(void **state)
{
	struct conversation *c = conversation_greeted();
	const char *hex = sha256_of(c, LARGE), *small = sha256_of(c, 100);
	(void)state;
	mount_small(c);
	/* Its size is known: nothing is asked for. */
	send_copy(c, 1, "small/a", LARGE, hex);
	expect_no_room(c, 1);
	/* It is larger than was said. */
	send_copy(c, 2, "small/a", (1u << 20) + 1, hex);
	expect(c, WIRE_BLOB_WANTED, 2);
	send_pieces(c, 2, 3u << 20);
	expect(c, WIRE_BLOB_STOP, 2);
	expect_no_room(c, 2);
	send_copy(c, 3, "b", 100, small);
	send_pieces(c, 2, 1u << 20);
	send_value(c, WIRE_BLOB_END, 2, "{error: stopped}");
	expect(c, WIRE_BLOB_WANTED, 3);
	send_pieces(c, 3, 100);
	send_end(c, 3, small);
	assert_true(get_bool(expect_result(c, 3, 0, true), "changed"));
	umount(in_dir(c, "%s/small"));
	conversation_end(c);
}

/* Whatever ends it, the old file is there and nothing else. */
static void what_ends_in_the_middle_leaves_nothing(void **state)
{
	struct conversation *c = conversation_greeted();
	const char *hex = sha256_of(c, LARGE);
	(void)state;
	for (uint32_t id = 1; id <= 3; id++) {
		send_copy(c, id, "a", LARGE, hex);
		if (id > 1)
			send_value(c, WIRE_BLOB_END, id - 1, "{error: stopped}");
		expect(c, WIRE_BLOB_WANTED, id);
		send_pieces(c, id, 3u << 20);
		if (id == 1)
			kill(worker_of(c), SIGKILL);
		else if (id == 2)
			send_value(c, WIRE_CANCEL, id, "{}");
		else
			send_value(c, WIRE_BLOB_END, id, "{error: 'it is gone'}");
		const struct value *r = expect_result(c, id, 0, true);
		assert_true(get_bool(r, "failed"));
		if (id < 3)
			expect(c, WIRE_BLOB_STOP, id);
		else
			assert_non_null(strstr(get_str(r, "msg"), "it is gone"));
		assert_int_equal(count_names(c->dir), 0);
	}
	conversation_end(c);
}

/* All PIECEs up to the RESULT; their bytes. */
static size_t read_pieces(struct conversation *c, const struct value **ret_result)
{
	static char buf[65536];
	struct wire_frame f;
	size_t sum = 0;
	for (;;) {
		while (wire_reader_next(&c->reader, &f, NULL) == 0) {
			ssize_t n = read(c->from, buf, sizeof(buf));
			assert_true(n > 0);
			wire_reader_feed(&c->reader, buf, (size_t)n);
		}
		assert_in_range(f.payload.len, 1, WIRE_BLOB_CHUNK);
		if (f.type != WIRE_PIECE)
			break;
		sum += f.payload.len;
	}
	assert_int_equal(f.type, WIRE_RESULT);
	assert_int_equal(wire_value_decode(&c->arena, f.payload, 0, ret_result, NULL), 0);
	return sum;
}

/* A file for a controller that does not read is not held either. */
static void a_file_waits_for_its_reader(void **state)
{
	const char *program = getenv("ROLLOUT_AGENT");
	const struct value *v;
	(void)state;
	if (!program || access(program, X_OK) < 0)
		skip();
	struct conversation *c = conversation_exec(program);
	expect(c, WIRE_HELLO, 0);
	CLEANUP(fd_close) int fd = creat(in_dir(c, "%s/large"), 0600);
	assert_int_equal(ftruncate(fd, LARGE), 0);
	send_task(c, 1, in_dir(c, "{module: fetch, items: [{src: %s/large, dest: x}]}"));
	const struct value *file = expect(c, WIRE_FILE, 1);
	assert_string_equal(get_str(file, "source"), in_dir(c, "%s/large"));
	assert_int_equal(value_get(file, "size")->integer, LARGE);
	usleep(300000);
	assert_in_range(peak_kb(c->agent), 100, MEMORY_MAX_KB);
	assert_in_range(peak_kb(worker_of(c)), 100, MEMORY_MAX_KB);
	assert_int_equal(read_pieces(c, &v), LARGE);
	const struct value *r = value_get(v, "result");
	assert_true(get_bool(r, "changed"));
	assert_int_equal(strlen(get_str(r, "remote_checksum")), SHA1_HEX_SIZE - 1);
	conversation_end(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_is_not_held),
		cmocka_unit_test(a_slow_disk_holds_up_the_sender),
		cmocka_unit_test(a_full_disk_stops_the_sender),
		cmocka_unit_test(what_ends_in_the_middle_leaves_nothing),
		cmocka_unit_test(a_file_waits_for_its_reader),
	};
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
