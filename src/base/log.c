/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines to standard error.  Under systemd standard error is a journal stream, which takes a
 * "<level>" prefix; elsewhere a person reads it, so the time stands in front.  The line is built
 * on the stack and written in one go; nothing here allocates.  A journal that does not read loses
 * lines rather than hold up the engine.
 */
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
	const char *role;
	const char *router;
	enum log_level level;
	bool journal;
	bool socket;			/* standard error is one: writing never waits */
	unsigned lost;
} state = { .role = "tandem", .level = LOG_INFO_LEVEL };

void
log_open(const char *role, const char *router)
{
	struct stat standard_error;

	state.role = role;
	state.router = router;
	state.journal = getenv("JOURNAL_STREAM") != NULL;
	state.socket = fstat(STDERR_FILENO, &standard_error) == 0 &&
	               S_ISSOCK(standard_error.st_mode);
}

void
log_set_level(enum log_level level)
{
	state.level = level;
}

/* Who speaks: "<5>engine: " for the journal, "12:00:00.123 engine r1: " for a person. */
static int
put_head(char *line, size_t size, enum log_level level)
{
	struct timespec now;
	struct tm parts;

	if (state.journal)
		return snprintf(line, size, "<%d>%s: ", level, state.role);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &parts);
	return snprintf(line, size, "%02d:%02d:%02d.%03ld %s%s%s: %s", parts.tm_hour, parts.tm_min,
	                parts.tm_sec, now.tv_nsec / 1000000, state.role,
	                state.router ? " " : "", state.router ? state.router : "",
	                level == LOG_ERROR_LEVEL ? "error: " :
	                level == LOG_WARNING_LEVEL ? "warning: " : "");
}

/* False when standard error does not take it at once: a journal or a pipe that nobody reads. */
static bool
write_now(const char *line, size_t length)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t written;

	if (state.socket)
		written = send(STDERR_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (poll(&fd, 1, 0) == 1)
		written = write(STDERR_FILENO, line, length);
	else
		written = -1;
	return written == (ssize_t)length;
}

void
log_line(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list arguments;

	if (level > state.level)
		return;

	int length = put_head(line, sizeof(line), level);

	if (state.lost > 0)
		length += snprintf(line + length, sizeof(line) - (size_t)length,
		                   "(%u lines lost before this one) ", state.lost);
	va_start(arguments, format);
	length += vsnprintf(line + length, sizeof(line) - (size_t)length, format, arguments);
	va_end(arguments);
	if ((size_t)length > sizeof(line) - 2)
		length = sizeof(line) - 2;
	line[length++] = '\n';

	if (write_now(line, (size_t)length))
		state.lost = 0;
	else
		state.lost++;
}
