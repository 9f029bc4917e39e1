/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What connection synchronisation counts: faults of the peer by name, work done, and how long
 * changes waited.  Counting decides nothing.
 */
#ifndef TANDEM_FLOWTALLY_H
#define TANDEM_FLOWTALLY_H

#include "base/base.h"
#include "base/nsec.h"

/* Why something the peer sent changed nothing. */
enum flow_fault {
	FLOW_OK,
	FLOW_SHORT,			/* truncated, or longer than it says */
	FLOW_VERSION,			/* not a version of ours */
	FLOW_TYPE,			/* a kind of datagram or message that does not exist */
	FLOW_SESSION,			/* of another connection, or without one */
	FLOW_REPLAYED,			/* this datagram was here before */
	FLOW_LATE,			/* its sender has given it up meanwhile */
	FLOW_EPOCH,			/* of an epoch that is over: fenced */
	FLOW_ROLE,			/* data for an active router, or from a standby one */
	FLOW_RECORD,			/* a record that cannot be */
	FLOW_ORDER,			/* a message out of its order */
	FLOW_FOREIGN,			/* not our partner: other seed, or our own identity */
	FLOW_FAULTS,
};

/* What is counted besides; each has a name. */
enum flow_count {
	FLOW_NEWS,			/* events of our kernel */
	FLOW_NEWS_IGNORED,		/* as a standby router, or that said nothing new */
	FLOW_CANCELLED,			/* came and went before they were told */
	FLOW_OVERRUNS,
	FLOW_DUMPS,
	FLOW_DUMP_CORRECTIONS,		/* that a dump found missing or left over */
	FLOW_UPSERTS_SENT,
	FLOW_DELETES_SENT,
	FLOW_UPSERTS_RECEIVED,
	FLOW_DELETES_RECEIVED,
	FLOW_SAME,			/* received, and nothing to do */
	FLOW_OUTDATED,			/* records older than what is known of their flow */
	FLOW_APPLIED,			/* asked of our kernel */
	FLOW_DATAGRAMS_SENT,
	FLOW_DATAGRAMS_RECEIVED,
	FLOW_DATAGRAMS_LOST,		/* of those sent; what they told is told again */
	FLOW_ACKS_SENT,
	FLOW_ACKS_RECEIVED,
	FLOW_BYTES_SENT,		/* datagrams, with what sealing and headers add */
	FLOW_BYTES_RECEIVED,
	FLOW_CONTROL_SENT,		/* bytes of the stream */
	FLOW_CONTROL_RECEIVED,
	FLOW_DIGESTS,			/* comparisons of sums */
	FLOW_BUCKETS_DIFFERENT,
	FLOW_REPAIRED,			/* flows sent anew, or removed, because of a difference */
	FLOW_TABLE_FULL,		/* flows there was no room for */
	FLOW_REFUSED_MASTER,		/* by our kernel: ENOENT */
	FLOW_REFUSED_CLASH,		/* EEXIST, EBUSY: another flow owns a translated address */
	FLOW_REFUSED_MEMORY,		/* ENOMEM, ENFILE: its table is full */
	FLOW_REFUSED_UNSUPPORTED,	/* EOPNOTSUPP: e.g. a helper it does not have */
	FLOW_REFUSED_OTHER,
	FLOW_REFUSED_EXPECTATIONS,	/* of all these, expectations */
	FLOW_SWEPT,			/* timers put right */
	FLOW_PARKED,			/* had to wait for their master */
	FLOW_LATE_NEWS,			/* of the old master, taken over after a promotion */
	FLOW_OFFERED,			/* to the peer, which forwards and never heard of them */
	FLOW_MERGED,			/* that the peer offered */
	FLOW_COUNTS,
};

/* Times by powers of the square root of two, from 1 us to about 2 minutes. */
#define FLOWTALLY_STEPS 56u

struct flowtally_times {
	uint64_t steps[FLOWTALLY_STEPS];
	uint64_t count;
	nsec_t longest;
};

struct flowtally {
	uint64_t faults[FLOW_FAULTS];	/* [FLOW_OK] unused */
	uint64_t counts[FLOW_COUNTS];
	struct flowtally_times lag;	/* from a change until the peer could have it */
};

void flowtally_time(struct flowtally_times *times, nsec_t time);
/* The time that so many in a thousand did not exceed (500: median); 0 when none was counted.
 * Right to the upper end of its step. */
nsec_t flowtally_quantile(const struct flowtally_times *times, unsigned per_mille);

/* "replayed"; "upserts-sent": for people, metrics and the model alike. */
const char *flow_fault_name(enum flow_fault fault);
const char *flow_count_name(enum flow_count count);

#endif
