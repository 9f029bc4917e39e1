/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is in the kernel's table of flows: all of it in paced steps, or one flow.
 *
 * A dump is no snapshot: flows come and go while it is read, and one may be shown twice.  Whoever
 * wants the truth subscribes to events first and remembers what they said was gone since the dump
 * began.
 */
#ifndef TANDEM_CONNTRACK_DUMP_H
#define TANDEM_CONNTRACK_DUMP_H

#include "base/base.h"
#include "base/error.h"
#include "core/flow.h"
#include "system/conntrack_write.h"

struct conntrack_dump;

/* Who is told; what the pointers lead to is borrowed for the call. */
struct conntrack_dump_hearer {
	void (*flow)(void *owner, const struct flow *flow);
	void (*expectation)(void *owner, const struct flow_expectation *expectation); /* may be
											* NULL */
	void *owner;
};

/* Open in the network namespace of the caller. */
int conntrack_dump_open(struct conntrack_dump **ret, struct error *error) MUST_USE;
void conntrack_dump_close(struct conntrack_dump *dump);		/* NULL is fine */

/* Begin to dump the flows that the filter lets through (NULL = all), or all expectations.  A dump
 * that was not finished is forgotten.  0 or negative errno, which the next step says once more. */
int conntrack_dump_flows(struct conntrack_dump *dump, const struct conntrack_filter *filter)
	MUST_USE;
int conntrack_dump_expectations(struct conntrack_dump *dump) MUST_USE;

/*
 * Read on until at least this many records were told, or the end.  A step of 1 brings what fits
 * into one message of the kernel, some 130 flows in some 0.4 ms.
 *
 * 1 = there is more; 0 = all was told; negative errno = it failed and is over.  When the kernel
 * says that the table was rebuilt under the dump, it begins anew by itself (records are told
 * again, conntrack_dump_restarts() counts).
 */
int conntrack_dump_step(struct conntrack_dump *dump, size_t records,
                        const struct conntrack_dump_hearer *hearer) MUST_USE;
uint64_t conntrack_dump_restarts(const struct conntrack_dump *dump);
/* Records that could not be read, or of families or zones that we do not carry. */
uint64_t conntrack_dump_left_out(const struct conntrack_dump *dump);

/* All there is to know of one flow; not while a dump is under way.  -ENOENT = there is none; one
 * whose way back has this tuple counts as none. */
int conntrack_dump_get(struct conntrack_dump *dump, const struct flow_key *key, struct flow *ret)
	MUST_USE;

#endif
