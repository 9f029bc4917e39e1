/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A client that waits for virtual addresses: asks for each with ARP until it is answered.  The
 * answers are in the capture of bench/wire.c; this program only sees that the questions are asked
 * when they matter, and not so often that asking is what is measured.
 *
 *   asker INTERFACE OWN-ADDRESS RATE <LIST
 *
 * LIST is one address a line, then a line "go", or "go TIME" (seconds since 1970): what was
 * announced since that time counts as well, however late the line was read.  From then on:
 *  - an address that is announced (a gratuitous ARP) is asked for at once, and again every
 *    millisecond until it is answered: this is the moment at which a host may use it;
 *  - addresses not announced yet are asked for in turn, RATE questions a second in all, none more
 *    often than every quarter of a millisecond.
 * An address that was answered is not asked for again.  It ends when all were answered, at the end
 * of its input or at SIGTERM, and prints {"asked": N, "answered": N}.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX 8192
#define TICK_NS 250000			/* between two looks at what is due */
#define AGAIN_NS 1000000		/* between two questions for an announced address */
#define BURST 64			/* questions for announced addresses in one tick */

struct target {
	uint32_t address;		/* network order */
	bool announced, answered;
	uint64_t asked;			/* nanoseconds */
};

static struct target targets[TARGETS_MAX];	/* sorted by address, for look-ups */
static unsigned target_count, answered;
static unsigned waiting[TARGETS_MAX];		/* announced and not answered */
static unsigned waiting_count;
static unsigned long asked;
static volatile sig_atomic_t stopped;
static uint8_t frame[42];
static int fd;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static void
fail(const char *what)
{
	fprintf(stderr, "asker: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int
compare(const void *a, const void *b)
{
	const struct target *x = a, *y = b;

	return x->address < y->address ? -1 : x->address > y->address;
}

static void
open_socket(const char *interface, const char *own)
{
	struct sockaddr_ll us = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP),
	                          .sll_ifindex = (int)if_nametoindex(interface) };
	static const uint8_t head[] = { 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1 };
	int on = 1, buffer = 64 << 20;
	struct ifreq request = { 0 };

	fd = socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || us.sll_ifindex == 0 || ioctl(fd, SIOCGIFHWADDR, &request) < 0 ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0 ||
	    bind(fd, (struct sockaddr *)&us, sizeof(us)) < 0)
		fail(interface);
	memset(frame, 0xff, 6);
	memcpy(frame + 6, request.ifr_hwaddr.sa_data, 6);
	memcpy(frame + 12, head, sizeof(head));
	memcpy(frame + 22, request.ifr_hwaddr.sa_data, 6);
	if (inet_pton(AF_INET, own, frame + 28) != 1)
		fail(own);
}

static void
ask(struct target *t, uint64_t at)
{
	memcpy(frame + 38, &t->address, 4);
	(void)send(fd, frame, sizeof(frame), 0);	/* what is lost is asked for again */
	t->asked = at;
	asked++;
}

/* Take in an ARP packet; an address just announced is asked for. */
static void
take(const uint8_t *packet, ssize_t length)
{
	struct target key, *t;

	if (length < 42)
		return;
	memcpy(&key.address, packet + 28, 4);
	t = bsearch(&key, targets, target_count, sizeof(*targets), compare);
	if (!t || t->answered)
		return;
	if (memcmp(packet + 28, packet + 38, 4) == 0) {
		if (t->announced)
			return;
		t->announced = true;
		waiting[waiting_count++] = (unsigned)(t - targets);
		ask(t, now());
	} else if (packet[21] == 2 && memcmp(packet + 38, frame + 28, 4) == 0) {
		t->answered = true;
		answered++;
	}
}

/* Take in all that waits. */
static void
receive(void)
{
	uint8_t packet[128];
	ssize_t length;

	while ((length = recv(fd, packet, sizeof(packet), 0)) >= 0 || errno != EAGAIN)
		take(packet, length);
}

