/* Host patterns. Source: Ansible, "Patterns: targeting hosts and groups". */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "internal.h"
#include "rollout/base/file.h"
#include "rollout/base/nearest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <fnmatch.h>
#include <pcre2.h>
#include <stdlib.h>

#define PATTERN_MAX_FILE (1u << 20)

typedef VEC(struct slice) slices;

/* What may be an IPv6 address, perhaps with ranges: colons that separate nothing. */
static bool is_ipv6(struct slice text)
{
	char plain[INET6_ADDRSTRLEN];
	struct in6_addr address;
	if (text.len == 0 || text.len >= sizeof(plain))
		return false;
	memcpy(plain, text.ptr, text.len);
	plain[text.len] = '\0';
	return inet_pton(AF_INET6, plain, &address) == 1;
}

static bool begins_regex(struct slice part)
{
	while (part.len > 0 && (part.ptr[0] == '!' || part.ptr[0] == '&'))
		part = (struct slice){part.ptr + 1, part.len - 1};
	return part.len > 0 && part.ptr[0] == '~';
}

/* Splits at commas, or where there are none at colons and blanks; not in brackets, nor
 * in the parentheses of a regex. */
static void split(struct slice text, slices *out)
{
	size_t start = 0, depth = 0;
	bool comma = memchr(text.ptr, ',', text.len) != NULL;
	if (!comma && is_ipv6(text)) {
		vec_push(out, text);
		return;
	}
	for (size_t i = 0; i <= text.len; i++) {
		char c = i < text.len ? text.ptr[i] : '\0';
		struct slice so_far = {text.ptr + start, i - start};
		bool regex = begins_regex(slice_trim(so_far));
		bool cut = comma ? c == ',' : c == ':' || isspace((unsigned char)c);
		if (c == '[' || (regex && c == '('))
			depth++;
		if ((c == ']' || (regex && c == ')')) && depth)
			depth--;
		if (i < text.len && ((depth && (!comma || regex)) || !cut))
			continue;
		struct slice part = slice_trim(so_far);
		if (part.len)
			vec_push(out, part);
		start = i + 1;
		depth = 0;
	}
}

/* Hosts in the order they are named, each once. */
struct host_set {
	inv_hosts hosts;
	VEC(bool) has; /* by the host's index */
};

static bool contains(const struct host_set *set, const struct inv_host *h)
{
	return h->index < set->has.len && set->has.at[h->index];
}

static void add(struct host_set *set, struct inv_host *h)
{
	if (contains(set, h))
		return;
	while (set->has.len <= h->index)
		vec_push(&set->has, false);
	set->has.at[h->index] = true;
	vec_push(&set->hosts, h);
}

static void host_set_release(struct host_set *set)
{
	vec_release(&set->hosts);
	vec_release(&set->has);
}

/* "name[0]", "name[-1]", "name[0:2]": cuts the subscript off. */
struct subscript {
	bool present, is_range;
	long first, last; /* last -1: to the end */
};

static struct subscript take_subscript(struct slice *name)
{
	struct subscript s = {0};
	const char *open = memrchr(name->ptr, '[', name->len);
	if (!open || name->len == 0 || name->ptr[name->len - 1] != ']')
		return s;
	char buf[64], *end;
	size_t n = (size_t)(name->ptr + name->len - 1 - (open + 1));
	if (n == 0 || n >= sizeof(buf))
		return s;
	memcpy(buf, open + 1, n);
	buf[n] = '\0';
	s.first = strtol(buf, &end, 10);
	if (end == buf && buf[0] != ':') /* [:3] is [0:3] */
		return s;
	s.last = -1;
	if (*end == ':' || *end == '-') {
		s.is_range = true;
		char *rest = end + 1;
		if (*rest) {
			s.last = strtol(rest, &end, 10);
			if (end == rest)
				return s;
		} else {
			end = rest;
		}
	}
	if (*end)
		return s;
	s.present = true;
	name->len = (size_t)(open - name->ptr);
	return s;
}

static int match_regex(struct inventory *inv, struct slice re, struct srcloc at,
		       struct host_set *out, struct err *err)
{
	int code;
	PCRE2_SIZE offset;
	pcre2_code *compiled = pcre2_compile((PCRE2_SPTR)re.ptr, re.len, PCRE2_UTF | PCRE2_ANCHORED,
					     &code, &offset, NULL);
	if (!compiled) {
		PCRE2_UCHAR text[160];
		pcre2_get_error_message(code, text, sizeof(text));
		return err_at(err, ERR_INVALID, at, "host pattern '~%.*s': %s", SLICE_ARG(re),
			      (char *)text);
	}
	pcre2_match_data *data = pcre2_match_data_create_from_pattern(compiled, NULL);
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		if (pcre2_match(compiled, (PCRE2_SPTR)g->name, strlen(g->name), 0, 0, data, NULL) >=
		    0)
			for (size_t k = 0; k < g->hosts.len; k++)
				add(out, g->hosts.at[k]);
	}
	for (size_t i = 0; i < inv->hosts.len; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		if (!h->implicit && pcre2_match(compiled, (PCRE2_SPTR)h->name, strlen(h->name), 0,
						0, data, NULL) >= 0)
			add(out, h);
	}
	pcre2_match_data_free(data);
	pcre2_code_free(compiled);
	return 0;
}

