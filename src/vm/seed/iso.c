#include "parts.h"

#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int archive_failed(struct archive *a, const char *what, struct err *err)
{
	errno = archive_errno(a);
	return err_set(err, ERR_SYS, "%s: %s", what, archive_error_string(a));
}

static int add(struct archive *a, const char *name, struct slice content, struct err *err)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, AE_IFREG);
	archive_entry_set_perm(entry, 0600);
	archive_entry_set_size(entry, (int64_t)content.len);
	archive_entry_set_mtime(entry, clock_realtime_us() / 1000000, 0);
	int r = archive_write_header(a, entry);
	archive_entry_free(entry);
	if (r != ARCHIVE_OK || archive_write_data(a, content.ptr, content.len) < 0)
		return archive_failed(a, name, err);
	return 0;
}

static int add_all(struct archive *a, const struct vm_seed *seed, struct err *err)
{
	int r = add(a, "user-data", seed->user_data, err);
	if (r == 0)
		r = add(a, "meta-data", seed->meta_data, err);
	return r == 0 ? add(a, "network-config", seed->network_config, err) : r;
}

static int open_iso(struct archive *a, int fd, struct err *err)
{
	if (archive_write_set_format_iso9660(a) != ARCHIVE_OK ||
	    archive_write_set_options(a, "volume-id=" VM_SEED_LABEL ",joliet,rockridge,!pad") !=
		    ARCHIVE_OK ||
	    archive_write_open_fd(a, fd) != ARCHIVE_OK)
		return archive_failed(a, "ISO 9660", err);
	return 0;
}

static int write_iso(const struct vm_seed *seed, int fd, struct err *err)
{
	struct archive *a = archive_write_new();
	int r = open_iso(a, fd, err);
	if (r == 0)
		r = add_all(a, seed, err);
	if (r == 0 && archive_write_close(a) != ARCHIVE_OK)
		r = archive_failed(a, "write", err);
	archive_write_free(a);
	if (r == 0 && fsync(fd) < 0)
		r = err_sys(err, "fsync");
	return r;
}

int vm_seed_write_iso(const struct vm_seed *seed, const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf tmp = {0};
	strbuf_printf(&tmp, "%s.XXXXXX", path);
	CLEANUP(fd_close) int fd = mkostemp(tmp.ptr, O_CLOEXEC); /* 0600 */
	if (fd < 0)
		return err_sys(err, "create %s", tmp.ptr);
	int r = write_iso(seed, fd, err);
	if (r == 0 && rename(tmp.ptr, path) < 0)
		r = err_sys(err, "rename to it");
	if (r < 0)
		unlink(tmp.ptr);
	return r < 0 ? err_wrap(err, r, "%s", path) : 0;
}
