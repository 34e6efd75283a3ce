#include "rollout/module/attributes.h"

#include "file_flags.h"
#include "path_state.h"

#include <stdlib.h>

#define MODE_NEW_FILE 0644
#define MODE_UMASK 022 /* of a symbolic mode that names no users */
#define MODE_MAX 07777

const char *const module_attributes_aliases[] = {"attr", NULL};

/* --- modes ------------------------------------------------------------- */

static bool parse_octal(const char *text, int *ret)
{
	char *end;
	if (strncmp(text, "0o", 2) == 0)
		text += 2;
	unsigned long n = strtoul(text, &end, 8);
	if (!*text || *end || n > MODE_MAX || *text == '-' || *text == '+')
		return false;
	*ret = (int)n;
	return true;
}

struct clause {
	bool is_dir;
	int mode, original; /* original: before the first clause, for X and copies */
	int users;	    /* bits 4 u, 2 g, 1 o */
	int mask;	    /* what an operation without users may set */
};

static int spread(int users, int rwx)
{
	return (users & 4 ? rwx << 6 : 0) | (users & 2 ? rwx << 3 : 0) | (users & 1 ? rwx : 0);
}

/* The bits that one letter stands for; -1: it is none. */
static int permission_bits(const struct clause *c, char letter)
{
	switch (letter) {
	case 'r':
		return spread(c->users, 4);
	case 'w':
		return spread(c->users, 2);
	case 'x':
		return spread(c->users, 1);
	case 'X':
		return c->is_dir || (c->original & 0111) ? spread(c->users, 1) : 0;
	case 's':
		return (c->users & 4 ? 04000 : 0) | (c->users & 2 ? 02000 : 0);
	case 't':
		return c->users & 1 || c->users == 7 ? 01000 : 0;
	case 'u':
		return spread(c->users, c->original >> 6 & 7);
	case 'g':
		return spread(c->users, c->original >> 3 & 7);
	case 'o':
		return spread(c->users, c->original & 7);
	default:
		return -1;
	}
}

/* One "+rw"; *text moves past it. */
static bool apply_operation(struct clause *c, const char **text)
{
	char op = *(*text)++;
	int bits = 0;
	while (**text && !strchr("+-=,", **text)) {
		bool is_copy = strchr("ugo", **text);
		int more = permission_bits(c, *(*text)++);
		if (more < 0)
			return false;
		/* As Ansible, other than chmod: what is copied the umask does not cut. */
		bits |= is_copy ? more : more & ~c->mask;
	}
	if (op == '-')
		c->mode &= ~bits;
	else if (op == '+')
		c->mode |= bits;
	else
		c->mode = (c->mode & ~(spread(c->users, 7) | (c->users & 4 ? 04000 : 0) |
				       (c->users & 2 ? 02000 : 0) | (c->users & 1 ? 01000 : 0))) |
			  bits;
	return true;
}

static bool parse_symbolic(const char *text, struct clause *c)
{
	do {
		c->users = 0;
		for (; *text && strchr("ugoa", *text); text++)
			c->users |= *text == 'u' ? 4 : *text == 'g' ? 2 : *text == 'o' ? 1 : 7;
		c->mask = c->users ? 0 : MODE_UMASK;
		c->users = c->users ? c->users : 7;
		if (!*text || !strchr("+-=", *text))
			return false;
		while (*text && strchr("+-=", *text))
			if (!apply_operation(c, &text))
				return false;
	} while (*text == ',' && *++text);
	return *text == '\0';
}

int attributes_mode(const char *text, const struct host_stat *current, int *ret, struct err *err)
{
	if (!text || strcmp(text, "preserve") == 0) {
		*ret = -1;
		return 0;
	}
	if (parse_octal(text, ret))
		return 0;
	bool exists = current && current->type != HOST_ABSENT;
	int base = exists ? (int)current->mode : MODE_NEW_FILE;
	struct clause c = {
		.is_dir = exists && current->type == HOST_DIR, .mode = base, .original = base};
	if (!parse_symbolic(text, &c))
		return err_set(err, ERR_INVALID, "mode '%s' is neither octal nor symbolic", text);
	*ret = c.mode;
	return 0;
}

/* --- owners ------------------------------------------------------------ */

static bool parse_number(const char *text, int64_t *ret)
{
	char *end;
	long long n = strtoll(text, &end, 10);
	if (!*text || *end || n < 0 || n >= UINT32_MAX) /* that one is "as it is" to chown */
		return false;
	*ret = n;
	return true;
}

static int look_up_user(struct module_call *call, const char *name, int64_t *ret, struct err *err)
{
	struct host_user u = {0};
	if (!name || !*name || parse_number(name, ret))
		return 0;
	int r = call->host->ops->user(call->host, call->arena, name, &u, err);
	if (r < 0)
		return r;
	if (!u.exists && !u.assumed)
		return err_set(err, ERR_NOT_FOUND, "chown failed: failed to look up user %s", name);
	*ret = u.uid;
	return 0;
}

