#pragma once
/* The POSIX sh script of bootstrap.h's conversation, one line. */
extern const char bootstrap_script[];

#define BOOTSTRAP_PROMPT "[rollout sudo password]"
#define BOOTSTRAP_MARK "ROLLOUT-AGENT-"
