/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that talk: what users do while routers change places.
 *
 *     talk serve PORT                              echoes TCP and UDP until it is ended
 *     talk connect ADDRESS PORT COUNT MSEC         COUNT TCP connections, each says something every
 *                                                  MSEC and waits for its echo
 *     talk say ADDRESS PORT COUNT MSEC             the same with UDP, each from a port of its own
 *     talk short ADDRESS PORT SECONDS [SOURCE]     TCP connections one after another, as fast as it
 *                                                  goes: connect, one word, echo, close; from
 *                                                  SOURCE (IPv4) and the 63 addresses after it, as
 *                                                  the ports of one are soon all in use
 *     talk fling ADDRESS PORT SECONDS              UDP packets, each from another port, unanswered
 *
 * "connect" and "say" print "ready" when all have had an echo.  Each byte of their standard input
 * makes them forget the silences so far, and print "again" when all have had the echo of something
 * they said later.  At its end they print one line: established, dead, reset; longest silence:
 * median, 99 of 100, of all (milliseconds); end of it: first, median, 99 of 100, last (seconds
 * since 1970).
 * Whoever is silent for SILENT seconds at the end is dead.  The others print what they counted.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define WORD 64
#define NAP_MIN_NSEC 200000
#define NAP_MAX_NSEC 1000000
#define SILENT_NSEC 3000000000

struct talker {
	int fd;
	bool ready;
	bool reset;
	int64_t next;			/* time to say something */
	int64_t heard;			/* last echo */
	int64_t silence;		/* longest between two */
	int64_t resumed;		/* when that ended */
	uint32_t said, echoed;		/* words; the echoed one of the highest number counts */
	uint32_t asked;			/* of these, an echo of a later one is waited for */
	uint64_t octets;		/* echoed by a stream, in which a word may be cut */
};

static int64_t
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void
fail(const char *what)
{
	fprintf(stderr, "talk: %s: %s\n", what, strerror(errno));
	exit(1);
}

static socklen_t
address(const char *text, int port, struct sockaddr_storage *to)
{
	struct sockaddr_in *v4 = (struct sockaddr_in *)to;
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)to;

	memset(to, 0, sizeof(*to));
	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
		v4->sin_family = AF_INET;
		v4->sin_port = htons((uint16_t)port);
		return sizeof(*v4);
	}
	if (inet_pton(AF_INET6, text, &v6->sin6_addr) != 1)
		fail(text);
	v6->sin6_family = AF_INET6;
	v6->sin6_port = htons((uint16_t)port);
	return sizeof(*v6);
}

/* ---- serving -------------------------------------------------------------------------------- */

static int
open_server(int kind, int port)
{
	int fd = socket(AF_INET6, kind | SOCK_NONBLOCK, 0), one = 1, zero = 0;
	struct sockaddr_storage any;
	socklen_t length = address("::", port, &any);

	if (fd < 0)
		fail("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	if (bind(fd, (struct sockaddr *)&any, length) < 0)
		fail("bind");
	if (kind == SOCK_STREAM && listen(fd, 4096) < 0)
		fail("listen");
	return fd;
}

static void
echo_datagrams(int fd)
{
	struct sockaddr_storage from;
	socklen_t length = sizeof(from);
	char word[2048];
	ssize_t n;

	while ((n = recvfrom(fd, word, sizeof(word), MSG_DONTWAIT, (struct sockaddr *)&from,
	                     &length)) >= 0) {
		(void)sendto(fd, word, (size_t)n, MSG_DONTWAIT, (struct sockaddr *)&from, length);
		length = sizeof(from);
	}
}

static void
echo_stream(int fd)
{
	char word[16384];
	ssize_t n = recv(fd, word, sizeof(word), MSG_DONTWAIT);

	if (n > 0)
		(void)send(fd, word, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
	else if (n == 0 || errno != EAGAIN)
		close(fd);
}

static void
accept_all(int epoll, int listener)
{
	int fd, one = 1;

	while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	}
}

__attribute__((noreturn)) static void
serve(int port)
{
	int stream = open_server(SOCK_STREAM, port), datagrams = open_server(SOCK_DGRAM, port);
	int epoll = epoll_create1(0);
	struct epoll_event events[256];

	for (int i = 0; i < 2; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.fd = i ? datagrams : stream };

		epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
	}
	printf("ready\n");
	fflush(stdout);
	for (;;) {
		int n = epoll_wait(epoll, events, 256, -1);

		for (int i = 0; i < n; i++) {
			if (events[i].data.fd == stream)
				accept_all(epoll, stream);
			else if (events[i].data.fd == datagrams)
				echo_datagrams(datagrams);
			else
				echo_stream(events[i].data.fd);
		}
	}
}

/* ---- talking -------------------------------------------------------------------------------- */

