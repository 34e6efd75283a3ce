#include "ssh_options.h"

#include "rollout/base/file.h"
#include "rollout/base/shellwords.h"

#include <ctype.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define CONFIG_FILE_MAX (1u << 20)
#define INCLUDE_DEPTH_MAX 4

static bool key_is(struct slice key, const char *name)
{
	return key.len == strlen(name) && strncasecmp(key.ptr, name, key.len) == 0;
}

static bool is_one_of(struct slice word, const char *const *names)
{
	for (; *names; names++)
		if (key_is(word, *names))
			return true;
	return false;
}

static int small_number(struct slice value, int max)
{
	long n = 0;
	if (value.len == 0)
		return 0;
	for (size_t i = 0; i < value.len; i++) {
		if (!isdigit((unsigned char)value.ptr[i]))
			return 0;
		n = n * 10 + (value.ptr[i] - '0');
		if (n > max)
			return 0;
	}
	return (int)n;
}

static enum ssh_strict strict_value(struct slice v)
{
	if (key_is(v, "no") || key_is(v, "off") || key_is(v, "false"))
		return SSH_STRICT_NO;
	if (key_is(v, "accept-new"))
		return SSH_STRICT_ACCEPT_NEW;
	return SSH_STRICT_YES; /* ask: nobody to ask */
}

static void set_string(struct ssh_options *o, const char **field, struct slice value)
{
	if (!*field && value.len > 0)
		*field = arena_strndup(&o->arena, value.ptr, value.len);
}

static void set_identity(struct ssh_options *o, struct slice value)
{
	if (o->identities.len >= SSH_IDENTITIES_MAX || key_is(value, "none"))
		return;
	for (size_t i = 0; i < o->identities.len; i++)
		if (slice_is(value, o->identities.at[i]))
			return;
	vec_push(&o->identities, arena_strndup(&o->arena, value.ptr, value.len));
}

static bool set_string_option(struct ssh_options *o, struct slice key, struct slice value)
{
	const struct {
		const char *name, **field;
	} strings[] = {
		{"hostname", &o->hostname},
		{"user", &o->user},
		{"hostkeyalias", &o->host_key_alias},
		{"identityagent", &o->identity_agent},
		{"proxyjump", &o->proxy_jump},
		{"proxycommand", &o->proxy_command},
		{"userknownhostsfile", &o->user_known_hosts},
		{"globalknownhostsfile", &o->global_known_hosts},
	};
	for (size_t i = 0; i < ARRAY_LEN(strings); i++) {
		if (!key_is(key, strings[i].name))
			continue;
		set_string(o, strings[i].field, value);
		return true;
	}
	return false;
}

bool ssh_options_set(struct ssh_options *o, struct slice key, struct slice value)
{
	if (set_string_option(o, key, value))
		return true;
	if (key_is(key, "port"))
		o->port = o->port ? o->port : small_number(value, 65535);
	else if (key_is(key, "identityfile"))
		set_identity(o, value);
	else if (key_is(key, "identitiesonly"))
		o->identities_only = o->identities_only ? o->identities_only
				     : key_is(value, "yes") || key_is(value, "true") ? 1
										     : -1;
	else if (key_is(key, "stricthostkeychecking"))
		o->strict = o->strict ? o->strict : strict_value(value);
	else if (key_is(key, "connecttimeout"))
		o->connect_timeout_s =
			o->connect_timeout_s ? o->connect_timeout_s : small_number(value, 86400);
	else if (key_is(key, "serveraliveinterval"))
		o->alive_interval_s =
			o->alive_interval_s ? o->alive_interval_s : small_number(value, 86400);
	else
		return false;
	return true;
}

/* Options of the OpenSSH client that change nothing here: connection sharing
 * is what rollout does anyway, the rest is about terminals and its own output. */
static const char *const ignored_options[] = {
	"controlmaster",
	"controlpath",
	"controlpersist",
	"loglevel",
	"batchmode",
	"requesttty",
	"compression",
	"tcpkeepalive",
	"forwardagent",
	"forwardx11",
	"serveralivecountmax",
	"numberofpasswordprompts",
	"preferredauthentications",
	"kbdinteractiveauthentication",
	"passwordauthentication",
	"pubkeyauthentication",
	"gssapiauthentication",
	"gssapidelegatecredentials",
	"hashknownhosts",
	"checkhostip",
	"sendenv",
	"updatehostkeys",
	"visualhostkey",
	"connectionattempts",
	"escapechar",
	"addkeystoagent",
	"verifyhostkeydns",
	"ipqos",
	"rekeylimit",
	"permitlocalcommand",
	"exitonforwardfailure",
	NULL,
};

static bool is_ignored(struct slice key)
{
	return is_one_of(key, ignored_options);
}

static struct slice unquote(struct slice v)
{
	if (v.len >= 2 && v.ptr[0] == '"' && v.ptr[v.len - 1] == '"')
		return (struct slice){v.ptr + 1, v.len - 2};
	return v;
}

/* "Key=value", "Key value" and "Key = value" to its parts. */
static void split_option(struct slice text, struct slice *key, struct slice *value)
{
	size_t i = 0;
	text = slice_trim(text);
	while (i < text.len && text.ptr[i] != '=' && !isspace((unsigned char)text.ptr[i]))
		i++;
	*key = (struct slice){text.ptr, i};
	*value = slice_trim((struct slice){text.ptr + i, text.len - i});
	if (value->len > 0 && value->ptr[0] == '=')
		*value = slice_trim((struct slice){value->ptr + 1, value->len - 1});
	*value = unquote(*value);
}

static void set_dash_o(struct ssh_options *o, const char *text)
{
	struct slice key, value;
	split_option(slice_from(text), &key, &value);
	if (!ssh_options_set(o, key, value) && !is_ignored(key))
		o->foreign = true;
}

