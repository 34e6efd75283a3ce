#include "nspawn.h"

#include "../project/project.h"
#include "rollout/base/file.h"

static void bind(struct arena *a, const char ***argv, const char *from, const char *to)
{
	CLEANUP(strbuf_release) struct strbuf arg = {0};
	strbuf_puts(&arg, "--bind=");
	for (; *from; from++) {
		if (*from == ':' || *from == '\\')
			strbuf_putc(&arg, '\\');
		strbuf_putc(&arg, *from);
	}
	strbuf_printf(&arg, ":%s", to);
	*(*argv)++ = arena_strdup(a, arg.ptr);
}

/* A Kubernetes node has real directories where containerd would stack an overlay on
 * ours. */
static void add_nesting(const struct vm_machine *m, struct arena *a, const char ***argv)
{
	CLEANUP(free_ptr) char *containerd = vm_machine_path(m, "disk/binds/containerd");
	CLEANUP(free_ptr) char *kubelet = vm_machine_path(m, "disk/binds/kubelet");
	*(*argv)++ = "--bind=/dev/kmsg";
	bind(a, argv, containerd, "/var/lib/containerd");
	bind(a, argv, kubelet, "/var/lib/kubelet");
	*(*argv)++ = "--system-call-filter=@raw-io bpf keyctl @mount @privileged";
}

/* A machine's clock is the controller's: a new time zone in one set it back by an hour. */
const char *const *vm_nspawn_command(const struct vm_machine *m, const char *netns, struct arena *a)
{
	static const char *const fixed[] = {
		"systemd-nspawn",      "--quiet",	   "--boot",
		"--register=no",       "--keep-unit",	   "--settings=no",
		"--resolv-conf=off",   "--timezone=off",   "--link-journal=no",
		"--console=read-only", "--capability=all", "--drop-capability=CAP_SYS_TIME",
	};
	const char **argv = ARENA_ARRAY(a, const char *, ARRAY_LEN(fixed) + 10), **next = argv;
	size_t short_name = strcspn(m->spec->name, ".");
	for (size_t i = 0; i < ARRAY_LEN(fixed); i++)
		*next++ = fixed[i];
	*next++ = arena_printf(a, "--machine=%s", netns);
	*next++ = arena_printf(a, "--hostname=%.*s", (int)short_name, m->spec->name);
	*next++ = arena_printf(a, "--directory=%s/root", m->dir);
	*next++ = arena_printf(a, "--network-namespace-path=/run/netns/%s", netns);
	if (m->spec->nesting)
		add_nesting(m, a, &next);
	else
		*next++ = "--system-call-filter=@raw-io bpf keyctl";
	return argv;
}

int vm_nspawn_make_binds(const struct vm_machine *m, struct err *err)
{
	static const char *const names[] = {"disk/binds/containerd", "disk/binds/kubelet"};
	int r = 0;
	for (size_t i = 0; r == 0 && m->spec->nesting && i < ARRAY_LEN(names); i++) {
		CLEANUP(free_ptr) char *path = vm_machine_path(m, names[i]);
		r = dir_create_all(path, 0755, err);
	}
	return r;
}

const char *const *vm_nspawn_environment(const struct vm_machine *m)
{
	static const char path[] =
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static const char *const plain[] = {path, "LANG=C.UTF-8", NULL};
	static const char *const nesting[] = {path, "LANG=C.UTF-8",
					      "SYSTEMD_NSPAWN_API_VFS_WRITABLE=yes", NULL};
	return m->spec->nesting ? nesting : plain;
}
