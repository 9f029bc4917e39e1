/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection synchronisation as bytes: records of flows, the heads of datagrams, the messages of
 * the control stream.  Bytes become a struct or a named fault, and a struct becomes bytes; what it
 * means is for others.  The format is described in docs/protocol-connsync.md.
 */
#ifndef TANDEM_FLOWWIRE_H
#define TANDEM_FLOWWIRE_H

#include "base/base.h"
#include "base/bytes.h"
#include "core/flow.h"
#include "core/flowsync.h"
#include "core/flowtable.h"
#include "core/flowtally.h"

#define FLOWWIRE_VERSION 1u

/* ---- records -------------------------------------------------------------------------------- */

enum flowwire_kind {
	FLOWWIRE_UPSERT,		/* the flow is as follows, whatever was said before */
	FLOWWIRE_DELETE,		/* there is no such flow */
	FLOWWIRE_EXPECT,		/* the same of an expectation */
	FLOWWIRE_UNEXPECT,
};

struct flowwire_record {
	enum flowwire_kind kind;
	struct flow flow;		/* UPSERT; DELETE: its key */
	struct flow_expectation expectation;	/* EXPECT, UNEXPECT */
};

/* More than any record of a flow, or of an expectation. */
#define FLOWWIRE_RECORD_MAX 256u

/* The writer overflows, and what it holds is then of no use, when there is no room. */
void flowwire_write_upsert(struct writer *out, const struct flow *flow);
void flowwire_write_delete(struct writer *out, const struct flow_key *key);
void flowwire_write_expectation(struct writer *out, enum flowwire_kind kind,
                                const struct flow_expectation *expectation);
/* FLOW_OK, FLOW_SHORT or FLOW_RECORD.  Only the part that kind names is written to. */
enum flow_fault flowwire_read_record(struct reader *in, struct flowwire_record *ret_record);

/* ---- datagrams ------------------------------------------------------------------------------ */

enum flowwire_type { FLOWWIRE_DATA = 1, FLOWWIRE_ACK };

struct flowwire_head {
	enum flowwire_type type;
	uint32_t session;		/* of both nonces: this connection, no other */
	uint32_t epoch;			/* of the sender */
	uint32_t sequence;		/* DATA: of this datagram; ACK: the highest received */
	uint32_t floor;			/* all below are settled; ACK: received, or settled by
					 * their sender */
	uint32_t time;			/* us of the sender, when sent; ACK: that of the newest
					 * datagram, plus the time it waited here */
};
#define FLOWWIRE_HEAD_SIZE 22u

/* ACK: after the head, bit i of byte i / 8 (lowest first): floor + i was received. */
#define FLOWWIRE_MAP_MAX 64u

void flowwire_write_head(struct writer *out, const struct flowwire_head *head);
enum flow_fault flowwire_read_head(struct reader *in, struct flowwire_head *ret_head);

/* ---- control stream ------------------------------------------------------------------------- */

enum flowwire_message {
	FLOWWIRE_HELLO = 1,
	FLOWWIRE_ROLE,
	FLOWWIRE_STATUS,
	FLOWWIRE_DIGEST,
	FLOWWIRE_WANT,
	FLOWWIRE_LIST,
	FLOWWIRE_KEYS,
	FLOWWIRE_CARRIED,		/* a datagram, where no path lets one through */
	FLOWWIRE_OFFER,			/* flows that the active router does not know */
};

/* A message: two bytes of length of what follows them, one of type, its body. */
#define FLOWWIRE_PREFIX 2u
#define FLOWWIRE_MESSAGE_MAX (FLOWWIRE_PREFIX + 0xffffu)

/* A bucket more than the table has: the expectations. */
#define FLOWWIRE_BUCKETS (FLOWTABLE_BUCKETS + 1)
#define FLOWWIRE_BITMAP ((FLOWWIRE_BUCKETS + 7) / 8)

/* What a router says of itself in every message that does. */
struct flowwire_claim {
	bool active;
	bool own;			/* the epoch began with this router's promotion */
	bool listens;			/* active by a planned handover: it hears the old master */
	uint32_t epoch;
};

struct flowwire_hello {
	uint8_t oldest, newest;		/* versions spoken */
	uint8_t node[FLOWSYNC_NODE_SIZE];
	uint64_t nonce;
	uint64_t check;			/* of the seed: equal on both */
	struct flowwire_claim claim;
	uint32_t capacity;
	uint32_t flows;
	uint32_t sequence;		/* the highest that this router sent or took */
};

struct flowwire_status {
	struct flowwire_claim claim;
	uint8_t readiness;
	uint32_t flows;
	uint32_t refused;		/* refused by the kernel, or parked, or there was no room */
};

struct flowwire_digest {
	uint32_t epoch;
	uint32_t sequence;		/* the last datagram that told something when it was made */
	uint32_t floor;			/* all below are settled */
	struct reader sums;		/* FLOWWIRE_BUCKETS of 8 bytes */
};

/* Both bitmaps empty: all was equal. */
struct flowwire_want {
	uint32_t sequence;		/* that the digest named */
	const uint8_t *list;		/* bitmap of buckets to list */
	const uint8_t *whole;		/* ... to send altogether; in both: not compared */
};

struct flowwire_list {
	uint32_t epoch;
	uint16_t bucket;
	uint32_t sequence;		/* the last datagram that told something when it was made */
	struct reader items;		/* pairs: lower halves of the hashes of key and state */
};

struct flowwire_offer {
	uint32_t epoch;			/* of the active router, as the sender knows it */
	uint16_t bucket;
	struct reader records;		/* upserts */
};

/* Begin a message, and end it: then its bytes are complete. */
void flowwire_begin(struct writer *out, enum flowwire_message type);
void flowwire_end(struct writer *out);

void flowwire_write_hello(struct writer *out, const struct flowwire_hello *hello);
void flowwire_write_role(struct writer *out, const struct flowwire_claim *claim);
void flowwire_write_status(struct writer *out, const struct flowwire_status *status);

/* Bodies; FLOW_OK or FLOW_SHORT.  Later versions may add to the end of these three. */
enum flow_fault flowwire_read_hello(struct reader in, struct flowwire_hello *ret_hello);
enum flow_fault flowwire_read_role(struct reader in, struct flowwire_claim *ret_claim);
enum flow_fault flowwire_read_status(struct reader in, struct flowwire_status *ret_status);
enum flow_fault flowwire_read_digest(struct reader in, struct flowwire_digest *ret_digest);
enum flow_fault flowwire_read_want(struct reader in, struct flowwire_want *ret_want);
enum flow_fault flowwire_read_list(struct reader in, struct flowwire_list *ret_list);
enum flow_fault flowwire_read_offer(struct reader in, struct flowwire_offer *ret_offer);

static inline void
write_u64(struct writer *w, uint64_t value)
{
	write_u32(w, (uint32_t)(value >> 32));
	write_u32(w, (uint32_t)value);
}

static inline uint64_t
read_u64(struct reader *r)
{
	uint64_t upper = read_u32(r);

	return upper << 32 | read_u32(r);
}

#endif
