/* kubernetes.core's modules over a kubectl that is a script: an object is a file
 * below @/objects, named by kind and name, of one line of JSON. */
#include "program_bed.h"
#include "rollout/base/file.h"

#include <stdlib.h>
#include <string.h>

static const char kubectl[] =
	"echo \"$*\" >>$R/log; env | grep -E '^(KUBECONFIG|HTTPS_PROXY)=' >>$R/log\n"
	"case $KUBECONFIG in /proc/self/fd/3*) cat /proc/self/fd/3 >>$R/log.config; echo "
	">>$R/log.config;; esac\n"
	"[ -e $R/down ] && { echo 'connection refused' >&2; exit 1; }\n"
	"verb=$1; shift; file=; dry=; names=; replicas=\n"
	"while [ $# -gt 0 ]; do case $1 in -f) file=$2; shift;; --dry-run=server) dry=1;; "
	"--replicas=*) replicas=${1#*=};; -*) ;; *) names=\"$names $1\";; esac; shift; done\n"
	"[ \"$file\" = - ] && { in=$(cat); [ $verb = get ] || printf '%s\\n' \"$in\" "
	">>$R/log.sent\n"
	"kind=$(expr \"$in\" : '.*\"kind\":\"\\([A-Za-z]*\\)'); name=$(expr \"$in\" : "
	"'.*\"metadata\":{[^}]*\"name\":\"\\([a-z0-9-]*\\)'); at=$R/objects/$kind-$name; }\n"
	"case $kind in Foo) echo 'no matches for kind \"Foo\" in version \"v1\"' >&2; exit 1;; "
	"esac\n"
	"case $verb in\n"
	"get) case $file$names in\n"
	"	-) [ -e $at ] && { echo '{\"kind\":\"List\",\"items\":['; cat $at; echo ']}'; };;\n"
	"	*Unheard*) echo \"error: the server doesn't have a resource type\" >&2; exit 1;;\n"
	"	*node*) cat $R/cordoned 2>/dev/null;;\n"
	"	*) echo '{\"kind\":\"List\",\"items\":['; cat $R/objects/* 2>/dev/null | paste "
	"-sd,; echo "
	"']}';; esac; exit 0;;\n"
	"create|replace|apply) case $in in *'\"new-ns\"'*) echo 'namespaces \"new-ns\" not found' "
	">&2; "
	"exit 1;; *refuse*) echo \"Error from server: ...|$in|\" | sed 's/\\.\\.\\./error found "
	"in/' "
	">&2; exit 1;; esac\n"
	"	[ $dry ] || { mkdir -p $R/objects; printf '%s\\n' \"$in\" >$at; }; printf '%s\\n' "
	"\"$in\";;\n"
	"scale) sed -i \"s/\\\"replicas\\\":[0-9]*/\\\"replicas\\\":$replicas/\" "
	"$R/objects/Deployment-app;;\n"
	"delete) rm -f $at;;\n"
	"exec) case $names in *false*) echo no >&2; exit 3;; "
	"esac; "
	"echo said;;\n"
	"logs) printf 'one\\ntwo\\n';;\n"
	"cordon) echo true >$R/cordoned;;\n"
	"uncordon) rm $R/cordoned;;\n"
	"drain) [ -e $R/pods ] && echo 'evicting pod a/b (server dry run)'\n"
	"	[ $dry ] || { rm -f $R/pods; echo true >$R/cordoned; echo node/w1 drained; }; exit "
	"0;;\n"
	"esac; exit 0";

#define MAP(name, data)                                                                            \
	"{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"" name       \
	"\"}, \"data\": " data "}"
#define APP                                                                                        \
	"{\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", \"metadata\": {\"name\": "        \
	"\"app\", \"generation\": 1}, \"spec\": {\"replicas\": 2, \"containers\": [{\"name\": "    \
	"\"a\", \"image\": \"x\"}, {\"name\": \"b\"}]}, \"status\": {\"replicas\": 2, "            \
	"\"availableReplicas\": 2, \"observedGeneration\": 1}}"

