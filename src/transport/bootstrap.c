#include "bootstrap.h"

#include "bootstrap_script.h"
#include "image.h"
#include "rollout/base/shellwords.h"

#include <ctype.h>
#include <stdio.h>

/* For sudo's messages to be English ones; the script puts LC_ALL back. */
static const char sudo_wrapper[] = "l=${LC_ALL-}; LC_ALL=C; export LC_ALL; s=$1; shift; exec "
				   "\"$@\" sh -c \"$s\" rollout \"$l\"";

void bootstrap_init(struct bootstrap *b, const struct transport_target *target,
		    const struct bootstrap_ops *ops, void *ctx)
{
	*b = (struct bootstrap){.target = target, .ops = ops, .ctx = ctx};
}

static void put_images(const struct transport_target *t, struct strbuf *out)
{
	for (size_t i = 0; i < t->nimages; i++)
		strbuf_printf(out, " %s %s %zu %zu", t->images[i].machine, t->images[i].sha256,
			      image_gzip_size(&t->images[i]), t->images[i].raw_size);
}

/* -n where there is no password: sudo must never wait for one. */
static void put_sudo(const struct transport_target *t, struct strbuf *out)
{
	strbuf_putc(out, ' ');
	shellwords_quote(out, slice_from(t->become_exe ? t->become_exe : "sudo"));
	strbuf_puts(out, " -H");
	if (t->become_password)
		strbuf_puts(out, " -S -p '" BOOTSTRAP_PROMPT "'");
	else
		strbuf_puts(out, " -n");
	if (t->become_flags && t->become_flags[0])
		strbuf_printf(out, " %s", t->become_flags);
	strbuf_puts(out, " -u root");
}

void bootstrap_command(const struct transport_target *t, struct strbuf *out)
{
	if (t->login_only) {
		strbuf_puts(out, t->login_command ? t->login_command : "true");
		return;
	}
	if (!t->become) {
		/* what sudo left around `rollout` itself is not about this agent */
		strbuf_printf(out,
			      "exec sh -c 'unset SUDO_UID SUDO_GID SUDO_USER SUDO_COMMAND; %s' "
			      "rollout ''",
			      bootstrap_script);
		put_images(t, out);
		return;
	}
	/* exec sh -c 'WRAPPER "$@"' rollout 'SCRIPT' sudo …; the images go to
	 * the script, so they stand in the wrapper's text */
	strbuf_printf(out, "exec sh -c '%s", sudo_wrapper);
	put_images(t, out);
	strbuf_printf(out, "' rollout '%s'", bootstrap_script);
	put_sudo(t, out);
}

static void fail(struct bootstrap *b, const struct err *why)
{
	b->state = BOOTSTRAP_FAILED;
	b->ops->fail(b->ctx, why);
}

static const char *where(const struct bootstrap *b)
{
	return b->target->name;
}

/* The last of a text on one line, without control characters. */
static void put_line(struct slice s, char *to, size_t size)
{
	size_t n = 0;
	s = slice_trim(s);
	if (s.len >= size) {
		s.ptr += s.len - (size - 1);
		s.len = size - 1;
	}
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];
		if (c == '\n' && n > 0)
			to[n++] = ' ';
		else if (c >= 0x20 && c != 0x7f)
			to[n++] = (char)c;
	}
	to[n] = '\0';
}

/* What stderr said, or else what a login shell said on stdout (nologin does). */
static void put_errors(const struct bootstrap *b, char *to, size_t size)
{
	put_line(strbuf_slice(&b->errors), to, size);
	if (!to[0] && b->state != BOOTSTRAP_UP)
		put_line(slice_from(b->heard), to, size);
}

static bool errors_have(const struct bootstrap *b, const char *text)
{
	struct slice s = strbuf_slice(&b->errors);
	return memmem(s.ptr, s.len, text, strlen(text)) != NULL;
}

static void machine_error(const struct bootstrap *b, struct slice machine, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf have = {0};
	strbuf_puts(&have, b->target->nimages ? "" : "none");
	for (size_t i = 0; i < b->target->nimages; i++)
		strbuf_printf(&have, "%s%s", i ? ", " : "", b->target->images[i].machine);
	err_set(err, ERR_UNSUPPORTED, "%s is a %.*s machine; this rollout carries agents for: %s",
		where(b), SLICE_ARG(machine), have.ptr);
}

static void receive_error(const struct bootstrap *b, struct slice folder, struct err *err)
{
	char errors[400];
	size_t need = b->target->nimages ? b->target->images[0].raw_size : 0;
	const struct transport_agent_image *image = image_find(b->target, slice_from(b->machine));
	if (image)
		need = image->raw_size;
	put_errors(b, errors, sizeof(errors));
	if (errors_have(b, "No space left"))
		err_set(err, ERR_SYS, "no space left on %s:%.*s; the agent needs %zu bytes",
			where(b), SLICE_ARG(folder), need);
	else
		err_set(err, ERR_SYS,
			"%s has no folder that could take and run the agent (tried "
			"~/.cache/rollout, "
			"/var/tmp, /tmp, /dev/shm; the last: %.*s)%s%s",
			where(b), SLICE_ARG(folder), errors[0] ? ": " : "", errors);
}

