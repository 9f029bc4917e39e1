/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small worlds, tried whole: every sequence of a few events over one party of two members, and
 * every course of a few seconds of two routers on two segments.  What must hold after every call
 * is checked by the rig; what must come true in the end is checked here.
 *
 * test_world [EVENTS [SECONDS]] tries longer ones.
 */
#include "rig.h"

#include <stdlib.h>
#include <string.h>

#define DOWN (3609375 * NSEC_PER_USEC)

static unsigned events_deep = 6;
static unsigned seconds_deep = 5;

static const struct rig_group pair[] = {
	{ .interface = "eth0", .sync = "S" },
	{ .interface = "eth1", .sync = "S" },
};

/* ---- one party ------------------------------------------------------------------------------ */

enum happening { STRONGER, WEAKER, RESIGNED, LINK, SILENCE, MOMENT, RESET, STALL, HAPPENINGS };

static void
happen(struct rig *rig, enum happening happening, bool *link_up)
{
	switch (happening) {
	case STRONGER:
		rig_hear(rig, 0, 200);
		break;
	case WEAKER:
		rig_hear(rig, 1, 50);
		break;
	case RESIGNED:
		rig_hear(rig, 1, 0);
		break;
	case LINK:
		*link_up = !*link_up;
		rig_link(rig, 0, *link_up);
		break;
	case SILENCE:
		rig_run(rig, DOWN);
		break;
	case MOMENT:
		rig_run(rig, 150 * MSEC);
		break;
	case RESET:
		(void)engine_reset_master(rig->engine, 0, rig->now, &rig->out);
		rig_carry_out(rig);
		break;
	case STALL:
		rig_wake(rig, rig->now + 10 * SEC);
		break;
	case HAPPENINGS:
		break;
	}
}

static unsigned
power(unsigned base, unsigned exponent)
{
	return exponent == 0 ? 1 : base * power(base, exponent - 1);
}

/* After anything, silence makes us master, and a stronger master backup without addresses. */
static void
test_after_any_events_silence_makes_master_and_strength_backup(void **state UNUSED)
{
	for (unsigned path = 0; path < power(HAPPENINGS, events_deep); path++) {
		bool link_up = true;
		struct rig rig;

		rig_start(&rig, pair, 2);
		for (unsigned i = 0, rest = path; i < events_deep; i++, rest /= HAPPENINGS)
			happen(&rig, rest % HAPPENINGS, &link_up);
		rig_link(&rig, 0, true);
		rig_run(&rig, DOWN);
		assert_state(&rig, 0, VROUTER_MASTER);
		rig_hear(&rig, 1, 200);
		assert_state(&rig, 0, VROUTER_BACKUP);
		assert_false(rig.held[0] || rig.held[1]);
		assert_int_equal(rig_count(&rig, EFFECT_TAKE_ADDRESSES, 0) > 0, true);
		rig_done(&rig);
	}
}

/* ---- two routers ---------------------------------------------------------------------------- */

enum course { FINE, CUT_ONE, CUT_BOTH, ONE_WAY, FROZEN, LINK_DOWN, COURSES };

#define WAITING 256u

struct waiting {
	struct rig *to;
	uint32_t link;
	nsec_t arrival;
	size_t length;
	uint8_t bytes[ADVERT_FRAME_MAX];
};

static struct world {
	struct rig first, second;	/* priority 200 and 100 */
	enum course course;
	struct waiting waiting[WAITING];
	size_t count;
} world;

static bool
is_lost(const struct rig *from, uint32_t link)
{
	switch (world.course) {
	case CUT_ONE:
		return link == 0;
	case CUT_BOTH:
		return true;
	case ONE_WAY:
		return from == &world.first;
	case LINK_DOWN:
		return link == 1;
	case FINE:
	case FROZEN:
	case COURSES:
		break;
	}
	return false;
}

static void
wire(struct rig *from, uint32_t link, struct frame frame)
{
	struct waiting *w = &world.waiting[world.count];

	if (is_lost(from, link))
		return;
	assert_true(world.count < WAITING);
	*w = (struct waiting){
		.to = from == &world.first ? &world.second : &world.first,
		.link = link, .arrival = from->now, .length = frame.length,
	};
	memcpy(w->bytes, frame.bytes, frame.length);
	world.count++;
}

/* Hand in all that waits for this router, in order, then let it act. */
static void
turn(struct rig *rig, nsec_t now)
{
	size_t left = 0;

	rig->now = now;
	engine_on_time(rig->engine, now, 0, &rig->out);
	rig_carry_out(rig);
	for (size_t i = 0; i < world.count; i++) {
		struct waiting w = world.waiting[i];

		if (w.to == rig)
			rig_hear_bytes_late(rig, w.link, w.bytes, w.length, w.arrival);
		else
			world.waiting[left++] = w;
	}
	/* What was sent in answer stands behind; none of it is for the sender. */
	world.count = left;
	rig_wake(rig, now);
	rig_forget(rig);
}

