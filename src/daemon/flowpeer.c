/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A session is a stream and, per path, a pair of seals made from it.  There is one at most that
 * counts, and at most one more that is on its way to replace it: a stranger who connects disturbs
 * nobody, because only a finished handshake with the partner's key takes the place of a session.
 *
 * A datagram on the wire: one byte that says what it is, the path, its number (8 bytes), the sealed
 * body.  The first ten bytes are authenticated with it.
 */
#include "daemon/flowpeer.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/log.h"
#include "system/clock.h"
#include "system/tls.h"

#define DATAGRAM_KIND 0x71u		/* version 1 of the envelope */
#define HEAD_SIZE 10u
#define PAYLOAD 1360u			/* bytes of a body: fits whatever carries Ethernet */
#define WIRE_MAX (HEAD_SIZE + PAYLOAD + SEAL_TAG_SIZE)
#define BATCH 64u			/* datagrams a system call */
#define DRAIN_MAX 256u			/* such calls before a change of role: a full socket */
#define SOCKET_BUFFER (8 << 20)
#define CONNECT_USEC 250000u		/* between tries */
#define LOOK_USEC 500000u		/* between looks whether interfaces are still the same */
#define AGE_USEC (SEAL_AGE / NSEC_PER_USEC)
#define TRAFFIC_CLASS 0xc0		/* DSCP CS6, as routing protocols have it */
#define STREAM_READ 16384u		/* a whole record of TLS, so that none stays inside it */
#define STREAM_READS 16u		/* in one turn of the loop */
#define COMPLAINT_PAUSE (10 * NSEC_PER_SEC)	/* between two that differ */
#define STREAM_TIMEOUT_MSEC 3000u	/* for what the partner's kernel does not acknowledge */

/* One connection: to be, or in use. */
struct session {
	struct flowpeer *link;
	int socket;			/* -1 = none; with TLS its own */
	struct tls *tls;		/* NULL without authentication */
	sd_event_source *source;
	sd_event_source *patience;	/* while it is not established */
	unsigned path;
	bool connecting;		/* TCP is not there yet */
	bool shaken;			/* hands, of TLS */
	bool established;
	struct seal *sending[FLOWSYNC_PATHS];
	struct seal *receiving[FLOWSYNC_PATHS];
	uint8_t *queue;			/* of the stream, FLOWSYNC_CONTROL_QUEUE bytes */
	size_t queued;
};

struct path {
	struct flowpeer *link;
	unsigned number;
	struct connsync_path settings;
	struct ip local;
	char trouble[256];		/* why there is no connection, as it was logged ... */
	nsec_t complained;		/* ... then */
	unsigned index;			/* of the interface its sockets are bound to; 0 = none */
	struct error closed;		/* why there are none, as it was logged */
	int datagrams;			/* socket, or -1 */
	int listener;
	sd_event_source *readable;
	sd_event_source *acceptable;
};

struct flowpeer {
	const struct flowpeer_calls *calls;
	void *owner;
	struct sd_event *event;
	const struct identity *identity;
	struct connsync_settings settings;
	struct path paths[CONNSYNC_PATHS_MAX];
	bool connects;			/* we, not the partner */
	struct session current;
	struct session next;
	unsigned try_path;
	sd_event_source *retry;
	sd_event_source *age;
	sd_event_source *look;
	bool lost;			/* and the owner does not know yet */
	bool renew;			/* a new connection is due, for its keys */
	uint64_t plain_number;		/* of datagrams without a seal */
	struct flowpeer_counts counts;
	/* Gathered datagrams of one path. */
	unsigned out_path;
	size_t out_count;
	struct mmsghdr out[BATCH];
	struct iovec out_parts[BATCH];
	uint8_t out_bytes[BATCH][WIRE_MAX];
	struct mmsghdr in[BATCH];
	struct iovec in_parts[BATCH];
	uint8_t in_bytes[BATCH][WIRE_MAX];
};

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

/*
 * A socket of this kind on our end of the path; port 0 = any.  It may be made before the address is
 * there.  It is bound to the interface, so that nothing from elsewhere reaches it.
 */
