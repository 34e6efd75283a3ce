/*
 * Downloads: each URL is fetched once by the controller (libcurl, in libuv's
 * thread pool), verified, and kept in the cache.
 */
#include "fetch.h"

#include "rollout/base/file.h"
#include "rollout/http/http.h"

#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH_MAX_BYTES (4ull << 30)

/* Into the file that stands for the download. */
struct part {
	int fd;
	const struct fetch *of;
};

static int interrupted(struct err *err)
{
	return err_set(err, ERR_CANCELLED, "the run was interrupted");
}

static int take(void *ctx, struct slice piece, int64_t total, struct err *err)
{
	const struct part *p = ctx;
	(void)total;
	if (p->of->unwanted)
		return interrupted(err);
	return fd_write_all(p->fd, piece.ptr, piece.len, err) < 0
		       ? err_sys(err, "write %s", p->of->partial)
		       : 0;
}

static int download(struct fetch *f, int fd)
{
	CLEANUP(strbuf_release) struct strbuf shown = {0};
	struct part part = {fd, f};
	const struct http_request q = {
		.url = f->url,
		.take = take,
		.ctx = &part,
		.max_bytes = FETCH_MAX_BYTES,
		.flags = f->flags,
		.timeout_s = f->timeout_s,
		.user = f->user,
		.password = f->password,
		.agent = f->agent,
		.headers = (const char *const *)f->headers.at,
		.first_headers =
			f->first_headers.len > 1 ? (const char *const *)f->first_headers.at : NULL,
		.client_cert = f->client_cert,
		.client_key = f->client_key,
		.ciphers = f->ciphers,
	};
	http_shown_url(&shown, f->url);
	int r = http_get(&q, NULL, &f->err);
	return r < 0 ? err_wrap(&f->err, r, "download of %s", shown.ptr) : 0;
}

