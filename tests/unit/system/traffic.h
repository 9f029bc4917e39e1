/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers with strict rules between a client and a server, one of which carries the packets:
 *
 *	             .---- router 0 ----.
 *	[client 10.1.0.1]              [server 10.2.0.1]
 *	             '---- router 1 ----'
 *
 * The routers translate the client's address to 203.0.113.1, know FTP, drop what is invalid and
 * what begins in the middle, and count what they drop.
 */
#ifndef TANDEM_TRAFFIC_H
#define TANDEM_TRAFFIC_H

#include "spaces.h"

#define CLIENT "10.1.0.1"
#define SERVER "10.2.0.1"
#define OUTSIDE "203.0.113.1"	/* the client, as the server sees it */

struct traffic {
	int client;
	int server;
	int router[2];
};

void traffic_new(struct traffic *traffic);
void traffic_done(struct traffic *traffic);
/* All packets take this way from now on. */
void traffic_through(const struct traffic *traffic, unsigned router);
/* Packets that a router dropped: "broken" = invalid, "refused" = began in the middle. */
unsigned traffic_dropped(const struct traffic *traffic, unsigned router, const char *counter);

/* Sockets that do not wait.  Listen and connect; -1 when there is nobody to accept yet. */
int traffic_listen(int space, const char *address, uint16_t port);
int traffic_accept(int listener);
int traffic_connect(int space, const char *source, uint16_t source_port, const char *address,
                    uint16_t port);
/* An UDP socket of this address; send one datagram from it. */
int traffic_datagram(int space, const char *address, uint16_t port);
void traffic_send_to(int fd, const char *address, uint16_t port);

/* Send this many bytes and receive them at the other end, or fail the test. */
void traffic_transfer(int from, int to, size_t bytes);
/* Send a text and see it arrive as this one. */
void traffic_say(int from, int to, const char *said, const char *arrives);

#endif
