/* dnf, yum and apk, played by scripts that keep their packages in @/have. */
#include "program_bed.h"

static const char dnf[] =
	"echo \"$*\" >>$R/log\n"
	"no=; verb=; names=; all=; todo=\n"
	"for w; do case $w in --assumeno) no=1;; -*) ;; *) [ $verb ] && names=\"$names $w\" || "
	"verb=$w;; esac; done\n"
	"case $verb in\n"
	"makecache) exit 0;;\n"
	"install) for n in $names; do [ $n = nonesuch ] && { echo \"No match for argument: $n\" "
	">&2;"
	" exit 1; }; grep -q \"^$n \" $R/have || todo=\"$todo $n\"; done;;\n"
	"upgrade) todo=$(awk '$2 < 2 {print $1}' $R/have);;\n"
	"remove|autoremove) for n in $names; do grep -q \"^$n \" $R/have && todo=\"$todo $n\"; "
	"done;;\n"
	"esac\n"
	"[ \"$todo\" ] || { echo Nothing to do.; exit 0; }\n"
	"[ $no ] && { echo \"Would: $todo\"; echo Operation aborted. >&2; exit 1; }\n"
	"for n in $todo; do sed -i \"/^$n /d\" $R/have\n"
	"case $verb in install|upgrade) echo $n 2 >>$R/have;; esac; done; exit 0";
static const char rpm[] = "shift 2; for n; do grep -q \"^$n \" $R/have || exit 1; done";

static const struct program_case rpms[] = {
	{.module = "dnf", .args = "{\"name\": \"bash\"}"},
	{.module = "dnf",
	 .args = "{\"name\": [\"nginx\", \"bash\"], \"state\": \"present\"}",
	 .changed = true,
	 .after = "grep -qx 'nginx 2' have && grep -qx 'bash 1' have"},
	{.module = "dnf", .args = "{\"name\": \"nonesuch\"}", .msg = "No match for argument"},
	{.module = "dnf",
	 .args = "{\"name\": \"bash\", \"state\": \"latest\", \"enablerepo\": \"a,b\", "
		 "\"disable_gpg_check\": true, \"install_weak_deps\": false}",
	 .changed = true,
	 .after = "grep -qx -- '--enablerepo=a --enablerepo=b --nogpgcheck "
		  "--setopt=install_weak_deps=False upgrade bash -y' log"},
	{.module = "yum",
	 .args = "{\"name\": \"nginx\", \"state\": \"absent\"}",
	 .changed = true,
	 .after = "! grep nginx have"},
	{.module = "yum", .args = "{\"name\": \"*\", \"state\": \"latest\"}"},
	{.module = "dnf", .args = "{\"autoremove\": true}"},
	{.module = "package",
	 .args = "{\"name\": \"vim\", \"state\": \"present\", \"use\": \"ansible.builtin.dnf\"}",
	 .changed = true},
	{.module = "package",
	 .args = "{\"name\": \"vim\", \"state\": \"present\", \"use\": \"pacman\"}",
	 .msg = "not by 'pacman'"},
};

static const char apk[] =
	"echo \"$*\" >>$R/log\n"
	"verb=; sim=; names=; up=\n"
	"for w; do case $w in --simulate) sim=1;; --upgrade) up=1;; -*) ;; *) [ $verb ] && "
	"names=\"$names $w\" || verb=$w;; esac; done\n"
	"[ $verb = info ] && { set -- $names; grep -q \"^$1 \" $R/have; exit; }\n"
	"for n in $names; do\n"
	"	case $n in nonesuch) echo 'unable to select packages' >&2; exit 1;; esac\n"
	"	grep -q \"^$n \" $R/have && h=1 || h=\n"
	"	case $verb in add) [ $h ] && { [ ! $up ] || grep -q \"^$n 2\" $R/have; } && "
	"continue;;\n"
	"	del) [ $h ] || continue;; esac\n"
	"	echo \"(1/1) Doing $n\"\n"
	"	[ $sim ] && continue\n"
	"	sed -i \"/^$n /d\" $R/have\n"
	"	[ $verb = add ] && echo $n 2 >>$R/have\n"
	"done; exit 0";

static const struct program_case apks[] = {
	{.module = "apk", .args = "{\"name\": \"bash\"}"},
	{.module = "apk", .args = "{\"name\": \"nginx,bash\"}", .changed = true},
	{.module = "apk", .args = "{\"name\": \"bash\", \"state\": \"latest\"}", .changed = true},
	{.module = "apk", .args = "{\"name\": \"nonesuch\"}", .msg = "unable to select"},
	{.module = "apk", .args = "{\"name\": [\"gone\"], \"state\": \"absent\"}"},
	{.module = "apk",
	 .args = "{\"name\": [\"nginx\", \"gone\"], \"state\": \"absent\", \"no_cache\": true}",
	 .changed = true,
	 .after = "! grep nginx have"},
	{.module = "package",
	 .args = "{\"name\": \"vim\", \"state\": \"present\", \"use\": \"apk\"}",
	 .changed = true},
};

static void test_rpms(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "dnf", dnf);
	program_bed_fake(b, "yum", dnf);
	program_bed_fake(b, "rpm", rpm);
	file_bed_shell(b, "echo bash 1 >have");
	program_bed_run(b, rpms, ARRAY_LEN(rpms));
}

static void test_apks(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "apk", apk);
	file_bed_shell(b, "echo bash 1 >have");
	program_bed_run(b, apks, ARRAY_LEN(apks));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_rpms, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_apks, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
