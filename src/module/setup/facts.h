#pragma once
/*
 * Facts: collectors, each for a set of names. Files are read through the host;
 * the kernel's own tables that are no files (uname, interfaces, routes by
 * connect, statvfs, the environment) are asked directly, and no child is
 * started but by fqdn (getent, where /etc/hosts does not know), python, executable
 * local facts, capsh, LVM's programs, and lspci and sg_inq where they are installed.
 */
#include "rollout/module/module.h"

struct facts {
	struct module_call *call;
	struct arena *a;
	struct value *out;	 /* "ansible_" names */
	const char *const *only; /* names without ansible_; NULL: all */
};

struct collector {
	const char *subset; /* of gather_subset: min, hardware, network, virtual */
	const char *const *
		names; /* what it gives, without ansible_; NULL-terminated; a * at the end matches */
	void (*collect)(struct facts *f);
};

extern const struct collector facts_platform, facts_distribution, facts_env, facts_user,
	facts_date_time, facts_software, facts_local, facts_hardware, facts_product, facts_mounts,
	facts_network, facts_virtual, facts_python, facts_lsb, facts_security, facts_devices,
	facts_storage;

/* Is the name (without ansible_) asked for? */
bool facts_wants(const struct facts *f, const char *name);
void facts_put(struct facts *f, const char *name,
	       const struct value *v); /* dropped when not asked for */
void facts_put_str(struct facts *f, const char *name, const char *s);
void facts_put_slice(struct facts *f, const char *name, struct slice s);
void facts_put_int(struct facts *f, const char *name, int64_t i);

/* The value of KEY= in os-release, without its quotes; "" when absent. */
struct slice facts_os_release(struct facts *f, const char *key);

bool facts_exists(struct facts *f, const char *path);
/* The program's path, where programs usually are; NULL: the host has none. */
const char *facts_program(struct facts *f, const char *name);
