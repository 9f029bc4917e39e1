/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which events real packets cause under which rules, and that the rules stay in place.
 */
#include "traffic.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conntrack_oracle.h"
#include "core/flow.h"
#include "system/conntrack_diet.h"
#include "system/conntrack_events.h"
#include "system/conntrack_sysctl.h"

/* States that a connection passes while it closes: one may acknowledge before it closes, too. */
#define CLOSING_MIN 3
#define CLOSING_MAX 4

static struct traffic t;
static struct conntrack_diet *diet;	/* in router 0 */
static struct conntrack_events *events;
static unsigned heard[3];		/* by kind */
static struct flow last;

static void
on_flow(void *owner UNUSED, enum conntrack_event event, const struct flow *flow)
{
	heard[event]++;
	last = *flow;
}

static int
set_up(void **state UNUSED)
{
	struct error error;

	if (geteuid() != 0)
		return 0;
	traffic_new(&t);
	space_run(t.server, "nft add table inet t '{ chain c { type filter hook input priority 0; "
	          "udp dport 9 drop; }; }'");
	space_enter(t.router[0]);
	assert_int_equal(conntrack_events_open(0, &events, &error), 0);
	assert_int_equal(conntrack_events_subscribe(events, true, false), 0);
	assert_int_equal(conntrack_diet_new(&diet, &error), 0);
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	if (geteuid() != 0)
		return 0;
	conntrack_diet_free(diet);
	conntrack_events_close(events);
	traffic_done(&t);
	return 0;
}

static void
need_root(void)
{
	if (geteuid() != 0)
		skip();
}

static void
apply(const struct conntrack_diet_wish *wish)
{
	struct error error;

	space_enter(t.router[0]);
	if (conntrack_diet_apply(diet, wish, &error) < 0)
		fail_msg("%s", error.text);
}

/* How many events there were. */
static unsigned
listen_now(void)
{
	static const struct conntrack_hearer hearer = { .flow = on_flow };
	bool overrun = false;

	memset(heard, 0, sizeof(heard));
	assert_true(conntrack_events_drain(events, 100000, &hearer, &overrun) >= 0);
	return heard[CONNTRACK_NEW] + heard[CONNTRACK_CHANGED] + heard[CONNTRACK_GONE];
}

static unsigned
tracked(void)
{
	uint64_t count;

	space_enter(t.router[0]);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_COUNT, &count), 0);
	return (unsigned)count;
}

/* Datagrams to which nobody says anything, each a flow of its own. */
static void
flood(void)
{
	for (uint16_t i = 0; i < 50; i++) {
		int fd = traffic_datagram(t.client, CLIENT, (uint16_t)(10000 + i));

		traffic_send_to(fd, SERVER, 9);
		close(fd);
	}
	space_until(tracked() >= 50);
}

/* A question and its answer. */
static void
look_up(void)
{
	int asks = traffic_datagram(t.client, CLIENT, 5000);
	int answers = traffic_datagram(t.server, SERVER, 53);
	char byte;

	traffic_send_to(asks, SERVER, 53);
	space_until(recv(answers, &byte, 1, 0) == 1);
	traffic_send_to(answers, CLIENT, 5000);
	space_until(recv(asks, &byte, 1, 0) == 1);
	close(asks);
	close(answers);
}

static bool
shows(int space, const char *text)
{
	static struct oracle oracle;

	oracle_look(&oracle, space);
	return oracle_find(&oracle, text) != NULL;
}

/* A connection that begins, says something and ends. */
static void
talk(void)
{
	int listener = traffic_listen(t.server, SERVER, 80);
	int client = traffic_connect(t.client, CLIENT, 0, SERVER, 80);
	char byte;
	int server;

	space_until((server = traffic_accept(listener)) >= 0);
	traffic_say(client, server, "question", "question");
	close(server);
	space_until(recv(client, &byte, 1, 0) == 0);
	close(client);
	close(listener);
	space_until(shows(t.router[0], "TIME_WAIT"));
}

static const struct conntrack_diet_wish plain = { .detail = CONNTRACK_DETAIL_ASSURED };

/* ---- events ---- */

static void
test_flood_without_answer_causes_no_event(void **state UNUSED)
{
	need_root();
	apply(&plain);
	flood();
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 0);
}

static void
test_flood_without_rules_causes_two_events_each(void **state UNUSED)
{
	need_root();
	flood();
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 100);
}

