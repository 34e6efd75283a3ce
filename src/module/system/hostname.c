/* hostname: the name in /etc/hostname and the kernel's. */
#include "../call.h"

#include <errno.h>

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "The name."},
	{.name = "use", .type = MODULE_STR, .doc = "Accepted; it is systemd's way in any case."},
	{0},
};

#define NAME_MAX_LENGTH 64 /* of the kernel */

static int check_name(const char *name, struct err *err)
{
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.";
	size_t len = strlen(name);
	if (len == 0 || len > NAME_MAX_LENGTH || strspn(name, allowed) != len || name[0] == '-' ||
	    name[0] == '.')
		return err_set(err, ERR_INVALID, "'%s' is not a host name", name);
	return 0;
}

static void put_facts(struct module_call *call, const char *name)
{
	struct arena *a = call->arena;
	struct value *facts = value_dict_new(a);
	const char *dot = strchr(name, '.');
	size_t len = dot ? (size_t)(dot - name) : strlen(name);
	value_dict_put(a, facts, "ansible_hostname", value_str(a, (struct slice){name, len}));
	value_dict_put(a, facts, "ansible_nodename", value_cstr(a, name));
	value_dict_put(a, facts, "ansible_fqdn", value_cstr(a, name));
	value_dict_put(a, facts, "ansible_domain", value_cstr(a, dot ? dot + 1 : ""));
	result_put(call, "ansible_facts", facts);
	result_put_str(call, "name", name);
}

static int set_static(struct module_call *call, const char *name, struct err *err)
{
	const char *content = arena_printf(call->arena, "%s\n", name);
	struct host_write w = {.content = slice_from(content), .attr = HOST_ATTR_KEEP};
	w.attr.mode = 0644;
	struct err first = {0};
	int r = call->host->ops->write(call->host, "/etc/hostname", &w, &first);
	if (r == 0)
		return 0;
	if (first.sys != EBUSY) {
		if (err)
			*err = first;
		return r;
	}
	/* Bound into a container it can be written, but not replaced. */
	w.unsafe_in_place = true;
	return call->host->ops->write(call->host, "/etc/hostname", &w, err);
}

static int run(struct module_call *call, struct err *err)
{
	const char *name = arg_str(call, "name");
	const char *const argv[] = {"hostname", name, NULL};
	int r = check_name(name, err);
	if (r < 0)
		return r;
	struct slice permanent = call_read_trimmed(call, "/etc/hostname");
	struct slice current = call_read_trimmed(call, "/proc/sys/kernel/hostname");
	put_facts(call, name);
	if (!slice_is(permanent, name)) {
		r = set_static(call, name, err);
		if (r < 0)
			return r;
		result_changed(call);
	}
	/* With /etc/hostname done, `hostname` reaches the kernel and hostnamed follows it. */
	if (!slice_is(current, name)) {
		r = call_change(call, argv, NULL, err);
		if (r < 0)
			return r;
		result_changed(call);
	}
	result_diff(call, "hostname", permanent, "hostname", slice_from(name));
	return 0;
}

const struct module module_hostname = {
	.name = "hostname",
	.full_name = "ansible.builtin.hostname",
	.doc = "Sets the host's name.",
	.flags = MODULE_BRINGS_FACTS,
	.params = params,
	.run = run,
};
