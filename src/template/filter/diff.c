/* fact_diff, of the collection ansible.utils. */
#include "rollout/diff/diff.h"
#include "filter.h"

/* plugin: {vars: {skip_lines: [patterns]}} */
static const struct value *skipped_lines(const struct call *c)
{
	const struct value *plugin = c->arg[1],
			   *vars = plugin && is_dict(plugin) ? value_get(plugin, "vars") : NULL,
			   *skip = vars && is_dict(vars) ? value_get(vars, "skip_lines") : NULL;
	return skip && is_list(skip) ? skip : NULL;
}

static int is_skipped(struct eval *ev, const struct value *skip, struct slice line, bool *ret,
		      struct err *err)
{
	struct regex_match groups[REGEX_MAX_GROUPS];
	const struct regex *re;
	struct slice pattern;
	unsigned n;
	int r = 0;
	for (size_t i = 0; skip && i < skip->list.len && r == 0; i++) {
		if ((r = text_of(ev, skip->list.at[i], &pattern, err)) < 0 ||
		    (r = regex_get(ev, pattern, 0, &re, err)) < 0)
			return r;
		r = regex_exec(re, line, 0, true, groups, &n, err);
	}
	*ret = r > 0;
	return r < 0 ? r : 0;
}

static int put_line(struct eval *ev, const struct value *skip, struct slice line,
		    struct strbuf *out, struct err *err)
{
	bool skips = false;
	int r = is_skipped(ev, skip, line, &skips, err);
	if (r < 0 || skips)
		return r;
	strbuf_slice_append(out, line);
	strbuf_putc(out, '\n');
	return 0;
}

/* A list is its items, a line each; a mapping is JSON; a text is itself. */
static int text_of_fact(struct call *c, const struct value *v, struct strbuf *out, struct err *err)
{
	const struct json_format json = {4, true, true, SLICE_LIT(","), SLICE_LIT(": ")};
	const struct value *skip = skipped_lines(c);
	struct slice rest, line;
	int r = eval_use(c->ev, v, err);
	if (r < 0 || v->type == VALUE_NULL)
		return r;
	if (is_mapping(v)) {
		if ((r = json_write(c->ev, out, v, &json, err)) == 0)
			strbuf_putc(out, '\n');
		return r;
	}
	for (size_t i = 0; is_list(v) && i < v->list.len && r == 0; i++)
		if ((r = text_of(c->ev, v->list.at[i], &line, err)) == 0)
			r = put_line(c->ev, skip, line, out, err);
	if (is_list(v))
		return r;
	if (!is_str(v))
		return type_error(err, "texts, lists or mappings are needed", v);
	if (!skip)
		strbuf_slice_append(out, v->str);
	for (rest = v->str; skip && rest.len && slice_split(&rest, '\n', &line) && r == 0;)
		r = put_line(c->ev, skip, line, out, err);
	return r;
}

FN(f_fact_diff)
{
	CLEANUP(strbuf_release) struct strbuf before = {0}, after = {0}, diff = {0};
	struct value *out = list_new(c->ev);
	struct slice rest, line;
	bool common, keeps = true;
	int r = text_of_fact(c, c->in, &before, err);
	if (r < 0 || (r = text_of_fact(c, c->arg[0], &after, err)) < 0 ||
	    (r = call_bool(c, 2, false, &common, err)) < 0)
		return r;
	diff_whole(&diff, "before", strbuf_slice(&before), "after", strbuf_slice(&after));
	for (rest = strbuf_slice(&diff); rest.len && slice_split(&rest, '\n', &line);) {
		/* that a newline is missing belongs to the line before */
		if (line.len && *line.ptr != '\\')
			keeps = !common || !strchr("+-", *line.ptr);
		if (keeps)
			list_push(c->ev, out, str_new(c->ev, line));
	}
	if (diff.len)
		list_push(c->ev, out, str_lit(c->ev, ""));
	*ret = out;
	return 0;
}

const struct function filters_diff[] = {
	{"fact_diff", "after,plugin,common", 1, FN_KWARGS, f_fact_diff},
	{0},
};
