#pragma once
/*
 * Names as community.crypto writes them (DNS:web.example, IP:10.0.0.0/8,
 * dirName:CN = x, O = y) in openssl's configuration, x509v3_config(5ssl).
 */
#include "rollout/module/module.h"

/* Sections of the configuration, each whole. */
struct conf_sections {
	struct arena *arena;
	struct strbuf text;
	unsigned count;
};

/* Adds a section with these lines; its name. */
const char *conf_section_add(struct conf_sections *c, struct slice lines);

/* Lines of a section: "DNS.1 = web.example" behind the prefix, which is "" or
 * "permitted;" or "excluded;". */
int general_names_put(struct conf_sections *c, struct strbuf *out, const char *prefix,
		      const char *const *names, struct err *err);
/* The same as lines of ASN1_generate_nconf(3ssl), which writes a sequence of them. */
int general_names_put_asn1(struct conf_sections *c, struct strbuf *out, const char *const *names,
			   struct err *err);

/* Of a parameter's items (module_param.check): names; those that may constrain
 * others; those that put_asn1 can write. */
const char *general_names_check(const struct value *v, const struct value **ret_at);
const char *general_names_check_constraint(const struct value *v, const struct value **ret_at);
const char *general_names_check_asn1(const struct value *v, const struct value **ret_at);
