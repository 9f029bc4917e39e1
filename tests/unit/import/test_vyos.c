/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VyOS by small texts: both forms say the same, malformed ones are refused, and older words mean
 * what they meant.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "imported.h"

#define GROUP "set interfaces dataplane eth1 vrrp vrrp-group 7 "

static void
expect(const char *text, const char *set)
{
	struct imported i = imported_text(import_vyos, text);

	if (i.result < 0)
		print_error("%s", i.report);
	assert_int_equal(i.result, 0);
	assert_string_equal(i.set, set);
	assert_string_equal(i.problems, "");
	imported_done(&i);
}

static void
expect_report(const char *text, const char *part)
{
	struct imported i = imported_text(import_vyos, text);

	if (!strstr(i.report, part))
		fail_msg("expected \"%s\" in:\n%s", part, i.report);
	imported_done(&i);
}

static void
expect_fault(const char *text, const char *start)
{
	imported_expect_fault(import_vyos, text, start);
}

static void
test_braces_and_commands_say_the_same(void **state)
{
	static const char wanted[] = GROUP "priority '9'\n" GROUP "virtual-address '10.7.0.1/24'\n";

	(void)state;
	expect("high-availability {\n vrrp {\n  group A {\n   interface eth1\n   priority 9\n"
	       "   virtual-address 10.7.0.1/24 {\n   }\n   vrid 7\n  }\n }\n}\n", wanted);
	expect("set high-availability vrrp group A interface 'eth1'\n"
	       "set high-availability vrrp group A priority '9'\n"
	       "set high-availability vrrp group A address 10.7.0.1/24\n"
	       "set high-availability vrrp group A vrid '7'\n", wanted);
}

static void
test_text_that_is_malformed_is_a_fault(void **state)
{
	char deep[1024] = "set";

	(void)state;
	expect_fault("interfaces {\n ethernet eth0 {\n }\n",
	             "test.conf:1: cannot be read: the block that begins here has no end\n");
	expect_fault("a {\n}\n}\n",
	             "test.conf:3: cannot be read: '}' closes a block that was not opened\n");
	expect_fault("{\n}\n",
	             "test.conf:1: cannot be read: a block must have a name before its '{'\n");
	expect_fault("set a\ndelete b\n",
	             "test.conf:2: cannot be read: a command that is not 'set'");
	expect_fault("set a 'b\n", "test.conf:1: cannot be read: ");
	for (size_t n = 0; n < 70; n++)
		memcpy(deep + 3 + 3 * n, " ab", 4);
	expect_fault(deep, "test.conf:1: cannot be read: the line has too many words\n");
	deep[0] = '\0';
	for (size_t n = 0; n < 70; n++)
		memcpy(deep + 13 * n, "interfaces {\n", 14);
	expect_fault(deep, "test.conf:65: cannot be read: the blocks are nested too deeply\n");
}

static void
test_parts_that_are_not_read_are_named(void **state)
{
	(void)state;
	expect_report("set nat source rule 1 a b\nset nat source rule 2 a c\n"
	              "set service ssh port 22\n",
	              "test.conf:1: not needed: nat: another part of the router");
	expect_report("set service ssh port 22\n", "not needed: ssh: another service");
	expect_report("set high-availability vrrp group A surprise 1\n",
	              "test.conf:1: no equal: surprise: is no word of a group");
}

static void
test_group_without_what_it_needs_is_left_out(void **state)
{
	(void)state;
	expect("set high-availability vrrp group A vrid 7\n", "");
	expect_report("set high-availability vrrp group A vrid 7\n",
	              "test.conf:1: no equal: A: a group needs an interface; it is left out");
	expect_report("set high-availability vrrp group A interface eth1\n",
	              "a group needs a number (VRID)");
}

static void
test_version_for_all_is_that_of_each(void **state)
{
	(void)state;
	expect("set high-availability vrrp global-parameters version 3\n"
	       "set high-availability vrrp group A interface eth1\n"
	       "set high-availability vrrp group A address 10.7.0.1/24\n"
	       "set high-availability vrrp group A advertise-interval 3\n"
	       "set high-availability vrrp group A vrid 7\n",
	       GROUP "accept 'true'\n" GROUP "checksum 'rfc5798'\n"
	       GROUP "fast-advertise-interval '3000'\n" GROUP "version '3'\n"
	       GROUP "virtual-address '10.7.0.1/24'\n");
}

