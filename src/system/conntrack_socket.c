/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netfilter's netlink sockets: buffers, options, and the frames of messages.  It knows nothing of
 * what the messages say.
 */
#include "system/conntrack_socket.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void
size_buffer(int fd, int forced, int modest, size_t size)
{
	int bytes = (int)size;

	if (size && setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, modest, &bytes, sizeof(bytes));
}

/* Connected to the kernel, nobody else can send to it. */
static int
attach(int fd, uint32_t *ret_port)
{
	struct sockaddr_nl address = { .nl_family = AF_NETLINK };
	socklen_t size = sizeof(address);
	int on = 1;

	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &size) < 0 ||
	    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on)) < 0)
		return -errno;
	*ret_port = address.nl_pid;
	return 0;
}

int
conntrack_socket_open(size_t receive, size_t send, uint32_t *ret_port, struct error *error)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER);
	int r = fd < 0 ? -errno : attach(fd, ret_port);

	if (r < 0) {
		if (fd >= 0)
			close(fd);
		return error_set(error, r, "cannot open a socket to connection tracking: %s",
		                 strerror(-r));
	}
	size_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF, receive);
	size_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF, send);
	return fd;
}

const struct nlmsghdr *
conntrack_socket_next(const void *bytes, size_t size, size_t *offset)
{
	const struct nlmsghdr *message = (const void *)((const uint8_t *)bytes + *offset);

	if (*offset > size || size - *offset < sizeof(*message) ||
	    message->nlmsg_len < sizeof(*message) || message->nlmsg_len > size - *offset)
		return NULL;
	*offset += NLMSG_ALIGN((size_t)message->nlmsg_len);
	return message;
}

int
conntrack_socket_error(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len < NLMSG_LENGTH(sizeof(error->error)) ? -EBADMSG : error->error;
}
