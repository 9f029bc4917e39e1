/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a command to a process.  Everything that can go wrong on behalf of the program is done in
 * the child, as the user it runs as, so that whoever starts it never waits for a name service or a
 * slow disk.
 */
#include "system/program.h"

#include <cap-ng.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ENVIRONMENT_MAX 32u
#define OPEN_FILES 256u
#define PROCESSES 4096u			/* of the user, whoever started them */

/* ---- words ---------------------------------------------------------------------------------- */

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/*
 * Copy one word from *in to *out, without its quotation marks.  *out may be the text that *in
 * reads: a word never grows.
 */
static bool
take_word(const char **in, char **out)
{
	char quote = '\0';

	for (; **in && (quote || !is_blank(**in)); (*in)++) {
		char c = **in;

		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\' && quote != '\'' && (*in)[1] &&
		    (!quote || (*in)[1] == '"' || (*in)[1] == '\\'))
			c = *++*in;
		*(*out)++ = c;
	}
	return quote == '\0';
}

int
program_split(const char *command, struct program_words *ret_words, struct error *error)
{
	struct program_words *words = ret_words;
	const char *in = command;
	char *out = words->text;

	words->count = 0;
	if (strlen(command) >= sizeof(words->text))
		return error_set(error, -EINVAL, "the command is too long");
	for (;;) {
		while (is_blank(*in))
			in++;
		if (!*in)
			break;
		if (words->count == PROGRAM_WORDS_MAX)
			return error_set(error, -EINVAL, "the command has more than %u words",
			                 PROGRAM_WORDS_MAX);
		words->list[words->count++] = out;
		if (!take_word(&in, &out))
			return error_set(error, -EINVAL, "a quotation in the command does not end");
		*out++ = '\0';
	}
	words->list[words->count] = NULL;
	return words->count > 0 ? 0 : error_set(error, -EINVAL, "the command is empty");
}

/* ---- trust ---------------------------------------------------------------------------------- */

#define LINKS_MAX 40u			/* on one way, as many as the kernel follows */

/* The way to a file, gone part by part as the kernel goes it. */
struct way {
	int at;				/* what was reached; O_PATH */
	char path[PATH_MAX];		/* its name, in which is no link; "" = the root folder */
	char rest[PATH_MAX];		/* what is still to be gone */
	unsigned links;
	uid_t user;
};

/* Can anybody but root and the user change this part?  Where it has an access control list, what
 * stands for the group is all that the list may allow. */
static int
check_part(const char *path, const struct stat *status, uid_t user, struct error *error)
{
	if (status->st_uid != 0 && status->st_uid != user)
		return error_set(error, -EPERM, "%s belongs to another user", path);
	/* A link has no rights of its own; in a folder like /tmp nobody moves what is others'. */
	if (S_ISLNK(status->st_mode))
		return 0;
	if (S_ISDIR(status->st_mode) && (status->st_mode & S_ISVTX))
		return 0;
	if (status->st_mode & S_IWOTH)
		return error_set(error, -EPERM, "%s can be written by others; chmod go-w it", path);
	if (status->st_mode & S_IWGRP)
		return error_set(error, -EPERM, "%s can be written by its group; chmod g-w it",
		                 path);
	return 0;
}

static int
start_at_root(struct way *way, struct error *error)
{
	struct stat status;

	if (way->at >= 0)
		close(way->at);
	way->path[0] = '\0';
	way->at = open("/", O_PATH | O_CLOEXEC);
	if (way->at < 0 || fstat(way->at, &status) < 0)
		return error_set(error, -errno, "/: %s", strerror(errno));
	return check_part("/", &status, way->user, error);
}

/* The next part of the rest into name; false when there is none. */
static bool
take_name(struct way *way, char name[NAME_MAX + 2])
{
	const char *start = way->rest + strspn(way->rest, "/");
	size_t length = strcspn(start, "/");

	/* What is too long to be a name stays so, and the kernel says it. */
	snprintf(name, NAME_MAX + 2, "%.*s", (int)length, start);
	memmove(way->rest, start + length, strlen(start + length) + 1);
	return name[0] != '\0';
}

