/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Speeds of ports whose drivers are unwilling: ethtool.h is what stands here, all else is the real
 * kernel's.  Needs root (skipped otherwise).
 */
#include "native.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/ethtool.h"

static struct ifworld_port port;
static int refuses_fixed, refuses_auto;	/* negative errno */
static atomic_bool hangs;
static atomic_uint asked;		/* to change something */

int
ethtool_read(const char *link UNUSED, struct ifworld_port *ret)
{
	*ret = port;
	return 0;
}

int
ethtool_set(const char *link UNUSED, const struct ifworld_port *want)
{
	int r = want->negotiated ? refuses_auto : refuses_fixed;

	atomic_fetch_add(&asked, 1);
	while (atomic_load(&hangs))
		usleep(1000);
	if (r == 0) {
		port = *want;
		port.known = true;
	}
	return r;
}

static struct settings *
port_settings(uint8_t mode)
{
	struct settings *s = settings_new(&(struct settings_counts){ .links = 1, .addresses = 1 });

	assert_non_null(s);
	native_init_link(settings_links(s), "va", LINK_DATAPLANE);
	settings_links(s)->address_count = 1;
	native_put_address(s, 0, "10.0.0.2/24");
	settings_links(s)->port = (struct port_settings){ mode, false,
	                                                  mode == PORT_FIXED ? 100 : 0 };
	return s;
}

static int
set_up(void **state)
{
	port = (struct ifworld_port){ .known = true, .negotiated = true, .speed = 1000 };
	refuses_fixed = refuses_auto = 0;
	atomic_store(&hangs, false);
	atomic_store(&asked, 0);
	return native_set_up(state);
}

static void
test_refused_speed_is_taken_back_without_asking_again(void **state)
{
	struct native *rig = *state;
	struct settings *fixed = port_settings(PORT_FIXED), *plain = port_settings(PORT_LEFT);

	refuses_fixed = -EINVAL;
	refuses_auto = -EINVAL;
	native_adopt(rig, fixed, NULL);
	assert_non_null(strstr(rig->problems, "va: cannot set speed 100 Mbit/s"));
	assert_int_equal(atomic_load(&asked), 1);
	native_adopt(rig, plain, NULL);
	assert_string_equal(rig->problems, "");
	assert_int_equal(atomic_load(&asked), 1);
	free(fixed);
	free(plain);
}

static void
test_port_that_does_not_negotiate_again_is_a_problem_that_stays(void **state)
{
	struct native *rig = *state;
	struct settings *fixed = port_settings(PORT_FIXED), *plain = port_settings(PORT_LEFT);

	refuses_auto = -EINVAL;
	native_adopt(rig, fixed, NULL);
	assert_string_equal(rig->problems, "");
	native_adopt(rig, plain, NULL);
	assert_string_equal(rig->problems, "va: cannot set speed auto: Invalid argument (the port "
	                    "keeps the speed that it was given)");
	wait_for(rig, atomic_load(&asked) >= 3);
	assert_non_null(strstr(rig->problems, "va: cannot set speed auto"));
	refuses_auto = 0;
	wait_for(rig, rig->problems[0] == '\0');
	assert_true(port.negotiated);
	free(fixed);
	free(plain);
}

/* The commit is answered when the driver has had its time, and all else is in effect before. */
static void
test_driver_that_hangs_is_a_problem_and_no_standstill(void **state)
{
	struct native *rig = *state;
	struct settings *fixed = port_settings(PORT_FIXED);
	nsec_t begin = clock_now();

	atomic_store(&hangs, true);
	native_adopt(rig, fixed, NULL);
	assert_true(clock_now() - begin < 15 * NSEC_PER_SEC);
	/* After a while its speed cannot be read either, which is told, too. */
	assert_non_null(strstr(rig->problems, "va: cannot set speed 100 Mbit/s, duplex full: "
	                       "Connection timed out (its driver does not answer)"));
	assert_true(native_shows("10.0.0.2/24", "ip addr show va"));
	atomic_store(&hangs, false);
	wait_for(rig, rig->problems[0] == '\0');
	assert_int_equal(port.speed, 100);
	free(fixed);
}

int
main(void)
{
#define NATIVE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, set_up, native_tear_down)
	const struct CMUnitTest tests[] = {
		NATIVE_TEST(test_refused_speed_is_taken_back_without_asking_again),
		NATIVE_TEST(test_port_that_does_not_negotiate_again_is_a_problem_that_stays),
		NATIVE_TEST(test_driver_that_hangs_is_a_problem_and_no_standstill),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
