/* One machine, asked about or used in the foreground. */
#include "../project/project.h"
#include "../tool.h"
#include "life.h"
#include "probe.h"
#include "rollout/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define REACHABLE_LIMIT_MS 2000

static const struct vm_driver *driver_of(const struct vm_machine *m)
{
	struct vm_life life;
	vm_life_of(m->project, &life);
	return vm_life_driver(&life, m);
}

int vm_machine_status(struct vm_machine *m, struct vm_status *ret, struct err *err)
{
	struct vm_status st = {.accel = ""};
	int r = driver_of(m)->status(m, &st, err);
	if (r < 0)
		return err_wrap(err, r, "%s", m->spec->name);
	if (!st.accel)
		st.accel = "";
	st.reachable =
		st.state == VM_RUNNING && m->address && vm_probe_answers(m, REACHABLE_LIMIT_MS);
	*ret = st;
	return 0;
}

static int need_running(struct vm_machine *m, struct err *err)
{
	struct vm_status st = {0};
	int r = driver_of(m)->status(m, &st, err);
	if (r < 0)
		return err_wrap(err, r, "%s", m->spec->name);
	if (st.state == VM_RUNNING)
		return 0;
	return err_set(err, ERR_INVALID, "%s is %s: rollout vm %s %s", m->spec->name,
		       vm_state_name(st.state), st.state == VM_SUSPENDED ? "resume" : "up",
		       m->spec->name);
}

/* "--" after the file: what follows the name is the command, whatever it begins with. */
static char **ssh_argv(const char *config, const char *name, const char *const *command)
{
	size_t n = 0;
	while (command && command[n])
		n++;
	char **argv = xcalloc(n + 6, sizeof(*argv));
	argv[0] = xstrdup("ssh");
	argv[1] = xstrdup("-F");
	argv[2] = xstrdup(config);
	argv[3] = xstrdup("--");
	argv[4] = xstrdup(name);
	for (size_t i = 0; i < n; i++)
		argv[5 + i] = xstrdup(command[i]);
	return argv;
}

static void free_argv(char **argv)
{
	for (char **a = argv; *a; a++)
		free(*a);
	free(argv);
}

int vm_machine_ssh(struct vm_machine *m, const char *const *command, struct err *err)
{
	int r = need_running(m, err);
	if (r < 0)
		return r;
	CLEANUP(free_ptr) char *config = vm_project_path(m->project, "ssh_config");
	CLEANUP(free_ptr) char *ssh = vm_tool_find("ssh");
	if (!ssh)
		return err_set(err, ERR_NOT_FOUND,
			       "there is no program ssh in PATH: install openssh-client");
	char **argv = ssh_argv(config, m->spec->name, command);
	signal(SIGPIPE, SIG_DFL);
	execv(ssh, argv);
	r = err_sys(err, "run %s", ssh);
	free_argv(argv);
	return r;
}

int vm_machine_console(struct vm_machine *m, struct err *err)
{
	int r = need_running(m, err);
	if (r < 0)
		return r;
	r = driver_of(m)->console(m, err);
	return r < 0 ? err_wrap(err, r, "%s", m->spec->name) : 0;
}

static int read_end(int fd, size_t max_bytes, struct strbuf *out, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat");
	int64_t from = st.st_size > (int64_t)max_bytes ? st.st_size - (int64_t)max_bytes : 0;
	size_t left = (size_t)(st.st_size - from);
	while (left > 0) { /* not what is written meanwhile */
		ssize_t n = pread(fd, strbuf_reserve(out, left), left, from);
		if (n < 0)
			return err_sys(err, "read");
		if (n == 0)
			return 0;
		strbuf_grew(out, (size_t)n);
		from += n;
		left -= (size_t)n;
	}
	return 0;
}

int vm_machine_log(struct vm_machine *m, size_t max_bytes, struct strbuf *out, struct err *err)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "serial.log");
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t before = out->len;
	if (fd < 0 && access(path, F_OK) < 0)
		return err_set(err, ERR_NOT_FOUND,
			       "%s has no console log: it was not started since it was made",
			       m->spec->name);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	int r = read_end(fd, max_bytes, out, err);
	if (r == 0)
		return 0;
	strbuf_truncate(out, before);
	return err_wrap(err, r, "%s", path);
}

int vm_machine_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
			 size_t *ret_len, struct err *err)
{
	int r = driver_of(m)->snapshots(m, a, ret, ret_len, err);
	return r < 0 ? err_wrap(err, r, "%s", m->spec->name) : 0;
}
