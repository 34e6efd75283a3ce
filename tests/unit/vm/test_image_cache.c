/* Downloads into the cache, from a server of our own, and files of the user. */
#include "image/cache.h"
#include "image_server.h"
#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "rollout/vm/image.h"
#include "test.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define DISK_BYTES (1u << 20)

static char folder[] = "/tmp/rollout-images-XXXXXX";
static char disk[DISK_BYTES]; /* raw, with a partition table */
static char digest[DIGEST_HEX_MAX + 8];

static int set_up(void **state)
{
	char hex[DIGEST_HEX_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof(disk); i++)
		disk[i] = (char)(i * 31 + i / 997);
	memcpy(disk + 510, "\x55\xaa", 2);
	digest_bytes(DIGEST_SHA256, disk, sizeof(disk), hex);
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	if (!mkdtemp(folder))
		return -1;
	setenv("XDG_CACHE_HOME", folder, 1);
	setenv("no_proxy", "*", 1);
	return 0;
}

static int clear(void **state)
{
	CLEANUP(strbuf_release) struct strbuf command = {0};
	(void)state;
	umount2(folder, MNT_DETACH); /* of a test that failed */
	strbuf_printf(&command, "rm -rf '%s'/*", folder);
	return system(command.ptr);
}

static int tear_down(void **state)
{
	clear(state);
	return rmdir(folder);
}

struct fetched {
	struct arena arena;
	const char *path;
	struct err err;
	char url[80];
};

static int ensure(const char *name, const char *sum, struct fetched *f)
{
	const struct vm_image_ref ref = {.name = name, .digest = sum};
	f->err = (struct err){0};
	return vm_image_ensure(&ref, VM_ARCH_AMD64, VM_DRIVER_QEMU, NULL, &f->arena, &f->path,
			       &f->err);
}

static int download(const struct image_server *s, const char *sum, struct fetched *f)
{
	snprintf(f->url, sizeof(f->url), "http://127.0.0.1:%u/disk.img", s->port);
	return ensure(f->url, sum, f);
}

static void release(struct fetched *f)
{
	arena_release(&f->arena);
}

static void must_be_the_disk(const struct fetched *f)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err e = {0};
	assert_int_equal(file_read(f->path, DISK_BYTES, &text, &e), 0);
	assert_int_equal(text.len, DISK_BYTES);
	assert_memory_equal(text.ptr, disk, DISK_BYTES);
}

static const char *partial_path(struct fetched *f)
{
	return arena_printf(&f->arena, "%s/rollout/images/sha256-%s.img.partial", folder,
			    digest + strlen("sha256:"));
}

/* ---- downloads ---- */

static void a_download_is_made_once(void **state)
{
	struct image_server s = {.file = {disk, sizeof(disk)}};
	struct fetched f = {0};
	struct vm_cached_image *list;
	size_t n = 0;
	(void)state;
	image_server_start(&s);
	assert_int_equal(download(&s, digest, &f), 0);
	must_be_the_disk(&f);
	assert_int_equal(download(&s, digest, &f), 0);
	assert_int_equal(s.requests, 1);
	assert_int_equal(vm_image_list(&f.arena, &list, &n, &f.err), 0);
	assert_int_equal(n, 1);
	assert_string_equal(list[0].origin, f.url);
	assert_string_equal(list[0].path, f.path);
	assert_int_equal(list[0].size_bytes, DISK_BYTES);
	assert_true(list[0].used_s > 1000000000);
	assert_int_equal(access(partial_path(&f), F_OK), -1);
	image_server_stop(&s);
	release(&f);
}

