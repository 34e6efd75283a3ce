#pragma once
/*
 * The agents that `rollout` carries, one per architecture: static binaries,
 * zlib-compressed (RFC 1950), made by src/agent/embed at build time.
 */
#include <stddef.h>

struct agent_image {
	const char *arch;	   /* as `uname -m` says: "x86_64", "aarch64" */
	const unsigned char *data; /* compressed */
	size_t size, raw_size;	   /* compressed; and as the target stores it */
	char sha256[65];	   /* of the raw binary, lower-case hex */
};

extern const struct agent_image agent_images[];
extern const size_t agent_images_len;

/* The image for an architecture, or NULL. */
const struct agent_image *agent_image_find(const char *arch);
