/* async_status: how far an async task is. */
#include "../call.h"
#include "rollout/value/json.h"

#include <stdlib.h>

#define RESULT_MAX_BYTES (16u << 20)

static const char *const modes[] = {"status", "cleanup", NULL};
static const struct module_param params[] = {
	{.name = "jid", .type = MODULE_STR, .required = true, .doc = "The job's ansible_job_id."},
	{.name = "mode",
	 .type = MODULE_STR,
	 .fallback = "status",
	 .choices = modes,
	 .doc = "status: tell; cleanup: remove what the job left."},
	{0},
};

static int put_not_found(struct module_call *call, const char *jid, struct err *err)
{
	result_put_str(call, "ansible_job_id", jid);
	result_put_int(call, "started", 1);
	result_put_int(call, "finished", 1);
	return err_set(err, ERR_NOT_FOUND, "could not find job");
}

static void put_all(struct module_call *call, const struct value *job, const char *jid)
{
	for (size_t i = 0; i < job->dict.len; i++)
		if (job->dict.at[i].key->type == VALUE_STRING)
			result_put(call, job->dict.at[i].key->str.ptr, job->dict.at[i].value);
	result_put_str(call, "ansible_job_id", jid);
	if (!value_get(job, "started")) {
		result_put_int(call, "started", 1);
		result_put_int(call, "finished", 1);
	}
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	const char *jid = arg_str(call, "jid"), *dir = getenv("ANSIBLE_ASYNC_DIR");
	const struct value *job;
	struct err why = {0};
	if (strchr(jid, '/') || *jid == '.')
		return err_set(err, ERR_INVALID, "'%s' is not the id of a job", jid);
	const char *path =
		call_expand_path(call, arena_printf(call->arena, "%s/%s",
						    dir && *dir ? dir : "~/.ansible_async", jid));
	result_put_str(call, "results_file", path);
	int r = call->host->ops->read(call->host, path, RESULT_MAX_BYTES, &text, &why);
	if (r == ERR_NOT_FOUND)
		return put_not_found(call, jid, err);
	if (r < 0)
		return err_set(err, r, "%s", why.msg);
	if (strcmp(arg_str(call, "mode"), "cleanup") == 0) {
		result_put_str(call, "erased", path);
		result_put_str(call, "ansible_job_id", jid);
		return call->host->ops->remove(call->host, path, false, err);
	}
	r = json_parse(call->arena, path, strbuf_slice(&text), &job, err);
	if (r == 0 && job->type != VALUE_DICT)
		r = err_set(err, ERR_INVALID, "%s: is not the result of a job", path);
	if (r == 0)
		put_all(call, job, jid);
	return r;
}

const struct module module_async_status = {
	.name = "async_status",
	.full_name = "ansible.builtin.async_status",
	.doc = "Tells how far an async task is, and its result.",
	.params = params,
	.run = run,
};
