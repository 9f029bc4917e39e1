/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connections that move from one router to another, whose kernel was told of them by ours, under
 * rules that forgive nothing.
 */
#include "traffic.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system/conntrack_dump.h"
#include "system/conntrack_events.h"
#include "system/conntrack_inject.h"

#define MUCH (300u << 10)		/* bytes; more than a window without scaling */

static struct traffic t;
static struct conntrack_events *events;	/* of router 0 */
static struct conntrack_dump *dump;	/* of router 0 */
static struct conntrack_inject *inject;	/* into router 1 */
static unsigned refusals;

static void
on_refused(void *owner UNUSED, const struct conntrack_refusal *refusal UNUSED)
{
	refusals++;
}

static void
on_flow(void *owner UNUSED, enum conntrack_event event, const struct flow *flow)
{
	if (event == CONNTRACK_GONE)
		assert_int_equal(conntrack_inject_delete(inject, &flow->key), 0);
	else
		assert_int_equal(conntrack_inject_flow(inject, flow, 600, false), 0);
}

/* No event says that sequence numbers shift; but an expectation comes with it. */
static void
on_expectation(void *owner UNUSED, enum conntrack_event event,
               const struct flow_expectation *expectation)
{
	struct flow master;

	if (event == CONNTRACK_GONE) {
		assert_int_equal(conntrack_inject_expectation_delete(inject, expectation), 0);
		return;
	}
	assert_int_equal(conntrack_dump_get(dump, &expectation->master, &master), 0);
	assert_int_equal(conntrack_inject_flow(inject, &master, 600, false), 0);
	assert_int_equal(conntrack_inject_expectation(inject, expectation), 0);
}

static const struct conntrack_hearer hearer = { .flow = on_flow, .expectation = on_expectation };

