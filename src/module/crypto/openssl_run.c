#include "openssl_run.h"

#include "../path/path_state.h"
#include "../path/whole_file.h"

const char *const openssl_states[] = {"present", "absent", NULL};

void openssl_begin(struct program *p, struct module_call *call, const char *verb)
{
	program_init(p, call, "openssl");
	program_add(p, verb);
}

/* Each text comes through a descriptor of its own. */
static const char with_texts[] = "exec openssl \"$@\" 3<<A 4<<B 5<<C\n$ROLLOUT_TEXT3\nA\n"
				 "$ROLLOUT_TEXT4\nB\n$ROLLOUT_TEXT5\nC\n";

void openssl_begin_with(struct program *p, struct module_call *call, const char *verb)
{
	const char *const words[] = {"-c", with_texts, "openssl", verb, NULL};
	program_init(p, call, "sh");
	program_add_all(p, words);
}

const char *openssl_text(struct program *p, unsigned fd, struct slice text)
{
	struct arena *a = p->call->arena;
	program_env(p, arena_printf(a, "ROLLOUT_TEXT%u", fd), arena_slice(a, text).ptr);
	return arena_printf(a, "/dev/fd/%u", fd);
}

const char *openssl_key(struct program *p, const char *name)
{
	const char *content = arena_printf(p->call->arena, "%s_content", name);
	if (!arg_has(p->call, content))
		return arg_str(p->call, arena_printf(p->call->arena, "%s_path", name));
	p->stdin_bytes = arg_slice(p->call, content);
	return "/dev/stdin";
}

int openssl_need(struct module_call *call, const char *name, struct err *err)
{
	bool there = false;
	const char *path = arg_str(call, arena_printf(call->arena, "%s_path", name));
	if (arg_has(call, arena_printf(call->arena, "%s_content", name)))
		return 0;
	if (!path)
		return err_set(err, ERR_INVALID, "%s_path is needed, or %s_content", name, name);
	int r = whole_file_exists(call, path, &there, err);
	if (r < 0 || there)
		return r;
	if (host_assumes(call->host))
		return err_set(err, ERR_UNKNOWN, "would make %s: %s", arg_str(call, "path"),
			       host_assumes(call->host));
	return err_set(err, ERR_NOT_FOUND, "%s_path: the file %s does not exist", name, path);
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

int openssl_file_settle(struct module_call *call, const char *path, struct slice old,
			const struct slice *new, struct err *err)
{
	int r = new &&arg_bool(call, "backup") ? path_backup(call, path, err) : 0;
	return r < 0 ? r : whole_file_settle(call, path, new ? *new : old, -1, false, err);
}

int openssl_file_remove(struct module_call *call, const char *path, struct err *err)
{
	int r = arg_bool(call, "backup") ? path_backup(call, path, err) : 0;
	return r < 0 ? r : whole_file_remove(call, path, NULL, err);
}
