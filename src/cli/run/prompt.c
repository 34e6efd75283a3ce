/* A question of vars_prompt: its text as Ansible's, without echo where private. */
#include "prompt.h"

#include "../password.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#define ANSWER_MAX_BYTES 4096u

static const char *question(struct strbuf *out, const struct plan_prompt *p)
{
	if (p->text && p->fallback)
		strbuf_printf(out, "%s [%s]: ", p->text, p->fallback);
	else
		strbuf_printf(out,
			      p->text ? "%s: " : "input for %s: ", p->text ? p->text : p->name);
	return out->ptr;
}

static int read_line(struct strbuf *out, struct err *err)
{
	for (;;) {
		char c;
		ssize_t n = read(STDIN_FILENO, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read from the terminal");
		if (n == 0 && out->len == 0)
			return err_set(err, ERR_CANCELLED, "no answer");
		if (n == 0 || c == '\n')
			return 0;
		if (out->len + 1 >= ANSWER_MAX_BYTES)
			return err_set(err, ERR_LIMIT, "an answer has at most %u bytes",
				       ANSWER_MAX_BYTES);
		strbuf_putc(out, c);
	}
}

static int ask_once(const struct plan_prompt *p, const char *text, struct strbuf *out,
		    struct err *err)
{
	strbuf_truncate(out, 0);
	if (p->private)
		return password_ask(text, out, err);
	printf("%s", text);
	fflush(stdout);
	return read_line(out, err);
}

int prompt_ask(void *self UNUSED, const struct plan_prompt *p, struct strbuf *ret, struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0}, again CLEANUP(strbuf_wipe) = {0};
	if (!isatty(STDIN_FILENO)) {
		if (p->fallback)
			return 0;
		return err_set(err, ERR_USAGE,
			       "there is no terminal to ask for '%s', and no default; -e %s=… "
			       "answers it",
			       p->name, p->name);
	}
	question(&text, p);
	for (;;) {
		int r = ask_once(p, text.ptr, ret, err);
		if (r < 0 || !p->confirm)
			return r;
		struct strbuf twice CLEANUP(strbuf_release) = {0};
		strbuf_printf(&twice, "confirm %s", text.ptr);
		if ((r = ask_once(p, twice.ptr, &again, err)) < 0)
			return r;
		if (slice_eq(strbuf_slice(ret), strbuf_slice(&again)))
			return 0;
		printf("***** VALUES ENTERED DO NOT MATCH ****\n");
	}
}
