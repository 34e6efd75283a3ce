/* ssh, ssh-config, console, log: one machine, in the foreground. */
#include "verbs.h"

#include "rollout/report/visible.h"

#include <stdio.h>

#define LINES_DEFAULT 100u
#define LOG_MAX_BYTES (4u << 20)

static int one_word(const struct vm_words *words, const char **ret, struct err *err)
{
	if (words->len > 1)
		return err_set(err, ERR_USAGE, "one machine at a time, not '%s' and '%s'",
			       words->at[0], words->at[1]);
	*ret = words->len > 0 ? words->at[0] : NULL;
	return 0;
}

/* The machine, which must have been made. */
static int made_one(const struct vm_session *s, const char *name, struct vm_machine **ret,
		    struct err *err)
{
	struct vm_status status = {0};
	struct vm_machine *m = NULL;
	int r = vm_session_one(s, name, &m, err);
	if (r == 0)
		r = vm_machine_status(m, &status, err);
	if (r < 0)
		return r;
	if (status.state == VM_ABSENT)
		return err_set(err, ERR_NOT_FOUND, "%s was not created yet: rollout vm up %s",
			       m->spec->name, m->spec->name);
	*ret = m;
	return 0;
}

/* The name, if there is one, stands before `--`; the command is all that follows. */
int vm_verb_ssh(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	bool named = words->plain > 0;
	const char *const *command = words->at + named;
	struct vm_machine *m = NULL;
	int r = made_one(s, named ? words->at[0] : NULL, &m, err);
	if (r < 0)
		return r;
	fflush(stdout);
	return vm_machine_ssh(m, *command ? command : NULL, err);
}

int vm_verb_ssh_config(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *name = NULL;
	struct vm_machine *m = NULL;
	int r = one_word(words, &name, err);
	if (r == 0 && name)
		r = vm_session_one(s, name, &m, err);
	if (r < 0)
		return r;
	vm_ssh_config(s->project, m, &text);
	if (slice_trim(strbuf_slice(&text)).len == 0)
		return err_set(
			err, ERR_NOT_FOUND,
			"rollout vm up decides how machines are reached; it was not called yet");
	fputs(text.ptr, stdout);
	return RUN_EXIT_OK;
}

int vm_verb_console(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	const char *name = NULL;
	struct vm_machine *m = NULL;
	int r = one_word(words, &name, err);
	if (r == 0)
		r = made_one(s, name, &m, err);
	fflush(stdout);
	return r < 0 ? r : vm_machine_console(m, err);
}

/* ---- log ---- */

/* Consoles talk to a terminal: colours and cursor moves (ECMA-48 section 5.4) go, a
 * line that is written over becomes two. */
static void without_sequences(struct slice text, struct strbuf *out)
{
	for (size_t i = 0; i < text.len; i++) {
		char next = i + 1 < text.len ? text.ptr[i + 1] : '\n';
		if (text.ptr[i] == '\r') {
			if (next != '\r' && next != '\n')
				strbuf_putc(out, '\n');
			continue;
		}
		if (text.ptr[i] != '\033') {
			strbuf_putc(out, text.ptr[i]);
			continue;
		}
		if (++i >= text.len || text.ptr[i] != '[')
			continue;
		for (i++; i < text.len && (text.ptr[i] < 0x40 || text.ptr[i] > 0x7e); i++)
			;
	}
}

static struct slice last_lines(struct slice text, unsigned lines)
{
	size_t at = text.len;
	if (at > 0 && text.ptr[at - 1] == '\n')
		at--;
	for (; at > 0; at--)
		if (text.ptr[at - 1] == '\n' && --lines == 0)
			break;
	return (struct slice){text.ptr + at, text.len - at};
}

int vm_verb_log(const struct vm_session *s, const struct vm_words *words, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf raw = {0}, plain = {0}, shown = {0};
	const char *name = NULL;
	struct vm_machine *m = NULL;
	int r = one_word(words, &name, err);
	if (r == 0)
		r = made_one(s, name, &m, err);
	if (r == 0)
		r = vm_machine_log(m, LOG_MAX_BYTES, &raw, err);
	if (r < 0)
		return r;
	without_sequences(strbuf_slice(&raw), &plain);
	unsigned lines = s->options->lines ? s->options->lines : LINES_DEFAULT;
	visible_text(&shown, last_lines(strbuf_slice(&plain), lines));
	printf("%s%s", shown.ptr ? shown.ptr : "",
	       shown.len > 0 && !slice_ends_with(strbuf_slice(&shown), "\n") ? "\n" : "");
	return RUN_EXIT_OK;
}
