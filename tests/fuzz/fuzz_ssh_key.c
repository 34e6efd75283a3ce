/* Any bytes as a private key file of ssh: PEM as it is, anything else as the
 * body of an OpenSSH key. */
#include "../../src/transport/ssh/auth/ssh_rsa.h"
#include "input.h"
#include "rollout/base/digest.h"
#include "rollout/transport/transport.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inspect(struct slice text)
{
	static struct memory_file file;
	struct ssh_key key = {0};
	struct err err = {0};
	memory_file_set(&file, text);
	if (ssh_key_inspect(file.path, &key, &err) < 0 && key.blob.ptr)
		abort();
	struct ssh_rsa *rsa = NULL;
	if (key.maybe_rsa && ssh_rsa_new(&key, "x", &rsa, &err) == 0)
		ssh_rsa_free(rsa);
	ssh_key_release(&key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP(strbuf_release) struct strbuf pem = {0};
	inspect((struct slice){(const char *)data, size});
	strbuf_puts(&pem, "-----BEGIN OPENSSH PRIVATE KEY-----\n");
	base64_encode(&pem, data, size);
	strbuf_puts(&pem, "\n-----END OPENSSH PRIVATE KEY-----\n");
	inspect(strbuf_slice(&pem));
	return 0;
}
