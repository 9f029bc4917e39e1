/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tunes, speeds and addresses made from MACs, planned against a small kernel.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifeui.h"
#include "core/iftune.h"
#include "small_kernel.h"

/* ---- settings ---- */

enum { P1, P2, LINKS };

/* Two ports; a group with a virtual MAC on the first. */
static struct settings *
new_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = LINKS, .groups = 1, .addresses = 3 });
	struct link_settings *l = settings_links(s);

	assert_non_null(s);
	for (unsigned i = 0; i < LINKS; i++)
		l[i].parent = l[i].member_of = -1;
	strcpy(l[P1].name, "p1");
	strcpy(l[P2].name, "p2");
	l[P1].address_count = 1;
	kernel_put_address(s, 0, "10.0.0.2/24");
	kernel_put_address(s, 1, "2001:db8:7::/64");
	kernel_put_address(s, 2, "10.0.0.1/24");
	settings_groups(s)[0] = (struct group_settings){
		.sync = -1, .vrid = 1, .version = 2, .family = 4, .rfc_compatibility = true,
		.address_first = 2, .address_count = 1, .vmac_name = "p1vrrp1" };
	return s;
}

static void
tune(struct settings *s, unsigned link, enum tune tune, uint8_t value)
{
	struct tune_settings *tunes = &settings_links(s)[link].tunes;

	tunes->set |= 1u << tune;
	tunes->values[tune] = value;
}

static int16_t
now(const struct kernel *rig, const char *name, enum tune tune)
{
	return kernel_link(rig, name)->tunes[tune];
}

static void
by_hand(struct kernel *rig, const char *name, enum tune tune, int16_t value)
{
	(void)ifworld_set_tune(rig->world, kernel_link(rig, name)->index, tune, value);
}

static int
set_up(void **state)
{
	struct kernel *rig = kernel_new(new_settings());

	kernel_settle(rig);
	/* As a host has them. */
	by_hand(rig, "p1", TUNE_FORWARDING, 1);
	by_hand(rig, "p1", TUNE_ACCEPT_RA, 1);
	by_hand(rig, "p1", TUNE_DAD_TRANSMITS, 1);
	by_hand(rig, "p1vrrp1", TUNE_FORWARDING, 1);
	*state = rig;
	return 0;
}

/* ---- tunes ---- */

static void
test_nothing_configured_touches_nothing(void **state)
{
	struct kernel *rig = *state;

	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_TUNE], 0);
	assert_int_equal(rig->kinds[IFSTEP_WRITE_TUNE], 0);
	assert_int_equal(rig->kinds[IFSTEP_READ_PORT], 0);
}

static void
test_tunes_are_set_kept_and_restored(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P1, TUNE_RP_FILTER, 1);
	tune(s, P1, TUNE_ACCEPT_RA, 2);
	tune(s, P2, TUNE_DAD_TRANSMITS, 3);
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_TUNE], 1);
	assert_int_equal(rig->kinds[IFSTEP_WRITE_TUNE], 2);
	assert_int_equal(now(rig, "p1", TUNE_RP_FILTER), 1);
	assert_int_equal(now(rig, "p1", TUNE_ACCEPT_RA), 2);
	assert_int_equal(now(rig, "p1", TUNE_DAD_TRANSMITS), 1);
	assert_int_equal(now(rig, "p2", TUNE_DAD_TRANSMITS), 3);
	assert_int_equal(kernel_settle(rig), 0);
	/* What somebody changes comes back, and is not taken for the original. */
	by_hand(rig, "p1", TUNE_RP_FILTER, 2);
	assert_int_equal(kernel_settle(rig), 1);
	assert_int_equal(now(rig, "p1", TUNE_RP_FILTER), 1);
	kernel_restart(rig);
	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_int_equal(now(rig, "p1", TUNE_RP_FILTER), 0);
	assert_int_equal(now(rig, "p1", TUNE_ACCEPT_RA), 1);
	assert_int_equal(now(rig, "p2", TUNE_DAD_TRANSMITS), 0);
	/* From now on it is nobody's. */
	by_hand(rig, "p1", TUNE_RP_FILTER, 2);
	assert_int_equal(kernel_settle(rig), 0);
}

static void
test_link_that_is_no_longer_named_is_restored(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P2, TUNE_LOG_MARTIANS, 1);
	tune(s, P2, TUNE_DISABLE_IPV6, 1);
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(now(rig, "p2", TUNE_DISABLE_IPV6), 1);
	s = settings_new(&(struct settings_counts){ 0 });
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(now(rig, "p2", TUNE_LOG_MARTIANS), 0);
	assert_int_equal(now(rig, "p2", TUNE_DISABLE_IPV6), 0);
	assert_null(iforiginals_next(rig->originals, NULL));
}

static void
test_layer_that_is_not_there_is_left_alone(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	by_hand(rig, "p1", TUNE_AUTOCONF, -1);
	tune(s, P1, TUNE_AUTOCONF, 1);
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_WRITE_TUNE], 0);
}

