/* Mounted block devices and network file systems: proc(5), statvfs(3). */
#include "../call.h"
#include "facts.h"

#include <sys/statvfs.h>

#define COLUMNS 4
#define MOUNTINFO_COLUMNS 5

/* "\040" in a path is a blank. */
static const char *unescape(struct facts *f, struct slice s)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\' && i + 3 < s.len) {
			strbuf_putc(&out, (char)((s.ptr[i + 1] - '0') * 64 +
						 (s.ptr[i + 2] - '0') * 8 + (s.ptr[i + 3] - '0')));
			i += 3;
		} else {
			strbuf_putc(&out, s.ptr[i]);
		}
	}
	return arena_slice(f->a, strbuf_slice(&out)).ptr;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash : path;
}

/* The name in /dev/disk/by-uuid that leads to the device; /dev/mapper/… leads to /dev/dm-…. */
static const char *uuid_of(struct facts *f, const char *device)
{
	struct host *host = f->call->host;
	struct host_names names = {0};
	struct host_stat own;
	if (host->ops->stat(host, f->a, device, false, &own, NULL) == 0 && own.type == HOST_LINK)
		device = own.link_target;
	struct slice wanted = slice_from(last_part(device));
	if (host->ops->list(host, f->a, "/dev/disk/by-uuid", &names, NULL) < 0)
		return "N/A";
	for (size_t i = 0; i < names.len; i++) {
		struct host_stat st;
		const char *path = arena_printf(f->a, "/dev/disk/by-uuid/%s", names.at[i]);
		if (host->ops->stat(host, f->a, path, false, &st, NULL) == 0 &&
		    st.type == HOST_LINK && slice_ends_with(slice_from(st.link_target), wanted.ptr))
			return names.at[i];
	}
	return "N/A";
}

static void put_sizes(struct facts *f, struct value *m, const char *path)
{
	struct statvfs vfs;
	if (statvfs(path, &vfs) < 0)
		return;
	const struct {
		const char *key;
		uint64_t n;
	} rows[] = {
		{"size_total", (uint64_t)vfs.f_frsize * vfs.f_blocks},
		{"size_available", (uint64_t)vfs.f_frsize * vfs.f_bavail},
		{"block_size", vfs.f_bsize},
		{"block_total", vfs.f_blocks},
		{"block_available", vfs.f_bavail},
		{"block_used", vfs.f_blocks - vfs.f_bavail},
		{"inode_total", vfs.f_files},
		{"inode_available", vfs.f_favail},
		{"inode_used", vfs.f_files - vfs.f_favail},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		value_dict_put(f->a, m, rows[i].key, value_int(f->a, (int64_t)rows[i].n));
}

/* Mount points that show a part of a file system: findmnt(8) prints it in brackets. */
static const struct value *bind_mounts(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/proc/self/mountinfo"), line;
	struct value *points = value_dict_new(f->a);
	while (slice_split(&text, '\n', &line)) {
		struct slice column[MOUNTINFO_COLUMNS];
		size_t n = 0;
		while (n < MOUNTINFO_COLUMNS && slice_split(&line, ' ', &column[n]))
			n++;
		if (n == MOUNTINFO_COLUMNS && !slice_is(column[3], "/"))
			value_dict_set(f->a, points, value_cstr(f->a, unescape(f, column[4])),
				       value_null());
	}
	return points;
}

static const struct value *mount_value(struct facts *f, const struct slice *column,
				       const struct value *binds)
{
	static const char *const keys[COLUMNS] = {"device", "mount", "fstype", "options"};
	struct value *m = value_dict_new(f->a);
	for (size_t i = 0; i < COLUMNS; i++)
		value_dict_put(f->a, m, keys[i], value_cstr(f->a, unescape(f, column[i])));
	const char *point = value_get(m, "mount")->str.ptr;
	if (value_get(binds, point))
		value_dict_put(f->a, m, "options",
			       value_fmt(f->a, "%s,bind", value_get(m, "options")->str.ptr));
	/* A dead server would hold us up. */
	bool local = column[0].ptr[0] == '/';
	if (local)
		put_sizes(f, m, point);
	value_dict_put(
		f->a, m, "uuid",
		value_cstr(f->a, local ? uuid_of(f, value_get(m, "device")->str.ptr) : "N/A"));
	return m;
}

static const struct value *take_line(struct facts *f, struct slice line, const struct value *binds)
{
	struct slice column[COLUMNS];
	size_t n = 0;
	while (n < COLUMNS && slice_split(&line, ' ', &column[n]))
		n++;
	if (n < COLUMNS || column[0].len == 0 || slice_is(column[2], "none"))
		return NULL;
	if (column[0].ptr[0] != '/' && !memmem(column[0].ptr, column[0].len, ":/", 2))
		return NULL;
	return mount_value(f, column, binds);
}

static void collect(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/proc/self/mounts"), line;
	const struct value *binds = bind_mounts(f);
	struct value *points = value_dict_new(f->a), *mounts = value_list_new(f->a);
	/* What is mounted over another hides it. */
	while (slice_split(&text, '\n', &line)) {
		const struct value *m = take_line(f, line, binds);
		if (m)
			value_dict_set(f->a, points, value_get(m, "mount"), m);
	}
	for (size_t i = 0; i < points->dict.len; i++)
		value_list_push(f->a, mounts, points->dict.at[i].value);
	facts_put(f, "mounts", mounts);
}

static const char *const names[] = {"mounts", NULL};
const struct collector facts_mounts = {"hardware", names, collect};
