/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a client notices: sends ICMP echo requests at a steady rate to one or more targets, through
 * the kernel's ordinary routing and neighbour tables, and reports at the end what was lost and how
 * long each target was silent.  It works around nothing: no retry, no own ARP, no second guess.
 *
 *   probe [-r PACKETS_PER_SECOND] [-s SECONDS] TARGET...
 *
 * A line {"event": "answering"} is printed when every target has answered once, and after a SIGUSR1
 * again, when every target has answered a request sent since; counting begins for each target with
 * its first answer.  After SECONDS (or SIGTERM, SIGINT) it waits 0.3 s for late answers and prints
 * one JSON object, then ends with 0.
 *
 * Times of arrival are the kernel's (SO_TIMESTAMPNS).  "silence" is the longest time between two
 * neighbouring arrivals; "outage" the longest time from the sending of a request that was lost to
 * the arrival of the next answer to a request sent after it.  Seconds, since 1970 where points in
 * time are meant.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/icmp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define TARGETS_MAX 64
#define LATE 0.3

/* What every request carries, so that an answer explains itself. */
struct payload {
	uint64_t number;		/* counts from 0, for each target */
	double sent;			/* since 1970 */
};

struct target {
	const char *name;
	int socket;
	uint64_t sent;			/* requests, those that could not be sent included */
	uint64_t asked_from;		/* number of the first request since the last SIGUSR1 */
	uint64_t first;			/* number of the first request answered */
	uint64_t answered;		/* distinct, from the first on */
	uint64_t repeated;		/* answers that came more than once */
	uint8_t *seen;			/* a bit for each request */
	double *sent_at;
	uint64_t room;
	double first_arrival;
	double last_arrival;
	double silence, silence_from, silence_to;
	uint64_t newest;		/* highest number answered */
	double outage, outage_from, outage_to;
};

static struct target targets[TARGETS_MAX];
static unsigned target_count;
static volatile sig_atomic_t stopped, asked;

static void
stop(int number)
{
	(void)number;
	stopped = 1;
}

static void
ask(int number)
{
	(void)number;
	asked = 1;
}

