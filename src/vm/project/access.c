/* How machines are reached: variables for rollout, known_hosts and ssh_config. */
#include "project.h"
#include "rollout/base/shellwords.h"
#include "state.h"

#include <stdlib.h>

/* In ssh's configuration '%' begins a token. */
static void put_escaped(struct strbuf *out, const char *path)
{
	for (; *path; path++)
		strbuf_puts(out, *path == '%' ? "%%" : (const char[]){*path, '\0'});
}

static void put_path(struct strbuf *out, const char *path)
{
	strbuf_putc(out, '"');
	put_escaped(out, path);
	strbuf_putc(out, '"');
}

/* Two files, so that the quotes are not the value's first and last characters:
 * who strips those as its own quotes would split the path at its blanks. */
static void put_known_hosts_files(struct strbuf *out, const struct vm_project *p)
{
	put_path(out, p->known_hosts);
	strbuf_puts(out, " /dev/null");
}

static const char *ssh_host(const struct vm_machine *m)
{
	return m->ssh_port ? "127.0.0.1" : m->address;
}

static void common_args(const struct vm_machine *m, struct strbuf *out)
{
	CLEANUP(strbuf_release) struct strbuf files = {0};
	strbuf_puts(&files, "UserKnownHostsFile=");
	put_known_hosts_files(&files, m->project);
	strbuf_puts(out, "-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes "
			 "-o GlobalKnownHostsFile=/dev/null -o ");
	shellwords_quote(out, strbuf_slice(&files));
}

struct value *vm_machine_vars(const struct vm_machine *m, struct arena *a)
{
	CLEANUP(strbuf_release) struct strbuf args = {0};
	CLEANUP(strbuf_release) struct strbuf key = {0};
	if (!m->address)
		return NULL;
	struct value *vars = value_dict_new(a);
	common_args(m, &args);
	put_escaped(&key, m->project->key_file);
	value_dict_put(a, vars, "ansible_host", value_cstr(a, ssh_host(m)));
	if (m->ssh_port)
		value_dict_put(a, vars, "ansible_port", value_int(a, m->ssh_port));
	value_dict_put(a, vars, "ansible_user", value_cstr(a, m->spec->user));
	value_dict_put(a, vars, "ansible_ssh_private_key_file", value_str(a, strbuf_slice(&key)));
	value_dict_put(a, vars, "ansible_ssh_common_args", value_str(a, strbuf_slice(&args)));
	value_dict_put(a, vars, "vm_ip", value_cstr(a, m->address));
	value_dict_put(a, vars, "cluster_address", value_cstr(a, m->address));
	return vars;
}

static void put_host(const struct vm_machine *m, struct strbuf *out)
{
	const struct vm_project *p = m->project;
	if (!m->address)
		return;
	strbuf_printf(out, "Host %s\n  HostName %s\n  User %s\n", m->spec->name, ssh_host(m),
		      m->spec->user);
	strbuf_printf(out, "  Port %u\n  IdentityFile ", m->ssh_port ? m->ssh_port : 22);
	put_path(out, p->key_file);
	strbuf_puts(out, "\n  IdentitiesOnly yes\n  UserKnownHostsFile ");
	put_known_hosts_files(out, p);
	strbuf_puts(out, "\n  GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n"
			 "  PasswordAuthentication no\n");
}

void vm_ssh_config(const struct vm_project *p, const struct vm_machine *m, struct strbuf *out)
{
	if (m)
		put_host(m, out);
	for (size_t i = 0; !m && i < p->machines.len; i++) {
		if (i > 0)
			strbuf_putc(out, '\n');
		put_host(p->machines.at[i], out);
	}
}

static void put_known(const struct vm_machine *m, struct strbuf *out)
{
	strbuf_printf(out, "%s,%s %s\n", m->spec->name, m->address, m->host_key);
	if (m->ssh_port)
		strbuf_printf(out, "[127.0.0.1]:%u %s\n", m->ssh_port, m->host_key);
}

int vm_access_write(const struct vm_project *p, struct err *err)
{
	CLEANUP(free_ptr) char *config_file = vm_project_path(p, "ssh_config");
	CLEANUP(strbuf_release) struct strbuf known = {0};
	CLEANUP(strbuf_release) struct strbuf config = {0};
	for (size_t i = 0; i < p->machines.len; i++)
		put_known(p->machines.at[i], &known);
	vm_ssh_config(p, NULL, &config);
	int r = vm_write_changed(p->known_hosts, strbuf_slice(&known), 0600, err);
	return r < 0 ? r : vm_write_changed(config_file, strbuf_slice(&config), 0600, err);
}
