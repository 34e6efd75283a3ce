/*
 * selinux: the mode now and in /etc/selinux/config.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/selinux_module.html
 */
#include "../call.h"
#include "../file/text_file.h"
#include "../program.h"

#include <stdarg.h>

#define ENFORCE "/sys/fs/selinux/enforce"

static const char *const states[] = {"disabled", "enforcing", "permissive", NULL};
static const char *const config_aliases[] = {"conf", "file", NULL};
static const struct module_param params[] = {
	{.name = "policy",
	 .type = MODULE_STR,
	 .doc = "Like targeted; needed unless state is disabled."},
	{.name = "state",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = states,
	 .doc = "The mode."},
	{.name = "update_kernel_param",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "selinux=0 of the kernel's parameters as well, by grubby."},
	{.name = "configfile",
	 .type = MODULE_STR,
	 .fallback = "/etc/selinux/config",
	 .aliases = config_aliases,
	 .doc = "The file of the mode after a restart."},
	{0},
};

enum kernel_args { KERNEL_MIXED, KERNEL_ENABLED, KERNEL_DISABLED };

struct selinux {
	struct module_call *call;
	const char *state, *policy, *path;
	const char *now; /* "disabled" where it does not run */
	const char *config_state, *config_policy, *now_policy; /* "" where there is none */
	struct text_file file;
	struct strbuf messages;
	bool needs_reboot;
};

static void say(struct selinux *s, const char *fmt, ...) PRINTF_LIKE(2, 3);
static void say(struct selinux *s, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (s->messages.len)
		strbuf_puts(&s->messages, ", ");
	strbuf_vprintf(&s->messages, fmt, ap);
	va_end(ap);
	result_changed(s->call);
}

/* NAME=value; name has the =. */
static const char *setting(struct module_call *call, struct slice text, const char *name)
{
	struct slice line;
	size_t len = strlen(name);
	while (text.len && slice_split(&text, '\n', &line))
		if (slice_starts_with(line, name))
			return arena_slice(call->arena, slice_trim((struct slice){line.ptr + len,
										  line.len - len}))
				.ptr;
	return "";
}

/* What runs: the policy is that of the file which libselinux reads. */
static int look_now(struct selinux *s, struct err *err)
{
	struct slice text;
	struct host_stat st = {0};
	struct host *h = s->call->host;
	int r = h->ops->stat(h, s->call->arena, ENFORCE, true, &st, err);
	if (r < 0)
		return r;
	s->now = "disabled";
	if (st.type != HOST_ABSENT)
		s->now = slice_is(call_read_trimmed(s->call, ENFORCE), "1") ? "enforcing"
									    : "permissive";
	r = call_read(s->call, "/etc/selinux/config", &text, err);
	s->now_policy = r == 0 ? setting(s->call, text, "SELINUXTYPE=") : "";
	return r;
}

static int look(struct selinux *s, bool *ret_stop, struct err *err)
{
	int r = look_now(s, err);
	if (r == 0)
		r = text_file_open_at(s->call, s->path, true, &s->file, ret_stop, err);
	if (r < 0 || *ret_stop)
		return r;
	if (!s->file.exists && host_assumes(s->call->host))
		return err_set(err, ERR_UNKNOWN, "%s is not there yet: %s", s->path,
			       host_assumes(s->call->host));
	if (!s->file.exists)
		return err_set(err, ERR_NOT_FOUND,
			       "Unable to find file %s. Please install SELinux-policy package, if "
			       "this package is not installed previously.",
			       s->path);
	s->config_state = setting(s->call, strbuf_slice(&s->file.content), "SELINUX=");
	s->config_policy = setting(s->call, strbuf_slice(&s->file.content), "SELINUXTYPE=");
	return 0;
}

static int check_policy(struct selinux *s, struct err *err)
{
	bool there = false;
	if (strcmp(s->policy, s->config_policy) == 0)
		return 0;
	if (!s->policy[0] || strpbrk(s->policy, "/ \t\n\r") || s->policy[0] == '.')
		return err_set(err, ERR_INVALID, "'%s' is not a policy", s->policy);
	int r = call_path_exists(s->call,
				 arena_printf(s->call->arena, "/etc/selinux/%s/policy", s->policy),
				 &there, err);
	return r < 0 || there ? r
			      : err_set(err, ERR_NOT_FOUND,
					"Policy %s does not exist in /etc/selinux/", s->policy);
}

/* Each line that begins so gets the value; a new one where none does. */
static void replace(struct slice text, const char *name, const char *value, struct strbuf *out)
{
	struct slice line;
	bool found = false;
	while (text.len && slice_split(&text, '\n', &line)) {
		bool about = slice_starts_with(line, name);
		if (about)
			strbuf_printf(out, "%s%s\n", name, value);
		else
			strbuf_printf(out, "%.*s\n", SLICE_ARG(line));
		found |= about;
	}
	if (!found)
		strbuf_printf(out, "%s%s\n", name, value);
}

static int write_config(struct selinux *s, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf first = {0}, second = {0};
	bool policy = strcmp(s->policy, s->config_policy) != 0;
	bool state = strcmp(s->state, s->config_state) != 0;
	if (!policy && !state)
		return 0;
	if (policy)
		replace(strbuf_slice(&s->file.content), "SELINUXTYPE=", s->policy, &first);
	else
		strbuf_slice_append(&first, strbuf_slice(&s->file.content));
	if (state)
		replace(strbuf_slice(&first), "SELINUX=", s->state, &second);
	else
		strbuf_slice_append(&second, strbuf_slice(&first));
	return text_file_save(s->call, &s->file, strbuf_slice(&second), "", err);
}

