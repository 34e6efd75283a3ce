#include "size.h"

const char *vm_size_short(struct arena *a, int64_t bytes)
{
	static const char units[] = "KMGT";
	double n = (double)bytes / 1024;
	size_t unit = 0;
	for (; n >= 1024 && unit + 1 < sizeof(units) - 1; unit++)
		n /= 1024;
	return n >= 100 || n == (double)(int64_t)n ? arena_printf(a, "%.0f%c", n, units[unit])
						   : arena_printf(a, "%.1f%c", n, units[unit]);
}