static void set_dash(struct ssh_options *o, char letter, const char *value)
{
	switch (letter) {
	case 'o':
		set_dash_o(o, value);
		break;
	case 'F':
		o->config_file = o->config_file ? o->config_file : value;
		break;
	case 'J':
		ssh_options_set(o, SLICE_LIT("proxyjump"), slice_from(value));
		break;
	case 'i':
		set_identity(o, slice_from(value));
		break;
	case 'p':
		ssh_options_set(o, SLICE_LIT("port"), slice_from(value));
		break;
	case 'l':
		ssh_options_set(o, SLICE_LIT("user"), slice_from(value));
		break;
	default:
		o->foreign = true;
	}
}

int ssh_options_args(struct ssh_options *o, const char *ssh_args, struct err *err)
{
	char **words;
	size_t n;
	if (!ssh_args)
		return 0;
	int r = shellwords_split(&o->arena, slice_from(ssh_args), &words, &n, err);
	if (r < 0)
		return err_wrap(err, r, "ssh arguments \"%s\"", ssh_args);
	if (n > SSH_ARGS_MAX)
		return err_set(err, ERR_LIMIT, "ssh arguments: more than %d words", SSH_ARGS_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *w = words[i];
		vec_push(&o->args, w);
		if (w[0] != '-' || !w[1])
			return err_set(err, ERR_INVALID, "ssh arguments: \"%s\" is not an option",
				       w);
		if (strchr("oFJipl", w[1])) {
			if (!w[2] && i + 1 == n)
				return err_set(err, ERR_INVALID,
					       "ssh arguments: %s lacks its value", w);
			const char *value = w[2] ? w + 2 : words[++i];
			if (value != w + 2)
				vec_push(&o->args, value);
			set_dash(o, w[1], value);
		} else if (strchr("BbcDEeILmOQRSWw", w[1])) {
			if (!w[2] && i + 1 < n)
				vec_push(&o->args, words[++i]);
			o->foreign = true;
		} /* else flags such as -C -q -t -4: nothing of ours */
	}
	return 0;
}

void ssh_options_text(struct ssh_options *o, struct slice text)
{
	struct slice line, key, value;
	while (slice_split(&text, '\n', &line)) {
		split_option(line, &key, &value);
		/* what ssh -G prints for "not set" */
		if (key_is(value, "none") && !key_is(key, "identityagent") &&
		    !key_is(key, "userknownhostsfile") && !key_is(key, "globalknownhostsfile"))
			continue;
		ssh_options_set(o, key, value);
	}
}

static bool file_matters(const char *path, int depth);

static bool include_matters(struct slice value, int depth)
{
	glob_t found;
	bool matters = false;
	if (depth >= INCLUDE_DEPTH_MAX || value.ptr[0] != '/' || memchr(value.ptr, ' ', value.len))
		return true; /* more than is worth following here */
	char *pattern = xstrndup(value.ptr, value.len);
	if (glob(pattern, GLOB_NOSORT, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !matters; i++)
			matters = file_matters(found.gl_pathv[i], depth + 1);
		globfree(&found);
	}
	free(pattern);
	return matters;
}

static bool line_matters(struct slice line, int depth)
{
	struct slice key, value;
	line = slice_trim(line);
	if (line.len == 0 || line.ptr[0] == '#')
		return false;
	split_option(line, &key, &value);
	if (key_is(key, "include") && value.len > 0)
		return include_matters(value, depth);
	if (key_is(key, "host")) /* of interest only for what stands under it */
		return false;
	return !is_ignored(key);
}

static bool file_matters(const char *path, int depth)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	if (access(path, F_OK) < 0)
		return false;
	if (file_read(path, CONFIG_FILE_MAX, &text, NULL) < 0)
		return true;
	struct slice rest = strbuf_slice(&text), line;
	while (slice_split(&rest, '\n', &line))
		if (line_matters(line, depth))
			return true;
	return false;
}

bool ssh_config_matters(const char *home, const char *system_config)
{
	char *user = path_join(home, ".ssh/config");
	bool matters = file_matters(user, 0) || file_matters(system_config, 0);
	free(user);
	return matters;
}

static void expand_one(struct strbuf *out, const struct ssh_options *o, char c, const char *home,
		       const char *name)
{
	const struct passwd *pw;
	switch (c) {
	case 'd':
		strbuf_puts(out, home);
		break;
	case 'h':
		strbuf_puts(out, o->hostname ? o->hostname : name);
		break;
	case 'n':
		strbuf_puts(out, name);
		break;
	case 'p':
		strbuf_printf(out, "%d", o->port ? o->port : 22);
		break;
	case 'r':
		strbuf_puts(out, o->user ? o->user : "");
		break;
	case 'u':
		pw = getpwuid(getuid());
		strbuf_puts(out, pw ? pw->pw_name : "");
		break;
	default:
		strbuf_putc(out, c);
	}
}

const char *ssh_options_expand(struct ssh_options *o, const char *text, const char *home,
			       const char *name)
{
	CLEANUP(strbuf_release) struct strbuf out = {0};
	strbuf_puts(&out, "");
	if (text[0] == '~' && (text[1] == '/' || !text[1])) {
		strbuf_puts(&out, home);
		text++;
	}
	for (; *text; text++) {
		if (text[0] == '%' && text[1])
			expand_one(&out, o, *++text, home, name);
		else
			strbuf_putc(&out, *text);
	}
	return arena_strndup(&o->arena, out.ptr ? out.ptr : "", out.len);
}

void ssh_options_release(struct ssh_options *o)
{
	vec_release(&o->identities);
	vec_release(&o->args);
	arena_release(&o->arena);
}
