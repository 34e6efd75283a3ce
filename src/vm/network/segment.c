#include "segment.h"

#include "../liveness.h"
#include "mactable.h"
#include "rollout/base/clock.h"
#include "rollout/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define BATCH_FRAMES 64 /* of one port before the next has its turn */

/* Which socket a path led to. A number alone may be given to the next file at once. */
struct identity {
	dev_t dev;
	ino_t ino;
	struct timespec changed;
};

struct frame { /* one copy, in as many queues as wait for it */
	unsigned refs;
	size_t len;
	unsigned char bytes[];
};

struct port {
	char *machine;
	int fd; /* machines/NAME/uplink.sock */
	struct identity own, peer;
	bool connected; /* to machines/NAME/segment.sock */
	bool seen;	/* by the rescan that goes on */
	struct frame *queue[SEGMENT_QUEUE_MAX];
	size_t head, queued;
};

struct segment {
	struct port *ports[VM_MAX]; /* NULL: free */
	struct mac_table stations;
	int folder; /* the state folder */
	unsigned char frame[SEGMENT_FRAME_MAX + 1];
};

struct segment *segment_new(void)
{
	struct segment *s = xcalloc(1, sizeof(*s));
	s->folder = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return s;
}

/* ---- queues ---- */

static struct frame *frame_new(const unsigned char *bytes, size_t len)
{
	struct frame *f = xmalloc(sizeof(*f) + len);
	f->refs = 1;
	f->len = len;
	memcpy(f->bytes, bytes, len);
	return f;
}

static void frame_unref(struct frame *f)
{
	if (f && --f->refs == 0)
		free(f);
}

static void queue_shift(struct port *p)
{
	frame_unref(p->queue[p->head]);
	p->head = (p->head + 1) % SEGMENT_QUEUE_MAX;
	p->queued--;
}

static void queue_clear(struct port *p)
{
	while (p->queued > 0)
		queue_shift(p);
}

/* ---- sending ---- */

static bool would_block(int number)
{
	return number == EAGAIN || number == EWOULDBLOCK || number == EINTR;
}

/* The machine is gone, or its QEMU is another by now: the rescan connects anew. */
static void port_lost(struct segment *s, size_t index)
{
	struct port *p = s->ports[index];
	p->connected = false;
	queue_clear(p);
	mac_table_forget_port(&s->stations, index);
}

/* false: it must wait. A frame that cannot be sent at all is lost, as on a wire. */
static bool port_send(struct segment *s, size_t index, const unsigned char *bytes, size_t len)
{
	struct port *p = s->ports[index];
	if (send(p->fd, bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
		return true;
	if (would_block(errno))
		return false;
	if (errno != EMSGSIZE && errno != ENOBUFS && errno != ENOMEM)
		port_lost(s, index);
	return true;
}

static void port_flush(struct segment *s, size_t index)
{
	struct port *p = s->ports[index];
	while (p->queued > 0 &&
	       port_send(s, index, p->queue[p->head]->bytes, p->queue[p->head]->len))
		if (p->queued > 0) /* port_lost emptied it */
			queue_shift(p);
}

/* *copy is made when the first port needs it, and is the caller's to unref. */
static void deliver(struct segment *s, size_t to, size_t len, struct frame **copy)
{
	struct port *p = s->ports[to];
	if (!p->connected || p->queued == SEGMENT_QUEUE_MAX)
		return;
	if (p->queued == 0 && port_send(s, to, s->frame, len))
		return;
	if (!*copy)
		*copy = frame_new(s->frame, len);
	(*copy)->refs++;
	p->queue[(p->head + p->queued++) % SEGMENT_QUEUE_MAX] = *copy;
}

static void forward(struct segment *s, size_t from, size_t len, int64_t now_ms)
{
	struct frame *copy = NULL;
	size_t to;
	mac_table_learn(&s->stations, s->frame + MAC_SIZE, from, now_ms);
	if (!mac_is_multicast(s->frame) && mac_table_find(&s->stations, s->frame, now_ms, &to)) {
		if (to != from)
			deliver(s, to, len, &copy);
	} else {
		for (to = 0; to < VM_MAX; to++)
			if (to != from && s->ports[to])
				deliver(s, to, len, &copy);
	}
	frame_unref(copy);
}

static void port_receive(struct segment *s, size_t index)
{
	const int64_t now_ms = clock_now_ms();
	for (int i = 0; i < BATCH_FRAMES; i++) {
		ssize_t n = recv(s->ports[index]->fd, s->frame, sizeof(s->frame), MSG_DONTWAIT);
		if (n < 0)
			return;
		if (n >= (ssize_t)SEGMENT_FRAME_MIN && n <= (ssize_t)SEGMENT_FRAME_MAX)
			forward(s, index, (size_t)n, now_ms);
	}
}

/* ---- which machines there are ---- */

static bool identity_read(const char *path, struct identity *ret)
{
	struct stat st;
	if (lstat(path, &st) < 0 || !S_ISSOCK(st.st_mode))
		return false;
	*ret = (struct identity){st.st_dev, st.st_ino, st.st_ctim};
	return true;
}

static bool identity_eq(const struct identity *a, const struct identity *b)
{
	return a->dev == b->dev && a->ino == b->ino && a->changed.tv_sec == b->changed.tv_sec &&
	       a->changed.tv_nsec == b->changed.tv_nsec;
}

/* The machine's folder is the working directory: no path is too long for sun_path. */
static int bind_uplink(void)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "uplink.sock"};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	unlink(a.sun_path);
	if (fd >= 0 && bind(fd, (const struct sockaddr *)&a, sizeof(a)) < 0)
		fd_close(&fd);
	return fd;
}

