/* password_hash: crypt(5) hashes, with the rounds that Ansible (passlib) uses. */
#include "filter.h"

#include <crypt.h>
#include <string.h>
#include <sys/random.h>

#define BLOWFISH_SALT 22u

struct scheme {
	const char *name, *passlib, *id;
	unsigned salt_size;
	int64_t rounds, max_rounds; /* 0: the scheme has none */
};
static const struct scheme schemes[] = {
	{"sha512", "sha512_crypt", "6", 16, 656000, 10000000},
	{"sha256", "sha256_crypt", "5", 16, 535000, 10000000},
	{"md5", "md5_crypt", "1", 8, 0, 0},
	{"blowfish", "bcrypt", "2b", BLOWFISH_SALT, 12, 18},
};
static const char salt_chars[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

static const struct scheme *scheme_find(struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(schemes); i++)
		if (slice_is(name, schemes[i].name) || slice_is(name, schemes[i].passlib))
			return &schemes[i];
	return NULL;
}

static int check_salt(const struct scheme *s, struct slice salt, struct err *err)
{
	bool exact = s->salt_size == BLOWFISH_SALT;
	if (salt.len > s->salt_size || (exact && salt.len != s->salt_size))
		return err_set(err, ERR_INVALID, "the salt must have %s%u characters",
			       exact ? "" : "at most ", s->salt_size);
	for (size_t i = 0; i < salt.len; i++)
		if (!salt.ptr[i] || !strchr(salt_chars, salt.ptr[i]))
			return err_set(err, ERR_INVALID,
				       "the salt has a character outside of ./0-9A-Za-z");
	return 0;
}

static int random_salt(unsigned size, struct strbuf *out, struct err *err)
{
	unsigned char bytes[32];
	if (getrandom(bytes, sizeof(bytes), 0) < 0)
		return err_sys(err, "random bytes for a salt");
	for (unsigned i = 0; i < size; i++)
		strbuf_putc(out, salt_chars[bytes[i] & 63]);
	return 0;
}

static int salt_size(struct call *c, const struct scheme *s, unsigned *ret, struct err *err)
{
	int64_t size;
	int r = call_int(c, 2, s->salt_size, &size, err);
	if (r < 0)
		return r;
	size = size ? size : s->salt_size;
	if (size < 1 || size > s->salt_size ||
	    (s->salt_size == BLOWFISH_SALT && size < BLOWFISH_SALT))
		return err_set(err, ERR_INVALID, "a salt_size %s%u is needed",
			       s->salt_size == BLOWFISH_SALT ? "of " : "from 1 to ", s->salt_size);
	*ret = (unsigned)size;
	return 0;
}

/* Which of blowfish's variants; others have none, and Ansible passes over it. */
static int ident_of(struct call *c, const struct scheme *s, struct slice *ret, struct err *err)
{
	static const char *const idents[] = {"2a", "2b", "2y"};
	*ret = slice_from(s->id);
	if (!c->arg[4] || c->arg[4]->type == VALUE_NULL || s->salt_size != BLOWFISH_SALT)
		return 0;
	int r = call_text(c, 4, "", ret, err);
	if (r < 0)
		return r;
	if (ret->len > 2 && ret->ptr[0] == '$' && ret->ptr[ret->len - 1] == '$')
		*ret = (struct slice){ret->ptr + 1, ret->len - 2};
	for (size_t i = 0; i < ARRAY_LEN(idents); i++)
		if (slice_is(*ret, idents[i]))
			return 0;
	return err_set(err, ERR_INVALID, "the ident '%.*s' is not 2a, 2b or 2y of blowfish",
		       SLICE_ARG(*ret));
}

/* "$6$rounds=656000$salt" */
static int setting(struct call *c, const struct scheme *s, struct strbuf *out, struct err *err)
{
	struct slice salt = {0}, ident;
	int64_t rounds;
	unsigned size = s->salt_size;
	int r;
	bool given = c->arg[1] && c->arg[1]->type != VALUE_NULL;
	if ((r = call_int(c, 3, s->rounds, &rounds, err)) < 0 ||
	    (given && (r = call_text(c, 1, "", &salt, err)) < 0) ||
	    (salt.len && (r = check_salt(s, salt, err)) < 0) ||
	    (r = salt_size(c, s, &size, err)) < 0 || (r = ident_of(c, s, &ident, err)) < 0)
		return r;
	if (rounds < 0 || rounds > s->max_rounds)
		return err_set(err, ERR_INVALID, "rounds from 0 to %lld are allowed",
			       (long long)s->max_rounds);
	strbuf_printf(out, "$%.*s", SLICE_ARG(ident));
	if (s->salt_size == BLOWFISH_SALT)
		strbuf_printf(out, "$%02d", (int)rounds);
	else if (s->max_rounds && rounds != 5000)
		strbuf_printf(out, "$rounds=%lld", (long long)rounds);
	strbuf_putc(out, '$');
	strbuf_slice_append(out, salt);
	return salt.len ? 0 : random_salt(size, out, err);
}

FN(f_password_hash)
{
	CLEANUP(strbuf_wipe) struct strbuf phrase = {0};
	CLEANUP(strbuf_release) struct strbuf b = {0};
	struct slice s, name;
	int r;
	if ((r = in_text(c, &s, err)) < 0 || (r = call_text(c, 0, "sha512", &name, err)) < 0)
		return r;
	const struct scheme *scheme = scheme_find(name);
	if (!scheme)
		return err_set(err, ERR_UNSUPPORTED,
			       "password_hash: '%.*s' is not sha512, sha256, md5 or blowfish",
			       SLICE_ARG(name));
	if ((r = setting(c, scheme, &b, err)) < 0)
		return r;
	if ((r = eval_step(c->ev, 10000, err)) < 0)
		return r;
	struct crypt_data *data = xcalloc(1, sizeof(*data));
	strbuf_slice_append(&phrase, s);
	const char *hash = crypt_r(phrase.ptr ? phrase.ptr : "", b.ptr, data);
	bool failed = !hash || hash[0] == '*';
	if (!failed)
		*ret = value_cstr(c->ev->arena, hash);
	explicit_bzero(data, sizeof(*data));
	free_ptr(&data);
	return failed ? err_set(err, ERR_UNSUPPORTED, "password_hash: crypt(3) does not know '%s'",
				scheme->name)
		      : 0;
}

const struct function filters_password[] = {
	{"password_hash", "hashtype,salt,salt_size,rounds,ident", 0, 0, f_password_hash},
	{0},
};
