#pragma once
/* vars_prompt on the terminal: a plan_ask_fn. */
#include "rollout/plan/plan.h"

int prompt_ask(void *self, const struct plan_prompt *prompt, struct strbuf *ret_answer,
	       struct err *err);
