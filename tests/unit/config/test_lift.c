/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The seed field by field, then what it does not have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/check.h"
#include "config/lift.h"

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
group_of_family(const struct settings *s, const char *interface, unsigned vrid, uint8_t family)
{
	int index = settings_find_group(s, interface, vrid, family);

	assert_true(index >= 0);
	return &settings_groups(s)[index];
}

static const struct group_settings *
group_of(const struct settings *s, const char *interface, unsigned vrid)
{
	return group_of_family(s, interface, vrid, 0);
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
	assert_int_equal(link->member_of, -1);
	assert_int_equal(link->mtu, 0);
	assert_false(link->disable);
	assert_false(link->has_mac);
	assert_string_equal(link->description, "");
	assert_int_equal(link->address_count, 1);
	expect_prefix(&settings_link_addresses(s, link)->prefix, address);
}

static void
expect_vif(const struct settings *s, const char *name, unsigned vlan, const char *address,
           const char *description)
{
	const struct link_settings *link = link_named(s, name);

	assert_int_equal(link->kind, LINK_VIF);
	assert_int_equal(link->parent, settings_find_link(s, "dp0bond0"));
	assert_int_equal(link->member_of, -1);
	assert_int_equal(link->vlan, vlan);
	assert_int_equal(link->vlan_protocol, 0x8100);
	assert_string_equal(link->description, description);
	assert_int_equal(link->address_count, 1);
	expect_prefix(&settings_link_addresses(s, link)->prefix, address);
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
		expect_prefix(&settings_group_addresses(s, group)[count].prefix,
		              addresses[count]);
	assert_int_equal(group->address_count, count);
}

static void
test_seed_lifts_field_by_field(void **state)
{
	char *text = sample_file(GOLDEN_DIR "/seed.conf");
	struct settings *s = sample_settings(text, NULL);

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
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
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
	expect_prefix(&settings_group_addresses(s, group)->prefix, "10.0.0.1/32");
	free(s);
}

