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

/* Signed with a subkey of a key that gpg has here alone. */
static const char sign[] =
	"export GNUPGHOME=@/gnupg; mkdir -m 700 gnupg; cd gnupg\n"
	"gpg -q --batch --passphrase '' --quick-gen-key 'T <t@x>' ed25519 cert never\n"
	"p=$(gpg --list-keys --with-colons | awk -F: '/^fpr/ {print $10; exit}')\n"
	"gpg -q --batch --passphrase '' --quick-add-key $p ed25519 sign never\n"
	"s=$(gpg --list-keys --with-colons | awk -F: '/^fpr/ {f = $10} END {print f}')\n"
	"cd ../origin; echo 4 >f; git -c user.signingkey=$s! commit -qS -am 4; cd ..\n"
	"echo $p >primary; echo $s >sub; [ $p != $s ]";

static const char *word_of(struct file_bed *b, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const char *path = arena_printf(&b->arena, "%s/%s", b->root, name);
	assert_int_equal(b->real->ops->read(b->real, path, 100, &text, NULL), 0);
	return arena_slice(&b->arena, slice_trim(strbuf_slice(&text))).ptr;
}

static void test_signatures(void **state)
{
	struct file_bed *b = *state;
	if (system("command -v gpg >/dev/null") != 0)
		skip();
	file_bed_shell(b, sign);
	setenv("GNUPGHOME", arena_printf(&b->arena, "%s/gnupg", b->root), 1);
	const char *format = ARGS(", \"verify_commit\": true, \"%s\": [\"00AA\", \"%s\"]");
	const struct program_case signatures[] = {
		{.module = "git",
		 .args = arena_printf(&b->arena, format, "gpg_whitelist", word_of(b, "primary")),
		 .changed = true,
		 .after = "rm -rf copy"},
		{.module = "git",
		 .args = arena_printf(&b->arena, format, "gpg_allowlist", word_of(b, "sub")),
		 .changed = true},
		{.module = "git", .args = ARGS(", \"gpg_allowlist\": [\"00AA\"]")},
	};
	const struct value *r =
		file_bed_run(b, b->real, "git",
			     ARGS(", \"verify_commit\": true, \"gpg_whitelist\": [\"00AA\"]"));
	assert_true(value_truthy(value_get(r, "failed")));
	assert_non_null(strstr(value_get(r, "msg")->str.ptr,
			       arena_printf(&b->arena, "does not include the public key \"%s\"",
					    word_of(b, "primary"))));
	file_bed_shell(b, "[ ! -e copy ]");
	program_bed_run(b, signatures, ARRAY_LEN(signatures));
	file_bed_shell(b, "gpgconf --kill all 2>/dev/null; true");
	unsetenv("GNUPGHOME");
}

static const struct program_case archives[] = {
	{.module = "git",
	 .args = ARGS(", \"archive\": \"@/a.rar\""),
	 .msg = "a.rar: the name does not end in .tar"},
	{.module = "git",
	 .args = ARGS(", \"archive_prefix\": \"x/\""),
	 .msg = "required by 'archive_prefix'"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\", \"archive\": \"@/a.tar.gz\", \"umask\": \"0027\""),
	 .changed = true,
	 .after = "[ \"$(tar xzOf a.tar.gz f)\" = 1 ] && [ $(stat -c %a a.tar.gz) = 640 ]"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\", \"archive\": \"@/no/such/a.tar\""),
	 .msg = "/no/such"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1.2\", \"archive\": \"@/a.tar.gz\""),
	 .changed = true,
	 .after = "[ \"$(tar xzOf a.tar.gz f)\" = 2 ] && [ $(stat -c %a a.tar.gz) = 640 ]"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\", \"update\": false, \"archive\": \"@/a.tar\", "
		      "\"archive_prefix\": \"p/\""),
	 .changed = true,
	 .after = "[ \"$(tar xOf a.tar p/f)\" = 1 ] && echo broken >a.tar && grep -qx 2 copy/f"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1.2\", \"archive\": \"@/a.tar\""),
	 .changed = true,
	 .after = "tar tf a.tar && [ -z \"$(ls -d .rollout-git* 2>/dev/null)\" ]"},
};

static void test_archives(void **state)
{
	program_bed_run(*state, archives, ARRAY_LEN(archives));
}

static void test_git(void **state)
{
	program_bed_run(*state, cases, ARRAY_LEN(cases));
}

/* What a killed run has left is finished by the next one: it is nobody's modification. */
static const struct program_case killed[] = {
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\""),
	 .changed = true,
	 .after = "[ ! -e .rollout-git-copy ] && echo half >copy/f && touch copy/.git/index.lock "
		  "copy/.git/rollout-unfinished"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1.2\""),
	 .changed = true,
	 .after = "grep -qx 2 copy/f && [ ! -e copy/.git/rollout-unfinished ] && rm -rf copy && "
		  "mkdir -m 700 copy && mkdir copy/.rollout-git"},
	{.module = "git",
	 .args = ARGS(", \"version\": \"v1\""),
	 .changed = true,
	 .after = "grep -qx 1 copy/f && [ $(stat -c %a copy) = 700 ] && "
		  "[ ! -e copy/.rollout-git ]"},
};

static void test_killed(void **state)
{
	struct file_bed *b = *state;
	file_bed_shell(b, "mkdir .rollout-git-copy; touch .rollout-git-copy/left");
	program_bed_run(b, killed, ARRAY_LEN(killed));
}

/* A checkout that fails half way is undone: a filter refuses the last file. */
static void test_undone(void **state)
{
	struct file_bed *b = *state;
	const struct value *r;
	r = file_bed_run(b, b->real, "git", ARGS(", \"version\": \"v1\""));
	assert_true(value_truthy(value_get(r, "changed")));
	file_bed_shell(b, "cd origin; git checkout -q main; mkdir z; echo new >a; echo new >z/z; "
			  "echo new >f; git add .; git commit -qm 4; git tag v4; "
			  "git config --global filter.bad.smudge false; "
			  "git config --global filter.bad.required true; "
			  "mkdir -p ../copy/.git/info; echo 'z filter=bad' "
			  ">../copy/.git/info/attributes");
	r = file_bed_run(b, b->real, "git", ARGS(", \"version\": \"v4\""));
	assert_true(value_truthy(value_get(r, "failed")));
	assert_non_null(strstr(value_get(r, "msg")->str.ptr, "smudge filter"));
	file_bed_shell(b, "grep -qx 1 copy/f && [ ! -e copy/a ] && [ ! -e copy/z ] && "
			  "[ -z \"$(git -C copy status --porcelain)\" ] && "
			  "[ $(git -C copy rev-parse HEAD) = $(git -C origin rev-parse v1) ] && "
			  "[ ! -e copy/.git/rollout-unfinished ]");
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
		cmocka_unit_test_setup_teardown(test_signatures, setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_archives, setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_commit, setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_killed, setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_undone, setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
