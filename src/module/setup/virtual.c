/* Whether the host is virtual, and under what: Ansible's rules, from the files
 * that they read. */
#include "../call.h"
#include "facts.h"

struct machine {
	const char *type; /* NULL: not known yet */
	const char *role;
};

static bool exists(struct facts *f, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	return host->ops->stat(host, f->a, path, true, &st, NULL) == 0 && st.type != HOST_ABSENT;
}

static bool contains(struct slice text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static const char *container_type(struct facts *f)
{
	struct slice told = call_read_trimmed(f->call, "/run/systemd/container");
	struct slice env = call_read_trimmed(f->call, "/proc/1/environ");
	struct slice cgroup = call_read_trimmed(f->call, "/proc/1/cgroup");
	if (exists(f, "/.dockerenv") || contains(cgroup, "/docker/"))
		return "docker";
	if (exists(f, "/run/.containerenv"))
		return "podman";
	if (told.len)
		return told.ptr;
	if (contains(env, "container=lxc") || contains(cgroup, "/lxc/"))
		return "lxc";
	if (contains(env, "container=docker"))
		return "docker";
	if (contains(env, "container=podman"))
		return "podman";
	return contains(env, "container=") ? "container" : NULL;
}

static const char *firmware_type(struct facts *f)
{
	static const struct {
		const char *file, *part, *type;
	} rows[] = {
		{"product_name", "KVM", "kvm"},
		{"product_name", "Bochs", "kvm"},
		{"product_name", "AHV", "kvm"},
		{"product_name", "OpenStack", "openstack"},
		{"product_name", "VMware", "VMware"},
		{"product_name", "VirtualBox", "virtualbox"},
		{"bios_vendor", "Xen", "xen"},
		{"bios_vendor", "innotek GmbH", "virtualbox"},
		{"bios_vendor", "Amazon EC2", "kvm"},
		{"sys_vendor", "Microsoft Corporation", "VirtualPC"},
		{"sys_vendor", "Parallels", "parallels"},
		{"sys_vendor", "QEMU", "kvm"},
		{"sys_vendor", "oVirt", "kvm"},
		{"sys_vendor", "Google", "kvm"},
		{"sys_vendor", "DigitalOcean", "kvm"},
		{"sys_vendor", "Hetzner", "kvm"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice text = call_read_trimmed(
			f->call,
			arena_printf(f->a, "/sys/devices/virtual/dmi/id/%s", rows[i].file));
		if (contains(text, rows[i].part))
			return rows[i].type;
	}
	return NULL;
}

static struct machine find_machine(struct facts *f)
{
	struct machine m = {container_type(f), "guest"};
	if (!m.type)
		m.type = firmware_type(f);
	if (!m.type && contains(call_read_trimmed(f->call, "/proc/cpuinfo"), "QEMU"))
		m.type = "kvm";
	if (!m.type && exists(f, "/proc/xen"))
		m.type = "xen";
	if (m.type)
		return m;
	if (exists(f, "/sys/module/kvm"))
		return (struct machine){"kvm", "host"};
	return (struct machine){"NA", "NA"};
}

static void put_tech(struct facts *f, const char *name, const struct machine *m, const char *role)
{
	struct value *list = value_list_new(f->a);
	if (strcmp(m->role, role) == 0)
		value_list_push(f->a, list, value_cstr(f->a, m->type));
	facts_put(f, name, list);
}

static void collect(struct facts *f)
{
	struct machine m = find_machine(f);
	facts_put_str(f, "virtualization_type", m.type);
	facts_put_str(f, "virtualization_role", m.role);
	put_tech(f, "virtualization_tech_guest", &m, "guest");
	put_tech(f, "virtualization_tech_host", &m, "host");
}

static const char *const names[] = {"virtualization_*", NULL};
const struct collector facts_virtual = {"virtual", names, collect};