static void
test_short_password_is_padded_with_zeros(void **state)
{
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
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
	struct settings *s = sample_settings("set interfaces dataplane eth1 vif 5000 vlan 9\n"
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
	assert_int_equal(link_named(s, "eth0")->member_of, settings_find_link(s, "zbond"));
	assert_int_equal(link_named(s, "eth1")->member_of, -1);
	assert_int_equal(link_named(s, "eth1")->mtu, 9000);
	assert_int_equal(vif->vlan, 9);
	assert_int_equal(vif->vlan_protocol, 0x88a8);
	assert_int_equal(vif->mtu, 8000);
	assert_true(vif->disable);
	bond = link_named(s, "abond");
	assert_int_equal(bond->bonding.key, 3);
	assert_true(bond->bonding.passive);
	assert_true(bond->bonding.fast);
	assert_int_equal(link_named(s, "lo")->kind, LINK_LOOPBACK);
	free(s);
}

#define VERSION_3 GROUP "version 3\n" ETH "address 10.0.0.2/24\n"

static void
expect_ip(const struct ip *ip, const char *expected)
{
	char text[IP_TEXT_SIZE];

	assert_string_equal(ip_text(ip, text), expected);
}

/* What group_settings_init() says stands where nothing was said. */
static void
test_version_3_defaults_are_those_of_the_contract(void **state)
{
	struct settings *s = sample_settings(VERSION_3 GROUP "virtual-address 10.0.0.1\n", NULL);
	const struct group_settings *group = group_of(s, "eth0", 5);
	struct group_settings wanted;

	(void)state;
	group_settings_init(&wanted);
	wanted.link = group->link;
	wanted.vrid = 5;
	wanted.version = 3;
	wanted.address_first = group->address_first;
	wanted.address_count = 1;
	assert_memory_equal(group, &wanted, sizeof(wanted));
	assert_int_equal(settings_group_addresses(s, group)->link, -1);
	free(s);
}

static void
test_version_3_options_are_lifted(void **state)
{
	struct settings *s = sample_settings(VERSION_3 GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "fast-advertise-interval 2000\n"
	                               GROUP "accept true\n"
	                               GROUP "checksum rfc5798\n"
	                               GROUP "version-2-compatibility\n", NULL);
	const struct group_settings *group = group_of(s, "eth0", 5);

	(void)state;
	assert_int_equal(group->version, 3);
	assert_int_equal(group->interval, 2 * NSEC_PER_SEC);
	assert_true(group->accept);
	assert_true(group->both_versions);
	assert_int_equal(group->sum_form, SUM_PSEUDO);
	free(s);
	s = sample_settings(VERSION_3 GROUP "virtual-address 10.0.0.1\n"
	              GROUP "fast-advertise-interval 10\n", NULL);
	assert_int_equal(group_of(s, "eth0", 5)->interval, 10 * NSEC_PER_MSEC);
	free(s);
}

static void
test_link_local_address_comes_first(void **state)
{
	struct settings *s = sample_settings(VERSION_3 GROUP "virtual-address 2001:db8::1/64\n"
	                               GROUP "virtual-address fe80::5\n"
	                               GROUP "virtual-address 2001:db8::3\n", NULL);
	const struct group_settings *group = group_of(s, "eth0", 5);
	const struct address_settings *addresses = settings_group_addresses(s, group);

	(void)state;
	assert_int_equal(s->group_count, 1);
	assert_int_equal(group->family, 6);
	assert_int_equal(group->address_count, 3);
	expect_prefix(&addresses[0].prefix, "fe80::5/128");
	expect_prefix(&addresses[1].prefix, "2001:db8::1/64");
	expect_prefix(&addresses[2].prefix, "2001:db8::3/128");
	free(s);
}

/* Two virtual routers, each with what is of its family. */
static void
test_both_families_become_two_groups(void **state)
{
	struct settings *s =
		sample_settings(VERSION_3 GROUP "virtual-address 2001:db8::1\n"
	                  GROUP "virtual-address 10.0.0.1\n"
	                  GROUP "virtual-address fe80::5\n"
	                  GROUP "excluded-address 10.0.0.9\n"
	                  GROUP "excluded-address 2001:db8::9\n"
	                  GROUP "excluded-address 10.0.0.8\n"
	                  GROUP "rfc-compatibility\n"
	                  GROUP "hello-source-address 10.0.0.2\n"
	                  GROUP "peer-address fe80::7 minimum-ttl 254\n"
	                  GROUP "peer-address 10.0.0.7\n"
	                  GROUP "peer-address 10.0.0.6 minimum-ttl 1\n"
	                  GROUP "priority 7\n" GROUP "sync-group S\n"
	                  GROUP "version-2-compatibility\n" GROUP "checksum rfc5798\n"
	                  GROUP "track interface eth0 weight type decrement\n"
	                  GROUP "track interface eth0 weight value 3\n"
	                  GROUP "virtual-route 0.0.0.0/0 next-hop 10.0.0.254\n"
	                  GROUP "virtual-route ::/0 blackhole\n"
	                  GROUP "virtual-rule 100 table 7\n"
	                  GROUP "virtual-rule 101 table 8\n"
	                  GROUP "virtual-rule 101 from 10.0.0.0/8\n"
	                  GROUP "router-advertisements\n", NULL);
	const struct group_settings *v4 = group_of_family(s, "eth0", 5, 4);
	const struct group_settings *v6 = group_of_family(s, "eth0", 5, 6);
	const struct address_settings *addresses = settings_group_addresses(s, v4);

	(void)state;
	assert_int_equal(s->group_count, 2);
	assert_ptr_equal(v4, settings_groups(s));
	assert_int_equal(v4->address_count, 1);
	assert_int_equal(v4->excluded_count, 2);
	expect_prefix(&addresses[0].prefix, "10.0.0.1/32");
	expect_prefix(&addresses[1].prefix, "10.0.0.9/32");
	expect_prefix(&addresses[2].prefix, "10.0.0.8/32");
	expect_ip(&v4->hello_source, "10.0.0.2");
	assert_int_equal(v4->peer_count, 2);
	expect_ip(&settings_peers(s)[v4->peer_first].address, "10.0.0.7");
	assert_int_equal(settings_peers(s)[v4->peer_first].minimum_ttl, 255);
	assert_int_equal(settings_peers(s)[v4->peer_first + 1].minimum_ttl, 1);
	assert_true(v4->both_versions);
	assert_int_equal(v4->sum_form, SUM_PSEUDO);
	assert_int_equal(v4->advertiser, -1);
	assert_string_equal(v4->vmac_name, "ethvrrp1");
	assert_int_equal(v4->route_count, 1);
	assert_int_equal(v4->rule_count, 2);
	assert_int_equal(v4->track_count, 1);

	addresses = settings_group_addresses(s, v6);
	assert_int_equal(v6->address_count, 2);
	assert_int_equal(v6->excluded_count, 1);
	expect_prefix(&addresses[0].prefix, "fe80::5/128");
	expect_prefix(&addresses[2].prefix, "2001:db8::9/128");
	assert_int_equal(v6->hello_source.family, 0);
	assert_int_equal(v6->peer_count, 1);
	expect_ip(&settings_peers(s)[v6->peer_first].address, "fe80::7");
	assert_int_equal(settings_peers(s)[v6->peer_first].minimum_ttl, 254);
	assert_false(v6->both_versions);
	assert_int_equal(v6->sum_form, SUM_MESSAGE);
	assert_int_equal(v6->advertiser, 0);
	assert_string_equal(v6->vmac_name, "ethvrrp2");
	assert_int_equal(v6->route_count, 1);
	assert_int_equal(v6->rule_count, 1);
	assert_int_equal(settings_rules(s)[v6->rule_first].priority, 100);
	assert_int_equal(settings_rules(s)[v6->rule_first].family, 6);
	assert_int_equal(v6->track_count, 1);
	assert_int_equal(s->object_count, 1);
	assert_int_equal(s->sync_count, 1);
	assert_int_equal(v4->sync, v6->sync);
	assert_int_equal(v4->priority, 7);
	assert_int_equal(v6->priority, 7);
	free(s);
}

static void
test_virtual_links_of_both_families_keep_their_names(void **state)
{
	const char *both = VERSION_3 GROUP "rfc-compatibility\n"
		GROUP "virtual-address 10.0.0.1\n" GROUP "virtual-address fe80::5\n";
	const char *six = VERSION_3 GROUP "rfc-compatibility\n" GROUP "virtual-address fe80::5\n";
	struct settings *first = sample_settings(both, NULL), *second = sample_settings(six, first);

	(void)state;
	assert_string_equal(group_of_family(first, "eth0", 5, 6)->vmac_name, "ethvrrp2");
	assert_string_equal(group_of_family(second, "eth0", 5, 6)->vmac_name, "ethvrrp2");
	free(first);
	free(second);
}

static void
test_address_on_another_interface_names_its_link(void **state)
{
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
	                               "set interfaces dataplane eth1 address 10.1.0.2/24\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "virtual-address 10.1.0.1/24\n"
	                               GROUP "excluded-address 10.1.0.9\n"
	                               GROUP "virtual-address-interface 10.1.0.1 interface eth1\n"
	                               GROUP "virtual-address-interface 10.1.0.9 interface eth1\n"
	                               GROUP "virtual-address-interface 10.0.0.1 interface eth0\n",
	                               NULL);
	const struct address_settings *addresses =
		settings_group_addresses(s, group_of(s, "eth0", 5));

	(void)state;
	assert_int_equal(addresses[0].link, -1);
	assert_int_equal(addresses[1].link, settings_find_link(s, "eth1"));
	assert_int_equal(addresses[2].link, settings_find_link(s, "eth1"));
	free(s);
}

