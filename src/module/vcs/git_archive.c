/* archive: the version's tree as a tar or zip file. One that is there is replaced
 * where git makes another one of it. */
#include "git_repository.h"

#include "../call.h"
#include "../path/path_state.h"
#include "../path/whole_file.h"

/* The last part of its name says what it is; as Ansible. */
static const char *format_of(const char *path)
{
	static const char *const formats[][2] = {
		{".zip", "zip"}, {".gz", "tar.gz"}, {".tar", "tar"}, {".tgz", "tgz"}};
	for (size_t i = 0; i < ARRAY_LEN(formats); i++)
		if (slice_ends_with(slice_from(path), formats[i][0]))
			return formats[i][1];
	return NULL;
}

int git_archive_check(struct module_call *call, struct err *err)
{
	const char *path = arg_str(call, "archive");
	if (!path && arg_has(call, "archive_prefix"))
		return err_set(err, ERR_INVALID,
			       "missing parameter(s) required by 'archive_prefix': archive");
	if (path && !format_of(path))
		return err_set(err, ERR_INVALID,
			       "archive %s: the name does not end in .tar, .tar.gz, .tgz or .zip",
			       path);
	return 0;
}

static void begin(const struct git *g, struct program *p, const char *path, const char *revision,
		  const char *output)
{
	const char *prefix = arg_str(g->call, "archive_prefix");
	git_begin(g, p, true, "archive");
	program_add_fmt(p, "--format=%s", format_of(path));
	if (prefix)
		program_add_fmt(p, "--prefix=%s", prefix);
	if (output)
		program_add_fmt(p, "--output=%s", output);
	program_add(p, revision);
}

/* Without writing anything: what git would print against what is there. */
static int predict(const struct git *g, const char *path, const char *revision, struct err *err)
{
	static const char script[] = "a=$1; shift; \"$@\" | cmp -s - \"$a\"";
	struct program words, p;
	bool there = false;
	int r = whole_file_exists(g->call, path, &there, err);
	if (r < 0)
		return r;
	if (!there)
		r = path_need_folder(g->call, path, err);
	if (r < 0)
		return r;
	if (!there || result_is_changed(g->call)) {
		result_changed(g->call);
		return 0;
	}
	begin(g, &words, path, revision, NULL);
	program_init(&p, g->call, "sh");
	p.cwd = g->dest;
	const char *const head[] = {"-c", script, "sh", path, NULL};
	program_add_all(&p, head);
	program_add_all(&p, words.words);
	r = program_probe(&p, err);
	if (r == 0 && p.exit_code != 0)
		result_changed(g->call);
	return r;
}

static int same(struct host *h, const char *a, const char *b, bool *ret, struct err *err)
{
	char x[DIGEST_HEX_MAX], y[DIGEST_HEX_MAX];
	int r = h->ops->digest(h, a, DIGEST_SHA256, x, err);
	if (r == 0)
		r = h->ops->digest(h, b, DIGEST_SHA256, y, err);
	if (r == 0)
		*ret = strcmp(x, y) == 0;
	return r;
}

static int take(const struct git *g, const char *path, const char *made, struct err *err)
{
	struct host *h = g->call->host;
	struct host_write w = {.source_path = made, .attr = HOST_ATTR_KEEP};
	bool there = false, keep = false;
	int r = whole_file_exists(g->call, path, &there, err);
	if (r == 0 && there)
		r = same(h, path, made, &keep, err);
	if (r < 0 || keep)
		return r;
	if (!there && g->mode_umask >= 0)
		w.attr.mode = 0666 & ~g->mode_umask;
	r = h->ops->write(h, path, &w, err);
	if (r == 0)
		result_changed(g->call);
	return r;
}

/* A name that nobody else can have made, for git to write to. */
static int temporary(const struct git *g, const char *path, const char **ret, struct err *err)
{
	struct program p;
	int r = path_need_folder(g->call, path, err);
	if (r < 0)
		return r;
	program_init(&p, g->call, "mktemp");
	program_add_fmt(&p, "%s/.rollout-git-XXXXXXXXXX", path_folder(g->call, path));
	r = program_change(&p, err);
	if (r == 0)
		*ret = program_line(&p);
	return r;
}

int git_archive(const struct git *g, const char *revision, struct err *err)
{
	struct program p;
	const char *archive = arg_str(g->call, "archive"), *made = NULL;
	if (!archive)
		return 0;
	const char *path = call_absolute_path(g->call, NULL, archive);
	if (g->call->check_mode)
		return predict(g, path, revision, err);
	int r = temporary(g, path, &made, err);
	if (r < 0)
		return r;
	begin(g, &p, path, revision, made);
	r = program_change(&p, err);
	if (r == 0)
		r = take(g, path, made, err);
	(void)g->call->host->ops->remove(g->call->host, made, false, NULL);
	return r < 0 ? err_wrap(err, r, "archive %s", path) : 0;
}
