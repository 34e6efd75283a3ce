#include "../../tool.h"
#include "../cache.h"
#include "../verify.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"
#include "script.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOOK_MAX_BYTES (16u << 20)
#define VARIABLES_MAX 9

struct build {
	const struct vm_image_build_options *o;
	const struct vm_named_image *named;
	struct arena *arena;
	const char *packages;  /* "a b"; "" */
	const char *hook;      /* absolute, or NULL */
	const char *path;      /* what it becomes */
	const char *work;      /* the folder it is made in, on the same file system */
	const char *lock_name; /* of what is locked; in the cache also for an output */
	int log_fd;
};

/* ---- what is asked for ---- */

static int find_named(struct build *b, struct err *err)
{
	struct nearest near;
	char hint[100];
	b->named = vm_image_named(b->o->name, b->o->arch);
	if (b->named)
		return strncmp(b->named->name, "debian-", 7) == 0
			       ? 0
			       : err_set(err, ERR_UNSUPPORTED,
					 "only Debian's images can be built, and %s is not one",
					 b->named->name);
	nearest_init(&near, slice_from(b->o->name));
	for (size_t i = 0; i < vm_named_image_count; i++)
		nearest_offer(&near, slice_from(vm_named_images[i].name));
	return err_set(err, ERR_NOT_FOUND, "there is no named image '%.80s'%s", b->o->name,
		       nearest_hint(&near, hint, sizeof(hint)));
}

/* Names as dpkg has them (Debian Policy 5.6.1), and apt's name=version. */
static bool is_package(const char *name)
{
	if (!isalnum((unsigned char)name[0]))
		return false;
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("+-.:=~_", *c))
			return false;
	return true;
}

static int join_packages(struct build *b, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf all = {0};
	for (size_t i = 0; b->o->packages && b->o->packages[i]; i++) {
		if (!is_package(b->o->packages[i]))
			return err_set(err, ERR_INVALID, "'%.80s' is not the name of a package",
				       b->o->packages[i]);
		strbuf_printf(&all, "%s%s", i ? " " : "", b->o->packages[i]);
	}
	b->packages = arena_strdup(b->arena, all.ptr ? all.ptr : "");
	return 0;
}

static int find_hook(struct build *b, struct err *err)
{
	if (!b->o->hook)
		return 0;
	CLEANUP(free_ptr) char *full = realpath(b->o->hook, NULL);
	if (!full)
		return err_sys(err, "the hook %s", b->o->hook);
	if (access(full, X_OK) < 0)
		return err_sys(err, "the hook %s cannot be run", full);
	b->hook = arena_strdup(b->arena, full);
	return 0;
}

/* The programs of build.sh, and the packages that have them. */
static int check_tools(const struct build *b, struct err *err)
{
	static const struct {
		const char *program, *package;
		bool disk;
	} tools[] = {
		{"mmdebstrap", "mmdebstrap", false}, {"sgdisk", "gdisk", true},
		{"mkfs.ext4", "e2fsprogs", true},    {"mkfs.vfat", "dosfstools", true},
		{"mcopy", "mtools", true},	     {"qemu-img", "qemu-utils", true},
	};
	CLEANUP(strbuf_release) struct strbuf missing = {0};
	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		CLEANUP(free_ptr) char *found = vm_tool_find(tools[i].program);
		if (!found && (!tools[i].disk || b->o->driver == VM_DRIVER_QEMU))
			strbuf_printf(&missing, " %s", tools[i].package);
	}
	if (geteuid() != 0)
		return err_set(err, ERR_UNSUPPORTED,
			       "building an image needs root (mmdebstrap and its mounts)");
	if (missing.len)
		return err_set(err, ERR_NOT_FOUND,
			       "building an image needs packages that are not installed: apt-get "
			       "install%s",
			       missing.ptr);
	return 0;
}

/* ---- where it goes ---- */

