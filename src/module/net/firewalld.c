/*
 * firewalld: firewall-cmd(1), and firewall-offline-cmd(1) where it does not run.
 * https://docs.ansible.com/ansible/latest/collections/ansible/posix/firewalld_module.html
 */
#include "../call.h"
#include "../program.h"
#include "firewalld_setting.h"

static const char *const states[] = {"absent", "disabled", "enabled", "present", NULL};
static const char *const targets[] = {"default", "ACCEPT", "DROP", "%%REJECT%%", NULL};
#define TEXT(name_, doc_)                                                                          \
	{                                                                                          \
		.name = name_, .type = MODULE_STR, .doc = doc_                                     \
	}
static const struct module_param params[] = {
	TEXT("service", "A service of firewall-cmd --get-services."),
	TEXT("protocol", "A protocol."),
	TEXT("port", "PORT/PROTOCOL or PORT-PORT/PROTOCOL."),
	{.name = "port_forward",
	 .type = MODULE_LIST,
	 .element = MODULE_DICT,
	 .doc = "One mapping with port, proto, toport and perhaps toaddr."},
	TEXT("rich_rule", "A rule of the rich language."),
	TEXT("source", "A network of senders; needs permanent."),
	TEXT("interface", "An interface; needs zone."),
	TEXT("icmp_block", "A type of ICMP that is blocked."),
	TEXT("icmp_block_inversion", "Whether icmp_block means what is not blocked."),
	TEXT("zone", "The zone; the default zone without it."),
	{.name = "permanent",
	 .type = MODULE_BOOL,
	 .doc = "What is written; without it and immediate what runs is changed."},
	{.name = "immediate",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "With permanent: what runs as well."},
	{.name = "state",
	 .type = MODULE_STR,
	 .required = true,
	 .choices = states,
	 .doc = "enabled or disabled; present or absent for a zone."},
	{.name = "timeout",
	 .type = MODULE_INT,
	 .fallback = "0",
	 .doc = "Seconds after which what runs is as before."},
	TEXT("masquerade", "Whether the zone masquerades."),
	{.name = "offline",
	 .type = MODULE_BOOL,
	 .doc = "Where firewalld does not run: permanent alone, although immediate is set."},
	{.name = "target",
	 .type = MODULE_STR,
	 .choices = targets,
	 .doc = "What becomes of packets without a rule; needs zone."},
	{0},
};
static const char *const exclusive[] = {"icmp_block|icmp_block_inversion|service|protocol|port|"
					"port_forward|rich_rule|interface|masquerade|source|target",
					NULL};

static const char not_running[] = "firewall is not currently running, unable to perform immediate "
				  "actions without a running firewall daemon";

/* A service that an earlier task would start is no reason to fail. */
static int stopped(struct firewall *f, struct err *err)
{
	struct host_unit unit = {0};
	struct host *h = f->call->host;
	if (f->permanent && arg_bool(f->call, "offline"))
		f->immediate = false;
	f->is_offline = true;
	if (!f->immediate)
		return 0;
	if (f->call->check_mode &&
	    h->ops->unit(h, f->call->arena, "firewalld.service", "system", &unit, NULL) == 0 &&
	    (host_assumes(h) || (unit.active_state && strcmp(unit.active_state, "active") == 0)))
		return err_set(err, ERR_UNKNOWN, "firewalld does not run yet");
	return err_set(err, ERR_INVALID, "%s", not_running);
}

static int look(struct firewall *f, struct err *err)
{
	struct program p;
	program_init(&p, f->call, "firewall-cmd");
	program_add(&p, "--state");
	int r = program_probe(&p, err);
	if (r == 0 && p.exit_code != 0)
		r = stopped(f, err);
	if (r < 0 || f->zone)
		return r;
	firewall_begin(f, &p, false);
	program_add(&p, "--get-default-zone");
	r = program_read(&p, err);
	if (r == 0)
		f->default_zone = program_line(&p);
	return r;
}

static int check_needs(const struct firewall *f, struct err *err)
{
	static const char *const needing_zone[] = {"interface", "target"};
	for (size_t i = 0; i < ARRAY_LEN(needing_zone); i++)
		if (arg_has(f->call, needing_zone[i]) && !f->zone)
			return err_set(err, ERR_INVALID,
				       "missing parameter(s) required by '%s': zone",
				       needing_zone[i]);
	if (arg_has(f->call, "source") && !arg_has(f->call, "permanent"))
		return err_set(err, ERR_INVALID,
			       "missing parameter(s) required by 'source': permanent");
	if (f->zone && (!f->zone[0] || strpbrk(f->zone, " \t\n/")))
		return err_set(err, ERR_INVALID, "'%s' is not a zone", f->zone);
	return 0;
}

