/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event socket: what it tells, to whom, and what it says of a reader that is too slow; and the
 * kernel's settings of connection tracking.
 */
#include "conntrack_tables.h"

#include "system/conntrack_sysctl.h"

/* ---- the event socket ---- */

static void
test_first_event_of_a_flow_is_told_apart(void **state UNUSED)
{
	struct nf_conntrack *ct;

	tables_need_root();
	tables_make(tables_tcp(1));
	tables_carry();
	assert_int_equal(tables.last_event, CONNTRACK_NEW);
	ct = tables_tcp(1);
	nfct_set_attr_u32(ct, ATTR_MARK, 5);
	assert_int_equal(oracle_change(tables.first, ct), 0);
	tables_carry();
	assert_int_equal(tables.last_event, CONNTRACK_CHANGED);
	assert_int_equal(tables.last.mark, 5);
}

static void
test_own_requests_are_not_heard(void **state UNUSED)
{
	static const struct conntrack_hearer hearer = { .flow = tables_on_event };
	struct conntrack_events *here;
	struct error error;
	bool overrun = false;

	tables_need_root();
	tables_make(tables_tcp(1));
	space_enter(tables.second);
	assert_int_equal(conntrack_events_open(0, &here, &error), 0);
	assert_int_equal(conntrack_events_subscribe(here, true, false), 0);
	assert_int_equal(conntrack_events_ignore(here, conntrack_inject_port(tables.inject)), 0);
	tables_carry();
	assert_int_equal(conntrack_events_drain(here, 1, &hearer, &overrun), 0);
	assert_int_equal(conntrack_events_ignore(here, 0), 0);
	conntrack_events_close(here);
}

static void
test_reader_that_is_too_slow_is_told_so(void **state UNUSED)
{
	static const struct conntrack_hearer hearer = { .flow = tables_on_event };
	struct conntrack_events *small;
	struct error error;
	bool overrun = false;

	tables_need_root();
	space_enter(tables.first);
	assert_int_equal(conntrack_events_open(8192, &small, &error), 0);
	assert_int_equal(conntrack_events_subscribe(small, true, false), 0);
	for (uint16_t port = 1; port < 100; port++)
		tables_make(tables_tcp(port));
	assert_in_range(conntrack_events_drain(small, 1000, &hearer, &overrun), 1, 98);
	assert_true(overrun);
	assert_int_equal(conntrack_events_counts(small)->overruns, 1);
	overrun = false;
	tables_make(tables_tcp(200));
	assert_int_equal(conntrack_events_drain(small, 1000, &hearer, &overrun), 1);
	assert_false(overrun);
	conntrack_events_close(small);
}

static void
test_who_is_not_subscribed_hears_nothing(void **state UNUSED)
{
	tables_need_root();
	assert_int_equal(conntrack_events_subscribe(tables.events, false, false), 0);
	tables_make(tables_tcp(1));
	tables_carry();
	assert_int_equal(tables.heard, 0);
	assert_int_equal(conntrack_events_subscribe(tables.events, true, false), 0);
	tables_make(tables_tcp(2));
	tables_carry();
	assert_int_equal(tables.heard, 1);
}

static void
test_receive_buffer_has_the_size_asked_for(void **state UNUSED)
{
	struct conntrack_events *large;
	struct error error;

	tables_need_root();
	assert_int_equal(conntrack_events_open(0, &large, &error), 0);
	assert_true(conntrack_events_buffer(large) >= CONNTRACK_EVENTS_BUFFER);
	conntrack_events_close(large);
}

/* ---- settings of the kernel ---- */

static void
test_settings_are_read_and_written(void **state UNUSED)
{
	uint64_t value;

	tables_need_root();
	space_enter(tables.first);
	tables_make(tables_tcp(1));
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_COUNT, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_MAX, &value), 0);
	assert_true(value > 1000);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_TCP_LOOSE, &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(conntrack_sysctl_set(CONNTRACK_SYSCTL_TCP_LOOSE, 0), 0);
	assert_int_equal(conntrack_sysctl_get(CONNTRACK_SYSCTL_TCP_LOOSE, &value), 0);
	assert_int_equal(value, 0);
	/* The table's size is the whole kernel's. */
	assert_true(conntrack_sysctl_set(CONNTRACK_SYSCTL_COUNT, 5) < 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		tables_test(test_first_event_of_a_flow_is_told_apart),
		tables_test(test_own_requests_are_not_heard),
		tables_test(test_reader_that_is_too_slow_is_told_so),
		tables_test(test_who_is_not_subscribed_hears_nothing),
		tables_test(test_receive_buffer_has_the_size_asked_for),
		tables_test(test_settings_are_read_and_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
