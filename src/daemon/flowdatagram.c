/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Datagrams.  On the wire: one byte that says what it is, the path, its number (8 bytes), the
 * sealed body.  The first ten bytes are authenticated with it.  What cannot be opened is counted by
 * reason and changes nothing; what the rest means is not for here.
 */
#include "daemon/flowpeer_inside.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <string.h>

#include "base/bytes.h"
#include "system/clock.h"

#define DATAGRAM_KIND 0x71u		/* version 1 of the envelope */
#define PAUSE_USEC 200u			/* between two turns, for the kernel's own threads */
#define TURN (NSEC_PER_MSEC / 2)	/* for reading in a turn of the loop, and a batch more */
#define ACCOUNT_LEAST 576u		/* bytes that the kernel adds to a datagram's */

/* ---- out ------------------------------------------------------------------------------------ */

void
flowdatagram_send_gathered(struct flowpeer *l)
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
		for (int i = 0; i < n; i++)
			l->counts.bytes_sent[l->out_path] +=
				l->out[done + (size_t)i].msg_len + flowpeer_headers(p);
		done += n > 0 ? (size_t)n : 0;
		l->counts.sent[l->out_path] += n > 0 ? (size_t)n : 0;
	}
	l->out_count = 0;
}

void
flowpeer_flush(struct flowpeer *l)
{
	flowdatagram_send_gathered(l);
	flowsession_tell_lost(l);
}

void
flowpeer_send_datagram(struct flowpeer *l, unsigned path, const uint8_t *bytes, size_t length)
{
	struct session *s = &l->current;
	struct seal *seal = s->sending[path];
	uint64_t number = l->plain_number++;
	uint8_t *at, *body;
	struct writer w;
	int size = (int)length;

	if (!s->established || length > FLOWPEER_PAYLOAD)
		return;
	if (l->paths[path].datagrams < 0) {
		l->counts.unsent[path]++;
		return;
	}
	if (l->out_count == FLOWPEER_SEND_BATCH || (l->out_count > 0 && l->out_path != path))
		flowdatagram_send_gathered(l);
	at = l->out_bytes[l->out_count];
	body = at + FLOWPEER_HEAD_SIZE;
	if (seal && seal_next(seal, &number) < 0) {
		l->counts.unsent[path]++;
		l->renew = true;
		/* Who does not connect can ask for new keys in this way only. */
		if (!l->connects)
			flowsession_lose(l, "its keys are used up");
		return;
	}
	w = writer_over(at, FLOWPEER_HEAD_SIZE);
	write_u8(&w, DATAGRAM_KIND);
	write_u8(&w, (uint8_t)path);
	write_u32(&w, (uint32_t)(number >> 32));
	write_u32(&w, (uint32_t)number);
	if (seal)
		size = seal_wrap(seal, at, FLOWPEER_HEAD_SIZE, bytes, length, body);
	else
		memcpy(body, bytes, length);
	if (size < 0)
		return;
	l->out_path = path;
	l->out_parts[l->out_count++].iov_len = FLOWPEER_HEAD_SIZE + (size_t)size;
}

/* ---- what came before ------------------------------------------------------------------------ */

/* What the kernel keeps in this socket, by its own account. */
static size_t
waiting(int socket)
{
	uint32_t account[SK_MEMINFO_VARS];
	socklen_t size = sizeof(account);

	if (getsockopt(socket, SOL_SOCKET, SO_MEMINFO, account, &size) < 0)
		return SIZE_MAX;
	return account[SK_MEMINFO_RMEM_ALLOC];
}

/* All that is left in this socket came before now; what comes while it is read did not. */
static void
note_behind(struct path *p)
{
	p->behind = clock_now();
	p->behind_left = waiting(p->datagrams);
}

/* A datagram less.  When there may be none of before any more, the rest came just now. */
static void
take_behind(struct path *p, size_t length)
{
	size_t cost = length + ACCOUNT_LEAST;

	p->behind_left = p->behind_left > cost ? p->behind_left - cost : 0;
	if (p->behind_left == 0)
		p->behind = 0;
}

/* Was it sealed for the connection before this one? */
static bool
is_of_past(struct path *p, const uint8_t *head, uint64_t number, uint8_t *sealed, size_t size)
{
	return p->past && seal_unwrap(p->past, head, FLOWPEER_HEAD_SIZE, number, sealed, size,
	                              sealed, &size) == SEAL_GOOD;
}

/* ---- in ------------------------------------------------------------------------------------- */