/* Zones and their targets are written, and run after a reload. */
static int check_permanent(const struct firewall *f, struct err *err)
{
	if (f->permanent && !f->immediate)
		return 0;
	return err_set(
		err, ERR_INVALID,
		"Zone operations must be permanent. Make sure you didn't set the 'permanent' "
		"flag to 'false' or the 'immediate' flag to 'true'.");
}

static int set_target(struct firewall *f, struct err *err)
{
	struct program p;
	const char *target = arg_str(f->call, "target");
	int r = check_permanent(f, err);
	if (r < 0)
		return r;
	firewall_begin(f, &p, true);
	program_add(&p, "--get-target");
	r = program_read(&p, err);
	if (r < 0)
		return r;
	bool same = strcmp(program_line(&p), target) == 0;
	if (same == f->wanted || (!f->wanted && strcmp(target, "default") == 0))
		return 0;
	firewall_begin(f, &p, true);
	program_add_fmt(&p, "--set-target=%s", f->wanted ? target : "default");
	result_changed(f->call);
	firewall_say(f, f->wanted ? "Set zone %s target to %s" : "Reset zone %s target to default",
		     f->zone, target);
	return program_change(&p, err);
}

static int set_zone(struct firewall *f, struct err *err)
{
	struct program p;
	struct slice rest, word;
	bool there = false;
	int r = check_permanent(f, err);
	if (r == 0 && !f->zone)
		r = err_set(err, ERR_INVALID, "zone is needed where state is %s", f->state);
	if (r < 0)
		return r;
	const char *zone = f->zone;
	f->zone = NULL; /* it may not be there */
	firewall_begin(f, &p, true);
	program_add(&p, "--get-zones");
	r = program_read(&p, err);
	for (rest = p.out; r == 0 && slice_word(&rest, &word);)
		there |= slice_is(word, zone);
	if (r == 0 && there != f->wanted) {
		firewall_begin(f, &p, true);
		program_add_fmt(&p, "--%s-zone=%s", f->wanted ? "new" : "delete", zone);
		result_changed(f->call);
		firewall_say(f, f->wanted ? "Added zone %s" : "Removed zone %s", zone);
		firewall_say(f, "Changed zone %s to %s", zone, f->state);
		r = program_change(&p, err);
	}
	f->zone = zone;
	return r;
}

static int apply(struct firewall *f, struct err *err)
{
	struct firewall_value v = {0};
	bool zone_state = strcmp(f->state, "present") == 0 || strcmp(f->state, "absent") == 0;
	int r = check_needs(f, err);
	if (r == 0)
		r = firewall_value_find(f->call, &v, err);
	if (r == 0 && v.setting && zone_state)
		r = err_set(err, ERR_INVALID,
			    "absent and present state can only be used in zone level operations");
	if (r == 0)
		r = look(f, err);
	if (r < 0)
		return r;
	bool has_target = arg_has(f->call, "target");
	if (!v.setting && !has_target && !zone_state)
		return 0;
	firewall_say(f, !f->permanent  ? "Non-permanent operation"
			: f->immediate ? "Permanent and Non-Permanent(immediate) operation"
				       : "Permanent operation");
	if (has_target)
		return set_target(f, err);
	return v.setting ? firewall_apply(f, &v, err) : set_zone(f, err);
}

static int run(struct module_call *call, struct err *err)
{
	struct firewall f = {.call = call,
			     .zone = arg_str(call, "zone"),
			     .state = arg_str(call, "state"),
			     .permanent = arg_bool(call, "permanent"),
			     .immediate = arg_bool(call, "immediate")};
	f.wanted = strcmp(f.state, "enabled") == 0 || strcmp(f.state, "present") == 0;
	if (!f.permanent)
		f.immediate = true;
	int r = apply(&f, err);
	if (r == 0 && f.is_offline)
		firewall_say(&f, "(offline operation: only on-disk configs were altered)");
	if (r == 0)
		result_put_str(call, "msg", f.messages.len ? f.messages.ptr : "");
	strbuf_release(&f.messages);
	return program_settle(call, r, err);
}

const struct module module_firewalld = {
	.name = "firewalld",
	.full_name = "ansible.posix.firewalld",
	.doc = "Sets up firewalld.",
	.params = params,
	.mutually_exclusive = exclusive,
	.run = run,
};
