/* Archives that GNU tar reads. Content from the controller is its input. */
#include "archive.h"

#include "../../call.h"

#include <unistd.h>

#define TAR_TIMEOUT_MS 3600000

/* What tar --diff says of what is not as in the archive. Differences in what
 * the task sets by itself do not count. */
static bool is_difference(const struct archive *ar, struct slice line)
{
	const struct {
		const char *text, *param;
		bool root_only;
	} kinds[] = {
		{": Uid differs", "owner", true},
		{": Gid differs", "group", true},
		{": Mode differs", "mode", false},
		{": Mod time differs", NULL, false},
		{": Size differs", NULL, false},
		{": Contents differ", NULL, false},
		{": Symlink differs", NULL, false},
		{": File type differs", NULL, false},
		{": Warning: Cannot stat: No such file or directory", NULL, false},
		{": Cannot open: No such file or directory", NULL, false},
		{": Not linked to ", NULL, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!memmem(line.ptr, line.len, kinds[i].text, strlen(kinds[i].text)))
			continue;
		if (kinds[i].root_only && geteuid() != 0)
			return false;
		return !kinds[i].param || !arg_has(ar->call, kinds[i].param);
	}
	return false;
}

struct words {
	const char **at;
	size_t len, cap;
};

static void words_release(struct words *w)
{
	vec_release(w);
}

/* tar VERB -C dest … -f archive */
static void make_words(const struct archive *ar, const char *verb, bool with_dest, struct words *w)
{
	struct module_call *call = ar->call;
	const char *const *list;
	vec_push(w, "tar");
	vec_push(w, verb);
	if (with_dest) {
		vec_push(w, "-C");
		vec_push(w, ar->dest);
	}
	if (ar->tar_option)
		vec_push(w, ar->tar_option);
	list = arg_list(call, "extra_opts", NULL);
	if (list && *list)
		vec_push(w, "--show-transformed-names");
	for (; list && *list; list++)
		vec_push(w, *list);
	if (arg_bool(call, "keep_newer") && strcmp(verb, "--extract") == 0)
		vec_push(w, "--keep-newer-files");
	for (list = arg_list(call, "exclude", NULL); list && *list; list++)
		vec_push(w, arena_printf(call->arena, "--exclude=%s", *list));
	vec_push(w, "-f");
	vec_push(w, ar->src ? ar->src : "-");
	for (list = arg_list(call, "include", NULL); list && *list; list++)
		vec_push(w, *list);
	vec_push(w, NULL);
}

static int run_tar(struct archive *ar, const char *verb, struct host_command_result *result,
		   struct err *err)
{
	CLEANUP(words_release) struct words w = {0};
	static const char *const env[] = {"LC_ALL=C", NULL};
	struct host *h = ar->call->host;
	bool changes = strcmp(verb, "--extract") == 0;
	make_words(ar, verb, strcmp(verb, "--list") != 0, &w);
	struct host_command cmd = {.argv = w.at,
				   .env = env,
				   .cwd = "/",
				   .mode_umask = -1,
				   .timeout_ms = TAR_TIMEOUT_MS};
	if (!ar->src)
		cmd.stdin_fd = ar->fd;
	return changes ? h->ops->run(h, &cmd, result, err) : h->ops->probe(h, &cmd, result, err);
}

static int failed(const struct archive *ar, const struct host_command_result *result,
		  struct err *err)
{
	struct slice said = slice_trim(strbuf_slice(&result->err));
	return err_set(err, ERR_INVALID, "failed to unpack %s to %s: %.*s",
		       ar->src ? ar->src : "the archive", ar->dest,
		       said.len > 600 ? 600 : (int)said.len, said.ptr);
}

/* tar lists a name with what does not print as \n, \\ or \303. */
static const char *unquoted(struct arena *a, struct slice line)
{
	static const char from[] = "abfnrtv\\", to[] = "\a\b\f\n\r\t\v\\";
	char *name = arena_strndup(a, line.ptr, line.len), *out = name;
	for (const char *p = name; *p;) {
		const char *known = p[0] == '\\' && p[1] ? strchr(from, p[1]) : NULL;
		if (known) {
			*out++ = to[known - from];
			p += 2;
		} else if (p[0] == '\\' && strspn(p + 1, "01234567") >= 3) {
			*out++ = (char)((p[1] - '0') * 64 + (p[2] - '0') * 8 + (p[3] - '0'));
			p += 4;
		} else {
			*out++ = *p++;
		}
	}
	*out = '\0';
	return name;
}

static int list_names(struct archive *ar, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct slice line = {0};
	int r = run_tar(ar, "--list", &result, err);
	if (r < 0)
		return r;
	if (result.exit_code != 0)
		return failed(ar, &result, err);
	if (result.truncated)
		return err_set(err, ERR_LIMIT, "the names in the archive are more than %u MB",
			       HOST_OUTPUT_MAX >> 20);
	struct slice text = strbuf_slice(&result.out);
	while (slice_split(&text, '\n', &line))
		if (line.len)
			archive_add_name(ar, unquoted(ar->call->arena, line));
	return 0;
}

static int compare(struct archive *ar, bool *ret_same, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	struct slice line = {0};
	int r = list_names(ar, err);
	if (r == 0)
		r = run_tar(ar, "--diff", &result, err);
	if (r < 0)
		return r;
	*ret_same = true;
	struct slice texts[] = {strbuf_slice(&result.out), strbuf_slice(&result.err)};
	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		while (slice_split(&texts[i], '\n', &line))
			if (is_difference(ar, line))
				*ret_same = false;
	return 0;
}

static int extract(struct archive *ar, struct err *err)
{
	CLEANUP(host_command_result_release) struct host_command_result result = {0};
	int r = run_tar(ar, "--extract", &result, err);
	if (r < 0 || result.unknown)
		return r;
	return result.exit_code == 0 ? 0 : failed(ar, &result, err);
}

const struct archive_handler archive_tar = {"TarArchive", compare, extract};
