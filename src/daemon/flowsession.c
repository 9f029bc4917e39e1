/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control connection.  A session is a stream and, per path, a pair of seals made from it.
 * There is one at most that counts, and some candidates for its place: a stranger who connects
 * disturbs nobody, because only a finished handshake with the partner's key makes a candidate the
 * session, and because one that is young does not go for another.
 *
 * Decides who connects when and which connection counts; must not call the owner from within a
 * hook.
 */
#include "daemon/flowpeer_inside.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/log.h"
#include "system/clock.h"

#define CONNECT_USEC 250000u		/* between tries */
#define STREAM_READ 16384u		/* a whole record of TLS, so that none stays inside it */
#define STREAM_READS 16u		/* in one turn of the loop */
#define COMPLAINT_PAUSE (10 * NSEC_PER_SEC)	/* between two that differ */
#define STREAM_TIMEOUT_MSEC 3000u	/* for what the partner's kernel does not acknowledge */
#define YOUNG NSEC_PER_SEC		/* a partner has proved its key by then */
#define PAST (3 * NSEC_PER_SEC)		/* datagrams are under way no longer */

/* ---- what the operator hears ---------------------------------------------------------------- */

/* Connections may come and go as fast as a partner likes. */
static PRINTF_LIKE(3, 4) void
say(struct flowpeer *l, enum log_level level, const char *format, ...)
{
	char text[256], left_out[HUSH_TEXT_SIZE];
	va_list arguments;

	if (!hush_lets(&l->hush, clock_now(), left_out))
		return;
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	log_line(level, "%s%s", text, left_out);
}

/* Said once: what is tried every moment fails every moment, and a stranger fails as he likes. */
static void
complain(struct path *p, const char *why)
{
	nsec_t now = clock_now();

	snprintf(p->trouble, sizeof(p->trouble), "%s", why);
	if (strcmp(why, p->complaint) == 0 ||
	    (p->complained > 0 && now < p->complained + COMPLAINT_PAUSE))
		return;
	log_warning("no connection to the partner on %s: %s", p->settings.interface, why);
	snprintf(p->complaint, sizeof(p->complaint), "%s", why);
	p->complained = now;
}

/* ---- begin and end -------------------------------------------------------------------------- */

void
flowsession_init(struct session *s, struct flowpeer *l)
{
	*s = (struct session){ .link = l, .socket = -1 };
}

void
flowsession_close(struct session *s)
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
	flowsession_init(s, s->link);
}

/* The connection that counted ends.  What was sealed for it, and comes still, is no forgery. */
static void
end_current(struct flowpeer *l)
{
	for (unsigned i = 0; l->current.established && i < CONNSYNC_PATHS_MAX; i++) {
		struct path *p = &l->paths[i];

		seal_free(p->past);
		p->past = l->current.receiving[i];
		p->past_until = clock_now() + PAST;
		l->current.receiving[i] = NULL;
	}
	flowsession_close(&l->current);
}

/* The owner may be in the middle of something: told later. */
void
flowsession_lose(struct flowpeer *l, const char *why)
{
	if (!l->current.established)
		return;
	if (why) {
		say(l, LOG_WARNING_LEVEL, "the connection to the partner is lost: %s", why);
		snprintf(l->paths[l->current.path].trouble, sizeof(l->paths[0].trouble),
		         "the connection was lost: %s", why);
	}
	end_current(l);
	l->lost = true;
}

/* The stream does not work any more.  A server ends the one before when it knows whose the next one
 * is, and then says so on that: nothing is wrong. */
static void
break_off(struct flowpeer *l, const char *why)
{
	bool renewed = l->connects && l->renew && l->candidates[0].shaken;

	flowsession_lose(l, renewed ? NULL : why);
}

void
flowsession_tell_lost(struct flowpeer *l)
{
	if (!l->lost)
		return;
	l->lost = false;
	l->calls->on_disconnected(l->owner);
}

static void
give_up(struct session *s, const char *why)
{
	struct flowpeer *l = s->link;

	if (s == &l->current) {
		flowsession_lose(l, why);
		return;
	}
	complain(&l->paths[s->path], why);
	l->counts.refused += !s->connecting;
	flowsession_close(s);
}

/* ---- the connection that counts ------------------------------------------------------------- */

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
	end_current(l);
	flowsession_tell_lost(l);
	l->current = *s;
	sd_event_source_set_userdata(l->current.source, &l->current);
	flowsession_init(s, l);
	l->current.established = true;
	l->counts.connections++;
	l->renew = false;
	for (unsigned i = 0; i < CONNSYNC_PATHS_MAX; i++) {
		l->paths[i].trouble[0] = l->paths[i].complaint[0] = '\0';
		l->paths[i].complained = 0;
	}
	say(l, LOG_INFO_LEVEL, "connected with the partner on %s%s",
	    l->paths[l->current.path].settings.interface,
	    l->identity ? "" : ", without authentication");
	sd_event_source_set_time_relative(l->age, (uint64_t)(l->lifetime / NSEC_PER_USEC));
	sd_event_source_set_enabled(l->age, l->identity ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
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
		if (n > 0) {
			l->counts.bytes_received[s->path] += (size_t)n;
			l->calls->on_control(l->owner, bytes, (size_t)n);
		}
		/* What it said may have ended it; and the loop has others to serve. */
	} while (n > 0 && l->current.established && ++reads < STREAM_READS);
	if (n == 0 || (n < 0 && n != -EAGAIN))
		break_off(l, error.text);
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
		s->link->counts.bytes_sent[s->path] += (size_t)n;
	}
	if (n >= 0 && s->tls)
		n = tls_flush(s->tls, &error);
	if (n < 0 && n != -EAGAIN)
		break_off(s->link, error.text);
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

