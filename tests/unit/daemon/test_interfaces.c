/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces against the real kernel, each test in a network namespace of its own:
 *
 *	[ours]  va ---- vb  [peer: a second namespace, 10.0.0.9/24]
 *
 * Needs root (skipped otherwise); bonds and VLANs are tested where the kernel has them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <time.h>
#include <unistd.h>

#include "daemon/interfaces.h"
#include "system/netlink.h"

#define PATIENCE (60 * NSEC_PER_SEC)
#define LEASE (600 * NSEC_PER_SEC)	/* emulated machines are slow */
#define SKIPPED 77

struct rig {
	pid_t peer;
	sd_event *event;
	struct interfaces *interfaces;
	struct netlink *watch;		/* hears every change, to prove that there was none */
	unsigned heard;
	unsigned settled;
	unsigned restored;
	unsigned told;
	char problems[2048];
	int index;
	struct link_input input;
	void *originals;
	size_t originals_size;
};

/* ---- commands ---- */

static nsec_t
monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

static int PRINTF_LIKE(1, 2)
try(const char *format, ...)
{
	char command[512];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	strcat(command, " >/dev/null 2>&1");
	return system(command);
}

#define run(...) assert_int_equal(try(__VA_ARGS__), 0)

/* Does the output of a command contain the text? */
static bool PRINTF_LIKE(2, 3)
shows(const char *text, const char *format, ...)
{
	char command[512];
	char output[65536];
	va_list arguments;
	size_t length;
	FILE *pipe;

	va_start(arguments, format);
	vsnprintf(command, sizeof(command), format, arguments);
	va_end(arguments);
	pipe = popen(command, "r");
	assert_non_null(pipe);
	length = fread(output, 1, sizeof(output) - 1, pipe);
	output[length] = '\0';
	pclose(pipe);
	return strstr(output, text) != NULL;
}

static bool
answers(const struct rig *rig, const char *address)
{
	(void)try("nsenter --net=/proc/%d/ns/net ip neigh flush all", rig->peer);
	return try("nsenter --net=/proc/%d/ns/net ping -c1 -W1 %s", rig->peer, address) == 0;
}

/* ---- rig ---- */

static void
on_link(void *owner, uint32_t link, int index, const struct link_input *input)
{
	struct rig *rig = owner;

	if (link != 0)
		return;
	rig->told++;
	rig->index = index;
	rig->input = *input;
}

static void
on_settled(void *owner, const char *problems)
{
	struct rig *rig = owner;

	rig->settled++;
	snprintf(rig->problems, sizeof(rig->problems), "%s", problems);
}

static void
on_restored(void *owner, uint32_t group UNUSED)
{
	((struct rig *)owner)->restored++;
}

static void
on_originals(void *owner, const void *bytes, size_t size)
{
	struct rig *rig = owner;

	free(rig->originals);
	rig->originals = malloc(size);
	assert_non_null(rig->originals);
	memcpy(rig->originals, bytes, size);
	rig->originals_size = size;
}

static const struct interfaces_calls calls = { on_link, on_settled, on_restored, on_originals };

static void
start(struct rig *rig)
{
	struct error error = { 0 };
	int r = interfaces_new(rig->event, &calls, rig, rig->originals, rig->originals_size,
	                       &rig->interfaces, &error);

	if (r < 0)
		fail_msg("%s", error.text);
}

static int
set_up(void **state)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV4_ROUTE };
	struct rig *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	rig->peer = fork();
	if (rig->peer == 0) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || unshare(CLONE_NEWNET) < 0)
			_exit(1);
		for (;;)
			pause();
	}
	run("ip link set lo up");
	run("ip link add va type veth peer name vb");
	/* The child may still be on its way into its namespace. */
	for (unsigned i = 0; i < 100 && shows("vb@", "ip link"); i++) {
		char ours[64], theirs[64], path[64];
		ssize_t a, b;

		snprintf(path, sizeof(path), "/proc/%d/ns/net", rig->peer);
		a = readlink("/proc/self/ns/net", ours, sizeof(ours));
		b = readlink(path, theirs, sizeof(theirs));
		if (a > 0 && (a != b || memcmp(ours, theirs, (size_t)a) != 0))
			run("ip link set vb netns %d", rig->peer);
		else
			usleep(1000);
	}
	run("nsenter --net=/proc/%d/ns/net ip link set vb up", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip addr add 10.0.0.9/24 dev vb", rig->peer);
	run("nsenter --net=/proc/%d/ns/net ip route add default dev vb", rig->peer);
	assert_true(sd_event_new(&rig->event) >= 0);
	assert_int_equal(netlink_open(groups, ARRAY_SIZE(groups), &rig->watch, &error), 0);
	start(rig);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	interfaces_free(rig->interfaces);
	netlink_close(rig->watch);
	sd_event_unref(rig->event);
	kill(rig->peer, SIGKILL);
	waitpid(rig->peer, NULL, 0);
	free(rig->originals);
	free(rig);
	return 0;
}

