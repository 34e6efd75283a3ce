#include "firewalld_setting.h"

#include "../call.h"

#include <stdarg.h>

#define QUERY_NO 1

static const struct firewall_setting settings[] = {
	{.param = "icmp_block", .option = "icmp-block", .is_timed = true},
	{.param = "icmp_block_inversion", .option = "icmp-block-inversion", .is_switch = true},
	{.param = "service", .option = "service", .is_timed = true},
	{.param = "protocol", .option = "protocol", .is_timed = true},
	{.param = "port", .option = "port", .is_timed = true},
	{.param = "port_forward", .option = "forward-port", .is_timed = true},
	{.param = "rich_rule", .option = "rich-rule", .is_timed = true},
	{.param = "source", .option = "source", .is_member = true},
	{.param = "interface", .option = "interface", .add = "change", .is_member = true},
	{.param = "masquerade", .option = "masquerade", .is_switch = true, .is_member = true},
};

void firewall_say(struct firewall *f, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	if (f->messages.len)
		strbuf_puts(&f->messages, ", ");
	strbuf_vprintf(&f->messages, fmt, ap);
	va_end(ap);
}

void firewall_begin(const struct firewall *f, struct program *p, bool permanent)
{
	program_init(p, f->call, f->is_offline ? "firewall-offline-cmd" : "firewall-cmd");
	if (permanent && !f->is_offline)
		program_add(p, "--permanent");
	if (f->zone)
		program_add_fmt(p, "--zone=%s", f->zone);
}

/* Of a mapping, as text without what ends a part of the option. */
static const char *part_of(struct module_call *call, const struct value *map, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *v = value_get(map, key);
	if (!v || v->type == VALUE_NULL)
		return "";
	value_print(&text, v);
	return arena_slice(call->arena, strbuf_slice(&text)).ptr;
}

static int read_forward(struct module_call *call, struct firewall_value *v, struct err *err)
{
	static const char *const needed[] = {"port", "proto", "toport"};
	const struct value *list = value_get(call->args, "port_forward");
	const struct value *map = list->list.len ? list->list.at[0] : NULL;
	if (list->list.len != 1)
		return err_set(err, ERR_INVALID, "Only one port forward supported at a time");
	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (!part_of(call, map, needed[i])[0])
			return err_set(err, ERR_INVALID, "%s must be specified for port forward",
				       needed[i]);
	const char *proto = part_of(call, map, "proto"), *to = part_of(call, map, "toaddr");
	if (strcmp(proto, "tcp") != 0 && strcmp(proto, "udp") != 0)
		return err_set(err, ERR_INVALID,
			       "proto udp/tcp must be specified for port forward");
	const char *text =
		arena_printf(call->arena, "port=%s:proto=%s:toport=%s", part_of(call, map, "port"),
			     proto, part_of(call, map, "toport"));
	v->text = to[0] ? arena_printf(call->arena, "%s:toaddr=%s", text, to) : text;
	v->shown = arena_printf(call->arena, "%s:toaddr=%s", text, to);
	return 0;
}

static int read_value(struct module_call *call, struct firewall_value *v, struct err *err)
{
	const char *param = v->setting->param;
	bool on = true;
	if (strcmp(param, "port_forward") == 0)
		return read_forward(call, v, err);
	v->text = v->shown = arg_str(call, param);
	if (v->setting->is_switch) {
		if (!value_to_bool(value_get(call->args, param), &on))
			result_warn(call,
				    "The value of the %s option is \"%s\": it is taken for true",
				    param, v->text);
		v->is_off = !on;
		return 0;
	}
	int r = call_check_line(param, slice_from(v->text), err);
	if (r == 0 && !v->text[0])
		r = err_set(err, ERR_INVALID, "%s is empty", param);
	if (r == 0 && strcmp(param, "port") == 0 && !strchr(v->text, '/'))
		r = err_set(err, ERR_INVALID, "improper port format (missing protocol?)");
	return r;
}

int firewall_value_find(struct module_call *call, struct firewall_value *ret, struct err *err)
{
	*ret = (struct firewall_value){0};
	for (size_t i = 0; i < ARRAY_LEN(settings); i++) {
		if (!arg_has(call, settings[i].param))
			continue;
		ret->setting = &settings[i];
		return read_value(call, ret, err);
	}
	return 0;
}

static void add_option(struct program *p, const char *verb, const struct firewall_value *v)
{
	if (v->setting->is_switch)
		program_add_fmt(p, "--%s-%s", verb, v->setting->option);
	else
		program_add_fmt(p, "--%s-%s=%s", verb, v->setting->option, v->text);
}

static int failed(const struct program *p, struct err *err)
{
	int r = program_failed(p, err);
	bool service = memmem(p->err.ptr, p->err.len, "INVALID_SERVICE", 15) != NULL;
	return service ? err_wrap(err, r,
				  "Services are defined by port/tcp relationship and named as they "
				  "are in /etc/services (on most systems)")
		       : r;
}

static int is_on(struct firewall *f, const struct firewall_value *v, bool permanent, bool *ret,
		 struct err *err)
{
	struct program p;
	firewall_begin(f, &p, permanent);
	add_option(&p, "query", v);
	int r = program_probe(&p, err);
	if (r == 0 && p.exit_code > QUERY_NO)
		r = failed(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0;
	return r;
}

static int settle(struct firewall *f, const struct firewall_value *v, bool permanent, bool want,
		  struct err *err)
{
	struct program p;
	const struct firewall_setting *s = v->setting;
	int64_t timeout = arg_int(f->call, "timeout", 0);
	bool on = false;
	int r = is_on(f, v, permanent, &on, err);
	if (r < 0 || on == want)
		return r;
	firewall_begin(f, &p, permanent);
	add_option(&p, !want ? "remove" : s->add ? s->add : "add", v);
	if (want && !permanent && s->is_timed && timeout > 0)
		program_add_fmt(&p, "--timeout=%lld", (long long)timeout);
	result_changed(f->call);
	if (f->call->check_mode)
		return 0;
	r = program_run(&p, err);
	return r == 0 && p.exit_code != 0 ? failed(&p, err) : r;
}

static void tell(struct firewall *f, const struct firewall_value *v, bool want)
{
	const struct firewall_setting *s = v->setting;
	const char *zone = f->zone ? f->zone : f->default_zone;
	const char *what = s->is_switch ? s->option : v->text;
	if (s->is_member && want)
		firewall_say(f,
			     strcmp(s->param, "interface") == 0 ? "Changed %s to zone %s"
								: "Added %s to zone %s",
			     what, zone);
	else if (s->is_member)
		firewall_say(f, "Removed %s from zone %s", what, zone);
	else
		firewall_say(f, "Changed %s %s to %s",
			     strncmp(s->param, "icmp", 4) == 0 ? s->option : s->param, v->shown,
			     f->state);
}

int firewall_apply(struct firewall *f, const struct firewall_value *v, struct err *err)
{
	bool want = f->wanted != v->is_off;
	int r = f->permanent ? settle(f, v, true, want, err) : 0;
	if (r == 0 && f->immediate)
		r = settle(f, v, false, want, err);
	if (r == 0 && result_is_changed(f->call))
		tell(f, v, want);
	return r;
}