static void
test_refused_tune_is_left_out(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P1, TUNE_PROXY_ARP, 1);
	rig->refuse = IFSTEP_SET_TUNE;
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(now(rig, "p1", TUNE_PROXY_ARP), 0);
	rig->refuse = IFSTEP_KINDS;
	kernel_settle(rig);
	assert_int_equal(now(rig, "p1", TUNE_PROXY_ARP), 1);
}

/* What is sent to the virtual MAC comes in through the virtual link; the way back does not. */
static void
test_virtual_link_forwards_as_its_parent_and_checks_loosely(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P1, TUNE_FORWARDING, 0);
	tune(s, P1, TUNE_LOG_MARTIANS, 1);
	tune(s, P1, TUNE_RP_FILTER, 1);
	tune(s, P1, TUNE_PROXY_ARP, 1);
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(now(rig, "p1vrrp1", TUNE_FORWARDING), 0);
	assert_int_equal(now(rig, "p1vrrp1", TUNE_LOG_MARTIANS), 1);
	assert_int_equal(now(rig, "p1vrrp1", TUNE_PROXY_ARP), 0);
	assert_int_equal(kernel_link(rig, "p1vrrp1")->arp.rp_filter, 2);
	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_int_equal(now(rig, "p1vrrp1", TUNE_FORWARDING), 1);
	assert_int_equal(now(rig, "p1vrrp1", TUNE_LOG_MARTIANS), 0);
	assert_int_equal(now(rig, "p1", TUNE_FORWARDING), 1);
}

static void
test_address_waits_until_ipv6_is_back(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P1, TUNE_DISABLE_IPV6, 1);
	kernel_adopt(rig, s);
	kernel_settle(rig);
	s = new_settings();
	kernel_put_address(s, 0, "2001:db8::2/64");
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_non_null(kernel_address(rig, "p1", "2001:db8::2/64"));
	assert_true(strstr(rig->log, "set ipv6 disable_ipv6 0") <
	            strstr(rig->log, "add address 2001:db8::2/64"));
}

/* Who switched IPv6 off without us is told by the kernel's refusal. */
static void
test_address_does_not_wait_for_others(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	by_hand(rig, "p1", TUNE_DISABLE_IPV6, 1);
	kernel_put_address(s, 0, "2001:db8::2/64");
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_ADD_ADDRESS], 1);
}

static bool
is_overridden(const struct kernel *rig, const struct settings *s, unsigned link, enum tune tune,
              const char *part)
{
	char text[192];
	bool is = iftune_is_overridden(&settings_links(s)[link], rig->world, tune, text,
	                               sizeof(text));

	if (is)
		assert_non_null(strstr(text, part));
	return is;
}

static void
test_higher_number_for_all_links_is_told(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	tune(s, P1, TUNE_RP_FILTER, 1);
	tune(s, P1, TUNE_IGNORE_LINKDOWN4, 0);
	assert_false(is_overridden(rig, s, P1, TUNE_RP_FILTER, ""));
	(void)ifworld_set_tune(rig->world, IFWORLD_ALL, TUNE_RP_FILTER, 1);
	assert_false(is_overridden(rig, s, P1, TUNE_RP_FILTER, ""));
	assert_false(is_overridden(rig, s, P2, TUNE_RP_FILTER, ""));
	assert_true(ifworld_set_tune(rig->world, IFWORLD_ALL, TUNE_RP_FILTER, 2));
	assert_true(is_overridden(rig, s, P1, TUNE_RP_FILTER,
	                          "rpf-check is loose in effect, not strict"));
	assert_false(is_overridden(rig, s, P1, TUNE_IGNORE_LINKDOWN4, ""));
	(void)ifworld_set_tune(rig->world, IFWORLD_ALL, TUNE_IGNORE_LINKDOWN4, 1);
	assert_true(is_overridden(rig, s, P1, TUNE_IGNORE_LINKDOWN4, "disable-link-detect"));
	free(s);
}

/* ---- ports ---- */

static struct settings *
settings_with_speed(uint32_t speed)
{
	struct settings *s = new_settings();

	settings_links(s)[P2].port = (struct port_settings){ PORT_FIXED, false, speed };
	return s;
}

static void
test_speed_is_fixed_once_and_negotiated_again(void **state)
{
	struct kernel *rig = *state;

	rig->port = (struct ifworld_port){ .negotiated = true, .speed = 1000 };
	kernel_adopt(rig, settings_with_speed(100));
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	assert_int_equal(rig->port.speed, 100);
	assert_false(rig->port.negotiated);
	kernel_restart(rig);
	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_true(rig->port.negotiated);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	assert_int_equal(kernel_settle(rig), 0);
}

