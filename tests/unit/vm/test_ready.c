/* Waiting for a machine: a private sshd on the loopback is its SSH server. */
#include "life/ready.h"

#include "child.h"
#include "life/probe.h"
#include "liveness.h"
#include "project/project.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "test.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define SSHD "/usr/sbin/sshd"
#define LIMIT_MS (4 * PATIENCE_MS) /* nothing here takes so long */

/* libssh2 1.10 loses two numbers of each ECDSA key that it reads from a file. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libssh2.so\nleak:CRYPTO_zalloc\n";
}

static char folder[] = "/tmp/rollout-ready-XXXXXX";
static pid_t sshd;
static struct vm_topology topology;
static struct vm_project project;
static struct vm_spec spec = {.name = "m1"};
static struct vm_machine machine;
static int running = -1; /* the lock */
static struct strbuf told;

static const char *path_of(const char *name)
{
	return arena_printf(&project.arena, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
	if (file_write_atomic(path_of(name), text, strlen(text), 0600, NULL) < 0)
		abort();
}

static void shell(const char *format, ...) PRINTF_LIKE(1, 2);
static void shell(const char *format, ...)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	va_list ap;
	va_start(ap, format);
	strbuf_vprintf(&command, format, ap);
	va_end(ap);
	assert_int_equal(system(command.ptr), 0);
}

static int listen_somewhere(unsigned *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) < 0 || listen(fd, 16) < 0)
		abort();
	getsockname(fd, (struct sockaddr *)&at, &n);
	*ret_port = ntohs(at.sin_port);
	return fd;
}

static void know(const char *key)
{
	shell("printf '[127.0.0.1]:%u %%s\\n' \"$(cut -d' ' -f1,2 %s.pub)\" >%s", machine.ssh_port,
	      path_of(key), project.known_hosts);
}

static void allow(bool allowed)
{
	shell("%s %s >%s", allowed ? "cat" : ": ", path_of("id_ed25519.pub"),
	      path_of("authorized_keys"));
}

static void start_sshd(void)
{
	CLEANUP(strbuf_release) struct strbuf c = {0};
	strbuf_printf(&c,
		      "ListenAddress 127.0.0.1\nPort %u\nHostKey %s\nAuthorizedKeysFile %s\n"
		      "StrictModes no\nUsePAM no\nPidFile none\nPermitRootLogin yes\n",
		      machine.ssh_port, path_of("host"), path_of("authorized_keys"));
	put("sshd_config", c.ptr);
	sshd = child_fork();
	if (sshd == 0) {
		execl(SSHD, SSHD, "-D", "-q", "-f", path_of("sshd_config"), (char *)NULL);
		_exit(127);
	}
}

static void stop_sshd(void)
{
	if (sshd > 0) {
		kill(sshd, SIGTERM);
		waitpid(sshd, NULL, 0);
	}
	sshd = 0;
}

static int make_machine(void **state UNUSED)
{
	const struct passwd *pw = getpwuid(getuid());
	if (!mkdtemp(folder))
		return -1;
	project.topology = &topology;
	project.dir = folder;
	project.key_file = path_of("id_ed25519");
	project.known_hosts = path_of("known_hosts");
	spec.user = arena_strdup(&project.arena, pw ? pw->pw_name : "root");
	machine = (struct vm_machine){.project = &project, .spec = &spec, .address = "127.0.0.1"};
	machine.dir = path_of("m1");
	mkdir(machine.dir, 0700);
	close(listen_somewhere(&machine.ssh_port));
	for (const char *const *k = (const char *const[]){"id_ed25519", "host", "other", NULL}; *k;
	     k++)
		shell("ssh-keygen -q -t ed25519 -N '' -f %s", path_of(*k));
	return 0;
}

static int begin_boot(void **state UNUSED)
{
	strbuf_truncate(&told, 0);
	know("host");
	allow(true);
	put("m1/serial.log", "");
	return vm_lock_try(path_of("m1/running.lock"), &running, NULL);
}

static int end_boot(void **state UNUSED)
{
	stop_sshd();
	fd_close(&running);
	return 0;
}

static int remove_machine(void **state UNUSED)
{
	shell("rm -rf %s", folder);
	arena_release(&project.arena);
	strbuf_release(&told);
	return 0;
}

static void hear_stage(void *self UNUSED, const char *stage)
{
	strbuf_printf(&told, "%s;", stage);
}

static void hear_note(void *self UNUSED, const char *text)
{
	strbuf_printf(&told, "!%s;", text);
}

static int64_t later_ms; /* when the last one of later() was begun */

static const struct vm_reporter reporter = {NULL, hear_stage, hear_note};

