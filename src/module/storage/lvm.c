#include "lvm.h"

#include "../path/path_state.h"

#include <stdlib.h>

int lvm_check_name(const char *what, const char *name, struct err *err)
{
	if (name[0] && name[0] != '-' && !strpbrk(name, " \t\n;\"'\\"))
		return 0;
	return err_set(err, ERR_INVALID, "'%s' is not a name of a %s", name, what);
}

static void read_row(struct arena *a, struct slice line, struct lvm_row *ret)
{
	struct slice field;
	line = slice_trim(line);
	for (size_t i = 0; i < LVM_FIELDS_MAX; i++)
		ret->field[i] = slice_split(&line, ';', &field)
					? arena_slice(a, slice_trim(field)).ptr
					: "";
}

static size_t count_lines(struct slice text)
{
	size_t n = 1;
	for (size_t i = 0; i < text.len; i++)
		n += text.ptr[i] == '\n';
	return n;
}

int lvm_read(struct module_call *call, const char *program, const char *fields, const char *what,
	     struct lvm_table *ret, struct err *err)
{
	struct program p;
	struct slice rest, line;
	program_init(&p, call, program);
	if (strcmp(program, "lvs") == 0)
		program_add(&p, "-a");
	program_add(&p, "--noheadings");
	program_add(&p, "--nosuffix");
	program_add(&p, "--units");
	program_add(&p, "b");
	program_add(&p, "--separator");
	program_add(&p, ";");
	program_add(&p, "-o");
	program_add(&p, fields);
	if (what)
		program_add(&p, what);
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	size_t lines = count_lines(p.out);
	if (lines > LVM_ROWS_MAX)
		return err_set(err, ERR_LIMIT, "%s tells of more than %u", program, LVM_ROWS_MAX);
	*ret = (struct lvm_table){.at = ARENA_ARRAY(call->arena, struct lvm_row, lines),
				  .failed = p.exit_code != 0,
				  .err = slice_trim(p.err)};
	for (rest = p.out; rest.len && slice_split(&rest, '\n', &line);)
		if (slice_trim(line).len)
			read_row(call->arena, line, &ret->at[ret->len++]);
	return 0;
}

uint64_t lvm_size(const char *text)
{
	return strtoull(text, NULL, 10);
}

int lvm_real_path(struct module_call *call, const char *dev, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "readlink");
	program_add(&p, "-f");
	program_add(&p, "--");
	program_add(&p, dev);
	int r = program_probe(&p, err);
	if (r == 0)
		*ret = p.exit_code == 0 && program_line(&p)[0] ? program_line(&p) : dev;
	return r;
}

int lvm_foresee(struct module_call *call, const char *group, const char *volume, struct err *err)
{
	const char *dir = arena_printf(call->arena, "/dev/%s", group);
	const struct host_write empty = {.content = {"", 0}, .attr = HOST_ATTR_KEEP};
	if (!call->check_mode)
		return 0;
	int r = path_make_folders(call, dir, NULL, err);
	return r < 0 || !volume ? r
				: call->host->ops->write(call->host, path_below(call, dir, volume),
							 &empty, err);
}

int lvm_is_foreseen(struct module_call *call, const char *group, const char *volume, bool *ret,
		    struct err *err)
{
	struct host_stat st = {0};
	const char *path = arena_printf(call->arena, "/dev/%s", group);
	if (volume)
		path = path_below(call, path, volume);
	int r = call->host->ops->stat(call->host, call->arena, path, false, &st, err);
	/* Real volumes are links. */
	*ret = r == 0 && call->check_mode && st.type == (volume ? HOST_FILE : HOST_DIR);
	return r;
}
