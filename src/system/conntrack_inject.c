/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Batches of requests, and what becomes of those that the kernel refuses.
 *
 * The kernel carries out every message of a send before the send returns, and answers those that
 * fail; the last one is answered in any case.  So the answers of a batch are all there when it was
 * sent, and tell by their sequence which request they are about.
 */
#include "system/conntrack_inject.h"

#include <errno.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/conntrack_read.h"
#include "system/conntrack_socket.h"
#include "system/conntrack_write.h"

/* Answers to a whole batch take a kilobyte each in the kernel's account. */
#define RECEIVE_BUFFER (4u << 20)
#define SEND_BUFFER (1u << 20)
#define ANSWERS_AT_ONCE 32u
#define ANSWER_MAX 1024u
#define REVERSED_MAX 32u

struct request {
	enum conntrack_refused what;
	enum conntrack_write how;
	bool yields;			/* to what is there, or no longer */
	int error;			/* the kernel's answer */
	uint32_t timeout;
	union {
		struct flow flow;	/* of a delete or retime the key only */
		struct flow_expectation expectation;
	};
};

struct conntrack_inject {
	int fd;
	uint32_t port;
	uint32_t sequence;		/* of the first request in the queue */
	void (*refused)(void *owner, const struct conntrack_refusal *refusal);
	void *owner;
	struct conntrack_inject_counts counts;

	size_t batch;
	size_t queued;
	size_t last;			/* where the last message begins */
	size_t size;			/* of all messages */
	uint8_t *bytes;			/* batch * CONNTRACK_REQUEST_MAX */
	struct request *requests;

	/* Flows that made room for one of the other direction, so that a late request to delete
	 * them does not hit that one: it has their tuple, too. */
	struct flow_key reversed[REVERSED_MAX];
	size_t reversed_count;
	size_t reversed_next;

	struct mmsghdr headers[ANSWERS_AT_ONCE];
	struct iovec vectors[ANSWERS_AT_ONCE];
	_Alignas(8) uint8_t answers[ANSWERS_AT_ONCE][ANSWER_MAX];
};

int
conntrack_inject_open(size_t batch,
                      void (*refused)(void *owner, const struct conntrack_refusal *refusal),
                      void *owner, struct conntrack_inject **ret, struct error *error)
{
	struct conntrack_inject *inject = calloc(1, sizeof(*inject));

	assert(batch <= CONNTRACK_INJECT_BATCH_MAX);
	if (!inject)
		return error_set(error, -ENOMEM, "out of memory");
	inject->batch = batch ? batch : CONNTRACK_INJECT_BATCH;
	inject->refused = refused;
	inject->owner = owner;
	inject->sequence = 1;
	inject->fd = conntrack_socket_open(RECEIVE_BUFFER, SEND_BUFFER, &inject->port, error);
	inject->bytes = malloc(inject->batch * CONNTRACK_REQUEST_MAX);
	inject->requests = calloc(inject->batch, sizeof(*inject->requests));
	if (inject->fd < 0 || !inject->bytes || !inject->requests) {
		int r = inject->fd < 0 ? inject->fd : error_set(error, -ENOMEM, "out of memory");

		conntrack_inject_close(inject);
		return r;
	}
	for (size_t i = 0; i < ANSWERS_AT_ONCE; i++) {
		inject->vectors[i] = (struct iovec){ inject->answers[i], ANSWER_MAX };
		inject->headers[i].msg_hdr = (struct msghdr){ .msg_iov = &inject->vectors[i],
		                                              .msg_iovlen = 1 };
	}
	*ret = inject;
	return 0;
}

void
conntrack_inject_close(struct conntrack_inject *inject)
{
	if (!inject)
		return;
	if (inject->fd >= 0)
		close(inject->fd);
	free(inject->bytes);
	free(inject->requests);
	free(inject);
}

uint32_t
conntrack_inject_port(const struct conntrack_inject *inject)
{
	return inject->port;
}

