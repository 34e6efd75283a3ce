#include "content.h"

const struct strbuf *contents_find(struct contents *c, const char *sha256)
{
	for (size_t i = 0; i < c->all.len; i++) {
		struct content found = c->all.at[i];
		if (strcmp(found.sha256, sha256) != 0)
			continue;
		vec_remove(&c->all, i);
		vec_push(&c->all, found);
		return &c->all.at[c->all.len - 1].bytes;
	}
	return NULL;
}

static void drop_oldest(struct contents *c)
{
	c->size_bytes -= c->all.at[0].bytes.len;
	strbuf_wipe(&c->all.at[0].bytes);
	vec_remove(&c->all, 0);
}

void contents_keep(struct contents *c, const char *sha256, struct strbuf *bytes)
{
	struct content kept = {0};
	char hex[DIGEST_HEX_MAX];
	if (bytes->len > CONTENT_ONE_MAX || contents_find(c, sha256))
		return;
	digest_bytes(DIGEST_SHA256, strbuf_slice(bytes).ptr, bytes->len, hex);
	if (strcmp(hex, sha256) != 0)
		return;
	while (c->size_bytes + bytes->len > CONTENT_ALL_MAX)
		drop_oldest(c);
	memcpy(kept.sha256, hex, sizeof(kept.sha256));
	kept.bytes = *bytes;
	*bytes = (struct strbuf){0};
	c->size_bytes += kept.bytes.len;
	vec_push(&c->all, kept);
}

void contents_release(struct contents *c)
{
	while (c->all.len > 0)
		drop_oldest(c);
	vec_release(&c->all);
}