static void
turn(struct rig *rig)
{
	assert_true(sd_event_run(rig->event, 20000) >= 0);
}

/* Run the loop until the condition holds. */
#define wait_for(rig, condition)						\
	do {									\
		nsec_t end_ = monotonic() + PATIENCE;				\
										\
		while (!(condition)) {						\
			if (monotonic() > end_)					\
				fail_msg("waited in vain for %s", #condition);	\
			turn(rig);						\
		}								\
	} while (0)

static void
adopt(struct rig *rig, const struct settings *settings, const bool *held)
{
	static const bool nothing[4096];
	struct error error;
	unsigned settled = rig->settled;

	assert_int_equal(interfaces_adopt(rig->interfaces, settings,
	                                  held != NULL ? held : nothing, LEASE, &error), 0);
	wait_for(rig, rig->settled > settled);
}

static void
hear(void *owner, const struct nlmsghdr *message UNUSED)
{
	((struct rig *)owner)->heard++;
}

/* How many changes the kernel told of since the last call. */
static unsigned
changes(struct rig *rig)
{
	int r;

	rig->heard = 0;
	while ((r = netlink_receive(rig->watch, hear, rig)) > 0)
		;
	/* More than the socket holds is many, too. */
	assert_true(r == 0 || r == -ENOBUFS);
	return rig->heard;
}

/* Run the loop until the kernel told of so many. */
static void
wait_for_changes(struct rig *rig, unsigned count)
{
	unsigned sum = 0;

	wait_for(rig, (sum += changes(rig)) >= count);
}

/* ---- settings ---- */

static void
put_address(struct settings *s, uint32_t at, const char *text)
{
	assert_true(prefix_parse(text, &settings_addresses(s)[at]));
}

static void
init_link(struct link_settings *link, const char *name, enum link_kind kind)
{
	*link = (struct link_settings){ .kind = kind, .parent = -1, .bond = -1 };
	memcpy(link->name, name, strnlen(name, sizeof(link->name) - 1));
}

/* va with 10.0.0.2/24 and group 1 of 10.0.0.1/24 and 10.5.0.1/24. */
static struct settings *
port_settings(bool virtual)
{
	struct settings *s = settings_new(1, 1, 0, 3);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	init_link(settings_links(s), "va", LINK_DATAPLANE);
	settings_links(s)->address_count = 1;
	strcpy(settings_links(s)->description, "towards the peer");
	put_address(s, 0, "10.0.0.2/24");
	put_address(s, 1, "10.0.0.1/24");
	put_address(s, 2, "10.5.0.1/24");
	*g = (struct group_settings){ .sync = -1, .vrid = 1, .version = 2, .address_first = 1,
	                              .address_count = 2, .rfc_compatibility = virtual };
	if (virtual)
		strcpy(g->vmac_name, "vavrrp1");
	return s;
}

static void
take(struct rig *rig)
{
	interfaces_take(rig->interfaces, 0, LEASE);
	interfaces_flush(rig->interfaces);
}

static void
drop(struct rig *rig)
{
	interfaces_drop(rig->interfaces, 0);
	interfaces_flush(rig->interfaces);
}

/* Let everything that is under way come to rest. */
static void
rest(struct rig *rig)
{
	for (unsigned quiet = 0; quiet < 5;) {
		(void)changes(rig);
		turn(rig);
		quiet = changes(rig) == 0 ? quiet + 1 : 0;
	}
}

/* ---- tests with any kernel ---- */

static void
test_adopt_configures_and_twice_changes_nothing(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(shows("10.0.0.2/24 brd 10.0.0.255", "ip addr show va"));
	assert_true(shows("towards the peer", "ip link show va"));
	wait_for(rig, rig->input.usable);
	assert_int_equal(rig->input.source4.bytes[3], 2);
	rest(rig);
	adopt(rig, s, NULL);
	assert_int_equal(changes(rig), 0);
	free(s);
}

static void
test_removed_settings_restore_link(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);
	struct settings *empty = settings_new(0, 0, 0, 0);

	run("ip link set va alias before");
	run("ip addr add 192.0.2.1/24 dev va");
	adopt(rig, s, NULL);
	assert_true(shows("1", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	assert_true(shows("2", "cat /proc/sys/net/ipv4/conf/va/arp_announce"));
	/* A successor restores as well. */
	interfaces_free(rig->interfaces);
	start(rig);
	adopt(rig, empty, NULL);
	assert_true(shows("alias before", "ip link show va"));
	assert_true(shows("state DOWN", "ip link show va"));
	assert_false(shows("10.0.0.2", "ip addr show va"));
	assert_true(shows("192.0.2.1/24", "ip addr show va"));
	assert_false(shows("vavrrp1", "ip link"));
	assert_true(shows("0", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	free(s);
	free(empty);
}

static void
test_plain_group_takes_leases_and_drops(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	adopt(rig, s, NULL);
	take(rig);
	/* In effect when flush returns. */
	assert_true(shows("10.0.0.1/24", "ip addr show va"));
	assert_true(shows("dynamic", "ip addr show va"));
	assert_true(shows("10.5.0.0/24 dev va", "ip route"));
	assert_true(answers(rig, "10.0.0.1"));
	rest(rig);
	assert_int_equal(rig->restored, 0);
	assert_int_equal(rig->input.source4.bytes[3], 2);
	drop(rig);
	rest(rig);
	assert_false(shows("10.0.0.1/", "ip addr show va"));
	assert_false(shows("10.5.0.1/", "ip addr show va"));
	assert_true(shows("10.0.0.2/24", "ip addr show va"));
	free(s);
}

static void
test_unrenewed_lease_ends_and_renewed_lasts(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);
	nsec_t end;

	adopt(rig, s, NULL);
	interfaces_take(rig->interfaces, 0, NSEC_PER_SEC);
	interfaces_flush(rig->interfaces);
	end = monotonic() + 3 * NSEC_PER_SEC;
	while (monotonic() < end) {
		interfaces_renew(rig->interfaces, 0, NSEC_PER_SEC);
		interfaces_flush(rig->interfaces);
		for (unsigned i = 0; i < 10; i++)
			turn(rig);
		assert_true(shows("10.0.0.1/24", "ip addr show va"));
	}
	assert_int_equal(rig->restored, 0);
	/* The loop stands still, as in a stopped process. */
	end = monotonic() + 2 * NSEC_PER_SEC;
	while (shows("10.0.0.1/24", "ip addr show va"))
		assert_true(monotonic() < end);
	free(s);
}

static void
test_address_removed_by_hand_comes_back(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	adopt(rig, s, NULL);
	take(rig);
	rest(rig);
	run("ip addr del 10.5.0.1/24 dev va");
	wait_for(rig, rig->restored == 1);
	assert_true(shows("10.5.0.1/24", "ip addr show va"));
	/* The own address takes its secondary, the virtual one, with it. */
	run("ip addr del 10.0.0.2/24 dev va");
	wait_for(rig, shows("10.0.0.1/24", "ip addr show va") &&
	              shows("10.0.0.2/24", "ip addr show va"));
	wait_for(rig, rig->restored == 2);
	rest(rig);
	assert_int_equal(rig->restored, 2);
	free(s);
}

static void
test_virtual_link_is_silent_until_taken(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);

	adopt(rig, s, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(shows("00:00:5e:00:01:01", "ip link show vavrrp1"));
	assert_true(shows("va group 1", "ip link show vavrrp1"));
	assert_true(shows("10.0.0.1/24", "ip addr show vavrrp1"));
	assert_true(shows("state DOWN", "ip link show vavrrp1"));
	assert_false(answers(rig, "10.0.0.1"));
	assert_false(shows("10.0.0.1", "ip route show table local"));
	take(rig);
	assert_true(shows("dynamic", "ip addr show vavrrp1"));
	assert_true(answers(rig, "10.0.0.1"));
	assert_true(shows("00:00:5e:00:01:01", "nsenter --net=/proc/%d/ns/net ip neigh",
	                  rig->peer));
	assert_true(answers(rig, "10.5.0.1"));
	assert_true(answers(rig, "10.0.0.2"));
	/* Not even when we must ask for the peer first. */
	for (unsigned i = 0; i < 5; i++) {
		run("ip neigh flush all");
		assert_true(answers(rig, "10.0.0.1"));
		assert_true(shows("10.0.0.1 dev vb lladdr 00:00:5e:00:01:01",
		                  "nsenter --net=/proc/%d/ns/net ip neigh", rig->peer));
	}
	rest(rig);
	assert_int_equal(rig->restored, 0);
	drop(rig);
	assert_false(answers(rig, "10.0.0.1"));
	rest(rig);
	assert_false(answers(rig, "10.0.0.1"));
	assert_true(shows("valid_lft forever", "ip addr show vavrrp1"));
	rest(rig);
	adopt(rig, s, NULL);
	assert_int_equal(changes(rig), 0);
	/* Up and down in one breath. */
	take(rig);
	drop(rig);
	take(rig);
	assert_true(answers(rig, "10.0.0.1"));
	rest(rig);
	assert_true(answers(rig, "10.0.0.1"));
	free(s);
}

static void
test_virtual_link_raised_in_backup_is_lowered(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);

	adopt(rig, s, NULL);
	run("ip link set vavrrp1 up");
	wait_for(rig, shows("state DOWN", "ip link show vavrrp1"));
	rest(rig);
	assert_false(answers(rig, "10.0.0.1"));
	free(s);
}

static void
test_virtual_link_deleted_while_held_comes_back(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);

	adopt(rig, s, NULL);
	take(rig);
	run("ip link del vavrrp1");
	wait_for(rig, rig->restored > 0);
	rest(rig);
	assert_true(answers(rig, "10.0.0.1"));
	assert_true(shows("valid_lft", "ip addr show vavrrp1"));
	assert_true(shows("0.0.1/24 scope global dynamic", "ip addr show vavrrp1"));
	free(s);
}

static void
test_successor_keeps_held_and_removes_leftovers(void **state)
{
	struct rig *rig = *state;
	struct settings *plain = port_settings(false);
	struct settings *virtual = port_settings(true);
	const bool held[] = { true };

	adopt(rig, plain, NULL);
	take(rig);
	interfaces_free(rig->interfaces);
	start(rig);
	adopt(rig, plain, held);
	assert_int_equal(rig->restored, 0);
	assert_true(shows("10.0.0.1/24", "ip addr show va"));
	interfaces_free(rig->interfaces);
	start(rig);
	adopt(rig, plain, NULL);
	assert_false(shows("10.0.0.1/", "ip addr show va"));
	adopt(rig, virtual, NULL);
	take(rig);
	interfaces_free(rig->interfaces);
	start(rig);
	adopt(rig, virtual, NULL);
	assert_true(shows("state DOWN", "ip link show vavrrp1"));
	assert_false(answers(rig, "10.0.0.1"));
	adopt(rig, plain, NULL);
	assert_false(shows("vavrrp1", "ip link"));
	free(plain);
	free(virtual);
}

static void
test_link_that_goes_and_returns_is_followed(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);
	unsigned told;

	adopt(rig, s, NULL);
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
	wait_for(rig, shows("10.0.0.1/24", "ip addr show vavrrp1"));
	run("ip link set vb down");
	wait_for(rig, !rig->input.usable);
	free(s);
}

