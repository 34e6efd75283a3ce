/* helm, played by a script: a release is @/release, its chart and values. */
#include "program_bed.h"

#include <string.h>

static const char helm[] =
	"echo \"$*\" >>$R/log; env | grep '^HELM_KUBETOKEN=' >>$R/log.token\n"
	"[ -e $R/down ] && { echo 'Kubernetes cluster unreachable' >&2; exit 1; }\n"
	"verb=$1; shift; sub=; values='{}'; version=1.2.3\n"
	"case $verb in get|show|repo) sub=$1; shift;; esac\n"
	"while [ $# -gt 0 ]; do case $1 in --values=-) values=$(cat);; --version=*) "
	"version=${1#*=};; --password-stdin) cat >$R/password;; --) shift; break;; esac; shift; "
	"done\n"
	"case $verb$sub in\n"
	"list) [ -e $R/release ] && { read v <$R/release; echo "
	"'[{\"name\":\"app\",\"namespace\":\"web\",\"app_version\":\"7\",\"chart\":\"nginx-'$v'\"}]"
	"'; "
	"} || echo '[]';;\n"
	"getvalues) tail -n 1 $R/release;;\n"
	"getmanifest) printf -- '---\\nkind: A\\n---\\nkind: B\\n';;\n"
	"gethooks) ;;\n"
	"getnotes) echo noted;;\n"
	"showchart) printf 'name: nginx\\nversion: %s\\nappVersion: 7\\n' $version;;\n"
	"upgrade|install) printf '%s\\n%s\\n' $version \"$values\" >$R/release; echo deployed;;\n"
	"uninstall) rm $R/release;;\n"
	"repolist) [ -e $R/repo ] || { echo 'Error: no repositories to show' >&2; exit 1; }\n"
	"	echo '[{\"name\":\"stable\",\"url\":\"'$(cat $R/repo)'\"}]';;\n"
	"repoadd) echo $2 >$R/repo;;\n"
	"reporemove) rm $R/repo;;\n"
	"repoupdate) ;;\n"
	"*) echo \"unknown $verb $sub\" >&2; exit 1;;\n"
	"esac; exit 0";

#define APP "\"name\": \"app\", \"namespace\": \"web\", \"chart_ref\": \"stable/nginx\""
#define REPO "\"name\": \"stable\", \"repo_url\": \"https://charts.test/a\""

