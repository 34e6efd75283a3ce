#pragma once
/*
 * The ports of a project's switch and what goes between them: a learning Ethernet
 * switch. The working directory of the process is the project's state folder.
 *
 *     segment_new → segment_rescan, then again each second
 *     segment_watch → poll(2) → segment_serve, for ever
 */
#include "rollout/vm/vm.h"

#include <poll.h>

#define SEGMENT_FRAME_MIN 14u	 /* an Ethernet header */
#define SEGMENT_FRAME_MAX 65536u /* QEMU sends what its guest sends */
#define SEGMENT_QUEUE_MAX 256u	 /* frames that wait for a machine that does not read */

struct segment;
struct segment *segment_new(void);
void segment_free(struct segment *s);

/* A port for each machine below machines/ whose running.lock is held, connected to its
 * segment.sock as soon as that is there; the ports of others go. Returns how many. */
size_t segment_rescan(struct segment *s);
/* Fills fds[VM_MAX]; returns how many. They are good for one segment_serve. */
size_t segment_watch(const struct segment *s, struct pollfd *fds);
void segment_serve(struct segment *s, const struct pollfd *fds, size_t n);
