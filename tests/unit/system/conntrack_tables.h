/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the table of one network namespace into that of another: flows of every kind are made in
 * the first by another library, heard or read there by us, put into the second by us, and both
 * tables are compared by that library.
 */
#ifndef TANDEM_CONNTRACK_TABLES_H
#define TANDEM_CONNTRACK_TABLES_H

#include "spaces.h"

#include "conntrack_oracle.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"

struct tables {
	int first, second;			/* namespaces */
	struct conntrack_events *events;	/* in the first */
	struct conntrack_dump *dump;		/* in the first */
	struct conntrack_inject *inject;	/* in the second */
	struct conntrack_dump *look;		/* in the second */
	struct oracle one, two;
	struct conntrack_refusal refusal;	/* the last one, without what it points to */
	unsigned refusals;
	struct flow last;			/* flow heard of, by event or dump */
	enum conntrack_event last_event;
	unsigned heard;
};

extern struct tables tables;

/* A test of them, which needs root: it calls tables_need_root() first. */
#define tables_test(function) \
	cmocka_unit_test_setup_teardown(function, tables_set_up, tables_tear_down)
int tables_set_up(void **state);
int tables_tear_down(void **state);
void tables_need_root(void);

/* Hearers, of events and of dumps: what is heard is put into the second table. */
void tables_on_event(void *owner, enum conntrack_event event, const struct flow *flow);
void tables_on_record(void *owner, const struct flow *flow);

/* Hear everything there is to hear in the first, and put it into the second; or read it there. */
void tables_carry(void);
void tables_carry_by_dump(const struct conntrack_filter *filter);
/* Both have the same flows, this many, and none was refused. */
void tables_assert_same(unsigned count);

/* A TCP connection from this port; where a flow is translated to, port 0 = not the port. */
struct nf_conntrack *tables_tcp(uint16_t port);
void tables_translate(struct nf_conntrack *ct, bool source, const char *address, uint16_t port);
/* Make a flow in the first table, and free it. */
void tables_make(struct nf_conntrack *ct);
/* Make flows: one of each protocol; translated ones; some with what a flow may carry besides.
 * Returns how many. */
unsigned tables_make_protocols(void);
unsigned tables_make_translated(void);
unsigned tables_make_laden(void);

#endif