struct outcome {
	int r;
	struct err err;
	struct strbuf detail;
	int64_t took_ms;
};

static struct outcome wait_ready(int64_t limit_ms, bool first_boot, bool cloud_init)
{
	const struct vm_ready how = {.machine = &machine,
				     .reporter = &reporter,
				     .limit_ms = limit_ms,
				     .first_boot = first_boot,
				     .cloud_init = cloud_init};
	struct outcome o = {0};
	int64_t begun_ms = clock_now_ms();
	o.r = vm_ready_wait(&how, &o.detail, &o.err);
	o.took_ms = clock_now_ms() - begun_ms;
	return o;
}

static void expect(struct outcome o, int code, const char *message, const char *detail)
{
	if (o.r != code || !strstr(o.err.msg, message) || !strstr(text_of(&o.detail), detail))
		fail_msg("%d %s\n%s", o.r, o.err.msg, text_of(&o.detail));
	strbuf_release(&o.detail);
}

/* Does something meanwhile. */
static pid_t later(int ms, void (*fn)(void))
{
	later_ms = clock_now_ms();
	pid_t pid = child_fork();
	if (pid == 0) {
		fd_close(&running);
		poll(NULL, 0, ms);
		fn();
		_exit(0);
	}
	return pid;
}

static void need_sshd(void)
{
	if (access(SSHD, X_OK) < 0 ||
	    (geteuid() == 0 && access("/run/sshd", F_OK) < 0 && mkdir("/run/sshd", 0755) < 0))
		skip();
}

/* ---- the tests ---- */

static void a_machine_that_answers_is_ready(void **state UNUSED)
{
	need_sshd();
	start_sshd();
	struct outcome o = wait_ready(LIMIT_MS, false, false);
	assert_in_range(o.took_ms, 0, PATIENCE_MS);
	expect(o, 0, "", "");
	assert_string_equal(text_of(&told), "ssh;");
	assert_true(vm_probe_answers(&machine, PATIENCE_MS));
}

static void write_console(void)
{
	put("m1/serial.log", "SeaBIOS\nLinux version 6\nm1 login: ");
}

static const char silent_port[] = "(at: login); its SSH port accepts a connection";

static void stages_are_told_until_then(void **state UNUSED)
{
	unsigned port, real = machine.ssh_port;
	need_sshd();
	int silent = listen_somewhere(&port);
	struct outcome o = {0};
	machine.ssh_port = port;
	/* On a busy machine not everything may come in time. */
	for (int ms = 1500; ms < LIMIT_MS && !strstr(o.err.msg, silent_port); ms *= 4) {
		strbuf_release(&o.detail);
		strbuf_truncate(&told, 0);
		put("m1/serial.log", "");
		pid_t writer = later(300, write_console);
		o = wait_ready(ms, false, false);
		waitpid(writer, NULL, 0);
	}
	machine.ssh_port = real;
	expect(o, ERR_TIMEOUT, silent_port, "  m1 login:");
	close(silent);
	assert_string_equal(text_of(&told), "firmware;kernel;login;");
}

static void a_silent_console_is_said(void **state UNUSED)
{
	struct outcome o = wait_ready(700, false, false);
	assert_in_range(o.took_ms, 700, PATIENCE_MS);
	assert_non_null(strstr(o.err.msg, "not reachable by SSH after "));
	expect(o, ERR_TIMEOUT, " s (at: nothing on its console yet); Connection refused",
	       "--boot-timeout");
	double after_s = strtod(strstr(o.err.msg, "after ") + 6, NULL);
	assert_true(after_s >= 0.7 && after_s < (double)o.took_ms / 1000 + 0.1);
}

static void another_host_key_ends_it(void **state UNUSED)
{
	need_sshd();
	know("other");
	start_sshd();
	struct outcome o = wait_ready(LIMIT_MS, true, false);
	assert_in_range(o.took_ms, 0, PATIENCE_MS);
	expect(o, ERR_HOSTKEY, "the host key of m1 is not the one it was given",
	       "rollout vm recreate m1");
}

static void allow_now(void)
{
	allow(true);
}

static void the_user_may_come_later(void **state UNUSED)
{
	need_sshd();
	allow(false);
	start_sshd();
	pid_t cloud_init = later(1500, allow_now);
	struct outcome o = wait_ready(LIMIT_MS, true, false);
	assert_in_range(clock_now_ms() - later_ms, 1500, PATIENCE_MS);
	waitpid(cloud_init, NULL, 0);
	expect(o, 0, "", "");
}

