/*
 * deb822_repository: a .sources file (sources.list(5)) and its key.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/deb822_repository_module.html
 */
#include "../../../call.h"
#include "../../../path/path_state.h"
#include "../../../path/whole_file.h"
#include "../../../program.h"
#include "../download.h"
#include "rollout/module/attributes.h"

#include <ctype.h>

#define SOURCES_DIR "/etc/apt/sources.list.d"
#define KEYRINGS_DIR "/etc/apt/keyrings"
#define FILE_MODE 0644
#define FOLDER_MODE 0755

static const char *const states[] = {"present", "absent", NULL};
static const char *const types[] = {"deb", "deb-src", NULL};

#define OPTION(name_, type_, doc_)                                                                 \
	{                                                                                          \
		.name = name_, .type = type_, .doc = doc_                                          \
	}
#define WORDS(name_, doc_)                                                                         \
	{                                                                                          \
		.name = name_, .type = MODULE_LIST, .element = MODULE_STR, .doc = doc_             \
	}

static const struct module_param params[] = {
	OPTION("allow_downgrade_to_insecure", MODULE_BOOL,
	       "Accepts a source that was signed once."),
	OPTION("allow_insecure", MODULE_BOOL, "Accepts a source that is not signed."),
	OPTION("allow_weak", MODULE_BOOL, "Accepts weak algorithms of signatures."),
	WORDS("architectures", "Those to fetch."),
	OPTION("by_hash", MODULE_BOOL, "Fetches indices by their hash."),
	OPTION("check_date", MODULE_BOOL, "Checks that the release is not from the future."),
	OPTION("check_valid_until", MODULE_BOOL, "Checks that it is not too old."),
	WORDS("components", "Sections of the suites, like main."),
	OPTION("date_max_future", MODULE_INT, "Seconds that it may be from the future."),
	OPTION("enabled", MODULE_BOOL, "Whether apt uses it."),
	WORDS("exclude", "Packages that are not taken from it."),
	WORDS("include", "Packages that alone are taken from it."),
	OPTION("inrelease_path", MODULE_STR, "Where InRelease is, below the URI."),
	WORDS("languages", "Translations to fetch."),
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Name of the source; its file's name is made of it."},
	OPTION("pdiffs", MODULE_BOOL, "Fetches differences of indices."),
	OPTION("signed_by", MODULE_STR,
	       "The key: a URL that the host fetches, a path on it, a fingerprint, or the armored "
	       "key itself."),
	WORDS("suites", "Suites, or an exact path that ends with /."),
	WORDS("targets", "Kinds of indices to fetch."),
	OPTION("trusted", MODULE_BOOL, "Takes it for authenticated in any case."),
	{.name = "types",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[deb]",
	 .choices = types,
	 .doc = "deb, deb-src or both."},
	WORDS("uris", "Base URIs."),
	{.name = "mode", .type = MODULE_MODE, .fallback = "'0644'", .doc = "Of the file."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether it is there."},
	OPTION("install_python_debian", MODULE_BOOL, "Accepted; Python is not needed."),
	{0},
};

/* "Check-Valid-Until" of check_valid_until */
static void put_field_name(struct strbuf *out, const char *name)
{
	if (strcmp(name, "name") == 0 || strcmp(name, "uris") == 0) {
		strbuf_puts(out, name[0] == 'n' ? "X-Repolib-Name" : "URIs");
		return;
	}
	for (const char *c = name; *c; c++) {
		bool first = c == name || c[-1] == '_';
		strbuf_putc(out, *c == '_' ? '-' : first ? (char)toupper((unsigned char)*c) : *c);
	}
}

/* A key in the file itself: indented, an empty line as a dot. */
static void put_lines(struct strbuf *out, struct slice text)
{
	struct slice line;
	text = slice_trim(text);
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		strbuf_puts(out, "\n    ");
		strbuf_slice_append(out, line.len ? line : SLICE_LIT("."));
	}
}

static void put_value(struct strbuf *out, struct module_call *call, const struct module_param *p)
{
	size_t count = 0;
	if (p->type == MODULE_BOOL) {
		strbuf_puts(out, arg_bool(call, p->name) ? " yes" : " no");
	} else if (p->type == MODULE_LIST) {
		const char *const *words = arg_list(call, p->name, &count);
		for (size_t i = 0; i < count; i++)
			strbuf_printf(out, " %s", words[i]);
	} else {
		strbuf_printf(out, " %s", arg_str(call, p->name));
	}
}

static bool is_field(const struct module_param *p)
{
	static const char *const others[] = {"mode", "state", "install_python_debian"};
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (strcmp(p->name, others[i]) == 0)
			return false;
	return true;
}

