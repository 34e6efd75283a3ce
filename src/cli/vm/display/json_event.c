#include "json_event.h"

#include "rollout/base/clock.h"
#include "rollout/value/json.h"

#include <time.h>

static struct value *begin(struct arena *a, const char *event)
{
	struct value *d = value_dict_new(a);
	int64_t us = clock_realtime_us();
	time_t s = (time_t)(us / 1000000);
	struct tm utc;
	char date[32];
	gmtime_r(&s, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	value_dict_put(a, d, "event", value_cstr(a, event));
	value_dict_put(a, d, "time", value_fmt(a, "%s.%06dZ", date, (int)(us % 1000000)));
	return d;
}

static void put_line(struct strbuf *out, const struct value *v)
{
	json_emit(out, v, JSON_COMPACT);
	strbuf_putc(out, '\n');
}

void vm_json_event(struct strbuf *out, const char *host, const struct vm_event *e)
{
	static const char *const names[] = {[VM_EVENT_STAGE] = "vm_stage",
					    [VM_EVENT_NOTE] = "vm_note",
					    [VM_EVENT_DONE] = "vm_done",
					    [VM_EVENT_FAILED] = "vm_failed"};
	struct arena a = {0};
	struct value *d = begin(&a, names[e->kind]);
	value_dict_put(&a, d, "host", value_cstr(&a, host));
	if (e->text[0])
		value_dict_put(&a, d, "msg", value_cstr(&a, e->text));
	value_dict_put(&a, d, "duration_ms", value_int(&a, e->elapsed_ms));
	put_line(out, d);
	arena_release(&a);
}

void vm_json_ended(struct strbuf *out, const struct vm_json_end *end)
{
	struct arena a = {0};
	struct value *d = begin(&a, "vm_ended");
	value_dict_put(&a, d, "verb", value_cstr(&a, end->verb));
	value_dict_put(&a, d, "done", value_int(&a, (int64_t)end->done));
	value_dict_put(&a, d, "failed", value_int(&a, (int64_t)end->failed));
	value_dict_put(&a, d, "not_done", value_int(&a, (int64_t)end->left));
	value_dict_put(&a, d, "duration_ms", value_int(&a, end->elapsed_ms));
	put_line(out, d);
	arena_release(&a);
}
