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
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "system/clock.h"

#ifndef PACKET_IGNORE_OUTGOING
#define PACKET_IGNORE_OUTGOING 23
#endif

#define RECEIVE_BYTES (1 << 20)
#define VRRP_PROTOCOL 112
#define TAG_PRESENT ((uint32_t)(SKF_AD_OFF + SKF_AD_VLAN_TAG_PRESENT))

static const uint8_t vrrp_group_mac[6] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12 };

/*
 * Untagged IPv4 frames of protocol 112.  A tagged frame belongs to the subinterface of its VLAN;
 * here it would still look untagged, because the kernel keeps the tag beside the frame.
 */
static int
attach_filter(int fd)
{
	static struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, TAG_PRESENT),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 5),
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IP, 0, 3),
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ETH_HLEN + 9),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, PACKET_SIZE),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

/* The socket that receives: filtered before it is bound, so that nothing else ever gets in. */
static int
open_receiver(int ifindex)
{
	int on = 1, size = RECEIVE_BYTES;
	struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_protocol = htons(ETH_P_ALL),
		.sll_ifindex = ifindex,
	};
	struct packet_mreq membership = {
		.mr_ifindex = ifindex,
		.mr_type = PACKET_MR_MULTICAST,
		.mr_alen = sizeof(vrrp_group_mac),
	};
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	memcpy(membership.mr_address, vrrp_group_mac, sizeof(vrrp_group_mac));
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	if (attach_filter(fd) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &membership,
	               sizeof(membership)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

/* The socket whose membership makes the kernel answer switches that listen in on IGMP. */
static int
open_membership(int ifindex)
{
	struct ip_mreqn membership = {
		.imr_multiaddr.s_addr = htonl(0xe0000012),	/* 224.0.0.18 */
		.imr_ifindex = ifindex,
	};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &membership, sizeof(membership)) < 0) {
		int r = -errno;

		close(fd);
		return r;
	}
	return fd;
}

int
packet_open(int ifindex, int ret_sockets[2], struct error *error)
{
	char name[IF_NAMESIZE] = "?";
	int receiver = open_receiver(ifindex);
	int membership;

	(void)if_indextoname((unsigned)ifindex, name);
	if (receiver < 0)
		return error_set(error, receiver, "%s: cannot listen for advertisements: %s", name,
		                 strerror(-receiver));
	membership = open_membership(ifindex);
	if (membership < 0) {
		close(receiver);
		return error_set(error, membership, "%s: cannot join 224.0.0.18: %s", name,
		                 strerror(-membership));
	}
	ret_sockets[0] = receiver;
	ret_sockets[1] = membership;
	return 0;
}

int
packet_open_sender(int *ret_socket, struct error *error)
{
	int size = RECEIVE_BYTES;
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return error_set(error, -errno, "cannot open a packet socket: %s", strerror(errno));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size));
	*ret_socket = fd;
	return 0;
}

struct packet_buffer {
	struct mmsghdr heads[PACKET_BATCH];
	struct iovec parts[PACKET_BATCH];
	uint8_t bytes[PACKET_BATCH][PACKET_SIZE];
	_Alignas(struct cmsghdr) uint8_t control[PACKET_BATCH][CMSG_SPACE(sizeof(struct timespec))];
};

struct packet_buffer *
packet_buffer_new(void)
{
	return calloc(1, sizeof(struct packet_buffer));
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
	for (unsigned i = 0; i < PACKET_BATCH; i++) {
		buffer->parts[i] = (struct iovec){ buffer->bytes[i], PACKET_SIZE };
		buffer->heads[i].msg_hdr = (struct msghdr){
			.msg_iov = &buffer->parts[i],
			.msg_iovlen = 1,
			.msg_control = buffer->control[i],
			.msg_controllen = sizeof(buffer->control[i]),
		};
	}

	int count = recvmmsg(socket, buffer->heads, PACKET_BATCH, MSG_DONTWAIT, NULL);

	if (count < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;

	nsec_t wall = clock_wall();
	nsec_t now = clock_now();

	for (int i = 0; i < count; i++) {
		nsec_t stamp = arrival_of(&buffer->heads[i].msg_hdr);
		nsec_t age = stamp > 0 ? nsec_max(wall - stamp, 0) : 0;

		ret[i] = (struct packet){
			.bytes = buffer->bytes[i],
			.length = buffer->heads[i].msg_len,
			.arrival = nsec_max(now - age, 0),
		};
	}
	return count;
}

void
packet_send(int socket, struct outgoing *frames, size_t count)
{
	struct mmsghdr heads[PACKET_BATCH];
	struct iovec parts[PACKET_BATCH];
	struct sockaddr_ll addresses[PACKET_BATCH];
	size_t done = 0;

	while (done < count) {
		size_t left = count - done;
		unsigned batch = left < PACKET_BATCH ? (unsigned)left : PACKET_BATCH;

		for (unsigned i = 0; i < batch; i++) {
			struct outgoing *frame = &frames[done + i];

			frame->error = 0;
			addresses[i] = (struct sockaddr_ll){
				.sll_family = AF_PACKET,
				.sll_protocol = htons(ETH_P_IP),
				.sll_ifindex = frame->ifindex,
				.sll_halen = ETH_ALEN,
			};
			parts[i] = (struct iovec){ (void *)frame->bytes, frame->length };
			heads[i].msg_hdr = (struct msghdr){
				.msg_name = &addresses[i],
				.msg_namelen = sizeof(addresses[i]),
				.msg_iov = &parts[i],
				.msg_iovlen = 1,
			};
		}

		int sent = sendmmsg(socket, heads, batch, 0);

		if (sent > 0) {
			done += (unsigned)sent;
		} else {
			/* The first one failed; the others deserve their own try. */
			frames[done].error = errno;
			done++;
		}
	}
}
