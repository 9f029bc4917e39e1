/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A block that comes from another process is trusted only after settings_check(). */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/settings.h"

static const struct settings_counts SOUND = {
	.links = 3, .groups = 1, .syncs = 1, .addresses = 5, .peers = 1, .tracks = 1, .objects = 1,
	.checks = 2, .routes = 1, .rules = 1, .advertisers = 1, .prefixes = 1, .programs = 1,
	.statics = 1, .hops = 1,
};

/* What groups refer to. */
static void
add_references(struct settings *s)
{
	struct check_settings *checks = settings_checks(s);

	assert_true(ip_parse("192.168.10.2", &settings_peers(s)->address));
	settings_peers(s)->minimum_ttl = 255;
	strcpy(settings_objects(s)->name, "monitor M policy P");
	settings_objects(s)->kind = OBJECT_CHECK;
	settings_objects(s)->check = 1;
	strcpy(checks[0].name, "monitor M");
	checks[0].kind = CHECK_ICMP;
	checks[0].interval = NSEC_PER_SEC;
	assert_true(ip_parse("192.0.2.1", &checks[0].target));
	strcpy(checks[1].name, "monitor M policy P");
	checks[1].kind = CHECK_POLICY;
	checks[1].window = 5;
	checks[0].rise = checks[0].fall = checks[1].rise = checks[1].fall = 1;
	checks[0].monitor = -1;
	assert_true(prefix_parse("198.51.100.0/24", &settings_routes(s)->destination));
	settings_routes(s)->link = -1;
	settings_rules(s)->family = 4;
	settings_advertisers(s)->interval = NSEC_PER_SEC;
	settings_advertisers(s)->prefix_count = 1;
	assert_true(prefix_parse("2001:db8::/64", &settings_prefixes(s)->prefix));
	strcpy(settings_programs(s)->command, "/bin/true");
	assert_true(prefix_parse("198.51.100.0/24", &settings_statics(s)->destination));
	settings_statics(s)->distance = 1;
	settings_statics(s)->hop_count = 1;
	assert_true(ip_parse("192.168.10.2", &settings_hops(s)->gateway));
}

/* A bond with a member, a vif on it, a group in a sync group, all of it sound. */
static struct settings *
sound(void)
{
	struct settings *s = settings_new(&SOUND);
	struct link_settings *links = settings_links(s);
	struct group_settings *group = settings_groups(s);

	strcpy(links[0].name, "dp0bond0");
	links[0].kind = LINK_BOND;
	links[0].parent = links[0].member_of = -1;
	links[0].bonding.minimum_links = 1;
	strcpy(links[1].name, "dp0s3");
	links[1].kind = LINK_DATAPLANE;
	links[1].parent = -1;
	links[1].member_of = 0;
	strcpy(links[2].name, "dp0bond0.10");
	links[2].kind = LINK_VIF;
	links[2].parent = 0;
	links[2].member_of = -1;
	links[2].vlan = 10;
	links[2].vlan_protocol = 0x8100;
	links[2].address_count = 1;
	group_settings_init(group);
	group->link = 2;
	group->sync = 0;
	group->vrid = 10;
	group->priority = 254;
	group->address_first = 1;
	group->address_count = 1;
	group->excluded_count = 1;
	group->peer_count = group->track_count = group->route_count = group->rule_count = 1;
	group->scripts[SCRIPT_MASTER] = 0;
	strcpy(settings_syncs(s)[0].name, "SYNC1");
	for (unsigned i = 2; i < 5; i++)
		assert_true(prefix_parse("10.100.105.178/28", &settings_addresses(s)[i].prefix));
	for (unsigned i = 0; i < 5; i++)
		settings_addresses(s)[i].link = -1;
	add_references(s);
	assert_true(prefix_parse("192.168.10.1/30", &settings_addresses(s)[0].prefix));
	assert_true(prefix_parse("10.100.105.177/28", &settings_addresses(s)[1].prefix));
	return s;
}

