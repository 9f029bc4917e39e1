/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One step after the other, each as far as the socket lets it go: connected, shaken hands, sent,
 * received.  Every step has its share of one time limit.  What the answer means is the owner's.
 */
#include "daemon/peer_call.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/nsec.h"
#include "system/tls.h"

#define CONNECT_PATIENCE (3 * NSEC_PER_SEC)
#define ANSWER_PATIENCE (20 * NSEC_PER_SEC)

enum step { CONNECTING, SHAKING, SENDING, RECEIVING };

struct peer_call {
	const struct identity *identity;
	struct ip address;
	uint16_t port;
	bool has_pin;
	struct fingerprint pin;
	char *text;			/* the whole request */
	size_t text_size, text_done;
	enum step step;
	int socket;			/* until tls has it */
	struct tls *tls;
	sd_event_source *io;
	sd_event_source *timer;
	peer_call_done *on_end;
	void *owner;
	struct peer_answer answer;
	struct response response;
};

void
peer_call_cancel(struct peer_call *call)
{
	if (!call)
		return;
	sd_event_source_disable_unref(call->io);
	sd_event_source_disable_unref(call->timer);
	if (call->tls)
		tls_free(call->tls);
	else if (call->socket >= 0)
		close(call->socket);
	response_done(&call->response);
	free(call->text);
	free(call);
}

static void
end(struct peer_call *call)
{
	call->answer.response = &call->response;
	call->on_end(call->owner, &call->answer);
	peer_call_cancel(call);
}

/* It ends with an error, whose text says where. */
static int
end_badly(struct peer_call *call, int code, const char *text)
{
	char address[IP_TEXT_SIZE];

	(void)error_set(&call->answer.error, code, "%s port %u: %s",
	                ip_text(&call->address, address), call->port, text);
	end(call);
	return 0;
}

/* ---- steps; each says 0 when it is done, -EAGAIN, or an error ------------------------------- */

static socklen_t
place_of(const struct peer_call *call, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (void *)address;
	struct sockaddr_in *v4 = (void *)address;

	memset(address, 0, sizeof(*address));
	if (call->address.family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(call->port);
		memcpy(&v4->sin_addr, call->address.bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(call->port);
	memcpy(&v6->sin6_addr, call->address.bytes, 16);
	return sizeof(*v6);
}

static struct ip
local_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	const struct sockaddr_in6 *v6 = (const void *)&address;
	const struct sockaddr_in *v4 = (const void *)&address;
	socklen_t size = sizeof(address);

	if (getsockname(fd, (struct sockaddr *)&address, &size) < 0)
		return (struct ip){ 0 };
	if (address.ss_family == AF_INET)
		return ip_from_v4((const uint8_t *)&v4->sin_addr);
	return ip_from_v6((const uint8_t *)&v6->sin6_addr);
}

static int
explain_connect(int code, struct error *error)
{
	if (code == -ECONNREFUSED)
		return error_set(error, code, "nothing listens there; the other router opens this "
		                 "port when 'pair' is given there, or as service https");
	if (code == -ETIMEDOUT || code == -EHOSTUNREACH || code == -ENETUNREACH)
		return error_set(error, code, "cannot be reached (%s): is the address right, does "
		                 "a route lead there, does a firewall let the port pass?",
		                 strerror(-code));
	return error_set(error, code, "cannot be reached: %s", strerror(-code));
}

static int
step_connect(struct peer_call *call, struct error *error)
{
	socklen_t size = sizeof(int);
	int code = 0, r, fd;

	if (getsockopt(call->socket, SOL_SOCKET, SO_ERROR, &code, &size) < 0)
		code = errno;
	if (code)
		return explain_connect(-code, error);
	call->answer.local = local_of(call->socket);
	fd = call->socket;
	call->socket = -1;
	r = tls_new(call->identity, TLS_CLIENT, call->has_pin ? &call->pin : NULL, fd, &call->tls,
	            error);
	return r;
}

static int
step_shake(struct peer_call *call, struct error *error)
{
	int r = tls_handshake(call->tls, error);

	if (r == 0)
		call->answer.key = *tls_peer(call->tls);
	return r;
}

static int
step_send(struct peer_call *call, struct error *error)
{
	while (call->text_done < call->text_size) {
		ssize_t sent = tls_send(call->tls, call->text + call->text_done,
		                        call->text_size - call->text_done, error);

		if (sent < 0)
			return (int)sent;
		call->text_done += (size_t)sent;
	}
	return tls_flush(call->tls, error);
}

/* A part at a time: other clients of the manager come in between. */
static int
step_receive(struct peer_call *call, struct error *error)
{
	uint8_t part[16384];

	for (;;) {
		ssize_t got = tls_receive(call->tls, part, sizeof(part), error);

		if (got < 0)
			return (int)got;
		if (got == 0)
			return error_set(error, -ECONNRESET, "the connection ended before the "
			                 "answer was whole");
		switch (response_feed(&call->response, part, (size_t)got, RESPONSE_BODY_MAX)) {
		case RESPONSE_DONE:
			return 0;
		case RESPONSE_BAD:
			return error_set(error, -EPROTO, "the answer is not one of a Tandem "
			                 "router");
		case RESPONSE_HEAD:
		case RESPONSE_BODY:
			break;
		}
	}
}

/* ---- the loop ------------------------------------------------------------------------------- */

static int
go_on(struct peer_call *call)
{
	static int (*const steps[])(struct peer_call *, struct error *) = {
		[CONNECTING] = step_connect, [SHAKING] = step_shake, [SENDING] = step_send,
		[RECEIVING] = step_receive,
	};
	struct error error = { 0 };

	for (;;) {
		int r = steps[call->step](call, &error);

		if (r == -EAGAIN) {
			(void)sd_event_source_set_io_events(call->io, tls_events(call->tls));
			return 0;
		}
		if (r < 0)
			return end_badly(call, r, error.text);
		if (call->step == RECEIVING) {
			end(call);
			return 0;
		}
		if (call->step++ == CONNECTING)
			(void)sd_event_source_set_time_relative(
				call->timer, ANSWER_PATIENCE / NSEC_PER_USEC);
	}
}

static int
on_socket(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	return go_on(owner);
}

static int
on_patience_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct peer_call *call = owner;
	struct error error = { 0 };

	/* What could not even begin says why here. */
	if (call->answer.error.code)
		return end_badly(call, call->answer.error.code,
		                 strdupa(call->answer.error.text));
	if (call->step == CONNECTING)
		return end_badly(call, explain_connect(-ETIMEDOUT, &error), error.text);
	return end_badly(call, -ETIMEDOUT, "does not answer in time");
}

