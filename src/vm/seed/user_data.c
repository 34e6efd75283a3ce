/*
 * user-data: what cloud-init makes of an image at the first boot. What costs
 * seconds where no accelerator works is switched off: choosing mirrors, generating
 * locales, printing fingerprints. All keys keep to cloud-init's schema, whose
 * warnings would make its status "degraded".
 */
#include "parts.h"

#include "rollout/base/digest.h"
#include "rollout/base/utf8.h"
#include "rollout/value/yaml.h"

static void put(struct arena *a, struct value *dict, const char *key, const char *text)
{
	value_dict_put(a, dict, key, value_cstr(a, text));
}

static void put_flag(struct arena *a, struct value *dict, const char *key, bool on)
{
	value_dict_put(a, dict, key, value_bool(on));
}

static struct value *strings(struct arena *a, const char *const *at)
{
	struct value *list = value_list_new(a);
	for (; at && *at; at++)
		value_list_push(a, list, value_cstr(a, *at));
	return list;
}

static void put_names(struct arena *a, struct value *config, const char *name)
{
	put(a, config, "hostname", vm_seed_short_name(name, a));
	if (strchr(name, '.'))
		put(a, config, "fqdn", name);
	put_flag(a, config, "preserve_hostname", false);
	put_flag(a, config, "manage_etc_hosts", false);
}

/* With ssh_keys none are generated. */
static void put_host_key(struct arena *a, struct value *config, const struct vm_seed_options *o)
{
	struct value *keys = value_dict_new(a);
	value_dict_put(a, keys, "ed25519_private", value_str(a, o->host_key));
	put(a, keys, "ed25519_public", o->machine->host_key);
	value_dict_put(a, config, "ssh_keys", keys);
	put_flag(a, config, "ssh_deletekeys", true);
	put_flag(a, config, "no_ssh_fingerprints", true);
}

/* ssh_pwauth is left alone: where it differs from the image's, cloud-init restarts
 * sshd at the moment when the first login comes. No user of ours has a password. */
static void put_user(struct arena *a, struct value *config, const struct vm_machine *m)
{
	struct value *user = value_dict_new(a), *users = value_list_new(a);
	struct value *keys = strings(a, m->spec->authorized_keys);
	bool root = strcmp(m->spec->user, "root") == 0;
	value_list_push(a, keys, value_cstr(a, m->project->public_key));
	put(a, user, "name", m->spec->user);
	value_dict_put(a, user, "ssh_authorized_keys", keys);
	put_flag(a, user, "lock_passwd", true);
	if (!root) {
		put(a, user, "shell", "/bin/bash");
		put(a, user, "sudo", "ALL=(ALL) NOPASSWD:ALL");
	}
	value_list_push(a, users, user);
	value_dict_put(a, config, "users", users);
	put_flag(a, config, "disable_root", !root);
}

/* systemd takes the id from the DMI's UUID where the VM has one; this sees to it
 * where it did not, before any service reads it. The journal began under another
 * id then, and journald keeps the id that it began with. */
static void put_machine_id(struct arena *a, struct value *config, const char *id)
{
	struct value *commands = value_list_new(a), *command = value_list_new(a);
	const char *script = arena_printf(
		a,
		"[ \"$(cat /etc/machine-id)\" = %s ] || { umount /etc/machine-id 2>/dev/null; "
		"echo %s >/etc/machine-id && systemctl --no-block try-restart systemd-journald; }",
		id, id);
	value_list_push(a, command, value_cstr(a, "sh"));
	value_list_push(a, command, value_cstr(a, "-c"));
	value_list_push(a, command, value_cstr(a, script));
	value_list_push(a, commands, command);
	value_dict_put(a, config, "bootcmd", commands);
}

static bool is_plain_text(struct slice s)
{
	while (s.len > 0) {
		int32_t c = utf8_next(&s);
		if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f) || (c >= 0xa0 && c < 0xd800))
			continue;
		return false;
	}
	return true;
}

