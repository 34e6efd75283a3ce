/* The kernel, the machine and its name. */
#include "../call.h"
#include "facts.h"

#include <sys/utsname.h>

static struct slice without_comment(struct slice line)
{
	const char *hash = line.len ? memchr(line.ptr, '#', line.len) : NULL;
	return hash ? (struct slice){line.ptr, (size_t)(hash - line.ptr)} : line;
}

/* The address on the first line of hosts(5) that has the name; "" without. */
static struct slice address_in(struct slice text, const char *name)
{
	struct slice line, address, word;
	while (slice_split(&text, '\n', &line)) {
		line = without_comment(line);
		if (!slice_word(&line, &address))
			continue;
		while (slice_word(&line, &word))
			if (slice_is(word, name))
				return address;
	}
	return SLICE_LIT("");
}

/* The first name with a dot, else the first, on the first line of the address; ptr
 * NULL when there is none. */
static struct slice name_in(struct slice text, struct slice address)
{
	struct slice line, at, word;
	while (slice_split(&text, '\n', &line)) {
		struct slice first = {NULL, 0};
		line = without_comment(line);
		if (!slice_word(&line, &at) || !slice_eq(at, address))
			continue;
		while (slice_word(&line, &word)) {
			if (memchr(word.ptr, '.', word.len))
				return word;
			if (!first.ptr)
				first = word;
		}
		return first;
	}
	return (struct slice){NULL, 0};
}

static struct slice ask(struct facts *f, const char *database, const char *key)
{
	const char *const argv[] = {"getent", database, key, NULL};
	struct slice out = SLICE_LIT("");
	int exit_code;
	if (call_probe(f->call, argv, &exit_code, &out, NULL) < 0 || exit_code != 0)
		return SLICE_LIT("");
	return out;
}

/* The name of the name's address, as gethostbyaddr(3) has it. */
static struct slice find_fqdn(struct facts *f, const char *nodename)
{
	struct slice hosts = call_read_trimmed(f->call, "/etc/hosts"), found;
	struct slice address = address_in(hosts, nodename);
	if (!address.len) {
		struct slice out = ask(f, "ahosts", nodename);
		slice_word(&out, &address);
	}
	found = name_in(hosts, address);
	if (!found.ptr && address.len)
		found = name_in(ask(f, "hosts", arena_slice(f->a, address).ptr), address);
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
	struct slice id = call_read_trimmed(f->call, "/var/lib/dbus/machine-id");
	facts_put_slice(f, "machine_id",
			id.len ? id : call_read_trimmed(f->call, "/etc/machine-id"));
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
