#pragma once
/*
 * OpenSSH's known_hosts files (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT): plain and
 * hashed names, lists, wildcards, negation, [host]:port, @revoked.
 * @cert-authority lines are never taken for a host's own key.
 *
 *     struct known_hosts kh = {0};
 *     known_hosts_add_file(&kh, path, &err);          any number of times
 *     known_hosts_find(&kh, "web1", 22, blob, &found);
 */
#include "rollout/base/arena.h"
#include "rollout/base/err.h"
#include "rollout/base/vec.h"

#define KNOWN_HOSTS_FILE_MAX (16u << 20)
#define KNOWN_HOSTS_LINE_MAX (64u << 10)
#define HOSTKEY_TYPE_MAX 64

enum known_hosts_mark { KNOWN_HOSTS_PLAIN, KNOWN_HOSTS_REVOKED, KNOWN_HOSTS_CA };

struct known_hosts_line {
	struct srcloc at;
	enum known_hosts_mark mark;
	struct slice names, type, key; /* key: base64 as written */
};

struct known_hosts {
	struct arena arena;
	VEC(struct known_hosts_line) lines;
};

enum known_hosts_outcome {
	KNOWN_HOSTS_OK,
	KNOWN_HOSTS_NEW,	/* no key of that type for the host */
	KNOWN_HOSTS_CHANGED,	/* another key of that type */
	KNOWN_HOSTS_IS_REVOKED, /* that very key is marked @revoked */
};

struct known_hosts_found {
	struct srcloc at;     /* of the line that decided; file NULL when none did */
	struct slice type_at; /* NEW: the type of another key of the host, or empty */
};

/* A file that does not exist is empty. Lines that cannot be read are skipped,
 * as OpenSSH does. Reads the file, so blocks for that long. */
int known_hosts_add_file(struct known_hosts *kh, const char *path, struct err *err);
/* `file` for messages. */
void known_hosts_add_text(struct known_hosts *kh, const char *file, struct slice text);
/* `blob` is the key as it travels (RFC 4253 §6.6). port 0: `name` is taken as
 * it is (HostKeyAlias). For a port other than 22 only [name]:port counts. */
enum known_hosts_outcome known_hosts_find(const struct known_hosts *kh, const char *name, int port,
					  struct slice blob, struct known_hosts_found *ret);
/* Whether the host has a key of that type. */
bool known_hosts_has_type(const struct known_hosts *kh, const char *name, int port,
			  struct slice type);
/* Appends a line in one write; makes ~/.ssh. Blocks. */
int known_hosts_append(const char *path, const char *name, int port, struct slice blob,
		       struct err *err);
void known_hosts_release(struct known_hosts *kh);

/* The algorithm name at the start of a key blob; empty when it is none. */
struct slice hostkey_blob_type(struct slice blob);
/* "name" or "[name]:port". */
void hostkey_name(struct strbuf *out, const char *name, int port);
/* "SHA256:…" as ssh-keygen -l prints it. */
void hostkey_fingerprint(struct strbuf *out, struct slice blob);