static int
open_socket(const struct path *p, int kind, uint16_t port, struct error *error)
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

/* ---- sessions ------------------------------------------------------------------------------- */

static void
session_init(struct session *s, struct flowpeer *l)
{
	*s = (struct session){ .link = l, .socket = -1 };
}

/* Nobody is told. */
static void
session_close(struct session *s)
{
	sd_event_source_disable_unref(s->source);
	sd_event_source_disable_unref(s->patience);
	if (s->tls)
		tls_free(s->tls);
	else if (s->socket >= 0)
		close(s->socket);
	for (unsigned i = 0; i < FLOWSYNC_PATHS; i++) {
		seal_free(s->sending[i]);
		seal_free(s->receiving[i]);
	}
	free(s->queue);
	session_init(s, s->link);
}

/* A connection that counted is gone.  The owner may be in the middle of something: told later. */
static void
lose(struct flowpeer *l, const char *why)
{
	if (!l->current.established)
		return;
	log_warning("the connection to the partner is lost: %s", why);
	session_close(&l->current);
	l->lost = true;
}

static void
tell_lost(struct flowpeer *l)
{
	if (!l->lost)
		return;
	l->lost = false;
	l->calls->on_disconnected(l->owner);
}

/* Said once: what is tried every moment fails every moment, and a stranger fails as he likes. */
static void
complain(struct path *p, const char *why)
{
	nsec_t now = clock_now();

	if (strcmp(why, p->trouble) == 0 ||
	    (p->complained > 0 && now < p->complained + COMPLAINT_PAUSE))
		return;
	log_warning("no connection to the partner on %s: %s", p->settings.interface, why);
	snprintf(p->trouble, sizeof(p->trouble), "%s", why);
	p->complained = now;
}

static void
give_up(struct session *s, const char *why)
{
	struct flowpeer *l = s->link;

	if (s == &l->current) {
		lose(l, why);
		return;
	}
	complain(&l->paths[s->path], why);
	l->counts.refused += !s->connecting;
	session_close(s);
}

static int
make_seals(struct session *s, struct error *error)
{
	int r = 0;

	for (uint8_t i = 0; r == 0 && s->tls && i < s->link->settings.path_count; i++)
		r = seal_new_pair(s->tls, s->link->connects ? TLS_CLIENT : TLS_SERVER, &i, 1,
		                  &s->sending[i], &s->receiving[i], error);
	return r;
}

static void
watch(struct session *s)
{
	uint32_t events = EPOLLIN;

	if (s->connecting)
		events = EPOLLOUT;
	else if (s->tls)
		events = tls_events(s->tls);
	if (s->queued > 0)
		events |= EPOLLOUT;
	sd_event_source_set_io_events(s->source, events);
}

/* The partner's key is proved, and this is what it said already: this connection takes the place of
 * the one before. */
static void
establish(struct session *s, const uint8_t *bytes, size_t length)
{
	struct flowpeer *l = s->link;
	struct error error;

	s->queue = malloc(FLOWSYNC_CONTROL_QUEUE);
	if (!s->queue || make_seals(s, &error) < 0) {
		give_up(s, s->queue ? error.text : "out of memory");
		return;
	}
	sd_event_source_disable_unref(s->patience);
	s->patience = NULL;
	l->lost = l->lost || l->current.established;
	session_close(&l->current);
	tell_lost(l);
	l->current = *s;
	sd_event_source_set_userdata(l->current.source, &l->current);
	session_init(s, l);
	l->current.established = true;
	l->counts.connections++;
	l->renew = false;
	for (unsigned i = 0; i < CONNSYNC_PATHS_MAX; i++) {
		l->paths[i].trouble[0] = '\0';
		l->paths[i].complained = 0;
	}
	log_info("connected with the partner on %s%s",
	         l->paths[l->current.path].settings.interface,
	         l->identity ? "" : ", without authentication");
	sd_event_source_set_time_relative(l->age, AGE_USEC);
	sd_event_source_set_enabled(l->age, SD_EVENT_ONESHOT);
	watch(&l->current);
	l->calls->on_connected(l->owner);
	if (length > 0 && l->current.established)
		l->calls->on_control(l->owner, bytes, length);
}

