#include "../call.h"
#include "../file/text_file.h"
#include "../path/copy.h"
#include "../path/path_state.h"
#include "rollout/module/assembly.h"
#include "rollout/module/attributes.h"

static const struct module_param params[] = {
	{.name = "src",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "Folder of the fragments, on the host."},
	{.name = "dest", .type = MODULE_PATH, .required = true, .doc = "The file made of them."},
	{.name = "delimiter",
	 .type = MODULE_STR,
	 .doc = "Stands between fragments; \\n and the like are understood."},
	{.name = "regexp", .type = MODULE_STR, .doc = "Only fragments whose name matches."},
	{.name = "ignore_hidden",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Without those whose name begins with a dot."},
	{.name = "remote_src",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "false: src is on the controller."},
	{.name = "decrypt",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Decrypts vaulted fragments of the controller."},
	FILE_BACKUP_PARAM,
	FILE_VALIDATE_PARAM,
	FILE_UNSAFE_WRITES_PARAM,
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

static int add_fragment(struct module_call *call, struct assembly *as, const char *path,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0 || st.type != HOST_FILE)
		return r;
	r = call->host->ops->read(call->host, path, ASSEMBLY_MAX, &text, err);
	return r < 0 ? r : assembly_add(as, strbuf_slice(&text), err);
}

static int gather(struct module_call *call, const char *src, struct assembly *as, struct err *err)
{
	struct host_names names = {0};
	int r = call->host->ops->list(call->host, call->arena, src, &names, err);
	for (size_t i = 0; r >= 0 && i < names.len; i++) {
		r = assembly_takes(as, names.at[i], err);
		if (r > 0)
			r = add_fragment(call, as, path_below(call, src, names.at[i]), err);
	}
	return r < 0 ? r : 0;
}

/* *ret_stop: nothing can be said before the run. */
static int check_source(struct module_call *call, const char *src, bool *ret_stop, struct err *err)
{
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, src, true, &st, err);
	*ret_stop = false;
	if (r < 0 || st.type == HOST_DIR)
		return r;
	if (st.type == HOST_ABSENT && host_assumes(call->host)) {
		result_unknown(call, "would assemble %s, which is not there yet", src);
		*ret_stop = true;
		return 0;
	}
	return err_set(err, ERR_NOT_FOUND, "Source (%s) %s", src,
		       st.type == HOST_ABSENT ? "does not exist" : "is not a directory");
}

static int save(struct module_call *call, struct slice text, struct err *err)
{
	CLEANUP(text_file_release) struct text_file f = {0};
	char hex[DIGEST_HEX_MAX];
	bool stop = false;
	int r = text_file_open_at(call, arg_str(call, "dest"), true, &f, &stop, err);
	if (r < 0 || stop)
		return r;
	f.real = f.path; /* a link is replaced */
	if (!f.exists)
		r = path_need_folder(call, f.path, err);
	if (r == 0)
		r = text_file_save(call, &f, text, "", err);
	if (r < 0)
		return r;
	digest_bytes(DIGEST_SHA1, text.ptr, text.len, hex);
	result_put_str(call, "checksum", hex);
	digest_bytes(DIGEST_MD5, text.ptr, text.len, hex);
	result_put_str(call, "md5sum", hex);
	result_put_str(call, "src", arg_str(call, "src"));
	result_put_str(call, "dest", f.path);
	result_put_str(call, "msg", "OK");
	return path_state_put(call, f.path, err);
}

static int run(struct module_call *call, struct err *err)
{
	CLEANUP(assembly_release) struct assembly as = {0};
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	bool stop = false;
	/* The controller has put its own fragments together. */
	if (!arg_bool(call, "remote_src"))
		return copy_run(call, err);
	int r = check_source(call, src, &stop, err);
	if (r < 0 || stop)
		return r;
	r = assembly_init(&as, call->args, err);
	if (r == 0)
		r = gather(call, src, &as, err);
	return r < 0 ? r : save(call, strbuf_slice(&as.text), err);
}

const struct module module_assemble = {
	.name = "assemble",
	.full_name = "ansible.builtin.assemble",
	.doc = "Makes a file of the fragments in a folder.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_ASSEMBLE,
	.params = params,
	.run = run,
};