const struct conntrack_inject_counts *
conntrack_inject_counts(const struct conntrack_inject *inject)
{
	return &inject->counts;
}

size_t
conntrack_inject_queued(const struct conntrack_inject *inject)
{
	return inject->queued;
}

/* ---- flows that turned round ---- */

/*
 * A connection without a beginning of its own (UDP, ESP) that falls silent may begin anew from its
 * other end: another flow with the same two tuples, the other way round.  The kernel finds a flow
 * by either; who asks for the one must not get the other.
 */
static bool
can_turn_round(const struct flow_key *key)
{
	return key->protocol != IPPROTO_TCP && key->protocol != IPPROTO_ICMP &&
	       key->protocol != IPPROTO_ICMPV6;
}

static void
remember_reversed(struct conntrack_inject *inject, const struct flow_key *key)
{
	inject->reversed[inject->reversed_next] = *key;
	inject->reversed_next = (inject->reversed_next + 1) % REVERSED_MAX;
	if (inject->reversed_count < REVERSED_MAX)
		inject->reversed_count++;
}

/* Was it one of them?  Then it is so no longer. */
static bool
forget_reversed(struct conntrack_inject *inject, const struct flow_key *key)
{
	bool was = false;

	for (size_t i = 0; i < inject->reversed_count; i++) {
		if (!flow_key_equal(&inject->reversed[i], key))
			continue;
		memset(&inject->reversed[i], 0, sizeof(inject->reversed[i]));
		was = true;
	}
	return was;
}

/* ---- one request at a time, to mend ---- */

struct mending {
	struct conntrack_inject *inject;
	const struct flow *flow;
	uint32_t timeout;
	int broken;			/* negative errno when the socket does not work */
	_Alignas(8) uint8_t message[CONNTRACK_REQUEST_MAX];
};

/* What an answer says: 1 = go on reading. */
static int
understand(const struct nlmsghdr *answer, uint32_t sequence, struct flow *ret_flow)
{
	if (!answer || answer->nlmsg_seq != sequence)
		return 1;
	if (answer->nlmsg_type == NLMSG_ERROR)
		return conntrack_socket_error(answer);
	if (ret_flow && conntrack_kind(answer) == CONNTRACK_FLOW)
		return conntrack_read_flow(answer, ret_flow) ? 0 : -EBADMSG;
	return 1;
}

/* The answer to the message: 0 or the kernel's errno; the flow that it brings goes to *ret_flow
 * (NULL: none is expected). */
static int
ask(struct mending *m, size_t size, struct flow *ret_flow)
{
	struct conntrack_inject *inject = m->inject;
	uint32_t sequence = inject->sequence++;
	int r = 1;

	((struct nlmsghdr *)m->message)->nlmsg_seq = sequence;
	if (send(inject->fd, m->message, size, 0) < 0)
		return m->broken = -errno;
	while (r > 0) {
		ssize_t length = recv(inject->fd, inject->answers[0], ANSWER_MAX, MSG_DONTWAIT);
		size_t offset = 0;

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return m->broken = -errno;
		r = understand(conntrack_socket_next(inject->answers[0], (size_t)length, &offset),
		               sequence, ret_flow);
	}
	return r;
}

static int
write_again(struct mending *m, enum conntrack_write how)
{
	return ask(m, conntrack_write_flow(m->message, 0, true, how, m->flow, m->timeout), NULL);
}

static bool
same_end(const struct flow_nat_end *a, const struct flow_nat_end *b)
{
	return a->port == b->port && memcmp(a->address, b->address, sizeof(a->address)) == 0;
}

