/* The distribution: Ansible asks the files that distributions are known by, in a
 * fixed order; the first that tells counts. */
#include "../call.h"
#include "facts.h"

#include <ctype.h>
#include <stdio.h>

struct distribution {
	struct slice id, version; /* of os-release */
	struct slice name, major, release;
	struct slice minor; /* ptr NULL: not told */
	const char *path, *variety;
	const char *search; /* what told a clone from its original; NULL: nothing */
	bool unparsed;	    /* known by the file's being there alone */
};

static struct slice os_release_in(struct slice text, const char *key)
{
	struct slice line, name;
	while (slice_split(&text, '\n', &line)) {
		struct slice value = line;
		if (!slice_split(&value, '=', &name) || !slice_is(slice_trim(name), key) ||
		    !value.ptr)
			continue;
		value = slice_trim(value);
		if (value.len > 1 && strchr("\"'", value.ptr[0]) &&
		    value.ptr[value.len - 1] == value.ptr[0])
			return (struct slice){value.ptr + 1, value.len - 2};
		return value;
	}
	return SLICE_LIT("");
}

struct slice facts_os_release(struct facts *f, const char *key)
{
	struct slice text = call_read_trimmed(f->call, "/etc/os-release");
	if (text.len == 0)
		text = call_read_trimmed(f->call, "/usr/lib/os-release");
	return os_release_in(text, key);
}

static bool contains(struct slice text, const char *part)
{
	return text.len && memmem(text.ptr, text.len, part, strlen(part));
}

/* What stands in the first parentheses without a digit; "" without. */
static struct slice in_parentheses(struct slice text)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t end = i + 1;
		if (text.ptr[i] != '(')
			continue;
		while (end < text.len && text.ptr[end] != ')' &&
		       !isdigit((unsigned char)text.ptr[end]))
			end++;
		if (end < text.len && text.ptr[end] == ')')
			return (struct slice){text.ptr + i + 1, end - i - 1};
	}
	return SLICE_LIT("");
}

/* "release 9.3 (Blue Onyx)" */
static struct slice after_release(struct slice text)
{
	static const char word[] = "release ";
	const char *at = text.len ? memmem(text.ptr, text.len, word, strlen(word)) : NULL;
	struct slice rest, number = SLICE_LIT("");
	if (!at)
		return number;
	rest = (struct slice){at + strlen(word), text.len - (size_t)(at - text.ptr) - strlen(word)};
	slice_word(&rest, &number);
	return number;
}

static struct slice up_to_dots(struct slice version, size_t dots)
{
	for (size_t i = 0; i < version.len; i++)
		if (version.ptr[i] == '.' && dots-- == 0)
			return (struct slice){version.ptr, i};
	return version;
}

static size_t count_dots(struct slice s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == '.';
	return n;
}

/* Debian's point release and CentOS' minor one stand in files of their own. */
static struct slice best_version(struct facts *f, const struct distribution *d)
{
	if (slice_is(d->id, "debian")) {
		struct slice point = call_read_trimmed(f->call, "/etc/debian_version");
		if (point.len && (!d->version.len || count_dots(point) > count_dots(d->version)))
			return point;
	}
	if (slice_is(d->id, "centos")) {
		struct slice point =
			after_release(call_read_trimmed(f->call, "/etc/centos-release"));
		return up_to_dots(count_dots(point) > count_dots(d->version) ? point : d->version,
				  1);
	}
	return d->version;
}

static struct slice find_codename(struct slice text)
{
	struct slice name = os_release_in(text, "VERSION_CODENAME");
	if (name.len || contains(text, "VERSION_CODENAME="))
		return name;
	name = os_release_in(text, "UBUNTU_CODENAME");
	if (!name.len)
		name = in_parentheses(os_release_in(text, "VERSION"));
	return name.len ? name : SLICE_LIT("NA");
}

/* Each takes a file's text, and tells whether the host is of its kind. */
typedef bool teller(struct facts *f, struct distribution *d, struct slice text);

static struct slice first_word(struct slice text)
{
	struct slice word = SLICE_LIT("");
	slice_word(&text, &word);
	return word;
}

/* The original says so; a clone's name is the first word. */
static bool tell_clone(struct distribution *d, struct slice text, const char *search,
		       const char *name)
{
	bool original = contains(text, search);
	d->name = original ? slice_from(name) : first_word(text);
	d->search = original ? search : NULL;
	return true;
}

