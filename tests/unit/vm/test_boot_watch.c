#include "life/boot/boot_watch.h"

#include "rollout/base/file.h"
#include "test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* ---- one line ---- */

struct line_case {
	const char *line;
	enum vm_boot_sign_kind kind;
	const char *stage; /* or a part of the advice */
};

static const struct line_case lines[] = {
	{"SeaBIOS (version 1.16.2-debian-1.16.2-1)", BOOT_SIGN_STAGE, "firmware"},
	{"iPXE (https://ipxe.org) 00:03.0 CA00 PCI2.10", BOOT_SIGN_STAGE, "firmware"},
	{"BdsDxe: loading Boot0001 \"UEFI Misc Device\"", BOOT_SIGN_STAGE, "firmware"},
	{"Booting from Hard Disk...", BOOT_SIGN_STAGE, "firmware"},
	{"GRUB loading.", BOOT_SIGN_STAGE, "boot loader"},
	{"Welcome to GRUB!", BOOT_SIGN_STAGE, "boot loader"},
	{"EXTLINUX 6.04 EDD Copyright (C) 1994-2015", BOOT_SIGN_STAGE, "boot loader"},
	{"Loading Linux 6.1.0-13-cloud-amd64 ...", BOOT_SIGN_STAGE, "boot loader"},
	{"[    0.000000] Linux version 6.1.0-13-cloud-amd64 (x@y)", BOOT_SIGN_STAGE, "kernel"},
	{"EFI stub: Loaded initrd from LINUX_EFI_INITRD_MEDIA_GUID", BOOT_SIGN_STAGE, "kernel"},
	{"[    3.1] systemd[1]: systemd 252.17 running in system mode", BOOT_SIGN_STAGE, "systemd"},
	{"[  OK  ] Started Journal Service.", BOOT_SIGN_STAGE, "systemd"},
	{"Welcome to Debian GNU/Linux 12 (bookworm)!", BOOT_SIGN_STAGE, "systemd"},
	{"[   9.5] cloud-init[241]: Cloud-init v. 22.4.2 running 'init-local' at Thu",
	 BOOT_SIGN_STAGE, "cloud-init: init-local"},
	{"[  19.5] cloud-init[311]: Cloud-init v. 24.1 running 'modules:config' at Thu",
	 BOOT_SIGN_STAGE, "cloud-init: modules:config"},
	{"Cloud-init v. 22.4.2 finished at Thu, 20 Nov 2025. Datasource DataSourceNoCloud",
	 BOOT_SIGN_FINISHED, NULL},
	{"Cloud-init v. 22.4.2 running 'cut", BOOT_SIGN_STAGE, "cloud-init: cut"},
	{"ci-info: |  ens3  | True |", BOOT_SIGN_STAGE, "cloud-init"},
	{"etcd-1 login: ", BOOT_SIGN_STAGE, "login"},
	{"Last login: Thu Nov 20", BOOT_SIGN_NONE, NULL},
	{"sshd: Last login:", BOOT_SIGN_NONE, NULL},
	{"No bootable device.", BOOT_SIGN_FATAL, "vm.image"},
	{"BdsDxe: No bootable option or device was found.", BOOT_SIGN_FATAL, "vm.image"},
	{"UEFI Interactive Shell v2.2", BOOT_SIGN_FATAL, "vm.image"},
	{"grub rescue> ", BOOT_SIGN_FATAL, "vm.image"},
	{"grub> ", BOOT_SIGN_FATAL, "vm.image"},
	{"[1.0] Kernel panic - not syncing: Attempted to kill init!", BOOT_SIGN_FATAL, "vm.memory"},
	{"You are in emergency mode. After logging in, type", BOOT_SIGN_FATAL, "rollout vm"},
	{"Press Enter for maintenance", BOOT_SIGN_FATAL, "rollout vm"},
	{"ALERT!  UUID=1234 does not exist.  Dropping to a shell!", BOOT_SIGN_FATAL, "file system"},
	{"(initramfs) ", BOOT_SIGN_FATAL, "file system"},
	{"[DEPEND] Dependency failed for local-fs.target - Local File Systems.", BOOT_SIGN_FATAL,
	 "file system"},
	{"[FAILED] Failed to mount /sysroot.", BOOT_SIGN_FATAL, "file system"},
	{"[FAILED] Failed to mount /data.", BOOT_SIGN_NOTE, NULL},
	{"[FAILED] Failed to start ssh.service - OpenBSD Secure Shell server.", BOOT_SIGN_NOTE,
	 NULL},
	{"[30.1] Out of memory: Killed process 300 (apt)", BOOT_SIGN_NOTE, "vm.memory"},
	{"[    0.1] ACPI: Early table checksum verification disabled", BOOT_SIGN_NONE, NULL},
	{"a program that prints (initramfs) in a line", BOOT_SIGN_NONE, NULL},
	{"", BOOT_SIGN_NONE, NULL},
};

