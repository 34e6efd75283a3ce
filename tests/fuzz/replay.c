/* Runs a fuzz driver over files and folders, without libFuzzer. */
#include "rollout/base/file.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
	CLEANUP(strbuf_release) struct strbuf text = {0};
	struct err err = {0};
	if (file_read(path, 64u << 20, &text, &err) < 0) {
		fprintf(stderr, "%s\n", err.msg);
		return 1;
	}
	/* A copy of the exact size, so that a read past the end is seen. */
	uint8_t *copy = xmalloc(text.len ? text.len : 1);
	memcpy(copy, strbuf_slice(&text).ptr, text.len);
	LLVMFuzzerTestOneInput(copy, text.len);
	free(copy);
	return 0;
}

static int replay(const char *path)
{
	struct stat st;
	if (stat(path, &st) < 0) {
		perror(path);
		return 1;
	}
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	int failed = 0;
	DIR *dir = opendir(path);
	for (struct dirent *d = NULL; dir && (d = readdir(dir));) {
		if (d->d_name[0] == '.')
			continue;
		CLEANUP(free_ptr) char *file = path_join(path, d->d_name);
		failed |= replay_file(file);
	}
	if (dir)
		closedir(dir);
	return failed;
}

int main(int argc, char **argv)
{
	int failed = 0;
	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	return failed;
}
