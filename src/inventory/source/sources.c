/* A source, by what it is: a list, a folder, a program, YAML or INI. */
#include "../internal.h"
#include "rollout/base/file.h"
#include "rollout/value/encrypted.h"
#include "rollout/value/yaml.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER_MAX_DEPTH 16u

/* A folder that is named again counts where it was named last. */
static void remember_dir(struct inventory *inv, const char *dir, bool playbook)
{
	char real[4096];
	const char *name = realpath(dir, real) ? real : dir;
	for (size_t i = 0; i < inv->var_dirs.len; i++)
		if (strcmp(inv->var_dirs.at[i], name) == 0 &&
		    inv->var_dir_is_playbook.at[i] == playbook) {
			vec_remove(&inv->var_dirs, i);
			vec_remove(&inv->var_dir_is_playbook, i);
			break;
		}
	const char *kept = arena_strdup(&inv->arena, name);
	if (!playbook && !inv->dir)
		inv->dir = kept;
	vec_push(&inv->var_dirs, kept);
	vec_push(&inv->var_dir_is_playbook, playbook);
}

/* ---- files ---- */

/* The first line that says something. */
static struct slice first_line(struct slice text)
{
	struct slice line;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (line.len > 0 && line.ptr[0] != '#' && line.ptr[0] != ';')
			return line;
	}
	return (struct slice){"", 0};
}

/* "[group]", "[group:vars]", perhaps with a comment. */
static bool is_section(struct slice line)
{
	const char *close = memchr(line.ptr, ']', line.len);
	if (line.ptr[0] != '[' || !close)
		return false;
	for (const char *p = line.ptr + 1; p < close; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_-.:", *p))
			return false;
	struct slice rest = {close + 1, (size_t)(line.ptr + line.len - close - 1)};
	rest = slice_trim(rest);
	return rest.len == 0 || rest.ptr[0] == '#';
}

/* Ansible tries YAML, and INI where that fails; so that a mistake is told in the
 * words of what was meant, the ending and the first line decide here. */
static bool looks_like_yaml(const char *path, struct slice text)
{
	static const char *const yaml[] = {".yaml", ".yml", ".json"};
	struct slice base = path_basename(path), line = first_line(text);
	const char *ending = memrchr(base.ptr, '.', base.len);
	if (line.len > 0 && is_section(line))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(yaml); i++)
		if (slice_ends_with(base, yaml[i]))
			return true;
	if (ending && ending != base.ptr)
		return false;
	if (line.len == 0 || slice_starts_with(line, "---") || slice_starts_with(line, "%YAML") ||
	    line.ptr[0] == '{')
		return true;
	for (size_t i = 0; i < line.len; i++) {
		if (isspace((unsigned char)line.ptr[i]) || line.ptr[i] == '=')
			return false;
		if (line.ptr[i] == ':' &&
		    (i + 1 == line.len || isspace((unsigned char)line.ptr[i + 1])))
			return true;
	}
	return false;
}

static int read_yaml(struct inventory *inv, const char *path, struct slice text, struct err *err)
{
	const struct value *tree;
	int r = yaml_parse(&inv->arena, srcfile_intern(path), text, &tree, err);
	if (r < 0)
		return r;
	const struct value *plugin = value_get(tree, "plugin");
	if (!plugin || plugin->type != VALUE_STRING)
		return inventory_read_tree(inv, path, tree, err);
	if (value_is_str(plugin, "constructed") ||
	    value_is_str(plugin, "ansible.builtin.constructed"))
		return inventory_read_constructed(inv, tree, err);
	return err_at(
		err, ERR_UNSUPPORTED, plugin->at,
		"inventory plugin '%.*s' is not supported: of the plugins, 'constructed' is. A "
		"program that prints JSON can take its place",
		SLICE_ARG(plugin->str));
}

/* With a "#!" line or of ELF: what the system can run. Other files may bear the
 * bit for no reason, as on foreign file systems. */
static int is_program(const char *path, bool *ret, struct err *err)
{
	char head[4] = {0};
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, head, sizeof(head)) < 0)
		return err_sys(err, "inventory %s", path);
	*ret = memcmp(head, "#!", 2) == 0 || memcmp(head, "\177ELF", 4) == 0;
	return 0;
}

/* Where the hosts that come now are from; `path` NULL: from nowhere. */
static void name_source(struct inventory *inv, const char *path)
{
	char real[4096];
	inv->source = path ? arena_strdup(&inv->arena, realpath(path, real) ? real : path) : NULL;
	struct slice dir = path ? path_dirname(inv->source) : SLICE_LIT("");
	inv->source_dir = path ? arena_strndup(&inv->arena, dir.ptr, dir.len) : NULL;
}

