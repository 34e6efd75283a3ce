/* Ansible's configuration, applied to what the command line left open. */
#include "config.h"

#include "../complaint.h"
#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"
#include "rollout/value/value.h"
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <unistd.h>

/* A setting's value, and where it is from. */
struct said {
	const struct setting *setting;
	const char *text;
	struct srcloc at; /* of the file; file NULL: the environment */
	const char *base; /* of relative paths; NULL: the working directory */
};

struct applying {
	struct options *options;
	struct arena *arena;
	struct strbuf *unknown;
	struct err *err;
};

static int wrong(struct applying *a, const struct said *s, const char *want)
{
	if (s->at.file)
		return err_at(a->err, ERR_INVALID, s->at, "%s must be %s, not '%s'",
			      s->setting->key, want, s->text);
	return err_set(a->err, ERR_INVALID, "%s must be %s, not '%s'", s->setting->environment,
		       want, s->text);
}

static void add_unknown(struct applying *a, const char *name)
{
	strbuf_printf(a->unknown, "%s%s", a->unknown->len ? ", " : "", name);
}

/* ---- paths ---- */

/* $NAME and ${NAME}, {{CWD}}; what is not defined stays. */
static void expand_variables(struct strbuf *out, const char *text)
{
	char cwd[PATH_MAX];
	for (const char *p = text; *p;) {
		bool brace = p[0] == '$' && p[1] == '{';
		const char *name = p + 1 + brace, *end = name;
		while (*p == '$' && (isalnum((unsigned char)*end) || *end == '_'))
			end++;
		CLEANUP(free_ptr) char *copy = xstrndup(name, (size_t)(end - name));
		const char *value = *p == '$' && end > name ? getenv(copy) : NULL;
		if (value && (!brace || *end == '}')) {
			strbuf_puts(out, value);
			p = end + brace;
		} else if (strncmp(p, "{{CWD}}", 7) == 0 && getcwd(cwd, sizeof(cwd))) {
			strbuf_puts(out, cwd);
			p += 7;
		} else {
			strbuf_putc(out, *p++);
		}
	}
}

static const char *resolve(struct applying *a, const struct said *s, struct slice path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *home = getenv("HOME");
	CLEANUP(free_ptr) char *copy = xstrndup(path.ptr, path.len);
	expand_variables(&text, copy);
	CLEANUP(free_ptr) char *full = path_expand_home(text.ptr ? text.ptr : "", home ? home : "");
	if (full[0] == '/' || !s->base)
		return arena_strdup(a->arena, full);
	CLEANUP(free_ptr) char *joined = path_join(s->base, full);
	return arena_strdup(a->arena, joined);
}

static const char *resolve_all(struct applying *a, const struct said *s)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice rest = slice_from(s->text), part;
	while (slice_split(&rest, ':', &part)) {
		part = slice_trim(part);
		if (part.len > 0)
			strbuf_printf(&out, "%s%s", out.len ? ":" : "", resolve(a, s, part));
	}
	return arena_strdup(a->arena, out.ptr ? out.ptr : "");
}

/* As Ansible: one source, or several with commas between; where one of them is not
 * there, it is a list of hosts. */
static void take_sources(struct applying *a, const struct said *s, option_texts *out)
{
	struct slice rest = slice_from(s->text), part;
	const char *whole = resolve(a, s, slice_trim(rest));
	bool several = strchr(s->text, ',') && access(whole, F_OK) != 0;
	size_t before = out->len;
	while (several && slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		const char *path = part.len > 0 ? resolve(a, s, part) : NULL;
		if (path && access(path, F_OK) != 0) {
			out->len = before;
			whole = s->text;
			several = false;
		} else if (path) {
			vec_push(out, path);
		}
	}
	if (!several)
		vec_push(out, whole);
	vec_push(out, NULL);
	out->len--;
}

/* ---- values ---- */

