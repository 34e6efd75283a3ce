#include "seed/parts.h"

#include "rollout/base/file.h"
#include "scratch.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#define LABEL_OFFSET (16 * 2048 + 40) /* ECMA-119 8.4.7: of the primary volume descriptor */
#define LABEL_BYTES 32

static const struct vm_seed seed = {
	.user_data = {"#cloud-config\n", 14},
	.meta_data = {"instance-id: x\n", 15},
	.network_config = {"version: 2\n", 11},
};

static void check_entry(struct archive *a, struct archive_entry *entry)
{
	static const struct {
		const char *name;
		const struct slice *content;
	} expected[] = {
		{"user-data", &seed.user_data},
		{"meta-data", &seed.meta_data},
		{"network-config", &seed.network_config},
	};
	for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
		char content[64] = "";
		if (strcmp(archive_entry_pathname(entry), expected[i].name) != 0)
			continue;
		assert_int_equal(archive_read_data(a, content, sizeof(content)),
				 expected[i].content->len);
		assert_string_equal(content, expected[i].content->ptr);
		return;
	}
	fail_msg("an unexpected file: %s", archive_entry_pathname(entry));
}

static void the_files_read_back(void **state)
{
	CLEANUP(free_ptr) char *path = path_join(scratch, "seed.iso");
	struct archive_entry *entry;
	struct err err = {0};
	struct stat st;
	int files = 0;
	(void)state;
	assert_int_equal(vm_seed_write_iso(&seed, path, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	struct archive *a = archive_read_new();
	archive_read_support_format_iso9660(a);
	assert_int_equal(archive_read_open_filename(a, path, 10240), ARCHIVE_OK);
	while (archive_read_next_header(a, &entry) == ARCHIVE_OK) {
		if (archive_entry_filetype(entry) != AE_IFREG)
			continue;
		check_entry(a, entry);
		files++;
	}
	assert_int_equal(files, 3);
	archive_read_free(a);
}

static void its_label_is_what_nocloud_looks_for(void **state)
{
	CLEANUP(free_ptr) char *path = path_join(scratch, "label.iso");
	CLEANUP(strbuf_release) struct strbuf image = {0};
	struct err err = {0};
	(void)state;
	assert_int_equal(vm_seed_write_iso(&seed, path, &err), 0);
	assert_int_equal(file_read(path, 4u << 20, &image, &err), 0);
	struct slice label = {image.ptr + LABEL_OFFSET, LABEL_BYTES};
	assert_true(image.len > LABEL_OFFSET + LABEL_BYTES);
	label = slice_trim(label);
	assert_int_equal(label.len, strlen(VM_SEED_LABEL));
	assert_int_equal(strncasecmp(label.ptr, VM_SEED_LABEL, label.len), 0);
}

static void a_failure_names_the_file_and_leaves_nothing(void **state)
{
	CLEANUP(free_ptr) char *path = path_join(scratch, "missing/seed.iso");
	CLEANUP(free_ptr) char *taken = path_join(scratch, "taken");
	CLEANUP(free_ptr) char *inside = path_join(taken, "x");
	CLEANUP(strbuf_release) struct strbuf command = {0};
	struct err err = {0};
	(void)state;
	assert_int_equal(vm_seed_write_iso(&seed, path, &err), ERR_SYS);
	assert_non_null(strstr(err.msg, path));
	assert_int_equal(dir_create_all(inside, 0700, &err), 0);
	assert_int_equal(vm_seed_write_iso(&seed, taken, &err), ERR_SYS);
	strbuf_printf(&command, "test -z \"$(ls -d '%s'.* 2>/dev/null)\"", taken);
	assert_int_equal(system(command.ptr), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_files_read_back),
		cmocka_unit_test(its_label_is_what_nocloud_looks_for),
		cmocka_unit_test(a_failure_names_the_file_and_leaves_nothing),
	};
	return cmocka_run_group_tests(tests, scratch_make, scratch_remove);
}
