/* dnf, yum and apk, played by scripts that keep their packages in @/have. */
#include "program_bed.h"

static const char dnf[] =
	"echo \"$*\" >>$R/log\n"
	"[ -e $R/held ] && { echo 'Failed to obtain the transaction lock' >&2; exit 200; }\n"
	"no=; verb=; names=; all=; todo=; only=\n"
	"for w; do case $w in --assumeno) no=1;; --downloadonly) only=1;; -*|%*) ;; *) [ $verb ] "
	"&& "
	"names=\"$names $w\" || "
	"verb=$w;; esac; done\n"
	"case $verb in\n"
	"makecache) exit 0;;\n"
	"repolist) printf 'repo id  repo name\\nbase     The base\\nmore     More\\n'; exit 0;;\n"
	"repoquery) f=@System; case \"$*\" in *--available*|*--upgrades*) f=base;; esac\n"
	"echo 'Last check: never'; awk -v f=$f -v n=${names# } 'n == \"\" || n == $1 {print $1 "
	"\"|x86_64|0|1.el9|\" $2 \"|\" f \"\\n\"}' $R/have; exit 0;;\n"
	"install) for n in $names; do [ $n = nonesuch ] && { echo \"No match for argument: $n\" "
	">&2;"
	" exit 1; }; grep -q \"^$n \" $R/have || todo=\"$todo $n\"; done;;\n"
	"upgrade) todo=$(awk '$2 < 2 {print $1}' $R/have);;\n"
	"remove|autoremove) for n in $names; do grep -q \"^$n \" $R/have && todo=\"$todo $n\"; "
	"done;;\n"
	"esac\n"
	"[ \"$todo\" ] || { echo Nothing to do.; exit 0; }\n"
	"[ $no ] && { echo \"Would: $todo\"; echo Operation aborted. >&2; exit 1; }\n"
	"[ $only ] && exit 0\n"
	"for n in $todo; do sed -i \"/^$n /d\" $R/have\n"
	"case $verb in install|upgrade) echo $n 2 >>$R/have;; esac; done; exit 0";
static const char rpm[] = "shift 2; for n; do grep -q \"^$n \" $R/have || exit 1; done";

static const struct program_case rpms[] = {
	{.module = "dnf", .args = "{\"name\": \"bash\"}"},
	{.module = "dnf",
	 .args = "{\"name\": [\"nginx\", \"bash\"], \"state\": \"present\"}",
	 .changed = true,
	 .after = "grep -qx 'nginx 2' have && grep -qx 'bash 1' have"},
	{.module = "dnf",
	 .args = "{\"name\": \"vim\", \"download_only\": true, \"download_dir\": \"@/d\"}",
	 .changed = true,
	 .again = true,
	 .after = "! grep -q vim have && grep -q -- '--downloaddir=.*/d --downloadonly install vim "
		  "-y$' log"},
	{.module = "dnf", .args = "{\"name\": \"nonesuch\"}", .msg = "No match for argument"},
	{.module = "dnf",
	 .args = "{\"name\": \"bash\", \"state\": \"latest\", \"enablerepo\": \"a,b\", "
		 "\"disable_gpg_check\": true, \"install_weak_deps\": false}",
	 .changed = true,
	 .after = "grep -qx -- '--setopt=exit_on_lock=True --enablerepo=a --enablerepo=b "
		  "--nogpgcheck "
		  "--setopt=install_weak_deps=False upgrade bash -y' log"},
	{.module = "yum",
	 .args = "{\"name\": \"nginx\", \"state\": \"absent\"}",
	 .changed = true,
	 .after = "! grep nginx have"},
	{.module = "yum", .args = "{\"name\": \"*\", \"state\": \"latest\"}"},
	{.module = "dnf", .args = "{\"autoremove\": true}", .after = "touch held"},
	{.module = "dnf",
	 .args = "{\"name\": \"nginx\", \"lock_timeout\": 0}",
	 .msg = "Failed to obtain the transaction lock",
	 .after = "rm held"},
	{.module = "package",
	 .args = "{\"name\": \"vim\", \"state\": \"present\", \"use\": \"ansible.builtin.dnf\"}",
	 .changed = true},
	{.module = "package", .args = "{\"name\": \"vim\", \"use\": \"dnf\"}"},
	{.module = "package",
	 .args = "{\"name\": \"emacs\", \"use\": \"dnf\", \"enablerepo\": \"a,b\"}",
	 .changed = true,
	 .after = "grep -q -- '--enablerepo=a --enablerepo=b' log"},
	{.module = "package",
	 .args = "{\"name\": \"vim\", \"use\": \"dnf\", \"force_apt_get\": true}",
	 .msg = "force_apt_get"},
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
	 .changed = true,
	 .after = "printf 'tree=1.2 joe\\nnano~1\\n' >world; : >log"},
	/* A list of what counts as asked for. */
	{.module = "apk",
	 .args = "{\"name\": \"tree,joe,nano\", \"world\": \"@/world\"}",
	 .after = "! grep add log"},
	{.module = "apk",
	 .args = "{\"name\": \"tre,joe\", \"world\": \"@/world\"}",
	 .changed = true,
	 .after = "grep -q '^tre ' have && ! grep -q '^joe ' have"},
	{.module = "apk",
	 .args = "{\"name\": \"joe\", \"world\": \"@/world\", \"state\": \"latest\"}",
	 .changed = true,
	 .after = "grep -q '^joe 2' have"},
	{.module = "apk",
	 .args = "{\"name\": \"joe\", \"world\": \"@/none\"}",
	 .msg = "world: the file"},
};

/* Of all packages, of those of a name, and of repositories. */
static void test_lists(void **state)
{
	static const struct {
		const char *list;
		size_t count;
		const char *key, *first;
	} lists[] = {
		{"installed", 2, "envra", "0:bash-1-1.el9.x86_64"},
		{"installed", 2, "repo", "@System"},
		{"installed", 2, "yumstate", "installed"},
		{"updates", 2, "repo", "base"},
		{"available", 2, "yumstate", "available"},
		{"vim", 2, "name", "vim"},
		{"vim", 2, "yumstate", "installed"},
		{"none", 0, NULL, NULL},
		{"repos", 2, "repoid", "base"},
		{"repos", 2, "state", "enabled"},
	};
	struct file_bed *b = *state;
	program_bed_fake(b, "dnf", dnf);
	program_bed_fake(b, "yum", dnf);
	file_bed_shell(b, "printf 'bash 1\\nvim 2\\n' >have");
	for (size_t i = 0; i < 4 * ARRAY_LEN(lists); i++) {
		struct host *o = host_overlay_new(b->real);
		const char *key = lists[i / 4].key;
		const struct value *r = file_bed_run(
			b, i % 2 ? o : b->real, i % 4 < 2 ? "dnf" : "yum",
			arena_printf(&b->arena, "{\"list\": \"%s\"}", lists[i / 4].list));
		const struct value *results = value_get(r, "results");
		assert_false(value_truthy(value_get(r, "failed")));
		assert_false(value_truthy(value_get(r, "changed")));
		assert_int_equal(results->list.len, lists[i / 4].count);
		if (key)
			assert_string_equal(value_get(results->list.at[0], key)->str.ptr,
					    lists[i / 4].first);
		host_free(o);
	}
}

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
		cmocka_unit_test_setup_teardown(test_lists, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_apks, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