static const struct program_case cases[] = {
	/* what is created is there, and the second time it is the same */
	{.module = "k8s",
	 .args = "{\"kind\": \"Namespace\", \"name\": \"web\", \"kubeconfig\": \"/k\"}",
	 .changed = true,
	 .after = "grep -q '^create --kubeconfig=/k --validate=false --output=json -f -$' log && "
		  "grep -qx '{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":"
		  "\"web\"}}' objects/Namespace-web"},
	{.module = "k8s",
	 .args = "{\"definition\": [" MAP(
		 "m", "{\"a\": \"1\"}") ", \""
					"kind: ConfigMap\\nmetadata: "
					"{name: n}\\n---\\nkind: ConfigMapList\\nitems: "
					"[{metadata: {name: o}}]\\n\"], "
					"\"namespace\": \"web\"}",
	 .changed = true,
	 .after = "grep -q '\"namespace\":\"web\"' objects/ConfigMap-o && [ -e objects/ConfigMap-n "
		  "]"},
	/* what kubectl get has of several */
	{.module = "k8s",
	 .args = "{\"definition\": {\"apiVersion\": \"v1\", \"kind\": \"List\", \"items\": "
		 "[" MAP("p", "{}") ", " MAP("q", "{}") "]}}",
	 .changed = true,
	 .after = "[ -e objects/ConfigMap-p ] && [ -e objects/ConfigMap-q ]"},
	/* a patch keeps what it does not name; null takes away */
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("m", "{\"b\": \"2\"}") "}",
	 .changed = true,
	 .after = "grep -q '\"data\":{\"a\":\"1\",\"b\":\"2\"}' objects/ConfigMap-m"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("m", "{\"a\": null}") ", \"state\": \"patched\"}",
	 .changed = true,
	 .after = "grep -q '\"data\":{\"b\":\"2\"}' objects/ConfigMap-m"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("nowhere", "{}") ", \"state\": \"patched\"}"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("m", "{\"c\": \"3\"}") ", \"force\": true}",
	 .changed = true,
	 .after = "grep -q '\"data\":{\"c\":\"3\"}' objects/ConfigMap-m"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP(
		 "m", "{\"d\": \"4\"}") ", \"apply\": true, "
					"\"server_side_apply\": {\"field_manager\": \"me\", "
					"\"force_conflicts\": true}}",
	 .changed = true,
	 .after = "grep -q '^apply --validate=false --server-side --field-manager=me "
		  "--force-conflicts ' log"},
	/* lists of Kubernetes' own kinds are merged by their keys */
	{.module = "k8s",
	 .args = "{\"definition\": " APP ", \"wait\": true, \"wait_timeout\": 0}",
	 .changed = true},
	{.module = "k8s",
	 .args = "{\"definition\": {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", "
		 "\"metadata\": {\"name\": \"app\"}, \"spec\": {\"containers\": [{\"name\": \"b\", "
		 "\"image\": \"y\"}, {\"name\": \"c\"}]}}}",
	 .changed = true,
	 .after = "grep -q '\"containers\":\\[{\"name\":\"a\",\"image\":\"x\"},{\"name\":\"b\","
		  "\"image\":\"y\"},{\"name\":\"c\"}\\]' objects/Deployment-app"},
	{.module = "k8s",
	 .args = "{\"definition\": {\"apiVersion\": \"apps/v1\", \"kind\": \"Deployment\", "
		 "\"metadata\": {\"name\": \"app\"}, \"spec\": {\"containers\": [{\"name\": "
		 "\"a\"}]}}, "
		 "\"merge_type\": [\"merge\"]}",
	 .changed = true,
	 .after = "grep -q '\"containers\":\\[{\"name\":\"a\"}\\]' objects/Deployment-app"},
	/* a port for UDP and TCP keeps what the server made of each; twins replace the list */
	{.module = "k8s",
	 .args = "{\"kind\": \"Service\", \"name\": \"dns\", \"definition\": {\"spec\": "
		 "{\"ports\": "
		 "[{\"port\": 53, \"protocol\": \"UDP\", \"nodePort\": 1}, {\"port\": 53, "
		 "\"nodePort\": 2}]}}}",
	 .changed = true},
	{.module = "k8s",
	 .args = "{\"kind\": \"Service\", \"name\": \"dns\", \"definition\": {\"spec\": "
		 "{\"ports\": "
		 "[{\"port\": 53, \"protocol\": \"TCP\"}, {\"port\": 53, \"protocol\": "
		 "\"UDP\", \"name\": \"u\"}]}}}",
	 .changed = true,
	 .after = "grep -qF '[{\"port\":53,\"protocol\":\"UDP\",\"nodePort\":1,\"name\":\"u\"},{"
		  "\"port\":53,\"nodePort\":2,\"protocol\":\"TCP\"}]' objects/Service-dns"},
	{.module = "k8s",
	 .args = "{\"kind\": \"Pod\", \"name\": \"twins\", \"definition\": {\"spec\": {\"env\": "
		 "[{\"name\": \"a\", \"value\": \"1\"}, {\"name\": \"b\"}]}}}",
	 .changed = true},
	{.module = "k8s",
	 .args = "{\"kind\": \"Pod\", \"name\": \"twins\", \"definition\": {\"spec\": {\"env\": "
		 "[{\"name\": \"a\", \"value\": \"2\"}, {\"name\": \"a\", \"value\": \"3\"}]}}}",
	 .changed = true,
	 .after = "grep -qF '\"env\":[{\"name\":\"a\",\"value\":\"2\"},{\"name\":\"a\",\"value\":"
		  "\"3\"}]' objects/Pod-twins"},
	{.module = "k8s",
	 .args = "{\"kind\": \"Pod\", \"name\": \"twins\", \"definition\": {\"spec\": "
		 "{\"volumes\": "
		 "[{\"name\": \"v\"}, {\"name\": \"w\"}]}}}",
	 .changed = true},
	{.module = "k8s",
	 .args = "{\"kind\": \"Pod\", \"name\": \"twins\", \"definition\": {\"spec\": "
		 "{\"volumes\": "
		 "[{\"name\": \"v\", \"$patch\": \"delete\"}]}}}",
	 .changed = true,
	 .after = "grep -qF '\"volumes\":[{\"name\":\"w\"}]' objects/Pod-twins"},
	/* waits end */
	{.module = "k8s",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"slow\", "
		 "\"definition\": {\"spec\": {\"replicas\": 1}}}",
	 .changed = true},
	{.module = "k8s_scale",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"app\", "
		 "\"replicas\": 5, \"current_replicas\": 4}"},
	{.module = "k8s_scale",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"app\", "
		 "\"replicas\": 5, \"wait\": false}",
	 .changed = true,
	 .after = "grep -q '\"replicas\":5' objects/Deployment-app"},
	{.module = "k8s_scale",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"nowhere\", "
		 "\"replicas\": 5}",
	 .unknown = true,
	 .msg = "Deployment nowhere is not there"},
	{.module = "k8s_scale",
	 .args = "{\"kind\": \"ConfigMap\", \"name\": \"m\", \"replicas\": 5}",
	 .msg = "Cannot perform scale on resource of kind ConfigMap"},
	{.module = "k8s_info",
	 .args = "{\"kind\": \"Pod\", \"name\": \"p\", \"label_selectors\": [\"a=b\", \"c in "
		 "(d)\"], "
		 "\"field_selectors\": [\"status.phase=Running\"]}",
	 .after =
		 "grep -qF 'get --ignore-not-found --output=json --all-namespaces "
		 "--selector=a=b,c in (d) --field-selector=status.phase=Running,metadata.name=p -- "
		 "Pod.v1.' log"},
	{.module = "k8s_info",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"p\", "
		 "\"namespace\": \"n\"}",
	 .after = "grep -qF -e '--namespace=n -- Deployment.v1.apps p' log"},
	{.module = "k8s_info", .args = "{\"kind\": \"Unheard\", \"api_version\": \"of/v1\"}"},
	/* by name, by labels, and what is not there */
	{.module = "k8s",
	 .args = "{\"state\": \"absent\", \"kind\": \"ConfigMap\", \"name\": \"m\", \"wait\": "
		 "true, "
		 "\"delete_options\": {\"propagationPolicy\": \"Foreground\", "
		 "\"gracePeriodSeconds\": 5}}",
	 .changed = true,
	 .after =
		 "[ ! -e objects/ConfigMap-m ] && grep -qF 'delete --ignore-not-found --wait=false "
		 "--cascade=foreground --grace-period=5 -f -' log"},
	{.module = "k8s",
	 .args = "{\"state\": \"absent\", \"kind\": \"ConfigMap\", \"label_selectors\": [\"a=b\"]}",
	 .changed = true,
	 .after = "[ -z \"$(ls objects)\" ]"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("x", "{}") ", \"label_selectors\": [\"a\"]}"},
	/* what cannot be */
	{.module = "k8s", .args = "{\"name\": \"x\"}", .msg = "an object without kind"},
	{.module = "k8s",
	 .args = "{\"kind\": \"ConfigMap\"}",
	 .msg = "neither name nor generateName"},
	{.module = "k8s", .args = "{\"definition\": \"text\"}", .msg = "'text' is not an object"},
	{.module = "k8s", .args = "{\"definition\": \"a: [\"}", .msg = "definition"},
	{.module = "k8s", .args = "{\"definition\": [[7]]}", .msg = "is a mapping, not a int"},
	{.module = "k8s",
	 .args = "{\"definition\": {\"kind\": \"A\", \"metadata\": []}}",
	 .msg = "metadata is not a mapping"},
	{.module = "k8s",
	 .args = "{\"src\": \"https://example.test/x.yaml\"}",
	 .msg = "src is a path on the host"},
	{.module = "k8s", .args = "{\"src\": \"@/not-there\"}", .msg = "not-there"},
	{.module = "k8s",
	 .args = "{\"kind\": \"A\", \"name\": \"x\", \"wait_condition\": {\"tpye\": \"x\"}}",
	 .msg = "no 'tpye'"},
	{.module = "k8s",
	 .args = "{\"kind\": \"A\", \"name\": \"x\", \"apply\": true, \"server_side_apply\": {}}",
	 .msg = "needs field_manager"},
	{.module = "k8s",
	 .args = "{\"kind\": \"A\", \"name\": \"x\", \"kubeconfig\": []}",
	 .msg = "kubeconfig is a path or a mapping"},
	{.module = "k8s",
	 .args = "{\"state\": \"absent\", \"kind\": \"A\", \"name\": \"x\", \"delete_options\": "
		 "{\"propagationPolicy\": \"Sideways\"}}",
	 .msg = "propagationPolicy is Foreground, Background or Orphan"},
	{.module = "k8s",
	 .args = "{\"definition\": " MAP("x", "{}") ", \"label_selectors\": [\"a in b)\"]}",
	 .changed = false,
	 .after = "touch pods"},
	/* pods */
	{.module = "k8s_exec",
	 .args = "{\"namespace\": \"n\", \"pod\": \"p\", \"container\": \"c\", "
		 "\"command\": \"sh -c 'a b'\"}",
	 .changed = true,
	 .again = true,
	 .unknown = true,
	 .after = "grep -q '^exec --namespace=n --container=c pod/p -- sh -c a b$' log"},
	{.module = "k8s_exec",
	 .args = "{\"namespace\": \"n\", \"pod\": \"p\", \"command\": \"false\"}",
	 .unknown = true,
	 .msg = "non-zero return code"},
	{.module = "k8s_log",
	 .args = "{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"d\", "
		 "\"namespace\": \"n\", \"since_seconds\": 60, \"tail_lines\": 5, \"previous\": "
		 "true}",
	 .after = "grep -q '^logs --namespace=n --previous --since=60s --tail=5 -- "
		  "Deployment.v1.apps/d$' log"},
	{.module = "k8s_log", .args = "{}", .msg = "needs name or label_selectors"},
	{.module = "k8s_log",
	 .args = "{\"name\": \"p\", \"label_selectors\": [\"a\"]}",
	 .msg = "Only one of name or label_selectors"},
	{.module = "k8s_log",
	 .args = "{\"label_selectors\": [\"a\"]}",
	 .msg = "matched selector a"},
	/* nodes */
	{.module = "k8s_drain",
	 .args = "{\"name\": \"w1\", \"delete_options\": {\"ignore_daemonsets\": \"yes\", "
		 "\"terminate_grace_period\": 5, \"wait_timeout\": 30}}",
	 .changed = true,
	 .after = "grep -q '^drain w1 --ignore-daemonsets --grace-period=5 --timeout=30s$' log"},
	{.module = "k8s_drain",
	 .args = "{\"name\": \"w1\", \"state\": \"uncordon\"}",
	 .changed = true},
	{.module = "k8s_drain",
	 .args = "{\"name\": \"w1\", \"state\": \"cordon\"}",
	 .changed = true},
	{.module = "k8s_drain",
	 .args = "{\"name\": \"w1\", \"delete_options\": {\"forse\": true}}",
	 .msg = "delete_options has no 'forse'"},
	{.module = "k8s_drain",
	 .args = "{\"name\": \"w1\", \"delete_options\": {\"wait_timeout\": \"x\"}}",
	 .msg = "delete_options.wait_timeout is no number"},
};