static void
test_lookup_causes_no_event(void **state UNUSED)
{
	need_root();
	apply(&plain);
	look_up();
	assert_int_equal(tracked(), 1);
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 0);
}

static void
test_short_connection_causes_two_events(void **state UNUSED)
{
	need_root();
	apply(&plain);
	talk();
	assert_int_equal(listen_now(), 1);
	assert_int_equal(heard[CONNTRACK_CHANGED], 1);
	assert_true(last.status & FLOW_ASSURED);
	assert_int_equal(last.tcp.state, 3);
	assert_int_equal(last.tcp.flags[1] & 1, 1);
	assert_true(last.has & FLOW_HAS_SOURCE_NAT);
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 1);
	assert_int_equal(heard[CONNTRACK_GONE], 1);
}

static void
test_answered_flows_tell_when_that_is_wanted(void **state UNUSED)
{
	const struct conntrack_diet_wish wish = { .detail = CONNTRACK_DETAIL_REPLIED };

	need_root();
	apply(&wish);
	look_up();
	assert_int_equal(listen_now(), 1);
	assert_int_equal(last.status, FLOW_SEEN_REPLY);
	flood();
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 1);
	assert_int_equal(heard[CONNTRACK_GONE], 1);
}

static void
test_all_that_happens_is_told_when_that_is_wanted(void **state UNUSED)
{
	const struct conntrack_diet_wish wish = { .detail = CONNTRACK_DETAIL_ALL };

	need_root();
	apply(&wish);
	talk();
	oracle_flush(t.router[0]);
	assert_in_range(listen_now(), 4 + CLOSING_MIN, 4 + CLOSING_MAX);
	assert_int_equal(heard[CONNTRACK_NEW], 1);
	assert_int_equal(heard[CONNTRACK_GONE], 1);
}

static void
test_closing_is_told_when_states_are_wanted(void **state UNUSED)
{
	const struct conntrack_diet_wish wish = { .extra = CONNTRACK_EXTRA_STATES };

	need_root();
	apply(&wish);
	talk();
	assert_in_range(listen_now(), 1 + CLOSING_MIN, 1 + CLOSING_MAX);
}

static void
test_every_extra_is_understood_by_the_packet_filter(void **state UNUSED)
{
	const struct conntrack_diet_wish wish = {
		.extra = CONNTRACK_EXTRA_MARK | CONNTRACK_EXTRA_LABELS | CONNTRACK_EXTRA_HELPER |
		         CONNTRACK_EXTRA_SEQADJ | CONNTRACK_EXTRA_STATES,
	};

	need_root();
	apply(&wish);
	assert_int_equal(conntrack_diet_keep(diet, NULL), 0);
	talk();
	assert_in_range(listen_now(), 1 + CLOSING_MIN, 1 + CLOSING_MAX);
}

static void
test_mark_set_later_is_told_when_that_is_wanted(void **state UNUSED)
{
	const struct conntrack_diet_wish wish = { .extra = CONNTRACK_EXTRA_MARK };
	int listener, client, server;

	need_root();
	apply(&wish);
	space_run(t.router[0], "nft add rule inet strict helpers ct state established "
	          "meta length \\> 1000 ct mark set 7");
	listener = traffic_listen(t.server, SERVER, 80);
	client = traffic_connect(t.client, CLIENT, 0, SERVER, 80);
	space_until((server = traffic_accept(listener)) >= 0);
	assert_int_equal(listen_now(), 1);
	assert_int_equal(last.mark, 0);
	traffic_transfer(client, server, 100000);
	assert_int_equal(listen_now(), 1);
	assert_int_equal(last.mark, 7);
	close(client);
	close(server);
	close(listener);
}

static void
test_flows_of_excluded_networks_are_silent(void **state UNUSED)
{
	struct prefix prefixes[3];
	struct conntrack_diet_wish wish = { .detail = CONNTRACK_DETAIL_ALL, .prefixes = prefixes,
	                                    .prefix_count = 3 };

	need_root();
	assert_true(prefix_parse("10.2.0.0/16", &prefixes[0]));
	assert_true(prefix_parse("10.2.0.1", &prefixes[1]));	/* inside of it */
	assert_true(prefix_parse("2001:db8::/32", &prefixes[2]));
	apply(&wish);
	talk();
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 0);
	/* The translated address is not what the flow began with. */
	assert_true(prefix_parse("203.0.113.0/24", &prefixes[0]));
	wish.prefix_count = 1;
	apply(&wish);
	talk();
	assert_in_range(listen_now(), 3 + CLOSING_MIN, 3 + CLOSING_MAX);
}

