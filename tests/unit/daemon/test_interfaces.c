/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces against the real kernel.  Needs root (skipped otherwise); bonds and VLANs are tested
 * where the kernel has them.
 */
#include "native.h"

#include <ifaddrs.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Of every group: what a plan brings back has a lease by it, which nobody renews here. */
#define INTERVAL (60 * NSEC_PER_SEC)

/* ---- settings ---- */

/* va with 10.0.0.2/24 and group 1 of 10.0.0.1/24 and 10.5.0.1/24. */
static struct settings *
port_settings(bool virtual)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = 1, .addresses = 3 });
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	native_init_link(settings_links(s), "va", LINK_DATAPLANE);
	settings_links(s)->address_count = 1;
	strcpy(settings_links(s)->description, "towards the peer");
	native_put_address(s, 0, "10.0.0.2/24");
	native_put_address(s, 1, "10.0.0.1/24");
	native_put_address(s, 2, "10.5.0.1/24");
	*g = (struct group_settings){ .sync = -1, .vrid = 1, .version = 2, .family = 4,
	                              .interval = INTERVAL, .address_first = 1,
	                              .address_count = 2, .rfc_compatibility = virtual };
	if (virtual)
		strcpy(g->vmac_name, "vavrrp1");
	return s;
}

/* ---- tests with any kernel ---- */

static void
test_adopt_configures_and_twice_changes_nothing(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("10.0.0.2/24 brd 10.0.0.255", "ip addr show va"));
	assert_true(native_shows("towards the peer", "ip link show va"));
	wait_for(rig, rig->input.usable);
	assert_int_equal(rig->input.source4.bytes[3], 2);
	native_rest(rig);
	native_adopt(rig, s, NULL);
	assert_int_equal(native_changes(rig), 0);
	free(s);
}

