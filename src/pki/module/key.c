/* pki_key: a key pair without a certificate. */
#include "arguments.h"
#include "results.h"
#include "rollout/pki/modules.h"

struct key_task {
	struct store store;
	const char *name, *key_path, *public_path, *passphrase;
	enum key_type type;
	struct stored_key stored;
	bool changed;
};

static void key_task_release(struct key_task *t)
{
	EVP_PKEY_free(t->stored.key);
}

static int read_arguments(struct module_call *call, struct key_task *t, struct err *err)
{
	int r = arguments_store(call, &t->store, err);
	if (r == 0)
		r = arguments_name(call, "name", &t->name, err);
	t->passphrase = arguments_text(call, "passphrase");
	if (r == 0)
		r = key_passphrase_check(t->passphrase, err);
	if (r < 0)
		return r;
	const char *type = arguments_text(call, "key_type");
	if (type && !key_type_by_name(type, &t->type))
		return err_set(err, ERR_INVALID, "key_type '%s' is not known", type);
	const char *folder = store_keys_folder(&t->store);
	t->key_path = store_file(&t->store, folder, t->name, ".key");
	t->public_path = store_file(&t->store, folder, t->name, ".pub");
	return store_mkdir(&t->store, folder, &t->changed, err);
}

static int ensure_private(struct module_call *call, struct key_task *t, struct err *err)
{
	int r = store_read_key(&t->store, t->key_path, t->passphrase, &t->stored, err);
	if (r < 0)
		return r;
	bool make =
		!t->stored.key || !key_is_type(t->stored.key, t->type) || arg_bool(call, "force");
	if (!make && !t->stored.exposed && t->stored.encrypted == (t->passphrase != NULL))
		return 0;
	if (make) {
		EVP_PKEY *key = NULL;
		r = key_generate(t->type, &key, err);
		if (r < 0)
			return r;
		EVP_PKEY_free(t->stored.key);
		t->stored.key = key;
	}
	t->changed = true;
	return store_write_key(&t->store, t->key_path, t->stored.key, t->passphrase, err);
}

static int ensure_public(struct key_task *t, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf want = {0}, have = {0};
	int r = key_public_to_pem(t->stored.key, &want, err);
	if (r < 0)
		return r;
	struct err absent = {0};
	if (store_read(&t->store, t->public_path, &have, &absent) == 0 &&
	    slice_eq(strbuf_slice(&have), strbuf_slice(&want)))
		return 0;
	t->changed = true;
	return store_write(&t->store, t->public_path, strbuf_slice(&want), 0644, err);
}

int pki_key_run(struct module_call *call, struct err *err)
{
	CLEANUP(key_task_release) struct key_task task = {0};
	int r = read_arguments(call, &task, err);
	if (r == 0)
		r = ensure_private(call, &task, err);
	if (r == 0)
		r = ensure_public(&task, err);
	if (r == 0)
		r = results_key(call, task.stored.key, err);
	if (r < 0)
		return r;
	if (task.changed)
		result_changed(call);
	result_put_str(call, "name", task.name);
	result_put_str(call, "path", task.public_path);
	result_put_str(call, "key_path", task.key_path);
	return 0;
}
