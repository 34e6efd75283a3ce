/* cron: what it keeps of a user's crontab, played by a script that has it in @/tab. */
#include "program_bed.h"
#include "rollout/base/file.h"
#include "rollout/value/value.h"
#include "test.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char crontab[] = "case $1 in -l) cat $R/tab;; -) cat >$R/tab;; esac";

/* The name of the file that holds what was there before. */
static const char *backup_of(struct file_bed *b, const char *args)
{
	const struct value *r = file_bed_run(b, b->real, "cron", args),
			   *path = value_get(r, "backup_file");
	assert_non_null(path);
	return path->str.ptr;
}

/* It lies in /tmp, where others write too: the name cannot be told beforehand. */
static void test_backup(void **state)
{
	struct file_bed *b = *state;
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	struct stat st;
	program_bed_fake(b, "crontab", crontab);
	file_bed_shell(b, "echo '# mine' >@/tab");
	const char *one = backup_of(b, "{\"name\": \"x\", \"job\": \"one\", \"backup\": true}");
	const char *two = backup_of(b, "{\"name\": \"x\", \"job\": \"two\", \"backup\": true}");
	assert_string_not_equal(one, two);
	assert_memory_equal(one, "/tmp/crontab", 12);
	assert_int_equal(strlen(one), 12 + 16);
	assert_int_equal(strspn(one + 12, "0123456789abcdef"), 16);
	assert_int_equal(stat(one, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_read(one, 1000, &text, &err), 0);
	assert_string_equal(text.ptr, "# mine\n");
	strbuf_truncate(&text, 0);
	assert_int_equal(file_read(two, 1000, &text, &err), 0);
	assert_non_null(strstr(text.ptr, "one"));
	unlink(one);
	unlink(two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_backup, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
