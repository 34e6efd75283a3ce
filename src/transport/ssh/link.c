#include "link.h"

#include "auth/auth.h"
#include "config/ssh_config.h"
#include "dial.h"
#include "jump.h"
#include "rollout/base/clock.h"

#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

const char *ssh_link_name(const struct ssh_link *link, char *buf, size_t size)
{
	snprintf(buf, size, "%s@%s", link->options.user ? link->options.user : "?",
		 link->options.hostname ? link->options.hostname : link->spec.host);
	return buf;
}

const char *ssh_link_trouble(const struct ssh_link *link)
{
	char *text = NULL;
	libssh2_session_last_error(link->session, &text, NULL, 0);
	return text ? text : "?";
}

size_t ssh_link_backlog(const struct ssh_link *link)
{
	size_t n = link->out.len - link->out_at;
	return link->via ? n + ssh_link_backlog(link->via) : n;
}

/* --- time --- */

static void on_timer(uv_timer_t *timer);

void ssh_link_arm(struct ssh_link *link, int64_t ms, bool repeat)
{
	uv_timer_start(link->timer, on_timer, (uint64_t)ms, repeat ? (uint64_t)ms : 0);
}

static void keep_alive(struct ssh_link *link)
{
	struct err why = {0};
	char who[200];
	int seconds;
	link->misses = link->heard_ms >= link->tick_ms ? 0 : link->misses + 1;
	link->tick_ms = clock_now_ms();
	if (link->misses == 0)
		return;
	if (link->misses >= LINK_ALIVE_MISSES) {
		err_set(&why, ERR_UNREACHABLE, "%s: nothing heard for %lld s",
			ssh_link_name(link, who, sizeof(who)),
			(long long)(link->tick_ms - link->heard_ms) / 1000);
		ssh_link_lose(link, &why);
		return;
	}
	libssh2_keepalive_send(link->session, &seconds);
	ssh_link_pump(link);
}

static const char *waiting_for(const struct ssh_link *link)
{
	switch (link->state) {
	case LINK_CONFIG:
		return "ssh -G";
	case LINK_TUNNEL:
		return "the jump host to connect";
	case LINK_CONNECT:
		return "the connection";
	case LINK_HANDSHAKE:
		return link->early_bytes ? "the key exchange" : "the ssh server's greeting";
	default:
		return "authentication";
	}
}

static void on_timer(uv_timer_t *timer)
{
	struct ssh_link *link = timer->data;
	struct err why = {0};
	char who[200];
	if (link->state == LINK_READY) {
		keep_alive(link);
		return;
	}
	if (link->state == LINK_CONFIG && !link->config) {
		link_begin(link);
		return;
	}
	if (link->state == LINK_TUNNEL && link->via->opener != link) {
		link_change_jump(link);
		return;
	}
	err_set(&why, link->state == LINK_AUTH ? ERR_TIMEOUT : ERR_UNREACHABLE,
		"%s port %d: waited %lld s for %s", ssh_link_name(link, who, sizeof(who)),
		link->options.port ? link->options.port : 22,
		(long long)(link->state == LINK_AUTH ? link->auth_timeout_ms
						     : link->connect_timeout_ms) /
			1000,
		waiting_for(link));
	ssh_link_lose(link, &why);
}

/* --- steps of the session --- */

static int step_tunnel(struct ssh_link *link, struct err *err)
{
	struct ssh_link *via = link->via;
	char who[200];
	if (via->opener && via->opener != link)
		return 1;
	if (!via->opener) {
		via->opener = link;
		via->opener_since_ms = clock_now_ms();
		ssh_link_arm(link, link->connect_timeout_ms, false);
	}
	link->via_channel = libssh2_channel_direct_tcpip_ex(via->session, link->options.hostname,
							    link->options.port, "127.0.0.1", 0);
	if (!link->via_channel) {
		if (libssh2_session_last_errno(via->session) == LIBSSH2_ERROR_EAGAIN) {
			link_io_flush(via);
			return 1;
		}
		err_set(err, ERR_UNREACHABLE, "the jump host %s cannot reach %s port %d: %s",
			ssh_link_name(via, who, sizeof(who)), link->options.hostname,
			link->options.port, ssh_link_trouble(via));
		via->opener = NULL;
		ssh_link_pump(via); /* the next in line */
		return ERR_UNREACHABLE;
	}
	via->opener = NULL;
	ssh_link_pump(via); /* the next in line */
	int r = link_start_session(link, err);
	return r < 0 ? r : 2;
}

static int handshake_failed(struct ssh_link *link, int rc, struct err *err)
{
	char who[200];
	bool none = rc == LIBSSH2_ERROR_KEX_FAILURE || rc == LIBSSH2_ERROR_METHOD_NONE;
	return err_set(err, none ? ERR_UNSUPPORTED : ERR_UNREACHABLE, "ssh with %s port %d: %s%s",
		       ssh_link_name(link, who, sizeof(who)), link->options.port,
		       link->hangup ? link->hangup : ssh_link_trouble(link),
		       none ? "; the server must offer an ed25519 or ecdsa host key, curve25519 or "
			      "ecdh, aes-ctr and hmac-sha2"
			    : "");
}

