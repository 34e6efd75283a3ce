/* git with the real program, from a repository on the private root. */
#include "program_bed.h"

#include <stdlib.h>

#define ARGS(more) "{\"repo\": \"file://@/origin\", \"dest\": \"@/copy\"" more "}"

static int setup(void **state)
{
	int r = file_bed_setup(state);
	struct file_bed *b = *state;
	setenv("HOME", b->root, 1);
	setenv("GIT_CONFIG_NOSYSTEM", "1", 1);
	file_bed_shell(b, "git config --global user.name t; git config --global user.email t@x\n"
			  "git config --global init.defaultBranch main\n"
			  "git config --global uploadpack.allowAnySHA1InWant true\n"
			  "git init -q origin; cd origin\n"
			  "echo 1 >f; git add f; git commit -qm 1; git tag v1\n"
			  "echo 2 >f; git commit -qam 2; git tag -a -m x v1.2\n"
			  "git checkout -q -b side; echo side >f; git commit -qam side\n"
			  "git rev-parse HEAD >@/side; git checkout -q main");
	return r;
}

static const struct program_case cases[] = {
	{.module = "git", .args = ARGS(), .changed = true, .after = "grep -qx 2 copy/f"},
	{.module = "git", .args = ARGS(", \"version\": \"main\"")},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\""),
	 .changed = true,
	 .after = "grep -qx 1 copy/f"},
	{.module = "git", .args = ARGS(", \"version\": \"v9\", \"update\": false")},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1.2\""),
	 .changed = true,
	 .after = "grep -qx 2 copy/f && cd origin && echo 3 >f && git commit -qam 3"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"main\""),
	 .changed = true,
	 .after = "grep -qx 3 copy/f && [ $(git -C copy rev-parse --abbrev-ref HEAD) = main ] && "
		  "echo mine >copy/f"},
	{.module = "git", .args = ARGS(), .msg = "Local modifications exist in the destination"},
	{.module = "git",
	 .args = ARGS(", \"force\": true"),
	 .changed = true,
	 .after = "grep -qx 3 copy/f"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"side\", \"depth\": 1"),
	 .changed = true,
	 .after = "grep -qx side copy/f"},
	{.module = "git",
	 .args = "{\"repo\": \"file://@/origin\", \"dest\": \"@/shallow\", \"depth\": 1, "
		 "\"single_branch\": true, \"version\": \"v1.2\"}",
	 .changed = true,
	 .after = "grep -qx 2 shallow/f && [ $(git -C shallow rev-list --count HEAD) = 1 ]"},
	{.module = "git",
	 .args = "{\"repo\": \"@/origin\", \"dest\": \"@/bare\", \"bare\": true}",
	 .changed = true,
	 .after = "[ -f bare/HEAD ] && [ ! -e bare/f ]"},
	{.module = "git",
	 .args = "{\"repo\": \"@/nowhere\", \"dest\": \"@/x\"}",
	 .msg = "ls-remote ended with 128"},
	{.module = "git",
	 .args = "{\"repo\": \"@/origin\", \"dest\": \"@/x\", \"executable\": \"@/no-git\"}",
	 .msg = "no-git"},
	{.module = "git",
	 .args = "{\"repo\": \"@/origin\", \"dest\": \"@/x\", \"version\": \"--upload-pack=x\"}",
	 .msg = "is not a version"},
};

static void test_git(void **state)
{
	program_bed_run(*state, cases, ARRAY_LEN(cases));
}

/* A commit by its number, in full and shortened. */
static void test_commit(void **state)
{
	struct file_bed *b = *state;
	CLEANUP(strbuf_release) struct strbuf sha = {0};
	assert_int_equal(b->real->ops->read(b->real, arena_printf(&b->arena, "%s/side", b->root),
					    100, &sha, NULL),
			 0);
	const char *args = "{\"repo\": \"file://@/origin\", \"dest\": \"@/copy\", \"version\": "
			   "\"%.*s\"}";
	const struct program_case commit[] = {
		{.module = "git",
		 .args = arena_printf(&b->arena, args, 40, sha.ptr),
		 .changed = true,
		 .after = "grep -qx side copy/f"},
		{.module = "git", .args = arena_printf(&b->arena, args, 9, sha.ptr)},
	};
	program_bed_run(b, commit, ARRAY_LEN(commit));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_git, setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_commit, setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
