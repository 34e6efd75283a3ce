#pragma once
/* The extensions that openssl_csr asks for. */
#include "rollout/module/module.h"

/* Lines of openssl's configuration: those of the section of extensions, "" where
 * there is none, and the sections that they name. common_name: for the alternative
 * name where none is given; NULL: none. In the call's arena. */
int csr_extensions(struct module_call *call, const char *common_name, struct slice *ret_lines,
		   struct slice *ret_sections, struct err *err);

/* Of parameters (module_param.check): bytes like 00:11:22, a serial number, a
 * distribution point. */
const char *csr_check_identifier(const struct value *v, const struct value **ret_at);
const char *csr_check_serial(const struct value *v, const struct value **ret_at);
const char *csr_check_crl(const struct value *v, const struct value **ret_at);