static int set_number(struct applying *a, const struct said *s, unsigned *field)
{
	char *end;
	errno = 0;
	long n = strtol(s->text, &end, 10);
	bool zero = s->setting->offset == offsetof(struct options, verbosity);
	if (errno || end == s->text || *end || n < (zero ? 0 : 1) || n > 100000)
		return wrong(a, s, "a number from 1 to 100000");
	if (*field == 0)
		*field = (unsigned)n;
	return 0;
}

static int set_flag(struct applying *a, const struct said *s, bool *field, bool when)
{
	bool is;
	if (!value_to_bool(value_cstr(a->arena, s->text), &is))
		return wrong(a, s, "true or false");
	*field |= is == when;
	return 0;
}

static void take_list(struct applying *a, const struct said *s, option_texts *out)
{
	struct slice rest = slice_from(s->text), part;
	while (slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		if (part.len > 0)
			vec_push(out, arena_strndup(a->arena, part.ptr, part.len));
	}
	vec_push(out, NULL);
	out->len--;
}

static int set_transport(struct applying *a, const struct said *s, const char **field)
{
	static const char *const ssh[] = {"smart", "ssh", "paramiko", "paramiko_ssh"};
	for (size_t i = 0; i < ARRAY_LEN(ssh); i++)
		if (strcmp(s->text, ssh[i]) == 0)
			return 0;
	if (strcmp(s->text, "local") != 0)
		return wrong(a, s, "smart, ssh or local");
	if (!*field)
		*field = "local";
	return 0;
}

/* Compression and the sharing of connections, which most files set, are rollout's own
 * affair. */
static void check_ssh_args(struct applying *a, const struct said *s)
{
	char **words;
	size_t n;
	struct err err = {0};
	bool plain = shellwords_split(a->arena, slice_from(s->text), &words, &n, &err) == 0;
	for (size_t i = 0; plain && i < n; i++) {
		const char *word = words[i];
		if (strcmp(word, "-o") == 0 && i + 1 < n)
			word = words[++i];
		else if (strncmp(word, "-o", 2) == 0)
			word += 2;
		plain = strcmp(word, "-C") == 0 || strncasecmp(word, "Control", 7) == 0 ||
			strncasecmp(word, "Compression", 11) == 0;
	}
	if (!plain)
		add_unknown(a, s->at.file ? "ssh_args (ssh_common_args and ~/.ssh/config count)"
					  : "ANSIBLE_SSH_ARGS");
}

static int apply(struct applying *a, const struct said *s)
{
	void *field = (char *)a->options + s->setting->offset;
	const char **text = field;
	option_texts *list = field;
	switch (s->setting->kind) {
	case SETTING_TEXT:
		*text = *text ? *text : arena_strdup(a->arena, s->text);
		return 0;
	case SETTING_PATH:
		*text = *text ? *text : resolve(a, s, slice_from(s->text));
		return 0;
	case SETTING_PATHS:
		*text = *text ? *text : resolve_all(a, s);
		return 0;
	case SETTING_NUMBER:
		return set_number(a, s, field);
	case SETTING_FLAG:
		return set_flag(a, s, field, true);
	case SETTING_FLAG_NOT:
		return set_flag(a, s, field, false);
	case SETTING_LIST:
		if (list->len == 0)
			take_list(a, s, list);
		return 0;
	case SETTING_SOURCES:
		if (list->len == 0)
			take_sources(a, s, list);
		return 0;
	case SETTING_TRANSPORT:
		return set_transport(a, s, text);
	case SETTING_HASH:
		if (strcmp(s->text, "merge") != 0 && strcmp(s->text, "replace") != 0)
			return wrong(a, s, "replace or merge");
		*text = arena_strdup(a->arena, s->text);
		return 0;
	case SETTING_SSH_ARGS:
		check_ssh_args(a, s);
		return 0;
	}
	return 0;
}

/* ---- the file and the environment ---- */

static bool names_entry(const struct setting *s, const struct config_entry *e)
{
	return slice_is(e->section, s->section) && (!s->key || slice_is(e->key, s->key));
}

