/* How a host is reached: its connection variables. Source: Ansible, "ssh
 * connection", "Behavioral inventory parameters". */
#include "../variables/scope.h"
#include "link.h"
#include "rollout/base/file.h"

#include <stdlib.h>
#include <unistd.h>

struct resolver {
	struct link *l;
	struct scope scope;
	struct err *err;
	int r;
};

/* The first of the names that is defined, as a string in the link's arena. */
static const char *find(struct resolver *rs, const char *const *names)
{
	for (; *names && rs->r == 0; names++) {
		const struct value *v;
		rs->r = vars_get(&rs->scope.vars, *names, &v, rs->err);
		if (rs->r < 0 || !v || v->type == VALUE_NULL || template_is_omit(v))
			continue;
		struct strbuf text = {0};
		value_print(&text, v);
		const char *kept = arena_strndup(&rs->l->arena, text.ptr ? text.ptr : "", text.len);
		strbuf_wipe(&text);
		return kept;
	}
	return NULL;
}

#define FIND(rs, ...) find((rs), (const char *const[]){__VA_ARGS__, NULL})

static bool find_bool(struct resolver *rs, bool fallback, const char *const *names)
{
	const char *text = find(rs, names);
	struct value v = {.type = VALUE_STRING};
	bool b = fallback;
	if (text) {
		v.str = slice_from(text);
		if (!value_to_bool(&v, &b))
			rs->r = err_set(rs->err, ERR_INVALID, "%s: '%s' is not yes or no", *names,
					text);
	}
	return b;
}

static const char *or_else(const char *a, const char *b)
{
	return a ? a : b;
}

static void set_kind(struct resolver *rs, struct transport_target *t)
{
	const char *kind = or_else(FIND(rs, "ansible_connection"), rs->l->run->opts->connection);
	t->kind = TRANSPORT_SSH;
	if (!kind || strcmp(kind, "ssh") == 0 || strcmp(kind, "smart") == 0 ||
	    strcmp(kind, "paramiko") == 0)
		return;
	if (strcmp(kind, "local") == 0)
		t->kind = TRANSPORT_LOCAL;
	else if (rs->r == 0)
		rs->r = err_set(rs->err, ERR_UNSUPPORTED,
				"ansible_connection: '%s' is not a connection that rollout has "
				"(ssh, local)",
				kind);
}

static void set_login(struct resolver *rs, struct transport_target *t)
{
	const struct run_options *o = rs->l->run->opts;
	const char *port = FIND(rs, "ansible_port", "ansible_ssh_port");
	const char *key =
		or_else(FIND(rs, "ansible_ssh_private_key_file", "ansible_private_key_file"),
			o->private_key);
	const char *common = or_else(FIND(rs, "ansible_ssh_common_args"), o->ssh_common_args);
	const char *extra = FIND(rs, "ansible_ssh_extra_args");
	t->host = or_else(FIND(rs, "ansible_host", "ansible_ssh_host"), t->name);
	t->user = or_else(FIND(rs, "ansible_user", "ansible_ssh_user"), o->remote_user);
	t->password =
		or_else(FIND(rs, "ansible_password", "ansible_ssh_pass", "ansible_ssh_password"),
			o->ssh_password);
	t->key_passphrase = FIND(rs, "ansible_ssh_private_key_passphrase");
	if (port) {
		char *end;
		long n = strtol(port, &end, 10);
		if ((*end || n < 1 || n > 65535) && rs->r == 0)
			rs->r = err_set(rs->err, ERR_INVALID, "ansible_port: '%s' is not a port",
					port);
		t->port = (int)n;
	}
	if (key) {
		const char *home = getenv("HOME");
		CLEANUP(free_ptr) char *path = path_expand_home(key, home ? home : "/");
		if (access(path, R_OK) < 0 && rs->r == 0)
			rs->r = err_sys(rs->err, "private key %s", path);
		const char **files = ARENA_ARRAY(&rs->l->arena, const char *, 2);
		files[0] = key;
		t->key_files = files;
	}
	if (common || extra)
		t->ssh_args = arena_printf(&rs->l->arena, "%s %s", common ? common : "",
					   extra ? extra : "");
	t->host_key_checking = find_bool(rs, true,
					 (const char *const[]){"ansible_ssh_host_key_checking",
							       "ansible_host_key_checking", NULL});
}

static void set_become(struct resolver *rs, struct transport_target *t)
{
	const struct run_options *o = rs->l->run->opts;
	t->become = rs->l->host->wants_root || rs->l->root ||
		    find_bool(rs, false, (const char *const[]){"ansible_become", NULL});
	t->become_method =
		or_else(or_else(FIND(rs, "ansible_become_method"), o->become_method), "sudo");
	if (strncmp(t->become_method, "ansible.builtin.", 16) == 0)
		t->become_method += 16;
	bool su = strcmp(t->become_method, "su") == 0;
	t->become_exe = FIND(rs, "ansible_become_exe", su ? "ansible_su_exe" : "ansible_sudo_exe");
	t->become_flags =
		FIND(rs, "ansible_become_flags", su ? "ansible_su_flags" : "ansible_sudo_flags");
	t->become_password = or_else(FIND(rs, "ansible_become_password", "ansible_become_pass",
					  su ? "ansible_su_pass" : "ansible_sudo_pass"),
				     o->become_password);
	if (t->become && rs->r == 0 && !su && strcmp(t->become_method, "sudo") != 0)
		rs->r = err_set(rs->err, ERR_UNSUPPORTED,
				"become_method '%s' is not supported by rollout (sudo and su are)",
				t->become_method);
}

int link_resolve_target(struct link *l, struct err *err)
{
	struct resolver rs = {.l = l, .err = err};
	struct transport_target t = {0};
	scope_init(&rs.scope, &l->arena, l->host, NULL, NULL, l->reach);
	t.name = l->host->inv->name;
	set_kind(&rs, &t);
	set_login(&rs, &t);
	set_become(&rs, &t);
	t.connect_timeout_ms = l->run->opts->connect_timeout_ms;
	t.images = l->run->opts->images;
	t.nimages = l->run->opts->nimages;
	scope_release(&rs.scope);
	if (rs.r == 0)
		l->target = t;
	return rs.r;
}
