/*
 * Sections: the `vm:` of a first host, of a second one, vm_network. Whatever they
 * say, they are taken or refused with a message; what was taken keeps the limits.
 */
#include "input.h"
#include "rollout/value/yaml.h"
#include "rollout/vm/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file that is named would be read: what is on this machine is not the input's. */
static bool reads_files(const struct value *vm)
{
	const struct value *files = value_get(vm, "files");
	for (size_t i = 0; files && files->type == VALUE_LIST && i < files->list.len; i++)
		if (value_get(files->list.at[i], "src"))
			return true;
	return false;
}

static void check_spec(const struct vm_spec *s)
{
	if (!s->image.name || s->cpus < 1 || s->cpus > 256 || s->memory_bytes < VM_MEMORY_MIN ||
	    s->disk_bytes < 1 || s->ndisks > VM_DISKS_MAX || s->ssh_port > 65535 || !s->user[0])
		abort();
	if (strstr(s->image.name, "://") && !s->image.digest)
		abort();
	for (size_t i = 0; i < s->nfiles; i++)
		if (s->files[i].path[0] != '/' || !s->files[i].content.ptr)
			abort();
}

static int add(struct vm_topology *t, const char *host, struct slice text,
	       const struct value *network, struct err *err)
{
	const struct value *vm;
	size_t before = t->specs.len;
	int r = yaml_parse(&t->arena, "fuzz.yml", text, &vm, err);
	if (r < 0 || reads_files(vm))
		return r;
	r = vm_topology_add(t, host, NULL, vm, network, err);
	if (r < 0 && (t->specs.len != before || !err->at.file))
		abort();
	if (t->specs.len > before)
		check_spec(t->specs.at[before]);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice rest = {(const char *)data, size};
	struct slice one = input_section(&rest), two = input_section(&rest);
	struct vm_topology *t = vm_topology_new();
	const struct value *network = NULL;
	struct err err = {0};
	char message[sizeof(err.msg) + 200];
	int r = yaml_parse(&t->arena, "fuzz.yml", input_section(&rest), &network, &err);
	if (r == 0)
		r = add(t, "one", one, network, &err);
	if (r == 0)
		r = add(t, "two", two, network, &err);
	for (int driver = 0; r == 0 && driver < 2; driver++) {
		t->driver = (enum vm_driver_kind)driver;
		r = vm_topology_check(t, &err);
	}
	if (r < 0)
		err_format(&err, message, sizeof(message));
	vm_topology_free(t);
	return 0;
}
