/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What can be tracked, and what a check or a path monitor needs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"

#define HEALTH "service health-check"
#define PATHS "service path-monitor"
/* Four lines without a problem. */
#define MONITOR \
	"set " PATHS " host far target 192.0.2.1\n" \
	"set " PATHS " policy good\n" \
	"set " PATHS " monitor isp type ping host far\n" \
	"set " PATHS " monitor isp policy good\n"

static void
test_c8_tracked_interface_must_exist(void **state)
{
	(void)state;
	sample_expect(SOUND "set " GROUP " track interface eth7",
	              "E line 5: " GROUP " track interface eth7: there is no such interface",
	              "[C8]");
	sample_expect(SOUND "set " GROUP " track-interface eth7",
	              "E line 5: " GROUP " track-interface eth7: there is no such interface",
	              "[C8]");
	sample_expect_none(SOUND "set " VIF "\nset " GROUP " track interface dp0bond0.10", "E ");
	sample_expect(SOUND "set " GROUP " track interface dp0bond0 weight value 3",
	              "E line 5: " GROUP " track interface dp0bond0 weight: type is missing", "");
	sample_expect(SOUND "set " GROUP " track interface dp0bond0 weight type increment",
	              "E line 5: " GROUP " track interface dp0bond0 weight: value is missing", "");
}

static void
test_c8_tracked_checks_must_exist(void **state)
{
	static const char *const kinds[] = { "script", "process", "file" };
	char text[1024], start[256];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		const char *leaf = i == 2 ? "path" : "command";

		snprintf(text, sizeof(text), SOUND "set " GROUP " track %s x", kinds[i]);
		snprintf(start, sizeof(start), "E line 5: " GROUP " track %s x: there is no such "
		         "%s to check; add it: set " HEALTH " %s x", kinds[i], kinds[i], kinds[i]);
		sample_expect(text, start, "[C8]");
		snprintf(text, sizeof(text), SOUND "set " GROUP " track %s x\n"
		         "set " HEALTH " %s x %s /bin/true", kinds[i], kinds[i], leaf);
		sample_expect_none(text, "E ");
		/* The same name of another kind is no help. */
		snprintf(text, sizeof(text), SOUND "set " GROUP " track %s x\n"
		         "set " HEALTH " %s x command /bin/true", kinds[i],
		         kinds[(i + 1) % 2]);
		if (i < 2)
			sample_expect(text, "E line 5: ", "[C8]");
	}
}

static void
test_c8_tracked_policies_must_be_attached(void **state)
{
	(void)state;
	sample_expect_none(MONITOR SOUND
	                   "set " GROUP " track path-monitor monitor isp policy good", "E ");
	sample_expect(MONITOR SOUND "set " GROUP " track path-monitor monitor isp policy bad",
	              "E line 9: " GROUP " track path-monitor monitor isp policy bad: the monitor "
	              "has no such policy", "[C8]");
	sample_expect(MONITOR "set " PATHS " policy bad\n" SOUND
	              "set " GROUP " track path-monitor monitor isp policy bad",
	              "E line 10: ", "attach it: set " PATHS " monitor isp policy bad [C8]");
	sample_expect(MONITOR SOUND "set " GROUP " track path-monitor monitor other policy good",
	              "E line 9: " GROUP " track path-monitor monitor other: there is no such path "
	              "monitor", "[C8]");
	sample_expect(MONITOR SOUND "set " GROUP " track path-monitor monitor isp",
	              "E line 9: " GROUP " track path-monitor monitor isp: policy is missing",
	              "[C8]");
}

