/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP on a listening Unix socket, or on connections that the caller brings, served from the
 * caller's event loop: whole requests go out to one function, answers come back at once or later.
 * It knows who asks, limits what a client may use up, and knows nothing of what is asked.
 */
#ifndef TANDEM_HTTP_H
#define TANDEM_HTTP_H

#include <stddef.h>

#include "api/auth.h"
#include "base/base.h"
#include "base/error.h"

#define HTTP_BODY_MAX (16u << 20)
#define HTTP_CONNECTIONS_MAX 64u
#define HTTP_STRANGERS_BODY_MAX 4096u
#define HTTP_STRANGERS_MAX 32u		/* connections of those who may only read state */

struct sd_event;
struct http;

/* One request, whole.  It is http.c's and lives until it is answered. */
struct http_request {
	const char *method;
	const char *path;		/* as sent: still percent-encoded, without the query */
	char *body;			/* ended with a zero beyond body_size; never NULL */
	size_t body_size;
	struct auth_peer peer;

	bool created;			/* what a success creates: 201, at this place if any */
	char *location;			/* heap */

	struct http *server;		/* from here on http.c's own */
	struct MHD_Connection *connection;
	struct MHD_Response *response;
	unsigned status;
	bool suspended;
	struct http_request *next;	/* of all suspended ones */
	const struct http_stream_calls *stream_calls;	/* of an answer without end */
	void *stream;
};

struct http_answer {
	unsigned status;
	const char *type;		/* of the body; static */
	char *body;			/* heap, taken; NULL = none */
	const char *allow;		/* "Allow: ..." when not NULL */
	bool accept_patch;		/* "Accept-Patch: <our media type>" */
	bool tagged;			/* "ETag: "<revision>"" */
	uint64_t revision;
};

/* Answer now with http_answer(), or keep the pointer and answer later. */
typedef void http_call(void *owner, struct http_request *request);

/* Serve the listening socket (taken) for whom auth (borrowed) knows; -1 and NULL: only what
 * http_add() brings. */
int http_new(struct sd_event *event, int socket, const struct auth *auth, http_call *on_request,
             void *owner, struct http **ret_http, struct error *error) MUST_USE;
/* Requests still unanswered are answered with 503.  NULL is fine. */
void http_free(struct http *http);

/* Serve a connection (taken, also on failure) of this peer: a stream socket that is no TCP.  False
 * when there are too many already. */
bool http_add(struct http *http, int socket, const struct auth_peer *peer);

/* Exactly once a request, which must not be touched afterwards. */
void http_answer(struct http_request *request, const struct http_answer *answer);

/*
 * Answer with a body that has no end.  read() is called whenever the client can take more: it
 * copies at most size bytes into buffer and says how many; 0 puts the stream to sleep until
 * http_wake().  close() is called when the client is gone, or the server: stream is then free()d by
 * its owner.
 */
struct http_stream_calls {
	size_t (*read)(void *stream, char *buffer, size_t size);
	void (*close)(void *stream);
};
void http_answer_stream(struct http_request *request, const char *type,
                        const struct http_stream_calls *calls, void *stream);
/* Ask every stream that sleeps again. */
void http_wake(struct http *http);

/* A header's value or NULL. */
const char *http_header(const struct http_request *request, const char *name);

/* Every argument of the query, undecoded; value may be NULL ("?name"). */
typedef bool http_argument_call(void *owner, const char *name, const char *value);
/* Stops at the first for which the call says false; says whether none did. */
bool http_arguments(const struct http_request *request, http_argument_call *call, void *owner);

#endif
