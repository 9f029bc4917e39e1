/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route netlink sockets, and the pieces messages are made of.  It knows nothing of what the
 * messages say, but for what it can be told to ignore; see nllink.c and nladdr.c.
 */
#include "system/netlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RECEIVE_BUFFER (16 << 20)
#define SEND_BUFFER (1 << 20)
#define DATAGRAM_MAX (64u << 10)

struct netlink {
	struct mnl_socket *socket;
	uint8_t buffer[DATAGRAM_MAX];
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	assert(memory != NULL);
	return memory;
}

/* Big buffers if we may, the kernel's limit otherwise. */
static void
size_buffers(int descriptor)
{
	int receive = RECEIVE_BUFFER;
	int send = SEND_BUFFER;

	if (setsockopt(descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)) < 0)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	if (setsockopt(descriptor, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send)) < 0)
		(void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
}

int
netlink_open(const int *groups, size_t group_count, struct netlink **ret, struct error *error)
{
	static const int options[] = { NETLINK_EXT_ACK, NETLINK_CAP_ACK, NETLINK_GET_STRICT_CHK };
	struct netlink *n = allocate(1, sizeof(*n));
	int on = 1;
	int r;

	n->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (n->socket == NULL || mnl_socket_bind(n->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		goto fail;
	size_buffers(mnl_socket_get_fd(n->socket));
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (mnl_socket_setsockopt(n->socket, options[i], &on, sizeof(on)) < 0)
			goto fail;
	}
	for (size_t i = 0; i < group_count; i++) {
		int group = groups[i];

		if (mnl_socket_setsockopt(n->socket, NETLINK_ADD_MEMBERSHIP, &group,
		                          sizeof(group)) < 0)
			goto fail;
	}
	*ret = n;
	return 0;
fail:
	r = error_set(error, -errno, "cannot open a route netlink socket: %s", strerror(errno));
	netlink_close(n);
	return r;
}

void
netlink_close(struct netlink *n)
{
	if (n == NULL)
		return;
	if (n->socket != NULL)
		mnl_socket_close(n->socket);
	free(n);
}

int
netlink_descriptor(const struct netlink *n)
{
	return mnl_socket_get_fd(n->socket);
}

uint32_t
netlink_port(const struct netlink *n)
{
	return mnl_socket_get_portid(n->socket);
}

/* A filter sees the message from its header on, and reads numbers in network order. */
int
netlink_filter(struct netlink *n, uint32_t port, const uint8_t origins[2])
{
	struct sock_filter code[] = {
		/* 0 */ BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_type)),
		/* 1 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWADDR), 3, 0),
		/* 2 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_NEWROUTE), 4, 0),
		/* 3 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(RTM_DELROUTE), 3, 0),
		/* 4 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		/* 5 */ BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		/* 6 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 4, 3),
		/* 7 */ BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		                 NLMSG_HDRLEN + offsetof(struct rtmsg, rtm_protocol)),
		/* 8 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, origins[0], 1, 0),
		/* 9 */ BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, origins[1], 0, 1),
		/* 10 */ BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		/* 11 */ BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };

	return setsockopt(netlink_descriptor(n), SOL_SOCKET, SO_ATTACH_FILTER, &program,
	                  sizeof(program)) < 0 ? -errno : 0;
}

int
netlink_send(struct netlink *n, const void *messages, size_t size)
{
	return mnl_socket_sendto(n->socket, messages, size) < 0 ? -errno : 0;
}

/* libmnl takes a length beyond the range of int for a small one. */
void
netlink_walk(const void *bytes, size_t size,
             void (*on_message)(void *owner, const struct nlmsghdr *message), void *owner)
{
	const uint8_t *at = bytes;
	size_t left = size;

	while (left >= sizeof(struct nlmsghdr)) {
		const struct nlmsghdr *message = (const struct nlmsghdr *)at;
		size_t length = message->nlmsg_len;

		if (length < sizeof(*message) || length > left)
			return;
		on_message(owner, message);
		if (NLMSG_ALIGN(length) >= left)
			return;
		at += NLMSG_ALIGN(length);
		left -= NLMSG_ALIGN(length);
	}
}

int
netlink_receive(struct netlink *n,
                void (*on_message)(void *owner, const struct nlmsghdr *message), void *owner)
{
	ssize_t size = mnl_socket_recvfrom(n->socket, n->buffer, sizeof(n->buffer));

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	netlink_walk(n->buffer, (size_t)size, on_message, owner);
	return 1;
}

int
netlink_wait(const struct netlink *n, nsec_t patience)
{
	struct pollfd poll_for = { .fd = netlink_descriptor(n), .events = POLLIN };
	struct timespec time = { patience / NSEC_PER_SEC, patience % NSEC_PER_SEC };
	int r = ppoll(&poll_for, 1, &time, NULL);

	return r < 0 ? -errno : r;
}

int
netlink_error(const struct nlmsghdr *message, char words[128])
{
	const struct nlmsgerr *error = mnl_nlmsg_get_payload(message);
	size_t size = mnl_nlmsg_get_payload_len(message);
	size_t skip = sizeof(*error);
	const struct nlattr *attribute;

	words[0] = '\0';
	if (size < sizeof(*error))
		return -EBADMSG;
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return error->error;
	/* Unless cut off, what was refused stands before the words. */
	if (!(message->nlmsg_flags & NLM_F_CAPPED)) {
		if (error->msg.nlmsg_len < sizeof(error->msg) || error->msg.nlmsg_len > size)
			return error->error;
		skip += NLMSG_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	}
	if (skip >= size)
		return error->error;
	mnl_attr_for_each(attribute, message, skip) {
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
			strncpy(words, mnl_attr_get_str(attribute), 127);
			words[127] = '\0';
		}
	}
	return error->error;
}

/* ---- pieces of messages ---- */

struct nlmsghdr *
netlink_begin(void *buffer, uint16_t type, uint16_t flags, const void *fixed, size_t fixed_size)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST | flags;
	memcpy(mnl_nlmsg_put_extra_header(message, fixed_size), fixed, fixed_size);
	return message;
}

uint32_t
netlink_number(const struct nlattr *attribute)
{
	switch (mnl_attr_get_payload_len(attribute)) {
	case 1:
		return mnl_attr_get_u8(attribute);
	case 2:
		return mnl_attr_get_u16(attribute);
	case 4:
		return mnl_attr_get_u32(attribute);
	default:
		return 0;
	}
}

bool
netlink_ip(const struct nlattr *attribute, uint8_t family, struct ip *ret)
{
	const uint8_t *bytes = mnl_attr_get_payload(attribute);

	if (mnl_attr_get_payload_len(attribute) != (family == 4 ? 4 : 16))
		return false;
	*ret = family == 4 ? ip_from_v4(bytes) : ip_from_v6(bytes);
	return true;
}

void
netlink_text(const struct nlattr *attribute, char *text, size_t size)
{
	const char *from = mnl_attr_get_payload(attribute);
	size_t length = mnl_attr_get_payload_len(attribute);

	length = strnlen(from, length < size ? length : size - 1);
	memset(text, 0, size);
	memcpy(text, from, length);
}