static void
test_t1_routes_are_networks(void **state)
{
	(void)state;
	sample_expect_none(SOUND "set " GROUP " track route-to 0.0.0.0/0\n"
	                   "set " GROUP " track route-to 2001:db8::/33", "E ");
	sample_expect(SOUND "set " GROUP " track route-to 10.1.2.3/8",
	              "E line 5: " GROUP " track route-to 10.1.2.3/8: 10.1.2.3/8 has bits beyond "
	              "its length; write 10.0.0.0/8", "[T1]");
	sample_expect(SOUND "set " GROUP " track route-to 2001:db8:8000::1/33",
	              "E line 5: ", "write 2001:db8:8000::/33 [T1]");
	sample_expect(SOUND "set " GROUP " track route-to 1:::/33",
	              "E line 5: ", "is not a network");
	sample_expect(SOUND "set " GROUP " track route-to 10.0.0.0",
	              "E line 5: " GROUP " track route-to '10.0.0.0': must be a network", "");
}

static void
test_t2_things_are_tracked_once(void **state)
{
	(void)state;
	sample_expect(SOUND "set interfaces dataplane eth0\nset " GROUP " track interface eth0\n"
	              "set " GROUP " track-interface eth0",
	              "E line 7: " GROUP " track-interface eth0: the group tracks this twice",
	              "[T2]");
	sample_expect(SOUND "set " GROUP " track route-to 2001:db8::/32\n"
	              "set " GROUP " track route-to 2001:DB8:0::/32",
	              "E line 6: ", "[T2]");
	sample_expect_none(SOUND "set " GROUP " track route-to 2001:db8::/32\n"
	                   "set " GROUP " track route-to 2001:db8::/33", "E ");
}

static void
test_t3_thirty_one_things_are_tracked_at_most(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs(SOUND, out);
	for (unsigned i = 0; i < 31; i++)
		fprintf(out, "set " GROUP " track route-to 10.%u.0.0/16\n", i);
	fflush(out);
	sample_expect_none(text, "E ");
	fputs("set interfaces dataplane eth0\nset " GROUP " track-interface eth0\n", out);
	fclose(out);
	sample_expect(text, "E line 5: " GROUP " track: the group tracks 32 things", "[T3]");
	free(text);
}

static void
test_h1_checks_say_what_they_check(void **state)
{
	(void)state;
	sample_expect("set " HEALTH " script x", "E line 1: " HEALTH " script x: command is "
	              "missing", "[H1]");
	sample_expect("set " HEALTH " process x", "E line 1: " HEALTH " process x: command is "
	              "missing", "[H1]");
	sample_expect("set " HEALTH " file x", "E line 1: " HEALTH " file x: path is missing",
	              "[H1]");
	sample_expect("set " PATHS " host x", "E line 1: " PATHS " host x: target is missing",
	              "[H1]");
	sample_expect("set " PATHS " host x target 192.0.2.1\nset " PATHS " host x type tcp",
	              "E line 2: " PATHS " host x type tcp: port is missing", "[H1]");
	sample_expect("set " PATHS " policy x requires type ping round-trip-time tolerance 3",
	              "E line 1: " PATHS " policy x requires type ping round-trip-time: threshold "
	              "is missing", "[H1]");
	sample_expect("set " PATHS " policy x requires type ping jitter threshold 3",
	              "E line 1: " PATHS " policy x requires type ping jitter: not supported yet",
	              "; delete it [K2]");
}

static void
test_commands_are_absolute_paths_of_ascii(void **state)
{
	static const char *const wrong[] = {
		"check", "./check", "/bin/pr\xc3\xbc" /* not ASCII */, "'/bin/a\tb'", "''",
	};
	char text[512];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), "set " HEALTH " script x command %s", wrong[i]);
		sample_expect(text, "E line 1: " HEALTH " script x command", ": must ");
	}
	sample_expect_none("set " HEALTH " script x command '/bin/sh -c true; rm $x'", "E ");
	sample_expect("set " HEALTH " script x user 'a b'",
	              "E line 1: " HEALTH " script x user 'a b': must be the name of a user", "");
	sample_expect("set " HEALTH " script x user Root", "E line 1: ", "name of a user");
	snprintf(text, sizeof(text), "set " HEALTH " script x command /%0255d", 1);
	sample_expect(text, "E line 1: ", "must have 1 to 255 characters");
	sample_expect("set " HEALTH " file x path run/ready",
	              "E line 1: ", "must be an absolute path");
	sample_expect("set " HEALTH " process x command 'a  b'",
	              "E line 1: ", "must be a command line");
}

