#pragma once
/*
 * The VMs of a project: the hosts of an inventory that have a `vm:` mapping.
 *
 *     vm_topology_new → vm_topology_add for each host → vm_topology_check
 *     vm_project_open → vm_project_prepare → vm_order_begin … vm_order_read …
 *     vm_project_close → vm_topology_free
 *
 * A topology is what the user wrote, checked whole. A project is a topology and
 * its state folder: keys, addresses, ports, one folder per machine. An order is
 * one verb carried out on some machines, each by a process of its own, so that
 * machines come up in parallel and a killed order leaves nothing half-known.
 * docs/vm.md is the manual.
 */
#include "rollout/base/vec.h"
#include "rollout/value/value.h"

#define VM_MAX 200u /* machines of a project: addresses .10 to .209 of its subnet */
#define VM_MEMORY_MIN (128ll << 20)
#define VM_DISKS_MAX 8u

enum vm_driver_kind { VM_DRIVER_QEMU, VM_DRIVER_NSPAWN };
enum vm_network_mode { VM_NETWORK_USER, VM_NETWORK_BRIDGE };
enum vm_accel { VM_ACCEL_AUTO, VM_ACCEL_KVM, VM_ACCEL_HVF, VM_ACCEL_TCG };
enum vm_arch { VM_ARCH_AMD64, VM_ARCH_ARM64 };

struct vm_image_ref {
	const char
		*name; /* a named image, a URL, or an absolute path (file, or a tree for nspawn) */
	const char *
		digest; /* "sha256:<hex>" or "sha512:<hex>"; NULL: a named image's own, or none (a local path) */
	struct srcloc at;
};

struct vm_file {			 /* cloud-init's write_files */
	const char *path, *owner, *mode; /* owner, mode NULL: root:root, 0644 */
	struct slice content;
};

/* One machine as the user wrote it; defaults are filled in. */
struct vm_spec {
	const char *name;
	struct srcloc at; /* of its `vm:` */
	struct vm_image_ref image;
	enum vm_arch arch;
	enum vm_accel accel;
	unsigned cpus;
	int64_t memory_bytes, disk_bytes;
	const int64_t *disks; /* further ones, in bytes */
	size_t ndisks;
	const char *address;		    /* IPv4, NULL: the project chooses */
	unsigned ssh_port;		    /* the forward on 127.0.0.1; 0: the project chooses */
	const char *user;		    /* who may log in and use sudo: ansible_user */
	const char *const *authorized_keys; /* further ones, NULL-terminated */
	const char *const *packages;	    /* NULL-terminated */
	const struct vm_file *files;
	size_t nfiles;
	const struct value *user_data; /* a dict merged over ours, or NULL */
	bool nesting;		       /* nspawn: containers may run inside (Kubernetes nodes) */
	struct {
		struct srcloc address, ssh_port, disks, arch; /* file NULL: not written */
	} places;
};

struct vm_topology {
	struct arena arena;
	VEC(const struct vm_spec *) specs; /* in the inventory's order */
	enum vm_driver_kind driver;
	enum vm_network_mode mode;
	const char *subnet; /* "10.20.30.0/24"; NULL: auto */
	struct srcloc network_at;
	bool nat; /* machines on a bridge reach the outside; default true */
};

struct vm_topology *vm_topology_new(void);
void vm_topology_free(struct vm_topology *t);
/* `vm` is the host's merged mapping, `network` its vm_network or NULL; all hosts
 * must agree on that. Unknown keys, wrong types and sizes are ERR_INVALID with
 * their place and the nearest key. `user` NULL: "rollout". */
int vm_topology_add(struct vm_topology *t, const char *host, const char *user,
		    const struct value *vm, const struct value *network, struct err *err);
/* What no single host tells: addresses twice or outside of the subnet, ports
 * twice, what the driver cannot do. Nothing of the machine is asked. */
int vm_topology_check(const struct vm_topology *t, struct err *err);

/* ---- a project ---- */

struct vm_machine {
	struct vm_project *project;
	const struct vm_spec *spec;
	size_t index;	 /* in the project's machines: events name it */
	const char *dir; /* machines/NAME: gone after destroy */
	const char *
		identity_dir; /* identity/NAME: outlives destroy, so that the host comes back as itself */
	const char *address;		   /* on the cluster's segment: what services bind */
	unsigned number;		   /* the last byte of the address the project chose */
	unsigned ssh_port;		   /* on 127.0.0.1; 0: its address, port 22 */
	char mac_nat[18], mac_segment[18]; /* "52:54:00:…" */
	char machine_id[33];
	const char *host_key; /* the public line "ssh-ed25519 AAAA…" */
};

struct vm_project {
	struct arena arena;
	const struct vm_topology *topology;
	const char *dir; /* absolute: <folder of the inventory>/.rollout/vm, mode 0700 */
	char id[9];	 /* 8 hex digits of the folder's name: for bridges, cgroups, namespaces */
	const char *subnet, *gateway; /* "10.20.30.0", "10.20.30.1" */
	unsigned prefix;
	const char *key_file, *public_key; /* the login key; its public line */
	const char *known_hosts;	   /* the file */
	VEC(struct vm_machine *) machines; /* of the topology, in its order */
};