static int verify(struct fetch *f)
{
	char hex[DIGEST_HEX_MAX];
	enum digest_algorithm alg;
	const char *colon = f->checksum ? strchr(f->checksum, ':') : NULL;
	if (!f->checksum)
		return 0;
	if (!colon ||
	    !digest_by_name((struct slice){f->checksum, (size_t)(colon - f->checksum)}, &alg))
		return err_set(&f->err, ERR_INVALID, "checksum '%s' is not of the form sha256:HEX",
			       f->checksum);
	CLEANUP(fd_close) int fd = open(f->partial, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return err_sys(&f->err, "%s", f->partial);
	int r = digest_fd(alg, fd, hex, &f->err);
	if (r < 0 || strcasecmp(hex, colon + 1) == 0)
		return r;
	CLEANUP(strbuf_release) struct strbuf shown = {0};
	http_shown_url(&shown, f->url);
	return err_set(&f->err, ERR_INVALID,
		       "%s: its digest is %.*s:%s, and the checksum asked for is %s", shown.ptr,
		       (int)(colon - f->checksum), f->checksum, hex, f->checksum);
}

/* A cached file that still has the digest asked for needs no download. */
static bool is_cached(struct fetch *f)
{
	struct stat st;
	if (!f->checksum || stat(f->path, &st) < 0)
		return false;
	char *partial = f->partial;
	f->partial = f->path;
	struct err before = f->err;
	bool good = verify(f) == 0;
	f->err = before;
	f->partial = partial;
	return good;
}

static void work(uv_work_t *req)
{
	struct fetch *f = req->data;
	if (is_cached(f))
		return;
	CLEANUP(fd_close) int fd = open(f->partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0) {
		f->result = err_sys(&f->err, "%s", f->partial);
		return;
	}
	fd_claim(fd);
	f->result = download(f, fd);
	if (f->result == 0)
		f->result = verify(f);
	if (f->result == 0 && rename(f->partial, f->path) < 0)
		f->result = err_sys(&f->err, "%s", f->path);
	if (f->result < 0)
		unlink(f->partial);
}

static void after(uv_work_t *req, int status)
{
	struct fetch *f = req->data;
	f->done = true;
	if (status == UV_ECANCELED)
		f->result = interrupted(&f->err);
	get_url_arrived(f);
}

void fetch_begin(struct fetch *f)
{
	if (f->started && !(f->done && f->result < 0))
		return;
	f->started = true;
	f->done = false;
	f->result = 0;
	f->err = (struct err){0};
	uv_queue_work(&f->run->loop, &f->work, work, after);
}

void fetches_cancel(struct run *run)
{
	for (size_t i = 0; i < run->fetches.len; i++) {
		struct fetch *f = run->fetches.at[i];
		f->unwanted = true;
		if (f->started && !f->done)
			(void)uv_cancel((uv_req_t *)&f->work); /* where its thread has not begun */
	}
}

static bool bool_arg(const struct value *args, const char *key, bool fallback)
{
	const struct value *v = value_get(args, key);
	return v ? value_truthy(v) : fallback;
}

/* <digest>.part-<process> */
static bool is_partial(const char *name)
{
	const char *dot = strchr(name, '.');
	return dot && strncmp(dot, ".part-", 6) == 0;
}

static void remove_file(const char *path)
{
	(void)unlink(path);
}

static const char *home_folder(void)
{
	const char *home = getenv("HOME");
	const struct passwd *own = home && *home ? NULL : getpwuid(geteuid());
	return own ? own->pw_dir : home;
}

static int set_cache_path(struct fetch *f, struct err *err)
{
	const char *home = home_folder();
	char hex[DIGEST_HEX_MAX];
	struct strbuf dir CLEANUP(strbuf_release) = {0};
	if (f->run->opts->cache_dir)
		strbuf_printf(&dir, "%s/downloads", f->run->opts->cache_dir);
	else if (home && *home)
		strbuf_printf(&dir, "%s/.cache/rollout/downloads", home);
	else
		return err_set(err, ERR_NOT_FOUND,
			       "HOME is not set: there is no folder for "
			       "downloads");
	int r = dir_create_all(dir.ptr, 0700, err);
	if (r < 0)
		return r;
	if (f->run->fetches.len == 0)
		leftovers_remove(&(struct leftovers){dir.ptr, is_partial, remove_file});
	digest_bytes(DIGEST_SHA256, f->key, strlen(f->key), hex);
	CLEANUP(free_ptr) char *path = path_join(dir.ptr, hex);
	f->path = xstrdup(path);
	struct strbuf partial = {0};
	strbuf_printf(&partial, "%s.part-%d", path, (int)getpid());
	f->partial = strbuf_steal(&partial);
	return 0;
}

static bool is_unredirected(const struct value *names, const char *name)
{
	for (size_t i = 0; names && names->type == VALUE_LIST && i < names->list.len; i++)
		if (names->list.at[i]->type == VALUE_STRING &&
		    strcasecmp(names->list.at[i]->str.ptr, name) == 0)
			return true;
	return false;
}

static void set_headers(struct fetch *f, const struct value *headers, const struct value *first)
{
	for (size_t i = 0; headers && headers->type == VALUE_DICT && i < headers->dict.len; i++) {
		struct strbuf line CLEANUP(strbuf_wipe) = {0};
		value_print(&line, headers->dict.at[i].key);
		bool once = is_unredirected(first, strbuf_slice(&line).ptr);
		strbuf_puts(&line, ": ");
		value_print(&line, headers->dict.at[i].value);
		if (once)
			vec_push(&f->first_headers, xstrdup(strbuf_slice(&line).ptr));
		else
			vec_push(&f->headers, xstrdup(strbuf_slice(&line).ptr));
	}
	vec_push(&f->headers, NULL);
	vec_push(&f->first_headers, NULL);
}

static struct fetch *find(struct run *run, const char *key)
{
	for (size_t i = 0; i < run->fetches.len; i++)
		if (strcmp(run->fetches.at[i]->key, key) == 0)
			return run->fetches.at[i];
	return NULL;
}

static void fetch_free(struct fetch *f)
{
	free(f->key);
	free(f->url);
	free(f->user);
	free(f->password);
	free(f->agent);
	free(f->partial);
	free(f->path);
	free(f->checksum);
	for (size_t i = 0; i < f->headers.len; i++)
		free(f->headers.at[i]);
	vec_release(&f->headers);
	for (size_t i = 0; i < f->first_headers.len; i++)
		free(f->first_headers.at[i]);
	vec_release(&f->first_headers);
	free(f->client_cert);
	free(f->client_key);
	free(f->ciphers);
	vec_release(&f->waiting);
	vec_release(&f->items);
	free(f);
}

/* A file of the controller, as the task names it. */
static char *file_arg(const struct run *run, const struct value *args, const char *key)
{
	const char *home = getenv("HOME"), *path = fetch_string(args, key);
	if (!path)
		return NULL;
	CLEANUP(free_ptr) char *full = path_expand_home(path, home ? home : "/");
	return full[0] == '/' ? xstrdup(full) : path_join(run->plan->dir, full);
}

/* The items of a list, as OpenSSL wants ciphers. */
static char *with_colons(const struct value *list)
{
	struct strbuf out = {0};
	for (size_t i = 0; list && list->type == VALUE_LIST && i < list->list.len; i++) {
		if (out.len)
			strbuf_putc(&out, ':');
		value_print(&out, list->list.at[i]);
	}
	return out.len ? strbuf_steal(&out) : NULL;
}

static struct fetch *fetch_new(struct run *run, const struct fetch_wanted *w)
{
	const char *user = fetch_string(w->args, "url_username"),
		   *password = fetch_string(w->args, "url_password"),
		   *agent = fetch_string(w->args, "http_agent");
	const struct value *timeout = value_get(w->args, "timeout");
	struct fetch *f = xcalloc(1, sizeof(*f));
	f->run = run;
	f->url = xstrdup(w->url);
	f->user = user ? xstrdup(user) : NULL;
	f->password = password ? xstrdup(password) : NULL;
	f->agent = xstrdup(agent ? agent : "rollout");
	f->checksum = w->checksum ? xstrdup(w->checksum) : NULL;
	f->flags = (bool_arg(w->args, "validate_certs", true) ? 0 : HTTP_INSECURE) |
		   (bool_arg(w->args, "use_proxy", true) ? 0 : HTTP_NO_PROXY) |
		   (bool_arg(w->args, "force_basic_auth", false) ? HTTP_BASIC_UNASKED : 0) |
		   (bool_arg(w->args, "decompress", true) ? HTTP_DECOMPRESS : 0) |
		   (bool_arg(w->args, "use_netrc", true) ? HTTP_NETRC : 0);
	f->client_cert = file_arg(run, w->args, "client_cert");
	f->client_key = file_arg(run, w->args, "client_key");
	f->ciphers = with_colons(value_get(w->args, "ciphers"));
	f->timeout_s = timeout && timeout->type == VALUE_INT ? (long)timeout->integer : 0;
	set_headers(f, value_get(w->args, "headers"), value_get(w->args, "unredirected_headers"));
	f->work.data = f;
	return f;
}

/* What is asked with another name, password or header, or of a server that nobody
 * verified, may be another file; in the key as a digest, since it may be a secret. */
static void put_key(struct strbuf *key, const struct fetch_wanted *w)
{
	static const char *const names[] = {
		"url_username",	  "url_password", "http_agent", "headers",
		"validate_certs", "use_proxy",	  "use_netrc",	"client_cert",
		"client_key",	  "ciphers",	  "decompress", "unredirected_headers"};
	struct strbuf with CLEANUP(strbuf_wipe) = {0};
	char hex[DIGEST_HEX_MAX];
	strbuf_printf(key, "%s %s", w->url, w->checksum ? w->checksum : "");
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const struct value *v = value_get(w->args, names[i]);
		if (!v || v->type == VALUE_NULL)
			continue;
		strbuf_printf(&with, "%s=", names[i]);
		value_print(&with, v);
		strbuf_putc(&with, '\n');
	}
	if (!with.len)
		return;
	digest_bytes(DIGEST_SHA256, with.ptr, with.len, hex);
	strbuf_printf(key, " %s", hex);
}

int fetch_get(struct run *run, const struct fetch_wanted *w, struct fetch **ret, struct err *err)
{
	struct strbuf key CLEANUP(strbuf_release) = {0};
	put_key(&key, w);
	struct fetch *f = find(run, key.ptr);
	if (!f) {
		f = fetch_new(run, w);
		f->key = strbuf_steal(&key);
		int r = set_cache_path(f, err);
		if (r < 0) {
			fetch_free(f);
			return r;
		}
		vec_push(&run->fetches, f);
	}
	*ret = f;
	return 0;
}

void fetches_release(struct run *run)
{
	for (size_t i = 0; i < run->fetches.len; i++)
		fetch_free(run->fetches.at[i]);
	vec_release(&run->fetches);
}
