#include "process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

struct process {
	pid_t pid, parent, session;
};
typedef VEC(struct process) processes;

/* proc(5): "pid (name) state ppid pgrp session …"; the name may hold anything. */
static bool read_process(const char *pid, struct process *ret)
{
	char path[64], text[512];
	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[n > 0 ? n : 0] = '\0';
	const char *name_end = strrchr(text, ')');
	if (!name_end || strlen(name_end) < 5)
		return false;
	char *at;
	ret->pid = (pid_t)strtol(pid, NULL, 10);
	ret->parent = (pid_t)strtol(name_end + 4, &at, 10);
	strtol(at, &at, 10);
	ret->session = (pid_t)strtol(at, NULL, 10);
	return ret->pid > 0;
}

static void list_processes(processes *ret)
{
	DIR *dir = opendir("/proc");
	for (const struct dirent *d = NULL; dir && (d = readdir(dir));) {
		struct process p;
		if (read_process(d->d_name, &p))
			vec_push(ret, p);
	}
	if (dir)
		closedir(dir);
}

static bool has(const pids *set, pid_t pid)
{
	for (size_t i = 0; i < set->len; i++) {
		if (set->at[i] == pid)
			return true;
	}
	return false;
}

void process_tree_kill(pid_t root, int signal_number, pids *seen)
{
	processes all = {0};
	pids below = {0};
	list_processes(&all);
	vec_push(&below, root);
	/* below.at[i]'s children are appended while it is walked */
	for (size_t i = 0; i < below.len; i++) {
		for (size_t j = 0; j < all.len; j++) {
			bool is_below =
				all.at[j].parent == below.at[i] || all.at[j].session == root;
			if (is_below && !has(&below, all.at[j].pid))
				vec_push(&below, all.at[j].pid);
		}
	}
	for (size_t i = 1; i < below.len; i++) {
		if (seen && has(seen, below.at[i]))
			continue;
		kill(below.at[i], signal_number);
		if (seen)
			vec_push(seen, below.at[i]);
	}
	vec_release(&all);
	vec_release(&below);
}