/* Reads the state folder, if there is one; makes nothing. Machines that were
 * not prepared yet have address NULL. */
int vm_project_open(const struct vm_topology *t, const char *inventory_dir, struct vm_project **ret,
		    struct err *err);
void vm_project_close(struct vm_project *p);
/* Subnet, addresses, ports, keys, known_hosts, ssh_config for all machines:
 * decides what is not decided yet and writes it. Idempotent; takes the lock. */
int vm_project_prepare(struct vm_project *p, struct err *err);
/* Memory and disk of this host against the sums of the machines in `wanted`
 * (indexes) that do not run: ERR_LIMIT with the sums shown. */
int vm_project_check_room(struct vm_project *p, const size_t *wanted, size_t n, struct err *err);
struct vm_machine *vm_project_find(const struct vm_project *p, const char *name);
/* How rollout reaches it: ansible_host, _port, _user, _ssh_private_key_file,
 * _ssh_common_args, vm_ip, cluster_address. NULL before it was prepared. */
struct value *vm_machine_vars(const struct vm_machine *m, struct arena *a);
/* The text of ssh_config for one machine, or all (m NULL). */
void vm_ssh_config(const struct vm_project *p, const struct vm_machine *m, struct strbuf *out);

enum vm_state { VM_ABSENT, VM_STOPPED, VM_RUNNING, VM_SUSPENDED };
const char *vm_state_name(enum vm_state s); /* "not created", "stopped", "running", "suspended" */
struct vm_status {
	enum vm_state state;
	int pid;		    /* 0: none */
	enum vm_driver_kind driver; /* it was made with */
	const char *accel;	    /* "kvm", "tcg", …; "" unknown */
	bool reachable;		    /* its SSH port answers */
};
int vm_machine_status(struct vm_machine *m, struct vm_status *ret, struct err *err);

/* ---- orders ---- */

enum vm_verb {
	VM_VERB_UP,
	VM_VERB_HALT,
	VM_VERB_RELOAD,
	VM_VERB_SUSPEND,
	VM_VERB_RESUME,
	VM_VERB_DESTROY,
	VM_VERB_RECREATE,
	VM_VERB_SNAPSHOT_SAVE,
	VM_VERB_SNAPSHOT_RESTORE,
	VM_VERB_SNAPSHOT_DELETE,
};
struct vm_order_options {
	enum vm_verb verb;
	const size_t *machines; /* indexes */
	size_t nmachines;
	unsigned parallel; /* 0: all at once */
	bool force;	   /* halt: cut the power */
	const char *snapshot;
	int64_t boot_timeout_ms; /* 0: 120 s with an accelerator, 600 s without, 60 s nspawn */
};

enum vm_event_kind {
	VM_EVENT_STAGE, /* text: what it is at: "image", "disk", "firmware", "kernel", "cloud-init", "ssh" … */
	VM_EVENT_NOTE,	 /* text: worth a line: a download's progress, a fallback */
	VM_EVENT_DONE,	 /* text: "" or what was left to say */
	VM_EVENT_FAILED, /* text: the message, possibly of several lines */
};
struct vm_event { /* goes through a pipe whole */
	enum vm_event_kind kind;
	uint32_t machine;   /* index */
	int64_t elapsed_ms; /* since its work began */
	char text[2048];
};

struct vm_order;
/* Checks the driver (tools, permissions) and begins. */
int vm_order_begin(struct vm_project *p, const struct vm_order_options *o, struct vm_order **ret,
		   struct err *err);
int vm_order_fd(const struct vm_order *order); /* readable: call vm_order_read */
/* Takes what was said, begins what waits. Returns 1 while some work goes on, 0
 * when all is over. Does not block. */
int vm_order_read(struct vm_order *order, void (*fn)(void *ctx, const struct vm_event *e),
		  void *ctx);
void vm_order_interrupt(struct vm_order *order); /* SIGTERM to the workers; read on until 0 */
void vm_order_free(struct vm_order *order);

/* ---- one machine, in the foreground ---- */

/* Both replace this process on success (ssh), or end when the user leaves
 * (console: Ctrl-]). `command` NULL or NULL-terminated. */
int vm_machine_ssh(struct vm_machine *m, const char *const *command, struct err *err);
int vm_machine_console(struct vm_machine *m, struct err *err);
/* The end of its console log, at most max_bytes. */
int vm_machine_log(struct vm_machine *m, size_t max_bytes, struct strbuf *out, struct err *err);
struct vm_snapshot {
	const char *name;
	int64_t created_s; /* since the epoch */
	bool memory;	   /* taken while it ran */
};
int vm_machine_snapshots(struct vm_machine *m, struct arena *a, struct vm_snapshot **ret,
			 size_t *ret_len, struct err *err);
