/*
 * Packages and commands need the machine itself, running: a unit of its own does
 * them, so that they go on whatever becomes of the order that waits for them. It
 * is tried again at the next boot until it has succeeded.
 */
#include "nspawn.h"

#include "../project/project.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#define FOLDER "/var/lib/rollout-vm"
#define UNIT "rollout-first-boot.service"
#define WAIT_MS (30 * 60 * 1000)
#define POLL_MS 100
#define LOG_MAX_BYTES (16u << 20)
#define LOG_SHOWN 700u

static const char unit_text[] = "[Unit]\n"
				"Description=What rollout wants at the first boot\n"
				"After=network.target\n"
				"ConditionPathExists=!" FOLDER "/done\n"
				"\n"
				"[Service]\n" /* not oneshot: the boot does not wait for it */
				"Type=exec\n"
				"ExecStart=/bin/sh " FOLDER "/first-boot\n"
				"\n"
				"[Install]\n"
				"WantedBy=multi-user.target\n";

static const char script_head[] =
	"# Written by rollout. Runs at each boot until it has succeeded once.\n"
	"cd " FOLDER " || exit 1\n"
	"exec >log 2>&1\n"
	"rm -f failed\n"
	"export DEBIAN_FRONTEND=noninteractive HOME=/root\n"
	"trap 'touch failed' EXIT\n"
	"set -e\n";

static const char script_end[] = "trap - EXIT\n"
				 "touch done\n";

static void script_packages(const struct vm_nspawn_wishes *w, struct strbuf *out)
{
	static const char apt[] = "apt-get -o DPkg::Lock::Timeout=600 -qq -y ";
	if (w->packages.len == 0)
		return;
	strbuf_printf(out, "%supdate\n%s-o Dpkg::Options::=--force-confold install --", apt, apt);
	for (size_t i = 0; i < w->packages.len; i++) {
		strbuf_putc(out, ' ');
		shellwords_quote(out, slice_from(w->packages.at[i]));
	}
	strbuf_putc(out, '\n');
}

/* As in cloud-init's own runcmd a command that fails does not keep the next from
 * running; but the whole has failed then. */
static void script_commands(const struct vm_nspawn_wishes *w, struct strbuf *out)
{
	if (w->commands.len == 0)
		return;
	strbuf_puts(out, "set +e\nfailures=0\n");
	for (size_t i = 0; i < w->commands.len; i++) {
		strbuf_puts(out, "sh -c ");
		shellwords_quote(out, slice_from(w->commands.at[i]));
		strbuf_puts(out, " || failures=1\n");
	}
	strbuf_puts(out, "[ $failures = 0 ] || exit 1\n");
}

static int check_apt(const struct vm_nspawn_wishes *w, struct err *err)
{
	if (w->packages.len > 0 && access("/usr/bin/apt-get", X_OK) < 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "packages: the machine's tree has no apt-get; put them into the "
			       "tree instead");
	return 0;
}

static int enable(struct err *err)
{
	static const char folder[] = "/etc/systemd/system/multi-user.target.wants";
	int r = dir_create_all(folder, 0755, err);
	if (r == 0 &&
	    symlink("../" UNIT, "/etc/systemd/system/multi-user.target.wants/" UNIT) < 0 &&
	    errno != EEXIST)
		r = err_sys(err, "enable " UNIT " in the machine");
	return r;
}

int vm_nspawn_put_first_boot(const struct vm_nspawn_wishes *w, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf script = {0};
	if (w->packages.len == 0 && w->commands.len == 0 && !w->cloud_init)
		return 0;
	strbuf_puts(&script, script_head);
	script_packages(w, &script);
	script_commands(w, &script);
	if (w->cloud_init) /* 2: done, with warnings */
		strbuf_puts(&script, "cloud-init status --wait --long || [ $? = 2 ]\n");
	strbuf_puts(&script, script_end);
	int r = check_apt(w, err);
	if (r == 0)
		r = vm_nspawn_put_text(FOLDER "/first-boot", script.ptr, 0700, err);
	if (r == 0)
		r = vm_nspawn_put_text("/etc/systemd/system/" UNIT, unit_text, 0644, err);
	return r == 0 ? enable(err) : r;
}

/* ---- waiting for it, from outside ---- */

static bool is_there(const struct vm_machine *m, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf below = {0};
	strbuf_printf(&below, "disk/upper" FOLDER "/%s", name);
	CLEANUP(free_ptr) char *path = vm_machine_path(m, below.ptr);
	return access(path, F_OK) == 0;
}

static int failed(const struct vm_machine *m, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "disk/upper" FOLDER "/log");
	CLEANUP(strbuf_release) struct strbuf log = {0};
	struct err ignored = {0};
	file_read(path, LOG_MAX_BYTES, &log, &ignored);
	struct slice end = slice_trim(strbuf_slice(&log));
	if (end.len > LOG_SHOWN)
		end = (struct slice){end.ptr + end.len - LOG_SHOWN, LOG_SHOWN};
	return err_set(err, ERR_SYS,
		       "packages or runcmd failed; all of it is in " FOLDER "/log there, it ends:\n"
		       "%.*s",
		       SLICE_ARG(end));
}

void vm_nspawn_expect_first_boot(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "disk/upper" FOLDER "/failed");
	unlink(path);
}

int vm_nspawn_await_first_boot(const struct vm_machine *m, const struct vm_reporter *r,
			       struct err *err)
{
	const int64_t end_ms = clock_now_ms() + WAIT_MS;
	if (!is_there(m, "first-boot") || is_there(m, "done"))
		return 0;
	r->stage(r->self, "packages");
	while (!is_there(m, "done")) {
		if (is_there(m, "failed"))
			return failed(m, err);
		if (!vm_nspawn_is_running(m))
			return err_set(err, ERR_UNREACHABLE, "it ended during its first boot");
		if (clock_now_ms() > end_ms)
			return err_set(err, ERR_TIMEOUT,
				       "its packages were not installed after %d min",
				       WAIT_MS / 60000);
		poll(NULL, 0, POLL_MS);
	}
	return 0;
}
