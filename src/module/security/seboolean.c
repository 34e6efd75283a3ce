/*
 * seboolean: getsebool(8), setsebool(8); what is kept is what semanage(8) says, or
 * without it the file of local changes.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/seboolean_module.html
 */
#include "../call.h"
#include "../program.h"

static const struct module_param params[] = {
	{.name = "name", .type = MODULE_STR, .required = true, .doc = "The boolean."},
	{.name = "persistent",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "It is kept over a restart."},
	{.name = "state", .type = MODULE_BOOL, .required = true, .doc = "Its value."},
	{.name = "ignore_selinux_state",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "For a host on which SELinux does not run, like a chroot."},
	{0},
};

struct seboolean {
	struct module_call *call;
	const char *name;
	bool wanted, on, kept; /* on: now; kept: after a restart */
};

static int check_selinux(struct seboolean *b, struct err *err)
{
	struct program p;
	if (arg_bool(b->call, "ignore_selinux_state"))
		return 0;
	program_init(&p, b->call, "selinuxenabled");
	int r = program_probe(&p, err);
	return r < 0 || p.exit_code == 0
		       ? r
		       : err_set(err, ERR_INVALID, "SELinux is disabled on this host.");
}

/* "NAME --> on" */
static int look_now(struct seboolean *b, struct err *err)
{
	struct program p;
	struct slice rest, word = {"", 0}, last = {"", 0};
	program_init(&p, b->call, "getsebool");
	program_add(&p, b->name);
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	if (p.exit_code != 0)
		return err_set(err, ERR_NOT_FOUND, "SELinux boolean %s does not exist: %.*s",
			       b->name, SLICE_ARG(slice_trim(p.err)));
	for (rest = p.out; slice_word(&rest, &word);)
		last = word;
	b->on = slice_is(last, "on");
	if (!b->on && !slice_is(last, "off"))
		return err_set(err, ERR_INVALID, "getsebool said '%s'", program_line(&p));
	return 0;
}

/* "NAME (off , on) …": now, and kept. *ret: the boolean is in the list. */
static bool find_kept(struct seboolean *b, struct slice text)
{
	struct slice line, word;
	while (slice_split(&text, '\n', &line)) {
		if (!slice_word(&line, &word) || !slice_is(word, b->name))
			continue;
		const char *comma = memchr(line.ptr, ',', line.len);
		if (!comma)
			return false;
		struct slice rest = {comma + 1, line.len - (size_t)(comma + 1 - line.ptr)};
		b->kept = slice_starts_with(slice_trim(rest), "on");
		return true;
	}
	return false;
}

/* NAME=1 of the local changes. */
static bool find_local(struct seboolean *b)
{
	struct slice config = call_read_trimmed(b->call, "/etc/selinux/config"), line;
	struct slice policy = SLICE_LIT("targeted");
	while (slice_split(&config, '\n', &line))
		if (slice_starts_with(line, "SELINUXTYPE="))
			policy = slice_trim((struct slice){line.ptr + 12, line.len - 12});
	struct slice text = call_read_trimmed(
		b->call, arena_printf(b->call->arena, "/var/lib/selinux/%.*s/active/booleans.local",
				      SLICE_ARG(policy)));
	while (slice_split(&text, '\n', &line)) {
		struct slice name;
		if (!slice_split(&line, '=', &name) || !slice_is(slice_trim(name), b->name))
			continue;
		b->kept = slice_is(slice_trim(line), "1");
		return true;
	}
	return false;
}

/* Where nobody tells what is kept it counts as another value, and is written. */
static int look_kept(struct seboolean *b, struct err *err)
{
	struct program p;
	struct err missing = {0};
	b->kept = !b->wanted;
	program_init(&p, b->call, "semanage");
	program_add(&p, "boolean");
	program_add(&p, "-l");
	int r = program_probe(&p, &missing);
	if (r == 0 && p.exit_code == 0 && find_kept(b, p.out))
		return 0;
	if (r < 0 && r != ERR_NOT_FOUND && r != ERR_UNKNOWN) {
		*err = missing;
		return r;
	}
	(void)find_local(b);
	return 0;
}

static int apply(struct seboolean *b, struct err *err)
{
	struct program p;
	bool persistent = arg_bool(b->call, "persistent");
	int r = check_selinux(b, err);
	if (r == 0)
		r = look_now(b, err);
	if (r == 0 && persistent)
		r = look_kept(b, err);
	if (r < 0 || (persistent ? b->kept : b->on) == b->wanted)
		return r;
	program_init(&p, b->call, "setsebool");
	if (persistent)
		program_add(&p, "-P");
	program_add(&p, b->name);
	program_add(&p, b->wanted ? "on" : "off");
	result_changed(b->call);
	result_diff(b->call, b->name, slice_from(b->wanted ? "off\n" : "on\n"), b->name,
		    slice_from(b->wanted ? "on\n" : "off\n"));
	return program_change(&p, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct seboolean b = {
		.call = call, .name = arg_str(call, "name"), .wanted = arg_bool(call, "state")};
	if (!b.name[0] || b.name[0] == '-' || strpbrk(b.name, " \t\n=/"))
		return err_set(err, ERR_INVALID, "'%s' is not a boolean's name", b.name);
	result_put_str(call, "name", b.name);
	result_put_bool(call, "persistent", arg_bool(call, "persistent"));
	result_put_bool(call, "state", b.wanted);
	return program_settle(call, apply(&b, err), err);
}

const struct module module_seboolean = {
	.name = "seboolean",
	.full_name = "ansible.posix.seboolean",
	.doc = "Sets booleans of SELinux.",
	.params = params,
	.run = run,
};
