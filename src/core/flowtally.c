/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names of what connection synchronisation counts, and its histogram of times.
 */
#include "core/flowtally.h"

static const char *const fault_names[] = {
	[FLOW_OK] = "none",
	[FLOW_SHORT] = "short",
	[FLOW_VERSION] = "version",
	[FLOW_TYPE] = "type",
	[FLOW_SESSION] = "session",
	[FLOW_REPLAYED] = "replayed",
	[FLOW_LATE] = "late",
	[FLOW_EPOCH] = "epoch",
	[FLOW_ROLE] = "role",
	[FLOW_RECORD] = "record",
	[FLOW_ORDER] = "order",
	[FLOW_FOREIGN] = "foreign",
};
_Static_assert(ARRAY_SIZE(fault_names) == FLOW_FAULTS, "every fault has a name");

static const char *const count_names[] = {
	[FLOW_NEWS] = "news",
	[FLOW_NEWS_IGNORED] = "news-ignored",
	[FLOW_CANCELLED] = "cancelled",
	[FLOW_OVERRUNS] = "overruns",
	[FLOW_DUMPS] = "dumps",
	[FLOW_DUMP_CORRECTIONS] = "dump-corrections",
	[FLOW_UPSERTS_SENT] = "upserts-sent",
	[FLOW_DELETES_SENT] = "deletes-sent",
	[FLOW_UPSERTS_RECEIVED] = "upserts-received",
	[FLOW_DELETES_RECEIVED] = "deletes-received",
	[FLOW_SAME] = "same",
	[FLOW_OUTDATED] = "outdated",
	[FLOW_APPLIED] = "applied",
	[FLOW_DATAGRAMS_SENT] = "datagrams-sent",
	[FLOW_DATAGRAMS_RECEIVED] = "datagrams-received",
	[FLOW_DATAGRAMS_LOST] = "datagrams-lost",
	[FLOW_ACKS_SENT] = "acknowledgements-sent",
	[FLOW_ACKS_RECEIVED] = "acknowledgements-received",
	[FLOW_BYTES_SENT] = "bytes-sent",
	[FLOW_BYTES_RECEIVED] = "bytes-received",
	[FLOW_CONTROL_SENT] = "control-bytes-sent",
	[FLOW_CONTROL_RECEIVED] = "control-bytes-received",
	[FLOW_DIGESTS] = "comparisons",
	[FLOW_BUCKETS_DIFFERENT] = "buckets-different",
	[FLOW_REPAIRED] = "repaired",
	[FLOW_TABLE_FULL] = "table-full",
	[FLOW_REFUSED_MASTER] = "refused-without-master",
	[FLOW_REFUSED_CLASH] = "refused-clash",
	[FLOW_REFUSED_MEMORY] = "refused-memory",
	[FLOW_REFUSED_UNSUPPORTED] = "refused-unsupported",
	[FLOW_REFUSED_OTHER] = "refused-other",
	[FLOW_REFUSED_EXPECTATIONS] = "refused-expectations",
	[FLOW_SWEPT] = "swept",
	[FLOW_PARKED] = "parked",
	[FLOW_LATE_NEWS] = "late-news",
	[FLOW_OFFERED] = "offered",
	[FLOW_MERGED] = "merged",
};
_Static_assert(ARRAY_SIZE(count_names) == FLOW_COUNTS, "every count has a name");

/* The upper end of a step: 1 us, 1.41 us, 2 us, 2.83 us ... */
static nsec_t
step_end(unsigned step)
{
	nsec_t power = NSEC_PER_USEC << (step / 2);

	return step % 2 == 0 ? power : power + power * 414 / 1000;
}

void
flowtally_time(struct flowtally_times *times, nsec_t time)
{
	uint64_t usec = time > NSEC_PER_USEC ? (uint64_t)((time - 1) / NSEC_PER_USEC) : 0;
	unsigned step = usec ? 2 * (64 - (unsigned)__builtin_clzll(usec)) - 1 : 0;

	if (step >= FLOWTALLY_STEPS)
		step = FLOWTALLY_STEPS - 1;
	else if (time > step_end(step))
		step++;
	times->steps[step < FLOWTALLY_STEPS ? step : FLOWTALLY_STEPS - 1]++;
	times->count++;
	times->longest = nsec_max(times->longest, time);
}

nsec_t
flowtally_quantile(const struct flowtally_times *times, unsigned per_mille)
{
	uint64_t wanted = (times->count * per_mille + 999) / 1000;
	uint64_t seen = 0;

	if (times->count == 0)
		return 0;
	for (unsigned step = 0; step < FLOWTALLY_STEPS; step++) {
		seen += times->steps[step];
		if (seen >= wanted && seen > 0 && step + 1 < FLOWTALLY_STEPS)
			return nsec_min(step_end(step), times->longest);
	}
	return times->longest;
}

const char *
flow_fault_name(enum flow_fault fault)
{
	return (unsigned)fault < FLOW_FAULTS ? fault_names[fault] : "unknown";
}

const char *
flow_count_name(enum flow_count count)
{
	return (unsigned)count < FLOW_COUNTS ? count_names[count] : "unknown";
}
