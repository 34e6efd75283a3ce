/*
 * fetch: a file of the host for the controller, which keeps it (src/run). The
 * controller says in `_sha1` what it has already; then nothing is sent.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/fetch_module.html
 */
#include "../call.h"

#define FETCH_MAX (40u << 20) /* base64 of it fits a frame */
#define MISSING "the remote file does not exist, not transferring, ignored"
#define FOLDER "remote file is a directory, fetch cannot work on directories"

static const struct module_param params[] = {
	{.name = "src", .type = MODULE_PATH, .required = true, .doc = "The file on the host."},
	{.name = "dest",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Folder on the controller; the file goes to dest/HOST/src."},
	{.name = "flat",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "dest is the file itself, or with a slash at its end its folder."},
	{.name = "fail_on_missing",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Without it a file that is not there is no failure."},
	{.name = "validate_checksum",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; what arrives is checked in any case."},
	{0},
};

static int not_fetched(struct module_call *call, const char *src, const char *why)
{
	if (arg_bool(call, "fail_on_missing"))
		call_fail(call, "%s", why);
	else
		result_put_str(call, "msg", why);
	result_put_str(call, "file", src);
	return 0;
}

static int send(struct module_call *call, const char *src, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf content = {0};
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	char sha1[DIGEST_HEX_MAX], md5[DIGEST_HEX_MAX];
	const struct value *have = value_get(call->args, "_sha1");
	struct err e = {0};
	int r = call->host->ops->read(call->host, src, FETCH_MAX, &content, &e);
	if (r == ERR_UNKNOWN) {
		result_unknown(call, "would fetch %s", src);
		return 0;
	}
	if (r < 0) {
		*err = e;
		return r;
	}
	struct slice bytes = strbuf_slice(&content);
	digest_bytes(DIGEST_SHA1, bytes.ptr, bytes.len, sha1);
	digest_bytes(DIGEST_MD5, bytes.ptr, bytes.len, md5);
	result_put_str(call, "checksum", sha1);
	result_put_str(call, "md5sum", md5);
	if (have && value_is_str(have, sha1)) {
		result_put_str(call, "file", src);
		return 0;
	}
	result_changed(call);
	result_put_str(call, "remote_checksum", sha1);
	result_put_str(call, "remote_md5sum", NULL);
	if (call->check_mode)
		return 0;
	base64_encode(&text, bytes.ptr, bytes.len);
	result_put(call, "_content", value_str(call->arena, strbuf_slice(&text)));
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, src, true, &st, err);
	if (r < 0)
		return r;
	result_put_str(call, "_source", src);
	if (st.type == HOST_ABSENT && host_assumes(call->host)) {
		result_unknown(call, "would fetch %s, which is not there yet", src);
		return 0;
	}
	if (st.type == HOST_ABSENT)
		return not_fetched(call, src, MISSING);
	if (st.type == HOST_DIR)
		return not_fetched(call, src,
				   arg_bool(call, "fail_on_missing") ? FOLDER
								     : FOLDER
					   ", not transferring, ignored");
	return send(call, src, err);
}

const struct module module_fetch = {
	.name = "fetch",
	.full_name = "ansible.builtin.fetch",
	.doc = "Copies a file of the host to the controller.",
	.flags = MODULE_PREPARE,
	.params = params,
	.run = run,
};
