/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The forms of RESTCONF's answers: errors (RFC 8040 7.1), data, outcomes of commits and of
 * operations.  Each answers the request it is given; none decides anything.
 */
#ifndef TANDEM_REPLY_H
#define TANDEM_REPLY_H

#include "api/http.h"
#include "config/problem.h"

#define REPLY_JSON "application/yang-data+json"
#define REPLY_STREAM "text/event-stream"
#define REPLY_UNTAGGED UINT64_MAX	/* as a revision: what is answered has none */

/* One error; tag is one of RFC 8040 7's ("invalid-value"), path an instance-identifier as
 * lyd_path() writes it, or NULL. */
void reply_error(struct http_request *request, unsigned status, const char *tag, const char *path,
                 const char *format, ...) PRINTF_LIKE(5, 6);

/* 400 with one entry for every problem that is an error. */
void reply_problems(struct http_request *request, const struct problems *problems);

/* Several errors. */
struct reply_item {
	const char *tag;
	const char *path;		/* or NULL */
	char *message;
};
void reply_errors(struct http_request *request, unsigned status, const struct reply_item *items,
                  size_t count);
/* An error for each line. */
void reply_refusals(struct http_request *request, unsigned status, const char *lines);

/* 405 with what would be allowed; 200 and the same list for OPTIONS. */
void reply_not_allowed(struct http_request *request, const char *allow);
void reply_options(struct http_request *request, const char *allow);

/* 200 with a body (taken). */
void reply_data(struct http_request *request, char *body, uint64_t revision);
/* 204, or 201 for what was created. */
void reply_done(struct http_request *request, uint64_t revision);
/* 304 */
void reply_not_modified(struct http_request *request, uint64_t revision);

/* The outcome of a commit: what was said, one message a line ("" = nothing: as reply_done()). */
void reply_commit(struct http_request *request, uint64_t revision, const char *messages);
/* The outcome of an operation: {"tandem-state:output":{"<leaf>":"..."}}. */
void reply_output(struct http_request *request, const char *leaf, const char *text);

#endif
