/* pki_ca: a certificate authority. */
#include "arguments.h"
#include "results.h"
#include "rollout/pki/modules.h"

#define CA_DAYS_DEFAULT 3650

struct ca_task {
	struct store store;
	const char *name, *issuer_name;
	struct authority issuer;
	struct issuance issuance;
};

static void ca_task_release(struct ca_task *t)
{
	issuance_release(&t->issuance);
	authority_release(&t->issuer);
}

static int choose_path_length(struct module_call *call, struct ca_task *t, struct err *err)
{
	struct certificate_spec *spec = &t->issuance.spec;
	int64_t asked = arg_int(call, "path_length", -1);
	if (asked < -1 || asked >= AUTHORITY_DEPTH_MAX)
		return err_set(err, ERR_INVALID, "path_length is %lld, not from 0 to %d",
			       (long long)asked, AUTHORITY_DEPTH_MAX - 1);
	int room = t->issuer_name ? authority_room(&t->issuer) : -1;
	if (room == -2)
		return err_set(
			err, ERR_INVALID,
			"CA '%s' cannot be below '%s': the path lengths above allow no further CA",
			t->name, t->issuer_name);
	if (room >= 0 && asked > room)
		return err_set(err, ERR_INVALID,
			       "path_length %lld does not fit below CA '%s', which allows %d",
			       (long long)asked, t->issuer_name, room);
	spec->path_length = asked >= 0 ? (int)asked : room;
	return 0;
}

static int read_arguments(struct module_call *call, struct ca_task *t, struct err *err)
{
	int r = arguments_store(call, &t->store, err);
	if (r == 0)
		r = arguments_name(call, "name", &t->name, err);
	if (r == 0)
		r = arguments_spec(call, &t->store, CA_DAYS_DEFAULT, &t->issuance.spec, err);
	if (r < 0)
		return r;
	if (strcmp(t->name, "keys") == 0)
		return err_set(
			err, ERR_INVALID,
			"a CA cannot be named 'keys': the folder of bare keys has that name");
	t->issuer_name = arguments_text(call, "issuer");
	if (t->issuer_name && strcmp(t->issuer_name, t->name) == 0)
		return err_set(err, ERR_INVALID,
			       "CA '%s' cannot be its own issuer: without issuer it is self-signed",
			       t->name);
	if (t->issuer_name)
		r = store_name_check("issuer", t->issuer_name, err);
	if (r == 0 && t->issuer_name)
		r = authority_load(&t->store, t->issuer_name, &t->issuer, err);
	return r < 0 ? r : choose_path_length(call, t, err);
}

/* Before the certificate: a chain is followed by this file. */
static int write_issuer(struct ca_task *t, bool *changed, struct err *err)
{
	const char *path = store_file(&t->store, t->issuance.folder, "issuer", "");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err why = {0};
	int r = store_read(&t->store, path, &text, &why);
	if (r < 0 && r != ERR_NOT_FOUND) {
		if (err)
			*err = why;
		return r;
	}
	struct slice now = slice_trim(strbuf_slice(&text));
	if (!t->issuer_name && r == ERR_NOT_FOUND)
		return 0;
	if (t->issuer_name && r == 0 && slice_is(now, t->issuer_name))
		return 0;
	*changed = true;
	if (!t->issuer_name)
		return t->store.host->ops->remove(t->store.host, path, false, err);
	const char *line = arena_printf(t->store.arena, "%s\n", t->issuer_name);
	return store_write(&t->store, path, slice_from(line), 0644, err);
}

static int ensure(struct module_call *call, struct ca_task *t, struct err *err)
{
	struct issuance *i = &t->issuance;
	i->store = &t->store;
	i->folder = store_ca_folder(&t->store, t->name);
	i->name = "ca";
	i->spec.usage = USAGE_CA;
	i->issuer = t->issuer_name ? &t->issuer : NULL;
	i->passphrase = arguments_text(call, "passphrase");
	i->issuer_passphrase = arguments_text(call, "issuer_passphrase");
	if (!i->issuer_passphrase)
		i->issuer_passphrase = i->passphrase;
	i->new_key = arg_bool(call, "new_key");
	i->may_lack_key = true;
	int r = store_mkdir(&t->store, i->folder, &i->changed, err);
	if (r == 0)
		r = write_issuer(t, &i->changed, err);
	return r < 0 ? r : issuance_ensure(i, err);
}

static int report(struct module_call *call, const struct ca_task *t, struct err *err)
{
	struct authority own = {0};
	int r = authority_load(&t->store, t->name, &own, err);
	if (r < 0)
		return r;
	results_issuance(call, &t->issuance);
	result_put_str(call, "name", t->name);
	results_certificate(call, t->issuance.cert);
	results_chain(call, NULL, &own);
	authority_release(&own);
	return 0;
}

int pki_ca_run(struct module_call *call, struct err *err)
{
	CLEANUP(ca_task_release) struct ca_task task = {0};
	int r = read_arguments(call, &task, err);
	if (r == 0)
		r = ensure(call, &task, err);
	if (r == 0)
		r = report(call, &task, err);
	return r;
}
