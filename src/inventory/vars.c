#include "rollout/inventory/vars.h"

#include "rollout/inventory/inventory.h"

#include <stdio.h>

const char *vars_level_name(enum vars_level level)
{
	static const char *const names[VARS_LEVELS] = {
		[VARS_ROLE_DEFAULTS] = "role defaults",
		[VARS_INVENTORY] = "inventory",
		[VARS_FACTS] = "facts",
		[VARS_PLAY] = "play vars",
		[VARS_PLAY_FILES] = "vars_files",
		[VARS_ROLE] = "role vars",
		[VARS_BLOCK] = "block vars",
		[VARS_TASK] = "task vars",
		[VARS_INCLUDE_VARS] = "include_vars",
		[VARS_SET] = "set_fact and register",
		[VARS_ROLE_PARAMS] = "role parameters",
		[VARS_INCLUDE_PARAMS] = "include parameters",
		[VARS_EXTRA] = "extra vars (-e)",
		[VARS_LOOP] = "loop",
	};
	return names[level];
}

static int scope_get(void *self, struct slice name, const struct value **ret, struct err *err);
static void scope_each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx);
static const struct template_scope_ops scope_ops = {scope_get, scope_each_name};

void vars_init(struct vars *v, struct template_env *env, struct arena *arena,
	       const struct vars_magic *magic)
{
	*v = (struct vars){.env = env, .arena = arena, .magic = magic};
	v->scope = (struct template_scope){.ops = &scope_ops, .self = v};
}

void vars_set_level(struct vars *v, enum vars_level level, const struct value *dict)
{
	v->levels[level] = dict;
	strmap_release(&v->rendered);
}

/* `winner` over what the levels below `level` say, where all are mappings. */
static const struct value *merge_levels(const struct vars *v, struct slice name, int level,
					const struct value *winner)
{
	const struct value *out = NULL;
	for (int l = 0; l < level; l++) {
		const struct value *found =
			v->levels[l] ? value_get_slice(v->levels[l], name) : NULL;
		if (found)
			out = inventory_merge_deep(v->arena, out, found);
	}
	return inventory_merge_deep(v->arena, out, winner);
}

const struct value *vars_raw(const struct vars *v, struct slice name, enum vars_level *ret_level)
{
	for (int l = VARS_LEVELS - 1; l >= 0; l--) {
		const struct value *found =
			v->levels[l] ? value_get_slice(v->levels[l], name) : NULL;
		if (found) {
			if (ret_level)
				*ret_level = (enum vars_level)l;
			return v->merge_hashes && l != VARS_LOOP ? merge_levels(v, name, l, found)
								 : found;
		}
	}
	return NULL;
}

/* "a -> b -> a" */
static int recursion_error(const struct vars *v, struct slice name, struct srcloc at,
			   struct err *err)
{
	struct strbuf chain CLEANUP(strbuf_release) = {0};
	for (size_t i = 0; i < v->in_progress.len; i++)
		strbuf_printf(&chain, "%.*s -> ", SLICE_ARG(v->in_progress.at[i]));
	return err_at(err, ERR_INVALID, at, "variable '%.*s' refers to itself: %s%.*s",
		      SLICE_ARG(name), chain.ptr ? chain.ptr : "", SLICE_ARG(name));
}

static int render(struct vars *v, struct slice name, const struct value *raw,
		  const struct value **ret, struct err *err)
{
	for (size_t i = 0; i < v->in_progress.len; i++)
		if (slice_eq(v->in_progress.at[i], name))
			return recursion_error(v, name, raw->at, err);
	vec_push(&v->in_progress, name);
	int r = template_render(v->env, &v->scope, v->arena, raw, ret, err);
	v->in_progress.len--;
	if (r < 0 && r != ERR_PENDING && r != ERR_UNKNOWN)
		return err_wrap(err, r, "in variable '%.*s'", SLICE_ARG(name));
	return r;
}

static int scope_get(void *self, struct slice name, const struct value **ret, struct err *err)
{
	struct vars *v = self;
	const struct value *found = strmap_get(&v->rendered, name);
	if (!found && v->magic) {
		int r = v->magic->get(v->magic->self, v->arena, name, &found, err);
		if (r < 0)
			return r;
	}
	if (found) {
		*ret = found;
		return 0;
	}
	const struct value *raw = vars_raw(v, name, NULL);
	if (!raw) {
		*ret = NULL;
		return 0;
	}
	if (raw->type == VALUE_UNKNOWN ||
	    (raw->flags & (VALUE_UNSAFE | VALUE_ENCRYPTED)) == VALUE_UNSAFE) {
		*ret = raw;
		return 0;
	}
	int r = render(v, name, raw, &found, err);
	if (r < 0)
		return r;
	strmap_set(&v->rendered, name, (void *)found);
	*ret = found;
	return 0;
}

static void scope_each_name(void *self, void (*fn)(void *ctx, struct slice name), void *ctx)
{
	struct vars *v = self;
	for (int l = 0; l < VARS_LEVELS; l++)
		for (size_t i = 0; v->levels[l] && i < v->levels[l]->dict.len; i++)
			if (v->levels[l]->dict.at[i].key->type == VALUE_STRING)
				fn(ctx, v->levels[l]->dict.at[i].key->str);
	if (v->magic && v->magic->each_name)
		v->magic->each_name(v->magic->self, fn, ctx);
}

int vars_get(struct vars *v, const char *name, const struct value **ret, struct err *err)
{
	return scope_get(v, slice_from(name), ret, err);
}

void vars_release(struct vars *v)
{
	strmap_release(&v->rendered);
	vec_release(&v->in_progress);
}
