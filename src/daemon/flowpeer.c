/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The paths to the partner: their sockets, which stay with their interfaces, and what is known of
 * each.  Must not know what is said over them.
 */
#include "daemon/flowpeer_inside.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "system/clock.h"

#define SOCKET_BUFFER (8 << 20)
#define LOOK_USEC 500000u		/* between looks whether interfaces are still the same */
#define TRAFFIC_CLASS 0xc0		/* DSCP CS6, as routing protocols have it */
#define RATE_TIME (5 * NSEC_PER_SEC)	/* over which it is measured */

/* ---- sockets -------------------------------------------------------------------------------- */

static socklen_t
address(const struct ip *ip, uint16_t port, const char *interface, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (ip->family == 4) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(port);
		memcpy(&v4->sin_addr, ip->bytes, 4);
		return sizeof(*v4);
	}
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons(port);
	memcpy(&v6->sin6_addr, ip->bytes, 16);
	if (ip_is_link_local(ip))
		v6->sin6_scope_id = if_nametoindex(interface);
	return sizeof(*v6);
}

size_t
flowpeer_headers(const struct path *p)
{
	return 38u + (p->local.family == 4 ? 20u : 40u) + 8u;
}

socklen_t
flowpeer_partner(const struct path *p, struct sockaddr_storage *to)
{
	return address(&p->settings.remote, p->link->settings.port, p->settings.interface, to);
}

int
flowpeer_open_socket(const struct path *p, int kind, uint16_t port, struct error *error)
{
	int domain = p->local.family == 4 ? AF_INET : AF_INET6, one = 1;
	int traffic_class = TRAFFIC_CLASS, buffer = SOCKET_BUFFER;
	int fd = socket(domain, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct sockaddr_storage own;
	socklen_t length = address(&p->local, port, p->settings.interface, &own);
	char text[IP_TEXT_SIZE];
	bool bad;
	int r;

	if (fd < 0)
		return error_set(error, -errno, "cannot open a socket: %s", strerror(errno));
	/* What is refused of these costs speed or comfort, not more. */
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &buffer, sizeof(buffer));
	if (domain == AF_INET)
		(void)setsockopt(fd, IPPROTO_IP, IP_TOS, &traffic_class, sizeof(traffic_class));
	else
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &traffic_class,
		                 sizeof(traffic_class));
	bad = setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, p->settings.interface,
	                 (socklen_t)strlen(p->settings.interface) + 1) < 0 ||
	      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
	      setsockopt(fd, domain == AF_INET ? IPPROTO_IP : IPPROTO_IPV6,
	                 domain == AF_INET ? IP_FREEBIND : IPV6_FREEBIND, &one, sizeof(one)) < 0 ||
	      bind(fd, (struct sockaddr *)&own, length) < 0;
	if (!bad)
		return fd;
	r = error_set(error, -errno, "cannot use %s port %u on %s: %s",
	              ip_text(&p->local, text), port, p->settings.interface, strerror(errno));
	close(fd);
	return r;
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void
close_path(struct path *p)
{
	sd_event_source_disable_unref(p->readable);
	sd_event_source_disable_unref(p->breather);
	sd_event_source_disable_unref(p->acceptable);
	if (p->datagrams >= 0)
		close(p->datagrams);
	if (p->listener >= 0)
		close(p->listener);
	p->readable = p->breather = p->acceptable = NULL;
	p->datagrams = p->listener = -1;
	p->index = 0;
}

static int
listen_on(struct flowpeer *l, struct path *p, struct error *error)
{
	int r;

	p->listener = flowpeer_open_socket(p, SOCK_STREAM, l->settings.port, error);
	if (p->listener < 0)
		return p->listener;
	r = listen(p->listener, 4) < 0 ? -errno :
	    sd_event_add_io(l->event, &p->acceptable, p->listener, EPOLLIN,
	                    flowsession_on_acceptable, p);
	return r < 0 ? error_set(error, r, "cannot listen to the partner: %s", strerror(-r)) : 0;
}

/* Only the partner's datagrams reach us. */
static int
open_path(struct flowpeer *l, struct path *p, struct error *error)
{
	struct sockaddr_storage peer;
	socklen_t length = flowpeer_partner(p, &peer);
	int r;

	p->index = if_nametoindex(p->settings.interface);
	if (p->index == 0)
		return error_set(error, -ENODEV, "there is no interface %s", p->settings.interface);
	p->datagrams = flowpeer_open_socket(p, SOCK_DGRAM, l->settings.port, error);
	if (p->datagrams < 0)
		return p->datagrams;
	if (connect(p->datagrams, (struct sockaddr *)&peer, length) < 0)
		return error_set(error, -errno, "cannot reach the partner on %s: %s",
		                 p->settings.interface, strerror(errno));
	r = sd_event_add_io(l->event, &p->readable, p->datagrams, EPOLLIN,
	                    flowdatagram_on_readable, p);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &p->breather, CLOCK_BOOTTIME, 0, 1,
		                               flowdatagram_on_breath, p);
	if (r < 0)
		return error_set(error, r, "cannot listen to the partner: %s", strerror(-r));
	return l->connects ? 0 : listen_on(l, p, error);
}

/* What cannot be opened now is tried again at each look: an interface may be on its way. */
static void
open_or_wait(struct flowpeer *l, struct path *p)
{
	struct error error = { .text = "" };

	if (open_path(l, p, &error) < 0)
		close_path(p);
	if (error.text[0] && strcmp(p->closed.text, error.text) != 0)
		log_warning("%s; tried again until it works", error.text);
	p->closed = error;
}

