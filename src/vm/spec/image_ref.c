#include "spec.h"

#include "rollout/base/file.h"
#include "rollout/base/nearest.h"
#include "rollout/vm/image.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_url(const char *text)
{
	return strstr(text, "://") != NULL;
}

static bool is_named(const char *text)
{
	for (size_t i = 0; i < vm_named_image_count; i++)
		if (strcmp(vm_named_images[i].name, text) == 0)
			return true;
	return false;
}

/* What is neither a URL nor known: "disk.qcow2" is meant as a file, "debain-12" is not. */
static bool looks_like_path(const char *text)
{
	static const char *const endings[] = {".qcow2", ".img", ".raw"};
	if (strchr(text, '/') || text[0] == '~')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_with(slice_from(text), endings[i]))
			return true;
	return false;
}

const char *vm_path_at(struct arena *a, struct srcloc at, const char *path)
{
	const char *home = getenv("HOME");
	CLEANUP(free_ptr) char *expanded = path_expand_home(path, home ? home : "/");
	CLEANUP(free_ptr) char *here = realpath(".", NULL);
	CLEANUP(strbuf_release) struct strbuf dir = {0};
	strbuf_slice_append(&dir, at.file ? path_dirname(at.file) : SLICE_LIT("."));
	CLEANUP(free_ptr) char *from = path_join(here ? here : "/", dir.ptr);
	CLEANUP(free_ptr) char *full = path_join(from, expanded);
	return arena_strdup(a, full);
}

/* ---- the name ---- */

static int read_url(const struct field *f, const char *url, struct vm_image_ref *ref,
		    struct err *err)
{
	struct slice s = slice_from(url);
	const char *rest = strstr(url, "://") + 3;
	if (!slice_starts_with(s, "https://") && !slice_starts_with(s, "http://"))
		return vm_field_expected(f, "a URL that begins with https:// or http://", err);
	for (const char *c = url; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == 0x7f || *c == '"' || *c == '\\')
			return vm_field_expected(f, "a URL without blanks and quotes", err);
	if (!*rest || *rest == '/')
		return vm_field_expected(f, "a URL with a host", err);
	ref->name = url;
	return 0;
}

static int read_path(const struct field *f, const char *path, struct vm_image_ref *ref)
{
	ref->name = vm_path_at(f->arena, f->value->at, path);
	return 0;
}

static int unknown_name(const struct field *f, const char *name, struct err *err)
{
	struct nearest near;
	char hint[100];
	nearest_init(&near, slice_from(name));
	for (size_t i = 0; i < vm_named_image_count; i++)
		nearest_offer(&near, slice_from(vm_named_images[i].name));
	return err_at(err, ERR_INVALID, f->value->at,
		      "%s: there is no named image '%.80s'%s (a file's path has a '/' or ends in "
		      ".qcow2, .img or .raw)",
		      f->name, name, nearest_hint(&near, hint, sizeof(hint)));
}

static int read_name(const struct field *f, const char *name, struct vm_image_ref *ref,
		     struct err *err)
{
	if (!is_named(name))
		return unknown_name(f, name, err);
	ref->name = name;
	return 0;
}

static int read_text(const struct field *f, struct vm_image_ref *ref, struct err *err)
{
	const char *text;
	int r = vm_field_text(f, &text, err);
	if (r < 0)
		return r;
	if (is_url(text))
		return read_url(f, text, ref, err);
	if (!is_named(text) && looks_like_path(text))
		return read_path(f, text, ref);
	return read_name(f, text, ref, err);
}

/* ---- the mapping ---- */

static int twice(const struct field *f, struct err *err)
{
	return err_at(err, ERR_INVALID, f->value->at,
		      "%s: an image has one url, path or name and one digest", f->name);
}

static int key_url(const struct field *f, void *into, struct err *err)
{
	struct vm_image_ref *ref = into;
	const char *text;
	int r = ref->name ? twice(f, err) : vm_field_text(f, &text, err);
	if (r < 0)
		return r;
	return is_url(text)
		       ? read_url(f, text, ref, err)
		       : vm_field_expected(f, "a URL that begins with https:// or http://", err);
}

static int key_path(const struct field *f, void *into, struct err *err)
{
	struct vm_image_ref *ref = into;
	const char *text;
	int r = ref->name ? twice(f, err) : vm_field_text(f, &text, err);
	return r < 0 ? r : read_path(f, text, ref);
}

