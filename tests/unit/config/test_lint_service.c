/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about connsync, health checks and path monitors.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define SYNC "set service connsync failover-mechanism vrrp sync-group S\n"
#define INTERFACE "set service connsync interface dp0bond0\n"
#define PEER "set service connsync remote-peer "

static void
test_l22_connsync_reaches_the_other_router(void **state)
{
	(void)state;
	sample_expect(SOUND SYNC INTERFACE PEER "10.0.9.3",
	              "W line 7: service connsync remote-peer '10.0.9.3': is in no network of "
	              "dp0bond0", "[L22]");
	sample_expect_none(SOUND SYNC INTERFACE PEER "fe80::3", "[L22]");
	sample_expect_none(SOUND SYNC INTERFACE PEER "2001:db8::3", "[L22]");
	sample_expect_none(SYNC "set interfaces dataplane eth0\n"
	                   "set service connsync interface eth0\n" PEER "10.0.9.3", "[L22]");
}

static void
test_l6_a_group_that_does_not_run_follows_nothing(void **state)
{
	(void)state;
	sample_expect(SOUND SYNC INTERFACE PEER "10.0.0.3\n"
	              "set " GROUP " sync-group T\n"
	              "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	              "set " VIF " vrrp vrrp-group 2 sync-group S",
	              "W line 6: service connsync interface 'dp0bond0': its VRRP group 1 is in "
	              "sync group T, connsync follows S", "[L6]");
	sample_expect_none(SOUND SYNC INTERFACE PEER "10.0.0.3\n"
	                   "set " GROUP " sync-group T\nset " GROUP " disable\n"
	                   "set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
	                   "set " VIF " vrrp vrrp-group 2 sync-group S", "[L6]");
}

static void
test_l24_health_checks_are_tracked(void **state)
{
	const char *check = "set service health-check script up command /bin/true\n"
		"set service health-check file ready path /run/ready\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), SOUND "%sset " GROUP " track script up\n", check);
	sample_expect(text, "W line 6: service health-check file ready: no group tracks this",
	              "vrrp-group track file ready, or delete it [L24]");
	sample_expect_none(text, "health-check script");
	snprintf(text, sizeof(text), SOUND "%sset " GROUP " track script up\n"
	         "set " GROUP " track file ready", check);
	sample_expect_none(text, "W ");
}

static void
test_l25_path_monitors_probe_others(void **state)
{
	(void)state;
	sample_expect(SOUND "set service path-monitor host a target 10.0.0.2",
	              "W line 5: service path-monitor host a target '10.0.0.2': is an address of "
	              "this router", "[L25]");
	sample_expect(SOUND "set service path-monitor host a target 10.0.0.1",
	              "W line 5: service path-monitor host a target '10.0.0.1': is a virtual "
	              "address of this router", "[L25]");
	sample_expect_none(SOUND "set service path-monitor host a target 10.0.0.3", "W ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_l22_connsync_reaches_the_other_router),
		cmocka_unit_test(test_l6_a_group_that_does_not_run_follows_nothing),
		cmocka_unit_test(test_l24_health_checks_are_tracked),
		cmocka_unit_test(test_l25_path_monitors_probe_others),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