/* Everything that decides the content, so that an edit makes another image. */
static int cache_key(const struct build *b, char hex[DIGEST_HEX_MAX], struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf all = {0};
	int r = 0;
	strbuf_printf(&all, "%s\n%s\n%s\n%s\n%s\n", b->named->suite, vm_image_arch_name(b->o->arch),
		      vm_image_driver_name(b->o->driver), b->packages,
		      b->o->mirror ? b->o->mirror : "");
	strbuf_append(&all, vm_build_script, (size_t)vm_build_script_size);
	if (b->hook)
		r = file_read(b->hook, HOOK_MAX_BYTES, &all, err);
	digest_bytes(DIGEST_SHA256, strbuf_slice(&all).ptr, all.len, hex);
	return r;
}

static int choose_output(struct build *b, const char *dir, struct err *err)
{
	CLEANUP(free_ptr) char *here = realpath(".", NULL);
	CLEANUP(free_ptr) char *absolute = path_join(here ? here : "/", b->o->output);
	char hex[DIGEST_HEX_MAX];
	struct stat st;
	if (stat(absolute, &st) == 0 && (!b->o->force || !S_ISREG(st.st_mode)))
		return err_set(err, ERR_EXISTS, "%s is there already%s", absolute,
			       S_ISREG(st.st_mode) ? "" : "; only a file is replaced");
	digest_bytes(DIGEST_SHA256, absolute, strlen(absolute), hex);
	b->path = arena_strdup(b->arena, absolute);
	b->lock_name = arena_printf(b->arena, "%s/output-%.12s", dir, hex);
	return 0;
}

static int choose_cached(struct build *b, const char *dir, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	int r = cache_key(b, hex, err);
	if (r < 0)
		return r;
	b->path = arena_printf(b->arena, "%s/built-%s-%s-%.12s%s", dir, b->named->name,
			       vm_image_arch_name(b->o->arch), hex,
			       b->o->driver == VM_DRIVER_QEMU ? ".qcow2" : ".tree");
	b->lock_name = b->path;
	return 0;
}

static int choose_path(struct build *b, struct err *err)
{
	const char *dir;
	int r = vm_cache_dir(b->arena, &dir, err);
	if (r == 0)
		r = b->o->output ? choose_output(b, dir, err) : choose_cached(b, dir, err);
	if (r == 0)
		b->work =
			arena_printf(b->arena, "%.*s/.%.*s.build", SLICE_ARG(path_dirname(b->path)),
				     SLICE_ARG(path_basename(b->path)));
	return r;
}

/* ---- making it ---- */

static int remove_all(const char *path, struct err *err)
{
	const struct tool_call call = {
		.argv = (const char *const[]){"rm", "-rf", "--one-file-system", "--", path, NULL},
		.timeout_ms = 600000,
	};
	return vm_tool_run(&call, NULL, err);
}

static const char *made_path(const struct build *b)
{
	return arena_printf(b->arena, "%s/made", b->work);
}

static int run_script(const struct build *b, struct err *err)
{
	const char *variables[VARIABLES_MAX] = {
		arena_printf(b->arena, "IMAGE_FORMAT=%s",
			     b->o->driver == VM_DRIVER_QEMU ? "disk" : "tree"),
		arena_printf(b->arena, "IMAGE_SUITE=%s", b->named->suite),
		arena_printf(b->arena, "IMAGE_ARCH=%s", vm_image_arch_name(b->o->arch)),
		arena_printf(b->arena, "IMAGE_WORK=%s", b->work),
		arena_printf(b->arena, "IMAGE_OUTPUT=%s", made_path(b)),
		arena_printf(b->arena, "IMAGE_PACKAGES=%s", b->packages),
		arena_printf(b->arena, "IMAGE_MIRROR=%s", b->o->mirror ? b->o->mirror : ""),
		arena_printf(b->arena, "IMAGE_HOOK=%s", b->hook ? b->hook : ""),
	};
	return vm_build_script_run(b->work, variables, b->log_fd, err);
}

