/* The process: locale, signals, descriptors. */
#include "cli.h"

#include <langinfo.h>
#include <locale.h>
#include <signal.h>
#include <sys/resource.h>

#ifndef ROLLOUT_VERSION
#	define ROLLOUT_VERSION "development"
#endif

/* Widths of characters need a UTF-8 locale, whatever the user's language. */
static void set_locale(void)
{
	if (!setlocale(LC_CTYPE, "") || strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

/* A connection takes a few descriptors, and there are many. */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Passwords and keys would be in it. */
static void leave_no_core_file(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_CORE, &limit) < 0)
		return;
	limit.rlim_cur = 0;
	setrlimit(RLIMIT_CORE, &limit);
}

int main(int argc, char **argv)
{
	set_locale();
	raise_descriptor_limit();
	leave_no_core_file();
	signal(SIGPIPE, SIG_IGN);
	return cli_main(argc, argv, ROLLOUT_VERSION);
}
