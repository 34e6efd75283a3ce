#pragma once
/* Fetching one file over HTTP(S), or from file://, with libcurl (rollout/http/http.h). */
#include "rollout/vm/image.h"

/* Into `partial`, whose bytes are kept: what is there is continued, also after a
 * failure and by another process. Blocks; a server that stops sending is asked
 * again some times. *ret_resumed: bytes of an earlier call are in it.
 * ERR_UNREACHABLE no server, or it breaks off; ERR_NOT_FOUND the server has no
 * such file; ERR_LIMIT larger than VM_IMAGE_MAX_BYTES; ERR_SYS disk full. */
int vm_download(const char *url, const char *partial, const struct vm_image_progress *progress,
		bool *ret_resumed, struct err *err);
