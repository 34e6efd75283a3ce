/* A .deb file: name and version are in it. The host fetches a URL by apt's own
 * means, so it needs nothing that an apt host lacks. */
#include "apt_names.h"
#include "download.h"

#include "../../call.h"
#include "../../program.h"
#include "rollout/base/file.h"

/* "name_1%3a2.0_amd64.deb" to "name=1:2.0"; NULL where it is not so named. */
static const char *spec_of_file_name(struct module_call *call, const char *url)
{
	const char *base = path_basename(url).ptr, *first = strchr(base, '_');
	const char *second = first ? strchr(first + 1, '_') : NULL;
	CLEANUP(strbuf_release) struct strbuf spec = {0};
	if (!second || first == base)
		return NULL;
	strbuf_printf(&spec, "%.*s=", (int)(first - base), base);
	for (const char *p = first + 1; p < second; p++) {
		bool colon = strncasecmp(p, "%3a", 3) == 0;
		strbuf_putc(&spec, colon ? ':' : *p);
		p += colon ? 2 : 0;
	}
	return arena_slice(call->arena, strbuf_slice(&spec)).ptr;
}

static bool is_there(struct module_call *call, const char *spec, struct apt_wanted *w,
		     struct err *err, int *ret)
{
	bool has = false;
	*ret = apt_look(call, spec, w, err);
	if (*ret == 0 && w->now.installed)
		*ret = apt_has_version(call, w, &has, err);
	return *ret == 0 && has;
}

/* In check mode nothing is fetched: the name tells. */
static int predict_url(struct module_call *call, const char *url, struct err *err)
{
	struct apt_wanted w = {.spec = url, .name = url};
	const char *spec = spec_of_file_name(call, url);
	int r;
	if (!spec) {
		result_unknown(call, "would fetch %s and install it", url);
		return 0;
	}
	if (is_there(call, spec, &w, err, &r) || r < 0)
		return r;
	result_changed(call);
	host_overlay_assume(call->host, arena_printf(call->arena, "%s would be installed", url));
	return 0;
}

static int apply_file(struct module_call *call, const char *path, struct err *err)
{
	CLEANUP(apt_change_release) struct apt_change c = {0};
	const char *const argv[] = {"dpkg-deb", "--show", "--showformat=${Package}=${Version}",
				    path, NULL};
	struct apt_wanted w = {.spec = path, .name = path};
	struct slice out;
	int r = call_probe(call, argv, NULL, &out, err);
	/* In check mode the file may not be there yet. */
	if (r < 0 && !call->check_mode)
		return r;
	if (r == 0 && (is_there(call, out.ptr, &w, err, &r) || r < 0))
		return r;
	w.spec = path;
	apt_note(&c, &w, true);
	return apt_apply(call, &c, true, err);
}

static int fetch(struct module_call *call, const char *url, const char **ret, struct err *err)
{
	struct program p;
	program_init(&p, call, "mktemp");
	program_add(&p, "/tmp/rollout-XXXXXXXXXX.deb");
	int r = program_change(&p, err);
	if (r < 0)
		return r;
	*ret = program_line(&p);
	program_init(&p, call, APT_HELPER);
	program_add(&p, "download-file");
	program_add(&p, url);
	program_add(&p, *ret);
	r = program_change(&p, err);
	return r < 0 ? err_wrap(err, r, "fetch %s", url) : 0;
}

static int apply_url(struct module_call *call, const char *url, struct err *err)
{
	const char *path = NULL;
	int r = fetch(call, url, &path, err);
	if (r == 0)
		r = apply_file(call, path, err);
	if (path && path[0])
		(void)call->host->ops->remove(call->host, path, false, NULL);
	return r;
}

int apt_deb_apply(struct module_call *call, struct err *err)
{
	const char *deb = arg_str(call, "deb");
	if (!strstr(deb, "://"))
		return apply_file(call, deb, err);
	return call->check_mode ? predict_url(call, deb, err) : apply_url(call, deb, err);
}
