#include "boot_sign.h"

#include <stdio.h>

#define CONSOLE_HINT "the console may take a login; a disk made anew may help: rollout vm recreate"
#define MOUNT_HINT                                                                                 \
	"a file system of the guest is missing or broken: look at its /etc/fstab, or make its "    \
	"disk anew: rollout vm recreate"
#define IMAGE_HINT                                                                                 \
	"the image is not one that this firmware can boot, or its disk is broken: check vm.image " \
	"and vm.arch, then: rollout vm recreate"
#define MEMORY_HINT "raise vm.memory"
#define PANIC_HINT                                                                                 \
	"try more memory (vm.memory), software emulation (vm.accel: tcg), or another image; a "    \
	"disk that was cut off is made anew by: rollout vm recreate"

struct sign {
	const char *text; /* anywhere in the line, or */
	bool at_end;	  /* its end, */
	const char *also; /* with this anywhere, unless NULL */
	enum vm_boot_sign_kind kind;
	enum vm_boot_rank rank;
	const char *stage, *advice;
};

#define FATAL(text, also, advice)                                                                  \
	{                                                                                          \
		text, false, also, BOOT_SIGN_FATAL, BOOT_SILENT, NULL, advice                      \
	}
#define PROMPT(text, also, advice)                                                                 \
	{                                                                                          \
		text, true, also, BOOT_SIGN_FATAL, BOOT_SILENT, NULL, advice                       \
	}
#define NOTE(text, also, advice)                                                                   \
	{                                                                                          \
		text, false, also, BOOT_SIGN_NOTE, BOOT_SILENT, NULL, advice                       \
	}
#define STAGE(text, rank, stage)                                                                   \
	{                                                                                          \
		text, false, NULL, BOOT_SIGN_STAGE, rank, stage, NULL                              \
	}

/* The first that fits. "Failed to mount" alone is not fatal: systemd says it of
 * mounts with nofail too, and then goes on; without, local-fs.target fails next. */
static const struct sign signs[] = {
	FATAL("Kernel panic - not syncing", NULL, PANIC_HINT),
	FATAL("You are in emergency mode", NULL, CONSOLE_HINT),
	FATAL("Entering emergency mode", NULL, CONSOLE_HINT),
	FATAL("Give root password for maintenance", NULL, CONSOLE_HINT),
	FATAL("Press Enter for maintenance", NULL, CONSOLE_HINT),
	FATAL("Cannot open access to console, the root account is locked", NULL, CONSOLE_HINT),
	FATAL("Dependency failed for", "Local File Systems", MOUNT_HINT),
	FATAL("Dependency failed for", "local-fs.target", MOUNT_HINT),
	FATAL("Failed to mount /sysroot", NULL, MOUNT_HINT),
	FATAL("Failed to mount", "as root file system", MOUNT_HINT),
	FATAL("Dropping to a shell!", NULL, MOUNT_HINT),
	PROMPT("(initramfs)", NULL, MOUNT_HINT),
	FATAL("Unable to mount root fs", NULL, MOUNT_HINT),
	FATAL("Freezing execution", NULL, CONSOLE_HINT),
	FATAL("No bootable device", NULL, IMAGE_HINT),
	FATAL("No bootable option or device", NULL, IMAGE_HINT),
	FATAL("UEFI Interactive Shell", NULL, IMAGE_HINT),
	PROMPT("grub rescue>", NULL, IMAGE_HINT),
	PROMPT("grub>", NULL, IMAGE_HINT),
	NOTE("Out of memory: Killed process", NULL, MEMORY_HINT),
	NOTE("Failed to start ", "[FAILED]", NULL),
	NOTE("Failed to mount /", "[FAILED]", NULL),
	STAGE("SeaBIOS", BOOT_FIRMWARE, "firmware"),
	STAGE("iPXE", BOOT_FIRMWARE, "firmware"),
	STAGE("BdsDxe:", BOOT_FIRMWARE, "firmware"),
	STAGE("UEFI firmware", BOOT_FIRMWARE, "firmware"),
	STAGE("Booting from Hard Disk", BOOT_FIRMWARE, "firmware"),
	STAGE("GRUB", BOOT_LOADER, "boot loader"),
	STAGE("SYSLINUX", BOOT_LOADER, "boot loader"),
	STAGE("EXTLINUX", BOOT_LOADER, "boot loader"),
	STAGE("Loading Linux ", BOOT_LOADER, "boot loader"),
	STAGE("Loading initial ramdisk", BOOT_LOADER, "boot loader"),
	STAGE("EFI stub:", BOOT_KERNEL, "kernel"),
	STAGE("Decompressing Linux", BOOT_KERNEL, "kernel"),
	STAGE("Linux version ", BOOT_KERNEL, "kernel"),
	STAGE("systemd[1]: ", BOOT_SYSTEMD, "systemd"),
	STAGE("[  OK  ]", BOOT_SYSTEMD, "systemd"),
	STAGE("ci-info: ", BOOT_USERSPACE, "cloud-init"),
};