static void
test_authentication_header_is_lifted(void **state)
{
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "authentication type ah\n"
	                               GROUP "authentication password abc\n", NULL);

	(void)state;
	assert_int_equal(group_of(s, "eth0", 5)->auth, AUTH_AH);
	assert_memory_equal(group_of(s, "eth0", 5)->password, "abc\0\0\0\0\0", 8);
	free(s);
}

static void
test_garp_times_are_lifted(void **state)
{
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
	                               GROUP "virtual-address 10.0.0.1\n"
	                               GROUP "garp interval 20\n"
	                               GROUP "garp master-delay 1\n"
	                               GROUP "garp master-repeat 2\n"
	                               GROUP "garp master-refresh 60\n"
	                               GROUP "garp master-refresh-repeat 3\n"
	                               GROUP "garp lower-priority-delay 0\n"
	                               GROUP "garp lower-priority-repeat 4\n", NULL);
	const struct garp_settings *garp = &group_of(s, "eth0", 5)->garp;
	struct group_settings plain;
	struct garp_settings before;

	(void)state;
	assert_int_equal(garp->interval, 20 * NSEC_PER_MSEC);
	assert_int_equal(garp->delay, NSEC_PER_SEC);
	assert_int_equal(garp->repeat, 2);
	assert_int_equal(garp->refresh, 60 * NSEC_PER_SEC);
	assert_int_equal(garp->refresh_repeat, 3);
	assert_int_equal(garp->lower_delay, 0);
	assert_int_equal(garp->lower_repeat, 4);
	free(s);

	/* One word of the operator leaves the others at the contract's defaults. */
	s = sample_settings(ETH "address 10.0.0.2/24\n" GROUP "virtual-address 10.0.0.1\n"
	              GROUP "garp interval 20\n", NULL);
	group_settings_init(&plain);
	before = plain.garp;
	before.interval = 20 * NSEC_PER_MSEC;
	assert_memory_equal(&group_of(s, "eth0", 5)->garp, &before, sizeof(before));
	free(s);
}

