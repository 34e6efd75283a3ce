#include "nspawn.h"

#include "../liveness.h"
#include "../project/project.h"
#include "rollout/base/file.h"

#define PROC_MAX_BYTES 65536u

bool vm_nspawn_is_running(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, VM_NSPAWN_LOCK);
	return vm_lock_is_held(path);
}

int vm_nspawn_runner_pid(const struct vm_machine *m)
{
	CLEANUP(free_ptr) char *path = vm_machine_path(m, "pid");
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err ignored = {0};
	if (!vm_nspawn_is_running(m) || file_read(path, PROC_MAX_BYTES, &text, &ignored) < 0)
		return 0;
	return (int)strtol(text.ptr ? text.ptr : "0", NULL, 10);
}

/* In a PID namespace below ours, and the first there. */
static bool is_init(int pid)
{
	CLEANUP(strbuf_release) struct strbuf path = {0}, status = {0};
	struct err ignored = {0};
	strbuf_printf(&path, "/proc/%d/status", pid);
	if (file_read(path.ptr, PROC_MAX_BYTES, &status, &ignored) < 0)
		return false;
	const char *line = status.ptr ? strstr(status.ptr, "\nNSpid:") : NULL;
	const char *end = line ? strchr(line + 1, '\n') : NULL;
	if (!end || strtol(line + strlen("\nNSpid:"), NULL, 10) != pid)
		return false;
	return pid != 1 && end[-1] == '1' && end[-2] == '\t';
}

/* The first child that `test` likes, or the first. */
static int child_of(int pid, bool (*test)(int pid))
{
	CLEANUP(strbuf_release) struct strbuf path = {0}, children = {0};
	struct err ignored = {0};
	struct slice rest, word;
	strbuf_printf(&path, "/proc/%d/task/%d/children", pid, pid);
	if (pid <= 0 || file_read(path.ptr, PROC_MAX_BYTES, &children, &ignored) < 0)
		return 0;
	rest = strbuf_slice(&children);
	while (slice_split(&rest, ' ', &word)) {
		int child = word.len > 0 ? (int)strtol(word.ptr, NULL, 10) : 0;
		if (child > 0 && (!test || test(child)))
			return child;
	}
	return 0;
}

int vm_nspawn_init_pid(const struct vm_machine *m)
{
	int keeper = child_of(vm_nspawn_runner_pid(m), NULL);
	return child_of(child_of(keeper, NULL), is_init);
}
