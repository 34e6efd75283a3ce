/* What the host runs on: package and service manager, the resolver, the kernel's
 * command line, SSH host keys, and what lsb_release says of it. */
#include "../call.h"
#include "facts.h"

#include <stdlib.h>

/* Of several the last is the host's own. */
static const char *installed_manager(struct facts *f)
{
	static const struct {
		const char *path, *name;
	} managers[] = {
		{"/usr/bin/rpm-ostree", "atomic_container"},
		{"/usr/bin/yum", "yum"},
		{"/usr/bin/dnf", "dnf"},
		{"/usr/bin/apt-get", "apt"},
		{"/usr/bin/zypper", "zypper"},
		{"/usr/sbin/urpmi", "urpmi"},
		{"/usr/bin/pacman", "pacman"},
		{"/bin/opkg", "opkg"},
		{"/sbin/apk", "apk"},
		{"/usr/bin/emerge", "portage"},
		{"/usr/bin/xbps-install", "xbps"},
		{"/usr/bin/swupd", "swupd"},
	};
	const char *name = "unknown";
	for (size_t i = 0; i < ARRAY_LEN(managers); i++)
		if (facts_exists(f, managers[i].path))
			name = managers[i].name;
	return name;
}

/* What the family is supported with, where others are installed too. */
static void put_pkg_mgr(struct facts *f)
{
	struct facts probe = {.call = f->call, .a = f->a, .out = value_dict_new(f->a)};
	const char *name = installed_manager(f);
	if (!facts_wants(f, "pkg_mgr"))
		return;
	facts_distribution.collect(&probe);
	const struct value *family = value_get(probe.out, "ansible_os_family");
	const struct value *distribution = value_get(probe.out, "ansible_distribution");
	long major = strtol(value_get(probe.out, "ansible_distribution_major_version")->str.ptr,
			    NULL, 10);
	long first = value_is_str(distribution, "Fedora")   ? 23
		     : value_is_str(distribution, "Amazon") ? 2022
							    : 8;
	if (value_is_str(family, "RedHat"))
		name = facts_exists(f, "/run/ostree-booted") ? "atomic_container"
		       : major && major < first		     ? "yum"
							     : "dnf";
	else if (value_is_str(family, "Debian"))
		name = "apt";
	facts_put_str(f, "pkg_mgr", name);
}

static bool leads_to_systemd(struct facts *f, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	return host->ops->stat(host, f->a, path, false, &st, NULL) == 0 && st.type == HOST_LINK &&
	       slice_ends_with(slice_from(st.link_target), "/systemd");
}

/* Where the first process does not tell. */
static const char *usual_service_mgr(struct facts *f)
{
	bool systemctl = facts_program(f, "systemctl") != NULL;
	if (systemctl && facts_exists(f, "/run/systemd/system"))
		return "systemd";
	if (facts_program(f, "initctl") && facts_exists(f, "/etc/init"))
		return "upstart";
	if (facts_exists(f, "/sbin/openrc"))
		return "openrc";
	if (systemctl && leads_to_systemd(f, "/sbin/init"))
		return "systemd";
	return facts_exists(f, "/etc/init.d") ? "sysvinit" : "service";
}