static void lines_are_classified(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		const struct line_case *c = &lines[i];
		struct vm_boot_sign s;
		vm_boot_classify(slice_from(c->line), &s);
		bool good = s.kind == c->kind;
		if (good && c->stage && s.kind == BOOT_SIGN_STAGE)
			good = strcmp(s.stage, c->stage) == 0;
		else if (good && c->stage)
			good = s.advice && strstr(s.advice, c->stage);
		if (!good)
			fail_msg("%s: kind %d, stage '%s', advice '%s'", c->line, s.kind, s.stage,
				 s.advice ? s.advice : "");
	}
}

static void control_characters_go(void **state UNUSED)
{
	static const struct {
		const char *raw, *clean;
	} cases[] = {
		{"\x1b"
		 "c\x1b[?7l\x1b[2J\x1b[0mSeaBIOS",
		 "SeaBIOS"},
		{"[\x1b[0;32m  OK  \x1b[0m] Started", "[  OK  ] Started"},
		{"\x1b]0;title\aprompt", "prompt"},
		{"a\tb\a\b\x7f"
		 "c",
		 "a bc"},
		{"cut\x1b[12", "cut"},
		{"cut\x1b", "cut"},
		{"grüße", "grüße"},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CLEANUP(strbuf_release) struct strbuf out = {0};
		vm_boot_clean(slice_from(cases[i].raw), &out);
		assert_string_equal(text_of(&out), cases[i].clean);
	}
}

/* ---- a log that grows ---- */

static char path[] = "/tmp/rollout-boot-XXXXXX";
static struct strbuf told; /* "stage;" and "!note;" */

static void hear_stage(void *self UNUSED, const char *stage)
{
	strbuf_printf(&told, "%s;", stage);
}

static void hear_note(void *self UNUSED, const char *text)
{
	strbuf_printf(&told, "!%s;", text);
}

static const struct vm_reporter reporter = {NULL, hear_stage, hear_note};

static void write_log(const char *text, size_t len, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, text, len, NULL), 0);
	close(fd);
}

static void add(struct vm_boot_watch *w, const char *text)
{
	write_log(text, strlen(text), O_APPEND);
	vm_boot_watch_read(w, &reporter);
}

static int make_log(void **state UNUSED)
{
	int fd = mkstemp(path);
	if (fd >= 0)
		close(fd);
	return fd < 0;
}

static int remove_log(void **state UNUSED)
{
	return unlink(path);
}

static int begin_empty(void **state UNUSED)
{
	strbuf_truncate(&told, 0);
	write_log("", 0, O_TRUNC);
	return 0;
}

static void a_boot_is_followed(void **state UNUSED)
{
	struct vm_boot_watch w;
	vm_boot_watch_init(&w, path, 0);
	add(&w, "SeaBIOS (ver");
	assert_string_equal(text_of(&told), "firmware;");
	add(&w, "sion 1)\r\n\r\nBooting from Hard Disk...\r\n");
	add(&w, "[ 0.0] Linux ver");
	assert_string_equal(text_of(&told), "firmware;");
	add(&w, "sion 6.1\r\n[ 1.0] systemd[1]: hello\r\n");
	add(&w, "[FAILED] Failed to start x.service - X.\r\n");
	add(&w, "Cloud-init v. 22 running 'init' at x\n[  OK  ] Started late unit.\n");
	add(&w, "\r\nDebian GNU/Linux 12 etcd-1 ttyS0\r\n\r\netcd-1 login: ");
	assert_false(w.finished);
	add(&w, "Cloud-init v. 22 running 'modules:final' at x\nCloud-init v. 22 finished at x\n");
	assert_true(w.finished);
	assert_string_equal(text_of(&told),
			    "firmware;kernel;systemd;![FAILED] Failed to start x.service - X.;"
			    "cloud-init: init;login;cloud-init: modules:final;");
	strbuf_truncate(&told, 0);
	add(&w, "SeaBIOS again\nLinux version 6\n");
	assert_string_equal(text_of(&told), "firmware;kernel;");
	assert_int_equal(w.fatal.kind, BOOT_SIGN_NONE);
	vm_boot_watch_release(&w);
}

