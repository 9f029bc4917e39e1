/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rooms of flowkernel among themselves: flowkernel.c hears events, puts flows in and keeps the
 * rules, flowdump.c reads the table: whole, in parts, and to make flows anew.
 */
#ifndef TANDEM_FLOWKERNEL_INSIDE_H
#define TANDEM_FLOWKERNEL_INSIDE_H

#include <systemd/sd-event.h>

#include "daemon/flowkernel.h"
#include "daemon/flowpace.h"
#include "daemon/hush.h"
#include "system/conntrack_diet.h"
#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"

#define FLOWKERNEL_REFUSALS 512u	/* kept until the batch is sent; of more, a dump tells */
#define FLOWKERNEL_AGAIN 256u
#define FLOWKERNEL_EXPECTED 4096u	/* as many as the kernel has by default */
#define FLOWKERNEL_PAUSE_USEC 250u	/* between steps of something long */
#define FLOWKERNEL_DUMP_PRIORITY 50	/* everything else comes first */

struct refusal {
	enum flow_op op;
	int error;
	struct flow_key key;
};

struct flowkernel {
	const struct flowkernel_calls *calls;
	void *owner;
	struct conntrack_events *events;
	struct conntrack_events *stale;	/* subscribed to nothing, and not empty yet */
	sd_event_source *burial;	/* ... of it */
	uint64_t read_before;		/* events of sockets that are gone */
	struct conntrack_inject *inject;
	struct conntrack_dump *dump;
	struct conntrack_dump *look;	/* single flows */
	struct conntrack_diet *diet;
	sd_event_source *readable;	/* the event socket, while it is quiet */
	sd_event_source *nap;
	sd_event_source *step;		/* of a dump */
	struct conntrack_dump *old;	/* what is to be renewed */
	sd_event_source *renewal;
	struct flow_expectation *expected;	/* of flows that are renewed: they go with them */
	size_t expected_count;
	struct conntrack_dump *shifts;	/* flows whose sequence numbers a helper shifts */
	sd_event_source *shift_due;
	sd_event_source *shift_step;
	bool helped;			/* there may be flows with helpers */
	sd_event_source *rules;		/* somebody changed some */
	sd_event_source *keep;		/* a look at them is due */
	sd_event_source *again_due;
	struct flow_key again[FLOWKERNEL_AGAIN];	/* flows to be looked at once more */
	size_t again_count;
	bool subscribed;
	bool dumps_flows;		/* and not expectations */
	struct flowpace pace;
	bool urgent;			/* this drain found what is told at once */
	uint64_t drains;
	struct ip *own;			/* addresses of this router, while it dumps */
	size_t own_count;
	const struct settings *settings;
	const struct connsync_settings *connsync;
	struct refusal refusals[FLOWKERNEL_REFUSALS];
	size_t refusal_count;
	int refused_expectations[FLOWKERNEL_REFUSALS];	/* errors */
	size_t refused_expectation_count;
	bool uncertain;			/* whether the kernel did all that was asked of it */
	struct hush hush;		/* of what cannot be asked or read */
};

/* ---- flowkernel.c ---- */

/*
 * The next step of something long, after a sleep: who runs in real time leaves the processor to the
 * kernel's own threads in between.
 */
void flowkernel_go_on(sd_event_source *step);
/* What cannot be asked of the kernel is said in the log, and looked for when the batch is over. */
void flowkernel_note_broken(struct flowkernel *kernel, int r);

/* ---- flowdump.c ---- */

bool flowdump_is_excluded(const struct flowkernel *kernel, const struct flow_key *key);
/* Its sources in the loop, not due, behind everything else. */
int flowdump_add_sources(struct flowkernel *kernel, struct sd_event *event);
void flowdump_remove_sources(struct flowkernel *kernel);
/* This router forwards now: flows whose sequence numbers are shifted are looked at now and then. */
void flowdump_begin_shifts(struct flowkernel *kernel);

#endif
