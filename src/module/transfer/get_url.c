/*
 * get_url: the controller fetches, checks the checksum and sends the content by
 * hash; what is left to do on the host is copy's work.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/get_url_module.html
 */
#include "../call.h"
#include "../net/url_params.h"
#include "../path/copy.h"
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
	URL_PARAMS(username_aliases, password_aliases),
	{.name = "unredirected_headers",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[]",
	 .doc = "Names of headers that are not sent on after a redirect."},
	{.name = "client_cert", .type = MODULE_STR, .doc = "A certificate on the controller, PEM."},
	{.name = "client_key", .type = MODULE_STR, .doc = "Its key, on the controller."},
	{.name = "tmp_dest", .type = MODULE_PATH, .doc = "Accepted; dest's folder is used."},
	{.name = "unsafe_writes",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Writes into the existing file where it cannot be replaced."},
	MODULE_ATTRIBUTE_PARAMS,
	{0},
};

/* In a folder force has no effect: what is there is compared. */
static int force_in_folder(struct module_call *call, struct err *err)
{
	struct host_stat st = {0};
	const char *dest = call_absolute_path(call, NULL, arg_str(call, "dest"));
	int r = call->host->ops->stat(call->host, call->arena, dest, true, &st, err);
	if (r < 0 || st.type != HOST_DIR)
		return r;
	struct value *args = value_dict_dup(call->arena, call->args);
	value_dict_put(call->arena, args, "force", value_bool(true));
	call->args = args;
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	int r = force_in_folder(call, err);
	if (r == 0)
		r = copy_run(call, err);
	result_put_str(call, "url", arg_str(call, "url"));
	if (r == 0 && !result_is_changed(call))
		result_put_str(call, "msg", "file already exists");
	return r;
}

const struct module module_get_url = {
	.name = "get_url",
	.full_name = "ansible.builtin.get_url",
	.doc = "Fetches a file over HTTP or FTP, on the controller, and puts it on the host.",
	.flags = MODULE_PREPARE | MODULE_ASYNC,
	.kind = MODULE_KIND_GET_URL,
	.params = params,
	.run = run,
};
