#pragma once
/* Text as code points. A byte that is not UTF-8 counts as one character. */
#include "rollout/base/str.h"

size_t chars_length(struct slice s);
size_t chars_next(struct slice s, size_t pos);	   /* offset behind the character at pos */
uint32_t chars_decode(struct slice s, size_t pos); /* invalid: 0xDC00 + the byte */
void chars_put(struct strbuf *b, uint32_t c);
/* Byte offset of the n-th character (s.len when there are fewer). */
size_t chars_offset(struct slice s, size_t n);

bool chars_is_alpha(uint32_t c);
bool chars_is_space(uint32_t c);
bool chars_is_upper(uint32_t c);
bool chars_is_lower(uint32_t c);
uint32_t chars_to_upper(uint32_t c);
uint32_t chars_to_lower(uint32_t c);
void chars_upper(struct strbuf *b, struct slice s);
void chars_lower(struct strbuf *b, struct slice s);
