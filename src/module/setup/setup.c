/* setup: facts about the host, under Ansible's names. */
#include "../call.h"
#include "facts.h"

#include <fnmatch.h>

static const struct module_param params[] = {
	{.name = "gather_subset",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .fallback = "[all]",
	 .doc = "all, min, hardware, network, virtual; with ! not these."},
	{.name = "filter",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .doc = "Gives only facts whose names match these globs."},
	{.name = "gather_timeout", .type = MODULE_INT, .doc = "Accepted; nothing here takes long."},
	{.name = "fact_path",
	 .type = MODULE_PATH,
	 .fallback = "/etc/ansible/facts.d",
	 .doc = "Folder of local facts."},
	{0},
};

static const struct collector *const collectors[] = {
	&facts_platform, &facts_distribution, &facts_env,      &facts_user,    &facts_date_time,
	&facts_software, &facts_local,	      &facts_hardware, &facts_product, &facts_mounts,
	&facts_network,	 &facts_virtual,      &facts_python,   &facts_lsb,     &facts_security,
	&facts_devices,	 &facts_storage,
};

bool facts_wants(const struct facts *f, const char *name)
{
	if (!f->only)
		return true;
	for (const char *const *only = f->only; *only; only++)
		if (strcmp(*only, name) == 0)
			return true;
	return false;
}

void facts_put(struct facts *f, const char *name, const struct value *v)
{
	if (facts_wants(f, name))
		value_dict_put(f->a, f->out, arena_printf(f->a, "ansible_%s", name), v);
}

void facts_put_str(struct facts *f, const char *name, const char *s)
{
	facts_put(f, name, value_cstr(f->a, s ? s : ""));
}

void facts_put_slice(struct facts *f, const char *name, struct slice s)
{
	facts_put(f, name, value_str(f->a, s));
}

void facts_put_int(struct facts *f, const char *name, int64_t i)
{
	facts_put(f, name, value_int(f->a, i));
}

bool facts_exists(struct facts *f, const char *path)
{
	struct host_stat st;
	struct host *host = f->call->host;
	return host->ops->stat(host, f->a, path, true, &st, NULL) == 0 && st.type != HOST_ABSENT;
}

const char *facts_program(struct facts *f, const char *name)
{
	static const char *const folders[] = {"/usr/sbin", "/usr/bin",	      "/sbin",
					      "/bin",	   "/usr/local/sbin", "/usr/local/bin"};
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		const char *path = arena_printf(f->a, "%s/%s", folders[i], name);
		if (facts_exists(f, path))
			return path;
	}
	return NULL;
}

static bool gives(const struct collector *c, const char *name)
{
	for (const char *const *n = c->names; *n; n++)
		if (fnmatch(*n, name, 0) == 0)
			return true;
	return false;
}

/* An unknown name may be an interface's. */
static bool serves(const struct collector *c, const char *const *only)
{
	for (; *only; only++) {
		bool known = false;
		if (gives(c, *only))
			return true;
		for (size_t i = 0; i < ARRAY_LEN(collectors); i++)
			known |= gives(collectors[i], *only);
		if (!known && c == &facts_network)
			return true;
	}
	return false;
}

/* "!x" takes x away, and a list of only such begins with all; min is there
 * unless it is taken away by name. */
static bool in_subset(const struct module_call *call, const char *subset)
{
	size_t count;
	const char *const *list = arg_list(call, "gather_subset", &count);
	bool is_min = strcmp(subset, "min") == 0, added = is_min, any_added = false;
	for (size_t i = 0; i < count; i++) {
		const char *word = list[i];
		if (word[0] == '!')
			continue;
		any_added = true;
		added |= strcmp(word, "all") == 0 || strcmp(word, subset) == 0;
	}
	added |= !any_added;
	for (size_t i = 0; i < count; i++) {
		const char *word = list[i];
		if (word[0] != '!')
			continue;
		if (strcmp(word + 1, subset) == 0 || (strcmp(word + 1, "all") == 0 && !is_min))
			added = false;
	}
	/* "!all,network" is min and network. */
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i], subset) == 0)
			added = true;
	return added;
}

static bool is_group(const char *word)
{
	static const char *const groups[] = {"all",	"min",	  "hardware", "network",
					     "virtual", "facter", "ohai"};
	for (size_t i = 0; i < ARRAY_LEN(groups); i++)
		if (strcmp(word, groups[i]) == 0)
			return true;
	return false;
}

/* Names that are no fact's. */
static bool is_named(const struct collector *c, const char *word)
{
	return (c == &facts_platform && strcmp(word, "platform") == 0) ||
	       (c == &facts_user && strcmp(word, "user") == 0);
}

/* A subset of a collector's own name: distribution, date_time, mounts, … */
static bool named_subset(const struct module_call *call, const struct collector *c)
{
	size_t count;
	const char *const *list = arg_list(call, "gather_subset", &count);
	for (size_t i = 0; i < count; i++)
		if (list[i][0] != '!' && !is_group(list[i]) &&
		    (gives(c, list[i]) || is_named(c, list[i])))
			return true;
	return false;
}

static const char *plain_name(const char *name)
{
	size_t len = strlen("ansible_");
	return strncmp(name, "ansible_", len) == 0 ? name + len : name;
}

static const struct value *filtered(struct module_call *call, const struct value *facts)
{
	size_t count;
	const char *const *globs = arg_list(call, "filter", &count);
	if (count == 0)
		return facts;
	struct value *out = value_dict_new(call->arena);
	for (size_t i = 0; i < facts->dict.len; i++) {
		const char *name = facts->dict.at[i].key->str.ptr;
		for (size_t k = 0; k < count; k++)
			if (fnmatch(globs[k], name, 0) == 0 ||
			    fnmatch(globs[k], plain_name(name), 0) == 0 || !globs[k][0])
				value_dict_put(call->arena, out, name, facts->dict.at[i].value);
	}
	return out;
}

/* As Ansible does: that facts were gathered, and which. */
static void put_request(struct facts *f)
{
	struct value *subsets = value_list_new(f->a);
	size_t count;
	const char *const *list = arg_list(f->call, "gather_subset", &count);
	for (size_t i = 0; i < count; i++)
		value_list_push(f->a, subsets, value_cstr(f->a, list[i]));
	value_dict_put(f->a, f->out, "gather_subset", subsets);
	value_dict_put(f->a, f->out, "module_setup", value_bool(true));
}

static int run(struct module_call *call, struct err *err)
{
	struct facts f = {.call = call,
			  .a = call->arena,
			  .out = value_dict_new(call->arena),
			  .only = arg_list(call, "_only", NULL)};
	for (size_t i = 0; i < ARRAY_LEN(collectors); i++) {
		const struct collector *c = collectors[i];
		if (f.only ? serves(c, f.only)
			   : in_subset(call, c->subset) || named_subset(call, c))
			c->collect(&f);
	}
	if (!f.only)
		put_request(&f);
	result_put(call, "ansible_facts", filtered(call, f.out));
	(void)err;
	return 0;
}

const struct module module_setup = {
	.name = "setup",
	.full_name = "ansible.builtin.setup",
	.doc = "Gathers facts about the host.",
	.flags = MODULE_BRINGS_FACTS,
	.params = params,
	.run = run,
};