static void
test_removed_settings_restore_link(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);
	struct settings *empty = settings_new(&(struct settings_counts){ 0 });

	run("ip link set va alias before");
	run("ip addr add 192.0.2.1/24 dev va");
	native_adopt(rig, s, NULL);
	assert_true(native_shows("1", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	assert_true(native_shows("2", "cat /proc/sys/net/ipv4/conf/va/arp_announce"));
	/* A successor restores as well. */
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, empty, NULL);
	assert_true(native_shows("alias before", "ip link show va"));
	assert_true(native_shows("state DOWN", "ip link show va"));
	assert_false(native_shows("10.0.0.2", "ip addr show va"));
	assert_true(native_shows("192.0.2.1/24", "ip addr show va"));
	assert_false(native_shows("vavrrp1", "ip link"));
	assert_true(native_shows("0", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	free(s);
	free(empty);
}

static void
test_plain_group_takes_leases_and_drops(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	/* In effect when flush returns. */
	assert_true(native_shows("10.0.0.1/24", "ip addr show va"));
	assert_true(native_shows("dynamic", "ip addr show va"));
	assert_true(native_shows("10.5.0.0/24 dev va", "ip route"));
	assert_true(native_answers(rig, "10.0.0.1"));
	native_rest(rig);
	assert_int_equal(rig->restored, 0);
	assert_int_equal(rig->input.source4.bytes[3], 2);
	native_drop(rig, 0);
	native_rest(rig);
	assert_false(native_shows("10.0.0.1/", "ip addr show va"));
	assert_false(native_shows("10.5.0.1/", "ip addr show va"));
	assert_true(native_shows("10.0.0.2/24", "ip addr show va"));
	free(s);
}

/* Asked of the kernel by ourselves: to start a command may take as long as a lease. */
static bool
has_address(const char *text)
{
	struct ifaddrs *list;
	struct ip wanted;
	bool has = false;

	assert_true(ip_parse(text, &wanted));
	assert_int_equal(getifaddrs(&list), 0);
	for (const struct ifaddrs *a = list; a != NULL && !has; a = a->ifa_next) {
		const struct sockaddr_in *in = (const void *)a->ifa_addr;

		has = in != NULL && in->sin_family == AF_INET &&
		      memcmp(&in->sin_addr, wanted.bytes, sizeof(in->sin_addr)) == 0;
	}
	freeifaddrs(list);
	return has;
}

static void
test_unrenewed_lease_ends_and_renewed_lasts(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);
	/* Long enough that a machine which stalls renews it in time. */
	const nsec_t lease = 3 * NSEC_PER_SEC;
	nsec_t end;

	native_adopt(rig, s, NULL);
	interfaces_take(rig->interfaces, 0, lease);
	interfaces_flush(rig->interfaces);
	wait_for(rig, has_address("10.0.0.1"));
	end = native_monotonic() + 2 * lease;
	while (native_monotonic() < end) {
		interfaces_renew(rig->interfaces, 0, lease);
		interfaces_flush(rig->interfaces);
		native_turn(rig);
		assert_true(has_address("10.0.0.1"));
	}
	assert_int_equal(rig->restored, 0);
	/* The loop stands still, as in a stopped process. */
	end = native_monotonic() + PATIENCE;
	while (has_address("10.0.0.1"))
		assert_true(native_monotonic() < end);
	free(s);
}

static void
test_address_removed_by_hand_comes_back(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	native_rest(rig);
	run("ip addr del 10.5.0.1/24 dev va");
	wait_for(rig, rig->restored == 1);
	assert_true(native_shows("10.5.0.1/24", "ip addr show va"));
	/* The own address takes its secondary, the virtual one, with it. */
	run("ip addr del 10.0.0.2/24 dev va");
	wait_for(rig, native_shows("10.0.0.1/24", "ip addr show va") &&
	              native_shows("10.0.0.2/24", "ip addr show va"));
	wait_for(rig, rig->restored == 2);
	native_rest(rig);
	assert_int_equal(rig->restored, 2);
	free(s);
}

static void
test_virtual_link_is_silent_until_taken(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);

	native_adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("00:00:5e:00:01:01", "ip link show vavrrp1"));
	assert_true(native_shows("va group 1", "ip link show vavrrp1"));
	assert_true(native_shows("10.0.0.1/24", "ip addr show vavrrp1"));
	assert_true(native_shows("state DOWN", "ip link show vavrrp1"));
	assert_false(native_answers(rig, "10.0.0.1"));
	assert_false(native_shows("10.0.0.1", "ip route show table local"));
	native_take(rig, 0);
	assert_true(native_shows("dynamic", "ip addr show vavrrp1"));
	assert_true(native_answers(rig, "10.0.0.1"));
	assert_true(native_shows("00:00:5e:00:01:01", "nsenter --net=/proc/%d/ns/net ip neigh",
	                  rig->peer));
	assert_true(native_answers(rig, "10.5.0.1"));
	assert_true(native_answers(rig, "10.0.0.2"));
	/* Not even when we must ask for the peer first. */
	for (unsigned i = 0; i < 5; i++) {
		run("ip neigh flush all");
		assert_true(native_answers(rig, "10.0.0.1"));
		assert_true(native_shows("10.0.0.1 dev vb lladdr 00:00:5e:00:01:01",
		                  "nsenter --net=/proc/%d/ns/net ip neigh", rig->peer));
	}
	native_rest(rig);
	assert_int_equal(rig->restored, 0);
	native_drop(rig, 0);
	wait_for(rig, !native_answers(rig, "10.0.0.1"));
	native_rest(rig);
	assert_false(native_answers(rig, "10.0.0.1"));
	assert_true(native_shows("valid_lft forever", "ip addr show vavrrp1"));
	native_rest(rig);
	native_adopt(rig, s, NULL);
	assert_int_equal(native_changes(rig), 0);
	/* Up and down in one breath. */
	native_take(rig, 0);
	native_drop(rig, 0);
	native_take(rig, 0);
	wait_for(rig, native_answers(rig, "10.0.0.1"));
	native_rest(rig);
	assert_true(native_answers(rig, "10.0.0.1"));
	free(s);
}

static void
test_virtual_link_raised_in_backup_is_lowered(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);

	native_adopt(rig, s, NULL);
	run("ip link set vavrrp1 up");
	wait_for(rig, native_shows("state DOWN", "ip link show vavrrp1"));
	native_rest(rig);
	assert_false(native_answers(rig, "10.0.0.1"));
	free(s);
}

static void
test_virtual_link_deleted_while_held_comes_back(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);

	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	run("ip link del vavrrp1");
	wait_for(rig, rig->restored > 0);
	wait_for(rig, native_answers(rig, "10.0.0.1"));
	wait_for(rig, native_shows("0.0.1/24 scope global dynamic", "ip addr show vavrrp1"));
	free(s);
}