static int set_now(struct selinux *s, bool enforce, struct err *err)
{
	struct program p;
	program_init(&p, s->call, "setenforce");
	program_add(&p, enforce ? "1" : "0");
	return program_change(&p, err);
}

/* What runs cannot be disabled: until the restart it is permissive. */
static int change_now(struct selinux *s, struct err *err)
{
	bool disable = strcmp(s->state, "disabled") == 0;
	if (strcmp(s->state, s->now) == 0)
		return 0;
	if (strcmp(s->now, "disabled") == 0) {
		result_warn(s->call, "Reboot is required to set SELinux state to '%s'", s->state);
		s->needs_reboot = true;
		return 0;
	}
	s->needs_reboot |= disable;
	if (disable && strcmp(s->now, "permissive") == 0) {
		result_warn(s->call, "SELinux state change will take effect next reboot");
		return 0;
	}
	if (disable) {
		result_warn(s->call,
			    "SELinux state temporarily changed from '%s' to 'permissive'. State "
			    "change will take effect next reboot.",
			    s->now);
		result_changed(s->call);
		return set_now(s, false, err);
	}
	say(s, "SELinux state changed from '%s' to '%s'", s->now, s->state);
	return set_now(s, strcmp(s->state, "enforcing") == 0, err);
}

static int look_at_kernels(struct selinux *s, enum kernel_args *ret, struct err *err)
{
	struct program p;
	struct slice line;
	size_t with = 0, without = 0;
	program_init(&p, s->call, "grubby");
	program_add(&p, "--info=ALL");
	int r = program_read(&p, err);
	while (r == 0 && p.out.len && slice_split(&p.out, '\n', &line)) {
		if (!slice_starts_with(line, "args=\""))
			continue;
		bool off = memmem(line.ptr, line.len, "selinux=0", 9) != NULL;
		with += off;
		without += !off;
	}
	*ret = with && !without	  ? KERNEL_DISABLED
	       : without && !with ? KERNEL_ENABLED
				  : KERNEL_MIXED;
	return r;
}

static int change_kernels(struct selinux *s, struct err *err)
{
	static const char *const names[] = {"<inconsistent>", "enabled", "disabled"};
	struct program p;
	enum kernel_args now,
		want = strcmp(s->state, "disabled") == 0 ? KERNEL_DISABLED : KERNEL_ENABLED;
	if (!arg_bool(s->call, "update_kernel_param"))
		return 0;
	int r = look_at_kernels(s, &now, err);
	if (r < 0 || now == want)
		return r;
	say(s, "Kernel SELinux state changed from '%s' to '%s'", names[now], names[want]);
	program_init(&p, s->call, "grubby");
	program_add(&p, "--update-kernel=ALL");
	program_add(&p, want == KERNEL_ENABLED ? "--remove-args" : "--args");
	program_add(&p, "selinux=0");
	return program_change(&p, err);
}

/* Policies are changed by a restart. */
static void tell_policy(struct selinux *s)
{
	if (strcmp(s->policy, s->now_policy) != 0)
		say(s, "Running SELinux policy changed from '%s' to '%s'", s->now_policy,
		    s->policy);
	if (strcmp(s->policy, s->config_policy) != 0)
		say(s, "SELinux policy configuration in '%s' changed from '%s' to '%s'", s->path,
		    s->config_policy, s->policy);
}

static int apply(struct selinux *s, struct err *err)
{
	bool stop = false;
	if (!s->policy && strcmp(s->state, "disabled") != 0)
		return err_set(err, ERR_INVALID, "Policy is required if state is not 'disabled'");
	int r = look(s, &stop, err);
	if (r < 0 || stop)
		return r;
	if (!s->policy)
		s->policy = s->config_policy;
	r = check_policy(s, err);
	if (r == 0)
		r = write_config(s, err);
	if (r < 0)
		return r;
	tell_policy(s);
	r = change_now(s, err);
	if (r == 0 && strcmp(s->state, s->config_state) != 0)
		say(s, "Config SELinux state changed from '%s' to '%s'", s->config_state, s->state);
	if (r == 0)
		r = change_kernels(s, err);
	if (r < 0)
		return r;
	result_put_str(s->call, "msg", s->messages.len ? s->messages.ptr : "");
	result_put_str(s->call, "configfile", s->path);
	result_put_str(s->call, "policy", s->policy);
	result_put_str(s->call, "state", s->state);
	result_put_bool(s->call, "reboot_required", s->needs_reboot);
	return 0;
}

static int run(struct module_call *call, struct err *err)
{
	const char *policy = arg_str(call, "policy");
	struct selinux s = {.call = call,
			    .state = arg_str(call, "state"),
			    .now = "",
			    .now_policy = "",
			    .config_state = "",
			    .config_policy = "",
			    .policy = policy && policy[0] ? policy : NULL,
			    .path = call_absolute_path(call, NULL, arg_str(call, "configfile"))};
	int r = apply(&s, err);
	text_file_release(&s.file);
	strbuf_release(&s.messages);
	return program_settle(call, r, err);
}

const struct module module_selinux = {
	.name = "selinux",
	.full_name = "ansible.posix.selinux",
	.doc = "Sets the mode of SELinux.",
	.params = params,
	.run = run,
};
