#pragma once
/* Hexadecimal, as binascii has it. */
#include "rollout/base/str.h"

void hex_encode(struct strbuf *out, struct slice bytes);
/* White space between digits is skipped. false: something else, or half a byte. */
bool hex_decode(struct strbuf *out, struct slice text);