static int step_handshake(struct ssh_link *link, struct err *err)
{
	const struct ssh_link *root = link;
	while (root->via)
		root = root->via;
	/* the descriptor is only looked at: on_recv and on_send do the work */
	int rc = libssh2_session_handshake(link->session, root->fd);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return 1;
	if (rc != 0)
		return handshake_failed(link, rc, err);
	link->handshaken = true;
	size_t len = 0;
	int type;
	const char *key = libssh2_session_hostkey(link->session, &len, &type);
	int r = hostkey_policy_check(&link->hostkey, (struct slice){key, key ? len : 0}, err);
	if (r < 0)
		return r;
	link->auth = ssh_auth_new(link);
	link->state = LINK_AUTH;
	ssh_link_arm(link, link->auth_timeout_ms, false);
	return 2;
}

static int step_auth(struct ssh_link *link, struct err *err)
{
	int r = ssh_auth_step(link->auth, err);
	if (r != 0)
		return r;
	ssh_auth_free(link->auth);
	link->auth = NULL;
	link->state = LINK_READY;
	libssh2_keepalive_config(link->session, 1, 2);
	link->tick_ms = clock_now_ms();
	ssh_link_arm(link,
		     (int64_t)(link->options.alive_interval_s ? link->options.alive_interval_s
							      : TRANSPORT_KEEPALIVE_S) *
			     1000,
		     true);
	for (size_t i = 0; i < link->users.len; i++)
		link->users.at[i]->ready(link->users.at[i]);
	return 2;
}

/* 2: the state changed; 1: waiting. */
static int step(struct ssh_link *link, struct err *err)
{
	switch (link->state) {
	case LINK_TUNNEL:
		return step_tunnel(link, err);
	case LINK_HANDSHAKE:
		return step_handshake(link, err);
	case LINK_AUTH:
		return step_auth(link, err);
	default:
		return 1;
	}
}

static void free_zombies(struct ssh_link *link)
{
	for (size_t i = link->zombies.len; i-- > 0;)
		if (libssh2_channel_free(link->zombies.at[i]) != LIBSSH2_ERROR_EAGAIN)
			vec_remove(&link->zombies, i);
}

static void work(struct ssh_link *link)
{
	struct err why = {0};
	int r = 2;
	while (r == 2)
		r = step(link, &why);
	if (r < 0) {
		ssh_link_lose(link, &why);
		return;
	}
	if (link->state != LINK_READY)
		return;
	for (size_t i = 0; i < link->users.len; i++)
		link->users.at[i]->wake(link->users.at[i]);
	free_zombies(link);
}

static void check_hangup(struct ssh_link *link)
{
	struct err why = {0};
	char who[200];
	if (link->early_bytes > LINK_EARLY_MAX) {
		err_set(&why, ERR_PROTOCOL, "%s sent %u bytes before it let us in: no ssh server",
			ssh_link_name(link, who, sizeof(who)), LINK_EARLY_MAX);
		ssh_link_lose(link, &why);
	} else if (link->hangup) {
		err_set(&why, ERR_UNREACHABLE, "%s port %d: %s (%s)",
			ssh_link_name(link, who, sizeof(who)), link->options.port, link->hangup,
			link->state == LINK_READY ? "connected" : waiting_for(link));
		ssh_link_lose(link, &why);
	}
}

void ssh_link_pump(struct ssh_link *link)
{
	if (link->state == LINK_DEAD)
		return;
	if (link->pumping) {
		link->again = true;
		return;
	}
	link->pumping = true;
	do {
		link->again = false;
		work(link);
	} while (link->again && link->state != LINK_DEAD);
	if (link->state != LINK_DEAD)
		link_io_flush(link);
	link->pumping = false;
	if (link->state != LINK_DEAD)
		check_hangup(link);
}

/* --- life --- */

static void copy_keys(struct ssh_link *link, const char *const *files)
{
	size_t n = 0;
	if (!files)
		return;
	while (n < SSH_IDENTITIES_MAX && files[n])
		n++;
	link->key_files = ARENA_ARRAY(&link->arena, const char *, n + 1);
	for (size_t i = 0; i < n; i++)
		link->key_files[i] = arena_strdup(&link->arena, files[i]);
}

static const char *copy(struct arena *a, const char *s)
{
	return s ? arena_strdup(a, s) : NULL;
}

