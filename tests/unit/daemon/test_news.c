/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the news tell of a second look, and of one that fails, against the real kernel: the
 * questions go through the tests.  Needs root (skipped otherwise).
 */
#include "native.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/news.h"
#include "system/netlink.h"

#define SKIP_NONE 0xffff

struct rig {
	struct news *news;
	uint16_t refuse;		/* this question cannot be sent, the first time */
	int refusal;
	unsigned links, routes, rules, bonds, routes_gone, confs;
	unsigned all, lost, failed, questions;
	char link[NAME_SIZE];		/* the last one told */
};

static void
on_link(void *owner, const struct ifworld_link *link, bool deep UNUSED)
{
	struct rig *rig = owner;

	rig->links++;
	memcpy(rig->link, link->name, NAME_SIZE);
}

static void
on_gone(void *owner UNUSED, const struct ifworld_link *link UNUSED)
{
}

static void
on_bond(void *owner, int index UNUSED)
{
	((struct rig *)owner)->bonds++;
}

static void
on_route(void *owner, const struct ifroute *route UNUSED)
{
	((struct rig *)owner)->routes++;
}

static void
on_rule(void *owner, const struct ifrule *rule UNUSED)
{
	((struct rig *)owner)->rules++;
}

static void
on_routes_gone(void *owner)
{
	((struct rig *)owner)->routes_gone++;
}

static void
on_conf(void *owner)
{
	((struct rig *)owner)->confs++;
}

static void
on_all(void *owner, bool lost)
{
	struct rig *rig = owner;

	rig->all++;
	rig->lost += lost;
}

static void
on_failed(void *owner)
{
	((struct rig *)owner)->failed++;
}

static void
ask(void *owner, const struct nlmsghdr *question)
{
	struct rig *rig = owner;

	rig->questions++;
	if (question->nlmsg_type == rig->refuse) {
		rig->refuse = SKIP_NONE;
		news_refused(rig->news, rig->refusal);
		return;
	}
	assert_int_equal(netlink_send(news_socket(rig->news), question, question->nlmsg_len), 0);
}

static void
forget_tidings(struct rig *rig)
{
	struct news *news = rig->news;

	*rig = (struct rig){ .news = news, .refuse = SKIP_NONE };
}

static int
set_up(void **state)
{
	static const struct news_calls calls = {
		on_link, on_gone, on_bond, on_route, on_rule, on_routes_gone, on_conf, on_all,
		on_failed, ask,
	};
	struct rig *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	run("ip link set lo up");
	run("ip link add va type veth peer name vb && ip link set va addrgenmode none up && "
	    "ip link set vb addrgenmode none up");
	run("ip addr add 10.0.0.2/24 dev va && ip addr add 2001:db8::2/64 dev va nodad");
	run("ip route add 10.1.0.0/24 via 10.0.0.9 proto 112 table 100");
	run("ip -6 route add 2001:db8:1::/48 dev va proto 113 metric 3");
	run("ip rule add from 10.0.0.0/24 table 100 protocol 112");
	assert_int_equal(news_new(&calls, rig, &rig->news, &error), 0);
	forget_tidings(rig);
	assert_int_equal(news_read_all(rig->news, PATIENCE, &error), 0);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	news_free(rig->news);
	free(rig);
	return 0;
}

/* Read until a dump that was asked for is over, however that may be. */
static void
read_on(struct rig *rig)
{
	nsec_t end = native_monotonic() + PATIENCE;

	while (news_is_dumping(rig->news)) {
		assert_true(native_monotonic() < end);
		assert_true(netlink_wait(news_socket(rig->news), NSEC_PER_SEC) >= 0);
		(void)news_read(rig->news, 32);
	}
}

static void
look(struct rig *rig)
{
	news_dump(rig->news);
	read_on(rig);
}

/* Let everything settle that the kernel does by itself: carriers, duplicate address detection. */
static void
rest(struct rig *rig)
{
	nsec_t end = native_monotonic() + PATIENCE;

	/* Its thread that tells of carriers may need a while. */
	while (!native_shows("state UP", "ip link show va") ||
	       !native_shows("state UP", "ip link show vb"))
		assert_true(native_monotonic() < end);
	do {
		forget_tidings(rig);
		assert_true(netlink_wait(news_socket(rig->news), NSEC_PER_SEC / 5) >= 0);
		(void)news_read(rig->news, 32);
	} while (rig->links > 0);
	look(rig);
	forget_tidings(rig);
}

