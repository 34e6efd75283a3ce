#include "cache.h"
#include "download.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"
#include "verify.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* What to fetch, and as what. */
struct wanted {
	const char *url, *digest, *origin, *path;
	enum vm_arch arch;
	const struct vm_image_progress *progress;
	struct arena *arena;
};

/* An image that rests on another file would read that file of this machine. */
static int check_image(const char *path, struct err *err)
{
	struct vm_image_info info;
	int r = vm_image_inspect(path, &info, err);
	if (r == 0 && info.has_backing_file)
		return err_set(err, ERR_INVALID,
			       "the image %s rests on another file; make it one: qemu-img convert "
			       "-O qcow2 %s NEW",
			       path, path);
	return r;
}

/* ---- downloads ---- */

static int download_once(const struct wanted *w, bool *ret_resumed, struct err *err)
{
	const char *partial = arena_printf(w->arena, "%s.partial", w->path);
	struct stat st;
	int r = vm_download(w->url, partial, w->progress, ret_resumed, err);
	if (r < 0)
		return r;
	if (stat(partial, &st) == 0)
		vm_image_say(w->progress, "verifying", st.st_size, st.st_size);
	r = vm_verify(partial, w->digest, err);
	if (r < 0) {
		unlink(partial);
		return err_wrap(err, r, "the download of %s", w->url);
	}
	return rename(partial, w->path) < 0 ? err_sys(err, "rename %s", partial) : 0;
}

static int record(const struct wanted *w, struct err *err)
{
	struct stat st;
	if (stat(w->path, &st) < 0)
		return err_sys(err, "%s", w->path);
	const struct cached_image image = {
		.path = w->path,
		.origin = w->origin,
		.digest = w->digest,
		.made = "download",
		.arch = vm_image_arch_name(w->arch),
		.driver = vm_image_driver_name(VM_DRIVER_QEMU),
		.size_bytes = st.st_size,
	};
	return vm_cache_write(&image, err);
}

/* A whole file whose side file was lost is not fetched again. */
static bool is_there(const struct wanted *w)
{
	struct err ignored = {0};
	if (access(w->path, F_OK) < 0)
		return false;
	if (vm_verify(w->path, w->digest, &ignored) == 0)
		return true;
	unlink(w->path);
	return false;
}

/* What a resumed download was continued from may have been something else. */
static int fetch(const struct wanted *w, struct err *err)
{
	struct err first = {0};
	bool resumed = false;
	if (is_there(w))
		return record(w, err);
	int r = download_once(w, &resumed, &first);
	if (r == ERR_INVALID && resumed)
		r = download_once(w, &resumed, err);
	else if (r < 0 && err)
		*err = first;
	return r < 0 ? r : record(w, err);
}

static const char *path_for(struct arena *a, const char *dir, const char *digest)
{
	char *path = arena_printf(a, "%s/%s.img", dir, digest);
	for (char *c = path + strlen(dir) + 1; *c; c++)
		if (*c == ':')
			*c = '-';
	return path;
}

static int ensure_download(struct wanted *w, const char **ret_path, struct err *err)
{
	CLEANUP(fd_close) int lock = -1;
	struct cached_image cached;
	struct err ignored = {0};
	const char *dir;
	int r = vm_digest_check(w->digest, err);
	if (r == 0)
		r = vm_cache_dir(w->arena, &dir, err);
	if (r < 0)
		return r;
	w->path = path_for(w->arena, dir, w->digest);
	if (vm_cache_read(w->arena, w->path, &cached, &ignored) < 0) {
		r = vm_cache_lock(w->path, w->progress, &lock, err);
		if (r == 0 && vm_cache_read(w->arena, w->path, &cached, &ignored) < 0)
			r = fetch(w, err);
	}
	if (r == 0)
		r = check_image(w->path, err);
	if (r < 0)
		return r;
	vm_cache_use(w->path);
	*ret_path = w->path;
	return 0;
}

/* ---- what is on this machine ---- */

static int ensure_tree(const char *path, struct arena *a, const char **ret_path, struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, "the tree %s", path);
	if (!S_ISDIR(st.st_mode))
		return err_set(err, ERR_INVALID,
			       "%s is a file, and the driver nspawn needs a root tree (a folder); "
			       "rollout vm image build --driver nspawn makes one",
			       path);
	if (access(arena_printf(a, "%s/usr/lib/systemd/systemd", path), F_OK) < 0 &&
	    access(arena_printf(a, "%s/lib/systemd/systemd", path), F_OK) < 0)
		return err_set(err, ERR_INVALID,
			       "%s is no root tree that can boot: it has no "
			       "/usr/lib/systemd/systemd",
			       path);
	*ret_path = arena_strdup(a, path);
	return 0;
}

