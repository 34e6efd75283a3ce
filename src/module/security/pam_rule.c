#include "pam_rule.h"

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word, or all of [ … ]; false at the end. */
static bool next_part(struct slice *rest, struct slice *ret)
{
	*rest = slice_trim(*rest);
	size_t n = 0;
	if (rest->len == 0)
		return false;
	if (rest->ptr[0] == '[') {
		const char *end = memchr(rest->ptr, ']', rest->len);
		n = end ? (size_t)(end - rest->ptr) + 1 : rest->len;
	}
	while (n < rest->len && !is_blank(rest->ptr[n]))
		n++;
	*ret = (struct slice){rest->ptr, n};
	rest->ptr += n;
	rest->len -= n;
	return true;
}

int pam_args_add(struct pam_args *args, struct arena *a, struct slice text, struct err *err)
{
	struct slice part;
	while (next_part(&text, &part)) {
		if (args->len == PAM_ARGS_MAX)
			return err_set(err, ERR_LIMIT, "more than %u arguments of a module",
				       PAM_ARGS_MAX);
		args->at[args->len++] = arena_slice(a, part).ptr;
	}
	return 0;
}

bool pam_args_same(const struct pam_args *a, const struct pam_args *b)
{
	for (size_t i = 0; a->len == b->len && i < a->len; i++)
		if (strcmp(a->at[i], b->at[i]) != 0)
			return false;
	return a->len == b->len;
}

const char *pam_control(struct arena *a, struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	text = slice_trim(text);
	for (size_t i = 0; i < text.len; i++) {
		char c = is_blank(text.ptr[i]) ? ' ' : text.ptr[i];
		char last = out.len ? out.ptr[out.len - 1] : ' ';
		if (c == ' ' && (last == ' ' || last == '=' || last == '['))
			continue;
		if ((c == '=' || c == ']') && out.len && last == ' ')
			strbuf_truncate(&out, out.len - 1);
		strbuf_putc(&out, c);
	}
	return arena_slice(a, strbuf_slice(&out)).ptr;
}

static bool is_among(struct slice word, const char *list)
{
	struct slice rest = slice_from(list), one;
	while (slice_word(&rest, &one))
		if (slice_eq(one, word))
			return true;
	return false;
}

static bool is_number(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
	return s.len > 0;
}

static int check_pair(struct slice pair, struct err *err)
{
	struct slice result, action = pair;
	if (!slice_split(&action, '=', &result) ||
	    !is_among(result,
		      "success open_err symbol_err service_err system_err buf_err perm_denied "
		      "auth_err cred_insufficient authinfo_unavail user_unknown maxtries "
		      "new_authtok_reqd acct_expired session_err cred_unavail cred_expired "
		      "cred_err no_module_data conv_err authtok_err authtok_recover_err "
		      "authtok_lock_busy authtok_disable_aging try_again ignore abort "
		      "authtok_expired module_unknown bad_item conv_again incomplete default"))
		return err_set(err, ERR_INVALID, "Rule control value, %.*s, is not valid",
			       SLICE_ARG(pair));
	if (!is_among(action, "ignore bad die ok done reset") && !is_number(action))
		return err_set(err, ERR_INVALID, "Rule control action, %.*s, is not valid",
			       SLICE_ARG(pair));
	return 0;
}

int pam_control_check(const char *control, struct err *err)
{
	struct slice rest = slice_from(control), pair;
	int r = 0;
	if (control[0] != '[') {
		if (is_among(rest, "required requisite sufficient optional include substack "
				   "definitive"))
			return 0;
		return err_set(err, ERR_INVALID, "Rule control, %s, is not valid", control);
	}
	if (rest.len < 2 || rest.ptr[rest.len - 1] != ']')
		return err_set(err, ERR_INVALID, "Rule control, %s, has no end", control);
	rest = (struct slice){rest.ptr + 1, rest.len - 2};
	while (r == 0 && slice_word(&rest, &pair))
		r = check_pair(pair, err);
	return r;
}

