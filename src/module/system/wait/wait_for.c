/*
 * wait_for: until a port answers or a path is there, or is so no more. Files
 * are seen through the host; the network is asked directly.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/wait_for_module.html
 */
#include "../../call.h"
#include "../../path/file_search.h"
#include "../../path/path_state.h"
#include "../../regex.h"
#include "address.h"
#include "connections.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define POLL_MAX_MS 3600000
#define BANNER_MAX (1u << 20)

static const char *const states[] = {"started", "present", "stopped", "absent", "drained", NULL};
static const char *const tcp_states[] = {"ESTABLISHED", "FIN_WAIT1", "FIN_WAIT2", "SYN_RECV",
					 "SYN_SENT",	"TIME_WAIT", NULL};

static const struct module_param params[] = {
	{.name = "host", .type = MODULE_STR, .fallback = "127.0.0.1", .doc = "Name or address."},
	{.name = "port", .type = MODULE_INT, .doc = "TCP port to connect to."},
	{.name = "path", .type = MODULE_PATH, .doc = "A path instead of a port."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "started",
	 .choices = states,
	 .doc = "started and present wait until it is there, stopped and absent until it is not; "
		"drained until nobody is connected to the port."},
	{.name = "active_connection_states",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[ESTABLISHED, FIN_WAIT1, FIN_WAIT2, SYN_RECV, SYN_SENT, TIME_WAIT]",
	 .choices = tcp_states,
	 .doc = "With drained: the connections that count."},
	{.name = "exclude_hosts",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "With drained: connections from these do not count."},
	{.name = "timeout",
	 .type = MODULE_INT,
	 .fallback = "300",
	 .doc = "How long to wait at most, in seconds."},
	{.name = "connect_timeout",
	 .type = MODULE_INT,
	 .fallback = "5",
	 .doc = "How long one connection may take, in seconds."},
	{.name = "delay",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Seconds to wait before the first look."},
	{.name = "sleep", .type = MODULE_INT, .fallback = "1", .doc = "Seconds between two looks."},
	{.name = "search_regex",
	 .type = MODULE_STR,
	 .doc = "Has to be found in the file, or in what the port sends."},
	{.name = "msg", .type = MODULE_STR, .doc = "Message instead of the usual one on failure."},
	{0},
};

struct wait {
	const char *host, *path, *regex;
	int64_t port, timeout_ms, connect_timeout_ms;
	int64_t start_ms, end_ms;
	bool until_gone, until_drained;
	struct addresses local, exclude; /* until_drained */
	struct regex *pattern;
	const struct value *groups, *named;
};

static void sleep_ms(int64_t ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
	while (ms > 0 && nanosleep(&ts, &ts) < 0 && errno == EINTR)
		continue;
}

static int64_t at_most(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static const struct value *group_value(struct arena *a, struct slice group)
{
	return group.ptr ? value_str(a, group) : value_null();
}

/* Keeps the match's groups for the result. */
static bool matches(struct module_call *call, struct wait *w, struct slice text)
{
	if (regex_search(w->pattern, text, 0, NULL) != 1)
		return false;
	struct value *groups = value_list_new(call->arena), *named = value_dict_new(call->arena);
	for (unsigned i = 1; i <= regex_group_count(w->pattern); i++) {
		const struct value *v = group_value(call->arena, regex_group_text(w->pattern, i));
		const char *name = regex_group_name(w->pattern, i);
		value_list_push(call->arena, groups, v);
		if (name)
			value_dict_put(call->arena, named, name, v);
	}
	w->groups = groups;
	w->named = named;
	return true;
}

/* Reads until the expression is found, the peer is done, or time is up. */
static bool banner_matches(struct module_call *call, struct wait *w, int fd)
{
	CLEANUP(strbuf_release) struct strbuf seen = {0};
	int64_t end = at_most(clock_now_ms() + w->connect_timeout_ms, w->end_ms);
	while (seen.len < BANNER_MAX) {
		struct pollfd p = {.fd = fd, .events = POLLIN};
		int64_t left = end - clock_now_ms();
		if (left <= 0 || poll(&p, 1, (int)at_most(left, POLL_MAX_MS)) != 1)
			return false;
		ssize_t n = read(fd, strbuf_reserve(&seen, 4096), 4096);
		if (n <= 0)
			return false;
		strbuf_grew(&seen, (size_t)n);
		if (matches(call, w, strbuf_slice(&seen)))
			return true;
	}
	return false;
}

/* Resolved anew each time: a name may appear while we wait. */
static bool port_is_there(struct module_call *call, struct wait *w)
{
	CLEANUP(fd_close) int fd = -1;
	struct addresses to;
	int64_t left = w->end_ms - clock_now_ms();
	if (addresses_find(call, w->host, (uint16_t)w->port, &to, NULL) < 0)
		return false;
	fd = addresses_connect(&to, at_most(w->connect_timeout_ms, left > 1 ? left : 1));
	if (fd < 0)
		return false;
	return !w->pattern || w->until_gone || banner_matches(call, w, fd);
}

struct looking {
	struct module_call *call;
	struct wait *w;
};

static bool look(void *ctx, struct slice window)
{
	const struct looking *l = ctx;
	return matches(l->call, l->w, window);
}

static int path_is_there(struct module_call *call, struct wait *w, bool *ret, struct err *err)
{
	struct host_stat st;
	struct looking l = {call, w};
	const struct file_search s = {&l, look};
	int r = call->host->ops->stat(call->host, call->arena, w->path, true, &st, err);
	if (r < 0)
		return r;
	*ret = st.type != HOST_ABSENT;
	if (!*ret || !w->pattern || st.type != HOST_FILE)
		return 0;
	/* Gone in between is not there; so is a match that is not there yet. */
	*ret = file_search(call, w->path, &s, ret, NULL) == 0 && *ret;
	return 0;
}

static int find_addresses(struct module_call *call, struct wait *w, struct err *err)
{
	int r = addresses_find(call, w->host, (uint16_t)w->port, &w->local, err);
	for (const char *const *h = arg_list(call, "exclude_hosts", NULL); r == 0 && h && *h; h++) {
		struct addresses one;
		r = addresses_find(call, *h, 0, &one, err);
		for (size_t i = 0; r == 0 && i < one.len && w->exclude.len < ADDRESSES_MAX; i++)
			w->exclude.at[w->exclude.len++] = one.at[i];
	}
	return r;
}

static int is_drained(struct module_call *call, const struct wait *w, bool *ret, struct err *err)
{
	size_t n;
	const struct connections_query q = {
		.port = (uint16_t)w->port,
		.local = &w->local,
		.exclude = &w->exclude,
		.states = arg_list(call, "active_connection_states", NULL)};
	int r = connections_count(call, &q, &n, err);
	if (r == 0)
		*ret = n == 0;
	return r;
}

static int is_met(struct module_call *call, struct wait *w, bool *ret, struct err *err)
{
	bool there = false;
	int r = 0;
	if (w->until_drained)
		return is_drained(call, w, ret, err);
	if (w->path)
		r = path_is_there(call, w, &there, err);
	else
		there = port_is_there(call, w);
	if (r == 0)
		*ret = there != w->until_gone;
	return r;
}

static const char *what(struct module_call *call, const struct wait *w)
{
	const char *place =
		w->path ? w->path
			: arena_printf(call->arena, "%s:%lld", w->host, (long long)w->port);
	if (w->regex && !w->until_gone)
		return arena_printf(call->arena, "search string %s in %s", w->regex, place);
	if (w->path)
		return arena_printf(call->arena, w->until_gone ? "%s to be absent." : "file %s",
				    place);
	if (w->until_drained)
		return arena_printf(call->arena, "%s to drain", place);
	return arena_printf(call->arena, w->until_gone ? "%s to stop." : "%s", place);
}

static void put_result(struct module_call *call, const struct wait *w)
{
	result_put_int(call, "elapsed", (clock_now_ms() - w->start_ms) / 1000);
	result_put_str(call, "state", arg_str(call, "state"));
	result_put_str(call, "path", w->path);
	if (w->port)
		result_put_int(call, "port", w->port);
	else
		result_put_str(call, "port", NULL);
	result_put_str(call, "search_regex", w->regex);
	result_put(call, "match_groups", w->groups ? w->groups : value_list_new(call->arena));
	result_put(call, "match_groupdict", w->named ? w->named : value_dict_new(call->arena));
}

static int wait_until(struct module_call *call, struct wait *w, struct err *err)
{
	int64_t pause = call_arg_ms(call, "sleep", 1);
	for (;;) {
		bool met = false;
		int r = is_met(call, w, &met, err);
		int64_t left = w->end_ms - clock_now_ms();
		if (r < 0 || met)
			return r;
		if (call->check_mode) {
			result_unknown(call, "would wait for %s", what(call, w));
			return 0;
		}
		if (left <= 0)
			break;
		sleep_ms(at_most(pause > 0 ? pause : 10, left));
	}
	const char *msg = arg_str(call, "msg");
	if (msg)
		call_fail(call, "%s", msg);
	else
		call_fail(call, "Timeout when waiting for %s", what(call, w));
	return 0;
}

static int wait_init(struct module_call *call, struct wait *w, struct err *err)
{
	const char *state = arg_str(call, "state");
	*w = (struct wait){.host = arg_str(call, "host"),
			   .path = arg_str(call, "path"),
			   .regex = arg_str(call, "search_regex"),
			   .port = arg_int(call, "port", 0),
			   .timeout_ms = call_arg_ms(call, "timeout", 300),
			   .connect_timeout_ms = call_arg_ms(call, "connect_timeout", 5),
			   .start_ms = clock_now_ms(),
			   .until_drained = strcmp(state, "drained") == 0,
			   .until_gone =
				   strcmp(state, "stopped") == 0 || strcmp(state, "absent") == 0};
	w->end_ms = w->start_ms + w->timeout_ms;
	if (w->port < 0 || w->port > 65535)
		return err_set(err, ERR_INVALID, "%lld is not a port", (long long)w->port);
	if (w->until_drained && (w->path || !w->port))
		return err_set(err, ERR_INVALID, "state drained needs a port");
	if (arg_has(call, "exclude_hosts") && !w->until_drained)
		return err_set(err, ERR_INVALID, "exclude_hosts should only be with state=drained");
	if (!w->path && !w->port && w->until_gone)
		return err_set(err, ERR_INVALID, "state %s needs a port or a path", state);
	return w->regex ? regex_compile("search_regex", slice_from(w->regex), REGEX_MULTILINE,
					&w->pattern, err)
			: 0;
}

/* What the path is: as for every module that returns one. */
static int put_file(struct module_call *call, const struct wait *w, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, w->path, false, &st, err);
	return r < 0 || st.type == HOST_ABSENT ? r : path_state_put(call, w->path, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct wait w;
	int r = wait_init(call, &w, err);
	if (r == 0 && w.until_drained)
		r = find_addresses(call, &w, err);
	if (r < 0)
		return r;
	if (!call->check_mode)
		sleep_ms(call_arg_ms(call, "delay", 0));
	if (w.path || w.port)
		r = wait_until(call, &w, err);
	else if (!call->check_mode) /* Nothing to look at: a pause. */
		sleep_ms(w.end_ms - clock_now_ms());
	if (r == 0)
		put_result(call, &w);
	if (r == 0 && w.path && !w.until_gone)
		r = put_file(call, &w, err);
	regex_free(w.pattern);
	return r;
}

static const char *const excludes[] = {"port|path", NULL};

const struct module module_wait_for = {
	.name = "wait_for",
	.full_name = "ansible.builtin.wait_for",
	.doc = "Waits for a port or a file.",
	.params = params,
	.mutually_exclusive = excludes,
	.run = run,
};
