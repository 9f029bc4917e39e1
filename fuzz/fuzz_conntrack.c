/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as messages of connection tracking: they are read or refused without harm, and what was
 * read stands being written as requests, which say the same when they are read again.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "system/conntrack_read.h"
#include "system/conntrack_socket.h"
#include "system/conntrack_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static _Alignas(8) uint8_t request[CONNTRACK_REQUEST_MAX];

static void
expect(bool condition)
{
	if (!condition)
		abort();
}

static void
hear_flow(const struct nlmsghdr *message)
{
	struct flow flow, again;
	size_t size;

	if (!conntrack_read_flow(message, &flow))
		return;
	expect(memchr(flow.helper, '\0', sizeof(flow.helper)) != NULL);
	expect(flow.key.family == 4 || flow.key.family == 6);
	size = conntrack_write_flow(request, 1, true, CONNTRACK_WRITE_CREATE, &flow, flow.timeout);
	expect(size == ((struct nlmsghdr *)request)->nlmsg_len && size % 4 == 0);
	expect(conntrack_read_flow((struct nlmsghdr *)request, &again));
	expect(flow_key_equal(&again.key, &flow.key));
	expect(again.mark == flow.mark && strcmp(again.helper, flow.helper) == 0);
	expect(memcmp(&again.seqadj, &flow.seqadj, sizeof(flow.seqadj)) == 0);
	(void)conntrack_write_flow(request, 1, true, CONNTRACK_WRITE_CHANGE, &flow, 1);
	(void)conntrack_write_delete_reply(request, 1, true, &flow);
}

static void
hear_expectation(const struct nlmsghdr *message)
{
	struct flow_expectation expectation, again;

	if (!conntrack_read_expectation(message, &expectation))
		return;
	expect(memchr(expectation.function, '\0', sizeof(expectation.function)) != NULL);
	(void)conntrack_write_expectation(request, 1, true, &expectation);
	expect(conntrack_read_expectation((struct nlmsghdr *)request, &again));
	expect(flow_key_equal(&again.expected, &expectation.expected));
	(void)conntrack_write_expectation_delete(request, 1, true, &expectation);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* In memory that ends where the bytes do. */
	uint8_t *bytes = malloc(size ? size : 1);
	const struct nlmsghdr *message;
	size_t offset = 0;

	expect(bytes != NULL);
	if (size)
		memcpy(bytes, data, size);
	while ((message = conntrack_socket_next(bytes, size, &offset))) {
		(void)conntrack_kind(message);
		hear_flow(message);
		hear_expectation(message);
	}
	free(bytes);
	return 0;
}
