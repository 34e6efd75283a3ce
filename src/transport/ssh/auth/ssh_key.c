#include "ssh_key.h"

#include "rollout/base/digest.h"
#include "rollout/base/file.h"
#include "ssh_string.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* PROTOCOL.key of OpenSSH: magic, cipher, kdf, kdf options, count, public key */
static bool parse_openssh(struct slice body, struct ssh_key *k)
{
	CLEANUP(strbuf_wipe) struct strbuf raw = {0};
	static const char magic[] = "openssh-key-v1"; /* with its terminator */
	struct slice cipher, kdf, options, blob, type, section;
	uint32_t count;
	if (base64_decode(&raw, body, NULL) < 0 || raw.len < sizeof(magic) ||
	    memcmp(raw.ptr, magic, sizeof(magic)) != 0)
		return false;
	struct slice rest = {raw.ptr + sizeof(magic), raw.len - sizeof(magic)};
	if (!wire_take_string(&rest, &cipher) || !wire_take_string(&rest, &kdf) ||
	    !wire_take_string(&rest, &options) || !wire_take_u32(&rest, &count) ||
	    !wire_take_string(&rest, &blob))
		return false;
	k->openssh = true;
	k->encrypted = !slice_is(cipher, "none");
	strbuf_slice_append(&k->blob, blob);
	k->maybe_rsa = wire_take_string(&blob, &type) && slice_is(type, "ssh-rsa");
	if (k->maybe_rsa && wire_take_string(&rest, &section))
		strbuf_slice_append(&k->secret, section);
	return true;
}

static bool contains(struct slice text, const char *word)
{
	return memmem(text.ptr, text.len, word, strlen(word)) != NULL;
}

static bool parse(struct slice text, struct ssh_key *k)
{
	static const char begin[] = "-----BEGIN ";
	const char *at = memmem(text.ptr, text.len, begin, sizeof(begin) - 1);
	if (!at)
		return false;
	struct slice rest = {at + sizeof(begin) - 1,
			     text.len - (size_t)(at - text.ptr) - sizeof(begin) + 1};
	struct slice label;
	if (!slice_split(&rest, '\n', &label) || !rest.ptr) /* the label is all there is */
		return false;
	const char *end = memmem(rest.ptr, rest.len, "-----END", 8);
	if (!end)
		return false;
	struct slice body = {rest.ptr, (size_t)(end - rest.ptr)};
	if (slice_starts_with(label, "OPENSSH PRIVATE KEY-----"))
		return parse_openssh(body, k);
	if (!contains(label, "PRIVATE KEY-----"))
		return false;
	k->maybe_rsa = slice_starts_with(label, "RSA ") || slice_starts_with(label, "PRIVATE ") ||
		       slice_starts_with(label, "ENCRYPTED ");
	if (k->maybe_rsa)
		strbuf_slice_append(&k->secret, text);
	k->encrypted = slice_starts_with(label, "ENCRYPTED ") || contains(body, "ENCRYPTED");
	return true;
}

/* sshd(8), AUTHORIZED_KEYS FILE FORMAT, without options: type, base64, comment. */
static bool parse_public(struct slice text, struct strbuf *ret)
{
	CLEANUP(strbuf_release) struct strbuf blob = {0};
	struct slice line, type, base64, inner;
	while (slice_split(&text, '\n', &line)) {
		line = slice_trim(line);
		if (line.len == 0 || line.ptr[0] == '#')
			continue;
		if (!slice_split(&line, ' ', &type) || !slice_split(&line, ' ', &base64) ||
		    base64_decode(&blob, base64, NULL) < 0)
			return false;
		struct slice rest = strbuf_slice(&blob);
		if (!wire_take_string(&rest, &inner) || !slice_eq(inner, type))
			return false;
		strbuf_slice_append(ret, strbuf_slice(&blob));
		return true;
	}
	return false;
}

/* As OpenSSH: only the owner may read a key that is ours. */
static int check_mode(int fd, const char *path, struct err *err)
{
	struct stat st;
	if (fstat(fd, &st) < 0)
		return err_sys(err, "stat %s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, ERR_INVALID, "the key %s is not a file", path);
	if (st.st_uid == getuid() && (st.st_mode & 077))
		return err_set(err, ERR_INVALID,
			       "the key %s has mode %04o, so others can read it; chmod 600 %s",
			       path, (unsigned)st.st_mode & 07777u, path);
	return 0;
}

int ssh_key_inspect(const char *path, struct ssh_key *ret, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct ssh_key key = {0};
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "the key %s does not exist", path);
	if (fd < 0)
		return err_sys(err, "open the key %s", path);
	int r = fd_read_all(fd, SSH_KEY_FILE_MAX, &text, err);
	if (r < 0)
		return err_wrap(err, r, "the key %s", path);
	if (parse_public(strbuf_slice(&text), &key.blob)) {
		ssh_key_release(&key);
		return err_set(err, ERR_INVALID,
			       "%s holds a public key, and no agent has the private one", path);
	}
	if ((r = check_mode(fd, path, err)) < 0)
		return r;
	if (!parse(strbuf_slice(&text), &key)) {
		ssh_key_release(&key);
		return err_set(err, ERR_INVALID, "%s holds no private key that can be read", path);
	}
	*ret = key;
	return 0;
}

static bool read_public(const char *path, struct strbuf *ret)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	struct ssh_key key = {0};
	CLEANUP(fd_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fd_read_all(fd, SSH_KEY_FILE_MAX, &text, NULL) < 0)
		return false;
	bool found = parse_public(strbuf_slice(&text), ret);
	if (!found && parse(strbuf_slice(&text), &key) && key.blob.len > 0) {
		strbuf_slice_append(ret, strbuf_slice(&key.blob));
		found = true;
	}
	ssh_key_release(&key);
	return found;
}

bool ssh_key_public(const char *path, struct strbuf *ret)
{
	CLEANUP(strbuf_release) struct strbuf beside = {0};
	strbuf_printf(&beside, "%s.pub", path);
	return read_public(path, ret) || read_public(beside.ptr, ret);
}

void ssh_key_release(struct ssh_key *k)
{
	strbuf_release(&k->blob);
	strbuf_wipe(&k->secret);
	*k = (struct ssh_key){0};
}
