#include "proofs.h"

#include "accel.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"
#include "rollout/value/json.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/utsname.h>

#define FILE_MAX_BYTES 65536u
#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* ---- where, and for what it holds ---- */

static char *cache_folder(void)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	if (cache && *cache == '/')
		return path_join(cache, "rollout");
	return home && *home == '/' ? path_join(home, ".cache/rollout") : NULL;
}

static void add_boot(struct strbuf *key)
{
	CLEANUP(strbuf_release) struct strbuf id = {0};
	struct utsname u;
	if (uname(&u) == 0)
		strbuf_printf(key, " %s", u.release);
	if (file_read(BOOT_ID, 128, &id, NULL) == 0)
		strbuf_printf(key, " %.*s", SLICE_ARG(slice_trim(strbuf_slice(&id))));
}

void vm_proofs_init(struct vm_proofs *p, enum vm_accel accel, enum vm_arch arch, const char *qemu)
{
	CLEANUP(free_ptr) char *folder = cache_folder();
	CLEANUP(strbuf_release) struct strbuf name = {0}, key = {0};
	struct stat st;
	*p = (struct vm_proofs){0};
	if (folder && dir_create_all(folder, 0700, NULL) == 0) {
		p->file = path_join(folder, "accel.json");
		p->lock = path_join(folder, "accel.lock");
	}
	strbuf_printf(&name, "%s %s", vm_accel_name(accel),
		      arch == VM_ARCH_ARM64 ? "arm64" : "amd64");
	strbuf_puts(&key, qemu);
	if (stat(qemu, &st) == 0)
		strbuf_printf(&key, " %lld %lld", (long long)st.st_size, (long long)st.st_mtime);
	add_boot(&key);
	p->name = strbuf_steal(&name);
	p->key = strbuf_steal(&key);
}

void vm_proofs_release(struct vm_proofs *p)
{
	free(p->file);
	free(p->lock);
	free(p->name);
	free(p->key);
	*p = (struct vm_proofs){0};
}

/* ---- the file ---- */

/* What is damaged counts as not there. */
static const struct value *read_all(const struct vm_proofs *p, struct arena *a)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	const struct value *all;
	if (!p->file || file_read(p->file, FILE_MAX_BYTES, &text, NULL) < 0 ||
	    json_parse(a, p->file, strbuf_slice(&text), &all, NULL) < 0 || all->type != VALUE_DICT)
		return NULL;
	return all;
}

static bool take(const struct value *entry, const char *key, struct vm_proof *ret)
{
	const struct value *works = value_get(entry, "works"), *why = value_get(entry, "why");
	const struct value *until = value_get(entry, "until");
	if (until && until->type == VALUE_INT && until->integer < clock_realtime_us() / 1000000)
		return false;
	if (!value_is_str(value_get(entry, "for"), key) || !works || works->type != VALUE_BOOL ||
	    !why || why->type != VALUE_STRING)
		return false;
	ret->works = works->boolean;
	snprintf(ret->why, sizeof(ret->why), "%.*s", SLICE_ARG(why->str));
	return true;
}

bool vm_proofs_read(const struct vm_proofs *p, struct vm_proof *ret)
{
	struct arena a = {0};
	const struct value *all = read_all(p, &a);
	bool found = all && take(value_get(all, p->name), p->key, ret);
	arena_release(&a);
	return found;
}

void vm_proofs_write(const struct vm_proofs *p, const struct vm_proof *proof)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct arena a = {0};
	const struct value *old = read_all(p, &a);
	struct value *all = old ? value_dict_dup(&a, old) : value_dict_new(&a);
	struct value *entry = value_dict_new(&a);
	value_dict_put(&a, entry, "for", value_cstr(&a, p->key));
	value_dict_put(&a, entry, "works", value_bool(proof->works));
	value_dict_put(&a, entry, "why", value_cstr(&a, proof->why));
	if (proof->until_s)
		value_dict_put(&a, entry, "until", value_int(&a, proof->until_s));
	value_dict_put(&a, all, p->name, entry);
	json_emit(&text, all, JSON_PRETTY);
	if (p->file)
		file_write_atomic(p->file, text.ptr, text.len, 0600, NULL);
	arena_release(&a);
}
