#include "hostkey.h"

#include "rollout/base/shellwords.h"

#include <stdlib.h>

#define KNOWN_HOSTS_FILES_MAX 16

static int load_files(struct hostkey_policy *p, struct ssh_options *o, const char *list,
		      const char *home, bool may_grow, struct err *err)
{
	char **words;
	size_t n;
	int r = shellwords_split(&o->arena, slice_from(list), &words, &n, err);
	if (r < 0)
		return err_wrap(err, r, "known hosts files \"%s\"", list);
	for (size_t i = 0; i < n && i < KNOWN_HOSTS_FILES_MAX; i++) {
		if (strcmp(words[i], "none") == 0 || strcmp(words[i], "/dev/null") == 0)
			continue;
		const char *path = ssh_options_expand(o, words[i], home, p->given);
		r = known_hosts_add_file(&p->known, path, err);
		if (r < 0)
			return r;
		strbuf_printf(&p->files, "%s%s", p->files.len ? ", " : "", path);
		if (may_grow && !p->first_file)
			p->first_file = xstrdup(path);
	}
	return 0;
}

int hostkey_policy_load(struct hostkey_policy *p, struct ssh_options *o, const char *given,
			const char *home, struct err *err)
{
	const char *user = o->user_known_hosts ? o->user_known_hosts
					       : "~/.ssh/known_hosts ~/.ssh/known_hosts2";
	const char *global = o->global_known_hosts
				     ? o->global_known_hosts
				     : "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2";
	p->given = given;
	p->is_alias = o->host_key_alias != NULL;
	p->name = p->is_alias ? o->host_key_alias : o->hostname;
	p->port = o->port ? o->port : 22;
	p->strict = o->strict ? o->strict : SSH_STRICT_YES;
	int r = load_files(p, o, user, home, true, err);
	return r < 0 ? r : load_files(p, o, global, home, false, err);
}

static int find_port(const struct hostkey_policy *p)
{
	return p->is_alias ? 0 : p->port;
}

void hostkey_policy_types(const struct hostkey_policy *p, struct strbuf *out)
{
	/* ssh-rsa last: libssh2 1.10 can only check its SHA-1 form, which
	 * today's sshd does not offer. */
	static const char *const types[] = {
		"ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521",
		"ssh-rsa",
	};
	for (int known = 1; known >= 0; known--)
		for (size_t i = 0; i < ARRAY_LEN(types); i++)
			if (known_hosts_has_type(&p->known, p->name, find_port(p),
						 slice_from(types[i])) == known)
				strbuf_printf(out, "%s%s", out->len ? "," : "", types[i]);
}

/* OpenSSH's second looks, which can only accept: the name without its port,
 * and here also the name the user gave for what was connected to. */
static enum known_hosts_outcome second_look(const struct hostkey_policy *p, struct slice blob,
					    struct known_hosts_found *found)
{
	struct known_hosts_found other;
	const struct {
		const char *name;
		int port;
	} looks[] = {{p->name, 0}, {p->given, p->port}, {p->given, 0}};
	for (size_t i = 0; i < ARRAY_LEN(looks); i++) {
		enum known_hosts_outcome o =
			known_hosts_find(&p->known, looks[i].name, looks[i].port, blob, &other);
		if (o == KNOWN_HOSTS_OK || o == KNOWN_HOSTS_IS_REVOKED) {
			*found = other;
			return o;
		}
	}
	return KNOWN_HOSTS_NEW;
}

static const char *short_type(struct slice type)
{
	return slice_is(type, "ssh-ed25519")	  ? "ed25519"
	       : slice_starts_with(type, "ecdsa") ? "ecdsa"
						  : "rsa";
}

static int refuse_new(const struct hostkey_policy *p, struct slice blob,
		      const struct known_hosts_found *found, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf print = {0};
	CLEANUP(strbuf_release) struct strbuf other = {0};
	struct slice type = hostkey_blob_type(blob);
	hostkey_fingerprint(&print, blob);
	strbuf_puts(&other, "");
	if (found->type_at.len > 0)
		strbuf_printf(&other, " (%s:%u has its %.*s key only)", found->at.file,
			      found->at.line, SLICE_ARG(found->type_at));
	return err_set(
		err, ERR_HOSTKEY,
		"the host key of %s is not known: %.*s %s is not in %s%s. Compare the fingerprint "
		"with `ssh-keygen -lf /etc/ssh/ssh_host_%s_key.pub` on the host's own console, "
		"then: ssh-keyscan -t %s -p %d %s >> %s   "
		"(ansible_host_key_checking: false switches the check off)",
		p->name, SLICE_ARG(type), print.ptr, p->files.len ? p->files.ptr : "any file",
		other.ptr, short_type(type), short_type(type), p->port, p->name,
		p->first_file ? p->first_file : "~/.ssh/known_hosts");
}

static int refuse_changed(const struct hostkey_policy *p, struct slice blob,
			  const struct known_hosts_found *found, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf print = {0};
	CLEANUP(strbuf_release) struct strbuf name = {0};
	hostkey_fingerprint(&print, blob);
	hostkey_name(&name, p->name, find_port(p));
	return err_set(err, ERR_HOSTKEY,
		       "the host key of %s HAS CHANGED: it shows %.*s %s, and %s:%u has another. "
		       "Somebody may be in between; or the host was installed anew, then: "
		       "ssh-keygen -f %s -R '%s' and add the new key",
		       p->name, SLICE_ARG(hostkey_blob_type(blob)), print.ptr, found->at.file,
		       found->at.line, found->at.file, name.ptr);
}

int hostkey_policy_check(struct hostkey_policy *p, struct slice blob, struct err *err)
{
	struct known_hosts_found found;
	if (hostkey_blob_type(blob).len == 0)
		return err_set(err, ERR_HOSTKEY, "%s shows no host key that can be read", p->name);
	enum known_hosts_outcome o =
		known_hosts_find(&p->known, p->name, find_port(p), blob, &found);
	if (o == KNOWN_HOSTS_NEW && !p->is_alias) {
		struct known_hosts_found second;
		o = second_look(p, blob, &second);
		if (o != KNOWN_HOSTS_NEW)
			found = second;
	}
	if (o == KNOWN_HOSTS_OK)
		return 0;
	if (o == KNOWN_HOSTS_IS_REVOKED)
		return err_set(err, ERR_HOSTKEY, "the host key of %s is revoked by %s:%u", p->name,
			       found.at.file, found.at.line);
	if (p->strict == SSH_STRICT_NO)
		return 0;
	if (o == KNOWN_HOSTS_CHANGED)
		return refuse_changed(p, blob, &found, err);
	if (p->strict == SSH_STRICT_ACCEPT_NEW)
		return p->first_file
			       ? known_hosts_append(p->first_file, p->name, find_port(p), blob, err)
			       : 0;
	return refuse_new(p, blob, &found, err);
}

void hostkey_policy_release(struct hostkey_policy *p)
{
	known_hosts_release(&p->known);
	strbuf_release(&p->files);
	free(p->first_file);
}
