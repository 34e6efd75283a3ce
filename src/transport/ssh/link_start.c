/* A link's way from a name to a session: configuration, jump hosts, socket. */
#include "config/ssh_config.h"
#include "dial.h"
#include "jump.h"
#include "link.h"
#include "rollout/base/clock.h"

#include <pwd.h>
#include <unistd.h>

#define SYSTEM_CONFIG "/etc/ssh/ssh_config"

/* Cheap to compute with OpenSSL on both sides, and what sshd 9 offers. The last one is
 * no method but makes the exchange strict (CVE-2023-48795); a libssh2 that does not know
 * it drops it, and Ubuntu's 1.11.0 breaks the connection where it is not asked for. */
#define KEX_PREFERENCE                                                                             \
	"curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"    \
	"ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group14-sha256,"          \
	"diffie-hellman-group-exchange-sha256,kex-strict-c-v00@openssh.com"
#define CIPHER_PREFERENCE "aes128-ctr,aes256-ctr,aes192-ctr"
#define MAC_PREFERENCE "hmac-sha2-256,hmac-sha2-512,hmac-sha1"

int link_start_session(struct ssh_link *link, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf types = {0};
	link->session = libssh2_session_init_ex(NULL, NULL, NULL, link);
	if (!link->session)
		return err_set(err, ERR_SYS, "libssh2 gives no session");
	libssh2_session_set_blocking(link->session, 0);
	link_io_session(link);
	hostkey_policy_types(&link->hostkey, &types);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_KEX, KEX_PREFERENCE);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_HOSTKEY, types.ptr);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_CRYPT_CS, CIPHER_PREFERENCE);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_CRYPT_SC, CIPHER_PREFERENCE);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_MAC_CS, MAC_PREFERENCE);
	libssh2_session_method_pref(link->session, LIBSSH2_METHOD_MAC_SC, MAC_PREFERENCE);
	link->state = LINK_HANDSHAKE;
	return 0;
}

static void lose_on(struct ssh_link *link, int r, const struct err *why)
{
	if (r < 0)
		ssh_link_lose(link, why);
}

static void on_dialled(void *ctx, int fd, const struct err *why)
{
	struct ssh_link *link = ctx;
	struct err err = {0};
	link->dial = NULL;
	if (fd < 0) {
		ssh_link_lose(link, why);
		return;
	}
	int r = link_io_attach(link, fd);
	if (r < 0)
		r = err_set(&err, ERR_SYS, "watch the socket: %s", uv_strerror(r));
	else
		r = link_start_session(link, &err);
	if (r < 0)
		ssh_link_lose(link, &err);
	else
		ssh_link_pump(link);
}

static int dial(struct ssh_link *link, struct err *err)
{
	struct ssh_options *o = &link->options;
	link->state = LINK_CONNECT;
	ssh_link_arm(link, link->connect_timeout_ms, false);
	if (!o->proxy_command) {
		link->dial = dial_tcp(link->loop, o->hostname, o->port, on_dialled, link);
		return 0;
	}
	int fd;
	const char *command = ssh_options_expand(o, o->proxy_command, link->home, link->spec.host);
	int r = dial_command(link->loop, command, &link->proxy, &fd, err);
	if (r == 0)
		on_dialled(link, fd, NULL);
	return r;
}

static struct ssh_link *of_via_user(struct ssh_link_user *u)
{
	return (struct ssh_link *)((char *)u - offsetof(struct ssh_link, via_user));
}

static void via_ready(struct ssh_link_user *u)
{
	struct ssh_link *link = of_via_user(u);
	link->state = LINK_TUNNEL;
	ssh_link_arm(link, LINK_OPENER_MS, false);
	ssh_link_pump(link);
}

static void via_wake(struct ssh_link_user *u)
{
	ssh_link_pump(of_via_user(u));
}

static void via_lost(struct ssh_link_user *u, const struct err *why)
{
	struct err err = *why;
	err_wrap(&err, err.code, "through the jump host");
	ssh_link_lose(of_via_user(u), &err);
}

static int join_jump(struct ssh_link *link, struct err *err)
{
	const char *hops = link->spec.jumps ? link->spec.jumps : link->options.proxy_jump;
	link->state = LINK_JUMP;
	uv_timer_stop(link->timer); /* the jump host's link has limits of its own */
	link->via_user = (struct ssh_link_user){via_ready, via_wake, via_lost};
	link->via = jump_join(link, hops, &link->via_user, err);
	if (!link->via)
		return ERR_INVALID;
	if (link->via->state == LINK_READY)
		via_ready(&link->via_user);
	return 0;
}