static void
test_h2_monitor_probes_one_host(void **state)
{
	(void)state;
	sample_expect_none(MONITOR, "E ");
	sample_expect("set " PATHS " policy good\nset " PATHS " monitor isp policy good",
	              "E line 2: " PATHS " monitor isp: has nothing to probe", "[H2]");
	sample_expect(MONITOR "set " PATHS " monitor isp type tcp host far",
	              "E line 3: " PATHS " monitor isp: probes in one way only", "[H2]");
	sample_expect(MONITOR "set " PATHS " monitor isp type ping host near",
	              "E line 5: " PATHS " monitor isp type ping host 'near': there is no such "
	              "host", "[H2]");
	sample_expect("set " PATHS " policy good\nset " PATHS " monitor isp policy good\n"
	              "set " PATHS " host far target 192.0.2.1\n"
	              "set " PATHS " monitor isp type tcp host far",
	              "E line 4: " PATHS " monitor isp type tcp host 'far': the host has no port",
	              "[H2]");
	sample_expect_none("set " PATHS " policy good\nset " PATHS " monitor isp policy good\n"
	                   "set " PATHS " host far target ::1\n"
	                   "set " PATHS " host far type tcp port 80\n"
	                   "set " PATHS " monitor isp type tcp host far", "E ");
}

static void
test_h3_policies_exist_and_fit(void **state)
{
	(void)state;
	sample_expect(MONITOR "set " PATHS " monitor isp policy bad",
	              "E line 5: " PATHS " monitor isp policy bad: there is no such policy",
	              "[H3]");
	sample_expect("set " PATHS " host far target 192.0.2.1\n"
	              "set " PATHS " monitor isp type ping host far",
	              "E line 2: " PATHS " monitor isp: policy is missing", "[H3]");
	sample_expect(MONITOR "set " PATHS " policy good requires type tcp round-trip-time "
	              "threshold 5",
	              "E line 4: " PATHS " monitor isp policy good: the policy requires something "
	              "of type tcp only", "[H3]");
	sample_expect_none(MONITOR "set " PATHS " policy good requires type tcp round-trip-time "
	                   "threshold 5\n"
	                   "set " PATHS " policy good requires type ping packet-loss threshold 5",
	                   "E ");
}

static void
test_h4_addresses_of_probes(void **state)
{
	static const char *const wrong[] = { "0.0.0.0", "224.0.0.1", "255.255.255.255", "::",
		                             "ff02::1", "1:::2" };
	char text[1024];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		snprintf(text, sizeof(text), "set " PATHS " host x target %s", wrong[i]);
		sample_expect(text, "E line 1: " PATHS " host x target '", "[H4]");
	}
	sample_expect("set " PATHS " host x target 192.0.2.1\n"
	              "set " PATHS " host x type ping source-address 2001:db8::1",
	              "E line 2: " PATHS " host x type ping source-address '2001:db8::1': is of "
	              "another family", "[H4]");
	sample_expect_none("set " PATHS " host x target 192.0.2.1\n"
	                   "set " PATHS " host x type ping source-address 192.0.2.2", "E ");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_c8_tracked_interface_must_exist),
		cmocka_unit_test(test_c8_tracked_checks_must_exist),
		cmocka_unit_test(test_c8_tracked_policies_must_be_attached),
		cmocka_unit_test(test_t1_routes_are_networks),
		cmocka_unit_test(test_t2_things_are_tracked_once),
		cmocka_unit_test(test_t3_thirty_one_things_are_tracked_at_most),
		cmocka_unit_test(test_h1_checks_say_what_they_check),
		cmocka_unit_test(test_commands_are_absolute_paths_of_ascii),
		cmocka_unit_test(test_h2_monitor_probes_one_host),
		cmocka_unit_test(test_h3_policies_exist_and_fit),
		cmocka_unit_test(test_h4_addresses_of_probes),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
