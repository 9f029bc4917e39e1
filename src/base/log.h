/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines: sentences that say who, what, why and the number, to the journal when standard error
 * is the journal (systemd sets JOURNAL_STREAM), otherwise to standard error with the time of day.
 * Only the daemon's roles and the command line log; core never does.  Secrets never appear.
 *
 * Where standard error is a socket, as under systemd, or a pipe, writing never waits: what is not
 * taken at once is lost, and the next line that is taken says how many were.
 */
#ifndef TANDEM_LOG_H
#define TANDEM_LOG_H

#include "base/base.h"

enum log_level {			/* values are syslog's */
	LOG_ERROR_LEVEL = 3,		/* we stop doing something */
	LOG_WARNING_LEVEL = 4,		/* we go on without something */
	LOG_NOTICE_LEVEL = 5,		/* a state changed */
	LOG_INFO_LEVEL = 6,
	LOG_DEBUG_LEVEL = 7,
};

/* Name the role ("engine"), and the router where many run on one machine; both are borrowed for
 * the life of the process.  router may be NULL. */
void log_open(const char *role, const char *router);
/* Lines above this level are not written; default is info. */
void log_set_level(enum log_level level);

/* One line without its end, written at once or lost; it may be called before log_open(). */
void log_line(enum log_level level, const char *format, ...) PRINTF_LIKE(2, 3);

#define log_error(...) log_line(LOG_ERROR_LEVEL, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING_LEVEL, __VA_ARGS__)
#define log_notice(...) log_line(LOG_NOTICE_LEVEL, __VA_ARGS__)
#define log_info(...) log_line(LOG_INFO_LEVEL, __VA_ARGS__)
#define log_debug(...) log_line(LOG_DEBUG_LEVEL, __VA_ARGS__)

#endif
