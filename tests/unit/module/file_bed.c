#include "file_bed.h"

#include "trials.h"

#include "rollout/value/json.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int file_bed_setup(void **state)
{
	struct file_bed *b = xcalloc(1, sizeof(*b));
	strcpy(b->root, "/tmp/rollout-module-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	umask(022);
	b->real = host_real_new();
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

int file_bed_teardown(void **state)
{
	struct file_bed *b = *state;
	nftw(b->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	host_free(b->real);
	arena_release(&b->arena);
	free(b);
	return 0;
}

static const char *with_root(struct file_bed *b, const char *text)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (; *text; text++) {
		if (*text == '@')
			strbuf_puts(&out, b->root);
		else
			strbuf_putc(&out, *text);
	}
	return arena_slice(&b->arena, strbuf_slice(&out)).ptr;
}

static int shell(struct file_bed *b, const char *script)
{
	return system(arena_printf(&b->arena, "cd %s && { %s\n}", b->root, with_root(b, script)));
}

void file_bed_shell(struct file_bed *b, const char *script)
{
	assert_int_equal(shell(b, script), 0);
}

/* In pieces of at most 64 KiB, and at least two. */
static int give_piece(void *self, struct slice *ret, struct err *err)
{
	struct file_bed *b = self;
	size_t left = b->content.len - b->given, n = left < 65536 ? (left + 1) / 2 : 65536;
	(void)err;
	*ret = (struct slice){b->content.ptr + b->given, n};
	b->given += n;
	return 0;
}

static int open_content(void *self, const char *sha256, struct host_stream *ret, struct err *err)
{
	struct file_bed *b = self;
	(void)sha256;
	(void)err;
	assert_false(b->is_open);
	b->is_open = true;
	b->given = 0;
	*ret = (struct host_stream){.self = b, .next = give_piece};
	return 0;
}

static void close_content(void *self)
{
	struct file_bed *b = self;
	assert_true(b->is_open);
	b->is_open = false;
}

const char *file_bed_sha256(struct file_bed *b)
{
	char hex[DIGEST_HEX_MAX];
	digest_bytes(DIGEST_SHA256, b->content.ptr, b->content.len, hex);
	return arena_strdup(&b->arena, hex);
}

const struct value *file_bed_run(struct file_bed *b, struct host *h, const char *module,
				 const char *text)
{
	struct err err = {0};
	const struct module *m = module_find(slice_from(module));
	const struct value *args, *coerced = NULL;
	assert_non_null(m);
	int r = json_parse(&b->arena, "args", slice_from(with_root(b, text)), &args, &err);
	if (r == 0)
		r = module_coerce_args(m, &b->arena, args, &coerced, &err);
	if (r < 0)
		print_message("%s\n", err.msg);
	assert_int_equal(r, 0);
	struct module_services services = {
		.self = b, .content_open = open_content, .content_close = close_content};
	struct module_call call = {.module = m,
				   .host = h,
				   .arena = &b->arena,
				   .args = coerced,
				   .check_mode = h->is_overlay,
				   .diff_mode = b->diff_mode,
				   .services = &services};
	trials_note(module, h, text);
	module_run(&call);
	assert_false(b->is_open);
	return call.result;
}

/* All that is below a folder, one line each. */
static void describe(struct file_bed *b, struct host *h, const char *dir, struct strbuf *out)
{
	struct host_names names;
	assert_int_equal(h->ops->list(h, &b->arena, dir, &names, NULL), 0);
	for (size_t i = 0; i < names.len; i++) {
		const char *path = arena_printf(&b->arena, "%s/%s", dir, names.at[i]);
		struct host_stat st;
		char hex[DIGEST_HEX_MAX] = "";
		assert_int_equal(h->ops->stat(h, &b->arena, path, false, &st, NULL), 0);
		if (st.type == HOST_FILE)
			assert_int_equal(h->ops->digest(h, path, DIGEST_MD5, hex, NULL), 0);
		strbuf_printf(out, "%s %d %04o %u:%u %s %s\n", path + strlen(b->root), st.type,
			      st.mode, st.uid, st.gid, hex, st.link_target ? st.link_target : "");
		if (st.type == HOST_DIR)
			describe(b, h, path, out);
	}
}

static bool flag(const struct value *result, const char *key)
{
	const struct value *v = value_get(result, key);
	return v && value_truthy(v);
}

static const char *message(const struct value *result)
{
	const struct value *v = value_get(result, "msg");
	return v && v->type == VALUE_STRING ? v->str.ptr : "";
}

/* Without what a prediction cannot know: a backup's name, and the size that a
 * file system gives a folder. */
static const char *as_text(struct file_bed *b, const struct value *result)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	struct value *d = value_dict_dup(&b->arena, result);
	value_dict_remove(d, SLICE_LIT("backup_file"));
	const struct value *type = value_get(result, "state");
	if (type && value_is_str(type, "directory"))
		value_dict_remove(d, SLICE_LIT("size"));
	json_emit(&out, d, JSON_PRETTY);
	return arena_slice(&b->arena, strbuf_slice(&out)).ptr;
}

static void predict(struct file_bed *b, const char *module, const struct file_case *c,
		    const struct value **ret, struct strbuf *tree)
{
	CLEANUP(strbuf_release) struct strbuf before = {0};
	CLEANUP(strbuf_release) struct strbuf after = {0};
	struct host *o = host_overlay_new(b->real);
	describe(b, b->real, b->root, &before);
	*ret = file_bed_run(b, o, module, c->args);
	describe(b, o, b->root, tree);
	describe(b, b->real, b->root, &after);
	host_free(o);
	assert_true(slice_eq(strbuf_slice(&before), strbuf_slice(&after)));
}

static void check_outcome(const struct file_case *c, const struct value *result)
{
	bool failed = flag(result, "failed");
	if (failed != (c->fails != NULL))
		print_message("%s: %s\n", c->name, message(result));
	assert_int_equal(failed, c->fails != NULL);
	if (c->fails && !strstr(message(result), c->fails))
		print_message("%s: %s\n", c->name, message(result));
	assert_true(!c->fails || strstr(message(result), c->fails));
	if (!c->fails && flag(result, "changed") == c->unchanged)
		print_message("%s: changed is %d\n", c->name, flag(result, "changed"));
	assert_int_equal(flag(result, "changed"), !c->fails && !c->unchanged);
}

static void run_case(const char *module, const struct file_case *c)
{
	void *state;
	file_bed_setup(&state);
	struct file_bed *b = state;
	CLEANUP(strbuf_release) struct strbuf predicted = {0};
	CLEANUP(strbuf_release) struct strbuf happened = {0};
	const struct value *check, *result, *again;
	b->diff_mode = true;
	if (c->content)
		b->content = slice_from(c->content);
	if (c->setup)
		file_bed_shell(b, c->setup);
	predict(b, module, c, &check, &predicted);
	result = file_bed_run(b, b->real, module, c->args);
	check_outcome(c, result);
	bool has_backup = value_get(result, "backup_file") != NULL;
	describe(b, b->real, b->root, &happened);
	if (!has_backup && strcmp(as_text(b, check), as_text(b, result)) != 0)
		print_message("%s:\n", c->name);
	if (!has_backup && !c->fails && !c->always && !c->opaque) {
		assert_string_equal(as_text(b, check), as_text(b, result));
		assert_string_equal(strbuf_slice(&predicted).ptr, strbuf_slice(&happened).ptr);
	}
	assert_int_equal(flag(check, "changed"), flag(result, "changed"));
	assert_string_equal(message(check), message(result));
	if (c->check && shell(b, c->check) != 0)
		fail_msg("%s: %s", c->name, c->check);
	if (!c->fails) {
		again = file_bed_run(b, b->real, module, c->args);
		if (flag(again, "changed") != c->always)
			print_message("%s: again: %s\n", c->name, as_text(b, again));
		assert_int_equal(flag(again, "changed"), c->always);
		assert_int_equal(flag(again, "failed"), false);
	}
	file_bed_teardown(&state);
}

void file_bed_cases(const char *module, const struct file_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++)
		run_case(module, &cases[i]);
}