/* A cut-off or lost piece of the cache is not given to QEMU. */
static void the_cache_is_checked(void **state)
{
	struct image_server s = {.file = {disk, sizeof(disk)}};
	struct fetched f = {0};
	(void)state;
	image_server_start(&s);
	assert_int_equal(download(&s, digest, &f), 0);
	assert_int_equal(truncate(f.path, 4096), 0);
	assert_int_equal(download(&s, digest, &f), 0);
	must_be_the_disk(&f);
	assert_int_equal(s.requests, 2);
	assert_int_equal(unlink(arena_printf(&f.arena, "%s.json", f.path)), 0);
	assert_int_equal(download(&s, digest, &f), 0);
	assert_int_equal(s.requests, 2);
	image_server_stop(&s);
	release(&f);
}

static void a_wrong_digest_leaves_nothing(void **state)
{
	struct image_server s = {.file = {disk, sizeof(disk) - 512}};
	struct fetched f = {0};
	(void)state;
	image_server_start(&s);
	assert_int_equal(download(&s, digest, &f), ERR_INVALID);
	assert_non_null(strstr(f.err.msg, digest));
	assert_non_null(strstr(f.err.msg, "its digest is sha256:"));
	assert_int_equal(access(partial_path(&f), F_OK), -1);
	assert_int_equal(s.requests, 1);
	image_server_stop(&s);
	release(&f);
}

static void a_broken_download_goes_on_where_it_was(void **state)
{
	struct image_server s = {.file = {disk, sizeof(disk)}, .break_after = 400000, .breaks = 2};
	struct fetched f = {0};
	(void)state;
	image_server_start(&s);
	assert_int_equal(download(&s, digest, &f), 0);
	must_be_the_disk(&f);
	assert_int_equal(s.requests, 3);
	assert_int_equal(s.ranged, 2);
	assert_int_equal(s.first_range, 800000);
	image_server_stop(&s);
	release(&f);
}

static void put_partial(struct fetched *f, const char *data, size_t len)
{
	const char *path = partial_path(f);
	struct err e = {0};
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, path_dirname(path));
	assert_int_equal(dir_create_all(dir.ptr, 0755, &e), 0);
	assert_int_equal(file_write_atomic(path, data, len, 0644, &e), 0);
}

/* What another run left; the server may not know ranges, or the piece be wrong. */
static void an_earlier_piece_is_continued(void **state)
{
	static const struct {
		bool no_ranges, wrong;
		size_t len;
		unsigned requests;
	} cases[] = {
		{false, false, 500000, 1}, /* the rest */
		{true, false, 500000, 2},  /* refused, then all */
		{false, true, 500000, 2},  /* the rest, wrong digest, then all */
		{false, false, DISK_BYTES, 1},
		{false, true, DISK_BYTES + 77, 2}, /* 416, then all */
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct image_server s = {.file = {disk, sizeof(disk)},
					 .no_ranges = cases[i].no_ranges};
		struct fetched f = {0};
		CLEANUP(free_ptr) char *piece = xcalloc(1, DISK_BYTES + 77);
		if (!cases[i].wrong)
			memcpy(piece, disk, DISK_BYTES);
		image_server_start(&s);
		put_partial(&f, piece, cases[i].len);
		if (download(&s, digest, &f) != 0)
			fail_msg("case %zu: %s", i, f.err.msg);
		must_be_the_disk(&f);
		if (i != 3 && s.requests != cases[i].requests)
			fail_msg("case %zu: %u requests", i, s.requests);
		assert_int_equal(s.ranged, 1);
		image_server_stop(&s);
		assert_int_equal(vm_image_remove(f.url, &f.err), 0);
		release(&f);
	}
}

static void servers_say_no(void **state)
{
	static const struct {
		int status, code;
		const char *redirect;
	} cases[] = {
		{404, ERR_NOT_FOUND, NULL},
		{403, ERR_UNREACHABLE, NULL},
		{0, ERR_UNREACHABLE, "file:///etc/passwd"},
		{0, ERR_UNREACHABLE, "ftp://127.0.0.1/x"},
	};
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct image_server s = {.status = cases[i].status, .redirect = cases[i].redirect};
		struct fetched f = {0};
		image_server_start(&s);
		assert_int_equal(download(&s, digest, &f), cases[i].code);
		assert_non_null(strstr(f.err.msg, f.url));
		assert_int_equal(s.requests, 1);
		image_server_stop(&s);
		release(&f);
	}
}

