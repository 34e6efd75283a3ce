#pragma once
/*
 * A worker's own program: it takes TASK frames from its socket and runs them.
 * A worker for the real host runs one task, as that task's user, and ends; the
 * one for check mode runs all of them on one overlay, and stays root.
 */
#include <stdbool.h>

/* Never returns. Ends when the other side of fd is closed. */
_Noreturn void runner_main(int fd, bool check_mode);
