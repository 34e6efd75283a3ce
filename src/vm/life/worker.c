/* The process that carries an order out on one machine. */
#include "../liveness.h"
#include "../project/project.h"
#include "life.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

/* How long somebody else may work on the machine: an image's download, a boot. */
#define OTHERS_LIMIT_MS (30 * 60 * 1000)

static_assert(sizeof(struct vm_event) <= PIPE_BUF, "an event must pass a pipe whole");

/* ---- telling ---- */

struct teller {
	int fd;
	int64_t begun_ms;
	char stage[64]; /* the last one told */
	struct vm_event event;
};

/* A character that was cut is left out. */
static void put_text(char *to, size_t size, struct slice text)
{
	size_t n = text.len < size ? text.len : size - 1;
	while (n > 0 && n < text.len && ((unsigned char)text.ptr[n] & 0xc0) == 0x80)
		n--;
	memcpy(to, text.ptr, n);
	to[n] = '\0';
}

static void tell(struct teller *t, enum vm_event_kind kind, struct slice text)
{
	t->event.kind = kind;
	t->event.elapsed_ms = clock_now_ms() - t->begun_ms;
	put_text(t->event.text, sizeof(t->event.text), text);
	/* nobody listens any more: then this work is not wanted either */
	if (fd_write_all(t->fd, &t->event, sizeof(t->event), NULL) < 0)
		_exit(1);
}

static void tell_stage(void *self, const char *stage)
{
	struct teller *t = self;
	if (strcmp(t->stage, stage) == 0)
		return;
	put_text(t->stage, sizeof(t->stage), slice_from(stage));
	tell(t, VM_EVENT_STAGE, slice_from(t->stage));
}

static void tell_note(void *self, const char *text)
{
	tell(self, VM_EVENT_NOTE, slice_from(text));
}

/* ---- ending early ---- */

static struct vm_event interrupted; /* for the handler */
static int interrupted_fd = -1;
static pid_t worker_pid;
static int64_t worker_begun_ms;

/*
 * What a worker leaves is at any moment what a killed one leaves, and every
 * driver copes with that: so it ends here. Its tools get SIGTERM by its death, its
 * locks go with it; a QEMU that was started is a process of its own and goes on.
 */
static void on_term(int signal_number)
{
	struct pollfd room = {interrupted_fd, POLLOUT, 0};
	if (getpid() != worker_pid) { /* a child that did not exec yet */
		signal(signal_number, SIG_DFL);
		raise(signal_number);
		return;
	}
	if (poll(&room, 1, 0) == 1) {
		interrupted.elapsed_ms = clock_now_ms() - worker_begun_ms;
		ssize_t n = write(interrupted_fd, &interrupted, sizeof(interrupted));
		_exit(n < 0 ? 2 : 1);
	}
	_exit(1);
}

/*
 * SIGCHLD keeps libuv's handler where the supervisor had one: libuv believes that
 * it is there. The terminal's signals do not come here, the supervisor has them.
 */
static void set_signals(void)
{
	static const int given_back[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGUSR1, SIGUSR2,
					 SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGWINCH};
	struct sigaction now, term = {.sa_handler = on_term};
	sigset_t none;
	for (size_t i = 0; i < ARRAY_LEN(given_back); i++)
		signal(given_back[i], SIG_DFL);
	if (sigaction(SIGCHLD, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		signal(SIGCHLD, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &term, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* ---- becoming a process of its own ---- */

/*
 * Nothing of the supervisor's descriptors is used here: its sockets, terminals and
 * loops. They are not closed but lead to /dev/null: libuv knows numbers of its own
 * among them, and would abort without.
 */
static void drop_descriptors(int keep)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	DIR *d = opendir("/proc/self/fd");
	const struct dirent *entry;
	if (null >= 0) {
		dup2(null, STDIN_FILENO);
		dup2(null, STDOUT_FILENO);
	}
	while (d && null >= 0 && (entry = readdir(d))) {
		int fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO && fd != keep && fd != null && fd != dirfd(d))
			dup3(null, fd, O_CLOEXEC);
	}
	if (d)
		closedir(d);
	fd_close(&null);
}

static void become_worker(const struct vm_worker *w)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0); /* ^C is for the supervisor, which passes it on */
	drop_descriptors(w->tell);
	interrupted = (struct vm_event){.kind = VM_EVENT_FAILED,
					.machine = (uint32_t)w->machine->index,
					.text = "interrupted"};
	interrupted_fd = w->tell;
	worker_pid = getpid();
	worker_begun_ms = clock_now_ms();
	if (getppid() != w->supervisor)
		_exit(1);
	set_signals();
}

/* ---- working ---- */

static int lock_machine(const struct vm_worker *w, const struct vm_reporter *r, int *ret_fd,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	CLEANUP(free_ptr) char *folder = vm_project_path(w->machine->project, "machines");
	int rc = dir_create_all(folder, 0700, err);
	if (rc < 0)
		return rc;
	strbuf_printf(&name, "%s/.%s.lock", folder, w->machine->spec->name);
	rc = vm_lock_try(name.ptr, ret_fd, err);
	if (rc != ERR_EXISTS)
		return rc;
	r->stage(r->self, "waiting for another rollout");
	rc = vm_lock_wait(name.ptr, OTHERS_LIMIT_MS, ret_fd, err);
	return rc == ERR_TIMEOUT ? err_wrap(err, rc, "another rollout works on this machine") : rc;
}

static int work(const struct vm_worker *w, struct vm_work *work, struct err *err)
{
	int lock = -1;
	int r = lock_machine(w, work->reporter, &lock, err);
	return r < 0 ? r : vm_work_carry_out(work, err); /* the lock goes with the process */
}

static void tell_failure(struct teller *t, const struct err *why, const struct strbuf *detail)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	char line[sizeof(why->msg) + 300];
	strbuf_puts(&text, err_format(why, line, sizeof(line)));
	if (detail->len > 0)
		strbuf_printf(&text, "\n%s", detail->ptr);
	tell(t, VM_EVENT_FAILED, slice_trim(strbuf_slice(&text)));
}

void vm_worker_main(const struct vm_worker *w)
{
	struct teller teller = {
		.fd = w->tell,
		.begun_ms = clock_now_ms(),
		.event = {.kind = VM_EVENT_DONE, .machine = (uint32_t)w->machine->index}};
	const struct vm_reporter reporter = {&teller, tell_stage, tell_note};
	struct vm_work todo = {.machine = w->machine,
			       .life = w->life,
			       .order = w->order,
			       .reporter = &reporter,
			       .begun_ms = teller.begun_ms};
	struct err why = {0};
	become_worker(w);
	int r = work(w, &todo, &why);
	if (r < 0)
		tell_failure(&teller, &why, &todo.detail);
	else
		tell(&teller, VM_EVENT_DONE, strbuf_slice(&todo.done));
	_exit(r < 0);
}
