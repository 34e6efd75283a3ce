/* Whether the host is virtual, and under what: Ansible's rules, from the files
 * that they read, in their order. The first that holds is the type; all are techs. */
#include "../call.h"
#include "facts.h"

#define DMI "/sys/devices/virtual/dmi/id/"

struct machine {
	struct facts *f;
	const char *type, *role; /* NULL: not known yet */
	struct value *guest, *host;
};

static bool contains(struct slice text, const char *part)
{
	return memmem(text.ptr, text.len, part, strlen(part)) != NULL;
}

static void add(struct machine *m, struct value *techs, const char *name)
{
	for (size_t i = 0; i < techs->list.len; i++)
		if (value_is_str(techs->list.at[i], name))
			return;
	value_list_push(m->f->a, techs, value_cstr(m->f->a, name));
}

static void settle(struct machine *m, const char *type, const char *role)
{
	if (m->type)
		return;
	m->type = type;
	m->role = role;
}

static void is_guest(struct machine *m, const char *type)
{
	add(m, m->guest, type);
	settle(m, type, "guest");
}

static void is_host(struct machine *m, const char *type)
{
	add(m, m->host, type);
	settle(m, type, "host");
}

static void look_for_container(struct machine *m)
{
	static const struct {
		const char *part, *type;
	} cgroups[] = {
		{"/docker/", "docker"},
		{"/docker-", "docker"},
		{"/lxc/", "lxc"},
		{"/machine.slice/machine-lxc", "lxc"},
		{"/system.slice/containerd.service", "containerd"},
	};
	struct facts *f = m->f;
	struct slice told = call_read_trimmed(f->call, "/run/systemd/container");
	struct slice env = call_read_trimmed(f->call, "/proc/1/environ"), word;
	struct slice cgroup = call_read_trimmed(f->call, "/proc/1/cgroup");
	for (size_t i = 0; i < ARRAY_LEN(cgroups); i++)
		if (contains(cgroup, cgroups[i].part))
			is_guest(m, cgroups[i].type);
	while (slice_split(&env, '\0', &word)) {
		if (contains(word, "container=lxc"))
			is_guest(m, "lxc");
		if (contains(word, "container=podman"))
			is_guest(m, "podman");
		if (slice_starts_with(word, "container=") && word.len > strlen("container="))
			is_guest(m, "container");
	}
	if (facts_exists(f, "/proc/vz") && !facts_exists(f, "/proc/lve")) {
		if (facts_exists(f, "/proc/bc"))
			is_host(m, "openvz");
		else
			is_guest(m, "openvz");
	}
	if (told.len)
		is_guest(m, told.ptr);
	if (facts_exists(f, "/.dockerenv") || facts_exists(f, "/.dockerinit"))
		is_guest(m, "docker");
	if (m->guest->list.len)
		add(m, m->guest, "container");
}

static void look_for_xen(struct machine *m)
{
	if (!facts_exists(m->f, "/proc/xen"))
		return;
	if (contains(call_read_trimmed(m->f->call, "/proc/xen/capabilities"), "control_d"))
		is_host(m, "xen");
	else
		settle(m, "xen", "guest");
}

/* The whole of a firmware's text; with * at the end its beginning. */
static void look_at_firmware(struct machine *m)
{
	static const struct {
		const char *file, *text, *type;
	} rows[] = {
		{DMI "product_name", "KVM", "kvm"},
		{DMI "product_name", "KVM Server", "kvm"},
		{DMI "product_name", "Bochs", "kvm"},
		{DMI "product_name", "AHV", "kvm"},
		{DMI "sys_vendor", "oVirt", "oVirt"},
		{DMI "product_family", "RHV", "RHV"},
		{DMI "product_name", "RHEV Hypervisor", "RHEV"},
		{DMI "product_name", "VMware*", "VMware"},
		{DMI "product_name", "OpenStack Compute", "openstack"},
		{DMI "product_name", "OpenStack Nova", "openstack"},
		{DMI "bios_vendor", "Xen", "xen"},
		{DMI "bios_vendor", "innotek GmbH", "virtualbox"},
		{DMI "bios_vendor", "Amazon EC2", "kvm"},
		{DMI "bios_vendor", "DigitalOcean", "kvm"},
		{DMI "bios_vendor", "Hetzner", "kvm"},
		{DMI "sys_vendor", "QEMU", "kvm"},
		{DMI "sys_vendor", "Amazon EC2", "kvm"},
		{DMI "sys_vendor", "DigitalOcean", "kvm"},
		{DMI "sys_vendor", "Google", "kvm"},
		{DMI "sys_vendor", "Scaleway", "kvm"},
		{DMI "sys_vendor", "Nutanix", "kvm"},
		/* As ansible-core has it since 2.15. */
		{DMI "sys_vendor", "Hetzner", "kvm"},
		{DMI "sys_vendor", "KubeVirt", "KubeVirt"},
		{DMI "sys_vendor", "Microsoft Corporation", "VirtualPC"},
		{DMI "sys_vendor", "Parallels Software International Inc.", "parallels"},
		{DMI "sys_vendor", "OpenStack Foundation", "openstack"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice text = call_read_trimmed(m->f->call, rows[i].file);
		size_t len = strcspn(rows[i].text, "*");
		bool whole = !rows[i].text[len];
		if (text.len < len || (whole && text.len > len) ||
		    memcmp(text.ptr, rows[i].text, len) != 0)
			continue;
		is_guest(m, rows[i].type);
	}
}

static void look_at_kernel(struct machine *m)
{
	struct slice text = call_read_trimmed(m->f->call, "/proc/cpuinfo"), line, word;
	while (slice_split(&text, '\n', &line)) {
		if (slice_starts_with(line, "model name") && contains(line, "QEMU Virtual CPU"))
			is_guest(m, "kvm");
		if (slice_starts_with(line, "vendor_id") && contains(line, "User Mode Linux"))
			is_guest(m, "uml");
	}
	text = call_read_trimmed(m->f->call, "/proc/modules");
	bool kvm = false, virtio = false, virtualbox = false;
	while (slice_split(&text, '\n', &line)) {
		word = SLICE_LIT("");
		slice_word(&line, &word);
		kvm |= slice_is(word, "kvm");
		virtio |= slice_is(word, "virtio");
		virtualbox |= slice_is(word, "vboxdrv");
	}
	if (kvm)
		is_host(m, "kvm");
	if (virtualbox)
		is_host(m, "virtualbox");
	if (virtio) {
		add(m, m->host, "kvm"); /* so it is in Ansible */
		settle(m, "kvm", "guest");
	}
	if (facts_exists(m->f, "/dev/kvm"))
		is_host(m, "kvm");
}

static void collect(struct facts *f)
{
	struct machine m = {.f = f, .guest = value_list_new(f->a), .host = value_list_new(f->a)};
	look_for_container(&m);
	look_for_xen(&m);
	look_at_firmware(&m);
	look_at_kernel(&m);
	facts_put_str(f, "virtualization_type", m.type ? m.type : "NA");
	facts_put_str(f, "virtualization_role", m.role ? m.role : "NA");
	facts_put(f, "virtualization_tech_guest", m.guest);
	facts_put(f, "virtualization_tech_host", m.host);
}

static const char *const names[] = {"virtualization_*", NULL};
const struct collector facts_virtual = {"virtual", names, collect};