static const struct program_case cases[] = {
	{.module = "helm_repository",
	 .args = "{" REPO "}",
	 .changed = true,
	 .after = "grep -qx 'repo add -- stable https://charts.test/a' log"},
	{.module = "helm_repository",
	 .args = "{\"name\": \"stable\", \"url\": \"https://charts.test/b\"}",
	 .msg = "Repository already have a repository named stable"},
	{.module = "helm_repository",
	 .args = "{\"name\": \"stable\", \"url\": \"https://charts.test/b\", \"force\": true}",
	 .changed = true},
	{.module = "helm_repository", .args = "{\"name\": \"x\"}", .msg = "needs repo_url"},
	{.module = "helm_repository",
	 .args = "{" REPO ", \"username\": \"u\"}",
	 .msg = "repo_username and repo_password go together"},
	{.module = "helm_repository",
	 .args = "{\"name\": \"stable\", \"state\": \"absent\"}",
	 .changed = true,
	 .after = "[ ! -e repo ]"},
	{.module = "helm_repository",
	 .args = "{" REPO ", \"username\": \"u\", \"password\": \"hush-hush\"}",
	 .changed = true,
	 .after = "grep -qx hush-hush password && ! grep -q hush log"},
	{.module = "helm",
	 .args = "{\"name\": \"app\", \"namespace\": \"web\"}",
	 .msg = "needs chart_ref"},
	{.module = "helm",
	 .args = "{" APP ", \"values\": {\"a\": {\"b\": 1}}, \"create_namespace\": true, \"wait\": "
		 "true, \"wait_timeout\": \"5m\", \"atomic\": true, \"update_repo_cache\": true, "
		 "\"kubeconfig\": \"/k\"}",
	 .changed = true,
	 .after = "grep -qx 'upgrade --kubeconfig=/k --namespace=web --install --reset-values "
		  "--wait "
		  "--atomic --create-namespace --timeout=5m --values=- -- app stable/nginx' log && "
		  "grep -q 'repo update --kubeconfig=/k --namespace=web' log && echo '{a: {c: 2}}' "
		  ">values.yaml"},
	{.module = "helm",
	 .args = "{" APP
		 ", \"values_files\": [\"@/values.yaml\"], \"values\": {\"a\": {\"c\": 3}}}",
	 .changed = true,
	 .after = "grep -q -e '--values=.*/values.yaml --values=- -- app' log"},
	{.module = "helm", .args = "{" APP ", \"values\": {\"a\": {\"b\": 1}}}", .changed = true},
	{.module = "helm",
	 .args = "{" APP ", \"values\": {\"a\": {\"b\": 1}}, \"chart_version\": \"1.3.0\"}",
	 .changed = true,
	 .after = "grep -q '^1.3.0$' release"},
	{.module = "helm",
	 .args = "{" APP
		 ", \"values\": {\"a\": {\"b\": 1}}, \"chart_version\": \"1.3.0\", \"force\": "
		 "true, \"api_key\": \"hush-hush\"}",
	 .changed = true,
	 .again = true,
	 .after = "! grep -q hush log && grep -qx HELM_KUBETOKEN=hush-hush log.token"},
	{.module = "helm_info", .args = "{\"name\": \"app\", \"namespace\": \"web\"}"},
	{.module = "helm",
	 .args = "{" APP ", \"wait_timeout\": \"5m\", \"kubeconfig\": []}",
	 .msg = "kubeconfig is a path or a mapping"},
	{.module = "helm",
	 .args = "{\"name\": \"app\", \"namespace\": \"web\", \"state\": \"absent\", \"purge\": "
		 "false, "
		 "\"wait\": true}",
	 .changed = true,
	 .after = "grep -qx 'uninstall --namespace=web --keep-history --wait -- app' log"},
	{.module = "helm_info",
	 .args = "{\"name\": \"app\", \"namespace\": \"web\", \"release_state\": [\"failed\"]}",
	 .after = "grep -qxF 'list --namespace=web --output=json --failed --filter=^app$' log"},
};

static void test_modules(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "helm", helm);
	program_bed_run(b, cases, ARRAY_LEN(cases));
}

static const char *text(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

static void test_results(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "helm", helm);
	const struct value *r =
		file_bed_run(b, b->real, "helm", "{" APP ", \"values\": {\"a\": 1}}");
	const struct value *status = value_get(r, "status");
	assert_string_equal(text(status, "chart"), "nginx-1.2.3");
	assert_int_equal(value_get(value_get(status, "values"), "a")->integer, 1);
	assert_string_equal(text(r, "stdout"), "deployed\n");
	assert_non_null(strstr(text(r, "command"), "helm upgrade --namespace=web"));
	r = file_bed_run(b, b->real, "helm_info", "{\"name\": \"app\", \"namespace\": \"web\"}");
	status = value_get(r, "status");
	assert_int_equal(value_get(status, "manifest")->list.len, 2);
	assert_int_equal(value_get(status, "hooks")->list.len, 0);
	assert_string_equal(text(status, "notes"), "noted\n");
	r = file_bed_run(b, b->real, "helm_info", "{\"name\": \"other\", \"namespace\": \"web\"}");
	assert_null(value_get(r, "status"));
	assert_false(value_truthy(value_get(r, "failed")));
}

/* In check mode the cluster may be still to come, or the chart's repository. */
static void test_to_come(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	program_bed_fake(b, "helm", helm);
	file_bed_shell(b, "touch down");
	assert_true(value_truthy(value_get(file_bed_run(b, o, "helm", "{" APP "}"), "failed")));
	host_overlay_assume(o, "kubeadm would run");
	assert_non_null(value_get(file_bed_run(b, o, "helm", "{" APP "}"), "_unknown"));
	host_free(o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, file_bed_setup, file_bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {TEST(test_modules), TEST(test_results),
					   TEST(test_to_come)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
