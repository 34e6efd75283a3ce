#include "args.h"

#include "accel/accel.h"

#include <stdio.h>

/*
 * Addresses on the PCI bus: the same device is always at the same one, so that the
 * order of the guest's disks (vda: the root disk, then the further ones, the seed
 * last) and the state in a snapshot hold. 0x1f and what is below it to 0x1a is the
 * chipset's.
 */
enum slot {
	SLOT_RNG = 0x2,
	SLOT_NIC_NAT = 0x3,
	SLOT_NIC_SEGMENT = 0x4,
	SLOT_DISK = 0x5, /* to 0xd: VM_DISKS_MAX and the root disk */
	SLOT_SEED = 0x10,
};

struct args {
	const struct vm_machine *machine;
	const struct vm_qemu_choices *choices;
	struct arena *arena;
	VEC(const char *) at;
};

static void add(struct args *g, const char *option, const char *value)
{
	vec_push(&g->at, option);
	if (value)
		vec_push(&g->at, value);
}

#define ADD(g, option, ...) add((g), (option), arena_printf((g)->arena, __VA_ARGS__))

void vm_qemu_disk_node(size_t i, char ret[16])
{
	snprintf(ret, 16, "disk%zu", i);
}

void vm_qemu_disk_file(size_t i, char ret[32])
{
	if (i == 0)
		snprintf(ret, 32, QEMU_DISK);
	else
		snprintf(ret, 32, "disk%zu.qcow2", i);
}

/* A comma in a value of an option's list is written twice. */
static const char *escaped(struct args *g, const char *text)
{
	char *out = arena_alloc(g->arena, 2 * strlen(text) + 1), *to = out;
	for (; *text; *to++ = *text++)
		if (*text == ',')
			*to++ = ',';
	return out;
}

/* ---- the machine ---- */

static const char *accel_text(const struct vm_qemu_choices *c)
{
	/* translated code: of the default, a gigabyte, most is resident once a guest has
	 * booted; a boot needs no longer with a fourth of it */
	return c->accel == VM_ACCEL_TCG ? "tcg,thread=multi,tb-size=256" : vm_accel_name(c->accel);
}

static const char *cpu_text(const struct args *g)
{
	if (g->choices->accel != VM_ACCEL_TCG)
		return "host";
	/* pointer authentication by QARMA5 would take half of a boot */
	return g->machine->spec->arch == VM_ARCH_ARM64 ? "max,pauth-impdef=on" : "max";
}

/* "0123…" (32 digits) as a UUID. */
static void add_uuid(struct args *g)
{
	const char *id = g->machine->machine_id;
	if (strlen(id) == 32)
		ADD(g, "-uuid", "%.8s-%.4s-%.4s-%.4s-%.12s", id, id + 8, id + 12, id + 16, id + 20);
}

static void add_machine(struct args *g)
{
	const struct vm_spec *spec = g->machine->spec;
	const bool arm = spec->arch == VM_ARCH_ARM64;
	ADD(g, "-name", "guest=%s", escaped(g, spec->name));
	add(g, "-machine", arm ? "virt" : "q35");
	add(g, "-accel", accel_text(g->choices));
	add(g, "-cpu", cpu_text(g));
	ADD(g, "-smp", "%u", spec->cpus);
	ADD(g, "-m", "%lldM", (long long)(spec->memory_bytes >> 20));
	add(g, "-nodefaults", NULL);
	add(g, "-no-user-config", NULL);
	add(g, "-display", "none");
	add_uuid(g);
	if (*g->choices->firmware)
		add(g, "-bios", g->choices->firmware);
	if (g->choices->sandbox)
		add(g, "-sandbox",
		    "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
	if (g->choices->paused)
		add(g, "-S", NULL);
}

/* ---- disks ---- */

static void add_disk(struct args *g, size_t i)
{
	char node[16], file[32];
	vm_qemu_disk_node(i, node);
	vm_qemu_disk_file(i, file);
	ADD(g, "-blockdev",
	    "driver=qcow2,node-name=%s,discard=unmap,file.driver=file,file.filename=%s,"
	    "file.discard=unmap",
	    node, file);
	ADD(g, "-device", "virtio-blk-pci,addr=0x%x,drive=%s,id=%s-device,serial=%s%s",
	    SLOT_DISK + (unsigned)i, node, node, node, i == 0 ? ",bootindex=1" : "");
}

/* A virtio disk and no CD: kernels made for clouds lack drivers for those. */
static void add_seed(struct args *g)
{
	add(g, "-blockdev",
	    "driver=raw,node-name=seed,read-only=on,file.driver=file,file.filename=" QEMU_SEED);
	ADD(g, "-device", "virtio-blk-pci,addr=0x%x,drive=seed,id=seed-device,serial=seed",
	    SLOT_SEED);
}

/* ---- networks ---- */

/* Without the ROM that boots from the network. */
static void add_nic(struct args *g, const char *netdev, const char *mac, enum slot slot)
{
	ADD(g, "-device", "virtio-net-pci,addr=0x%x,netdev=%s,id=%s-device,mac=%s,romfile=", slot,
	    netdev, netdev, mac);
}

static void add_networks(struct args *g)
{
	const struct vm_machine *m = g->machine;
	if (m->project->topology->mode == VM_NETWORK_BRIDGE) {
		ADD(g, "-netdev", "tap,id=segment,ifname=%s,script=no,downscript=no",
		    g->choices->tap);
	} else {
		ADD(g, "-netdev", "user,id=nat,ipv6=off,hostfwd=tcp:127.0.0.1:%u-:22", m->ssh_port);
		add_nic(g, "nat", m->mac_nat, SLOT_NIC_NAT);
		add(g, "-netdev",
		    "dgram,id=segment,local.type=unix,local.path=segment.sock,"
		    "remote.type=unix,remote.path=uplink.sock");
	}
	add_nic(g, "segment", m->mac_segment, SLOT_NIC_SEGMENT);
}

/* ---- what we talk to ---- */

static void add_channels(struct args *g)
{
	ADD(g, "-device", "virtio-rng-pci,addr=0x%x", SLOT_RNG);
	add(g, "-chardev",
	    "socket,id=console,path=" QEMU_CONSOLE_SOCKET
	    ",server=on,wait=off,logfile=serial.log,logappend=on");
	add(g, "-serial", "chardev:console");
	add(g, "-chardev", "socket,id=qmp,path=" QEMU_QMP_SOCKET ",server=on,wait=off");
	add(g, "-mon", "chardev=qmp,mode=control");
	add(g, "-pidfile", QEMU_PID);
	add(g, "-msg", "timestamp=on");
}

const char *const *vm_qemu_args(const struct vm_machine *m, const struct vm_qemu_choices *c,
				struct arena *a)
{
	struct args g = {.machine = m, .choices = c, .arena = a};
	add(&g, c->program, NULL);
	add_machine(&g);
	for (size_t i = 0; i <= m->spec->ndisks; i++)
		add_disk(&g, i);
	add_seed(&g);
	add_networks(&g);
	add_channels(&g);
	vec_push(&g.at, NULL);
	const char *const *argv = arena_copy(a, g.at.at, g.at.len * sizeof(*g.at.at));
	vec_release(&g.at);
	return argv;
}
