/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is true now: one plain, fixed-size record per VRRP group.  The engine writes it into the
 * memory that the supervisor keeps; the manager reads it there for "show", and a restarted engine
 * reads it there to go on where the dead one stopped.  No pointers; a change of layout raises
 * STATUS_LAYOUT.  Names of the enums below are the words of YANG, log and screen.
 */
#ifndef TANDEM_STATUS_H
#define TANDEM_STATUS_H

#include "base/base.h"
#include "base/inet.h"
#include "base/nsec.h"

#define STATUS_LAYOUT 2u

enum vrouter_state {
	VROUTER_INIT,			/* configured, not started (start-delay, no answer yet) */
	VROUTER_BACKUP,
	VROUTER_MASTER,
	VROUTER_FAULT,			/* its interface, or one of its sync group, is unusable */
	VROUTER_STATES,
};

/* Why the last transition happened. */
enum vrouter_reason {
	REASON_NONE,
	REASON_STARTED,			/* configured or enabled */
	REASON_NO_ADVERT,		/* silence for the down interval (RFC 3768 6.4.2) */
	REASON_PEER_RESIGNED,		/* priority 0 heard, nobody else spoke */
	REASON_STRONGER_MASTER,		/* higher priority, or equal and higher address */
	REASON_RESET,			/* "reset vrrp master" */
	REASON_NOBODY_TOOK_OVER,	/* after a reset no other router became master */
	REASON_LINK_DOWN,		/* own interface not usable */
	REASON_MEMBER_DOWN,		/* that of another member of the sync group */
	REASON_LINK_UP,			/* all interfaces usable again */
	REASON_NO_ADDRESS,		/* interface has no address to send from */
	REASON_STALLED,			/* did not run for longer than the down interval */
	REASON_SYNC_GROUP,		/* follows its sync group after a configuration change */
	REASON_RESUMED,			/* the engine restarted and went on */
	REASON_OWNER,			/* owner of the addresses: master at once (priority 255) */
	REASON_TRACK_DOWN,		/* something tracked without a weight is down */
	REASON_MEMBER_TRACK_DOWN,	/* ... by another member of the sync group */
	REASON_TRACK_UP,		/* all that is tracked is up again */
	REASON_STOPPED,			/* removed, disabled, or service stopped */
	VROUTER_REASONS,
};

/* Why a received packet was not accepted; each has a counter and a name. */
enum advert_fault {
	ADVERT_OK,
	ADVERT_LENGTH,			/* truncated, a fragment, or shorter than its count says */
	ADVERT_CHECKSUM,
	ADVERT_VERSION,			/* not the version configured, or not one for IPv6 */
	ADVERT_TYPE,			/* not an advertisement (type 1) */
	ADVERT_TTL,			/* not 255; unicast: below what the peer is allowed */
	ADVERT_VRID,			/* no such group on this interface (counted per link) */
	ADVERT_AUTH_INVALID,		/* authentication type unknown, or without its header */
	ADVERT_AUTH_MISMATCH,		/* type differs from ours */
	ADVERT_AUTH_FAILED,		/* password differs */
	ADVERT_REPLAY,			/* authentication header: number heard before, or too old */
	ADVERT_INTERVAL,		/* version 2: differs from ours; version 3: zero */
	ADVERT_NO_ADDRESS,		/* address count 0 */
	ADVERT_FIRST_ADDRESS,		/* IPv6: the first address is not link-local */
	ADVERT_DESTINATION,		/* sent neither to the VRRP multicast group nor to us */
	ADVERT_SOURCE,			/* not one of our unicast peers; IPv6: not link-local */
	ADVERT_OWN,			/* our own packet came back: same source and priority */
	ADVERT_FAULTS,
};

/* Conditions a person should hear of; bit numbers in vrouter_status.alarms. */
enum vrouter_alarm {
	ALARM_TWO_MASTERS,		/* a weaker master keeps speaking while we are master */
	ALARM_ADDRESS_LIST,		/* the peer lists other virtual addresses than we do */
	ALARM_VERSION,			/* the peer speaks another version */
	ALARM_INTERVAL,			/* the peer's interval differs */
	ALARM_AUTH,			/* the peer's authentication differs */
	ALARM_LOOPED,			/* our own packets come back */
	ALARM_TRANSMIT,			/* the kernel refused to send our advertisements */
	ALARM_ONE_WAY,			/* a weaker master does not hear us: it goes on in spite of
					 * our advertisements */
	ALARM_TWO_OWNERS,		/* another router claims priority 255, too */
	ALARM_CHECKSUM,			/* what arrives for the group is damaged */
	VROUTER_ALARMS,
};

