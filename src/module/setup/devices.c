/* Block devices: /sys/block, and the names that udev gives them. */
#include "../call.h"
#include "facts.h"

#include <ctype.h>
#include <stdlib.h>

#define SECTOR 512.0

static const char *const link_kinds[] = {"ids", "uuids", "labels", "masters"};

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

static struct host_names list(struct facts *f, const char *path)
{
	struct host_names names = {0};
	struct host *host = f->call->host;
	if (host->ops->list(host, f->a, path, &names, NULL) < 0)
		names.len = 0;
	return names;
}

/* Where a symbolic link leads; NULL: it is none. */
static const char *link_of(struct facts *f, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	if (host->ops->stat(host, f->a, path, false, &st, NULL) < 0 || st.type != HOST_LINK)
		return NULL;
	return st.link_target;
}

/* None where the file is not there or empty. */
static const struct value *file_value(struct facts *f, const char *folder, const char *name)
{
	struct slice s = call_read_trimmed(f->call, arena_printf(f->a, "%s/%s", folder, name));
	return s.len ? value_str(f->a, s) : value_null();
}

static void push_under(struct facts *f, struct value *d, const char *key, const char *name)
{
	/* Built while it is read, so the lists inside are still ours to grow. */
	struct value *names = (struct value *)value_get(d, key);
	if (!names) {
		names = value_list_new(f->a);
		value_dict_put(f->a, d, key, names);
	}
	value_list_push(f->a, names, value_cstr(f->a, name));
}

/* Device → its links in a folder of /dev/disk, sorted. */
static const struct value *links_in(struct facts *f, const char *folder)
{
	struct value *d = value_dict_new(f->a);
	struct host_names names = list(f, folder);
	for (size_t i = 0; i < names.len; i++) {
		const char *target = link_of(f, arena_printf(f->a, "%s/%s", folder, names.at[i]));
		if (target)
			push_under(f, d, last_part(target), names.at[i]);
	}
	return d;
}

/* Device → those that are made of it. */
static const struct value *masters(struct facts *f, struct host_names blocks)
{
	struct value *d = value_dict_new(f->a);
	for (size_t i = 0; i < blocks.len; i++) {
		struct host_names slaves =
			list(f, arena_printf(f->a, "/sys/block/%s/slaves", blocks.at[i]));
		for (size_t k = 0; k < slaves.len; k++)
			push_under(f, d, slaves.at[k], blocks.at[i]);
	}
	return d;
}

static const struct value *all_links(struct facts *f, struct host_names blocks)
{
	struct value *d = value_dict_new(f->a);
	value_dict_put(f->a, d, "ids", links_in(f, "/dev/disk/by-id"));
	value_dict_put(f->a, d, "uuids", links_in(f, "/dev/disk/by-uuid"));
	value_dict_put(f->a, d, "labels", links_in(f, "/dev/disk/by-label"));
	value_dict_put(f->a, d, "masters", masters(f, blocks));
	return d;
}

static const struct value *links_of(struct facts *f, const struct value *links, const char *name)
{
	struct value *d = value_dict_new(f->a);
	for (size_t i = 0; i < ARRAY_LEN(link_kinds); i++) {
		const struct value *mine = value_get(value_get(links, link_kinds[i]), name);
		value_dict_put(f->a, d, link_kinds[i], mine ? mine : value_list_new(f->a));
	}
	return d;
}

/* Device mapper's names of what uses the device. */
static const struct value *holders(struct facts *f, const char *folder)
{
	struct value *names = value_list_new(f->a);
	struct host_names dms = list(f, arena_printf(f->a, "%s/holders", folder));
	for (size_t i = 0; i < dms.len; i++) {
		if (!slice_starts_with(slice_from(dms.at[i]), "dm-"))
			continue;
		const struct value *name = file_value(
			f, arena_printf(f->a, "%s/holders/%s/dm", folder, dms.at[i]), "name");
		value_list_push(f->a, names,
				name->type == VALUE_STRING ? name : value_cstr(f->a, dms.at[i]));
	}
	return names;
}