/* Can what is there be changed into what is wanted? */
static bool
changeable(const struct flow *there, const struct flow *wanted)
{
	const uint32_t nat = FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT;
	bool loses = (wanted->has & FLOW_HAS_STATUS) && (there->status & ~wanted->status);

	if (!flow_key_equal(&there->key, &wanted->key) || loses)
		return false;
	if ((there->has & nat) != (wanted->has & nat) ||
	    !same_end(&there->source_nat, &wanted->source_nat) ||
	    !same_end(&there->destination_nat, &wanted->destination_nat))
		return false;
	if ((wanted->has & FLOW_HAS_MASTER) &&
	    (!(there->has & FLOW_HAS_MASTER) || !flow_key_equal(&there->master, &wanted->master)))
		return false;
	return !(wanted->has & FLOW_HAS_HELPER) || strcmp(there->helper, wanted->helper) == 0;
}

/* Without its helper, if that is what the kernel refuses. */
static int
create(struct mending *m, bool replaces)
{
	int r = write_again(m, CONNTRACK_WRITE_CREATE);

	if (r == -EEXIST) {	/* another flow has the tuple of the way back */
		(void)ask(m, conntrack_write_delete_reply(m->message, 0, true, m->flow), NULL);
		r = write_again(m, CONNTRACK_WRITE_CREATE);
		replaces = true;
	}
	if (r == -EOPNOTSUPP && (m->flow->has & FLOW_HAS_HELPER)) {
		r = write_again(m, CONNTRACK_WRITE_CREATE_UNHELPED);
		m->inject->counts.unhelped += r == 0;
	}
	m->inject->counts.replaced += r == 0 && replaces;
	return r;
}

/* By what is there: change it, replace it, or create.  0 or negative errno. */
static int
mend(struct mending *m)
{
	struct flow wanted = *m->flow, there;
	int r = ask(m, conntrack_write_get(m->message, 0, &wanted.key), &there);

	if (r == -ENOENT)
		return create(m, false);
	if (r < 0 && r != -EBADMSG)
		return r;
	if (r == 0 && changeable(&there, &wanted)) {
		/* An expected flow stays one, even where nobody told of its master. */
		wanted.has |= there.has & FLOW_HAS_MASTER;
		m->flow = &wanted;
		return write_again(m, CONNTRACK_WRITE_CHANGE);
	}
	if (r == 0 && !flow_key_equal(&there.key, &wanted.key))
		remember_reversed(m->inject, &there.key);
	(void)ask(m, conntrack_write_delete(m->message, 0, true, &wanted.key), NULL);
	return create(m, true);
}

/* ---- the answers to a batch ---- */

static bool
is_flow(const struct request *request)
{
	return request->what == CONNTRACK_REFUSED_FLOW;
}

static bool
is_delete(const struct request *request)
{
	return request->what == CONNTRACK_REFUSED_DELETE;
}

static bool
is_retime(const struct request *request)
{
	return request->what == CONNTRACK_REFUSED_RETIME;
}

/* To create what has no master now is no error of ours, to change what is gone is. */
static bool
curable(const struct request *request)
{
	int error = request->error;

	if (request->yields && error == -EEXIST)
		return false;
	return is_flow(request) &&
	       (error == -EEXIST || error == -EOPNOTSUPP || error == -EBUSY ||
	        (error == -ENOENT && request->how == CONNTRACK_WRITE_CHANGE));
}

/* Was something else asked of the same flow later on? */
static bool
is_superseded(const struct conntrack_inject *inject, size_t which)
{
	const struct flow_key *key = &inject->requests[which].flow.key;

	for (size_t i = which + 1; i < inject->queued; i++) {
		const struct request *later = &inject->requests[i];

		if ((is_flow(later) || is_delete(later)) && flow_key_equal(&later->flow.key, key))
			return true;
	}
	return false;
}

static void
tell(struct conntrack_inject *inject, const struct request *request)
{
	bool expectation = !is_flow(request) && !is_delete(request) && !is_retime(request);
	struct conntrack_refusal refusal = {
		.what = request->what,
		.error = request->error,
		.flow = is_flow(request) ? &request->flow : NULL,
		.key = expectation ? NULL : &request->flow.key,
		.expectation = expectation ? &request->expectation : NULL,
	};

	inject->counts.refused++;
	inject->refused(inject->owner, &refusal);
}

