/* A call of a module on a machine in memory, or on any other. */
#include "fake_host.h"
#include "rollout/value/yaml.h"
#include "trials.h"

#include <assert.h>

static void take_output(void *self, int stream, struct slice bytes)
{
	struct trial *t = self;
	strbuf_printf(&t->output, "%d:%.*s", stream, SLICE_ARG(bytes));
}

const struct value *trial_run(struct trial *t, struct host *host, const char *module,
			      const char *args, bool check_mode)
{
	struct err err = {0};
	const struct value *parsed = NULL;
	arena_release(&t->arena);
	strbuf_truncate(&t->output, 0);
	t->services = (struct module_services){.self = t, .output = take_output};
	t->call = (struct module_call){.module = module_find(slice_from(module)),
				       .host = host,
				       .arena = &t->arena,
				       .check_mode = check_mode,
				       .diff_mode = true,
				       .services = &t->services};
	assert(t->call.module);
	int r = yaml_parse(&t->arena, "args", slice_from(args), &parsed, &err);
	if (r == 0)
		r = module_coerce_args(t->call.module, &t->arena, parsed, &t->call.args, &err);
	if (r == 0) {
		trials_note(module, host, args);
		module_run(&t->call);
		return t->call.result;
	}
	struct value *failed = value_dict_new(&t->arena);
	value_dict_put(&t->arena, failed, "failed", value_bool(true));
	value_dict_put(&t->arena, failed, "msg", value_cstr(&t->arena, err.msg));
	return failed;
}

void trial_release(struct trial *t)
{
	arena_release(&t->arena);
	strbuf_release(&t->output);
}

const char *result_text(const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

bool result_is(const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	return v && value_truthy(v);
}