static void
open_datagram(struct path *p, uint8_t *bytes, size_t length, nsec_t arrival)
{
	struct flowpeer *l = p->link;
	struct seal *seal = l->current.receiving[p->number];
	struct reader r = reader_over(bytes, length);
	uint8_t kind = read_u8(&r), path = read_u8(&r);
	uint64_t number = (uint64_t)read_u32(&r) << 32;
	uint8_t *body = bytes + FLOWPEER_HEAD_SIZE, copy[FLOWPEER_WIRE_MAX];
	bool maybe_past = p->past && clock_now() < p->past_until;
	enum seal_fault fault = SEAL_GOOD;
	size_t size;

	number |= read_u32(&r);
	if (!l->current.established) {
		l->counts.strayed++;
		return;
	}
	size = reader_left(&r);
	/* What cannot be opened is not what it was afterwards. */
	if (maybe_past)
		memcpy(copy, body, size);
	if (r.short_read || kind != DATAGRAM_KIND || path != p->number)
		fault = SEAL_SHORT;
	else if (seal)
		fault = seal_unwrap(seal, bytes, FLOWPEER_HEAD_SIZE, number, body, size, body,
		                    &size);
	if (fault != SEAL_GOOD && fault != SEAL_SHORT && maybe_past &&
	    is_of_past(p, bytes, number, copy, reader_left(&r))) {
		l->counts.strayed++;
		return;
	}
	l->counts.faults[fault]++;
	if (fault == SEAL_WORN)
		l->renew = true;
	if (fault == SEAL_GOOD)
		l->calls->on_datagram(l->owner, p->number, body, size, arrival);
}

bool
flowdatagram_read(struct path *p, nsec_t until)
{
	struct flowpeer *l = p->link;
	nsec_t now = clock_now();

	do {
		nsec_t arrival = p->behind ? p->behind : now;
		int n = recvmmsg(p->datagrams, l->in, FLOWPEER_READ_BATCH, MSG_DONTWAIT, NULL);

		if (n < 0 && errno == ECONNREFUSED)
			continue;	/* told once; there may be more behind it */
		if (n <= 0)
			break;
		l->counts.received[p->number] += (unsigned)n;
		for (int i = 0; i < n; i++) {
			l->counts.bytes_received[p->number] +=
				l->in[i].msg_len + flowpeer_headers(p);
			if (p->behind)
				take_behind(p, l->in[i].msg_len);
			open_datagram(p, l->in_bytes[i], l->in[i].msg_len, arrival);
		}
		if ((unsigned)n < FLOWPEER_READ_BATCH)
			break;
		now = clock_now();
		if (now >= until)
			return false;
	} while (true);
	p->behind = 0;
	return true;
}

int
flowdatagram_on_readable(sd_event_source *source UNUSED, int fd UNUSED, uint32_t events UNUSED,
                         void *owner)
{
	struct path *p = owner;

	/* A change of role waits for the end of this turn, and what comes in may take the kernel
	 * milliseconds to put in.  Who runs in real time sleeps between two. */
	if (!flowdatagram_read(p, clock_now() + TURN)) {
		sd_event_source_set_enabled(p->readable, SD_EVENT_OFF);
		sd_event_source_set_time_relative(p->breather, PAUSE_USEC);
		sd_event_source_set_enabled(p->breather, SD_EVENT_ONESHOT);
	}
	p->link->calls->on_batch(p->link->owner);
	return 0;
}

int
flowdatagram_on_breath(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct path *p = owner;

	if (p->readable)
		sd_event_source_set_enabled(p->readable, SD_EVENT_ON);
	return 0;
}

bool
flowpeer_drain(struct flowpeer *l, nsec_t until)
{
	bool all = true;

	for (uint32_t i = 0; i < l->settings.path_count; i++)
		if (!flowdatagram_read(&l->paths[i], until)) {
			note_behind(&l->paths[i]);
			all = false;
		}
	return all;
}

void
flowdatagram_prepare(struct flowpeer *l)
{
	for (unsigned i = 0; i < FLOWPEER_SEND_BATCH; i++) {
		l->out_parts[i].iov_base = l->out_bytes[i];
		l->out[i].msg_hdr = (struct msghdr){ .msg_iov = &l->out_parts[i], .msg_iovlen = 1 };
	}
	for (unsigned i = 0; i < FLOWPEER_READ_BATCH; i++) {
		l->in_parts[i] = (struct iovec){ l->in_bytes[i], FLOWPEER_WIRE_MAX };
		l->in[i].msg_hdr = (struct msghdr){ .msg_iov = &l->in_parts[i], .msg_iovlen = 1 };
	}
}
