/* rollout vault: encrypt, decrypt, view and rekey, file by file. */
#include "verbs.h"

#include "rollout/base/file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const standard_streams[] = {"-", NULL};

static const char *const *files_or_stdin(const struct vault_task *t)
{
	return t->nfiles > 0 ? t->files : standard_streams;
}

void vault_say(const char *text)
{
	if (isatty(STDOUT_FILENO))
		fprintf(stderr, "%s\n", text);
}

int vault_file_read(const char *path, struct strbuf *out, struct err *err)
{
	if (strcmp(path, "-") != 0)
		return file_read(path, ENCRYPTED_MAX_BYTES, out, err);
	return fd_read_all(STDIN_FILENO, ENCRYPTED_MAX_BYTES, out, err);
}

void vault_file_wipe(int fd)
{
	static const char zeros[4096];
	struct stat st;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_nlink > 1)
		return;
	for (off_t at = 0; at < st.st_size; at += (off_t)sizeof(zeros)) {
		size_t n = st.st_size - at < (off_t)sizeof(zeros) ? (size_t)(st.st_size - at)
								  : sizeof(zeros);
		if (pwrite(fd, zeros, n, at) < 0)
			return;
	}
	(void)fsync(fd);
}

/* Who owned the old file owns the new one, where that may be set. */
static void keep_owner(const char *path, const struct stat *old)
{
	struct stat now;
	if (stat(path, &now) == 0 && (now.st_uid != old->st_uid || now.st_gid != old->st_gid) &&
	    chown(path, old->st_uid, old->st_gid) == 0)
		(void)chmod(path, old->st_mode & 0777);
}

int vault_file_write(const char *path, struct slice data, mode_t mode, struct err *err)
{
	struct stat old;
	if (strcmp(path, "-") == 0)
		return fd_write_all(STDOUT_FILENO, data.ptr, data.len, err);
	CLEANUP(free_ptr) char *real = realpath(path, NULL);
	const char *to = real ? real : path;
	CLEANUP(fd_close) int before = open(to, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	bool there = stat(to, &old) == 0;
	if (there && !S_ISREG(old.st_mode))
		return err_set(err, ERR_INVALID, "%s is not a regular file", path);
	mode_t wanted = mode ? mode : there ? old.st_mode & 0777 : 0600;
	int r = file_write_atomic(to, data.ptr, data.len, wanted, err);
	if (r < 0)
		return r;
	if (there && !mode)
		keep_owner(to, &old);
	/* it has no name any more, and one link less */
	struct stat gone;
	if (before >= 0 && fstat(before, &gone) == 0 && gone.st_nlink == 0)
		vault_file_wipe(before);
	return 0;
}

int vault_file_open(const struct vault_task *t, const char *path, struct strbuf *out,
		    size_t *ret_index, struct strbuf *ret_id, struct err *err)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct srcloc at = {srcfile_intern(strcmp(path, "-") ? path : "standard input"), 1, 1};
	struct vault_envelope e;
	int r = vault_file_read(path, &text, err);
	if (r == 0 && !encrypted_is(strbuf_slice(&text)))
		r = err_at(err, ERR_INVALID, at, "this is not encrypted with Ansible Vault");
	if (r == 0)
		r = vault_envelope_parse(strbuf_slice(&text), at, &e, err);
	if (r < 0)
		return r;
	if (ret_id)
		strbuf_slice_append(ret_id, e.id);
	return vault_open(t->v, strbuf_slice(&text), at, out, ret_index, err);
}

static int encrypt_one(const struct vault_task *t, const char *path, struct err *err)
{
	CLEANUP(strbuf_wipe) struct strbuf text = {0};
	CLEANUP(strbuf_release) struct strbuf out = {0};
	int r = vault_file_read(path, &text, err);
	if (r == 0 && encrypted_is(strbuf_slice(&text)))
		r = err_set(err, ERR_INVALID, "%s is encrypted already", path);
	if (r == 0)
		r = vault_encrypt(strbuf_slice(&text), t->password, t->id, SLICE_LIT(""), &out,
				  err);
	if (r < 0)
		return r;
	const char *to = t->options->output ? t->options->output : path;
	return vault_file_write(to, strbuf_slice(&out), 0600, err);
}

int vault_verb_encrypt(const struct vault_task *t, struct err *err)
{
	int r = 0;
	if (t->nfiles == 0 && isatty(STDIN_FILENO))
		fputs("Reading plaintext input from stdin\n", stderr);
	for (const char *const *f = files_or_stdin(t); *f && r == 0; f++)
		r = encrypt_one(t, *f, err);
	if (r == 0)
		vault_say("Encryption successful");
	return r;
}

int vault_verb_decrypt(const struct vault_task *t, struct err *err)
{
	int r = 0;
	if (t->nfiles == 0 && isatty(STDIN_FILENO))
		fputs("Reading ciphertext input from stdin\n", stderr);
	for (const char *const *f = files_or_stdin(t); *f && r == 0; f++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0};
		r = vault_file_open(t, *f, &text, NULL, NULL, err);
		if (r == 0)
			r = vault_file_write(t->options->output ? t->options->output : *f,
					     strbuf_slice(&text), 0600, err);
	}
	if (r == 0)
		vault_say("Decryption successful");
	return r;
}

/* Through $PAGER on a terminal. */
static int show(struct slice text, struct err *err)
{
	const char *pager = getenv("PAGER");
	if (!isatty(STDOUT_FILENO))
		return fd_write_all(STDOUT_FILENO, text.ptr, text.len, err);
	void (*before)(int) = signal(SIGINT, SIG_IGN);
	FILE *to = popen(pager && *pager ? pager : "less", "we");
	if (to)
		fwrite(text.ptr, 1, text.len, to);
	int status = to ? pclose(to) : -1;
	signal(SIGINT, before);
	return status == 0 ? 0 : err_set(err, ERR_SYS, "the pager did not work; set PAGER");
}

int vault_verb_view(const struct vault_task *t, struct err *err)
{
	int r = 0;
	for (const char *const *f = files_or_stdin(t); *f && r == 0; f++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0};
		r = vault_file_open(t, *f, &text, NULL, NULL, err);
		if (r == 0)
			r = show(strbuf_slice(&text), err);
	}
	return r;
}

int vault_verb_rekey(const struct vault_task *t, struct err *err)
{
	int r = 0;
	for (size_t i = 0; i < t->nfiles && r == 0; i++) {
		CLEANUP(strbuf_wipe) struct strbuf text = {0};
		CLEANUP(strbuf_release) struct strbuf out = {0};
		r = vault_file_open(t, t->files[i], &text, NULL, NULL, err);
		if (r == 0)
			r = vault_encrypt(strbuf_slice(&text), t->password, t->id, SLICE_LIT(""),
					  &out, err);
		if (r == 0)
			r = vault_file_write(t->files[i], strbuf_slice(&out), 0, err);
	}
	if (r == 0)
		vault_say("Rekey successful");
	return r;
}
