/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rooms of the role flowsync among themselves: flowsync.c is its life, flowhooks.c joins the
 * protocol to the kernel and to the partner.
 */
#ifndef TANDEM_FLOWROLE_H
#define TANDEM_FLOWROLE_H

#include <systemd/sd-event.h>

#include "core/flowsync.h"
#include "daemon/flowkernel.h"
#include "daemon/flowpeer.h"
#include "daemon/hush.h"
#include "daemon/post.h"

#define FLOWROLE_LOOKS 256u		/* in one turn: about a millisecond */

struct flowrelease;
struct flowshow;

struct flowrole {
	struct post post;
	struct pulse *pulse;
	struct flowshow *show;
	const char *state_dir;
	const struct settings *settings;
	struct connsync_settings adopted;	/* what runs was made of */
	struct ip local[CONNSYNC_PATHS_MAX];
	struct identity *identity;
	struct flowkernel *kernel;		/* NULL: connsync does not run */
	struct flowpeer *peer;
	struct flowsync *flowsync;
	void *memory;
	size_t memory_size;
	struct flowsync_options options;
	uint64_t capacity;			/* nf_conntrack_max, as options have it */
	struct flowrelease *release;		/* of what it left, while it does not run */
	sd_event_source *timer;
	nsec_t alarm;				/* when it rings; NSEC_NEVER = not set */
	struct flow_key looks[FLOWROLE_LOOKS];		/* that the protocol wants */
	size_t look_count;
	sd_event_source *retry;
	sd_event_source *watch;
	const char *hang_up;			/* flowsync wants it; NULL = no */
	bool active;				/* as the engine said last ... */
	bool handed_over;			/* ... and the partner, too */
	uint64_t sequence;
	bool known;				/* it said so at all */
	bool forwarded;				/* in the role before, or nobody knows */
	enum flowsync_readiness readiness;
	uint32_t alarms;
	uint32_t flaws;				/* 1 << enum flowflaw */
	struct hush hush[2];			/* of readiness and of alarms */
	char trouble[512];			/* why it does not run */
};

/* flowsync.c: what the engine and the operator hear */
void flowrole_report_ready(struct flowrole *role);
void flowrole_report_problems(struct flowrole *role);

/* flowhooks.c; the owner of each is the role */
extern const struct flowsync_hooks flowhooks_flowsync_hooks;
extern const struct flowkernel_calls flowhooks_flowkernel_calls;
extern const struct flowpeer_calls flowhooks_flowpeer_calls;
/* All that an event led to leaves, and the next deadline stands.  Nothing if it does not run. */
void flowhooks_finish(struct flowrole *role);
int flowhooks_on_time(sd_event_source *source, uint64_t usec, void *role);

#endif