static void
test_disabled_group_is_left_out(void **state)
{
	struct settings *s = sample_settings(ETH "address 10.0.0.2/24\n"
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
	s = sample_settings(text, NULL);
	description = link_named(s, "eth0")->description;
	assert_int_equal(strlen(description), 254);
	assert_memory_equal(description + 252, "ä", 2);
	free(s);
}

/* One byte more than there is room for, with the final zero. */
static void
test_longest_description_loses_its_last_character(void **state)
{
	char text[512];
	struct settings *s;

	(void)state;
	snprintf(text, sizeof(text), ETH "description %0256d\n", 1);
	s = sample_settings(text, NULL);
	assert_int_equal(strlen(link_named(s, "eth0")->description), DESCRIPTION_SIZE - 1);
	free(s);
}

static struct lyd_node *
file_checks(unsigned count)
{
	struct lyd_node *tree;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (unsigned i = 0; i < count; i++)
		fprintf(out, "set service health-check file x%u path /x\n", i);
	fclose(out);
	tree = sample_tree(text);
	free(text);
	return tree;
}

/* What passes every rule may still be more than a struct settings takes. */
static void
test_more_than_the_settings_take_is_refused(void **state)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = file_checks(65537);
	char *lines;

	(void)state;
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	problems_done(&problems);	/* of what the rules say */
	assert_null(lift_settings(tree, 1, NULL, &problems));
	lines = sample_lines(&problems);
	assert_string_equal(lines, "E service '65537': so many checks, path monitors and real "
	                    "servers are configured; at most 65536 are possible; delete some "
	                    "[S1]\n");
	free(lines);
	lyd_free_siblings(tree);
}

/* What the engine could not find again after a restart is not adopted in the first place. */
static void
test_more_than_outlives_the_engine_is_refused(void **state)
{
	size_t most = (SETTINGS_SIZE_MAX - sizeof(struct settings)) / sizeof(struct check_settings);
	struct problems problems = { 0 };
	struct settings *settings;
	struct lyd_node *tree;
	char *lines;

	(void)state;
	tree = file_checks((unsigned)most - 16);
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	settings = lift_settings(tree, 1, NULL, &problems);
	assert_non_null(settings);
	assert_in_range(settings->size, SETTINGS_SIZE_MAX / 2, SETTINGS_SIZE_MAX);
	free(settings);
	lyd_free_siblings(tree);

	tree = file_checks((unsigned)most + 16);
	assert_int_equal(check_tree(schema, &tree, &problems), 0);
	problems_done(&problems);	/* of what the rules say */
	assert_null(lift_settings(tree, 1, NULL, &problems));
	lines = sample_lines(&problems);
	assert_int_equal(strncmp(lines, "E service '", strlen("E service '")), 0);
	assert_non_null(strstr(lines, "KiB of the engine's memory, most of them for so many "
	                       "checks, path monitors and real servers; at most 16384 KiB are "
	                       "possible; delete some [S2]\n"));
	free(lines);
	lyd_free_siblings(tree);
}

