/* pki_info: what a CA in the store is; and the list of the pki modules. */
#include "arguments.h"
#include "results.h"
#include "rollout/pki/modules.h"

int pki_info_run(struct module_call *call, struct err *err)
{
	struct store store = {0};
	const char *name = NULL;
	struct authority ca = {0};
	int r = arguments_store(call, &store, err);
	if (r == 0)
		r = arguments_name(call, "ca", &name, err);
	if (r == 0)
		r = authority_load(&store, name, &ca, err);
	if (r < 0)
		return r;
	result_put_str(call, "ca", name);
	results_certificate(call, ca.cert);
	results_chain(call, NULL, &ca);
	authority_release(&ca);
	return 0;
}

pki_run_fn *pki_run_find(const char *module_name)
{
	static const struct {
		const char *name;
		pki_run_fn *run;
	} modules[] = {
		{"pki_ca", pki_ca_run},
		{"pki_cert", pki_cert_run},
		{"pki_key", pki_key_run},
		{"pki_info", pki_info_run},
	};
	for (size_t i = 0; i < ARRAY_LEN(modules); i++) {
		if (strcmp(modules[i].name, module_name) == 0)
			return modules[i].run;
	}
	return NULL;
}
