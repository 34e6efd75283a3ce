#include "player.h"

#include "rollout/base/file.h"
#include "rollout/value/json.h"
#include "rollout/value/yaml.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct player_host {
	struct transport_events events;
	void *ctx;
	char name[64];
	uv_timer_t *timer;
	struct wire_reader heard;
	struct strbuf said;
	unsigned idle; /* turns */
	enum { PLAYER_OPENING, PLAYER_UP, PLAYER_LOST, PLAYER_CLOSED } state;
};

static const struct player_script *script;
static unsigned connections;
static bool was_local;
static char dir[200];

static void free_timer(uv_handle_t *h)
{
	free(h);
}

static void end(struct player_host *h)
{
	const struct transport_events events = h->events;
	struct err lost = {.code = ERR_UNREACHABLE, .msg = "the host hung up"};
	void *ctx = h->ctx;
	bool closed = h->state == PLAYER_CLOSED;
	uv_close((uv_handle_t *)h->timer, free_timer);
	wire_reader_release(&h->heard);
	strbuf_release(&h->said);
	free(h);
	events.on_down(ctx, closed ? NULL : &lost);
}

static void deliver(struct player_host *h)
{
	struct strbuf now = h->said;
	h->said = (struct strbuf){0};
	if (now.len)
		h->events.on_data(h->ctx, strbuf_slice(&now));
	strbuf_release(&now);
}

static void on_time(uv_timer_t *timer);

static void soon(struct player_host *h)
{
	uv_timer_start(h->timer, on_time, 0, 0);
}

static void on_time(uv_timer_t *timer)
{
	struct player_host *h = timer->data;
	if (h->state == PLAYER_OPENING) {
		const struct transport_info info = {.machine = "x86_64"};
		h->state = PLAYER_UP;
		if (script->begin)
			script->begin(script->ctx, h);
		else
			player_hello(h);
		h->events.on_up(h->ctx, &info);
	}
	h->idle = h->said.len ? 0 : h->idle + 1;
	deliver(h);
	if (h->state == PLAYER_UP && script->patience && h->idle > script->patience)
		h->state = PLAYER_LOST;
	if (h->state >= PLAYER_LOST)
		end(h);
	else if (script->patience)
		soon(h);
}

/* ---- in place of src/transport ---- */

struct transport *transport_open(uv_loop_t *loop, const struct transport_target *target,
				 const struct transport_events *events, void *ctx)
{
	struct player_host *h = xcalloc(1, sizeof(*h));
	h->events = *events;
	h->ctx = ctx;
	snprintf(h->name, sizeof(h->name), "%s", target->name);
	h->timer = xcalloc(1, sizeof(*h->timer));
	h->timer->data = h;
	uv_timer_init(loop, h->timer);
	connections++;
	was_local |= target->kind == TRANSPORT_LOCAL;
	soon(h);
	return (struct transport *)h;
}

void transport_send(struct transport *t, struct slice bytes)
{
	struct player_host *h = (struct player_host *)t;
	struct wire_frame frame;
	struct err err = {0};
	if (h->state != PLAYER_UP)
		return;
	h->idle = 0;
	wire_reader_feed(&h->heard, bytes.ptr, bytes.len);
	while (wire_reader_next(&h->heard, &frame, &err) > 0)
		if (script->frame)
			script->frame(script->ctx, h, &frame);
}

size_t transport_queued(const struct transport *t UNUSED)
{
	return 0;
}

void transport_close(struct transport *t)
{
	struct player_host *h = (struct player_host *)t;
	if (h->state == PLAYER_CLOSED)
		return;
	h->state = PLAYER_CLOSED;
	soon(h);
}

/* ---- what a script does ---- */

void player_say_raw(struct player_host *h, struct slice bytes)
{
	strbuf_slice_append(&h->said, bytes);
	soon(h);
}

