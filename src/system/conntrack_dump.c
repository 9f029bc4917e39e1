/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps: the kernel makes the next piece of one when the last piece is read, so the pace is that of
 * the steps.
 */
#include "system/conntrack_dump.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/conntrack_read.h"
#include "system/conntrack_socket.h"

/* The kernel makes pieces of at most 32 KiB. */
#define PIECE (32u << 10)
/* A table that is rebuilt more often than this under one dump can not be dumped. */
#define RESTARTS_MAX 8u

enum dumping { NOTHING, FLOWS, EXPECTATIONS };

struct conntrack_dump {
	int fd;
	uint32_t sequence;
	enum dumping what;
	struct conntrack_filter filter;
	bool interrupted;		/* to begin anew when this round is over */
	unsigned tries;
	int failed;			/* negative errno: it could not even begin */
	size_t told;			/* in this step */
	uint64_t restarts;
	uint64_t left_out;
	_Alignas(8) uint8_t bytes[PIECE];
};

/* A dump that was not finished would keep the socket busy: a new socket is the way out of it. */
static int
reopen(struct conntrack_dump *dump, struct error *error)
{
	uint32_t port;

	if (dump->fd >= 0)
		close(dump->fd);
	dump->what = NOTHING;
	dump->fd = conntrack_socket_open(0, 0, &port, error);
	return dump->fd < 0 ? dump->fd : 0;
}

int
conntrack_dump_open(struct conntrack_dump **ret, struct error *error)
{
	struct conntrack_dump *dump = calloc(1, sizeof(*dump));
	int r;

	if (!dump)
		return error_set(error, -ENOMEM, "out of memory");
	dump->fd = -1;
	r = reopen(dump, error);
	if (r < 0) {
		free(dump);
		return r;
	}
	*ret = dump;
	return 0;
}

void
conntrack_dump_close(struct conntrack_dump *dump)
{
	if (!dump)
		return;
	if (dump->fd >= 0)
		close(dump->fd);
	free(dump);
}

uint64_t
conntrack_dump_restarts(const struct conntrack_dump *dump)
{
	return dump->restarts;
}

uint64_t
conntrack_dump_left_out(const struct conntrack_dump *dump)
{
	return dump->left_out;
}

/* ---- asking ---- */

static int
ask(struct conntrack_dump *dump)
{
	_Alignas(8) uint8_t message[CONNTRACK_REQUEST_MAX];
	size_t size;

	dump->interrupted = false;
	dump->sequence++;
	size = dump->what == FLOWS ?
	               conntrack_write_dump(message, dump->sequence, &dump->filter) :
	               conntrack_write_expectation_dump(message, dump->sequence);
	return send(dump->fd, message, size, 0) < 0 ? -errno : 0;
}

static int
begin(struct conntrack_dump *dump, enum dumping what)
{
	struct error error;
	int r = dump->what == NOTHING && dump->fd >= 0 ? 0 : reopen(dump, &error);

	if (r >= 0) {
		dump->what = what;
		dump->tries = 0;
		r = ask(dump);
	}
	/* What asks on must not take it for the end of an empty table. */
	dump->failed = r;
	return r;
}

int
conntrack_dump_flows(struct conntrack_dump *dump, const struct conntrack_filter *filter)
{
	dump->filter = filter ? *filter : (struct conntrack_filter){ 0 };
	return begin(dump, FLOWS);
}

int
conntrack_dump_expectations(struct conntrack_dump *dump)
{
	return begin(dump, EXPECTATIONS);
}

/* ---- reading ---- */

/* Kernels that do not know a filter show everything. */
static bool
is_wanted(const struct conntrack_filter *filter, const struct flow *flow)
{
	uint32_t known = filter->status_mask & (FLOW_SEEN_REPLY | FLOW_ASSURED);

	return (!filter->family || flow->key.family == filter->family) &&
	       ((flow->status ^ filter->status) & known) == 0 &&
	       ((flow->mark ^ filter->mark) & filter->mark_mask) == 0 &&
	       (!filter->one_zone || flow->key.zone == filter->zone);
}

