/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From records, settings and links to tandem-state trees. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/lower.h"
#include "config/schema.h"

#define SECOND NSEC_PER_SEC

static struct ly_ctx *schema;

static int
set_up(void **state UNUSED)
{
	struct error error;

	schema = schema_new(TANDEM_SOURCE_YANG_DIR, &error);
	return schema ? 0 : -1;
}

static int
tear_down(void **state UNUSED)
{
	schema_free(schema);
	return 0;
}

/* Two interfaces; group 1 on the first with a virtual MAC, group 10 on its vif, both in SYNC1. */
static struct settings *
make_settings(void)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 2, .groups = 2, .syncs = 1, .addresses = 3 });

	assert_non_null(s);

	struct link_settings *links = settings_links(s);
	struct group_settings *groups = settings_groups(s);

	links[0] = (struct link_settings){ .name = "dp0bond0", .kind = LINK_BOND, .parent = -1,
	                                   .member_of = -1 };
	links[1] = (struct link_settings){ .name = "dp0bond0.10", .kind = LINK_VIF, .vlan = 10,
	                                   .member_of = -1 };
	group_settings_init(&groups[0]);
	groups[0].link = groups[0].sync = 0;
	groups[0].vrid = 1;
	groups[0].priority = 254;
	groups[0].rfc_compatibility = true;
	strcpy(groups[0].vmac_name, "dp0vrrp1");
	groups[0].address_count = 1;
	group_settings_init(&groups[1]);
	groups[1].link = 1;
	groups[1].sync = 0;
	groups[1].vrid = 10;
	groups[1].priority = 200;
	groups[1].preempt_delay = 30 * SECOND;
	groups[1].auth = AUTH_TEXT;
	groups[1].ignores_link = true;
	groups[1].interval = 2 * SECOND;
	groups[1].address_first = 1;
	groups[1].address_count = 2;
	strcpy(settings_syncs(s)[0].name, "SYNC1");
	assert_true(prefix_parse("10.100.11.5/26", &settings_addresses(s)[0].prefix));
	assert_true(prefix_parse("10.100.105.177/28", &settings_addresses(s)[1].prefix));
	assert_true(prefix_parse("10.100.38.1/26", &settings_addresses(s)[2].prefix));
	return s;
}

static struct ip
ip(const char *text)
{
	struct ip result = { 0 };

	assert_true(ip_parse(text, &result));
	return result;
}

static struct mac
mac(const char *text)
{
	struct mac result = { { 0 } };

	assert_true(mac_parse(text, &result));
	return result;
}

/* What a path says in a tree; "" when it is not there. */
static const char *
value(const struct lyd_node *tree, const char *path)
{
	struct lyd_node *node = NULL;

	return lyd_find_path(tree, path, 0, &node) == LY_SUCCESS ? lyd_get_value(node) : "";
}

static unsigned
count(const struct lyd_node *tree, const char *path)
{
	struct ly_set *set = NULL;
	unsigned found;

	assert_int_equal(lyd_find_xpath(tree, path, &set), LY_SUCCESS);
	found = set->count;
	ly_set_free(set, NULL);
	return found;
}

#define GROUP_1 "/tandem-state:vrrp-state/group[interface='dp0bond0'][vrid='1'][family='ipv4']"
#define GROUP_10 "/tandem-state:vrrp-state/group[interface='dp0bond0.10'][vrid='10'][family='ipv4']"
#define SYNC1 "/tandem-state:vrrp-state/sync-group[name='SYNC1']"

static void
test_no_settings_gives_an_empty_container(void **state UNUSED)
{
	const struct lower_facts facts = { 0 };
	struct lyd_node *tree = NULL;
	char *text = NULL;

	lower_vrrp_state(schema, &facts, &tree);
	lyd_print_mem(&text, tree, LYD_JSON, LYD_PRINT_SHRINK | LYD_PRINT_KEEPEMPTYCONT);
	assert_string_equal(text, "{\"tandem-state:vrrp-state\":{}}");
	free(text);
	lyd_free_all(tree);
}

