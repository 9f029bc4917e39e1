/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet sockets of all links with groups, waited for through one epoll descriptor.  Whoever
 * sweeps them learns which were not seen empty; what a frame means is not asked here.
 *
 * A sweep first asks which sockets hold anything, all at once: of every other link all was heard.
 * Then it reads, first what was read empty the last time, then what was not, those before others
 * that had to wait; each of both for as many frames as it has.  So a link where nobody speaks is
 * judged in every sweep, one where few speak is read in every sweep, and many floods share what is
 * left.
 */
#include "daemon/listeners.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/packet.h"

#define BATCHES_A_LINK 4u		/* read from one link in a sweep */
#define CALM_FRAMES 4096u		/* and from all that were read empty: bounded work */
#define FLOODED_FRAMES 2048u		/* and from the others */
#define READ_COST 4u			/* of asking a socket, in frames */

struct listener {
	int ifindex;			/* 0 = not listening */
	unsigned families;
	struct packet_sockets sockets;
	bool backlog;			/* not seen empty: all is heard up to heard only */
	bool flooded;			/* more came than was read when it was read last */
	bool waits;			/* was not read, though there was something */
	nsec_t heard;
	uint32_t sweep;			/* the last one that found something here */
};

struct listeners {
	int epoll;
	struct listener *list;
	uint32_t count;
	struct packet_buffer *buffer;
	struct epoll_event *ready;	/* room for one event a link */
	uint32_t sweep;			/* number of the last one */
	nsec_t swept;			/* when it began: what is no backlog was heard by then */
	uint32_t behind;		/* links with a backlog */
	struct listeners_calls calls;
	void *owner;
};

int
listeners_new(const struct listeners_calls *calls, void *owner, struct listeners **ret_listeners,
              struct error *error)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));

	if (!listeners)
		return error_set(error, -ENOMEM, "out of memory");
	listeners->calls = *calls;
	listeners->owner = owner;
	listeners->buffer = packet_buffer_new();
	listeners->ready = calloc(1, sizeof(*listeners->ready));
	listeners->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!listeners->buffer || !listeners->ready || listeners->epoll < 0) {
		int r = error_set(error, -errno, "cannot wait for packets: %s", strerror(errno));

		listeners_free(listeners);
		return r;
	}
	*ret_listeners = listeners;
	return 0;
}

static void
close_listener(struct listener *listener)
{
	if (listener->ifindex == 0)
		return;
	packet_close(&listener->sockets);	/* epoll forgets it with that */
	listener->ifindex = 0;
}

void
listeners_free(struct listeners *listeners)
{
	if (!listeners)
		return;
	for (uint32_t i = 0; i < listeners->count; i++)
		close_listener(&listeners->list[i]);
	free(listeners->list);
	free(listeners->ready);
	packet_buffer_free(listeners->buffer);
	if (listeners->epoll >= 0)
		close(listeners->epoll);
	free(listeners);
}

int
listeners_descriptor(const struct listeners *listeners)
{
	return listeners->epoll;
}

/* Say (again) to which link the frames of this socket belong. */
static int
register_socket(struct listeners *listeners, uint32_t link, int operation)
{
	struct epoll_event event = { .events = EPOLLIN, .data.u32 = link };
	int fd = listeners->list[link].sockets.receive;

	return epoll_ctl(listeners->epoll, operation, fd, &event) < 0 ? -errno : 0;
}

int
listeners_renumber(struct listeners *listeners, const int32_t *from, uint32_t count)
{
	struct listener *list = calloc(count ? count : 1, sizeof(*list));
	struct epoll_event *ready = calloc(count ? count : 1, sizeof(*ready));

	if (!list || !ready) {
		free(list);
		free(ready);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < count; i++)
		if (from[i] >= 0) {
			list[i] = listeners->list[from[i]];
			listeners->list[from[i]].ifindex = 0;
		}
	for (uint32_t i = 0; i < listeners->count; i++)
		close_listener(&listeners->list[i]);
	free(listeners->list);
	free(listeners->ready);
	listeners->list = list;
	listeners->ready = ready;
	listeners->count = count;
	listeners->behind = 0;
	for (uint32_t i = 0; i < count; i++)
		listeners->behind += list[i].backlog;
	for (uint32_t i = 0; i < count; i++)
		if (list[i].ifindex != 0 && from[i] != (int32_t)i &&
		    register_socket(listeners, i, EPOLL_CTL_MOD) < 0)
			close_listener(&list[i]);
	return 0;
}

