#include "accel.h"

#include "../../liveness.h"
#include "../../tool.h"
#include "guest.h"
#include "proofs.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/utsname.h>
#include <unistd.h>

#define GUEST_LIMIT_MS 5000
#define TIMEOUT_HOLDS_S 600
#define GUEST_DISK_BYTES (1 << 20) /* some controllers hide a disk of one sector */

const char *vm_accel_name(enum vm_accel a)
{
	static const char *const names[] = {"auto", "kvm", "hvf", "tcg"};
	return names[a];
}

/* ---- without a guest: what is plain ---- */

struct host {
	enum vm_accel accel; /* what its kernel has: KVM, HVF, or TCG when it has none */
	enum vm_arch arch;
	bool known_arch;
	char machine[65]; /* "x86_64" */
};

static void describe_host(struct host *h)
{
	struct utsname u;
	*h = (struct host){.accel = VM_ACCEL_TCG};
	if (uname(&u) < 0)
		return;
	const bool arm = strcmp(u.machine, "aarch64") == 0 || strcmp(u.machine, "arm64") == 0;
	h->arch = arm ? VM_ARCH_ARM64 : VM_ARCH_AMD64;
	h->known_arch = arm || strcmp(u.machine, "x86_64") == 0;
	snprintf(h->machine, sizeof(h->machine), "%.64s", u.machine);
	if (strcmp(u.sysname, "Linux") == 0)
		h->accel = VM_ACCEL_KVM;
	else if (strcmp(u.sysname, "Darwin") == 0)
		h->accel = VM_ACCEL_HVF;
}

static int no_permission(struct err *err)
{
	const struct passwd *user = getpwuid(geteuid());
	return err_set(err, ERR_UNSUPPORTED,
		       "no permission on /dev/kvm: usermod -aG kvm %s, then log in again",
		       user ? user->pw_name : "USER");
}

static int check_kvm_node(struct err *err)
{
	CLEANUP(fd_close) int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (fd >= 0)
		return 0;
	if (errno == EACCES || errno == EPERM)
		return no_permission(err);
	if (errno == ENOENT || errno == ENODEV || errno == ENXIO)
		return err_set(err, ERR_UNSUPPORTED,
			       "there is no /dev/kvm: the processor's virtualization is off, or "
			       "not given to this virtual machine");
	return err_set(err, ERR_UNSUPPORTED, "/dev/kvm does not open: %s", strerror(errno));
}

static int check_plain(enum vm_accel accel, enum vm_arch arch, struct err *err)
{
	struct host h;
	describe_host(&h);
	if (accel != h.accel)
		return err_set(err, ERR_UNSUPPORTED, "this system has no %s", vm_accel_name(accel));
	if (!h.known_arch || arch != h.arch)
		return err_set(
			err, ERR_UNSUPPORTED, "%s cannot run a guest for %s on this machine (%s)",
			vm_accel_name(accel), arch == VM_ARCH_ARM64 ? "arm64" : "amd64", h.machine);
	return accel == VM_ACCEL_KVM ? check_kvm_node(err) : 0;
}

/* ---- with one ---- */

static int write_guest(enum vm_arch arch, char path[64], struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf image = {0};
	snprintf(path, 64, "/tmp/rollout-guest.XXXXXX");
	CLEANUP(fd_close) int fd = mkostemp(path, O_CLOEXEC);
	if (fd < 0)
		return err_sys(err, "make %s", path);
	vm_guest_image(arch, &image);
	int r = fd_write_all(fd, image.ptr, image.len, err);
	if (r == 0 && arch == VM_ARCH_AMD64 && ftruncate(fd, GUEST_DISK_BYTES) < 0)
		r = err_sys(err, "write %s", path);
	if (r < 0)
		unlink(path);
	return r;
}

static int run_guest(enum vm_accel accel, enum vm_arch arch, const char *qemu, const char *image,
		     struct strbuf *said, struct err *err)
{
	const bool arm = arch == VM_ARCH_ARM64;
	const char *const machine = arm ? "virt" : "q35", *const how = arm ? "-kernel" : "-drive";
	const char *const cpu = accel == VM_ACCEL_TCG ? "max" : "host";
	CLEANUP(strbuf_release) struct strbuf what = {0};
	strbuf_printf(&what, arm ? "%s" : "file=%s,format=raw,if=virtio,readonly=on", image);
	/* clang-format off */
	const char *const argv[] = {
		qemu, "-machine", machine, "-accel", vm_accel_name(accel), "-cpu", cpu, "-m", "64",
		"-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
		"-serial", "stdio", how, what.ptr, NULL,
	};
	/* clang-format on */
	const struct tool_call call = {.argv = argv, .timeout_ms = GUEST_LIMIT_MS};
	return vm_tool_run(&call, said, err);
}