static void
test_groups_without_record_are_init(void **state UNUSED)
{
	struct settings *settings = make_settings();
	const struct lower_facts facts = { .settings = settings };
	struct lyd_node *tree = NULL;

	lower_vrrp_state(schema, &facts, &tree);
	assert_string_equal(value(tree, GROUP_1 "/state"), "INIT");
	assert_string_equal(value(tree, GROUP_1 "/since"), "");
	assert_string_equal(value(tree, GROUP_1 "/rfc-interface"), "dp0vrrp1");
	assert_string_equal(value(tree, GROUP_1 "/virtual-mac"), "00:00:5e:00:01:01");
	assert_string_equal(value(tree, GROUP_1 "/effective-priority"), "254");
	assert_string_equal(value(tree, GROUP_10 "/authentication-type"), "plaintext-password");
	assert_string_equal(value(tree, GROUP_10 "/advertise-interval"), "2000");
	assert_string_equal(value(tree, GROUP_10 "/preempt-delay"), "30");
	assert_string_equal(value(tree, GROUP_1 "/exclude-vrrp-interface"), "");
	assert_string_equal(value(tree, GROUP_10 "/exclude-vrrp-interface"), "true");
	assert_string_equal(value(tree, GROUP_10 "/rfc-interface"), "");
	assert_int_equal(count(tree, GROUP_10 "/virtual-address"), 2);
	assert_string_equal(value(tree, SYNC1 "/state"), "INIT");
	assert_int_equal(count(tree, SYNC1 "/member"), 2);
	assert_int_equal(lyd_validate_all(&tree, NULL, LYD_VALIDATE_PRESENT, NULL), LY_SUCCESS);
	lyd_free_all(tree);
	free(settings);
}

/* Records stand in another order than the groups, as they may just after a commit. */
static void
test_records_are_found_by_name_and_shown_in_configuration_order(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct vrouter_status records[2] = {
		{ .interface = "dp0bond0.10", .vrid = 10, .state = VROUTER_BACKUP, .family = 4,
		  .effective_priority = 200, .master_priority = 254,
		  .master_source = ip("192.168.255.82"), .last_transition = 40 * SECOND,
		  .reason = REASON_STRONGER_MASTER },
		{ .interface = "dp0bond0", .vrid = 1, .state = VROUTER_MASTER, .family = 4,
		  .effective_priority = 254, .source = ip("10.100.11.39"),
		  .last_transition = 90 * SECOND, .reason = REASON_NO_ADVERT,
		  .offender = ip("10.100.11.40"), .offender_mac = mac("02:00:00:00:00:40"),
		  .last_fault = ADVERT_TTL,
		  .counters = { .adverts_sent = 11, .faults = { [ADVERT_TTL] = 3 } } },
	};
	const struct lower_facts facts = { .settings = settings, .records = records,
	                                   .record_count = 2, .now = 100 * SECOND,
	                                   .epoch = 1000000 };
	struct lyd_node *tree = NULL;

	lower_vrrp_state(schema, &facts, &tree);
	assert_string_equal(lyd_get_value(lyd_child(lyd_child(tree))), "dp0bond0");
	assert_string_equal(value(tree, GROUP_1 "/state"), "MASTER");
	assert_string_equal(value(tree, GROUP_1 "/since"), "10000");
	assert_string_equal(value(tree, GROUP_1 "/last-transition"), "999990");
	assert_string_equal(value(tree, GROUP_1 "/reason"), "no advertisement heard");
	assert_string_equal(value(tree, GROUP_1 "/master-router"), "");
	assert_string_equal(value(tree, GROUP_1 "/statistics/advertisements-sent"), "11");
	assert_string_equal(value(tree, GROUP_1 "/statistics/fault[reason='ttl']/count"), "3");
	assert_int_equal(count(tree, GROUP_1 "/statistics/fault"), ADVERT_FAULTS - 1);
	assert_string_equal(value(tree, GROUP_1 "/statistics/last-offender"),
	                    "10.100.11.40 (02:00:00:00:00:40): ttl");
	assert_string_equal(value(tree, GROUP_10 "/master-router"), "192.168.255.82");
	assert_string_equal(value(tree, GROUP_10 "/master-priority"), "254");
	assert_string_equal(value(tree, SYNC1 "/state"), "UNKNOWN");
	lyd_free_all(tree);
	free(settings);
}

