/* Any bytes as an envelope, with the right and with a wrong password; what
 * opens is encrypted again and is the same. The bytes as a text as well. */
#include "rollout/vault/vault.h"

#include <stdlib.h>

#define ROUND_TRIP_MAX 4096u
#define ROUND_TRIP_EVERY 32u /* its keys take time */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct slice password = {"swordfish", 9};

static void round_trip(struct slice text)
{
	CLEANUP(strbuf_release) struct strbuf vault = {0}, again = {0};
	if (vault_encrypt(text, password, SLICE_LIT("fuzz"), SLICE_LIT("salt"), &vault, NULL) < 0 ||
	    vault_decrypt(strbuf_slice(&vault), password, (struct srcloc){0}, &again, NULL) < 0 ||
	    !slice_eq(text, strbuf_slice(&again)))
		abort();
}

static void open_as(struct slice input, const char *id, struct slice with)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct vault *v = vault_new();
	struct err err = {0};
	size_t index = 9;
	if (vault_add(v, slice_from(id), with, &err) < 0)
		abort();
	int r = vault_open(v, input, (struct srcloc){"fuzz", 1, 1}, &text, &index, &err);
	if (r < 0 && (text.len > 0 || !err.msg[0] || err.at.line != 1 || index != 9))
		abort();
	if (r == 0 && index != 0)
		abort();
	if (r == 0 && text.len <= ROUND_TRIP_MAX)
		round_trip(strbuf_slice(&text));
	vault_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice input = {(const char *)data, size};
	struct vault_envelope e;
	open_as(input, "default", password);
	if (vault_envelope_parse(input, (struct srcloc){"fuzz", 1, 1}, &e, NULL) == 0)
		open_as(input, "dev", SLICE_LIT("wrong"));
	if (size <= ROUND_TRIP_MAX && size % ROUND_TRIP_EVERY == 0)
		round_trip(input);
	return 0;
}
