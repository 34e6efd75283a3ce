#include "filesystem_kind.h"

#include "rollout/base/arena.h"

#include <stdlib.h>

#define PV_SLACK (1u << 20)

static int unreadable(const struct program *p, struct err *err)
{
	struct slice said = slice_trim(p->out);
	return err_set(err, ERR_INVALID, "unable to process %s output: '%.*s'", p->words[0],
		       (int)(said.len > 200 ? 200 : said.len), said.ptr);
}

/* The number that follows `label` in the text; false without one. */
static bool number_after(struct slice text, const char *label, uint64_t *ret)
{
	const char *at = memmem(text.ptr, text.len, label, strlen(label));
	if (!at)
		return false;
	at += strlen(label);
	while (at < text.ptr + text.len && (*at == ' ' || *at == '\t'))
		at++;
	if (at == text.ptr + text.len || *at < '0' || *at > '9')
		return false;
	*ret = strtoull(at, NULL, 10);
	return true;
}

/* With the rest of a device that is too small for another block. */
static int product_of(const struct program *p, struct slice text, const char *unit,
		      const char *count, uint64_t *ret, struct err *err)
{
	uint64_t a, b;
	if (!number_after(text, unit, &a) || !number_after(text, count, &b) ||
	    __builtin_mul_overflow(a, b, ret) || a == 0 || __builtin_add_overflow(*ret, a - 1, ret))
		return unreadable(p, err);
	return 0;
}

static int ask(struct module_call *call, const char *const *words, struct program *p,
	       struct err *err)
{
	program_init(p, call, words[0]);
	program_add_all(p, words + 1);
	return program_read(p, err);
}

static int size_ext(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		    struct err *err)
{
	struct program p;
	const char *const words[] = {"tune2fs", "-l", dev, NULL};
	(void)mounted;
	int r = ask(call, words, &p, err);
	return r < 0 ? r : product_of(&p, p.out, "Block size:", "Block count:", ret, err);
}

/* "data     =    bsize=4096   blocks=262144, imaxpct=25" */
static int size_xfs(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		    struct err *err)
{
	struct program p;
	struct slice rest, line;
	const char *const words[] = {"xfs_info", mounted ? mounted : dev, NULL};
	int r = ask(call, words, &p, err);
	if (r < 0)
		return r;
	rest = p.out;
	while (slice_split(&rest, '\n', &line))
		if (slice_starts_with(line, "data"))
			return product_of(&p, line, "bsize=", "blocks=", ret, err);
	return unreadable(&p, err);
}

static int size_btrfs(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		      struct err *err)
{
	struct program p;
	const char *const words[] = {"btrfs", "filesystem", "usage", "-b", mounted, NULL};
	(void)dev;
	int r = ask(call, words, &p, err);
	if (r < 0)
		return r;
	return number_after(p.out, "Device size:", ret) ? 0 : unreadable(&p, err);
}

static int size_f2fs(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		     struct err *err)
{
	struct program p;
	const char *const words[] = {"dump.f2fs", dev, NULL};
	(void)mounted;
	int r = ask(call, words, &p, err);
	return r < 0 ? r
		     : product_of(&p, p.out, "Info: sector size =", "Info: total FS sectors =", ret,
				  err);
}

static int size_vfat(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		     struct err *err)
{
	struct program p;
	const char *const words[] = {"fatresize", "--info", dev, NULL};
	(void)mounted;
	int r = ask(call, words, &p, err);
	if (r < 0)
		return r;
	return number_after(p.out, "\nSize:", ret) || number_after(p.out, "\nCur size:", ret)
		       ? 0
		       : unreadable(&p, err);
}

/* What a volume group cannot use of a device is counted in: it is no room to grow. */
static int size_lvm(struct module_call *call, const char *dev, const char *mounted, uint64_t *ret,
		    struct err *err)
{
	struct program p;
	uint64_t number[3] = {0};
	const char *const words[] = {"pvs",
				     "--noheadings",
				     "--nosuffix",
				     "--units",
				     "b",
				     "-o",
				     "pv_size,pe_start,vg_extent_size",
				     dev,
				     NULL};
	(void)mounted;
	int r = ask(call, words, &p, err);
	struct slice rest = p.out, word;
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(number); i++)
		if (!slice_word(&rest, &word) || !number_after(word, "", &number[i]))
			return unreadable(&p, err);
	if (r < 0)
		return r;
	*ret = number[0] + number[1] + (number[2] > PV_SLACK ? number[2] : PV_SLACK);
	return 0;
}

#define EXT(name_, mkfs_)                                                                          \
	{                                                                                          \
		.name = name_, .type = name_, .mkfs = mkfs_, .force = "-F", .uuid_options = "-U",  \
		.uuid_change = "tune2fs -U {uuid}", .grow = "resize2fs", .size = size_ext,         \
	}

static const struct filesystem_kind kinds[] = {
	EXT("ext2", "mkfs.ext2"),
	EXT("ext3", "mkfs.ext3"),
	EXT("ext4", "mkfs.ext4"),
	EXT("ext4dev", "mkfs.ext4"),
	{
		.name = "f2fs",
		.type = "f2fs",
		.mkfs = "mkfs.f2fs",
		.force = "-f",
		.grow = "resize.f2fs",
		.size = size_f2fs,
	},
	{
		.name = "reiserfs",
		.type = "reiserfs",
		.mkfs = "mkfs.reiserfs",
		.force = "-q",
	},
	{
		.name = "xfs",
		.type = "xfs",
		.mkfs = "mkfs.xfs",
		.force = "-f",
		.uuid_change = "xfs_admin -U {uuid}",
		.grow = "xfs_growfs",
		.when_mounted = true,
		.size = size_xfs,
	},
	{
		.name = "btrfs",
		.type = "btrfs",
		.mkfs = "mkfs.btrfs",
		.force = "-f",
		.grow = "btrfs",
		.grow_words = {"filesystem", "resize", "max", NULL},
		.when_mounted = true,
		.size = size_btrfs,
	},
	{
		.name = "vfat",
		.type = "vfat",
		.mkfs = "mkfs.vfat",
		.grow = "fatresize",
		.grow_words = {"-s", "max", NULL},
		.size = size_vfat,
	},
	{
		.name = "ocfs2",
		.type = "ocfs2",
		.mkfs = "mkfs.ocfs2",
		.force = "-Fx",
	},
	{
		.name = "lvm",
		.type = "LVM2_member",
		.mkfs = "pvcreate",
		.force = "-f",
		.uuid_options = "-u --uuid",
		.uuid_change = "pvchange -u",
		.grow = "pvresize",
		.size = size_lvm,
	},
	{
		.name = "swap",
		.type = "swap",
		.mkfs = "mkswap",
		.force = "-f",
	},
	{
		.name = "ufs",
		.type = "ufs",
		.mkfs = "newfs",
	},
};

const struct filesystem_kind *filesystem_kind_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

bool filesystem_kind_is(const struct filesystem_kind *k, const char *type)
{
	if (strcmp(k->mkfs, "mkfs.ext4") == 0)
		return strcmp(type, "ext4") == 0 || strcmp(type, "ext4dev") == 0;
	return strcmp(k->type, type) == 0;
}