static void
test_two_masters_alarm_names_both_addresses(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct ifworld *world = ifworld_new();
	struct ifworld_link link = { .index = 7, .name = "dp0bond0.10",
	                             .mac = mac("02:00:00:00:00:10") };
	struct vrouter_status records[2] = {
		{ .interface = "dp0bond0", .vrid = 1, .family = 4, .state = VROUTER_MASTER,
		  .alarms = 1u << ALARM_TWO_MASTERS, .source = ip("10.100.11.39"),
		  .effective_priority = 254, .rival_priority = 253,
		  .rival = ip("10.100.11.40"), .rival_mac = mac("02:00:00:00:00:40") },
		{ .interface = "dp0bond0.10", .vrid = 10, .family = 4, .state = VROUTER_MASTER,
		  .alarms = 1u << ALARM_LOOPED | 1u << ALARM_AUTH,
		  .source = ip("192.168.255.81"), .offender = ip("192.168.255.82"),
		  .last_fault = ADVERT_AUTH_FAILED },
	};
	const struct lower_facts facts = { .settings = settings, .records = records,
	                                   .record_count = 2, .world = world };
	struct lyd_node *tree = NULL;

	ifworld_put_link(world, &link);
	lower_vrrp_state(schema, &facts, &tree);
	assert_int_equal(count(tree, GROUP_1 "/alarm[.='two masters: 10.100.11.40 "
	                       "(02:00:00:00:00:40), priority 253, keeps sending as master of "
	                       "this group while this router, 10.100.11.39 (00:00:5e:00:01:01), "
	                       "priority 254, is master']"), 1);
	assert_int_equal(count(tree, GROUP_10 "/alarm"), 2);
	assert_int_equal(count(tree, GROUP_10 "/alarm[starts-with(., '192.168.255.82 has')]"), 1);
	assert_int_equal(count(tree, GROUP_10 "/alarm[contains(., '02:00:00:00:00:10')]"), 1);
	lyd_free_all(tree);
	ifworld_free(world);
	free(settings);
}

/* Both groups in FAULT; group 1 tracks what is told here. */
static struct lyd_node *
lower_faults(struct settings *settings, struct vrouter_status *first,
             struct vrouter_status *second, const struct ifworld *world)
{
	struct vrouter_status records[2] = { *first, *second };
	const struct lower_facts facts = { .settings = settings, .records = records,
	                                   .record_count = 2, .world = world };
	struct lyd_node *tree = NULL;

	lower_vrrp_state(schema, &facts, &tree);
	assert_int_equal(lyd_validate_all(&tree, NULL, LYD_VALIDATE_PRESENT, NULL), LY_SUCCESS);
	return tree;
}

/* Group 1 of dp0bond0 and group 10 of dp0bond0.10, whose interfaces are good. */
static void
make_faults(struct vrouter_status *first, struct vrouter_status *second)
{
	*first = (struct vrouter_status){ .interface = "dp0bond0", .vrid = 1, .family = 4,
		.state = VROUTER_FAULT, .reason = REASON_TRACK_DOWN, .link_usable = true,
		.source = ip("10.100.11.39") };
	*second = (struct vrouter_status){ .interface = "dp0bond0.10", .vrid = 10, .family = 4,
		.state = VROUTER_FAULT, .reason = REASON_MEMBER_TRACK_DOWN, .link_usable = true,
		.source = ip("10.100.38.2") };
}

static void
test_fault_names_the_interface_and_who_waits_for_it(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct vrouter_status first, second;
	struct lyd_node *tree;

	make_faults(&first, &second);
	first.link_usable = false;
	tree = lower_faults(settings, &first, &second, NULL);
	assert_string_equal(value(tree, GROUP_1 "/fault[1]"), "its interface dp0bond0 is down");
	assert_string_equal(value(tree, GROUP_10 "/fault[1]"), "sync group SYNC1 waits for "
	                    "dp0bond0 group 1: its interface dp0bond0 is down");
	lyd_free_all(tree);

	/* Group 10 does not care for its own link, but must have an address. */
	second.link_usable = false;
	second.source = (struct ip){ 0 };
	tree = lower_faults(settings, &first, &second, NULL);
	assert_string_equal(value(tree, GROUP_10 "/fault[1]"),
	                    "its interface dp0bond0.10 has no IPv4 address to send from");
	assert_int_equal(count(tree, GROUP_1 "/fault"), 1);
	assert_int_equal(count(tree, GROUP_10 "/fault"), 1);
	lyd_free_all(tree);
	free(settings);
}

