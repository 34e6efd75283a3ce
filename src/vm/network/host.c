#include "host.h"

#include "../liveness.h"
#include "../tool.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCK_MS 60000
#define LOCK_FILE "/run/rollout-vm.lock"
#define FORWARDING "/proc/sys/net/ipv4/ip_forward"

void vm_bridge_name(const struct vm_project *p, char ret[16])
{
	snprintf(ret, 16, "rl-%s", p->id);
}

void vm_tap_name(const struct vm_machine *m, char ret[16])
{
	snprintf(ret, 16, "rl%s-%u", m->project->id, m->number);
}

void vm_veth_name(const struct vm_machine *m, char ret[16])
{
	snprintf(ret, 16, "rl%sv%u", m->project->id, m->number);
}

void vm_netns_name(const struct vm_machine *m, char ret[32])
{
	snprintf(ret, 32, "rl-%s-%u", m->project->id, m->number);
}

bool vm_interface_exists(const char *name)
{
	return if_nametoindex(name) != 0;
}

int vm_need_root(const char *what, struct err *err)
{
	if (geteuid() == 0)
		return 0;
	errno = EPERM;
	return err_sys(err,
		       "make %s: bridges need root: use sudo, or 'vm_network: {mode: user}', which "
		       "does without",
		       what);
}

int vm_host_lock(int *ret_fd, struct err *err)
{
	return vm_lock_wait(LOCK_FILE, LOCK_MS, ret_fd, err);
}

int vm_ip_batch(const char *netns, struct slice lines, struct err *err)
{
	const char *here[] = {"ip", "-batch", "-", NULL};
	const char *there[] = {"ip", "-n", netns, "-batch", "-", NULL};
	const struct tool_call call = {.argv = netns ? there : here, .input = lines};
	return vm_tool_run(&call, NULL, err);
}

/* ---- forwarding ---- */

/* The setting is one network namespace's, and lasts as long as /run does. */
static void mark_path(struct strbuf *out)
{
	struct stat st;
	unsigned long ns = stat("/proc/self/ns/net", &st) == 0 ? (unsigned long)st.st_ino : 0;
	strbuf_printf(out, "/run/rollout-vm.forwarding-%lu", ns);
}

static int write_forwarding(const char *value, struct err *err)
{
	CLEANUP(fd_close) int fd = open(FORWARDING, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 ? err_sys(err, "open") : fd_write_all(fd, value, strlen(value), err);
	return r < 0 ? err_wrap(err, r, FORWARDING) : 0;
}

int vm_forwarding_enable(struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf now = {0}, mark = {0};
	int r = file_read(FORWARDING, 16, &now, err);
	if (r < 0)
		return r;
	if (!slice_is(slice_trim(strbuf_slice(&now)), "0"))
		return 0;
	mark_path(&mark);
	r = file_write_atomic(mark.ptr, "", 0, 0600, err);
	return r < 0 ? r : write_forwarding("1", err);
}

/* Somebody else's bridge counts too: who made it found forwarding on, and may rely on it. */
static bool has_bridges(void)
{
	static const char *const argv[] = {"ip", "-o", "link", "show", "type", "bridge", NULL};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const struct tool_call call = {.argv = argv};
	return vm_tool_run(&call, &out, NULL) < 0 || out.len > 0;
}

void vm_forwarding_restore(void)
{
	CLEANUP(strbuf_release) struct strbuf mark = {0};
	mark_path(&mark);
	if (access(mark.ptr, F_OK) == 0 && !has_bridges() && write_forwarding("0", NULL) == 0)
		unlink(mark.ptr);
}
