/* Whole runs as a person reads them: in a pipe, on a terminal, in check mode. */
#include "scene.h"

#include <locale.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define UNIT_DIFF                                                                                  \
	"{\"changed\":true,\"diff\":[{\"before_header\":\"/etc/etcd.yml\",\"after_header\":"       \
	"\"/etc/etcd.yml\",\"unified\":\"--- /etc/etcd.yml\\n+++ /etc/etcd.yml\\n@@ -1,2 +1,2 "    \
	"@@\\n name: etcd\\n-port: 1\\n+port: 2379\\n\"}]}"
#define OTHER_DIFF                                                                                 \
	"{\"changed\":true,\"diff\":[{\"unified\":\"--- /etc/etcd.yml\\n+++ "                      \
	"/etc/etcd.yml\\n@@ -1 +1 @@\\n-port: 7\\n+port: 2379\\n\"}]}"
#define START_FAILED                                                                               \
	"{\"failed\":true,\"msg\":\"etcd.service did not start: timeout\",\"rc\":1,\"stderr\":"    \
	"\"Job for etcd.service failed.\\nSee \\u001b[31mjournalctl -xe\\u001b[0m\\n\"}"

static void play_etcd(struct stage *s)
{
	stage_run(s, "ha-cluster", 4, 6, 2);
	stage_host_state(s, "etcd-1", REPORT_HOST_CONNECTING, NULL);
	stage_host_state(s, "etcd-1", REPORT_HOST_UP, NULL);
	stage_host_state(s, "lb-1", REPORT_HOST_RETRYING, "10.0.0.9:22: connection refused");
	stage_step(s, "etcd", "etcd", 3);
	stage_task(s, 1, "Create the user", "user");
	stage_started(s, "etcd-1 etcd-2 etcd-3");
	stage_result(s, "etcd-1 etcd-2 etcd-3", REPORT_OK, "{\"changed\":false,\"uid\":999}");
	stage_task_end(s);
	stage_task(s, 2, "Write the configuration", "template");
	stage_started(s, "etcd-1 etcd-2 etcd-3");
	stage_result(s, "etcd-1 etcd-2", REPORT_CHANGED, UNIT_DIFF);
	stage_tick(s, 100);
	s->now_ms += 4000;
	stage_result(s, "etcd-3", REPORT_CHANGED, OTHER_DIFF);
	stage_task_end(s);
	stage_task(s, 3, "Only on Rocky", "package");
	stage_result(s, "etcd-1 etcd-2 etcd-3", REPORT_SKIPPED, "{\"skip_reason\":\"false\"}");
	stage_task_end(s);
	stage_task(s, 4, "Say hello", "debug");
	stage_result(s, "etcd-1 etcd-2 etcd-3", REPORT_OK, "{\"msg\":\"hello\\nworld\"}");
	stage_task_end(s);
	stage_task(s, 5, "Start the service", "systemd");
	stage_result(s, "etcd-1", REPORT_CHANGED,
		     "{\"changed\":true,\"warnings\":[\"no [Install]\"]}");
	stage_result(s, "etcd-2 etcd-3", REPORT_FAILED, START_FAILED);
	stage_task_end(s);
	stage_step_end(s, "etcd", 61000);
}

static void play_haproxy(struct stage *s)
{
	stage_step(s, "haproxy", "haproxy", 1);
	stage_task(s, 6, "Look for the old file", "command");
	stage_result(s, "lb-1", REPORT_IGNORED,
		     "{\"failed\":true,\"msg\":\"non-zero return code\",\"rc\":2,\"cmd\":[\"ls\","
		     "\"/x\"],\"stdout\":\"\",\"stderr\":\"ls: /x\"}");
	stage_task_end(s);
	stage_task(s, 7, "Packages", "apt");
	stage_item(s, "lb-1", "haproxy", REPORT_CHANGED, "{\"changed\":true}");
	stage_item(s, "lb-1", "hatop", REPORT_FAILED,
		   "{\"failed\":true,\"msg\":\"no package hatop\"}");
	stage_result(s, "lb-1", REPORT_FAILED,
		     "{\"failed\":true,\"msg\":\"One or more items failed\"}");
	stage_task_end(s);
	stage_event(s, (struct report_event){.kind = REPORT_WARNING, .msg = "no such group: x"});
	stage_event(s, (struct report_event){.kind = REPORT_WARNING, .msg = "no such group: x"});
	stage_step_end(s, "haproxy", 2500);
}