static void put_service_mgr(struct facts *f)
{
	static const struct {
		const char *comm, *name;
	} known[] = {
		{"procd", "openwrt_init"},
		{"runit-init", "runit"},
		{"svscan", "svc"},
		{"openrc-init", "openrc"},
	};
	if (!facts_wants(f, "service_mgr"))
		return;
	struct slice comm = call_read_trimmed(f->call, "/proc/1/comm");
	/* init may be any; a shell is a container's. */
	if (!comm.len || slice_is(comm, "init") || slice_ends_with(comm, "sh"))
		comm = slice_from(usual_service_mgr(f));
	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (slice_is(comm, known[i].comm))
			comm = slice_from(known[i].name);
	facts_put_slice(f, "service_mgr", comm);
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

static void push_all(struct facts *f, struct value *to, const struct value *list)
{
	for (size_t i = 0; i < list->list.len; i++)
		value_list_push(f->a, to, list->list.at[i]);
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
			push_all(f, servers, words);
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

/* All values of a name that is given several times. */
static const struct value *collected(struct facts *f, const struct value *old,
				     const struct value *value)
{
	struct value *list = value_list_new(f->a);
	if (!old)
		return value;
	if (old->type == VALUE_LIST)
		push_all(f, list, old);
	else
		value_list_push(f->a, list, old);
	value_list_push(f->a, list, value);
	return list;
}

static void put_cmdline(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/proc/cmdline"), word;
	struct value *last = value_dict_new(f->a), *all = value_dict_new(f->a);
	while (slice_word(&text, &word)) {
		struct slice rest = word, name;
		if (!slice_split(&rest, '=', &name))
			continue;
		const struct value *key = value_str(f->a, name);
		const struct value *value = rest.ptr ? value_str(f->a, rest) : value_bool(true);
		value_dict_set(f->a, last, key, value);
		value_dict_set(f->a, all, key,
			       rest.ptr ? collected(f, value_get_slice(all, name), value) : value);
	}
	facts_put(f, "cmdline", last);
	facts_put(f, "proc_cmdline", all);
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
	put_dns(f);
	put_cmdline(f);
	put_ssh_keys(f);
	put_loadavg(f);
}

static const char *const names[] = {"pkg_mgr",	    "service_mgr",    "dns",	 "cmdline",
				    "proc_cmdline", "ssh_host_key_*", "loadavg", NULL};
const struct collector facts_software = {"min", names, collect};

/* DISTRIB_ID="Ubuntu" */
static struct slice lsb_field(struct slice text, const char *key)
{
	struct slice line, name;
	while (slice_split(&text, '\n', &line)) {
		struct slice value = line;
		if (!slice_split(&value, '=', &name) || !value.ptr ||
		    !slice_is(slice_trim(name), key))
			continue;
		value = slice_trim(value);
		while (value.len && strchr("'\"\\", value.ptr[0]))
			value = (struct slice){value.ptr + 1, value.len - 1};
		while (value.len && strchr("'\"\\", value.ptr[value.len - 1]))
			value.len--;
		return value;
	}
	return SLICE_LIT("");
}

/* What lsb_release(1) says: of its file, else of os-release. */
static void collect_lsb(struct facts *f)
{
	static const char *const rows[][3] = {
		{"id", "DISTRIB_ID", "NAME"},
		{"release", "DISTRIB_RELEASE", "VERSION_ID"},
		{"codename", "DISTRIB_CODENAME", "VERSION_CODENAME"},
		{"description", "DISTRIB_DESCRIPTION", "PRETTY_NAME"},
	};
	struct slice text = call_read_trimmed(f->call, "/etc/lsb-release"), major;
	struct value *lsb = value_dict_new(f->a);
	bool has_file = lsb_field(text, "DISTRIB_ID").len > 0;
	bool debian = facts_exists(f, "/etc/debian_version") || facts_exists(f, "/usr/bin/apt-get");
	if (!has_file && !debian && !facts_program(f, "lsb_release")) {
		facts_put(f, "lsb", lsb);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct slice s =
			has_file ? lsb_field(text, rows[i][1]) : facts_os_release(f, rows[i][2]);
		/* "Debian" where os-release says "Debian GNU/Linux". */
		struct slice rest = s;
		if (i == 0 && !has_file)
			slice_word(&rest, &s);
		value_dict_put(f->a, lsb, rows[i][0], value_str(f->a, s));
	}
	struct slice release = value_get(lsb, "release")->str;
	major = release;
	slice_split(&release, '.', &major);
	value_dict_put(f->a, lsb, "major_release", value_str(f->a, major));
	facts_put(f, "lsb", lsb);
}

static const char *const lsb_names[] = {"lsb", NULL};
const struct collector facts_lsb = {"min", lsb_names, collect_lsb};