/* "20.00 GB" */
static const struct value *human(struct facts *f, const struct value *sectors)
{
	static const char units[] = "KMGTPEZY";
	double size = sectors->type == VALUE_STRING ? strtod(sectors->str.ptr, NULL) * SECTOR : 0;
	size_t n = 0;
	for (; size >= 1024 && n + 1 < sizeof(units); n++)
		size /= 1024;
	return n ? value_fmt(f->a, "%.2f %cB", size, units[n - 1])
		 : value_fmt(f->a, "%.2f Bytes", size);
}

static void put_size(struct facts *f, struct value *d, const char *folder)
{
	const struct value *sectors = file_value(f, folder, "size");
	const struct value *sector = file_value(f, folder, "queue/logical_block_size");
	if (sector->type == VALUE_NULL)
		sector = file_value(f, folder, "queue/hw_sector_size");
	value_dict_put(f->a, d, "sectors",
		       sectors->type == VALUE_NULL ? value_int(f->a, 0) : sectors);
	value_dict_put(f->a, d, "sectorsize",
		       sector->type == VALUE_NULL ? value_int(f->a, (int64_t)SECTOR) : sector);
	value_dict_put(f->a, d, "size", human(f, sectors));
}

static const struct value *partition(struct facts *f, const struct value *links, const char *folder,
				     const char *name)
{
	struct value *d = value_dict_new(f->a);
	const struct value *start = file_value(f, folder, "start");
	const struct value *uuids = value_get(value_get(links, "uuids"), name);
	value_dict_put(f->a, d, "links", links_of(f, links, name));
	value_dict_put(f->a, d, "start", start->type == VALUE_NULL ? value_int(f->a, 0) : start);
	put_size(f, d, folder);
	value_dict_put(f->a, d, "uuid", uuids ? uuids->list.at[0] : value_null());
	value_dict_put(f->a, d, "holders", holders(f, folder));
	return d;
}

/* sda1, nvme0n1p2, mmcblk0p1 */
static bool is_partition(const char *disk, const char *name)
{
	size_t len = strlen(disk);
	if (strncmp(disk, name, len) != 0)
		return false;
	name += len;
	name += *name == 'p';
	return isdigit((unsigned char)*name);
}

static const struct value *partitions(struct facts *f, const struct value *links,
				      const char *folder, const char *disk)
{
	struct value *d = value_dict_new(f->a);
	struct host_names names = list(f, folder);
	for (size_t i = 0; i < names.len; i++)
		if (is_partition(disk, names.at[i]))
			value_dict_put(f->a, d, names.at[i],
				       partition(f, links,
						 arena_printf(f->a, "%s/%s", folder, names.at[i]),
						 names.at[i]));
	return d;
}

/* What is in brackets in "none [mq-deadline]". */
static const struct value *scheduler(struct facts *f, const char *folder)
{
	const struct value *all = file_value(f, folder, "queue/scheduler");
	const char *open = all->type == VALUE_STRING ? strchr(all->str.ptr, '[') : NULL;
	const char *close = open ? strrchr(open, ']') : NULL;
	return close ? value_str(f->a, (struct slice){open + 1, (size_t)(close - open) - 1})
		     : value_cstr(f->a, "");
}

static void put_wwn(struct facts *f, struct value *d, const struct value *links, const char *disk)
{
	const struct value *ids = value_get(value_get(links, "ids"), disk);
	for (size_t i = 0; ids && i < ids->list.len; i++)
		if (slice_starts_with(ids->list.at[i]->str, "wwn-"))
			value_dict_put(f->a, d, "wwn",
				       value_cstr(f->a, ids->list.at[i]->str.ptr + 4));
}

