#include "download.h"

#include "../../program.h"

#define DOWNLOAD_TIMEOUT_MS 120000

static const char script[] = "f=$(mktemp) || exit 1; trap 'rm -f \"$f\"' EXIT; " APT_HELPER
			     " download-file \"$1\" \"$f\" >&2 && cat \"$f\"";

int download(struct module_call *call, const char *url, struct slice *ret, struct err *err)
{
	struct program p;
	const char *const words[] = {"-c", script, "fetch", url, NULL};
	program_init(&p, call, "sh");
	program_add_all(&p, words);
	p.timeout_ms = DOWNLOAD_TIMEOUT_MS;
	int r = program_probe(&p, err);
	if (r < 0)
		return r;
	if (p.exit_code != 0 || p.out.len == 0)
		return err_set(err, ERR_INVALID, "%s cannot be fetched: %.*s", url,
			       SLICE_ARG(slice_trim(p.err)));
	if (p.truncated)
		return err_set(err, ERR_LIMIT, "%s is larger than %u MB", url,
			       HOST_OUTPUT_MAX >> 20);
	*ret = p.out;
	return 0;
}
