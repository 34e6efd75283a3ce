/* The options of a template file and its first line, "#jinja2: trim_blocks: False". */
#include "program.h"

static const struct template_text_options ansible_options = {.trim_blocks = true};

static struct slice unquote(struct slice s)
{
	if (s.len >= 2 && (s.ptr[0] == '\'' || s.ptr[0] == '"') && s.ptr[s.len - 1] == s.ptr[0])
		return (struct slice){s.ptr + 1, s.len - 2};
	return s;
}

static struct slice newline_of(struct slice s)
{
	if (slice_is(s, "\\r\\n"))
		return SLICE_LIT("\r\n");
	if (slice_is(s, "\\r"))
		return SLICE_LIT("\r");
	return SLICE_LIT("\n");
}

static int set_option(struct syntax *syn, struct slice key, struct slice text, struct err *err)
{
	const struct {
		const char *name;
		bool *flag;
		struct slice *delimiter;
	} options[] = {
		{"trim_blocks", &syn->trim_blocks, NULL},
		{"lstrip_blocks", &syn->lstrip_blocks, NULL},
		{"keep_trailing_newline", &syn->keep_trailing_newline, NULL},
		{"variable_start_string", NULL, &syn->variable_start},
		{"variable_end_string", NULL, &syn->variable_end},
		{"block_start_string", NULL, &syn->block_start},
		{"block_end_string", NULL, &syn->block_end},
		{"comment_start_string", NULL, &syn->comment_start},
		{"comment_end_string", NULL, &syn->comment_end},
		{"newline_sequence", NULL, &syn->newline},
	};
	struct slice value = unquote(text);
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		if (!slice_is(key, options[i].name))
			continue;
		if (options[i].flag && !slice_is(value, "True") && !slice_is(value, "False") &&
		    !slice_is(value, "true") && !slice_is(value, "false"))
			return err_set(err, ERR_INVALID, "#jinja2: %.*s must be True or False",
				       SLICE_ARG(key));
		if (options[i].flag)
			*options[i].flag = slice_is(value, "True") || slice_is(value, "true");
		else if (value.len == 0)
			return err_set(err, ERR_INVALID, "#jinja2: %.*s is empty", SLICE_ARG(key));
		else
			*options[i].delimiter =
				options[i].delimiter == &syn->newline ? newline_of(value) : value;
		return 0;
	}
	return err_set(err, ERR_UNSUPPORTED, "#jinja2: there is no option '%.*s'", SLICE_ARG(key));
}

/* "#jinja2: trim_blocks: False, lstrip_blocks: True" */
static int read_header(struct slice line, struct syntax *syn, struct err *err)
{
	struct slice pair, key;
	while (slice_split(&line, ',', &pair)) {
		if (!memchr(pair.ptr, ':', pair.len))
			return err_set(err, ERR_SYNTAX, "#jinja2: expected key: value, got '%.*s'",
				       SLICE_ARG(slice_trim(pair)));
		slice_split(&pair, ':', &key);
		int r = set_option(syn, slice_trim(key), slice_trim(pair), err);
		if (r < 0)
			return r;
	}
	return 0;
}

int source_header(struct source *src, struct err *err)
{
	struct slice line;
	slice_split(&src->text, '\n', &line);
	line.ptr += strlen("#jinja2:");
	line.len -= strlen("#jinja2:");
	src->syntax.mode = MODE_FILE;
	int r = read_header(line, &src->syntax, err);
	if (r < 0)
		return err_locate(err, r, src->base);
	src->base.line++;
	if (!src->text.ptr)
		src->text = SLICE_LIT("");
	return 0;
}

static void set_marks(struct syntax *syn, const struct template_text_options *opts)
{
	const struct {
		const char *given;
		struct slice *mark;
	} marks[] = {
		{opts->variable_start, &syn->variable_start},
		{opts->variable_end, &syn->variable_end},
		{opts->block_start, &syn->block_start},
		{opts->block_end, &syn->block_end},
		{opts->comment_start, &syn->comment_start},
		{opts->comment_end, &syn->comment_end},
	};
	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (marks[i].given && *marks[i].given)
			*marks[i].mark = slice_from(marks[i].given);
}

int source_init(struct slice text, const char *file, const struct template_text_options *opts,
		struct source *ret, struct err *err)
{
	opts = opts ? opts : &ansible_options;
	*ret = (struct source){text, syntax_string, {file ? srcfile_intern(file) : NULL, 1, 1}};
	struct syntax *syn = &ret->syntax;
	syn->mode = MODE_FILE;
	syn->literal_strings = false;
	syn->trim_blocks = opts->trim_blocks;
	syn->lstrip_blocks = opts->lstrip_blocks;
	if (opts->newline_sequence)
		syn->newline = slice_from(opts->newline_sequence);
	set_marks(syn, opts);
	return slice_starts_with(text, "#jinja2:") ? source_header(ret, err) : 0;
}
