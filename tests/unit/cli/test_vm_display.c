/* What an order's display writes: in a pipe, on a terminal, as JSON. */
#include "../test.h"
#include "rollout/base/file.h"
#include "rollout/base/vec.h"
#include "rollout/value/json.h"
#include "vm/display/display.h"

#include <locale.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

static const char *const names[] = {"etcd-1", "idle", "lb"};
static const size_t machines[] = {0, 2};

struct happening {
	int64_t at_ms;
	uint32_t machine;
	enum vm_event_kind kind;
	const char *text;
};

/* All that is written for these events; drawn after each. */
static void play(enum vm_display_style style, const struct happening *events, size_t n,
		 struct strbuf *out)
{
	int fd = memfd_create("display", MFD_CLOEXEC);
	struct vm_display *d = vm_display_new(&(struct vm_display_options){
		.fd = fd,
		.style = style,
		.width = 40,
		.height = 10,
		.verb = "up",
		.done = "up",
		.names = names,
		.nnames = ARRAY_LEN(names),
		.machines = machines,
		.nmachines = ARRAY_LEN(machines),
	});
	int64_t end_ms = 0;
	for (size_t i = 0; i < n; i++) {
		struct vm_event e = {events[i].kind, events[i].machine, events[i].at_ms, ""};
		snprintf(e.text, sizeof(e.text), "%s", events[i].text);
		vm_display_event(d, &e, events[i].at_ms);
		vm_display_draw(d, events[i].at_ms);
		end_ms = events[i].at_ms;
	}
	vm_display_end(d, end_ms);
	vm_display_free(d);
	lseek(fd, 0, SEEK_SET);
	assert_int_equal(fd_read_all(fd, 1 << 20, out, NULL), 0);
	close(fd);
}

static const struct happening story[] = {
	{0, 0, VM_EVENT_STAGE, "image"},
	{0, 2, VM_EVENT_STAGE, "image"},
	{100, 0, VM_EVENT_NOTE, "downloading 1% of 412M"},
	{200, 0, VM_EVENT_NOTE, "downloading 12% of 412M"},
	{40000, 0, VM_EVENT_NOTE, "downloading 99% of 412M"},
	{41000, 0, VM_EVENT_STAGE, "kernel"},
	{41000, 0, VM_EVENT_STAGE, "kernel"},
	{41500, 0, VM_EVENT_NOTE, "tcg: no accelerator works here"},
	{62000, 0, VM_EVENT_DONE, ""},
	{62000, 0, VM_EVENT_STAGE, "after its end"},
	{63000, 2, VM_EVENT_FAILED, "no answer\nlook: \033[2Jlog"},
};

static void test_lines(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	play(VM_DISPLAY_LINES, story, ARRAY_LEN(story), &out);
	assert_string_equal(text_of(&out), "etcd-1: image (0.0s)\n"
					   "lb: image (0.0s)\n"
					   "etcd-1: downloading 1% of 412M\n"
					   "etcd-1: downloading 99% of 412M\n"
					   "etcd-1: kernel (41.0s)\n"
					   "etcd-1: tcg: no accelerator works here\n"
					   "etcd-1: up after 62.0 s\n"
					   "lb: failed after 63.0 s\n"
					   "lb: no answer\n"
					   "lb: look: ^[[2Jlog\n"
					   "1 up, 1 failed, 1m03s\n");
}

#define UP "\033[A\r\033[K"
static void test_live(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	static const struct happening live[] = {
		{0, 0, VM_EVENT_STAGE, "image"},
		{100, 0, VM_EVENT_NOTE, "downloading 12% of 412M"},
		{200, 2, VM_EVENT_STAGE, "image"},
		{300, 0, VM_EVENT_DONE, "was running"},
		{400, 2, VM_EVENT_DONE, ""},
	};
	play(VM_DISPLAY_LIVE, live, ARRAY_LEN(live), &out);
	assert_string_equal(text_of(&out),
			    "etcd-1  image          0.0s\n"
			    "1 wait\n"
			    /* a note is cut where the terminal ends */
			    UP UP "etcd-1  image          0.1s  downloadi…\n"
			    "1 wait\n" UP UP "etcd-1  image          0.2s  downloadi…\n"
			    "lb      image          0.2s\n" UP UP "etcd-1  was running\n"
			    "lb      image          0.3s\n" UP "lb      up after 0.4 s\n"
			    "2 up, 0 failed, 0.4s\n");
}

static void test_json(void **state UNUSED)
{
	static const struct {
		const char *event, *host, *msg;
	} wanted[] = {{"vm_stage", "etcd-1", "image"},
		      {"vm_stage", "lb", "image"},
		      {"vm_note", "etcd-1", "downloading 1% of 412M"}};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct arena a = {0};
	struct slice line, rest;
	const struct value *v = NULL;
	size_t n = 0;
	play(VM_DISPLAY_JSON, story, ARRAY_LEN(story), &out);
	rest = strbuf_slice(&out);
	while (slice_split(&rest, '\n', &line) && line.len > 0) {
		assert_int_equal(json_parse(&a, "line", line, &v, NULL), 0);
		if (n < ARRAY_LEN(wanted)) {
			assert_true(value_is_str(value_get(v, "event"), wanted[n].event));
			assert_true(value_is_str(value_get(v, "host"), wanted[n].host));
			assert_true(value_is_str(value_get(v, "msg"), wanted[n].msg));
		}
		n++;
	}
	assert_int_equal(n, 11); /* all but the one after the end, and vm_ended */
	assert_true(value_is_str(value_get(v, "event"), "vm_ended"));
	assert_int_equal(value_get(v, "failed")->integer, 1);
	assert_int_equal(value_get(v, "done")->integer, 1);
	arena_release(&a);
}

int main(void)
{
	setlocale(LC_CTYPE, "C.UTF-8");
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines),
		cmocka_unit_test(test_live),
		cmocka_unit_test(test_json),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