/* Most often a packet filter is between. */
static void
give_up_unanswered(struct session *s)
{
	char text[128];

	snprintf(text, sizeof(text), "the partner does not answer; TCP port %u must pass the "
	         "packet filters of both routers", s->link->settings.port);
	give_up(s, text);
}

/* A connection on its way goes on. */
static void
advance(struct session *s)
{
	struct error error;
	int code = 0, r = 0;
	socklen_t length = sizeof(code);

	if (s->connecting) {
		if (getsockopt(s->socket, SOL_SOCKET, SO_ERROR, &code, &length) < 0)
			code = errno;
		if (code == ETIMEDOUT)
			give_up_unanswered(s);
		else if (code != 0)
			give_up(s, strerror(code));
		if (code != 0)
			return;
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
	flowsession_tell_lost(l);
	l->calls->on_batch(l->owner);
	return 0;
}

static int
on_patience(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct session *s = owner;

	if (s->connecting)
		give_up_unanswered(s);
	else
		give_up(s, "the partner does not answer");
	return 0;
}

/* Who has the partner's address may connect as often as he likes: a candidate goes for a new one
 * only when it had its time.  NULL = there is no place. */
static struct session *
find_place(struct flowpeer *l)
{
	struct session *oldest = &l->candidates[0];

	for (unsigned i = 0; i < FLOWPEER_CANDIDATES; i++) {
		if (l->candidates[i].socket < 0)
			return &l->candidates[i];
		if (l->candidates[i].begun < oldest->begun)
			oldest = &l->candidates[i];
	}
	if (clock_now() < oldest->begun + YOUNG)
		return NULL;
	give_up(oldest, "the partner does not answer");
	return oldest;
}

/* Take a connected (or connecting) socket as a candidate. */
static void
begin_session(struct flowpeer *l, int fd, unsigned path, bool connecting)
{
	struct session *s = find_place(l);
	unsigned timeout = STREAM_TIMEOUT_MSEC;
	struct error error;
	int one = 1, r = 0;

	if (!s) {
		l->counts.refused++;
		close(fd);
		return;
	}
	s->begun = clock_now();
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

int
flowsession_on_acceptable(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED,
                          void *owner)
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
	flowsession_tell_lost(p->link);
	p->link->calls->on_batch(p->link->owner);
	return 0;
}

/* Try to connect, on one path after the other. */
int
flowsession_on_retry(sd_event_source *source, uint64_t usec UNUSED, void *owner)
{
	struct flowpeer *l = owner;
	struct path *p = &l->paths[l->try_path];
	struct sockaddr_storage peer;
	struct error error;
	socklen_t length;
	int fd;

	sd_event_source_set_time_relative(source, CONNECT_USEC);
	sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
	if (l->candidates[0].socket >= 0 || (l->current.established && !l->renew))
		return 0;
	l->try_path = (l->try_path + 1) % l->settings.path_count;
	fd = flowpeer_open_socket(p, SOCK_STREAM, 0, &error);
	if (fd < 0) {
		complain(p, error.text);
		return 0;
	}
	length = flowpeer_partner(p, &peer);
	if (connect(fd, (struct sockaddr *)&peer, length) < 0 && errno != EINPROGRESS) {
		complain(p, strerror(errno));
		close(fd);
		return 0;
	}
	begin_session(l, fd, p->number, true);
	return 0;
}

/* The keys are old: a new connection brings new ones. */
int
flowsession_on_age(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct flowpeer *l = owner;

	l->renew = true;
	return 0;
}

void
flowpeer_hang_up(struct flowpeer *l, const char *why)
{
	flowsession_lose(l, why);
}

int
flowpeer_secret(const struct flowpeer *l, void *secret, size_t size)
{
	if (!l->identity)
		return -ENOKEY;
	return l->current.established ? tls_pair_secret(l->current.tls, secret, size) : -ENOTCONN;
}

void
flowpeer_send_control(struct flowpeer *l, const uint8_t *bytes, size_t length)
{
	struct session *s = &l->current;

	if (!s->established)
		return;
	if (length > FLOWSYNC_CONTROL_QUEUE - s->queued) {
		flowsession_lose(l, "the partner does not read");
		return;
	}
	memcpy(s->queue + s->queued, bytes, length);
	s->queued += length;
	write_stream(s);
}

