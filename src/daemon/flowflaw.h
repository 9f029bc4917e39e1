/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What around connsync is not as it should be: settings of this router that the protocol cannot
 * know of.  And the sentences about all that is wrong, for the operator.
 */
#ifndef TANDEM_FLOWFLAW_H
#define TANDEM_FLOWFLAW_H

#include "base/base.h"
#include "core/flowsync.h"

enum flowflaw {
	FLOWFLAW_SILENT,		/* nf_conntrack_events is not 1, and cannot be set */
	FLOWFLAW_BUFFER,		/* the kernel refuses room for a burst of events */
	FLOWFLAW_BUCKETS,		/* far fewer nf_conntrack_buckets than nf_conntrack_max */
	FLOWFLAW_SMALLER,		/* the partner's table holds more flows than ours */
	FLOWFLAWS,
};

/* "events-off": as an alarm of the protocol is called. */
const char *flowflaw_name(enum flowflaw flaw);

/*
 * A line for each thing that is wrong, "" for nothing.  trouble: why connsync does not run, or "";
 * alarms: 1 << enum flowsync_alarm; flaws: 1 << enum flowflaw.
 */
void flowflaw_sentences(const char *trouble, uint32_t alarms, uint32_t flaws, char *text,
                        size_t size);

#endif