static void no_server_is_unreachable(void **state)
{
	struct image_server s = {0};
	struct fetched f = {0};
	(void)state;
	image_server_start(&s); /* a port that was free a moment ago */
	image_server_stop(&s);
	assert_int_equal(download(&s, digest, &f), ERR_UNREACHABLE);
	setenv("https_proxy", arena_printf(&f.arena, "http://127.0.0.1:%u", s.port), 1);
	setenv("no_proxy", "", 1);
	assert_int_equal(ensure("debian-12", NULL, &f), ERR_UNREACHABLE);
	assert_non_null(strstr(f.err.msg, "rollout vm image build debian-12"));
	setenv("no_proxy", "*", 1);
	release(&f);
}

static void a_download_without_length(void **state)
{
	struct image_server s = {.file = {disk, sizeof(disk)}, .no_length = true};
	struct fetched f = {0};
	(void)state;
	image_server_start(&s);
	assert_int_equal(download(&s, digest, &f), 0);
	must_be_the_disk(&f);
	image_server_stop(&s);
	release(&f);
}

/* A file system of 256 KiB. Told before the first byte when the length is known. */
static void a_full_disk_is_told(void **state)
{
	struct fetched f = {0};
	(void)state;
	if (mount("none", folder, "tmpfs", 0, "size=256k") < 0)
		skip();
	for (int no_length = 0; no_length < 2; no_length++) {
		struct image_server s = {.file = {disk, sizeof(disk)}, .no_length = no_length};
		image_server_start(&s);
		assert_int_equal(download(&s, digest, &f), ERR_SYS);
		assert_non_null(strstr(f.err.msg, "no room for the image in"));
		assert_non_null(strstr(f.err.msg, no_length ? "bytes more" : "1048576 bytes more"));
		image_server_stop(&s);
	}
	assert_int_equal(umount(folder), 0);
	release(&f);
}

/* ---- files of the user, names ---- */

static void local_files_are_verified(void **state)
{
	struct fetched f = {0};
	CLEANUP(free_ptr) char *path = path_join(folder, "mine.img");
	struct err e = {0};
	(void)state;
	assert_int_equal(file_write_atomic(path, disk, sizeof(disk), 0644, &e), 0);
	assert_int_equal(ensure(path, NULL, &f), 0);
	assert_string_equal(f.path, path);
	for (int again = 0; again < 2; again++)
		assert_int_equal(ensure(path, digest, &f), 0);
	/* of the same length: the remembered verdict is not for this one */
	assert_int_equal(file_write_atomic(path, "\0", 1, 0644, &e), 0);
	assert_int_equal(truncate(path, DISK_BYTES), 0);
	assert_int_equal(ensure(path, digest, &f), ERR_INVALID);
	disk[7]++;
	assert_int_equal(file_write_atomic(path, disk, sizeof(disk), 0644, &e), 0);
	disk[7]--;
	assert_int_equal(ensure(path, digest, &f), ERR_INVALID);
	assert_non_null(strstr(f.err.msg, "its digest is sha256:"));
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(ensure(path, "md5:00", &f), ERR_INVALID);
	release(&f);
}