static char *
write_request(const struct peer_request *request, size_t *ret_size)
{
	char address[IP_TEXT_SIZE];
	char *text = NULL;
	FILE *out = open_memstream(&text, ret_size);

	assert(out);
	ip_text(&request->address, address);
	fprintf(out, "%s %s HTTP/1.1\r\nHost: %s%s%s\r\nUser-Agent: tandem/" TANDEM_VERSION "\r\n"
	        "Connection: close\r\n", request->method, request->path,
	        request->address.family == 6 ? "[" : "", address,
	        request->address.family == 6 ? "]" : "");
	if (request->body)
		fprintf(out, "Content-Type: text/plain\r\nContent-Length: %zu\r\n",
		        strlen(request->body));
	fprintf(out, "\r\n%s", request->body ? request->body : "");
	fclose(out);
	return text;
}

/* Begin to connect; 0 or negative errno. */
static int
begin(struct peer_call *call, sd_event *event)
{
	struct sockaddr_storage address;
	socklen_t size = place_of(call, &address);
	int r;

	call->socket = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (call->socket < 0)
		return -errno;
	if (connect(call->socket, (struct sockaddr *)&address, size) < 0 && errno != EINPROGRESS)
		return -errno;
	r = sd_event_add_io(event, &call->io, call->socket, EPOLLOUT, on_socket, call);
	return r < 0 ? r : 0;
}

struct peer_call *
peer_call_new(struct sd_event *event, const struct identity *identity,
              const struct peer_request *request, peer_call_done *on_end, void *owner)
{
	struct peer_call *call = calloc(1, sizeof(*call));
	nsec_t patience = CONNECT_PATIENCE;
	int r;

	assert(call);
	call->identity = identity;
	call->address = request->address;
	call->port = request->port;
	call->has_pin = request->pin != NULL;
	if (request->pin)
		call->pin = *request->pin;
	call->socket = -1;
	call->on_end = on_end;
	call->owner = owner;
	call->text = write_request(request, &call->text_size);
	r = begin(call, event);
	if (r < 0) {
		(void)explain_connect(r, &call->answer.error);
		patience = 0;
	}
	if (sd_event_add_time_relative(event, &call->timer, CLOCK_MONOTONIC,
	                               (uint64_t)(patience / NSEC_PER_USEC), 0, on_patience_over,
	                               call) < 0)
		assert(!"a timer needs nothing but memory");
	return call;
}
