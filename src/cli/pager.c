/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the user's pager, without a shell: $PAGER is split into words as a command is.  Where no
 * pager can be run, the text goes to the terminal as it is.
 */
#include "cli/pager.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "config/language.h"

/* more(1) ends behind the last line: what is typed next is for us. */
#define PAGER_OPTIONS "-e"

extern char **environ;

bool
pager_fits(FILE *terminal, const char *text)
{
	struct winsize size = { 0 };
	unsigned lines = 0;

	if (ioctl(fileno(terminal), TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
		return true;
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	return lines < size.ws_row;
}

/* Start the pager with its input in *ret_input.  The terminal's signals are its own again: the
 * shell may have other plans for them. */
static int
start(pid_t *ret_pid, FILE **ret_input)
{
	const char *command = getenv("PAGER");
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	char **words;
	size_t count;
	int ends[2];
	int r;

	if (language_split(command && command[0] ? command : "more", &words, &count) < 0)
		return -EINVAL;
	words = reallocarray(words, count + 1, sizeof(*words));
	assert(words);
	words[count] = NULL;
	(void)setenv("MORE", PAGER_OPTIONS, false);
	r = count == 0 ? -ENOENT : pipe2(ends, O_CLOEXEC) < 0 ? -errno : 0;
	if (r < 0) {
		language_free_words(words, count);
		return r;
	}

	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	r = posix_spawnp(ret_pid, words[0], &actions, &attributes, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	language_free_words(words, count);
	close(ends[0]);
	*ret_input = r == 0 ? fdopen(ends[1], "w") : NULL;
	if (!*ret_input)
		close(ends[1]);
	return -r;
}

void
pager_show(FILE *terminal, const char *text, bool always)
{
	FILE *input = NULL;
	pid_t pid;

	fflush(terminal);	/* the pager writes to it by itself */
	if ((!always && pager_fits(terminal, text)) || start(&pid, &input) < 0) {
		fputs(text, terminal);
		fflush(terminal);
		return;
	}
	if (input) {
		fputs(text, input);	/* leaving early is the reader's choice */
		fclose(input);
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}
