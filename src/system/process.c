/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Processes as /proc shows them.
 */
#include "system/process.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The bytes of a file of the process, with a final zero; 0 or less when there are none. */
static ssize_t
read_file(pid_t pid, const char *name, char *bytes, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	bytes[0] = '\0';
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, bytes, size - 1);
	close(fd);
	bytes[length > 0 ? length : 0] = '\0';
	return length;
}

bool
process_read(pid_t pid, struct process *ret_process)
{
	ssize_t length = read_file(pid, "cmdline", ret_process->command,
	                           sizeof(ret_process->command));

	if (length <= 0)		/* gone, a zombie, or a kernel thread */
		return false;
	ret_process->pid = pid;
	ret_process->length = (size_t)length;
	(void)read_file(pid, "comm", ret_process->name, sizeof(ret_process->name));
	ret_process->name[strcspn(ret_process->name, "\n")] = '\0';
	return true;
}

/* As proc(5) has it: of the fields of "stat" the third, the 14th and the 15th.  The second is a
 * name with anything in it. */
struct vigil_sight
process_glance(pid_t pid)
{
	struct vigil_sight sight = { .state = VIGIL_HELD };
	nsec_t tick = NSEC_PER_SEC / sysconf(_SC_CLK_TCK);
	unsigned long long user = 0, kernel = 0;
	const char *behind;
	char text[1024], state = '\0';

	(void)read_file(pid, "stat", text, sizeof(text));
	behind = strrchr(text, ')');
	if (!behind || sscanf(behind + 1, " %c%*s%*s%*s%*s%*s%*s%*s%*s%*s%*s%llu%llu",
	                      &state, &user, &kernel) != 3)
		return sight;
	if (state == 'R')
		sight.state = VIGIL_RUNS;
	else if (state == 'S' || state == 'T')
		sight.state = VIGIL_WAITS;
	sight.used = (nsec_t)(user + kernel) * tick;
	return sight;
}

/* The word behind this one, or NULL. */
static const char *
next_word(const struct process *process, const char *word)
{
	word += strlen(word) + 1;
	return word < process->command + process->length ? word : NULL;
}

/* Is the program called this?  A name alone stands for any path to it, and for the process's. */
static bool
is_called(const struct process *process, const char *path, const char *wanted)
{
	const char *last = strrchr(path, '/');

	if (strcmp(path, wanted) == 0)
		return true;
	if (strchr(wanted, '/'))
		return false;
	return (last && strcmp(last + 1, wanted) == 0) || strcmp(process->name, wanted) == 0;
}

/* Are the words from this one on those of the pattern, as far as it goes? */
static bool
matches_from(const struct process *process, const char *word, const struct program_words *pattern)
{
	for (unsigned i = 0; i < pattern->count; i++, word = next_word(process, word)) {
		if (!word)
			return false;
		if (i == 0 ? !is_called(process, word, pattern->list[0]) :
		             strcmp(word, pattern->list[i]) != 0)
			return false;
	}
	return pattern->count > 0;
}

bool
process_matches(const struct process *process, const struct program_words *pattern)
{
	const char *second = next_word(process, process->command);

	if (matches_from(process, process->command, pattern))
		return true;
	/* A script stands behind its interpreter; with its path, or it would be any argument. */
	return second && second[0] == '/' && matches_from(process, second, pattern);
}

void
process_each(void (*call)(void *owner, const struct process *process), void *owner)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	struct process process;

	while (folder && (entry = readdir(folder))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && *end == '\0' && process_read((pid_t)pid, &process))
			call(owner, &process);
	}
	if (folder)
		closedir(folder);
}