static void a_built_image_comes_first(void **state)
{
	struct fetched f = {0};
	const char *dir;
	struct err e = {0};
	(void)state;
	assert_int_equal(vm_cache_dir(&f.arena, &dir, &e), 0);
	const struct cached_image built = {
		.path = arena_printf(&f.arena, "%s/built-debian-12-amd64-1.qcow2", dir),
		.origin = "debian-12",
		.digest = digest,
		.made = "build",
		.arch = "amd64",
		.driver = "qemu",
		.size_bytes = DISK_BYTES,
	};
	assert_int_equal(file_write_atomic(built.path, disk, sizeof(disk), 0644, &e), 0);
	assert_int_equal(vm_cache_write(&built, &e), 0);
	assert_int_equal(ensure("debian-12", NULL, &f), 0);
	assert_string_equal(f.path, built.path);
	assert_int_equal(vm_image_remove("debian-13", &e), ERR_NOT_FOUND);
	assert_non_null(strstr(e.msg, "did you mean 'debian-12'?"));
	assert_int_equal(vm_image_remove("debian-12", &e), 0);
	assert_int_equal(access(built.path, F_OK), -1);
	release(&f);
}

static void names_and_digests_are_checked(void **state)
{
	struct fetched f = {0};
	(void)state;
	assert_int_equal(ensure("debain-12", NULL, &f), ERR_NOT_FOUND);
	assert_non_null(strstr(f.err.msg, "did you mean 'debian-12'?"));
	assert_int_equal(ensure("http://127.0.0.1:1/x", NULL, &f), ERR_INVALID);
	assert_int_equal(ensure("http://127.0.0.1:1/x", "sha256:../../x", &f), ERR_INVALID);
	assert_int_equal(ensure("/nonexistent/x.img", NULL, &f), ERR_NOT_FOUND);
	for (size_t i = 0; i < vm_named_image_count; i++) {
		const struct vm_named_image *n = &vm_named_images[i];
		const bool sha256 = strncmp(n->digest, "sha256:", 7) == 0;
		assert_int_equal(strlen(n->digest), 7 + (sha256 ? 64 : 128));
		assert_non_null(strstr(n->url, vm_image_arch_name(n->arch)));
		assert_ptr_equal(vm_image_named(n->name, n->arch), n);
	}
	release(&f);
}

static void builds_are_checked_before_they_begin(void **state)
{
	static const char *const bad[] = {"-o=x", NULL};
	struct vm_image_build_options o = {.name = "debian-1", .driver = VM_DRIVER_QEMU};
	struct fetched f = {0};
	(void)state;
	assert_int_equal(vm_image_build(&o, -1, &f.arena, &f.path, &f.err), ERR_NOT_FOUND);
	assert_non_null(strstr(f.err.msg, "did you mean 'debian-12'?"));
	o.name = "ubuntu-24.04";
	assert_int_equal(vm_image_build(&o, -1, &f.arena, &f.path, &f.err), ERR_UNSUPPORTED);
	o.name = "debian-12";
	o.packages = bad;
	assert_int_equal(vm_image_build(&o, -1, &f.arena, &f.path, &f.err), ERR_INVALID);
	o.packages = NULL;
	o.hook = "/nonexistent/hook";
	assert_int_equal(vm_image_build(&o, -1, &f.arena, &f.path, &f.err), ERR_SYS);
	release(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(a_download_is_made_once, clear),
		cmocka_unit_test_teardown(the_cache_is_checked, clear),
		cmocka_unit_test_teardown(a_wrong_digest_leaves_nothing, clear),
		cmocka_unit_test_teardown(a_broken_download_goes_on_where_it_was, clear),
		cmocka_unit_test_teardown(an_earlier_piece_is_continued, clear),
		cmocka_unit_test_teardown(servers_say_no, clear),
		cmocka_unit_test_teardown(no_server_is_unreachable, clear),
		cmocka_unit_test_teardown(a_download_without_length, clear),
		cmocka_unit_test_teardown(a_full_disk_is_told, clear),
		cmocka_unit_test_teardown(local_files_are_verified, clear),
		cmocka_unit_test_teardown(a_built_image_comes_first, clear),
		cmocka_unit_test_teardown(names_and_digests_are_checked, clear),
		cmocka_unit_test_teardown(builds_are_checked_before_they_begin, clear),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
