#include "fixture.h"

#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

void fixture_init(struct pki_fixture *f)
{
	*f = (struct pki_fixture){.dir = "/tmp/rollout-pki-XXXXXX"};
	assert_non_null(mkdtemp(f->dir));
	f->real = host_real_new();
	f->overlay = host_overlay_new(f->real);
}

int fixture_shell(struct pki_fixture *f, const char *command)
{
	assert_int_equal(setenv("D", f->dir, 1), 0);
	int status = system(command);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void fixture_release(struct pki_fixture *f)
{
	fixture_shell(f, "rm -rf \"$D\"");
	host_free(f->overlay);
	host_free(f->real);
	arena_release(&f->arena);
}

static const struct value *arguments(struct pki_fixture *f, const struct module *m,
				     const char *yaml)
{
	const struct value *given = NULL, *args = NULL;
	struct err err = {0};
	if (yaml_parse(&f->arena, "test", slice_from(yaml), &given, &err) < 0)
		fail_msg("%s: %s", yaml, err.msg);
	struct value *with_dir = value_dict_dup(&f->arena, given);
	value_dict_put(&f->arena, with_dir, "dir", value_cstr(&f->arena, f->dir));
	if (module_check_args(m, with_dir, false, &f->err) < 0 ||
	    module_coerce_args(m, &f->arena, with_dir, &args, &f->err) < 0)
		return NULL;
	return args;
}

const struct value *fixture_call(struct pki_fixture *f, struct host *host, const char *module,
				 const char *yaml)
{
	f->err = (struct err){0};
	struct module_call call = {
		.module = module_find(slice_from(module)),
		.host = host,
		.arena = &f->arena,
		.check_mode = host->is_overlay,
		.diff_mode = true,
		.result = value_dict_new(&f->arena),
	};
	assert_non_null(call.module);
	call.args = arguments(f, call.module, yaml);
	if (!call.args)
		return NULL;
	return pki_run_find(module)(&call, &f->err) < 0 ? NULL : call.result;
}

const char *fixture_text(const struct value *result, const char *key)
{
	assert_non_null(result);
	const struct value *v = value_get(result, key);
	assert_non_null(v);
	assert_int_equal(v->type, VALUE_STRING);
	return v->str.ptr;
}

bool fixture_changed(const struct value *result)
{
	assert_non_null(result);
	const struct value *v = value_get(result, "changed");
	return v && value_truthy(v);
}

const char *fixture_file(struct pki_fixture *f, const char *name)
{
	struct strbuf text = {0};
	char *path = path_join(f->dir, name);
	int r = file_read(path, 65536, &text, NULL);
	free(path);
	const char *copy =
		r < 0 ? NULL : arena_strndup(&f->arena, text.ptr ? text.ptr : "", text.len);
	strbuf_release(&text);
	return copy;
}

void fixture_hierarchy(struct pki_fixture *f, struct host *host)
{
	assert_non_null(fixture_call(f, host, "pki_ca",
				     "{name: root, common_name: Root CA, path_length: 2}"));
	assert_non_null(
		fixture_call(f, host, "pki_ca",
			     "{name: intermediate, common_name: Intermediate CA, issuer: root,"
			     " path_length: 1, days: 1800}"));
	assert_non_null(fixture_call(f, host, "pki_ca",
				     "{name: etcd, common_name: etcd CA, issuer: intermediate,"
				     " path_length: 0, days: 900}"));
}
