/*
 * Two hosts, played from the input, to the controller's whole side of the
 * conversation: src/run as it is, over a transport that is not there. The input is a
 * row of moves, one for each frame that a host is sent: a true answer, a frame with any
 * type, id and value, any bytes, silence, an end. Whatever it is, the run ends; no file
 * is written outside of dest, and no host is sent what was only for the other.
 */
#include "rollout/report/report.h"
#include "rollout/run/run.h"
#include "rollout/wire/task.h"

#include "../unit/run/player.c"

#include <dirent.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char playbook[] =
	"- hosts: all\n"
	"  gather_facts: true\n"
	"  vars: {seen: '{{ ansible_distribution | default(1) }}'}\n"
	"  tasks:\n"
	"  - copy: {content: 'only for {{ inventory_hostname }}', dest: /x, mode: '0600'}\n"
	"    register: r\n"
	"  - command: 'echo {{ item }}'\n"
	"    loop: [1, 2, 3]\n"
	"    register: looped\n"
	"    no_log: true\n"
	"    ignore_errors: true\n"
	"  - fetch: {src: /a, dest: out/, flat: true}\n"
	"  - fetch: {src: '~/a', dest: out/}\n"
	"  - synchronize: {src: /s/, dest: out/tree, mode: pull, delete: true}\n"
	"  - command: 'echo {{ r.checksum | default(0) }} {{ seen }}'\n"
	"    changed_when: looped.results | default([]) | length > 1\n"
	"    notify: h\n"
	"  - meta: reset_connection\n"
	"  - command: 'false'\n"
	"    register: tried\n"
	"    until: tried.rc | default(0) == 0\n"
	"    retries: 2\n"
	"    delay: 0\n"
	"  - block:\n"
	"    - command: one\n"
	"    - command: two\n"
	"    rescue:\n"
	"    - command: three\n"
	"  handlers:\n"
	"  - name: h\n"
	"    command: four\n";

struct moves {
	struct slice rest;
	unsigned connections;
};

static uint8_t take_byte(struct moves *m)
{
	if (!m->rest.len)
		return 0;
	uint8_t b = (uint8_t)m->rest.ptr[0];
	m->rest.ptr++;
	m->rest.len--;
	return b;
}

static struct slice take_bytes(struct moves *m, size_t n)
{
	struct slice s = {m->rest.ptr, n < m->rest.len ? n : m->rest.len};
	m->rest.ptr += s.len;
	m->rest.len -= s.len;
	return s;
}

static void say_result(struct player_host *h, uint32_t id, unsigned item, bool last)
{
	char text[100];
	snprintf(text, sizeof(text), "{item: %u, last: %s, result: {changed: true}}", item,
		 last ? "true" : "false");
	player_say(h, WIRE_RESULT, id, text);
}

static size_t count_items(const struct wire_frame *frame)
{
	struct arena a = {0};
	struct err err = {0};
	const struct value *v;
	if (wire_value_decode(&a, frame->payload, 0, &v, &err) < 0)
		abort(); /* it is ours */
	size_t n = value_get(v, "items")->list.len;
	arena_release(&a);
	return n;
}

static void answer_truly(struct player_host *h, const struct wire_frame *frame)
{
	size_t n = count_items(frame);
	for (size_t i = 0; i < n; i++)
		say_result(h, frame->id, (unsigned)i, i + 1 == n);
}

enum move { TRULY, FRAME, VALUE, RAW, NOTHING, HANG_UP, PART, MOVES };

