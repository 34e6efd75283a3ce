/* pki_cert: a certificate for a server or a client. */
#include "arguments.h"
#include "results.h"
#include "rollout/pki/modules.h"

#define CERT_DAYS_DEFAULT 365

struct cert_task {
	struct store store;
	const char *name, *ca_name;
	struct authority ca;
	struct issuance issuance;
};

static void cert_task_release(struct cert_task *t)
{
	issuance_release(&t->issuance);
	authority_release(&t->ca);
}

static int read_usage(struct module_call *call, struct certificate_spec *spec, struct err *err)
{
	const char *usage = arg_str(call, "usage");
	if (!usage || !usage_by_name(usage, &spec->usage))
		return err_set(err, ERR_INVALID, "usage is '%s', not server, client or both",
			       usage ? usage : "");
	int r = sans_build(arg_list(call, "dns", NULL), arg_list(call, "ip", NULL), &spec->sans,
			   err);
	if (r < 0)
		return r;
	if (spec->usage != USAGE_CLIENT && !spec->sans)
		return err_set(err, ERR_INVALID,
			       "a server's certificate needs dns or ip: clients do not look at "
			       "common_name");
	return 0;
}

static int read_arguments(struct module_call *call, struct cert_task *t, struct err *err)
{
	int r = arguments_store(call, &t->store, err);
	if (r == 0)
		r = arguments_name(call, "name", &t->name, err);
	if (r == 0)
		r = arguments_name(call, "ca", &t->ca_name, err);
	if (r == 0)
		r = arguments_spec(call, &t->store, CERT_DAYS_DEFAULT, &t->issuance.spec, err);
	if (r == 0)
		r = read_usage(call, &t->issuance.spec, err);
	if (r == 0)
		r = authority_load(&t->store, t->ca_name, &t->ca, err);
	return r;
}

static int ensure(struct module_call *call, struct cert_task *t, struct err *err)
{
	struct issuance *i = &t->issuance;
	i->store = &t->store;
	i->folder = store_issued_folder(&t->store, t->ca_name);
	i->name = t->name;
	i->issuer = &t->ca;
	i->passphrase = arguments_text(call, "passphrase");
	i->issuer_passphrase = arguments_text(call, "ca_passphrase");
	if (!i->issuer_passphrase)
		i->issuer_passphrase = i->passphrase;
	i->new_key = arg_bool(call, "new_key");
	return issuance_ensure(i, err);
}

int pki_cert_run(struct module_call *call, struct err *err)
{
	CLEANUP(cert_task_release) struct cert_task task = {0};
	int r = read_arguments(call, &task, err);
	if (r == 0)
		r = ensure(call, &task, err);
	if (r == 0)
		r = results_key(call, task.issuance.key, err);
	if (r < 0)
		return r;
	results_issuance(call, &task.issuance);
	result_put_str(call, "name", task.name);
	result_put_str(call, "ca", task.ca_name);
	results_certificate(call, task.issuance.cert);
	results_chain(call, task.issuance.cert, &task.ca);
	return 0;
}
