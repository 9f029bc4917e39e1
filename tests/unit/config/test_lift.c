/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seed field by field, then what it does not have.
 */
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/check.h"
#include "config/lift.h"

static struct settings *
lift_text(const char *text, const struct settings *previous)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = sample_tree(text);
	struct settings *s;
	char *lines;

	if (check_tree(schema, &tree, &problems) < 0) {
		lines = sample_lines(&problems);
		fail_msg("%s", lines);
	}
	s = lift_settings(tree, 7, previous, &problems);
	lyd_free_siblings(tree);
	problems_done(&problems);
	assert_non_null(s);
	assert_int_equal(settings_check(s, s->size, NULL), 0);
	return s;
}

static void
expect_prefix(const struct prefix *prefix, const char *expected)
{
	char text[PREFIX_TEXT_SIZE];

	assert_string_equal(prefix_text(prefix, text), expected);
}

static const struct link_settings *
link_named(const struct settings *s, const char *name)
{
	int index = settings_find_link(s, name);

	assert_true(index >= 0);
	return &settings_links(s)[index];
}

static const struct group_settings *
group_of(const struct settings *s, const char *interface, unsigned vrid)
{
	int index = settings_find_group(s, interface, vrid);

	assert_true(index >= 0);
	return &settings_groups(s)[index];
}

static void
expect_bond(const struct settings *s, const char *name, const char *address)
{
	const struct link_settings *link = link_named(s, name);

	assert_int_equal(link->kind, LINK_BOND);
	assert_int_equal(link->bonding.mode, BOND_LACP);
	assert_false(link->bonding.passive);
	assert_false(link->bonding.fast);
	assert_int_equal(link->bonding.key, 0);
	assert_int_equal(link->bonding.minimum_links, 1);
	assert_string_equal(link->bonding.primary, "");
	assert_int_equal(link->parent, -1);
	assert_int_equal(link->bond, -1);
	assert_int_equal(link->mtu, 0);
	assert_false(link->disable);
	assert_false(link->has_mac);
	assert_string_equal(link->description, "");
	assert_int_equal(link->address_count, 1);
	expect_prefix(settings_link_addresses(s, link), address);
}

static void
expect_vif(const struct settings *s, const char *name, unsigned vlan, const char *address,
           const char *description)
{
	const struct link_settings *link = link_named(s, name);

	assert_int_equal(link->kind, LINK_VIF);
	assert_int_equal(link->parent, settings_find_link(s, "dp0bond0"));
	assert_int_equal(link->bond, -1);
	assert_int_equal(link->vlan, vlan);
	assert_int_equal(link->vlan_protocol, 0x8100);
	assert_string_equal(link->description, description);
	assert_int_equal(link->address_count, 1);
	expect_prefix(settings_link_addresses(s, link), address);
}

static void
expect_group(const struct settings *s, const char *interface, unsigned vrid, const char *sync,
             const char *vmac_name, const char *const *addresses)
{
	const struct group_settings *group = group_of(s, interface, vrid);
	uint32_t count = 0;

	assert_true(group->sync >= 0);
	assert_string_equal(settings_syncs(s)[group->sync].name, sync);
	assert_int_equal(group->version, 2);
	assert_int_equal(group->priority, 254);
	assert_int_equal(group->auth, AUTH_NONE);
	assert_false(group->preempt);
	assert_false(group->accept);
	assert_int_equal(group->rfc_compatibility, vmac_name[0] != '\0');
	assert_string_equal(group->vmac_name, vmac_name);
	assert_int_equal(group->interval, NSEC_PER_SEC);
	assert_int_equal(group->preempt_delay, 0);
	assert_int_equal(group->start_delay, 0);
	assert_int_equal(group->hello_source.family, 0);
	for (; addresses[count]; count++)
		expect_prefix(&settings_group_addresses(s, group)[count], addresses[count]);
	assert_int_equal(group->address_count, count);
}

