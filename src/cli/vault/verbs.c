/* rollout vault: which verb, its help, and the passwords that it needs. */
#include "verbs.h"

#include "../cli.h"
#include "passwords.h"
#include "rollout/base/nearest.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

enum verb_flags {
	VERB_OPENS = 1,	   /* with passwords that are known */
	VERB_ENCRYPTS = 2, /* with a password that may be new */
	VERB_NEEDS_FILE = 4,
};

static const struct verb {
	const char *name, *words, *doc;
	unsigned mask, flags;
	int (*run)(const struct vault_task *t, struct err *err);
} verbs[] = {
	{"create", "FILE", "write a new encrypted file in $EDITOR",
	 FOR_VAULT_PASSWORD | FOR_VAULT_ENCRYPT, VERB_ENCRYPTS | VERB_NEEDS_FILE,
	 vault_verb_create},
	{"edit", "FILE...", "change an encrypted file in $EDITOR",
	 FOR_VAULT_PASSWORD | FOR_VAULT_ENCRYPT, VERB_OPENS | VERB_NEEDS_FILE, vault_verb_edit},
	{"view", "FILE...", "show an encrypted file", FOR_VAULT_PASSWORD,
	 VERB_OPENS | VERB_NEEDS_FILE, vault_verb_view},
	{"encrypt", "[FILE...]", "encrypt files in place, or standard input",
	 FOR_VAULT_PASSWORD | FOR_VAULT_ENCRYPT | FOR_VAULT_OUTPUT, VERB_ENCRYPTS,
	 vault_verb_encrypt},
	{"decrypt", "[FILE...]", "decrypt files in place, or standard input",
	 FOR_VAULT_PASSWORD | FOR_VAULT_OUTPUT, VERB_OPENS, vault_verb_decrypt},
	{"encrypt_string", "[TEXT...]", "texts as !vault values for YAML files",
	 FOR_VAULT_PASSWORD | FOR_VAULT_ENCRYPT | FOR_VAULT_OUTPUT | FOR_VAULT_STRING,
	 VERB_ENCRYPTS, vault_verb_encrypt_string},
	{"rekey", "FILE...", "encrypt files with another password",
	 FOR_VAULT_PASSWORD | FOR_VAULT_ENCRYPT | FOR_VAULT_REKEY, VERB_OPENS | VERB_NEEDS_FILE,
	 vault_verb_rekey},
};

static const struct verb *find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

static int unknown_verb(const char *word, struct err *err)
{
	struct nearest n;
	char hint[128];
	CLEANUP(strbuf_release) struct strbuf all = {0};
	nearest_init(&n, slice_from(word ? word : ""));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		nearest_offer(&n, slice_from(verbs[i].name));
		strbuf_printf(&all, "%s%s", i ? ", " : "", verbs[i].name);
	}
	if (!word)
		return err_set(err, ERR_USAGE, "rollout vault what? One of %s", all.ptr);
	return err_set(err, ERR_USAGE, "there is no 'rollout vault %s'%s", word,
		       nearest_hint(&n, hint, sizeof(hint)));
}

int vault_help(const char *verb, struct err *err)
{
	const struct verb *v = verb ? find(verb) : NULL;
	if (verb && !v)
		return unknown_verb(verb, err);
	if (v) {
		printf("Usage: rollout vault %s %s\n%s\n", v->name, v->words, v->doc);
		help_options(v->mask);
		return RUN_EXIT_OK;
	}
	printf("Usage: rollout vault VERB [FILE...]\n"
	       "Files and values encrypted with Ansible Vault (docs/vault.md).\n\n");
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++)
		printf("  %-14s  %s\n", verbs[i].name, verbs[i].doc);
	help_options(FOR_VAULT);
	return RUN_EXIT_OK;
}

static const char *encrypt_id(const struct options *o)
{
	const char *id = o->config.vault_encrypt_identity;
	return o->encrypt_vault_id ? o->encrypt_vault_id : id && *id ? id : NULL;
}

