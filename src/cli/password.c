#include "password.h"

#include "rollout/base/capture.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define KEY_INTERRUPT 0x03
#define KEY_END 0x04
#define KEY_ERASE_LINE 0x15

static void erase_character(struct strbuf *out)
{
	size_t n = out->len;
	while (n > 0 && ((unsigned char)out->ptr[n - 1] & 0xC0) == 0x80)
		n--;
	if (n > 0)
		strbuf_truncate(out, n - 1);
}

/* Until Enter. Keys come raw: ^C must not end the program while echo is off. */
static int read_keys(int tty, struct strbuf *out, struct err *err)
{
	strbuf_reserve(out, PASSWORD_MAX_BYTES); /* does not move: nothing to wipe behind it */
	for (;;) {
		char c;
		ssize_t n = read(tty, &c, 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_sys(err, "read from the terminal");
		if (n == 0 || c == '\n' || c == '\r' || c == KEY_END)
			return 0;
		if (c == KEY_INTERRUPT)
			return err_set(err, ERR_CANCELLED, "interrupted");
		if (c == KEY_ERASE_LINE)
			strbuf_truncate(out, 0);
		else if (c == '\b' || c == 0x7F)
			erase_character(out);
		else if (out->len + 1 >= PASSWORD_MAX_BYTES)
			return err_set(err, ERR_LIMIT, "a password has at most %u bytes",
				       PASSWORD_MAX_BYTES);
		else
			strbuf_putc(out, c);
	}
}

int password_ask(const char *prompt, struct strbuf *out, struct err *err)
{
	struct termios saved, quiet;
	CLEANUP(fd_close) int tty = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (tty < 0 || tcgetattr(tty, &saved) < 0)
		return err_set(err, ERR_USAGE,
			       "no terminal to ask for a password; "
			       "--become-password-file, --connection-password-file and "
			       "--vault-password-file read one");
	quiet = saved;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | ISIG);
	quiet.c_cc[VMIN] = 1;
	quiet.c_cc[VTIME] = 0;
	tcsetattr(tty, TCSAFLUSH, &quiet); /* first: who types at once is not shown either */
	fd_write_all(tty, prompt, strlen(prompt), NULL);
	int r = read_keys(tty, out, err);
	tcsetattr(tty, TCSAFLUSH, &saved);
	fd_write_all(tty, "\n", 1, NULL);
	return r;
}

bool password_is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* It may ask at the terminal: input and standard error are ours. */
static int run_program(const char *path, struct strbuf *out, struct err *err)
{
	const struct capture c = {.argv = (const char *[]){path, NULL},
				  .max_bytes = PASSWORD_MAX_BYTES,
				  .timeout_ms = PASSWORD_PROGRAM_TIMEOUT_MS};
	int status = 0;
	int r = capture_run(&c, out, &status, err);
	if (r == 0 && status != 0)
		return err_set(err, ERR_INVALID, "%s failed with status %d", path,
			       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return r;
}

static int read_any(const char *path, struct strbuf *out, struct err *err)
{
	if (strcmp(path, "-") == 0)
		return fd_read_all(STDIN_FILENO, PASSWORD_MAX_BYTES, out, err);
	return password_is_program(path) ? run_program(path, out, err)
					 : file_read(path, PASSWORD_MAX_BYTES, out, err);
}

int password_read_file(const char *path, struct strbuf *out, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	int r = read_any(path, &text, err);
	if (r < 0)
		return err_wrap(err, r, "password file");
	struct slice rest = strbuf_slice(&text), line;
	slice_split(&rest, '\n', &line);
	if (slice_ends_with(line, "\r"))
		line.len--;
	if (line.len == 0)
		return err_set(err, ERR_INVALID, "%s: the password file's first line is empty",
			       path);
	strbuf_slice_append(out, line);
	return 0;
}