static const struct report_host_stats stats[] = {
	{.host = "etcd-1", .ok = 4, .changed = 2, .skipped = 1},
	{.host = "etcd-2", .ok = 3, .changed = 1, .skipped = 1, .failed = 1},
	{.host = "etcd-3", .ok = 3, .changed = 1, .skipped = 1, .failed = 1},
	{.host = "lb-1", .ok = 1, .failed = 1, .ignored = 1},
};
static const struct report_step_stats steps[] = {
	{.step = "etcd",
	 .duration_ms = 61000,
	 .critical = true,
	 .nhosts = 3,
	 .changed = 4,
	 .failed = 2},
	{.step = "haproxy", .began_ms = 40, .duration_ms = 2500, .nhosts = 1, .failed = 1},
};

static void play_end(struct stage *s)
{
	s->now_ms += 1000;
	stage_event(s, (struct report_event){.kind = REPORT_RUN_ENDED,
					     .hosts = stats,
					     .nhosts = ARRAY_LEN(stats),
					     .steps = steps,
					     .nsteps = ARRAY_LEN(steps),
					     .duration_ms = 63500});
}

static const struct {
	const char *name;
	struct report_terminal_options opts;
	bool check_mode;
} cases[] = {
	{"pipe.txt", {.width = 80}, false},
	{"pipe_diff.txt", {.width = 80, .diff = true}, false},
	{"pipe_verbose.txt", {.width = 80, .verbosity = 2}, false},
	{"pipe_check.txt", {.width = 80, .diff = true}, true},
	{"color.txt", {.width = 80, .diff = true, .color = true}, false},
};

static void test_pipe(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		struct stage s;
		stage_terminal(&s, cases[i].opts);
		s.check_mode = cases[i].check_mode;
		play_etcd(&s);
		play_haproxy(&s);
		play_end(&s);
		stage_end(&s, &out);
		check_golden(cases[i].name, strbuf_slice(&out));
		assert_int_equal(strchr(out.ptr, '\033') != NULL, cases[i].opts.color);
	}
}

/* The sink's bytes go through a terminal at each tick. */
struct show {
	struct stage stage;
	struct vt vt;
	struct strbuf frames;
};

static void show_frame(struct show *w, int64_t passed_ms)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	stage_tick(&w->stage, passed_ms);
	stage_new_output(&w->stage, &out);
	vt_feed(&w->vt, strbuf_slice(&out));
	strbuf_puts(&w->frames, "==== frame\n");
	vt_text(&w->vt, &w->frames);
}

static void show_begin(struct show *w, unsigned width, unsigned height)
{
	*w = (struct show){0};
	vt_init(&w->vt, width, height);
	stage_terminal(&w->stage,
		       (struct report_terminal_options){
			       .live = true, .color = true, .width = width, .height = height});
}

static void show_end(struct show *w, const char *golden)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	play_end(&w->stage);
	stage_end(&w->stage, &out);
	vt_feed(&w->vt, strbuf_slice(&out));
	strbuf_puts(&w->frames, "==== end\n");
	vt_text(&w->vt, &w->frames);
	check_golden(golden, strbuf_slice(&w->frames));
	strbuf_release(&w->frames);
	vt_release(&w->vt);
}

