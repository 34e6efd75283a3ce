#include "openssl_run.h"

void openssl_begin(struct program *p, struct module_call *call, const char *verb)
{
	program_init(p, call, "openssl");
	program_add(p, verb);
}

void openssl_passphrase(struct program *p, const char *option, const char *name)
{
	const char *passphrase = arg_str(p->call, name);
	/* Without one openssl would ask the terminal. */
	program_env(p, "ROLLOUT_PASSPHRASE", passphrase ? passphrase : "");
	program_add(p, option);
	program_add(p, "env:ROLLOUT_PASSPHRASE");
}

static int ask(struct module_call *call, const char *verb, const char *const *words,
	       struct slice pem, struct slice *ret, struct err *err)
{
	struct program p;
	openssl_begin(&p, call, verb);
	program_add(&p, "-noout");
	program_add_all(&p, words);
	p.stdin_bytes = pem;
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0 ? p.out : SLICE_LIT("");
	return r;
}

int openssl_describe(struct module_call *call, const char *verb, struct slice pem,
		     struct slice *ret, struct err *err)
{
	bool request = strcmp(verb, "req") == 0;
	const char *const words[] = {"-text", request ? "-reqopt" : "-certopt",
				     request ? "no_sigdump" : "no_sigdump,no_serial,no_validity",
				     NULL};
	return ask(call, verb, words, pem, ret, err);
}

int openssl_public_key(struct module_call *call, const char *verb, struct slice pem,
		       struct slice *ret, struct err *err)
{
	const char *const words[] = {"-pubkey", NULL};
	return ask(call, verb, words, pem, ret, err);
}

int openssl_subject(struct module_call *call, const char *verb, const char *field, struct slice pem,
		    struct slice *ret, struct err *err)
{
	const char *const words[] = {field, "-nameopt", "RFC2253,-esc_msb", NULL};
	int r = ask(call, verb, words, pem, ret, err);
	const char *equals = r == 0 ? memchr(ret->ptr, '=', ret->len) : NULL;
	if (equals)
		*ret = slice_trim(
			(struct slice){equals + 1, ret->len - (size_t)(equals + 1 - ret->ptr)});
	return r;
}

void openssl_conf_put(struct strbuf *out, const char *name, const char *value)
{
	strbuf_printf(out, "%s = ", name);
	for (; *value; value++) {
		if (strchr("\\\"'`$#;", *value))
			strbuf_putc(out, '\\');
		strbuf_putc(out, *value == '\n' ? ' ' : *value);
	}
	strbuf_putc(out, '\n');
}
