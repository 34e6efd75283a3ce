#include "ready.h"

#include "../liveness.h"
#include "../project/project.h"
#include "boot/boot_watch.h"
#include "login.h"
#include "probe.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <poll.h>

#define STEP_MS 50
#define PROBE_EVERY_MS 250
#define SILENCE_MS 3000	     /* an open, silent port: then a new connection, */
#define SILENCE_MAX_MS 20000 /* with more patience each time: emulated guests are slow */
#define ALIVE_EVERY_MS 500
#define LOGIN_LIMIT_MS 30000
#define LOGIN_LEAST_MS 2000
/* Not faster: sshd's penalties for failed logins (PerSourcePenalties, 5 s each)
 * would add up and shut us out. */
#define LOGIN_AGAIN_MS 6000
#define AUTH_PATIENCE_MS 10000
#define AUTH_PATIENCE_FIRST_MS 180000 /* cloud-init makes the user, in its own time */
#define CLOUD_INIT_EVERY_MS 3000
#define LAST_WORDS_MS 500 /* what a kernel prints after the panic's first line */
#define TAIL_LINES 15
#define TAIL_BYTES 1200
#define PROGRAM_LOG_MAX (1u << 20)
#define PROGRAM_LOG_SHOWN 300u

struct waiting {
	const struct vm_ready *how;
	const char *name;
	struct vm_boot_watch watch;
	struct vm_probe probe;
	char *lock, *log;
	int64_t begun_ms, probe_at_ms, alive_at_ms, silence_ms, refused_since_ms;
	const char *trouble; /* of the probe */
	struct err last;     /* of the login */
	bool login_now;	     /* a greeting was seen before: no probe */
	bool in;	     /* cloud-init is all that is waited for */
};

static const char silent_port[] = "its SSH port accepts a connection and stays silent";

/* ---- failing ---- */

static double seconds_since(int64_t ms)
{
	return (double)(clock_now_ms() - ms) / 1000;
}

static const char *stage_of(const struct waiting *w)
{
	return w->watch.stage.kind == BOOT_SIGN_STAGE ? w->watch.stage.stage
						      : "nothing on its console yet";
}

static void put_console(struct waiting *w, struct strbuf *detail)
{
	CLEANUP(strbuf_release) struct strbuf tail = {0};
	vm_boot_watch_tail(&w->watch, TAIL_LINES, TAIL_BYTES, &tail);
	if (tail.len > 0)
		strbuf_printf(detail, "the end of its console:\n%s", tail.ptr);
}

static void put_advice(struct waiting *w, const char *advice, struct strbuf *detail)
{
	put_console(w, detail);
	if (advice)
		strbuf_printf(detail, "%s\n", advice);
	strbuf_printf(detail, "look: rollout vm log %s; rollout vm console %s", w->name, w->name);
}

static int fail_boot(struct waiting *w, struct strbuf *detail, struct err *err)
{
	poll(NULL, 0, LAST_WORDS_MS);
	vm_boot_watch_read(&w->watch, w->how->reporter);
	put_advice(w, w->watch.fatal.advice, detail);
	return err_set(err, ERR_UNREACHABLE, "its boot failed after %.1f s: %s",
		       seconds_since(w->begun_ms), w->watch.fatal_line);
}

/* What QEMU itself said, where that is what runs it. */
static void put_program_log(struct waiting *w, struct strbuf *detail)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(w->how->machine, "qemu.log");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (file_read(path, PROGRAM_LOG_MAX, &text, NULL) < 0)
		return;
	struct slice end = slice_trim(strbuf_slice(&text));
	if (end.len > PROGRAM_LOG_SHOWN)
		end = (struct slice){end.ptr + end.len - PROGRAM_LOG_SHOWN, PROGRAM_LOG_SHOWN};
	if (end.len > 0)
		strbuf_printf(detail, "%s ends:\n%.*s\n", path, SLICE_ARG(end));
}

static int fail_stopped(struct waiting *w, struct strbuf *detail, struct err *err)
{
	vm_boot_watch_read(&w->watch, w->how->reporter);
	put_program_log(w, detail);
	put_advice(w, NULL, detail);
	return err_set(err, ERR_UNREACHABLE, "it stopped %.1f s into its boot (at: %s)",
		       seconds_since(w->begun_ms), stage_of(w));
}