static void
test_seed_lifts_field_by_field(void **state)
{
	char *text = sample_file(GOLDEN_DIR "/seed.conf");
	struct settings *s = lift_text(text, NULL);

	(void)state;
	free(text);
	assert_int_equal(s->revision, 7);
	assert_int_equal(s->link_count, 4);
	assert_int_equal(s->group_count, 4);
	assert_int_equal(s->sync_count, 2);
	assert_int_equal(s->address_count, 9);	/* 4 real and 5 virtual */
	expect_bond(s, "dp0bond0", "10.100.11.39/26");
	expect_bond(s, "dp0bond1", "169.110.20.28/29");
	expect_vif(s, "dp0bond0.10", 10, "192.168.255.81/30", "VLAN 10 - Two private subnets/VIPs");
	expect_vif(s, "dp0bond0.11", 11, "192.168.255.89/30", "VLAN 11 - One private subnet/VIP");
	expect_group(s, "dp0bond0", 1, "vgroup1", "dp0vrrp1",
	             (const char *const[]){ "10.100.11.5/26", NULL });
	expect_group(s, "dp0bond0.10", 10, "SYNC1", "",
	             (const char *const[]){ "10.100.105.177/28", "10.100.38.1/26", NULL });
	expect_group(s, "dp0bond0.11", 11, "SYNC1", "",
	             (const char *const[]){ "10.100.212.65/26", NULL });
	expect_group(s, "dp0bond1", 1, "SYNC1", "dp0vrrp2",
	             (const char *const[]){ "169.110.21.26/29", NULL });
	free(s);
}

#define ETH "set interfaces dataplane eth0 "
#define GROUP ETH "vrrp vrrp-group 5 "

static void
test_group_options_are_lifted(void **state)
{
	struct settings *s = lift_text(ETH "address 10.0.0.2/24\n"
	                               ETH "vrrp start-delay 60\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "advertise-interval 3\n"
	                               GROUP "preempt-delay 20\n"
	                               GROUP "hello-source-address 10.0.0.2\n"
	                               GROUP "authentication type plaintext-password\n"
	                               GROUP "authentication password eightch8\n", NULL);
	const struct group_settings *group = group_of(s, "eth0", 5);
	char text[IP_TEXT_SIZE];

	(void)state;
	assert_int_equal(group->priority, 100);
	assert_true(group->preempt);
	assert_int_equal(group->sync, -1);
	assert_int_equal(group->interval, 3 * NSEC_PER_SEC);
	assert_int_equal(group->preempt_delay, 20 * NSEC_PER_SEC);
	assert_int_equal(group->start_delay, 60 * NSEC_PER_SEC);
	assert_string_equal(ip_text(&group->hello_source, text), "10.0.0.2");
	assert_int_equal(group->auth, AUTH_TEXT);
	assert_memory_equal(group->password, "eightch8", 8);
	expect_prefix(settings_group_addresses(s, group), "10.0.0.1/32");
	free(s);
}

static void
test_short_password_is_padded_with_zeros(void **state)
{
	struct settings *s = lift_text(ETH "address 10.0.0.2/24\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "authentication type plaintext-password\n"
	                               GROUP "authentication password abc\n", NULL);

	(void)state;
	assert_memory_equal(group_of(s, "eth0", 5)->password, "abc\0\0\0\0\0", 8);
	free(s);
}

static void
test_links_with_all_options_are_lifted_in_order(void **state)
{
	struct settings *s = lift_text("set interfaces dataplane eth1 vif 5000 vlan 9\n"
	                               "set interfaces dataplane eth1 vlan-protocol 0x88A8\n"
	                               "set interfaces dataplane eth1 mtu 9000\n"
	                               "set interfaces dataplane eth1 vif 5000 mtu 8000\n"
	                               "set interfaces dataplane eth1 vif 5000 disable\n"
	                               "set interfaces dataplane eth0 bond-group zbond\n"
	                               "set interfaces dataplane eth2 bond-group zbond\n"
	                               "set interfaces bonding zbond mode active-backup\n"
	                               "set interfaces bonding zbond primary eth2\n"
	                               "set interfaces bonding zbond mac 02:00:00:00:00:01\n"
	                               "set interfaces bonding abond minimum-links 1\n"
	                               "set interfaces bonding abond lacp-options key 3\n"
	                               "set interfaces bonding abond lacp-options activity "
	                               "passive\n"
	                               "set interfaces bonding abond lacp-options periodic-rate "
	                               "fast\n"
	                               "set interfaces loopback lo address 10.9.9.9/32\n", NULL);
	const struct link_settings *bond = link_named(s, "zbond"), *vif = link_named(s,
	                                                                             "eth1.5000");

	(void)state;
	assert_int_equal(s->link_count, 7);
	assert_int_equal(bond->bonding.mode, BOND_ACTIVE_BACKUP);
	assert_string_equal(bond->bonding.primary, "eth2");
	assert_true(bond->has_mac);
	assert_int_equal(bond->mac.bytes[0], 2);
	assert_int_equal(link_named(s, "eth0")->bond, settings_find_link(s, "zbond"));
	assert_int_equal(link_named(s, "eth1")->bond, -1);
	assert_int_equal(link_named(s, "eth1")->mtu, 9000);
	assert_int_equal(vif->vlan, 9);
	assert_int_equal(vif->vlan_protocol, 0x88a8);
	assert_int_equal(vif->mtu, 8000);
	assert_true(vif->disable);
	bond = link_named(s, "abond");
	assert_int_equal(bond->bonding.key, 3);
	assert_true(bond->bonding.passive);
	assert_true(bond->bonding.fast);
	assert_int_equal(link_named(s, "lo")->kind, LINK_DATAPLANE);
	free(s);
}

