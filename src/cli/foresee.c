/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts tandem-foresee, without a shell, and passes on what it says.  Our own configuration goes
 * to it in memory, passwords included, and so does one that the peer has sent: nothing is written
 * where others could read it.
 */
#include "cli/foresee.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/inet.h"
#include "cli/candidate.h"
#include "cli/file.h"
#include "cli/pair.h"
#include "config/language.h"

extern char **environ;

#define OWN_FD 10			/* in the program: our own configuration ... */
#define PEER_FD 11			/* ... and the peer's, if it did not come in a file */
#define BESIDE "/../foresee/tandem-foresee"	/* our own folder, where we were built */

/* Where it is: as the environment says, where it is installed, or where it was built; heap. */
static char *
find_program(void)
{
	const char *named = getenv("TANDEM_FORESEE");
	char own[4096], *path, *slash;
	ssize_t length;
	int r;

	if (named && named[0] != '\0')
		return strdup(named);
	length = readlink("/proc/self/exe", own, sizeof(own) - 1);
	own[length > 0 ? length : 0] = '\0';
	slash = strrchr(own, '/');
	if (access(TANDEM_FORESEE_PATH, X_OK) == 0 || !slash)
		return strdup(TANDEM_FORESEE_PATH);
	*slash = '\0';
	r = asprintf(&path, "%s" BESIDE, own);
	assert(r >= 0);
	return path;
}

/* A file that exists nowhere but for this process, with a number above those that the program
 * expects; -1 and errno. */
static int
keep_in_memory(const char *text)
{
	int low = memfd_create("configuration", MFD_CLOEXEC);
	int fd = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, PEER_FD + 1);
	size_t length = strlen(text);

	if (low >= 0)
		close(low);
	while (fd >= 0 && length > 0) {
		ssize_t written = write(fd, text, length);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0) {
			close(fd);
			return -1;
		}
		text += written;
		length -= (size_t)written;
	}
	return fd;
}

/* Start it with its answer in *ret_answer.  0 or negative errno. */
static int
start(const char *program, char *const words[], const int memory[2], pid_t *ret_pid,
      FILE **ret_answer)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t defaults;
	int ends[2];
	int r;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	sigemptyset(&defaults);
	sigaddset(&defaults, SIGINT);
	sigaddset(&defaults, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &defaults);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
	for (int i = 0; i < 2; i++) {
		if (memory[i] >= 0)
			posix_spawn_file_actions_adddup2(&actions, memory[i], OWN_FD + i);
	}
	r = posix_spawn(ret_pid, program, &actions, &attributes, words, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	close(ends[1]);
	*ret_answer = r == 0 ? fdopen(ends[0], "r") : NULL;
	if (!*ret_answer)
		close(ends[0]);
	return -r;
}

/* What it said goes to out; its exit status, or 2 when it did not end by itself. */
static int
pass_on(FILE *answer, FILE *out, pid_t pid)
{
	char part[4096];
	size_t length;
	int status;

	while (answer && (length = fread(part, 1, sizeof(part), answer)) > 0)
		fwrite(part, 1, length, out);
	if (answer)
		fclose(answer);
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return OUTCOME_USAGE;
	return WIFEXITED(status) ? WEXITSTATUS(status) : OUTCOME_USAGE;
}

/* names may be NULL: the files'.  memory: files that exist in memory only, or -1. */
static enum outcome
run(struct session *session, char *const files[2], char *const names[2], const int memory[2])
{
	const char *const *folders = ly_ctx_get_searchdirs(session->schema);
	char *program = find_program();
	char *words[16] = { (char *)"tandem" };	/* as whom it speaks of errors */
	unsigned count = 1;
	FILE *answer;
	pid_t pid;
	int r;

	if (session->json)
		words[count++] = (char *)"--json";
	if (folders && folders[0]) {
		words[count++] = (char *)"--yang-dir";
		words[count++] = (char *)folders[0];
	}
	if (names) {
		words[count++] = (char *)"--first";
		words[count++] = names[0];
		words[count++] = (char *)"--second";
		words[count++] = names[1];
	}
	words[count++] = (char *)"--";
	words[count++] = files[0];
	words[count++] = files[1];
	fflush(session->err);
	r = start(program, words, memory, &pid, &answer);
	if (r < 0)
		fprintf(session->err, "tandem: %s cannot be run: %s\n", program, strerror(-r));
	free(program);
	return r < 0 ? OUTCOME_USAGE : (enum outcome)pass_on(answer, session->out, pid);
}

/* What runs, or what is being edited, as text on the heap; NULL, and the user was told. */
static char *
own_text(struct session *session)
{
	char revision[REVISION_TEXT_SIZE];
	struct lyd_node *tree;
	char *text;

	if (session->candidate)
		return language_print_braces(session->candidate->tree, false);
	if (candidate_fetch(session, "", &tree, revision) != OUTCOME_DONE)
		return NULL;
	text = language_print_braces(tree, false);
	lyd_free_all(tree);
	return text;
}

/* What runs on the router at this address, as text on the heap; NULL, and the user was told. */
static char *
peer_text(struct session *session, const char *address)
{
	struct lyd_node *tree;
	char *text = NULL;

	if (pair_fetch(session, address, &tree))
		text = language_print_braces(tree, false);
	lyd_free_all(tree);
	return text;
}

/* Keep a text (taken; NULL: nothing) in memory; -1, and the user is told if it was one. */
static int
keep(struct session *session, char *text)
{
	int fd = text ? keep_in_memory(text) : -1;

	if (text && fd < 0)
		fprintf(session->err, "tandem: no memory for the configuration: %s\n",
		        strerror(errno));
	free(text);
	return fd;
}

enum outcome
foresee_peer(struct session *session, char *const arguments[], size_t count UNUSED)
{
	struct ip ip;
	bool far = ip_parse(arguments[0], &ip) && access(arguments[0], F_OK) < 0;
	char *const files[] = { (char *)"/proc/self/fd/10",
	                        far ? (char *)"/proc/self/fd/11" : arguments[0] };
	char *const names[] = { session->candidate ? (char *)"this router, as edited"
	                                           : (char *)"this router", arguments[0] };
	int memory[2] = { -1, -1 };
	enum outcome outcome = OUTCOME_USAGE;

	memory[0] = keep(session, own_text(session));
	if (memory[0] >= 0 && far)
		memory[1] = keep(session, peer_text(session, arguments[0]));
	if (memory[0] >= 0 && (!far || memory[1] >= 0))
		outcome = run(session, files, names, memory);
	for (int i = 0; i < 2; i++) {
		if (memory[i] >= 0)
			close(memory[i]);
	}
	return outcome;
}

enum outcome
foresee_pair(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return run(session, arguments, NULL, (const int[]){ -1, -1 });
}

void
foresee_complete_peer(struct session *session, char *const arguments[], size_t count,
                      const char *start, struct possibilities *possibilities)
{
	pair_complete_peer(session, arguments, count, start, possibilities);
	file_complete(start, possibilities);
}

void
foresee_complete(struct session *session UNUSED, char *const arguments[] UNUSED,
                 size_t count UNUSED, const char *start, struct possibilities *possibilities)
{
	file_complete(start, possibilities);
}