static int fail_limit(struct waiting *w, struct strbuf *detail, struct err *err)
{
	const char *trouble = w->last.code ? w->last.msg : w->trouble;
	put_console(w, detail);
	if (w->in)
		trouble = "see /var/log/cloud-init-output.log there";
	strbuf_printf(detail,
		      "look: rollout vm log %s; rollout vm console %s\n"
		      "it still runs, and `up` waits again: with more patience by --boot-timeout; "
		      "a disk made anew: rollout vm recreate %s",
		      w->name, w->name, w->name);
	return err_set(err, ERR_TIMEOUT, "%s after %.1f s (at: %s)%s%s",
		       w->in ? "cloud-init has not finished" : "not reachable by SSH",
		       seconds_since(w->begun_ms), stage_of(w), trouble ? "; " : "",
		       trouble ? trouble : "");
}

static int fail_login(struct waiting *w, struct strbuf *detail, struct err *err)
{
	*err = w->last;
	if (w->last.code == ERR_HOSTKEY) {
		strbuf_printf(detail,
			      "if nobody is in between, its disk is of another time: "
			      "rollout vm recreate %s",
			      w->name);
		return err_wrap(err, ERR_HOSTKEY, "the host key of %s is not the one it was given",
				w->name);
	}
	put_advice(w, NULL, detail);
	strbuf_printf(detail, "; a disk made anew gets user and key again: rollout vm recreate %s",
		      w->name);
	return err_wrap(err, w->last.code, "its SSH server answers and refuses us");
}

/* ---- the SSH server ---- */

static void probe_later(struct waiting *w, int64_t ms)
{
	vm_probe_end(&w->probe);
	w->probe_at_ms = clock_now_ms() + ms;
}

/* true: it greets. Sleeps a step. */
static bool probe_step(struct waiting *w)
{
	const char *host;
	unsigned port;
	const int64_t now_ms = clock_now_ms();
	if (w->probe.fd < 0 && now_ms < w->probe_at_ms) {
		poll(NULL, 0, STEP_MS);
		return false;
	}
	if (w->probe.fd < 0) {
		vm_probe_place(w->how->machine, &host, &port);
		vm_probe_begin(&w->probe, host, port);
	}
	switch (vm_probe_step(&w->probe, STEP_MS)) {
	case PROBE_ANSWERED:
		return true;
	case PROBE_REFUSED:
		w->silence_ms = SILENCE_MS;
		w->trouble = w->probe.why;
		probe_later(w, PROBE_EVERY_MS);
		return false;
	case PROBE_WAITING:
		w->trouble = w->probe.connected ? silent_port : w->trouble;
		break;
	}
	if (now_ms - w->probe.begun_ms > w->silence_ms) {
		w->silence_ms =
			w->silence_ms * 2 > SILENCE_MAX_MS ? SILENCE_MAX_MS : w->silence_ms * 2;
		probe_later(w, PROBE_EVERY_MS);
	}
	return false;
}

static bool login_is_hopeless(struct waiting *w)
{
	const int64_t now_ms = clock_now_ms();
	bool may_come = w->how->first_boot && !w->watch.finished;
	if (w->last.code != ERR_AUTH) {
		w->refused_since_ms = 0;
		return w->last.code == ERR_HOSTKEY;
	}
	if (!w->refused_since_ms)
		w->refused_since_ms = now_ms;
	return now_ms - w->refused_since_ms >
	       (may_come ? AUTH_PATIENCE_FIRST_MS : AUTH_PATIENCE_MS);
}

static int try_login(struct waiting *w, const char *command, struct err *err)
{
	int64_t left_ms = w->begun_ms + w->how->limit_ms - clock_now_ms();
	if (left_ms > LOGIN_LIMIT_MS)
		left_ms = LOGIN_LIMIT_MS;
	if (left_ms < LOGIN_LEAST_MS)
		left_ms = LOGIN_LEAST_MS;
	return vm_login(w->how->machine, command, left_ms, err);
}

static bool login_step(struct waiting *w)
{
	struct err why = {0};
	w->how->reporter->stage(w->how->reporter->self, "ssh");
	if (try_login(w, NULL, &why) == 0)
		return true;
	w->last = why;
	w->login_now = why.code == ERR_AUTH;
	probe_later(w, w->login_now ? LOGIN_AGAIN_MS : 4 * PROBE_EVERY_MS);
	return false;
}