static void
test_fault_tells_a_missing_interface_from_one_that_is_down(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct ifworld *world = ifworld_new();
	struct ifworld_link link = { .index = 7, .name = "dp0bond0" };
	struct vrouter_status first, second;
	struct lyd_node *tree;

	make_faults(&first, &second);
	first.link_usable = second.link_usable = false;
	ifworld_put_link(world, &link);
	tree = lower_faults(settings, &first, &second, world);
	assert_string_equal(value(tree, GROUP_1 "/fault[1]"), "its interface dp0bond0 is down");
	assert_string_equal(value(tree, GROUP_10 "/fault[1]"),
	                    "its interface dp0bond0.10 does not exist");
	lyd_free_all(tree);
	ifworld_free(world);
	free(settings);
}

static void
test_fault_is_none_of_a_group_that_is_not_in_it(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct vrouter_status first, second;
	struct lyd_node *tree;

	make_faults(&first, &second);
	first.link_usable = false;
	first.state = VROUTER_INIT;
	second.reason = REASON_LINK_DOWN;
	tree = lower_faults(settings, &first, &second, NULL);
	assert_int_equal(count(tree, GROUP_1 "/fault"), 0);
	/* Nothing is wrong any more: why it went there still stands. */
	assert_string_equal(value(tree, GROUP_10 "/fault[1]"), "its interface is down");
	lyd_free_all(tree);
	free(settings);
}

/* One group that tracks one of each kind, without a weight but the last. */
static void
test_fault_names_everything_tracked_that_is_down(void **state UNUSED)
{
	static const struct {
		const char *name;
		enum object_kind kind;
		enum check_kind check;
	} objects[] = {
		{ "dp0s3", OBJECT_INTERFACE, 0 },
		{ "0.0.0.0/0", OBJECT_ROUTE, 0 },
		{ "monitor UPLINK policy loss", OBJECT_CHECK, CHECK_POLICY },
		{ "script gateway", OBJECT_CHECK, CHECK_SCRIPT },
		{ "process bgpd", OBJECT_CHECK, CHECK_PROCESS },
		{ "file stop", OBJECT_CHECK, CHECK_FILE },
		{ "dp0s7", OBJECT_INTERFACE, 0 },
	};
	static const char *const expected[] = {
		"tracked interface dp0s3 is down",
		"tracked route 0.0.0.0/0 is missing",
		"tracked path monitor UPLINK policy loss is not compliant",
		"nothing is known yet of tracked script gateway",
		"tracked process bgpd does not run",
		"tracked file stop does not exist",
	};
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = 1, .tracks = ARRAY_SIZE(objects),
		.objects = ARRAY_SIZE(objects), .checks = ARRAY_SIZE(objects) });
	struct vrouter_status record, unused;
	const struct lower_facts facts = { .settings = s, .records = &record, .record_count = 1 };
	struct lyd_node *tree = NULL;

	make_faults(&record, &unused);
	record.tracks_known = 0x77;
	strcpy(settings_links(s)->name, "dp0bond0");
	group_settings_init(settings_groups(s));
	settings_groups(s)->link = 0;
	settings_groups(s)->vrid = 1;
	settings_groups(s)->track_count = ARRAY_SIZE(objects);
	for (uint32_t i = 0; i < ARRAY_SIZE(objects); i++) {
		struct object_settings *object = &settings_objects(s)[i];

		strcpy(object->name, objects[i].name);
		object->kind = (uint8_t)objects[i].kind;
		object->check = (int32_t)i;
		settings_checks(s)[i].kind = (uint8_t)objects[i].check;
		settings_tracks(s)[i].object = i;
	}
	settings_tracks(s)[ARRAY_SIZE(objects) - 1].weight = -10;

	lower_vrrp_state(schema, &facts, &tree);
	assert_int_equal(count(tree, GROUP_1 "/fault"), ARRAY_SIZE(expected));
	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		char path[256];

		snprintf(path, sizeof(path), GROUP_1 "/fault[%zu]", i + 1);
		assert_string_equal(value(tree, path), expected[i]);
	}
	lyd_free_all(tree);
	free(s);
}