/* "… exit status 134: qemu-system-x86_64: error: failed to set MSR" to its end's first line. */
static struct slice reason(const char *program, const struct err *e)
{
	const char *name = strrchr(program, '/') ? strrchr(program, '/') + 1 : program;
	CLEANUP(strbuf_release) struct strbuf prefix = {0};
	strbuf_printf(&prefix, ": %s: ", name);
	const char *at = strstr(e->msg, prefix.ptr);
	struct slice text = slice_from(at ? at + prefix.len : e->msg), line;
	return slice_split(&text, '\n', &line) ? slice_trim(line) : text;
}

static bool stopped_by_kvm(const struct err *e)
{
	return strstr(e->msg, "\nCode=") || strstr(e->msg, "KVM internal error");
}

static int failed(const char *qemu, int r, const struct err *e, struct err *err)
{
	if (stopped_by_kvm(e))
		return err_set(err, r,
			       "KVM stopped it with an internal error: no real virtualization is "
			       "under it");
	if (r == ERR_TIMEOUT)
		return err_set(err, r, "it did not end within %d s", GUEST_LIMIT_MS / 1000);
	return err_set(err, r, "%.*s", SLICE_ARG(reason(qemu, e)));
}

int vm_accel_prove(enum vm_accel accel, enum vm_arch arch, const char *qemu, int64_t *ret_ms,
		   struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf said = {0};
	struct err e = {0};
	char image[64];
	int r = write_guest(arch, image, err);
	if (r < 0)
		return r;
	const int64_t begin_ms = clock_now_ms();
	r = run_guest(accel, arch, qemu, image, &said, &e);
	unlink(image);
	if (r < 0)
		return failed(qemu, r, &e, err);
	if (said.len == 0 || !strstr(said.ptr, VM_GUEST_SAYS))
		return err_set(err, ERR_UNSUPPORTED, "it ended before it was through");
	*ret_ms = clock_now_ms() - begin_ms;
	return 0;
}

/* ---- choosing ---- */

static void prove(enum vm_accel accel, enum vm_arch arch, const char *qemu, struct vm_proof *ret)
{
	struct err e = {0};
	int64_t took_ms;
	int r = vm_accel_prove(accel, arch, qemu, &took_ms, &e);
	ret->works = r == 0;
	/* on a busy host it may only have been too slow */
	ret->until_s = r == ERR_TIMEOUT ? clock_realtime_us() / 1000000 + TIMEOUT_HOLDS_S : 0;
	if (r == 0)
		snprintf(ret->why, sizeof(ret->why), "a test guest ran in %.1f s",
			 (double)took_ms / 1000);
	else
		snprintf(ret->why, sizeof(ret->why),
			 "%s opens, but a test guest does not run in it: %.140s",
			 accel == VM_ACCEL_KVM ? "/dev/kvm" : vm_accel_name(accel), e.msg);
}

/* One process of the user proves, the others wait and read what it found. */
static void proof_of(enum vm_accel accel, enum vm_arch arch, const char *qemu, struct vm_proof *ret)
{
	struct vm_proofs store;
	CLEANUP(fd_close) int lock = -1;
	vm_proofs_init(&store, accel, arch, qemu);
	if (!vm_proofs_read(&store, ret)) {
		if (store.lock && vm_lock_wait(store.lock, 4 * GUEST_LIMIT_MS, &lock, NULL) == 0 &&
		    vm_proofs_read(&store, ret)) {
			vm_proofs_release(&store);
			return;
		}
		prove(accel, arch, qemu, ret);
		vm_proofs_write(&store, ret);
	}
	vm_proofs_release(&store);
}

static void tcg(const char *why, struct vm_accel_choice *ret)
{
	ret->accel = VM_ACCEL_TCG;
	snprintf(ret->why, sizeof(ret->why), "tcg%s%.240s", *why ? ": " : "", why);
}

int vm_accel_choose(enum vm_accel wanted, enum vm_arch arch, const char *qemu,
		    struct vm_accel_choice *ret, struct err *err)
{
	struct host h;
	struct vm_proof proof = {0};
	struct err e = {0};
	describe_host(&h);
	if (wanted == VM_ACCEL_TCG || (wanted == VM_ACCEL_AUTO && h.accel == VM_ACCEL_TCG)) {
		tcg("", ret);
		return 0;
	}
	const enum vm_accel accel = wanted == VM_ACCEL_AUTO ? h.accel : wanted;
	if (check_plain(accel, arch, &e) == 0)
		proof_of(accel, arch, qemu, &proof);
	const char *why = e.code ? e.msg : proof.why;
	if (proof.works) {
		ret->accel = accel;
		snprintf(ret->why, sizeof(ret->why), "%s: %.240s", vm_accel_name(accel), why);
	} else if (wanted == VM_ACCEL_AUTO) {
		tcg(why, ret);
	} else {
		return err_set(err, ERR_UNSUPPORTED, "accel: %s does not work here: %s",
			       vm_accel_name(wanted), why);
	}
	return 0;
}