void player_say_bytes(struct player_host *h, enum wire_type type, uint32_t id, struct slice bytes)
{
	wire_put_bytes(&h->said, type, id, bytes);
	soon(h);
}

void player_say(struct player_host *h, enum wire_type type, uint32_t id, const char *yaml)
{
	struct arena a = {0};
	struct err err = {0};
	const struct value *v;
	if (yaml_parse(&a, "player", slice_from(yaml), &v, &err) < 0)
		abort();
	wire_put_value(&h->said, type, id, v);
	arena_release(&a);
	soon(h);
}

void player_hello(struct player_host *h)
{
	char text[100];
	snprintf(text, sizeof(text), "{version: %d, pid: 1, uid: 0, user: root}", WIRE_VERSION);
	player_say(h, WIRE_HELLO, 0, text);
}

void player_hang_up(struct player_host *h)
{
	if (h->state == PLAYER_UP)
		h->state = PLAYER_LOST;
	soon(h);
}

const char *player_name(const struct player_host *h)
{
	return h->name;
}

bool player_is_unheard(const struct player_host *h)
{
	return h->said.len > 0;
}

unsigned player_connections(void)
{
	return connections;
}

bool player_was_local(void)
{
	return was_local;
}

/* ---- the run ---- */

static void on_event(void *self, const struct report_event *e)
{
	struct strbuf *out = self;
	if (e->kind == REPORT_RESULT)
		strbuf_printf(out, "%s %s %s\n", e->host, report_status_name(e->status),
			      e->msg ? e->msg : "");
	else if (e->kind == REPORT_HOST_STATE)
		strbuf_printf(out, "%s %s %s\n", e->host, report_host_state_name(e->host_state),
			      e->msg ? e->msg : "");
	else if (e->kind == REPORT_WARNING)
		strbuf_printf(out, "warning %s\n", e->msg);
}

static void remove_folder(void)
{
	char path[250];
	snprintf(path, sizeof(path), "rm -rf -- '%s'", dir);
	if (system(path) != 0)
		fprintf(stderr, "%s\n", path);
}

const char *player_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	if (dir[0])
		return dir;
	snprintf(dir, sizeof(dir), "%.150s/player.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		abort();
	atexit(remove_folder);
	return dir;
}

static int execute(const struct plan_options *plan_opts, const char *hosts, struct strbuf *events,
		   enum run_exit *ret, struct err *err)
{
	static const struct report_sink_ops ops = {.event = on_event};
	const struct report_sink sink = {&ops, events};
	const struct run_options opts = {
		.forks = 5,
		.sinks = &sink,
		.nsinks = 1,
		.connect_retries = script->retries,
		.ping_interval_ms = script->ping_interval_ms,
		.incoming_max = script->incoming_max,
	};
	struct inventory *inv = inventory_new();
	struct template_env *env = template_env_new();
	struct plan *plan = NULL;
	int r = inventory_add_source(inv, hosts, err);
	if (r == 0)
		r = inventory_finish(inv, err);
	if (r == 0)
		r = plan_load(plan_opts, inv, env, &plan, err);
	if (r == 0)
		r = run_execute(&opts, plan, ret, err);
	plan_free(plan);
	template_env_free(env);
	inventory_free(inv);
	return r;
}

enum run_exit player_run(const char *playbook, const char *hosts, const struct player_script *s,
			 struct strbuf *events)
{
	struct err err = {0};
	char path[250], text[1024];
	enum run_exit ret = RUN_EXIT_ERROR;
	snprintf(path, sizeof(path), "%s/site.yml", player_folder());
	script = s;
	connections = 0;
	was_local = false;
	if (file_write_atomic(path, playbook, strlen(playbook), 0600, &err) < 0)
		abort();
	const struct plan_options opts = {.site_path = path};
	if (execute(&opts, hosts, events, &ret, &err) < 0) {
		fprintf(stderr, "%s\n", err_format(&err, text, sizeof(text)));
		abort();
	}
	return ret;
}