static void match_wildcard(struct inventory *inv, const char *glob, struct host_set *out)
{
	for (size_t i = 0; i < inv->groups.len; i++) {
		struct inv_group *g = inv->groups.entries[i].value;
		if (fnmatch(glob, g->name, FNM_NOESCAPE) == 0)
			for (size_t k = 0; k < g->hosts.len; k++)
				add(out, g->hosts.at[k]);
	}
	for (size_t i = 0; i < inv->hosts.len; i++) {
		struct inv_host *h = inv->hosts.entries[i].value;
		if (!h->implicit && fnmatch(glob, h->name, FNM_NOESCAPE) == 0)
			add(out, h);
	}
}

static int no_such_name(struct inventory *inv, struct slice name, struct srcloc at, struct err *err)
{
	struct nearest near;
	char hint[160];
	nearest_init(&near, name);
	for (size_t i = 0; i < inv->groups.len; i++)
		nearest_offer(&near, inv->groups.entries[i].key);
	for (size_t i = 0; i < inv->hosts.len; i++)
		nearest_offer(&near, inv->hosts.entries[i].key);
	return err_at(err, ERR_NOT_FOUND, at, "no host or group is named '%.*s'%s", SLICE_ARG(name),
		      nearest_hint(&near, hint, sizeof(hint)));
}

static void add_group(struct host_set *set, const struct inv_group *g)
{
	for (size_t i = 0; i < g->hosts.len; i++)
		add(set, g->hosts.at[i]);
}

static int match_name(struct inventory *inv, struct slice name, struct srcloc at,
		      struct host_set *out, struct err *err)
{
	struct inv_group *g = strmap_get(&inv->groups, name);
	bool glob = memchr(name.ptr, '*', name.len) || memchr(name.ptr, '?', name.len) ||
		    memchr(name.ptr, '[', name.len);
	if (glob && !g && !strmap_has(&inv->hosts, name)) {
		CLEANUP(free_ptr) char *text = xstrndup(name.ptr, name.len);
		size_t before = out->hosts.len;
		match_wildcard(inv, text, out);
		if (out->hosts.len == before && memchr(name.ptr, '[', name.len) &&
		    !memchr(name.ptr, '*', name.len))
			return no_such_name(inv, name, at, err);
		return 0;
	}
	struct inv_host *h = g ? strmap_get(&inv->hosts, name) : inventory_host(inv, name);
	if (!h && !g)
		return no_such_name(inv, name, at, err);
	if (g)
		add_group(out, g);
	if (h && (!g || memchr(name.ptr, '.', name.len)))
		add(out, h);
	return 0;
}

/* One part without its ! or &. */
static int match_part(struct inventory *inv, struct slice part, struct srcloc at,
		      struct host_set *out, struct err *err)
{
	if (part.ptr[0] == '~')
		return match_regex(inv, (struct slice){part.ptr + 1, part.len - 1}, at, out, err);
	struct host_set found = {0};
	struct slice name = part;
	struct subscript sub = take_subscript(&name);
	int r = match_name(inv, sub.present ? name : part, at, &found, err);
	if (r == 0 && sub.present) {
		long n = (long)found.hosts.len;
		long first = sub.first < 0 ? n + sub.first : sub.first;
		long last = !sub.is_range ? first : sub.last < 0 ? n - 1 : sub.last;
		if (n > 0 && (first < 0 || (first >= n && !sub.is_range)))
			r = err_at(err, ERR_INVALID, at, "'%.*s': '%.*s' has %ld host%s",
				   SLICE_ARG(part), SLICE_ARG(name), n, n == 1 ? "" : "s");
		for (long i = first < 0 ? 0 : first; r == 0 && i <= last && i < n; i++)
			add(out, found.hosts.at[i]);
	} else if (r == 0) {
		for (size_t i = 0; i < found.hosts.len; i++)
			add(out, found.hosts.at[i]);
	}
	host_set_release(&found);
	return r;
}

