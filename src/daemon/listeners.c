/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet sockets of all links with groups, waited for through one epoll descriptor.  Whoever
 * sweeps them learns which were not seen empty; what a frame means is not asked here.
 */
#include "daemon/listeners.h"

#include <errno.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/packet.h"

#define READY_AT_ONCE 64
#define BATCHES_A_LINK 4u		/* read from one link in a sweep */
#define BATCHES_A_SWEEP 256u		/* and from all: bounded work */

struct listener {
	int ifindex;			/* 0 = not listening */
	unsigned families;
	struct packet_sockets sockets;
	uint32_t swept;			/* the last sweep that looked at it */
	bool backlog;
};

struct listeners {
	int epoll;
	struct listener *list;
	uint32_t count;
	struct packet_buffer *buffer;
	uint32_t sweep;
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
	listeners->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (!listeners->buffer || listeners->epoll < 0) {
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

	if (!list)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++)
		if (from[i] >= 0) {
			list[i] = listeners->list[from[i]];
			listeners->list[from[i]].ifindex = 0;
		}
	for (uint32_t i = 0; i < listeners->count; i++)
		close_listener(&listeners->list[i]);
	free(listeners->list);
	listeners->list = list;
	listeners->count = count;
	for (uint32_t i = 0; i < count; i++)
		if (list[i].ifindex != 0 && register_socket(listeners, i, EPOLL_CTL_MOD) < 0)
			close_listener(&list[i]);
	return 0;
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
		listeners->calls.on_backlog(listeners->owner, link, NSEC_NEVER);
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

/* Read one link as far as its share goes; returns how many batches it took. */
static unsigned
read_link(struct listeners *l, uint32_t link)
{
	struct listener *listener = &l->list[link];
	struct packet packets[PACKET_BATCH];
	nsec_t last = 0;
	bool was_behind = listener->backlog;

	listener->swept = l->sweep;
	for (unsigned batch = 1; batch <= BATCHES_A_LINK; batch++) {
		int count = packet_receive(listener->sockets.receive, l->buffer, packets);

		for (int i = 0; i < count; i++)
			l->calls.on_frame(l->owner, link, packets[i].bytes, packets[i].length,
			                  packets[i].arrival);
		listener->backlog = count == (int)PACKET_BATCH;
		if (!listener->backlog) {
			if (was_behind)
				l->calls.on_backlog(l->owner, link, NSEC_NEVER);
			return batch;
		}
		last = packets[count - 1].arrival;
	}
	/* Another frame may have come in the same moment as the last one that was read. */
	l->calls.on_backlog(l->owner, link, last - 1);
	return BATCHES_A_LINK;
}

bool
listeners_sweep(struct listeners *l)
{
	struct epoll_event ready[READY_AT_ONCE];
	unsigned budget = BATCHES_A_SWEEP;

	l->sweep++;
	for (;;) {
		int count = epoll_wait(l->epoll, ready, READY_AT_ONCE, 0);
		bool fresh = false;

		for (int i = 0; i < count; i++) {
			uint32_t link = ready[i].data.u32;
			unsigned took;

			if (l->list[link].swept == l->sweep)
				continue;
			if (budget == 0)
				return false;
			took = read_link(l, link);
			budget -= took < budget ? took : budget;
			fresh = true;
		}
		/* The kernel names those first that it has not named for the longest time. */
		if (count < READY_AT_ONCE || !fresh)
			return count >= 0;
	}
}