/* A value of the input; one that fits the type where there is none. */
static void say_value(struct moves *m, struct player_host *h, uint32_t id)
{
	static const char *const texts[] = {
		"{item: 0, last: false, result: {changed: true}}",
		"{item: 0, last: true, result: {failed: true, msg: no}}",
		"{item: 0, last: true, result: {rc: 1, unreachable: true, _unknown: true}}",
		"{item: 0, last: true, result: {ansible_facts: {ansible_connection: local, "
		"ansible_ssh_common_args: '-o ProxyCommand=x', a: 1}, _level: set_fact}}",
		"{item: 0, last: true, result: {changed: true, _source: /a, checksum: "
		"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8, remote_checksum: "
		"86f7e437faa5a7fce15d1ddcb9eaeaea377667b8, _mode: 511}}",
		"{source: /a, size: 1}",
		"{source: /a/../../b, size: 1}",
		"{source: a, size: 1}",
		"{item: 0, last: true, result: {_root: {type: dir, mode: 493, mtime_ns: 0}, "
		"_manifest: [{path: a, type: file, mode: 511, mtime_ns: -1, size: 1, sha256: "
		"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb}, "
		"{path: d, type: dir, mode: 0, mtime_ns: 0}, "
		"{path: l, type: link, mode: 0, mtime_ns: 0, target: ../..}]}}",
		"{item: 0, last: true, result: {_root: {type: dir, mode: 493, mtime_ns: 0}, "
		"_manifest: [{path: ../a, type: dir, mode: 511, mtime_ns: 0}]}}",
		"{item: 0, stream: 1, data: text}",
		"{sha256: 3f2a2ba8c0e9b5a6e9a2c4a4f6e5d0f1a2b3c4d5e6f708192a3b4c5d6e7f8091}",
		"{sha256: []}",
		"{}",
	};
	uint8_t type = take_byte(m), text = take_byte(m);
	enum wire_type any = type == WIRE_PONG ? WIRE_PONG : (enum wire_type)(type % 10);
	player_say(h, any, id, texts[text % ARRAY_LEN(texts)]);
}

static void say_part(struct moves *m, struct player_host *h, const struct wire_frame *frame)
{
	size_t n = count_items(frame), max = take_byte(m) % 4u;
	for (size_t i = 0; i < n && i < max; i++)
		say_result(h, frame->id, (unsigned)i, i + 1 == n);
}

static bool make_move(struct moves *m, struct player_host *h, const struct wire_frame *frame)
{
	uint8_t move = take_byte(m);
	uint32_t id = frame->id + (move >= 128 ? take_byte(m) - 4u : 0);
	switch ((enum move)(move % MOVES)) {
	case TRULY:
		if (frame->type == WIRE_TASK)
			answer_truly(h, frame);
		return true;
	case FRAME: {
		uint8_t type = take_byte(m);
		player_say_bytes(h, (enum wire_type)type, id, take_bytes(m, take_byte(m)));
		return true;
	}
	case VALUE:
		say_value(m, h, id);
		return true;
	case RAW:
		player_say_raw(h, take_bytes(m, take_byte(m)));
		return true;
	case NOTHING:
		return false;
	case HANG_UP:
		player_hang_up(h);
		return false;
	default:
		if (frame->type == WIRE_TASK)
			say_part(m, h, frame);
		return true;
	}
}

static void check_content(const struct player_host *h, struct slice bytes)
{
	static const char mark[] = "only for ";
	const char *at = memmem(bytes.ptr, bytes.len, mark, sizeof(mark) - 1);
	if (at && at[sizeof(mark) - 1] != player_name(h)[0])
		abort();
}

/* When the moves are used up a task is answered truly, so that the run ends. */
static void on_frame(void *ctx, struct player_host *h, const struct wire_frame *frame)
{
	struct moves *m = ctx;
	if (frame->type == WIRE_BLOB || frame->type == WIRE_CONTENT)
		check_content(h, frame->payload);
	if (m->rest.len) {
		unsigned more = 1 + take_byte(m) % 3u;
		while (more-- && m->rest.len)
			if (!make_move(m, h, frame))
				break;
	}
	if (!m->rest.len && frame->type == WIRE_TASK)
		player_hang_up(h);
}

static void begin(void *ctx, struct player_host *h)
{
	struct moves *m = ctx;
	if (m->connections++ == 0 || !m->rest.len || take_byte(m) % 8u)
		player_hello(h);
	if (m->connections > 8)
		player_hang_up(h);
}

/* What is in the folder but the playbook and dest. */
static void check_folder(void)
{
	DIR *d = opendir(player_folder());
	for (const struct dirent *e; d && (e = readdir(d));)
		if (strcmp(e->d_name, "site.yml") != 0 && strcmp(e->d_name, "out") != 0 &&
		    e->d_name[0] != '.')
			abort();
	if (d)
		closedir(d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf events = {0};
	struct moves m = {.rest = {(const char *)data, size}};
	const struct player_script moves = {
		.ctx = &m, .begin = begin, .frame = on_frame, .patience = 20};
	player_run(playbook, "a,b,", &moves, &events);
	check_folder();
	if (player_was_local() || (events.ptr && strstr(events.ptr, "standstill")))
		abort();
	return 0;
}
