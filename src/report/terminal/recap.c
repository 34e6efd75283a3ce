/* The end: a line per host in Ansible's format, time per step, what to do next. */
#include "../duration.h"
#include "rollout/report/visible.h"
#include "terminal.h"

#define HOST_COLUMNS_MIN 26u /* Ansible's */
#define HOSTS_HINTED_MAX 200u

static void put_count(const struct terminal *t, struct strbuf *out, enum report_status s,
		      unsigned count)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	strbuf_printf(&b, "%s=%-*u", report_status_name(s), t->opts.live ? 2 : 4, count);
	style_put(out, t->opts.color && count > 0, style_of(s), strbuf_slice(&b));
	strbuf_putc(out, ' ');
}

static enum style host_style(const struct report_host_stats *h)
{
	if (h->failed || h->unreachable)
		return STYLE_FAILED;
	return h->changed ? STYLE_CHANGED : STYLE_OK;
}

static void put_name(struct strbuf *out, bool color, enum style style, struct slice name,
		     unsigned columns)
{
	CLEANUP(strbuf_release) struct strbuf b = {0};
	visible_line(&b, name);
	unsigned used = visible_columns(strbuf_slice(&b));
	style_put(out, color, style, strbuf_slice(&b));
	strbuf_printf(out, "%*s", used < columns ? (int)(columns - used) : 0, "");
}

static void put_host(const struct terminal *t, struct strbuf *out,
		     const struct report_host_stats *h, unsigned columns)
{
	put_name(out, t->opts.color, host_style(h), slice_from(h->host), columns);
	strbuf_puts(out, " : ");
	put_count(t, out, REPORT_OK, h->ok);
	put_count(t, out, REPORT_CHANGED, h->changed);
	put_count(t, out, REPORT_UNREACHABLE, h->unreachable);
	put_count(t, out, REPORT_FAILED, h->failed);
	put_count(t, out, REPORT_SKIPPED, h->skipped);
	put_count(t, out, REPORT_RESCUED, h->rescued);
	put_count(t, out, REPORT_IGNORED, h->ignored);
	if (h->unknown)
		put_count(t, out, REPORT_UNKNOWN, h->unknown);
	strbuf_puts(out, h->not_reached ? " not finished" : "");
	while (out->ptr[out->len - 1] == ' ')
		strbuf_truncate(out, out->len - 1);
	strbuf_putc(out, '\n');
}

/* A pipe gets Ansible's columns; a terminal may be narrow. */
static unsigned widest_host(const struct terminal *t, const struct report_event *e)
{
	unsigned widest = t->opts.live ? 1 : HOST_COLUMNS_MIN;
	for (size_t i = 0; i < e->nhosts; i++) {
		unsigned n = visible_columns(slice_from(e->hosts[i].host));
		widest = n > widest ? n : widest;
	}
	return widest;
}

static int64_t critical_ms(const struct report_event *e)
{
	int64_t ms = 0;
	for (size_t i = 0; i < e->nsteps; i++)
		ms += e->steps[i].critical ? e->steps[i].duration_ms : 0;
	return ms;
}

/* "*": of the critical path. */
static void put_step(const struct terminal *t, struct strbuf *out,
		     const struct report_step_stats *s, unsigned columns)
{
	CLEANUP(strbuf_release) struct strbuf start = {0}, time = {0};
	duration_put(&start, s->began_ms);
	duration_put(&time, s->duration_ms);
	put_name(out, t->opts.color, s->failed ? STYLE_FAILED : STYLE_PLAIN, slice_from(s->step),
		 columns);
	strbuf_printf(out, "  %6s  %6s%c  %5zu  %*u  %6u\n", start.ptr, time.ptr,
		      s->critical ? '*' : ' ', s->nhosts, t->check_mode ? 12 : 7, s->changed,
		      s->failed);
}

static void put_steps(const struct terminal *t, struct strbuf *out, const struct report_event *e)
{
	unsigned widest = 4;
	for (size_t i = 0; i < e->nsteps; i++) {
		unsigned n = visible_columns(slice_from(e->steps[i].step));
		widest = n > widest ? n : widest;
	}
	if (e->nsteps == 0)
		return;
	style_printf(out, t->opts.color, STYLE_BOLD, "\n%-*s   start    time   hosts  %s  failed\n",
		     (int)widest, "STEP", t->check_mode ? "would change" : "changed");
	for (size_t i = 0; i < e->nsteps; i++)
		put_step(t, out, &e->steps[i], widest);
}

typedef bool host_test(const struct report_host_stats *h);

static bool host_failed(const struct report_host_stats *h)
{
	return h->failed || h->unreachable;
}
static bool host_left(const struct report_host_stats *h)
{
	return h->not_reached && !host_failed(h);
}

/* "a,b,c" of the hosts concerned, as --limit takes it; returns how many. */
static size_t host_list(struct strbuf *out, const struct report_event *e, host_test *test)
{
	size_t n = 0;
	for (size_t i = 0; i < e->nhosts; i++) {
		if (!test(&e->hosts[i]))
			continue;
		if (n++ > 0)
			strbuf_putc(out, ',');
		visible_line(out, slice_from(e->hosts[i].host));
	}
	return n;
}

static void put_hints(struct strbuf *out, const struct report_event *e)
{
	CLEANUP(strbuf_release) struct strbuf failed = {0}, left = {0};
	size_t nfailed = host_list(&failed, e, host_failed), nleft = host_list(&left, e, host_left);
	if (e->interrupted)
		strbuf_puts(out, "interrupted: run the same command again to go on\n");
	if (nleft > 0 && nleft <= HOSTS_HINTED_MAX)
		strbuf_printf(out, "not finished: %s\n", left.ptr);
	if (nfailed > 0 && nfailed <= HOSTS_HINTED_MAX)
		strbuf_printf(out, "failed hosts alone, once more: --limit %s\n", failed.ptr);
}

static void put_total(const struct terminal *t, struct strbuf *out, const struct report_event *e)
{
	unsigned changed = 0, unknown = 0, failed = 0;
	for (size_t i = 0; i < e->nhosts; i++) {
		changed += e->hosts[i].changed;
		unknown += e->hosts[i].unknown;
		failed += host_failed(&e->hosts[i]);
	}
	strbuf_puts(out, "\ntotal ");
	duration_put(out, e->duration_ms ? e->duration_ms : t->event_ms - t->started_ms);
	if (e->nsteps > 1) {
		strbuf_puts(out, ", critical path (*) ");
		duration_put(out, critical_ms(e));
	}
	if (t->check_mode)
		strbuf_printf(out, ", check mode: nothing was changed; %u would change", changed);
	else
		strbuf_printf(out, ", %u changed", changed);
	if (unknown)
		strbuf_printf(out, ", %u would run (effect not known before)", unknown);
	if (failed)
		strbuf_printf(out, ", %u of %zu hosts failed", failed, e->nhosts);
	strbuf_putc(out, '\n');
}

void recap_compose(const struct terminal *t, const struct report_event *e, struct strbuf *out)
{
	unsigned columns = widest_host(t, e);
	style_printf(out, t->opts.color, STYLE_BOLD, "\nPLAY RECAP%s\n",
		     t->check_mode ? " (check mode)" : "");
	for (size_t i = 0; i < e->nhosts; i++)
		put_host(t, out, &e->hosts[i], columns);
	put_steps(t, out, e);
	put_total(t, out, e);
	put_hints(out, e);
}
