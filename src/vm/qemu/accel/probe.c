#include "probe.h"

#include "../../tool.h"
#include "rollout/base/compiler.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PROBE_LIMIT_MS 20000

/* ---- the program ---- */

const char *vm_qemu_program(enum vm_arch arch)
{
	return arch == VM_ARCH_ARM64 ? "qemu-system-aarch64" : "qemu-system-x86_64";
}

static int no_program(const char *program, const char *package, struct err *err)
{
	return err_set(err, ERR_NOT_FOUND,
		       "%s is not installed: Debian and Ubuntu have it in the package %s, "
		       "Homebrew in qemu",
		       program, package);
}

/* "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)" */
bool vm_qemu_parse_version(struct slice text, unsigned *ret, char ret_text[32])
{
	static const char word[] = "version ";
	char start[32] = "", *dot, *end;
	const char *at = text.len ? memmem(text.ptr, text.len, word, sizeof(word) - 1) : NULL;
	if (!at)
		return false;
	at += sizeof(word) - 1;
	size_t left = text.len - (size_t)(at - text.ptr);
	memcpy(start, at, left < sizeof(start) - 1 ? left : sizeof(start) - 1);
	unsigned long major = strtoul(start, &dot, 10);
	if (dot == start || *dot != '.' || major > 999)
		return false;
	unsigned long minor = strtoul(dot + 1, &end, 10);
	if (end == dot + 1 || minor > 99)
		return false;
	size_t whole = strspn(start, "0123456789.");
	start[whole] = '\0';
	*ret = (unsigned)(major * 100 + minor);
	memcpy(ret_text, start, sizeof(start));
	return true;
}

/* One that has no seccomp refuses the option before it tells its version. */
static int ask_version(struct vm_qemu *q, struct strbuf *out, struct err *err)
{
	const char *const with[] = {q->path, "-sandbox", "on", "-version", NULL};
	const char *const without[] = {q->path, "-version", NULL};
	const struct tool_call first = {.argv = with, .timeout_ms = PROBE_LIMIT_MS};
	const struct tool_call second = {.argv = without, .timeout_ms = PROBE_LIMIT_MS};
	q->sandbox = vm_tool_run(&first, out, NULL) == 0;
	return q->sandbox ? 0 : vm_tool_run(&second, out, err);
}

static int find_tools(enum vm_arch arch, struct vm_qemu *q, struct err *err)
{
	const char *program = vm_qemu_program(arch);
	CLEANUP(free_ptr) char *path = vm_tool_find(program);
	CLEANUP(free_ptr) char *img = vm_tool_find("qemu-img");
	if (!path)
		return no_program(program,
				  arch == VM_ARCH_ARM64 ? "qemu-system-arm" : "qemu-system-x86",
				  err);
	if (!img)
		return no_program("qemu-img", "qemu-utils", err);
	if ((size_t)snprintf(q->path, sizeof(q->path), "%s", path) >= sizeof(q->path))
		return err_set(err, ERR_LIMIT, "the path of %s is too long", path);
	return 0;
}

int vm_qemu_find(enum vm_arch arch, struct vm_qemu *ret, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct vm_qemu q = {0};
	int r = find_tools(arch, &q, err);
	if (r == 0)
		r = ask_version(&q, &out, err);
	if (r < 0)
		return r;
	if (!vm_qemu_parse_version(strbuf_slice(&out), &q.version, q.version_text))
		return err_set(err, ERR_UNSUPPORTED, "%s -version tells no version", q.path);
	if (q.version < QEMU_VERSION_MIN)
		return err_set(err, ERR_UNSUPPORTED,
			       "%s is QEMU %s: rollout needs 7.2 or later (Debian 12, Ubuntu "
			       "24.04)",
			       q.path, q.version_text);
	*ret = q;
	return 0;
}

/* ---- its network backends ---- */

static bool has_line(struct slice text, const char *line)
{
	struct slice rest = text, part;
	while (slice_split(&rest, '\n', &part))
		if (slice_is(slice_trim(part), line))
			return true;
	return false;
}

int vm_qemu_check_network(const struct vm_qemu *q, enum vm_network_mode mode, struct err *err)
{
	static const char *const user[] = {"user", "dgram", NULL}, *const bridge[] = {"tap", NULL};
	const char *const *needed = mode == VM_NETWORK_USER ? user : bridge;
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const char *const argv[] = {q->path, "-machine", "none", "-netdev", "help", NULL};
	const struct tool_call call = {.argv = argv, .timeout_ms = PROBE_LIMIT_MS};
	int r = vm_tool_run(&call, &out, err);
	if (r < 0)
		return r;
	for (; *needed; needed++)
		if (!has_line(strbuf_slice(&out), *needed))
			return err_set(err, ERR_UNSUPPORTED,
				       "%s was built without the network backend '%s'%s: install "
				       "your distribution's QEMU",
				       q->path, *needed,
				       strcmp(*needed, "user") == 0 ? " (libslirp)" : "");
	return 0;
}

/* ---- firmware ---- */

/* Debian and Ubuntu, Fedora, Arch, Homebrew, an own build. */
static const char *const firmware_places[] = {
	"/usr/share/AAVMF/AAVMF_CODE.no-secboot.fd",
	"/usr/share/AAVMF/AAVMF_CODE.fd",
	"/usr/share/qemu-efi-aarch64/QEMU_EFI.fd",
	"/usr/share/edk2/aarch64/QEMU_EFI.fd",
	"/usr/share/edk2/aarch64/QEMU_CODE.fd",
	"/usr/share/qemu/edk2-aarch64-code.fd",
	"/opt/homebrew/share/qemu/edk2-aarch64-code.fd",
	"/usr/local/share/qemu/edk2-aarch64-code.fd",
};

int vm_qemu_firmware(enum vm_arch arch, const char **ret, struct err *err)
{
	if (arch == VM_ARCH_AMD64) {
		*ret = "";
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(firmware_places); i++) {
		if (access(firmware_places[i], R_OK) < 0)
			continue;
		*ret = firmware_places[i];
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND,
		       "there is no UEFI firmware for arm64 guests: Debian and Ubuntu have it in "
		       "the package qemu-efi-aarch64");
}