/* Of sg_inq where it is installed, as Ansible has it; else of NVMe alone. */
static void put_serial(struct facts *f, struct value *d, const char *folder, const char *disk)
{
	const char *sg_inq = facts_program(f, "sg_inq");
	const char *const argv[] = {sg_inq, arena_printf(f->a, "/dev/%s", disk), NULL};
	const struct value *serial = file_value(f, folder, "device/serial");
	struct slice out = SLICE_LIT(""), line, word;
	int exit_code = 0;
	if (sg_inq)
		serial = value_null();
	if (sg_inq && (call_probe(f->call, argv, &exit_code, &out, NULL) < 0 || exit_code != 0))
		out = SLICE_LIT("");
	while (slice_split(&out, '\n', &line)) {
		const char *at = line.len ? memmem(line.ptr, line.len, "erial number:", 13) : NULL;
		if (!at)
			continue;
		struct slice rest = {at + 13, line.len - (size_t)(at - line.ptr) - 13};
		if (slice_word(&rest, &word))
			serial = value_str(f->a, word);
		break;
	}
	if (serial->type == VALUE_STRING)
		value_dict_put(f->a, d, "serial", serial);
}

/* The PCI device nearest to a disk, 0000:00:1f.2, on its way through sysfs; "" when it is on none. */
static struct slice pci_address(const char *path)
{
	struct slice rest = slice_from(path), part, found = SLICE_LIT("");
	while (slice_split(&rest, '/', &part))
		if (part.len == 12 && part.ptr[4] == ':' && part.ptr[7] == ':' &&
		    part.ptr[10] == '.')
			found = part;
	return found;
}

/* lspci's line about it. */
static const struct value *controller(struct facts *f, struct slice pci, const char *path)
{
	struct slice mine = path ? pci_address(path) : SLICE_LIT(""), line, word;
	while (mine.len && slice_split(&pci, '\n', &line))
		if (slice_word(&line, &word) && slice_eq(word, mine))
			return value_str(f->a, slice_trim(line));
	return value_cstr(f->a, "");
}

static const struct value *device(struct facts *f, const struct value *links, struct slice pci,
				  const char *disk)
{
	static const char *const texts[][2] = {
		{"vendor", "device/vendor"},
		{"model", "device/model"},
		{"sas_address", "device/sas_address"},
		{"sas_device_handle", "device/sas_device_handle"},
		{"removable", "removable"},
		{"support_discard", "queue/discard_granularity"},
		{"rotational", "queue/rotational"},
	};
	const char *folder = arena_printf(f->a, "/sys/block/%s", disk);
	const char *path = link_of(f, folder);
	struct value *d = value_dict_new(f->a);
	value_dict_put(f->a, d, "virtual", value_int(f->a, path != NULL));
	value_dict_put(f->a, d, "links", links_of(f, links, disk));
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		value_dict_put(f->a, d, texts[i][0], file_value(f, folder, texts[i][1]));
	put_serial(f, d, folder, disk);
	put_wwn(f, d, links, disk);
	value_dict_put(f->a, d, "partitions", partitions(f, links, folder, disk));
	value_dict_put(f->a, d, "scheduler_mode", scheduler(f, folder));
	put_size(f, d, folder);
	value_dict_put(f->a, d, "host", controller(f, pci, path));
	value_dict_put(f->a, d, "holders", holders(f, folder));
	return d;
}

static void collect(struct facts *f)
{
	struct host_names blocks = list(f, "/sys/block");
	const struct value *links = all_links(f, blocks);
	facts_put(f, "device_links", links);
	if (!facts_wants(f, "devices"))
		return;
	const char *lspci = facts_program(f, "lspci");
	const char *const argv[] = {lspci, "-D", NULL};
	struct slice pci = SLICE_LIT("");
	if (lspci && call_probe(f->call, argv, NULL, &pci, NULL) < 0)
		pci = SLICE_LIT("");
	struct value *devices = value_dict_new(f->a);
	for (size_t i = 0; i < blocks.len; i++)
		value_dict_put(f->a, devices, blocks.at[i], device(f, links, pci, blocks.at[i]));
	facts_put(f, "devices", devices);
}

static const char *const names[] = {"devices", "device_links", NULL};
const struct collector facts_devices = {"hardware", names, collect};
