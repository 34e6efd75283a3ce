/* The script through real shells, and the conversation by itself. */
#include "bootstrap.h"
#include "probe.h"

#include "rollout/base/file.h"

#include <dirent.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

static struct transport_target local = {.kind = TRANSPORT_LOCAL};

static void home(const char *name)
{
	mkdir(probe_path(name), 0755);
	setenv("HOME", probe_path(name), 1);
}

static void must_echo(bool cached)
{
	struct probe p = {0};
	struct transport_target t = local;
	probe_run(&p, &t);
	if (!p.up || p.why.code)
		fail_msg("not up: %d %s", p.why.code, p.why.msg);
	assert_int_equal(p.cached, cached);
	probe_release(&p);
}

static int count_files(const char *path, const char *prefix)
{
	int n = 0;
	DIR *d = opendir(path);
	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
	if (d)
		closedir(d);
	return n;
}

static void caches(void **state UNUSED)
{
	struct stat st;
	home("h1");
	must_echo(false);
	must_echo(true);
	assert_int_equal(stat(probe_path("h1/.cache/rollout"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(count_files(probe_path("h1/.cache/rollout"), "agent-"), 1);
	assert_int_equal(count_files(probe_path("h1/.cache/rollout"), "new."), 0);
}

static void replaces_a_damaged_copy(void **state UNUSED)
{
	home("h2");
	must_echo(false);
	assert_int_equal(system("for f in ~/.cache/rollout/agent-*; do echo evil >$f; done"), 0);
	must_echo(false);
	must_echo(true);
}

static void refuses_a_link_for_a_folder(void **state UNUSED)
{
	home("h3");
	assert_int_equal(system("mkdir ~/.cache ~/elsewhere; ln -s ~/elsewhere ~/.cache/rollout"),
			 0);
	must_echo(false);
	must_echo(false);
	assert_int_equal(count_files(probe_path("h3/elsewhere"), "agent-"), 0);
}

static void removes_old_agents(void **state UNUSED)
{
	home("h4");
	assert_int_equal(
		system("mkdir -p ~/.cache/rollout; cd ~/.cache/rollout; for i in 1 2 3 4 5;"
		       "do touch -d 2020-01-0$i agent-$i; done; touch -d 2020-01-01 new.x"),
		0);
	must_echo(false);
	assert_int_equal(count_files(probe_path("h4/.cache/rollout"), "agent-"), 3);
	assert_int_equal(count_files(probe_path("h4/.cache/rollout"), "new."), 0);
	assert_int_equal(access(probe_path("h4/.cache/rollout/agent-5"), F_OK), 0);
}

static void works_without_a_home(void **state UNUSED)
{
	int before = count_files("/var/tmp", "rollout.");
	setenv("HOME", "/proc/self", 1);
	must_echo(false);
	assert_int_equal(count_files("/var/tmp", "rollout."), before);
}

/* PATH with these tools alone */
static void only_tools(const char *tools)
{
	char command[600];
	snprintf(command, sizeof(command),
		 "rm -rf %s/bin; mkdir %s/bin; for t in %s; do ln -s $(command -v $t) %s/bin/$t; "
		 "done",
		 probe_folder(), probe_folder(), tools, probe_folder());
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	assert_int_equal(system(command), 0);
	setenv("PATH", probe_path("bin"), 1);
}

#define TOOLS "sh uname head mktemp mkdir chmod rm mv ls grep find cat "

static void works_without_gzip(void **state UNUSED)
{
	home("h5");
	only_tools(TOOLS "sha256sum");
	must_echo(false);
	must_echo(true);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
}

static void says_that_no_hash_tool_is_there(void **state UNUSED)
{
	struct probe p = {0};
	struct transport_target t = local;
	home("h6");
	only_tools(TOOLS);
	probe_run(&p, &t);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	assert_false(p.up);
	assert_int_equal(p.why.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(p.why.msg, "neither sha256sum nor openssl"));
	probe_release(&p);
}

static void small_mount(const char *name, unsigned long flags, const char *options)
{
	home(name);
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", probe_path(name), "tmpfs", flags, options) < 0)
		skip();
}

static void leaves_a_full_or_noexec_home(void **state UNUSED)
{
	int before = count_files("/var/tmp", "rollout.");
	small_mount("h7", MS_NOEXEC, "");
	must_echo(false);
	small_mount("h8", 0, "size=4k");
	assert_int_equal(system("head -c 4096 /dev/zero >~/x 2>/dev/null; true"), 0);
	must_echo(false);
	assert_int_equal(count_files("/var/tmp", "rollout."), before);
	umount(probe_path("h7"));
	umount(probe_path("h8"));
}

static void tells_how_an_agent_died(void **state UNUSED)
{
	struct probe p = {.agent = "#!/bin/sh\necho broken >&2\nexit 3\n"};
	struct transport_target t = local;
	home("h9");
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_PROTOCOL);
	assert_string_equal(p.why.msg, "the agent on host1 ended with exit status 3: broken");
	probe_release(&p);
	p = (struct probe){.no_images = true};
	probe_run(&p, &t);
	assert_int_equal(p.why.code, ERR_UNSUPPORTED);
	assert_non_null(strstr(p.why.msg, "carries agents for: none"));
	probe_release(&p);
}

static void limits_the_start(void **state UNUSED)
{
	struct probe p = {0};
	struct transport_target t = local;
	t.start_timeout_ms = 300;
	home("h10");
	probe_write("bin-sleep", "#!/bin/sh\nsleep 5\n", 0755);
	only_tools("sh");
	assert_int_equal(rename(probe_path("bin-sleep"), probe_path("bin/uname")), 0);
	setenv("PATH", probe_path("bin"), 1);
	assert_int_equal(symlink("/bin/sleep", probe_path("bin/sleep")), 0);
	probe_run(&p, &t);
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	assert_int_equal(p.why.code, ERR_TIMEOUT);
	probe_release(&p);
}

static void moves_many_bytes(void **state UNUSED)
{
	struct probe p = {.want = 5000000};
	struct transport_target t = local;
	home("h11");
	probe_run(&p, &t);
	if (p.got.len != p.want || p.why.code)
		fail_msg("%zu bytes: %s", p.got.len, p.why.msg);
	probe_release(&p);
}

static void ends_at_any_time(void **state UNUSED)
{
	struct probe early = {.close_at_once = true}, up = {.close_when_up = true};
	struct probe dies = {.agent = "#!/bin/sh\nread x\nexit 3\n", .want = 5000000};
	struct transport_target t = local;
	home("h12");
	probe_run(&early, &t);
	assert_int_equal(early.why.code, 0);
	assert_false(early.up);
	probe_run(&up, &t);
	assert_int_equal(up.why.code, 0);
	assert_int_equal(up.got.len, up.want); /* what was sent before is answered */
	probe_run(&dies, &t);
	assert_int_equal(dies.why.code, ERR_PROTOCOL);
	probe_release(&early);
	probe_release(&up);
	probe_release(&dies);
}

/* --- the conversation --- */

struct talk {
	struct bootstrap b;
	struct strbuf written, data;
	struct err why;
	int ups, fails;
};

static void talk_write(void *ctx, struct slice s)
{
	strbuf_slice_append(&((struct talk *)ctx)->written, s);
}
static void talk_up(void *ctx, const char *machine, bool cached)
{
	struct talk *t = ctx;
	assert_string_equal(machine, "m1");
	assert_true(cached);
	t->ups++;
}
static void talk_data(void *ctx, struct slice s)
{
	strbuf_slice_append(&((struct talk *)ctx)->data, s);
}
static void talk_fail(void *ctx, const struct err *why)
{
	struct talk *t = ctx;
	t->why = *why;
	t->fails++;
}
static const struct bootstrap_ops talk_ops = {talk_write, talk_up, talk_data, talk_fail};
static const struct transport_agent_image image = {"m1", (const unsigned char *)"", 0, 0, "00"};
static const struct transport_target sudo_target = {.name = "web1",
						    .user = "ops",
						    .become = true,
						    .become_password = "geheim",
						    .images = &image,
						    .nimages = 1};

static void talk_release(struct talk *t)
{
	bootstrap_release(&t->b);
	strbuf_release(&t->written);
	strbuf_release(&t->data);
}

static void ignores_noise_at_any_cut(void **state UNUSED)
{
	static const char text[] = "motd\r\nROLLOUT-AGENT-x\nROLLOUT-AGENT-START m1 1\nab\ncd";
	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct talk t = {0};
		bootstrap_init(&t.b, &sudo_target, &talk_ops, &t);
		bootstrap_stdout(&t.b, (struct slice){text, cut});
		bootstrap_stdout(&t.b, (struct slice){text + cut, sizeof(text) - 1 - cut});
		assert_int_equal(t.ups, 1);
		assert_string_equal(t.data.ptr, "ab\ncd");
		talk_release(&t);
	}
}

static void answers_sudo_once(void **state UNUSED)
{
	static const char prompt[] = "We trust you.\n[rollout sudo password]";
	struct talk t = {0};
	bootstrap_init(&t.b, &sudo_target, &talk_ops, &t);
	for (size_t i = 0; i < sizeof(prompt) - 1; i++)
		bootstrap_stderr(&t.b, (struct slice){prompt + i, 1});
	assert_string_equal(t.written.ptr, "geheim\n");
	bootstrap_stderr(&t.b, SLICE_LIT("Sorry, try again.\n[rollout sudo password]"));
	assert_string_equal(t.written.ptr, "geheim\n");
	assert_int_equal(t.fails, 1);
	assert_int_equal(t.why.code, ERR_AUTH);
	assert_string_equal(t.why.msg, "the sudo password for ops on web1 is wrong");
	talk_release(&t);
}

/* su has a prompt of its own, and does not know how to go without a password. */
static void answers_su(void **state UNUSED)
{
	struct transport_target target = sudo_target;
	struct talk t = {0}, without = {0};
	target.become_method = "su";
	bootstrap_init(&t.b, &target, &talk_ops, &t);
	bootstrap_stderr(&t.b, SLICE_LIT("Pass"));
	assert_int_equal(t.written.len, 0);
	bootstrap_stderr(&t.b, SLICE_LIT("word: "));
	assert_string_equal(t.written.ptr, "geheim\n");
	bootstrap_stderr(&t.b, SLICE_LIT("su: Authentication failure\n"));
	bootstrap_explain(&t.b, 1, NULL, &t.why);
	assert_int_equal(t.why.code, ERR_AUTH);
	assert_non_null(strstr(t.why.msg, "root's password is wrong"));
	assert_null(strstr(t.why.msg, "geheim"));
	target.become_password = NULL;
	bootstrap_init(&without.b, &target, &talk_ops, &without);
	bootstrap_stderr(&without.b, SLICE_LIT("Password: "));
	assert_int_equal(without.fails, 1);
	assert_int_equal(without.why.code, ERR_AUTH);
	assert_non_null(strstr(without.why.msg, "--ask-become-pass"));
	talk_release(&t);
	talk_release(&without);
}

/* The whole line through a su that asks as the real one does. */
static void starts_by_su(void **state UNUSED)
{
	static const char su[] =
		"#!/bin/sh\n"
		"printf 'Password: ' >&2; read -r p; [ \"$p\" = geheim ] || exit 1\n"
		"[ \"$1 $2 $3 $4\" = '-m -s /bin/sh -c' ] || exit 2\n"
		"c=$5; [ \"$6 $7\" = '-- root' ] || exit 3; shift 7\n"
		"case $c in \"SUDO_UID=$(id -u); \"*) ;; *) exit 4;; esac\n"
		"exec /bin/sh -c \"$c\" \"$@\"\n";
	CLEANUP(strbuf_release) struct strbuf command = {0};
	struct transport_target target = sudo_target;
	char line[200] = "";
	setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
	probe_write("su", su, 0755);
	target.become_method = "su";
	target.become_exe = probe_path("su");
	target.become_flags = "-m";
	strbuf_puts(&command, "echo geheim | (");
	bootstrap_command(&target, &command);
	strbuf_puts(&command, ") 2>&1");
	FILE *out = popen(command.ptr, "r"); /* NOLINT(cert-env33-c): the line is for a shell */
	assert_non_null(out);
	assert_non_null(fgets(line, sizeof(line), out));
	assert_int_equal(pclose(out) >> 8, 1); /* it has no agent for this machine */
	if (!strstr(line, "Password: ROLLOUT-AGENT-ERROR machine"))
		fail_msg("%s", line);
}

/* A host that has the password may say it, in an error or as noise. */
static void does_not_show_the_password(void **state UNUSED)
{
	static const char *const said[] = {"sh: geheim: not found\n", "a\033[1mgeheimgeheim"};
	for (int heard = 0; heard < 2; heard++) {
		for (size_t i = 0; i < ARRAY_LEN(said); i++) {
			struct bootstrap b;
			struct err err = {0};
			char text[300];
			bootstrap_init(&b, &sudo_target, &talk_ops, NULL);
			if (heard)
				bootstrap_stdout(&b, slice_from(said[i]));
			else
				bootstrap_stderr(&b, slice_from(said[i]));
			if (heard)
				bootstrap_stdout(&b, SLICE_LIT("\n"));
			bootstrap_explain(&b, 1, NULL, &err);
			bootstrap_said(&b, text, sizeof(text));
			assert_null(strstr(err.msg, "geheim"));
			assert_null(strstr(text, "geheim"));
			assert_non_null(strstr(err.msg, "********"));
			assert_non_null(strstr(text, "********"));
			assert_null(strchr(text, '\033'));
			bootstrap_release(&b);
		}
	}
}

static void explains(void **state UNUSED)
{
	static const struct {
		const char *errors;
		int status, code;
		const char *want;
	} table[] = {
		{"sudo: a password is required\n", 1, ERR_AUTH, "ansible_become_password"},
		{"ops is not in the sudoers file.\n", 1, ERR_AUTH, "not in the sudoers file"},
		{"sudo: sorry, you must have a tty to run sudo\n", 1, ERR_UNSUPPORTED,
		 "requiretty"},
		{"sh: 1: exec: sudo: not found\n", 127, ERR_UNSUPPORTED, "has no sudo"},
		{"This account is currently not available.\n", 1, ERR_PROTOCOL,
		 "exit status 1: This account"},
	};
	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		struct talk t = {0};
		bootstrap_init(&t.b, &sudo_target, &talk_ops, &t);
		bootstrap_stderr(&t.b, slice_from(table[i].errors));
		bootstrap_explain(&t.b, table[i].status, NULL, &t.why);
		if (t.why.code != (enum err_code)table[i].code || !strstr(t.why.msg, table[i].want))
			fail_msg("%zu: %d %s", i, t.why.code, t.why.msg);
		talk_release(&t);
	}
}