#define RFC(interface, vrid) \
	"set interfaces dataplane " interface " vrrp vrrp-group " vrid " rfc-compatibility\n" \
	"set interfaces dataplane " interface " vrrp vrrp-group " vrid \
	" virtual-address 10.0." vrid ".1\n"

static void
test_names_of_virtual_links_stay_and_fill_gaps(void **state)
{
	struct settings *first = sample_settings(RFC("eth0", "1") RFC("eth0", "2") RFC("xy", "3"),
	                                         NULL);
	struct settings *second = sample_settings(RFC("eth0", "2") RFC("xy", "3"), first);
	struct settings *third = sample_settings(RFC("eth0", "2") RFC("xy", "3") RFC("eth0", "9")
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
	struct settings *s = sample_settings(RFC("eth0", "1") "set interfaces dataplane ethvrrp1\n",
				       NULL);

	(void)state;
	assert_string_equal(group_of(s, "eth0", 1)->vmac_name, "ethvrrp2");
	free(s);
}

#define MANY 4000u

/* Thousands of groups, each with what others have, too. */
static void
test_thousands_of_groups_share_what_they_refer_to(void **state)
{
	struct settings *s, *again;
	char *text = NULL, group[128];
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs("set service health-check script up command /bin/true\n", out);
	for (unsigned i = 0; i < MANY; i++) {
		unsigned vif = i / 250 + 1, vrid = i % 250 + 1;

		snprintf(group, sizeof(group),
		         "set interfaces dataplane eth0 vif %u vrrp vrrp-group %u", vif, vrid);
		fprintf(out, "%s virtual-address 10.%u.%u.1\n%s rfc-compatibility\n"
		        "%s sync-group S%u\n%s track script up\n%s track interface eth0\n"
		        "%s run-transition-scripts master /bin/%u\n",
		        group, vif, vrid, group, group, i % 3, group, group, group, i % 5);
	}
	fclose(out);
	s = sample_settings(text, NULL);
	assert_int_equal(s->group_count, MANY);
	assert_int_equal(s->track_count, 2 * MANY);
	assert_int_equal(s->object_count, 2);
	assert_int_equal(s->sync_count, 3);
	assert_int_equal(s->program_count, 5);
	assert_string_equal(group_of(s, "eth0.16", 250)->vmac_name, "ethvrrp4000");
	again = sample_settings(text, s);
	assert_int_equal(again->size, s->size);
	assert_memory_equal(again, s, s->size);
	free(text);
	free(s);
	free(again);
}

static void
test_empty_configuration_lifts_to_nothing(void **state)
{
	struct settings *s = sample_settings("", NULL);

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
		cmocka_unit_test(test_version_3_defaults_are_those_of_the_contract),
		cmocka_unit_test(test_version_3_options_are_lifted),
		cmocka_unit_test(test_link_local_address_comes_first),
		cmocka_unit_test(test_both_families_become_two_groups),
		cmocka_unit_test(test_virtual_links_of_both_families_keep_their_names),
		cmocka_unit_test(test_address_on_another_interface_names_its_link),
		cmocka_unit_test(test_authentication_header_is_lifted),
		cmocka_unit_test(test_garp_times_are_lifted),
		cmocka_unit_test(test_disabled_group_is_left_out),
		cmocka_unit_test(test_long_description_is_cut_between_characters),
		cmocka_unit_test(test_names_of_virtual_links_stay_and_fill_gaps),
		cmocka_unit_test(test_virtual_link_never_has_the_name_of_an_interface),
		cmocka_unit_test(test_longest_description_loses_its_last_character),
		cmocka_unit_test(test_more_than_the_settings_take_is_refused),
		cmocka_unit_test(test_more_than_outlives_the_engine_is_refused),
		cmocka_unit_test(test_thousands_of_groups_share_what_they_refer_to),
		cmocka_unit_test(test_empty_configuration_lifts_to_nothing),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
