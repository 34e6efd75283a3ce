#pragma once
/* An agent image in the form a target can unpack. */
#include "rollout/transport/transport.h"

/* NULL when rollout carries none for that machine. */
const struct transport_agent_image *image_find(const struct transport_target *t,
					       struct slice machine);
/* What image_gzip appends. */
size_t image_gzip_size(const struct transport_agent_image *image);
/* Appends the image as a gzip member (RFC 1952): the deflate stream within the
 * zlib one (RFC 1950), framed anew. */
int image_gzip(const struct transport_agent_image *image, struct strbuf *out, struct err *err);
/* Appends the image itself. */
int image_raw(const struct transport_agent_image *image, struct strbuf *out, struct err *err);