static void
read_stream(struct session *s)
{
	struct flowpeer *l = s->link;
	struct error error = { .text = "the partner closed it" };
	uint8_t bytes[STREAM_READ];
	unsigned reads = 0;
	ssize_t n;

	do {
		n = s->tls ? tls_receive(s->tls, bytes, sizeof(bytes), &error) :
		             recv(s->socket, bytes, sizeof(bytes), 0);
		if (!s->tls && n < 0) {
			n = -errno;
			snprintf(error.text, sizeof(error.text), "%s", strerror(errno));
		}
		if (n > 0)
			l->calls->on_control(l->owner, bytes, (size_t)n);
		/* What it said may have ended it; and the loop has others to serve. */
	} while (n > 0 && l->current.established && ++reads < STREAM_READS);
	if (n == 0 || (n < 0 && n != -EAGAIN))
		lose(l, error.text);
}

static void
write_stream(struct session *s)
{
	struct error error;
	ssize_t n = 0;

	while (s->queued > 0) {
		n = s->tls ? tls_send(s->tls, s->queue, s->queued, &error) :
		             send(s->socket, s->queue, s->queued, MSG_NOSIGNAL);
		if (!s->tls && n < 0) {
			n = -errno;
			snprintf(error.text, sizeof(error.text), "%s", strerror(errno));
		}
		if (n <= 0)
			break;
		memmove(s->queue, s->queue + n, s->queued - (size_t)n);
		s->queued -= (size_t)n;
	}
	if (n >= 0 && s->tls)
		n = tls_flush(s->tls, &error);
	if (n < 0 && n != -EAGAIN)
		lose(s->link, error.text);
	else
		watch(s);
}

/*
 * A server judges our key last, so a handshake that is over says nothing yet: it is its first word
 * that counts.  1 = it came, and the session is established.
 */
static int
hear_first(struct session *s, struct error *error)
{
	uint8_t bytes[STREAM_READ];
	ssize_t n = tls_receive(s->tls, bytes, sizeof(bytes), error);

	if (n == 0)
		return error_set(error, -ECONNRESET, "the partner closed the connection");
	if (n < 0)
		return (int)n;
	establish(s, bytes, (size_t)n);
	return 1;
}

/* A connection on its way goes on. */
static void
advance(struct session *s)
{
	struct error error;
	int code = 0, r = 0;
	socklen_t length = sizeof(code);

	if (s->connecting) {
		if (getsockopt(s->socket, SOL_SOCKET, SO_ERROR, &code, &length) < 0 || code != 0) {
			give_up(s, strerror(code ? code : errno));
			return;
		}
		s->connecting = false;
	}
	if (s->tls && !s->shaken)
		r = tls_handshake(s->tls, &error);
	s->shaken = r == 0;
	if (s->shaken && s->tls && s->link->connects)
		r = hear_first(s, &error);
	if (r == -EAGAIN)
		watch(s);
	else if (r < 0)
		give_up(s, error.text);
	else if (r == 0)
		establish(s, NULL, 0);
}

static int
on_stream(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events, void *owner)
{
	struct session *s = owner;
	struct flowpeer *l = s->link;

	if (!s->established) {
		advance(s);
	} else {
		if (events & EPOLLOUT)
			write_stream(s);
		if (l->current.established && (events & (EPOLLIN | EPOLLHUP | EPOLLERR)))
			read_stream(s);
	}
	tell_lost(l);
	l->calls->on_batch(l->owner);
	return 0;
}

static int
on_patience(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	give_up(owner, "the partner does not answer");
	return 0;
}

