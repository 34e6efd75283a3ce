/* Inode flags of the machine in memory. */
#include "fake_host.h"

static struct fake_file *find(struct host *h, const char *path)
{
	struct fake_host *f = (struct fake_host *)h;
	for (size_t i = 0; i < f->nfiles; i++)
		if (f->files[i].path && strcmp(f->files[i].path, path) == 0)
			return &f->files[i];
	return NULL;
}

int fake_flags(struct host *h, const char *path, uint32_t *ret, struct err *err)
{
	const struct fake_file *file = find(h, path);
	if (!file)
		return err_set(err, ERR_UNSUPPORTED, "%s has no flags", path);
	*ret = file->flags;
	return 0;
}

int fake_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err)
{
	struct fake_file *file = find(h, path);
	if (!file)
		return err_set(err, ERR_UNSUPPORTED, "%s has no flags", path);
	file->flags = flags;
	strbuf_printf(&((struct fake_host *)h)->log, "flags %s\n", path);
	return 0;
}
