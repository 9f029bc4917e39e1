/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A router on a test bench: an engine, its clock, and a peer made of single packets.  Everything
 * goes through engine.h.  After each call the rig carries out the effects and checks what must
 * hold always: addresses are taken and dropped in turn, held exactly while master or lingering,
 * and the members of a sync group agree.
 */
#ifndef TANDEM_TEST_RIG_H
#define TANDEM_TEST_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/advert.h"
#include "core/engine.h"

#define RIG_EFFECTS 4096u
#define RIG_GROUPS 8u
#define SEC NSEC_PER_SEC
#define MSEC NSEC_PER_MSEC
#define RIG_BEGIN (1000 * SEC)

/* One thing that a group tracks; the objects of a rig are numbered in order of first mention. */
struct rig_track {
	const char *object;		/* NULL = none */
	int weight;
	nsec_t up_delay;
	nsec_t down_delay;
};

/*
 * What is left out: VRID 1, version 2, priority 100, interval 1 s, preempt, address
 * 10.0.<link>.1/24; of family 6: version 3, addresses fe80::<vrid> and 2001:db8::<vrid>.
 */
struct rig_group {
	const char *interface;
	const char *sync;		/* NULL = in none */
	uint8_t vrid;
	uint8_t version;
	uint8_t family;
	uint8_t priority;
	bool no_preempt;
	bool rfc;
	nsec_t interval;
	nsec_t preempt_delay;
	nsec_t start_delay;
	const char *password;
	uint8_t auth;			/* with a password; 0 = AUTH_TEXT */
	const char *hello_source;
	const char *address[3];
	const char *excluded;
	const char *peer[3];
	uint8_t minimum_ttl;		/* of its peers; 0 = 255 */
	struct rig_track track[3];
	nsec_t router_interval;		/* of router advertisements; 0 = none */
	void (*adjust)(struct group_settings *group);	/* what else shall be other */
};

struct rig {
	struct settings *settings;
	struct engine *engine;
	struct effect list[RIG_EFFECTS];
	struct effects out;
	size_t carried_out;
	nsec_t now;
	bool held[RIG_GROUPS];		/* by the kernel, if it did what it was told */
	int send_error;
	uint8_t host;			/* last byte of our address and MAC, 1 unless changed */
	/* Called for each frame sent, when not NULL. */
	void (*on_send)(struct rig *rig, uint32_t link, struct frame frame);
};

struct settings *rig_settings(const struct rig_group *groups, size_t count);

void rig_init(struct rig *rig);
/* Adopt, as the daemon does it: prepare, retire, adopt. */
void rig_adopt(struct rig *rig, const struct rig_group *groups, size_t count);
/* init, adopt, all links usable: the engine listens as backup. */
void rig_start(struct rig *rig, const struct rig_group *groups, size_t count);
/* start, and wait until it is master of all; effects are forgotten. */
void rig_start_master(struct rig *rig, const struct rig_group *groups, size_t count);
void rig_done(struct rig *rig);

void rig_link(struct rig *rig, uint32_t link, bool usable);
struct link_input rig_link_input(const struct rig *rig, bool usable);

/*
 * A peer's advert for the group, right in everything, with this priority, from 192.0.2.2, fe80::2,
 * or its first unicast peer.
 */
struct advert rig_advert(const struct rig *rig, uint32_t group, uint8_t priority);
void rig_hear(struct rig *rig, uint32_t group, uint8_t priority);
void rig_hear_late(struct rig *rig, uint32_t group, uint8_t priority, nsec_t arrival);
/* From this address instead: the last byte. */
void rig_hear_from(struct rig *rig, uint32_t group, uint8_t priority, uint8_t host);
void rig_hear_advert(struct rig *rig, uint32_t group, const struct advert *ad);
void rig_hear_bytes(struct rig *rig, uint32_t link, const uint8_t *bytes, size_t length);
void rig_hear_bytes_late(struct rig *rig, uint32_t link, const uint8_t *bytes, size_t length,
                         nsec_t arrival);

/* Let time pass, with a call at each deadline and at least every tick. */
void rig_run(struct rig *rig, nsec_t duration);
void rig_run_until(struct rig *rig, nsec_t until);
/* One call at this time, and none before it. */
void rig_wake(struct rig *rig, nsec_t now);

/* Carry out what the engine emitted since the last call; every rig_ function does so. */
void rig_carry_out(struct rig *rig);
void rig_forget(struct rig *rig);

void rig_track(struct rig *rig, uint32_t object, bool up);
void rig_owner(struct rig *rig, uint32_t group, bool owner);
/* Packet number index of the group's advertisement, read as a peer reads it. */
struct advert rig_sent(struct rig *rig, uint32_t group, bool resign, uint32_t index);

/* Effects of this kind since rig_forget(); RIG_GROUPS stands for any group. */
size_t rig_count(const struct rig *rig, enum effect_kind kind, uint32_t group);
size_t rig_resigned(const struct rig *rig, uint32_t group);
const struct effect *rig_last(const struct rig *rig, enum effect_kind kind, uint32_t group);
const struct vrouter_status *rig_status(const struct rig *rig, uint32_t group);

#define assert_alarm(rig, group, alarm, raised) \
	assert_int_equal(rig_status(rig, group)->alarms >> (alarm) & 1, raised)
#define assert_state(rig, group, wanted) \
	assert_string_equal(vrouter_state_name(rig_status(rig, group)->state), \
	                    vrouter_state_name(wanted))
#define assert_reason(rig, group, wanted) \
	assert_string_equal(vrouter_reason_text(rig_status(rig, group)->reason), \
	                    vrouter_reason_text(wanted))

#endif
