#include "probe.h"

#include "rollout/base/digest.h"
#include "rollout/base/file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>
#include <zlib.h>

static char folder[64];

const char *probe_folder(void)
{
	if (!folder[0]) {
		strcpy(folder, "/tmp/rollout-test-XXXXXX");
		assert(mkdtemp(folder));
	}
	return folder;
}

void probe_clean(void)
{
	char command[128];
	if (!folder[0])
		return;
	snprintf(command, sizeof(command), "rm -rf %s", folder);
	assert(system(command) == 0);
	folder[0] = '\0';
}

const char *probe_path(const char *name)
{
	static char ring[8][256];
	static unsigned at;
	char *p = ring[at++ % 8];
	snprintf(p, sizeof(ring[0]), "%s/%s", probe_folder(), name);
	return p;
}

void probe_write(const char *name, const char *text, unsigned mode)
{
	struct err err = {0};
	int r = file_write_atomic(probe_path(name), text, strlen(text), mode, &err);
	assert(r == 0);
}

static void on_up(void *ctx, const struct transport_info *info)
{
	struct probe *p = ctx;
	assert(!p->up && !info->machine == p->login_only);
	p->up = true;
	if (p->login_only) {
		transport_send(p->transport, SLICE_LIT("to nobody"));
		transport_close(p->transport);
		return;
	}
	p->cached = info->agent_was_cached;
	CLEANUP(strbuf_release) struct strbuf bytes = {0};
	for (size_t i = 0; i < p->want && !p->other; i++)
		strbuf_putc(&bytes, (char)(i * 7 + i / 253));
	transport_send(p->transport, strbuf_slice(&bytes));
	if (p->close_when_up)
		transport_close(p->transport);
}

static bool is_sending;

static void send_to(const struct probe *to)
{
	if (!to->up || to->downs || to->got.len >= to->want)
		return;
	is_sending = true;
	transport_send(to->transport, SLICE_LIT("x"));
	is_sending = false;
}

static void on_data(void *ctx, struct slice bytes)
{
	struct probe *p = ctx;
	bool over = p->got.len >= p->want;
	p->was_nested |= is_sending;
	strbuf_slice_append(&p->got, bytes);
	if (p->other && !over)
		send_to(p->other);
	if (p->got.len >= p->want)
		transport_close(p->transport);
}

static void on_down(void *ctx, const struct err *why)
{
	struct probe *p = ctx;
	p->downs++;
	if (why)
		p->why = *why;
}

static const struct transport_events events = {
	.on_up = on_up, .on_data = on_data, .on_down = on_down};

/* Its agent's image, in what is the caller's. */
struct packed {
	unsigned char bytes[4096];
	char hash[DIGEST_HEX_MAX];
	struct utsname machine;
	struct transport_agent_image image;
};

static void pack(struct packed *to, const char *agent)
{
	uLongf size = sizeof(to->bytes);
	uname(&to->machine);
	compress2(to->bytes, &size, (const unsigned char *)agent, strlen(agent), 9);
	digest_bytes(DIGEST_SHA256, agent, strlen(agent), to->hash);
	to->image = (struct transport_agent_image){to->machine.machine, to->bytes, size,
						   strlen(agent), to->hash};
}

static const char echo[] = "#!/bin/sh\nexec cat\n";
/* Talks without being asked. */
static const char chatter[] = "#!/bin/sh\nhead -c 4000000 /dev/zero\nexec cat >/dev/null\n";

void probe_run(struct probe *p, struct transport_target *target)
{
	struct packed packed;
	uv_loop_t loop;
	pack(&packed, p->agent ? p->agent : echo);
	target->images = &packed.image;
	target->nimages = p->no_images ? 0 : 1;
	target->login_only = p->login_only;
	target->login_command = p->login_command;
	target->name = target->name ? target->name : "host1";
	p->want = p->want ? p->want : 5;
	uv_loop_init(&loop);
	p->transport = transport_open(&loop, target, &events, p);
	assert(p->downs == 0);
	if (p->close_at_once)
		transport_close(p->transport);
	assert(p->downs == 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	assert(uv_loop_close(&loop) == 0);
	assert(p->downs == 1);
	for (size_t i = 0; i < p->got.len; i++)
		assert(p->got.ptr[i] == (char)(i * 7 + i / 253));
}

void probe_run_pair(struct probe pair[2], struct transport_target *target)
{
	struct packed packed;
	uv_loop_t loop;
	pack(&packed, chatter);
	target->images = &packed.image;
	target->nimages = 1;
	target->name = "host1";
	uv_loop_init(&loop);
	for (int i = 0; i < 2; i++) {
		pair[i].other = &pair[1 - i];
		pair[i].transport = transport_open(&loop, target, &events, &pair[i]);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	assert(uv_loop_close(&loop) == 0);
	assert(pair[0].downs == 1 && pair[1].downs == 1);
}

void probe_release(struct probe *p)
{
	strbuf_release(&p->got);
	*p = (struct probe){0};
}