/* A line, and those that \ at its end joins to it. */
static struct slice logical_line(struct slice *text)
{
	size_t n = 0;
	for (;;) {
		const char *end = memchr(text->ptr + n, '\n', text->len - n);
		n = end ? (size_t)(end - text->ptr) + 1 : text->len;
		if (!end || n == text->len || n < 2 || text->ptr[n - 2] != '\\')
			break;
	}
	struct slice line = {text->ptr, n};
	text->ptr += n;
	text->len -= n;
	return line;
}

/* Without \ and line ends, in the arena. */
static struct slice joined(struct arena *a, struct slice line)
{
	struct slice copy = arena_slice(a, line);
	char *p = (char *)copy.ptr;
	for (size_t i = 0; i + 1 < copy.len; i++)
		if (p[i] == '\\' && p[i + 1] == '\n')
			p[i] = p[i + 1] = ' ';
	return copy;
}

static void parse_rule(struct pam_rule *rule, struct arena *a)
{
	struct slice line = joined(a, rule->text), type, control, path;
	const char *hash = memchr(line.ptr, '#', line.len);
	if (hash) {
		size_t at = (size_t)(hash - line.ptr);
		rule->comment = slice_trim((struct slice){hash, line.len - at});
		line.len = at;
	}
	rule->is_blank = slice_trim(line).len == 0;
	if (!next_part(&line, &type) || !next_part(&line, &control) || !next_part(&line, &path) ||
	    !is_among(type, "account -account auth -auth password -password session -session"))
		return;
	if (pam_args_add(&rule->args, a, line, NULL) < 0)
		return;
	rule->type = arena_slice(a, type).ptr;
	rule->control = pam_control(a, control);
	rule->path = arena_slice(a, path).ptr;
	rule->is_rule = true;
}

void pam_rules_parse(struct pam_rules *rules, struct arena *a, struct slice text)
{
	*rules = (struct pam_rules){.arena = a};
	while (text.len) {
		struct pam_rule *rule = ARENA_NEW(a, struct pam_rule);
		*rule = (struct pam_rule){.text = logical_line(&text)};
		parse_rule(rule, a);
		vec_push(rules, rule);
	}
}

void pam_rules_insert(struct pam_rules *rules, size_t at, const struct pam_rule *rule)
{
	vec_push(rules, arena_copy(rules->arena, rule, sizeof(*rule)));
	struct pam_rule *new = rules->at[rules->len - 1];
	memmove(&rules->at[at + 1], &rules->at[at],
		(rules->len - 1 - at) * sizeof(struct pam_rule *));
	rules->at[at] = new;
}

void pam_rules_remove(struct pam_rules *rules, size_t at)
{
	rules->len--;
	memmove(&rules->at[at], &rules->at[at + 1], (rules->len - at) * sizeof(struct pam_rule *));
}

static void write_rule(const struct pam_rule *rule, struct strbuf *out)
{
	strbuf_printf(out, "%-11s%s %s", rule->type, rule->control, rule->path);
	for (size_t i = 0; i < rule->args.len; i++)
		strbuf_printf(out, " %s", rule->args.at[i]);
	if (rule->comment.len)
		strbuf_printf(out, " %.*s", SLICE_ARG(rule->comment));
	strbuf_putc(out, '\n');
}

void pam_rules_write(const struct pam_rules *rules, struct strbuf *out)
{
	for (size_t i = 0; i < rules->len; i++) {
		if (out->len && out->ptr[out->len - 1] != '\n')
			strbuf_putc(out, '\n');
		if (rules->at[i]->is_changed)
			write_rule(rules->at[i], out);
		else
			strbuf_slice_append(out, rules->at[i]->text);
	}
}

void pam_rules_release(struct pam_rules *rules)
{
	vec_release(rules);
}
