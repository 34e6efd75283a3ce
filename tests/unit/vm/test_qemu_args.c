/* QEMU's command line, word by word. */
#include "qemu/args.h"
#include "test.h"

#include "rollout/base/compiler.h"

struct fixture {
	struct arena arena;
	struct vm_topology topology;
	struct vm_project project;
	struct vm_spec spec;
	struct vm_machine machine;
	struct vm_qemu_choices choices;
};

static void fixture_init(struct fixture *f)
{
	*f = (struct fixture){0};
	f->project.topology = &f->topology;
	f->spec = (struct vm_spec){.name = "web1", .cpus = 2, .memory_bytes = 2ll << 30};
	f->machine = (struct vm_machine){.project = &f->project,
					 .spec = &f->spec,
					 .ssh_port = 2201,
					 .mac_nat = "52:54:00:00:00:01",
					 .mac_segment = "52:54:00:00:00:02",
					 .machine_id = "0123456789abcdef0123456789abcdef"};
	f->choices = (struct vm_qemu_choices){
		.program = "/usr/bin/qemu-system-x86_64", .accel = VM_ACCEL_KVM, .firmware = ""};
}

/* An option and its value on a line. */
static char *line_of(struct fixture *f)
{
	struct strbuf text = {0};
	const char *const *argv = vm_qemu_args(&f->machine, &f->choices, &f->arena);
	for (; *argv; argv++)
		strbuf_printf(&text, "%s%s",
			      text.len == 0   ? ""
			      : **argv == '-' ? "\n"
					      : " ",
			      *argv);
	char *copy = arena_strdup(&f->arena, text_of(&text));
	strbuf_release(&text);
	return copy;
}

static void has(struct fixture *f, const char *words)
{
	char *all = line_of(f);
	if (!strstr(all, words))
		fail_msg("no '%s' in:\n%s", words, all);
}

static void has_not(struct fixture *f, const char *words)
{
	char *all = line_of(f);
	if (strstr(all, words))
		fail_msg("'%s' in:\n%s", words, all);
}

static void the_whole_line(void **state)
{
	static const char expected[] =
		"/usr/bin/qemu-system-x86_64\n"
		"-name guest=web1\n"
		"-machine q35\n"
		"-accel kvm\n"
		"-cpu host\n"
		"-smp 2\n"
		"-m 2048M\n"
		"-nodefaults\n"
		"-no-user-config\n"
		"-display none\n"
		"-uuid 01234567-89ab-cdef-0123-456789abcdef\n"
		"-blockdev driver=qcow2,node-name=disk0,discard=unmap,file.driver=file,"
		"file.filename=disk.qcow2,file.discard=unmap\n"
		"-device virtio-blk-pci,addr=0x5,drive=disk0,id=disk0-device,serial=disk0,"
		"bootindex=1\n"
		"-blockdev driver=raw,node-name=seed,read-only=on,file.driver=file,"
		"file.filename=seed.iso\n"
		"-device virtio-blk-pci,addr=0x10,drive=seed,id=seed-device,serial=seed\n"
		"-netdev user,id=nat,ipv6=off,hostfwd=tcp:127.0.0.1:2201-:22\n"
		"-device virtio-net-pci,addr=0x3,netdev=nat,id=nat-device,"
		"mac=52:54:00:00:00:01,romfile=\n"
		"-netdev dgram,id=segment,local.type=unix,local.path=segment.sock,"
		"remote.type=unix,remote.path=uplink.sock\n"
		"-device virtio-net-pci,addr=0x4,netdev=segment,id=segment-device,"
		"mac=52:54:00:00:00:02,romfile=\n"
		"-device virtio-rng-pci,addr=0x2\n"
		"-chardev socket,id=console,path=console.sock,server=on,wait=off,"
		"logfile=serial.log,logappend=on\n"
		"-serial chardev:console\n"
		"-chardev socket,id=qmp,path=qmp.sock,server=on,wait=off\n"
		"-mon chardev=qmp,mode=control\n"
		"-pidfile pid\n"
		"-msg timestamp=on";
	struct fixture f;
	(void)state;
	fixture_init(&f);
	assert_string_equal(line_of(&f), expected);
	arena_release(&f.arena);
}

static void accelerators(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.choices.accel = VM_ACCEL_HVF;
	has(&f, "\n-accel hvf\n-cpu host\n");
	f.choices.accel = VM_ACCEL_TCG;
	has(&f, "\n-accel tcg,thread=multi,tb-size=256\n-cpu max\n");
	arena_release(&f.arena);
}

static void arm64(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.spec.arch = VM_ARCH_ARM64;
	f.choices.accel = VM_ACCEL_TCG;
	f.choices.firmware = "/usr/share/AAVMF/AAVMF_CODE.fd";
	has(&f, "\n-machine virt\n");
	has(&f, "\n-cpu max,pauth-impdef=on\n");
	has(&f, "\n-bios /usr/share/AAVMF/AAVMF_CODE.fd\n");
	f.choices.accel = VM_ACCEL_KVM;
	has(&f, "\n-cpu host\n");
	arena_release(&f.arena);
}

static void bridge(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.topology.mode = VM_NETWORK_BRIDGE;
	f.choices.tap = "rlt12345678.10";
	has(&f, "\n-netdev tap,id=segment,ifname=rlt12345678.10,script=no,downscript=no\n"
		"-device virtio-net-pci,addr=0x4,netdev=segment,");
	has_not(&f, "user,");
	has_not(&f, "dgram");
	has_not(&f, "52:54:00:00:00:01");
	arena_release(&f.arena);
}

/* The seed stays the last disk of the guest. */
static void further_disks(void **state)
{
	static const int64_t sizes[VM_DISKS_MAX] = {0};
	struct fixture f;
	(void)state;
	fixture_init(&f);
	f.spec.disks = sizes;
	f.spec.ndisks = VM_DISKS_MAX;
	has(&f, "node-name=disk1,discard=unmap,file.driver=file,file.filename=disk1.qcow2,");
	has(&f, "addr=0x6,drive=disk1,id=disk1-device,serial=disk1\n");
	has(&f, "addr=0xd,drive=disk8,id=disk8-device,serial=disk8\n");
	has(&f, "addr=0x10,drive=seed,");
	has_not(&f, "disk9");
	arena_release(&f.arena);
}

static void options(void **state)
{
	struct fixture f;
	(void)state;
	fixture_init(&f);
	has_not(&f, "-sandbox");
	has_not(&f, "\n-S");
	f.choices.sandbox = f.choices.paused = true;
	has(&f, "\n-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,"
		"resourcecontrol=deny\n-S\n");
	f.spec.name = "a,b";
	has(&f, "\n-name guest=a,,b\n");
	f.machine.machine_id[0] = '\0';
	has_not(&f, "-uuid");
	arena_release(&f.arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_whole_line), cmocka_unit_test(accelerators),
		cmocka_unit_test(arm64),	  cmocka_unit_test(bridge),
		cmocka_unit_test(further_disks),  cmocka_unit_test(options),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
