/* Values through libyaml's emitter, which lays out as PyYAML's does. */
#include "../pairs.h"
#include "../print.h"
#include "rollout/base/utf8.h"
#include "rollout/value/yaml.h"
#include "yaml_scalar.h"

#include <math.h>
#include <stdlib.h>
#include <yaml.h>

struct writer {
	yaml_emitter_t emitter;
	const struct yaml_style *style;
};

static int append_output(void *data, unsigned char *bytes, size_t size)
{
	strbuf_append(data, bytes, size);
	return 1;
}

/* The events are well-formed and the output is memory: only a lack of memory
 * can fail. */
static void put_event(struct writer *w, yaml_event_t *event, int made)
{
	if (!made || !yaml_emitter_emit(&w->emitter, event))
		abort();
}

static yaml_scalar_style_t scalar_style(const struct writer *w)
{
	switch (w->style->scalar) {
	case '\'':
		return YAML_SINGLE_QUOTED_SCALAR_STYLE;
	case '"':
		return YAML_DOUBLE_QUOTED_SCALAR_STYLE;
	case '|':
		return YAML_LITERAL_SCALAR_STYLE;
	case '>':
		return YAML_FOLDED_SCALAR_STYLE;
	default:
		return YAML_ANY_SCALAR_STYLE;
	}
}

/* `tag` NULL: a string; else what the text is where it stands in quotes. */
static void put_text(struct writer *w, struct slice text, bool plain, const char *tag)
{
	CLEANUP(strbuf_release) struct strbuf clean = {0};
	yaml_event_t event;
	while (text.len > 0) {
		int32_t cp = utf8_next(&text);
		utf8_put(&clean, cp < 0 ? 0xFFFD : (uint32_t)cp);
	}
	struct slice s = strbuf_slice(&clean);
	put_event(w, &event,
		  yaml_scalar_event_initialize(&event, NULL, (const yaml_char_t *)tag,
					       (const yaml_char_t *)s.ptr, (int)s.len, plain, !tag,
					       scalar_style(w)));
}

/* YAML 1.1 has no float "1e+17": PyYAML writes 1.0e+17. */
static void put_float(struct writer *w, double d)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (isnan(d)) {
		strbuf_puts(&text, ".nan");
	} else if (isinf(d)) {
		strbuf_puts(&text, d < 0 ? "-.inf" : ".inf");
	} else {
		CLEANUP(strbuf_release) struct strbuf repr = {0};
		print_float(&repr, d);
		const char *e = strchr(repr.ptr, 'e');
		if (e && !strchr(repr.ptr, '.'))
			strbuf_printf(&text, "%.*s.0%s", (int)(e - repr.ptr), repr.ptr, e);
		else
			strbuf_slice_append(&text, strbuf_slice(&repr));
	}
	put_text(w, strbuf_slice(&text), true, YAML_FLOAT_TAG);
}

static void put_scalar(struct writer *w, const struct value *v)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (v->type == VALUE_STRING) {
		put_text(w, v->str, scalar_resolve(v->str) == SCALAR_STRING, NULL);
	} else if (v->type == VALUE_FLOAT) {
		put_float(w, v->real);
	} else if (v->type == VALUE_INT) {
		value_repr(&text, v);
		put_text(w, strbuf_slice(&text), true, YAML_INT_TAG);
	} else if (v->type == VALUE_BOOL) {
		put_text(w, slice_from(v->boolean ? "true" : "false"), true, YAML_BOOL_TAG);
	} else {
		put_text(w, SLICE_LIT("null"), true, YAML_NULL_TAG);
	}
}

static void put_node(struct writer *w, const struct value *v);

static bool is_flow(const struct writer *w, const struct value *v)
{
	bool list = v->type == VALUE_LIST;
	size_t n = list ? v->list.len : v->dict.len;
	if (!w->style->flow_leaves)
		return w->style->flow;
	for (size_t i = 0; i < n; i++) {
		const struct value *item = list ? v->list.at[i] : v->dict.at[i].value;
		if (item->type == VALUE_LIST || item->type == VALUE_DICT)
			return false;
	}
	return true;
}

static void put_list(struct writer *w, const struct value *v)
{
	yaml_event_t event;
	yaml_sequence_style_t style =
		is_flow(w, v) ? YAML_FLOW_SEQUENCE_STYLE : YAML_BLOCK_SEQUENCE_STYLE;
	put_event(w, &event, yaml_sequence_start_event_initialize(&event, NULL, NULL, 1, style));
	for (size_t i = 0; i < v->list.len; i++)
		put_node(w, v->list.at[i]);
	put_event(w, &event, yaml_sequence_end_event_initialize(&event));
}

static void put_dict(struct writer *w, const struct value *v)
{
	yaml_event_t event;
	const struct value_pair **pairs = dict_pairs(v, w->style->sort_keys);
	yaml_mapping_style_t style =
		is_flow(w, v) ? YAML_FLOW_MAPPING_STYLE : YAML_BLOCK_MAPPING_STYLE;
	put_event(w, &event, yaml_mapping_start_event_initialize(&event, NULL, NULL, 1, style));
	for (size_t i = 0; i < v->dict.len; i++) {
		put_node(w, pairs[i]->key);
		put_node(w, pairs[i]->value);
	}
	put_event(w, &event, yaml_mapping_end_event_initialize(&event));
	free(pairs);
}

static void put_node(struct writer *w, const struct value *v)
{
	if (v->type == VALUE_LIST)
		put_list(w, v);
	else if (v->type == VALUE_DICT)
		put_dict(w, v);
	else
		put_scalar(w, v);
}

/* PyYAML ends a document that is one plain scalar with "...". */
static void end_plain_root(struct strbuf *out, size_t start, const struct value *v)
{
	if (v->type == VALUE_LIST || v->type == VALUE_DICT || out->len <= start)
		return;
	if (!strchr("'\"", out->ptr[start]))
		strbuf_puts(out, "...\n");
}

void yaml_emit_styled(struct strbuf *out, const struct value *v, const struct yaml_style *style)
{
	struct writer w = {.style = style};
	yaml_event_t event;
	size_t start = out->len;
	if (!yaml_emitter_initialize(&w.emitter))
		abort();
	yaml_emitter_set_output(&w.emitter, append_output, out);
	yaml_emitter_set_unicode(&w.emitter, 1);
	yaml_emitter_set_indent(&w.emitter, (int)style->indent);
	yaml_emitter_set_width(&w.emitter, style->width ? (int)style->width : -1);
	put_event(&w, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	put_event(&w, &event,
		  yaml_document_start_event_initialize(&event, NULL, NULL, NULL,
						       !style->explicit_start));
	put_node(&w, v);
	put_event(&w, &event, yaml_document_end_event_initialize(&event, !style->explicit_end));
	put_event(&w, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&w.emitter);
	if (!style->explicit_end)
		end_plain_root(out, start, v);
}

void yaml_emit(struct strbuf *out, const struct value *v, unsigned indent)
{
	struct yaml_style style = {.indent = indent, .width = YAML_WIDTH, .sort_keys = true};
	yaml_emit_styled(out, v, &style);
}
