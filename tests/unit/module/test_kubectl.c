/* kubectl, played by a script: the live objects are @/live, as one text. */
#include "program_bed.h"

#include <string.h>

static const char kubectl[] =
	"echo \"$*\" >>$R/log\n"
	"verb=$1; shift; file=; out=; dry=\n"
	"while [ $# -gt 0 ]; do case $1 in -f) file=$2; shift;; --output=*) out=$1;; "
	"--dry-run*) dry=1;; -*) ;; *) args=\"$args $1\";; esac; shift; done\n"
	"[ -e $R/down ] && { echo 'connection refused' >&2; exit 1; }\n"
	"case $file in -) cat >$R/log.in;; ?*) cat $file >$R/log.in;; esac\n"
	"case $verb in\n"
	"diff) grep -q '\"new-ns\"' $R/log.in && [ ! -e $R/ns ] && { echo 'Error from server "
	"(NotFound): namespaces \"new-ns\" not found' >&2; exit 1; }\n"
	"	cmp -s $R/log.in $R/live && exit 0\n"
	"	echo 'diff -u -N /tmp/LIVE-1/v1.ConfigMap.x /tmp/MERGED-2/v1.ConfigMap.x'\n"
	"	echo '--- /tmp/LIVE-1/v1.ConfigMap.x\t2024'; echo '+++ "
	"/tmp/MERGED-2/v1.ConfigMap.x\t2024'\n"
	"	echo '@@ -1 +1 @@'; echo '-a'; echo '+b'; exit 1;;\n"
	"apply) cp $R/log.in $R/live; touch $R/ns; echo configmap/x configured;;\n"
	"get) case $args in\n"
	"	*node*) cat $R/cordoned 2>/dev/null;;\n"
	"	*) case $out in *custom*) echo 'Deployment  web  default'; echo 'Secret s "
	"<none>';;\n"
	"	   *) [ -s $R/live ] && echo configmap/x;; esac;; esac; exit 0;;\n"
	"rollout|wait) ;;\n"
	"delete) rm $R/live;;\n"
	"cordon) echo true >$R/cordoned;;\n"
	"uncordon) rm $R/cordoned;;\n"
	"drain) [ -e $R/pods ] && echo 'evicting pod a/b (server dry run)'\n"
	"	[ $dry ] || { rm -f $R/pods; echo true >$R/cordoned; }; exit 0;;\n"
	"esac";

#define OBJECT "{\"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"x\"}}"

static const struct program_case cases[] = {
	{.module = "kubectl",
	 .args = "{\"definition\": " OBJECT ", \"namespace\": \"n\", \"kubeconfig\": \"/k\"}",
	 .changed = true,
	 .after = "grep -q '^apply --kubeconfig=/k --namespace=n -f -$' log && "
		  "grep -qF '{\"kind\":\"ConfigMap\"' live"},
	{.module = "kubectl", .args = "{\"definition\": " OBJECT "}"},
	{.module = "kubectl",
	 .args = "{\"definition\": [" OBJECT ", " OBJECT "], \"wait\": true, \"wait_timeout\": 7, "
		 "\"server_side\": true}",
	 .changed = true,
	 .after = "grep -q '\"kind\":\"List\"' live && grep -q 'rollout status --timeout=7s "
		  "--namespace=default Deployment/web' log && grep -q 'diff --server-side -f -' "
		  "log"},
	{.module = "kubectl",
	 .args = "{\"definition\": \"a: 1\\n---\\nb: 2\\n\", \"wait_for\": "
		 "\"condition=Available\"}",
	 .changed = true,
	 .after = "grep -q 'wait --for=condition=Available' log"},
	{.module = "kubectl",
	 .args = "{\"definition\": \"name: \\\"new-ns\\\"\"}",
	 .changed = true,
	 .after = "touch obj"},
	{.module = "kubectl", .args = "{\"src\": \"@/obj\"}", .changed = true},
	{.module = "kubectl",
	 .args = "{\"state\": \"absent\", \"kind\": \"pod\"}",
	 .msg = "kind needs name"},
	{.module = "kubectl", .args = "{}", .msg = "definition or src is needed"},
	{.module = "kubectl", .args = "{\"definition\": \"x: 1\"}", .changed = true},
	{.module = "kubectl",
	 .args = "{\"state\": \"absent\", \"kind\": \"configmap\", \"name\": \"x\"}",
	 .changed = true,
	 .after = "[ ! -e live ]"},
	{.module = "kubectl",
	 .args = "{\"state\": \"cordoned\", \"name\": \"w1\"}",
	 .changed = true,
	 .after = "touch pods"},
	{.module = "kubectl",
	 .args = "{\"state\": \"drained\", \"name\": \"w1\", \"grace_period\": 5}",
	 .changed = true,
	 .after = "grep -q 'drain w1 --ignore-daemonsets --grace-period=5 --timeout=120s$' log"},
	{.module = "kubectl",
	 .args = "{\"state\": \"uncordoned\", \"name\": \"w1\"}",
	 .changed = true},
	{.module = "kubectl", .args = "{\"state\": \"drained\"}", .msg = "needs name"},
};

static void test_kubectl(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	program_bed_run(b, cases, ARRAY_LEN(cases));
}

static void test_diff(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	b->diff_mode = true;
	const struct value *r = file_bed_run(b, b->real, "kubectl", "{\"definition\": \"x: 2\"}");
	const struct value *d = value_get(r, "diff");
	assert_non_null(d);
	assert_string_equal(value_get(d->list.at[0], "unified")->str.ptr,
			    "--- v1.ConfigMap.x\n+++ v1.ConfigMap.x\n@@ -1 +1 @@\n-a\n+b\n");
}

/* A cluster that does not answer: a failure, unless an earlier task may bring it. */
static void test_down(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	program_bed_fake(b, "kubectl", kubectl);
	file_bed_shell(b, "touch down");
	static const char *const tasks[] = {
		"{\"definition\": \"x: 2\"}",
		"{\"state\": \"absent\", \"kind\": \"a\", \"name\": \"b\"}",
		"{\"state\": \"cordoned\", \"name\": \"w1\"}",
	};
	for (size_t i = 0; i < 2 * ARRAY_LEN(tasks); i++) {
		bool assumed = i >= ARRAY_LEN(tasks);
		if (assumed)
			host_overlay_assume(o, "kubeadm would run");
		const struct value *r = file_bed_run(b, o, "kubectl", tasks[i % ARRAY_LEN(tasks)]);
		assert_int_equal(value_truthy(value_get(r, "failed")), !assumed);
		assert_int_equal(value_get(r, "_unknown") != NULL, assumed);
	}
	host_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_kubectl, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_diff, file_bed_setup, file_bed_teardown),
		cmocka_unit_test_setup_teardown(test_down, file_bed_setup, file_bed_teardown),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
