#include "bootstrap.h"

#include "become.h"
#include "bootstrap_script.h"
#include "image.h"

#include <ctype.h>
#include <stdio.h>

#define PASSWORD_MIN 4u /* shorter ones cannot be told from other text */

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
	strbuf_printf(out, "exec sh -c '%s", become_wrapper(t));
	put_images(t, out);
	strbuf_printf(out, "' rollout '%s'", bootstrap_script);
	become_put_words(t, out);
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

/* As put_line; a host that got the password may say it again (sh -x does). */
static void put_shown(const struct bootstrap *b, struct slice s, char *to, size_t size)
{
	CLEANUP(strbuf_wipe) struct strbuf shown = {0};
	const char *password = b->target->become_password, *at;
	size_t n = password ? strlen(password) : 0;
	while (n >= PASSWORD_MIN && (at = memmem(s.ptr, s.len, password, n))) {
		size_t before = (size_t)(at - s.ptr);
		strbuf_append(&shown, s.ptr, before);
		strbuf_puts(&shown, "********");
		s = (struct slice){at + n, s.len - before - n};
	}
	strbuf_slice_append(&shown, s);
	put_line(strbuf_slice(&shown), to, size);
}

void bootstrap_said(const struct bootstrap *b, char *to, size_t size)
{
	put_shown(b, strbuf_slice(&b->errors), to, size);
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
	bootstrap_said(b, errors, sizeof(errors));
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
			put_shown(b, line, b->heard, sizeof(b->heard));
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

/* It asks: the first time it gets the password, a second time means that this was
 * wrong. */
static void look_for_prompt(struct bootstrap *b)
{
	struct slice s = strbuf_slice(&b->errors), prompt = become_prompt(b->target);
	const char *password = b->target->become_password;
	/* sudo -n does not ask */
	while (b->state == BOOTSTRAP_TALKING && b->target->become &&
	       (password || become_is_su(b->target))) {
		const char *from = s.ptr + b->prompt_seen;
		const char *at = memmem(from, s.len - b->prompt_seen, prompt.ptr, prompt.len);
		if (!at)
			return;
		b->prompt_seen = (size_t)(at - s.ptr) + prompt.len;
		if (b->password_sent || !password) {
			struct err why = {0};
			become_refused(b->target, b->password_sent, &why);
			fail(b, &why);
			return;
		}
		CLEANUP(strbuf_wipe) struct strbuf line = {0};
		strbuf_puts(&line, password);
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

/* What sudo or su says, and what to do. */
static bool explain_becoming(const struct bootstrap *b, int status, struct err *err)
{
	char said[300], advice[sizeof(err->msg)];
	if (!become_explain(b->target, strbuf_slice(&b->errors), status, err))
		return false;
	bootstrap_said(b, said, sizeof(said));
	if (status != 127 && said[0]) {
		snprintf(advice, sizeof(advice), "%s", err->msg);
		err_set(err, err->code, "%s (%s)", advice, said);
	}
	return true;
}

void bootstrap_explain(const struct bootstrap *b, int status, const char *signal, struct err *err)
{
	char said[500], how[80];
	bool up = b->state == BOOTSTRAP_UP, login = b->target->login_only;
	if (!up && !login && b->target->become && explain_becoming(b, status, err))
		return;
	bootstrap_said(b, said, sizeof(said));
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
