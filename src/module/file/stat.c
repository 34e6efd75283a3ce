#include "../call.h"
#include "../path/file_flags.h"
#include "../path/path_state.h"

#include <unistd.h>

#define NS_PER_S 1e9

static const char *const path_aliases[] = {"dest", "name", NULL};
static const char *const algorithms[] = {"md5",	   "sha1",   "sha224", "sha256",
					 "sha384", "sha512", NULL};
static const char *const algorithm_aliases[] = {"checksum", "checksum_algo", NULL};
static const char *const mime_aliases[] = {"mime", "mime_type", "mime-type", NULL};
static const char *const attributes_aliases[] = {"attr", NULL};

static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .aliases = path_aliases,
	 .doc = "What is asked about."},
	{.name = "follow",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Tells about a link's target."},
	{.name = "get_checksum",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Returns a file's checksum."},
	{.name = "get_md5",
	 .type = MODULE_BOOL,
	 .doc = "Accepted; there is no MD5 but by checksum_algorithm."},
	{.name = "checksum_algorithm",
	 .type = MODULE_STR,
	 .fallback = "sha1",
	 .choices = algorithms,
	 .aliases = algorithm_aliases,
	 .doc = "Which checksum."},
	{.name = "get_mime",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = mime_aliases,
	 .doc = "Accepted; the type is not determined."},
	{.name = "get_attributes",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = attributes_aliases,
	 .doc = "Returns attributes and attr_flags, as lsattr has them."},
	{0},
};

struct facts {
	struct module_call *call;
	struct value *dict;
};

static void put_bool(struct facts *f, const char *key, bool b)
{
	value_dict_put(f->call->arena, f->dict, key, value_bool(b));
}

static void put_int(struct facts *f, const char *key, int64_t n)
{
	value_dict_put(f->call->arena, f->dict, key, value_int(f->call->arena, n));
}

static void put_str(struct facts *f, const char *key, const char *s)
{
	if (s)
		value_dict_put(f->call->arena, f->dict, key, value_cstr(f->call->arena, s));
}

static void put_time(struct facts *f, const char *key, int64_t ns)
{
	value_dict_put(f->call->arena, f->dict, key,
		       value_float(f->call->arena, (double)ns / NS_PER_S));
}

static void put_types(struct facts *f, const struct host_stat *st)
{
	put_bool(f, "isdir", st->type == HOST_DIR);
	put_bool(f, "isreg", st->type == HOST_FILE);
	put_bool(f, "islnk", st->type == HOST_LINK);
	put_bool(f, "isfifo", st->type == HOST_FIFO);
	put_bool(f, "issock", st->type == HOST_SOCKET);
	put_bool(f, "ischr", st->type == HOST_CHARDEV);
	put_bool(f, "isblk", st->type == HOST_BLOCKDEV);
}

static void put_mode_bits(struct facts *f, mode_t mode)
{
	static const struct {
		const char *key;
		mode_t bit;
	} bits[] = {
		{"rusr", 0400}, {"wusr", 0200},	  {"xusr", 0100},   {"rgrp", 0040},
		{"wgrp", 0020}, {"xgrp", 0010},	  {"roth", 0004},   {"woth", 0002},
		{"xoth", 0001}, {"isuid", 04000}, {"isgid", 02000},
	};
	for (size_t i = 0; i < ARRAY_LEN(bits); i++)
		put_bool(f, bits[i].key, mode & bits[i].bit);
}

/* What the process itself may do; root may all but execute what nobody may. */
static void put_rights(struct facts *f, mode_t bits)
{
	put_bool(f, "readable", bits & 4);
	put_bool(f, "writeable", bits & 2);
	put_bool(f, "executable", bits & 1);
}

static mode_t rights(const struct host_stat *st)
{
	gid_t groups[256];
	mode_t bits = st->mode & 7;
	int n = getgroups(ARRAY_LEN(groups), groups);
	bool member = st->gid == getegid();
	for (int i = 0; i < n; i++)
		member = member || groups[i] == st->gid;
	if (st->uid == geteuid())
		bits = st->mode >> 6 & 7;
	else if (member)
		bits = st->mode >> 3 & 7;
	if (geteuid() == 0)
		bits = 6 | ((st->mode & 0111) || st->type == HOST_DIR ? 1 : 0);
	return bits;
}

/* As access(2): of what a link leads to. */
static int put_access(struct facts *f, const char *path, const struct host_stat *st,
		      struct err *err)
{
	struct host_stat target = *st;
	struct host *h = f->call->host;
	int r = st->type == HOST_LINK ? h->ops->stat(h, f->call->arena, path, true, &target, err)
				      : 0;
	if (r == 0)
		put_rights(f, target.type == HOST_ABSENT ? 0 : rights(&target));
	return r;
}

static void put_numbers(struct facts *f, const struct host_stat *st)
{
	put_str(f, "mode", arena_printf(f->call->arena, "%04o", st->mode));
	put_int(f, "uid", st->uid);
	put_int(f, "gid", st->gid);
	put_int(f, "size", (int64_t)st->size);
	put_int(f, "inode", (int64_t)st->inode);
	put_int(f, "dev", (int64_t)st->device);
	put_int(f, "nlink", (int64_t)st->nlink);
	put_time(f, "atime", st->atime_ns);
	put_time(f, "mtime", st->mtime_ns);
	put_time(f, "ctime", st->ctime_ns);
	put_str(f, "pw_name", path_owner_name(f->call, st->uid));
	put_str(f, "gr_name", path_group_name(f->call, st->gid));
}

static int put_checksum(struct facts *f, const char *path, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	enum digest_algorithm alg;
	struct module_call *call = f->call;
	struct err e = {0};
	if (!digest_by_name(arg_slice(call, "checksum_algorithm"), &alg))
		return err_set(err, ERR_INVALID, "unknown checksum algorithm");
	int r = call->host->ops->digest(call->host, path, alg, hex, &e);
	if (r == 0)
		put_str(f, "checksum", hex);
	/* Not readable, or in check mode not known: the field is left out. */
	if (r == 0 || r == ERR_SYS || r == ERR_UNKNOWN)
		return 0;
	if (err)
		*err = e;
	return r;
}

/* Where the file system has them; Ansible's fields of lsattr. */
static void put_flags(struct facts *f, const char *path, const struct host_stat *st)
{
	CLEANUP(strbuf_release) struct strbuf letters = {0};
	struct module_call *call = f->call;
	uint32_t flags = 0;
	bool has = st->type == HOST_FILE || st->type == HOST_DIR;
	if (!arg_bool(call, "get_attributes"))
		return;
	has = has && call->host->ops->flags(call->host, path, &flags, NULL) == 0;
	file_flags_letters(flags, &letters);
	value_dict_put(call->arena, f->dict, "attributes", file_flags_names(call->arena, flags));
	if (has)
		put_str(f, "attr_flags", arena_slice(call->arena, strbuf_slice(&letters)).ptr);
}

static int run(struct module_call *call, struct err *err)
{
	struct host_stat st = {0};
	struct facts f = {call, value_dict_new(call->arena)};
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	bool follow = arg_bool(call, "follow");
	int r = call->host->ops->stat(call->host, call->arena, path, follow, &st, err);
	if (r < 0)
		return r;
	result_put(call, "stat", f.dict);
	put_bool(&f, "exists", st.type != HOST_ABSENT);
	if (st.type == HOST_ABSENT)
		return 0;
	put_str(&f, "path", path);
	put_numbers(&f, &st);
	put_types(&f, &st);
	put_mode_bits(&f, st.mode);
	r = put_access(&f, path, &st, err);
	if (r < 0)
		return r;
	put_flags(&f, path, &st);
	if (st.type == HOST_LINK) {
		const char *real;
		put_str(&f, "lnk_target", st.link_target);
		if (path_link_end(call, path, &real, NULL) == 0)
			put_str(&f, "lnk_source", real);
	}
	if (st.type == HOST_FILE && arg_bool(call, "get_checksum"))
		return put_checksum(&f, path, err);
	return 0;
}

const struct module module_stat = {
	.name = "stat",
	.full_name = "ansible.builtin.stat",
	.doc = "Tells whether a path exists and what it is.",
	.params = params,
	.run = run,
};
