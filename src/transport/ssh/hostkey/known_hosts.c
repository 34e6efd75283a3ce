#include "known_hosts.h"

#include "rollout/base/digest.h"
#include "rollout/base/file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>
#include <sys/stat.h>
#include <unistd.h>

#define NAME_MAX_BYTES 1100

/* The next word of *rest, at blanks. */
static struct slice next_word(struct slice *rest)
{
	size_t i = 0;
	while (i < rest->len && (rest->ptr[i] == ' ' || rest->ptr[i] == '\t'))
		i++;
	rest->ptr += i;
	rest->len -= i;
	for (i = 0; i < rest->len && rest->ptr[i] != ' ' && rest->ptr[i] != '\t';)
		i++;
	struct slice word = {rest->ptr, i};
	rest->ptr += i;
	rest->len -= i;
	return word;
}

static void add_line(struct known_hosts *kh, struct srcloc at, struct slice text)
{
	struct known_hosts_line line = {.at = at};
	text = slice_trim(text);
	if (text.len == 0 || text.ptr[0] == '#' || text.len > KNOWN_HOSTS_LINE_MAX)
		return;
	line.names = next_word(&text);
	if (line.names.len > 0 && line.names.ptr[0] == '@') {
		if (slice_is(line.names, "@revoked"))
			line.mark = KNOWN_HOSTS_REVOKED;
		else if (slice_is(line.names, "@cert-authority"))
			line.mark = KNOWN_HOSTS_CA;
		else
			return;
		line.names = next_word(&text);
	}
	line.type = next_word(&text);
	line.key = next_word(&text);
	if (line.key.len > 0 && line.type.len < HOSTKEY_TYPE_MAX)
		vec_push(&kh->lines, line);
}

void known_hosts_add_text(struct known_hosts *kh, const char *file, struct slice text)
{
	struct slice rest = arena_slice(&kh->arena, text), part;
	struct srcloc at = {srcfile_intern(file), 0, 1};
	while (slice_split(&rest, '\n', &part)) {
		at.line++;
		add_line(kh, at, part);
	}
}

