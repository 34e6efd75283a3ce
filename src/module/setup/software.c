/* What the host runs on: package and service manager, security modules, the
 * resolver, the kernel's command line, SSH host keys. */
#include "../call.h"
#include "facts.h"

#include <stdlib.h>

static bool exists(struct facts *f, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	return host->ops->stat(host, f->a, path, true, &st, NULL) == 0 && st.type != HOST_ABSENT;
}

static void put_pkg_mgr(struct facts *f)
{
	static const struct {
		const char *path, *name;
	} managers[] = {
		{"/usr/bin/apt-get", "apt"},	{"/usr/bin/dnf", "dnf"},
		{"/usr/bin/yum", "yum"},	{"/usr/bin/zypper", "zypper"},
		{"/usr/bin/pacman", "pacman"},	{"/sbin/apk", "apk"},
		{"/usr/bin/emerge", "portage"},
	};
	if (!facts_wants(f, "pkg_mgr"))
		return;
	for (size_t i = 0; i < ARRAY_LEN(managers); i++)
		if (exists(f, managers[i].path)) {
			facts_put_str(f, "pkg_mgr", managers[i].name);
			return;
		}
	facts_put_str(f, "pkg_mgr", "unknown");
}

static void put_service_mgr(struct facts *f)
{
	if (!facts_wants(f, "service_mgr"))
		return;
	struct slice comm = call_read_trimmed(f->call, "/proc/1/comm");
	if (slice_is(comm, "systemd") || exists(f, "/run/systemd/system"))
		facts_put_str(f, "service_mgr", "systemd");
	else if (exists(f, "/sbin/openrc") || exists(f, "/sbin/openrc-run"))
		facts_put_str(f, "service_mgr", "openrc");
	else if (slice_is(comm, "init") && exists(f, "/etc/init.d"))
		facts_put_str(f, "service_mgr", "sysvinit");
	else
		facts_put_slice(f, "service_mgr", comm.len ? comm : SLICE_LIT("service"));
}

static void put_security(struct facts *f)
{
	struct value *selinux = value_dict_new(f->a), *apparmor = value_dict_new(f->a);
	struct slice enforce = call_read_trimmed(f->call, "/sys/fs/selinux/enforce");
	value_dict_put(f->a, selinux, "status",
		       value_cstr(f->a, enforce.len ? "enabled" : "disabled"));
	if (enforce.len)
		value_dict_put(
			f->a, selinux, "mode",
			value_cstr(f->a, slice_is(enforce, "1") ? "enforcing" : "permissive"));
	bool armored = exists(f, "/sys/kernel/security/apparmor");
	value_dict_put(f->a, apparmor, "status",
		       value_cstr(f->a, armored ? "enabled" : "disabled"));
	facts_put(f, "selinux", selinux);
	facts_put(f, "apparmor", apparmor);
	facts_put(f, "fips",
		  value_bool(slice_is(call_read_trimmed(f->call, "/proc/sys/crypto/fips_enabled"),
				      "1")));
}

/* The first word, and the list of the rest. */
static struct slice split_words(struct facts *f, struct slice line, struct value *rest)
{
	struct slice first = {NULL, 0}, word;
	for (size_t i = 0; i < line.len;) {
		while (i < line.len && strchr(" \t", line.ptr[i]))
			i++;
		size_t start = i;
		while (i < line.len && !strchr(" \t", line.ptr[i]))
			i++;
		word = (struct slice){line.ptr + start, i - start};
		if (word.len == 0)
			break;
		if (!first.ptr)
			first = word;
		else
			value_list_push(f->a, rest, value_str(f->a, word));
	}
	return first;
}

/* options ndots:5 rotate */
static const struct value *resolver_options(struct facts *f, const struct value *words)
{
	struct value *options = value_dict_new(f->a);
	for (size_t i = 0; i < words->list.len; i++) {
		struct slice rest = words->list.at[i]->str, name;
		slice_split(&rest, ':', &name);
		value_dict_set(f->a, options, value_str(f->a, name),
			       rest.ptr ? value_str(f->a, rest) : value_bool(true));
	}
	return options;
}