static void
test_disabled_group_is_left_out(void **state)
{
	struct settings *s = lift_text(ETH "address 10.0.0.2/24\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "sync-group S\n" GROUP "disable\n", NULL);

	(void)state;
	assert_int_equal(s->group_count, 0);
	assert_int_equal(s->sync_count, 0);
	assert_int_equal(s->address_count, 1);
	free(s);
}

static void
test_long_description_is_cut_between_characters(void **state)
{
	char text[1024] = ETH "description '";
	struct settings *s;
	const char *description;

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		strcat(text, "ä");	/* 400 bytes */
	strcat(text, "'\n");
	s = lift_text(text, NULL);
	description = link_named(s, "eth0")->description;
	assert_int_equal(strlen(description), 254);
	assert_memory_equal(description + 252, "ä", 2);
	free(s);
}

#define RFC(interface, vrid) \
	"set interfaces dataplane " interface " vrrp vrrp-group " vrid " rfc-compatibility\n" \
	"set interfaces dataplane " interface " vrrp vrrp-group " vrid \
	" virtual-address 10.0." vrid ".1\n"

static void
test_names_of_virtual_links_stay_and_fill_gaps(void **state)
{
	struct settings *first = lift_text(RFC("eth0", "1") RFC("eth0", "2") RFC("xy", "3"), NULL);
	struct settings *second = lift_text(RFC("eth0", "2") RFC("xy", "3"), first);
	struct settings *third = lift_text(RFC("eth0", "2") RFC("xy", "3") RFC("eth0", "9")
	                                   RFC("xy", "4"), second);

	(void)state;
	assert_string_equal(group_of(first, "eth0", 1)->vmac_name, "ethvrrp1");
	assert_string_equal(group_of(first, "eth0", 2)->vmac_name, "ethvrrp2");
	assert_string_equal(group_of(first, "xy", 3)->vmac_name, "xyvrrp3");
	assert_string_equal(group_of(second, "eth0", 2)->vmac_name, "ethvrrp2");
	assert_string_equal(group_of(second, "xy", 3)->vmac_name, "xyvrrp3");
	assert_string_equal(group_of(third, "eth0", 2)->vmac_name, "ethvrrp2");
	assert_string_equal(group_of(third, "xy", 3)->vmac_name, "xyvrrp3");
	assert_string_equal(group_of(third, "eth0", 9)->vmac_name, "ethvrrp1");
	assert_string_equal(group_of(third, "xy", 4)->vmac_name, "xyvrrp4");
	free(first);
	free(second);
	free(third);
}

static void
test_virtual_link_never_has_the_name_of_an_interface(void **state)
{
	struct settings *s = lift_text(RFC("eth0", "1") "set interfaces dataplane ethvrrp1\n",
				       NULL);

	(void)state;
	assert_string_equal(group_of(s, "eth0", 1)->vmac_name, "ethvrrp2");
	free(s);
}

static void
test_empty_configuration_lifts_to_nothing(void **state)
{
	struct settings *s = lift_text("", NULL);

	(void)state;
	assert_int_equal(s->link_count + s->group_count + s->sync_count + s->address_count, 0);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_seed_lifts_field_by_field),
		cmocka_unit_test(test_group_options_are_lifted),
		cmocka_unit_test(test_short_password_is_padded_with_zeros),
		cmocka_unit_test(test_links_with_all_options_are_lifted_in_order),
		cmocka_unit_test(test_disabled_group_is_left_out),
		cmocka_unit_test(test_long_description_is_cut_between_characters),
		cmocka_unit_test(test_names_of_virtual_links_stay_and_fill_gaps),
		cmocka_unit_test(test_virtual_link_never_has_the_name_of_an_interface),
		cmocka_unit_test(test_empty_configuration_lifts_to_nothing),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