/* What a link names takes its place in the rest of the way. */
static int
follow(struct way *way, int link, const char *path, struct error *error)
{
	char target[PATH_MAX], rest[PATH_MAX];
	ssize_t length = readlinkat(link, "", target, sizeof(target) - 1);

	if (length < 0)
		return error_set(error, -errno, "%s: %s", path, strerror(errno));
	target[length] = '\0';
	if (++way->links > LINKS_MAX)
		return error_set(error, -ELOOP, "%s: too many symbolic links on the way", path);
	if (snprintf(rest, sizeof(rest), "%s/%s", target, way->rest) >= (int)sizeof(rest))
		return error_set(error, -ENAMETOOLONG, "%s leads to a name that is too long", path);
	memcpy(way->rest, rest, sizeof(rest));
	return target[0] == '/' ? start_at_root(way, error) : 0;
}

static int
go_up(struct way *way, struct error *error)
{
	char *end = strrchr(way->path, '/');
	int parent = openat(way->at, "..", O_PATH | O_CLOEXEC);

	if (parent < 0)
		return error_set(error, -errno, "%s/..: %s", way->path, strerror(errno));
	close(way->at);
	way->at = parent;
	if (end)
		*end = '\0';
	return 0;
}

static int
go_down(struct way *way, const char *name, struct error *error)
{
	char path[PATH_MAX];
	struct stat status;
	int next, r;

	if (snprintf(path, sizeof(path), "%s/%s", way->path, name) >= (int)sizeof(path))
		return error_set(error, -ENAMETOOLONG, "%s is too long", path);
	next = openat(way->at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (next < 0 || fstat(next, &status) < 0) {
		r = error_set(error, -errno, "%s: %s", path, strerror(errno));
		if (next >= 0)
			close(next);
		return r;
	}
	r = check_part(path, &status, way->user, error);
	if (r == 0 && S_ISLNK(status.st_mode)) {
		r = follow(way, next, path, error);
	} else if (r == 0) {
		close(way->at);
		way->at = next;
		memcpy(way->path, path, sizeof(path));
		return 0;
	}
	close(next);
	return r;
}

static int
go_the_way(struct way *way, struct error *error)
{
	char name[NAME_MAX + 2];
	struct stat status;
	int r = start_at_root(way, error);

	while (r == 0 && take_name(way, name)) {
		if (strcmp(name, "..") == 0)
			r = go_up(way, error);
		else if (strcmp(name, ".") != 0)
			r = go_down(way, name, error);
	}
	if (r < 0)
		return r;
	if (fstat(way->at, &status) < 0 || !S_ISREG(status.st_mode))
		return error_set(error, -EACCES, "%s is not a file",
		                 way->path[0] ? way->path : "/");
	return 0;
}

int
program_check_trust(const char *path, uid_t user, char ret_real[PATH_MAX], struct error *error)
{
	struct way way = { .at = -1, .user = user };
	int r;

	if (path[0] != '/' || strlen(path) >= PATH_MAX)
		return error_set(error, -EINVAL, "%s is not an absolute path", path);
	snprintf(way.rest, sizeof(way.rest), "%s", path);
	r = go_the_way(&way, error);
	if (way.at >= 0)
		close(way.at);
	if (r == 0)
		memcpy(ret_real, way.path, PATH_MAX);
	return r;
}

/* ---- the child ------------------------------------------------------------------------------ */

/* Say why and end. */
NORETURN static void
refuse(const struct error *error)
{
	dprintf(STDOUT_FILENO, "not run: %s\n", error->text);
	_exit(PROGRAM_REFUSED);
}

static void
be_limited(void)
{
	static const struct {
		int resource;
		rlim_t value;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_NOFILE, OPEN_FILES },
		{ RLIMIT_NPROC, PROCESSES },
		{ RLIMIT_MEMLOCK, 0 },
		{ RLIMIT_RTPRIO, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		struct rlimit limit = { limits[i].value, limits[i].value };

		(void)setrlimit((__rlimit_resource_t)limits[i].resource, &limit);
	}
}

/* Whose rights a program gets that is given none: a user of its own, who has nothing else, where
 * there is one; otherwise the service's. */
static const struct passwd *
default_user(void)
{
	const struct passwd *entry = getpwnam(PROGRAM_USER);

	return entry ? entry : getpwuid(geteuid());
}

/*
 * Become the user, with the groups the user has, and nothing else.  Root's files are out of reach
 * for who may only configure: a service that gave up being root makes nobody root.
 */
static int
become(const char *name, uid_t *ret_user, struct error *error)
{
	const struct passwd *entry = name[0] ? getpwnam(name) : default_user();

	if (!entry && !name[0]) {		/* a number without a name: stays as it is */
		*ret_user = geteuid();
		return 0;
	}
	if (!entry)
		return error_set(error, -ENOENT, "there is no user %s", name);
	if (entry->pw_uid == 0 && geteuid() != 0)
		return error_set(error, -EPERM, "programs do not run as root; name another user");
	if (initgroups(entry->pw_name, entry->pw_gid) < 0 && entry->pw_uid != geteuid())
		return error_set(error, -errno, "cannot take the groups of user %s: %s",
		                 entry->pw_name, strerror(errno));
	if (setresgid(entry->pw_gid, entry->pw_gid, entry->pw_gid) < 0 ||
	    setresuid(entry->pw_uid, entry->pw_uid, entry->pw_uid) < 0)
		return error_set(error, -errno, "cannot become user %s: %s", entry->pw_name,
		                 strerror(errno));
	*ret_user = entry->pw_uid;
	return 0;
}

/* No capability survives, no program brings new ones, and no survivor of ours goes on alone. */
static int
be_powerless(pid_t parent, struct error *error)
{
	capng_clear(CAPNG_SELECT_CAPS);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(error, -EPERM, "cannot give up powers");
	if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) < 0 || getppid() != parent)
		return error_set(error, -EPERM, "the runner is gone");
	return 0;
}

