/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words for what is true: one table an enum, the same words in log, YANG and on the screen.
 * It decides nothing.  A value out of range (a record from another process) has a name too.
 */
#include "core/status.h"

static const char *const state_names[] = {
	[VROUTER_INIT] = "INIT",
	[VROUTER_BACKUP] = "BACKUP",
	[VROUTER_MASTER] = "MASTER",
	[VROUTER_FAULT] = "FAULT",
};
_Static_assert(ARRAY_SIZE(state_names) == VROUTER_STATES, "every state has a name");

static const char *const reason_texts[] = {
	[REASON_NONE] = "no reason recorded",
	[REASON_STARTED] = "started",
	[REASON_NO_ADVERT] = "no advertisement heard",
	[REASON_PEER_RESIGNED] = "the master resigned",
	[REASON_STRONGER_MASTER] = "a stronger master was heard",
	[REASON_RESET] = "reset by the operator",
	[REASON_NOBODY_TOOK_OVER] = "no other router took over",
	[REASON_LINK_DOWN] = "its interface is down",
	[REASON_MEMBER_DOWN] = "the interface of another member of the sync group is down",
	[REASON_LINK_UP] = "all interfaces are up again",
	[REASON_NO_ADDRESS] = "its interface has no address to send from",
	[REASON_STALLED] = "this router stood still for longer than the down interval",
	[REASON_SYNC_GROUP] = "follows its sync group",
	[REASON_RESUMED] = "the engine was restarted",
	[REASON_OWNER] = "owner of the virtual addresses",
	[REASON_TRACK_DOWN] = "something it tracks is down",
	[REASON_MEMBER_TRACK_DOWN] = "something that a member of the sync group tracks is down",
	[REASON_TRACK_UP] = "all that it tracks is up again",
	[REASON_STOPPED] = "stopped",
};
_Static_assert(ARRAY_SIZE(reason_texts) == VROUTER_REASONS, "every reason has a text");

static const char *const fault_names[] = {
	[ADVERT_OK] = "none",
	[ADVERT_LENGTH] = "length",
	[ADVERT_CHECKSUM] = "checksum",
	[ADVERT_VERSION] = "version",
	[ADVERT_TYPE] = "type",
	[ADVERT_TTL] = "ttl",
	[ADVERT_VRID] = "unknown-group",
	[ADVERT_AUTH_INVALID] = "authentication-type",
	[ADVERT_AUTH_MISMATCH] = "authentication-mismatch",
	[ADVERT_AUTH_FAILED] = "authentication-failed",
	[ADVERT_REPLAY] = "authentication-replay",
	[ADVERT_INTERVAL] = "interval",
	[ADVERT_NO_ADDRESS] = "no-address",
	[ADVERT_FIRST_ADDRESS] = "first-address",
	[ADVERT_DESTINATION] = "destination",
	[ADVERT_SOURCE] = "source",
	[ADVERT_OWN] = "own-packet",
};
_Static_assert(ARRAY_SIZE(fault_names) == ADVERT_FAULTS, "every fault has a name");

static const char *const alarm_names[] = {
	[ALARM_TWO_MASTERS] = "two-masters",
	[ALARM_ADDRESS_LIST] = "address-list",
	[ALARM_VERSION] = "version",
	[ALARM_INTERVAL] = "interval",
	[ALARM_AUTH] = "authentication",
	[ALARM_LOOPED] = "looped",
	[ALARM_TRANSMIT] = "transmit",
	[ALARM_ONE_WAY] = "one-way",
	[ALARM_TWO_OWNERS] = "two-owners",
	[ALARM_CHECKSUM] = "checksum",
};
_Static_assert(ARRAY_SIZE(alarm_names) == VROUTER_ALARMS, "every alarm has a name");

static const char *
name(const char *const *names, size_t count, unsigned value)
{
	return value < count ? names[value] : "unknown";
}

const char *
vrouter_state_name(enum vrouter_state state)
{
	return name(state_names, VROUTER_STATES, state);
}

const char *
vrouter_reason_text(enum vrouter_reason reason)
{
	return name(reason_texts, VROUTER_REASONS, reason);
}

const char *
advert_fault_name(enum advert_fault fault)
{
	return name(fault_names, ADVERT_FAULTS, fault);
}

const char *
vrouter_alarm_name(enum vrouter_alarm alarm)
{
	return name(alarm_names, VROUTER_ALARMS, alarm);
}
