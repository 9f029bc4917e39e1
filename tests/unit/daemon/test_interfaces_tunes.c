/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunes, speeds and addresses that are made, against the real kernel.  Needs root (skipped
 * otherwise).
 */
#include "native.h"

#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "system/ethtool.h"

#define CONF4 "/proc/sys/net/ipv4/conf/"
#define CONF6 "/proc/sys/net/ipv6/conf/"

static struct settings *
port_settings(const char *name)
{
	struct settings *s = settings_new(&(struct settings_counts){ .links = 1, .addresses = 2 });

	assert_non_null(s);
	native_init_link(settings_links(s), name, LINK_DATAPLANE);
	settings_links(s)->address_count = 1;
	native_put_address(s, 0, "10.0.0.2/24");
	native_put_address(s, 1, "2001:db8:7::/64");
	return s;
}

static void
tune(struct settings *s, enum tune tune, uint8_t value)
{
	settings_links(s)->tunes.set |= 1u << tune;
	settings_links(s)->tunes.values[tune] = value;
}

static struct settings *
tuned_settings(void)
{
	static const uint8_t values[TUNES] = {
		[TUNE_PROXY_ARP] = 1, [TUNE_ARP_ACCEPT] = 1, [TUNE_ARP_DROP] = 1,
		[TUNE_ARP_NOTIFY] = 1, [TUNE_RP_FILTER] = 2, [TUNE_LOG_MARTIANS] = 1,
		[TUNE_ACCEPT_RA] = 2, [TUNE_DAD_TRANSMITS] = 3,
	};
	struct settings *s = port_settings("va");

	for (enum tune t = 0; t < TUNES; t++)
		tune(s, t, values[t]);
	return s;
}

static void
put(const char *path, int value)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fprintf(file, "%d", value);
	assert_int_equal(fclose(file), 0);
}

#define FILES 13

static const char *const files[FILES] = {
	CONF4 "va/forwarding", CONF4 "va/proxy_arp", CONF4 "va/arp_accept",
	CONF4 "va/drop_gratuitous_arp", CONF4 "va/arp_notify", CONF4 "va/rp_filter",
	CONF4 "va/log_martians", CONF4 "va/ignore_routes_with_linkdown",
	CONF6 "va/ignore_routes_with_linkdown", CONF6 "va/accept_ra", CONF6 "va/autoconf",
	CONF6 "va/disable_ipv6", CONF6 "va/dad_transmits",
};

static void
read_files(int values[FILES])
{
	for (size_t i = 0; i < FILES; i++) {
		FILE *file = fopen(files[i], "r");

		assert_non_null(file);
		assert_int_equal(fscanf(file, "%d", &values[i]), 1);
		fclose(file);
	}
}

static void
test_every_tune_is_set_and_restored_by_a_successor(void **state)
{
	static const int wanted[FILES] = { 0, 1, 1, 1, 1, 2, 1, 0, 0, 2, 0, 0, 3 };
	struct native *rig = *state;
	struct settings *tuned = tuned_settings();
	struct settings *plain = port_settings("va");
	int before[FILES], now[FILES];

	put(CONF4 "va/forwarding", 1);
	put(CONF4 "va/ignore_routes_with_linkdown", 1);
	native_rest(rig);
	read_files(before);
	native_adopt(rig, tuned, NULL);
	assert_string_equal(rig->problems, "");
	read_files(now);
	assert_memory_equal(now, wanted, sizeof(now));
	native_rest(rig);
	native_adopt(rig, tuned, NULL);
	assert_int_equal(native_changes(rig), 0);
	/* As if it had been killed. */
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, tuned, NULL);
	native_adopt(rig, plain, NULL);
	read_files(now);
	assert_memory_equal(now, before, sizeof(now));
	free(tuned);
	free(plain);
}

static unsigned storings;

/* Long enough for a thread that was told already. */
static void
see_what_it_was(void)
{
	usleep(50000);
	if (storings++ == 0)
		assert_false(native_shows("7", "cat " CONF6 "va/dad_transmits"));
}

static void
test_original_is_kept_before_anything_is_changed(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("va");

	tune(s, TUNE_DAD_TRANSMITS, 7);
	storings = 0;
	rig->before_storing = see_what_it_was;
	native_adopt(rig, s, NULL);
	rig->before_storing = NULL;
	assert_true(storings > 0);
	assert_true(native_shows("7", "cat " CONF6 "va/dad_transmits"));
	free(s);
}

static void
test_tune_changed_by_hand_comes_back(void **state)
{
	struct native *rig = *state;
	struct settings *s = tuned_settings();
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });

	native_adopt(rig, s, NULL);
	/* Of these the kernel tells. */
	put(CONF4 "va/rp_filter", 1);
	put(CONF4 "va/forwarding", 1);
	put(CONF6 "va/ignore_routes_with_linkdown", 1);
	wait_for(rig, native_shows("2", "cat " CONF4 "va/rp_filter"));
	wait_for(rig, native_shows("0", "cat " CONF4 "va/forwarding"));
	wait_for(rig, native_shows("0", "cat " CONF6 "va/ignore_routes_with_linkdown"));
	/* And others are seen at the next look. */
	put(CONF6 "va/dad_transmits", 7);
	put(CONF4 "va/log_martians", 0);
	native_adopt(rig, s, NULL);
	native_rest(rig);
	assert_true(native_shows("7", "cat " CONF6 "va/dad_transmits"));	/* which is later */
	wait_for(rig, native_shows("3", "cat " CONF6 "va/dad_transmits"));
	wait_for(rig, native_shows("1", "cat " CONF4 "va/log_martians"));
	native_adopt(rig, empty, NULL);
	assert_true(native_shows("0", "cat " CONF4 "va/rp_filter"));
	assert_true(native_shows("1", "cat " CONF6 "va/dad_transmits"));
	free(s);
	free(empty);
}