struct vrouter_counters {
	uint64_t adverts_received;	/* accepted */
	uint64_t adverts_sent;
	uint64_t became_master;
	uint64_t released_master;
	uint64_t priority_zero_received;
	uint64_t priority_zero_sent;
	uint64_t address_list_differs;
	uint64_t transmit_errors;
	uint64_t faults[ADVERT_FAULTS];	/* [ADVERT_OK] unused */
};

struct vrouter_status {
	char interface[NAME_SIZE];	/* with vrid and family: whose record this is; "" = record
					 * unused */
	uint8_t vrid;
	uint8_t family;			/* of the virtual addresses */
	uint8_t state;			/* enum vrouter_state */
	uint8_t reason;			/* enum vrouter_reason of the last transition */
	bool lingering;			/* backup that forwards until a master is heard */
	bool owner;			/* of a virtual address: runs at PRIORITY_OWNER */
	uint8_t effective_priority;
	uint8_t master_priority;	/* of the last accepted advertisement, as backup */
	uint8_t master_version;		/* it came in */
	uint8_t master_sum_form;	/* enum sum_form, or SUM_FORMS = not known */
	bool link_usable;
	uint32_t tracks_known;		/* bit i: something is known of track number i ... */
	uint32_t tracks_up;		/* ... and after its delays it counts as up */
	uint32_t alarms;		/* 1 << enum vrouter_alarm */
	uint32_t ah_sequence;		/* highest AH sequence number sent or accepted */
	struct ip source;		/* our advertisements' source address */
	struct ip master_source;	/* of the master last heard; family 0 = none */
	struct mac master_mac;
	struct ip rival;		/* ALARM_TWO_MASTERS, TWO_OWNERS, ONE_WAY: the other one */
	struct mac rival_mac;
	uint8_t rival_priority;
	struct ip offender;		/* source of the last packet not accepted */
	struct mac offender_mac;
	uint8_t last_fault;		/* enum advert_fault of that packet */
	nsec_t master_interval;		/* version 3: learned from the master; otherwise ours */
	nsec_t last_transition;		/* monotonic time */
	nsec_t last_advert_sent;	/* monotonic; 0 = none in this state */
	nsec_t next_advert;		/* master: when the next is due; NSEC_NEVER otherwise */
	nsec_t down_deadline;		/* backup: when silence becomes a takeover */
	struct vrouter_counters counters;
};

/* A VRRP group on the wire that is not configured here: the last sightings, per link and number. */
#define STRANGERS_MAX 64u

struct stranger {
	char interface[NAME_SIZE];	/* "" = unused */
	uint8_t vrid;
	uint8_t family;
	uint8_t version;
	uint8_t priority;
	struct ip source;
	struct mac mac;
	uint64_t packets;
	nsec_t last;			/* monotonic */
};

/* How late the engine did what was due; bucket i counts lateness below 10 us << i. */
#define LATENESS_BUCKETS 16u

struct lateness {
	uint64_t adverts[LATENESS_BUCKETS];	/* the last bucket has everything above, too */
	uint64_t takeovers[LATENESS_BUCKETS];
	nsec_t worst_advert;
	nsec_t worst_advert_at;		/* monotonic */
	nsec_t worst_takeover;
	nsec_t worst_takeover_at;
	uint64_t stalls;		/* pauses after which a party listened before it spoke */
};

/* What concerns the engine as a whole. */
struct engine_status {
	struct lateness lateness;
	struct stranger strangers[STRANGERS_MAX];
};

/* "MASTER", and so on; never NULL. */
const char *vrouter_state_name(enum vrouter_state state);
/* "no advertisement heard", the middle of a sentence; never NULL. */
const char *vrouter_reason_text(enum vrouter_reason reason);
/* "checksum", as in YANG; never NULL. */
const char *advert_fault_name(enum advert_fault fault);
const char *vrouter_alarm_name(enum vrouter_alarm alarm);

#endif