/* A jump host's link may outlive the target that first needed it. */
static const struct transport_target *copy_target(struct ssh_link *link,
						  const struct transport_target *t)
{
	struct arena *a = &link->arena;
	struct transport_target *own = ARENA_NEW(a, struct transport_target);
	own->key_files = link->key_files;
	own->ssh_args = copy(a, t->ssh_args);
	own->ssh_config_file = copy(a, t->ssh_config_file);
	own->host_key_checking = t->host_key_checking;
	own->connect_timeout_ms = t->connect_timeout_ms;
	own->start_timeout_ms = t->start_timeout_ms;
	own->key_passphrase = copy(a, t->key_passphrase);
	return own;
}

static const char *home_of_user(struct arena *a)
{
	const char *home = getenv("HOME");
	const struct passwd *pw = home && home[0] ? NULL : getpwuid(getuid());
	return arena_strdup(a, pw ? pw->pw_dir : home && home[0] ? home : "/");
}

struct ssh_link *ssh_link_open(uv_loop_t *loop, const struct ssh_link_spec *spec,
			       struct ssh_link_user *user)
{
	static bool initialised;
	const struct transport_target *t = spec->target;
	struct ssh_link *link = xcalloc(1, sizeof(*link));
	if (!initialised)
		libssh2_init(0);
	initialised = true;
	link->loop = loop;
	link->fd = -1;
	link->spec = *spec;
	link->spec.host = arena_strdup(&link->arena, spec->host);
	link->spec.user = copy(&link->arena, spec->user);
	link->spec.jumps = copy(&link->arena, spec->jumps);
	copy_keys(link, t->key_files);
	link->spec.target = copy_target(link, t);
	link->key_passphrase = link->spec.target->key_passphrase;
	link->password = spec->is_jump ? NULL : t->password;
	link->connect_timeout_ms = t->connect_timeout_ms;
	link->auth_timeout_ms =
		t->start_timeout_ms > 0 ? t->start_timeout_ms : TRANSPORT_START_TIMEOUT_MS;
	link->home = home_of_user(&link->arena);
	vec_push(&link->users, user);
	link->timer = xcalloc(1, sizeof(*link->timer));
	link->timer->data = link;
	uv_timer_init(loop, link->timer);
	ssh_link_arm(link, 0, false); /* begins from the loop: nobody is called back from open */
	return link;
}

void ssh_link_join(struct ssh_link *link, struct ssh_link_user *user)
{
	vec_push(&link->users, user);
}

void ssh_link_lose(struct ssh_link *link, const struct err *why)
{
	if (link->state == LINK_DEAD)
		return;
	link->why = *why;
	link->state = LINK_DEAD;
	uv_timer_stop(link->timer);
	jump_forget(link);
	if (link->via && link->via->opener == link) {
		link->via->opener = NULL;
		link->via->stuck = link->via->state == LINK_READY;
	}
	for (size_t i = 0; i < link->users.len; i++)
		link->users.at[i]->lost(link->users.at[i], &link->why);
	if (link->poll)
		uv_poll_stop(link->poll);
}

void ssh_link_drop_channel(struct ssh_link *link, LIBSSH2_CHANNEL *channel)
{
	if (!channel)
		return;
	if (libssh2_channel_free(channel) == LIBSSH2_ERROR_EAGAIN)
		vec_push(&link->zombies, channel);
	if (link->state == LINK_READY)
		link_io_flush(link);
}

static void free_handle(uv_handle_t *h)
{
	free(h);
}

static void link_free(struct ssh_link *link)
{
	jump_forget(link);
	ssh_config_cancel(link->config);
	dial_cancel(link->dial);
	dial_command_end(link->proxy);
	ssh_auth_free(link->auth);
	if (link->state == LINK_READY) {
		libssh2_session_disconnect(link->session, "");
		link_io_flush(link);
	}
	bool opening = link->via && link->via->opener == link;
	link->state = LINK_DEAD;
	if (link->session) {
		/* libssh2 1.10 forgets what a key exchange holds, unless that
		 * ends with an error: now it does, on_recv sees to it */
		if (!link->handshaken)
			libssh2_session_handshake(link->session, link->fd);
		libssh2_session_free(link->session);
	}
	if (link->via) {
		if (opening) {
			link->via->opener = NULL;
			link->via->stuck = true;
		}
		ssh_link_drop_channel(link->via, link->via_channel);
		ssh_link_leave(link->via, &link->via_user);
	}
	link_io_release(link);
	uv_close((uv_handle_t *)link->timer, free_handle);
	hostkey_policy_release(&link->hostkey);
	ssh_options_release(&link->options);
	vec_release(&link->users);
	vec_release(&link->zombies);
	arena_release(&link->arena);
	free(link->shared_key);
	free(link);
}

void ssh_link_leave(struct ssh_link *link, struct ssh_link_user *user)
{
	for (size_t i = link->users.len; i-- > 0;)
		if (link->users.at[i] == user)
			vec_remove(&link->users, i);
	if (link->users.len == 0)
		link_free(link);
}
