/*
 * network-config, version 2. All is static: waiting for a DHCP server costs
 * seconds of each boot. Interfaces are found by their MAC address and get names
 * that no kernel gives, so that a rename never races with another one.
 *
 * Source: cloud-init's "Networking config Version 2"; QEMU's "Network emulation"
 * for the addresses of the user network.
 */
#include "parts.h"

#include "rollout/base/file.h"

#define QEMU_NAT_ADDRESS "10.0.2.15/24"
#define QEMU_NAT_GATEWAY "10.0.2.2"
#define QEMU_NAT_NAMESERVER "10.0.2.3"
#define RESOLV_CONF_MAX_BYTES 65536u

static bool is_loopback(struct slice address)
{
	return slice_starts_with(address, "127.") || slice_is(address, "::1");
}

/* "nameserver ADDRESS"; "%eth0" after it: an address of this host's own link. */
static bool parse_line(struct slice line, struct slice *ret)
{
	static const char keyword[] = "nameserver";
	line = slice_trim(line);
	if (!slice_starts_with(line, keyword))
		return false;
	struct slice rest = {line.ptr + strlen(keyword), line.len - strlen(keyword)};
	*ret = slice_trim(rest);
	return ret->len > 0 && ret->ptr > rest.ptr && !is_loopback(*ret) &&
	       !memchr(ret->ptr, '%', ret->len);
}

const char *const *vm_seed_parse_nameservers(struct slice text, struct arena *a)
{
	VEC(const char *) servers = {0};
	struct slice line, address;
	while (slice_split(&text, '\n', &line))
		if (parse_line(line, &address))
			vec_push(&servers, arena_strndup(a, address.ptr, address.len));
	vec_push(&servers, NULL);
	const char *const *all = arena_copy(a, servers.at, servers.len * sizeof(*servers.at));
	vec_release(&servers);
	return all;
}

/* With systemd-resolved the first file names only its stub on the loopback. */
const char *const *vm_seed_nameservers(const struct vm_machine *m, struct arena *a)
{
	static const char *const files[] = {"/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"};
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		CLEANUP(strbuf_release) struct strbuf text = {0};
		struct err ignored = {0};
		if (file_read(files[i], RESOLV_CONF_MAX_BYTES, &text, &ignored) < 0)
			continue;
		const char *const *servers = vm_seed_parse_nameservers(strbuf_slice(&text), a);
		if (servers[0])
			return servers;
	}
	const char **gateway = ARENA_ARRAY(a, const char *, 2);
	gateway[0] = m->project->gateway;
	return (const char *const *)gateway;
}

static struct value *put_new_dict(struct arena *a, struct value *dict, const char *key)
{
	struct value *new = value_dict_new(a);
	value_dict_put(a, dict, key, new);
	return new;
}

static void put_list(struct arena *a, struct value *dict, const char *key, const char *only)
{
	struct value *list = value_list_new(a);
	value_list_push(a, list, value_cstr(a, only));
	value_dict_put(a, dict, key, list);
}

static struct value *put_interface(struct arena *a, struct value *ethernets, const char *name,
				   const char *mac)
{
	struct value *nic = put_new_dict(a, ethernets, name);
	value_dict_put(a, put_new_dict(a, nic, "match"), "macaddress", value_cstr(a, mac));
	value_dict_put(a, nic, "set-name", value_cstr(a, name));
	value_dict_put(a, nic, "dhcp4", value_bool(false));
	value_dict_put(a, nic, "dhcp6", value_bool(false));
	value_dict_put(a, nic, "accept-ra", value_bool(false));
	return nic;
}

/* 0.0.0.0/0: "default" is not understood by all versions. */
static void put_gateway(struct arena *a, struct value *nic, const char *gateway)
{
	struct value *routes = value_list_new(a), *route = value_dict_new(a);
	value_dict_put(a, route, "to", value_cstr(a, "0.0.0.0/0"));
	value_dict_put(a, route, "via", value_cstr(a, gateway));
	value_list_push(a, routes, route);
	value_dict_put(a, nic, "routes", routes);
}

static void put_nameservers(struct arena *a, struct value *nic, const char *const *servers)
{
	struct value *list = value_list_new(a);
	for (; *servers; servers++)
		value_list_push(a, list, value_cstr(a, *servers));
	value_dict_put(a, put_new_dict(a, nic, "nameservers"), "addresses", list);
}

static void put_nat(struct arena *a, struct value *ethernets, const struct vm_machine *m)
{
	static const char *const servers[] = {QEMU_NAT_NAMESERVER, NULL};
	struct value *nic = put_interface(a, ethernets, VM_SEED_NIC_NAT, m->mac_nat);
	put_list(a, nic, "addresses", QEMU_NAT_ADDRESS);
	put_gateway(a, nic, QEMU_NAT_GATEWAY);
	put_nameservers(a, nic, servers);
}

struct value *vm_seed_network_config(const struct vm_machine *m, struct arena *a)
{
	struct value *config = value_dict_new(a);
	value_dict_put(a, config, "version", value_int(a, 2));
	struct value *ethernets = put_new_dict(a, config, "ethernets");
	bool bridge = m->project->topology->mode == VM_NETWORK_BRIDGE;
	if (!bridge)
		put_nat(a, ethernets, m);
	struct value *nic = put_interface(a, ethernets, VM_SEED_NIC_SEGMENT, m->mac_segment);
	put_list(a, nic, "addresses", arena_printf(a, "%s/%u", m->address, m->project->prefix));
	if (bridge) {
		put_gateway(a, nic, m->project->gateway);
		put_nameservers(a, nic, vm_seed_nameservers(m, a));
	}
	return config;
}