static void a_refused_login_is_said(void **state UNUSED)
{
	need_sshd();
	allow(false);
	start_sshd();
	struct outcome o = wait_ready(LIMIT_MS, false, false);
	assert_in_range(o.took_ms, 5000, PATIENCE_MS);
	expect(o, ERR_AUTH, "its SSH server answers and refuses us: authentication as",
	       "rollout vm recreate m1");
}

static void panic_now(void)
{
	put("m1/serial.log", "Linux version 6\n\x1b[31mKernel panic - not syncing: no init\n"
			     "end of it\n");
}

static void a_panic_ends_it(void **state UNUSED)
{
	pid_t guest = later(300, panic_now);
	struct outcome o = wait_ready(LIMIT_MS, true, false);
	assert_in_range(clock_now_ms() - later_ms, 300, PATIENCE_MS);
	waitpid(guest, NULL, 0);
	expect(o, ERR_UNREACHABLE, "Kernel panic - not syncing: no init",
	       "  Kernel panic - not syncing: no init\n  end of it\ntry more memory");
}

static void a_machine_that_ends_is_noticed(void **state UNUSED)
{
	fd_close(&running);
	put("m1/qemu.log", "qemu-system-x86_64: terminating on signal 15\n");
	struct outcome o = wait_ready(LIMIT_MS, true, false);
	unlink(path_of("m1/qemu.log"));
	assert_in_range(o.took_ms, 0, PATIENCE_MS);
	expect(o, ERR_UNREACHABLE, "it stopped",
	       "qemu.log ends:\nqemu-system-x86_64: terminating on signal 15\n"
	       "look: rollout vm log m1");
}

static void finish_now(void)
{
	put("m1/serial.log", "Cloud-init v. 22.4.2 running 'modules:final' at x\n"
			     "Cloud-init v. 22.4.2 finished at x\n");
}

static void cloud_init_is_waited_for(void **state UNUSED)
{
	need_sshd();
	if (access("/var/lib/cloud/instance/boot-finished", F_OK) == 0)
		skip(); /* the sshd's machine is this one */
	start_sshd();
	pid_t guest = later(1500, finish_now);
	struct outcome o = wait_ready(LIMIT_MS, true, true);
	assert_in_range(clock_now_ms() - later_ms, 1500, PATIENCE_MS);
	waitpid(guest, NULL, 0);
	expect(o, 0, "", "");
	put("m1/serial.log", "");
	o = (struct outcome){0};
	/* On a busy machine the login may take longer. */
	for (int ms = 1500; ms < LIMIT_MS && !strstr(o.err.msg, "cloud-init"); ms *= 4) {
		strbuf_release(&o.detail);
		o = wait_ready(ms, true, true);
	}
	expect(o, ERR_TIMEOUT, "cloud-init has not finished after", "recreate");
}

/* ---- the probe ---- */

static void answer(int listener, const char *text)
{
	int fd = accept(listener, NULL, NULL);
	if (text && write(fd, text, strlen(text)) < 0)
		_exit(1);
	if (text)
		poll(NULL, 0, LIMIT_MS);
	_exit(0);
}

static void only_a_greeting_counts(void **state UNUSED)
{
	static const struct {
		const char *text; /* NULL: closes */
		bool answers;
	} cases[] = {
		{"SSH-2.0-OpenSSH_9.2\r\n", true},
		{"SSH", false},
		{"HTTP/1.1 400\r\n", false},
		{"", false},
		{NULL, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct vm_machine m = machine;
		int listener = listen_somewhere(&m.ssh_port);
		pid_t peer = child_fork();
		if (peer == 0)
			answer(listener, cases[i].text);
		close(listener);
		int64_t begun_ms = clock_now_ms();
		assert_int_equal(vm_probe_answers(&m, cases[i].answers ? LIMIT_MS : 400),
				 cases[i].answers);
		assert_in_range(clock_now_ms() - begun_ms, 0, PATIENCE_MS);
		kill(peer, SIGKILL);
		waitpid(peer, NULL, 0);
	}
	struct vm_machine none = machine;
	none.ssh_port = 0;
	none.address = NULL;
	assert_false(vm_probe_answers(&none, 300));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define WAITING(f) cmocka_unit_test_setup_teardown(f, begin_boot, end_boot)
		WAITING(a_machine_that_answers_is_ready),
		WAITING(stages_are_told_until_then),
		WAITING(a_silent_console_is_said),
		WAITING(another_host_key_ends_it),
		WAITING(the_user_may_come_later),
		WAITING(a_refused_login_is_said),
		WAITING(a_panic_ends_it),
		WAITING(a_machine_that_ends_is_noticed),
		WAITING(cloud_init_is_waited_for),
		cmocka_unit_test(only_a_greeting_counts),
	};
	return cmocka_run_group_tests(tests, make_machine, remove_machine);
}