static int read_file(struct inventory *inv, const char *path, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	bool program = false, secret = false;
	int r = is_program(path, &program, err);
	if (r < 0)
		return r;
	if (program) {
		if (access(path, X_OK) == 0)
			return inventory_read_program(inv, path, err);
		return err_at(err, ERR_INVALID, (struct srcloc){srcfile_intern(path), 1, 1},
			      "a program must be executable (chmod +x)");
	}
	if (slice_ends_with(slice_from(path), ".toml"))
		return err_at(err, ERR_UNSUPPORTED, (struct srcloc){srcfile_intern(path), 1, 1},
			      "inventories in TOML are not supported; YAML and INI are");
	r = encrypted_file_read(path, INVENTORY_MAX_FILE, &text, &secret, err);
	if (r < 0)
		return r;
	struct slice s = strbuf_slice(&text);
	if (slice_starts_with(s, "\xef\xbb\xbf"))
		s = (struct slice){s.ptr + 3, s.len - 3};
	inv->secret_source = secret;
	r = looks_like_yaml(path, s) ? read_yaml(inv, path, s, err)
				     : inventory_read_ini(inv, path, s, err);
	inv->secret_source = false;
	if (r < 0 && secret) /* the message could quote it */
		return err_at(err, r, (struct srcloc){srcfile_intern(path), 1, 1},
			      "what is encrypted here is no inventory: see rollout vault view");
	return r;
}

static int add_file(struct inventory *inv, const char *path, struct err *err)
{
	name_source(inv, path);
	int r = read_file(inv, path, err);
	name_source(inv, NULL);
	return r;
}

/* ---- folders ---- */

/* Names that Ansible passes over in an inventory folder. */
static bool is_ignored(const char *name)
{
	static const char *const names[] = {"group_vars", "host_vars", "vars_plugins"};
	static const char *const endings[] = {"~",     ".bak", ".cfg", ".ini",	 ".md",
					      ".orig", ".pyc", ".pyo", ".retry", ".rpm",
					      ".rst",  ".swp", ".txt"};
	if (name[0] == '.')
		return true;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (slice_ends_with(slice_from(name), endings[i]))
			return true;
	return false;
}

static int add_folder(struct inventory *inv, const char *path, unsigned depth, unsigned *used,
		      struct err *err);

static int add_entry(struct inventory *inv, const char *path, unsigned depth, unsigned *used,
		     struct err *err)
{
	struct stat st;
	if (stat(path, &st) < 0)
		return err_sys(err, "inventory %s", path);
	if (S_ISDIR(st.st_mode))
		return add_folder(inv, path, depth + 1, used, err);
	if (!S_ISREG(st.st_mode))
		return 0;
	++*used;
	return add_file(inv, path, err);
}

static int add_folder(struct inventory *inv, const char *path, unsigned depth, unsigned *used,
		      struct err *err)
{
	struct dirent **names;
	if (depth > FOLDER_MAX_DEPTH)
		return err_set(err, ERR_LIMIT, "inventory %s: folders are nested deeper than %u",
			       path, FOLDER_MAX_DEPTH);
	int n = scandir(path, &names, NULL, alphasort), r = 0;
	if (n < 0)
		return err_sys(err, "inventory %s", path);
	for (int i = 0; i < n; i++) {
		CLEANUP(free_ptr) char *file = path_join(path, names[i]->d_name);
		if (r == 0 && !is_ignored(names[i]->d_name))
			r = add_entry(inv, file, depth, used, err);
		free(names[i]);
	}
	free(names);
	return r;
}

/* ---- lists ---- */

static int add_list(struct inventory *inv, const char *text, struct err *err)
{
	struct slice rest = slice_from(text), part;
	inv_hosts added = {0};
	int r = 0;
	inv->source = arena_strdup(&inv->arena, text);
	while (r == 0 && slice_split(&rest, ',', &part)) {
		part = slice_trim(part);
		if (part.len > 0 && !strmap_has(&inv->hosts, part))
			r = inventory_add_hosts(inv, inv->ungrouped, part, (struct srcloc){0},
						&added, err);
	}
	name_source(inv, NULL);
	vec_release(&added);
	return r;
}

int inventory_add_source(struct inventory *inv, const char *source, struct err *err)
{
	struct stat st;
	char real_source[4096];
	bool there = stat(source, &st) == 0;
	vec_push(&inv->sources,
		 arena_strdup(&inv->arena,
			      there && realpath(source, real_source) ? real_source : source));
	if (!there && strchr(source, ','))
		return add_list(inv, source, err);
	if (!there)
		return err_sys(err, "inventory %s", source);
	if (S_ISDIR(st.st_mode)) {
		unsigned used = 0;
		remember_dir(inv, source, false);
		int r = add_folder(inv, source, 0, &used, err);
		if (r == 0 && used == 0)
			return err_set(err, ERR_NOT_FOUND,
				       "inventory %s: the folder holds no inventory file", source);
		return r;
	}
	struct slice dir = path_dirname(source);
	CLEANUP(free_ptr) char *dir_copy = xstrndup(dir.ptr, dir.len);
	remember_dir(inv, dir_copy, false);
	if (!inv->file) {
		char real[4096];
		inv->file = arena_strdup(&inv->arena, realpath(source, real) ? real : source);
	}
	return add_file(inv, source, err);
}

int inventory_add_vars_dir(struct inventory *inv, const char *dir, struct err *err UNUSED)
{
	remember_dir(inv, dir, true);
	return 0;
}
