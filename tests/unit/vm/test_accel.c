/* The proof that an accelerator works, what is kept of it, and QEMU's version. */
#include "project.h"
#include "qemu/accel/accel.h"
#include "qemu/accel/guest.h"
#include "qemu/accel/probe.h"
#include "qemu/accel/proofs.h"

#include "rollout/base/clock.h"

static struct project folder;

static int make_folder(void **state)
{
	(void)state;
	project_open(&folder);
	setenv("XDG_CACHE_HOME", folder.dir, 1);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	project_close(&folder);
	return 0;
}

/* ---- versions ---- */

static const struct {
	const char *text;
	unsigned version; /* 0: none */
	const char *shown;
} versions[] = {
	{"QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18)\n", 702, "7.2.22"},
	{"QEMU emulator version 10.0.0\n", 1000, "10.0.0"},
	{"QEMU emulator version 8.2.0 (v8.2.0-rc1)\n", 802, "8.2.0"},
	{"qemu: version 6.11", 611, "6.11"},
	{"QEMU emulator version unknown", 0, ""},
	{"version ", 0, ""},
	{"", 0, ""},
};

static void qemu_versions(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(versions); i++) {
		unsigned version = 0;
		char shown[32] = "";
		assert_int_equal(
			vm_qemu_parse_version(slice_from(versions[i].text), &version, shown),
			versions[i].version != 0);
		assert_int_equal(version, versions[i].version);
		assert_string_equal(shown, versions[i].shown);
	}
}

/* ---- a QEMU of the tests ---- */

static const char *fake_qemu(const char *script)
{
	static char path[256];
	snprintf(path, sizeof(path), "%s", project_path(&folder, "qemu-fake"));
	project_file(&folder, "qemu-fake", script);
	assert_int_equal(chmod(path, 0755), 0);
	return path;
}

/* On a busy machine it may not end in time. */
static int prove(enum vm_accel accel, enum vm_arch arch, const char *qemu, int64_t *ret_took_ms,
		 struct err *err)
{
	int r = ERR_TIMEOUT;
	for (int i = 0; r == ERR_TIMEOUT && i < 20; i++) {
		*err = (struct err){0};
		r = vm_accel_prove(accel, arch, qemu, ret_took_ms, err);
	}
	return r;
}

static const struct proof_case {
	const char *script;
	int code;
	const char *why;
} proof_cases[] = {
	{"#!/bin/sh\necho guest ok\n", 0, ""},
	{"#!/bin/sh\necho guest\n", ERR_UNSUPPORTED, "it ended before it was through"},
	{"#!/bin/sh\n", ERR_UNSUPPORTED, "it ended before it was through"},
	{"#!/bin/sh\necho 'qemu-fake: error: failed to set MSR 0x10a' >&2\necho more >&2\nexit 1\n",
	 ERR_SYS, "error: failed to set MSR 0x10a"},
	{"#!/bin/sh\necho 'KVM internal error. Suberror: 1' >&2\nexit 1\n", ERR_SYS,
	 "KVM stopped it with an internal error: no real virtualization is under it"},
};

static void a_guest_proves_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(proof_cases); i++) {
		const struct proof_case *c = &proof_cases[i];
		struct err e = {0};
		int64_t took_ms = -1;
		const char *qemu = fake_qemu(c->script);
		assert_int_equal(prove(VM_ACCEL_KVM, VM_ARCH_AMD64, qemu, &took_ms, &e), c->code);
		assert_string_equal(e.msg, c->why);
		assert_int_equal(took_ms >= 0, c->code == 0);
	}
}

/* The guests themselves, where there is a QEMU: what TCG does any host can. */
static void guests_run_in_tcg(void **state)
{
	static const enum vm_arch archs[] = {VM_ARCH_AMD64, VM_ARCH_ARM64};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(archs); i++) {
		struct vm_qemu qemu;
		struct err e = {0};
		int64_t took_ms;
		if (vm_qemu_find(archs[i], &qemu, &e) < 0)
			continue;
		if (prove(VM_ACCEL_TCG, archs[i], qemu.path, &took_ms, &e) < 0)
			fail_msg("%s: %s", qemu.path, e.msg);
	}
}

static void a_boot_sector(void **state)
{
	CLEANUP(strbuf_release) struct strbuf image = {0};
	(void)state;
	vm_guest_image(VM_ARCH_AMD64, &image);
	assert_int_equal(image.len, 512);
	assert_memory_equal(image.ptr + 510, "\x55\xaa", 2);
	vm_guest_image(VM_ARCH_ARM64, &image);
	assert_int_equal(image.len % 4, 0);
}

/* ---- what is kept ---- */