static uint64_t
rate(uint64_t count, uint64_t before, nsec_t time)
{
	return (count - before) * 1000u / (uint64_t)(time / NSEC_PER_MSEC);
}

static void
measure_rates(struct flowpeer *l)
{
	struct flowpeer_counts *c = &l->counts;
	nsec_t now = clock_now(), time = now - l->mark.at;

	if (time < RATE_TIME)
		return;
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		c->rate_sent[i] = rate(c->bytes_sent[i], l->mark.sent[i], time);
		c->rate_received[i] = rate(c->bytes_received[i], l->mark.received[i], time);
		l->mark.sent[i] = c->bytes_sent[i];
		l->mark.received[i] = c->bytes_received[i];
	}
	l->mark.at = now;
}

/* A socket stays with its interface, even when that is gone and another has its name. */
static int
on_look(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowpeer *l = owner;

	sd_event_source_set_time_relative(source, LOOK_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	for (uint32_t i = 0; i < l->settings.path_count; i++) {
		struct path *p = &l->paths[i];
		unsigned index = if_nametoindex(p->settings.interface);

		if (index != 0 && index == p->index)
			continue;
		if (p->index != 0 && l->current.path == i)
			flowsession_lose(l, "its interface is gone");
		close_path(p);
		open_or_wait(l, p);
	}
	measure_rates(l);
	flowsession_tell_lost(l);
	l->calls->on_batch(l->owner);
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

uint16_t
flowpeer_payload(const struct flowpeer *link UNUSED, unsigned path UNUSED)
{
	return FLOWPEER_PAYLOAD;
}

uint16_t
flowpeer_overhead(const struct flowpeer *l)
{
	return (uint16_t)(flowpeer_headers(&l->paths[0]) + FLOWPEER_HEAD_SIZE +
	                  (l->identity ? SEAL_TAG_SIZE : 0));
}

struct flowpeer_counts
flowpeer_counts(const struct flowpeer *l)
{
	struct flowpeer_counts counts = l->counts;

	counts.connected = l->current.established;
	counts.path = l->current.path;
	return counts;
}

const char *
flowpeer_trouble(const struct flowpeer *l, unsigned path)
{
	const struct path *p = &l->paths[path];

	if (p->datagrams < 0)
		return p->closed.text;
	if (l->current.established)
		return "";
	if (p->trouble[0])
		return p->trouble;
	return l->connects ? "the partner does not answer yet" :
	                     "the partner has not connected yet";
}

static int
add_timers(struct flowpeer *l)
{
	int r = sd_event_add_time_relative(l->event, &l->retry, CLOCK_MONOTONIC, 0, 1000,
	                                   flowsession_on_retry, l);

	if (r >= 0 && !l->connects)
		r = sd_event_source_set_enabled(l->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->age, CLOCK_BOOTTIME, 0, 0,
		                               flowsession_on_age, l);
	if (r >= 0)
		r = sd_event_source_set_enabled(l->age, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->look, CLOCK_MONOTONIC, LOOK_USEC, 0,
		                               on_look, l);
	return r;
}

int
flowpeer_new(struct sd_event *event, const struct connsync_settings *connsync,
             const struct ip local[CONNSYNC_PATHS_MAX], const struct identity *identity,
             nsec_t age, const struct flowpeer_calls *calls, void *owner, struct flowpeer **ret,
             struct error *error)
{
	struct flowpeer *l = calloc(1, sizeof(*l));
	int r;

	if (!l)
		return error_set(error, -ENOMEM, "out of memory");
	l->calls = calls;
	l->owner = owner;
	l->event = event;
	l->identity = identity;
	l->lifetime = nsec_min(age, SEAL_AGE);
	l->settings = *connsync;
	l->mark.at = clock_now();
	l->connects = ip_compare(&local[0], &connsync->paths[0].remote) < 0;
	flowsession_init(&l->current, l);
	for (unsigned i = 0; i < FLOWPEER_CANDIDATES; i++)
		flowsession_init(&l->candidates[i], l);
	flowdatagram_prepare(l);
	for (unsigned i = 0; i < CONNSYNC_PATHS_MAX; i++)
		l->paths[i] = (struct path){ .link = l, .number = i, .local = local[i],
			                     .settings = connsync->paths[i], .datagrams = -1,
			                     .listener = -1 };
	for (uint32_t i = 0; i < connsync->path_count; i++)
		open_or_wait(l, &l->paths[i]);
	r = add_timers(l);
	if (r < 0) {
		flowpeer_free(l);
		return error_set(error, r, "cannot set up the loop: %s", strerror(-r));
	}
	*ret = l;
	return 0;
}

void
flowpeer_free(struct flowpeer *l)
{
	if (!l)
		return;
	flowsession_close(&l->current);
	for (unsigned i = 0; i < FLOWPEER_CANDIDATES; i++)
		flowsession_close(&l->candidates[i]);
	for (unsigned i = 0; i < CONNSYNC_PATHS_MAX; i++) {
		close_path(&l->paths[i]);
		seal_free(l->paths[i].past);
	}
	sd_event_source_unref(l->look);
	sd_event_source_unref(l->retry);
	sd_event_source_unref(l->age);
	free(l);
}