static void ends_a_flood(void **state UNUSED)
{
	static char noise[BOOTSTRAP_NOISE_MAX];
	struct talk t = {0};
	memset(noise, 'x', sizeof(noise));
	bootstrap_init(&t.b, &sudo_target, &talk_ops, &t);
	bootstrap_stdout(&t.b, (struct slice){noise, sizeof(noise)});
	assert_int_equal(t.fails, 0);
	bootstrap_stdout(&t.b, SLICE_LIT("y"));
	assert_int_equal(t.fails, 1);
	assert_int_equal(t.why.code, ERR_PROTOCOL);
	talk_release(&t);
}

static void suits_every_shell(void **state UNUSED)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	bootstrap_command(&sudo_target, &out);
	assert_null(strpbrk(out.ptr, "\n\\!"));
	assert_null(strstr(out.ptr, "geheim"));
	struct transport_target su = sudo_target;
	su.become_method = "su";
	su.become_exe = "/bin/su";
	su.become_flags = "-l";
	strbuf_truncate(&out, 0);
	bootstrap_command(&su, &out);
	assert_null(strpbrk(out.ptr, "\n\\!"));
	assert_null(strstr(out.ptr, "geheim"));
	assert_true(slice_ends_with(strbuf_slice(&out), " /bin/su -l"));
}

static int clean(void **state UNUSED)
{
	probe_clean();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(caches),
		cmocka_unit_test(replaces_a_damaged_copy),
		cmocka_unit_test(refuses_a_link_for_a_folder),
		cmocka_unit_test(removes_old_agents),
		cmocka_unit_test(works_without_a_home),
		cmocka_unit_test(works_without_gzip),
		cmocka_unit_test(says_that_no_hash_tool_is_there),
		cmocka_unit_test(leaves_a_full_or_noexec_home),
		cmocka_unit_test(tells_how_an_agent_died),
		cmocka_unit_test(limits_the_start),
		cmocka_unit_test(moves_many_bytes),
		cmocka_unit_test(ends_at_any_time),
		cmocka_unit_test(ignores_noise_at_any_cut),
		cmocka_unit_test(answers_sudo_once),
		cmocka_unit_test(answers_su),
		cmocka_unit_test(starts_by_su),
		cmocka_unit_test(does_not_show_the_password),
		cmocka_unit_test(explains),
		cmocka_unit_test(ends_a_flood),
		cmocka_unit_test(suits_every_shell),
	};
	return cmocka_run_group_tests(tests, NULL, clean);
}
