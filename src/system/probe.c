/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes on the wire.  Source and interface travel beside each echo request, so that one socket a
 * family serves all monitors.
 */
#include "system/probe.h"

#include <errno.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include <linux/icmp.h>			/* after those whose types it would define again */
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BYTES (1 << 19)
#define PACKET_BYTES 1500u

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* The kernel's form of an address; its size is returned. */
static socklen_t
fill_address(const struct ip *ip, uint16_t port, unsigned ifindex, union address *ret_address)
{
	memset(ret_address, 0, sizeof(*ret_address));
	if (ip->family == 4) {
		ret_address->v4.sin_family = AF_INET;
		ret_address->v4.sin_port = htons(port);
		memcpy(&ret_address->v4.sin_addr, ip->bytes, 4);
		return sizeof(ret_address->v4);
	}
	ret_address->v6.sin6_family = AF_INET6;
	ret_address->v6.sin6_port = htons(port);
	memcpy(&ret_address->v6.sin6_addr, ip->bytes, 16);
	ret_address->v6.sin6_scope_id = ip->bytes[0] == 0xfe && (ip->bytes[1] & 0xc0) == 0x80 ?
	                                ifindex : 0;
	return sizeof(ret_address->v6);
}

static int
hear_replies_only(int fd, uint8_t family)
{
	struct icmp_filter filter4 = { .data = ~(1u << ICMP_ECHOREPLY) };
	struct icmp6_filter filter6;

	if (family == 4)
		return setsockopt(fd, IPPROTO_RAW, ICMP_FILTER, &filter4, sizeof(filter4));
	ICMP6_FILTER_SETBLOCKALL(&filter6);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter6);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter6, sizeof(filter6));
}

int
probe_open(uint8_t family, int *ret_socket, struct error *error)
{
	int size = RECEIVE_BYTES;
	int fd = socket(family == 4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK,
	                family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);

	if (fd < 0)
		return error_set(error, -errno, "cannot open a socket for IPv%u echo requests: %s",
		                 family, strerror(errno));
	if (hear_replies_only(fd, family) < 0) {
		int r = error_set(error, -errno, "cannot filter IPv%u echo replies: %s", family,
		                  strerror(errno));

		close(fd);
		return r;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	*ret_socket = fd;
	return 0;
}

/* Put source and interface beside the packet. */
static void
add_way(struct msghdr *head, const struct probe_way *way, unsigned ifindex)
{
	struct cmsghdr *item = CMSG_FIRSTHDR(head);

	if (way->target.family == 4) {
		struct in_pktinfo info = { .ipi_ifindex = (int)ifindex };

		memcpy(&info.ipi_spec_dst, way->source.bytes, 4);
		item->cmsg_level = IPPROTO_IP;
		item->cmsg_type = IP_PKTINFO;
		item->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(item), &info, sizeof(info));
	} else {
		struct in6_pktinfo info = { .ipi6_ifindex = ifindex };

		memcpy(&info.ipi6_addr, way->source.bytes, 16);
		item->cmsg_level = IPPROTO_IPV6;
		item->cmsg_type = IPV6_PKTINFO;
		item->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(item), &info, sizeof(info));
	}
	head->msg_controllen = CMSG_SPACE(way->target.family == 4 ? sizeof(struct in_pktinfo) :
	                                  sizeof(struct in6_pktinfo));
}

/* The interface's number; 0 = none asked for; negative errno when it is not there. */
static int
find_interface(const struct probe_way *way)
{
	unsigned ifindex = way->interface[0] ? if_nametoindex(way->interface) : 0;

	return way->interface[0] && ifindex == 0 ? -ENODEV : (int)ifindex;
}

int
probe_send(int socket, const struct probe_way *way, const struct echo *echo)
{
	union {
		struct cmsghdr head;
		char bytes[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	} control = { 0 };
	uint8_t bytes[ECHO_SIZE];
	union address to;
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	struct msghdr head = {
		.msg_name = &to,
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	int ifindex = find_interface(way);

	if (ifindex < 0)
		return ifindex;
	echo_encode(echo, bytes);
	head.msg_namelen = fill_address(&way->target, 0, (unsigned)ifindex, &to);
	add_way(&head, way, (unsigned)ifindex);
	return sendmsg(socket, &head, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int
probe_receive(int socket, uint8_t family, struct ip *ret_source, struct echo *ret_echo)
{
	uint8_t bytes[PACKET_BYTES];
	union address from;
	socklen_t from_size = sizeof(from);
	ssize_t length = recvfrom(socket, bytes, sizeof(bytes), MSG_DONTWAIT, &from.any,
	                          &from_size);

	if (length < 0)
		return errno == EAGAIN ? 0 : -EBADMSG;
	if (echo_decode(family, reader_over(bytes, (size_t)length), ret_echo) != ECHO_OK)
		return -EBADMSG;
	*ret_source = family == 4 ? ip_from_v4((const uint8_t *)&from.v4.sin_addr) :
	                            ip_from_v6((const uint8_t *)&from.v6.sin6_addr);
	return 1;
}

static int
start_connecting(int fd, const struct probe_way *way, unsigned ifindex)
{
	union address address;
	socklen_t size;

	if (way->interface[0] &&
	    setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, way->interface,
	               (socklen_t)strlen(way->interface)) < 0)
		return -errno;
	if (way->source.family != 0) {
		size = fill_address(&way->source, 0, ifindex, &address);
		if (bind(fd, &address.any, size) < 0)
			return -errno;
	}
	size = fill_address(&way->target, way->port, ifindex, &address);
	return connect(fd, &address.any, size) < 0 && errno != EINPROGRESS ? -errno : 0;
}

static int
open_connected(const struct probe_way *way, int type)
{
	int ifindex = find_interface(way);
	int fd, r;

	if (ifindex < 0)
		return ifindex;
	fd = socket(way->target.family == 4 ? AF_INET : AF_INET6,
	            type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	r = start_connecting(fd, way, (unsigned)ifindex);
	if (r == 0)
		return fd;
	close(fd);
	return r;
}

int
probe_connect(const struct probe_way *way)
{
	return open_connected(way, SOCK_STREAM);
}

/* Without being asked, the kernel keeps to itself that a host is not there. */
int
probe_ask(const struct probe_way *way)
{
	static const uint8_t nothing[1];
	int fd = open_connected(way, SOCK_DGRAM), on = 1;
	int r;

	if (fd < 0)
		return fd;
	if (way->target.family == 4)
		r = setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		r = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	if (r == 0 && send(fd, nothing, sizeof(nothing), MSG_NOSIGNAL) >= 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

int
probe_connected(int socket)
{
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return -errno;
	return -error;
}
