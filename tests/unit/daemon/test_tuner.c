/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders to drivers, with the test as driver: ethtool.h is what stands here.  Those of "hang*" do
 * not come back before they are released.  Needs root for its sockets (skipped otherwise).
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "daemon/tuner.h"
#include "system/clock.h"
#include "system/ethtool.h"

#define DONE_MAX 8u
#define ENOUGH (20 * NSEC_PER_SEC)	/* for what takes no time, on a machine that stalls */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool released;
static const char *released_one = "";
static unsigned inside;			/* drivers that are asked now */

static struct tuner *tuner;
static struct {
	char name[NAME_SIZE];
	int result;
	nsec_t when;
} done[DONE_MAX];
static unsigned done_count;

static int
ask(const char *link)
{
	pthread_mutex_lock(&lock);
	inside++;
	while (strncmp(link, "hang", 4) == 0 && !released && strcmp(link, released_one) != 0)
		pthread_cond_wait(&changed, &lock);
	inside--;
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&lock);
	return 0;
}

int
ethtool_read(const char *link, struct ifworld_port *ret)
{
	*ret = (struct ifworld_port){ .known = true, .speed = 1000 };
	return ask(link);
}

int
ethtool_set(const char *link, const struct ifworld_port *port UNUSED)
{
	return ask(link);
}

static void
on_done(void *owner, const struct ifstep *step, uint64_t epoch, int result,
        const struct ifworld_port *port UNUSED)
{
	(void)owner;
	assert_true(done_count < DONE_MAX && epoch == 7);
	memcpy(done[done_count].name, step->name, NAME_SIZE);
	done[done_count].result = result;
	done[done_count++].when = clock_now();
}

static void
put_only(const char *link)
{
	struct ifstep step = { .kind = IFSTEP_SET_PORT };

	strcpy(step.name, link);
	tuner_put(tuner, &step, 7);
}

static void
put(const char *link)
{
	put_only(link);
	tuner_push(tuner);
}

/* Let the loop turn until so many orders were told of, or this time is over. */
static void
wait_for_done(unsigned count, nsec_t patience)
{
	nsec_t end = clock_now() + patience;

	while (done_count < count && clock_now() < end) {
		struct pollfd ready = { .fd = tuner_descriptor(tuner), .events = POLLIN };

		if (poll(&ready, 1, 50) == 1)
			tuner_collect(tuner);
	}
	assert_int_equal(done_count, count);
}

static void
expect(unsigned number, const char *name, int result)
{
	assert_string_equal(done[number].name, name);
	assert_int_equal(done[number].result, result);
}

/* Forget what was told, and let the loop turn until the link's driver, just released, takes an
 * order again: its thread may need a while to say that it is back. */
static void
wait_until_it_takes_orders(const char *link)
{
	nsec_t end = clock_now() + ENOUGH;

	do {
		struct pollfd ready = { .fd = tuner_descriptor(tuner), .events = POLLIN };

		assert_true(clock_now() < end);
		(void)poll(&ready, 1, 50);
		tuner_collect(tuner);
		done_count = 0;
		put(link);
		wait_for_done(1, ENOUGH);
	} while (done[0].result != 0);
}

static int
set_up(void **state)
{
	struct error error;

	(void)state;
	released = false;
	released_one = "";
	done_count = 0;
	if (geteuid() != 0)
		return 0;
	assert_int_equal(tuner_new(on_done, NULL, &tuner, &error), 0);
	assert_int_equal(tuner_start(tuner, &error), 0);
	return 0;
}

/* Nobody hangs any more. */
static void
release(void)
{
	pthread_mutex_lock(&lock);
	released = true;
	pthread_cond_broadcast(&changed);
	while (inside > 0)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
}

static int
tear_down(void **state)
{
	(void)state;
	release();
	tuner_free(tuner);
	tuner = NULL;
	return 0;
}

