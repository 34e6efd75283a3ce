#include "bed.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int bed_setup(void **state)
{
	struct bed *b = xcalloc(1, sizeof(*b));
	strcpy(b->root, "/tmp/rollout-host-XXXXXX");
	assert_non_null(mkdtemp(b->root));
	b->real = host_real_new();
	b->overlay = host_overlay_new(b->real);
	*state = b;
	return 0;
}

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
	(void)st, (void)flag, (void)ftw;
	return remove(path);
}

int bed_teardown(void **state)
{
	struct bed *b = *state;
	nftw(b->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	host_free(b->overlay);
	host_free(b->real);
	arena_release(&b->arena);
	free(b);
	return 0;
}

const char *bed_path(struct bed *b, const char *name)
{
	return arena_printf(&b->arena, "%s/%s", b->root, name);
}

void bed_put(struct bed *b, const char *name, const char *text, mode_t mode)
{
	int fd = open(bed_path(b, name), O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, mode);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

const char *bed_text(struct bed *b, struct host *h, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	if (h->ops->read(h, bed_path(b, name), 1 << 20, &out, &b->err) < 0)
		return NULL;
	return arena_slice(&b->arena, strbuf_slice(&out)).ptr;
}

struct host_stat bed_stat(struct bed *b, struct host *h, const char *name)
{
	struct host_stat st;
	assert_ok(b, h->ops->stat(h, &b->arena, bed_path(b, name), false, &st, &b->err));
	return st;
}

size_t bed_count(struct bed *b, const char *name)
{
	struct host_names names;
	assert_ok(b, b->real->ops->list(b->real, &b->arena, bed_path(b, name), &names, &b->err));
	return names.len;
}

void bed_program(struct bed *b, const char *name, const char *script)
{
	const char *old = getenv("PATH");
	mkdir(bed_path(b, "bin"), 0755);
	bed_put(b, arena_printf(&b->arena, "bin/%s", name), script, 0755);
	if (!strstr(old, b->root))
		setenv("PATH", arena_printf(&b->arena, "%s/bin:%s", b->root, old), 1);
}
