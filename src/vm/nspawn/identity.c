#include "nspawn.h"

#include "../seed/seed.h"
#include "rollout/base/file.h"
#include "rollout/value/yaml.h"

#include <dirent.h>
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_KEY_MAX_BYTES 65536u
#define SEED_FOLDER "/var/lib/cloud/seed/nocloud"

/* What is put into the disk, ready before its process begins. */
struct identity {
	const struct vm_machine *machine;
	const struct vm_nspawn_wishes *wishes;
	struct strbuf hosts, resolv_conf, host_key, user_data;
};

/* ---- outside ---- */

static int read_host_key(struct identity *i, struct err *err)
{
	CLEANUP(free_ptr) char *path = path_join(i->machine->identity_dir, "host_key");
	return file_read(path, HOST_KEY_MAX_BYTES, &i->host_key, err);
}

/* Where nothing is reached, no server is named: nothing waits for its answer. */
static void list_nameservers(struct identity *i)
{
	struct arena a = {0};
	const char *const *server = vm_seed_nameservers(i->machine, &a);
	for (; i->machine->project->topology->nat && *server; server++)
		strbuf_printf(&i->resolv_conf, "nameserver %s\n", *server);
	arena_release(&a);
}

/* The tree's cloud-init does what the user wants of it; who the machine is, who
 * may log in and the network are ours. */
static int write_user_data(struct identity *i, struct err *err)
{
	static const char text[] = "preserve_hostname: true\n"
				   "ssh_deletekeys: false\n"
				   "ssh_genkeytypes: [ed25519]\n" /* it is there */
				   "locale: 'false'\n";
	const struct yaml_style style = {.indent = 2};
	const struct value *ours;
	struct arena a = {0};
	int r = yaml_parse(&a, "cloud-config", SLICE_LIT(text), &ours, err);
	if (r == 0) {
		strbuf_puts(&i->user_data, "#cloud-config\n");
		yaml_emit_styled(&i->user_data, vm_seed_merge(&a, ours, i->wishes->cloud_init),
				 &style);
	}
	arena_release(&a);
	return r;
}

/* ---- inside ---- */

static int put_names(const struct identity *i, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf id = {0}, name = {0};
	strbuf_printf(&id, "%s\n", i->machine->machine_id);
	strbuf_printf(&name, "%.*s\n", (int)strcspn(i->wishes->hostname, "."), i->wishes->hostname);
	int r = vm_nspawn_put_text("/etc/hostname", name.ptr, 0644, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/hosts", i->hosts.ptr, 0644, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/machine-id", id.ptr, 0444, err);
	return r;
}

/* The runner's namespace has its address already; networkd would take it away. */
static int put_network(const struct identity *i, struct err *err)
{
	const char *servers = i->resolv_conf.ptr ? i->resolv_conf.ptr : "";
	int r = vm_nspawn_put_text("/etc/resolv.conf", servers, 0644, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/systemd/network/80-container-host0.network",
				       "[Match]\nName=host0\n\n[Link]\nUnmanaged=yes\n", 0644, err);
	return r;
}

static int remove_host_keys(struct err *err)
{
	DIR *d = opendir("/etc/ssh");
	struct dirent *e;
	int r = 0;
	while (d && r == 0 && (e = readdir(d))) {
		CLEANUP(free_ptr) char *path = path_join("/etc/ssh", e->d_name);
		if (slice_starts_with(slice_from(e->d_name), "ssh_host_") && unlink(path) < 0)
			r = err_sys(err, "remove %s in the machine", path);
	}
	if (d)
		closedir(d);
	return r;
}

static int put_host_key(const struct identity *i, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf public = {0};
	strbuf_printf(&public, "%s\n", i->machine->host_key);
	int r = remove_host_keys(err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/ssh/ssh_host_ed25519_key", i->host_key.ptr, 0600, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/ssh/ssh_host_ed25519_key.pub", public.ptr, 0644, err);
	return r;
}

static int put_user(const struct identity *i, struct err *err)
{
	const struct vm_spec *s = i->machine->spec;
	VEC(const char *) keys = {0};
	vec_push(&keys, i->machine->project->public_key);
	for (const char *const *k = s->authorized_keys; k && *k; k++)
		vec_push(&keys, *k);
	vec_push(&keys, NULL);
	int r = vm_nspawn_put_user(s->user, keys.at, err);
	vec_release(&keys);
	return r;
}