/* resolv.conf(5) */
static void put_dns(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/etc/resolv.conf"), line;
	struct value *dns = value_dict_new(f->a), *servers = value_list_new(f->a);
	while (slice_split(&text, '\n', &line)) {
		struct value *words = value_list_new(f->a);
		struct slice key = split_words(f, line, words);
		if (!key.ptr || strchr("#;", key.ptr[0]) || words->list.len == 0)
			continue;
		if (slice_is(key, "nameserver"))
			value_list_push(f->a, servers, words->list.at[0]);
		else if (slice_is(key, "domain"))
			value_dict_put(f->a, dns, "domain", words->list.at[0]);
		else if (slice_is(key, "search"))
			value_dict_put(f->a, dns, "search", words);
		else if (slice_is(key, "sortlist"))
			value_dict_put(f->a, dns, "sortlist", words);
		else if (slice_is(key, "options"))
			value_dict_put(f->a, dns, "options", resolver_options(f, words));
	}
	if (servers->list.len)
		value_dict_put(f->a, dns, "nameservers", servers);
	facts_put(f, "dns", dns);
}

static void put_cmdline(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/proc/cmdline"), word;
	struct value *cmdline = value_dict_new(f->a);
	while (text.len && slice_split(&text, ' ', &word)) {
		struct slice rest = word, name;
		if (word.len == 0 || !slice_split(&rest, '=', &name))
			continue;
		value_dict_set(f->a, cmdline, value_str(f->a, name),
			       rest.ptr ? value_str(f->a, rest) : value_bool(true));
	}
	facts_put(f, "cmdline", cmdline);
	facts_put(f, "proc_cmdline", cmdline);
}

static void put_ssh_keys(struct facts *f)
{
	static const char *const types[] = {"rsa", "dsa", "ecdsa", "ed25519"};
	for (size_t i = 0; i < ARRAY_LEN(types); i++) {
		const char *path = arena_printf(f->a, "/etc/ssh/ssh_host_%s_key.pub", types[i]);
		struct slice rest = call_read_trimmed(f->call, path), type, key;
		if (rest.len == 0 || !slice_split(&rest, ' ', &type) ||
		    !slice_split(&rest, ' ', &key))
			continue;
		const char *name = arena_printf(f->a, "ssh_host_key_%s_public", types[i]);
		facts_put_slice(f, name, key);
		facts_put_slice(f, arena_printf(f->a, "%s_keytype", name), type);
	}
}

static void put_is_chroot(struct facts *f)
{
	struct host_stat here, init;
	struct host *host = f->call->host;
	bool chroot = false;
	/* Only root may look. */
	if (host->ops->stat(host, f->a, "/", true, &here, NULL) == 0 &&
	    host->ops->stat(host, f->a, "/proc/1/root/.", true, &init, NULL) == 0 &&
	    init.type == HOST_DIR)
		chroot = here.inode != init.inode || here.device != init.device;
	facts_put(f, "is_chroot", value_bool(chroot));
}

static void put_loadavg(struct facts *f)
{
	static const char *const names[] = {"1m", "5m", "15m"};
	struct slice text = call_read_trimmed(f->call, "/proc/loadavg");
	struct value *load = value_dict_new(f->a);
	struct slice rest = text, word;
	for (size_t i = 0; i < ARRAY_LEN(names) && slice_split(&rest, ' ', &word); i++)
		value_dict_put(f->a, load, names[i],
			       value_float(f->a, strtod(arena_slice(f->a, word).ptr, NULL)));
	facts_put(f, "loadavg", load);
}

static void collect(struct facts *f)
{
	put_pkg_mgr(f);
	put_service_mgr(f);
	put_security(f);
	put_dns(f);
	put_cmdline(f);
	put_ssh_keys(f);
	put_is_chroot(f);
	put_loadavg(f);
}

static const char *const names[] = {"pkg_mgr",	      "service_mgr", "selinux", "apparmor",
				    "fips",	      "dns",	     "cmdline", "proc_cmdline",
				    "ssh_host_key_*", "is_chroot",   "loadavg", NULL};
const struct collector facts_software = {"min", names, collect};