static void
test_orders_are_carried_out_in_turn(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	put("a");
	put("b");
	put("c");
	assert_false(tuner_is_idle(tuner));
	wait_for_done(3, ENOUGH);
	expect(0, "a", 0);
	expect(1, "b", 0);
	expect(2, "c", 0);
	assert_true(tuner_is_idle(tuner));
}

static void
test_order_is_begun_when_it_is_pushed(void **state)
{
	struct pollfd ready;

	(void)state;
	if (geteuid() != 0)
		skip();
	put("a");
	put_only("b");
	wait_for_done(1, ENOUGH);
	expect(0, "a", 0);
	ready = (struct pollfd){ .fd = tuner_descriptor(tuner), .events = POLLIN };
	assert_int_equal(poll(&ready, 1, 100), 0);
	assert_false(tuner_is_idle(tuner));
	tuner_push(tuner);
	wait_for_done(2, ENOUGH);
	expect(1, "b", 0);
	/* What never was pushed can be taken back. */
	put_only("c");
	tuner_cancel(tuner);
	expect(2, "c", -ECANCELED);
	assert_true(tuner_is_idle(tuner));
}

static void
test_second_driver_that_hangs_keeps_its_deadline(void **state)
{
	nsec_t begin;

	(void)state;
	if (geteuid() != 0)
		skip();
	put("hang0");
	put("hang1");
	wait_for_done(2, 2 * TUNER_PATIENCE + ENOUGH);
	/* The first is back, so that another one can take its worker. */
	pthread_mutex_lock(&lock);
	released_one = "hang0";
	pthread_cond_broadcast(&changed);
	while (inside > 1)
		pthread_cond_wait(&changed, &lock);
	pthread_mutex_unlock(&lock);
	wait_until_it_takes_orders("hang0");
	begin = clock_now();
	put("hang2");
	/* One more for the one that hangs, while this one is within its time. */
	put("hang1");
	wait_for_done(3, TUNER_PATIENCE + ENOUGH);
	expect(1, "hang2", -ETIMEDOUT);
	expect(2, "hang1", -ETIMEDOUT);
	assert_true(done[1].when - begin >= TUNER_PATIENCE);
	assert_true(tuner_is_idle(tuner));
}

static void
test_driver_that_hangs_delays_nobody_but_its_link(void **state)
{
	nsec_t begin = clock_now();

	(void)state;
	if (geteuid() != 0)
		skip();
	put("hang0");
	put("other");
	wait_for_done(2, TUNER_PATIENCE + ENOUGH);
	expect(0, "hang0", -ETIMEDOUT);
	expect(1, "other", 0);
	assert_true(done[0].when - begin >= TUNER_PATIENCE);
	assert_true(tuner_is_idle(tuner));
	/* A further order for it does not even try, and waits for nothing. */
	begin = clock_now();
	put("hang0");
	put("other");
	wait_for_done(4, ENOUGH);
	assert_true(done[3].when - begin < TUNER_PATIENCE);
	expect(2, "hang0", -ETIMEDOUT);
	expect(3, "other", 0);
	/* When it is back it is like the others; what came too late is not told. */
	release();
	wait_until_it_takes_orders("hang0");
}

static void
test_end_does_not_wait_for_a_driver_that_hangs(void **state)
{
	nsec_t begin;

	(void)state;
	if (geteuid() != 0)
		skip();
	put("hang0");
	begin = clock_now();
	tuner_free(tuner);
	tuner = NULL;
	assert_true(clock_now() - begin < ENOUGH);
	assert_int_equal(done_count, 0);
}

#define WITH_TUNER(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_TUNER(test_orders_are_carried_out_in_turn),
		WITH_TUNER(test_order_is_begun_when_it_is_pushed),
		WITH_TUNER(test_second_driver_that_hangs_keeps_its_deadline),
		WITH_TUNER(test_driver_that_hangs_delays_nobody_but_its_link),
		WITH_TUNER(test_end_does_not_wait_for_a_driver_that_hangs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