/* The rows are in the order of their names, as Ansible writes the fields. */
static const char *file_text(struct module_call *call, struct slice signed_by)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (const struct module_param *p = params; p->name; p++) {
		if (!is_field(p) || !arg_has(call, p->name) ||
		    (p->type == MODULE_LIST && value_get(call->args, p->name)->list.len == 0))
			continue;
		put_field_name(&out, p->name);
		strbuf_putc(&out, ':');
		if (strcmp(p->name, "signed_by") != 0)
			put_value(&out, call, p);
		else if (memchr(signed_by.ptr, '\n', signed_by.len))
			put_lines(&out, signed_by);
		else
			strbuf_printf(&out, " %.*s", SLICE_ARG(signed_by));
		strbuf_putc(&out, '\n');
	}
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static const char *slug(struct module_call *call)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (const char *c = arg_str(call, "name"); *c; c++) {
		if (*c == '_' || isspace((unsigned char)*c)) {
			if (!out.len || c[-1] == '-' ||
			    !(c[-1] == '_' || isspace((unsigned char)c[-1])))
				strbuf_putc(&out, '-');
		} else if (isalnum((unsigned char)*c) || *c == '-') {
			strbuf_putc(&out, (char)tolower((unsigned char)*c));
		}
	}
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static const char *key_path(struct module_call *call, const char *suffix)
{
	return arena_printf(call->arena, KEYRINGS_DIR "/%s.%s", slug(call), suffix);
}

/* What Signed-By says; a URL's key becomes a file first. */
static int place_key(struct module_call *call, struct slice *ret, struct err *err)
{
	const struct host_attr attr = {FOLDER_MODE, -1, -1, -1, -1};
	struct slice data = {"", 0};
	*ret = arg_slice(call, "signed_by");
	const char *scheme = ret->ptr ? strstr(ret->ptr, "://") : NULL;
	if (!scheme || memchr(ret->ptr, '\n', ret->len))
		return 0;
	int r = download(call, ret->ptr, &data, err);
	if (r == 0)
		r = path_make_folders(call, KEYRINGS_DIR, &attr, err);
	if (r < 0)
		return r;
	bool armored = memmem(data.ptr, data.len, "-----BEGIN PGP", 14) != NULL;
	const char *path = key_path(call, armored ? "asc" : "gpg");
	*ret = slice_from(path);
	result_put_str(call, "key_filename", path);
	return whole_file_put(call, path, data, FILE_MODE, NULL, err);
}

/* Each is of one line, but for a key in the file itself. */
static int check_fields(struct module_call *call, struct err *err)
{
	int r = 0;
	for (const struct module_param *p = params; r == 0 && p->name; p++) {
		size_t count = 0;
		if (!is_field(p) || !arg_has(call, p->name) || strcmp(p->name, "signed_by") == 0)
			continue;
		const char *const *items = arg_list(call, p->name, &count);
		for (size_t i = 0; r == 0 && i < count; i++)
			r = call_check_line(p->name, slice_from(items[i]), err);
	}
	return r;
}

static int present(struct module_call *call, const char *path, struct err *err)
{
	const struct host_stat none = {.type = HOST_ABSENT};
	struct slice signed_by = {"", 0};
	int mode = FILE_MODE;
	int r = check_fields(call, err);
	if (r == 0)
		r = attributes_mode(arg_str(call, "mode"), &none, &mode, err);
	if (r == 0)
		r = place_key(call, &signed_by, err);
	if (r < 0)
		return r;
	const char *text = file_text(call, signed_by);
	result_put_str(call, "repo", text);
	return whole_file_put(call, path, slice_from(text), mode, NULL, err);
}

static int absent(struct module_call *call, const char *path, struct err *err)
{
	result_put(call, "repo", value_null());
	int r = whole_file_remove(call, key_path(call, "asc"), NULL, err);
	if (r == 0)
		r = whole_file_remove(call, key_path(call, "gpg"), NULL, err);
	return r < 0 ? r : whole_file_remove(call, path, NULL, err);
}

static int run(struct module_call *call, struct err *err)
{
	const char *name = slug(call);
	const char *path = arena_printf(call->arena, SOURCES_DIR "/%s.sources", name);
	if (!name[0])
		return err_set(err, ERR_INVALID, "name '%s' has no letter for a file's name",
			       arg_str(call, "name"));
	result_put_str(call, "dest", path);
	int r = strcmp(arg_str(call, "state"), "present") == 0 ? present(call, path, err)
							       : absent(call, path, err);
	return program_settle(call, r, err);
}

const struct module module_deb822_repository = {
	.name = "deb822_repository",
	.full_name = "ansible.builtin.deb822_repository",
	.doc = "Writes and removes a source of packages in apt's deb822 format, and its key.",
	.params = params,
	.run = run,
};