static void
test_sound_block_and_its_copy_pass(void **state UNUSED)
{
	struct settings *s = sound(), *copy = settings_copy(s);

	assert_int_equal(settings_check(s, s->size, NULL), 0);
	assert_int_equal(settings_check(copy, copy->size, NULL), 0);
	assert_memory_equal(s, copy, s->size);
	assert_null(settings_copy(NULL));
	free(copy);
	free(s);
}

static void
test_empty_block_passes(void **state UNUSED)
{
	struct settings *s = settings_new(&(struct settings_counts){ 0 });

	assert_int_equal(settings_check(s, s->size, NULL), 0);
	assert_int_equal(settings_find_link(s, "eth0"), -1);
	free(s);
}

static void
test_names_are_found(void **state UNUSED)
{
	struct settings *s = sound();

	assert_int_equal(settings_find_link(s, "dp0bond0.10"), 2);
	assert_int_equal(settings_find_link(s, "dp0bond0.1"), -1);
	assert_int_equal(settings_find_group(s, "dp0bond0.10", 10, 0), 0);
	assert_int_equal(settings_find_group(s, "dp0bond0", 10, 0), -1);
	assert_int_equal(settings_find_group(s, "dp0bond0.10", 11, 0), -1);
	free(s);
}

static void
test_block_of_any_other_size_is_refused(void **state UNUSED)
{
	struct settings *s = sound();

	for (size_t size = 0; size < s->size; size++) {
		struct error error = { 0 };
		void *cut = malloc(size + !size);

		memcpy(cut, s, size);
		assert_int_equal(settings_check(cut, size, &error), -EINVAL);
		assert_true(error.text[0] != '\0');
		free(cut);
	}
	free(s);
}

