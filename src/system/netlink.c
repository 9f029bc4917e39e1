/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Route netlink sockets and the waiting line of requests.  It knows nothing of what the messages
 * say; see nllink.c and nladdr.c.
 */
#include "system/netlink.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
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

int
netlink_send(struct netlink *n, const void *messages, size_t size)
{
	return mnl_socket_sendto(n->socket, messages, size) < 0 ? -errno : 0;
}

int
netlink_receive(struct netlink *n,
                void (*on_message)(void *owner, const struct nlmsghdr *message), void *owner)
{
	ssize_t size = mnl_socket_recvfrom(n->socket, n->buffer, sizeof(n->buffer));
	const struct nlmsghdr *message = (const struct nlmsghdr *)n->buffer;
	int left;

	if (size < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	for (left = (int)size; mnl_nlmsg_ok(message, left);
	     message = mnl_nlmsg_next(message, &left))
		on_message(owner, message);
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
	size_t skip = sizeof(*error);
	const struct nlattr *attribute;

	words[0] = '\0';
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*error))
		return -EBADMSG;
	if (!(message->nlmsg_flags & NLM_F_ACK_TLVS))
		return error->error;
	if (!(message->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(error->msg.nlmsg_len) - sizeof(error->msg);
	mnl_attr_for_each(attribute, message, skip) {
		if (mnl_attr_get_type(attribute) == NLMSGERR_ATTR_MSG &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0) {
			strncpy(words, mnl_attr_get_str(attribute), 127);
			words[127] = '\0';
		}
	}
	return error->error;
}

/* Bytes waiting in a line: used from head to tail, moved to the front when they must grow. */
struct line {
	uint8_t *bytes;
	size_t head;
	size_t tail;
	size_t room;
	size_t count;
};

struct nlqueue {
	struct netlink *netlink;
	struct nlqueue_calls calls;
	void *owner;
	size_t record_size;
	struct line urgent;		/* entry, record, message, ... */
	struct line ordinary;
	struct line sent;		/* records in the order of their sequence numbers */
	uint32_t first_sequence;	/* of the first record in "sent" */
	uint32_t next_sequence;
	uint8_t *batch;
	size_t batch_room;
};

struct entry {
	uint32_t weight;
	uint32_t size;			/* of the message, aligned to 8 */
};

static uint8_t *
line_append(struct line *line, size_t size)
{
	uint8_t *at;

	if (line->head > 0 && line->tail + size > line->room) {
		memmove(line->bytes, line->bytes + line->head, line->tail - line->head);
		line->tail -= line->head;
		line->head = 0;
	}
	if (line->tail + size > line->room) {
		while (line->tail + size > line->room)
			line->room = line->room == 0 ? 16384 : 2 * line->room;
		line->bytes = realloc(line->bytes, line->room);
		assert(line->bytes != NULL);
	}
	at = line->bytes + line->tail;
	line->tail += size;
	line->count++;
	return at;
}

static void
line_consume(struct line *line, size_t size)
{
	line->head += size;
	line->count--;
	if (line->head == line->tail)
		line->head = line->tail = 0;
}

static size_t
align8(size_t size)
{
	return (size + 7) & ~(size_t)7;
}

struct nlqueue *
nlqueue_new(struct netlink *netlink, size_t record_size, const struct nlqueue_calls *calls,
            void *owner)
{
	struct nlqueue *q = allocate(1, sizeof(*q));

	q->netlink = netlink;
	assert(record_size % 8 == 0);
	q->record_size = record_size;
	q->calls = *calls;
	q->owner = owner;
	q->first_sequence = q->next_sequence = 1;
	q->batch_room = SEND_BUFFER / 2;
	q->batch = allocate(q->batch_room, 1);
	return q;
}

void
nlqueue_free(struct nlqueue *q)
{
	if (q == NULL)
		return;
	free(q->urgent.bytes);
	free(q->ordinary.bytes);
	free(q->sent.bytes);
	free(q->batch);
	free(q);
}

void
nlqueue_add(struct nlqueue *q, bool urgent, const struct nlmsghdr *message, const void *record,
            unsigned weight)
{
	struct entry entry = { weight, (uint32_t)align8(message->nlmsg_len) };
	size_t size = sizeof(entry) + q->record_size + entry.size;
	uint8_t *at = line_append(urgent ? &q->urgent : &q->ordinary, size);

	memset(at, 0, size);
	memcpy(at, &entry, sizeof(entry));
	memcpy(at + sizeof(entry), record, q->record_size);
	memcpy(at + sizeof(entry) + q->record_size, message, message->nlmsg_len);
}

void
nlqueue_clear(struct nlqueue *q)
{
	q->ordinary.head = q->ordinary.tail = q->ordinary.count = 0;
}

/* Move entries of a line into the batch; true when the limit was reached. */
static bool
fill_batch(struct nlqueue *q, struct line *line, size_t *size, unsigned *weight, unsigned limit)
{
	while (line->count > 0) {
		const uint8_t *at = line->bytes + line->head;
		struct entry entry;

		memcpy(&entry, at, sizeof(entry));
		if (*size > 0 && (*weight + entry.weight > limit ||
		                  *size + entry.size > q->batch_room))
			return true;
		memcpy(line_append(&q->sent, q->record_size), at + sizeof(entry), q->record_size);
		memcpy(q->batch + *size, at + sizeof(entry) + q->record_size, entry.size);

		struct nlmsghdr *message = (struct nlmsghdr *)(q->batch + *size);

		message->nlmsg_seq = q->next_sequence++;
		*size += MNL_ALIGN(message->nlmsg_len);
		*weight += entry.weight;
		line_consume(line, sizeof(entry) + q->record_size + entry.size);
	}
	return false;
}

/* Answer the oldest request that was sent. */
static void
answer_first(struct nlqueue *q, int result, const char *words)
{
	uint8_t record[512];

	assert(q->record_size <= sizeof(record));
	memcpy(record, q->sent.bytes + q->sent.head, q->record_size);
	line_consume(&q->sent, q->record_size);
	q->first_sequence++;
	q->calls.on_answer(q->owner, record, result, words);
}

static void
send_batch(struct nlqueue *q, size_t size, uint32_t first)
{
	int r = size > 0 ? netlink_send(q->netlink, q->batch, size) : 0;

	if (r >= 0)
		return;
	/* Nothing of it was taken; what was sent before is answered first. */
	while (q->sent.count > 0 && q->first_sequence != first)
		answer_first(q, -ENOBUFS, "");
	while (q->sent.count > 0)
		answer_first(q, r, "");
}

void
nlqueue_send(struct nlqueue *q, unsigned limit)
{
	uint32_t first = q->next_sequence;
	unsigned weight = 0;
	size_t size = 0;

	if (!fill_batch(q, &q->urgent, &size, &weight, limit))
		(void)fill_batch(q, &q->ordinary, &size, &weight, limit);
	send_batch(q, size, first);
}

void
nlqueue_send_urgent(struct nlqueue *q, unsigned limit)
{
	uint32_t first = q->next_sequence;
	unsigned weight = 0;
	size_t size = 0;

	(void)fill_batch(q, &q->urgent, &size, &weight, limit);
	send_batch(q, size, first);
}

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct nlqueue *q = owner;
	uint32_t sequence = message->nlmsg_seq;
	char words[128];
	int result;

	if (message->nlmsg_type != NLMSG_ERROR || sequence - q->first_sequence >= q->sent.count)
		return;
	result = netlink_error(message, words);
	while (q->first_sequence != sequence)
		answer_first(q, -ENOBUFS, "");
	answer_first(q, result, words);
}

bool
nlqueue_collect(struct nlqueue *q, unsigned limit)
{
	for (unsigned i = 0; i < limit; i++) {
		int r = netlink_receive(q->netlink, on_message, q);

		if (r == 0)
			return true;
		if (r < 0 && q->sent.count > 0) {
			/* Which answers were lost is not known before the next one comes, and
			 * none may come: take all as lost. */
			while (q->sent.count > 0)
				answer_first(q, -ENOBUFS, "");
		}
	}
	return false;
}

size_t
nlqueue_waiting(const struct nlqueue *q)
{
	return q->urgent.count + q->ordinary.count;
}

size_t
nlqueue_pending(const struct nlqueue *q)
{
	return q->sent.count;
}
