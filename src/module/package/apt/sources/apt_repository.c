/*
 * apt_repository: one line of apt's lists of sources.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/apt_repository_module.html
 */
#include "sources_list.h"

#include "../../../call.h"
#include "../../../path/whole_file.h"
#include "../apt_upgrade.h"
#include "rollout/module/attributes.h"

#include <ctype.h>

#define SOURCES_MODE 0644

static const char *const states[] = {"present", "absent", NULL};
static const char *const update_aliases[] = {"update-cache", NULL};

static const struct module_param params[] = {
	{.name = "repo",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "The line: deb [options] URL suite components."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is there."},
	{.name = "filename",
	 .type = MODULE_STR,
	 .doc = "Name of the file below sources.list.d, without .list; made from the URL "
		"otherwise."},
	{.name = "mode", .type = MODULE_MODE, .doc = "Permissions of a new file."},
	{.name = "update_cache",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .aliases = update_aliases,
	 .doc = "Fetches the lists of packages after a change."},
	{.name = "update_cache_retries",
	 .type = MODULE_INT,
	 .fallback = "5",
	 .doc = "How often that is tried."},
	{.name = "update_cache_retry_max_delay",
	 .type = MODULE_INT,
	 .fallback = "12",
	 .doc = "The longest wait between two tries, in seconds."},
	{.name = "codename",
	 .type = MODULE_STR,
	 .doc = "The release that a ppa: stands for; the host's own without it."},
	{.name = "validate_certs",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; nothing is fetched but by apt, which has its own settings."},
	{.name = "install_python_apt",
	 .type = MODULE_BOOL,
	 .doc = "Accepted; Python is not needed."},
	{0},
};

/* "ppa:owner/name" to its line. */
static const char *expand_ppa(struct module_call *call, const char *repo)
{
	const char *owner = repo + strlen("ppa:"), *slash = strchr(owner, '/');
	const char *codename = arg_str(call, "codename");
	struct slice text = call_read_trimmed(call, "/etc/os-release"), line;
	while (!codename && slice_split(&text, '\n', &line))
		if (slice_starts_with(line, "VERSION_CODENAME="))
			codename = arena_strndup(call->arena, line.ptr + 17, line.len - 17);
	return arena_printf(call->arena, "deb http://ppa.launchpad.net/%.*s/%s/ubuntu %s main",
			    slash ? (int)(slash - owner) : (int)strlen(owner), owner,
			    slash ? slash + 1 : "ppa", codename ? codename : "");
}

/* The host of the URL and its path, everything else but letters and digits as _. */
static const char *suggested_name(struct module_call *call, struct slice source)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	struct slice url = sources_url(source);
	const char *scheme = memmem(url.ptr, url.len, "://", 3);
	if (scheme)
		url = (struct slice){scheme + 3, url.len - (size_t)(scheme + 3 - url.ptr)};
	const char *at = memchr(url.ptr, '@', url.len);
	if (at)
		url = (struct slice){at + 1, url.len - (size_t)(at + 1 - url.ptr)};
	for (size_t i = 0; i < url.len; i++) {
		bool plain = isalnum((unsigned char)url.ptr[i]);
		if (plain)
			strbuf_putc(&name, url.ptr[i]);
		else if (name.len && name.ptr[name.len - 1] != '_')
			strbuf_putc(&name, '_');
	}
	while (name.len && name.ptr[name.len - 1] == '_')
		strbuf_truncate(&name, name.len - 1);
	return arena_printf(call->arena, "%s.list", name.len ? name.ptr : "rollout");
}

static const char *new_path(struct module_call *call, struct slice source)
{
	const char *filename = arg_str(call, "filename");
	const char *name = filename ? arena_printf(call->arena, "%s.list", filename)
				    : suggested_name(call, source);
	return name[0] == '/' ? name : arena_printf(call->arena, SOURCES_PARTS "/%s", name);
}

static int new_mode(struct module_call *call, int *ret, struct err *err)
{
	*ret = SOURCES_MODE;
	if (!arg_has(call, "mode"))
		return 0;
	return attributes_mode(arg_str(call, "mode"), NULL, ret, err);
}

static int add(struct module_call *call, struct sources *s, struct slice source, struct err *err)
{
	bool found = false;
	int mode = -1;
	for (size_t i = 0; i < s->len; i++)
		found |= sources_enable(call->arena, &s->at[i], source);
	if (found)
		return 0;
	if (slice_starts_with(slice_from(arg_str(call, "repo")), "ppa:"))
		return err_set(err, ERR_UNSUPPORTED,
			       "%s needs Launchpad to tell its key: give the archive's line and "
			       "key to deb822_repository",
			       arg_str(call, "repo"));
	int r = new_mode(call, &mode, err);
	if (r < 0)
		return r;
	struct sources_file *f = sources_file_of(call->arena, s, new_path(call, source));
	if (!f)
		return err_set(err, ERR_LIMIT, "more than %u lists of sources", SOURCES_FILES_MAX);
	f->mode = f->exists ? -1 : mode;
	sources_append(call->arena, f, source);
	return 0;
}

static int write_back(struct module_call *call, const struct sources *s, bool before,
		      struct err *err)
{
	for (size_t i = 0; i < s->len; i++) {
		const struct sources_file *f = &s->at[i];
		struct slice text = before ? f->before : f->after;
		if (slice_eq(f->before, f->after))
			continue;
		int r = (before ? f->exists : text.len > 0)
				? whole_file_put(call, f->path, text, f->mode, NULL, err)
				: whole_file_remove(call, f->path, NULL, err);
		if (r < 0)
			return r;
	}
	return 0;
}

/* A list that apt cannot use is taken back. */
static int update(struct module_call *call, const struct sources *s, struct err *err)
{
	bool updated;
	if (!result_is_changed(call) || !arg_bool(call, "update_cache"))
		return 0;
	int r = apt_refresh_lists(call, 0, &updated, err);
	if (r < 0 && write_back(call, s, true, NULL) == 0)
		result_put_bool(call, "changed", false);
	return r;
}

static int run(struct module_call *call, struct err *err)
{
	struct sources s;
	struct slice source;
	const char *repo = arg_str(call, "repo");
	bool ppa = strncmp(repo, "ppa:", 4) == 0;
	result_put_str(call, "repo", repo);
	result_put_str(call, "state", arg_str(call, "state"));
	if (!sources_parse_line(call->arena, slice_from(ppa ? expand_ppa(call, repo) : repo),
				&source))
		return err_set(err, ERR_INVALID, "Invalid repository string: %s", repo);
	int r = call_check_line("repo", slice_trim(slice_from(repo)), err);
	if (r == 0)
		r = sources_load(call, &s, err);
	if (r < 0)
		return r;
	if (strcmp(arg_str(call, "state"), "present") == 0)
		r = add(call, &s, source, err);
	else
		for (size_t i = 0; i < s.len; i++)
			sources_drop(call->arena, &s.at[i], source);
	if (r == 0)
		r = write_back(call, &s, false, err);
	return r < 0 ? r : update(call, &s, err);
}

const struct module module_apt_repository = {
	.name = "apt_repository",
	.full_name = "ansible.builtin.apt_repository",
	.doc = "Adds and removes lines of apt's lists of sources.",
	.params = params,
	.run = run,
};
