/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers with connection synchronisation, and what connects them: two paths for datagrams that
 * lose, delay and repeat, a stream that is slow or breaks, processes that freeze, die and come
 * back, kernels that go on without them.  What must hold at every moment is checked here.
 */
#ifndef TANDEM_SIM_FLOWPAIR_H
#define TANDEM_SIM_FLOWPAIR_H

#include "core/flowsync.h"
#include "sim/agenda.h"
#include "sim/chance.h"
#include "sim/flowkernel.h"

#define FLOWPAIR_REFUSALS 256u
#define FLOWPAIR_CAUGHT 64u
#define FLOWPAIR_INBOX 128u
#define FLOWPAIR_SHOWN 40u		/* flows of a dump in one buffer */
#define FLOWPAIR_LOOKS 8u		/* questions that wait for their answer */

struct flowpair_refusal {
	enum flow_op op;
	struct flow_key key;
	int error;
};

struct flowpair_message {		/* of a stream, under way */
	nsec_t due;
	struct parcel *parcel;
};

struct flowpair_router {
	struct flowkernel kernel;
	struct flowsync *sync;		/* NULL: the process is dead */
	bool frozen;
	bool turned;			/* its role changed while it was frozen */
	enum flowsync_role role;	/* as VRRP has it, whether the process lives or not */
	uint32_t epoch;			/* of the last data it believed */
	nsec_t listen_until;		/* to the old master, after a planned handover */
	unsigned process;
	bool dumping;
	unsigned dumped;		/* flows that the kernel wrote already */
	struct flow shown[FLOWPAIR_SHOWN];	/* and the process did not read yet */
	unsigned showing;
	unsigned looks;
	unsigned looked[FLOWPAIR_LOOKS];	/* numbers of flows that were asked about */
	unsigned refused;
	struct flowpair_refusal refusals[FLOWPAIR_REFUSALS];
	nsec_t wake;
	/* Towards this router. */
	struct flowpair_message *stream;
	size_t streaming, stream_room;
	nsec_t stream_last;
	struct parcel *inbox[FLOWPAIR_INBOX];	/* while it is frozen */
	unsigned inbox_path[FLOWPAIR_INBOX];
	unsigned boxed;
	struct parcel *caught[FLOWPAIR_CAUGHT];	/* by an attacker: delivered to it before */
	unsigned catches;
};

struct flowpair_mark {
	uint16_t number;		/* of the flow */
	uint8_t nats;			/* 1 << kind of NAT: there was such a flow with this mark */
};

struct flowpair_path {
	unsigned loss;			/* per cent */
	unsigned twice;			/* per cent delivered twice */
	nsec_t delay, jitter;
	bool cut;
};

struct flowpair {
	nsec_t now;
	struct chance chance;
	struct agenda agenda;
	struct flowpair_router routers[2];
	struct flowsync_options options;
	struct flowpair_path paths[FLOWSYNC_PATHS];
	bool stream_cut;
	bool reseeds;			/* another seed with each connection */
	bool renats;			/* another NAT each time a flow begins */
	bool connected;
	bool connecting;
	uint32_t connection;		/* which; the key of its datagrams follows from it */
	struct flowpair_mark *marks;	/* of what each mark was */
	uint32_t marks_used, marks_room;
	uint64_t hash;			/* of all that happened */
	bool verbose;
	bool calm;			/* nothing is wrong but the wire */
	const char *broken;		/* the rule; NULL: all held */
	struct flowtally tally;		/* of all processes that ended */
	uint64_t forged, replayed;
	uint64_t turns;			/* of loops */
};

/* What is on the agenda. */
enum flowpair_event {
	FLOWPAIR_DATAGRAM,
	FLOWPAIR_STREAM,
	FLOWPAIR_CONNECT,
	FLOWPAIR_WAKE,
	FLOWPAIR_SECOND,
	FLOWPAIR_START,
	FLOWPAIR_FATE,			/* for whoever writes the life */
};

void flowpair_init(struct flowpair *pair, uint64_t seed, const struct flowsync_options *options,
                   unsigned kernel_limit);
void flowpair_done(struct flowpair *pair);

/* Take out the next event and do it, but for FLOWPAIR_FATE, which is returned as true. */
bool flowpair_step(struct flowpair *pair);
void flowpair_fate(struct flowpair *pair, nsec_t when);

/* Packets make or change a flow of this router's kernel: its mark is one that never was. */
void flowpair_touch(struct flowpair *pair, unsigned router, unsigned number, bool whole);
void flowpair_role(struct flowpair *pair, unsigned router, enum flowsync_role role);
/* It takes over from a router that lives, and forwards for a moment longer. */
void flowpair_hand_over(struct flowpair *pair, unsigned router);
void flowpair_kill(struct flowpair *pair, unsigned router);
/* The process comes back after so long. */
void flowpair_start(struct flowpair *pair, unsigned router, nsec_t after);
void flowpair_freeze(struct flowpair *pair, unsigned router, bool frozen);
void flowpair_break_stream(struct flowpair *pair);
/* Somebody on the wire: garbage, something cut short or changed, or what was there before. */
void flowpair_attack(struct flowpair *pair, unsigned router);
/* Its kernel has news: the process will look soon. */
void flowpair_nudge(struct flowpair *pair, unsigned router);

/* Do both kernels hold the same flows, but for those that are closed, of which nobody was told? */
bool flowpair_is_equal(const struct flowpair *pair, unsigned *ret_number);
void flowpair_breaks(struct flowpair *pair, const char *rule);

#endif
