#include "curl.h"

#include <stdlib.h>

/* At the very end of the output, after the body. */
#define TRAILER "\\n%{http_code} %{size_header} %{time_total} %{redirect_url}\\t%{url_effective}"

void curl_init(struct curl *c, struct module_call *call, const char *url)
{
	*c = (struct curl){0};
	program_init(&c->program, call, "curl");
	program_add(&c->program, "--config");
	program_add(&c->program, "-");
	curl_flag(c, "silent");
	curl_flag(c, "show-error");
	curl_flag(c, "include");
	curl_flag(c, "globoff");
	strbuf_puts(&c->config, "write-out = \"" TRAILER "\"\n");
	curl_option(c, "url", url);
}

void curl_flag(struct curl *c, const char *option)
{
	strbuf_printf(&c->config, "%s\n", option);
}

void curl_option(struct curl *c, const char *option, const char *value)
{
	curl_option_slice(c, option, slice_from(value));
}

void curl_option_slice(struct curl *c, const char *option, struct slice value)
{
	strbuf_printf(&c->config, "%s = \"", option);
	for (size_t i = 0; i < value.len; i++) {
		switch (value.ptr[i]) {
		case '\n':
			strbuf_puts(&c->config, "\\n");
			break;
		case '\r':
			strbuf_puts(&c->config, "\\r");
			break;
		case '"':
		case '\\':
			strbuf_putc(&c->config, '\\');
			strbuf_putc(&c->config, value.ptr[i]);
			break;
		default:
			strbuf_putc(&c->config, value.ptr[i]);
		}
	}
	strbuf_puts(&c->config, "\"\n");
}

/* Of several blocks (a second try with a password, 100 Continue) the last. */
static struct slice last_block(struct slice headers)
{
	size_t start = 0, end = headers.len;
	while (end && strchr("\r\n", headers.ptr[end - 1]))
		end--;
	for (size_t i = 0; i + 4 < end; i++)
		if (memcmp(headers.ptr + i, "\r\n\r\n", 4) == 0)
			start = i + 4;
	return (struct slice){headers.ptr + start, end - start};
}

static int take_answer(const struct program *p, struct curl_answer *ret, struct err *err)
{
	const char *end = memrchr(p->out.ptr, '\n', p->out.len);
	long long numbers[2] = {0, 0}; /* status, bytes of headers */
	char *at = end ? (char *)end + 1 : NULL;
	for (size_t i = 0; at && i < ARRAY_LEN(numbers); i++)
		numbers[i] = strtoll(at, &at, 10);
	double seconds = at ? strtod(at, &at) : 0;
	char *tab = at ? strchr(at, '\t') : NULL;
	if (!at || *at != ' ' || !tab)
		return err_set(err, ERR_PROTOCOL, "the answer is too large, or curl is too old");
	size_t len = (size_t)(end - p->out.ptr);
	if (numbers[1] < 0 || (size_t)numbers[1] > len)
		return err_set(err, ERR_PROTOCOL, "curl counts %lld bytes of headers in %zu",
			       numbers[1], len);
	*ret = (struct curl_answer){
		.status = numbers[0],
		.elapsed_s = (int64_t)seconds,
		.url = tab + 1,
		.redirect =
			arena_slice(p->call->arena, (struct slice){at + 1, (size_t)(tab - at - 1)})
				.ptr,
		.headers = last_block((struct slice){p->out.ptr, (size_t)numbers[1]}),
		.body = {p->out.ptr + numbers[1], len - (size_t)numbers[1]},
	};
	return 0;
}

int curl_run(struct curl *c, bool reads_only, struct curl_answer *ret, struct err *err)
{
	struct program *p = &c->program;
	p->stdin_bytes = strbuf_slice(&c->config);
	int r = reads_only ? program_probe(p, err) : program_run(p, err);
	if (r < 0)
		return r;
	if (p->exit_code == 0)
		return take_answer(p, ret, err);
	*ret = (struct curl_answer){
		.status = -1, .url = "", .redirect = "", .headers = {"", 0}, .body = {"", 0}};
	ret->what = arena_slice(p->call->arena, slice_trim(p->err)).ptr;
	return 0;
}

void curl_release(struct curl *c)
{
	strbuf_wipe(&c->config);
}
