/* Any bytes as a known_hosts file, asked for hosts by name, port and alias. A
 * line that is put behind it for a host of no other line is found. */
#include "../../src/transport/ssh/hostkey/known_hosts.h"
#include "rollout/base/digest.h"
#include "rollout/transport/transport.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char blob_bytes[] = "\0\0\0\x0bssh-ed25519\0\0\0\4abcd";

static void ask(const struct known_hosts *kh, struct slice blob)
{
	static const struct {
		const char *name;
		int port;
	} hosts[] = {{"web1", 22}, {"WEB1.example", 2222}, {"10.0.0.1", 22}, {"::1", 0}, {"", 22}};
	struct known_hosts_found found;
	for (size_t i = 0; i < ARRAY_LEN(hosts); i++) {
		known_hosts_find(kh, hosts[i].name, hosts[i].port, blob, &found);
		known_hosts_has_type(kh, hosts[i].name, hosts[i].port, hostkey_blob_type(blob));
	}
}

static void check_own_line(struct known_hosts *kh, struct slice blob)
{
	static const char name[] = "own.invalid";
	CLEANUP(strbuf_release) struct strbuf line = {0};
	struct known_hosts_found found;
	hostkey_name(&line, name, 2200);
	strbuf_puts(&line, " ssh-ed25519 ");
	base64_encode(&line, blob.ptr, blob.len);
	known_hosts_add_text(kh, "own", strbuf_slice(&line));
	enum known_hosts_outcome got = known_hosts_find(kh, name, 2200, blob, &found);
	/* A wildcard of the input may say otherwise, but not that there is none. */
	if (got == KNOWN_HOSTS_NEW || !found.at.file)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct known_hosts kh = {0};
	struct slice text = {(const char *)data, size}, blob = {blob_bytes, sizeof(blob_bytes) - 1};
	CLEANUP(strbuf_release) struct strbuf print = {0};
	known_hosts_add_text(&kh, "fuzz", text);
	ask(&kh, blob);
	ask(&kh, text);
	hostkey_fingerprint(&print, text);
	check_own_line(&kh, blob);
	known_hosts_release(&kh);
	return 0;
}
