/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wraps libmicrohttpd: its epoll descriptor and its timeout live in our event loop, so the manager
 * stays one thread.  A request is collected whole, then handed out; while its answer is not there
 * the connection is suspended and costs nothing.
 *
 * Decides the limits (body, connections, silence) and who is at the other end.  It must not look
 * at paths or bodies.
 */
#include "api/http.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"

#define SILENCE_SECONDS 30u		/* a connection that says nothing for so long is closed */

struct http {
	struct MHD_Daemon *daemon;
	const struct auth *auth;
	http_call *on_request;
	void *owner;
	sd_event_source *ready;
	sd_event_source *timer;
	struct http_request *suspended;
	const struct auth_peer *arriving;	/* whose connection http_add() brings just now */
	unsigned strangers;		/* connections of peers without full rights */
	bool ending;			/* streams end instead of going to sleep */
};

/* ------------------------------------------------------------------ the loop */

/* When does libmicrohttpd want to run without anything having happened? */
static void
arm_timer(struct http *http)
{
	MHD_UNSIGNED_LONG_LONG wait_msec;
	uint64_t now = 0;

	if (MHD_get_timeout(http->daemon, &wait_msec) != MHD_YES) {
		sd_event_source_set_enabled(http->timer, SD_EVENT_OFF);
		return;
	}
	sd_event_now(sd_event_source_get_event(http->timer), CLOCK_MONOTONIC, &now);
	sd_event_source_set_time(http->timer, now + (uint64_t)wait_msec * 1000);
	sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

static int
on_ready(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct http *http = owner;

	MHD_run(http->daemon);
	arm_timer(http);
	return 0;
}

static int
on_timer(sd_event_source *source UNUSED, uint64_t when UNUSED, void *owner)
{
	return on_ready(NULL, -1, 0, owner);
}

static void __attribute__((format(printf, 2, 0)))
on_log(void *owner UNUSED, const char *format, va_list arguments)
{
	char text[256];

	vsnprintf(text, sizeof(text), format, arguments);
	text[strcspn(text, "\n")] = '\0';
	log_debug("HTTP library: %s", text);
}

/* ------------------------------------------------------------------ connections */

/* A new connection gets its peer's credentials for its whole life; one too many of a stranger is
 * closed at once, so that strangers can never keep the operators out. */
static void
on_connection(void *owner, struct MHD_Connection *connection, void **context,
              enum MHD_ConnectionNotificationCode code)
{
	struct http *http = owner;
	struct auth_peer *peer = *context;

	if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
		if (peer && !peer->full)
			http->strangers--;
		free(peer);
		*context = NULL;
		return;
	}

	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;

	peer = calloc(1, sizeof(*peer));
	assert(peer);
	if (http->arriving)
		*peer = *http->arriving;
	if ((!http->arriving && auth_identify(http->auth, fd, peer) < 0) ||
	    (!peer->full && http->strangers >= HTTP_STRANGERS_MAX)) {
		free(peer);
		shutdown(fd, SHUT_RDWR);
		return;
	}
	if (!peer->full)
		http->strangers++;
	*context = peer;
}

/* ------------------------------------------------------------------ requests */

/* Paths and queries stay as they were sent: RFC 8040 splits them before decoding. */
static size_t
keep_encoded(void *owner UNUSED, struct MHD_Connection *connection UNUSED, char *text)
{
	return strlen(text);
}

static struct http_request *
request_new(struct http *http, struct MHD_Connection *connection, const char *path,
            const char *method)
{
	const union MHD_ConnectionInfo *info =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
	const struct auth_peer *peer = info ? info->socket_context : NULL;

	if (!peer)
		return NULL;

	struct http_request *request = calloc(1, sizeof(*request));

	assert(request);
	request->method = method;
	request->path = path;
	request->peer = *peer;
	request->server = http;
	request->connection = connection;
	request->body = calloc(1, 1);
	assert(request->body);
	return request;
}

/* Who may change nothing has little to say. */
static size_t
body_limit(const struct http_request *request)
{
	return request->peer.full ? HTTP_BODY_MAX : HTTP_STRANGERS_BODY_MAX;
}

/* Append a piece of the body; false when it becomes too large. */
static bool
request_append(struct http_request *request, const char *bytes, size_t size)
{
	if (size > body_limit(request) - request->body_size)
		return false;

	request->body = realloc(request->body, request->body_size + size + 1);
	assert(request->body);
	memcpy(request->body + request->body_size, bytes, size);
	request->body_size += size;
	request->body[request->body_size] = '\0';
	return true;
}