static double
now_on(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A raw socket that gets nothing but this target's echo replies, with their arrival times. */
static void
open_target(struct target *t, const char *name)
{
	struct sockaddr_in to = { .sin_family = AF_INET };
	struct icmp_filter only_replies = { .data = ~(1u << ICMP_ECHOREPLY) };
	int on = 1, buffer = 4 << 20;

	t->name = name;
	if (inet_pton(AF_INET, name, &to.sin_addr) != 1) {
		fprintf(stderr, "probe: \"%s\" is no IPv4 address\n", name);
		exit(2);
	}
	t->socket = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
	if (t->socket < 0)
		fail("socket");
	if (setsockopt(t->socket, SOL_RAW, ICMP_FILTER, &only_replies, sizeof(only_replies)) < 0 ||
	    setsockopt(t->socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof(on)) < 0)
		fail("setsockopt");
	(void)setsockopt(t->socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	if (connect(t->socket, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail(name);
}

static uint16_t
internet_checksum(const void *bytes, size_t length)
{
	const uint8_t *p = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < length; i += 2)
		sum += (uint32_t)(p[i] << 8 | p[i + 1]);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

static void
send_request(struct target *t)
{
	struct {
		struct icmphdr head;
		struct payload payload;
	} request = { .head = { .type = ICMP_ECHO } };

	if (t->sent == t->room) {
		uint64_t room = t->room ? 2 * t->room : 65536;

		t->seen = realloc(t->seen, room / 8);
		t->sent_at = realloc(t->sent_at, room * sizeof(*t->sent_at));
		if (!t->seen || !t->sent_at)
			fail("memory");
		memset(t->seen + t->room / 8, 0, (room - t->room) / 8);
		t->room = room;
	}
	request.head.un.echo.id = htons((uint16_t)getpid());
	request.head.un.echo.sequence = htons((uint16_t)t->sent);
	request.payload.number = t->sent;
	request.payload.sent = t->sent_at[t->sent] = now_on(CLOCK_REALTIME);
	request.head.checksum = internet_checksum(&request, sizeof(request));
	t->sent++;
	(void)send(t->socket, &request, sizeof(request), 0); /* refused is lost */
}

static void
note_answer(struct target *t, const struct payload *answer, double arrival)
{
	uint64_t n = answer->number;

	if (n >= t->sent)
		return;
	if (t->seen[n / 8] & 1 << n % 8) {
		t->repeated++;
		return;
	}
	if (t->first_arrival == 0) {
		t->first = t->newest = n;
		t->first_arrival = t->last_arrival = arrival;
	}
	if (n < t->first)
		return;
	t->seen[n / 8] |= (uint8_t)(1 << n % 8);
	t->answered++;
	if (arrival - t->last_arrival > t->silence) {
		t->silence = arrival - t->last_arrival;
		t->silence_from = t->last_arrival;
		t->silence_to = arrival;
	}
	t->last_arrival = arrival;
	if (n > t->newest + 1 && arrival - t->sent_at[t->newest + 1] > t->outage) {
		t->outage = arrival - t->sent_at[t->newest + 1];
		t->outage_from = t->sent_at[t->newest + 1];
		t->outage_to = arrival;
	}
	if (n > t->newest)
		t->newest = n;
}

/* When the kernel got this message. */
static double
arrival_of(struct msghdr *message)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		struct timespec t;

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_TIMESTAMPNS)
			continue;
		memcpy(&t, CMSG_DATA(c), sizeof(t));
		return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
	}
	return now_on(CLOCK_REALTIME);
}

static void
receive_answers(struct target *t)
{
	uint8_t packet[256], control[256];

	for (;;) {
		struct iovec part = { packet, sizeof(packet) };
		struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1,
		                          .msg_control = control,
		                          .msg_controllen = sizeof(control) };
		ssize_t length = recvmsg(t->socket, &message, 0);
		struct icmphdr head;
		struct payload payload;

		if (length < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (length < 0)		/* an error of an earlier request, such as no route */
			continue;
		size_t skip = length > 0 ? (size_t)(packet[0] & 15) * 4 : 0;

		if ((size_t)length < skip + sizeof(head) + sizeof(payload))
			continue;
		memcpy(&head, packet + skip, sizeof(head));
		memcpy(&payload, packet + skip + sizeof(head), sizeof(payload));
		if (head.un.echo.id == htons((uint16_t)getpid()))
			note_answer(t, &payload, arrival_of(&message));
	}
}

/* Receive until a point in monotonic time. */
static void
receive_until(double until)
{
	struct pollfd fds[TARGETS_MAX];

	for (unsigned i = 0; i < target_count; i++)
		fds[i] = (struct pollfd){ .fd = targets[i].socket, .events = POLLIN };
	for (;;) {
		double left = until - now_on(CLOCK_MONOTONIC);

		if (left <= 0)
			return;
		time_t whole = (time_t)left;
		struct timespec wait = { whole, (long)((left - (double)whole) * 1e9) };

		if (ppoll(fds, target_count, &wait, NULL) <= 0)
			continue;
		for (unsigned i = 0; i < target_count; i++)
			if (fds[i].revents)
				receive_answers(&targets[i]);
	}
}

static bool
all_answer(void)
{
	for (unsigned i = 0; i < target_count; i++)
		if (targets[i].first_arrival == 0 || targets[i].newest < targets[i].asked_from)
			return false;
	return true;
}

/* A target that is silent at the end has been so since its last answer. */
static void
close_target(struct target *t, double end)
{
	if (t->first_arrival == 0 || t->newest + 1 >= t->sent)
		return;
	if (end - t->last_arrival > t->silence) {
		t->silence = end - t->last_arrival;
		t->silence_from = t->last_arrival;
		t->silence_to = end;
	}
	if (end - t->sent_at[t->newest + 1] > t->outage) {
		t->outage = end - t->sent_at[t->newest + 1];
		t->outage_from = t->sent_at[t->newest + 1];
		t->outage_to = end;
	}
}

static void
print_report(void)
{
	printf("{\"event\": \"report\", \"targets\": [");
	for (unsigned i = 0; i < target_count; i++) {
		struct target *t = &targets[i];
		uint64_t counted = t->first_arrival > 0 ? t->sent - t->first : 0;

		printf("%s\n  {\"target\": \"%s\", \"sent\": %llu, \"answered\": %llu, "
		       "\"lost\": %llu, \"repeated\": %llu, \"silence\": %.6f, "
		       "\"silence_from\": %.6f, \"silence_to\": %.6f, \"outage\": %.6f, "
		       "\"outage_from\": %.6f, \"outage_to\": %.6f}", i ? "," : "", t->name,
		       (unsigned long long)counted, (unsigned long long)t->answered,
		       (unsigned long long)(counted - t->answered),
		       (unsigned long long)t->repeated, t->silence, t->silence_from, t->silence_to,
		       t->outage, t->outage_from, t->outage_to);
	}
	printf("]}\n");
}

int
main(int argc, char **argv)
{
	double rate = 1000, seconds = 0;
	bool announced = false;

	for (int option; (option = getopt(argc, argv, "r:s:")) != -1;) {
		if (option == 'r')
			rate = atof(optarg);
		else if (option == 's')
			seconds = atof(optarg);
		else
			return 2;
	}
	target_count = (unsigned)(argc - optind);
	if (target_count == 0 || target_count > TARGETS_MAX || rate <= 0) {
		fprintf(stderr, "usage: probe [-r PACKETS_PER_SECOND] [-s SECONDS] TARGET...\n");
		return 2;
	}
	for (unsigned i = 0; i < target_count; i++)
		open_target(&targets[i], argv[optind + (int)i]);
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	signal(SIGUSR1, ask);

	double start = now_on(CLOCK_MONOTONIC);

	for (uint64_t turn = 0; !stopped; turn++) {
		double due = start + (double)turn / rate;

		if (seconds > 0 && due - start >= seconds)
			break;
		receive_until(due);
		if (asked) {
			asked = 0;
			announced = false;
			for (unsigned i = 0; i < target_count; i++)
				targets[i].asked_from = targets[i].sent;
		}
		for (unsigned i = 0; i < target_count; i++)
			send_request(&targets[i]);
		if (!announced && all_answer()) {
			printf("{\"event\": \"answering\"}\n");
			fflush(stdout);
			announced = true;
		}
	}
	double end = now_on(CLOCK_REALTIME);

	receive_until(now_on(CLOCK_MONOTONIC) + LATE);
	for (unsigned i = 0; i < target_count; i++)
		close_target(&targets[i], end);
	print_report();
	return 0;
}