static void
test_link_that_appears_later_is_tuned(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("vnew");

	tune(s, TUNE_RP_FILTER, 1);
	tune(s, TUNE_DISABLE_IPV6, 1);
	native_adopt(rig, s, NULL);
	run("ip link add vnew type veth peer name vold");
	wait_for(rig, native_shows("1", "cat " CONF4 "vnew/rp_filter"));
	wait_for(rig, native_shows("1", "cat " CONF6 "vnew/disable_ipv6"));
	free(s);
}

static void
test_higher_number_for_all_links_is_told(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("va");

	tune(s, TUNE_RP_FILTER, 1);
	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	put(CONF4 "all/rp_filter", 2);
	wait_for(rig, strstr(rig->problems, "va: rpf-check is loose in effect") != NULL);
	put(CONF4 "all/rp_filter", 0);
	wait_for(rig, rig->problems[0] == '\0');
	/* It is known from the start, too. */
	put(CONF4 "all/rp_filter", 2);
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, s, NULL);
	wait_for(rig, strstr(rig->problems, "va: rpf-check is loose in effect") != NULL);
	free(s);
}

static void
test_new_address_is_announced(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("va");

	run("nsenter --net=/proc/%d/ns/net sh -c 'echo 1 >" CONF4 "vb/arp_accept'", rig->peer);
	run("ip link set va up");
	settings_links(s)->announcements = 2;
	native_adopt(rig, s, NULL);
	wait_for(rig, native_shows("10.0.0.2", "nsenter --net=/proc/%d/ns/net ip neigh show dev vb",
	                           rig->peer));
	free(s);
}

static void
test_eui64_address_comes_and_goes(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("va");
	struct settings *plain = port_settings("va");

	run("ip link set va address 02:00:00:12:34:56");
	settings_links(s)->eui64_count = 1;
	native_adopt(rig, s, NULL);
	wait_for(rig, native_shows("2001:db8:7::ff:fe12:3456/64", "ip addr show va"));
	run("ip link set va address 02:00:00:12:34:57");
	wait_for(rig, native_shows("2001:db8:7::ff:fe12:3457/64", "ip addr show va") &&
	              !native_shows("2001:db8:7::ff:fe12:3456/64", "ip addr show va"));
	native_adopt(rig, plain, NULL);
	assert_false(native_shows("2001:db8:7::", "ip addr show va"));
	free(s);
	free(plain);
}

static void
test_speed_is_set_and_restored(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("tap0");
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });
	struct ifworld_port before, port;

	if (native_try("ip tuntap add tap0 mode tap") != 0)
		skip();
	assert_int_equal(ethtool_read("tap0", &before), 0);
	settings_links(s)->port = (struct port_settings){ PORT_FIXED, true, 100 };
	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	assert_int_equal(ethtool_read("tap0", &port), 0);
	assert_int_equal(port.speed, 100);
	assert_true(port.half);
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, empty, NULL);
	assert_int_equal(ethtool_read("tap0", &port), 0);
	assert_int_equal(port.speed, before.speed);
	assert_int_equal(port.half, before.half);
	assert_int_equal(port.negotiated, before.negotiated);
	free(s);
	free(empty);
}

static void
test_refused_speed_names_port_and_value(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings("va");

	settings_links(s)->port = (struct port_settings){ PORT_FIXED, false, 1000 };
	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "va: cannot set speed 1000 Mbit/s, duplex full: "
	                    "Operation not supported (this kernel or driver cannot do that; "
	                    "delete the setting)");
	/* All else is in effect. */
	assert_true(native_shows("10.0.0.2/24", "ip addr show va"));
	free(s);
}

int
main(void)
{
#define NATIVE_TEST(function) \
	cmocka_unit_test_setup_teardown(function, native_set_up, native_tear_down)
	const struct CMUnitTest tests[] = {
		NATIVE_TEST(test_every_tune_is_set_and_restored_by_a_successor),
		NATIVE_TEST(test_original_is_kept_before_anything_is_changed),
		NATIVE_TEST(test_tune_changed_by_hand_comes_back),
		NATIVE_TEST(test_link_that_appears_later_is_tuned),
		NATIVE_TEST(test_higher_number_for_all_links_is_told),
		NATIVE_TEST(test_new_address_is_announced),
		NATIVE_TEST(test_eui64_address_comes_and_goes),
		NATIVE_TEST(test_speed_is_set_and_restored),
		NATIVE_TEST(test_refused_speed_names_port_and_value),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	cmocka_set_test_filter(getenv("TANDEM_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
