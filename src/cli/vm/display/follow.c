#include "follow.h"

#include "../../complaint.h"
#include "display.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#define DRAW_EVERY_MS 100

/* ---- signals: one byte each in a pipe, so that poll sees them ---- */

static int signal_pipe[2] = {-1, -1};
static pid_t signal_owner; /* workers inherit the handler until they set their own */

static void on_signal(int number UNUSED)
{
	int saved = errno;
	if (getpid() == signal_owner)
		(void)!write(signal_pipe[1], "!", 1);
	errno = saved;
}

static const int caught[] = {SIGINT, SIGTERM, SIGHUP};
struct signals {
	struct sigaction before[ARRAY_LEN(caught)];
};

static int signals_catch(struct signals *s, struct err *err)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};
	sigemptyset(&action.sa_mask);
	if (pipe2(signal_pipe, O_CLOEXEC | O_NONBLOCK) < 0)
		return err_sys(err, "make a pipe");
	signal_owner = getpid();
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		sigaction(caught[i], &action, &s->before[i]);
	return 0;
}

static void signals_release(const struct signals *s)
{
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		sigaction(caught[i], &s->before[i], NULL);
	fd_close(&signal_pipe[0]);
	fd_close(&signal_pipe[1]);
}

static size_t signals_take(void)
{
	char bytes[16];
	ssize_t n = read(signal_pipe[0], bytes, sizeof(bytes));
	return n > 0 ? (size_t)n : 0;
}

/* ---- the order ---- */

struct follow {
	struct vm_display *display;
	struct vm_order *order;
	size_t signals; /* so far */
};

static void on_event(void *ctx, const struct vm_event *e)
{
	struct follow *f = ctx;
	vm_display_event(f->display, e, clock_now_ms());
}

static void take_signals(struct follow *f)
{
	bool first = f->signals == 0;
	f->signals += signals_take();
	if (!first || f->signals == 0)
		return;
	vm_display_say(f->display, "interrupted: the machines stop what they are at; "
				   "once more to leave at once");
	vm_order_interrupt(f->order);
}

/* Until all is over, or the user will not wait. */
static void follow_order(struct follow *f)
{
	while (f->signals < 2 && vm_order_read(f->order, on_event, f) > 0) {
		struct pollfd fds[] = {{.fd = vm_order_fd(f->order), .events = POLLIN},
				       {.fd = signal_pipe[0], .events = POLLIN}};
		vm_display_draw(f->display, clock_now_ms());
		poll(fds, ARRAY_LEN(fds), DRAW_EVERY_MS);
		take_signals(f);
	}
}

static const char *done_word(enum vm_verb verb)
{
	static const char *const words[] = {
		[VM_VERB_UP] = "up",
		[VM_VERB_HALT] = "stopped",
		[VM_VERB_RELOAD] = "up",
		[VM_VERB_SUSPEND] = "suspended",
		[VM_VERB_RESUME] = "up",
		[VM_VERB_DESTROY] = "destroyed",
		[VM_VERB_RECREATE] = "up",
		[VM_VERB_SNAPSHOT_SAVE] = "saved",
		[VM_VERB_SNAPSHOT_RESTORE] = "restored",
		[VM_VERB_SNAPSHOT_DELETE] = "deleted",
	};
	return words[verb];
}

static const char *verb_word(enum vm_verb verb)
{
	static const char *const words[] = {
		[VM_VERB_UP] = "up",
		[VM_VERB_HALT] = "halt",
		[VM_VERB_RELOAD] = "reload",
		[VM_VERB_SUSPEND] = "suspend",
		[VM_VERB_RESUME] = "resume",
		[VM_VERB_DESTROY] = "destroy",
		[VM_VERB_RECREATE] = "recreate",
		[VM_VERB_SNAPSHOT_SAVE] = "snapshot save",
		[VM_VERB_SNAPSHOT_RESTORE] = "snapshot restore",
		[VM_VERB_SNAPSHOT_DELETE] = "snapshot delete",
	};
	return words[verb];
}

static enum vm_display_style display_style(const struct options *o)
{
	const char *term = getenv("TERM");
	bool live = isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
	if (o->json)
		return VM_DISPLAY_JSON;
	return live ? VM_DISPLAY_LIVE : VM_DISPLAY_LINES;
}

static struct vm_display *open_display(const struct vm_session *s,
				       const struct vm_order_options *order)
{
	size_t n = s->project->machines.len;
	const char **names = ARENA_ARRAY(&s->loaded->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		names[i] = s->project->machines.at[i]->spec->name;
	fflush(stdout);
	return vm_display_new(&(struct vm_display_options){
		.fd = STDOUT_FILENO,
		.style = display_style(s->options),
		.color = terminal_has_color(STDOUT_FILENO),
		.verb = verb_word(order->verb),
		.done = done_word(order->verb),
		.names = names,
		.nnames = n,
		.machines = order->machines,
		.nmachines = order->nmachines,
		.now_ms = clock_now_ms(),
	});
}

int vm_follow(const struct vm_session *s, const struct vm_order_options *order, struct err *err)
{
	struct follow f = {0};
	struct signals signals;
	int r = signals_catch(&signals, err);
	if (r < 0)
		return r;
	f.display = open_display(s, order);
	r = vm_order_begin(s->project, order, &f.order, err);
	if (r == 0) {
		follow_order(&f);
		r = vm_display_end(f.display, clock_now_ms()) > 0 ? RUN_EXIT_FAILED : RUN_EXIT_OK;
		r = f.signals > 0 ? RUN_EXIT_INTERRUPTED : r;
		vm_order_free(f.order);
	}
	vm_display_free(f.display);
	signals_release(&signals);
	return r;
}