static void
test_flows_of_excluded_protocols_are_silent(void **state UNUSED)
{
	const uint8_t protocols[] = { 17, 58 };
	const struct conntrack_diet_wish wish = { .detail = CONNTRACK_DETAIL_ALL,
	                                          .protocols = protocols, .protocol_count = 2 };

	need_root();
	apply(&wish);
	look_up();
	assert_int_equal(listen_now(), 0);
	talk();
	assert_in_range(listen_now(), 3 + CLOSING_MIN, 3 + CLOSING_MAX);
}

static void
test_flows_of_the_router_are_silent_unless_wanted(void **state UNUSED)
{
	struct conntrack_diet_wish wish = { .detail = CONNTRACK_DETAIL_ALL };

	need_root();
	apply(&wish);
	space_run(t.router[0], "ping -c1 -W5 10.1.1.1");
	space_run(t.client, "ping -c1 -W5 10.1.1.2");
	assert_int_equal(tracked(), 2);
	assert_int_equal(listen_now(), 0);
	oracle_flush(t.router[0]);
	wish.local = true;
	apply(&wish);
	space_run(t.router[0], "ping -c1 -W5 10.1.1.1");
	space_run(t.client, "ping -c1 -W5 10.1.1.2");
	assert_int_equal(listen_now(), 4);
}

static void
test_errors_of_the_router_do_not_silence_the_flow_they_are_about(void **state UNUSED)
{
	int listener, client, server;

	need_root();
	apply(&plain);
	listener = traffic_listen(t.server, SERVER, 80);
	client = traffic_connect(t.client, CLIENT, 0, SERVER, 80);
	space_until((server = traffic_accept(listener)) >= 0);
	assert_int_equal(listen_now(), 1);
	/* A packet that is too large for the way on: the router says so. */
	space_run(t.router[0], "ip link set s0 mtu 1000");
	traffic_transfer(client, server, 20000);
	space_run(t.router[0], "nstat -asz IcmpOutDestUnreachs | "
	          "grep -q 'IcmpOutDestUnreachs *[1-9]'");
	(void)listen_now();
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 1);
	close(client);
	close(server);
	close(listener);
}

static void
test_flow_older_than_the_rules_is_on_diet_from_its_next_packet(void **state UNUSED)
{
	int listener, client, server;
	char byte;

	need_root();
	listener = traffic_listen(t.server, SERVER, 80);
	client = traffic_connect(t.client, CLIENT, 0, SERVER, 80);
	space_until((server = traffic_accept(listener)) >= 0);
	assert_in_range(listen_now(), 3, 4);
	apply(&plain);
	traffic_say(client, server, "question", "question");
	close(server);
	space_until(recv(client, &byte, 1, 0) == 0);
	close(client);
	close(listener);
	assert_int_equal(listen_now(), 0);
	oracle_flush(t.router[0]);
	assert_int_equal(listen_now(), 1);
}

static void
test_paths_between_the_routers_are_not_tracked(void **state UNUSED)
{
	struct conntrack_diet_path path = { .udp_port = 3780, .tcp_port = 3781 };
	const struct conntrack_diet_wish wish = { .paths = &path, .path_count = 1 };
	int ours, theirs, listener, connection, accepted;
	char byte;

	need_root();
	assert_true(ip_parse("10.1.1.2", &path.own));
	assert_true(ip_parse("10.1.1.1", &path.peer));
	apply(&wish);
	ours = traffic_datagram(t.router[0], "10.1.1.2", 3780);
	theirs = traffic_datagram(t.client, "10.1.1.1", 3780);
	listener = traffic_listen(t.client, "10.1.1.1", 3781);
	traffic_send_to(ours, "10.1.1.1", 3780);
	space_until(recv(theirs, &byte, 1, 0) == 1);
	traffic_send_to(theirs, "10.1.1.2", 3780);
	space_until(recv(ours, &byte, 1, 0) == 1);
	connection = traffic_connect(t.router[0], "10.1.1.2", 0, "10.1.1.1", 3781);
	space_until((accepted = traffic_accept(listener)) >= 0);
	assert_int_equal(tracked(), 0);
	close(ours);
	close(theirs);
	close(listener);
	close(connection);
	close(accepted);
}

/* ---- the table ---- */

static bool
is_there(void)
{
	return space_try(t.router[0], "nft list table " CONNTRACK_DIET_TABLE) == 0;
}

