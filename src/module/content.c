#include "content.h"

static int check(struct content *c, struct err *err)
{
	char hex[DIGEST_HEX_MAX];
	if (!c->digest)
		return 0;
	digest_end(c->digest, hex);
	digest_free(c->digest);
	c->digest = NULL;
	if (strcmp(hex, c->sha256) == 0)
		return 0;
	return err_set(err, ERR_PROTOCOL, "%s was damaged on its way: it arrived as %s", c->sha256,
		       hex);
}

static int next(void *self, struct slice *ret, struct err *err)
{
	struct content *c = self;
	int r = c->raw.next(c->raw.self, ret, err);
	if (r < 0)
		return r;
	if (ret->len == 0)
		return check(c, err);
	digest_add(c->digest, ret->ptr, ret->len);
	return 0;
}

int content_open(struct module_call *call, const char *sha256, uint64_t size, struct content *ret,
		 struct err *err)
{
	const struct module_services *services = call->services;
	if (!services || !services->content_open)
		return err_set(err, ERR_PROTOCOL, "there is nobody to ask for content");
	if (!sha256 || strlen(sha256) != SHA256_HEX_SIZE - 1)
		return err_set(err, ERR_PROTOCOL, "'%s' is no SHA-256", sha256 ? sha256 : "");
	int r = services->content_open(services->self, sha256, &ret->raw, err);
	if (r < 0)
		return r;
	ret->services = services;
	ret->digest = digest_new(DIGEST_SHA256);
	memcpy(ret->sha256, sha256, SHA256_HEX_SIZE);
	ret->stream = (struct host_stream){.self = ret, .next = next, .size = size};
	return 0;
}

void content_close(struct content *c)
{
	if (c->services)
		c->services->content_close(c->services->self);
	digest_free(c->digest);
	*c = (struct content){0};
}
