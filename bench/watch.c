/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes down every address that the kernel adds to, renews on or removes from an interface of
 * this network namespace.  It judges nothing: whether an address was there before, and whether it
 * should be, is bench/wire.py's to say.
 *
 *   watch OUTPUT
 *
 * OUTPUT becomes a file of struct watch_record.  {"ready": true} is printed when nothing is missed
 * any more.  After SIGTERM, or when standard input ends, it prints {"events": N, "overruns": N}
 * and ends.  Times are those of reading: netlink has none of its own.
 */
#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct watch_record {
	uint64_t time;			/* nanoseconds since 1970 */
	uint32_t interface;
	uint8_t added;			/* 0: removed */
	uint8_t family;			/* 4 or 6 */
	uint8_t length;			/* of the prefix */
	uint8_t unused;
	uint8_t address[16];		/* an IPv4 address stands in the first four bytes */
};

static volatile sig_atomic_t stopped;
static unsigned long events, overruns;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static void
fail(const char *what)
{
	fprintf(stderr, "watch: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int
open_netlink(void)
{
	struct sockaddr_nl us = { .nl_family = AF_NETLINK,
	                          .nl_groups = RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	int buffer = 64 << 20;

	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0 ||
	    bind(fd, (struct sockaddr *)&us, sizeof(us)) < 0)
		fail("netlink");
	return fd;
}

static void
write_message(const struct nlmsghdr *message, uint64_t now, FILE *output)
{
	const struct ifaddrmsg *head = NLMSG_DATA(message);
	struct watch_record r = {
		.time = now, .interface = head->ifa_index, .length = head->ifa_prefixlen,
		.added = message->nlmsg_type == RTM_NEWADDR,
		.family = head->ifa_family == AF_INET6 ? 6 : 4,
	};
	size_t size = r.family == 6 ? 16 : 4;
	int left = (int)IFA_PAYLOAD(message);

	for (const struct rtattr *a = IFA_RTA(head); RTA_OK(a, left); a = RTA_NEXT(a, left)) {
		int wanted = r.family == 6 ? IFA_ADDRESS : IFA_LOCAL;

		if (a->rta_type == wanted && RTA_PAYLOAD(a) >= size)
			memcpy(r.address, RTA_DATA(a), size);
	}
	if (fwrite(&r, sizeof(r), 1, output) != 1)
		fail("write");
	events++;
}

static void
drain(int fd, FILE *output)
{
	static union {
		struct nlmsghdr head;	/* for its alignment */
		uint8_t bytes[64 << 10];
	} buffer;

	for (;;) {
		ssize_t length = recv(fd, &buffer, sizeof(buffer), 0);
		struct timespec t;

		if (length < 0 && errno == ENOBUFS) {
			overruns++;
			continue;
		}
		if (length <= 0)
			break;
		clock_gettime(CLOCK_REALTIME, &t);
		uint64_t now = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
		unsigned left = (unsigned)length;

		for (const struct nlmsghdr *m = &buffer.head; NLMSG_OK(m, left);
		     m = NLMSG_NEXT(m, left))
			if (m->nlmsg_type == RTM_NEWADDR || m->nlmsg_type == RTM_DELADDR)
				write_message(m, now, output);
	}
	if (fflush(output))
		fail("write");
}

int
main(int argc, char **argv)
{
	FILE *output;
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: watch OUTPUT\n");
		return 2;
	}
	output = fopen(argv[1], "w");
	if (!output)
		fail(argv[1]);
	signal(SIGTERM, stop);
	signal(SIGINT, SIG_IGN);
	fd = open_netlink();
	printf("{\"ready\": true}\n");
	fflush(stdout);
	while (!stopped) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		                        { .fd = STDIN_FILENO, .events = POLLIN } };
		char byte;

		if (poll(fds, 2, -1) > 0 && fds[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			stopped = 1;
		drain(fd, output);
	}
	drain(fd, output);
	if (fclose(output))
		fail("write");
	printf("{\"events\": %lu, \"overruns\": %lu}\n", events, overruns);
	return 0;
}