/* Does the client announce a body that we would refuse anyway? */
static bool
announces_too_much(const struct http_request *request)
{
	const char *length = http_header(request, MHD_HTTP_HEADER_CONTENT_LENGTH);

	return length && strtoull(length, NULL, 10) > body_limit(request);
}

static enum MHD_Result
queue_answer(struct http_request *request)
{
	enum MHD_Result queued = MHD_queue_response(request->connection, request->status,
	                                            request->response);

	MHD_destroy_response(request->response);
	request->response = NULL;
	return queued;
}

static void
suspend(struct http_request *request)
{
	struct http *http = request->server;

	MHD_suspend_connection(request->connection);
	request->suspended = true;
	request->next = http->suspended;
	http->suspended = request;
}

/* The caller sees to it that the library runs in the loop's next turn: it does not notice. */
static void
resume(struct http_request *request)
{
	struct http *http = request->server;

	for (struct http_request **at = &http->suspended; *at; at = &(*at)->next) {
		if (*at == request) {
			*at = request->next;
			break;
		}
	}
	request->suspended = false;
	MHD_resume_connection(request->connection);
}

static void
run_soon(struct http *http)
{
	sd_event_source_set_time(http->timer, 0);
	sd_event_source_set_enabled(http->timer, SD_EVENT_ONESHOT);
}

/* libmicrohttpd calls this for the head, for every piece of the body, at the end, and once more
 * after a suspended connection was resumed. */
static enum MHD_Result
on_access(void *owner, struct MHD_Connection *connection, const char *path, const char *method,
          const char *version UNUSED, const char *bytes, size_t *size, void **context)
{
	struct http *http = owner;
	struct http_request *request = *context;

	if (!request) {
		request = request_new(http, connection, path, method);
		if (!request)
			return MHD_NO;
		*context = request;
		if (!announces_too_much(request))
			return MHD_YES;
		http_answer(request, &(struct http_answer){
			.status = MHD_HTTP_CONTENT_TOO_LARGE });
		return queue_answer(request);
	}
	if (*size > 0) {
		if (!request_append(request, bytes, *size))
			return MHD_NO;
		*size = 0;
		return MHD_YES;
	}
	if (!request->response)
		http->on_request(http->owner, request);
	if (request->response)
		return queue_answer(request);

	suspend(request);
	return MHD_YES;
}

static void
on_completed(void *owner UNUSED, struct MHD_Connection *connection UNUSED, void **context,
             enum MHD_RequestTerminationCode code UNUSED)
{
	struct http_request *request = *context;

	if (!request)
		return;
	if (request->response)
		MHD_destroy_response(request->response);
	if (request->stream)
		request->stream_calls->close(request->stream);
	free(request->location);
	free(request->body);
	free(request);
	*context = NULL;
}

static void
add_header(struct MHD_Response *response, const char *name, const char *value)
{
	if (value)
		MHD_add_response_header(response, name, value);
}

void
http_answer(struct http_request *request, const struct http_answer *answer)
{
	struct http *http = request->server;
	char *body = answer->body;
	static char nothing[1];
	char etag[32];

	assert(!request->response);
	request->status = answer->status;
	request->response = body ?
		MHD_create_response_from_buffer(strlen(body), body, MHD_RESPMEM_MUST_FREE) :
		MHD_create_response_from_buffer(0, nothing, MHD_RESPMEM_PERSISTENT);
	assert(request->response);
	add_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->type);
	add_header(request->response, MHD_HTTP_HEADER_ALLOW, answer->allow);
	if (answer->accept_patch)
		add_header(request->response, "Accept-Patch", "application/yang-data+json");
	if (answer->status == MHD_HTTP_CREATED)
		add_header(request->response, MHD_HTTP_HEADER_LOCATION, request->location);
	add_header(request->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
	if (answer->tagged) {
		snprintf(etag, sizeof(etag), "\"%llu\"", (unsigned long long)answer->revision);
		add_header(request->response, MHD_HTTP_HEADER_ETAG, etag);
	}
	if (!request->suspended)
		return;
	resume(request);
	run_soon(http);
}

/* The library wants bytes of an answer without end. */
static ssize_t
on_read(void *owner, uint64_t position UNUSED, char *buffer, size_t size)
{
	struct http_request *request = owner;
	size_t length;

	if (request->server->ending)
		return MHD_CONTENT_READER_END_OF_STREAM;
	length = request->stream_calls->read(request->stream, buffer, size);
	if (length == 0)
		suspend(request);
	return (ssize_t)length;
}

