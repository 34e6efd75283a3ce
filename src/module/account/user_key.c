#include "user_parts.h"

#include "../call.h"
#include "../path/path_state.h"
#include "../ssh/ssh_askpass.h"

/* Where the key is, and the folder it is in. */
static const char *key_path(struct module_call *call, const struct host_user *now)
{
	const char *path = arg_str(call, "ssh_key_file");
	if (!path)
		path = arena_printf(call->arena, ".ssh/id_%s", arg_str(call, "ssh_key_type"));
	return path[0] == '/' ? path : arena_printf(call->arena, "%s/%s", now->home, path);
}

static int put_key(struct module_call *call, const char *path, struct err *err)
{
	const char *public_path = arena_printf(call->arena, "%s.pub", path);
	const char *const argv[] = {"ssh-keygen", "-l", "-f", public_path, NULL};
	struct slice text, fingerprint;
	int exit_code;
	result_put_str(call, "ssh_key_file", path);
	int r = call_read(call, public_path, &text, err);
	if (r < 0 || text.len == 0)
		return r;
	result_put(call, "ssh_public_key", value_str(call->arena, slice_trim(text)));
	r = call_probe(call, argv, &exit_code, &fingerprint, err);
	if (r == 0 && exit_code == 0)
		result_put(call, "ssh_fingerprint", value_str(call->arena, fingerprint));
	return r;
}

static int make_folder(struct module_call *call, const char *path, const struct host_attr *attr,
		       struct err *err)
{
	struct host_stat st;
	const char *slash = strrchr(path, '/');
	char *folder = arena_strndup(call->arena, path, (size_t)(slash - path));
	int r = call->host->ops->stat(call->host, call->arena, folder, true, &st, err);
	/* The user's own link must not lead root to write elsewhere. */
	if (r == 0)
		r = path_trusted(call, folder, err);
	if (r < 0 || st.type != HOST_ABSENT)
		return r;
	return call->host->ops->mkdir(call->host, folder, attr, err);
}

static int run_keygen(struct module_call *call, const char *path, struct err *err)
{
	struct program p;
	const char *comment = arg_str(call, "ssh_key_comment");
	const char *passphrase = arg_str(call, "ssh_key_passphrase");
	if (!comment)
		comment = arena_printf(call->arena, "ansible-generated on %s",
				       call_read_trimmed(call, "/proc/sys/kernel/hostname").ptr);
	const char *const words[] = {"-t", arg_str(call, "ssh_key_type"), "-f", path, "-C", comment,
				     NULL};
	ssh_askpass_begin(&p, call, passphrase, "ssh-keygen -q \"$@\" </dev/null");
	program_add_all(&p, words);
	if (!passphrase || !passphrase[0]) {
		program_add(&p, "-N");
		program_add(&p, "");
	}
	if (arg_has(call, "ssh_key_bits"))
		program_add_fmt(&p, "-b%lld", (long long)arg_int(call, "ssh_key_bits", 0));
	return program_change(&p, err);
}

static int generate(struct module_call *call, const char *path, const struct host_user *now,
		    struct err *err)
{
	struct host_attr attr = HOST_ATTR_KEEP;
	attr.mode = 0700;
	attr.uid = now->uid;
	attr.gid = now->gid;
	int r = make_folder(call, path, &attr, err);
	if (r == 0)
		r = call->host->ops->remove(call->host, path, false, err);
	if (r == 0)
		r = run_keygen(call, path, err);
	if (r < 0)
		return r;
	result_changed(call);
	if (call->check_mode)
		return 0;
	attr.mode = 0600;
	r = call->host->ops->set_attr(call->host, path, false, &attr, err);
	attr.mode = 0644;
	return r < 0 ? r
		     : call->host->ops->set_attr(call->host,
						 arena_printf(call->arena, "%s.pub", path), false,
						 &attr, err);
}

int user_ssh_key(struct module_call *call, const struct host_user *now, struct err *err)
{
	struct host_stat st;
	if (!now->home)
		return err_set(err, ERR_INVALID, "user %s has no home directory for an SSH key",
			       arg_str(call, "name"));
	const char *path = key_path(call, now);
	int r = call_check_line("ssh_key_comment", arg_slice(call, "ssh_key_comment"), err);
	if (r == 0)
		r = ssh_askpass_check("ssh_key_passphrase", arg_str(call, "ssh_key_passphrase"),
				      err);
	if (r == 0)
		r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r == 0 && (st.type == HOST_ABSENT || arg_bool(call, "force")))
		r = generate(call, path, now, err);
	return r < 0 ? r : put_key(call, path, err);
}
