#pragma once
/*
 * A machine in memory for module tests: files, users, groups, packages, units,
 * and commands whose answers the test scripts. Changes are made to it as a
 * real host would make them; commands that change are only noted.
 *
 *     struct fake_host *f = fake_host_new();
 *     fake_file(f, "/etc/hostname", "old\n");
 *     fake_command(f, "sysctl -p /etc/sysctl.conf", 0, "");
 */
#include "rollout/module/module.h"

#define FAKE_MAX 32

struct fake_file {
	char *path;
	struct strbuf text;
	const char *link;
	bool dir;
	int mode;
	uint32_t flags;
};
struct fake_unit {
	const char *name;
	struct host_unit state;
	const char *refuses; /* message of a start that fails */
};
struct fake_package {
	const char *name, *version, *candidate; /* version NULL: not installed */
};
struct fake_command {
	const char *line;
	int exit_code;
	const char *out;
};

struct fake_host {
	struct host host;
	struct arena arena;
	struct fake_file files[FAKE_MAX];
	struct fake_unit units[FAKE_MAX];
	struct fake_package packages[FAKE_MAX];
	struct fake_command commands[FAKE_MAX];
	struct host_user users[FAKE_MAX];
	struct host_group groups[FAKE_MAX];
	size_t nfiles, nunits, npackages, ncommands, nusers, ngroups;
	struct strbuf log; /* one line for each change: "run modprobe overlay", "start ssh", … */
};

struct fake_host *fake_host_new(void);
void fake_file(struct fake_host *f, const char *path, const char *text);
void fake_unit(struct fake_host *f, const char *name, const char *active, const char *file_state);
void fake_package(struct fake_host *f, const char *name, const char *version,
		  const char *candidate);
void fake_command(struct fake_host *f, const char *line, int exit_code, const char *out);
void fake_user(struct fake_host *f, const char *name, unsigned id, const char *const *groups);
void fake_group(struct fake_host *f, const char *name, unsigned id);
/* fake_flags.c: the host's operations */
int fake_flags(struct host *h, const char *path, uint32_t *ret, struct err *err);
int fake_set_flags(struct host *h, const char *path, uint32_t flags, struct err *err);
const char *fake_text(struct fake_host *f, const char *path); /* NULL: absent */

/* A call of a module with arguments as YAML text; the result is the module's.
 * A failure of the arguments themselves is a failed result too. */
struct trial {
	struct arena arena;
	struct module_call call;
	struct module_services services;
	struct strbuf output;
};
const struct value *trial_run(struct trial *t, struct host *host, const char *module,
			      const char *args, bool check_mode);
void trial_release(struct trial *t);
/* Of the result: a string's text, "" when there is none. */
const char *result_text(const struct value *result, const char *key);
bool result_is(const struct value *result, const char *key); /* truthy */