static void test_modules(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	program_bed_run(b, cases, ARRAY_LEN(cases));
}

static const char *text(const struct value *r, const char *key)
{
	const struct value *v = value_get(r, key);
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

/* One object's result stands by itself, those of several in a list. */
static void test_results(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	const struct value *r =
		file_bed_run(b, b->real, "k8s", "{\"definition\": " MAP("m", "{}") "}");
	assert_string_equal(text(r, "method"), "create");
	assert_string_equal(text(value_get(r, "result"), "kind"), "ConfigMap");
	r = file_bed_run(b, b->real, "k8s",
			 "{\"continue_on_error\": true, \"definition\": [" MAP(
				 "m", "{\"a\": \"b\"}") ", " MAP("n", "{\"a\": \"refuse\"}") "]}");
	const struct value *all = value_get(value_get(r, "result"), "results");
	assert_int_equal(all->list.len, 2);
	assert_string_equal(text(all->list.at[0], "method"), "update");
	assert_non_null(strstr(text(all->list.at[1], "error"), "Error from server"));
	assert_true(value_truthy(value_get(r, "changed")));
	r = file_bed_run(b, b->real, "k8s_info", "{\"kind\": \"Unheard\"}");
	assert_false(value_truthy(value_get(r, "api_found")));
	r = file_bed_run(
		b, b->real, "k8s_info",
		"{\"kind\": \"ConfigMap\", \"hidden_fields\": [\"metadata.name\", \"data\"]}");
	const struct value *one = value_get(r, "resources")->list.at[0];
	assert_null(value_get(value_get(one, "metadata"), "name"));
	assert_null(value_get(one, "data"));
	assert_string_equal(text(one, "kind"), "ConfigMap");
}

/* A wait that nothing comes of ends, and says of what. */
static void test_wait(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	const struct value *r = file_bed_run(
		b, b->real, "k8s",
		"{\"kind\": \"Deployment\", \"api_version\": \"apps/v1\", \"name\": \"app\", "
		"\"wait\": "
		"true, \"wait_timeout\": 0, \"definition\": {\"spec\": {\"replicas\": 1}}}");
	assert_string_equal(text(r, "msg"), "\"Deployment\" \"app\": Resource creation timed out");
	r = file_bed_run(b, b->real, "k8s_info",
			 "{\"kind\": \"Deployment\", \"wait\": true, \"wait_timeout\": 0}");
	assert_non_null(strstr(text(r, "msg"), "Failed to gather information about Deployment(s)"));
	r = file_bed_run(b, b->real, "k8s",
			 "{\"definition\": {\"kind\": \"Job\", \"metadata\": {\"name\": \"j\"}, "
			 "\"status\": {\"conditions\": [{\"type\": \"Done\", \"status\": \"True\", "
			 "\"reason\": \"x\"}]}}, \"wait\": true, \"wait_timeout\": 0, "
			 "\"wait_condition\": {\"type\": \"Done\", \"reason\": \"x\"}}");
	assert_int_equal(value_get(r, "duration")->integer, 0);
	assert_false(value_truthy(value_get(r, "failed")));
}

static void grep_for_secrets(struct file_bed *b)
{
	/* neither plain nor in base64 in what other users see: words and environment */
	file_bed_shell(b, "! grep -E 'hush-hush|aHVzaC1odXNo' log");
}

static bool mentions_secret(const struct value *r, const char *key)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const struct value *v = value_get(r, key);
	if (v)
		value_repr(&out, v);
	return out.len && (strstr(out.ptr, "hush-hush") || strstr(out.ptr, "aHVzaC1odXNo"));
}