/* Take a connected (or connecting) socket as the next session. */
static void
begin_session(struct flowpeer *l, int fd, unsigned path, bool connecting)
{
	struct session *s = &l->next;
	unsigned timeout = STREAM_TIMEOUT_MSEC;
	struct error error;
	int one = 1, r = 0;

	session_close(s);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof(timeout));
	s->socket = fd;
	s->path = path;
	s->connecting = connecting;
	if (l->identity) {
		r = tls_new(l->identity, l->connects ? TLS_CLIENT : TLS_SERVER,
		            &l->settings.fingerprint, fd, &s->tls, &error);
		if (r < 0)
			s->socket = -1;		/* taken, and closed */
	}
	if (r >= 0)
		r = sd_event_add_io(l->event, &s->source, fd, connecting ? EPOLLOUT : EPOLLIN,
		                    on_stream, s);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &s->patience, CLOCK_MONOTONIC,
		                               TLS_PATIENCE / NSEC_PER_USEC, 0, on_patience, s);
	if (r < 0)
		give_up(s, strerror(-r));
	else if (!connecting)
		advance(s);
}

/* ---- making connections --------------------------------------------------------------------- */

static int
on_acceptable(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct path *p = owner;
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	int accepted = accept4(fd, (struct sockaddr *)&peer, &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct ip ip;

	if (accepted < 0)
		return 0;
	ip = peer.ss_family == AF_INET ?
	     ip_from_v4((const uint8_t *)&((struct sockaddr_in *)&peer)->sin_addr) :
	     ip_from_v6(((struct sockaddr_in6 *)&peer)->sin6_addr.s6_addr);
	if (!ip_equal(&ip, &p->settings.remote)) {
		p->link->counts.refused++;
		close(accepted);
		return 0;
	}
	begin_session(p->link, accepted, p->number, false);
	tell_lost(p->link);
	p->link->calls->on_batch(p->link->owner);
	return 0;
}

/* Try to connect, on one path after the other. */
static int
on_retry(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowpeer *l = owner;
	struct path *p = &l->paths[l->try_path];
	struct sockaddr_storage peer;
	struct error error;
	socklen_t length;
	int fd;

	sd_event_source_set_time_relative(source, CONNECT_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (l->next.socket >= 0 || (l->current.established && !l->renew))
		return 0;
	l->try_path = (l->try_path + 1) % l->settings.path_count;
	fd = open_socket(p, SOCK_STREAM, 0, &error);
	if (fd < 0) {
		log_debug("%s", error.text);
		return 0;
	}
	length = address(&p->settings.remote, l->settings.port, p->settings.interface, &peer);
	if (connect(fd, (struct sockaddr *)&peer, length) < 0 && errno != EINPROGRESS) {
		log_debug("cannot connect: %s", strerror(errno));
		close(fd);
		return 0;
	}
	begin_session(l, fd, p->number, true);
	return 0;
}

/* The keys are old: a new connection brings new ones. */
static int
on_age(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowpeer *l = owner;

	l->renew = true;
	return 0;
}

void
flowpeer_hang_up(struct flowpeer *l, const char *why)
{
	lose(l, why);
}

void
flowpeer_send_control(struct flowpeer *l, const uint8_t *bytes, size_t length)
{
	struct session *s = &l->current;

	if (!s->established)
		return;
	if (length > FLOWSYNC_CONTROL_QUEUE - s->queued) {
		lose(l, "the partner does not read");
		return;
	}
	memcpy(s->queue + s->queued, bytes, length);
	s->queued += length;
	write_stream(s);
}

/* ---- datagrams ------------------------------------------------------------------------------ */

static void
send_gathered(struct flowpeer *l)
{
	struct path *p = &l->paths[l->out_path];
	size_t done = 0;

	while (done < l->out_count) {
		int n = sendmmsg(p->datagrams, l->out + done, (unsigned)(l->out_count - done), 0);

		/* An old ICMP error is told once, in place of sending. */
		if (n < 0 && errno != ECONNREFUSED) {
			l->counts.unsent[l->out_path] += l->out_count - done;
			break;
		}
		done += n > 0 ? (size_t)n : 0;
		l->counts.sent[l->out_path] += n > 0 ? (size_t)n : 0;
	}
	l->out_count = 0;
}

void
flowpeer_flush(struct flowpeer *l)
{
	send_gathered(l);
	tell_lost(l);
}

void
flowpeer_send_datagram(struct flowpeer *l, unsigned path, const uint8_t *bytes, size_t length)
{
	struct session *s = &l->current;
	struct seal *seal = s->sending[path];
	uint64_t number = l->plain_number++;
	uint8_t *at;
	struct writer w;
	int size = (int)length;

	if (!s->established || length > PAYLOAD)
		return;
	if (l->paths[path].datagrams < 0) {
		l->counts.unsent[path]++;
		return;
	}
	if (l->out_count == BATCH || (l->out_count > 0 && l->out_path != path))
		send_gathered(l);
	at = l->out_bytes[l->out_count];
	if (seal && seal_next(seal, &number) < 0) {
		l->counts.unsent[path]++;
		l->renew = true;
		/* Who does not connect can ask for new keys in this way only. */
		if (!l->connects)
			lose(l, "its keys are used up");
		return;
	}
	w = writer_over(at, HEAD_SIZE);
	write_u8(&w, DATAGRAM_KIND);
	write_u8(&w, (uint8_t)path);
	write_u32(&w, (uint32_t)(number >> 32));
	write_u32(&w, (uint32_t)number);
	if (seal)
		size = seal_wrap(seal, at, HEAD_SIZE, bytes, length, at + HEAD_SIZE);
	else
		memcpy(at + HEAD_SIZE, bytes, length);
	if (size < 0)
		return;
	l->out_path = path;
	l->out_parts[l->out_count++].iov_len = HEAD_SIZE + (size_t)size;
}

static void
open_datagram(struct path *p, uint8_t *bytes, size_t length)
{
	struct flowpeer *l = p->link;
	struct seal *seal = l->current.receiving[p->number];
	struct reader r = reader_over(bytes, length);
	uint8_t kind = read_u8(&r), path = read_u8(&r);
	uint64_t number = (uint64_t)read_u32(&r) << 32;
	enum seal_fault fault = SEAL_GOOD;
	size_t size;

	number |= read_u32(&r);
	if (!l->current.established)
		return;
	size = reader_left(&r);
	if (r.short_read || kind != DATAGRAM_KIND || path != p->number)
		fault = SEAL_SHORT;
	else if (seal)
		fault = seal_unwrap(seal, bytes, HEAD_SIZE, number, bytes + HEAD_SIZE, size,
		                    bytes + HEAD_SIZE, &size);
	l->counts.faults[fault]++;
	if (fault == SEAL_WORN)
		l->renew = true;
	if (fault == SEAL_GOOD)
		l->calls->on_datagram(l->owner, p->number, bytes + HEAD_SIZE, size);
}

/* Read until there is nothing, with so many calls at most; says whether there was anything. */
static bool
read_datagrams(struct path *p, unsigned calls)
{
	struct flowpeer *l = p->link;
	bool any = false;

	for (unsigned turn = 0; turn < calls; turn++) {
		int n = recvmmsg(p->datagrams, l->in, BATCH, MSG_DONTWAIT, NULL);

		if (n < 0 && errno == ECONNREFUSED)
			continue;	/* told once; there may be more behind it */
		if (n <= 0)
			break;
		any = true;
		l->counts.received[p->number] += (unsigned)n;
		for (int i = 0; i < n; i++)
			open_datagram(p, l->in_bytes[i], l->in[i].msg_len);
		if ((unsigned)n < BATCH)
			break;
	}
	return any;
}

static int
on_datagrams(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED, void *owner)
{
	struct path *p = owner;

	/* No more at a time: a change of role waits for the end of this turn, and what comes in may
	 * take the kernel milliseconds to put in. */
	if (read_datagrams(p, 1))
		p->link->calls->on_batch(p->link->owner);
	return 0;
}

void
flowpeer_drain(struct flowpeer *l)
{
	for (uint32_t i = 0; i < l->settings.path_count; i++)
		(void)read_datagrams(&l->paths[i], DRAIN_MAX);
}

/* ---- paths ---------------------------------------------------------------------------------- */

static void
close_path(struct path *p)
{
	sd_event_source_disable_unref(p->readable);
	sd_event_source_disable_unref(p->acceptable);
	if (p->datagrams >= 0)
		close(p->datagrams);
	if (p->listener >= 0)
		close(p->listener);
	p->readable = p->acceptable = NULL;
	p->datagrams = p->listener = -1;
	p->index = 0;
}

static int
listen_on(struct flowpeer *l, struct path *p, struct error *error)
{
	int r;

	p->listener = open_socket(p, SOCK_STREAM, l->settings.port, error);
	if (p->listener < 0)
		return p->listener;
	r = listen(p->listener, 4) < 0 ? -errno :
	    sd_event_add_io(l->event, &p->acceptable, p->listener, EPOLLIN, on_acceptable, p);
	return r < 0 ? error_set(error, r, "cannot listen to the partner: %s", strerror(-r)) : 0;
}

/* Only the partner's datagrams reach us. */
static int
open_path(struct flowpeer *l, struct path *p, struct error *error)
{
	struct sockaddr_storage peer;
	socklen_t length = address(&p->settings.remote, l->settings.port, p->settings.interface,
	                           &peer);
	int r;

	p->index = if_nametoindex(p->settings.interface);
	if (p->index == 0)
		return error_set(error, -ENODEV, "there is no interface %s", p->settings.interface);
	p->datagrams = open_socket(p, SOCK_DGRAM, l->settings.port, error);
	if (p->datagrams < 0)
		return p->datagrams;
	if (connect(p->datagrams, (struct sockaddr *)&peer, length) < 0)
		return error_set(error, -errno, "cannot reach the partner on %s: %s",
		                 p->settings.interface, strerror(errno));
	r = sd_event_add_io(l->event, &p->readable, p->datagrams, EPOLLIN, on_datagrams, p);
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
			lose(l, "its interface is gone");
		close_path(p);
		open_or_wait(l, p);
	}
	tell_lost(l);
	l->calls->on_batch(l->owner);
	return 0;
}

/* ---- life ----------------------------------------------------------------------------------- */

uint16_t
flowpeer_payload(const struct flowpeer *link UNUSED, unsigned path UNUSED)
{
	return PAYLOAD;
}

uint16_t
flowpeer_overhead(const struct flowpeer *l)
{
	/* Ethernet with its preamble and gap, IP, UDP, ours. */
	return (uint16_t)(38 + (l->paths[0].local.family == 4 ? 20 : 40) + 8 + HEAD_SIZE +
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

static void
prepare_batches(struct flowpeer *l)
{
	for (unsigned i = 0; i < BATCH; i++) {
		l->out_parts[i].iov_base = l->out_bytes[i];
		l->in_parts[i] = (struct iovec){ l->in_bytes[i], WIRE_MAX };
		l->out[i].msg_hdr = (struct msghdr){ .msg_iov = &l->out_parts[i], .msg_iovlen = 1 };
		l->in[i].msg_hdr = (struct msghdr){ .msg_iov = &l->in_parts[i], .msg_iovlen = 1 };
	}
}

static int
add_timers(struct flowpeer *l)
{
	int r = sd_event_add_time_relative(l->event, &l->retry, CLOCK_MONOTONIC, 0, 1000, on_retry,
	                                   l);

	if (r >= 0 && !l->connects)
		r = sd_event_source_set_enabled(l->retry, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->age, CLOCK_BOOTTIME, AGE_USEC, 0,
		                               on_age, l);
	if (r >= 0)
		r = sd_event_add_time_relative(l->event, &l->look, CLOCK_MONOTONIC, LOOK_USEC, 0,
		                               on_look, l);
	return r;
}

int
flowpeer_new(struct sd_event *event, const struct connsync_settings *connsync,
             const struct ip local[CONNSYNC_PATHS_MAX], const struct identity *identity,
             const struct flowpeer_calls *calls, void *owner, struct flowpeer **ret,
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
	l->settings = *connsync;
	l->connects = ip_compare(&local[0], &connsync->paths[0].remote) < 0;
	session_init(&l->current, l);
	session_init(&l->next, l);
	prepare_batches(l);
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
	session_close(&l->current);
	session_close(&l->next);
	for (unsigned i = 0; i < CONNSYNC_PATHS_MAX; i++)
		close_path(&l->paths[i]);
	sd_event_source_unref(l->look);
	sd_event_source_unref(l->retry);
	sd_event_source_unref(l->age);
	free(l);
}
