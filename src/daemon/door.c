/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest is let in by a TLS handshake (system/tls) and then spoken to by the HTTP library through
 * a socket pair: what it sends before it has proved its key never reaches the library, and there is
 * one TLS in the service, with one set of rules.
 *
 * Limits: so many strangers at once and new ones a second, in all and from one address; so much
 * time for a handshake, and for a stranger's whole visit.  It must not look at requests.
 */
#include "daemon/door.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "system/clock.h"
#include "system/tls.h"

#define STRANGERS_MAX 16u		/* at once ... */
#define STRANGERS_OF_ADDRESS 4u		/* ... and from one address */
#define STRANGERS_PER_SECOND 10u	/* new ones; each costs about a millisecond ... */
#define CALLS_OF_ADDRESS 5u		/* ... and from one address */
#define EXPECTED_MAX 16u		/* guests from addresses where somebody is waited for */
#define VISIT (15 * NSEC_PER_SEC)	/* of one who has shown a key that is not the peer's */
#define BACKLOG 32
#define PART_SIZE 16384u		/* a TLS record */

struct guest {
	struct door *door;
	struct tls *tls;
	struct ip address;
	bool expected;
	bool paired;
	int inside;			/* our end of the library's connection; -1 before */
	sd_event_source *outer;
	sd_event_source *inner;
	sd_event_source *timer;
	uint8_t *part;			/* on its way in; NULL before the handshake is over */
	size_t part_size, part_done;
	bool inner_ended;		/* the library has said all */
	bool outer_ended;		/* the guest has */
	struct guest *next;
};

struct door {
	sd_event *event;
	const struct door_calls *calls;
	void *owner;
	const struct identity *identity;
	struct http *http;
	struct door_places places;
	sd_event_source *listeners[DOOR_ADDRESSES_MAX + 1];
	unsigned listener_count;
	struct guest *guests;
	nsec_t second;			/* in which these strangers came */
	struct ip callers[STRANGERS_PER_SECOND];
	unsigned came;
};

/* ---- guests --------------------------------------------------------------------------------- */

static void
guest_free(struct guest *guest)
{
	struct guest **at = &guest->door->guests;

	while (*at && *at != guest)
		at = &(*at)->next;
	if (*at)
		*at = guest->next;
	sd_event_source_disable_unref(guest->outer);
	sd_event_source_disable_unref(guest->inner);
	sd_event_source_disable_unref(guest->timer);
	if (guest->inside >= 0)
		close(guest->inside);
	tls_free(guest->tls);
	free(guest->part);
	free(guest);
}

/* Into the library: what the guest sent.  False: the guest must go. */
static bool
pump_in(struct guest *guest)
{
	struct error error;

	while (!guest->outer_ended) {
		ssize_t n;

		if (guest->part_done == guest->part_size) {
			n = tls_receive(guest->tls, guest->part, PART_SIZE, &error);
			if (n == -EAGAIN)
				return true;
			if (n < 0)
				return false;
			guest->part_size = (size_t)n;
			guest->part_done = 0;
			guest->outer_ended = n == 0;
			if (n == 0)
				(void)shutdown(guest->inside, SHUT_WR);
			continue;
		}
		n = send(guest->inside, guest->part + guest->part_done,
		         guest->part_size - guest->part_done, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		guest->part_done += (size_t)n;
	}
	return true;
}

/* Out of the library: what it answers.  False: the guest must go. */
static bool
pump_out(struct guest *guest)
{
	uint8_t part[PART_SIZE];
	struct error error;

	for (;;) {
		int flushed = tls_flush(guest->tls, &error);
		ssize_t n;

		if (flushed < 0)
			return flushed == -EAGAIN;
		if (guest->inner_ended)
			return false;
		n = recv(guest->inside, part, sizeof(part), MSG_DONTWAIT);
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		guest->inner_ended = n == 0;
		for (ssize_t done = 0; done < n;) {
			ssize_t sent = tls_send(guest->tls, part + done, (size_t)(n - done),
			                        &error);

			/* A part is one record, which is taken whole. */
			if (sent < 0)
				return false;
			done += sent;
		}
	}
}

/* Wait for what can go on. */
static void
wait_for(struct guest *guest)
{
	bool in_blocked = guest->part_done < guest->part_size;
	bool out_blocked = tls_events(guest->tls) & EPOLLOUT;
	uint32_t outer = (in_blocked || guest->outer_ended ? 0 : (uint32_t)EPOLLIN) |
	                 (out_blocked ? (uint32_t)EPOLLOUT : 0);
	uint32_t inner = (out_blocked ? 0 : (uint32_t)EPOLLIN) |
	                 (in_blocked ? (uint32_t)EPOLLOUT : 0);

	(void)sd_event_source_set_io_events(guest->outer, outer);
	(void)sd_event_source_set_io_events(guest->inner, inner);
}

static int
on_pump(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct guest *guest = owner;

	if (pump_in(guest) && pump_out(guest))
		wait_for(guest);
	else
		guest_free(guest);
	return 0;
}

/* The handshake is over: hand the guest to the library.  False: it must go. */
static bool
let_in(struct guest *guest)
{
	struct door *door = guest->door;
	struct auth_peer peer = { .uid = AUTH_NO_LOGIN, .login = AUTH_NO_LOGIN,
	                          .remote = guest->address, .key = *tls_peer(guest->tls) };
	int ends[2];

	guest->paired = door->calls->is_paired(door->owner, &peer.key);
	peer.full = guest->paired;
	(void)sd_event_source_set_time_relative(guest->timer, VISIT / NSEC_PER_USEC);
	if (guest->paired)
		(void)sd_event_source_set_enabled(guest->timer, SD_EVENT_OFF);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0)
		return false;
	guest->inside = ends[0];
	guest->part = malloc(PART_SIZE);
	assert(guest->part);
	return http_add(door->http, ends[1], &peer) &&
	       sd_event_add_io(door->event, &guest->inner, guest->inside, EPOLLIN, on_pump,
	                       guest) >= 0;
}