static void
test_successor_keeps_held_and_removes_leftovers(void **state)
{
	struct native *rig = *state;
	struct settings *plain = port_settings(false);
	struct settings *virtual = port_settings(true);
	const bool held[] = { true };

	native_adopt(rig, plain, NULL);
	native_take(rig, 0);
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, plain, held);
	assert_int_equal(rig->restored, 0);
	assert_true(native_shows("10.0.0.1/24", "ip addr show va"));
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, plain, NULL);
	assert_false(native_shows("10.0.0.1/", "ip addr show va"));
	native_adopt(rig, virtual, NULL);
	native_take(rig, 0);
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, virtual, NULL);
	assert_true(native_shows("state DOWN", "ip link show vavrrp1"));
	assert_false(native_answers(rig, "10.0.0.1"));
	native_adopt(rig, plain, NULL);
	assert_false(native_shows("vavrrp1", "ip link"));
	free(plain);
	free(virtual);
}

static void
test_link_that_goes_and_returns_is_followed(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);
	unsigned told;

	native_adopt(rig, s, NULL);
	wait_for(rig, rig->input.usable);
	run("ip link set va down && ip link set va name gone && ip link set gone up");
	wait_for(rig, !rig->input.usable && rig->index == 0);
	run("ip link set gone down && ip link set gone name va && ip link set va up");
	wait_for(rig, rig->input.usable && rig->index != 0);
	run("ip link del va");
	wait_for(rig, !rig->input.usable);
	told = rig->told;
	run("ip link add va type veth peer name vb");
	run("ip link set vb up");
	wait_for(rig, rig->input.usable && rig->input.source4.bytes[3] == 2);
	assert_true(rig->told > told);
	wait_for(rig, native_shows("10.0.0.1/24", "ip addr show vavrrp1"));
	run("ip link set vb down");
	wait_for(rig, !rig->input.usable);
	free(s);
}

/* Gone and back between two looks, under the same number: sockets on the old one are dead. */
static void
test_link_replaced_under_the_same_number_is_told(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);
	unsigned told;

	native_adopt(rig, s, NULL);
	wait_for(rig, rig->input.usable);
	told = rig->told;
	run("ip link del va && ip link add va index %d address 02:00:00:00:00:77 type veth "
	    "peer name vb && ip link set vb up", rig->index);
	wait_for(rig, rig->told > told && rig->input.usable && rig->input.mac.bytes[5] == 0x77);
	free(s);
}

static void
test_missing_port_is_a_problem_until_it_appears(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	strcpy(settings_links(s)->name, "later");
	native_adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "later: there is no such interface"));
	assert_int_equal(rig->index, 0);
	run("ip link set va name later");
	wait_for(rig, rig->input.usable);
	assert_true(native_shows("10.0.0.2/24", "ip addr show later"));
	wait_for(rig, strstr(rig->problems, "later: there is no such interface") == NULL);
	free(s);
}

static void
test_refused_step_names_interface_and_reason(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	settings_links(s)->mtu = 65535;
	run("ip link set va mtu 1400");
	settings_links(s)->has_mac = true;
	settings_links(s)->mac.bytes[0] = 1;	/* a group address */
	native_adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "va: cannot set mac 01:00:00:00:00:00: "
	                                      "Cannot assign requested address"));
	assert_true(native_shows("10.0.0.2/24", "ip addr show va"));
	free(s);
}

static void
test_lost_news_are_made_up_for(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(false);

	native_adopt(rig, s, NULL);
	/* Longer than the test takes, for nobody renews it. */
	interfaces_take(rig->interfaces, 0, 600 * NSEC_PER_SEC);
	interfaces_flush(rig->interfaces);
	native_rest(rig);
	/* More than the socket's 16 MiB hold: 20,000 changes of 2 kB or so each. */
	run("for i in $(seq 40); do yes 'link set lo alias x' | head -n 500; done | "
	    "ip -batch -");
	run("ip addr del 10.5.0.1/24 dev va");
	wait_for(rig, rig->restored > 0);
	assert_true(native_shows("10.5.0.1/24", "ip addr show va"));
	free(s);
}