static void
hear(struct conntrack_dump *dump, const struct nlmsghdr *message,
     const struct conntrack_dump_hearer *hearer)
{
	enum conntrack_kind kind = conntrack_kind(message);
	struct flow_expectation expectation;
	struct flow flow;

	dump->told++;
	if (kind == CONNTRACK_FLOW && conntrack_read_flow(message, &flow)) {
		if (is_wanted(&dump->filter, &flow))
			hearer->flow(hearer->owner, &flow);
	} else if (kind == CONNTRACK_EXPECTATION &&
	           conntrack_read_expectation(message, &expectation)) {
		if (hearer->expectation)
			hearer->expectation(hearer->owner, &expectation);
	} else {
		dump->left_out++;
	}
}

/* A dump that the kernel broke off (ENOMEM) ends like a good one, but for this number. */
static int
how_it_ended(const struct nlmsghdr *message)
{
	int code = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(code)))
		memcpy(&code, NLMSG_DATA(message), sizeof(code));
	return code < 0 ? code : 0;
}

/* One piece.  1 = there is more; 0 = that was the last; negative errno. */
static int
read_piece(struct conntrack_dump *dump, size_t size, const struct conntrack_dump_hearer *hearer)
{
	const struct nlmsghdr *message;
	size_t offset = 0;

	while ((message = conntrack_socket_next(dump->bytes, size, &offset))) {
		if (message->nlmsg_seq != dump->sequence)
			continue;
		dump->interrupted |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE)
			return how_it_ended(message);
		if (message->nlmsg_type == NLMSG_ERROR) {
			int r = conntrack_socket_error(message);

			return r < 0 ? r : 0;
		}
		hear(dump, message, hearer);
	}
	return 1;
}

/* The dump came to its end: 1 = it begins anew, 0 = it was good, negative errno. */
static int
conclude(struct conntrack_dump *dump)
{
	int r;

	if (!dump->interrupted) {
		dump->what = NOTHING;
		return 0;
	}
	dump->restarts++;
	r = ++dump->tries > RESTARTS_MAX ? -EINTR : ask(dump);
	if (r < 0)
		dump->what = NOTHING;
	return r < 0 ? r : 1;
}

int
conntrack_dump_step(struct conntrack_dump *dump, size_t records,
                    const struct conntrack_dump_hearer *hearer)
{
	int r = dump->failed < 0 ? dump->failed : dump->what == NOTHING ? 0 : 1;

	dump->failed = 0;
	dump->told = 0;
	while (r > 0 && dump->told < records) {
		ssize_t size = recv(dump->fd, dump->bytes, sizeof(dump->bytes), MSG_DONTWAIT);

		if (size < 0 && errno == EINTR)
			continue;
		r = size < 0 ? (errno == EAGAIN ? -EIO : -errno) :
		               read_piece(dump, (size_t)size, hearer);
		if (r == 0)
			r = conclude(dump);
	}
	/* After an error the socket may still have a dump to tell: it is not used again. */
	if (r < 0) {
		if (dump->fd >= 0)
			close(dump->fd);
		dump->fd = -1;
		dump->what = NOTHING;
	}
	return r;
}

int
conntrack_dump_get(struct conntrack_dump *dump, const struct flow_key *key, struct flow *ret)
{
	struct error error;
	_Alignas(8) uint8_t message[CONNTRACK_REQUEST_MAX];
	int r = dump->fd >= 0 ? 0 : reopen(dump, &error);

	assert(dump->what == NOTHING);
	if (r < 0)
		return r;
	if (send(dump->fd, message, conntrack_write_get(message, ++dump->sequence, key), 0) < 0)
		return -errno;
	for (;;) {
		ssize_t size = recv(dump->fd, dump->bytes, sizeof(dump->bytes), MSG_DONTWAIT);
		const struct nlmsghdr *answer;
		size_t offset = 0;

		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return -errno;
		answer = conntrack_socket_next(dump->bytes, (size_t)size, &offset);
		if (!answer || answer->nlmsg_seq != dump->sequence)
			continue;
		if (answer->nlmsg_type == NLMSG_ERROR)
			return conntrack_socket_error(answer);
		if (!conntrack_read_flow(answer, ret))
			return -EBADMSG;
		return flow_key_equal(&ret->key, key) ? 0 : -ENOENT;
	}
}
