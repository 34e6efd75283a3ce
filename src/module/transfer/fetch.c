/*
 * fetch: a file of the host for the controller, which keeps it (src/run). The
 * controller says in `_sha1` what it has already; then nothing is sent.
 * https://docs.ansible.com/ansible/latest/collections/ansible/builtin/fetch_module.html
 */
#include "../call.h"
#include "rollout/base/file.h"

#include <sys/stat.h>

#define MISSING "the remote file does not exist, not transferring, ignored"
#define FOLDER "remote file is a directory, fetch cannot work on directories"

static const struct module_param params[] = {
	{.name = "src", .type = MODULE_PATH, .required = true, .doc = "The file on the host."},
	{.name = "dest",
	 .type = MODULE_STR,
	 .required = true,
	 .doc = "Folder on the controller; the file goes to dest/HOST/src."},
	{.name = "flat",
	 .type = MODULE_BOOL,
	 .fallback = "false",
	 .doc = "dest is the file itself, or with a slash at its end its folder."},
	{.name = "fail_on_missing",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Without it a file that is not there is no failure."},
	{.name = "validate_checksum",
	 .type = MODULE_BOOL,
	 .fallback = "true",
	 .doc = "Accepted; what arrives is checked in any case."},
	{0},
};

static int not_fetched(struct module_call *call, const char *src, const char *why)
{
	if (arg_bool(call, "fail_on_missing"))
		call_fail(call, "%s", why);
	else
		result_put_str(call, "msg", why);
	result_put_str(call, "file", src);
	return 0;
}

/* As which the controller makes the file, where nobody became for it. */
static void put_mode(struct module_call *call, const char *src)
{
	struct host_stat st;
	struct err ignored = {0};
	if (call->host->ops->stat(call->host, call->arena, src, true, &st, &ignored) == 0)
		result_put_int(call, "_mode", st.mode & 0777);
}

/* A file that passes, and its digests. */
struct passing {
	struct host_fd_stream from;
	uint64_t size; /* so far */
	struct digest *sha1, *md5;
};

static int next(void *self, struct slice *ret, struct err *err)
{
	struct passing *p = self;
	int r = p->from.stream.next(&p->from, ret, err);
	if (r < 0)
		return r;
	p->size += ret->len;
	digest_add(p->sha1, ret->ptr, ret->len);
	digest_add(p->md5, ret->ptr, ret->len);
	return 0;
}

static void passing_init(struct passing *p, int fd)
{
	host_fd_stream_init(&p->from, fd);
	p->size = 0;
	p->sha1 = digest_new(DIGEST_SHA1);
	p->md5 = digest_new(DIGEST_MD5);
}

static void passing_end(struct passing *p, char sha1[DIGEST_HEX_MAX], char md5[DIGEST_HEX_MAX])
{
	digest_end(p->sha1, sha1);
	digest_end(p->md5, md5);
	digest_free(p->sha1);
	digest_free(p->md5);
}

struct digests {
	char sha1[DIGEST_HEX_MAX], md5[DIGEST_HEX_MAX];
	uint64_t size; /* of what they are of; a file of /proc has no other */
};

static int digests(int fd, struct digests *ret, struct err *err)
{
	struct passing p;
	struct slice piece;
	int r;
	passing_init(&p, fd);
	while ((r = next(&p, &piece, err)) == 0 && piece.len > 0)
		;
	passing_end(&p, ret->sha1, ret->md5);
	ret->size = p.size;
	return r;
}

/* A device need not end: whoever may write in its folder could put a link to one there. */
static int check_regular(int fd, const char *src, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "fetch %s", src);
	return S_ISREG(st.st_mode) ? 0 : err_set(err, ERR_INVALID, "%s is not a regular file", src);
}

/* What is sent counts: the file may have changed since it was looked at. Of one that
 * grows it is as much as there was. */
static int send_content(struct module_call *call, const char *src, int fd, uint64_t size,
			struct err *err)
{
	char sha1[DIGEST_HEX_MAX], md5[DIGEST_HEX_MAX];
	struct passing p;
	struct host_stream s = {.self = &p, .next = next, .size = size};
	if (!call->services || !call->services->send_file)
		return err_set(err, ERR_PROTOCOL, "there is nobody to send %s to", src);
	passing_init(&p, fd);
	p.from.max = size;
	int r = call->services->send_file(call->services->self, src, &s, err);
	passing_end(&p, sha1, md5);
	result_put_str(call, "checksum", sha1);
	result_put_str(call, "md5sum", md5);
	result_put_str(call, "remote_checksum", sha1);
	return r < 0 ? err_wrap(err, r, "fetch %s", src) : 0;
}

static int send(struct module_call *call, const char *src, struct err *err)
{
	CLEANUP(fd_close) int fd = -1;
	struct digests d;
	const struct value *have = value_get(call->args, "_sha1");
	struct err e = {0};
	int r = call->host->ops->open(call->host, src, &fd, &e);
	if (r == 0)
		r = check_regular(fd, src, &e);
	if (r == 0)
		r = digests(fd, &d, &e);
	if (r == ERR_UNKNOWN) {
		result_unknown(call, "would fetch %s", src);
		return 0;
	}
	if (r < 0) {
		*err = e;
		return r;
	}
	result_put_str(call, "checksum", d.sha1);
	result_put_str(call, "md5sum", d.md5);
	if (have && value_is_str(have, d.sha1)) {
		result_put_str(call, "file", src);
		return 0;
	}
	result_changed(call);
	result_put_str(call, "remote_checksum", d.sha1);
	result_put_str(call, "remote_md5sum", NULL);
	if (call->check_mode)
		return 0;
	put_mode(call, src);
	return send_content(call, src, fd, d.size, err);
}

static int run(struct module_call *call, struct err *err)
{
	const char *src = call_absolute_path(call, NULL, arg_str(call, "src"));
	struct host_stat st = {0};
	int r = call->host->ops->stat(call->host, call->arena, src, true, &st, err);
	if (r < 0)
		return r;
	result_put_str(call, "_source", src);
	if (st.type == HOST_ABSENT && host_assumes(call->host)) {
		result_unknown(call, "would fetch %s, which is not there yet", src);
		return 0;
	}
	if (st.type == HOST_ABSENT)
		return not_fetched(call, src, MISSING);
	if (st.type == HOST_DIR)
		return not_fetched(call, src,
				   arg_bool(call, "fail_on_missing") ? FOLDER
								     : FOLDER
					   ", not transferring, ignored");
	return send(call, src, err);
}

const struct module module_fetch = {
	.name = "fetch",
	.full_name = "ansible.builtin.fetch",
	.doc = "Copies a file of the host to the controller.",
	.flags = MODULE_PREPARE,
	.kind = MODULE_KIND_FETCH,
	.params = params,
	.run = run,
};
