/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sockets of path monitors and of checks of servers: echo requests and replies of both
 * families, TCP connections that are only tried, and datagrams that may be refused.  Nothing here
 * waits.
 */
#ifndef TANDEM_PROBE_H
#define TANDEM_PROBE_H

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"
#include "core/echo.h"

/* Whom to ask, and how. */
struct probe_way {
	struct ip target;
	struct ip source;		/* family 0 = the kernel's choice */
	const char *interface;		/* "" = by the routing table */
	uint16_t port;			/* TCP, UDP */
};

/* A raw socket that hears echo replies of this family only; needs CAP_NET_RAW. */
int probe_open(uint8_t family, int *ret_socket, struct error *error) MUST_USE;

/* 0 or negative errno. */
int probe_send(int socket, const struct probe_way *way, const struct echo *echo) MUST_USE;

/* 1 = *ret_echo came from *ret_source; 0 = nothing there now; -EBADMSG = something else came. */
int probe_receive(int socket, uint8_t family, struct ip *ret_source, struct echo *ret_echo)
	MUST_USE;

/* Begin to connect: a socket that becomes writable when it is decided, or negative errno. */
int probe_connect(const struct probe_way *way) MUST_USE;
/* Send a datagram of one byte: a socket that becomes readable when it is answered or refused, or
 * negative errno. */
int probe_ask(const struct probe_way *way) MUST_USE;
/* What was decided: 0 or negative errno. */
int probe_connected(int socket) MUST_USE;

#endif
