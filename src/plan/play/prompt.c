/* vars_prompt: questions before the run. Source: Ansible, "Interactive input: prompts". */
#include "../internal.h"
#include "rollout/base/nearest.h"

static const char *const keys[] = {"name",    "prompt", "default",   "private", "confirm",
				   "encrypt", "salt",	"salt_size", "unsafe"};

static int check_keys(const struct value *prompt, struct err *err)
{
	for (size_t i = 0; i < prompt->dict.len; i++) {
		const struct value *key = prompt->dict.at[i].key;
		struct nearest near;
		char hint[128];
		bool known = false;
		nearest_init(&near, key->type == VALUE_STRING ? key->str : SLICE_LIT("?"));
		for (size_t k = 0; k < ARRAY_LEN(keys); k++) {
			known |= value_is_str(key, keys[k]);
			nearest_offer(&near, slice_from(keys[k]));
		}
		if (!known)
			return err_at(err, ERR_INVALID, key->at, "vars_prompt has no '%.*s'%s",
				      SLICE_ARG(near.wanted),
				      nearest_hint(&near, hint, sizeof(hint)));
	}
	return 0;
}

static int text_of(struct compiler *c, const struct value *prompt, const char *key,
		   const char **ret, struct err *err)
{
	const struct value *v = value_get(prompt, key);
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	*ret = NULL;
	if (!v || v->type == VALUE_NULL)
		return 0;
	int r = keys_render(c, v, &v, err);
	if (r < 0)
		return r;
	value_print(&text, v);
	*ret = arena_strndup(&c->plan->arena, text.ptr ? text.ptr : "", text.len);
	return 0;
}

/* Without a terminal, or when nothing is run, the default does. */
/* Nobody is asked for a run that will not be. */
static int answer(const struct compiler *c, const struct plan_options *opts,
		  const struct plan_prompt *p, struct strbuf *ret, struct err *err)
{
	if (opts->ask && c->plan->mistakes.len == 0) {
		int r = opts->ask(opts->ask_self, p, ret, err);
		if (r < 0)
			return err_locate(err, r, p->at);
	}
	if (ret->len == 0 && p->fallback)
		strbuf_puts(ret, p->fallback);
	return 0;
}

/* The hash of the answer, by the filter password_hash. */
static int encrypt(struct compiler *c, const struct value *prompt, struct strbuf *text,
		   struct err *err)
{
	static const char formula[] = "{{ answer | password_hash(scheme, salt, salt_size) }}";
	struct arena *a = &c->plan->arena;
	const struct value *scheme = value_get(prompt, "encrypt"), *hash,
			   *salt = value_get(prompt, "salt"),
			   *size = value_get(prompt, "salt_size");
	if (!scheme || scheme->type == VALUE_NULL)
		return 0;
	struct value *names = value_dict_new(a), *answer = value_str(a, strbuf_slice(text));
	answer->flags |= VALUE_UNSAFE;
	value_dict_put(a, names, "answer", answer);
	value_dict_put(a, names, "scheme", scheme);
	value_dict_put(a, names, "salt", salt ? salt : value_null());
	value_dict_put(a, names, "salt_size", size ? size : value_null());
	struct vars vars;
	vars_init(&vars, c->plan->env, a, NULL);
	vars_set_level(&vars, VARS_PLAY, c->step ? c->step->play_vars : NULL);
	vars_set_level(&vars, VARS_EXTRA, c->plan->extra_vars);
	vars_set_level(&vars, VARS_LOOP, names);
	int r = template_render(c->plan->env, &vars.scope, a, value_cstr(a, formula), &hash, err);
	vars_release(&vars);
	if (r < 0)
		return err_locate(err, r, scheme->at);
	strbuf_wipe(text);
	*text = (struct strbuf){0};
	value_print(text, hash);
	return 0;
}

static int ask(struct compiler *c, const struct plan_options *opts, const struct value *prompt,
	       struct value *vars, struct err *err)
{
	struct plan_prompt p = {.at = prompt->at, .private = true};
	struct strbuf text CLEANUP(strbuf_wipe) = {0};
	int r;
	if (prompt->type != VALUE_DICT || !value_get(prompt, "name"))
		return err_at(err, ERR_INVALID, prompt->at,
			      "a prompt is a mapping with the 'name' of a variable");
	if ((r = check_keys(prompt, err)) < 0 ||
	    (r = keys_bool(value_get(prompt, "private"), "private", &p.private, err)) < 0 ||
	    (r = keys_bool(value_get(prompt, "confirm"), "confirm", &p.confirm, err)) < 0 ||
	    (r = text_of(c, prompt, "name", &p.name, err)) < 0 ||
	    (r = text_of(c, prompt, "prompt", &p.text, err)) < 0 ||
	    (r = text_of(c, prompt, "default", &p.fallback, err)) < 0)
		return r;
	if (!p.name)
		return err_at(err, ERR_INVALID, prompt->at, "the prompt's 'name' is empty");
	if (c->plan->extra_vars && value_get(c->plan->extra_vars, p.name))
		return 0;
	if ((r = answer(c, opts, &p, &text, err)) < 0 || (r = encrypt(c, prompt, &text, err)) < 0)
		return r;
	struct value *v = value_str(&c->plan->arena, strbuf_slice(&text));
	v->at = prompt->at;
	v->flags |= VALUE_UNSAFE;
	value_dict_put(&c->plan->arena, vars, p.name, v);
	return 0;
}

int prompts_ask(struct compiler *c, const struct plan_options *opts, const struct value *prompts,
		struct value *vars, struct err *err)
{
	if (prompts->type == VALUE_NULL)
		return 0;
	if (prompts->type != VALUE_LIST)
		return err_at(err, ERR_INVALID, prompts->at, "'vars_prompt' is a list, not a %s",
			      value_type_name(prompts));
	for (size_t i = 0; i < prompts->list.len; i++) {
		int r = ask(c, opts, prompts->list.at[i], vars, err);
		if (r < 0)
			return r;
	}
	return 0;
}
