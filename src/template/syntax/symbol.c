/* The names that templates mention, one of each. */
#include "program.h"

struct symbol *symbol_find(const struct template_env *env, struct slice name)
{
	return strmap_get(&env->symbols, name);
}

struct symbol *symbol_get(struct template_env *env, struct slice name)
{
	struct symbol *s = symbol_find(env, name);
	if (s)
		return s;
	s = ARENA_NEW(&env->symbol_arena, struct symbol);
	s->name = arena_slice(&env->symbol_arena, name);
	s->text = (struct value){.type = VALUE_STRING, .str = s->name};
	for (int kind = 0; kind < METHOD_KINDS; kind++)
		s->methods[kind] = method_named((enum method_kind)kind, name);
	strmap_set(&env->symbols, name, s);
	return s;
}

void symbols_init(struct template_env *env)
{
	env->own = (struct own_symbols){
		.loop = symbol_get(env, SLICE_LIT("loop")),
		.varargs = symbol_get(env, SLICE_LIT("varargs")),
		.kwargs = symbol_get(env, SLICE_LIT("kwargs")),
		.caller = symbol_get(env, SLICE_LIT("caller")),
		.super = symbol_get(env, SLICE_LIT("super")),
	};
}

void symbols_release(struct template_env *env)
{
	strmap_release(&env->symbols);
	arena_release(&env->symbol_arena);
}
