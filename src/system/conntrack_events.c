/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket that hears of flows: many messages in one system call, into memory that is there from
 * the beginning.
 */
#include "system/conntrack_events.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_compat.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/conntrack_read.h"
#include "system/conntrack_socket.h"

#define AT_ONCE 128u			/* messages in one system call */
#define MESSAGE_MAX 1024u		/* bytes; the kernel's longest has some 700 */

static const int flow_groups[] = {
	NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY,
};
static const int expectation_groups[] = {
	NFNLGRP_CONNTRACK_EXP_NEW, NFNLGRP_CONNTRACK_EXP_UPDATE, NFNLGRP_CONNTRACK_EXP_DESTROY,
};

struct conntrack_events {
	int fd;
	bool flows;			/* subscribed to */
	bool expectations;
	struct conntrack_events_counts counts;
	struct mmsghdr headers[AT_ONCE];
	struct iovec vectors[AT_ONCE];
	_Alignas(8) uint8_t bytes[AT_ONCE][MESSAGE_MAX];
};

/* The kernel loads what it is asked for; what it answers is of no interest. */
static void
load(struct conntrack_events *e)
{
	struct {
		struct nlmsghdr head;
		struct nfgenmsg general;
	} question = {
		.head = { .nlmsg_len = sizeof(question), .nlmsg_flags = NLM_F_REQUEST,
		          .nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS },
	};

	if (send(e->fd, &question, sizeof(question), 0) >= 0)
		while (recv(e->fd, e->bytes, sizeof(e->bytes), MSG_DONTWAIT) >= 0)
			;
}

int
conntrack_events_open(size_t buffer, struct conntrack_events **ret, struct error *error)
{
	struct conntrack_events *e = calloc(1, sizeof(*e));
	uint32_t port;

	if (!e)
		return error_set(error, -ENOMEM, "out of memory");
	e->fd = conntrack_socket_open(buffer ? buffer : CONNTRACK_EVENTS_BUFFER, 0, &port, error);
	if (e->fd < 0) {
		int r = e->fd;

		free(e);
		return r;
	}
	for (size_t i = 0; i < AT_ONCE; i++) {
		e->vectors[i] = (struct iovec){ e->bytes[i], MESSAGE_MAX };
		e->headers[i].msg_hdr = (struct msghdr){ .msg_iov = &e->vectors[i],
		                                         .msg_iovlen = 1 };
	}
	load(e);
	*ret = e;
	return 0;
}

void
conntrack_events_close(struct conntrack_events *e)
{
	if (!e)
		return;
	close(e->fd);
	free(e);
}

int
conntrack_events_descriptor(const struct conntrack_events *e)
{
	return e->fd;
}

size_t
conntrack_events_buffer(const struct conntrack_events *e)
{
	int bytes = 0;
	socklen_t size = sizeof(bytes);

	(void)getsockopt(e->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &size);
	return (size_t)bytes;
}

const struct conntrack_events_counts *
conntrack_events_counts(const struct conntrack_events *e)
{
	return &e->counts;
}

/* One group after the other: asking for all at once by an address would leave the kernel's count of
 * listeners too high for ever. */
static int
join(int fd, const int *groups, size_t count, bool wanted)
{
	int option = wanted ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
	int r = 0;

	for (size_t i = 0; i < count; i++)
		if (setsockopt(fd, SOL_NETLINK, option, &groups[i], sizeof(groups[i])) < 0 &&
		    r == 0)
			r = -errno;
	return r;
}

int
conntrack_events_subscribe(struct conntrack_events *e, bool flows, bool expectations)
{
	int r = 0;

	if (flows != e->flows) {
		r = join(e->fd, flow_groups, ARRAY_SIZE(flow_groups), flows);
		if (r < 0)
			return r;
		e->flows = flows;
	}
	if (expectations != e->expectations) {
		r = join(e->fd, expectation_groups, ARRAY_SIZE(expectation_groups), expectations);
		if (r < 0)
			return r;
		e->expectations = expectations;
	}
	return r;
}

int
conntrack_events_ignore(struct conntrack_events *e, uint32_t port)
{
	/* A filter sees the message from its header on, and reads numbers in network order. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	struct sock_fprog program = { .len = ARRAY_SIZE(code), .filter = code };
	int none = 0;

	if (port == 0) {
		int r = setsockopt(e->fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof(none));

		return r < 0 && errno != ENOENT ? -errno : 0;
	}
	return setsockopt(e->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ?
	               -errno : 0;
}

/* ---- reading ---- */

/* The kernel marks the first message about a flow as one that creates. */
static enum conntrack_event
event_of(const struct nlmsghdr *message, enum conntrack_kind kind)
{
	if (kind == CONNTRACK_FLOW_GONE || kind == CONNTRACK_EXPECTATION_GONE)
		return CONNTRACK_GONE;
	return message->nlmsg_flags & NLM_F_CREATE ? CONNTRACK_NEW : CONNTRACK_CHANGED;
}

static void
hear(struct conntrack_events *e, const struct nlmsghdr *message,
     const struct conntrack_hearer *hearer)
{
	enum conntrack_kind kind = conntrack_kind(message);
	struct flow_expectation expectation;
	struct flow flow;

	if (kind == CONNTRACK_OTHER) {
		e->counts.strange++;
	} else if (kind == CONNTRACK_FLOW || kind == CONNTRACK_FLOW_GONE) {
		if (!conntrack_read_flow(message, &flow)) {
			e->counts.malformed++;
			return;
		}
		e->counts.read++;
		hearer->flow(hearer->owner, event_of(message, kind), &flow);
	} else if (conntrack_read_expectation(message, &expectation)) {
		e->counts.read++;
		if (hearer->expectation)
			hearer->expectation(hearer->owner, event_of(message, kind), &expectation);
	} else {
		e->counts.malformed++;
	}
}

static void
hear_datagram(struct conntrack_events *e, size_t which, const struct conntrack_hearer *hearer)
{
	const struct mmsghdr *header = &e->headers[which];
	const struct nlmsghdr *message;
	size_t offset = 0;

	/* What was cut off is not whole, and left out by the walk. */
	if (header->msg_hdr.msg_flags & MSG_TRUNC)
		e->counts.malformed++;
	while ((message = conntrack_socket_next(e->bytes[which], header->msg_len, &offset)))
		hear(e, message, hearer);
}

/* How many datagrams were read; 0 = there is none.  An overrun is told once, and what was not
 * dropped is still there to read. */
static int
receive(struct conntrack_events *e, bool *ret_overrun)
{
	for (;;) {
		int count = recvmmsg(e->fd, e->headers, AT_ONCE, MSG_DONTWAIT, NULL);

		e->counts.receives++;
		if (count >= 0)
			return count;
		if (errno == EAGAIN)
			return 0;
		if (errno == ENOBUFS) {
			e->counts.overruns++;
			*ret_overrun = true;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
}

int
conntrack_events_drain(struct conntrack_events *e, size_t max,
                       const struct conntrack_hearer *hearer, bool *ret_overrun)
{
	size_t read = 0;

	while (read < max) {
		int count = receive(e, ret_overrun);

		if (count < 0)
			return count;
		for (int i = 0; i < count; i++)
			hear_datagram(e, (size_t)i, hearer);
		read += (size_t)count;
		if ((unsigned)count < AT_ONCE)
			break;
	}
	return (int)read;
}

bool
conntrack_events_discard(struct conntrack_events *e, size_t max)
{
	bool overrun = false;

	for (size_t read = 0; read < max; read += AT_ONCE)
		if (receive(e, &overrun) < (int)AT_ONCE)
			return true;
	return false;
}