#define SECRET(data)                                                                               \
	"{\"definition\": {\"apiVersion\": \"v1\", \"kind\": \"Secret\", \"metadata\": "           \
	"{\"name\": \"s\"}, \"stringData\": " data "}}"

static void test_secrets(void **state)
{
	struct file_bed *b = *state;
	static const char *const access[] = {
		"{\"kind\": \"ConfigMap\", \"api_key\": \"hush-hush\", \"host\": \"https://h\"}",
		"{\"kind\": \"ConfigMap\", \"username\": \"u\", \"password\": \"hush-hush\"}",
		"{\"kind\": \"ConfigMap\", \"kubeconfig\": {\"users\": [{\"name\": \"x\", "
		"\"user\": "
		"{\"token\": \"hush-hush\"}}]}}",
	};
	program_bed_fake(b, "kubectl", kubectl);
	b->diff_mode = true;
	const struct value *r =
		file_bed_run(b, b->real, "k8s", SECRET("{\"p\": \"hush-hush\", \"q\": \"1\"}"));
	assert_true(value_truthy(value_get(r, "changed")));
	assert_true(mentions_secret(r, "result")); /* the controller hides it */
	assert_false(mentions_secret(r, "diff"));
	r = file_bed_run(b, b->real, "k8s", SECRET("{\"p\": \"hush-hush\"}"));
	assert_false(value_truthy(value_get(r, "changed")));
	r = file_bed_run(b, b->real, "k8s", SECRET("{\"q\": \"hush-hush\"}"));
	assert_true(value_truthy(value_get(r, "changed")));
	assert_false(mentions_secret(r, "diff"));
	const struct value *diff = value_get(r, "diff")->list.at[0];
	assert_non_null(strstr(text(diff, "unified"), "+  q: '*** (after)'"));
	r = file_bed_run(b, b->real, "k8s", SECRET("{\"p\": \"hush-hush\", \"refuse\": \"x\"}"));
	assert_true(value_truthy(value_get(r, "failed")));
	assert_non_null(strstr(text(r, "msg"), "kubectl replace ended with 1: Error from server"));
	assert_false(mentions_secret(r, "msg"));
	for (size_t i = 0; i < ARRAY_LEN(access); i++) {
		r = file_bed_run(b, b->real, "k8s_info", access[i]);
		assert_false(value_truthy(value_get(r, "failed")));
	}
	file_bed_shell(b, "[ $(grep -c hush-hush log.config) = 3 ]");
	file_bed_shell(b, "grep -q '^KUBECONFIG=/proc/self/fd/3:.*/.kube/config$' log");
	file_bed_shell(b, "grep -q -e '--user=rollout --server=https://h ' log");
	grep_for_secrets(b);
}