static void
say(struct talker *t, int64_t when, int64_t interval)
{
	char word[WORD] = { 0 };

	memcpy(word, &t->said, sizeof(t->said));
	if (send(t->fd, word, sizeof(word), MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(word))
		t->said++;
	else if (errno == ECONNRESET || errno == EPIPE)
		t->reset = true;
	/* Each keeps its place in the interval, or those that were late together would stay so. */
	t->next += ((when - t->next) / interval + 1) * interval;
}

static void
hear(struct talker *t, int kind, int64_t when)
{
	char words[16384];
	uint32_t number;
	ssize_t n;

	while ((n = recv(t->fd, words, sizeof(words), MSG_DONTWAIT)) > 0) {
		t->octets += (uint64_t)n;
		memcpy(&number, words, sizeof(number));
		number = kind == SOCK_STREAM ? (uint32_t)(t->octets / WORD) : number + 1;
		if (number > t->echoed)
			t->echoed = number;
		if (t->ready && when - t->heard > t->silence) {
			t->silence = when - t->heard;
			t->resumed = when;
		}
		t->heard = when;
		t->ready = true;
	}
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != ECONNREFUSED))
		t->reset = true;
}

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static void
report(struct talker *talkers, size_t count, int64_t when)
{
	int64_t *silences = calloc(count + 1, sizeof(*silences));
	int64_t *ends = calloc(count + 1, sizeof(*ends));
	struct timespec wall;
	int64_t offset;
	size_t established = 0, dead = 0, reset = 0, alive = 0;

	for (size_t i = 0; i < count; i++) {
		struct talker *t = &talkers[i];

		established += t->ready;
		reset += t->reset;
		dead += t->reset || !t->ready || when - t->heard > SILENT_NSEC;
		if (t->ready && !t->reset && when - t->heard <= SILENT_NSEC)
			silences[alive] = t->silence, ends[alive++] = t->resumed;
	}
	clock_gettime(CLOCK_REALTIME, &wall);
	offset = wall.tv_sec * INT64_C(1000000000) + wall.tv_nsec - now();
	qsort(silences, alive, sizeof(*silences), compare);
	qsort(ends, alive, sizeof(*ends), compare);
	printf("%zu %zu %zu %.1f %.1f %.1f %.4f %.4f %.4f %.4f\n", established, dead, reset,
	       (double)silences[alive / 2] / 1e6, (double)silences[alive * 99 / 100] / 1e6,
	       alive ? (double)silences[alive - 1] / 1e6 : 0.0, (double)(ends[0] + offset) / 1e9,
	       (double)(ends[alive / 2] + offset) / 1e9,
	       (double)(ends[alive * 99 / 100] + offset) / 1e9,
	       alive ? (double)(ends[alive - 1] + offset) / 1e9 : 0.0);
	fflush(stdout);
	free(silences);
	free(ends);
}

