#include "process.h"

#include "../call.h"
#include "rollout/base/clock.h"

#include <time.h>

const struct value *process_lines(struct arena *a, struct slice text)
{
	struct value *lines = value_list_new(a);
	size_t start = 0;
	for (size_t i = 0; i < text.len; i++) {
		char c = text.ptr[i];
		if (c != '\n' && c != '\r')
			continue;
		value_list_push(a, lines,
				value_str(a, (struct slice){text.ptr + start, i - start}));
		if (c == '\r' && i + 1 < text.len && text.ptr[i + 1] == '\n')
			i++;
		start = i + 1;
	}
	if (start < text.len)
		value_list_push(a, lines,
				value_str(a, (struct slice){text.ptr + start, text.len - start}));
	return lines;
}

static void put_output(struct module_call *call, const char *name, const char *lines_name,
		       const struct strbuf *bytes, bool keep_ends)
{
	struct slice text = strbuf_slice(bytes);
	while (!keep_ends && text.len &&
	       (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
		text.len--;
	result_put(call, name, value_str(call->arena, text));
	result_put(call, lines_name, process_lines(call->arena, text));
}

/* As Python prints a datetime, in local time. */
static void put_time(struct module_call *call, const char *key, int64_t us)
{
	char text[64];
	struct tm tm;
	time_t s = (time_t)(us / 1000000);
	localtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	result_put(call, key, value_fmt(call->arena, "%s.%06d", text, (int)(us % 1000000)));
}

static void put_times(struct module_call *call, int64_t start_us, int64_t end_us)
{
	int64_t delta = end_us > start_us ? end_us - start_us : 0;
	int seconds = (int)(delta / 1000000);
	put_time(call, "start", start_us);
	put_time(call, "end", end_us);
	result_put(call, "delta",
		   value_fmt(call->arena, "%d:%02d:%02d.%06d", seconds / 3600, seconds / 60 % 60,
			     seconds % 60, (int)(delta % 1000000)));
}

static void put_result(struct module_call *call, const struct process *p,
		       const struct host_command_result *result)
{
	result_changed(call);
	if (result->unknown) {
		result_unknown(call, "would run");
		return;
	}
	result_put_int(call, "rc", result->exit_code);
	put_output(call, "stdout", "stdout_lines", &result->out, p->keep_empty_ends);
	put_output(call, "stderr", "stderr_lines", &result->err, p->keep_empty_ends);
	if (result->truncated)
		result_warn(call, "more than %u MB of output; the rest was dropped",
			    HOST_OUTPUT_MAX >> 20);
	if (result->timed_out)
		call_fail(call, "the command took too long and was killed");
	else if (result->exit_code != 0)
		call_fail(call, "non-zero return code");
	else if (!p->bare)
		result_put_str(call, "msg", "");
}

static void on_output(void *ctx, int stream, struct slice bytes)
{
	const struct module_call *call = ctx;
	call->services->output(call->services->self, stream, bytes);
}

int process_run(struct module_call *call, const struct process *p, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct host_command cmd = {.argv = p->argv,
				   .cwd = p->cwd,
				   .stdin_bytes = p->stdin_bytes,
				   .mode_umask = -1,
				   .ctx = call};
	/* Output of a no_log task goes nowhere. */
	if (call->services && call->services->output && !call->no_log)
		cmd.on_output = on_output;
	int64_t start_us = clock_realtime_us();
	if (p->cmd)
		result_put(call, "cmd", p->cmd);
	int r = call->host->ops->run(call->host, &cmd, &result, err);
	if (r < 0) {
		/* What Ansible gives for a program that is not there. */
		result_put_int(call, "rc", 2);
		return r;
	}
	if (!result.unknown && !p->bare)
		put_times(call, start_us, clock_realtime_us());
	put_result(call, p, &result);
	return 0;
}

static void put_skipped(struct module_call *call, const char *path, const char *verb)
{
	result_put(call, "stdout", value_fmt(call->arena, "skipped, since %s %s", path, verb));
	result_put(call, "stdout_lines",
		   process_lines(call->arena, value_get(call->result, "stdout")->str));
	result_put_str(call, "stderr", "");
	result_put(call, "stderr_lines", value_list_new(call->arena));
	result_put_int(call, "rc", 0);
	result_put(call, "msg",
		   strcmp(call->module->name, "script") == 0
			   ? value_fmt(call->arena, "%s %s, matching %s option", path, verb,
				       strcmp(verb, "exists") == 0 ? "creates" : "removes")
			   : value_fmt(call->arena, "%s run command since '%s' %s",
				       call->check_mode ? "Would not" : "Did not", path, verb));
}

int process_guard(struct module_call *call, const char *cwd, bool *ret_skip, struct err *err)
{
	const char *creates = arg_str(call, "creates"), *removes = arg_str(call, "removes");
	bool exists = false;
	int r = 0;
	*ret_skip = false;
	if (creates)
		r = call_path_exists(call, call_absolute_path(call, cwd, creates), &exists, err);
	if (r == 0 && exists) {
		put_skipped(call, creates, "exists");
		*ret_skip = true;
		return 0;
	}
	exists = true;
	if (r == 0 && removes)
		r = call_path_exists(call, call_absolute_path(call, cwd, removes), &exists, err);
	if (r == 0 && !exists) {
		put_skipped(call, removes, "does not exist");
		*ret_skip = true;
	}
	return r;
}