/* The longest names there are: nothing is cut off. */
static void
test_fault_of_the_longest_names_is_whole(void **state UNUSED)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 2, .groups = 3, .syncs = 1, .tracks = 1, .objects = 1, .checks = 1 });
	struct vrouter_status records[3];
	const struct lower_facts facts = { .settings = s, .records = records, .record_count = 3 };
	struct lyd_node *tree = NULL;
	const char *said;

	memset(settings_objects(s)->name, 'o', OBJECT_NAME_SIZE - 1);
	memset(settings_syncs(s)->name, 's', SYNC_NAME_SIZE - 1);
	memset(settings_links(s)[0].name, 'i', NAME_SIZE - 1);
	memset(settings_links(s)[1].name, 'j', NAME_SIZE - 1);
	settings_objects(s)->kind = OBJECT_CHECK;
	settings_checks(s)->kind = CHECK_POLICY;
	for (uint8_t i = 0; i < 3; i++) {
		struct group_settings *group = &settings_groups(s)[i];

		make_faults(&records[i], &(struct vrouter_status){ 0 });
		group_settings_init(group);
		group->link = i > 0;
		group->sync = 0;
		group->vrid = records[i].vrid = (uint8_t)(253 + i);
		group->track_count = i > 0;
		memcpy(records[i].interface, settings_links(s)[i > 0].name, NAME_SIZE);
	}
	lower_vrrp_state(schema, &facts, &tree);
	said = value(tree, "/tandem-state:vrrp-state/group[interface='iiiiiiiiiiiiiii']"
	             "[vrid='253'][family='ipv4']/fault[1]");
	assert_non_null(strstr(said, "ss waits for jjjjjjjjjjjjjjj group 254 and 1 more: nothing "
	                       "is known yet of tracked path monitor o"));
	assert_string_equal(said + strlen(said) - 3, "ooo");
	assert_int_equal(strlen(said) - (SYNC_NAME_SIZE + NAME_SIZE + OBJECT_NAME_SIZE - 3),
	                 strlen("sync group  waits for  group 254 and 1 more: nothing is known yet "
	                        "of tracked path monitor "));
	lyd_free_all(tree);
	free(s);
}

/* A record is bytes from another process: values out of range are shown, never trusted. */
static void
test_record_out_of_range_is_harmless(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct vrouter_status record = { .interface = "dp0bond0", .vrid = 1, .family = 4,
	                                 .state = 77, .reason = 200, .last_fault = 99,
	                                 .alarms = ~0u, .offender = ip("10.0.0.9") };
	const struct lower_facts facts = { .settings = settings, .records = &record,
	                                   .record_count = 1 };
	struct lyd_node *tree = NULL;

	lower_vrrp_state(schema, &facts, &tree);
	assert_string_equal(value(tree, GROUP_1 "/state"), "INIT");
	assert_int_equal(count(tree, GROUP_1 "/alarm"), VROUTER_ALARMS);
	lyd_free_all(tree);
	free(settings);
}

static void
test_both_families_of_a_group_are_two_entries(void **state UNUSED)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = 2, .addresses = 3, .tracks = 2, .objects = 2, .checks = 1 });
	struct group_settings *groups = settings_groups(s);
	struct vrouter_status records[2] = {
		{ .interface = "eth0", .vrid = 1, .family = 6, .state = VROUTER_MASTER },
		{ .interface = "eth0", .vrid = 1, .family = 4, .state = VROUTER_BACKUP,
		  .owner = true, .tracks_known = 3, .tracks_up = 1,
		  .master_source = ip("10.0.0.2"), .master_interval = SECOND / 10,
		  .master_sum_form = SUM_PSEUDO },
	};
	const struct lower_facts facts = { .settings = s, .records = records,
	                                   .record_count = 2 };
	struct lyd_node *tree = NULL;

