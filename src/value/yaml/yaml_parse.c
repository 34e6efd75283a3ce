/* Events of libyaml into values. Each read_ begins with its node's first
 * event as the current one and ends with its last. */
#include "rollout/base/file.h"
#include "rollout/base/strmap.h"
#include "rollout/value/encrypted.h"
#include "rollout/value/secret.h"
#include "rollout/value/yaml.h"
#include "yaml_explain.h"
#include "yaml_scalar.h"

#include <assert.h>
#include <stdlib.h>

#define TAG_CORE "tag:yaml.org,2002:"

/* What an anchor names; value NULL while its node is still open. */
struct anchor {
	const struct value *value;
	unsigned nodes, height;
};

struct reader {
	struct arena *arena;
	struct yaml_source src;
	yaml_parser_t parser;
	yaml_event_t event; /* the current one */
	bool has_event;
	struct strmap anchors;
	unsigned nodes;
	unsigned depth;	 /* collections that are open */
	unsigned height; /* of the node that was read last */
	struct err *err;
};

static int next_event(struct reader *r)
{
	if (r->has_event)
		yaml_event_delete(&r->event);
	r->has_event = false;
	if (!yaml_parser_parse(&r->parser, &r->event))
		return yaml_explain(&r->src, &r->parser, r->err);
	r->has_event = true;
	if (r->event.type == YAML_SCALAR_EVENT &&
	    r->event.data.scalar.style >= YAML_SINGLE_QUOTED_SCALAR_STYLE &&
	    r->event.data.scalar.style <= YAML_DOUBLE_QUOTED_SCALAR_STYLE) {
		r->src.quoted_start = r->event.start_mark;
		r->src.quoted_end = r->event.end_mark;
	}
	return 0;
}

static struct srcloc here(const struct reader *r)
{
	return yaml_place(&r->src, r->event.start_mark);
}

static int count_nodes(struct reader *r, unsigned nodes, unsigned height)
{
	if (nodes > YAML_MAX_NODES - r->nodes)
		return err_at(r->err, ERR_LIMIT, here(r),
			      "more than %u values in one file, aliases counted as they expand",
			      YAML_MAX_NODES);
	if (r->depth + height > YAML_MAX_DEPTH)
		return err_at(r->err, ERR_LIMIT, here(r), "nested deeper than %u levels",
			      YAML_MAX_DEPTH);
	r->nodes += nodes;
	return 0;
}

static const char *tag_of(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return (const char *)e->data.scalar.tag;
	if (e->type == YAML_MAPPING_START_EVENT)
		return (const char *)e->data.mapping_start.tag;
	return (const char *)e->data.sequence_start.tag;
}

static int read_node(struct reader *r, struct value **ret);

/* !!int 0x10 and its like: the text must be one. */
static int read_tagged_scalar(struct reader *r, const char *name, struct slice text,
			      struct value **ret)
{
	static const struct {
		const char *name;
		enum scalar_kind kind;
	} kinds[] = {{"null", SCALAR_NULL},    {"bool", SCALAR_BOOL},
		     {"int", SCALAR_INT},      {"float", SCALAR_FLOAT},
		     {"str", SCALAR_STRING},   {"timestamp", SCALAR_STRING},
		     {"merge", SCALAR_STRING}, {"value", SCALAR_STRING}};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (strcmp(name, kinds[i].name) != 0)
			continue;
		enum scalar_kind is = scalar_resolve(text), want = kinds[i].kind;
		bool widened = want == SCALAR_FLOAT && is == SCALAR_INT;
		if (want != SCALAR_STRING && is != want && !widened)
			return err_at(r->err, ERR_INVALID, here(r), "'%.*s' is not a !!%s",
				      SLICE_ARG(text), name);
		int code = scalar_value(r->arena, want == SCALAR_STRING ? want : is, text, ret,
					r->err);
		if (code == 0 && widened)
			*ret = value_float(r->arena, (double)(*ret)->integer);
		return err_locate(r->err, code, here(r));
	}
	return err_at(r->err, ERR_UNSUPPORTED, here(r), "the tag !!%s is not supported", name);
}

static bool is_vault_tag(const char *tag)
{
	return strcmp(tag, "!vault") == 0 || strcmp(tag, "!vault-encrypted") == 0;
}