static bool tell_oracle(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	return tell_clone(d, text, "Oracle Linux", "OracleLinux");
}

static bool tell_centos(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	d->name = SLICE_LIT("CentOS");
	if (contains(text, "CentOS Stream")) {
		d->release = SLICE_LIT("Stream");
		return true;
	}
	if (contains(text, "TencentOS Server")) {
		d->name = SLICE_LIT("TencentOS");
		return true;
	}
	return false;
}

static bool tell_redhat(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	return tell_clone(d, text, "Red Hat", "RedHat");
}

static bool tell_amazon(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	if (!contains(text, "Amazon"))
		return false;
	d->name = SLICE_LIT("Amazon");
	struct slice rest = d->version, part;
	slice_split(&rest, '.', &part);
	d->minor = rest.ptr && rest.len ? rest : SLICE_LIT("NA");
	return true;
}

static bool tell_alpine(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	d->name = SLICE_LIT("Alpine");
	d->version = text;
	return true;
}

static bool tell_arch(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	d->name = SLICE_LIT("Archlinux");
	return contains(text, "Arch Linux");
}

static bool tell_arch_there(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f, (void)text;
	d->name = SLICE_LIT("Archlinux");
	d->unparsed = true;
	return true;
}

static bool tell_suse(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	if (!contains(text, "suse") && !contains(text, "SUSE"))
		return false;
	struct slice rest = d->version, part;
	slice_split(&rest, '.', &part);
	d->name = os_release_in(text, "NAME");
	d->release = rest.ptr ? rest : (contains(text, "open") ? SLICE_LIT("") : SLICE_LIT("0"));
	return true;
}

/* "Debian GNU/Linux 12 (bookworm)" */
static void take_debian(struct facts *f, struct distribution *d, struct slice text)
{
	struct slice point = call_read_trimmed(f->call, "/etc/debian_version");
	struct slice pretty = os_release_in(text, "PRETTY_NAME");
	const char *open = pretty.len ? memchr(pretty.ptr, '(', pretty.len) : NULL;
	const char *close =
		open ? memchr(open, ')', pretty.len - (size_t)(open - pretty.ptr)) : NULL;
	d->name = SLICE_LIT("Debian");
	if (close && close > open + 1)
		d->release = (struct slice){open + 1, (size_t)(close - open) - 1};
	if (count_dots(point) && isdigit((unsigned char)point.ptr[0])) {
		struct slice part;
		slice_split(&point, '.', &part);
		d->minor = up_to_dots(point, 0);
	}
}

static bool tell_debian(struct facts *f, struct distribution *d, struct slice text)
{
	static const struct {
		const char *word, *name;
	} rows[] = {
		{"Ubuntu", "Ubuntu"},	{"SteamOS", "SteamOS"}, {"Kali", "Kali"},
		{"Parrot", "Parrot"},	{"Devuan", "Devuan"},	{"Cumulus", "Cumulus Linux"},
		{"Mint", "Linux Mint"}, {"UOS", "Uos"},		{"Uos", "Uos"},
		{"uos", "Uos"},		{"Deepin", "Deepin"},	{"deepin", "Deepin"},
	};
	if (contains(text, "Debian") || contains(text, "Raspbian")) {
		take_debian(f, d, text);
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (contains(text, rows[i].word)) {
			d->name = slice_from(rows[i].name);
			return true;
		}
	return false;
}

static bool tell_flatcar(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	d->name = SLICE_LIT("Flatcar");
	d->version = os_release_in(text, "VERSION");
	return slice_is(d->id, "flatcar");
}

static bool tell_any(struct facts *f, struct distribution *d, struct slice text)
{
	(void)f;
	struct slice name = os_release_in(text, "NAME");
	d->name = name.len ? name : d->id;
	if (!d->version.len)
		d->version = os_release_in(text, "VERSION");
	return true;
}

static const struct {
	const char *path, *variety;
	teller *tell;
} files[] = {
	{"/etc/oracle-release", "OracleLinux", tell_oracle},
	{"/etc/centos-release", "CentOS", tell_centos},
	{"/etc/redhat-release", "RedHat", tell_redhat},
	{"/etc/os-release", "Amazon", tell_amazon},
	{"/etc/system-release", "Amazon", tell_amazon},
	{"/etc/alpine-release", "Alpine", tell_alpine},
	{"/etc/arch-release", "Archlinux", tell_arch_there},
	{"/etc/os-release", "Archlinux", tell_arch},
	{"/etc/os-release", "SUSE", tell_suse},
	{"/etc/os-release", "Debian", tell_debian},
	{"/etc/lsb-release", "Debian", tell_debian},
	{"/etc/os-release", "Flatcar", tell_flatcar},
	{"/etc/os-release", "NA", tell_any},
};

static struct distribution find(struct facts *f)
{
	struct slice text = call_read_trimmed(f->call, "/etc/os-release");
	if (text.len == 0)
		text = call_read_trimmed(f->call, "/usr/lib/os-release");
	struct distribution guess = {.id = os_release_in(text, "ID"),
				     .version = os_release_in(text, "VERSION_ID")};
	guess.version = best_version(f, &guess);
	guess.release = find_codename(text);
	guess.major = up_to_dots(guess.version, 0);
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		struct distribution d = guess;
		struct slice found = strcmp(files[i].path, "/etc/os-release") == 0
					     ? text
					     : call_read_trimmed(f->call, files[i].path);
		bool alone = files[i].tell == tell_arch_there;
		if (alone ? !facts_exists(f, files[i].path) : !found.len)
			continue;
		d.path = files[i].path;
		d.variety = files[i].variety;
		if (files[i].tell(f, &d, found))
			return d;
	}
	return guess;
}