/* Gone and back between two looks, under the same number: sockets on the old one are dead. */
static void
test_link_replaced_under_the_same_number_is_told(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);
	unsigned told;

	adopt(rig, s, NULL);
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
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	strcpy(settings_links(s)->name, "later");
	adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "later: there is no such interface"));
	assert_int_equal(rig->index, 0);
	run("ip link set va name later");
	wait_for(rig, rig->input.usable);
	assert_true(shows("10.0.0.2/24", "ip addr show later"));
	wait_for(rig, strstr(rig->problems, "later: there is no such interface") == NULL);
	free(s);
}

static void
test_refused_step_names_interface_and_reason(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	settings_links(s)->mtu = 65535;
	run("ip link set va mtu 1400");
	settings_links(s)->has_mac = true;
	settings_links(s)->mac.bytes[0] = 1;	/* a group address */
	adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "va: cannot set mac 01:00:00:00:00:00: "
	                                      "Cannot assign requested address"));
	assert_true(shows("10.0.0.2/24", "ip addr show va"));
	free(s);
}

static void
test_lost_news_are_made_up_for(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(false);

	adopt(rig, s, NULL);
	/* Longer than the test takes, for nobody renews it. */
	interfaces_take(rig->interfaces, 0, 600 * NSEC_PER_SEC);
	interfaces_flush(rig->interfaces);
	rest(rig);
	/* More than the socket's 16 MiB hold: 20,000 changes of 2 kB or so each. */
	run("for i in $(seq 40); do yes 'link set lo alias x' | head -n 500; done | "
	    "ip -batch -");
	run("ip addr del 10.5.0.1/24 dev va");
	wait_for(rig, rig->restored > 0);
	assert_true(shows("10.5.0.1/24", "ip addr show va"));
	free(s);
}