static int read_encrypted(struct reader *r, const char *tag, struct slice text, struct value **ret)
{
	if (!encrypted_is(text))
		return err_at(r->err, ERR_INVALID, here(r),
			      "this %s value does not begin with " ENCRYPTED_HEADER, tag);
	int code = encrypted_check_header(text, here(r), r->err);
	if (code < 0)
		return code;
	*ret = value_str(r->arena, text);
	(*ret)->flags = VALUE_ENCRYPTED | VALUE_SECRET | VALUE_UNSAFE;
	return 0;
}

static int refuse_tag(struct reader *r, const char *tag)
{
	if (is_vault_tag(tag))
		return err_at(r->err, ERR_INVALID, here(r), "%s takes a text, not a collection",
			      tag);
	return err_at(r->err, ERR_UNSUPPORTED, here(r), "the tag %s is not supported", tag);
}

static int read_scalar(struct reader *r, struct value **ret)
{
	const char *tag = tag_of(&r->event);
	struct slice text = {(const char *)r->event.data.scalar.value, r->event.data.scalar.length};
	enum scalar_kind kind = SCALAR_STRING;
	int code = count_nodes(r, 1, 0);
	if (code < 0)
		return code;
	r->height = 0;
	if (tag && strncmp(tag, TAG_CORE, strlen(TAG_CORE)) == 0)
		return read_tagged_scalar(r, tag + strlen(TAG_CORE), text, ret);
	if (tag && is_vault_tag(tag))
		return read_encrypted(r, tag, text, ret);
	if (tag && strcmp(tag, "!") != 0 && strcmp(tag, "!unsafe") != 0)
		return refuse_tag(r, tag);
	if (!tag && r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		kind = scalar_resolve(text);
	code = scalar_value(r->arena, kind, text, ret, r->err);
	return err_locate(r->err, code, here(r));
}

static int check_collection_tag(struct reader *r, const char *core)
{
	const char *tag = tag_of(&r->event);
	if (!tag || strcmp(tag, "!") == 0 || strcmp(tag, "!unsafe") == 0 || strcmp(tag, core) == 0)
		return 0;
	if (strncmp(tag, TAG_CORE, strlen(TAG_CORE)) == 0)
		return err_at(r->err, ERR_UNSUPPORTED, here(r),
			      "the tag !!%s is not supported here", tag + strlen(TAG_CORE));
	return refuse_tag(r, tag);
}

static int read_list(struct reader *r, struct value **ret)
{
	struct value *list = value_list_new(r->arena);
	unsigned height = 0;
	int code = check_collection_tag(r, TAG_CORE "seq");
	if (code < 0)
		return code;
	while ((code = next_event(r)) == 0 && r->event.type != YAML_SEQUENCE_END_EVENT) {
		struct value *item = NULL;
		code = read_node(r, &item);
		if (code < 0)
			return code;
		value_list_push(r->arena, list, item);
		height = r->height > height ? r->height : height;
	}
	r->height = height;
	*ret = list;
	return code;
}

/* `<<` of a mapping, or of a list of them where an earlier one wins. */
static int add_merge(struct reader *r, struct value *sources, const struct value *v)
{
	if (v->type == VALUE_DICT) {
		value_list_push(r->arena, sources, v);
		return 0;
	}
	if (v->type != VALUE_LIST)
		return err_at(r->err, ERR_INVALID, v->at,
			      "<< takes a mapping or a list of mappings, not %s",
			      value_type_name(v));
	for (size_t i = v->list.len; i-- > 0;) {
		if (v->list.at[i]->type != VALUE_DICT)
			return err_at(r->err, ERR_INVALID, v->list.at[i]->at,
				      "<< takes a list of mappings; this item is %s",
				      value_type_name(v->list.at[i]));
		value_list_push(r->arena, sources, v->list.at[i]);
	}
	return 0;
}

static void copy_pairs(struct arena *a, struct value *to, const struct value *from)
{
	for (size_t i = 0; i < from->dict.len; i++)
		value_dict_set(a, to, from->dict.at[i].key, from->dict.at[i].value);
}

static int refuse_duplicate(struct reader *r, const struct value *dict, const struct value *key)
{
	CLEANUP(strbuf_release) struct strbuf name = {0};
	unsigned line = 0, column = 0;
	value_print(&name, key);
	for (size_t i = 0; i < dict->dict.len; i++) {
		if (!value_equal(dict->dict.at[i].key, key))
			continue;
		line = dict->dict.at[i].key->at.line;
		column = dict->dict.at[i].key->at.column;
	}
	return err_at(r->err, ERR_EXISTS, key->at,
		      "the key '%s' is here twice: the first is at line %u column %u", name.ptr,
		      line, column);
}

static bool is_merge_key(const yaml_event_t *e)
{
	if (e->type != YAML_SCALAR_EVENT)
		return false;
	const char *tag = (const char *)e->data.scalar.tag;
	if (tag)
		return strcmp(tag, TAG_CORE "merge") == 0;
	return e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
	       strcmp((const char *)e->data.scalar.value, "<<") == 0;
}

static int read_key(struct reader *r, yaml_mark_t mapping, struct value **ret)
{
	bool collection = r->event.type == YAML_MAPPING_START_EVENT ||
			  r->event.type == YAML_SEQUENCE_START_EVENT;
	struct slice text = collection ? yaml_text_at(&r->src, mapping) : SLICE_LIT("");
	if (slice_starts_with(text, "{{"))
		return yaml_explain_template(yaml_place(&r->src, mapping), text, r->err);
	struct srcloc at = here(r);
	if (!collection) {
		int code = read_node(r, ret);
		if (code < 0)
			return code;
		collection = (*ret)->type == VALUE_LIST || (*ret)->type == VALUE_DICT;
	}
	if (collection)
		return err_at(r->err, ERR_INVALID, at, "a list or a mapping cannot be a key");
	return 0;
}

static int read_pair(struct reader *r, yaml_mark_t mapping, struct value *dict,
		     struct value *sources)
{
	bool merge = is_merge_key(&r->event);
	struct value *key = NULL, *v = NULL;
	int code = read_key(r, mapping, &key);
	if (code < 0)
		return code;
	if (!merge && value_find(dict, key))
		return refuse_duplicate(r, dict, key);
	code = next_event(r);
	if (code < 0)
		return code;
	code = read_node(r, &v);
	if (code < 0)
		return code;
	if (merge)
		return add_merge(r, sources, v);
	value_dict_set(r->arena, dict, key, v);
	return 0;
}

static int read_dict(struct reader *r, struct value **ret)
{
	yaml_mark_t mapping = r->event.start_mark;
	struct value *dict = value_dict_new(r->arena), *sources = value_list_new(r->arena);
	unsigned height = 0;
	int code = check_collection_tag(r, TAG_CORE "map");
	if (code < 0)
		return code;
	while ((code = next_event(r)) == 0 && r->event.type != YAML_MAPPING_END_EVENT) {
		code = read_pair(r, mapping, dict, sources);
		if (code < 0)
			return code;
		height = r->height > height ? r->height : height;
	}
	*ret = dict;
	r->height = height;
	if (code < 0 || sources->list.len == 0)
		return code;
	/* Merged pairs come first, the mapping's own win. */
	*ret = value_dict_new(r->arena);
	for (size_t i = 0; i < sources->list.len; i++)
		copy_pairs(r->arena, *ret, sources->list.at[i]);
	copy_pairs(r->arena, *ret, dict);
	return 0;
}

static int read_alias(struct reader *r, struct value **ret)
{
	const char *name = (const char *)r->event.data.alias.anchor;
	const struct anchor *anchor = strmap_get(&r->anchors, slice_from(name));
	if (!anchor)
		return err_at(r->err, ERR_SYNTAX, here(r),
			      "no anchor &%s before this *%s; put the value in quotes if it is "
			      "not an alias",
			      name, name);
	if (!anchor->value)
		return err_at(r->err, ERR_INVALID, here(r), "the anchor &%s contains itself", name);
	int code = count_nodes(r, anchor->nodes, anchor->height);
	if (code < 0)
		return code;
	r->height = anchor->height;
	/* It keeps the place of the anchor: there is the text to mend. */
	*ret = arena_copy(r->arena, anchor->value, sizeof(**ret));
	return 0;
}

static int read_collection(struct reader *r, struct value **ret)
{
	int code = count_nodes(r, 1, 1);
	if (code < 0)
		return code;
	r->depth++;
	code = r->event.type == YAML_MAPPING_START_EVENT ? read_dict(r, ret) : read_list(r, ret);
	r->depth--;
	r->height++;
	return code;
}

static const char *anchor_of(const yaml_event_t *e)
{
	if (e->type == YAML_SCALAR_EVENT)
		return (const char *)e->data.scalar.anchor;
	if (e->type == YAML_MAPPING_START_EVENT)
		return (const char *)e->data.mapping_start.anchor;
	return (const char *)e->data.sequence_start.anchor;
}

static bool is_unsafe(const yaml_event_t *e)
{
	const char *tag = tag_of(e);
	return tag && strcmp(tag, "!unsafe") == 0;
}

static struct anchor *open_anchor(struct reader *r)
{
	const char *name = anchor_of(&r->event);
	if (!name)
		return NULL;
	struct anchor *anchor = ARENA_NEW(r->arena, struct anchor);
	strmap_set(&r->anchors, slice_from(name), anchor);
	return anchor;
}

static int read_node(struct reader *r, struct value **ret)
{
	if (r->event.type == YAML_ALIAS_EVENT)
		return read_alias(r, ret);
	struct srcloc at = here(r);
	bool unsafe = is_unsafe(&r->event);
	unsigned before = r->nodes;
	struct value *v = NULL;
	struct anchor *anchor = open_anchor(r);
	int code = r->event.type == YAML_SCALAR_EVENT ? read_scalar(r, &v) : read_collection(r, &v);
	if (code < 0)
		return code;
	assert(v);
	v->at = at;
	if (unsafe && encrypted_holds(v))
		return err_at(r->err, ERR_UNSUPPORTED, at, "!vault inside of !unsafe");
	if (unsafe)
		v = value_copy(r->arena, v, VALUE_UNSAFE);
	if (anchor)
		*anchor = (struct anchor){v, r->nodes - before, r->height};
	*ret = v;
	return 0;
}

/* From the document's start event to its end event. */
static int read_document(struct reader *r, struct value **ret)
{
	strmap_release(&r->anchors);
	int code = next_event(r);
	if (code == 0)
		code = read_node(r, ret);
	return code < 0 ? code : next_event(r);
}

static int read_stream(struct reader *r, struct value *list)
{
	int code = next_event(r);
	while (code == 0 && (code = next_event(r)) == 0) {
		if (r->event.type == YAML_STREAM_END_EVENT)
			return 0;
		struct value *document = NULL;
		code = read_document(r, &document);
		if (code == 0)
			value_list_push(r->arena, list, document);
	}
	return code;
}

int yaml_parse_all(struct arena *a, const char *file, struct slice text,
		   const struct value **ret_list, struct err *err)
{
	struct reader r = {
		.arena = a, .src = {.file = srcfile_intern(file), .text = text}, .err = err};
	struct value *list = value_list_new(a);
	if (text.len > YAML_MAX_BYTES)
		return err_at(err, ERR_LIMIT, (struct srcloc){r.src.file, 0, 0},
			      "larger than %u bytes", YAML_MAX_BYTES);
	if (!yaml_parser_initialize(&r.parser))
		abort();
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)(text.len ? text.ptr : ""),
				     text.len);
	int code = read_stream(&r, list);
	if (r.has_event)
		yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	strmap_release(&r.anchors);
	if (code == 0)
		*ret_list = list;
	return code;
}