static const struct value *file_entry(struct arena *a, const struct vm_file *f)
{
	struct value *entry = value_dict_new(a);
	put(a, entry, "path", f->path);
	put(a, entry, "owner", f->owner ? f->owner : "root:root");
	put(a, entry, "permissions", f->mode ? f->mode : "0644");
	if (is_plain_text(f->content)) {
		value_dict_put(a, entry, "content", value_str(a, f->content));
		return entry;
	}
	CLEANUP(strbuf_release) struct strbuf encoded = {0};
	base64_encode(&encoded, f->content.ptr, f->content.len);
	put(a, entry, "encoding", "b64");
	value_dict_put(a, entry, "content", value_str(a, strbuf_slice(&encoded)));
	return entry;
}

/* A file of the user the machine has only once the users are made: deferred. */
static void put_files(struct arena *a, struct value *config, const struct vm_machine *m)
{
	struct value *files = value_list_new(a);
	CLEANUP(strbuf_release) struct strbuf hosts = {0};
	vm_seed_hosts(m, &hosts);
	struct vm_file etc_hosts = {.path = "/etc/hosts", .content = strbuf_slice(&hosts)};
	value_list_push(a, files, file_entry(a, &etc_hosts));
	for (size_t i = 0; i < m->spec->nfiles; i++) {
		const struct vm_file *f = &m->spec->files[i];
		struct value *entry = value_dict_dup(a, file_entry(a, f));
		if (f->owner && !slice_starts_with(slice_from(f->owner), "root"))
			put_flag(a, entry, "defer", true);
		value_list_push(a, files, entry);
	}
	value_dict_put(a, config, "write_files", files);
}

static void put_packages(struct arena *a, struct value *config, const struct vm_spec *s)
{
	bool some = s->packages && s->packages[0];
	struct value *apt = value_dict_new(a);
	put_flag(a, apt, "preserve_sources_list", true);
	value_dict_put(a, config, "apt", apt);
	put_flag(a, config, "package_update", some);
	put_flag(a, config, "package_upgrade", false);
	if (some)
		value_dict_put(a, config, "packages", strings(a, s->packages));
}

struct value *vm_seed_user_data(const struct vm_seed_options *o, struct arena *a)
{
	struct value *config = value_dict_new(a);
	put_names(a, config, o->machine->spec->name);
	put_machine_id(a, config, o->machine->machine_id);
	put_host_key(a, config, o);
	put_user(a, config, o->machine);
	put_files(a, config, o->machine);
	put_packages(a, config, o->machine->spec);
	put(a, config, "locale", "false"); /* the image's own; a string, as older schemas want */
	return config;
}

static struct slice text(struct arena *a, const char *head, const struct value *v)
{
	CLEANUP(strbuf_wipe) struct strbuf out = {0};
	const struct yaml_style style = {.indent = 2};
	strbuf_puts(&out, head);
	yaml_emit_styled(&out, v, &style);
	return arena_slice(a, strbuf_slice(&out));
}

static int check(const struct vm_machine *m, struct err *err)
{
	const struct value *data = m->spec->user_data;
	if (!m->address || !m->host_key)
		return err_set(err, ERR_INVALID, "the machine has no address and key yet");
	if (data && data->type != VALUE_DICT)
		return err_at(err, ERR_INVALID, data->at, "user_data is a mapping, not a %s",
			      value_type_name(data));
	return 0;
}

int vm_seed_render(const struct vm_seed_options *o, struct arena *a, struct vm_seed *ret,
		   struct err *err)
{
	int r = check(o->machine, err);
	if (r < 0)
		return r;
	const struct value *config =
		vm_seed_merge(a, vm_seed_user_data(o, a), o->machine->spec->user_data);
	struct value *meta = value_dict_new(a);
	put(a, meta, "instance-id", o->instance_id);
	put(a, meta, "local-hostname", o->machine->spec->name);
	*ret = (struct vm_seed){
		.user_data = text(a, "#cloud-config\n", config),
		.meta_data = text(a, "", meta),
		.network_config = text(a, "", vm_seed_network_config(o->machine, a)),
	};
	return 0;
}
