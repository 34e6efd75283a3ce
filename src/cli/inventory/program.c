#include "program.h"

#include "rollout/base/capture.h"

#include <sys/wait.h>

#define SAID_MAX_BYTES (64u << 10)
#define SAID_SHOWN 600u

/* "--list", "--host NAME" */
static void put_question(struct strbuf *out, const char *const *args)
{
	for (size_t i = 1; args[i]; i++)
		strbuf_printf(out, "%s%s", i > 1 ? " " : "", args[i]);
}

static int not_ended(const char *const *args, int r, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf question = {0};
	const struct srcloc at = {srcfile_intern(args[0]), 0, 0};
	put_question(&question, args);
	if (r == ERR_TIMEOUT)
		return err_at(err, r, at, "the inventory program did not end in time (%s)",
			      strbuf_slice(&question).ptr);
	if (r == ERR_LIMIT)
		return err_at(err, r, at, "the inventory program printed more than %u bytes",
			      (unsigned)INVENTORY_MAX_FILE);
	return err_wrap(err, r, "inventory program");
}

static int ended(const char *const *args, int status, struct slice said, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf how = {0};
	const struct srcloc at = {srcfile_intern(args[0]), 0, 0};
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (said.len > SAID_SHOWN)
		said = (struct slice){said.ptr + said.len - SAID_SHOWN, SAID_SHOWN};
	put_question(&how, args);
	if (WIFEXITED(status))
		strbuf_printf(&how, ": exit code %d", WEXITSTATUS(status));
	else
		strbuf_printf(&how, ": signal %d", WTERMSIG(status));
	return err_at(err, ERR_INVALID, at, "the inventory program failed (%s)%s%.*s", how.ptr,
		      said.len ? "; it said: " : ", saying nothing", SLICE_ARG(said));
}

static int run(void *self, const char *const *args, struct strbuf *out, struct err *err)
{
	const int *limit_ms = self;
	CLEANUP(strbuf_release) struct strbuf text = {0}, said = {0};
	const struct capture c = {
		.argv = args,
		.max_bytes = INVENTORY_MAX_FILE,
		.timeout_ms = limit_ms ? *limit_ms : INVENTORY_PROGRAM_TIMEOUT_MS,
		.no_input = true,
		.own_group = true,
		.said = &said,
		.said_max_bytes = SAID_MAX_BYTES,
	};
	int status = 0;
	int r = capture_run(&c, &text, &status, err);
	if (r < 0)
		return not_ended(args, r, err);
	r = ended(args, status, slice_trim(strbuf_slice(&said)), err);
	if (r == 0)
		strbuf_slice_append(out, strbuf_slice(&text));
	return r;
}

const struct inventory_runner inventory_program_runner = {NULL, run};