static void
test_disabled_availability_disables_each_group(void **state)
{
	(void)state;
	expect("set high-availability disable\n"
	       "set high-availability vrrp group A interface eth1\n"
	       "set high-availability vrrp group A address 10.7.0.1/24\n"
	       "set high-availability vrrp group A vrid 7\n",
	       GROUP "'disable'\n" GROUP "virtual-address '10.7.0.1/24'\n");
}

static void
test_group_that_ignores_its_interface_goes_on_doing_so(void **state)
{
	(void)state;
	expect("set high-availability vrrp group A interface eth1\n"
	       "set high-availability vrrp group A address 10.7.0.1/24\n"
	       "set high-availability vrrp group A track exclude-vrrp-interface\n"
	       "set high-availability vrrp group A vrid 7\n",
	       GROUP "track 'exclude-vrrp-interface'\n" GROUP "virtual-address '10.7.0.1/24'\n");
}

static void
test_other_modes_of_bonds_become_balanced(void **state)
{
	static const char text[] =
		"set interfaces bonding bond0 mode 'adaptive-load-balance'\n"
		"set interfaces bonding bond0 member interface eth1\n"
		"set interfaces bonding bond9 member interface eth9\n"
		"set high-availability vrrp group A interface bond0\n"
		"set high-availability vrrp group A address 10.7.0.1/24\n"
		"set high-availability vrrp group A vrid 7\n";

	(void)state;
	expect(text, "set interfaces bonding bond0 mode 'balanced'\n"
	       "set interfaces bonding bond0 vrrp vrrp-group 7 virtual-address '10.7.0.1/24'\n"
	       "set interfaces dataplane eth1 bond-group 'bond0'\n");
	expect_report(text, "test.conf:1: differs: bond0: of the modes of a bond");
}

static void
test_static_routes_of_all_ages_are_taken_over(void **state)
{
	static const char text[] =
		"set high-availability vrrp group A interface 'eth1'\n"
		"set high-availability vrrp group A address 10.7.0.1/24\n"
		"set high-availability vrrp group A vrid '7'\n"
		"set protocols static route 10.1.0.0/16 next-hop 10.7.0.9 distance '20'\n"
		"set protocols static route 10.1.0.0/16 next-hop 10.7.0.8 disable\n"
		"set protocols static route 10.1.0.0/16 blackhole distance '254'\n"
		"set protocols static route 10.2.0.0/16 interface tun0 distance '3'\n"
		"set protocols static route 10.3.0.0/16 reject\n"
		"set protocols static route 10.3.0.0/16 description 'none'\n"
		"set protocols static interface-route 10.4.0.0/16 next-hop-interface tun1\n"
		"set protocols static route6 ::/0 next-hop fe80::1 interface 'eth1'\n"
		"set protocols static route 10.5.0.0/16 dhcp-interface eth0\n"
		"set protocols static table 10 route 0.0.0.0/0 next-hop 10.7.0.9\n"
		"set protocols bgp local-as 65000\n";

	(void)state;
	expect(text, GROUP "virtual-address '10.7.0.1/24'\n"
	       "set protocols static interface-route 10.2.0.0/16 next-hop-interface tun0 distance "
	       "'3'\n"
	       "set protocols static interface-route 10.4.0.0/16 next-hop-interface 'tun1'\n"
	       "set protocols static route 10.1.0.0/16 blackhole distance '254'\n"
	       "set protocols static route 10.1.0.0/16 next-hop 10.7.0.8 'disable'\n"
	       "set protocols static route 10.1.0.0/16 next-hop 10.7.0.9 distance '20'\n"
	       "set protocols static route 10.3.0.0/16 'unreachable'\n"
	       "set protocols static route6 ::/0 next-hop fe80::1 interface 'eth1'\n");
	expect_report(text, "no equal: dhcp-interface: a static route has no such way");
	expect_report(text, "no equal: table: static routes are those of the main table");
	expect_report(text, "not needed: bgp: another protocol, which is not looked at");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_braces_and_commands_say_the_same),
		cmocka_unit_test(test_text_that_is_malformed_is_a_fault),
		cmocka_unit_test(test_parts_that_are_not_read_are_named),
		cmocka_unit_test(test_group_without_what_it_needs_is_left_out),
		cmocka_unit_test(test_version_for_all_is_that_of_each),
		cmocka_unit_test(test_disabled_availability_disables_each_group),
		cmocka_unit_test(test_group_that_ignores_its_interface_goes_on_doing_so),
		cmocka_unit_test(test_other_modes_of_bonds_become_balanced),
		cmocka_unit_test(test_static_routes_of_all_ages_are_taken_over),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