static void
set_backlog(struct listeners *l, uint32_t link, nsec_t heard)
{
	struct listener *listener = &l->list[link];

	l->behind -= listener->backlog;
	listener->backlog = heard != NSEC_NEVER;
	l->behind += listener->backlog;
	listener->heard = heard;
	l->calls.on_backlog(l->owner, link, heard);
}

/* The kernel unbinds the sockets of a link that goes, also if one of the same number follows. */
static bool
is_bound(const struct listener *listener)
{
	struct sockaddr_ll address;
	socklen_t size = sizeof(address);

	return getsockname(listener->sockets.receive, (struct sockaddr *)&address, &size) == 0 &&
	       address.sll_ifindex == listener->ifindex;
}

int
listeners_watch(struct listeners *listeners, uint32_t link, int ifindex, unsigned families,
                struct error *error)
{
	struct listener *listener = &listeners->list[link];
	int r;

	assert(link < listeners->count);
	if (listener->ifindex == ifindex &&
	    (ifindex == 0 || (listener->families == families && is_bound(listener))))
		return 0;
	if (listener->backlog)
		set_backlog(listeners, link, NSEC_NEVER);
	close_listener(listener);
	*listener = (struct listener){ 0 };
	if (ifindex == 0)
		return 0;
	r = packet_open(ifindex, families, &listener->sockets, error);
	if (r < 0)
		return r;
	listener->ifindex = ifindex;
	listener->families = families;
	r = register_socket(listeners, link, EPOLL_CTL_ADD);
	if (r < 0) {
		close_listener(listener);
		return error_set(error, r, "cannot wait for packets: %s", strerror(-r));
	}
	return 0;
}

/* Read one link as far as its share goes; returns what that cost. */
static unsigned
read_link(struct listeners *l, uint32_t link)
{
	struct listener *listener = &l->list[link];
	struct packet packets[PACKET_BATCH];
	nsec_t heard = NSEC_NEVER;
	unsigned cost = 0;

	for (unsigned batch = 0; batch < BATCHES_A_LINK; batch++) {
		int count = packet_receive(listener->sockets.receive, l->buffer, packets);

		cost += READ_COST;
		if (count < 0)
			continue;	/* it went down; what came before that is still there */
		cost += (unsigned)count;
		for (int i = 0; i < count; i++)
			l->calls.on_frame(l->owner, link, packets[i].bytes, packets[i].length,
			                  packets[i].arrival);
		heard = NSEC_NEVER;
		if (count < (int)PACKET_BATCH)
			break;
		/* Another frame may have come in the same moment as the last one read. */
		heard = packets[count - 1].arrival - 1;
	}
	listener->waits = false;
	listener->flooded = heard != NSEC_NEVER;
	if (listener->flooded || listener->backlog)
		set_backlog(l, link, heard);
	return cost;
}

/* It has something, but is not read in this sweep; before is when the last one began. */
static void
leave_link(struct listeners *l, uint32_t link, nsec_t before)
{
	struct listener *listener = &l->list[link];

	listener->waits = true;
	set_backlog(l, link, listener->backlog ? listener->heard : before);
}

/* In which order links are read: calm ones first, and of either kind those that waited. */
static unsigned
rank_of(const struct listener *listener)
{
	return 2u * listener->flooded + !listener->waits;
}

#define RANKS 4u

/* Read what is ready, as far as there is room for it. */
static void
read_ready(struct listeners *l, int count, nsec_t before)
{
	unsigned room[RANKS / 2] = { CALM_FRAMES, FLOODED_FRAMES };

	for (unsigned rank = 0; rank < RANKS; rank++) {
		for (int i = 0; i < count; i++) {
			uint32_t link = l->ready[i].data.u32;
			unsigned cost;

			if (l->list[link].sweep == l->sweep || rank_of(&l->list[link]) != rank)
				continue;
			l->list[link].sweep = l->sweep;
			if (room[rank / 2] == 0) {
				leave_link(l, link, before);
				continue;
			}
			cost = read_link(l, link);
			room[rank / 2] -= cost < room[rank / 2] ? cost : room[rank / 2];
		}
	}
}

bool
listeners_sweep(struct listeners *l)
{
	nsec_t before = l->swept;
	int count;

	l->sweep++;
	l->swept = clock_now();
	count = epoll_wait(l->epoll, l->ready, l->count ? (int)l->count : 1, 0);
	if (count < 0)
		return false;
	read_ready(l, count, before);
	/* What was read last was all there was, and nothing came after it. */
	for (uint32_t link = 0; l->behind > 0 && link < l->count; link++) {
		if (l->list[link].backlog && l->list[link].sweep != l->sweep)
			set_backlog(l, link, NSEC_NEVER);
	}
	return true;
}