static void test_live(void **state UNUSED)
{
	struct show w;
	show_begin(&w, 80, 24);
	struct stage *s = &w.stage;
	stage_run(s, "ha-cluster", 4, 12, 2);
	stage_host_state(s, "etcd-1", REPORT_HOST_CONNECTING, NULL);
	stage_host_state(s, "etcd-2", REPORT_HOST_CONNECTING, NULL);
	show_frame(&w, 100);
	stage_host_state(s, "etcd-1", REPORT_HOST_UP, NULL);
	stage_host_state(s, "etcd-2", REPORT_HOST_UP, NULL);
	stage_step(s, "etcd", "etcd", 2);
	stage_task(s, 1, "Write the unit", "copy");
	stage_started(s, "etcd-1 etcd-2");
	stage_task(s, 2, "Wait until the cluster has a leader and answers on every member",
		   "command");
	stage_started(s, "etcd-1 etcd-2");
	stage_task(s, 1, "Write the unit", "copy");
	stage_result(s, "etcd-1", REPORT_CHANGED, "{\"changed\":true}");
	show_frame(&w, 1000);
	stage_result(s, "etcd-2", REPORT_CHANGED, "{\"changed\":true}");
	stage_task_end(s);
	stage_task(s, 2, "Wait until the cluster has a leader and answers on every member",
		   "command");
	stage_output(s, "etcd-1", "10%\r20%\r30%\nprogress: \033]0;evil\a 40%\n");
	stage_output(s, "etcd-2", "not a whole li");
	stage_event(s,
		    (struct report_event){
			    .kind = REPORT_RETRY, .host = "etcd-2", .attempt = 3, .retries = 30});
	show_frame(&w, 2000);
	stage_result(s, "etcd-1", REPORT_OK, "{}");
	stage_result(s, "etcd-2", REPORT_FAILED, START_FAILED);
	show_frame(&w, 100);
	stage_task_end(s);
	stage_step_end(s, "etcd", 3200);
	show_frame(&w, 60000);
	show_end(&w, "live.txt");
}

static void test_live_many(void **state UNUSED)
{
	struct show w;
	show_begin(&w, 40, 16);
	struct stage *s = &w.stage;
	stage_run(s, "many", 40, 200, 1);
	stage_step(s, "base", "base", 40);
	for (unsigned i = 0; i < 40; i++) {
		char host[64], task[64];
		snprintf(host, sizeof(host), "worker-%u.ünïcode.example.org", i);
		snprintf(task, sizeof(task), "Task number %u 日本語の名前", i % 12);
		stage_task(s, 1 + i % 12, task, "copy");
		stage_host_state(s, host, REPORT_HOST_UP, NULL);
		stage_started(s, host);
		s->now_ms += 50;
	}
	show_frame(&w, 100);
	show_frame(&w, 100);
	show_end(&w, "live_many.txt");
}

/* CI kills a job that says nothing: after a minute the pipe hears what goes on. */
static void test_silence(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct stage s;
	stage_terminal(&s, (struct report_terminal_options){.width = 80});
	stage_run(&s, "slow", 2, 1, 1);
	stage_step(&s, "etcd", "etcd", 2);
	stage_task(&s, 1, "Wait for a quorum", "wait_for");
	stage_started(&s, "etcd-1 etcd-2");
	for (int i = 0; i < 1300; i++)
		stage_tick(&s, 100);
	stage_end(&s, &out);
	check_golden("silence.txt", strbuf_slice(&out));
}

static void test_interrupted(void **state UNUSED)
{
	static const struct report_host_stats left[] = {{.host = "a", .ok = 1, .not_reached = true},
							{.host = "b", .unreachable = 1}};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct stage s;
	stage_terminal(&s, (struct report_terminal_options){.width = 80});
	stage_run(&s, "x", 2, 3, 1);
	stage_step(&s, "base", "base", 2);
	stage_event(&s, (struct report_event){
				.kind = REPORT_RESULT,
				.host = "b",
				.status = REPORT_UNREACHABLE,
				.msg = "b: host key of 10.0.0.2 is not known\nto trust it: "
				       "ssh-keyscan 10.0.0.2 >> ~/.ssh/known_hosts"});
	stage_task(&s, 1, "Done on a only", "copy");
	stage_started(&s, "a");
	stage_result(&s, "a", REPORT_CHANGED, "{}");
	s.task = NULL;
	stage_event(&s, (struct report_event){.kind = REPORT_RUN_ENDED,
					      .hosts = left,
					      .nhosts = 2,
					      .duration_ms = 1500,
					      .interrupted = true});
	stage_end(&s, &out);
	check_golden("interrupted.txt", strbuf_slice(&out));
}