/* What became of a request that failed.  Negative errno when the socket is broken. */
static int
settle(struct conntrack_inject *inject, size_t which)
{
	struct request *request = &inject->requests[which];
	struct mending m = { .inject = inject, .flow = &request->flow,
	                     .timeout = request->timeout };

	if (is_flow(request) && is_superseded(inject, which))
		return 0;
	if (request->error == -ENOENT && (is_delete(request) || is_retime(request))) {
		inject->counts.already_gone++;
		return 0;
	}
	if (request->yields && request->how == CONNTRACK_WRITE_CHANGE) {
		inject->counts.already_gone += request->error == -ENOENT;
		return 0;
	}
	if (curable(request))
		request->error = mend(&m);
	if (request->error < 0 && m.broken == 0)
		tell(inject, request);
	return m.broken;
}

/* Note what an answer says; true when it is the last one. */
static bool
note(struct conntrack_inject *inject, size_t which)
{
	const struct nlmsghdr *answer;
	size_t offset = 0;
	bool last = false;

	while ((answer = conntrack_socket_next(inject->answers[which],
	                                       inject->headers[which].msg_len, &offset))) {
		uint32_t index = answer->nlmsg_seq - inject->sequence;

		if (answer->nlmsg_type != NLMSG_ERROR || index >= inject->queued)
			continue;
		inject->requests[index].error = conntrack_socket_error(answer);
		last = last || index + 1 == inject->queued;
	}
	return last;
}

/* 0, or a negative errno when an answer is missing. */
static int
read_answers(struct conntrack_inject *inject)
{
	bool last = false;

	while (!last) {
		int count = recvmmsg(inject->fd, inject->headers, ANSWERS_AT_ONCE, MSG_DONTWAIT,
		                     NULL);

		if (count < 0 && errno == EINTR)
			continue;
		if (count < 0)
			return errno == EAGAIN ? -EIO : -errno;
		for (int i = 0; i < count; i++)
			last |= note(inject, (size_t)i);
	}
	return 0;
}

int
conntrack_inject_flush(struct conntrack_inject *inject)
{
	size_t queued = inject->queued;
	struct nlmsghdr *last = (struct nlmsghdr *)(inject->bytes + inject->last);
	int r = 0;

	if (queued == 0)
		return 0;
	last->nlmsg_flags |= NLM_F_ACK;
	inject->counts.sends++;
	if (send(inject->fd, inject->bytes, inject->size, 0) < 0)
		r = -errno;
	else
		r = read_answers(inject);
	inject->sequence += (uint32_t)queued;
	for (size_t i = 0; r == 0 && i < queued; i++)
		if (inject->requests[i].error < 0)
			r = settle(inject, i);
	inject->queued = 0;
	inject->size = 0;
	return r;
}

/* ---- asking ---- */

/* Room for one request more, and where its message goes. */
static int
queue(struct conntrack_inject *inject, enum conntrack_refused what, struct request **ret_request,
      uint8_t **ret_message)
{
	int r = inject->queued == inject->batch ? conntrack_inject_flush(inject) : 0;

	*ret_request = &inject->requests[inject->queued];
	(*ret_request)->what = what;
	(*ret_request)->error = 0;
	(*ret_request)->yields = false;
	*ret_message = inject->bytes + inject->size;
	return r;
}

static void
add(struct conntrack_inject *inject, size_t size)
{
	inject->last = inject->size;
	inject->size += size;
	inject->queued++;
}

static uint32_t
sequence_of_next(const struct conntrack_inject *inject)
{
	return inject->sequence + (uint32_t)inject->queued;
}