/* Units for hardware that a container does not have. With a writable /sys udev
 * would go for this host's. */
static int mask_units(struct err *err)
{
	static const char *const units[] = {"systemd-udevd.service", "systemd-udev-trigger.service",
					    "systemd-networkd-wait-online.service",
					    "console-getty.service"};
	int r = dir_create_all("/etc/systemd/system", 0755, err);
	for (size_t i = 0; r == 0 && i < ARRAY_LEN(units); i++) {
		CLEANUP(free_ptr) char *path = path_join("/etc/systemd/system", units[i]);
		unlink(path);
		if (symlink("/dev/null", path) < 0)
			r = err_sys(err, "mask %s in the machine", units[i]);
	}
	return r;
}

/* nspawn mounts the v1 controllers read-only; a kubelet makes groups in them. */
static int put_cgroup_unit(const struct identity *i, struct err *err)
{
	static const char folder[] = "/etc/systemd/system/sysinit.target.wants";
	static const char unit[] = "[Unit]\n"
				   "Description=Make the machine's own cgroups writable\n"
				   "DefaultDependencies=no\n"
				   "Before=sysinit.target\n"
				   "\n"
				   "[Service]\n"
				   "Type=oneshot\n"
				   "RemainAfterExit=yes\n"
				   "ExecStart=/bin/sh -c 'for c in /sys/fs/cgroup/*; do "
				   "mountpoint -q $c && mount -o remount,rw,bind $c; done; true'\n";
	if (!i->machine->spec->nesting)
		return 0;
	int r = vm_nspawn_put_text("/etc/systemd/system/writable-cgroups.service", unit, 0644, err);
	if (r == 0)
		r = dir_create_all(folder, 0755, err);
	CLEANUP(free_ptr) char *link = path_join(folder, "writable-cgroups.service");
	if (r == 0 && symlink("../writable-cgroups.service", link) < 0 && errno != EEXIST)
		r = err_sys(err, "enable writable-cgroups.service in the machine");
	return r;
}

/* A cloud-init without orders would only make the boot longer. */
static int put_cloud_init(const struct identity *i, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf meta = {0};
	if (access("/etc/cloud", F_OK) < 0)
		return 0;
	if (!i->wishes->cloud_init)
		return vm_nspawn_put_text("/etc/cloud/cloud-init.disabled", "", 0644, err);
	strbuf_printf(&meta, "instance-id: %s\n", i->machine->machine_id);
	int r = vm_nspawn_put_text(SEED_FOLDER "/user-data", i->user_data.ptr, 0600, err);
	if (r == 0)
		r = vm_nspawn_put_text(SEED_FOLDER "/meta-data", meta.ptr, 0600, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/cloud/cloud.cfg.d/99-rollout-vm.cfg",
				       "datasource_list: [NoCloud]\n"
				       "network: {config: disabled}\n"
				       "users: []\n"
				       "disable_root: false\n",
				       0644, err);
	return r;
}

static int put_files(const struct identity *i, struct err *err)
{
	int r = 0;
	for (size_t k = 0; r == 0 && k < i->wishes->files.len; k++)
		r = vm_nspawn_put_file(&i->wishes->files.at[k], err);
	return r;
}

static int put_all(void *ctx, struct err *err)
{
	static int (*const steps[])(const struct identity *, struct err *) = {
		put_names, put_network,	    put_host_key,   put_user,
		put_files, put_cgroup_unit, put_cloud_init,
	};
	const struct identity *i = ctx;
	umask(022);
	int r = mask_units(err);
	for (size_t k = 0; r == 0 && k < ARRAY_LEN(steps); k++)
		r = steps[k](i, err);
	return r == 0 ? vm_nspawn_put_first_boot(i->wishes, err) : r;
}

int vm_nspawn_identify(const struct vm_machine *m, const struct vm_nspawn_wishes *w,
		       struct err *err)
{
	struct identity i = {.machine = m, .wishes = w};
	int r = read_host_key(&i, err);
	if (r == 0) {
		vm_seed_hosts(m, &i.hosts);
		list_nameservers(&i);
		if (w->cloud_init)
			r = write_user_data(&i, err);
	}
	if (r == 0)
		r = vm_nspawn_inside(m, put_all, &i, err);
	strbuf_release(&i.hosts);
	strbuf_release(&i.resolv_conf);
	strbuf_wipe(&i.host_key);
	strbuf_release(&i.user_data);
	return r;
}