static void
run_world(nsec_t until)
{
	nsec_t now = world.second.now;

	while (now < until) {
		nsec_t tick = engine_tick(world.second.engine);
		nsec_t next = nsec_min(engine_deadline(world.second.engine), now + tick);

		if (world.course != FROZEN)
			next = nsec_min(next, engine_deadline(world.first.engine));
		now = nsec_min(until, nsec_max(next, now + 1));
		if (world.course != FROZEN)
			turn(&world.first, now);
		turn(&world.second, now);
		if (world.course != FROZEN)
			turn(&world.first, now);
	}
}

static void
start_world(bool preempt)
{
	const struct rig_group strong[] = {
		{ .interface = "eth0", .sync = "S", .priority = 200, .no_preempt = !preempt },
		{ .interface = "eth1", .sync = "S", .priority = 200, .no_preempt = !preempt },
	};

	world.count = 0;
	world.course = FINE;
	for (unsigned i = 0; i < 2; i++) {
		struct rig *rig = i == 0 ? &world.first : &world.second;

		rig_init(rig);
		rig->host = (uint8_t)(10 + i);
		rig->on_send = wire;
		rig_adopt(rig, i == 0 ? strong : pair, 2);
		rig_link(rig, 0, true);
		rig_link(rig, 1, true);
	}
	run_world(RIG_BEGIN + 4 * SEC);
	assert_state(&world.first, 0, VROUTER_MASTER);
	assert_state(&world.second, 0, VROUTER_BACKUP);
}

static void
follow(enum course course)
{
	bool was_down = world.course == LINK_DOWN;

	world.course = course;
	if (course == LINK_DOWN && !was_down && world.first.now == world.second.now)
		rig_link(&world.first, 1, false);
	if (course != LINK_DOWN && was_down)
		rig_link(&world.first, 1, true);
	run_world(world.second.now + 1200 * MSEC);
}

static unsigned
masters(void)
{
	return (rig_status(&world.first, 0)->state == VROUTER_MASTER) +
	       (rig_status(&world.second, 0)->state == VROUTER_MASTER);
}

/*
 * Whatever went wrong: 1.2 s after all is well again there are no two masters any more, after two
 * down intervals there is one, and with preempt it is the stronger.
 */
static void
test_after_any_course_exactly_one_router_is_master(void **state UNUSED)
{
	for (unsigned path = 0; path < 2 * power(COURSES, seconds_deep); path++) {
		bool preempt = path % 2 == 0;
		nsec_t healed;

		start_world(preempt);
		for (unsigned i = 0, rest = path / 2; i < seconds_deep; i++, rest /= COURSES)
			follow(rest % COURSES);
		follow(FINE);
		healed = world.second.now;
		while (world.second.now < healed + 9 * SEC) {
			run_world(world.second.now + 200 * MSEC);
			assert_true(masters() <= 1);
		}
		assert_int_equal(masters(), 1);
		if (preempt)
			assert_state(&world.first, 0, VROUTER_MASTER);
		assert_int_not_equal(world.first.held[0], world.second.held[0]);
		assert_int_not_equal(world.first.held[1], world.second.held[1]);
		rig_done(&world.first);
		rig_done(&world.second);
	}
}

/* While the routers hear each other on any segment, there are never two masters at one time. */
static void
test_one_cut_segment_never_makes_two_masters(void **state UNUSED)
{
	start_world(true);
	for (int i = 0; i < 20; i++) {
		follow(CUT_ONE);
		assert_state(&world.first, 0, VROUTER_MASTER);
		assert_state(&world.second, 0, VROUTER_BACKUP);
	}
	rig_done(&world.first);
	rig_done(&world.second);
}

/* The stronger router hands over; nobody holds nothing in between, and at last only one holds. */
static void
test_reset_hands_over_without_a_gap(void **state UNUSED)
{
	nsec_t begin;

	start_world(false);
	begin = world.second.now;
	assert_int_equal(engine_reset_master(world.first.engine, 0, world.first.now,
	                                     &world.first.out), ENGINE_DONE);
	rig_carry_out(&world.first);
	while (world.second.now < begin + 2 * SEC) {
		run_world(world.second.now + MSEC);
		assert_true(world.first.held[0] || world.second.held[0]);
	}
	assert_state(&world.first, 0, VROUTER_BACKUP);
	assert_state(&world.second, 0, VROUTER_MASTER);
	assert_false(world.first.held[0]);
	rig_done(&world.first);
	rig_done(&world.second);
}

int
main(int count, char **arguments)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_after_any_events_silence_makes_master_and_strength_backup),
		cmocka_unit_test(test_after_any_course_exactly_one_router_is_master),
		cmocka_unit_test(test_one_cut_segment_never_makes_two_masters),
		cmocka_unit_test(test_reset_hands_over_without_a_gap),
	};

	if (count > 1)
		events_deep = (unsigned)atoi(arguments[1]);
	if (count > 2)
		seconds_deep = (unsigned)atoi(arguments[2]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
