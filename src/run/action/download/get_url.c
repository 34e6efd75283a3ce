/*
 * The controller's half of get_url. The URL is fetched before the host hears of
 * it, whose other tasks go on meanwhile. Where that fails and a SHA-256 names the
 * content, the host may have it: it is told what it shall have, and why that cannot
 * be sent. A checksum that is a URL itself is read before that.
 */
#include "../../flight/flight.h"
#include "../../link/blob.h"
#include "../../link/sending.h"
#include "../../run.h"
#include "../parts.h"
#include "fetch.h"

#include "rollout/base/file.h"

#define CHECKSUM_FILE_MAX (4u << 20)

/* Where the digest is to be read, of "sha256:https://…"; or NULL. */
static const char *checksum_url(const char *checksum)
{
	static const char *const schemes[] = {"http://", "https://", "ftp://", "file://"};
	const char *colon = checksum ? strchr(checksum, ':') : NULL;
	for (size_t i = 0; colon && i < ARRAY_LEN(schemes); i++)
		if (strncmp(colon + 1, schemes[i], strlen(schemes[i])) == 0)
			return colon + 1;
	return NULL;
}

/* The URL's last part, without its query. */
static struct slice url_name(const char *url)
{
	CLEANUP(free_ptr) char *bare = xstrndup(url, strcspn(url, "?#"));
	struct slice name = path_basename(bare);
	return (struct slice){url + (name.ptr - bare), name.len};
}

static struct value *args_with_name(struct flight *flight, const struct flight_item *it)
{
	struct value *args = value_dict_dup(&flight->arena, it->args);
	value_dict_put(&flight->arena, args, "_basename",
		       value_str(&flight->arena, url_name(fetch_string(args, "url"))));
	return args;
}

static void wait_for(struct fetch *f, struct flight *flight, struct flight_item *it)
{
	vec_push(&f->waiting, flight);
	vec_push(&f->items, it);
	flight->pending_fetches++;
	fetch_begin(f);
}

/* It is verified on the controller; a file that has another one is replaced
 * without force, too. */
static void take_checksum(struct flight *flight, struct value *args)
{
	if (fetch_string(args, "checksum"))
		value_dict_put(&flight->arena, args, "force", value_bool(true));
	value_dict_remove(args, SLICE_LIT("checksum"));
}

/* The content is here: its name and size into the arguments. */
static int attach_content(struct fetch *f, struct flight *flight, struct flight_item *it,
			  struct err *err)
{
	const struct blob *blob;
	int r = blob_from_file(f->run, f->path, &blob, err);
	if (r < 0)
		return r;
	struct value *args = args_with_name(flight, it);
	value_dict_put(&flight->arena, args, "_sha256", value_cstr(&flight->arena, blob->sha256));
	value_dict_put(&flight->arena, args, "_sha1", value_cstr(&flight->arena, blob->sha1));
	value_dict_put(&flight->arena, args, "_size",
		       value_int(&flight->arena, (int64_t)blob->size));
	take_checksum(flight, args);
	it->args = args;
	return 0;
}

/* A digest file is here: the item's checksum becomes the digest in it. */
static int attach_checksum(struct fetch *f, struct flight *flight, struct flight_item *it,
			   struct err *err)
{
	struct strbuf text CLEANUP(strbuf_release) = {0};
	const char *hex, *checksum = fetch_string(it->args, "checksum");
	int r = file_read(f->path, CHECKSUM_FILE_MAX, &text, err);
	if (r == 0)
		r = checksum_file_find(&flight->arena, strbuf_slice(&text),
				       url_name(fetch_string(it->args, "url")), &hex, err);
	if (r < 0)
		return err_wrap(err, r, "checksum %s", checksum);
	struct value *args = value_dict_dup(&flight->arena, it->args);
	int algorithm = (int)strcspn(checksum, ":");
	value_dict_put(&flight->arena, args, "checksum",
		       value_cstr(&flight->arena, arena_printf(&flight->arena, "%.*s:%s", algorithm,
							       checksum, hex)));
	it->args = args;
	return fetch_start(flight, it, err);
}

