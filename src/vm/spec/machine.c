/* The keys of `vm:`. */
#include "spec.h"

#include "../network/network.h"

#include <ctype.h>

#define CPUS_MAX 256u
#define MEMORY_MAX (8ll << 40)
#define DISK_MIN (1ll << 30)
#define EXTRA_DISK_MIN (16ll << 20)
#define DISK_MAX (64ll << 40)

static int key_image(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_image_ref_read(f, &s->image, err);
}

static int key_arch(const struct field *f, void *into, struct err *err)
{
	/* Debian's names first: they are what messages show; then uname's */
	static const char *const names[] = {"amd64", "arm64", "x86_64", "aarch64"};
	struct vm_spec *s = into;
	unsigned i = 0;
	int r = vm_field_choice(f, names, ARRAY_LEN(names), &i, err);
	s->arch = i % 2 ? VM_ARCH_ARM64 : VM_ARCH_AMD64;
	s->places.arch = f->value->at;
	return r;
}

static int key_accel(const struct field *f, void *into, struct err *err)
{
	static const char *const names[] = {[VM_ACCEL_AUTO] = "auto",
					    [VM_ACCEL_KVM] = "kvm",
					    [VM_ACCEL_HVF] = "hvf",
					    [VM_ACCEL_TCG] = "tcg"};
	struct vm_spec *s = into;
	unsigned i = 0;
	int r = vm_field_choice(f, names, ARRAY_LEN(names), &i, err);
	s->accel = (enum vm_accel)i;
	return r;
}

static int key_cpus(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_unsigned(f, 1, CPUS_MAX, &s->cpus, err);
}

static int key_memory(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_size(f, VM_MEMORY_MIN, MEMORY_MAX, &s->memory_bytes, err);
}

static int key_disk(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_size(f, DISK_MIN, DISK_MAX, &s->disk_bytes, err);
}

/* ---- disks ---- */

static int key_disk_size(const struct field *f, void *into, struct err *err)
{
	return vm_field_size(f, EXTRA_DISK_MIN, DISK_MAX, into, err);
}

static int read_extra_disk(const struct field *f, int64_t *ret, struct err *err)
{
	static const struct field_key keys[] = {{"size", key_disk_size}};
	const struct field_reader reader = {f->arena, arena_printf(f->arena, "%s.", f->name)};
	*ret = 0;
	if (f->value->type != VALUE_DICT)
		return key_disk_size(f, ret, err);
	int r = vm_fields_read(&reader, f->value, keys, ARRAY_LEN(keys), ret, err);
	if (r == 0 && *ret == 0)
		return err_at(err, ERR_INVALID, f->value->at, "%s: lacks its size", f->name);
	return r;
}

static int key_disks(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	const struct value *v = f->value;
	if (v->type != VALUE_LIST)
		return vm_field_expected(f, "a list of sizes", err);
	if (v->list.len > VM_DISKS_MAX)
		return err_at(err, ERR_LIMIT, v->at, "%s: more than %u", f->name, VM_DISKS_MAX);
	int64_t *disks = ARENA_ARRAY(f->arena, int64_t, v->list.len);
	for (size_t i = 0; i < v->list.len; i++) {
		const struct field item = {f->arena, arena_printf(f->arena, "%s[%zu]", f->name, i),
					   v->list.at[i]};
		int r = read_extra_disk(&item, &disks[i], err);
		if (r < 0)
			return r;
	}
	s->disks = disks;
	s->ndisks = v->list.len;
	s->places.disks = v->at;
	return 0;
}

/* ---- network and login ---- */

static int key_address(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	const char *text;
	uint32_t address;
	char canonical[16];
	if (f->value->type != VALUE_STRING || vm_field_text(f, &text, err) < 0 ||
	    !vm_address_parse(text, &address))
		return vm_field_expected(f, "an IPv4 address", err);
	vm_address_format(address, canonical);
	s->address = arena_strdup(f->arena, canonical);
	s->places.address = f->value->at;
	return 0;
}

static int key_ssh_port(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	s->places.ssh_port = f->value->at;
	return vm_field_unsigned(f, 1, 65535, &s->ssh_port, err);
}

const char *vm_login_name_bad(const char *name)
{
	size_t len = strlen(name);
	bool good = len > 0 && len <= 32 && (isalpha((unsigned char)*name) || *name == '_');
	for (size_t i = 0; good && i < len; i++)
		good = isalnum((unsigned char)name[i]) || strchr("_.-", name[i]);
	return good ? NULL : "a login name (letters, digits, '_', '.', '-', at most 32)";
}

static int key_user(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	int r = vm_field_text(f, &s->user, err);
	const char *bad = r == 0 ? vm_login_name_bad(s->user) : NULL;
	return bad ? vm_field_expected(f, bad, err) : r;
}

/* The key itself is sshd's to judge; it must be one line. */
static const char *key_line_bad(const char *text)
{
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return "a public key on one line, without a line end";
	return strchr(text, ' ') ? NULL : "a public key such as \"ssh-ed25519 AAAA… name\"";
}

static int key_authorized_keys(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_texts(f, key_line_bad, &s->authorized_keys, err);
}

/* ---- content ---- */

static const char *package_bad(const char *text)
{
	bool good = isalnum((unsigned char)*text);
	for (const char *c = text; good && *c; c++)
		good = isalnum((unsigned char)*c) || strchr("+-._:=~/@", *c);
	return good ? NULL : "the name of a package";
}

static int key_packages(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_texts(f, package_bad, &s->packages, err);
}

static int key_files(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_files_read(f, &s->files, &s->nfiles, err);
}

static int key_user_data(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	if (f->value->type != VALUE_DICT)
		return vm_field_expected(f, "a mapping of cloud-config keys", err);
	s->user_data = value_copy(f->arena, f->value, 0);
	return 0;
}

static int key_nesting(const struct field *f, void *into, struct err *err)
{
	struct vm_spec *s = into;
	return vm_field_bool(f, &s->nesting, err);
}

int vm_spec_read(struct arena *a, const struct value *vm, struct vm_spec *spec, struct err *err)
{
	static const struct field_key keys[] = {
		{"image", key_image},
		{"arch", key_arch},
		{"accel", key_accel},
		{"cpus", key_cpus},
		{"memory", key_memory},
		{"disk", key_disk},
		{"disks", key_disks},
		{"address", key_address},
		{"ssh_port", key_ssh_port},
		{"user", key_user},
		{"authorized_keys", key_authorized_keys},
		{"packages", key_packages},
		{"files", key_files},
		{"user_data", key_user_data},
		{"nesting", key_nesting},
	};
	const struct field_reader reader = {a, ""};
	int r = vm_fields_read(&reader, vm, keys, ARRAY_LEN(keys), spec, err);
	if (r < 0)
		return r;
	if (!spec->image.name)
		return err_at(err, ERR_INVALID, vm->at, "lacks an image, e.g. image: debian-12");
	return vm_image_ref_check(&spec->image, spec->arch, err);
}
