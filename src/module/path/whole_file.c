#include "whole_file.h"

#include "../call.h"
#include "path_state.h"
#include "rollout/module/attributes.h"

#define NEW_MODE 0644

int whole_file_put(struct module_call *call, const char *path, struct slice content, int mode,
		   bool *ret_changed, struct err *err)
{
	struct slice old = {"", 0};
	struct host_stat st = {0};
	struct host_write w = {.content = content, .attr = HOST_ATTR_KEEP};
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r == 0 && st.type != HOST_ABSENT)
		r = call_read(call, path, &old, err);
	if (r < 0)
		return r;
	w.attr.mode = mode >= 0 ? mode : st.type == HOST_ABSENT ? NEW_MODE : -1;
	bool same = st.type != HOST_ABSENT && slice_eq(old, content) &&
		    (mode < 0 || (int)st.mode == mode);
	if (ret_changed)
		*ret_changed = !same;
	if (same)
		return 0;
	if (st.type == HOST_ABSENT)
		r = path_need_folder(call, path, err);
	if (r == 0)
		r = call->host->ops->write(call->host, path, &w, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_diff(call, path, old, path, content);
	return 0;
}

/* Owner and mode of what takes the place of `was`. */
static int wanted_of(struct module_call *call, const struct host_stat *was, int mode,
		     struct host_attr *ret, struct err *err)
{
	struct host_attr want = HOST_ATTR_KEEP;
	int r = attributes_wanted(call, was, &want, err);
	bool chowns = (want.uid >= 0 && (uid_t)want.uid != was->uid) ||
		      (want.gid >= 0 && (gid_t)want.gid != was->gid);
	if (want.mode < 0)
		want.mode = mode;
	if (want.mode < 0 && was->type == HOST_ABSENT)
		want.mode = NEW_MODE;
	else if (want.mode < 0 && chowns)
		want.mode = (int)(was->mode & 01777); /* as chown clears the set-id bits */
	if (r == 0)
		*ret = want;
	return r;
}

static int replace(struct module_call *call, const char *path, struct slice content, int mode,
		   struct err *err)
{
	struct host_stat was = {0};
	struct host_write w = {.content = content, .attr = HOST_ATTR_KEEP};
	int r = call->host->ops->stat(call->host, call->arena, path, false, &was, err);
	if (r == 0 && was.type != HOST_FILE)
		was = (struct host_stat){.type = HOST_ABSENT};
	if (r == 0)
		r = wanted_of(call, &was, mode, &w.attr, err);
	if (r == 0 && was.type == HOST_ABSENT)
		r = path_need_folder(call, path, err);
	if (r == 0)
		r = call->host->ops->write(call->host, path, &w, err);
	if (r < 0)
		return r;
	result_changed(call);
	if (was.type == HOST_FILE)
		attributes_note(call, path, &was, &w.attr);
	return 0;
}

int whole_file_settle(struct module_call *call, const char *path, struct slice content, int mode,
		      bool secret, struct err *err)
{
	struct slice old = {"", 0};
	struct host_stat st = {0};
	struct host_attr want = HOST_ATTR_KEEP;
	const struct host_ops *ops = call->host->ops;
	int r = ops->stat(call->host, call->arena, path, true, &st, err);
	bool there = st.type != HOST_ABSENT;
	if (r == 0 && there)
		r = call_read(call, path, &old, err);
	if (r == 0 && (!there || !slice_eq(old, content))) {
		r = replace(call, path, content, mode, err);
		if (r == 0 && !secret)
			result_diff(call, path, old, path, content);
	}
	if (r == 0)
		r = ops->stat(call->host, call->arena, path, true, &st, err);
	if (r == 0)
		r = attributes_wanted(call, &st, &want, err);
	if (r == 0 && want.mode < 0)
		want.mode = mode;
	return r < 0 ? r : attributes_apply(call, path, &want, err);
}

int whole_file_exists(struct module_call *call, const char *path, bool *ret, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	if (r == 0)
		*ret = st.type != HOST_ABSENT;
	return r;
}

int whole_file_remove(struct module_call *call, const char *path, bool *ret_changed,
		      struct err *err)
{
	bool there = false;
	CLEANUP(strbuf_release) struct strbuf old = {0};
	int r = whole_file_exists(call, path, &there, err);
	if (ret_changed && r == 0)
		*ret_changed = there;
	if (r < 0 || !there)
		return r;
	path_read_for_diff(call, path, &old);
	r = call->host->ops->remove(call->host, path, false, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_diff(call, path, strbuf_slice(&old), "/dev/null", SLICE_LIT(""));
	return 0;
}