static bool
is_told(void)
{
	struct pollfd wait = { .fd = conntrack_diet_descriptor(diet), .events = POLLIN };

	return poll(&wait, 1, 0) == 1;
}

static int
keep(void)
{
	struct error error;

	space_enter(t.router[0]);
	return conntrack_diet_keep(diet, &error);
}

static void
test_table_removed_by_others_is_put_back(void **state UNUSED)
{
	need_root();
	apply(&plain);
	assert_true(is_there());
	assert_false(is_told());
	assert_int_equal(keep(), 0);
	space_run(t.router[0], "nft flush ruleset");
	assert_true(is_told());
	assert_int_equal(keep(), 1);
	assert_true(is_there());
	assert_false(is_told());
	assert_int_equal(keep(), 0);
}

static void
test_table_changed_by_others_is_put_right(void **state UNUSED)
{
	need_root();
	apply(&plain);
	space_run(t.router[0], "nft flush chain " CONNTRACK_DIET_TABLE " forward");
	assert_int_equal(keep(), 1);
	space_run(t.router[0], "nft list table " CONNTRACK_DIET_TABLE " | grep -q 'ct event set'");
	assert_int_equal(keep(), 0);
}

static void
test_tables_of_others_do_not_matter(void **state UNUSED)
{
	need_root();
	apply(&plain);
	space_run(t.router[0], "nft add table inet other");
	assert_int_equal(keep(), 0);
}

static void
test_table_that_is_not_wanted_is_gone_and_stays_so(void **state UNUSED)
{
	struct error error;

	need_root();
	apply(&plain);
	assert_int_equal(conntrack_diet_end(diet, &error), 0);
	assert_false(is_there());
	assert_int_equal(keep(), 0);
	assert_false(is_there());
	assert_int_equal(conntrack_diet_end(diet, &error), 0);
}

/* ---- text ---- */

static void
test_rules_of_the_default_are_these(void **state UNUSED)
{
	char *text = conntrack_diet_replace(&plain);

	assert_non_null(text);
	assert_string_equal(text,
		"add table inet tandem_connsync\n"
		"delete table inet tandem_connsync\n"
		"table inet tandem_connsync {\n"
		"\tset quiet4 {\n"
		"\t\ttype ipv4_addr; flags interval; auto-merge\n"
		"\t}\n"
		"\tset quiet6 {\n"
		"\t\ttype ipv6_addr; flags interval; auto-merge\n"
		"\t}\n"
		"\tchain forward {\n"
		"\t\ttype filter hook forward priority -199; policy accept\n"
		"\t\tct status & (expected|assured) != 0 ct event set 0x16 accept\n"
		"\t\tct event set 0x10\n"
		"\t}\n"
		"\tchain input {\n"
		"\t\ttype filter hook input priority -199; policy accept\n"
		"\t\tct state related ct status & expected == 0 accept\n"
		"\t\tct event set 0\n"
		"\t}\n"
		"\tchain output {\n"
		"\t\ttype filter hook output priority -199; policy accept\n"
		"\t\tct state related ct status & expected == 0 accept\n"
		"\t\tct event set 0\n"
		"\t}\n"
		"}\n");
	free(text);
}

#define diet_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rules_of_the_default_are_these),
		diet_test(test_flood_without_answer_causes_no_event),
		diet_test(test_flood_without_rules_causes_two_events_each),
		diet_test(test_lookup_causes_no_event),
		diet_test(test_short_connection_causes_two_events),
		diet_test(test_answered_flows_tell_when_that_is_wanted),
		diet_test(test_all_that_happens_is_told_when_that_is_wanted),
		diet_test(test_closing_is_told_when_states_are_wanted),
		diet_test(test_every_extra_is_understood_by_the_packet_filter),
		diet_test(test_mark_set_later_is_told_when_that_is_wanted),
		diet_test(test_flows_of_excluded_networks_are_silent),
		diet_test(test_flows_of_excluded_protocols_are_silent),
		diet_test(test_flows_of_the_router_are_silent_unless_wanted),
		diet_test(test_errors_of_the_router_do_not_silence_the_flow_they_are_about),
		diet_test(test_flow_older_than_the_rules_is_on_diet_from_its_next_packet),
		diet_test(test_paths_between_the_routers_are_not_tracked),
		diet_test(test_table_removed_by_others_is_put_back),
		diet_test(test_table_changed_by_others_is_put_right),
		diet_test(test_tables_of_others_do_not_matter),
		diet_test(test_table_that_is_not_wanted_is_gone_and_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