static int64_t size_of(const struct build *b)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct err ignored = {0};
	struct stat st;
	const struct tool_call call = {
		.argv = (const char *const[]){"du", "-sb", "--", b->path, NULL},
		.timeout_ms = 600000,
	};
	if (b->o->driver == VM_DRIVER_QEMU)
		return stat(b->path, &st) < 0 ? 0 : st.st_size;
	return vm_tool_run(&call, &out, &ignored) < 0 || !out.ptr ? 0 : strtoll(out.ptr, NULL, 10);
}

/* sha256sum's format, for what does not go into the cache. */
static int write_sum(const struct build *b, const char *digest, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	const struct slice base = path_basename(b->path);
	strbuf_printf(&line, "%s  %.*s\n", strchr(digest, ':') + 1, SLICE_ARG(base));
	return file_write_atomic(arena_printf(b->arena, "%s.sha256", b->path), line.ptr, line.len,
				 0644, err);
}

static int record(const struct build *b, struct err *err)
{
	const char *digest = "";
	int r = b->o->driver == VM_DRIVER_QEMU ? vm_digest_file(b->arena, b->path, &digest, err)
					       : 0;
	if (r < 0)
		return r;
	if (b->o->output)
		return *digest ? write_sum(b, digest, err) : 0;
	const struct cached_image image = {
		.path = b->path,
		.origin = b->named->name,
		.digest = digest,
		.made = "build",
		.arch = vm_image_arch_name(b->o->arch),
		.driver = vm_image_driver_name(b->o->driver),
		.size_bytes = size_of(b),
	};
	return vm_cache_write(&image, err);
}

/* A disk image is checked as a foreign one would be before anything rests on it. */
static int put_in_place(const struct build *b, struct err *err)
{
	struct vm_image_info info;
	const char *made = made_path(b);
	int r = b->o->driver == VM_DRIVER_QEMU ? vm_image_inspect(made, &info, err) : 0;
	if (r == 0)
		r = remove_all(b->path, err);
	if (r == 0 && rename(made, b->path) < 0)
		r = err_sys(err, "rename %s to %s", made, b->path);
	/* When it was made tells which of several builds is the newest. */
	if (r == 0)
		utimensat(AT_FDCWD, b->path, NULL, 0);
	return r < 0 ? r : record(b, err);
}

/* The work folder is left by a build that was killed. */
static int make(const struct build *b, struct err *err)
{
	struct err ignored = {0};
	int r = remove_all(b->work, err);
	if (r == 0)
		r = dir_create_all(b->work, 0700, err);
	if (r == 0)
		r = run_script(b, err);
	if (r == 0)
		r = put_in_place(b, err);
	remove_all(b->work, &ignored);
	return r;
}

static int make_unless_there(const struct build *b, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	struct cached_image cached;
	struct err ignored = {0};
	int r = vm_cache_lock(b->lock_name, NULL, &lock, err);
	if (r < 0)
		return r;
	if (!b->o->force && !b->o->output &&
	    vm_cache_read(b->arena, b->path, &cached, &ignored) == 0) {
		vm_cache_use(b->path);
		return 0;
	}
	return make(b, err);
}

int vm_image_build(const struct vm_image_build_options *o, int log_fd, struct arena *a,
		   const char **ret_path, struct err *err)
{
	struct build b = {.o = o, .arena = a, .log_fd = log_fd};
	int r = find_named(&b, err);
	if (r == 0)
		r = join_packages(&b, err);
	if (r == 0)
		r = find_hook(&b, err);
	if (r == 0)
		r = check_tools(&b, err);
	if (r == 0)
		r = choose_path(&b, err);
	if (r == 0)
		r = make_unless_there(&b, err);
	if (r < 0)
		return err_wrap(err, r, "image %s", o->name);
	*ret_path = b.path;
	return 0;
}
