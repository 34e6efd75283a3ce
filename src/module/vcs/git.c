/* git: https://docs.ansible.com/ansible/latest/collections/ansible/builtin/git_module.html */
#include "git_repository.h"

#include "../call.h"
#include "../path/whole_file.h"
#include "rollout/base/shellwords.h"

static const char *const repo_aliases[] = {"name", NULL};
static const char *const gpg_aliases[] = {"gpg_whitelist", NULL};

static const char *check_fingerprint(const struct value *v, const struct value **ret_at)
{
	*ret_at = v;
	return v->type == VALUE_STRING && v->str.len &&
			       strspn(v->str.ptr, "0123456789ABCDEF") == v->str.len
		       ? NULL
		       : "a fingerprint, of capital hexadecimal digits";
}

static const struct module_param params[] = {
	{.name = "repo",
	 .type = MODULE_STR,
	 .required = true,
	 .aliases = repo_aliases,
	 .doc = "Where it comes from: a URL or a path on the host."},
	{.name = "dest",
	 .type = MODULE_PATH,
	 .doc = "The working copy; not needed with clone: no."},
	{.name = "version",
	 .type = MODULE_STR,
	 .fallback = "HEAD",
	 .doc = "A branch, a tag, or a commit."},
	{.name = "remote", .type = MODULE_STR, .fallback = "origin", .doc = "Name of the remote."},
	{.name = "refspec", .type = MODULE_STR, .doc = "A further refspec to fetch."},
	{.name = "depth", .type = MODULE_INT, .doc = "Fetches so many commits alone; at least 1."},
	{.name = "clone",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Makes the working copy where it is not there."},
	{.name = "update",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Brings one that is there to the version."},
	{.name = "force",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Throws local modifications away."},
	{.name = "bare",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Without a working tree."},
	{.name = "recursive",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Brings submodules, too."},
	{.name = "track_submodules",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Takes submodules' newest commit."},
	{.name = "single_branch",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Clones the version's history alone."},
	{.name = "reference", .type = MODULE_STR, .doc = "A local repository to borrow from."},
	{.name = "separate_git_dir",
	 .type = MODULE_PATH,
	 .doc = "Where the repository lies, apart from dest."},
	{.name = "key_file", .type = MODULE_PATH, .doc = "A private key on the host for ssh."},
	{.name = "ssh_opts", .type = MODULE_STR, .doc = "Further options of ssh."},
	{.name = "accept_hostkey",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "Accepts the key of a host that is not known yet; a changed key is refused."},
	{.name = "accept_newhostkey", .type = MODULE_BOOL, .fallback = "false", .doc = "The same."},
	{.name = "verify_commit",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "The commit, or the tag, must have a signature that gpg trusts."},
	{.name = "gpg_allowlist",
	 .type = MODULE_LIST,
	 .element = MODULE_STR,
	 .aliases = gpg_aliases,
	 .check = check_fingerprint,
	 .doc = "With verify_commit: fingerprints of primary keys of which one has signed it."},
	{.name = "archive",
	 .type = MODULE_PATH,
	 .doc = "A file that the version's tree is put into: .tar, .tar.gz, .tgz, .zip."},
	{.name = "archive_prefix",
	 .type = MODULE_STR,
	 .doc = "What stands before each name in it."},
	{.name = "executable", .type = MODULE_PATH, .doc = "The git program."},
	{.name = "umask", .type = MODULE_MODE, .doc = "Umask while git works."},
	{0},
};

static const char *ssh_command(struct module_call *call)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	const char *key = arg_str(call, "key_file"), *options = arg_str(call, "ssh_opts");
	strbuf_puts(&out, "ssh -o BatchMode=yes");
	if (arg_bool(call, "accept_hostkey") || arg_bool(call, "accept_newhostkey"))
		strbuf_puts(&out, " -o StrictHostKeyChecking=accept-new");
	if (key) {
		strbuf_puts(&out, " -o IdentitiesOnly=yes -i ");
		shellwords_quote(&out, slice_from(key));
	}
	if (options)
		strbuf_printf(&out, " %s", options);
	return arena_slice(call->arena, strbuf_slice(&out)).ptr;
}

/* A path as a URL, as Ansible does: depth needs it. */
static const char *repository(struct module_call *call)
{
	const char *repo = call_expand_path(call, arg_str(call, "repo"));
	return repo[0] == '/' ? arena_printf(call->arena, "file://%s", repo)
			      : arg_str(call, "repo");
}

static int open_arguments(struct module_call *call, struct git *g, struct err *err)
{
	const char *executable = arg_str(call, "executable"), *dest = arg_str(call, "dest");
	const char *refspec = arg_str(call, "refspec");
	*g = (struct git){
		.call = call,
		.executable = executable ? executable : "git",
		.repo = repository(call),
		.version = arg_str(call, "version"),
		.remote = arg_str(call, "remote"),
		.bare = arg_bool(call, "bare"),
		.depth = arg_int(call, "depth", 0),
		.ssh_command = ssh_command(call),
		.mode_umask = -1,
	};
	if (!dest && arg_bool(call, "clone"))
		return err_set(err, ERR_INVALID,
			       "the destination directory must be specified unless clone=no");
	if (arg_has(call, "depth") && g->depth < 1)
		return err_set(err, ERR_INVALID, "depth must be at least 1");
	if (g->version[0] == '-' || g->remote[0] == '-' || strpbrk(g->version, " \t\n*?[\\^~:"))
		return err_set(err, ERR_INVALID, "'%s' is not a version", g->version);
	/* git takes options after other words, too. */
	if (g->repo[0] == '-' || (refspec && refspec[0] == '-'))
		return err_set(err, ERR_INVALID, "'%s' is an option of git, not a %s",
			       g->repo[0] == '-' ? g->repo : refspec,
			       g->repo[0] == '-' ? "repository" : "refspec");
	g->dest = dest ? call_absolute_path(call, NULL, dest) : NULL;
	int r = git_archive_check(call, err);
	return r < 0 ? r : program_umask(call, &g->mode_umask, err);
}

static void put_revisions(struct module_call *call, const char *before, const char *after)
{
	result_put_str(call, "before", before);
	result_put_str(call, "after", after);
	const char *a = before ? arena_printf(call->arena, "%s\n", before) : "";
	const char *b = after ? arena_printf(call->arena, "%s\n", after) : "";
	result_diff(call, "revision", slice_from(a), "revision", slice_from(b));
}

static int head_of(const struct git *g, const char **ret, struct err *err)
{
	const char *const words[] = {"rev-parse", "HEAD", NULL};
	return git_ask(g, words, ret, err);
}

static int predict(const struct git *g, const char *before, const struct git_target *t)
{
	struct module_call *call = g->call;
	result_changed(call);
	put_revisions(call, before, t->commit ? t->commit : t->name);
	host_overlay_assume(call->host, arena_printf(call->arena, "git would bring %s to %s",
						     g->dest, g->version));
	return 0;
}

static int report(const struct git *g, const char *before, struct err *err)
{
	const char *after = "";
	int r = head_of(g, &after, err);
	if (r < 0)
		return r;
	if (!before || strcmp(before, after) != 0)
		result_changed(g->call);
	put_revisions(g->call, before, after);
	return 0;
}

static int make_copy(const struct git *g, struct err *err)
{
	struct git_target t;
	int r = git_resolve(g, &t, err);
	if (r < 0)
		return r;
	if (g->call->check_mode)
		return predict(g, NULL, &t);
	r = git_make(g, &t, err);
	return r < 0 ? r : report(g, NULL, err);
}

static int apply_url(const struct git *g, bool *ret_changed, struct err *err)
{
	struct program p;
	const char *now = "";
	const char *const ask[] = {"remote", "get-url", g->remote, NULL};
	int r = git_ask(g, ask, &now, err);
	*ret_changed = strcmp(now, g->repo) != 0;
	if (r < 0 || !*ret_changed)
		return r;
	result_changed(g->call);
	result_put_bool(g->call, "remote_url_changed", true);
	git_begin(g, &p, true, "remote");
	const char *const set[] = {now[0] ? "set-url" : "add", g->remote, g->repo, NULL};
	program_add_all(&p, set);
	return program_change(&p, err);
}

static int refuse_modifications(const struct git *g, bool *ret_modified, struct err *err)
{
	int r = git_modified(g, ret_modified, err);
	if (r < 0 || !*ret_modified)
		return r;
	if (!arg_bool(g->call, "force"))
		return err_set(err, ERR_INVALID,
			       "Local modifications exist in the destination: %s (force=no).",
			       g->dest);
	result_changed(g->call);
	result_put_str(g->call, "msg",
		       arena_printf(g->call->arena,
				    "Local modifications exist in the destination: %s", g->dest));
	return 0;
}

static int drop_modifications(const struct git *g, struct err *err)
{
	struct program p;
	git_begin(g, &p, true, "reset");
	program_add(&p, "--hard");
	program_add(&p, "HEAD");
	return program_change(&p, err);
}

static int fetch_and_move(const struct git *g, const struct git_target *t, const char *before,
			  struct err *err)
{
	int r = git_fetch(g, t, err);
	if (r == 0)
		r = git_verify(g, t, err);
	if (r == 0 && !g->bare)
		r = git_move(g, t, before, err);
	return r < 0 ? r : report(g, before, err);
}

static int bring_up(const struct git *g, struct err *err)
{
	struct git_target t;
	const char *before = NULL;
	bool moved = false, modified = false, unfinished = false;
	int r = head_of(g, &before, err);
	if (r == 0)
		r = git_is_unfinished(g, &unfinished, err);
	if (r == 0 && !unfinished)
		r = refuse_modifications(g, &modified, err);
	if (r == 0)
		r = git_resolve(g, &t, err);
	if (r == 0 && modified)
		r = drop_modifications(g, err);
	if (r == 0)
		r = apply_url(g, &moved, err);
	if (r < 0)
		return r;
	if (unfinished)
		result_changed(g->call);
	bool there = t.commit && strcmp(t.commit, before) == 0 && !unfinished;
	if (there && !moved && !arg_bool(g->call, "track_submodules")) {
		put_revisions(g->call, before, before);
		return 0;
	}
	if (g->call->check_mode)
		return there ? (put_revisions(g->call, before, before), 0) : predict(g, before, &t);
	return fetch_and_move(g, &t, before, err);
}

/* clone: no asks only what the repository has. */
static int ask_only(const struct git *g, struct err *err)
{
	struct git_target t;
	int r = git_resolve(g, &t, err);
	if (r < 0)
		return r;
	result_changed(g->call);
	put_revisions(g->call, NULL, t.commit ? t.commit : t.name);
	return 0;
}

static int leave(const struct git *g, struct err *err)
{
	const char *head = NULL;
	int r = head_of(g, &head, err);
	if (r == 0)
		put_revisions(g->call, head, head);
	return r;
}

static int apply(struct module_call *call, struct err *err)
{
	struct git g;
	bool there = false, update = arg_bool(call, "update");
	int r = open_arguments(call, &g, err);
	if (r < 0)
		return r;
	result_put_bool(call, "remote_url_changed", false);
	if (g.dest)
		r = whole_file_exists(
			call, arena_printf(call->arena, "%s/%s", g.dest, g.bare ? "HEAD" : ".git"),
			&there, err);
	if (r < 0)
		return r;
	if (!there && !arg_bool(call, "clone"))
		return ask_only(&g, err);
	r = !there ? make_copy(&g, err) : update ? bring_up(&g, err) : leave(&g, err);
	bool is_head = !g.bare && (!there || update);
	return r < 0 ? r : git_archive(&g, is_head ? "HEAD" : g.version, err);
}

static int run(struct module_call *call, struct err *err)
{
	return program_settle(call, apply(call, err), err);
}

const struct module module_git = {
	.name = "git",
	.full_name = "ansible.builtin.git",
	.doc = "Makes a working copy of a git repository and keeps it at a version.",
	.params = params,
	.run = run,
};
