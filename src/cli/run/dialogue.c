#include "dialogue.h"

#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define LINE_MAX_BYTES 65536u

static void say(void *self, struct slice text)
{
	const struct dialogue *d = self;
	fd_write_all(d->tty, text.ptr, text.len, NULL);
}

static void ask(void *self, const char *question, bool hidden)
{
	struct dialogue *d = self;
	if (hidden && !d->hides && tcgetattr(d->tty, &d->shown) == 0) {
		/* before the question: who types at once is not shown either */
		struct termios quiet = d->shown;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
		tcsetattr(d->tty, TCSAFLUSH, &quiet);
		d->hides = true;
	}
	say(self, slice_from(question));
}

/* A byte at a time: the terminal gives whole lines, and what follows one is of the next. */
static int take(void *self, struct strbuf *line, struct err *err)
{
	const struct dialogue *d = self;
	char c;
	ssize_t n = read(d->tty, &c, 1);
	if (n < 0)
		return errno == EINTR || errno == EAGAIN ? 0
							 : err_sys(err, "read from the terminal");
	if (n == 0 && line->len == 0)
		return err_set(err, ERR_CANCELLED, "no answer");
	if (n == 0 || c == '\n')
		return 1;
	if (line->len >= LINE_MAX_BYTES)
		return err_set(err, ERR_LIMIT, "a line has at most %u bytes", LINE_MAX_BYTES);
	strbuf_putc(line, c);
	return 0;
}

static void show_typing(struct dialogue *d)
{
	if (d->hides)
		tcsetattr(d->tty, TCSADRAIN, &d->shown);
	d->hides = false;
}

static void end(void *self, bool answered)
{
	struct dialogue *d = self;
	if (!answered || d->hides)
		say(self, SLICE_LIT("\n"));
	show_typing(d);
}

bool dialogue_open(struct dialogue *d)
{
	*d = (struct dialogue){.tty = -1};
	if (isatty(STDIN_FILENO))
		d->tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	d->run = (struct run_dialogue){
		.self = d, .fd = d->tty, .ask = ask, .take = take, .end = end, .say = say};
	return d->tty >= 0;
}

void dialogue_close(struct dialogue *d)
{
	if (d->tty < 0)
		return;
	show_typing(d);
	close(d->tty);
}
