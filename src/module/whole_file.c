#include "whole_file.h"

#include "call.h"
#include "path_state.h"

#define NEW_MODE 0644

static int put(struct module_call *call, const char *path, struct slice content, int mode,
	       bool secret, bool *ret_changed, struct err *err)
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
	if (!secret)
		result_diff(call, path, old, path, content);
	return 0;
}

int whole_file_put(struct module_call *call, const char *path, struct slice content, int mode,
		   bool *ret_changed, struct err *err)
{
	return put(call, path, content, mode, false, ret_changed, err);
}

int whole_file_put_secret(struct module_call *call, const char *path, struct slice content,
			  int mode, struct err *err)
{
	return put(call, path, content, mode, true, NULL, err);
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
