/*
 * Downloads: each URL is fetched once by the controller (libcurl, in libuv's
 * thread pool), verified, and kept in the cache.
 */
#include "fetch.h"

#include "rollout/base/file.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH_MAX_BYTES (4ll << 30)
#define FETCH_TIMEOUT_S 10 /* of Ansible's module: without progress */
#define FETCH_REDIRECTS 10

static size_t write_part(char *data, size_t size, size_t n, void *ctx)
{
	struct err ignored = {0};
	return fd_write_all(*(int *)ctx, data, size * n, &ignored) < 0 ? 0 : size * n;
}

static int download(struct fetch *f, int fd)
{
	char detail[CURL_ERROR_SIZE] = "";
	long status = 0;
	CURL *c = curl_easy_init();
	curl_easy_setopt(c, CURLOPT_URL, f->url);
	curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, write_part);
	curl_easy_setopt(c, CURLOPT_WRITEDATA, &fd);
	curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 1L);
	curl_easy_setopt(c, CURLOPT_MAXREDIRS, (long)FETCH_REDIRECTS);
	curl_easy_setopt(c, CURLOPT_FAILONERROR, 1L);
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, f->timeout_s);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, f->timeout_s);
	curl_easy_setopt(c, CURLOPT_MAXFILESIZE_LARGE, (curl_off_t)FETCH_MAX_BYTES);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_USERAGENT, f->agent);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https,ftp,file");
	curl_easy_setopt(c, CURLOPT_REDIR_PROTOCOLS_STR, "http,https,ftp");
	if (!f->validate_certs) {
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 0L);
		curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (!f->use_proxy)
		curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
	if (f->headers)
		curl_easy_setopt(c, CURLOPT_HTTPHEADER, f->headers);
	if (f->user) {
		curl_easy_setopt(c, CURLOPT_USERNAME, f->user);
		curl_easy_setopt(c, CURLOPT_PASSWORD, f->password ? f->password : "");
	}
	CURLcode code = curl_easy_perform(c);
	curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &status);
	curl_easy_cleanup(c);
	if (code == CURLE_OK)
		return 0;
	return err_set(&f->err, ERR_UNREACHABLE, "download of %s: %s", f->url,
		       detail[0] ? detail : curl_easy_strerror(code));
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
	if (r == 0 && strcasecmp(hex, colon + 1) != 0)
		r = err_set(&f->err, ERR_INVALID,
			    "%s: its digest is %.*s:%s, and the checksum asked for is %s", f->url,
			    (int)(colon - f->checksum), f->checksum, hex, f->checksum);
	return r;
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
		f->result = err_set(&f->err, ERR_CANCELLED, "the run was interrupted");
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

static const char *string_arg(const struct value *args, const char *key)
{
	const struct value *v = value_get(args, key);
	return v && v->type == VALUE_STRING && v->str.len ? v->str.ptr : NULL;
}

static bool bool_arg(const struct value *args, const char *key, bool fallback)
{
	const struct value *v = value_get(args, key);
	return v ? value_truthy(v) : fallback;
}

static int set_cache_path(struct fetch *f, struct err *err)
{
	const char *home = getenv("HOME");
	char hex[DIGEST_HEX_MAX];
	struct strbuf dir CLEANUP(strbuf_release) = {0};
	if (f->run->opts->cache_dir)
		strbuf_printf(&dir, "%s/downloads", f->run->opts->cache_dir);
	else
		strbuf_printf(&dir, "%s/.cache/rollout/downloads", home ? home : "/tmp");
	int r = dir_create_all(dir.ptr, 0700, err);
	if (r < 0)
		return r;
	digest_bytes(DIGEST_SHA256, f->key, strlen(f->key), hex);
	CLEANUP(free_ptr) char *path = path_join(dir.ptr, hex);
	f->path = xstrdup(path);
	struct strbuf partial = {0};
	strbuf_printf(&partial, "%s.part-%d", path, (int)getpid());
	f->partial = strbuf_steal(&partial);
	return 0;
}

static void set_headers(struct fetch *f, const struct value *headers)
{
	for (size_t i = 0; headers && headers->type == VALUE_DICT && i < headers->dict.len; i++) {
		struct strbuf line CLEANUP(strbuf_wipe) = {0};
		value_print(&line, headers->dict.at[i].key);
		strbuf_puts(&line, ": ");
		value_print(&line, headers->dict.at[i].value);
		f->headers = curl_slist_append(f->headers, line.ptr);
	}
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
	curl_slist_free_all(f->headers);
	vec_release(&f->waiting);
	vec_release(&f->items);
	free(f);
}

static struct fetch *fetch_new(struct run *run, const struct fetch_wanted *w)
{
	const char *user = string_arg(w->args, "url_username"),
		   *password = string_arg(w->args, "url_password"),
		   *agent = string_arg(w->args, "http_agent");
	const struct value *timeout = value_get(w->args, "timeout");
	struct fetch *f = xcalloc(1, sizeof(*f));
	f->run = run;
	f->url = xstrdup(w->url);
	f->user = user ? xstrdup(user) : NULL;
	f->password = password ? xstrdup(password) : NULL;
	f->agent = xstrdup(agent ? agent : "rollout");
	f->checksum = w->checksum ? xstrdup(w->checksum) : NULL;
	f->validate_certs = bool_arg(w->args, "validate_certs", true);
	f->use_proxy = bool_arg(w->args, "use_proxy", true);
	f->timeout_s = timeout && timeout->type == VALUE_INT && timeout->integer > 0
			       ? (long)timeout->integer
			       : FETCH_TIMEOUT_S;
	set_headers(f, value_get(w->args, "headers"));
	f->work.data = f;
	return f;
}

/* What is asked with another name, password or header, or of a server that nobody
 * verified, may be another file; in the key as a digest, since it may be a secret. */
static void put_key(struct strbuf *key, const struct fetch_wanted *w)
{
	static const char *const names[] = {"url_username", "url_password",   "http_agent",
					    "headers",	    "validate_certs", "use_proxy"};
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
