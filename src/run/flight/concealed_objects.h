#pragma once
/* Secrets of Kubernetes in a result. */
#include "rollout/value/value.h"

/* `v` in `a`, with the data of each Secret in it marked secret: it can be registered and
 * sent, and appears nowhere. A text, where objects were to be, is secret as a whole. */
const struct value *concealed_objects(struct arena *a, const struct value *v);