/* The task's environment says it as well; an argument comes first. */
static void test_environment(void **state)
{
	struct file_bed *b = *state;
	program_bed_fake(b, "kubectl", kubectl);
	setenv("K8S_AUTH_KUBECONFIG", "/from/environment", 1);
	setenv("K8S_AUTH_VERIFY_SSL", "no", 1);
	(void)file_bed_run(b, b->real, "k8s_info", "{\"kind\": \"Pod\", \"proxy\": \"http://p\"}");
	(void)file_bed_run(
		b, b->real, "k8s_info",
		"{\"kind\": \"Pod\", \"kubeconfig\": \"/mine\", \"validate_certs\": true}");
	unsetenv("K8S_AUTH_KUBECONFIG");
	unsetenv("K8S_AUTH_VERIFY_SSL");
	file_bed_shell(b,
		       "grep -q -e '--kubeconfig=/from/environment --insecure-skip-tls-verify=true "
		       "' log && grep -q '^HTTPS_PROXY=http://p$' log");
	file_bed_shell(b, "grep -q -e '--kubeconfig=/mine --insecure-skip-tls-verify=false ' log");
}

/* In check mode a namespace, a kind or a cluster may be still to come. */
static void test_to_come(void **state)
{
	struct file_bed *b = *state;
	struct host *o = host_overlay_new(b->real);
	static const char map[] = "{\"definition\": " MAP("m", "{}") ", \"namespace\": \"new-ns\"}";
	static const char foo[] = "{\"definition\": {\"kind\": \"Foo\", \"metadata\": {\"name\": "
				  "\"x\"}}}";
	program_bed_fake(b, "kubectl", kubectl);
	assert_true(value_truthy(value_get(file_bed_run(b, o, "k8s", map), "changed")));
	assert_true(value_truthy(value_get(file_bed_run(b, o, "k8s", foo), "changed")));
	assert_true(value_truthy(value_get(file_bed_run(b, b->real, "k8s", map), "failed")));
	assert_true(value_truthy(value_get(file_bed_run(b, b->real, "k8s", foo), "failed")));
	file_bed_shell(b, "touch down");
	assert_true(value_truthy(value_get(file_bed_run(b, o, "k8s", map), "failed")));
	host_overlay_assume(o, "kubeadm would run");
	assert_non_null(value_get(file_bed_run(b, o, "k8s", map), "_unknown"));
	assert_non_null(
		value_get(file_bed_run(b, o, "k8s_info", "{\"kind\": \"Pod\"}"), "_unknown"));
	host_free(o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, file_bed_setup, file_bed_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_modules), TEST(test_results),	    TEST(test_wait),
		TEST(test_secrets), TEST(test_environment), TEST(test_to_come),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