/* Being connected has the kernel wake us when the machine reads again, and lets the
 * machine send past net.unix.max_dgram_qlen. */
static void port_connect(struct port *p)
{
	const struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "segment.sock"};
	struct identity there;
	if (!identity_read(a.sun_path, &there) || (p->connected && identity_eq(&there, &p->peer)))
		return;
	p->connected = connect(p->fd, (const struct sockaddr *)&a, sizeof(a)) == 0;
	p->peer = there;
}

static struct port *port_new(const char *machine)
{
	int fd = bind_uplink();
	if (fd < 0)
		return NULL;
	struct port *p = xcalloc(1, sizeof(*p));
	p->machine = xstrdup(machine);
	p->fd = fd;
	identity_read("uplink.sock", &p->own);
	return p;
}

static void port_free(struct port *p)
{
	if (!p)
		return;
	queue_clear(p);
	close(p->fd);
	free(p->machine);
	free(p);
}

static void drop_port(struct segment *s, size_t index)
{
	mac_table_forget_port(&s->stations, index);
	port_free(s->ports[index]);
	s->ports[index] = NULL;
}

/* The machine's place, or a free one; VM_MAX: full. */
static size_t place_of(const struct segment *s, const char *machine)
{
	size_t place = VM_MAX;
	for (size_t i = VM_MAX; i-- > 0;) {
		if (!s->ports[i])
			place = i;
		else if (strcmp(s->ports[i]->machine, machine) == 0)
			return i;
	}
	return place;
}

/* In the machine's folder. */
static void attach(struct segment *s, const char *machine)
{
	size_t i = place_of(s, machine);
	struct identity own;
	if (i == VM_MAX)
		return;
	if (s->ports[i] &&
	    !(identity_read("uplink.sock", &own) && identity_eq(&own, &s->ports[i]->own)))
		drop_port(s, i); /* the folder was made anew */
	if (!s->ports[i])
		s->ports[i] = port_new(machine);
	if (!s->ports[i])
		return;
	s->ports[i]->seen = true;
	port_connect(s->ports[i]);
}

static void visit(struct segment *s, const char *machine)
{
	if (machine[0] == '.' || fchdir(s->folder) < 0 || chdir("machines") < 0 ||
	    chdir(machine) < 0)
		return;
	if (vm_lock_is_held("running.lock"))
		attach(s, machine);
}

static size_t sweep(struct segment *s)
{
	size_t n = 0;
	for (size_t i = 0; i < VM_MAX; i++) {
		if (s->ports[i] && !s->ports[i]->seen)
			drop_port(s, i);
		if (!s->ports[i])
			continue;
		s->ports[i]->seen = false;
		n++;
	}
	return n;
}

size_t segment_rescan(struct segment *s)
{
	const struct dirent *e;
	DIR *machines = opendir("machines");
	while (machines && (e = readdir(machines)))
		visit(s, e->d_name);
	if (machines)
		closedir(machines);
	if (fchdir(s->folder) < 0) /* removed: nothing is found from now on */
		return 0;
	return sweep(s);
}

/* ---- serving ---- */

size_t segment_watch(const struct segment *s, struct pollfd *fds)
{
	size_t n = 0;
	for (size_t i = 0; i < VM_MAX; i++) {
		const struct port *p = s->ports[i];
		if (p)
			fds[n++] = (struct pollfd){
				p->fd, (short)(p->queued > 0 ? POLLIN | POLLOUT : POLLIN), 0};
	}
	return n;
}

void segment_serve(struct segment *s, const struct pollfd *fds, size_t n)
{
	for (size_t i = 0, f = 0; i < VM_MAX && f < n; i++) {
		if (!s->ports[i])
			continue;
		if (fds[f].revents & POLLOUT)
			port_flush(s, i);
		if (fds[f++].revents & ~POLLOUT)
			port_receive(s, i);
	}
}

void segment_free(struct segment *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < VM_MAX; i++)
		port_free(s->ports[i]);
	fd_close(&s->folder);
	free(s);
}