static int
talk(int kind, const char *to, int port, size_t count, int64_t interval)
{
	struct talker *talkers = calloc(count, sizeof(*talkers));
	int epoll = epoll_create1(0), one = 1;
	struct epoll_event events[256];
	struct sockaddr_storage peer;
	socklen_t length = address(to, port, &peer);
	struct timespec nap = { 0 };
	bool told = false, again = true, wait = true;
	int64_t start = now();

	for (size_t i = 0; i < count; i++) {
		struct epoll_event event = { .events = EPOLLIN, .data.ptr = &talkers[i] };

		talkers[i].fd = socket(peer.ss_family, kind | SOCK_NONBLOCK, 0);
		if (talkers[i].fd < 0)
			fail("socket");
		if (kind == SOCK_STREAM)
			setsockopt(talkers[i].fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
		if (connect(talkers[i].fd, (struct sockaddr *)&peer, length) < 0 &&
		    errno != EINPROGRESS)
			fail("connect");
		talkers[i].next = start + interval * (int64_t)i / (int64_t)count;
		epoll_ctl(epoll, EPOLL_CTL_ADD, talkers[i].fd, &event);
		/* Not all at once: a flood of first packets measures queues. */
		if (i % 256 == 255)
			usleep(2000);
	}
	while (wait) {
		int n = epoll_pwait2(epoll, events, 256, &nap, NULL);
		int64_t when = now(), due = when + NAP_MAX_NSEC;
		struct pollfd end = { .fd = 0, .events = POLLIN };
		size_t ready = 0, answered = 0;

		for (int i = 0; i < n; i++)
			hear(events[i].data.ptr, kind, when);
		for (size_t i = 0; i < count; i++) {
			ready += talkers[i].ready;
			answered += !talkers[i].reset && talkers[i].echoed > talkers[i].asked;
			if (!talkers[i].reset && talkers[i].next <= when)
				say(&talkers[i], when, interval);
			if (!talkers[i].reset && talkers[i].next < due)
				due = talkers[i].next;
		}
		due -= now();
		nap.tv_nsec = due > NAP_MIN_NSEC ? due : NAP_MIN_NSEC;
		if (!told && ready == count) {
			printf("ready\n");
			fflush(stdout);
			told = true;
		}
		if (!again && answered == count) {
			printf("again\n");
			fflush(stdout);
			again = true;
		}
		if (poll(&end, 1, 0) == 1) {
			char c;

			wait = read(0, &c, 1) == 1;
			again = !wait;
			for (size_t i = 0; wait && i < count; i++) {
				talkers[i].silence = 0;
				talkers[i].asked = talkers[i].said;
			}
		}
	}
	report(talkers, count, now());
	return 0;
}

/* ---- as fast as it goes --------------------------------------------------------------------- */

/* Many at a time, because one alone would measure round trips. */
#define AT_ONCE 64

struct dialogue {
	int fd;
	bool said;
	const struct sockaddr_in *source;	/* NULL = any */
};

static void
begin_dialogue(struct dialogue *d, int epoll, const struct sockaddr_storage *peer,
               socklen_t length)
{
	struct epoll_event event = { .events = EPOLLOUT, .data.ptr = d };
	int one = 1;

	d->fd = socket(peer->ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0);
	d->said = false;
	if (d->fd < 0)
		fail("socket");
	/* Without this bind() would choose the port, and from fewer. */
	setsockopt(d->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	if (d->source && bind(d->fd, (const struct sockaddr *)d->source, sizeof(*d->source)) < 0)
		fail("bind");
	if (connect(d->fd, (const struct sockaddr *)peer, length) < 0 && errno != EINPROGRESS)
		fail("connect");
	epoll_ctl(epoll, EPOLL_CTL_ADD, d->fd, &event);
}

static int
hurry(const char *to, int port, double seconds, const char *from)
{
	struct dialogue dialogues[AT_ONCE] = { 0 };
	struct sockaddr_in sources[AT_ONCE];
	struct epoll_event events[AT_ONCE];
	int epoll = epoll_create1(0);
	struct sockaddr_storage peer;
	socklen_t length = address(to, port, &peer);
	int64_t start = now(), end = start + (int64_t)(seconds * 1e9);
	unsigned long done = 0, failed = 0;

	for (int i = 0; i < AT_ONCE; i++) {
		sources[i] = (struct sockaddr_in){ .sin_family = AF_INET };
		if (from && inet_pton(AF_INET, from, &sources[i].sin_addr) != 1)
			fail(from);
		sources[i].sin_addr.s_addr = htonl(ntohl(sources[i].sin_addr.s_addr) + (uint32_t)i);
		dialogues[i].source = from ? &sources[i] : NULL;
		begin_dialogue(&dialogues[i], epoll, &peer, length);
	}
	while (now() < end) {
		int n = epoll_wait(epoll, events, AT_ONCE, 100);

		for (int i = 0; i < n; i++) {
			struct dialogue *d = events[i].data.ptr;
			char word[WORD] = { 0 };

			if (!d->said && !(events[i].events & (EPOLLERR | EPOLLHUP))) {
				struct epoll_event event = { .events = EPOLLIN, .data.ptr = d };

				(void)send(d->fd, word, sizeof(word), MSG_NOSIGNAL);
				d->said = true;
				epoll_ctl(epoll, EPOLL_CTL_MOD, d->fd, &event);
				continue;
			}
			if (recv(d->fd, word, sizeof(word), MSG_DONTWAIT) == sizeof(word))
				done++;
			else
				failed++;
			close(d->fd);
			begin_dialogue(d, epoll, &peer, length);
		}
	}
	printf("%lu %lu %.1f\n", done, failed, (double)done / ((double)(now() - start) / 1e9));
	return 0;
}

static int
fling(const char *to, int port, double seconds)
{
	struct sockaddr_storage peer;
	socklen_t length = address(to, port, &peer);
	int64_t start = now(), end = start + (int64_t)(seconds * 1e9);
	unsigned long sent = 0;
	char word[WORD] = { 0 };

	/* Each packet has another port because its socket is another. */
	while (now() < end) {
		int fd = socket(peer.ss_family, SOCK_DGRAM, 0);

		if (fd >= 0 && sendto(fd, word, sizeof(word), 0, (struct sockaddr *)&peer,
		                      length) > 0)
			sent++;
		if (fd >= 0)
			close(fd);
	}
	printf("%lu %.1f\n", sent, (double)sent / ((double)(now() - start) / 1e9));
	return 0;
}

int
main(int argc, char **argv)
{
	struct rlimit files = { 1 << 17, 1 << 17 };

	signal(SIGPIPE, SIG_IGN);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 3 && strcmp(argv[1], "serve") == 0)
		serve(atoi(argv[2]));
	if (argc >= 6 && strcmp(argv[1], "connect") == 0)
		return talk(SOCK_STREAM, argv[2], atoi(argv[3]), strtoul(argv[4], NULL, 10),
		            atoll(argv[5]) * 1000000);
	if (argc >= 6 && strcmp(argv[1], "say") == 0)
		return talk(SOCK_DGRAM, argv[2], atoi(argv[3]), strtoul(argv[4], NULL, 10),
		            atoll(argv[5]) * 1000000);
	if (argc >= 5 && strcmp(argv[1], "short") == 0)
		return hurry(argv[2], atoi(argv[3]), atof(argv[4]), argc > 5 ? argv[5] : NULL);
	if (argc == 5 && strcmp(argv[1], "fling") == 0)
		return fling(argv[2], atoi(argv[3]), atof(argv[4]));
	fprintf(stderr, "usage: see the head of talk.c\n");
	return 2;
}