/* Every set of the speed costs the port its carrier. */
static void
test_driver_that_negotiates_all_the_same_is_not_asked_again(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link link;

	rig->port = (struct ifworld_port){ .negotiated = true, .speed = 1000 };
	rig->offers = true;
	kernel_adopt(rig, settings_with_speed(1000));
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	/* The carrier goes and comes. */
	for (unsigned i = 0; i < 2; i++) {
		link = *kernel_link(rig, "p2");
		link.running = i == 1;
		rig->port.speed = i == 1 ? 1000 : 0;
		ifworld_put_link(rig->world, &link);
		kernel_settle(rig);
		assert_int_equal(rig->kinds[IFSTEP_READ_PORT], 1);
		assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 0);
	}
	/* Somebody sets another speed: the carrier tells. */
	link.running = false;
	ifworld_put_link(rig->world, &link);
	rig->port.speed = 100;
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	assert_int_equal(rig->port.speed, 1000);
}

/* A commit that comes meanwhile cancels what waits for the tuner. */
static void
test_speed_is_negotiated_again_though_a_commit_cancelled_it_once(void **state)
{
	struct kernel *rig = *state;
	struct ifplan_view view = kernel_view(rig);
	struct ifsteps steps = { 0 };

	rig->port = (struct ifworld_port){ .negotiated = true, .speed = 1000 };
	kernel_adopt(rig, settings_with_speed(100));
	kernel_settle(rig);
	kernel_adopt(rig, new_settings());
	ifplan_link(rig->plan, &view, P2, &steps);
	assert_int_equal(steps.list[0].kind, IFSTEP_SET_PORT);
	ifsteps_done(&steps);
	kernel_restart(rig);
	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_true(rig->port.negotiated);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	assert_int_equal(kernel_settle(rig), 0);
}

/* The wrong speed is why there is no carrier, and without one drivers tell no speed. */
static void
test_wrong_speed_is_corrected_without_a_carrier(void **state)
{
	struct kernel *rig = *state;
	struct ifworld_link link;

	rig->port = (struct ifworld_port){ .negotiated = true, .speed = 1000 };
	kernel_adopt(rig, settings_with_speed(10));
	kernel_settle(rig);
	link = *kernel_link(rig, "p2");
	link.running = false;
	rig->port.speed = 0;
	ifworld_put_link(rig->world, &link);
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 0);
	kernel_adopt(rig, settings_with_speed(100));
	kernel_settle(rig);
	assert_int_equal(rig->kinds[IFSTEP_SET_PORT], 1);
	assert_int_equal(rig->port.speed, 100);
}

/* ---- addresses from MACs ---- */

static void
test_eui64_is_made_as_the_rfc_says(void **state)
{
	const struct mac mac = { { 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde } };
	struct prefix network, address;
	char text[PREFIX_TEXT_SIZE];

	(void)state;
	assert_true(prefix_parse("2001:db8:0:1::/64", &network));
	address = ifeui_address(&network, &mac);
	/* The example of RFC 2464 4, with its MAC. */
	assert_string_equal(prefix_text(&address, text), "2001:db8:0:1:3656:78ff:fe9a:bcde/64");
}

static void
test_eui64_address_follows_the_mac(void **state)
{
	struct kernel *rig = *state;
	struct settings *s = new_settings();

	settings_links(s)[P1].eui64_count = 1;
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_int_equal(kernel_address(rig, "p1", "2001:db8:7::ff:fe00:1/64")->mark, MARK_REAL);
	assert_int_equal(kernel_settle(rig), 0);
	s = new_settings();
	settings_links(s)[P1].eui64_count = 1;
	settings_links(s)[P1].has_mac = true;
	settings_links(s)[P1].mac = (struct mac){ { 2, 0, 0, 0, 0, 0x77 } };
	kernel_adopt(rig, s);
	kernel_settle(rig);
	assert_null(kernel_address(rig, "p1", "2001:db8:7::ff:fe00:1/64"));
	assert_non_null(kernel_address(rig, "p1", "2001:db8:7::ff:fe00:77/64"));
	kernel_adopt(rig, new_settings());
	kernel_settle(rig);
	assert_null(kernel_address(rig, "p1", "2001:db8:7::ff:fe00:77/64"));
}

int
main(void)
{
#define TUNE_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, kernel_tear_down)
	const struct CMUnitTest tests[] = {
		TUNE_TEST(test_nothing_configured_touches_nothing),
		TUNE_TEST(test_tunes_are_set_kept_and_restored),
		TUNE_TEST(test_link_that_is_no_longer_named_is_restored),
		TUNE_TEST(test_layer_that_is_not_there_is_left_alone),
		TUNE_TEST(test_refused_tune_is_left_out),
		TUNE_TEST(test_virtual_link_forwards_as_its_parent_and_checks_loosely),
		TUNE_TEST(test_address_waits_until_ipv6_is_back),
		TUNE_TEST(test_address_does_not_wait_for_others),
		TUNE_TEST(test_higher_number_for_all_links_is_told),
		TUNE_TEST(test_speed_is_fixed_once_and_negotiated_again),
		TUNE_TEST(test_driver_that_negotiates_all_the_same_is_not_asked_again),
		TUNE_TEST(test_speed_is_negotiated_again_though_a_commit_cancelled_it_once),
		TUNE_TEST(test_wrong_speed_is_corrected_without_a_carrier),
		TUNE_TEST(test_eui64_is_made_as_the_rfc_says),
		TUNE_TEST(test_eui64_address_follows_the_mac),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