#define FOUR "/tandem-state:vrrp-state/group[interface='eth0'][vrid='1'][family='ipv4']"
#define SIX "/tandem-state:vrrp-state/group[interface='eth0'][vrid='1'][family='ipv6']"
	strcpy(settings_links(s)->name, "eth0");
	for (unsigned i = 0; i < 2; i++) {
		group_settings_init(&groups[i]);
		groups[i].link = 0;
		groups[i].vrid = 1;
		groups[i].version = 3;
		groups[i].address_first = i;
		groups[i].address_count = 1;
	}
	groups[0].track_count = 2;
	groups[1].family = 6;
	groups[1].excluded_count = 1;
	assert_true(prefix_parse("10.0.0.1/24", &settings_addresses(s)[0].prefix));
	assert_true(prefix_parse("fe80::1/64", &settings_addresses(s)[1].prefix));
	assert_true(prefix_parse("2001:db8::1/64", &settings_addresses(s)[2].prefix));
	settings_tracks(s)[1] = (struct track_settings){ .object = 1, .weight = -30 };
	settings_objects(s)[0] = (struct object_settings){ .name = "eth7", .check = -1 };
	settings_objects(s)[1] = (struct object_settings){ .name = "script uplink",
	                                                   .kind = OBJECT_CHECK };

	lower_vrrp_state(schema, &facts, &tree);
	assert_string_equal(value(tree, FOUR "/state"), "BACKUP");
	assert_string_equal(value(tree, FOUR "/address-owner"), "true");
	assert_string_equal(value(tree, FOUR "/master-interval"), "100");
	assert_string_equal(value(tree, FOUR "/master-checksum"), "rfc5798");
	assert_string_equal(value(tree, FOUR "/track[kind='interface'][name='eth7']/state"), "UP");
	assert_string_equal(value(tree, FOUR "/track[kind='interface'][name='eth7']/weight"), "");
	assert_string_equal(value(tree, FOUR "/track[kind='script'][name='uplink']/state"),
	                    "DOWN");
	assert_string_equal(value(tree, FOUR "/track[kind='script'][name='uplink']/weight"),
	                    "-30");
	assert_string_equal(value(tree, SIX "/state"), "MASTER");
	assert_string_equal(value(tree, SIX "/virtual-mac"), "00:00:5e:00:02:01");
	assert_int_equal(count(tree, SIX "/virtual-address"), 1);
	assert_int_equal(count(tree, SIX "/excluded-address"), 1);
	assert_int_equal(lyd_validate_all(&tree, NULL, LYD_VALIDATE_PRESENT, NULL), LY_SUCCESS);
	lyd_free_all(tree);
	free(s);
}

static void
test_strangers_and_lateness_are_told(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct engine_status engine = {
		.lateness = { .adverts = { 5 }, .takeovers = { [LATENESS_BUCKETS - 1] = 1 },
		              .worst_takeover = 2 * SECOND, .worst_takeover_at = 3 * SECOND,
		              .stalls = 4 },
		.strangers[3] = { .interface = "eth0", .vrid = 9, .family = 4, .version = 3,
		                  .source = ip("10.0.0.7"), .packets = 11, .last = 4 * SECOND },
	};
	const struct lower_facts facts = { .settings = settings, .engine = &engine,
	                                   .now = 5 * SECOND };
	struct lyd_node *tree = NULL;

#define STRANGER "/tandem-state:vrrp-state/stranger[interface='eth0'][vrid='9'][family='ipv4']"
#define LATENESS "/tandem-state:vrrp-state/lateness"
	lower_vrrp_state(schema, &facts, &tree);
	assert_int_equal(count(tree, "/tandem-state:vrrp-state/stranger"), 1);
	assert_string_equal(value(tree, STRANGER "/source-address"), "10.0.0.7");
	assert_string_equal(value(tree, STRANGER "/since"), "1000");
	assert_string_equal(value(tree, LATENESS "/bucket[below='10']/advertisements"), "5");
	assert_string_equal(value(tree, LATENESS "/bucket[below='4294967295']/takeovers"), "1");
	assert_string_equal(value(tree, LATENESS "/worst-takeover"), "2000000");
	assert_string_equal(value(tree, LATENESS "/worst-advertisement"), "");
	assert_string_equal(value(tree, LATENESS "/stalls"), "4");
	lyd_free_all(tree);
	free(settings);
}

#define LINK(name) "/tandem-state:interfaces-state/interface[name='" name "']"