static void error_line(struct bootstrap *b, struct slice rest)
{
	struct err why = {0};
	struct slice word;
	if (!slice_split(&rest, ' ', &word))
		word = rest;
	if (slice_is(word, "machine"))
		machine_error(b, rest, &why);
	else if (slice_is(word, "sha256sum"))
		err_set(&why, ERR_UNSUPPORTED,
			"%s has neither sha256sum nor openssl, one of which must check the agent",
			where(b));
	else
		receive_error(b, rest, &why);
	fail(b, &why);
}

static bool known_machine(struct bootstrap *b, struct slice machine,
			  const struct transport_agent_image **ret)
{
	*ret = image_find(b->target, machine);
	if (!*ret || machine.len >= sizeof(b->machine))
		return false;
	memcpy(b->machine, machine.ptr, machine.len);
	b->machine[machine.len] = '\0';
	return true;
}

static void need_line(struct bootstrap *b, struct slice rest)
{
	CLEANUP(strbuf_release) struct strbuf bytes = {0};
	const struct transport_agent_image *image;
	struct slice machine;
	struct err why = {0};
	if (!slice_split(&rest, ' ', &machine) || !known_machine(b, machine, &image) ||
	    ++b->sends > BOOTSTRAP_SENDS_MAX) {
		err_set(&why, ERR_PROTOCOL, "%s asks for an agent that it was not offered",
			where(b));
		fail(b, &why);
		return;
	}
	int r = slice_is(rest, "gzip") ? image_gzip(image, &bytes, &why)
				       : image_raw(image, &bytes, &why);
	if (r < 0)
		fail(b, &why);
	else
		b->ops->write(b->ctx, strbuf_slice(&bytes));
}

static void start_line(struct bootstrap *b, struct slice rest)
{
	const struct transport_agent_image *image;
	struct slice machine;
	struct err why = {0};
	if (!slice_split(&rest, ' ', &machine) || !known_machine(b, machine, &image)) {
		err_set(&why, ERR_PROTOCOL, "%s starts an agent that it was not offered", where(b));
		fail(b, &why);
		return;
	}
	b->state = BOOTSTRAP_UP;
	strbuf_truncate(&b->errors, 0);
	b->ops->up(b->ctx, b->machine, slice_is(rest, "1"));
}

static void one_line(struct bootstrap *b, struct slice line)
{
	struct slice kind;
	if (line.len > 0 && line.ptr[line.len - 1] == '\r')
		line.len--;
	if (!slice_starts_with(line, BOOTSTRAP_MARK)) {
		if (slice_trim(line).len > 0)
			put_line(line, b->heard, sizeof(b->heard));
		return;
	}
	line.ptr += sizeof(BOOTSTRAP_MARK) - 1;
	line.len -= sizeof(BOOTSTRAP_MARK) - 1;
	if (!slice_split(&line, ' ', &kind))
		return;
	if (slice_is(kind, "NEED"))
		need_line(b, line);
	else if (slice_is(kind, "START"))
		start_line(b, line);
	else if (slice_is(kind, "ERROR"))
		error_line(b, line);
}

void bootstrap_stdout(struct bootstrap *b, struct slice bytes)
{
	while (bytes.len > 0 && b->state == BOOTSTRAP_TALKING) {
		const char *end = memchr(bytes.ptr, '\n', bytes.len);
		size_t n = end ? (size_t)(end - bytes.ptr) + 1 : bytes.len;
		b->noise += n;
		if (b->noise > BOOTSTRAP_NOISE_MAX) {
			struct err why = {0};
			err_set(&why, ERR_PROTOCOL,
				"%s printed %u bytes and no agent started: does the login shell "
				"run "
				"commands?",
				where(b), BOOTSTRAP_NOISE_MAX);
			fail(b, &why);
			return;
		}
		strbuf_append(&b->line, bytes.ptr, n);
		bytes.ptr += n;
		bytes.len -= n;
		if (!end)
			return;
		strbuf_truncate(&b->line, b->line.len - 1);
		one_line(b, strbuf_slice(&b->line));
		strbuf_truncate(&b->line, 0);
	}
	if (bytes.len > 0 && b->state == BOOTSTRAP_UP)
		b->ops->data(b->ctx, bytes);
}

static void wrong_password(struct bootstrap *b)
{
	struct err why = {0};
	err_set(&why, ERR_AUTH, "the sudo password for %s on %s is wrong",
		b->target->user ? b->target->user : "the login user", where(b));
	fail(b, &why);
}

/* sudo asks: the first time it gets the password, a second time means it was
 * wrong. */