static void
test_second_look_tells_what_changed_and_nothing_else(void **state)
{
	struct rig *rig = *state;

	assert_true(rig->links > 0);
	assert_int_equal(rig->routes, 2);
	assert_int_equal(rig->rules, 1);
	assert_int_equal(rig->all, 1);
	rest(rig);
	look(rig);
	assert_int_equal(rig->all, 1);
	assert_int_equal(rig->lost, 0);
	assert_int_equal(rig->links + rig->routes + rig->rules + rig->bonds + rig->routes_gone +
	                 rig->confs, 0);
	/* Of this the kernel tells nobody. */
	forget_tidings(rig);
	run("echo 1 | tee /proc/sys/net/ipv4/conf/va/arp_ignore");
	look(rig);
	assert_int_equal(rig->links, 1);
	assert_string_equal(rig->link, "va");
	/* And of this at once; the look has nothing to add. */
	forget_tidings(rig);
	run("ip addr add 10.0.0.3/24 dev va && ip route del 10.1.0.0/24 table 100 && "
	    "ip rule del from 10.0.0.0/24 table 100 protocol 112");
	while (rig->links < 1 || rig->routes < 1 || rig->rules < 1)
		(void)news_read(rig->news, 32);
	forget_tidings(rig);
	look(rig);
	assert_int_equal(rig->links + rig->routes + rig->rules, 0);
}

static void
test_vlans_are_told_when_they_changed(void **state)
{
	struct rig *rig = *state;

	if (native_try("ip link add sw0 type bridge vlan_filtering 1 && "
	               "ip link set va master sw0 && bridge vlan add dev va vid 7") != 0)
		skip();
	rest(rig);
	assert_true(vlanset_has(ifworld_vlans(news_world(rig->news), (int)ifworld_named(
		news_world(rig->news), "va")->index), 7));
	look(rig);
	assert_int_equal(rig->links, 0);
	assert_true(vlanset_has(ifworld_vlans(news_world(rig->news), (int)ifworld_named(
		news_world(rig->news), "va")->index), 7));
}

/* What could not be read is not taken for gone. */
static void
test_dump_that_fails_is_asked_for_again_and_forgets_nothing(void **state)
{
	static const uint16_t questions[] = {
		RTM_GETLINK, RTM_GETADDR, RTM_GETROUTE, RTM_GETRULE, RTM_GETVLAN,
	};
	struct rig *rig = *state;

	rest(rig);
	for (size_t i = 0; i < ARRAY_SIZE(questions); i++) {
		forget_tidings(rig);
		rig->refuse = questions[i];
		rig->refusal = -ENOBUFS;
		look(rig);
		assert_int_equal(rig->failed, 1);
		assert_int_equal(rig->all, 0);
		assert_non_null(ifroutes_next(news_routes(rig->news), NULL));
		assert_non_null(ifroutes_next_rule(news_routes(rig->news), NULL));
		assert_non_null(ifworld_named(news_world(rig->news), "va"));
		look(rig);
		assert_int_equal(rig->failed, 1);
		assert_int_equal(rig->all, 1);
		assert_int_equal(rig->links + rig->routes + rig->rules + rig->routes_gone, 0);
	}
}

static void
test_kernel_without_policy_routing_has_no_rules(void **state)
{
	struct rig *rig = *state;

	rest(rig);
	rig->refuse = RTM_GETRULE;
	rig->refusal = -EOPNOTSUPP;
	look(rig);
	assert_int_equal(rig->failed, 0);
	assert_int_equal(rig->all, 1);
}

static void
test_start_that_reads_nothing_fails(void **state)
{
	struct rig *rig = *state;
	struct error error;

	rest(rig);
	rig->refuse = RTM_GETADDR;
	rig->refusal = -EPERM;
	assert_int_equal(news_read_all(rig->news, PATIENCE, &error), -EPERM);
	assert_int_equal(news_read_all(rig->news, PATIENCE, &error), 0);
}

int
main(void)
{
#define NEWS_TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		NEWS_TEST(test_second_look_tells_what_changed_and_nothing_else),
		NEWS_TEST(test_vlans_are_told_when_they_changed),
		NEWS_TEST(test_dump_that_fails_is_asked_for_again_and_forgets_nothing),
		NEWS_TEST(test_kernel_without_policy_routing_has_no_rules),
		NEWS_TEST(test_start_that_reads_nothing_fails),
	};

	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		return SKIPPED;
	cmocka_set_test_filter(getenv("TANDEM_TEST_FILTER"));
	return cmocka_run_group_tests(tests, NULL, NULL);
}
