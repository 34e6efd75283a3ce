/*
 * get_url: the controller fetches, checks the checksum and sends the content by
 * hash; what is left to do on the host is copy's work.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/get_url_module.html
 */
#include "copy.h"
#include "rollout/module/attributes.h"

static const char *const username_aliases[] = {"username", NULL};
static const char *const password_aliases[] = {"password", NULL};

static const struct module_param params[] = {
	{.name = "url", .type = MODULE_STR, .required = true, .doc = "What to fetch."},
	{.name = "dest",
	 .type = MODULE_PATH,
	 .required = true,
	 .doc = "Where it goes; a folder takes the URL's last part as name."},
	{.name = "checksum",
	 .type = MODULE_STR,
	 .fallback = "",
	 .doc = "algorithm:digest, or algorithm:URL of a file of digests."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Fetches it although dest is there."},
	{.name = "backup",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Keeps the old file under a name with the time."},
	{.name = "timeout",
	 .type = MODULE_INT,
	 .fallback = "10",
	 .doc = "Of one step of the transfer, in seconds."},
	{.name = "headers", .type = MODULE_DICT, .doc = "Further HTTP headers."},
	{.name = "http_agent", .type = MODULE_STR, .doc = "The User-Agent header."},
	{.name = "url_username",
	 .type = MODULE_STR,
	 .aliases = username_aliases,
	 .doc = "Name for HTTP authentication."},
	{.name = "url_password",
	 .type = MODULE_STR,
	 .aliases = password_aliases,
	 .doc = "Password for HTTP authentication."},
	{.name = "force_basic_auth",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Sends name and password unasked."},
	{.name = "validate_certs",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Checks the server's certificate."},
	{.name = "use_proxy",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Goes through the proxy that the environment names."},
	{.name = "tmp_dest", .type = MODULE_PATH, .doc = "Accepted; dest's folder is used."},
	{.name = "unsafe_writes",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Writes into the existing file where it cannot be replaced."},
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

static int run(struct module_call *call, struct err *err)
{
	int r = copy_run(call, err);
	result_put_str(call, "url", arg_str(call, "url"));
	if (r == 0 && !result_is_changed(call))
		result_put_str(call, "msg", "file already exists");
	/* Of what a dry run has not fetched. */
	if (call->check_mode && result_is_changed(call) && !value_get(call->args, "_size"))
		value_dict_remove(call->result, SLICE_LIT("size"));
	return r;
}

const struct module module_get_url = {
	.name = "get_url",
	.full_name = "ansible.builtin.get_url",
	.doc = "Fetches a file over HTTP or FTP, on the controller, and puts it on the host.",
	.flags = MODULE_PREPARE,
	.params = params,
	.run = run,
};