static int ensure_local(const struct vm_image_ref *ref, struct arena *a, const char **ret_path,
			struct err *err)
{
	int r = check_image(ref->name, err);
	if (r == 0 && ref->digest)
		r = vm_verify_local(a, ref->name, ref->digest, err);
	if (r == 0)
		*ret_path = arena_strdup(a, ref->name);
	return r;
}

/* ---- named images ---- */

static int unknown_name(const char *name, enum vm_arch arch, struct err *err)
{
	struct nearest near;
	char hint[100];
	nearest_init(&near, slice_from(name));
	for (size_t i = 0; i < vm_named_image_count; i++)
		if (vm_named_images[i].arch == arch)
			nearest_offer(&near, slice_from(vm_named_images[i].name));
	return err_set(err, ERR_NOT_FOUND, "there is no image '%.80s' for %s%s", name,
		       vm_image_arch_name(arch), nearest_hint(&near, hint, sizeof(hint)));
}

/* Both say what else can be done. */
static int no_download(const struct vm_named_image *named, int code, struct err *err)
{
	const bool can_build = strncmp(named->name, "debian-", 7) == 0;
	if (!err || (code != ERR_UNREACHABLE && code != ERR_NOT_FOUND))
		return code;
	CLEANUP(free_ptr) char *why = xstrdup(err->msg);
	if (can_build)
		return err_set(err, code,
			       "%s; without a way to it, build the image from packages: rollout vm "
			       "image build %s",
			       why, named->name);
	return err_set(err, code, "%s; an image from elsewhere is given by its path", why);
}

static int build_tree(const struct vm_named_image *named, const struct vm_image_progress *progress,
		      struct arena *a, const char **ret_path, struct err *err)
{
	const struct vm_image_build_options o = {
		.name = named->name, .arch = named->arch, .driver = VM_DRIVER_NSPAWN};
	const char *dir;
	int r = vm_cache_dir(a, &dir, err);
	if (r < 0)
		return r;
	const char *log = arena_printf(a, "%s/built-%s-%s-nspawn.log", dir, named->name,
				       vm_image_arch_name(named->arch));
	CLEANUP(fd_close) int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return err_sys(err, "create %s", log);
	vm_image_say(progress, "building a root tree", 0, 0);
	r = vm_image_build(&o, fd, a, ret_path, err);
	return r < 0 ? err_wrap(err, r, "see %s", log) : 0;
}

static int ensure_named(const struct vm_image_ref *ref, enum vm_driver_kind driver,
			struct wanted *w, const char **ret_path, struct err *err)
{
	const struct vm_named_image *named = vm_image_named(ref->name, w->arch);
	struct cached_image built;
	struct err ignored = {0};
	if (!named)
		return unknown_name(ref->name, w->arch, err);
	if (!ref->digest &&
	    vm_cache_built(w->arena, named->name, w->arch, driver, &built, &ignored) == 0) {
		vm_cache_use(built.path);
		*ret_path = built.path;
		return 0;
	}
	if (driver == VM_DRIVER_NSPAWN)
		return build_tree(named, w->progress, w->arena, ret_path, err);
	w->url = named->url;
	w->digest = ref->digest ? ref->digest : named->digest;
	w->origin = named->name;
	int r = ensure_download(w, ret_path, err);
	return r < 0 ? no_download(named, r, err) : 0;
}

static int ensure_url(const struct vm_image_ref *ref, struct wanted *w, const char **ret_path,
		      struct err *err)
{
	if (!ref->digest)
		return err_set(err, ERR_INVALID,
			       "the image %s has no digest: a download is only used when its "
			       "digest is known",
			       ref->name);
	w->url = w->origin = ref->name;
	w->digest = ref->digest;
	return ensure_download(w, ret_path, err);
}

int vm_image_ensure(const struct vm_image_ref *ref, enum vm_arch arch, enum vm_driver_kind driver,
		    const struct vm_image_progress *progress, struct arena *a,
		    const char **ret_path, struct err *err)
{
	struct wanted w = {.arch = arch, .progress = progress, .arena = a};
	int r;
	if (ref->name[0] == '/')
		r = driver == VM_DRIVER_NSPAWN ? ensure_tree(ref->name, a, ret_path, err)
					       : ensure_local(ref, a, ret_path, err);
	else if (!strstr(ref->name, "://"))
		r = ensure_named(ref, driver, &w, ret_path, err);
	else if (driver == VM_DRIVER_NSPAWN)
		r = err_set(err, ERR_UNSUPPORTED,
			    "the driver nspawn takes a named image or the path of a root tree, and "
			    "no URL: %s",
			    ref->name);
	else
		r = ensure_url(ref, &w, ret_path, err);
	return r < 0 && err ? err_locate(err, r, ref->at) : r;
}