static int
set_up(void **state UNUSED)
{
	struct error error;

	if (geteuid() != 0)
		return 0;
	refusals = 0;
	traffic_new(&t);
	space_enter(t.router[0]);
	assert_int_equal(conntrack_events_open(0, &events, &error), 0);
	assert_int_equal(conntrack_events_subscribe(events, true, true), 0);
	assert_int_equal(conntrack_dump_open(&dump, &error), 0);
	space_enter(t.router[1]);
	assert_int_equal(conntrack_inject_open(0, on_refused, NULL, &inject, &error), 0);
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	if (geteuid() != 0)
		return 0;
	conntrack_events_close(events);
	conntrack_dump_close(dump);
	conntrack_inject_close(inject);
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
carry(void)
{
	bool overrun = false;

	assert_true(conntrack_events_drain(events, 100000, &hearer, &overrun) >= 0);
	assert_int_equal(conntrack_inject_flush(inject), 0);
	assert_false(overrun);
	assert_int_equal(refusals, 0);
}

/* A connection from client to server, through router 0. */
struct pair {
	int client;
	int server;
	int listener;
};

static struct pair
pair_new(uint16_t port)
{
	struct pair pair = { .listener = traffic_listen(t.server, SERVER, port) };

	pair.client = traffic_connect(t.client, CLIENT, 0, SERVER, port);
	space_until((pair.server = traffic_accept(pair.listener)) >= 0);
	return pair;
}

static void
pair_done(struct pair *pair)
{
	close(pair->client);
	close(pair->server);
	close(pair->listener);
}

static void
test_translated_connection_with_window_scaling_goes_on(void **state UNUSED)
{
	struct pair pair;

	need_root();
	pair = pair_new(443);
	traffic_transfer(pair.client, pair.server, MUCH);
	traffic_transfer(pair.server, pair.client, MUCH);
	carry();
	traffic_through(&t, 1);
	traffic_transfer(pair.client, pair.server, MUCH);
	traffic_transfer(pair.server, pair.client, MUCH);
	assert_int_equal(traffic_dropped(&t, 1, "broken"), 0);
	assert_int_equal(traffic_dropped(&t, 1, "refused"), 0);
	pair_done(&pair);
}

static void
test_connection_that_was_not_carried_is_dropped(void **state UNUSED)
{
	struct pair pair;

	need_root();
	pair = pair_new(443);
	traffic_transfer(pair.client, pair.server, MUCH);
	traffic_through(&t, 1);
	assert_true(send(pair.client, "x", 1, 0) == 1);
	space_until(traffic_dropped(&t, 1, "broken") + traffic_dropped(&t, 1, "refused") > 0);
	pair_done(&pair);
}

static struct conntrack_inject *renewer;

static void
on_record(void *owner UNUSED, const struct flow *flow)
{
	assert_int_equal(conntrack_inject_renew(renewer, flow, 600), 0);
}

/* What router 0 knows of windows, it forgets. */
static void
renew(void)
{
	static const struct conntrack_dump_hearer records = { .flow = on_record };
	struct error error;

	space_enter(t.router[0]);
	assert_int_equal(conntrack_inject_open(0, on_refused, NULL, &renewer, &error), 0);
	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	while (conntrack_dump_step(dump, 1, &records) > 0)
		;
	assert_int_equal(conntrack_inject_flush(renewer), 0);
	assert_int_equal(refusals, 0);
	conntrack_inject_close(renewer);
}

static void
test_connection_goes_there_and_back_again(void **state UNUSED)
{
	struct pair pair;

	need_root();
	pair = pair_new(443);
	traffic_transfer(pair.client, pair.server, MUCH);
	carry();
	traffic_through(&t, 1);
	renew();
	traffic_transfer(pair.client, pair.server, 200 * MUCH);
	traffic_through(&t, 0);
	traffic_transfer(pair.client, pair.server, MUCH);
	traffic_transfer(pair.server, pair.client, MUCH);
	assert_int_equal(traffic_dropped(&t, 0, "broken"), 0);
	pair_done(&pair);
}

static void
on_foreseen(void *owner, const struct flow_expectation *expectation)
{
	unsigned *count = owner;

	assert_string_equal(expectation->helper, "ftp");
	assert_int_equal(expectation->expected.destination_port, 5000);
	assert_true(expectation->has_nat);
	++*count;
}

static unsigned
expectations_of_router_1(void)
{
	unsigned count = 0;
	const struct conntrack_dump_hearer foreseen = { .expectation = on_foreseen,
	                                                .owner = &count };
	struct conntrack_dump *there;
	struct error error;

	space_enter(t.router[1]);
	assert_int_equal(conntrack_dump_open(&there, &error), 0);
	assert_int_equal(conntrack_dump_expectations(there), 0);
	while (conntrack_dump_step(there, 1, &foreseen) > 0)
		;
	conntrack_dump_close(there);
	return count;
}

static void
test_ftp_goes_on_with_what_its_helper_foresaw(void **state UNUSED)
{
	int listener, data, accepted;
	struct pair pair;

	need_root();
	pair = pair_new(21);
	listener = traffic_listen(t.client, CLIENT, 5000);
	traffic_say(pair.server, pair.client, "220 hello\r\n", "220 hello\r\n");
	traffic_say(pair.client, pair.server, "USER x\r\n", "USER x\r\n");
	/* The helper translates the address in the text, which becomes longer. */
	traffic_say(pair.client, pair.server, "PORT 10,1,0,1,19,136\r\n",
	            "PORT 203,0,113,1,19,136\r\n");
	traffic_say(pair.server, pair.client, "200 well\r\n", "200 well\r\n");
	carry();
	assert_int_equal(expectations_of_router_1(), 1);
	traffic_through(&t, 1);

	data = traffic_connect(t.server, SERVER, 20, OUTSIDE, 5000);
	space_until((accepted = traffic_accept(listener)) >= 0);
	traffic_transfer(data, accepted, MUCH);
	traffic_say(pair.client, pair.server, "NOOP\r\n", "NOOP\r\n");
	traffic_say(pair.server, pair.client, "200 here\r\n", "200 here\r\n");
	/* And the helper of this router goes on with its work. */
	traffic_say(pair.client, pair.server, "PORT 10,1,0,1,19,137\r\n",
	            "PORT 203,0,113,1,19,137\r\n");
	traffic_say(pair.server, pair.client, "200 well\r\n", "200 well\r\n");
	assert_int_equal(traffic_dropped(&t, 1, "broken"), 0);
	assert_int_equal(traffic_dropped(&t, 1, "refused"), 0);
	close(data);
	close(accepted);
	close(listener);
	pair_done(&pair);
}

static void
test_ftp_data_under_way_goes_on(void **state UNUSED)
{
	int listener, data, accepted;
	struct pair pair;

	need_root();
	pair = pair_new(21);
	listener = traffic_listen(t.client, CLIENT, 5000);
	traffic_say(pair.client, pair.server, "USER x\r\n", "USER x\r\n");
	traffic_say(pair.client, pair.server, "PORT 10,1,0,1,19,136\r\n",
	            "PORT 203,0,113,1,19,136\r\n");
	carry();
	data = traffic_connect(t.server, SERVER, 20, OUTSIDE, 5000);
	space_until((accepted = traffic_accept(listener)) >= 0);
	traffic_transfer(data, accepted, MUCH);
	carry();
	traffic_through(&t, 1);
	traffic_transfer(data, accepted, MUCH);
	traffic_say(pair.client, pair.server, "NOOP\r\n", "NOOP\r\n");
	assert_int_equal(traffic_dropped(&t, 1, "broken"), 0);
	assert_int_equal(traffic_dropped(&t, 1, "refused"), 0);
	close(data);
	close(accepted);
	close(listener);
	pair_done(&pair);
}

#define traffic_test(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		traffic_test(test_translated_connection_with_window_scaling_goes_on),
		traffic_test(test_connection_that_was_not_carried_is_dropped),
		traffic_test(test_connection_goes_there_and_back_again),
		traffic_test(test_ftp_goes_on_with_what_its_helper_foresaw),
		traffic_test(test_ftp_data_under_way_goes_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
