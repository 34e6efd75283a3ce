/*
 * Sections: a site file, and of its role "r" the tasks, handlers, defaults and
 * meta. The plan is loaded, and tasks/main.yml included again where a task
 * includes at run time. Nothing runs.
 */
#include "input.h"
#include "rollout/plan/plan.h"

#include <fcntl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[200];
static const char *const folders[] = {
	"roles",       "roles/r", "roles/r/tasks", "roles/r/handlers", "roles/r/defaults",
	"roles/r/meta"};
static const char *const files[] = {"site.yml", "roles/r/tasks/main.yml",
				    "roles/r/handlers/main.yml", "roles/r/defaults/main.yml",
				    "roles/r/meta/main.yml"};

static const char *inside(const char *name)
{
	static char path[300];
	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return path;
}

static void remove_folder(void)
{
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		unlink(inside(files[i]));
	for (size_t i = ARRAY_LEN(folders); i-- > 0;)
		rmdir(inside(folders[i]));
	rmdir(dir);
}

static void make_folder(void)
{
	const char *tmp = getenv("TMPDIR");
	snprintf(dir, sizeof(dir), "%.150s/fuzz_plan.XXXXXX", tmp ? tmp : "/tmp");
	if (!mkdtemp(dir))
		abort();
	for (size_t i = 0; i < ARRAY_LEN(folders); i++)
		if (mkdir(inside(folders[i]), 0700) < 0)
			abort();
	atexit(remove_folder);
}

static void write_file(const char *name, struct slice text)
{
	int fd = open(inside(name), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, text.ptr, text.len) != (ssize_t)text.len)
		abort();
	close(fd);
}

/* Nothing that runs commands, or reads what never ends. */
static bool is_harmless(struct slice s)
{
	static const char *const words[] = {"lookup", "query", "pipe", "lines", "q(",
					    "q (",    "url",   "/dev", "/proc", "/sys"};
	for (size_t i = 0; s.len && i < ARRAY_LEN(words); i++)
		if (memmem(s.ptr, s.len, words[i], strlen(words[i])))
			return false;
	return true;
}

static void include_again(struct plan *plan)
{
	struct plan_block *block;
	struct err err = {0};
	size_t n = plan->nodes.len;
	for (size_t i = 0; i < n && i < 20; i++) {
		const struct plan_node *node = plan->nodes.at[i];
		if (node->kind != PLAN_TASK || !node->module)
			continue;
		if (strcmp(node->module->name, "include_tasks") == 0)
			plan_include_tasks(plan, node, SLICE_LIT("main.yml"), &block, &err);
		if (strcmp(node->module->name, "include_role") == 0)
			plan_include_role(plan, node, node->args, &block, &err);
	}
}

static void tell(const struct err *mistake)
{
	char message[sizeof(mistake->msg) + 200];
	err_format(mistake, message, sizeof(message));
}

static void load(void)
{
	static const char *const tags[] = {"some", NULL}, *const skip[] = {"never", NULL};
	struct inventory *inv = inventory_new();
	struct template_env *env = template_env_new();
	struct err err = {0};
	struct plan *plan;
	char message[sizeof(err.msg) + 200], site[300];
	snprintf(site, sizeof(site), "%s", inside(files[0]));
	template_env_limit(env, 200000, (size_t)64 << 20);
	if (inventory_add_source(inv, "web1,web2,db1,", &err) < 0 ||
	    inventory_finish(inv, &err) < 0)
		abort();
	struct plan_options opts = {
		.site_path = site, .tags = tags, .skip_tags = skip, .tell = tell};
	if (plan_load(&opts, inv, env, &plan, &err) < 0) {
		err_format(&err, message, sizeof(message));
	} else {
		include_again(plan);
		plan_free(plan);
	}
	template_env_free(env);
	inventory_free(inv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	if (!dir[0])
		make_folder();
	if (!is_harmless(rest))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		write_file(files[i], input_section(&rest));
	load();
	return 0;
}
