/*
 * Build tool: agent-embed OUT arch=binary …
 * Writes OUT.<arch>.z (compressed), OUT.S (their bytes) and OUT.c (the table
 * of include/rollout/agent/image.h).
 */
#include "rollout/base/digest.h"
#include "rollout/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <zlib.h>

#define AGENT_MAX_BYTES (64u << 20)

struct embed {
	const char *out;
	struct strbuf externs, entries, assembly;
	size_t count;
};

static int write_packed(const char *path, const struct strbuf *raw, size_t *ret_size,
			struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf packed = {0};
	uLongf size = compressBound(raw->len);
	char *to = strbuf_reserve(&packed, size);
	if (compress2((Bytef *)to, &size, (const Bytef *)raw->ptr, raw->len, 9) != Z_OK)
		return err_set(err, ERR_INVALID, "%s: cannot compress", path);
	strbuf_grew(&packed, size);
	int r = file_write_atomic(path, packed.ptr, packed.len, 0644, err);
	if (r == 0)
		*ret_size = packed.len;
	return r;
}

static int embed_add(struct embed *e, struct slice arch, const char *binary, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf raw = {0}, path = {0};
	char hex[DIGEST_HEX_MAX];
	size_t size = 0;
	int r = file_read(binary, AGENT_MAX_BYTES, &raw, err);
	if (r < 0)
		return r;
	strbuf_printf(&path, "%s.%.*s.z", e->out, SLICE_ARG(arch));
	r = write_packed(path.ptr, &raw, &size, err);
	if (r < 0)
		return r;
	digest_bytes(DIGEST_SHA256, raw.ptr, raw.len, hex);
	strbuf_printf(&e->externs, "extern const unsigned char agent_%.*s[];\n", SLICE_ARG(arch));
	strbuf_printf(&e->entries, "\t{\"%.*s\", agent_%.*s, %zu, %zu, \"%s\"},\n", SLICE_ARG(arch),
		      SLICE_ARG(arch), size, raw.len, hex);
	strbuf_printf(&e->assembly, "\t.global agent_%.*s\nagent_%.*s:\n\t.incbin \"%s\"\n",
		      SLICE_ARG(arch), SLICE_ARG(arch), path.ptr);
	e->count++;
	return 0;
}

static int write_with_suffix(const char *out, const char *suffix, const struct strbuf *text,
			     struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf path = {0};
	strbuf_printf(&path, "%s%s", out, suffix);
	return file_write_atomic(path.ptr, text->ptr, text->len, 0644, err);
}

static int embed_write(struct embed *e, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf table = {0}, assembly = {0};
	strbuf_puts(&table, "#include \"rollout/agent/image.h\"\n\n");
	strbuf_slice_append(&table, strbuf_slice(&e->externs));
	strbuf_puts(&table, "const struct agent_image agent_images[] = {\n");
	strbuf_slice_append(&table, strbuf_slice(&e->entries));
	/* The last entry ends a table that would otherwise be empty. */
	strbuf_printf(&table, "\t{0},\n};\nconst size_t agent_images_len = %zu;\n", e->count);
	strbuf_puts(&assembly, "\t.section .rodata\n");
	strbuf_slice_append(&assembly, strbuf_slice(&e->assembly));
	strbuf_puts(&assembly, "\t.section .note.GNU-stack,\"\",%progbits\n");
	int r = write_with_suffix(e->out, ".S", &assembly, err);
	return r < 0 ? r : write_with_suffix(e->out, ".c", &table, err);
}

int main(int argc, char **argv)
{
	struct embed e = {.out = argc > 1 ? argv[1] : NULL};
	struct err err = {0};
	char text[sizeof(err.msg) + 64];
	int r = e.out ? 0 : err_set(&err, ERR_USAGE, "usage: agent-embed OUT arch=binary...");
	for (int i = 2; r == 0 && i < argc; i++) {
		struct slice rest = slice_from(argv[i]), arch = {0};
		slice_split(&rest, '=', &arch);
		r = embed_add(&e, arch, rest.ptr, &err);
	}
	if (r == 0)
		r = embed_write(&e, &err);
	if (r < 0)
		fprintf(stderr, "agent-embed: %s\n", err_format(&err, text, sizeof(text)));
	strbuf_release(&e.externs);
	strbuf_release(&e.entries);
	strbuf_release(&e.assembly);
	return r < 0;
}