int
conntrack_inject_flow(struct conntrack_inject *inject, const struct flow *flow, uint32_t timeout,
                      bool known)
{
	const uint32_t birth = FLOW_HAS_SOURCE_NAT | FLOW_HAS_DESTINATION_NAT | FLOW_HAS_MASTER |
	                       FLOW_HAS_HELPER;
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_FLOW, &request, &message);

	(void)forget_reversed(inject, &flow->key);
	request->how = CONNTRACK_WRITE_CREATE;
	if (known && (flow->has & birth))
		request->how = CONNTRACK_WRITE_CHANGE;
	else if (!known && can_turn_round(&flow->key))
		request->how = CONNTRACK_WRITE_NEW;
	request->timeout = timeout;
	request->flow = *flow;
	inject->counts.flows++;
	add(inject, conntrack_write_flow(message, sequence_of_next(inject), false, request->how,
	                                 flow, timeout));
	return r;
}

int
conntrack_inject_new(struct conntrack_inject *inject, const struct flow *flow, uint32_t timeout)
{
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_FLOW, &request, &message);

	request->how = CONNTRACK_WRITE_NEW;
	request->yields = true;
	request->timeout = timeout;
	request->flow = *flow;
	inject->counts.flows++;
	add(inject, conntrack_write_flow(message, sequence_of_next(inject), false,
	                                 CONNTRACK_WRITE_NEW, flow, timeout));
	return r;
}

int
conntrack_inject_change(struct conntrack_inject *inject, const struct flow *flow, uint32_t timeout)
{
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_FLOW, &request, &message);

	request->how = CONNTRACK_WRITE_CHANGE;
	request->yields = true;
	request->timeout = timeout;
	request->flow = *flow;
	inject->counts.flows++;
	add(inject, conntrack_write_flow(message, sequence_of_next(inject), false,
	                                 CONNTRACK_WRITE_CHANGE, flow, timeout));
	return r;
}

int
conntrack_inject_delete(struct conntrack_inject *inject, const struct flow_key *key)
{
	struct request *request;
	uint8_t *message;
	int r;

	if (forget_reversed(inject, key)) {
		inject->counts.already_gone++;
		return 0;
	}
	r = queue(inject, CONNTRACK_REFUSED_DELETE, &request, &message);
	request->flow.key = *key;
	inject->counts.deletes++;
	add(inject, conntrack_write_delete(message, sequence_of_next(inject), false, key));
	return r;
}

int
conntrack_inject_retime(struct conntrack_inject *inject, const struct flow_key *key,
                        uint32_t timeout)
{
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_RETIME, &request, &message);

	request->flow.key = *key;
	inject->counts.retimes++;
	add(inject, conntrack_write_timeout(message, sequence_of_next(inject), false, key,
	                                    timeout));
	return r;
}

int
conntrack_inject_expectation(struct conntrack_inject *inject,
                             const struct flow_expectation *expectation)
{
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_EXPECTATION, &request, &message);

	request->expectation = *expectation;
	inject->counts.expectations++;
	add(inject, conntrack_write_expectation(message, sequence_of_next(inject), false,
	                                        expectation));
	return r;
}

int
conntrack_inject_expectation_delete(struct conntrack_inject *inject,
                                    const struct flow_expectation *expectation)
{
	struct request *request;
	uint8_t *message;
	int r = queue(inject, CONNTRACK_REFUSED_EXPECTATION_DELETE, &request, &message);

	request->expectation = *expectation;
	inject->counts.expectations++;
	add(inject, conntrack_write_expectation_delete(message, sequence_of_next(inject), false,
	                                               expectation));
	return r;
}

/* Both in one send: else the flow would be missing for a moment. */
int
conntrack_inject_renew(struct conntrack_inject *inject, const struct flow *flow, uint32_t timeout)
{
	int r = inject->queued + 2 > inject->batch ? conntrack_inject_flush(inject) : 0;
	int d = conntrack_inject_delete(inject, &flow->key);
	int c = conntrack_inject_flow(inject, flow, timeout, false);

	return r < 0 ? r : d < 0 ? d : c;
}
