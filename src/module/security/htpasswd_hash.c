#include "htpasswd_hash.h"

#include "rollout/base/digest.h"

#define SHA1_TAG "{SHA}"

/* Those of openssl passwd: its option and the beginning of the hash. */
static const struct {
	const char *scheme, *option, *tag;
} kinds[] = {
	{"apr_md5_crypt", "-apr1", "$apr1$"},
	{"md5_crypt", "-1", "$1$"},
	{"sha256_crypt", "-5", "$5$"},
	{"sha512_crypt", "-6", "$6$"},
};

static const char *option_of(const char *scheme)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (strcmp(kinds[i].scheme, scheme) == 0)
			return kinds[i].option;
	return NULL;
}

int htpasswd_check(const char *scheme, const char *password, struct err *err)
{
	bool own = strcmp(scheme, "ldap_sha1") == 0 || strcmp(scheme, "plaintext") == 0 ||
		   strcmp(scheme, "bcrypt") == 0;
	if (!own && !option_of(scheme))
		return err_set(err, ERR_UNSUPPORTED,
			       "no hash_scheme '%s': there are apr_md5_crypt, md5_crypt, "
			       "sha256_crypt, sha512_crypt, bcrypt, ldap_sha1, plaintext",
			       scheme);
	if (strpbrk(password, "\n\r"))
		return err_set(err, ERR_INVALID, "the password holds a line end");
	if (strlen(password) > HTPASSWD_MAX)
		return err_set(err, ERR_LIMIT, "the password has more than %u bytes", HTPASSWD_MAX);
	return 0;
}

static void give(struct program *p, const char *password)
{
	p->stdin_bytes = slice_from(arena_printf(p->call->arena, "%s\n", password));
}

/* salt NULL: a new one */
static int openssl(struct module_call *call, const char *option, const char *salt,
		   const char *password, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "openssl");
	program_add(&p, "passwd");
	program_add(&p, option);
	if (salt) {
		program_add(&p, "-salt");
		program_add(&p, salt);
	}
	program_add(&p, "-stdin");
	give(&p, password);
	int r = program_read(&p, err);
	if (r == 0)
		*ret = program_line(&p);
	return r == 0 && (*ret)[0] != '$' ? err_set(err, ERR_INVALID, "openssl made no hash") : r;
}

static unsigned char nibble(char c)
{
	return (unsigned char)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static const char *sha1_of(struct module_call *call, const char *password)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	char hex[DIGEST_HEX_MAX];
	unsigned char bytes[SHA1_HEX_SIZE / 2];
	digest_bytes(DIGEST_SHA1, password, strlen(password), hex);
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (unsigned char)(nibble(hex[2 * i]) << 4 | nibble(hex[2 * i + 1]));
	strbuf_puts(&text, SHA1_TAG);
	base64_encode(&text, bytes, sizeof(bytes));
	return arena_slice(call->arena, strbuf_slice(&text)).ptr;
}

static int bcrypt(struct module_call *call, const char *user, const char *password,
		  const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "htpasswd");
	program_add(&p, "-niBC");
	program_add(&p, "12");
	program_add(&p, user);
	give(&p, password);
	int r = program_read(&p, err);
	if (r < 0)
		return r;
	const char *line = program_line(&p), *colon = strchr(line, ':');
	*ret = colon ? colon + 1 : "";
	return (*ret)[0] == '$' ? 0 : err_set(err, ERR_INVALID, "htpasswd made no hash");
}

int htpasswd_hash(struct module_call *call, const char *scheme, const char *user,
		  const char *password, const char **ret, struct err *err)
{
	const char *option = option_of(scheme);
	if (option)
		return openssl(call, option, NULL, password, ret, err);
	if (strcmp(scheme, "bcrypt") == 0)
		return bcrypt(call, user, password, ret, err);
	*ret = strcmp(scheme, "ldap_sha1") == 0 ? sha1_of(call, password) : password;
	return 0;
}

/* "$apr1$SALT$…", "$6$rounds=N$SALT$…": what stands before the last $. NULL: none. */
static const char *salt_of(struct module_call *call, struct slice hash, const char *tag)
{
	struct slice rest = {hash.ptr + strlen(tag), hash.len - strlen(tag)};
	const char *end = memrchr(rest.ptr, '$', rest.len);
	return end && end > rest.ptr
		       ? arena_strndup(call->arena, rest.ptr, (size_t)(end - rest.ptr))
		       : NULL;
}

/* apache2-utils has all that Apache has. Without it nobody can tell. */
static int ask_htpasswd(struct module_call *call, const char *path, const char *user,
			const char *password, bool *ret, struct err *err)
{
	struct program p;
	struct err missing = {0};
	program_init(&p, call, "htpasswd");
	program_add(&p, "-vi");
	program_add(&p, path);
	program_add(&p, user);
	give(&p, password);
	int r = program_probe(&p, &missing);
	*ret = r == 0 && p.exit_code == 0;
	if (r == 0 || r == ERR_NOT_FOUND)
		return 0;
	*err = missing;
	return r;
}

int htpasswd_verify(struct module_call *call, const char *path, const char *user, struct slice hash,
		    const char *password, bool *ret, struct err *err)
{
	const char *made;
	*ret = false;
	if (slice_starts_with(hash, SHA1_TAG)) {
		*ret = slice_is(hash, sha1_of(call, password));
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (!slice_starts_with(hash, kinds[i].tag))
			continue;
		const char *salt = salt_of(call, hash, kinds[i].tag);
		int r = salt ? openssl(call, kinds[i].option, salt, password, &made, err) : 0;
		*ret = r == 0 && salt && slice_is(hash, made);
		return r;
	}
	*ret = hash.len && hash.ptr[0] != '$' && slice_is(hash, password);
	return *ret ? 0 : ask_htpasswd(call, path, user, password, ret, err);
}
