/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Real packets through real tables, all in one process.
 */
#include "traffic.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack_oracle.h"

static const char rules[] =
	"table inet strict {\n"
	"  counter broken { }\n"
	"  counter refused { }\n"
	"  ct helper files { type \"ftp\" protocol tcp; l3proto ip; }\n"
	"  chain helpers { type filter hook prerouting priority 0\n"
	"    tcp dport 21 ct helper set \"files\"\n"
	"  }\n"
	"  chain forward { type filter hook forward priority 0\n"
	"    ct state invalid counter name broken drop\n"
	"    ct state established,related accept\n"
	"    tcp flags & (fin|syn|rst|ack) == syn accept\n"
	"    meta l4proto != tcp accept\n"
	"    counter name refused drop\n"
	"  }\n"
	"}\n"
	"table ip nat {\n"
	"  chain out { type nat hook postrouting priority 100\n"
	"    ip saddr " CLIENT " meta l4proto tcp snat to " OUTSIDE "\n"
	"  }\n"
	"}";

static void
make_router(const struct traffic *t, unsigned i)
{
	int router = t->router[i];

	/* The rules first: they load what the settings belong to. */
	space_run(router, "nft '%s'", rules);
	space_run(router, "sysctl -qw net.ipv4.ip_forward=1 net.netfilter.nf_conntrack_tcp_loose=0 "
	          "net.netfilter.nf_conntrack_events=1");
	space_run(router, "ip route add " CLIENT " via 10.1.%u.1 && ip route add " SERVER
	          " via 10.2.%u.1", 1 + i, 1 + i);
}

void
traffic_new(struct traffic *t)
{
	t->client = space_new();
	t->server = space_new();
	for (unsigned i = 0; i < 2; i++)
		t->router[i] = space_new();
	space_run(t->client, "ip address add " CLIENT "/32 dev lo");
	space_run(t->server, "ip address add " SERVER "/32 dev lo");
	space_wire(t->client, "c0", "10.1.1.1/24", t->router[0], "c0", "10.1.1.2/24");
	space_wire(t->client, "c1", "10.1.2.1/24", t->router[1], "c1", "10.1.2.2/24");
	space_wire(t->server, "s0", "10.2.1.1/24", t->router[0], "s0", "10.2.1.2/24");
	space_wire(t->server, "s1", "10.2.2.1/24", t->router[1], "s1", "10.2.2.2/24");
	make_router(t, 0);
	make_router(t, 1);
	traffic_through(t, 0);
}

void
traffic_done(struct traffic *t)
{
	for (unsigned i = 0; i < 2; i++) {
		oracle_flush(t->router[i]);
		space_close(t->router[i]);
	}
	space_close(t->client);
	space_close(t->server);
}

void
traffic_through(const struct traffic *t, unsigned i)
{
	space_run(t->client, "ip route replace " SERVER " via 10.1.%u.2 src " CLIENT, 1 + i);
	space_run(t->server, "ip route replace 203.0.113.0/24 via 10.2.%u.2 src " SERVER, 1 + i);
	space_run(t->server, "ip route replace " CLIENT " via 10.2.%u.2 src " SERVER, 1 + i);
}

unsigned
traffic_dropped(const struct traffic *t, unsigned i, const char *counter)
{
	char command[128], line[256];
	unsigned packets = 0;
	FILE *pipe;

	space_enter(t->router[i]);
	snprintf(command, sizeof(command), "nft list counter inet strict %s", counter);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	while (fgets(line, sizeof(line), pipe))
		(void)sscanf(line, " packets %u", &packets);
	pclose(pipe);
	return packets;
}

/* ---- sockets ---- */

static struct sockaddr_in
address_of(const char *address, uint16_t port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(port),
	                             .sin_addr.s_addr = inet_addr(address) };
}

static int
open_bound(int space, int type, const char *address, uint16_t port)
{
	struct sockaddr_in local = address_of(address, port);
	int on = 1;
	int fd;

	space_enter(space);
	fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	assert_int_equal(bind(fd, (struct sockaddr *)&local, sizeof(local)), 0);
	return fd;
}

int
traffic_listen(int space, const char *address, uint16_t port)
{
	int fd = open_bound(space, SOCK_STREAM, address, port);

	assert_int_equal(listen(fd, 16), 0);
	return fd;
}

int
traffic_accept(int listener)
{
	return accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

int
traffic_connect(int space, const char *source, uint16_t source_port, const char *address,
                uint16_t port)
{
	struct sockaddr_in remote = address_of(address, port);
	int fd = open_bound(space, SOCK_STREAM, source, source_port);

	assert_true(connect(fd, (struct sockaddr *)&remote, sizeof(remote)) == 0 ||
	            errno == EINPROGRESS);
	return fd;
}

int
traffic_datagram(int space, const char *address, uint16_t port)
{
	return open_bound(space, SOCK_DGRAM, address, port);
}

void
traffic_send_to(int fd, const char *address, uint16_t port)
{
	struct sockaddr_in remote = address_of(address, port);

	assert_int_equal(sendto(fd, "x", 1, 0, (struct sockaddr *)&remote, sizeof(remote)), 1);
}

void
traffic_transfer(int from, int to, size_t bytes)
{
	nsec_t end = space_now() + 60 * NSEC_PER_SEC;
	size_t sent = 0, received = 0;
	static uint8_t block[65536];

	while (received < bytes) {
		size_t left = bytes - sent < sizeof(block) ? bytes - sent : sizeof(block);
		ssize_t n = left ? send(from, block, left, MSG_NOSIGNAL) : 0;

		assert_true(n >= 0 || errno == EAGAIN);
		sent += n > 0 ? (size_t)n : 0;
		n = recv(to, block, sizeof(block), 0);
		assert_true(n > 0 || errno == EAGAIN);
		received += n > 0 ? (size_t)n : 0;
		if (space_now() > end)
			fail_msg("%zu of %zu bytes arrived", received, bytes);
	}
}

/* What came, at the end of what came before. */
static size_t
gather(int fd, char *text, size_t length, size_t size)
{
	ssize_t n = recv(fd, text + length, size - 1 - length, 0);

	length += n > 0 ? (size_t)n : 0;
	text[length] = '\0';
	return length;
}

void
traffic_say(int from, int to, const char *said, const char *arrives)
{
	char text[256];
	size_t length = 0;

	assert_int_equal(send(from, said, strlen(said), MSG_NOSIGNAL), strlen(said));
	space_until((length = gather(to, text, length, sizeof(text))) >= strlen(arrives));
	assert_string_equal(text, arrives);
}
