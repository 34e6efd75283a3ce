/*
 * openssl_dhparam: Diffie-Hellman parameters, made on the host by its openssl.
 * https://docs.ansible.com/ansible/latest/collections/community/crypto/openssl_dhparam_module.html
 */
#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"
#include "openssl_run.h"
#include "rollout/module/attributes.h"

#include <stdlib.h>

#define BITS_MAX 16384

static const char *check_size(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->integer >= 512 && v->integer <= BITS_MAX ? NULL : "a number from 512 to 16384";
}

static const struct module_param params[] = {
	{.name = "path",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "The file of the parameters."},
	{.name = "size",
	 .type = MODULE_INT,
	 .fallback = "4096",
	 .check = check_size,
	 .doc = "Bits of the prime."},
	OPENSSL_FILE_PARAMS("Makes new ones.", "dhparams"),
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

/* "DH Parameters: (2048 bit)", and no complaint of -check. */
static int fits(struct module_call *call, struct slice old, bool *ret, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, "dhparam");
	program_add(&p, "-noout");
	program_add(&p, "-text");
	program_add(&p, "-check");
	p.stdin_bytes = old;
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	const char *bits = strstr(p.out.ptr, "Parameters: (");
	*ret = p.exit_code == 0 && bits && !strstr(p.out.ptr, "WARNING") &&
	       !strstr(p.err.ptr, "WARNING") &&
	       strtoll(bits + strlen("Parameters: ("), NULL, 10) == arg_int(call, "size", 0);
	return 0;
}

static int make(struct module_call *call, const char *path, struct slice *ret, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, "dhparam");
	program_add_fmt(&p, "%lld", (long long)arg_int(call, "size", 0));
	int r = path_need_folder(call, path, err);
	if (r < 0)
		return r;
	result_changed(call);
	host_overlay_assume(call->host,
			    arena_printf(call->arena, "the parameters %s would be made", path));
	r = program_change(&p, err);
	*ret = p.out;
	return r;
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	struct slice old, new = {"", 0};
	bool keep = false;
	int r = call_read(call, path, &old, err);
	if (r == 0 && old.len && !arg_bool(call, "force"))
		r = fits(call, old, &keep, err);
	if (r == 0 && !keep)
		r = make(call, path, &new, err);
	/* What they would be is another each time. */
	if (r < 0 || (!keep && call->check_mode))
		return r;
	r = openssl_file_settle(call, path, old, keep ? NULL : &new, err);
	if (r == 0 && arg_bool(call, "return_content"))
		result_put(call, "dhparams", value_str(call->arena, keep ? old : new));
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	const char *path = call_absolute_path(call, NULL, arg_str(call, "path"));
	result_put_str(call, "filename", path);
	result_put_int(call, "size", arg_int(call, "size", 0));
	int r = strcmp(arg_str(call, "state"), "absent") == 0 ? openssl_file_remove(call, path, err)
							      : present(call, path, err);
	return program_settle(call, r, err);
}

const struct module module_openssl_dhparam = {
	.name = "openssl_dhparam",
	.full_name = "community.crypto.openssl_dhparam",
	.doc = "Makes Diffie-Hellman parameters on the host.",
	.params = params,
	.run = run,
};
