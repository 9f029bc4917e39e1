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

#define COMMAND_MAX 4096u

/* The bytes of a file of the process, with a final zero; -1 when there is none. */
static ssize_t
read_file(pid_t pid, const char *name, char *bytes, size_t size)
{
	char path[64];
	ssize_t length;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;
	length = read(fd, bytes, size - 1);
	close(fd);
	bytes[length > 0 ? length : 0] = '\0';
	return length;
}

/* A command line as /proc shows it: words, each with a zero behind it. */
struct command {
	char text[COMMAND_MAX];
	size_t length;
};

/* The word behind this one, or NULL. */
static const char *
next_word(const struct command *command, const char *word)
{
	word += strlen(word) + 1;
	return word < command->text + command->length ? word : NULL;
}

/* Is the program called this?  A name alone stands for any path to it, and for the process's. */
static bool
is_called(pid_t pid, const char *path, const char *wanted)
{
	const char *last = strrchr(path, '/');
	char name[32];

	if (strcmp(path, wanted) == 0)
		return true;
	if (strchr(wanted, '/'))
		return false;
	if (last && strcmp(last + 1, wanted) == 0)
		return true;
	if (read_file(pid, "comm", name, sizeof(name)) <= 0)
		return false;
	name[strcspn(name, "\n")] = '\0';
	return strcmp(name, wanted) == 0;
}

/* Are the words from this one on those of the pattern, as far as it goes? */
static bool
matches_from(pid_t pid, const struct command *command, const char *word,
             const struct program_words *pattern)
{
	for (unsigned i = 0; i < pattern->count; i++, word = next_word(command, word)) {
		if (!word)
			return false;
		if (i == 0 ? !is_called(pid, word, pattern->list[0]) :
		             strcmp(word, pattern->list[i]) != 0)
			return false;
	}
	return true;
}

bool
process_is(pid_t pid, const struct program_words *pattern)
{
	struct command command;
	ssize_t length = read_file(pid, "cmdline", command.text, sizeof(command.text));
	const char *second;

	if (length <= 0)		/* gone, a zombie, or a kernel thread */
		return false;
	command.length = (size_t)length;
	if (matches_from(pid, &command, command.text, pattern))
		return true;
	/* A script stands behind its interpreter; with its path, or it would be any argument. */
	second = next_word(&command, command.text);
	return second && second[0] == '/' && matches_from(pid, &command, second, pattern);
}

pid_t
process_find(const struct program_words *pattern)
{
	DIR *folder = opendir("/proc");
	const struct dirent *entry;
	pid_t found = 0;

	while (folder && !found && (entry = readdir(folder))) {
		char *end;
		long pid = strtol(entry->d_name, &end, 10);

		if (pid > 0 && *end == '\0' && process_is((pid_t)pid, pattern))
			found = (pid_t)pid;
	}
	if (folder)
		closedir(folder);
	return found;
}
