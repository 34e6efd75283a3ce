#include "authorized_line.h"

static bool is_type(struct slice word)
{
	static const char *const types[] = {
		"ssh-rsa",
		"ssh-dss",
		"ssh-ed25519",
		"ecdsa-sha2-nistp256",
		"ecdsa-sha2-nistp384",
		"ecdsa-sha2-nistp521",
		"sk-ssh-ed25519@openssh.com",
		"sk-ecdsa-sha2-nistp256@openssh.com",
		"ssh-ed25519-cert-v01@openssh.com",
		"ssh-rsa-cert-v01@openssh.com",
		"ssh-dss-cert-v01@openssh.com",
		"ecdsa-sha2-nistp256-cert-v01@openssh.com",
		"ecdsa-sha2-nistp384-cert-v01@openssh.com",
		"ecdsa-sha2-nistp521-cert-v01@openssh.com",
	};
	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (slice_is(word, types[i]))
			return true;
	return false;
}

/* How long the first part of `s` is, up to a byte of `ends` outside of quotes. */
static size_t part_length(struct slice s, const char *ends)
{
	bool quoted = false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] == '\\' && i + 1 < s.len && s.ptr[i + 1] == '"')
			i++;
		else if (s.ptr[i] == '"')
			quoted = !quoted;
		else if (!quoted && s.ptr[i] && strchr(ends, s.ptr[i]))
			return i;
	}
	return s.len;
}

static struct slice take(struct slice *rest, const char *ends)
{
	size_t n = part_length(*rest, ends);
	struct slice part = {rest->ptr, n};
	*rest = slice_trim((struct slice){rest->ptr + n, rest->len - n});
	return part;
}

bool authorized_parse(struct slice line, struct authorized_line *ret)
{
	struct authorized_line l = {0};
	struct slice rest = slice_trim(line);
	if (!rest.len || rest.ptr[0] == '#')
		return false;
	l.type = take(&rest, " \t");
	if (!is_type(l.type)) {
		l.options = l.type;
		l.type = take(&rest, " \t");
	}
	l.key = take(&rest, " \t");
	l.comment = rest;
	*ret = l;
	return is_type(l.type) && l.key.len > 0;
}

static bool has_option(struct slice options, struct slice wanted)
{
	while (options.len) {
		size_t n = part_length(options, ",");
		if (slice_eq((struct slice){options.ptr, n}, wanted))
			return true;
		n += n < options.len;
		options = (struct slice){options.ptr + n, options.len - n};
	}
	return false;
}

static bool includes(struct slice all, struct slice some)
{
	while (some.len) {
		size_t n = part_length(some, ",");
		if (!has_option(all, (struct slice){some.ptr, n}))
			return false;
		n += n < some.len;
		some = (struct slice){some.ptr + n, some.len - n};
	}
	return true;
}

bool authorized_options_eq(struct slice a, struct slice b)
{
	return includes(a, b) && includes(b, a);
}
