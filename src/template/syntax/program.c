/* The environment and its cache of compiled texts. */
#include "program.h"
#include "../text/chars.h"

#include <stdlib.h>

#define CACHE_MAX_BYTES (256u << 20)

void program_free(struct program *p)
{
	if (p) {
		arena_release(&p->arena);
		free(p);
	}
}

void program_cache_clear(struct template_env *env)
{
	struct strmap *const maps[] = {&env->strings, &env->expressions, &env->files};
	for (size_t m = 0; m < ARRAY_LEN(maps); m++) {
		for (size_t i = 0; i < maps[m]->len; i++)
			program_free(maps[m]->entries[i].value);
		strmap_release(maps[m]);
	}
	memset(env->recent, 0, sizeof(env->recent));
	env->cached_bytes = 0;
}

struct srcloc unit_place(const struct unit *u, uint32_t offset)
{
	struct srcloc at = u->base;
	struct slice text = u->program ? u->program->text : (struct slice){0};
	if (!u->is_file && u->program && origin_find(u->base, text, offset, &at))
		return at;
	for (size_t i = 0; i < offset && i < text.len; i = chars_next(text, i)) {
		if (text.ptr[i] == '\n') {
			at.line++;
			at.column = 1;
		} else {
			at.column++;
		}
	}
	return at;
}

static int parse_tokens(struct template_env *env, struct program *prog, struct lexer *lx,
			uint32_t *ret_offset, struct err *err)
{
	struct parser p = {.env = env, .arena = &prog->arena, .tok = lx->tokens.at, .err = err};
	int r;
	if (lx->syn->mode == MODE_EXPRESSION) {
		p.first = p.tok;
		r = parse_tuple(&p, true, &prog->root);
		if (r == 0 && p.tok->kind != TOKEN_EOF)
			r = parser_unexpected(&p, "an operator or the end");
	} else {
		r = parse_program(&p, &prog->root);
		prog->blocks = p.blocks;
		prog->extends = p.extends;
	}
	*ret_offset = p.error_offset;
	return r;
}

static int compile(struct template_env *env, struct program *prog, const struct syntax *syn,
		   struct srcloc base, struct err *err)
{
	struct lexer lx = {.arena = &prog->arena, .syn = syn, .text = prog->text};
	struct unit u = {.program = prog,
			 .base = base,
			 .is_file = !syn->literal_strings && syn->mode == MODE_FILE};
	uint32_t offset = 0;
	int r = lexer_run(&lx, err);
	if (r < 0)
		offset = lx.error_offset;
	else
		r = parse_tokens(env, prog, &lx, &offset, err);
	free(lx.tokens.at);
	if (r < 0)
		return err_locate(err, r, unit_place(&u, offset));
	const struct nodes *items = &prog->root->items;
	if (syn->literal_strings && items->len == 1 && items->at[0]->kind == NODE_OUTPUT)
		prog->single = items->at[0]->a;
	for (size_t i = prog->text.len; i > 0 && prog->text.ptr[i - 1] == '\n'; i--)
		prog->trailing_newlines++;
	return 0;
}

/* Of files the syntax may differ, so it is part of the key. */
static void file_key(struct strbuf *b, struct slice text, const struct syntax *syn)
{
	const struct slice parts[] = {syn->newline,	syn->variable_start, syn->variable_end,
				      syn->block_start, syn->block_end,	     syn->comment_start,
				      syn->comment_end};
	strbuf_reserve(b, text.len + 64);
	strbuf_putc(b, (char)(syn->trim_blocks | syn->lstrip_blocks << 1 |
			      syn->keep_trailing_newline << 2 | syn->literal_strings << 3));
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		strbuf_slice_append(b, parts[i]);
		strbuf_putc(b, 0);
	}
	strbuf_slice_append(b, text);
}

struct wanted {
	struct slice text;
	const struct syntax *syntax;
	struct srcloc base;
};

static struct syntax syntax_copy(struct arena *a, const struct syntax *syn)
{
	struct syntax copy = *syn;
	struct slice *const parts[] = {&copy.newline,	  &copy.variable_start, &copy.variable_end,
				       &copy.block_start, &copy.block_end,	&copy.comment_start,
				       &copy.comment_end};
	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		*parts[i] = arena_slice(a, *parts[i]);
	return copy;
}

static bool syntax_equal(const struct syntax *a, const struct syntax *b)
{
	return a->mode == b->mode && a->trim_blocks == b->trim_blocks &&
	       a->lstrip_blocks == b->lstrip_blocks &&
	       a->keep_trailing_newline == b->keep_trailing_newline &&
	       a->literal_strings == b->literal_strings && slice_eq(a->newline, b->newline) &&
	       slice_eq(a->variable_start, b->variable_start) &&
	       slice_eq(a->variable_end, b->variable_end) &&
	       slice_eq(a->block_start, b->block_start) && slice_eq(a->block_end, b->block_end) &&
	       slice_eq(a->comment_start, b->comment_start) &&
	       slice_eq(a->comment_end, b->comment_end);
}

static int cached_get(struct template_env *env, struct strmap *map, struct slice key,
		      const struct wanted *w, const struct program **ret, struct err *err)
{
	struct program *prog = strmap_get(map, key);
	if (prog) {
		*ret = prog;
		return 0;
	}
	if (w->text.len > TEMPLATE_MAX_TEXT)
		return err_at(err, ERR_LIMIT, w->base, "the template is larger than %u MiB",
			      TEMPLATE_MAX_TEXT >> 20);
	if (env->renders == 0 && env->cached_bytes > CACHE_MAX_BYTES)
		program_cache_clear(env);
	prog = xcalloc(1, sizeof(*prog));
	prog->text = arena_slice(&prog->arena, w->text);
	prog->syntax = syntax_copy(&prog->arena, w->syntax);
	int r = compile(env, prog, w->syntax, w->base, err);
	if (r < 0) {
		program_free(prog);
		return r;
	}
	env->cached_bytes += prog->arena.total;
	strmap_set(map, key, prog);
	*ret = prog;
	return 0;
}

/* A file is long: its hash costs more than a comparison with the one that was there last. */
static const struct program **recent_slot(struct template_env *env, struct slice text)
{
	unsigned char first = text.len ? (unsigned char)text.ptr[0] : 0;
	unsigned char middle = text.len ? (unsigned char)text.ptr[text.len / 2] : 0;
	return &env->recent[(text.len + 31u * first + 7u * middle) % RECENT_FILES];
}

static int file_get(struct template_env *env, const struct wanted *w, const struct program **ret,
		    struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf key = {0};
	const struct program **recent = recent_slot(env, w->text);
	if (*recent && slice_eq((*recent)->text, w->text) &&
	    syntax_equal(&(*recent)->syntax, w->syntax)) {
		*ret = *recent;
		return 0;
	}
	file_key(&key, w->text, w->syntax);
	int r = cached_get(env, &env->files, strbuf_slice(&key), w, ret, err);
	if (r == 0)
		*recent = *ret;
	return r;
}

int program_get(struct template_env *env, struct slice text, const struct syntax *syn,
		struct srcloc base, const struct program **ret, struct err *err)
{
	struct wanted w = {text, syn, base};
	if (syn->mode == MODE_FILE)
		return file_get(env, &w, ret, err);
	return cached_get(env, syn->mode == MODE_STRING ? &env->strings : &env->expressions, text,
			  &w, ret, err);
}
