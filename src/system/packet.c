/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packet sockets for VRRP.  Arrival times come from the kernel as wall-clock time; they are turned
 * into monotonic time with both clocks read in one go, and never lie in the future.
 */
#include "system/packet.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "system/clock.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define CLOCKS_APART (2 * NSEC_PER_USEC)
#define RECEIVE_BYTES (1 << 20)
#define VRRP_PROTOCOL 112
#define TAG_PRESENT ((uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))

#define AUTHENTICATION_HEADER 51

static const uint8_t group_macs[][ETH_ALEN] = {
	{ 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 },		/* 224.0.0.18 */
	{ 0x33, 0x33, 0x00, 0x00, 0x00, 0x12 },		/* ff02::12 */
};

/*
 * Untagged VRRP frames; with IPv4 also those behind an authentication header, whatever it protects.
 * A tagged frame belongs to the subinterface of its VLAN; here it would still look untagged,
 * because the kernel keeps the tag beside the frame.
 */
static int
attach_filter(int fd)
{
	static struct sock_filter code[] = {
		/*  0 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, TAG_PRESENT),
		/*  1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 9),
		/*  2 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		/*  3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 3),
		/*  4 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
		/*  5 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 4, 0),
		/*  6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUTHENTICATION_HEADER, 3, 4),
		/*  7 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 3),
		/*  8 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 6),
		/*  9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 0, 1),
		/* 10 */ BPF_STMT(BPF_RET | BPF_K, PACKET_SIZE),
		/* 11 */ BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int
join_in_hardware(int fd, int ifindex, const uint8_t mac[ETH_ALEN])
{
	struct packet_mreq membership = {
		.mr_ifindex = ifindex,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = ETH_ALEN,
	};

	memcpy(membership.mr_address, mac, ETH_ALEN);
	return setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership, sizeof(membership));
}

/* The socket that receives: filtered before it is bound, so that nothing else ever gets in. */
static int
open_receiver(int ifindex, unsigned families)
{
	int on = 1, size = RECEIVE_BYTES;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (attach_filter(fd) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    (families & PACKET_IPV4 && join_in_hardware(fd, ifindex, group_macs[0]) < 0) ||
	    (families & PACKET_IPV6 && join_in_hardware(fd, ifindex, group_macs[1]) < 0) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* A socket whose membership makes the kernel answer switches that listen in on IGMP or MLD. */
static int
open_membership(int ifindex, enum packet_family family)
{
	const struct ip_mreqn group4 = {
		.imr_multiaddr.s_addr = htonl(0xe0000012),	/* 224.0.0.18 */
		.imr_ifindex = ifindex,
	};
	const struct ipv6_mreq group6 = {
		.ipv6mr_multiaddr.s6_addr = { 0xff, 0x02, [15] = 0x12 },
		.ipv6mr_interface = (unsigned)ifindex,
	};
	bool is4 = family == PACKET_IPV4;
	int fd = socket(is4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (fd < 0)
		return -errno;
	r = is4 ? setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &group4, sizeof(group4)) :
	          setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &group6, sizeof(group6));
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int
packet_open(int ifindex, unsigned families, struct packet_sockets *ret, struct error *error)
{
	static const char *const groups[] = { "224.0.0.18", "ff02::12" };
	char name[IF_NAMESIZE] = "?";

	(void)if_indextoname((unsigned)ifindex, name);
	*ret = (struct packet_sockets){ .members = { -1, -1 } };
	ret->receive = open_receiver(ifindex, families);
	if (ret->receive < 0)
		return error_set(error, ret->receive, "%s: cannot listen for advertisements: %s",
		                 name, strerror(-ret->receive));
	for (unsigned i = 0; i < ARRAY_SIZE(groups); i++) {
		if (!(families & 1u << i))
			continue;
		ret->members[i] = open_membership(ifindex, 1u << i);
		if (ret->members[i] < 0) {
			int r = ret->members[i];

			packet_close(ret);
			return error_set(error, r, "%s: cannot join %s: %s", name, groups[i],
			                 strerror(-r));
		}
	}
	return 0;
}

static void
close_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
packet_close(struct packet_sockets *sockets)
{
	close_open(sockets->receive);
	close_open(sockets->members[0]);
	close_open(sockets->members[1]);
}

/* Packet sockets of protocol 0, and raw sockets of IPPROTO_RAW, never receive. */
int
packet_open_senders(struct packet_senders *ret, struct error *error)
{
	int size = RECEIVE_BYTES;

	ret->frame = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ret->ip4 = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	ret->ip6 = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	/* A kernel without IPv6 has no group that would miss the last. */
	if (ret->frame < 0 || ret->ip4 < 0 || (ret->ip6 < 0 && errno != EAFNOSUPPORT)) {
		int r = error_set(error, -errno, "cannot open sockets to send with: %s",
		                  strerror(errno));

		packet_close_senders(ret);
		return r;
	}
	(void)setsockopt(ret->frame, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	return 0;
}

void
packet_close_senders(struct packet_senders *senders)
{
	close_open(senders->frame);
	close_open(senders->ip4);
	close_open(senders->ip6);
}

struct packet_buffer {
	struct mmsghdr heads[PACKET_BATCH];
	struct iovec parts[PACKET_BATCH];
	uint8_t bytes[PACKET_BATCH][PACKET_SIZE];
	_Alignas(struct cmsghdr) uint8_t control[PACKET_BATCH][CMSG_SPACE(sizeof(struct timespec))];
};

/* What the kernel overwrites with each frame. */
static void
prepare(struct packet_buffer *buffer, unsigned i)
{
	buffer->heads[i].msg_hdr = (struct msghdr){
		.msg_iov = &buffer->parts[i],
		.msg_iovlen = 1,
		.msg_control = buffer->control[i],
		.msg_controllen = sizeof(buffer->control[i]),
	};
}

struct packet_buffer *
packet_buffer_new(void)
{
	struct packet_buffer *buffer = calloc(1, sizeof(*buffer));

	for (unsigned i = 0; buffer && i < PACKET_BATCH; i++) {
		buffer->parts[i] = (struct iovec){ buffer->bytes[i], PACKET_SIZE };
		prepare(buffer, i);
	}
	return buffer;
}

void
packet_buffer_free(struct packet_buffer *buffer)
{
	free(buffer);
}

/* When the kernel got this frame, by the wall clock; 0 when it does not say. */
static nsec_t
arrival_of(struct msghdr *head)
{
	struct timespec stamp;

	for (struct cmsghdr *item = CMSG_FIRSTHDR(head); item; item = CMSG_NXTHDR(head, item))
		if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&stamp, CMSG_DATA(item), sizeof(stamp));
			return stamp.tv_sec * NSEC_PER_SEC + stamp.tv_nsec;
		}
	return 0;
}

int
packet_receive(int socket, struct packet_buffer *buffer, struct packet ret[PACKET_BATCH])
{
	int count = recvmmsg(socket, buffer->heads, PACKET_BATCH, MSG_DONTWAIT, NULL);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;

	nsec_t wall = 0, now = 0;

	/* Both clocks at one moment, or almost: between the two we may be kept from running. */
	for (unsigned tries = 0; tries < 3; tries++) {
		nsec_t before = clock_now();

		wall = clock_wall();
		now = clock_now();
		if (now - before < CLOCKS_APART)
			break;
	}
	for (int i = 0; i < count; i++) {
		nsec_t stamp = arrival_of(&buffer->heads[i].msg_hdr);
		nsec_t age = stamp > 0 ? nsec_max(wall - stamp, 0) : 0;

		ret[i] = (struct packet){
			.bytes = buffer->bytes[i],
			.length = buffer->heads[i].msg_len,
			.arrival = nsec_max(now - age, 0),
		};
		prepare(buffer, (unsigned)i);
	}
	return count;
}

/* One frame or packet on its way through sendmmsg(). */
struct departure {
	struct iovec part;
	union {
		struct sockaddr_ll link;
		struct sockaddr_in ip4;
		struct sockaddr_in6 ip6;
	} to;
	union {
		uint8_t room[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct cmsghdr aligned;
	} control;
};

/* By which interface an IP packet leaves. */
static void
put_interface(struct msghdr *head, struct departure *d, const struct outgoing *packet)
{
	bool is4 = packet->unicast.family == 4;
	struct in_pktinfo info4 = { .ipi_ifindex = packet->ifindex };
	struct in6_pktinfo info6 = { .ipi6_ifindex = (unsigned)packet->ifindex };
	size_t size = is4 ? sizeof(info4) : sizeof(info6);
	struct cmsghdr *item;

	head->msg_control = d->control.room;
	head->msg_controllen = CMSG_SPACE(size);
	memset(&d->control, 0, sizeof(d->control));
	item = CMSG_FIRSTHDR(head);
	item->cmsg_level = is4 ? IPPROTO_IP : IPPROTO_IPV6;
	item->cmsg_type = is4 ? IP_PKTINFO : IPV6_PKTINFO;
	item->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(item), is4 ? (void *)&info4 : (void *)&info6, size);
}

static void
address(struct msghdr *head, struct departure *d, const struct outgoing *frame)
{
	d->part = (struct iovec){ (void *)frame->bytes, frame->length };
	*head = (struct msghdr){ .msg_name = &d->to, .msg_iov = &d->part, .msg_iovlen = 1 };
	switch (frame->unicast.family) {
	case 4:
		d->to.ip4 = (struct sockaddr_in){ .sin_family = AF_INET };
		memcpy(&d->to.ip4.sin_addr, frame->unicast.bytes, 4);
		head->msg_namelen = sizeof(d->to.ip4);
		put_interface(head, d, frame);
		return;
	case 6:
		d->to.ip6 = (struct sockaddr_in6){
			.sin6_family = AF_INET6,
			.sin6_scope_id = (unsigned)frame->ifindex,
		};
		memcpy(&d->to.ip6.sin6_addr, frame->unicast.bytes, 16);
		head->msg_namelen = sizeof(d->to.ip6);
		put_interface(head, d, frame);
		return;
	default:
		d->to.link = (struct sockaddr_ll){
			.sll_family = AF_PACKET,
			.sll_ifindex = frame->ifindex,
			.sll_halen = ETH_ALEN,
		};
		if (frame->length >= ETH_HLEN)
			memcpy(&d->to.link.sll_protocol, frame->bytes + 12, 2);
		head->msg_namelen = sizeof(d->to.link);
	}
}

static int
sender_of(const struct packet_senders *senders, const struct outgoing *frame)
{
	switch (frame->unicast.family) {
	case 4:
		return senders->ip4;
	case 6:
		return senders->ip6;
	default:
		return senders->frame;
	}
}

void
packet_send(const struct packet_senders *senders, struct outgoing *frames, size_t count)
{
	struct mmsghdr heads[PACKET_BATCH];
	struct departure departures[PACKET_BATCH];
	size_t done = 0;

	while (done < count) {
		int socket = sender_of(senders, &frames[done]);
		unsigned batch = 0;
		int sent;

		while (batch < PACKET_BATCH && done + batch < count &&
		       sender_of(senders, &frames[done + batch]) == socket) {
			frames[done + batch].error = 0;
			address(&heads[batch].msg_hdr, &departures[batch], &frames[done + batch]);
			batch++;
		}
		sent = sendmmsg(socket, heads, batch, 0);
		if (sent > 0) {
			done += (unsigned)sent;
		} else {
			/* The first one failed; the others deserve their own try. */
			frames[done].error = errno;
			done++;
		}
	}
}
