/* The header of an envelope. */
#include "rollout/vault/vault.h"

static int broken(struct srcloc at, const char *why, struct err *err)
{
	return err_at(err, ERR_SYNTAX, at, "not a vault of Ansible's format: %s", why);
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.ptr[i] < ' ' || s.ptr[i] == 0x7F)
			return false;
	return true;
}

int vault_id_check(struct slice id, struct err *err)
{
	if (id.len > VAULT_ID_MAX)
		return err_set(err, ERR_LIMIT, "a vault id has at most %u bytes", VAULT_ID_MAX);
	if (memchr(id.ptr, ';', id.len) || !is_printable(id))
		return err_set(err, ERR_INVALID,
			       "'%.*s' is no vault id: ';' and control characters are not allowed",
			       SLICE_ARG(id));
	return 0;
}

int vault_envelope_parse(struct slice text, struct srcloc at, struct vault_envelope *ret,
			 struct err *err)
{
	struct slice rest = text, line, part[4] = {{0}};
	size_t n = 0;
	if (!encrypted_is(text))
		return broken(at, "it does not begin with " ENCRYPTED_HEADER, err);
	if (text.len > ENCRYPTED_MAX_BYTES)
		return err_at(err, ERR_LIMIT, at, "a vault of more than %u bytes",
			      ENCRYPTED_MAX_BYTES);
	(void)slice_split(&rest, '\n', &line);
	struct slice fields = line;
	while (n < ARRAY_LEN(part) && slice_split(&fields, ';', &part[n])) {
		part[n] = slice_trim(part[n]);
		n++;
	}
	int r = encrypted_check_header(text, at, err);
	if (r < 0)
		return r;
	if (part[3].len > VAULT_ID_MAX || !is_printable(part[3]))
		return broken(at, "the vault id in its header is too long or not text", err);
	*ret = (struct vault_envelope){n > 3 ? part[3] : slice_from(VAULT_ID_DEFAULT),
				       rest.ptr ? rest : SLICE_LIT("")};
	return 0;
}
