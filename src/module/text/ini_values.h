#pragma once
/* INI as Python's configparser reads it by default: keys in lower case, values of
 * several lines, a section DEFAULT, %(name)s. Texts alone. */
#include "rollout/base/str.h"
#include "rollout/value/value.h"

/* A dict of dicts, in the arena; NULL: the text is none such, or becomes more than 4 MB. */
const struct value *ini_parse(struct arena *a, struct slice text);
