/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's table of flows as another library sees it, in words that two tables can be compared
 * by.  Times, counts and the kernel's own names for flows are left out.
 */
#ifndef TANDEM_CONNTRACK_ORACLE_H
#define TANDEM_CONNTRACK_ORACLE_H

#include <libnetfilter_conntrack/libnetfilter_conntrack.h>
#include <stdint.h>

#define ORACLE_LINES 64
#define ORACLE_LINE 512

/* All flows of a namespace, one a line, in order. */
struct oracle {
	char lines[ORACLE_LINES][ORACLE_LINE];
	unsigned count;
};

void oracle_look(struct oracle *oracle, int space);
/* Fails the test when they differ, and shows both. */
void oracle_assert_equal(const struct oracle *a, const struct oracle *b);
/* Is this text in any line? */
const char *oracle_find(const struct oracle *oracle, const char *text);

/* A flow with this tuple, the way back set up, and a timeout of 600 s; addresses as text, ports in
 * host order.  Create or change it (and free it): 0 or -1 with errno. */
struct nf_conntrack *oracle_flow(uint8_t protocol, const char *source, uint16_t source_port,
                                 const char *destination, uint16_t destination_port);
int oracle_create(int space, struct nf_conntrack *ct);
int oracle_change(int space, struct nf_conntrack *ct);
void oracle_flush(int space);

#endif