/* "sha256:HEX" of the right form: what content is named by. */
static bool is_sha256(struct arena *a, const char *checksum, const char **ret_hex)
{
	static const char prefix[] = "sha256:";
	if (!checksum || strncmp(checksum, prefix, strlen(prefix)) != 0)
		return false;
	char *hex = arena_strdup(a, checksum + strlen(prefix));
	for (char *c = hex; *c; c++)
		*c = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
	*ret_hex = hex;
	return strlen(hex) == SHA256_HEX_SIZE - 1 && !hex[strspn(hex, "0123456789abcdef")];
}

/* The host may have it. */
static int attach_failure(struct fetch *f, struct flight *flight, struct flight_item *it)
{
	struct value *args = args_with_name(flight, it);
	const char *checksum = fetch_string(args, "checksum"), *hex;
	it->before_fetch = it->args;
	value_dict_put(&flight->arena, args, "_unavailable",
		       value_cstr(&flight->arena, f->err.msg));
	if (is_sha256(&flight->arena, checksum, &hex)) {
		value_dict_put(&flight->arena, args, "_sha256", value_cstr(&flight->arena, hex));
		take_checksum(flight, args);
	}
	it->args = args;
	return 0;
}

/* A digest that the host cannot compare, or that could not be read, decides nothing there. */
static bool may_be_there(struct flight *flight, const struct fetch *f, const char *checksum)
{
	const char *hex;
	return f->err.code != ERR_CANCELLED &&
	       (!checksum || is_sha256(&flight->arena, checksum, &hex));
}

/* 1: a further fetch is on its way. */
static int attach(struct fetch *f, struct flight *flight, struct flight_item *it, struct err *err)
{
	const char *checksum = fetch_string(it->args, "checksum");
	if (f->result < 0 && may_be_there(flight, f, checksum))
		return attach_failure(f, flight, it);
	if (f->result < 0) {
		*err = f->err;
		return f->result;
	}
	return checksum_url(checksum) ? attach_checksum(f, flight, it, err)
				      : attach_content(f, flight, it, err);
}

int fetch_again(struct flight *flight, struct flight_item *it, struct err *err)
{
	if (!it->before_fetch)
		return 0;
	it->args = it->before_fetch;
	it->before_fetch = NULL;
	return fetch_start(flight, it, err);
}

int fetch_start(struct flight *flight, struct flight_item *it, struct err *err)
{
	struct run *run = flight->strand->step->run;
	const char *url = fetch_string(it->args, "url"),
		   *checksum = fetch_string(it->args, "checksum");
	const char *list = checksum_url(checksum);
	struct fetch_wanted w = {list ? list : url, list ? NULL : checksum, it->args};
	struct fetch *f;
	if (!url)
		return err_at(err, ERR_INVALID, flight->node->at, "get_url needs 'url'");
	int r = fetch_get(run, &w, &f, err);
	if (r < 0)
		return r;
	if (f->done && f->result == 0)
		return attach(f, flight, it, err);
	wait_for(f, flight, it);
	return 1;
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

static void tell_flight(struct fetch *f, struct flight *flight, struct flight_item *it)
{
	struct err err = {0};
	int r = flight->zombie ? 0 : attach(f, flight, it, &err);
	if (r < 0 && flight->is_loop) {
		char text[1400];
		it->failure = arena_strdup(&flight->arena, err_format(&err, text, sizeof(text)));
		r = 0;
	}
	resume(flight, r < 0 ? &err : NULL);
}

void get_url_arrived(struct fetch *f)
{
	struct run *run = f->run;
	for (size_t i = 0; i < f->waiting.len; i++)
		tell_flight(f, f->waiting.at[i], f->items.at[i]);
	f->waiting.len = f->items.len = 0;
	run_drain(run);
}
