#include "room.h"

#include "rollout/base/file.h"
#include "state.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* Overlays are sparse: a machine begins with little, but not with nothing. */
#define DISK_START_BYTES (512ll << 20)
#define NAMES_SHOWN 12u
#define MEMINFO_MAX_BYTES 65536u

static double gib(int64_t bytes)
{
	return (double)bytes / (1ll << 30);
}

struct need {
	size_t count;
	int64_t bytes, limit_bytes; /* limit: what disks may grow to */
	struct strbuf names;	    /* "etcd-1 2.0, etcd-2 2.0" */
};

static void add_need(struct need *need, const struct vm_spec *s, int64_t bytes)
{
	if (need->count < NAMES_SHOWN)
		strbuf_printf(&need->names, "%s%s %.1f", need->count ? ", " : "", s->name,
			      gib(bytes));
	else if (need->count == NAMES_SHOWN)
		strbuf_puts(&need->names, ", …");
	need->count++;
	need->bytes += bytes;
}

static int64_t disk_limit(const struct vm_spec *s)
{
	int64_t sum = s->disk_bytes;
	for (size_t i = 0; i < s->ndisks; i++)
		sum += s->disks[i];
	return sum;
}

static const char *plural(const struct need *need)
{
	return need->count == 1 ? "VM needs" : "VMs need";
}

/* QEMU takes what it is given; a container's memory is not set aside. */
static int check_memory(const struct vm_project *p, const size_t *wanted, size_t n,
			int64_t available, struct err *err)
{
	struct need need = {0};
	if (p->topology->driver != VM_DRIVER_QEMU || available < 0)
		return 0;
	for (size_t i = 0; i < n; i++) {
		const struct vm_machine *m = p->machines.at[wanted[i]];
		if (!vm_machine_runs(m))
			add_need(&need, m->spec, m->spec->memory_bytes);
	}
	int r = 0;
	if (need.bytes > available)
		r = err_set(err, ERR_LIMIT,
			    "%zu %s %.1f GiB of memory (%s), %.1f GiB are available: make `memory` "
			    "smaller or start fewer with `rollout vm up NAME`",
			    need.count, plural(&need), gib(need.bytes), need.names.ptr,
			    gib(available));
	strbuf_release(&need.names);
	return r;
}

static int check_disk(const struct vm_project *p, const size_t *wanted, size_t n, int64_t available,
		      struct err *err)
{
	struct need need = {0};
	for (size_t i = 0; i < n; i++) {
		const struct vm_machine *m = p->machines.at[wanted[i]];
		if (vm_machine_exists(m))
			continue;
		add_need(&need, m->spec, DISK_START_BYTES);
		need.limit_bytes += disk_limit(m->spec);
	}
	strbuf_release(&need.names);
	if (available < 0 || need.bytes <= available)
		return 0;
	return err_set(
		err, ERR_LIMIT,
		"%zu new %s at least %.1f GiB of disk to begin with (and up to %.1f GiB when "
		"full), %.1f GiB are free in %s",
		need.count, plural(&need), gib(need.bytes), gib(need.limit_bytes), gib(available),
		p->dir);
}

int vm_room_check(const struct vm_project *p, const size_t *wanted, size_t n,
		  const struct vm_room *room, struct err *err)
{
	int r = check_memory(p, wanted, n, room->memory_bytes, err);
	return r < 0 ? r : check_disk(p, wanted, n, room->disk_bytes, err);
}

/* ---- this host's figures ---- */

/* What can be had without swapping: proc(5), MemAvailable. */
static int64_t memory_available(void)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const long pages = sysconf(_SC_AVPHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
	if (file_read("/proc/meminfo", MEMINFO_MAX_BYTES, &text, NULL) == 0) {
		const char *line = strstr(text.ptr, "MemAvailable:");
		if (line)
			return strtoll(line + strlen("MemAvailable:"), NULL, 10) * 1024;
	}
	return pages < 0 || page_bytes < 0 ? -1 : (int64_t)pages * page_bytes;
}

static int64_t disk_available(const char *dir)
{
	struct statvfs st;
	if (statvfs(dir, &st) < 0)
		return -1;
	return (int64_t)st.f_bavail * (int64_t)st.f_frsize;
}

int vm_project_check_room(struct vm_project *p, const size_t *wanted, size_t n, struct err *err)
{
	const struct vm_room room = {memory_available(), disk_available(p->dir)};
	return vm_room_check(p, wanted, n, &room, err);
}
