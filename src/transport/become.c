/* sudo and su, without a terminal: both read the password from stdin, a byte at a
 * time. LC_ALL=C, for their messages to be English ones; the script puts it back. */
#include "become.h"

#include "bootstrap_script.h"
#include "rollout/base/shellwords.h"

#define ENGLISH "l=${LC_ALL-}; LC_ALL=C; export LC_ALL; "

bool become_is_su(const struct transport_target *t)
{
	return t->become_method && strcmp(t->become_method, "su") == 0;
}

static const char *program(const struct transport_target *t)
{
	return t->become_exe ? t->become_exe : become_is_su(t) ? "su" : "sudo";
}

/* The agent knows the login user by SUDO_UID: su gets it with the script. */
const char *become_wrapper(const struct transport_target *t)
{
	static const char sudo[] = ENGLISH "s=$1; shift; exec \"$@\" sh -c \"$s\" rollout \"$l\"";
	static const char su[] = ENGLISH "s=\"SUDO_UID=$(id -u); export SUDO_UID; $1\"; shift; "
					 "exec \"$@\" -s /bin/sh -c \"$s\" -- root rollout \"$l\"";
	return become_is_su(t) ? su : sudo;
}

/* -n where there is no password: sudo must never wait for one. */
void become_put_words(const struct transport_target *t, struct strbuf *out)
{
	bool su = become_is_su(t);
	strbuf_putc(out, ' ');
	shellwords_quote(out, slice_from(program(t)));
	if (!su)
		strbuf_puts(out,
			    t->become_password ? " -H -S -p '" BOOTSTRAP_PROMPT "'" : " -H -n");
	if (t->become_flags && t->become_flags[0])
		strbuf_printf(out, " %s", t->become_flags);
	if (!su)
		strbuf_puts(out, " -u root");
}

struct slice become_prompt(const struct transport_target *t)
{
	return become_is_su(t) ? SLICE_LIT("Password: ") : SLICE_LIT(BOOTSTRAP_PROMPT);
}

static const char *user_of(const struct transport_target *t)
{
	return t->user ? t->user : "the login user";
}

void become_refused(const struct transport_target *t, bool password_sent, struct err *err)
{
	if (!password_sent)
		err_set(err, ERR_AUTH,
			"become root as %s on %s: su wants root's password; give it with "
			"-K/--ask-become-pass or ansible_become_password",
			user_of(t), t->name);
	else if (become_is_su(t))
		err_set(err, ERR_AUTH, "root's password for su on %s is wrong", t->name);
	else
		err_set(err, ERR_AUTH, "the sudo password for %s on %s is wrong", user_of(t),
			t->name);
}

struct saying {
	const char *text, *advice;
	enum err_code code;
};

static const struct saying sudo_says[] = {
	{"a password is required",
	 "sudo wants a password; give it with -K/--ask-become-pass or ansible_become_password, or "
	 "allow NOPASSWD",
	 ERR_AUTH},
	{"incorrect password attempt", "the sudo password is wrong", ERR_AUTH},
	{"no password was provided", "the sudo password is wrong", ERR_AUTH},
	{"is not in the sudoers file", "sudo refuses: the user is not in the sudoers file",
	 ERR_AUTH},
	{"is not allowed to execute",
	 "sudo refuses: sudoers does not allow this user a shell as root (it must allow ALL)",
	 ERR_AUTH},
	{"may not run sudo", "sudo refuses: the user may not run sudo", ERR_AUTH},
	{"you must have a tty", "sudo insists on a terminal; take `requiretty` out of sudoers",
	 ERR_UNSUPPORTED},
	{"must be owned by uid 0", "sudo is not setuid root there", ERR_UNSUPPORTED},
	{"no new privileges", "sudo cannot gain privileges there (no_new_privs is set)",
	 ERR_UNSUPPORTED},
	{"account validation failure", "sudo refuses: the account has expired", ERR_AUTH},
};

static const struct saying su_says[] = {
	{"Authentication failure", "root's password is wrong, or root has none", ERR_AUTH},
	{"incorrect password", "root's password is wrong, or root has none", ERR_AUTH},
	{"Permission denied", "su refuses: the user may not become root (pam_wheel?)", ERR_AUTH},
	{"must be run from a terminal", "this su insists on a terminal", ERR_UNSUPPORTED},
	{"must be suid", "su is not setuid root there", ERR_UNSUPPORTED},
};

static bool has(struct slice text, const char *what)
{
	return memmem(text.ptr, text.len, what, strlen(what)) != NULL;
}

bool become_explain(const struct transport_target *t, struct slice errors, int status,
		    struct err *err)
{
	const struct saying *table = become_is_su(t) ? su_says : sudo_says;
	size_t n = become_is_su(t) ? ARRAY_LEN(su_says) : ARRAY_LEN(sudo_says);
	for (size_t i = 0; i < n; i++) {
		if (!has(errors, table[i].text))
			continue;
		err_set(err, table[i].code, "become root as %s on %s: %s", user_of(t), t->name,
			table[i].advice);
		return true;
	}
	if (status == 127 && has(errors, program(t))) {
		err_set(err, ERR_UNSUPPORTED,
			"%s has no %s; log in as root, or install it, or name it with "
			"ansible_become_exe",
			t->name, program(t));
		return true;
	}
	return false;
}
