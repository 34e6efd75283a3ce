#pragma once
/*
 * The shortest edit script between two lists of lines: E. Myers, "An O(ND)
 * Difference Algorithm and Its Variations" (1986), section 4b, which needs
 * linear space.
 */
#include "lines.h"

/* Sets removed[i] for each line of a and added[j] for each line of b that is
 * not in common. More than max_edits: all between the common ends are. */
void myers_diff(const struct lines *a, const struct lines *b, size_t max_edits, bool *removed,
		bool *added);