int known_hosts_add_file(struct known_hosts *kh, const char *path, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (access(path, F_OK) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	int r = file_read(path, KNOWN_HOSTS_FILE_MAX, &text, err);
	if (r < 0)
		return r;
	known_hosts_add_text(kh, path, strbuf_slice(&text));
	return 0;
}

/* A name against one pattern with * and ?, without regard to case. Linear
 * space and O(n·m) time: only the last * is tried again. */
static bool pattern_matches(struct slice pattern, const char *name)
{
	size_t p = 0, n = 0, star = SIZE_MAX, mark = 0, len = strlen(name);
	while (n < len) {
		if (p < pattern.len && pattern.ptr[p] == '*') {
			star = p++;
			mark = n;
		} else if (p < pattern.len &&
			   (pattern.ptr[p] == '?' || tolower((unsigned char)pattern.ptr[p]) ==
							     tolower((unsigned char)name[n]))) {
			p++;
			n++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			n = ++mark;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.ptr[p] == '*')
		p++;
	return p == pattern.len;
}

/* "|1|base64 salt|base64 HMAC-SHA1(salt, name)" */
static bool hashed_matches(struct slice hashed, const char *name)
{
	CLEANUP(strbuf_release) struct strbuf salt = {0};
	CLEANUP(strbuf_release) struct strbuf hash = {0};
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned mac_len = 0;
	struct slice rest = {hashed.ptr + 3, hashed.len - 3}, salt64;
	if (!slice_split(&rest, '|', &salt64) || base64_decode(&salt, salt64, NULL) < 0 ||
	    base64_decode(&hash, rest, NULL) < 0)
		return false;
	if (salt.len == 0 || hash.len != SHA_DIGEST_LENGTH)
		return false;
	if (!HMAC(EVP_sha1(), salt.ptr, (int)salt.len, (const unsigned char *)name, strlen(name),
		  mac, &mac_len))
		return false;
	return mac_len == hash.len && memcmp(mac, hash.ptr, mac_len) == 0;
}

static bool names_match(struct slice names, const char *name)
{
	struct slice part;
	bool found = false;
	if (slice_starts_with(names, "|1|"))
		return hashed_matches(names, name);
	while (slice_split(&names, ',', &part)) {
		bool negated = part.len > 0 && part.ptr[0] == '!';
		if (negated) {
			part.ptr++;
			part.len--;
		}
		if (part.len > 0 && pattern_matches(part, name)) {
			if (negated)
				return false;
			found = true;
		}
	}
	return found;
}

void hostkey_name(struct strbuf *out, const char *name, int port)
{
	size_t start = out->len;
	if (port == 0 || port == 22)
		strbuf_puts(out, name);
	else
		strbuf_printf(out, "[%s]:%d", name, port);
	for (size_t i = start; i < out->len; i++) /* hashes are of the lower-case name */
		out->ptr[i] = (char)tolower((unsigned char)out->ptr[i]);
}

struct slice hostkey_blob_type(struct slice blob)
{
	const unsigned char *p = (const unsigned char *)blob.ptr;
	if (blob.len < 4)
		return (struct slice){"", 0};
	size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
	if (n == 0 || n > blob.len - 4 || n >= HOSTKEY_TYPE_MAX)
		return (struct slice){"", 0};
	return (struct slice){blob.ptr + 4, n};
}

void hostkey_fingerprint(struct strbuf *out, struct slice blob)
{
	unsigned char sum[SHA256_DIGEST_LENGTH];
	SHA256((const unsigned char *)blob.ptr, blob.len, sum);
	strbuf_puts(out, "SHA256:");
	base64_encode(out, sum, sizeof(sum));
	while (out->len > 0 && out->ptr[out->len - 1] == '=')
		strbuf_truncate(out, out->len - 1);
}

enum known_hosts_outcome known_hosts_find(const struct known_hosts *kh, const char *name, int port,
					  struct slice blob, struct known_hosts_found *ret)
{
	CLEANUP(strbuf_release) struct strbuf full = {0};
	CLEANUP(strbuf_release) struct strbuf key = {0};
	struct slice type = hostkey_blob_type(blob);
	enum known_hosts_outcome outcome = KNOWN_HOSTS_NEW;
	*ret = (struct known_hosts_found){0};
	hostkey_name(&full, name, port);
	base64_encode(&key, blob.ptr, blob.len);
	for (size_t i = 0; i < kh->lines.len; i++) {
		const struct known_hosts_line *line = &kh->lines.at[i];
		bool same = slice_eq(line->key, strbuf_slice(&key));
		if (line->mark == KNOWN_HOSTS_CA || !names_match(line->names, full.ptr))
			continue;
		if (line->mark == KNOWN_HOSTS_REVOKED) {
			if (!same)
				continue;
			ret->at = line->at;
			return KNOWN_HOSTS_IS_REVOKED;
		}
		if (outcome == KNOWN_HOSTS_OK) /* only a revocation can change that */
			continue;
		if (same) {
			outcome = KNOWN_HOSTS_OK;
			ret->at = line->at;
		} else if (slice_eq(line->type, type) && outcome == KNOWN_HOSTS_NEW) {
			outcome = KNOWN_HOSTS_CHANGED;
			ret->at = line->at;
		} else if (outcome == KNOWN_HOSTS_NEW && ret->type_at.len == 0) {
			ret->type_at = line->type;
			ret->at = line->at;
		}
	}
	return outcome;
}

bool known_hosts_has_type(const struct known_hosts *kh, const char *name, int port,
			  struct slice type)
{
	CLEANUP(strbuf_release) struct strbuf full = {0};
	hostkey_name(&full, name, port);
	for (size_t i = 0; i < kh->lines.len; i++) {
		const struct known_hosts_line *line = &kh->lines.at[i];
		if (line->mark == KNOWN_HOSTS_PLAIN && slice_eq(line->type, type) &&
		    names_match(line->names, full.ptr))
			return true;
	}
	return false;
}

/* A file whose last line lacks its end would swallow ours. */
static bool lacks_newline(int fd)
{
	char last = '\n';
	off_t size = lseek(fd, 0, SEEK_END);
	if (size > 0 && pread(fd, &last, 1, size - 1) != 1)
		return false;
	return last != '\n';
}

int known_hosts_append(const char *path, const char *name, int port, struct slice blob,
		       struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf line = {0};
	struct slice dir = path_dirname(path);
	char *parent = xstrndup(dir.ptr, dir.len);
	int r = dir_create_all(parent, 0700, err);
	free(parent);
	if (r < 0)
		return r;
	CLEANUP(fd_close) int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_sys(err, "open %s", path);
	if (lacks_newline(fd))
		strbuf_putc(&line, '\n');
	hostkey_name(&line, name, port);
	strbuf_putc(&line, ' ');
	strbuf_slice_append(&line, hostkey_blob_type(blob));
	strbuf_putc(&line, ' ');
	base64_encode(&line, blob.ptr, blob.len);
	strbuf_putc(&line, '\n');
	if (write(fd, line.ptr, line.len) != (ssize_t)line.len)
		return err_sys(err, "write %s", path);
	return 0;
}

void known_hosts_release(struct known_hosts *kh)
{
	vec_release(&kh->lines);
	arena_release(&kh->arena);
}