static void
test_interfaces_have_the_configurations_kinds(void **state UNUSED)
{
	struct settings *settings = make_settings();
	struct ifworld *world = ifworld_new();
	struct ifworld_link links[] = {
		{ .index = 1, .name = "lo", .kind = IFWORLD_LOOPBACK, .up = true, .running = true,
		  .lower_up = true, .oper_up = true },
		{ .index = 2, .name = "dp0s3", .master = 3, .mtu = 1500 },
		{ .index = 3, .name = "dp0bond0", .kind = IFWORLD_BOND, .up = true },
		{ .index = 4, .name = "dp0bond0.10", .kind = IFWORLD_VLAN, .parent = 3,
		  .alias = "VLAN 10 \xff" },
		{ .index = 5, .name = "dp0vrrp1", .kind = IFWORLD_MACVLAN, .parent = 3 },
		{ .index = 6, .name = "sw0", .kind = IFWORLD_BRIDGE },
		{ .index = 7, .name = "dp0s4", .master = 6 },
		{ .index = 8, .name = "lo1", .kind = IFWORLD_DUMMY },
	};
	struct ifworld_address own = { 0 };
	struct ifworld_address virtual = { .mark = MARK_VIRTUAL };
	const struct lower_facts facts = { .settings = settings, .world = world };
	struct lyd_node *tree = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(links); i++)
		ifworld_put_link(world, &links[i]);
	assert_true(prefix_parse("192.168.255.81/30", &own.prefix));
	assert_true(prefix_parse("10.100.38.1/26", &virtual.prefix));
	assert_true(ifworld_put_address(world, 4, &own));
	assert_true(ifworld_put_address(world, 4, &virtual));

	lower_interfaces_state(schema, &facts, &tree);
	assert_string_equal(value(tree, LINK("lo") "/kind"), "loopback");
	assert_string_equal(value(tree, LINK("lo") "/link-up"), "true");
	assert_string_equal(value(tree, LINK("dp0s3") "/kind"), "other");
	assert_string_equal(value(tree, LINK("dp0s3") "/bond-group"), "dp0bond0");
	assert_string_equal(value(tree, LINK("dp0s3") "/mtu"), "1500");
	assert_string_equal(value(tree, LINK("dp0bond0") "/kind"), "bonding");
	assert_string_equal(value(tree, LINK("dp0bond0") "/admin-up"), "true");
	assert_string_equal(value(tree, LINK("dp0bond0") "/link-up"), "false");
	assert_string_equal(value(tree, LINK("dp0bond0.10") "/kind"), "vif");
	assert_string_equal(value(tree, LINK("dp0bond0.10") "/description"), "VLAN 10 ?");
	assert_int_equal(count(tree, LINK("dp0bond0.10") "/address"), 2);
	assert_string_equal(value(tree, LINK("dp0vrrp1") "/kind"), "vrrp");
	assert_string_equal(value(tree, LINK("sw0") "/kind"), "switch");
	assert_string_equal(value(tree, LINK("dp0s4") "/switch-group"), "sw0");
	assert_string_equal(value(tree, LINK("lo1") "/kind"), "loopback");
	lyd_free_all(tree);
	ifworld_free(world);
	free(settings);
}

static void
test_system_state_lists_problems_line_by_line(void **state UNUSED)
{
	const struct lower_system facts = { .revision = 7, .adopted_revision = 6,
	                                    .engine_running = true, .engine_restarts = 2,
	                                    .problems = "first\n\nsecond\n" };
	struct lyd_node *tree = NULL;

	lower_system_state(schema, &facts, &tree);
	assert_string_equal(value(tree, "/tandem-state:system-state/revision"), "7");
	assert_string_equal(value(tree, "/tandem-state:system-state/adopted-revision"), "6");
	assert_string_equal(value(tree, "/tandem-state:system-state/saved"), "false");
	assert_int_equal(count(tree, "/tandem-state:system-state/problem"), 2);
	lyd_free_all(tree);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_settings_gives_an_empty_container),
		cmocka_unit_test(test_groups_without_record_are_init),
		cmocka_unit_test(test_records_are_found_by_name_and_shown_in_configuration_order),
		cmocka_unit_test(test_two_masters_alarm_names_both_addresses),
		cmocka_unit_test(test_fault_names_the_interface_and_who_waits_for_it),
		cmocka_unit_test(test_fault_tells_a_missing_interface_from_one_that_is_down),
		cmocka_unit_test(test_fault_is_none_of_a_group_that_is_not_in_it),
		cmocka_unit_test(test_fault_names_everything_tracked_that_is_down),
		cmocka_unit_test(test_fault_of_the_longest_names_is_whole),
		cmocka_unit_test(test_record_out_of_range_is_harmless),
		cmocka_unit_test(test_both_families_of_a_group_are_two_entries),
		cmocka_unit_test(test_strangers_and_lateness_are_told),
		cmocka_unit_test(test_interfaces_have_the_configurations_kinds),
		cmocka_unit_test(test_system_state_lists_problems_line_by_line),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
