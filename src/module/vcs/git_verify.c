/* verify_commit and gpg_allowlist. */
#include "git_repository.h"

/* What gpg tells of a good signature (GnuPG, doc/DETAILS): "[GNUPG:] VALIDSIG", the
 * key that signed, eight fields, and the primary key where that is another. */
#define PRIMARY_FIELD 11u

struct signer {
	struct slice key, primary; /* fingerprints; "" without one */
};

static struct signer find_signer(struct slice said)
{
	struct slice line, word;
	while (slice_split(&said, '\n', &line)) {
		struct signer s = {{"", 0}, {"", 0}};
		bool valid = false;
		for (size_t n = 0; slice_word(&line, &word); n++) {
			valid |= n == 1 && slice_is(word, "VALIDSIG");
			if (n == 2)
				s.key = word;
			if (n == PRIMARY_FIELD)
				s.primary = word;
		}
		if (valid)
			return s;
	}
	return (struct signer){{"", 0}, {"", 0}};
}

static int check_signer(const struct git *g, struct slice said, struct err *err)
{
	struct signer s = find_signer(said);
	for (const char *const *k = arg_list(g->call, "gpg_allowlist", NULL); *k; k++)
		if (slice_is(s.key, *k) || slice_is(s.primary, *k))
			return 0;
	return err_set(err, ERR_INVALID,
		       "The gpg_allowlist does not include the public key \"%.*s\" for this commit",
		       SLICE_ARG(s.primary.len ? s.primary : s.key));
}

/* As Ansible: an annotated tag itself, of all else the commit. */
int git_verify(const struct git *g, const struct git_target *t, struct err *err)
{
	struct program p;
	size_t keys = 0;
	const char *type = "", *revision = git_revision(g, t);
	const char *const ask[] = {"cat-file", "-t", revision, NULL};
	if (!arg_bool(g->call, "verify_commit"))
		return 0;
	int r = t->kind == GIT_TAG ? git_ask(g, ask, &type, err) : 0;
	if (r < 0)
		return r;
	bool tag = strcmp(type, "tag") == 0;
	(void)arg_list(g->call, "gpg_allowlist", &keys);
	git_begin(g, &p, true, tag ? "verify-tag" : "verify-commit");
	if (keys)
		program_add(&p, "--raw");
	program_add(&p, tag ? g->version : revision);
	r = program_change(&p, err);
	if (r < 0)
		return err_wrap(err, r, "Failed to verify GPG signature of commit/tag \"%s\"",
				g->version);
	return keys && !g->call->check_mode ? check_signer(g, p.err, err) : 0;
}
