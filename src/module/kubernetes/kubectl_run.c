#include "kubectl_run.h"

#include "../call.h"
#include "access.h"
#include "rollout/value/json.h"

#define SLACK_MS 60000 /* kubectl's own limits come first */

static int64_t timeout_s(struct module_call *call)
{
	int64_t s = call_arg_ms(call, "wait_timeout", 120) / 1000;
	return s < 1 ? 1 : s;
}

void kubectl_begin(struct module_call *call, const char *verb, struct program *p)
{
	access_begin(call, verb, p);
	p->timeout_ms = timeout_s(call) * 1000 + SLACK_MS;
	if (arg_has(call, "namespace"))
		program_add_fmt(p, "--namespace=%s", arg_str(call, "namespace"));
}

/* A list of objects becomes a List. */
static void put_objects(struct module_call *call, struct strbuf *out, const struct value *v)
{
	if (v->type != VALUE_LIST) {
		json_emit(out, v, JSON_COMPACT);
		return;
	}
	struct value *list = value_dict_new(call->arena);
	value_dict_put(call->arena, list, "apiVersion", value_cstr(call->arena, "v1"));
	value_dict_put(call->arena, list, "kind", value_cstr(call->arena, "List"));
	value_dict_put(call->arena, list, "items", v);
	json_emit(out, list, JSON_COMPACT);
}

int kubectl_manifest(struct module_call *call, struct kubectl_manifest *ret, struct err *err)
{
	const struct value *v = value_get(call->args, "definition");
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	*ret = (struct kubectl_manifest){.text = {"", 0}};
	if (arg_has(call, "src")) {
		ret->path = call_absolute_path(call, NULL, arg_str(call, "src"));
		return 0;
	}
	if (!v || v->type == VALUE_NULL)
		return err_set(err, ERR_INVALID, "definition or src is needed");
	if (v->type == VALUE_STRING)
		strbuf_slice_append(&text, v->str);
	else
		put_objects(call, &text, v);
	ret->text = arena_slice(call->arena, strbuf_slice(&text));
	return slice_trim(ret->text).len ? 0 : err_set(err, ERR_INVALID, "definition is empty");
}

void kubectl_put_manifest(struct program *p, const struct kubectl_manifest *m)
{
	program_add(p, "-f");
	program_add(p, m->path ? m->path : "-");
	p->stdin_bytes = m->text;
}

/* "--- /tmp/LIVE-12/apps.v1.Deployment.ns.x\t2024-…" to "--- apps.v1.Deployment.ns.x" */
static void put_header(struct strbuf *out, struct slice line)
{
	const char *tab = memchr(line.ptr, '\t', line.len);
	if (tab)
		line.len = (size_t)(tab - line.ptr);
	const char *slash = memrchr(line.ptr, '/', line.len);
	if (!slash)
		slash = line.ptr + 3;
	strbuf_printf(out, "%.3s %.*s\n", line.ptr, (int)(line.ptr + line.len - slash - 1),
		      slash + 1);
}

void kubectl_put_diff(struct module_call *call, struct slice diff)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice line;
	bool header = false;
	if (!call->diff_mode || call->no_log)
		return;
	diff = slice_trim(diff);
	while (slice_split(&diff, '\n', &line)) {
		bool name = slice_starts_with(line, "--- ") || slice_starts_with(line, "+++ ");
		if (slice_starts_with(line, "diff ")) {
			header = true;
		} else if (header && name) {
			put_header(&out, line);
			header = line.ptr[0] == '-';
		} else {
			strbuf_printf(&out, "%.*s\n", SLICE_ARG(line));
		}
	}
	struct value *d = value_dict_new(call->arena), *list = value_list_new(call->arena);
	value_dict_put(call->arena, d, "before_header", value_cstr(call->arena, "live"));
	value_dict_put(call->arena, d, "after_header", value_cstr(call->arena, "applied"));
	value_dict_put(call->arena, d, "unified", value_str(call->arena, strbuf_slice(&out)));
	value_list_push(call->arena, list, d);
	result_put(call, "diff", list);
}

/* "Deployment web default": kind, name, namespace. */
static int wait_one(struct module_call *call, struct slice line, struct err *err)
{
	static const struct {
		const char *kind, *condition; /* NULL: rollout status */
	} kinds[] = {
		{"Deployment", NULL},
		{"DaemonSet", NULL},
		{"StatefulSet", NULL},
		{"Job", "Complete"},
		{"Pod", "Ready"},
		{"CustomResourceDefinition", "Established"},
		{"APIService", "Available"},
	};
	struct program p;
	struct slice kind, name, space;
	slice_word(&line, &kind);
	slice_word(&line, &name);
	slice_word(&line, &space);
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_is(kind, kinds[i].kind))
			continue;
		kubectl_begin(call, kinds[i].condition ? "wait" : "rollout", &p);
		if (kinds[i].condition)
			program_add_fmt(&p, "--for=condition=%s", kinds[i].condition);
		else
			program_add(&p, "status");
		program_add_fmt(&p, "--timeout=%llds", (long long)timeout_s(call));
		if (space.len && !slice_is(space, "<none>"))
			program_add_fmt(&p, "--namespace=%.*s", SLICE_ARG(space));
		program_add_fmt(&p, "%.*s/%.*s", SLICE_ARG(kind), SLICE_ARG(name));
		return program_read(&p, err);
	}
	return 0;
}

int kubectl_wait(struct module_call *call, const struct kubectl_manifest *m, struct err *err)
{
	struct program p;
	struct slice line;
	const char *condition = arg_str(call, "wait_for");
	if (condition) {
		kubectl_begin(call, "wait", &p);
		program_add_fmt(&p, "--for=%s", condition);
		program_add_fmt(&p, "--timeout=%llds", (long long)timeout_s(call));
		kubectl_put_manifest(&p, m);
		return program_read(&p, err);
	}
	kubectl_begin(call, "get", &p);
	program_add(&p, "--no-headers");
	program_add(&p, "--output=custom-columns=K:.kind,N:.metadata.name,S:.metadata.namespace");
	kubectl_put_manifest(&p, m);
	int r = program_read(&p, err);
	while (r == 0 && slice_split(&p.out, '\n', &line))
		if (slice_trim(line).len)
			r = wait_one(call, line, err);
	return r;
}
