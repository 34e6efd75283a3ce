/* The kernel, the machine and its name; the distribution. */
#include "../call.h"
#include "facts.h"

#include <sys/utsname.h>

static bool next_word(struct slice *rest, struct slice *ret)
{
	*rest = slice_trim(*rest);
	size_t n = 0;
	while (n < rest->len && rest->ptr[n] != ' ' && rest->ptr[n] != '\t')
		n++;
	*ret = (struct slice){rest->ptr, n};
	*rest = (struct slice){rest->ptr + n, rest->len - n};
	return n > 0;
}

/* The first name with a dot on a line that has `name`; ptr NULL when no line has it. */
static struct slice fqdn_in(struct slice text, const char *name)
{
	struct slice line, address, word;
	while (slice_split(&text, '\n', &line)) {
		const char *hash = line.len ? memchr(line.ptr, '#', line.len) : NULL;
		struct slice best = {NULL, 0}, first = {NULL, 0};
		bool mine = false;
		if (hash)
			line.len = (size_t)(hash - line.ptr);
		if (!next_word(&line, &address))
			continue;
		while (next_word(&line, &word)) {
			mine |= slice_is(word, name);
			if (!first.ptr)
				first = word;
			if (!best.ptr && memchr(word.ptr, '.', word.len))
				best = word;
		}
		if (mine)
			return best.ptr ? best : first;
	}
	return (struct slice){NULL, 0};
}

static struct slice find_fqdn(struct facts *f, const char *nodename)
{
	const char *const argv[] = {"getent", "hosts", nodename, NULL};
	struct slice out;
	int exit_code;
	if (strchr(nodename, '.'))
		return slice_from(nodename);
	struct slice found = fqdn_in(call_read_trimmed(f->call, "/etc/hosts"), nodename);
	if (!found.ptr && call_probe(f->call, argv, &exit_code, &out, NULL) == 0 && exit_code == 0)
		found = fqdn_in(out, nodename);
	return found.ptr ? found : slice_from(nodename);
}

static void put_names(struct facts *f, const char *nodename)
{
	size_t len = strcspn(nodename, ".");
	facts_put_str(f, "nodename", nodename);
	facts_put_slice(f, "hostname", (struct slice){nodename, len});
	if (!facts_wants(f, "fqdn") && !facts_wants(f, "domain"))
		return;
	struct slice fqdn = find_fqdn(f, nodename);
	const char *dot = memchr(fqdn.ptr, '.', fqdn.len);
	facts_put_slice(f, "fqdn", fqdn);
	facts_put_slice(f, "domain",
			dot ? (struct slice){dot + 1, fqdn.len - (size_t)(dot - fqdn.ptr) - 1}
			    : SLICE_LIT(""));
}

static void collect_platform(struct facts *f)
{
	struct utsname un;
	if (uname(&un) < 0)
		return;
	bool is_386 = strlen(un.machine) == 4 && un.machine[0] == 'i' &&
		      strcmp(un.machine + 2, "86") == 0;
	const char *bits = sizeof(void *) == 8 ? "64" : "32";
	facts_put_str(f, "system", un.sysname);
	facts_put_str(f, "kernel", un.release);
	facts_put_str(f, "kernel_version", un.version);
	facts_put_str(f, "machine", un.machine);
	facts_put_str(f, "architecture", is_386 ? "i386" : un.machine);
	facts_put_str(f, "userspace_bits", bits);
	facts_put_str(f, "userspace_architecture", is_386 ? "i386" : un.machine);
	facts_put_slice(f, "machine_id", call_read_trimmed(f->call, "/etc/machine-id"));
	/* The host's file first: it is what earlier tasks changed in check mode. */
	struct slice name = call_read_trimmed(f->call, "/proc/sys/kernel/hostname");
	put_names(f, name.len ? name.ptr : un.nodename);
}

static const char *const platform_names[] = {
	"system",     "kernel",		"kernel_version",
	"machine",    "architecture",	"nodename",
	"hostname",   "fqdn",		"domain",
	"machine_id", "userspace_bits", "userspace_architecture",
	NULL};
const struct collector facts_platform = {"min", platform_names, collect_platform};

struct slice facts_os_release(struct facts *f, const char *key)
{
	struct slice text = call_read_trimmed(f->call, "/etc/os-release"), line, name;
	if (text.len == 0)
		text = call_read_trimmed(f->call, "/usr/lib/os-release");
	while (slice_split(&text, '\n', &line)) {
		struct slice value = line;
		if (!slice_split(&value, '=', &name) || !slice_is(slice_trim(name), key) ||
		    !value.ptr)
			continue;
		value = slice_trim(value);
		if (value.len > 1 && strchr("\"'", value.ptr[0]) &&
		    value.ptr[value.len - 1] == value.ptr[0])
			return (struct slice){value.ptr + 1, value.len - 2};
		return value;
	}
	return SLICE_LIT("");
}

