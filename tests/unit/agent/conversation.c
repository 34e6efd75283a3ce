#include "conversation.h"

#include "rollout/agent/agent.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/module/module.h"
#include "rollout/value/yaml.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define OWN_SHA256 "0000000000000000000000000000000000000000000000000000000000000000"

/* Reachable, so that a failed test is not a leak in all that follow. */
static struct conversation *volatile current;

_Noreturn static void be_the_agent(const char *program, int in, int out)
{
	if (program) {
		dup2(in, 0);
		dup2(out, 1);
		execl(program, program, (char *)NULL);
		_exit(127);
	}
	int code = agent_serve(in, out, OWN_SHA256);
	/* LeakSanitizer runs in exit, and needs to ptrace itself. */
	if (getuid() != geteuid())
		_exit(code);
	exit(code);
}

struct conversation *conversation_exec(const char *program)
{
	struct conversation *c = current = xcalloc(1, sizeof(*c));
	int in[2], out[2];
	snprintf(c->dir, sizeof(c->dir), "/tmp/rollout-agent-XXXXXX");
	assert_non_null(mkdtemp(c->dir));
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	c->agent = fork();
	if (c->agent == 0) {
		close(in[1]);
		close(out[0]);
		be_the_agent(program, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	c->to = in[1];
	c->from = out[0];
	return c;
}

struct conversation *conversation_start(void)
{
	return conversation_exec(NULL);
}

static bool next_frame(struct conversation *c, struct wire_frame *ret)
{
	static char buf[65536];
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	struct err err = {0};
	int n;
	while ((n = wire_reader_next(&c->reader, ret, &err)) == 0) {
		struct pollfd fd = {.fd = c->from, .events = POLLIN};
		int64_t left = until_ms - clock_now_ms();
		if (left <= 0 || poll(&fd, 1, (int)left) <= 0)
			fail_msg("no frame arrives");
		ssize_t got = read(c->from, buf, sizeof(buf));
		if (got <= 0)
			return false;
		wire_reader_feed(&c->reader, buf, (size_t)got);
	}
	if (n < 0)
		fail_msg("%s", err.msg);
	return true;
}

const struct value *expect(struct conversation *c, enum wire_type type, uint32_t id)
{
	struct wire_frame f;
	const struct value *v = NULL;
	struct err err = {0};
	do
		if (!next_frame(c, &f))
			fail_msg("the agent has ended");
	while (f.type == WIRE_CONTENT_WANTED && type != WIRE_CONTENT_WANTED);
	if (wire_value_decode(&c->arena, f.payload, VALUE_UNSAFE, &v, &err) < 0)
		fail_msg("%s", err.msg);
	if (f.type != type || f.id != id) {
		struct strbuf text = {0};
		value_repr(&text, v);
		fail_msg("frame %d of %u, not %d of %u: %s", (int)f.type, f.id, (int)type, id,
			 text_of(&text));
	}
	return v;
}

const struct value *expect_any_result(struct conversation *c, uint32_t id, unsigned item)
{
	struct wire_frame f;
	const struct value *v = NULL;
	do {
		if (!next_frame(c, &f))
			fail_msg("the agent has ended");
		assert_int_equal(wire_value_decode(&c->arena, f.payload, 0, &v, NULL), 0);
	} while (f.type == WIRE_OUTPUT || f.type == WIRE_CONTENT_WANTED);
	assert_int_equal(f.type, WIRE_RESULT);
	assert_int_equal(f.id, id);
	assert_int_equal(value_get(v, "item")->integer, item);
	assert_int_equal(v->dict.len, 3);
	assert_non_null(value_get(value_get(v, "result"), "changed"));
	c->was_last = value_get(v, "last")->boolean;
	return value_get(v, "result");
}

const struct value *expect_result(struct conversation *c, uint32_t id, unsigned item, bool last)
{
	const struct value *r = expect_any_result(c, id, item);
	assert_int_equal(c->was_last, last);
	return r;
}

void send_bytes(struct conversation *c, struct slice bytes)
{
	while (bytes.len > 0) {
		ssize_t n = write(c->to, bytes.ptr, bytes.len);
		if (n < 0)
			return; /* it may have ended already: a hostile frame was seen */
		bytes = (struct slice){bytes.ptr + n, bytes.len - (size_t)n};
	}
}

static void flush_out(struct conversation *c)
{
	send_bytes(c, strbuf_slice(&c->out));
	strbuf_truncate(&c->out, 0);
}

static const struct value *parse(struct conversation *c, const char *yaml)
{
	const struct value *v;
	struct err err = {0};
	if (yaml_parse(&c->arena, "test", slice_from(yaml), &v, &err) < 0)
		fail_msg("%s: %s", yaml, err.msg);
	return v;
}

void send_value(struct conversation *c, enum wire_type type, uint32_t id, const char *yaml)
{
	assert_int_equal(wire_put_value(&c->out, type, id, parse(c, yaml)), 0);
	flush_out(c);
}

/* With the defaults filled in, as the controller does it. */
static const struct value *coerced(struct conversation *c, const struct value *task)
{
	const struct value *name = value_get(task, "module"), *items = value_get(task, "items");
	const struct module *m = module_find(name->str);
	struct value *list = value_list_new(&c->arena);
	if (!items)
		items = parse(c, "[{}]");
	for (size_t i = 0; i < items->list.len; i++) {
		const struct value *args = items->list.at[i];
		if (m)
			(void)module_coerce_args(m, &c->arena, args, &args, NULL);
		value_list_push(&c->arena, list, args);
	}
	return list;
}

void send_task(struct conversation *c, uint32_t id, const char *yaml)
{
	static const char *const flags[] = {"stop_on_failure", "check_mode", "diff_mode", "no_log"};
	const struct value *given = parse(c, yaml);
	struct value *v = value_dict_dup(&c->arena, given);
	value_dict_put(&c->arena, v, "items", coerced(c, given));
	if (!value_get(v, "strand"))
		value_dict_put(&c->arena, v, "strand", value_int(&c->arena, 1));
	for (size_t i = 0; i < ARRAY_LEN(flags); i++) {
		if (!value_get(v, flags[i]))
			value_dict_put(&c->arena, v, flags[i], value_bool(false));
	}
	assert_int_equal(wire_put_value(&c->out, WIRE_TASK, id, v), 0);
	flush_out(c);
}

void send_blob(struct conversation *c, uint32_t id, const char *sha256, const char *content)
{
	CLEANUP(strbuf_release) struct strbuf end = {0};
	size_t half = strlen(content) / 2;
	if (half)
		wire_put_bytes(&c->out, WIRE_BLOB, id, (struct slice){content, half});
	wire_put_bytes(&c->out, WIRE_BLOB, id, slice_from(content + half));
	flush_out(c);
	strbuf_printf(&end, "{sha256: '%s'}", sha256);
	send_value(c, WIRE_BLOB_END, id, end.ptr);
}

void end_input(struct conversation *c)
{
	fd_close(&c->to);
}

int wait_exit(struct conversation *c)
{
	int status = -1;
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	while (waitpid(c->agent, &status, WNOHANG) == 0) {
		if (clock_now_ms() > until_ms) {
			kill(c->agent, SIGKILL);
			fail_msg("the agent does not end");
		}
		usleep(2000);
	}
	struct strbuf command = {0};
	strbuf_printf(&command, "rm -rf %s", c->dir);
	if (system(command.ptr) != 0)
		fail_msg("rm");
	strbuf_release(&command);
	fd_close(&c->to);
	fd_close(&c->from);
	wire_reader_release(&c->reader);
	arena_release(&c->arena);
	strbuf_release(&c->out);
	free(c);
	current = NULL;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

struct conversation *conversation_greeted(void)
{
	struct conversation *c = conversation_start();
	expect(c, WIRE_HELLO, 0);
	return c;
}

void conversation_end(struct conversation *c)
{
	struct wire_frame f;
	send_value(c, WIRE_BYE, 0, "{}");
	while (next_frame(c, &f))
		assert_int_equal(f.type, WIRE_OUTPUT);
	assert_int_equal(wait_exit(c), 0);
}

const char *in_dir(struct conversation *c, const char *format)
{
	struct strbuf out = {0};
	for (const char *at = format; *at; at++) {
		if (at[0] == '%' && at[1] == 's') {
			strbuf_puts(&out, c->dir);
			at++;
		} else {
			strbuf_putc(&out, *at);
		}
	}
	const char *kept = arena_strdup(&c->arena, text_of(&out));
	strbuf_release(&out);
	return kept;
}

bool get_bool(const struct value *v, const char *key)
{
	const struct value *found = value_get(v, key);
	return found && value_truthy(found);
}

const char *get_str(const struct value *v, const char *key)
{
	const struct value *found = value_get(v, key);
	return found && found->type == VALUE_STRING ? found->str.ptr : "(none)";
}

pid_t wait_pid_file(const char *path)
{
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	while (clock_now_ms() < until_ms) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		if (file_read(path, 100, &text, NULL) == 0 && text.len > 0 &&
		    text.ptr[text.len - 1] == '\n')
			return (pid_t)strtol(text.ptr, NULL, 10);
		usleep(2000);
	}
	fail_msg("%s: no process", path);
	return 0;
}

bool is_gone(pid_t pid)
{
	int64_t until_ms = clock_now_ms() + PATIENCE_MS;
	char path[64], state;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	do {
		FILE *f = fopen(path, "re");
		if (!f)
			return true;
		bool is_zombie = fscanf(f, "%*d (%*[^)]) %c", &state) == 1 && state == 'Z';
		fclose(f);
		if (is_zombie)
			return true;
		usleep(5000);
	} while (clock_now_ms() < until_ms);
	return false;
}
