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

#define STATUS_LAYOUT 1u

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
	REASON_STOPPED,			/* removed, disabled, or service stopped */
	VROUTER_REASONS,
};

/* Why a received packet was not accepted; each has a counter and a name. */
enum advert_fault {
	ADVERT_OK,
	ADVERT_LENGTH,			/* truncated, or shorter than its address count says */
	ADVERT_CHECKSUM,
	ADVERT_VERSION,			/* not the version configured */
	ADVERT_TYPE,			/* not an advertisement (type 1) */
	ADVERT_TTL,			/* not 255 */
	ADVERT_VRID,			/* no such group on this interface (counted per link) */
	ADVERT_AUTH_INVALID,		/* authentication type unknown */
	ADVERT_AUTH_MISMATCH,		/* type differs from ours */
	ADVERT_AUTH_FAILED,		/* password differs */
	ADVERT_INTERVAL,		/* version 2: differs from ours; version 3: zero */
	ADVERT_NO_ADDRESS,		/* address count 0 */
	ADVERT_DESTINATION,		/* not sent to the VRRP multicast group */
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
	char interface[NAME_SIZE];	/* with vrid: whose record this is; "" = record unused */
	uint8_t vrid;
	uint8_t state;			/* enum vrouter_state */
	uint8_t reason;			/* enum vrouter_reason of the last transition */
	bool lingering;			/* backup that forwards until a master is heard */
	uint8_t effective_priority;
	uint8_t master_priority;	/* of the last accepted advertisement, as backup */
	bool link_usable;
	uint8_t family;			/* of the virtual addresses */
	uint32_t alarms;		/* 1 << enum vrouter_alarm */
	struct ip source;		/* our advertisements' source address */
	struct ip master_source;	/* of the master last heard; family 0 = none */
	struct mac master_mac;
	struct ip offender;		/* source of the last packet not accepted */
	struct mac offender_mac;
	uint8_t last_fault;		/* enum advert_fault of that packet */
	nsec_t last_transition;		/* monotonic time */
	nsec_t last_advert_sent;	/* monotonic; 0 = none in this state */
	nsec_t next_advert;		/* master: when the next is due; NSEC_NEVER otherwise */
	nsec_t down_deadline;		/* backup: when silence becomes a takeover */
	struct vrouter_counters counters;
};

/* "MASTER", and so on; never NULL. */
const char *vrouter_state_name(enum vrouter_state state);
/* "no advertisement heard", the middle of a sentence; never NULL. */
const char *vrouter_reason_text(enum vrouter_reason reason);
/* "checksum", as in YANG; never NULL. */
const char *advert_fault_name(enum advert_fault fault);
const char *vrouter_alarm_name(enum vrouter_alarm alarm);

#endif