static int key_name(const struct field *f, void *into, struct err *err)
{
	struct vm_image_ref *ref = into;
	const char *text;
	int r = ref->name ? twice(f, err) : vm_field_text(f, &text, err);
	return r < 0 ? r : read_name(f, text, ref, err);
}

static int read_digest(const struct field *f, struct slice hex, const char *algorithm,
		       struct vm_image_ref *ref, struct err *err)
{
	const size_t digits = strcmp(algorithm, "sha256") == 0 ? 64 : 128;
	char what[80];
	snprintf(what, sizeof(what), "%zu hexadecimal digits (a %s digest)", digits, algorithm);
	if (ref->digest)
		return twice(f, err);
	bool good = hex.len == digits;
	for (size_t i = 0; good && i < digits; i++)
		good = isxdigit((unsigned char)hex.ptr[i]);
	if (!good)
		return vm_field_expected(f, what, err);
	char *digest = arena_printf(f->arena, "%s:%.*s", algorithm, SLICE_ARG(hex));
	for (char *c = digest; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	ref->digest = digest;
	return 0;
}

/* "sha256:<hex>" where the key is `digest`; the prefix is optional where the key says it. */
static int digest_field(const struct field *f, const char *algorithm, struct vm_image_ref *ref,
			struct err *err)
{
	const char *text;
	int r = vm_field_text(f, &text, err);
	if (r < 0)
		return r;
	struct slice rest = slice_from(text), part = {0};
	bool prefixed = strchr(text, ':') && slice_split(&rest, ':', &part);
	if (!prefixed && algorithm)
		return read_digest(f, rest, algorithm, ref, err);
	const char *named = slice_is(part, "sha256")   ? "sha256"
			    : slice_is(part, "sha512") ? "sha512"
						       : NULL;
	if (!named || (algorithm && strcmp(named, algorithm) != 0))
		return vm_field_expected(f, "sha256:<hex> or sha512:<hex>", err);
	return read_digest(f, rest, named, ref, err);
}

static int key_sha256(const struct field *f, void *into, struct err *err)
{
	return digest_field(f, "sha256", into, err);
}

static int key_sha512(const struct field *f, void *into, struct err *err)
{
	return digest_field(f, "sha512", into, err);
}

static int key_digest(const struct field *f, void *into, struct err *err)
{
	return digest_field(f, NULL, into, err);
}

static int read_mapping(const struct field *f, struct vm_image_ref *ref, struct err *err)
{
	static const struct field_key keys[] = {
		{"url", key_url},	{"path", key_path},	{"name", key_name},
		{"sha256", key_sha256}, {"sha512", key_sha512}, {"digest", key_digest},
	};
	const struct field_reader reader = {f->arena, "image."};
	int r = vm_fields_read(&reader, f->value, keys, ARRAY_LEN(keys), ref, err);
	if (r == 0 && !ref->name)
		return err_at(err, ERR_INVALID, f->value->at, "image: lacks url, path or name");
	return r;
}

int vm_image_ref_read(const struct field *f, struct vm_image_ref *ret, struct err *err)
{
	struct vm_image_ref ref = {.at = f->value->at};
	int r = f->value->type == VALUE_DICT ? read_mapping(f, &ref, err) : read_text(f, &ref, err);
	if (r < 0)
		return r;
	if (!ref.digest && ref.name && is_url(ref.name))
		return err_at(err, ERR_INVALID, ref.at,
			      "image: a download is only used when its digest is known: "
			      "{url: %.200s, sha256: …}",
			      ref.name);
	*ret = ref;
	return 0;
}

int vm_image_ref_check(const struct vm_image_ref *ref, enum vm_arch arch, struct err *err)
{
	bool named = false;
	for (size_t i = 0; i < vm_named_image_count; i++) {
		if (strcmp(vm_named_images[i].name, ref->name) != 0)
			continue;
		if (vm_named_images[i].arch == arch)
			return 0;
		named = true;
	}
	if (!named) /* a URL or a path, which may be of any architecture */
		return 0;
	return err_at(err, ERR_INVALID, ref->at, "image: there is no %s for %s", ref->name,
		      arch == VM_ARCH_ARM64 ? "arm64" : "amd64");
}