/* Which of the passwords encrypts: that of --encrypt-vault-id, or the only one. */
static int choose(const struct vault *v, const char *id, bool only, struct vault_task *t,
		  struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf all = {0};
	size_t n = vault_count(v);
	for (size_t i = 0; i < n; i++) {
		strbuf_printf(&all, "%s%.*s", i ? "," : "", SLICE_ARG(vault_id(v, i)));
		if (id ? !slice_is(vault_id(v, i), id) : i > 0 || t->password.len)
			continue;
		if (t->password.len)
			continue;
		t->id = vault_id(v, i);
		t->password = vault_password(v, i);
	}
	if (only && n > 1 && !id)
		return err_set(err, ERR_USAGE,
			       "there are passwords for the vault ids %s: which one encrypts? "
			       "--encrypt-vault-id",
			       all.ptr);
	if (!t->password.len)
		return err_set(err, ERR_USAGE,
			       "--encrypt-vault-id %s: there is no password for it, but for %s", id,
			       all.ptr ? all.ptr : "none");
	return 0;
}

static int run_rekey(const struct verb *verb, struct vault_task *t, struct err *err)
{
	const struct options *o = t->options;
	const char *const ids[] = {o->new_vault_id, NULL}, *const files[] = {
								   o->new_vault_password_file,
								   NULL};
	const struct vault_request rq = {
		.ids = ids,
		.files = files,
		.identity_list = encrypt_id(o) ? o->config.vault_identity_list : NULL,
		.last_file = o->config.vault_password_file,
		.only_matching = o->config.vault_id_match,
		.ask = o->ask_vault_pass || o->config.ask_vault_pass,
		.ask_when_none = true,
		.is_new = true,
	};
	struct vault *new = NULL;
	if (o->new_vault_id && o->new_vault_password_file)
		return err_set(err, ERR_USAGE,
			       "--new-vault-id and --new-vault-password-file exclude each other");
	int r = vault_passwords_collect(&rq, &new, err);
	if (r == 0)
		r = choose(new, encrypt_id(o), false, t, err);
	if (r == 0)
		r = verb->run(t, err);
	vault_free(new);
	return r;
}

static int run(const struct verb *verb, const struct options *o, struct err *err)
{
	struct vault_request rq = vault_request_of(o);
	rq.ask_when_none = true;
	rq.is_new = verb->flags & VERB_ENCRYPTS;
	struct vault_task t = {.options = o, .files = o->words.at + 1, .nfiles = o->words.len - 1};
	int r = vault_passwords_collect(&rq, &t.v, err);
	if (r == 0 && (verb->flags & VERB_ENCRYPTS))
		r = choose(t.v, encrypt_id(o), true, &t, err);
	if (r == 0)
		r = verb->mask & FOR_VAULT_REKEY ? run_rekey(verb, &t, err) : verb->run(&t, err);
	vault_free(t.v);
	return r;
}

int cmd_vault(const struct options *o, struct err *err)
{
	const char *name = o->words.len > 0 ? o->words.at[0] : NULL;
	const struct verb *verb = name ? find(name) : NULL;
	if (!verb)
		return unknown_verb(name, err);
	const char *misfit = options_misfit(o, verb->mask);
	if (misfit)
		return err_set(err, ERR_USAGE, "'rollout vault %s' has no option '--%s'", name,
			       misfit);
	if ((verb->flags & VERB_NEEDS_FILE) && o->words.len < 2)
		return err_set(err, ERR_USAGE, "which file? rollout vault %s %s", name,
			       verb->words);
	if (o->output && (verb->mask & FOR_VAULT_OUTPUT) && !(verb->mask & FOR_VAULT_STRING) &&
	    o->words.len > 2)
		return err_set(err, ERR_USAGE, "--output goes with one file");
	umask(077);
	int r = run(verb, o, err);
	return r < 0 ? r : RUN_EXIT_OK;
}