/* ---- waiting ---- */

/* What ends any wait. 0: go on. */
static int check(struct waiting *w, struct strbuf *detail, struct err *err)
{
	char before[sizeof(w->watch.stage.stage)];
	const int64_t now_ms = clock_now_ms();
	memcpy(before, w->watch.stage.stage, sizeof(before));
	vm_boot_watch_read(&w->watch, w->how->reporter);
	if (w->watch.fatal.kind == BOOT_SIGN_FATAL)
		return fail_boot(w, detail, err);
	/* news from the guest: a connection that was silent may answer now */
	if (strcmp(before, w->watch.stage.stage) != 0 && w->silence_ms > SILENCE_MS) {
		w->silence_ms = SILENCE_MS;
		probe_later(w, 0);
	}
	if (now_ms >= w->alive_at_ms) {
		w->alive_at_ms = now_ms + ALIVE_EVERY_MS;
		if (!vm_lock_is_held(w->lock))
			return fail_stopped(w, detail, err);
	}
	return now_ms - w->begun_ms > w->how->limit_ms ? fail_limit(w, detail, err) : 0;
}

static int wait_for_login(struct waiting *w, struct strbuf *detail, struct err *err)
{
	int r = check(w, detail, err);
	while (r == 0) {
		bool due = w->login_now && clock_now_ms() >= w->probe_at_ms;
		if (w->login_now && !due)
			poll(NULL, 0, STEP_MS);
		if (due || (!w->login_now && probe_step(w))) {
			if (login_step(w))
				return 0;
			if (login_is_hopeless(w))
				return fail_login(w, detail, err);
		}
		r = check(w, detail, err);
	}
	return r;
}

/* Its console says so, or the file it leaves; not every image has the console on
 * the serial line. */
static int wait_for_cloud_init(struct waiting *w, struct strbuf *detail, struct err *err)
{
	static const char is_finished[] = "test -e /var/lib/cloud/instance/boot-finished";
	int64_t ask_at_ms = 0;
	int r = check(w, detail, err);
	while (r == 0 && !w->watch.finished) {
		const int64_t now_ms = clock_now_ms();
		if (now_ms >= ask_at_ms) {
			if (try_login(w, is_finished, &w->last) == 0)
				return 0;
			ask_at_ms = clock_now_ms() + CLOUD_INIT_EVERY_MS;
		}
		poll(NULL, 0, STEP_MS);
		r = check(w, detail, err);
	}
	return r;
}

/* What it could not do does not make the machine unusable: a note. */
static void tell_cloud_init_errors(struct waiting *w)
{
	static const char has_none[] =
		"! test -e /run/cloud-init/result.json || "
		"tr -d ' \\n' </run/cloud-init/result.json | grep -q '\"errors\":\\[\\]'";
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (try_login(w, has_none, NULL) != ERR_PROTOCOL)
		return;
	strbuf_printf(&text,
		      "cloud-init reports errors: rollout vm ssh %s sudo cat "
		      "/var/log/cloud-init-output.log",
		      w->name);
	w->how->reporter->note(w->how->reporter->self, text.ptr);
}

static int wait_for_all(struct waiting *w, struct strbuf *detail, struct err *err)
{
	int r = wait_for_login(w, detail, err);
	if (r < 0 || !w->how->cloud_init)
		return r;
	w->in = true;
	if (!w->watch.finished)
		w->how->reporter->stage(w->how->reporter->self, "cloud-init");
	r = wait_for_cloud_init(w, detail, err);
	if (r == 0)
		tell_cloud_init_errors(w);
	return r;
}

int vm_ready_wait(const struct vm_ready *how, struct strbuf *detail, struct err *err)
{
	struct waiting w = {.how = how, .name = how->machine->spec->name, .probe = {.fd = -1}};
	struct err why = {0};
	w.lock = vm_machine_path(how->machine, "running.lock");
	w.log = vm_machine_path(how->machine, "serial.log");
	w.begun_ms = clock_now_ms();
	w.silence_ms = SILENCE_MS;
	vm_boot_watch_init(&w.watch, w.log, how->console_from);
	int r = wait_for_all(&w, detail, &why);
	vm_probe_end(&w.probe);
	vm_boot_watch_release(&w.watch);
	free(w.lock);
	free(w.log);
	if (r < 0 && err)
		*err = why;
	return r;
}