static int look_up_group(struct module_call *call, const char *name, int64_t *ret, struct err *err)
{
	struct host_group g = {0};
	if (!name || !*name || parse_number(name, ret))
		return 0;
	int r = call->host->ops->group(call->host, call->arena, name, &g, err);
	if (r < 0)
		return r;
	if (!g.exists && !g.assumed)
		return err_set(err, ERR_NOT_FOUND, "chgrp failed: failed to look up group %s",
			       name);
	*ret = g.gid;
	return 0;
}

int attributes_wanted(struct module_call *call, const struct host_stat *current,
		      struct host_attr *ret, struct err *err)
{
	struct host_attr want = HOST_ATTR_KEEP;
	int r = attributes_mode(arg_str(call, "mode"), current, &want.mode, err);
	if (r == 0)
		r = look_up_user(call, arg_str(call, "owner"), &want.uid, err);
	if (r == 0)
		r = look_up_group(call, arg_str(call, "group"), &want.gid, err);
	if (r == 0)
		*ret = want;
	return r;
}

/* --- applying ---------------------------------------------------------- */

static const char *user_name(struct module_call *call, uid_t uid)
{
	struct host_user u = {0};
	if (call->host->ops->user_by_id(call->host, call->arena, uid, &u, NULL) == 0 && u.name)
		return u.name;
	return arena_printf(call->arena, "%u", uid);
}

static const char *group_name(struct module_call *call, gid_t gid)
{
	struct host_group g = {0};
	if (call->host->ops->group_by_id(call->host, call->arena, gid, &g, NULL) == 0 && g.name)
		return g.name;
	return arena_printf(call->arena, "%u", gid);
}

/* "mode: 0644" lines of what differs, before and after. */
static void show(struct module_call *call, const char *path, const struct host_stat *st,
		 const struct host_attr *change)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0};
	if (!call->diff_mode)
		return;
	if (change->mode >= 0 && (mode_t)change->mode != st->mode) {
		strbuf_printf(&before, "mode: %04o\n", st->mode);
		strbuf_printf(&after, "mode: %04o\n", (unsigned)change->mode);
	}
	if (change->uid >= 0) {
		strbuf_printf(&before, "owner: %s\n", user_name(call, st->uid));
		strbuf_printf(&after, "owner: %s\n", user_name(call, (uid_t)change->uid));
	}
	if (change->gid >= 0) {
		strbuf_printf(&before, "group: %s\n", group_name(call, st->gid));
		strbuf_printf(&after, "group: %s\n", group_name(call, (gid_t)change->gid));
	}
	const char *name = arena_printf(call->arena, "%s (file attributes)", path);
	result_diff(call, name, strbuf_slice(&before), name, strbuf_slice(&after));
}

static bool differs(const struct host_attr *c)
{
	return c->mode >= 0 || c->uid >= 0 || c->gid >= 0 || c->mtime_ns >= 0 || c->atime_ns >= 0;
}

/* What of `want` is not so yet. */
static struct host_attr what_differs(const struct host_stat *st, const struct host_attr *want)
{
	struct host_attr change = *want;
	if (change.uid >= 0 && (uid_t)change.uid == st->uid)
		change.uid = -1;
	if (change.gid >= 0 && (gid_t)change.gid == st->gid)
		change.gid = -1;
	/* A change of owner clears the set-id bits, so the mode goes with it. */
	bool chowns = change.uid >= 0 || change.gid >= 0;
	if (change.mode >= 0 &&
	    (st->type == HOST_LINK || ((mode_t)change.mode == st->mode && !chowns)))
		change.mode = -1;
	if (change.mtime_ns == st->mtime_ns)
		change.mtime_ns = -1;
	if (change.atime_ns == st->atime_ns)
		change.atime_ns = -1;
	return change;
}

void attributes_note(struct module_call *call, const char *path, const struct host_stat *was,
		     const struct host_attr *want)
{
	const struct host_attr change = what_differs(was, want);
	if (!differs(&change))
		return;
	result_changed(call);
	show(call, path, was, &change);
}

static int apply_owner_and_mode(struct module_call *call, const char *path,
				const struct host_attr *want, struct err *err)
{
	struct host_stat st = {0};
	bool follow = !arg_has(call, "follow") || arg_bool(call, "follow");
	int r = call->host->ops->stat(call->host, call->arena, path, follow, &st, err);
	if (r < 0 || !differs(want))
		return r;
	if (st.type == HOST_ABSENT) {
		/* Check mode, and something unknown may have made it. */
		if (host_assumes(call->host))
			return 0;
		return err_set(err, ERR_NOT_FOUND, "%s: No such file or directory", path);
	}
	const struct host_attr change = what_differs(&st, want);
	if (!differs(&change))
		return 0;
	if (follow)
		r = path_trusted(call, path, err);
	if (r == 0)
		r = call->host->ops->set_attr(call->host, path, follow, &change, err);
	if (r < 0)
		return r;
	result_changed(call);
	show(call, path, &st, &change);
	return 0;
}

int attributes_apply(struct module_call *call, const char *path, const struct host_attr *want,
		     struct err *err)
{
	int r = apply_owner_and_mode(call, path, want, err);
	return r < 0 ? r : attributes_flags(call, path, err);
}

int attributes_flags(struct module_call *call, const char *path, struct err *err)
{
	bool changed;
	int r = file_flags_apply(call, path, &changed, err);
	if (r == 0 && changed)
		result_changed(call);
	return r;
}