static void proofs_are_kept(void **state)
{
	const char *qemu = fake_qemu("#!/bin/sh\n");
	struct vm_proofs store;
	struct vm_proof got = {0}, proof = {.works = true, .why = "a test guest ran"};
	(void)state;
	vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_AMD64, qemu);
	assert_false(vm_proofs_read(&store, &got));
	vm_proofs_write(&store, &proof);
	assert_true(vm_proofs_read(&store, &got));
	assert_true(got.works);
	assert_string_equal(got.why, "a test guest ran");
	proof.works = false;
	proof.until_s = clock_realtime_us() / 1000000 + 100;
	vm_proofs_write(&store, &proof);
	assert_true(vm_proofs_read(&store, &got));
	assert_false(got.works);
	proof.until_s = 1;
	vm_proofs_write(&store, &proof);
	assert_false(vm_proofs_read(&store, &got));
	vm_proofs_release(&store);
}

static void another_qemu_is_another_proof(void **state)
{
	const char *qemu = fake_qemu("#!/bin/sh\n");
	struct vm_proofs store;
	struct vm_proof got, proof = {.works = true, .why = "x"};
	(void)state;
	vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_AMD64, qemu);
	vm_proofs_write(&store, &proof);
	vm_proofs_release(&store);
	vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_ARM64, qemu);
	assert_false(vm_proofs_read(&store, &got));
	vm_proofs_release(&store);
	fake_qemu("#!/bin/sh\n# newer\n");
	vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_AMD64, qemu);
	assert_false(vm_proofs_read(&store, &got));
	vm_proofs_write(&store, &proof);
	assert_true(vm_proofs_read(&store, &got));
	project_file(&folder, "rollout/accel.json", "{\"kvm amd64\": [");
	assert_false(vm_proofs_read(&store, &got));
	vm_proofs_write(&store, &proof);
	assert_true(vm_proofs_read(&store, &got));
	vm_proofs_release(&store);
}

static void without_a_folder_nothing_is_kept(void **state)
{
	static const char *const homes[] = {NULL, "", "relative"};
	struct vm_proofs store;
	(void)state;
	unsetenv("XDG_CACHE_HOME");
	for (size_t i = 0; i < ARRAY_LEN(homes); i++) {
		if (homes[i])
			setenv("HOME", homes[i], 1);
		else
			unsetenv("HOME");
		vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_AMD64, "/qemu");
		assert_null(store.file);
		assert_null(store.lock);
		vm_proofs_release(&store);
	}
	setenv("HOME", folder.dir, 1);
	vm_proofs_init(&store, VM_ACCEL_KVM, VM_ARCH_AMD64, "/qemu");
	assert_string_equal(store.file, project_path(&folder, ".cache/rollout/accel.json"));
	vm_proofs_release(&store);
	setenv("XDG_CACHE_HOME", folder.dir, 1);
}

/* ---- the choice ---- */

static void choices(void **state)
{
	const char *qemu = fake_qemu("#!/bin/sh\nexit 1\n");
	struct vm_accel_choice c = {0};
	struct err e = {0};
	(void)state;
	assert_int_equal(vm_accel_choose(VM_ACCEL_TCG, VM_ARCH_AMD64, qemu, &c, &e), 0);
	assert_int_equal(c.accel, VM_ACCEL_TCG);
	assert_int_equal(vm_accel_choose(VM_ACCEL_AUTO, VM_ARCH_AMD64, qemu, &c, &e), 0);
	assert_int_equal(c.accel, VM_ACCEL_TCG);
	assert_int_equal(vm_accel_choose(VM_ACCEL_HVF, VM_ARCH_AMD64, qemu, &c, &e),
			 ERR_UNSUPPORTED);
	assert_string_equal(e.msg, "accel: hvf does not work here: this system has no hvf");
	assert_int_equal(vm_accel_choose(VM_ACCEL_KVM, VM_ARCH_AMD64, qemu, &c, &e),
			 ERR_UNSUPPORTED);
	assert_int_equal(strncmp(e.msg, "accel: kvm does not work here: ", 31), 0);
}

static void a_guest_of_another_kind_is_emulated(void **state)
{
#ifdef __x86_64__
	const enum vm_arch other = VM_ARCH_ARM64;
#else
	const enum vm_arch other = VM_ARCH_AMD64;
#endif
	const char *qemu = fake_qemu("#!/bin/sh\necho guest ok\n");
	struct vm_accel_choice c = {0};
	struct err e = {0};
	(void)state;
	assert_int_equal(vm_accel_choose(VM_ACCEL_AUTO, other, qemu, &c, &e), 0);
	assert_int_equal(c.accel, VM_ACCEL_TCG);
	assert_non_null(strstr(c.why, "cannot run a guest for"));
	assert_int_equal(vm_accel_choose(VM_ACCEL_KVM, other, qemu, &c, &e), ERR_UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(qemu_versions),
		cmocka_unit_test(a_guest_proves_it),
		cmocka_unit_test(guests_run_in_tcg),
		cmocka_unit_test(a_boot_sector),
		cmocka_unit_test(proofs_are_kept),
		cmocka_unit_test(another_qemu_is_another_proof),
		cmocka_unit_test(without_a_folder_nothing_is_kept),
		cmocka_unit_test(choices),
		cmocka_unit_test(a_guest_of_another_kind_is_emulated),
	};
	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