/* The one before us opens for too long: a host that does not answer. */
void link_change_jump(struct ssh_link *link)
{
	struct err why = {0};
	struct ssh_link *old = link->via;
	link->via = NULL;
	ssh_link_leave(old, &link->via_user);
	lose_on(link, join_jump(link, &why), &why);
}

static void fill_defaults(struct ssh_link *link)
{
	struct ssh_options *o = &link->options;
	const struct passwd *pw;
	if (!o->port)
		o->port = 22;
	o->hostname = o->hostname ? ssh_options_expand(o, o->hostname, link->home, link->spec.host)
				  : link->spec.host;
	if (!o->user) {
		pw = getpwuid(getuid());
		o->user = pw ? arena_strdup(&o->arena, pw->pw_name) : "root";
	}
	if (link->connect_timeout_ms <= 0)
		link->connect_timeout_ms = o->connect_timeout_s
						   ? (int64_t)o->connect_timeout_s * 1000
						   : TRANSPORT_CONNECT_TIMEOUT_MS;
}

/* `Host *` with a ProxyJump means the jump host too: it is no way to itself. */
static bool leads_to_itself(const struct ssh_link *link)
{
	const char *hops = link->options.proxy_jump;
	const char *at = strchr(hops, '@');
	size_t n = strlen(link->spec.host);
	hops = at ? at + 1 : hops;
	return link->spec.is_jump && strncmp(hops, link->spec.host, n) == 0 &&
	       (!hops[n] || hops[n] == ':');
}

static int configured(struct ssh_link *link, struct err *err)
{
	fill_defaults(link);
	int r = hostkey_policy_load(&link->hostkey, &link->options, link->spec.host, link->home,
				    err);
	if (r < 0)
		return r;
	bool jump = link->spec.jumps || (link->options.proxy_jump && !leads_to_itself(link));
	return jump ? join_jump(link, err) : dial(link, err);
}

static void on_config(void *ctx, struct slice out, const struct err *why)
{
	struct ssh_link *link = ctx;
	struct err err = {0};
	link->config = NULL;
	if (why) {
		ssh_link_lose(link, why);
		return;
	}
	ssh_options_text(&link->options, out);
	lose_on(link, configured(link, &err), &err);
}

/* Of the arguments for the target, what makes sense for a jump host. ssh gives
 * its jump hosts none at all; but where would their keys be then? */
static void drop_own_options(struct ssh_options *o)
{
	o->hostname = o->host_key_alias = o->user = NULL;
	o->proxy_jump = o->proxy_command = NULL;
	o->port = 0;
	o->foreign = false;
	o->args.len = 0;
}

static int read_arguments(struct ssh_link *link, struct err *err)
{
	const struct transport_target *t = link->spec.target;
	struct ssh_options *o = &link->options;
	if (!t->host_key_checking)
		o->strict = SSH_STRICT_NO;
	if (!link->spec.is_jump) {
		o->port = link->spec.port;
		o->user = link->spec.user;
	}
	int r = ssh_options_args(o, t->ssh_args, err);
	if (r < 0 || !link->spec.is_jump)
		return r;
	drop_own_options(o);
	o->port = link->spec.port;
	o->user = link->spec.user;
	return 0;
}

static bool is_no_file(const char *path)
{
	return strcmp(path, "none") == 0 || strcmp(path, "/dev/null") == 0;
}

static int first_step(struct ssh_link *link, struct err *err)
{
	const struct transport_target *t = link->spec.target;
	const char *file;
	if (!link->spec.host[0])
		return err_set(err, ERR_INVALID, "the host has an empty address");
	int r = read_arguments(link, err);
	if (r < 0)
		return r;
	file = link->options.config_file ? link->options.config_file : t->ssh_config_file;
	bool matters = file ? !is_no_file(file) : ssh_config_matters(link->home, SYSTEM_CONFIG);
	if (!matters && !link->options.foreign)
		return configured(link, err);
	link->config = ssh_config_start(link->loop, &link->options, file, link->spec.host, err);
	if (!link->config)
		return ERR_SYS;
	ssh_config_expect(link->config, on_config, link);
	ssh_link_arm(link, TRANSPORT_CONNECT_TIMEOUT_MS, false);
	return 0;
}

void link_begin(struct ssh_link *link)
{
	struct err why = {0};
	lose_on(link, first_step(link, &why), &why);
}
