#pragma once
/* The central directory of a ZIP archive (PKWARE APPNOTE 4.3.12): names, sizes
 * and CRCs, to compare with what is on the host. Unpacking is unzip's. */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"

#define ZIP_ENTRIES_MAX 1000000u

struct zip_entry {
	const char *name; /* ends with / where it is a folder */
	uint64_t size;
	uint32_t crc;
	bool is_link;
};
struct zip_entries {
	struct zip_entry *at;
	size_t len;
};

bool zip_is(struct slice archive);
int zip_read(struct arena *a, struct slice s, uint64_t base, struct zip_entries *ret,
	     struct err *err);
/* The end of a file, with all of the directory; *ret_base is where it begins. */
int zip_load_tail(int fd, struct strbuf *out, uint64_t *ret_base, struct err *err);
