#include "login.h"

#include "rollout/transport/transport.h"

struct login {
	struct transport *transport;
	struct err why;
	bool up;
};

static void on_up(void *ctx, const struct transport_info *info UNUSED)
{
	struct login *l = ctx;
	l->up = true;
	transport_close(l->transport);
}

static void on_data(void *ctx UNUSED, struct slice bytes UNUSED)
{
}

static void on_down(void *ctx, const struct err *why)
{
	struct login *l = ctx;
	if (why)
		l->why = *why;
}

static const char *text_of(const struct value *vars, const char *name)
{
	const struct value *v = value_get(vars, name);
	return v && v->type == VALUE_STRING ? v->str.ptr : NULL;
}

static void set_target(const struct vm_machine *m, const struct value *vars, struct arena *a,
		       struct transport_target *t)
{
	const struct value *port = value_get(vars, "ansible_port");
	const char **keys = ARENA_ARRAY(a, const char *, 2);
	keys[0] = text_of(vars, "ansible_ssh_private_key_file");
	*t = (struct transport_target){.kind = TRANSPORT_SSH,
				       .name = m->spec->name,
				       .host = text_of(vars, "ansible_host"),
				       .user = text_of(vars, "ansible_user"),
				       .key_files = keys[0] ? keys : NULL,
				       .ssh_args = text_of(vars, "ansible_ssh_common_args"),
				       .host_key_checking = true,
				       .login_only = true};
	if (port && port->type == VALUE_INT)
		t->port = (int)port->integer;
}

static int run_login(const struct transport_target *t, struct err *err)
{
	static const struct transport_events events = {
		.on_up = on_up, .on_data = on_data, .on_down = on_down};
	struct login l = {0};
	uv_loop_t loop;
	int r = uv_loop_init(&loop);
	if (r < 0)
		return err_set(err, ERR_SYS, "begin a loop: %s", uv_strerror(r));
	l.transport = transport_open(&loop, t, &events, &l);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	if (l.up)
		return 0;
	if (err)
		*err = l.why;
	return l.why.code;
}

int vm_login(const struct vm_machine *m, const char *command, int64_t limit_ms, struct err *err)
{
	struct arena a = {0};
	struct transport_target t;
	const struct value *vars = vm_machine_vars(m, &a);
	int r;
	if (vars) {
		set_target(m, vars, &a, &t);
		t.login_command = command;
		t.connect_timeout_ms = t.start_timeout_ms = limit_ms;
		r = run_login(&t, err);
	} else {
		r = err_set(err, ERR_INVALID, "%s has no address yet", m->spec->name);
	}
	arena_release(&a);
	return r;
}
