/* Bytes from the agent: its frames, and how much of unfinished ones is kept. A frame may
 * be large, and there may be hundreds of hosts: together they have a budget. */
#include "../run.h"
#include "answers.h"
#include "parts.h"

/* What the reader holds now counts in the run's sum. */
static void account(struct link *l)
{
	l->run->held_bytes += l->reader.buf.cap - l->held_bytes;
	l->held_bytes = l->reader.buf.cap;
}

void hearing_reset(struct link *l)
{
	wire_reader_release(&l->reader);
	l->reader = (struct wire_reader){0};
	account(l);
}

void hearing_refuse(struct link *l, const struct err *why)
{
	l->refused = *why;
	hearing_reset(l);
	transport_close(l->transport);
}

static struct link *largest(const struct run *run)
{
	struct link *best = run->links.at[0];
	for (size_t i = 1; i < run->links.len; i++)
		if (run->links.at[i]->held_bytes > best->held_bytes)
			best = run->links.at[i];
	return best;
}

static void keep_budget(struct run *run)
{
	size_t most = run->opts->incoming_max ? run->opts->incoming_max : RUN_INCOMING_MAX;
	struct err err = {0};
	if (run->held_bytes <= most)
		return;
	struct link *l = largest(run);
	err_set(&err, ERR_LIMIT,
		"%s: the answers that are under way from all hosts are larger than %zu KiB, and "
		"its is the largest with %zu KiB (fewer --forks help)",
		l->host->inv->name, most >> 10, l->held_bytes >> 10);
	hearing_refuse(l, &err);
}

static int take_frames(struct link *l, struct err *err)
{
	struct wire_frame frame;
	int n, r = 0;
	while (r == 0 && (n = wire_reader_next(&l->reader, &frame, err)) != 0)
		r = n < 0 ? n : answers_take(l, &frame, err);
	return r;
}

void hearing_bytes(void *ctx, struct slice bytes)
{
	struct link *l = ctx;
	struct err err = {0};
	if (l->refused.code)
		return; /* it is being closed: nothing of it counts any more */
	l->heard = true;
	wire_reader_feed(&l->reader, bytes.ptr, bytes.len);
	if (take_frames(l, &err) < 0) {
		hearing_refuse(l, &err);
	} else {
		account(l);
		keep_budget(l->run);
	}
	if (!l->refused.code)
		link_pump(l); /* an answer makes room for tasks that waited */
	run_drain(l->run);
}
