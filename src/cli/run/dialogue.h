#pragma once
/* Questions at the terminal while a run goes on: --step, the debugger and pause. */
#include "rollout/run/run.h"

#include <termios.h>

struct dialogue {
	struct run_dialogue run; /* .self is set by dialogue_open */
	int tty;
	bool hides; /* what is typed; before, the terminal was as in `shown` */
	struct termios shown;
};
/* False: there is no terminal. */
bool dialogue_open(struct dialogue *d);
void dialogue_close(struct dialogue *d);