void
http_answer_stream(struct http_request *request, const char *type,
                   const struct http_stream_calls *calls, void *stream)
{
	assert(!request->response && !request->suspended);
	request->stream_calls = calls;
	request->stream = stream;
	request->status = MHD_HTTP_OK;
	request->response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 4096, on_read,
	                                                      request, NULL);
	assert(request->response);
	add_header(request->response, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	add_header(request->response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache");
}

void
http_wake(struct http *http)
{
	struct http_request *next;

	for (struct http_request *request = http->suspended; request; request = next) {
		next = request->next;
		if (request->stream)
			resume(request);
	}
	run_soon(http);
}

const char *
http_header(const struct http_request *request, const char *name)
{
	return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

struct argument_walk {
	http_argument_call *call;
	void *owner;
	bool good;
};

static enum MHD_Result
on_argument(void *owner, enum MHD_ValueKind kind UNUSED, const char *name, const char *value)
{
	struct argument_walk *walk = owner;

	walk->good = walk->call(walk->owner, name, value);
	return walk->good ? MHD_YES : MHD_NO;
}

bool
http_arguments(const struct http_request *request, http_argument_call *call, void *owner)
{
	struct argument_walk walk = { .call = call, .owner = owner, .good = true };

	MHD_get_connection_values(request->connection, MHD_GET_ARGUMENT_KIND, on_argument, &walk);
	return walk.good;
}

/* ------------------------------------------------------------------ begin and end */

static int
attach(struct http *http, struct sd_event *event)
{
	const union MHD_DaemonInfo *info = MHD_get_daemon_info(http->daemon,
	                                                       MHD_DAEMON_INFO_EPOLL_FD);
	int r;

	r = sd_event_add_io(event, &http->ready, info->epoll_fd, EPOLLIN, on_ready, http);
	if (r < 0)
		return r;
	r = sd_event_add_time(event, &http->timer, CLOCK_MONOTONIC, 0, 1000, on_timer, http);
	if (r < 0)
		return r;
	return 0;
}

int
http_new(struct sd_event *event, int socket, const struct auth *auth, http_call *on_request,
         void *owner, struct http **ret_http, struct error *error)
{
	struct http *http = calloc(1, sizeof(*http));
	int r;

	assert(http);
	http->auth = auth;
	http->on_request = on_request;
	http->owner = owner;
	http->daemon = MHD_start_daemon(
		MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG |
			(socket < 0 ? MHD_USE_NO_LISTEN_SOCKET : 0), 0, NULL, NULL,
		on_access, http,
		MHD_OPTION_EXTERNAL_LOGGER, on_log, NULL,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, http,
		MHD_OPTION_NOTIFY_COMPLETED, on_completed, NULL,
		MHD_OPTION_UNESCAPE_CALLBACK, keep_encoded, NULL,
		MHD_OPTION_CONNECTION_LIMIT, HTTP_CONNECTIONS_MAX,
		MHD_OPTION_CONNECTION_TIMEOUT, SILENCE_SECONDS,
		socket < 0 ? MHD_OPTION_END : MHD_OPTION_LISTEN_SOCKET, socket,
		MHD_OPTION_END);
	if (!http->daemon) {
		free(http);
		return error_set(error, -EIO, "the HTTP library does not start on the API socket");
	}

	r = attach(http, event);
	if (r < 0) {
		http_free(http);
		return error_set(error, r, "the event loop does not take the API socket: %s",
		                 strerror(-r));
	}
	*ret_http = http;
	return 0;
}

bool
http_add(struct http *http, int socket, const struct auth_peer *peer)
{
	const struct sockaddr address = { .sa_family = AF_UNIX };
	enum MHD_Result taken;

	http->arriving = peer;
	taken = MHD_add_connection(http->daemon, socket, &address, sizeof(address));
	http->arriving = NULL;
	run_soon(http);
	return taken == MHD_YES;
}

void
http_free(struct http *http)
{
	if (!http)
		return;

	http->ending = true;		/* the library cannot end with suspended connections */
	http_wake(http);
	while (http->suspended)
		http_answer(http->suspended, &(struct http_answer){
			.status = MHD_HTTP_SERVICE_UNAVAILABLE });
	MHD_run(http->daemon);		/* sends what was answered last */
	sd_event_source_disable_unref(http->ready);
	sd_event_source_disable_unref(http->timer);

	/* Others may have the listening socket too: it is closed here, not shut down. */
	int socket = MHD_quiesce_daemon(http->daemon);

	MHD_stop_daemon(http->daemon);
	if (socket >= 0)
		close(socket);
	free(http);
}