int yaml_parse(struct arena *a, const char *file, struct slice text, const struct value **ret,
	       struct err *err)
{
	const struct value *all = NULL;
	int code = yaml_parse_all(a, file, text, &all, err);
	if (code < 0)
		return code;
	assert(all);
	if (all->list.len > 1)
		return err_at(err, ERR_SYNTAX, all->list.at[1]->at,
			      "a second document ('---'); only one is expected in this file");
	if (all->list.len == 1) {
		*ret = all->list.at[0];
		return 0;
	}
	struct value *empty = value_copy(a, value_null(), 0);
	empty->at = (struct srcloc){srcfile_intern(file), 1, 1};
	*ret = empty;
	return 0;
}

int yaml_load(struct arena *a, const char *path, const struct value **ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	bool secret = false;
	int code = encrypted_file_read(path, YAML_MAX_BYTES, &text, &secret, err);
	if (code == 0)
		code = yaml_parse(a, path, strbuf_slice(&text), ret, err);
	if (!secret)
		return code;
	if (code < 0) /* the message could quote it */
		return err_at(
			err, code, err ? err->at : (struct srcloc){path, 1, 1},
			"what is encrypted here cannot be read as YAML: see rollout vault view");
	secret_remember_tree(*ret);
	*ret = value_copy(a, *ret, VALUE_SECRET);
	return 0;
}
