#pragma once
/* The settings of Ansible's configuration: those that count, and those that need not. */
#include "../options.h"

enum setting_kind {
	SETTING_TEXT,	   /* const char * */
	SETTING_PATH,	   /* const char *, relative to the file */
	SETTING_PATHS,	   /* const char *, colons between */
	SETTING_NUMBER,	   /* unsigned */
	SETTING_FLAG,	   /* bool, set where true */
	SETTING_FLAG_NOT,  /* bool, set where false */
	SETTING_LIST,	   /* option_texts, commas between */
	SETTING_SOURCES,   /* option_texts: the inventory's sources */
	SETTING_TRANSPORT, /* const char *: local, or what comes to ssh */
	SETTING_HASH,	   /* const char *: replace or merge */
	SETTING_SSH_ARGS,  /* connections are shared anyway; other arguments do not count */
};

/* The folders of a list with colons between, `~` expanded; strings in `a`. NULL: none. */
void config_split_paths(struct arena *a, const char *list, option_texts *ret);

struct setting {
	const char *section, *key, *environment;
	enum setting_kind kind;
	size_t offset;
};

extern const struct setting config_settings[];
extern const size_t config_setting_count;
/* Without a word about them. A NULL key: all of the section. */
extern const struct setting config_ignored[];
extern const size_t config_ignored_count;
