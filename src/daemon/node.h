/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files that make up the engine's role share: node.c (the loop and its turns), intake.c
 * (what interfaces and helpers tell), adopt.c (new settings), answers.c (the manager).  Nobody else
 * includes this; the role itself is engine_main() in roles.h.
 */
#ifndef TANDEM_NODE_H
#define TANDEM_NODE_H

#include "base/marks.h"
#include "core/engine.h"
#include "daemon/channel.h"
#include "daemon/courier.h"
#include "daemon/helpers.h"
#include "daemon/interfaces.h"
#include "daemon/listeners.h"
#include "daemon/publisher.h"
#include "daemon/recorder.h"

struct adoption;
struct sd_event;
struct sd_event_source;

/* What is known of a link with groups, until it is taken to the engine. */
struct heard_link {
	struct link_input input;
	int ifindex;
	unsigned spoken;		/* enum packet_family: of its groups */
	unsigned families;		/* ... of those that multicast */
	bool known;			/* the engine was told of this link before */
	bool deaf;			/* no socket could be opened on it */
	bool changed;			/* to be taken to the engine, perhaps later */
	bool current;			/* engine and sockets have it as it is noted here */
};

/* What waits to be told to the engine of a group's addresses, or of a tracked object. */
enum verdict { VERDICT_NONE, VERDICT_NO, VERDICT_YES };

struct node {
	struct memory *memory;
	int channel;
	struct sd_event *event;
	struct engine *engine;
	struct interfaces *interfaces;
	struct listeners *listeners;
	struct courier *courier;
	struct helpers *helpers;
	struct publisher publisher;
	struct recorder recorder;
	struct effects effects;

	/* Turns. */
	int timer;			/* timerfd, absolute, of clock_now() */
	nsec_t armed;			/* for when, or NSEC_NEVER */
	nsec_t last_turn;
	nsec_t last_packets;		/* when they were looked at because they came */
	nsec_t gathered;		/* until when they may gather, or NSEC_NEVER */
	nsec_t last_tick;
	nsec_t leave_by;		/* a stop was asked for: end by then; or NSEC_NEVER */
	bool stuck;			/* the writer is, and we said so */
	struct sd_event_source *packets;

	/* Intake. */
	struct sd_event_source *deliver;
	struct heard_link *heard;	/* per link */
	struct marks fresh;		/* links of which to see whether they are to be taken now */
	bool carrying;			/* interfaces adopt, and tell of every link */
	bool *restored;			/* per group: addresses came back, announce */
	uint8_t *owners;		/* per group, enum verdict: is it address owner? */
	uint8_t *tracks;		/* per tracked object, enum verdict: is it up? */
	bool again;			/* a link is deaf or unfinished: deliver at the next tick */

	/* Adopting. */
	struct sd_event_source *work;	/* the next piece of it */
	struct adoption *adoption;	/* under way, or NULL */
	struct settings *settings;	/* adopted; what interfaces borrow */
	nsec_t adopted;			/* when they were */
	bool settling;			/* interfaces have not answered the last adopt in full */

	/* Answers. */
	struct sd_event_source *requests;
	uint32_t request;		/* of the adopt not yet answered, 0 = none */
	uint64_t request_revision;
	bool attempt;			/* it is an attempt: see channel.h */
	char problems[sizeof(((struct channel_message *)NULL)->text)];	/* of the last adopt */
	char helper_problems[512];
};

/* Carry out and empty the list of effects: first what the network sees, then log and memory. */
void node_carry_out(struct node *node);
/* Something may be due at another time than before. */
void node_arm_timer(struct node *node);

#endif