static void
test_stop_leaves_nothing_virtual(void **state)
{
	struct native *rig = *state;
	struct settings *s = port_settings(true);

	native_adopt(rig, s, NULL);
	native_take(rig, 0);
	interfaces_stop(rig->interfaces, NSEC_PER_SEC);
	assert_false(native_shows("vavrrp1", "ip link"));
	assert_true(native_shows("10.0.0.2/24", "ip addr show va"));
	assert_true(native_shows("0", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	free(s);
}

/* ---- tests with bonds and VLANs ---- */

static bool
kernel_has(const char *kind)
{
	bool has = strcmp(kind, "vlan") == 0
		? native_try("ip link add link va name probe type vlan id 9") == 0
		: native_try("ip link add probe type %s", kind) == 0;

	(void)native_try("ip link del probe");
	return has;
}

enum { BOND, VIF, MEMBER, OTHER_MEMBER, BOND_LINKS };

static struct settings *
bond_settings(enum bond_mode mode)
{
	struct settings *s = settings_new(&(struct settings_counts){
		.links = BOND_LINKS, .groups = 2, .addresses = 4 });
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	native_init_link(&l[BOND], "dp0bond0", LINK_BOND);
	native_init_link(&l[VIF], "dp0bond0.10", LINK_VIF);
	native_init_link(&l[MEMBER], "va", LINK_DATAPLANE);
	native_init_link(&l[OTHER_MEMBER], "vc", LINK_DATAPLANE);
	l[BOND].bonding = (struct bond_settings){ .mode = mode, .minimum_links = 1,
	                                          .fast = true, .key = 7 };
	if (mode == BOND_ACTIVE_BACKUP)
		strcpy(l[BOND].bonding.primary, "vc");
	l[BOND].mtu = 1600;
	l[BOND].address_count = 1;
	l[VIF].parent = BOND;
	l[VIF].vlan = 10;
	l[VIF].vlan_protocol = 0x8100;
	l[VIF].address_first = 1;
	l[VIF].address_count = 1;
	l[MEMBER].member_of = l[OTHER_MEMBER].member_of = BOND;
	native_put_address(s, 0, "10.100.11.39/26");
	native_put_address(s, 1, "192.168.255.81/30");
	native_put_address(s, 2, "10.100.11.5/26");
	native_put_address(s, 3, "10.100.105.177/28");
	g[0] = (struct group_settings){ .link = BOND, .sync = -1, .vrid = 1, .version = 2,
	                                .family = 4, .interval = INTERVAL,
	                                .rfc_compatibility = true, .address_first = 2,
	                                .address_count = 1 };
	strcpy(g[0].vmac_name, "dp0vrrp1");
	g[1] = (struct group_settings){ .link = VIF, .sync = -1, .vrid = 10, .version = 2,
	                                .family = 4, .interval = INTERVAL, .address_first = 3,
	                                .address_count = 1 };
	return s;
}

static void
test_bond_and_vif_are_made_changed_and_removed(void **state)
{
	struct native *rig = *state;
	struct settings *lacp;
	struct settings *backup;
	struct settings *empty;

	if (!kernel_has("bond") || !kernel_has("vlan"))
		skip();
	lacp = bond_settings(BOND_LACP);
	backup = bond_settings(BOND_ACTIVE_BACKUP);
	empty = settings_new(&(struct settings_counts){ 0 });
	run("ip link add vc type veth peer name vd");
	run("ip link set va up");
	native_adopt(rig, lacp, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("mode 802.3ad miimon 100", "ip -d link show dp0bond0"));
	assert_true(native_shows("xmit_hash_policy layer3+4", "ip -d link show dp0bond0"));
	assert_true(native_shows("lacp_rate fast", "ip -d link show dp0bond0"));
	assert_true(native_shows("ad_user_port_key 7", "ip -d link show dp0bond0"));
	assert_true(native_shows("mtu 1600", "ip link show dp0bond0"));
	assert_true(native_shows("master dp0bond0", "ip link show va"));
	assert_true(native_shows("master dp0bond0", "ip link show vc"));
	assert_true(native_shows("protocol 802.1Q id 10", "ip -d link show dp0bond0.10"));
	assert_true(native_shows("10.100.11.39/26", "ip addr show dp0bond0"));
	assert_true(native_shows("192.168.255.81/30", "ip addr show dp0bond0.10"));
	assert_true(native_shows("10.100.11.5/26", "ip addr show dp0vrrp1"));
	native_rest(rig);
	native_adopt(rig, lacp, NULL);
	assert_int_equal(native_changes(rig), 0);

	native_adopt(rig, backup, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("mode active-backup", "ip -d link show dp0bond0"));
	assert_true(native_shows("primary vc", "ip -d link show dp0bond0"));
	assert_true(native_shows("master dp0bond0", "ip link show va"));
	assert_true(native_shows("10.100.11.39/26", "ip addr show dp0bond0"));
	native_rest(rig);
	native_adopt(rig, backup, NULL);
	assert_int_equal(native_changes(rig), 0);

	/* Deleted by hand, everything returns. */
	run("ip link del dp0bond0");
	wait_for(rig, native_shows("10.100.11.5/26", "ip addr show dp0vrrp1 2>/dev/null") &&
	              native_shows("192.168.255.81/30", "ip addr show dp0bond0.10 2>/dev/null"));

	native_adopt(rig, empty, NULL);
	assert_false(native_shows("dp0bond0", "ip link"));
	assert_false(native_shows("dp0vrrp1", "ip link"));
	assert_true(native_shows("UP", "ip link show va"));
	assert_false(native_shows(",UP", "ip link show vc"));
	free(lacp);
	free(backup);
	free(empty);
}

static void
test_existing_bond_is_adopted_and_given_back(void **state)
{
	struct native *rig = *state;
	struct settings *lacp;
	struct settings *empty;

	if (!kernel_has("bond") || !kernel_has("vlan"))
		skip();
	lacp = bond_settings(BOND_LACP);
	empty = settings_new(&(struct settings_counts){ 0 });
	run("ip link add vc type veth peer name vd");
	run("ip link add dp0bond0 type bond mode balance-xor miimon 50");
	run("ip link set vc master dp0bond0");
	run("ip link set dp0bond0 up");
	native_adopt(rig, lacp, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("mode 802.3ad miimon 100", "ip -d link show dp0bond0"));
	assert_true(native_shows("master dp0bond0", "ip link show vc"));
	interfaces_free(rig->interfaces);
	native_start(rig);
	native_adopt(rig, empty, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(native_shows("mode balance-xor miimon 50", "ip -d link show dp0bond0"));
	assert_true(native_shows("mtu 1500", "ip -d link show dp0bond0"));
	assert_true(native_shows(",UP", "ip link show dp0bond0"));
	assert_true(native_shows("master dp0bond0", "ip link show vc"));
	assert_false(native_shows("master", "ip link show va"));
	free(lacp);
	free(empty);
}

static void
test_veth_in_place_of_bond_is_used_with_a_remark(void **state)
{
	struct native *rig = *state;
	struct settings *s = bond_settings(BOND_LACP);

	run("ip link set va name dp0bond0");
	run("ip link add dp0bond0.10 type veth peer name ve");
	native_adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "dp0bond0: the interface exists and is no bond"));
	assert_non_null(strstr(rig->problems, "dp0bond0.10: the interface exists and is not VLAN"));
	assert_true(native_shows("10.100.11.39/26", "ip addr show dp0bond0"));
	assert_true(native_shows("192.168.255.81/30", "ip addr show dp0bond0.10"));
	free(s);
}

/* ---- size ---- */

/* 4,000 links with an address each (VLANs where the kernel has them, else veths) and a group. */
static void
test_thousands_of_links_and_addresses(void **state)
{
	struct native *rig = *state;
	bool vlans = kernel_has("vlan");
	uint32_t vifs = getenv("TANDEM_TEST_LARGE") != NULL ? 4000 : 200;
	struct settings *s = settings_new(&(struct settings_counts){
		.links = vifs + 1, .groups = vifs, .addresses = 2 * vifs });
	bool *held = calloc(vifs, sizeof(*held));
	nsec_t begin;
	nsec_t made;
	nsec_t again;
	nsec_t start_of_take;
	nsec_t taken;
	char text[NAME_SIZE + 16];

	assert_non_null(s);
	assert_non_null(held);
	native_init_link(&settings_links(s)[0], "va", LINK_DATAPLANE);
	for (uint32_t v = 0; v < vifs; v++) {
		struct link_settings *l = &settings_links(s)[v + 1];
		struct group_settings *g = &settings_groups(s)[v];

		snprintf(text, sizeof(text), "va.%u", v + 1);
		native_init_link(l, text, vlans ? LINK_VIF : LINK_DATAPLANE);
		l->parent = vlans ? 0 : -1;
		l->vlan = (uint16_t)(v + 1);
		l->vlan_protocol = 0x8100;
		l->address_first = 2 * v;
		l->address_count = 1;
		snprintf(text, sizeof(text), "10.%u.%u.2/24", v / 250 + 1, v % 250);
		native_put_address(s, 2 * v, text);
		snprintf(text, sizeof(text), "10.%u.%u.1/24", v / 250 + 1, v % 250);
		native_put_address(s, 2 * v + 1, text);
		*g = (struct group_settings){ .link = (int32_t)v + 1, .sync = -1, .vrid = 1,
		                              .version = 2, .family = 4, .interval = INTERVAL,
		                              .address_first = 2 * v + 1, .address_count = 1 };
		if (!vlans && v % 2 == 0)
			run("ip link add va.%u type veth peer name va.%u", v + 1, v + 2);
	}
	begin = native_monotonic();
	native_adopt(rig, s, NULL);
	made = native_monotonic();
	assert_string_equal(rig->problems, "");
	native_adopt(rig, s, NULL);
	again = native_monotonic();
	native_rest(rig);
	start_of_take = native_monotonic();
	for (uint32_t g = 0; g < vifs; g++)
		interfaces_take(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	native_wait_for_changes(rig, vifs);
	taken = native_monotonic();
	print_message("%u %s: adopt %.1f ms, once more %.1f ms, all groups taken %.1f ms\n", vifs,
	              vlans ? "VLANs" : "veths", (double)(made - begin) / 1e6,
	              (double)(again - made) / 1e6, (double)(taken - start_of_take) / 1e6);
	free(s);
	free(held);
}

/* 5,000 virtual addresses on one link. */
static void
test_thousands_of_addresses_on_one_link(void **state)
{
	struct native *rig = *state;
	uint32_t groups = getenv("TANDEM_TEST_LARGE") != NULL ? 250 : 20;
	struct settings *s = settings_new(&(struct settings_counts){
		.links = 1, .groups = groups, .addresses = 20 * groups + 1 });
	nsec_t begin;
	nsec_t taken;
	nsec_t renewed;
	char text[64];

	assert_non_null(s);
	native_init_link(&settings_links(s)[0], "va", LINK_DATAPLANE);
	settings_links(s)[0].address_first = 20 * groups;
	settings_links(s)[0].address_count = 1;
	native_put_address(s, 20 * groups, "10.0.0.2/16");
	for (uint32_t g = 0; g < groups; g++) {
		settings_groups(s)[g] = (struct group_settings){
			.sync = -1, .vrid = (uint8_t)(g + 1), .version = 2, .family = 4,
			.interval = INTERVAL, .address_first = 20 * g, .address_count = 20 };
		for (uint32_t a = 0; a < 20; a++) {
			snprintf(text, sizeof(text), "10.0.%u.%u/16", g + 1, a + 1);
			native_put_address(s, 20 * g + a, text);
		}
	}
	native_adopt(rig, s, NULL);
	native_rest(rig);
	begin = native_monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_take(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	for (uint32_t g = 0; g < groups; g++)
		wait_for(rig, !interfaces_is_taking(rig->interfaces, g));
	taken = native_monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_renew(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	native_rest(rig);
	renewed = native_monotonic();
	print_message("%u addresses on one link: taken %.1f ms, renewed and at rest %.1f ms\n",
	              20 * groups, (double)(taken - begin) / 1e6,
	              (double)(renewed - taken) / 1e6);
	assert_int_equal(rig->restored, 0);
	free(s);
}

int
main(void)
{
#define RIG_TEST(function) \
	cmocka_unit_test_setup_teardown(function, native_set_up, native_tear_down)
	const struct CMUnitTest tests[] = {
		RIG_TEST(test_adopt_configures_and_twice_changes_nothing),
		RIG_TEST(test_removed_settings_restore_link),
		RIG_TEST(test_plain_group_takes_leases_and_drops),
		RIG_TEST(test_unrenewed_lease_ends_and_renewed_lasts),
		RIG_TEST(test_address_removed_by_hand_comes_back),
		RIG_TEST(test_virtual_link_is_silent_until_taken),
		RIG_TEST(test_virtual_link_raised_in_backup_is_lowered),
		RIG_TEST(test_virtual_link_deleted_while_held_comes_back),
		RIG_TEST(test_successor_keeps_held_and_removes_leftovers),
		RIG_TEST(test_link_that_goes_and_returns_is_followed),
		RIG_TEST(test_link_replaced_under_the_same_number_is_told),
		RIG_TEST(test_missing_port_is_a_problem_until_it_appears),
		RIG_TEST(test_refused_step_names_interface_and_reason),
		RIG_TEST(test_lost_news_are_made_up_for),
		RIG_TEST(test_stop_leaves_nothing_virtual),
		RIG_TEST(test_bond_and_vif_are_made_changed_and_removed),
		RIG_TEST(test_existing_bond_is_adopted_and_given_back),
		RIG_TEST(test_veth_in_place_of_bond_is_used_with_a_remark),
		RIG_TEST(test_thousands_of_links_and_addresses),
		RIG_TEST(test_thousands_of_addresses_on_one_link),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	cmocka_set_test_filter(getenv("TANDEM_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
