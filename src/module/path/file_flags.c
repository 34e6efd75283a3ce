#include "file_flags.h"

#include <linux/fs.h>

/* In the order of lsattr(1). */
static const struct {
	char letter;
	uint32_t flag;
	const char *name; /* of Ansible's stat; NULL: it has none */
} flags[] = {
	{'s', FS_SECRM_FL, "zero"},
	{'u', FS_UNRM_FL, "undelete"},
	{'S', FS_SYNC_FL, "synchronous"},
	{'D', FS_DIRSYNC_FL, "dirsync"},
	{'i', FS_IMMUTABLE_FL, "immutable"},
	{'a', FS_APPEND_FL, "append"},
	{'d', FS_NODUMP_FL, "nodump"},
	{'A', FS_NOATIME_FL, "noatime"},
	{'c', FS_COMPR_FL, "compressed"},
	{'E', FS_ENCRYPT_FL, "encrypted"},
	{'j', FS_JOURNAL_DATA_FL, "journalled"},
	{'I', FS_INDEX_FL, "indexed"},
	{'t', FS_NOTAIL_FL, "notail"},
	{'T', FS_TOPDIR_FL, "blockroot"},
	{'e', FS_EXTENT_FL, "extents"},
	{'C', FS_NOCOW_FL, "nocow"},
	{'x', FS_DAX_FL, NULL},
	{'F', FS_CASEFOLD_FL, NULL},
	{'N', FS_INLINE_DATA_FL, "inline"},
	{'P', FS_PROJINHERIT_FL, NULL},
	{'V', FS_VERITY_FL, NULL},
	{'m', FS_NOCOMP_FL, NULL},
};

/* What chattr sets and "=" may take away. */
#define SETTABLE                                                                                   \
	((uint32_t)(FS_SECRM_FL | FS_UNRM_FL | FS_SYNC_FL | FS_DIRSYNC_FL | FS_IMMUTABLE_FL |      \
		    FS_APPEND_FL | FS_NODUMP_FL | FS_NOATIME_FL | FS_COMPR_FL |                    \
		    FS_JOURNAL_DATA_FL | FS_NOTAIL_FL | FS_TOPDIR_FL | FS_NOCOW_FL | FS_DAX_FL |   \
		    FS_CASEFOLD_FL | FS_PROJINHERIT_FL | FS_NOCOMP_FL))

static uint32_t flag_of(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (flags[i].letter == letter)
			return flags[i].flag;
	return 0;
}

int file_flags_parse(const char *text, uint32_t now, uint32_t *ret, struct err *err)
{
	uint32_t named = 0;
	char op = *text && strchr("+-=", *text) ? *text++ : '=';
	for (const char *c = text; *c; c++) {
		uint32_t flag = flag_of(*c);
		if (!flag)
			return err_set(err, ERR_INVALID, "chattr failed: no attribute '%c' in '%s'",
				       *c, text);
		named |= flag;
	}
	if (op == '+')
		*ret = now | named;
	else if (op == '-')
		*ret = now & ~named;
	else
		*ret = (now & ~SETTABLE) | named;
	return 0;
}

void file_flags_letters(uint32_t value, struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if (value & flags[i].flag)
			strbuf_putc(out, flags[i].letter);
}

const struct value *file_flags_names(struct arena *a, uint32_t value)
{
	struct value *names = value_list_new(a);
	for (size_t i = 0; i < ARRAY_LEN(flags); i++)
		if ((value & flags[i].flag) && flags[i].name)
			value_list_push(a, names, value_cstr(a, flags[i].name));
	return names;
}

static int refuse_selinux(struct module_call *call, struct err *err)
{
	static const char *const names[] = {"seuser", "serole", "setype", "selevel"};
	struct host_stat st = {0};
	const char *given = NULL;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (arg_has(call, names[i]))
			given = names[i];
	if (!given)
		return 0;
	int r = call->host->ops->stat(call->host, call->arena, "/sys/fs/selinux/enforce", true, &st,
				      err);
	if (r < 0 || st.type == HOST_ABSENT)
		return r;
	return err_set(err, ERR_UNSUPPORTED, "%s is not supported on a host with SELinux", given);
}

static void show(struct module_call *call, const char *path, uint32_t old, uint32_t new)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	const char *name = arena_printf(call->arena, "%s (file attributes)", path);
	strbuf_puts(&before, "attributes: ");
	strbuf_puts(&after, "attributes: ");
	file_flags_letters(old, &before);
	file_flags_letters(new, &after);
	strbuf_putc(&before, '\n');
	strbuf_putc(&after, '\n');
	result_diff(call, name, strbuf_slice(&before), name, strbuf_slice(&after));
}

int file_flags_apply(struct module_call *call, const char *path, bool *ret_changed, struct err *err)
{
	const char *text = arg_str(call, "attributes");
	const struct host_ops *ops = call->host->ops;
	uint32_t now = 0, want = 0;
	*ret_changed = false;
	int r = refuse_selinux(call, err);
	if (r < 0 || !text)
		return r;
	r = ops->flags(call->host, path, &now, err);
	if (r == 0)
		r = file_flags_parse(text, now, &want, err);
	if (r < 0 || want == now)
		return r;
	r = ops->set_flags(call->host, path, want, err);
	if (r < 0)
		return err_wrap(err, r, "chattr failed");
	*ret_changed = true;
	show(call, path, now, want);
	return 0;
}
