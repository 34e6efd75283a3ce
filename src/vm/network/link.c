#include "../liveness.h"
#include "host.h"

#include "rollout/base/file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <unistd.h>

#define NSFS_MAGIC 0x6e736673

/* Who may open the tap: the user behind sudo. */
static unsigned long owner(void)
{
	const char *sudo = getenv("SUDO_UID");
	char *end;
	unsigned long uid = sudo ? strtoul(sudo, &end, 10) : 0;
	return sudo && *sudo && !*end ? uid : (unsigned long)getuid();
}

int vm_tap_ensure(const struct vm_machine *m, char ret[16], struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	char bridge[16], tap[16];
	vm_bridge_name(m->project, bridge);
	vm_tap_name(m, tap);
	int r = vm_need_root(tap, err);
	if (r < 0)
		return r;
	if (!vm_interface_exists(tap))
		strbuf_printf(&lines, "tuntap add dev %s mode tap user %lu\n", tap, owner());
	strbuf_printf(&lines, "link set %s master %s\nlink set %s up\n", tap, bridge, tap);
	r = vm_ip_batch(NULL, strbuf_slice(&lines), err);
	if (r == 0)
		memcpy(ret, tap, sizeof(tap));
	return r;
}

/* ---- a namespace and its veth pair ---- */

enum netns_state { NETNS_ABSENT, NETNS_STALE, NETNS_READY };

/* Stale: the file that `ip netns add` makes before it mounts on it. */
static enum netns_state netns_state(const char *name)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	struct statfs fs;
	strbuf_printf(&path, "/run/netns/%s", name);
	if (statfs(path.ptr, &fs) < 0)
		return NETNS_ABSENT;
	return (unsigned long)fs.f_type == NSFS_MAGIC ? NETNS_READY : NETNS_STALE;
}

static bool is_running(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *lock = path_join(m->dir, "running.lock");
	return vm_lock_is_held(lock);
}

/* The veth first: the namespace's own end of it would go some time later. */
static void remove_pair(const struct vm_machine *m, const char *netns, struct strbuf *lines)
{
	char veth[16];
	vm_veth_name(m, veth);
	if (vm_interface_exists(veth))
		strbuf_printf(lines, "link del %s\n", veth);
	if (netns_state(netns) != NETNS_ABSENT)
		strbuf_printf(lines, "netns del %s\n", netns);
}

static bool is_whole(const char *veth, const char *netns)
{
	return vm_interface_exists(veth) && netns_state(netns) == NETNS_READY;
}

/* Unless it runs, the machine gets new ones: as a power cycle does, that ends the
 * addresses, rules and interfaces it had given itself. */
static int put_pair(const struct vm_machine *m, const char *netns, const char *veth,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	char bridge[16];
	vm_bridge_name(m->project, bridge);
	if (!is_whole(veth, netns) || !is_running(m)) {
		remove_pair(m, netns, &lines);
		strbuf_printf(&lines,
			      "netns add %s\n"
			      "link add %s type veth peer name host0 address %s netns %s\n",
			      netns, veth, m->mac_segment, netns);
	}
	strbuf_printf(&lines, "link set %s master %s\nlink set %s up\n", veth, bridge, veth);
	return vm_ip_batch(NULL, strbuf_slice(&lines), err);
}

/* The host's side: namespace, pair, bridge. */
static int make_pair(const struct vm_machine *m, const char *netns, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	struct err gone = {0};
	char veth[16];
	vm_veth_name(m, veth);
	int r = vm_host_lock(&lock, err);
	if (r < 0)
		return r;
	r = put_pair(m, netns, veth, &gone);
	/* a pair goes some time after its namespace: it may have been seen just before */
	if (r < 0 && !vm_interface_exists(veth))
		return put_pair(m, netns, veth, err);
	if (r < 0)
		*err = gone;
	return r;
}

static int configure(const struct vm_machine *m, const char *netns, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	strbuf_printf(&lines,
		      "link set lo up\n"
		      "link set host0 up\n"
		      "addr replace %s/%u brd + dev host0\n"
		      "route replace default via %s dev host0\n",
		      m->address, m->project->prefix, m->project->gateway);
	return vm_ip_batch(netns, strbuf_slice(&lines), err);
}

int vm_veth_ensure(const struct vm_machine *m, char ret_netns[32], struct err *err)
{
	char netns[32];
	assert(m->address && m->project->gateway);
	vm_netns_name(m, netns);
	int r = vm_need_root(netns, err);
	if (r == 0)
		r = make_pair(m, netns, err);
	if (r == 0)
		r = configure(m, netns, err);
	if (r == 0)
		memcpy(ret_netns, netns, sizeof(netns));
	return r;
}

void vm_links_remove(const struct vm_machine *m)
{
	CLEANUP(strbuf_release) struct strbuf lines = {0};
	CLEANUP(fd_close) int lock = -1;
	char tap[16], netns[32];
	if (geteuid() != 0 || vm_host_lock(&lock, NULL) < 0)
		return;
	vm_tap_name(m, tap);
	vm_netns_name(m, netns);
	if (vm_interface_exists(tap))
		strbuf_printf(&lines, "link del %s\n", tap);
	remove_pair(m, netns, &lines);
	if (lines.len > 0)
		vm_ip_batch(NULL, strbuf_slice(&lines), NULL);
}
