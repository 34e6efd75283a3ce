/*
 * get_url: each URL is fetched once by the controller (libcurl, in libuv's
 * thread pool), verified, kept in the cache, and pushed to every host.
 */
#include "rollout/base/file.h"
#include "state.h"

#include <curl/curl.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define FETCH_MAX_BYTES (4ll << 30)
#define FETCH_TIMEOUT_S 10 /* of Ansible's module: without progress */
#define FETCH_REDIRECTS 10

struct fetch {
	struct run *run;
	uv_work_t work;
	char *key; /* url and checksum */
	char *url, *user, *password, *partial, *path;
	struct curl_slist *headers;
	bool validate_certs, use_proxy;
	long timeout_s;
	char *checksum; /* "sha256:hex" or NULL */
	bool done;
	struct err err;
	int result;
	VEC(struct flight *) waiting;
	VEC(struct flight_item *) items;
};

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
	curl_easy_setopt(c, CURLOPT_USERAGENT, "rollout");
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

static int attach(struct fetch *f, struct flight *flight, struct flight_item *it, struct err *err)
{
	const struct blob *blob;
	if (f->result < 0) {
		*err = f->err;
		return f->result;
	}
	int r = blob_from_file(f->run, f->path, &blob, err);
	if (r < 0)
		return r;
	struct value *args = value_dict_dup(&flight->arena, it->args);
	value_dict_put(&flight->arena, args, "_sha256", value_cstr(&flight->arena, blob->sha256));
	value_dict_put(&flight->arena, args, "_sha1", value_cstr(&flight->arena, blob->sha1));
	value_dict_remove(args, SLICE_LIT("checksum")); /* verified here */
	value_dict_put(&flight->arena, args, "_size",
		       value_int(&flight->arena, (int64_t)blob->size));
	struct slice url = slice_from(f->url);
	const char *end = memchr(url.ptr, '?', url.len);
	CLEANUP(free_ptr) char *bare = xstrndup(url.ptr, end ? (size_t)(end - url.ptr) : url.len);
	value_dict_put(&flight->arena, args, "_basename",
		       value_str(&flight->arena, path_basename(bare)));
	it->args = args;
	return 0;
}

/* One of the flight's fetches ended. */
static void resume(struct flight *flight, const struct err *failed)
{
	struct err err = {0};
	flight->pending_fetches--;
	if (flight->zombie) {
		flight_free(flight);
		return;
	}
	if (failed && !flight->finished) {
		flight_fail(flight, failed);
	} else if (!flight->finished && flight->pending_fetches == 0 &&
		   flight_begin(flight, &err) < 0) {
		flight_fail(flight, &err);
	}
	if (flight->finished && flight->pending_fetches == 0)
		flight_finish(flight);
}

static void after(uv_work_t *req, int status)
{
	struct fetch *f = req->data;
	f->done = true;
	if (status == UV_ECANCELED)
		f->result = err_set(&f->err, ERR_CANCELLED, "the run was interrupted");
	for (size_t i = 0; i < f->waiting.len; i++) {
		struct flight *flight = f->waiting.at[i];
		struct err err = {0};
		int r = flight->zombie ? 0 : attach(f, flight, f->items.at[i], &err);
		if (r < 0 && flight->is_loop) {
			char text[1400];
			f->items.at[i]->failure =
				arena_strdup(&flight->arena, err_format(&err, text, sizeof(text)));
			r = 0;
		}
		resume(flight, r < 0 ? &err : NULL);
	}
	f->waiting.len = f->items.len = 0;
	run_drain(f->run);
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
	free(f->partial);
	free(f->path);
	free(f->checksum);
	curl_slist_free_all(f->headers);
	vec_release(&f->waiting);
	vec_release(&f->items);
	free(f);
}

static struct fetch *fetch_new(struct run *run, const char *key, const struct value *args)
{
	const char *user = string_arg(args, "url_username"),
		   *password = string_arg(args, "url_password");
	const char *checksum = string_arg(args, "checksum");
	const struct value *timeout = value_get(args, "timeout");
	struct fetch *f = xcalloc(1, sizeof(*f));
	f->run = run;
	f->key = xstrdup(key);
	f->url = xstrdup(string_arg(args, "url"));
	f->user = user ? xstrdup(user) : NULL;
	f->password = password ? xstrdup(password) : NULL;
	f->checksum = checksum ? xstrdup(checksum) : NULL;
	f->validate_certs = bool_arg(args, "validate_certs", true);
	f->use_proxy = bool_arg(args, "use_proxy", true);
	f->timeout_s = timeout && timeout->type == VALUE_INT && timeout->integer > 0
			       ? (long)timeout->integer
			       : FETCH_TIMEOUT_S;
	set_headers(f, value_get(args, "headers"));
	f->work.data = f;
	return f;
}

int fetch_start(struct flight *flight, struct flight_item *it, struct err *err)
{
	struct run *run = flight->strand->step->run;
	const char *url = string_arg(it->args, "url"), *checksum = string_arg(it->args, "checksum");
	struct strbuf key CLEANUP(strbuf_release) = {0};
	if (!url)
		return err_at(err, ERR_INVALID, flight->node->at, "get_url needs 'url'");
	strbuf_printf(&key, "%s %s", url, checksum ? checksum : "");
	struct fetch *f = find(run, key.ptr);
	if (f && f->done)
		return attach(f, flight, it, err);
	if (!f) {
		f = fetch_new(run, key.ptr, it->args);
		int r = set_cache_path(f, err);
		if (r < 0) {
			fetch_free(f);
			return r;
		}
		vec_push(&run->fetches, f);
		uv_queue_work(&run->loop, &f->work, work, after);
	}
	vec_push(&f->waiting, flight);
	vec_push(&f->items, it);
	flight->pending_fetches++;
	return 1;
}

void fetches_release(struct run *run)
{
	for (size_t i = 0; i < run->fetches.len; i++)
		fetch_free(run->fetches.at[i]);
	vec_release(&run->fetches);
}
