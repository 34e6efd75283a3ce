/* An agent at the end of an SSH channel (RFC 4254 §6). */
#include "../pipe.h"
#include "link.h"

#include <stdlib.h>

enum ssh_stage {
	SSH_LINK, /* → OPEN */
	SSH_OPEN, /* a session channel is being opened → EXEC */
	SSH_EXEC, /* the command is being asked for → RUN */
	SSH_RUN,  /* bytes flow → ENDED */
	SSH_ENDED,
};

struct ssh {
	struct transport base;
	struct ssh_link_user user;
	struct ssh_link *link;
	LIBSSH2_CHANNEL *channel;
	enum ssh_stage stage;
	struct strbuf command;
	bool eof_sent, writing;
};

static struct ssh *of_user(struct ssh_link_user *u)
{
	return (struct ssh *)((char *)u - offsetof(struct ssh, user));
}

static void fail_on(struct ssh *s, const char *what)
{
	struct err why = {0};
	char who[200];
	err_set(&why, ERR_UNSUPPORTED, "%s %s: %s", ssh_link_name(s->link, who, sizeof(who)), what,
		ssh_link_trouble(s->link));
	transport_fail(&s->base, &why);
}

static bool open_channel(struct ssh *s)
{
	s->channel = libssh2_channel_open_session(s->link->session);
	if (!s->channel) {
		if (libssh2_session_last_errno(s->link->session) != LIBSSH2_ERROR_EAGAIN)
			fail_on(s, "lets us in and refuses a session");
		return false;
	}
	s->stage = SSH_EXEC;
	return true;
}

static bool exec_command(struct ssh *s)
{
	int rc = libssh2_channel_process_startup(s->channel, "exec", 4, s->command.ptr,
						 (unsigned)s->command.len);
	if (rc == LIBSSH2_ERROR_EAGAIN)
		return false;
	if (rc < 0) {
		fail_on(s, "lets us in and refuses to run a command");
		return false;
	}
	s->stage = SSH_RUN;
	return true;
}

/* Fills libssh2 while the network takes it; what is left waits for the socket
 * or for the peer's window, either of which wakes us. */
static void fill_channel(struct ssh *s)
{
	struct slice p;
	while ((p = transport_pending(&s->base)).len > 0) {
		if (ssh_link_backlog(s->link) >= LINK_OUT_HIGH) {
			link_io_flush(s->link);
			if (ssh_link_backlog(s->link) >= LINK_OUT_HIGH)
				return;
		}
		ssize_t n = libssh2_channel_write(s->channel, p.ptr, p.len);
		if (n <= 0) /* the peer's window is full; or gone, then reading tells */
			return;
		transport_took(&s->base, (size_t)n);
	}
	if (s->base.state == TRANSPORT_CLOSING && !s->eof_sent)
		s->eof_sent = libssh2_channel_send_eof(s->channel) != LIBSSH2_ERROR_EAGAIN;
}

/* What on_drained queues is written by the call that is under way. */
static void write_pending(struct ssh *s)
{
	if (s->writing)
		return;
	s->writing = true;
	fill_channel(s);
	s->writing = false;
}

static bool read_stream(struct ssh *s, int stream)
{
	char buf[32768];
	bool any = false;
	while (s->base.state != TRANSPORT_ENDING) {
		ssize_t n = libssh2_channel_read_ex(s->channel, stream, buf, sizeof(buf));
		if (n <= 0)
			break;
		any = true;
		const struct slice bytes = {buf, (size_t)n};
		if (stream == 0)
			bootstrap_stdout(&s->base.boot, bytes);
		else
			bootstrap_stderr(&s->base.boot, bytes);
	}
	return any;
}

static void check_end(struct ssh *s)
{
	char *signal = NULL;
	size_t n = 0;
	if (!libssh2_channel_eof(s->channel) ||
	    libssh2_channel_wait_closed(s->channel) == LIBSSH2_ERROR_EAGAIN)
		return;
	s->stage = SSH_ENDED;
	libssh2_channel_get_exit_signal(s->channel, &signal, &n, NULL, NULL, NULL, NULL);
	transport_ended(&s->base, libssh2_channel_get_exit_status(s->channel), signal);
	if (signal)
		libssh2_free(s->link->session, signal);
}

static void wake(struct ssh_link_user *u)
{
	struct ssh *s = of_user(u);
	if (s->base.state == TRANSPORT_ENDING)
		return;
	if (s->stage == SSH_OPEN)
		open_channel(s);
	if (s->stage == SSH_EXEC && s->base.state != TRANSPORT_ENDING)
		exec_command(s);
	if (s->stage == SSH_RUN) {
		bool errors = read_stream(s, SSH_EXTENDED_DATA_STDERR);
		while (read_stream(s, 0) && errors)
			errors = read_stream(s, SSH_EXTENDED_DATA_STDERR);
		if (s->base.state != TRANSPORT_ENDING)
			write_pending(s);
		if (s->base.state != TRANSPORT_ENDING)
			check_end(s);
	}
}

static void ready(struct ssh_link_user *u)
{
	struct ssh *s = of_user(u);
	if (s->base.state == TRANSPORT_ENDING)
		return;
	/* root need not become root */
	if (s->link->options.user && strcmp(s->link->options.user, "root") == 0)
		s->base.target.become = false;
	s->base.target.user = s->link->options.user;
	bootstrap_command(&s->base.target, &s->command);
	s->stage = SSH_OPEN;
	transport_started(&s->base);
}

static void lost(struct ssh_link_user *u, const struct err *why)
{
	transport_fail(&of_user(u)->base, why);
}

/* Nothing is read here: whoever sends is called back by the loop alone. */
static void push(struct transport *t)
{
	struct ssh *s = (struct ssh *)t;
	if (s->link->pumping) {
		s->link->again = true;
	} else if (s->stage == SSH_RUN && s->link->state == LINK_READY) {
		write_pending(s);
		link_io_flush(s->link);
	}
}

static void stop(struct transport *t)
{
	struct ssh *s = (struct ssh *)t;
	ssh_link_leave(s->link, &s->user); /* and the channel with it */
	strbuf_release(&s->command);
}

struct transport *ssh_open(uv_loop_t *loop, const struct transport_target *target)
{
	static const struct transport_ops ops = {push, stop};
	struct ssh *s = xcalloc(1, sizeof(*s));
	const struct ssh_link_spec spec = {.host = target->host ? target->host : target->name,
					   .user = target->user,
					   .port = target->port,
					   .target = target};
	transport_init(&s->base, &ops, loop, target);
	s->user = (struct ssh_link_user){ready, wake, lost};
	s->link = ssh_link_open(loop, &spec, &s->user);
	return &s->base;
}