/* Ask again for announced addresses that are due. */
static void
ask_waiting(uint64_t at)
{
	unsigned kept = 0, burst = 0;

	for (unsigned i = 0; i < waiting_count; i++) {
		struct target *t = &targets[waiting[i]];

		if (t->answered)
			continue;
		waiting[kept++] = waiting[i];
		if (burst < BURST && at - t->asked >= AGAIN_NS) {
			ask(t, at);
			burst++;
		}
	}
	waiting_count = kept;
}

/* Ask for addresses that nobody has announced, as many as the rate allows since the last time. */
static void
ask_silent(uint64_t at, double *budget, unsigned *turn)
{
	for (unsigned looked = 0; *budget >= 1 && looked < target_count; looked++) {
		struct target *t = &targets[(*turn)++ % target_count];

		if (t->answered || t->announced || at - t->asked < TICK_NS)
			continue;
		ask(t, at);
		*budget -= 1;
	}
	if (*budget > 1)
		*budget = 1;
}

/* When a packet came, by the wall clock. */
static double
arrival_of(struct msghdr *head)
{
	struct timespec stamp = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(head); c; c = CMSG_NXTHDR(head, c))
		if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS)
			memcpy(&stamp, CMSG_DATA(c), sizeof(stamp));
	return (double)stamp.tv_sec + (double)stamp.tv_nsec / 1e9;
}

/* What was said before the start does not count.  Newer packets come after older ones. */
static void
forget(double start)
{
	uint8_t packet[128], control[256];
	struct iovec part = { packet, sizeof(packet) };

	for (;;) {
		struct msghdr head = { .msg_iov = &part, .msg_iovlen = 1, .msg_control = control,
		                       .msg_controllen = sizeof(control) };
		ssize_t length = recvmsg(fd, &head, 0);

		if (length < 0 && errno == EAGAIN)
			return;
		if (arrival_of(&head) < start)
			continue;
		take(packet, length);
		return;
	}
}

/* Returns when to start, by the wall clock. */
static double
read_list(void)
{
	struct timespec wall;
	char line[64];

	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = 0;
		if (strncmp(line, "go", 2) == 0) {
			qsort(targets, target_count, sizeof(*targets), compare);
			clock_gettime(CLOCK_REALTIME, &wall);
			return line[2] == ' ' ? strtod(line + 3, NULL) :
			       (double)wall.tv_sec + (double)wall.tv_nsec / 1e9;
		}
		if (target_count == TARGETS_MAX ||
		    inet_pton(AF_INET, line, &targets[target_count++].address) != 1) {
			fprintf(stderr, "asker: \"%s\" is no address, or one too many\n", line);
			exit(2);
		}
	}
	exit(0);			/* nobody said "go" */
}

int
main(int argc, char **argv)
{
	double rate = argc == 4 ? strtod(argv[3], NULL) : 0, budget = 0;
	unsigned turn = 0;

	if (rate <= 0) {
		fprintf(stderr, "usage: asker INTERFACE OWN-ADDRESS RATE <LIST\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, SIG_IGN);
	open_socket(argv[1], argv[2]);

	double start = read_list();
	uint64_t due = now(), last = due;

	forget(start);
	while (!stopped && answered < target_count) {
		struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
		                        { .fd = STDIN_FILENO, .events = POLLIN } };
		uint64_t at = now();
		struct timespec wait = { 0, at < due ? (long)(due - at) : 0 };

		if (ppoll(fds, 2, &wait, NULL) > 0 && fds[1].revents)
			break;
		receive();
		at = now();
		if (at < due)
			continue;
		budget += (double)(at - last) / 1e9 * rate;
		last = at;
		ask_waiting(at);
		ask_silent(at, &budget, &turn);
		due = at + TICK_NS;
	}
	printf("{\"asked\": %lu, \"answered\": %u}\n", asked, answered);
	return 0;
}