static void
test_stop_leaves_nothing_virtual(void **state)
{
	struct rig *rig = *state;
	struct settings *s = port_settings(true);

	adopt(rig, s, NULL);
	take(rig);
	interfaces_stop(rig->interfaces, NSEC_PER_SEC);
	assert_false(shows("vavrrp1", "ip link"));
	assert_true(shows("10.0.0.2/24", "ip addr show va"));
	assert_true(shows("0", "cat /proc/sys/net/ipv4/conf/va/arp_ignore"));
	free(s);
}

/* ---- tests with bonds and VLANs ---- */

static bool
kernel_has(const char *kind)
{
	bool has = strcmp(kind, "vlan") == 0
		? try("ip link add link va name probe type vlan id 9") == 0
		: try("ip link add probe type %s", kind) == 0;

	(void)try("ip link del probe");
	return has;
}

enum { BOND, VIF, MEMBER, OTHER_MEMBER, BOND_LINKS };

static struct settings *
bond_settings(enum bond_mode mode)
{
	struct settings *s = settings_new(BOND_LINKS, 2, 0, 4);
	struct link_settings *l = settings_links(s);
	struct group_settings *g = settings_groups(s);

	assert_non_null(s);
	init_link(&l[BOND], "dp0bond0", LINK_BOND);
	init_link(&l[VIF], "dp0bond0.10", LINK_VIF);
	init_link(&l[MEMBER], "va", LINK_DATAPLANE);
	init_link(&l[OTHER_MEMBER], "vc", LINK_DATAPLANE);
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
	l[MEMBER].bond = l[OTHER_MEMBER].bond = BOND;
	put_address(s, 0, "10.100.11.39/26");
	put_address(s, 1, "192.168.255.81/30");
	put_address(s, 2, "10.100.11.5/26");
	put_address(s, 3, "10.100.105.177/28");
	g[0] = (struct group_settings){ .link = BOND, .sync = -1, .vrid = 1, .version = 2,
	                                .rfc_compatibility = true, .address_first = 2,
	                                .address_count = 1 };
	strcpy(g[0].vmac_name, "dp0vrrp1");
	g[1] = (struct group_settings){ .link = VIF, .sync = -1, .vrid = 10, .version = 2,
	                                .address_first = 3, .address_count = 1 };
	return s;
}

