/* rollout vault encrypt_string: texts as YAML, each a !vault value. */
#include "../password.h"
#include "verbs.h"

#include "rollout/base/file.h"

#include <stdio.h>
#include <unistd.h>

#define INDENT "          " /* ansible-vault's */

struct text {
	struct slice text;
	const char *name; /* NULL: none */
	const char *from;
};

struct strings {
	const struct vault_task *task;
	struct strbuf typed, name, input;
	VEC(struct text) all;
};

static void strings_release(struct strings *s)
{
	strbuf_wipe(&s->typed);
	strbuf_wipe(&s->input);
	strbuf_release(&s->name);
	vec_release(&s->all);
}

static int ask_shown(const char *prompt, struct strbuf *out, struct err *err)
{
	char line[PASSWORD_MAX_BYTES];
	fputs(prompt, stderr);
	fflush(stderr);
	if (!fgets(line, sizeof(line), stdin))
		return err_set(err, ERR_CANCELLED, "no more input");
	struct slice s = slice_from(line);
	s.len -= slice_ends_with(s, "\n");
	strbuf_slice_append(out, s);
	explicit_bzero(line, sizeof(line));
	return 0;
}

static int add_prompted(struct strings *s, struct err *err)
{
	const char *const *names = s->task->options->string_names.at;
	const char *name = names ? names[0] : NULL;
	int r = 0;
	if (!name && (r = ask_shown("Variable name (enter for no name): ", &s->name, err)) == 0)
		name = s->name.len ? s->name.ptr : NULL;
	if (r == 0)
		r = s->task->options->show_input
			    ? ask_shown("String to encrypt:", &s->typed, err)
			    : password_ask("String to encrypt (hidden): ", &s->typed, err);
	if (r == 0 && s->typed.len == 0)
		r = err_set(err, ERR_INVALID, "the text from the prompt is empty");
	if (r < 0)
		return r;
	vec_push(&s->all, ((struct text){strbuf_slice(&s->typed), name, "the interactive prompt"}));
	return 0;
}

static int add_input(struct strings *s, struct err *err)
{
	if (isatty(STDOUT_FILENO))
		fputs("Reading plaintext input from stdin. (ctrl-d to end input, twice if your "
		      "content does not already have a newline)\n",
		      stderr);
	int r = fd_read_all(STDIN_FILENO, VAULT_FILE_MAX, &s->input, err);
	if (r == 0 && s->input.len == 0)
		r = err_set(err, ERR_INVALID, "standard input is empty");
	if (r < 0)
		return r;
	vec_push(&s->all,
		 ((struct text){strbuf_slice(&s->input), s->task->options->stdin_name, "stdin"}));
	return 0;
}

static int add_words(struct strings *s, struct err *err)
{
	const option_texts *names = &s->task->options->string_names;
	size_t used = 0, nwords = 0;
	for (size_t i = 0; i < s->task->nfiles; i++) {
		const char *word = s->task->files[i];
		if (strcmp(word, "-") == 0)
			continue;
		nwords++;
		if (!*word)
			return err_set(err, ERR_INVALID, "a text from the command line is empty");
		vec_push(&s->all, ((struct text){slice_from(word),
						 used < names->len ? names->at[used] : NULL,
						 "the command line args"}));
		used += used < names->len;
	}
	if (names->len > 0 && nwords > names->len)
		fprintf(stderr,
			"The number of --name options do not match the number of args.\n"
			"The last named variable will be \"%s\". The rest will not have names.\n",
			names->at[names->len - 1]);
	return 0;
}

static bool reads_input(const struct vault_task *t)
{
	for (size_t i = 0; i < t->nfiles; i++)
		if (strcmp(t->files[i], "-") == 0)
			return true;
	return t->options->stdin_name || (t->nfiles == 0 && !t->options->prompt);
}

static int collect(struct strings *s, struct err *err)
{
	int r = 0;
	bool input = reads_input(s->task);
	if (input && s->task->options->prompt)
		return err_set(err, ERR_USAGE, "--prompt does not go with standard input");
	if (s->task->options->prompt)
		r = add_prompted(s, err);
	if (r == 0 && input)
		r = add_input(s, err);
	return r < 0 ? r : add_words(s, err);
}

static int put(const struct vault_task *t, const struct text *text, struct strbuf *out,
	       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf envelope = {0};
	int r = vault_encrypt(text->text, t->password, t->id, SLICE_LIT(""), &envelope, err);
	if (r < 0)
		return r;
	if (text->name)
		strbuf_printf(out, "%s: ", text->name);
	strbuf_puts(out, "!vault |\n");
	struct slice rest = strbuf_slice(&envelope), line;
	while (rest.len > 0 && slice_split(&rest, '\n', &line))
		strbuf_printf(out, INDENT "%.*s\n", SLICE_ARG(line));
	return 0;
}

/* Which of several comes where is told beside the output. */
static void describe(const struct text *text, size_t number)
{
	if (text->name)
		fprintf(stderr,
			"# The encrypted version of variable (\"%s\", the string #%zu from %s).\n",
			text->name, number, text->from);
	else
		fprintf(stderr, "# The encrypted version of the string #%zu from %s.)\n", number,
			text->from);
}

int vault_verb_encrypt_string(const struct vault_task *t, struct err *err)
{
	CLEANUP(strings_release) struct strings s = {.task = t};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	int r = collect(&s, err);
	for (size_t i = 0; i < s.all.len && r == 0; i++) {
		if (s.all.len > 1)
			describe(&s.all.at[i], i + 1);
		r = put(t, &s.all.at[i], &out, err);
	}
	if (r == 0)
		r = vault_file_write(t->options->output ? t->options->output : "-",
				     strbuf_slice(&out), 0600, err);
	if (r == 0)
		vault_say("Encryption successful");
	return r;
}
