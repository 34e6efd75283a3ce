/* Processors, memory, uptime: proc(5). */
#include "../call.h"
#include "facts.h"

#include <sched.h>
#include <stdlib.h>

struct processors {
	struct value *list; /* number, vendor, model of each, as Ansible has it */
	int64_t logical, cores, siblings;
	struct value *sockets; /* the physical ids; some firmware leaves numbers out */
};

static bool parse_row(struct slice line, struct slice *ret_key, struct slice *ret_value)
{
	struct slice rest = line;
	if (!slice_split(&rest, ':', ret_key) || !rest.ptr)
		return false;
	*ret_key = slice_trim(*ret_key);
	*ret_value = slice_trim(rest);
	return true;
}

static int64_t number(struct slice s)
{
	int64_t n = 0;
	for (size_t i = 0; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9' && n < INT32_MAX; i++)
		n = n * 10 + (s.ptr[i] - '0');
	return n;
}

static void take_row(struct facts *f, struct processors *p, struct slice key, struct slice value)
{
	bool first = slice_is(key, "processor");
	static const char *const listed[] = {"model name", "Processor", "vendor_id",
					     "cpu",	   "Vendor",	"processor"};
	for (size_t i = 0; i < ARRAY_LEN(listed); i++)
		if (slice_is(key, listed[i]))
			value_list_push(f->a, p->list, value_str(f->a, value));
	if (first)
		p->logical++;
	else if (slice_is(key, "physical id"))
		value_dict_set(f->a, p->sockets, value_str(f->a, value), value_null());
	else if (slice_is(key, "cpu cores"))
		p->cores = number(value);
	else if (slice_is(key, "siblings"))
		p->siblings = number(value);
}

static void put_processors(struct facts *f)
{
	struct processors p = {.list = value_list_new(f->a), .sockets = value_dict_new(f->a)};
	struct slice text = call_read_trimmed(f->call, "/proc/cpuinfo"), line, key, value;
	cpu_set_t set;
	while (slice_split(&text, '\n', &line))
		if (parse_row(line, &key, &value))
			take_row(f, &p, key, value);
	/* Where the sockets are not told (arm64), each processor is one. */
	int64_t sockets = p.sockets->dict.len ? (int64_t)p.sockets->dict.len : p.logical;
	p.cores = p.cores ? p.cores : 1;
	int64_t threads = p.siblings > p.cores ? p.siblings / p.cores : 1;
	facts_put(f, "processor", p.list);
	facts_put_int(f, "processor_count", sockets);
	facts_put_int(f, "processor_cores", p.cores);
	facts_put_int(f, "processor_threads_per_core", threads);
	facts_put_int(f, "processor_vcpus", sockets * p.cores * threads);
	facts_put_int(f, "processor_nproc",
		      sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : p.logical);
}

static int64_t meminfo_mb(struct slice text, const char *name)
{
	struct slice line, key, value;
	while (slice_split(&text, '\n', &line))
		if (parse_row(line, &key, &value) && slice_is(key, name))
			return strtoll(value.ptr, NULL, 10) / 1024;
	return 0;
}

static struct value *pair(struct facts *f, int64_t total, int64_t free_mb)
{
	struct value *d = value_dict_new(f->a);
	value_dict_put(f->a, d, "total", value_int(f->a, total));
	value_dict_put(f->a, d, "free", value_int(f->a, free_mb));
	value_dict_put(f->a, d, "used", value_int(f->a, total - free_mb));
	return d;
}

static void put_memory(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/proc/meminfo");
	int64_t total = meminfo_mb(text, "MemTotal"), unused = meminfo_mb(text, "MemFree");
	int64_t swap_total = meminfo_mb(text, "SwapTotal"),
		swap_free = meminfo_mb(text, "SwapFree");
	int64_t cached = meminfo_mb(text, "Cached") + meminfo_mb(text, "Buffers");
	struct value *memory = value_dict_new(f->a), *nocache = value_dict_new(f->a);
	struct value *swap = pair(f, swap_total, swap_free);
	value_dict_put(f->a, nocache, "free", value_int(f->a, unused + cached));
	value_dict_put(f->a, nocache, "used", value_int(f->a, total - unused - cached));
	value_dict_put(f->a, memory, "real", pair(f, total, unused));
	value_dict_put(f->a, memory, "nocache", nocache);
	value_dict_put(f->a, swap, "cached", value_int(f->a, meminfo_mb(text, "SwapCached")));
	value_dict_put(f->a, memory, "swap", swap);
	facts_put_int(f, "memtotal_mb", total);
	facts_put_int(f, "memfree_mb", unused);
	facts_put_int(f, "swaptotal_mb", swap_total);
	facts_put_int(f, "swapfree_mb", swap_free);
	facts_put(f, "memory_mb", memory);
}

static void collect(struct facts *f)
{
	put_processors(f);
	put_memory(f);
	struct slice uptime = call_read_trimmed(f->call, "/proc/uptime");
	if (uptime.len)
		facts_put_int(f, "uptime_seconds", number(uptime));
}

static const char *const names[] = {"processor*", "mem*_mb",	    "memory_mb",
				    "swap*_mb",	  "uptime_seconds", NULL};
const struct collector facts_hardware = {"hardware", names, collect};

/* Source: DMTF DSP0134, "System Enclosure or Chassis Types". */
static void put_form_factor(struct facts *f)
{
	static const char *const types[] = {"Unknown",
					    "Other",
					    "Unknown",
					    "Desktop",
					    "Low Profile Desktop",
					    "Pizza Box",
					    "Mini Tower",
					    "Tower",
					    "Portable",
					    "Laptop",
					    "Notebook",
					    "Hand Held",
					    "Docking Station",
					    "All In One",
					    "Sub Notebook",
					    "Space-saving",
					    "Lunch Box",
					    "Main Server Chassis",
					    "Expansion Chassis",
					    "Sub Chassis",
					    "Bus Expansion Chassis",
					    "Peripheral Chassis",
					    "RAID Chassis",
					    "Rack Mount Chassis",
					    "Sealed-case PC",
					    "Multi-system",
					    "CompactPCI",
					    "AdvancedTCA",
					    "Blade",
					    "Blade Enclosure",
					    "Tablet",
					    "Convertible",
					    "Detachable",
					    "IoT Gateway",
					    "Embedded PC",
					    "Mini PC",
					    "Stick PC"};
	if (!facts_wants(f, "form_factor"))
		return;
	struct slice text = call_read_trimmed(f->call, "/sys/devices/virtual/dmi/id/chassis_type");
	long type = text.len ? strtol(text.ptr, NULL, 10) : -1;
	if (type < 0)
		facts_put_str(f, "form_factor", "NA");
	else if ((size_t)type < ARRAY_LEN(types))
		facts_put_str(f, "form_factor", types[type]);
	else
		facts_put_str(f, "form_factor", arena_printf(f->a, "unknown (%ld)", type));
}

/* The firmware's tables; root alone sees the serial numbers. */
static void collect_product(struct facts *f)
{
	static const struct {
		const char *fact, *file;
	} rows[] = {
		{"product_name", "product_name"},
		{"product_serial", "product_serial"},
		{"product_uuid", "product_uuid"},
		{"product_version", "product_version"},
		{"system_vendor", "sys_vendor"},
		{"bios_vendor", "bios_vendor"},
		{"bios_version", "bios_version"},
		{"bios_date", "bios_date"},
		{"board_name", "board_name"},
		{"board_vendor", "board_vendor"},
		{"chassis_vendor", "chassis_vendor"},
		{"board_asset_tag", "board_asset_tag"},
		{"board_serial", "board_serial"},
		{"board_version", "board_version"},
		{"chassis_serial", "chassis_serial"},
		{"chassis_version", "chassis_version"},
		{"chassis_asset_tag", "chassis_asset_tag"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!facts_wants(f, rows[i].fact))
			continue;
		struct slice text = call_read_trimmed(
			f->call,
			arena_printf(f->a, "/sys/devices/virtual/dmi/id/%s", rows[i].file));
		facts_put_slice(f, rows[i].fact, text.len ? text : SLICE_LIT("NA"));
	}
	put_form_factor(f);
}

static const char *const product_names[] = {"product_*", "system_vendor", "bios_*", "board_*",
					    "chassis_*", "form_factor",	  NULL};
const struct collector facts_product = {"hardware", product_names, collect_product};
