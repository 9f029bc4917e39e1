/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which messages are believed: those of this version and size, answers only to the question
 * that was asked last.  Flowsync never waits here, whatever the manager does.
 */
#include "daemon/flowdoor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "system/clock.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

/* ---- files beside a message ----------------------------------------------------------------- */

/* Descriptor of a sealed memory file with these flows, or negative errno. */
static int
wrap(const struct flowsync_view *flows, size_t count)
{
	size_t size = count * sizeof(*flows), done = 0;
	int fd = memfd_create("tandem-flows", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	while (fd >= 0 && done < size) {
		ssize_t n = write(fd, (const char *)flows + done, size - done);

		if (n <= 0) {
			close(fd);
			return -EIO;
		}
		done += (size_t)n;
	}
	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, SEALS) < 0) {
		close(fd);
		return -errno;
	}
	return fd < 0 ? -errno : fd;
}

/* The flows of such a file, on the heap; NULL when it is not one of so many. */
static struct flowsync_view *
unwrap(int fd, size_t count)
{
	struct flowsync_view *flows = calloc(count + 1, sizeof(*flows));
	size_t size = count * sizeof(*flows);
	struct stat stat;

	if (flows && fcntl(fd, F_GET_SEALS) == SEALS && fstat(fd, &stat) == 0 &&
	    stat.st_size == (off_t)size && pread(fd, flows, size, 0) == (ssize_t)size)
		return flows;
	free(flows);
	return NULL;
}

/* ---- messages ------------------------------------------------------------------------------- */

static int
send_with(int socket, const void *bytes, size_t size, int fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control = { 0 };
	struct iovec part = { (void *)(uintptr_t)bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (fd >= 0) {
		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	}
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0 ? -errno : 0;
}

/* 1 = a whole one, 0 = none or not of ours, negative errno. */
static int
receive_with(int socket, void *bytes, size_t size, int *ret_fd)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int))];
		struct cmsghdr header;
	} control;
	struct iovec part = { bytes, size };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		                  .msg_control = control.bytes,
		                  .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC | MSG_TRUNC);
	struct cmsghdr *header = n >= 0 ? CMSG_FIRSTHDR(&message) : NULL;

	*ret_fd = -1;
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	if (header && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
	    header->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	if (n == (ssize_t)size)
		return 1;
	if (*ret_fd >= 0)
		close(*ret_fd);
	*ret_fd = -1;
	return 0;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* Is this the answer to the question, and its file what it says? */
static bool
take_answer(const struct flowdoor_question *question, const struct flowdoor_answer *answer, int fd,
            struct flowsync_view **ret_flows)
{
	if (answer->version != FLOWDOOR_VERSION || answer->kind != question->kind ||
	    answer->number != question->number || answer->count > FLOWDOOR_FLOWS_MAX)
		return false;
	if (question->kind != FLOWDOOR_FLOWS)
		return true;
	*ret_flows = fd >= 0 ? unwrap(fd, answer->count) : NULL;
	return *ret_flows != NULL;
}

int
flowdoor_ask(int socket, struct flowdoor_question *question, nsec_t patience,
             struct flowdoor_answer *ret_answer, struct flowsync_view **ret_flows)
{
	nsec_t end = clock_now() + patience;
	int r;

	question->version = FLOWDOOR_VERSION;
	question->number = (uint64_t)clock_now();
	r = send_with(socket, question, sizeof(*question), -1);
	while (r == 0) {
		struct pollfd wait = { .fd = socket, .events = POLLIN };
		nsec_t left = end - clock_now();
		int fd = -1;
		bool taken;

		if (left <= 0)
			return -ETIMEDOUT;
		(void)poll(&wait, 1, (int)(left / NSEC_PER_MSEC) + 1);
		r = receive_with(socket, ret_answer, sizeof(*ret_answer), &fd);
		/* One that came too late for an earlier question is passed over. */
		taken = r == 1 && take_answer(question, ret_answer, fd, ret_flows);
		if (fd >= 0)
			close(fd);
		if (taken)
			return 0;
		r = r < 0 ? r : 0;
	}
	return r;
}

/* ---- answering ------------------------------------------------------------------------------ */

int
flowdoor_hear(int socket, struct flowdoor_question *ret_question)
{
	int fd;
	int r = receive_with(socket, ret_question, sizeof(*ret_question), &fd);

	if (fd >= 0)
		close(fd);
	if (r == 1 && (ret_question->version != FLOWDOOR_VERSION ||
	               ret_question->filter.limit > FLOWDOOR_FLOWS_MAX))
		return 0;
	return r;
}

void
flowdoor_answer(int socket, const struct flowdoor_question *question,
                struct flowdoor_answer *answer, const struct flowsync_view *flows)
{
	int fd = flows ? wrap(flows, answer->count) : -1;

	answer->version = FLOWDOOR_VERSION;
	answer->kind = question->kind;
	answer->number = question->number;
	if (flows && fd < 0)
		log_error("no memory file for connections: %s", strerror(-fd));
	else if (send_with(socket, answer, sizeof(*answer), fd) < 0)
		log_debug("the manager does not take an answer");
	if (fd >= 0)
		close(fd);
}

static bool
is_in(const struct prefix *network, uint8_t family, const uint8_t bytes[16])
{
	struct ip ip = family == 4 ? ip_from_v4(bytes) : ip_from_v6(bytes);

	return prefix_contains(network, &ip);
}

bool
flowdoor_matches(const struct flowdoor_filter *filter, const struct flow *flow)
{
	const struct flow_key *key = &flow->key;

	if (filter->protocol != 0 && filter->protocol != key->protocol)
		return false;
	if (filter->has_port && filter->port != key->source_port &&
	    filter->port != key->destination_port && filter->port != flow->source_nat.port &&
	    filter->port != flow->destination_nat.port)
		return false;
	if (filter->network.ip.family == 0)
		return true;
	return is_in(&filter->network, key->family, key->source) ||
	       is_in(&filter->network, key->family, key->destination) ||
	       (flow->has & FLOW_HAS_SOURCE_NAT &&
	        is_in(&filter->network, key->family, flow->source_nat.address)) ||
	       (flow->has & FLOW_HAS_DESTINATION_NAT &&
	        is_in(&filter->network, key->family, flow->destination_nat.address));
}
