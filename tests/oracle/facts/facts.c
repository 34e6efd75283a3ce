/*
 * The oracle's other side: the facts of the machine whose files lie below a folder.
 *
 *     oracle_facts FOLDER
 *
 * JSON on stdout. Commands are not there; what is no file (uname, interfaces)
 * is this machine's.
 */
#include "rollout/host/host.h"
#include "rollout/module/module.h"
#include "rollout/value/json.h"

#include <stdio.h>
#include <stdlib.h>

struct rooted {
	struct host host;
	struct host *real;
	struct arena *arena;
	const char *root;
};

static const char *below(struct host *h, const char *path)
{
	struct rooted *r = (struct rooted *)h;
	return arena_printf(r->arena, "%s%s", r->root, path);
}

static struct host *real(struct host *h)
{
	return ((struct rooted *)h)->real;
}

static int rooted_stat(struct host *h, struct arena *a, const char *path, bool follow,
		       struct host_stat *ret, struct err *err)
{
	return real(h)->ops->stat(real(h), a, below(h, path), follow, ret, err);
}

static int rooted_read(struct host *h, const char *path, size_t max_bytes, struct strbuf *out,
		       struct err *err)
{
	return real(h)->ops->read(real(h), below(h, path), max_bytes, out, err);
}

static int rooted_list(struct host *h, struct arena *a, const char *path, struct host_names *ret,
		       struct err *err)
{
	return real(h)->ops->list(real(h), a, below(h, path), ret, err);
}

static int rooted_probe(struct host *h, const struct host_command *cmd,
			struct host_command_result *result, struct err *err)
{
	(void)h, (void)result;
	return err_set(err, ERR_NOT_FOUND, "there is no %s", cmd->argv[0]);
}

static int rooted_user_by_id(struct host *h, struct arena *a, uid_t uid, struct host_user *ret,
			     struct err *err)
{
	return real(h)->ops->user_by_id(real(h), a, uid, ret, err);
}

static const struct host_ops ops = {
	.stat = rooted_stat,
	.read = rooted_read,
	.list = rooted_list,
	.probe = rooted_probe,
	.user_by_id = rooted_user_by_id,
};

int main(int argc, char **argv)
{
	CLEANUP(arena_release) struct arena arena = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err err = {0};
	struct rooted rooted = {
		.host = {.ops = &ops}, .real = host_real_new(), .arena = &arena, .root = argv[1]};
	struct module_call call = {
		.module = module_find(SLICE_LIT("setup")), .host = &rooted.host, .arena = &arena};
	if (argc != 2 ||
	    module_coerce_args(call.module, &arena, value_dict_new(&arena), &call.args, &err) < 0)
		return 5;
	module_run(&call);
	json_emit(&out, value_get(call.result, "ansible_facts"), JSON_COMPACT);
	printf("%s\n", out.ptr);
	host_free(rooted.real);
	return 0;
}
