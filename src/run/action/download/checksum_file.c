/* Files of digests, as sha256sum writes them and as get_url's page describes. */
#include "fetch.h"

#include <ctype.h>

/* Letters and digits of it, lower case: files from the web bring odd characters. */
static const char *clean(struct arena *a, struct slice digest)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	for (size_t i = 0; i < digest.len; i++)
		if (isalnum((unsigned char)digest.ptr[i]))
			strbuf_putc(&out, (char)tolower((unsigned char)digest.ptr[i]));
	return arena_slice(a, strbuf_slice(&out)).ptr;
}

/* "DIGEST  NAME" or "DIGEST *./NAME" */
static bool is_line_of(struct slice line, struct slice name, struct slice *ret_digest)
{
	struct slice digest, rest = line;
	if (!slice_split(&rest, ' ', &digest) || digest.len == line.len)
		return false;
	if (rest.len && (rest.ptr[0] == ' ' || rest.ptr[0] == '*'))
		rest = (struct slice){rest.ptr + 1, rest.len - 1};
	while (rest.len && (rest.ptr[0] == '.' || rest.ptr[0] == '/'))
		rest = (struct slice){rest.ptr + 1, rest.len - 1};
	*ret_digest = digest;
	return slice_eq(slice_trim(rest), name);
}

int checksum_file_find(struct arena *a, struct slice text, struct slice name, const char **ret,
		       struct err *err)
{
	struct slice all = slice_trim(text), line, digest = {NULL, 0};
	bool alone = all.len && !memchr(all.ptr, '\n', all.len) && !memchr(all.ptr, ' ', all.len) &&
		     !memchr(all.ptr, '\t', all.len);
	bool found = alone;
	if (alone)
		digest = all;
	for (struct slice rest = all; !found && slice_split(&rest, '\n', &line);)
		found = is_line_of(line, name, &digest);
	if (!found)
		return err_set(err, ERR_NOT_FOUND, "no checksum for '%.*s' in it", SLICE_ARG(name));
	const char *hex = clean(a, digest);
	if (!*hex || hex[strspn(hex, "0123456789abcdef")])
		return err_set(err, ERR_INVALID, "the checksum of '%.*s' in it is not hexadecimal",
			       SLICE_ARG(name));
	*ret = hex;
	return 0;
}