static void test_json(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct stage s;
	stage_json(&s);
	play_etcd(&s);
	play_haproxy(&s);
	stage_task(&s, 8, "Long", "command");
	stage_output(&s, "lb-1", "one\ntw");
	stage_output(&s, "lb-1", "o\nrest \xff");
	s.is_handler = true;
	stage_event(&s, (struct report_event){
				.kind = REPORT_RETRY, .host = "lb-1", .attempt = 1, .retries = 5});
	stage_result(&s, "lb-1", REPORT_UNKNOWN, "{}");
	s.task = NULL;
	play_end(&s);
	stage_end(&s, &out);
	check_golden("events.jsonl", strbuf_slice(&out));
}

/* Hosts are named in the run's order, whoever answers first. */
static void test_order_of_hosts(void **state UNUSED)
{
	static const struct report_host_stats hosts[] = {
		{.host = "w1"}, {.host = "w2"}, {.host = "db"}};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct stage s;
	stage_terminal(&s, (struct report_terminal_options){.width = 80, .diff = true});
	stage_event(&s, (struct report_event){.kind = REPORT_RUN_STARTED,
					      .run_name = "x",
					      .hosts = hosts,
					      .nhosts = ARRAY_LEN(hosts)});
	stage_step(&s, "web", "web", 3);
	stage_task(&s, 1, "Unit", "copy");
	stage_started(&s, "w1 w2 db");
	stage_result(&s, "db", REPORT_CHANGED,
		     "{\"diff\": {\"before\": \"\", \"after\": \"db\\n\"}}");
	stage_result(&s, "w2 w1", REPORT_CHANGED,
		     "{\"diff\": {\"before\": \"\", \"after\": \"w\\n\"}}");
	stage_task_end(&s);
	stage_end(&s, &out);
	check_golden("order_of_hosts.txt", strbuf_slice(&out));
}

/* A task that not all hosts come to is told before its step's end. */
static void test_task_of_some(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct stage s;
	stage_terminal(&s, (struct report_terminal_options){.width = 80});
	stage_run(&s, "x", 2, 1, 1);
	stage_step(&s, "web", "web", 2);
	stage_task(&s, 1, "Restart", "service");
	stage_started(&s, "w1");
	stage_result(&s, "w1", REPORT_CHANGED, "{}");
	stage_step_end(&s, "web", 1000);
	stage_end(&s, &out);
	check_golden("task_of_some.txt", strbuf_slice(&out));
}

/* A closed pipe ends the writing, not the run. */
static void test_nobody_reads(void **state UNUSED)
{
	struct report_sink sink = report_terminal(&(struct report_terminal_options){.fd = -1});
	struct report_event e = {.kind = REPORT_RUN_STARTED, .run_name = "x"};
	sink.ops->event(sink.self, &e);
	sink.ops->event(sink.self, &e);
	sink.ops->free(sink.self);
	sink = report_json(-1);
	sink.ops->event(sink.self, &e);
	sink.ops->free(sink.self);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pipe),	     cmocka_unit_test(test_live),
		cmocka_unit_test(test_live_many),    cmocka_unit_test(test_silence),
		cmocka_unit_test(test_interrupted),  cmocka_unit_test(test_json),
		cmocka_unit_test(test_nobody_reads), cmocka_unit_test(test_order_of_hosts),
		cmocka_unit_test(test_task_of_some),
	};
	setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