/* Source: the table of families in Ansible's page of conditionals. */
static const char *family_of(struct slice name)
{
	static const struct {
		const char *family, *names;
	} rows[] = {
		{"RedHat", ",RedHat,RHEL,Fedora,CentOS,Scientific,SLC,Ascendos,CloudLinux,PSBM,"
			   "OracleLinux,OVS,OEL,Amazon,Virtuozzo,XenServer,Alibaba,EulerOS,"
			   "openEuler,AlmaLinux,Rocky,TencentOS,EuroLinux,"
			   "Kylin Linux Advanced Server,"},
		{"Debian", ",Debian,Ubuntu,Raspbian,Neon,KDE neon,Linux Mint,SteamOS,Devuan,Kali,"
			   "Cumulus Linux,Pop!_OS,Parrot,Pardus GNU/Linux,Uos,Deepin,OSMC,"},
		{"Suse", ",SuSE,SLES,SLED,openSUSE,openSUSE Tumbleweed,SLES_SAP,SUSE_LINUX,"
			 "openSUSE Leap,"},
		{"Archlinux", ",Archlinux,Antergos,Manjaro,"},
		{"Gentoo", ",Gentoo,Funtoo,"},
		{"ClearLinux", ",Clear Linux OS,Clear Linux Mix,"},
	};
	char key[128];
	snprintf(key, sizeof(key), ",%.*s,", SLICE_ARG(name));
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (strstr(rows[i].names, key))
			return rows[i].family;
	return NULL;
}

/* A name that Ansible does not know is its own family there; its relatives' serves
 * roles better. */
static struct slice family(struct facts *f, struct slice name)
{
	const char *known = family_of(name);
	struct slice like = facts_os_release(f, "ID_LIKE");
	if (known)
		return slice_from(known);
	if (contains(like, "debian"))
		return SLICE_LIT("Debian");
	if (contains(like, "rhel") || contains(like, "fedora"))
		return SLICE_LIT("RedHat");
	return contains(like, "suse") ? SLICE_LIT("Suse") : name;
}

static void collect(struct facts *f)
{
	struct distribution d = find(f);
	struct slice none = SLICE_LIT("NA");
	facts_put_slice(f, "distribution", d.name);
	facts_put_slice(f, "os_family", family(f, d.name));
	facts_put_slice(f, "distribution_version", d.version.len ? d.version : none);
	facts_put_slice(f, "distribution_major_version", d.major.len ? d.major : none);
	if (d.minor.ptr)
		facts_put_slice(f, "distribution_minor_version", d.minor);
	facts_put_slice(f, "distribution_release", d.release);
	if (!d.path)
		return;
	facts_put_str(f, "distribution_file_path", d.path);
	facts_put_str(f, "distribution_file_variety", d.variety);
	if (d.search)
		facts_put_str(f, "distribution_file_search_string", d.search);
	if (!d.unparsed)
		facts_put(f, "distribution_file_parsed", value_bool(true));
}

static const char *const names[] = {"distribution", "distribution_*", "os_family", NULL};
const struct collector facts_distribution = {"min", names, collect};
