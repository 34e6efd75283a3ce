/*
 * locale_gen: /etc/locale.gen and locale-gen(8); Ubuntu's own locale-gen where
 * /var/lib/locales/supported.d is there.
 * https://docs.ansible.com/ansible/latest/collections/community/general/locale_gen_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../path/whole_file.h"
#include "../program.h"

#include <ctype.h>

#define LOCALE_GEN "/etc/locale.gen"
#define UBUNTU_DIR "/var/lib/locales/supported.d"
#define UBUNTU_LOCAL UBUNTU_DIR "/local"

static const char *const supported[] = {"/usr/share/i18n/SUPPORTED",
					"/usr/local/share/i18n/SUPPORTED"};
static const char *const states[] = {"absent", "present", NULL};
static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .required = true,
	 .doc = "Locales like de_CH.UTF-8."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether they shall be there."},
	{0},
};

struct locale_call {
	struct module_call *call;
	const char *const *names; /* those whose state is not as it shall be */
	size_t len;
	struct slice installed; /* of locale -a */
	bool present, is_ubuntu;
};

/* "de_CH.utf8" of "de_CH.UTF-8": locale -a writes a codeset so. In the arena. */
static const char *normal(struct module_call *call, struct slice name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	bool codeset = false;
	for (size_t i = 0; i < name.len; i++) {
		unsigned char c = (unsigned char)name.ptr[i];
		codeset = c == '@' ? false : codeset || c == '.';
		if (!codeset || c == '.')
			strbuf_putc(&out, (char)c);
		else if (isalnum(c))
			strbuf_putc(&out, (char)tolower(c));
	}
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

static bool is_installed(const struct locale_call *l, const char *name)
{
	struct slice rest = l->installed, line;
	const char *wanted = normal(l->call, slice_from(name));
	while (slice_split(&rest, '\n', &line))
		if (strcmp(normal(l->call, slice_trim(line)), wanted) == 0)
			return true;
	return false;
}

/* "# de_CH.UTF-8 UTF-8" is about de_CH.UTF-8, and commented out. */
static bool is_about(struct slice line, const char *name, struct slice *ret_charset, bool *ret_off)
{
	struct slice word, more;
	*ret_off = line.len && line.ptr[0] == '#';
	if (*ret_off)
		line = (struct slice){line.ptr + 1, line.len - 1};
	return slice_word(&line, &word) && slice_is(word, name) && slice_word(&line, ret_charset) &&
	       !slice_word(&line, &more);
}

/* The charset of a locale that a list has; "" without. */
static struct slice charset_of(struct slice text, const char *name)
{
	struct slice line, charset;
	bool off;
	while (slice_split(&text, '\n', &line))
		if (is_about(line, name, &charset, &off))
			return charset;
	return SLICE_LIT("");
}

static int find_charset(struct locale_call *l, const char *name, struct slice *ret, struct err *err)
{
	struct slice text;
	int r = call_read(l->call, LOCALE_GEN, &text, err);
	if (r < 0)
		return r;
	*ret = charset_of(text, name);
	for (size_t i = 0; ret->len == 0 && i < ARRAY_LEN(supported); i++) {
		r = call_read(l->call, supported[i], &text, err);
		if (r < 0)
			return r;
		*ret = charset_of(text, name);
	}
	return 0;
}

static int exists(struct locale_call *l, const char *path, bool *ret, struct err *err)
{
	return whole_file_exists(l->call, path, ret, err);
}

static int find_kind(struct locale_call *l, struct err *err)
{
	bool common = false;
	int r = exists(l, UBUNTU_DIR, &l->is_ubuntu, err);
	if (r == 0)
		r = exists(l, LOCALE_GEN, &common, err);
	if (r < 0 || common || l->is_ubuntu)
		return r;
	if (host_assumes(l->call->host))
		return err_set(err, ERR_UNKNOWN, LOCALE_GEN " is not there yet: %s",
			       host_assumes(l->call->host));
	return err_set(err, ERR_NOT_FOUND,
		       LOCALE_GEN " and " UBUNTU_LOCAL
				  " are missing. Is the package \"locales\" installed?");
}

static int check_name(struct locale_call *l, const char *name, struct err *err)
{
	struct slice charset = {"", 0};
	if (!name[0] || name[0] == '-' || strpbrk(name, " \t\n/#"))
		return err_set(err, ERR_INVALID, "'%s' is not a locale's name", name);
	int r = find_charset(l, name, &charset, err);
	if (r == 0 && charset.len == 0)
		return err_set(err, ERR_NOT_FOUND,
			       "The locale '%s' is not available on your system", name);
	return r;
}

/* Which of them are not as they shall be. */
static int look(struct locale_call *l, struct err *err)
{
	struct program p;
	size_t count;
	const char *const *all = arg_list(l->call, "name", &count);
	const char **out = ARENA_ARRAY(l->call->arena, const char *, count + 1);
	int r = find_kind(l, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		r = check_name(l, all[i], err);
	if (r < 0)
		return r;
	program_init(&p, l->call, "locale");
	program_add(&p, "-a");
	r = program_read(&p, err);
	if (r < 0)
		return r;
	l->installed = p.out;
	for (size_t i = 0; i < count; i++)
		if (is_installed(l, all[i]) != l->present)
			out[l->len++] = all[i];
	l->names = out;
	return 0;
}

/* The line in the state that is wanted; a new one where no line is about it. */
static int edit(struct locale_call *l, struct slice text, const char *name, struct slice *ret,
		struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice rest = text, line, charset = {"", 0};
	bool found = false, off;
	while (rest.len && slice_split(&rest, '\n', &line)) {
		bool about = is_about(line, name, &charset, &off);
		if (about && off == l->present)
			strbuf_printf(&out, "%s%s %.*s\n", l->present ? "" : "# ", name,
				      SLICE_ARG(charset));
		else
			strbuf_printf(&out, "%.*s\n", SLICE_ARG(line));
		found |= about;
	}
	int r = found || !l->present ? 0 : find_charset(l, name, &charset, err);
	if (r < 0)
		return r;
	if (!found && l->present)
		strbuf_printf(&out, "%s %.*s\n", name, SLICE_ARG(charset));
	*ret = arena_slice(l->call->arena, strbuf_slice(&out));
	return 0;
}

static int edit_locale_gen(struct locale_call *l, struct err *err)
{
	struct slice text;
	int r = call_read(l->call, LOCALE_GEN, &text, err);
	for (size_t i = 0; r == 0 && i < l->len; i++)
		r = edit(l, text, l->names[i], &text, err);
	return r < 0 ? r : whole_file_put(l->call, LOCALE_GEN, text, -1, NULL, err);
}

/* Lines of "NAME CHARSET"; no locale goes while one is there. */
static int drop_from_ubuntu(struct locale_call *l, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct slice text, line, word;
	bool there = false;
	int r = exists(l, UBUNTU_LOCAL, &there, err);
	if (r < 0 || !there)
		return r;
	r = call_read(l->call, UBUNTU_LOCAL, &text, err);
	while (r == 0 && text.len && slice_split(&text, '\n', &line)) {
		struct slice rest = line;
		bool goes = false;
		(void)slice_word(&rest, &word);
		for (size_t i = 0; i < l->len; i++)
			goes |= slice_is(word, l->names[i]);
		if (!goes)
			strbuf_printf(&out, "%.*s\n", SLICE_ARG(line));
	}
	return r < 0 ? r : whole_file_put(l->call, UBUNTU_LOCAL, strbuf_slice(&out), -1, NULL, err);
}

static int generate(struct locale_call *l, struct err *err)
{
	struct program p;
	program_init(&p, l->call, "locale-gen");
	if (l->is_ubuntu && !l->present)
		program_add(&p, "--purge");
	for (size_t i = 0; l->is_ubuntu && l->present && i < l->len; i++)
		program_add(&p, l->names[i]);
	return program_change(&p, err);
}

static int apply(struct locale_call *l, struct err *err)
{
	bool common = false;
	int r = look(l, err);
	if (r < 0 || l->len == 0)
		return r;
	result_changed(l->call);
	r = exists(l, LOCALE_GEN, &common, err);
	if (r == 0 && common && !(l->is_ubuntu && l->present))
		r = edit_locale_gen(l, err);
	if (r == 0 && l->is_ubuntu && !l->present)
		r = drop_from_ubuntu(l, err);
	return r < 0 ? r : generate(l, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct locale_call l = {.call = call,
				.present = strcmp(arg_str(call, "state"), "present") == 0};
	size_t count;
	const char *const *names = arg_list(call, "name", &count);
	if (count == 1)
		result_put_str(call, "name", names[0]);
	else
		result_put(call, "name", value_get(call->args, "name"));
	int r = apply(&l, err);
	if (r == 0)
		result_put_str(call, "msg", "OK");
	return program_settle(call, r, err);
}

const struct module module_locale_gen = {
	.name = "locale_gen",
	.full_name = "community.general.locale_gen",
	.doc = "Generates and removes locales.",
	.params = params,
	.run = run,
};
