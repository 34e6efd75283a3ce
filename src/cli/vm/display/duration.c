#include "duration.h"

void vm_duration_put(struct strbuf *out, int64_t ms)
{
	int64_t s = ms / 1000;
	if (ms < 0)
		strbuf_puts(out, "0.0s");
	else if (s < 60)
		strbuf_printf(out, "%d.%ds", (int)s, (int)(ms % 1000 / 100));
	else if (s < 3600)
		strbuf_printf(out, "%dm%02ds", (int)(s / 60), (int)(s % 60));
	else
		strbuf_printf(out, "%lldh%02dm", (long long)(s / 3600), (int)(s % 3600 / 60));
}
