#pragma once
/* What a client may meet instead of an ssh server, or on the way to one. */
#include <stddef.h>

enum peer { PEER_SILENT, PEER_CLOSES, PEER_CUT_BANNER, PEER_FLOOD, PEER_LONG_LINE, PEER_GARBAGE };

/* A free port of the loopback; *ret_fd, unless NULL, listens there. */
int peers_port(int *ret_fd);
int peers_connect(int fd, int port);
void peers_play(enum peer peer, int fd);
/* Goes between who connects to the listener and the port, until so many bytes came from
 * there; then it hangs up, or lives on and moves nothing. A process of its own. */
_Noreturn void peers_relay(int listener, int port, size_t budget);
_Noreturn void peers_dead_relay(int listener, int port, size_t budget);
