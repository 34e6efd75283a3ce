#pragma once
/* What firewalld's zones hold, each asked for, added and removed by options of one
 * form: --query-service=ssh, --add-service=ssh, --remove-service=ssh. */
#include "../program.h"

struct firewall {
	struct module_call *call;
	const char *zone, *default_zone; /* zone NULL: the default one */
	const char *state;
	bool wanted, permanent, immediate, is_offline;
	struct strbuf messages;
};
struct firewall_setting {
	const char *param, *option;
	const char *add; /* the verb; NULL: add */
	bool is_timed;	 /* timeout is for it */
	bool is_switch;	 /* the argument is a boolean, the option has no value */
	bool is_member;	 /* the message is "Added … to zone …" */
};
struct firewall_value {
	const struct firewall_setting *setting; /* NULL: none is given */
	const char *text, *shown;
	bool is_off; /* of a switch */
};

/* Which setting the arguments are about. */
int firewall_value_find(struct module_call *call, struct firewall_value *ret, struct err *err);
/* Brings it to f->wanted, in what is written and what runs. */
int firewall_apply(struct firewall *f, const struct firewall_value *v, struct err *err);

/* The program with its zone. */
void firewall_begin(const struct firewall *f, struct program *p, bool permanent);
void firewall_say(struct firewall *f, const char *fmt, ...) PRINTF_LIKE(2, 3);
