#pragma once
/* The parts of CBOR (RFC 8949 section 3) that both directions name. */
#include "rollout/base/str.h"

enum cbor_major {
	CBOR_UINT = 0,
	CBOR_NEGATIVE = 1,
	CBOR_BYTES = 2,
	CBOR_TEXT = 3,
	CBOR_ARRAY = 4,
	CBOR_MAP = 5,
	CBOR_TAG = 6,
	CBOR_SIMPLE = 7,
};
enum cbor_simple { CBOR_FALSE = 20, CBOR_TRUE = 21, CBOR_NULL = 22 };
enum cbor_info {
	CBOR_ONE_BYTE = 24,
	CBOR_TWO_BYTES = 25,
	CBOR_FOUR_BYTES = 26,
	CBOR_EIGHT_BYTES = 27
};

/* UTF-8: a text string, else a byte string. */
bool cbor_is_text(struct slice s);