static int
on_handshake(sd_event_source *source, int fd, uint32_t events, void *owner)
{
	struct guest *guest = owner;
	char text[IP_TEXT_SIZE];
	struct error error;
	int r;

	if (guest->inside >= 0)
		return on_pump(source, fd, events, owner);
	r = tls_handshake(guest->tls, &error);
	if (r == -EAGAIN) {
		(void)sd_event_source_set_io_events(guest->outer, tls_events(guest->tls));
		return 0;
	}
	if (r < 0) {
		log_debug("%s was not let in: %s", ip_text(&guest->address, text), error.text);
		guest_free(guest);
		return 0;
	}
	if (let_in(guest))
		return on_pump(source, fd, events, owner);
	guest_free(guest);
	return 0;
}

static int
on_visit_over(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	guest_free(owner);
	return 0;
}

/* ---- who may come --------------------------------------------------------------------------- */

/* Another stranger in this second: is that too many, in all or of this address?  Who is sent away
 * counts for nobody, so that one who calls all the time does not keep others out. */
static bool
note_stranger(struct door *door, const struct ip *address)
{
	nsec_t second = clock_now() / NSEC_PER_SEC;
	unsigned same = 0;

	if (second != door->second) {
		door->second = second;
		door->came = 0;
	}
	for (unsigned i = 0; i < door->came; i++)
		same += ip_equal(&door->callers[i], address);
	if (door->came == STRANGERS_PER_SECOND || same == CALLS_OF_ADDRESS)
		return false;
	door->callers[door->came++] = *address;
	return true;
}

/* Is there a place for one more? */
static bool
has_place(struct door *door, const struct ip *address, bool expected)
{
	unsigned all = 0, same = 0;

	for (const struct guest *guest = door->guests; guest; guest = guest->next) {
		if (guest->expected != expected)
			continue;
		all++;
		same += ip_equal(&guest->address, address);
	}
	if (expected)
		return all < EXPECTED_MAX;
	return all < STRANGERS_MAX && same < STRANGERS_OF_ADDRESS && note_stranger(door, address);
}

/* Take a connection (taken, also on failure) for a guest. */
static void
welcome(struct door *door, int socket, const struct ip *address)
{
	bool expected = door->calls->is_expected(door->owner, address);
	struct guest *guest;

	if (!has_place(door, address, expected)) {
		close(socket);
		return;
	}
	guest = calloc(1, sizeof(*guest));
	assert(guest);
	guest->door = door;
	guest->address = *address;
	guest->expected = expected;
	guest->inside = -1;
	guest->next = door->guests;
	door->guests = guest;
	if (tls_new(door->identity, TLS_SERVER, NULL, socket, &guest->tls, NULL) < 0 ||
	    sd_event_add_io(door->event, &guest->outer, tls_socket(guest->tls), EPOLLIN,
	                    on_handshake, guest) < 0 ||
	    sd_event_add_time_relative(door->event, &guest->timer, CLOCK_MONOTONIC,
	                               TLS_PATIENCE / NSEC_PER_USEC, 0, on_visit_over, guest) < 0)
		guest_free(guest);
}