/* The lines of a file, each a pattern. */
static int load_pattern_file(struct arena *a, struct slice path, struct srcloc at, slices *parts,
			     struct err *err)
{
	CLEANUP(free_ptr) char *name = xstrndup(path.ptr, path.len);
	CLEANUP(strbuf_release) struct strbuf text = {0};
	int r = file_read(name, PATTERN_MAX_FILE, &text, err);
	if (r < 0)
		return err_locate(err, r, at);
	struct slice rest = arena_slice(a, strbuf_slice(&text)), line;
	while (slice_split(&rest, '\n', &line)) {
		line = slice_trim(line);
		if (line.len && line.ptr[0] != '#' && line.ptr[0] != '@')
			vec_push(parts, line);
	}
	return 0;
}

/* The parts of a pattern, an @file as the patterns that it holds. */
static int take_parts(struct arena *a, struct slice pattern, struct srcloc at, slices *parts,
		      struct err *err)
{
	slices written = {0};
	int r = 0;
	split(pattern, &written);
	for (size_t i = 0; i < written.len && r == 0; i++) {
		struct slice p = written.at[i];
		if (p.ptr[0] == '@')
			r = load_pattern_file(a, (struct slice){p.ptr + 1, p.len - 1}, at, parts,
					      err);
		else
			vec_push(parts, p);
	}
	vec_release(&written);
	return r;
}

static void keep(struct host_set *set, const struct host_set *other, bool when_in)
{
	size_t n = 0;
	for (size_t i = 0; i < set->hosts.len; i++) {
		struct inv_host *h = set->hosts.at[i];
		if (contains(other, h) == when_in)
			set->hosts.at[n++] = h;
		else
			set->has.at[h->index] = false;
	}
	set->hosts.len = n;
}

struct matching {
	struct inventory *inv;
	struct srcloc at;
	const struct inv_missing *missing; /* NULL: what is missing is an error */
};

/* One part; a name that does not exist is passed over where that is allowed. */
static int match_or_miss(const struct matching *m, struct slice part, struct host_set *out,
			 struct err *err)
{
	struct err why = {0};
	int r = match_part(m->inv, part, m->at, out, &why);
	if (r == ERR_NOT_FOUND && m->missing) {
		m->missing->tell(m->missing->ctx, part, &why);
		return 0;
	}
	if (r < 0)
		*err = why;
	return r;
}

/* Ansible's order: what is named, then the intersections, then the exclusions. */
static int evaluate(const struct matching *m, const slices *parts, struct host_set *set,
		    struct err *err)
{
	bool any_plain = false;
	int r = 0;
	for (size_t i = 0; i < parts->len && r == 0; i++) {
		struct slice p = parts->at[i];
		if (p.ptr[0] == '!' || p.ptr[0] == '&')
			continue;
		any_plain = true;
		struct inv_host *host = strmap_get(&m->inv->hosts, p);
		if (host) /* also where a group has this name */
			add(set, host);
		else
			r = match_or_miss(m, p, set, err);
	}
	if (r == 0 && !any_plain)
		r = match_part(m->inv, SLICE_LIT("all"), m->at, set, err);
	for (int pass = 0; pass < 2; pass++)
		for (size_t i = 0; i < parts->len && r == 0; i++) {
			struct slice p = parts->at[i];
			struct host_set other = {0};
			if (p.ptr[0] != (pass == 0 ? '&' : '!'))
				continue;
			if (p.len < 2)
				return err_at(err, ERR_INVALID, m->at,
					      "host pattern: '%c' names nothing", p.ptr[0]);
			r = match_or_miss(m, (struct slice){p.ptr + 1, p.len - 1}, &other, err);
			if (r == 0)
				keep(set, &other, pass == 0);
			host_set_release(&other);
		}
	return r;
}

int inventory_match(struct inventory *inv, struct slice pattern, struct srcloc at, inv_hosts *ret,
		    struct err *err)
{
	return inventory_match_known(inv, &(struct inv_pattern){pattern, at, NULL}, ret, err);
}

int inventory_match_known(struct inventory *inv, const struct inv_pattern *p, inv_hosts *ret,
			  struct err *err)
{
	struct slice pattern = p->text;
	struct srcloc at = p->at;
	const struct matching m = {inv, at, p->missing};
	slices parts = {0};
	struct host_set set = {0};
	CLEANUP(arena_release) struct arena arena = {0};
	pattern = slice_trim(pattern);
	if (pattern.len == 0)
		return err_at(err, ERR_INVALID, at, "a host pattern is empty");
	int r = take_parts(&arena, pattern, at, &parts, err);
	if (r == 0)
		r = evaluate(&m, &parts, &set, err);
	for (size_t i = 0; r == 0 && i < set.hosts.len; i++)
		vec_push(ret, set.hosts.at[i]);
	vec_release(&parts);
	host_set_release(&set);
	return r;
}