/* One field each; the rest of the block is sound. */
#define REFUSED(change) \
	do { \
		struct settings *s = sound(); \
		struct link_settings *link UNUSED = settings_links(s); \
		struct group_settings *group UNUSED = settings_groups(s); \
		struct error error = { 0 }; \
		change; \
		if (settings_check(s, size_of_sound, &error) != -EINVAL) \
			fail_msg("accepted: %s", #change); \
		free(s); \
	} while (0)

static void
test_each_unsound_field_is_refused(void **state UNUSED)
{
	size_t size_of_sound = settings_size(&SOUND);

	REFUSED(s->magic++);
	REFUSED(s->size--);
	REFUSED(s->link_count = UINT32_MAX);
	REFUSED(s->group_count = 2);
	REFUSED(s->sync_count = UINT32_MAX);
	REFUSED(s->address_count = 0);

	REFUSED(link[0].name[0] = '\0');
	REFUSED(memset(link[0].name, 'x', NAME_SIZE));
	REFUSED(memset(link[0].description, 'x', DESCRIPTION_SIZE));
	REFUSED(link[0].kind = LINK_KINDS);
	REFUSED(memset(&link[0].disable, 2, 1));
	REFUSED(memset(&link[0].has_mac, 255, 1));
	REFUSED(link[0].mtu = 67);
	REFUSED(link[0].parent = 0);
	REFUSED(link[0].bonding.mode = BOND_MODES);
	REFUSED(memset(&link[0].bonding.fast, 2, 1));
	REFUSED(link[0].bonding.minimum_links = 0);
	REFUSED(memset(link[0].bonding.primary, 'x', NAME_SIZE));
	REFUSED(link[1].member_of = 1);		/* itself */
	REFUSED(link[1].member_of = 2);		/* stands later */
	REFUSED(link[1].member_of = -2);
	REFUSED(link[2].member_of = 1);		/* a vif is in no bond, a port is none */
	REFUSED(link[2].parent = -1);
	REFUSED(link[2].parent = 2);
	REFUSED(link[2].parent = 3);
	REFUSED(link[2].vlan = 0);
	REFUSED(link[2].vlan = 4095);
	REFUSED(link[2].vlan_protocol = 0);
	REFUSED(link[2].address_first = 6);
	REFUSED(link[2].address_count = UINT32_MAX);
	REFUSED(link[2].eui64_count = UINT32_MAX);
	REFUSED(link[0].tunes.set = 1u << TUNES);
	REFUSED(link[0].tunes.values[TUNE_FORWARDING] = 2);
	REFUSED(link[0].tunes.values[TUNE_RP_FILTER] = 3);
	REFUSED(link[1].port.mode = PORT_MODES);
	REFUSED(link[1].port.mode = PORT_FIXED);
	REFUSED(link[2].port.mode = PORT_NEGOTIATED);
	REFUSED(*(uint8_t *)&link[0].no_forwarding6 = 2);

	REFUSED(group->link = -1);
	REFUSED(group->link = 3);
	REFUSED(group->sync = 1);
	REFUSED(group->sync = -2);
	REFUSED(group->vrid = 0);
	REFUSED(group->version = 1);
	REFUSED(group->priority = 0);
	REFUSED(group->priority = 255);
	REFUSED(group->auth = AUTH_TYPES);
	REFUSED(memset(&group->preempt, 2, 1));
	REFUSED(memset(&group->accept, 2, 1));
	REFUSED(memset(&group->rfc_compatibility, 2, 1));
	REFUSED(group->rfc_compatibility = true);	/* without a name for the link */
	REFUSED(memset(group->vmac_name, 'x', NAME_SIZE));
	REFUSED(group->interval = 0);
	REFUSED(group->interval = NSEC_PER_SEC / 2);
	REFUSED(group->interval = 256 * NSEC_PER_SEC);
	REFUSED(group->interval = -NSEC_PER_SEC);
	REFUSED((group->version = 3, group->interval = 41 * NSEC_PER_SEC));
	REFUSED((group->version = 3, group->interval = 15 * NSEC_PER_MSEC));
	REFUSED(group->preempt_delay = -1);
	REFUSED(group->preempt_delay = 1001 * NSEC_PER_SEC);
	REFUSED(group->start_delay = 601 * NSEC_PER_SEC);
	REFUSED(group->hello_source.family = 5);
	REFUSED(group->hello_source.bytes[0] = 1);	/* none, but not empty */
	REFUSED(group->address_count = 0);
	REFUSED(group->address_count = GROUP_ADDRESSES_MAX + 1);
	REFUSED(group->address_first = 4);
	REFUSED(group->excluded_count = 4);
	REFUSED(group->family = 6);
	REFUSED(group->family = 5);
	REFUSED(memset(&group->both_versions, 1, 1));	/* of a version 2 group */
	REFUSED((group->version = 3, group->auth = AUTH_TEXT));
	REFUSED(group->sum_form = SUM_FORMS);
	REFUSED(group->garp.repeat = 0);
	REFUSED(group->garp.refresh_repeat = 0);
	REFUSED(group->garp.delay = -1);
	REFUSED(group->garp.interval = 1001 * NSEC_PER_SEC);
	REFUSED(group->peer_count = 2);
	REFUSED(group->track_count = 2);
	REFUSED(group->track_count = GROUP_TRACKS_MAX + 1);
	REFUSED(group->route_first = 1);
	REFUSED(group->rule_first = UINT32_MAX);
	REFUSED(group->advertiser = 0);			/* of an IPv4 group */
	REFUSED(group->advertiser = 1);
	REFUSED(group->scripts[SCRIPT_STOP] = 1);
	REFUSED(settings_peers(s)->minimum_ttl = 0);
	REFUSED(settings_peers(s)->address.family = 6);
	REFUSED(settings_tracks(s)->object = 1);
	REFUSED(settings_tracks(s)->weight = 255);
	REFUSED(settings_tracks(s)->up_delay = -1);
	REFUSED(settings_objects(s)->kind = OBJECT_KINDS);
	REFUSED(settings_objects(s)->kind = OBJECT_INTERFACE);	/* with a check */
	REFUSED(settings_objects(s)->check = 2);
	REFUSED(settings_checks(s)[0].kind = CHECK_KINDS);
	REFUSED(settings_checks(s)[0].interval = 0);
	REFUSED(settings_checks(s)[0].target.family = 0);
	REFUSED(settings_checks(s)[0].rise = 0);
	REFUSED(memset(settings_checks(s)[0].text, 'x', COMMAND_SIZE));
	REFUSED(settings_checks(s)[1].monitor = 1);	/* itself */
	REFUSED(settings_checks(s)[1].window = 0);
	REFUSED(settings_checks(s)[1].loss = 101);
	REFUSED(settings_routes(s)->link = 3);
	REFUSED(settings_routes(s)->destination.length = 33);
	REFUSED(memset(&settings_routes(s)->blackhole, 2, 1));
	REFUSED(settings_rules(s)->family = 0);
	REFUSED(memset(settings_rules(s)->in, 'x', NAME_SIZE));
	REFUSED(settings_advertisers(s)->interval = 0);
	REFUSED(settings_advertisers(s)->prefix_count = 2);
	REFUSED(settings_prefixes(s)->prefix.ip.family = 4);
	REFUSED(settings_programs(s)->command[0] = '\0');
	REFUSED(settings_addresses(s)[1].link = 3);
	REFUSED(settings_statics(s)->distance = 0);
	REFUSED(settings_statics(s)->kind = STATIC_KINDS);
	REFUSED(settings_statics(s)->kind = STATIC_BLACKHOLE);	/* with a next hop */
	REFUSED(settings_statics(s)->hop_count = 0);
	REFUSED(settings_statics(s)->hop_first = 1);
	REFUSED(settings_statics(s)->destination.length = 33);
	REFUSED((void)!ip_parse("2001:db8::1", &settings_hops(s)->gateway));
	REFUSED(settings_hops(s)->gateway = (struct ip){ 0 });	/* and no interface */
	REFUSED(memset(settings_hops(s)->interface, 'x', NAME_SIZE));
	REFUSED(memset(s->host_name, 'x', HOST_NAME_SIZE));

	REFUSED(settings_syncs(s)[0].name[0] = '\0');
	REFUSED(memset(settings_syncs(s)[0].name, 'x', SYNC_NAME_SIZE));
	REFUSED(settings_addresses(s)[1].prefix.ip.family = 0);
	REFUSED(settings_addresses(s)[1].prefix.ip.bytes[4] = 1);
	REFUSED(settings_addresses(s)[1].prefix.length = 33);
}

/* Whatever single byte is wrong: an answer, and no read outside the block (under a sanitizer). */
static void
test_any_changed_byte_gets_an_answer(void **state UNUSED)
{
	struct settings *s = sound();

	for (size_t i = 0; i < s->size; i++)
		for (unsigned change = 1; change < 256; change = change * 2 + 1) {
			struct settings *copy = settings_copy(s);

			((uint8_t *)copy)[i] ^= (uint8_t)change;
			(void)!settings_check(copy, s->size, NULL);
			free(copy);
		}
	free(s);
}

static void
test_check_is_the_same_however_often_it_is_tried(void **state UNUSED)
{
	const struct check_settings check = { .kind = CHECK_CONNECT, .port = 80 };
	struct check_settings other = check;

	other.interval = NSEC_PER_SEC;
	other.rise = other.fall = 3;
	assert_true(settings_same_check(&check, &other));
	other.port = 81;
	assert_false(settings_same_check(&check, &other));
	other = check;
	other.target.family = 4;
	assert_false(settings_same_check(&check, &other));
	other = check;
	other.kind = CHECK_ASK;
	assert_false(settings_same_check(&check, &other));
	other = check;
	strcpy(other.text, "/bin/true");
	assert_false(settings_same_check(&check, &other));
}

static void
test_virtual_mac_has_the_standards_prefix(void **state UNUSED)
{
	struct mac four = group_virtual_mac(4, 7), six = group_virtual_mac(6, 255);

	assert_memory_equal(four.bytes, "\x00\x00\x5e\x00\x01\x07", 6);
	assert_memory_equal(six.bytes, "\x00\x00\x5e\x00\x02\xff", 6);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_block_and_its_copy_pass),
		cmocka_unit_test(test_empty_block_passes),
		cmocka_unit_test(test_names_are_found),
		cmocka_unit_test(test_block_of_any_other_size_is_refused),
		cmocka_unit_test(test_each_unsound_field_is_refused),
		cmocka_unit_test(test_any_changed_byte_gets_an_answer),
		cmocka_unit_test(test_check_is_the_same_however_often_it_is_tried),
		cmocka_unit_test(test_virtual_mac_has_the_standards_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