static const char *find(struct slice line, const char *text)
{
	return memmem(line.ptr, line.len, text, strlen(text));
}

static bool fits(const struct sign *s, struct slice line)
{
	bool here = s->at_end ? slice_ends_with(slice_trim(line), s->text)
			      : find(line, s->text) != NULL;
	return here && (!s->also || find(line, s->also));
}

static void set_stage(struct vm_boot_sign *ret, enum vm_boot_rank rank, const char *stage)
{
	ret->kind = BOOT_SIGN_STAGE;
	ret->rank = rank;
	snprintf(ret->stage, sizeof(ret->stage), "%s", stage);
}

/* "Cloud-init v. 22.4.2 running 'modules:config' at …", "… finished at …" */
static bool is_cloud_init(struct slice line, struct vm_boot_sign *ret)
{
	const char *at = find(line, "Cloud-init v. ");
	if (!at)
		return false;
	struct slice rest = {at, line.len - (size_t)(at - line.ptr)}, phase;
	if (find(rest, " finished at ")) {
		ret->kind = BOOT_SIGN_FINISHED;
		return true;
	}
	set_stage(ret, BOOT_USERSPACE, "cloud-init");
	(void)slice_split(&rest, '\'', &phase); /* what stands before the quoted phase */
	if (slice_split(&rest, '\'', &phase) && phase.len < 40)
		snprintf(ret->stage, sizeof(ret->stage), "cloud-init: %.*s", SLICE_ARG(phase));
	return true;
}

/* agetty's "etcd-1 login:"; not sshd's "Last login:". */
static bool is_login_prompt(struct slice line)
{
	line = slice_trim(line);
	return slice_ends_with(line, " login:") && !slice_ends_with(line, "Last login:");
}

static bool is_welcome(struct slice line)
{
	line = slice_trim(line);
	return slice_starts_with(line, "Welcome to ") && slice_ends_with(line, "!") &&
	       !find(line, "GRUB");
}

void vm_boot_classify(struct slice line, struct vm_boot_sign *ret)
{
	*ret = (struct vm_boot_sign){0};
	if (is_cloud_init(line, ret))
		return;
	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		if (!fits(&signs[i], line))
			continue;
		if (signs[i].stage)
			set_stage(ret, signs[i].rank, signs[i].stage);
		ret->kind = signs[i].kind;
		ret->advice = signs[i].advice;
		return;
	}
	if (is_login_prompt(line))
		set_stage(ret, BOOT_USERSPACE, "login");
	else if (is_welcome(line))
		set_stage(ret, BOOT_SYSTEMD, "systemd");
}

/* What follows an ESC: "[ … final", "] … BEL", or one character (ECMA-48). */
static size_t sequence_length(const char *p, size_t len)
{
	size_t n = 1;
	if (len == 0)
		return 0;
	if (*p == '[')
		while (n < len && !(p[n] >= 0x40 && p[n] <= 0x7e))
			n++;
	else if (*p == ']')
		while (n < len && p[n] != '\a')
			n++;
	else
		return 1;
	return n < len ? n + 1 : len;
}

void vm_boot_clean(struct slice line, struct strbuf *out)
{
	for (size_t i = 0; i < line.len; i++) {
		unsigned char c = (unsigned char)line.ptr[i];
		if (c == 0x1b)
			i += sequence_length(line.ptr + i + 1, line.len - i - 1);
		else if (c == '\t')
			strbuf_putc(out, ' ');
		else if (c >= 0x20 && c != 0x7f)
			strbuf_putc(out, (char)c);
	}
}