static const char *in_environment(char *const *environment, const char *name)
{
	size_t len = name ? strlen(name) : 0;
	for (size_t i = 0; name && environment[i]; i++)
		if (strncmp(environment[i], name, len) == 0 && environment[i][len] == '=' &&
		    environment[i][len + 1])
			return environment[i] + len + 1;
	return NULL;
}

static int apply_setting(struct applying *a, const struct setting *setting, config_entries *entries,
			 char *const *environment, const char *base)
{
	struct said s = {.setting = setting,
			 .text = in_environment(environment, setting->environment)};
	for (size_t i = 0; i < entries->len; i++) {
		if (!names_entry(setting, &entries->at[i]))
			continue;
		entries->at[i].known = true;
		if (s.text)
			continue;
		s.text = entries->at[i].value.ptr;
		s.at = entries->at[i].at;
		s.base = base;
	}
	return s.text && *s.text ? apply(a, &s) : 0;
}

static bool is_ignored_entry(const struct config_entry *e)
{
	for (size_t i = 0; i < config_ignored_count; i++)
		if (names_entry(&config_ignored[i], e))
			return true;
	return false;
}

static bool is_known_name(const char *name, size_t len)
{
	struct slice s = {name, len};
	const char *const others[] = {"ANSIBLE_ASYNC_DIR", "ANSIBLE_CONFIG", "ANSIBLE_NOCOWS"};
	for (size_t i = 0; i < config_setting_count; i++)
		if (slice_is(s, config_settings[i].environment))
			return true;
	for (size_t i = 0; i < config_ignored_count; i++)
		if (config_ignored[i].environment && slice_is(s, config_ignored[i].environment))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (slice_is(s, others[i]))
			return true;
	/* The lookups of community.hashi_vault read the last ones themselves. */
	return slice_starts_with(s, "ANSIBLE_COLOR_") || slice_starts_with(s, "ANSIBLE_GALAXY_") ||
	       slice_starts_with(s, "ANSIBLE_HASHI_VAULT_");
}

static void find_unknown(struct applying *a, const config_entries *entries,
			 char *const *environment)
{
	for (size_t i = 0; i < entries->len; i++) {
		const struct config_entry *e = &entries->at[i];
		if (!e->known && !is_ignored_entry(e))
			add_unknown(a, arena_printf(a->arena, "[%.*s] %.*s", SLICE_ARG(e->section),
						    SLICE_ARG(e->key)));
	}
	for (size_t i = 0; environment[i]; i++) {
		const char *equals = strchr(environment[i], '=');
		if (!equals || strncmp(environment[i], "ANSIBLE_", 8) != 0)
			continue;
		size_t len = (size_t)(equals - environment[i]);
		if (!is_known_name(environment[i], len))
			add_unknown(a, arena_strndup(a->arena, environment[i], len));
	}
}

int config_apply(struct options *o, const char *path, char *const *environment,
		 struct strbuf *ret_unknown, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	config_entries entries = {0};
	struct applying a = {o, &o->arena, ret_unknown, err};
	int r = path ? file_read(path, CONFIG_MAX_BYTES, &text, err) : 0;
	if (r == 0)
		r = config_parse(&o->arena, path ? path : "", strbuf_slice(&text), &entries, err);
	const char *base = NULL;
	if (r == 0 && path) {
		struct slice dir = path_dirname(path);
		base = slice_is(dir, ".") ? NULL : arena_strndup(&o->arena, dir.ptr, dir.len);
		o->config.path = path;
	}
	for (size_t i = 0; i < config_setting_count && r == 0; i++)
		r = apply_setting(&a, &config_settings[i], &entries, environment, base);
	if (r == 0)
		find_unknown(&a, &entries, environment);
	vec_release(&entries);
	return r;
}

int config_load(struct options *o, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf unknown = {0};
	const char *path = config_find(&o->arena);
	int r = config_apply(o, path, environ, &unknown, err);
	if (r == 0 && unknown.len > 0)
		complaint_warn("of %s%s these settings have no effect: %s",
			       path ? path : "the environment", path ? " and the environment" : "",
			       unknown.ptr);
	return r;
}
