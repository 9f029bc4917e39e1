/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet sockets of all links with groups, waited for through one epoll descriptor. Whoever
 * sweeps them learns whether all were seen empty; what a frame means is not asked here.
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

struct listener {
	int ifindex;			/* 0 = not listening */
	int sockets[2];			/* receives; holds the membership */
};

struct listeners {
	int epoll;
	struct listener *list;
	uint32_t count;
	struct packet_buffer *buffer;
	listeners_frame_call *call;
	void *owner;
};

int
listeners_new(listeners_frame_call *call, void *owner, struct listeners **ret_listeners,
              struct error *error)
{
	struct listeners *listeners = calloc(1, sizeof(*listeners));

	if (!listeners)
		return error_set(error, -ENOMEM, "out of memory");
	listeners->call = call;
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
	close(listener->sockets[0]);	/* epoll forgets it with that */
	close(listener->sockets[1]);
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
	int fd = listeners->list[link].sockets[0];

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

	return getsockname(listener->sockets[0], (struct sockaddr *)&address, &size) == 0 &&
	       address.sll_ifindex == listener->ifindex;
}

int
listeners_watch(struct listeners *listeners, uint32_t link, int ifindex, struct error *error)
{
	struct listener *listener = &listeners->list[link];
	int r;

	assert(link < listeners->count);
	if (listener->ifindex == ifindex && (ifindex == 0 || is_bound(listener)))
		return 0;
	close_listener(listener);
	if (ifindex == 0)
		return 0;
	r = packet_open(ifindex, listener->sockets, error);
	if (r < 0)
		return r;
	listener->ifindex = ifindex;
	r = register_socket(listeners, link, EPOLL_CTL_ADD);
	if (r < 0) {
		close_listener(listener);
		return error_set(error, r, "cannot wait for packets: %s", strerror(-r));
	}
	return 0;
}

/* Empty one socket as far as the budget goes; returns what is left of it. */
static unsigned
receive_link(struct listeners *listeners, uint32_t link, unsigned budget)
{
	struct packet packets[PACKET_BATCH];

	while (budget > 0) {
		int count = packet_receive(listeners->list[link].sockets[0], listeners->buffer,
		                           packets);

		for (int i = 0; i < count; i++)
			listeners->call(listeners->owner, link, packets[i].bytes,
			                packets[i].length, packets[i].arrival);
		if (count < (int)PACKET_BATCH)
			break;
		budget -= budget < PACKET_BATCH ? budget : PACKET_BATCH;
	}
	return budget;
}

bool
listeners_sweep(struct listeners *listeners, unsigned budget)
{
	struct epoll_event ready[READY_AT_ONCE];

	while (budget > 0) {
		int count = epoll_wait(listeners->epoll, ready, READY_AT_ONCE, 0);

		if (count <= 0)
			return count == 0;
		for (int i = 0; i < count && budget > 0; i++)
			budget = receive_link(listeners, ready[i].data.u32, budget - 1);
	}
	return false;
}