static void look_for_prompt(struct bootstrap *b)
{
	struct slice s = strbuf_slice(&b->errors);
	const size_t n = sizeof(BOOTSTRAP_PROMPT) - 1;
	while (b->state == BOOTSTRAP_TALKING && b->target->become_password) {
		const char *from = s.ptr + b->prompt_seen;
		const char *at = memmem(from, s.len - b->prompt_seen, BOOTSTRAP_PROMPT, n);
		if (!at)
			return;
		b->prompt_seen = (size_t)(at - s.ptr) + n;
		if (b->password_sent) {
			wrong_password(b);
			return;
		}
		CLEANUP(strbuf_wipe) struct strbuf line = {0};
		strbuf_puts(&line, b->target->become_password);
		strbuf_putc(&line, '\n');
		b->password_sent = true;
		b->ops->write(b->ctx, strbuf_slice(&line));
	}
}

void bootstrap_stderr(struct bootstrap *b, struct slice bytes)
{
	if (bytes.len > BOOTSTRAP_STDERR_MAX) {
		bytes.ptr += bytes.len - BOOTSTRAP_STDERR_MAX;
		bytes.len = BOOTSTRAP_STDERR_MAX;
	}
	strbuf_slice_append(&b->errors, bytes);
	look_for_prompt(b);
	if (b->errors.len > BOOTSTRAP_STDERR_MAX) {
		size_t drop = b->errors.len - BOOTSTRAP_STDERR_MAX;
		strbuf_drop_front(&b->errors, drop);
		b->prompt_seen = b->prompt_seen > drop ? b->prompt_seen - drop : 0;
	}
}

/* What sudo says, and what to do. */
static bool explain_sudo(const struct bootstrap *b, int status, struct err *err)
{
	const char *user = b->target->user ? b->target->user : "the login user";
	const struct {
		const char *text, *advice;
		enum err_code code;
	} cases[] = {
		{"a password is required",
		 "sudo wants a password; give it with -K/--ask-become-pass or "
		 "ansible_become_password, or allow NOPASSWD",
		 ERR_AUTH},
		{"incorrect password attempt", "the sudo password is wrong", ERR_AUTH},
		{"no password was provided", "the sudo password is wrong", ERR_AUTH},
		{"is not in the sudoers file", "sudo refuses: the user is not in the sudoers file",
		 ERR_AUTH},
		{"is not allowed to execute",
		 "sudo refuses: sudoers does not allow this user a shell "
		 "as root (it must allow ALL)",
		 ERR_AUTH},
		{"may not run sudo", "sudo refuses: the user may not run sudo", ERR_AUTH},
		{"you must have a tty",
		 "sudo insists on a terminal; take `requiretty` out of sudoers", ERR_UNSUPPORTED},
		{"must be owned by uid 0", "sudo is not setuid root there", ERR_UNSUPPORTED},
		{"no new privileges", "sudo cannot gain privileges there (no_new_privs is set)",
		 ERR_UNSUPPORTED},
		{"account validation failure", "sudo refuses: the account has expired", ERR_AUTH},
	};
	char said[300];
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		if (!errors_have(b, cases[i].text))
			continue;
		put_errors(b, said, sizeof(said));
		err_set(err, cases[i].code, "become root as %s on %s: %s (%s)", user, where(b),
			cases[i].advice, said);
		return true;
	}
	if (status == 127 &&
	    errors_have(b, b->target->become_exe ? b->target->become_exe : "sudo")) {
		err_set(err, ERR_UNSUPPORTED,
			"%s has no %s; log in as root, or install it, or name it with "
			"ansible_become_exe",
			where(b), b->target->become_exe ? b->target->become_exe : "sudo");
		return true;
	}
	return false;
}

void bootstrap_explain(const struct bootstrap *b, int status, const char *signal, struct err *err)
{
	char said[500], how[80];
	bool up = b->state == BOOTSTRAP_UP, login = b->target->login_only;
	if (!up && !login && b->target->become && explain_sudo(b, status, err))
		return;
	put_errors(b, said, sizeof(said));
	if (signal)
		snprintf(how, sizeof(how), "was killed by SIG%.30s", signal);
	else if (status >= 0)
		snprintf(how, sizeof(how), "ended with exit status %d", status);
	else
		snprintf(how, sizeof(how), "ended");
	/* TERM, HUP and KILL are what a reboot looks like: worth another try. */
	bool shutdown = signal && (strcmp(signal, "TERM") == 0 || strcmp(signal, "HUP") == 0 ||
				   strcmp(signal, "KILL") == 0);
	bool again = up && (shutdown || (!signal && status < 0) || status == 128 + 15);
	err_set(err, again ? ERR_UNREACHABLE : ERR_PROTOCOL, "%s on %s %s%s%s",
		up	? "the agent"
		: login ? "the command that proves the login"
			: "the command that starts the agent",
		where(b), how, said[0] ? ": " : "", said);
}

void bootstrap_release(struct bootstrap *b)
{
	strbuf_release(&b->line);
	strbuf_release(&b->errors);
}