/* os-release's ID, Ansible's distribution and os_family. */
static const struct {
	const char *id, *name, *family;
} distributions[] = {
	{"debian", "Debian", "Debian"},
	{"ubuntu", "Ubuntu", "Debian"},
	{"raspbian", "Debian", "Debian"},
	{"linuxmint", "Linux Mint", "Debian"},
	{"kali", "Kali", "Debian"},
	{"pop", "Pop!_OS", "Debian"},
	{"devuan", "Devuan", "Debian"},
	{"rhel", "RedHat", "RedHat"},
	{"centos", "CentOS", "RedHat"},
	{"fedora", "Fedora", "RedHat"},
	{"rocky", "Rocky", "RedHat"},
	{"almalinux", "AlmaLinux", "RedHat"},
	{"ol", "OracleLinux", "RedHat"},
	{"amzn", "Amazon", "RedHat"},
	{"opensuse-leap", "openSUSE Leap", "Suse"},
	{"opensuse-tumbleweed", "openSUSE Tumbleweed", "Suse"},
	{"sles", "SLES", "Suse"},
	{"arch", "Archlinux", "Archlinux"},
	{"alpine", "Alpine", "Alpine"},
	{"gentoo", "Gentoo", "Gentoo"},
	{"flatcar", "Flatcar", "Flatcar"},
};

static void put_distribution_name(struct facts *f, struct slice id)
{
	for (size_t i = 0; i < ARRAY_LEN(distributions); i++)
		if (slice_is(id, distributions[i].id)) {
			facts_put_str(f, "distribution", distributions[i].name);
			facts_put_str(f, "os_family", distributions[i].family);
			return;
		}
	struct slice name = facts_os_release(f, "NAME"), like = facts_os_release(f, "ID_LIKE");
	const char *copy = arena_slice(f->a, like).ptr;
	facts_put_slice(f, "distribution", name.len ? name : id);
	facts_put_str(f, "os_family",
		      strstr(copy, "debian")			       ? "Debian"
		      : strstr(copy, "rhel") || strstr(copy, "fedora") ? "RedHat"
		      : strstr(copy, "suse")			       ? "Suse"
					     : arena_slice(f->a, name).ptr);
}

static void put_lsb(struct facts *f, struct slice version)
{
	struct value *lsb = value_dict_new(f->a);
	struct slice name = facts_os_release(f, "NAME");
	struct slice major = version, rest = version;
	slice_split(&rest, '.', &major);
	/* lsb_release says Debian and Ubuntu where os-release says "Debian GNU/Linux". */
	const char *blank = memchr(name.ptr, ' ', name.len);
	if (blank)
		name.len = (size_t)(blank - name.ptr);
	value_dict_put(f->a, lsb, "id", value_str(f->a, name));
	value_dict_put(f->a, lsb, "release", value_str(f->a, version));
	value_dict_put(f->a, lsb, "major_release", value_str(f->a, major));
	value_dict_put(f->a, lsb, "codename",
		       value_str(f->a, facts_os_release(f, "VERSION_CODENAME")));
	value_dict_put(f->a, lsb, "description",
		       value_str(f->a, facts_os_release(f, "PRETTY_NAME")));
	facts_put(f, "lsb", lsb);
}

static void collect_distribution(struct facts *f)
{
	struct slice id = facts_os_release(f, "ID"), version = facts_os_release(f, "VERSION_ID");
	struct slice point = slice_is(id, "debian")
				     ? call_read_trimmed(f->call, "/etc/debian_version")
				     : SLICE_LIT("");
	put_lsb(f, version);
	/* Debian's point release stands nowhere else; "trixie/sid" is none. */
	if (point.len && point.ptr[0] >= '0' && point.ptr[0] <= '9')
		version = point;
	struct slice rest = version, major = version, minor;
	put_distribution_name(f, id);
	facts_put_slice(f, "distribution_version", version.len ? version : SLICE_LIT("NA"));
	slice_split(&rest, '.', &major);
	facts_put_slice(f, "distribution_major_version", major.len ? major : SLICE_LIT("NA"));
	if (slice_split(&rest, '.', &minor))
		facts_put_slice(f, "distribution_minor_version", minor);
	struct slice codename = facts_os_release(f, "VERSION_CODENAME");
	facts_put_slice(f, "distribution_release", codename.len ? codename : SLICE_LIT("NA"));
	facts_put_str(f, "distribution_file_path", "/etc/os-release");
	facts_put(f, "distribution_file_parsed", value_bool(true));
}

static const char *const distribution_names[] = {"distribution", "distribution_*", "os_family",
						 "lsb", NULL};
const struct collector facts_distribution = {"min", distribution_names, collect_distribution};