static struct ip
address_of(const struct sockaddr_storage *address)
{
	const struct sockaddr_in6 *v6 = (const void *)address;
	const struct sockaddr_in *v4 = (const void *)address;

	if (address->ss_family == AF_INET)
		return ip_from_v4((const uint8_t *)&v4->sin_addr);
	return ip_from_v6((const uint8_t *)&v6->sin6_addr);
}

/* A few at a time, so that the manager's other clients come in between. */
static int
on_arrival(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct door *door = owner;

	for (unsigned i = 0; i < 8; i++) {
		struct sockaddr_storage address = { 0 };
		socklen_t size = sizeof(address);
		int socket = accept4(fd, (struct sockaddr *)&address, &size,
		                     SOCK_NONBLOCK | SOCK_CLOEXEC);

		if (socket < 0)
			return 0;

		struct ip ip = address_of(&address);

		welcome(door, socket, &ip);
	}
	return 0;
}

/* ---- listening ------------------------------------------------------------------------------ */

/* Fill in the address and port to bind to; its size. */
static socklen_t
place_of(const struct ip *ip, sa_family_t family, uint16_t port, struct sockaddr_storage *address)
{
	struct sockaddr_in6 *v6 = (void *)address;
	struct sockaddr_in *v4 = (void *)address;

	memset(address, 0, sizeof(*address));
	address->ss_family = family;
	if (family == AF_INET) {
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip->bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, ip->bytes, 16);
	return sizeof(*v6);
}

/* An address may come later, or go and come back: the door listens there all the same. */
static int
listen_at(struct door *door, const struct ip *ip, sa_family_t family, struct error *error)
{
	struct sockaddr_storage address;
	socklen_t size = place_of(ip, family, door->places.port, &address);
	int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	char text[IP_TEXT_SIZE];
	int on = 1, r = 0;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof(on)) < 0 ||
	    (family == AF_INET6 &&
	     setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
	    bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r == 0)
		r = sd_event_add_io(door->event, &door->listeners[door->listener_count], fd,
		                    EPOLLIN, on_arrival, door);
	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return error_set(error, r, "https cannot listen at %s port %u: %s",
		                 ip->family ? ip_text(ip, text)
		                 : family == AF_INET ? "IPv4 addresses" : "IPv6 addresses",
		                 door->places.port, strerror(-r));
	}
	(void)sd_event_source_set_io_fd_own(door->listeners[door->listener_count], true);
	door->listener_count++;
	return 0;
}

static void
stop_listening(struct door *door)
{
	while (door->listener_count > 0)
		sd_event_source_disable_unref(door->listeners[--door->listener_count]);
}

int
door_open(struct door *door, const struct identity *identity, const struct door_places *places,
          struct error *error)
{
	struct error first = { 0 };

	if (identity == door->identity && memcmp(places, &door->places, sizeof(*places)) == 0 &&
	    door->listener_count > 0)
		return 0;
	stop_listening(door);
	door->identity = identity;
	door->places = *places;
	for (unsigned i = 0; i < places->count; i++) {
		const struct ip *ip = &places->addresses[i];
		struct error trouble = { 0 };

		if (ip->family != 6)
			(void)listen_at(door, ip, AF_INET, first.code ? &trouble : &first);
		/* A machine without IPv6 has no door there, which nobody misses. */
		if (ip->family != 4 &&
		    listen_at(door, ip, AF_INET6, &trouble) < 0 && !first.code &&
		    (ip->family == 6 || trouble.code != -EAFNOSUPPORT))
			first = trouble;
	}
	return first.code ? error_set(error, first.code, "%s", first.text) : 0;
}

void
door_dismiss(struct door *door)
{
	struct guest *next;

	for (struct guest *guest = door->guests; guest; guest = next) {
		next = guest->next;
		if (guest->inside >= 0 && guest->paired &&
		    !door->calls->is_paired(door->owner, tls_peer(guest->tls)))
			guest_free(guest);
	}
}

int
door_new(struct sd_event *event, const struct door_calls *calls, void *owner,
         struct door **ret_door, struct error *error)
{
	struct door *door = calloc(1, sizeof(*door));
	int r;

	assert(door);
	door->event = event;
	door->calls = calls;
	door->owner = owner;
	r = http_new(event, -1, NULL, calls->on_request, owner, &door->http, error);
	if (r < 0)
		free(door);
	else
		*ret_door = door;
	return r;
}

void
door_free(struct door *door)
{
	if (!door)
		return;
	stop_listening(door);
	while (door->guests)
		guest_free(door->guests);
	http_free(door->http);
	free(door);
}