/* Standard input empty, output into the pipe, everything else closed. */
static void
set_up_files(int output)
{
	int empty = open("/dev/null", O_RDONLY);

	if (empty < 0 || dup2(empty, STDIN_FILENO) < 0 || dup2(output, STDOUT_FILENO) < 0 ||
	    dup2(output, STDERR_FILENO) < 0 || close_range(STDERR_FILENO + 1, ~0U, 0) < 0)
		_exit(PROGRAM_REFUSED);
}

static void
set_up_signals(void)
{
	/* The kernel's struct sigaction, all zero: the C library keeps two signals from us. */
	static const unsigned long standard[4];
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		(void)syscall(SYS_rt_sigaction, number, standard, NULL, sizeof(standard[0]));
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

NORETURN static void
run(const struct program *program, pid_t parent, int output)
{
	const char *environment[ENVIRONMENT_MAX + 1] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
	};
	struct program_words words;
	struct error error = { 0 };
	char real[PATH_MAX];
	uid_t user = geteuid();

	(void)setpgid(0, 0);
	set_up_files(output);
	set_up_signals();
	umask(022);
	if (chdir("/") < 0)
		_exit(PROGRAM_REFUSED);
	if (program_split(program->command, &words, &error) < 0)
		refuse(&error);
	for (unsigned i = 0; program->arguments[i] && words.count < PROGRAM_WORDS_MAX; i++)
		words.list[words.count++] = (char *)program->arguments[i];
	words.list[words.count] = NULL;
	for (unsigned i = 0; program->environment[i] && i + 1 < ENVIRONMENT_MAX; i++)
		environment[i + 1] = program->environment[i];
	be_limited();
	if (become(program->user, &user, &error) < 0 || be_powerless(parent, &error) < 0 ||
	    program_check_trust(words.list[0], user, real, &error) < 0)
		refuse(&error);
	/*
	 * By a name without links, of which no part can be exchanged but by root and the user, so
	 * it is what was checked.  (By its descriptor a script would not find itself.)
	 */
	execve(real, words.list, (char *const *)environment);
	(void)error_set(&error, -errno, "%s: %s", words.list[0], strerror(errno));
	refuse(&error);
}

int
program_start(const struct program *program, pid_t *ret_pid, int *ret_output, struct error *error)
{
	pid_t parent = getpid();
	int pipe[2];
	pid_t pid;

	if (pipe2(pipe, O_CLOEXEC) < 0)
		return error_set(error, -errno, "cannot make a pipe: %s", strerror(errno));
	(void)fcntl(pipe[0], F_SETFL, O_NONBLOCK);
	pid = fork();
	if (pid == 0)
		run(program, parent, pipe[1]);
	if (pid < 0) {
		int r = error_set(error, -errno, "cannot start a process: %s", strerror(errno));

		close(pipe[0]);
		close(pipe[1]);
		return r;
	}
	/* Here, too, so that the group is there whoever comes first. */
	(void)setpgid(pid, pid);
	close(pipe[1]);
	*ret_pid = pid;
	*ret_output = pipe[0];
	return 0;
}
