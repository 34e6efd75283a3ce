/*
 * sysctl: a line of /etc/sysctl.conf or another file, and the kernel's value.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/sysctl_module.html
 */
#include "../call.h"

static const char *const states[] = {"present", "absent", NULL};
static const char *const name_aliases[] = {"key", NULL};
static const char *const value_aliases[] = {"val", NULL};

static const struct module_param params[] = {
	{.name = "name",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = name_aliases,
	 .doc = "The key, with dots."},
	{.name = "value", .type = MODULE_STR, .aliases = value_aliases, .doc = "Its value."},
	{.name = "state",
	 .type = MODULE_STR,
	 .fallback = "present",
	 .choices = states,
	 .doc = "Whether the file shall hold the key."},
	{.name = "reload",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Loads the file into the kernel when it changed."},
	{.name = "sysctl_set",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Sets the kernel's value too where it differs."},
	{.name = "sysctl_file",
	 .type = MODULE_PATH,
	 .fallback = "/etc/sysctl.conf",
	 .doc = "The file."},
	{.name = "ignoreerrors",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Does not fail on keys that the kernel does not know."},
	{0},
};

/* yes and no are 1 and 0 to the kernel, blanks count as one. */
static const char *normalize(struct module_call *call, struct slice text)
{
	struct strbuf out = {0};
	text = slice_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		bool blank = text.ptr[i] == ' ' || text.ptr[i] == '\t';
		if (!blank)
			strbuf_putc(&out, text.ptr[i]);
		else if (out.len && out.ptr[out.len - 1] != ' ')
			strbuf_putc(&out, ' ');
	}
	const char *copy = arena_slice(call->arena, strbuf_slice(&out)).ptr;
	strbuf_release(&out);
	return copy;
}

static const char *wanted_value(struct module_call *call)
{
	const struct value *v = value_get(call->args, "value");
	bool b;
	if (!v || v->type == VALUE_NULL)
		return NULL;
	bool word =
		v->type == VALUE_STRING && v->str.len > 1 && v->str.ptr[0] > '9'; /* not a number */
	if (word && value_to_bool(v, &b))
		return b ? "1" : "0";
	return normalize(call, arg_slice(call, "value"));
}

/* The key and value of a line; a comment or anything else has none. */
static bool parse_line(struct slice line, struct slice *ret_key, struct slice *ret_value)
{
	line = slice_trim(line);
	const char *eq = line.len ? memchr(line.ptr, '=', line.len) : NULL;
	if (!eq || line.ptr[0] == '#' || line.ptr[0] == ';')
		return false;
	/* "-key = value" asks the kernel's loader to ignore errors. */
	size_t skip = line.ptr[0] == '-';
	*ret_key = slice_trim((struct slice){line.ptr + skip, (size_t)(eq - line.ptr) - skip});
	*ret_value = slice_trim((struct slice){eq + 1, line.len - (size_t)(eq - line.ptr) - 1});
	return true;
}

/* The text with the key as wanted: its first line stays, further ones go. */
static void edit(struct module_call *call, struct slice text, const char *key, const char *value,
		 struct strbuf *out)
{
	struct slice line, k, v;
	bool done = false;
	while (text.len && slice_split(&text, '\n', &line)) {
		bool mine = parse_line(line, &k, &v) && slice_is(k, key);
		if (!mine) {
			strbuf_slice_append(out, line);
			strbuf_putc(out, '\n');
			continue;
		}
		if (!value || done)
			continue;
		done = true;
		if (strcmp(normalize(call, v), value) == 0) {
			strbuf_slice_append(out, line);
			strbuf_putc(out, '\n');
		} else {
			strbuf_printf(out, "%s=%s\n", key, value);
		}
	}
	if (value && !done)
		strbuf_printf(out, "%s=%s\n", key, value);
}

static const char *kernel_path(struct module_call *call, const char *key)
{
	char *path = arena_printf(call->arena, "/proc/sys/%s", key);
	/* Dots separate, except where slashes do: then dots belong to names (eth0.1). */
	bool slashes = strchr(key, '/') && strchr(key, '/') < strchrnul(key, '.');
	for (char *p = path + strlen("/proc/sys/"); *p && !slashes; p++)
		*p = *p == '.' ? '/' : *p == '/' ? '.' : *p;
	return path;
}

static int load(struct module_call *call, const char *a, const char *b, struct err *err)
{
	const char *const quiet[] = {"sysctl", "-e", a, b, NULL};
	const char *const strict[] = {"sysctl", a, b, NULL};
	return call_change(call, arg_bool(call, "ignoreerrors") ? quiet : strict, NULL, err);
}

static int apply_kernel(struct module_call *call, const char *key, const char *value,
			struct err *err)
{
	const char *path = kernel_path(call, key);
	struct host_stat st;
	if (!value || !arg_bool(call, "sysctl_set"))
		return 0;
	int r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0)
		return r;
	if (strcmp(normalize(call, call_read_trimmed(call, path)), value) == 0)
		return 0;
	/* In check mode a module that brings the key may not have been loaded yet. */
	if (st.type == HOST_ABSENT && !call->check_mode && !arg_bool(call, "ignoreerrors"))
		return err_set(err, ERR_NOT_FOUND, "the kernel has no key %s", key);
	result_changed(call);
	return load(call, "-w", arena_printf(call->arena, "%s=%s", key, value), err);
}

static int apply_file(struct module_call *call, const char *key, const char *value, struct err *err)
{
	const char *path = arg_str(call, "sysctl_file");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct slice old;
	int r = call_read(call, path, &old, err);
	if (r < 0)
		return r;
	edit(call, old, key, value, &text);
	/* A last line without its end is no reason to write. */
	if (slice_eq(slice_trim(strbuf_slice(&text)), slice_trim(old)))
		return 0;
	struct host_stat st;
	r = call->host->ops->stat(call->host, call->arena, path, true, &st, err);
	if (r < 0)
		return r;
	struct host_write w = {.content = strbuf_slice(&text), .attr = HOST_ATTR_KEEP};
	if (st.type == HOST_ABSENT)
		w.attr.mode = 0644;
	r = call->host->ops->write(call->host, path, &w, err);
	if (r < 0)
		return r;
	result_changed(call);
	result_diff(call, path, old, path, strbuf_slice(&text));
	return arg_bool(call, "reload") ? load(call, "-p", path, err) : 0;
}

static int run(struct module_call *call, struct err *err)
{
	struct slice name = slice_trim(arg_slice(call, "name"));
	const char *key = arena_strndup(call->arena, name.ptr, name.len);
	bool absent = strcmp(arg_str(call, "state"), "absent") == 0;
	const char *value = absent ? NULL : wanted_value(call);
	int r = call_check_line("name", name, err);
	if (r == 0 && value)
		r = call_check_line("value", slice_from(value), err);
	if (r < 0)
		return r;
	if (!key[0] || key[0] == '-' || strpbrk(key, " \t=#;"))
		return err_set(err, ERR_INVALID, "'%s' is not the name of a kernel parameter", key);
	if (!absent && (!value || !value[0]))
		return err_set(err, ERR_INVALID, "value is needed where state is present");
	r = apply_kernel(call, key, value, err);
	return r < 0 ? r : apply_file(call, key, value, err);
}

const struct module module_sysctl = {
	.name = "sysctl",
	.full_name = "ansible.posix.sysctl",
	.doc = "Sets kernel parameters for now and for later.",
	.params = params,
	.run = run,
};