static void
test_bond_and_vif_are_made_changed_and_removed(void **state)
{
	struct rig *rig = *state;
	struct settings *lacp;
	struct settings *backup;
	struct settings *empty;

	if (!kernel_has("bond") || !kernel_has("vlan"))
		skip();
	lacp = bond_settings(BOND_LACP);
	backup = bond_settings(BOND_ACTIVE_BACKUP);
	empty = settings_new(0, 0, 0, 0);
	run("ip link add vc type veth peer name vd");
	run("ip link set va up");
	adopt(rig, lacp, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(shows("mode 802.3ad miimon 100", "ip -d link show dp0bond0"));
	assert_true(shows("xmit_hash_policy layer3+4", "ip -d link show dp0bond0"));
	assert_true(shows("lacp_rate fast", "ip -d link show dp0bond0"));
	assert_true(shows("ad_user_port_key 7", "ip -d link show dp0bond0"));
	assert_true(shows("mtu 1600", "ip link show dp0bond0"));
	assert_true(shows("master dp0bond0", "ip link show va"));
	assert_true(shows("master dp0bond0", "ip link show vc"));
	assert_true(shows("protocol 802.1Q id 10", "ip -d link show dp0bond0.10"));
	assert_true(shows("10.100.11.39/26", "ip addr show dp0bond0"));
	assert_true(shows("192.168.255.81/30", "ip addr show dp0bond0.10"));
	assert_true(shows("10.100.11.5/26", "ip addr show dp0vrrp1"));
	rest(rig);
	adopt(rig, lacp, NULL);
	assert_int_equal(changes(rig), 0);

	adopt(rig, backup, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(shows("mode active-backup", "ip -d link show dp0bond0"));
	assert_true(shows("primary vc", "ip -d link show dp0bond0"));
	assert_true(shows("master dp0bond0", "ip link show va"));
	assert_true(shows("10.100.11.39/26", "ip addr show dp0bond0"));
	rest(rig);
	adopt(rig, backup, NULL);
	assert_int_equal(changes(rig), 0);

	/* Deleted by hand, everything returns. */
	run("ip link del dp0bond0");
	wait_for(rig, shows("10.100.11.5/26", "ip addr show dp0vrrp1 2>/dev/null") &&
	              shows("192.168.255.81/30", "ip addr show dp0bond0.10 2>/dev/null"));

	adopt(rig, empty, NULL);
	assert_false(shows("dp0bond0", "ip link"));
	assert_false(shows("dp0vrrp1", "ip link"));
	assert_true(shows("UP", "ip link show va"));
	assert_false(shows(",UP", "ip link show vc"));
	free(lacp);
	free(backup);
	free(empty);
}

static void
test_existing_bond_is_adopted_and_given_back(void **state)
{
	struct rig *rig = *state;
	struct settings *lacp;
	struct settings *empty;

	if (!kernel_has("bond") || !kernel_has("vlan"))
		skip();
	lacp = bond_settings(BOND_LACP);
	empty = settings_new(0, 0, 0, 0);
	run("ip link add vc type veth peer name vd");
	run("ip link add dp0bond0 type bond mode balance-xor miimon 50");
	run("ip link set vc master dp0bond0");
	run("ip link set dp0bond0 up");
	adopt(rig, lacp, NULL);
	assert_string_equal(rig->problems, "");
	assert_true(shows("mode 802.3ad miimon 100", "ip -d link show dp0bond0"));
	assert_true(shows("master dp0bond0", "ip link show vc"));
	interfaces_free(rig->interfaces);
	start(rig);
	adopt(rig, empty, NULL);
	assert_true(shows("mode balance-xor miimon 50", "ip -d link show dp0bond0"));
	assert_true(shows("mtu 1500", "ip -d link show dp0bond0"));
	assert_true(shows(",UP", "ip link show dp0bond0"));
	assert_true(shows("master dp0bond0", "ip link show vc"));
	assert_false(shows("master", "ip link show va"));
	free(lacp);
	free(empty);
}

static void
test_veth_in_place_of_bond_is_used_with_a_remark(void **state)
{
	struct rig *rig = *state;
	struct settings *s = bond_settings(BOND_LACP);

	run("ip link set va name dp0bond0");
	run("ip link add dp0bond0.10 type veth peer name ve");
	adopt(rig, s, NULL);
	assert_non_null(strstr(rig->problems, "dp0bond0: the interface exists and is no bond"));
	assert_non_null(strstr(rig->problems, "dp0bond0.10: the interface exists and is not VLAN"));
	assert_true(shows("10.100.11.39/26", "ip addr show dp0bond0"));
	assert_true(shows("192.168.255.81/30", "ip addr show dp0bond0.10"));
	free(s);
}

/* ---- size ---- */

/* 4,000 links with an address each (VLANs where the kernel has them, else veths) and a group. */
static void
test_thousands_of_links_and_addresses(void **state)
{
	struct rig *rig = *state;
	bool vlans = kernel_has("vlan");
	uint32_t vifs = getenv("TANDEM_TEST_LARGE") != NULL ? 4000 : 200;
	struct settings *s = settings_new(vifs + 1, vifs, 0, 2 * vifs);
	bool *held = calloc(vifs, sizeof(*held));
	nsec_t begin;
	nsec_t made;
	nsec_t again;
	nsec_t start_of_take;
	nsec_t taken;
	char text[NAME_SIZE + 16];

	assert_non_null(s);
	assert_non_null(held);
	init_link(&settings_links(s)[0], "va", LINK_DATAPLANE);
	for (uint32_t v = 0; v < vifs; v++) {
		struct link_settings *l = &settings_links(s)[v + 1];
		struct group_settings *g = &settings_groups(s)[v];

		snprintf(text, sizeof(text), "va.%u", v + 1);
		init_link(l, text, vlans ? LINK_VIF : LINK_DATAPLANE);
		l->parent = vlans ? 0 : -1;
		l->vlan = (uint16_t)(v + 1);
		l->vlan_protocol = 0x8100;
		l->address_first = 2 * v;
		l->address_count = 1;
		snprintf(text, sizeof(text), "10.%u.%u.2/24", v / 250 + 1, v % 250);
		put_address(s, 2 * v, text);
		snprintf(text, sizeof(text), "10.%u.%u.1/24", v / 250 + 1, v % 250);
		put_address(s, 2 * v + 1, text);
		*g = (struct group_settings){ .link = (int32_t)v + 1, .sync = -1, .vrid = 1,
		                              .version = 2, .address_first = 2 * v + 1,
		                              .address_count = 1 };
		if (!vlans && v % 2 == 0)
			run("ip link add va.%u type veth peer name va.%u", v + 1, v + 2);
	}
	begin = monotonic();
	adopt(rig, s, NULL);
	made = monotonic();
	assert_string_equal(rig->problems, "");
	adopt(rig, s, NULL);
	again = monotonic();
	rest(rig);
	start_of_take = monotonic();
	for (uint32_t g = 0; g < vifs; g++)
		interfaces_take(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	wait_for_changes(rig, vifs);
	taken = monotonic();
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
	struct rig *rig = *state;
	uint32_t groups = getenv("TANDEM_TEST_LARGE") != NULL ? 250 : 20;
	struct settings *s = settings_new(1, groups, 0, 20 * groups + 1);
	nsec_t begin;
	nsec_t taken;
	nsec_t renewed;
	char text[64];

	assert_non_null(s);
	init_link(&settings_links(s)[0], "va", LINK_DATAPLANE);
	settings_links(s)[0].address_first = 20 * groups;
	settings_links(s)[0].address_count = 1;
	put_address(s, 20 * groups, "10.0.0.2/16");
	for (uint32_t g = 0; g < groups; g++) {
		settings_groups(s)[g] = (struct group_settings){
			.sync = -1, .vrid = (uint8_t)(g + 1), .version = 2, .address_first = 20 * g,
			.address_count = 20 };
		for (uint32_t a = 0; a < 20; a++) {
			snprintf(text, sizeof(text), "10.0.%u.%u/16", g + 1, a + 1);
			put_address(s, 20 * g + a, text);
		}
	}
	adopt(rig, s, NULL);
	rest(rig);
	begin = monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_take(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	wait_for_changes(rig, 20 * groups);
	taken = monotonic();
	for (uint32_t g = 0; g < groups; g++)
		interfaces_renew(rig->interfaces, g, LEASE);
	interfaces_flush(rig->interfaces);
	rest(rig);
	renewed = monotonic();
	print_message("%u addresses on one link: taken %.1f ms, renewed and at rest %.1f ms\n",
	              20 * groups, (double)(taken - begin) / 1e6,
	              (double)(renewed - taken) / 1e6);
	assert_int_equal(rig->restored, 0);
	free(s);
}

int
main(void)
{
#define RIG_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
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
	return cmocka_run_group_tests(tests, NULL, NULL);
}