static void an_end_is_seen(void **state UNUSED)
{
	struct vm_boot_watch w;
	write_log("Kernel panic - not syncing: of the boot before\n", 47, O_APPEND);
	vm_boot_watch_init(&w, path, 47);
	add(&w, "Linux version 6\n");
	assert_int_equal(w.fatal.kind, BOOT_SIGN_NONE);
	add(&w, "\x1b[1m[ 2.0] Kernel panic - not syncing: VFS\x1b[0m");
	assert_int_equal(w.fatal.kind, BOOT_SIGN_FATAL);
	assert_string_equal(w.fatal_line, "[ 2.0] Kernel panic - not syncing: VFS");
	add(&w, "\nYou are in emergency mode\n");
	assert_string_equal(w.fatal_line, "[ 2.0] Kernel panic - not syncing: VFS");
	vm_boot_watch_release(&w);
}

static void a_log_that_began_anew_is_read_whole(void **state UNUSED)
{
	struct vm_boot_watch w;
	vm_boot_watch_init(&w, path, 100000);
	add(&w, "SeaBIOS\n");
	assert_string_equal(text_of(&told), "firmware;");
	unlink(path);
	vm_boot_watch_read(&w, &reporter);
	add(&w, "Linux\n");
	vm_boot_watch_release(&w);
}

static void much_is_bounded(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	CLEANUP(strbuf_release) struct strbuf tail = {0};
	struct vm_boot_watch w;
	vm_boot_watch_init(&w, path, 0);
	for (int i = 0; i < 60000; i++)
		strbuf_printf(&text, "line %d\n", i);
	for (int i = 0; i < 100000; i++)
		strbuf_putc(&text, 'x'); /* a line without an end */
	write_log(text.ptr, text.len, O_APPEND);
	vm_boot_watch_read(&w, &reporter);
	assert_true(w.at == (int64_t)text.len);
	assert_in_range(w.tail.len, 1, 2 * BOOT_TAIL_MAX);
	assert_in_range(w.line.len, 0, BOOT_LINE_MAX);
	add(&w, "\nfirst\nsecond\n\nthird\nunfinished");
	vm_boot_watch_tail(&w, 3, 1000, &tail);
	assert_string_equal(text_of(&tail), "  second\n  third\n  unfinished\n");
	strbuf_truncate(&tail, 0);
	vm_boot_watch_tail(&w, 100, 22, &tail);
	assert_string_equal(text_of(&tail), "  third\n  unfinished\n");
	strbuf_truncate(&tail, 0);
	vm_boot_watch_tail(&w, 15, 1300, &tail);
	assert_in_range(tail.len, 100, 1300);
	vm_boot_watch_release(&w);
}

static void an_empty_log_has_no_tail(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf tail = {0};
	struct vm_boot_watch w;
	vm_boot_watch_init(&w, "/tmp/there is no such file", 0);
	vm_boot_watch_read(&w, &reporter);
	vm_boot_watch_tail(&w, 15, 1300, &tail);
	assert_string_equal(text_of(&tail), "");
	vm_boot_watch_release(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_are_classified),
		cmocka_unit_test(control_characters_go),
		cmocka_unit_test_setup(a_boot_is_followed, begin_empty),
		cmocka_unit_test_setup(an_end_is_seen, begin_empty),
		cmocka_unit_test_setup(a_log_that_began_anew_is_read_whole, begin_empty),
		cmocka_unit_test_setup(much_is_bounded, begin_empty),
		cmocka_unit_test(an_empty_log_has_no_tail),
	};
	int r = cmocka_run_group_tests(tests, make_log, remove_log);
	strbuf_release(&told);
	return r;
}
