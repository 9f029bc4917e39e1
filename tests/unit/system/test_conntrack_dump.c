/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps that go wrong, as a kernel seldom lets them: a stand-in has the kernel's end of the socket.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "system/conntrack_dump.h"

static struct conntrack_dump *dump;
static int kernel;			/* the stand-in's end */
static size_t told;

/* The kernel's words about a flow: its way to and fro, and its protocol. */
static const struct flow a_flow = {
	.key = { .family = 4, .protocol = 17, .source = { 10, 0, 0, 1 },
	         .destination = { 10, 0, 0, 2 }, .source_port = 1, .destination_port = 2 },
	.has = FLOW_HAS_STATUS | FLOW_HAS_TIMEOUT, .timeout = 30,
};

static void
on_flow(void *owner UNUSED, const struct flow *flow)
{
	assert_true(flow_key_equal(&flow->key, &a_flow.key));
	told++;
}

static int
step(void)
{
	const struct conntrack_dump_hearer hearer = { on_flow, NULL, NULL };

	return conntrack_dump_step(dump, 1000, &hearer);
}

/* The sequence of the question that was asked last; fails the test when there was none. */
static uint32_t
asked(void)
{
	uint8_t bytes[CONNTRACK_REQUEST_MAX];
	struct nlmsghdr *head = (struct nlmsghdr *)bytes;

	assert_true(recv(kernel, bytes, sizeof(bytes), MSG_DONTWAIT) >= (ssize_t)sizeof(*head));
	return head->nlmsg_seq;
}

static void
say(const void *bytes, size_t size)
{
	assert_int_equal(send(kernel, bytes, size, 0), (ssize_t)size);
}

/* One flow, as an answer to the question; flags of the message besides. */
static void
say_flow(uint32_t sequence, uint16_t flags)
{
	_Alignas(8) uint8_t bytes[CONNTRACK_REQUEST_MAX];
	struct nlmsghdr *head = (struct nlmsghdr *)bytes;
	size_t size = conntrack_write_flow(bytes, sequence, false, CONNTRACK_WRITE_CREATE, &a_flow,
	                                   a_flow.timeout);

	head->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	head->nlmsg_flags = NLM_F_MULTI | flags;
	say(bytes, size);
}

/* The end of a dump, with the number that says how it went. */
static void
say_done(uint32_t sequence, uint16_t flags, int code)
{
	struct {
		struct nlmsghdr head;
		int code;
	} done = {
		.head = { .nlmsg_len = sizeof(done), .nlmsg_type = NLMSG_DONE,
		          .nlmsg_flags = NLM_F_MULTI | flags, .nlmsg_seq = sequence },
		.code = code,
	};

	say(&done, sizeof(done));
}

/* ---- tests ---------------------------------------------------------------------------------- */

static void
test_dump_that_ends_well_tells_all(void **state UNUSED)
{
	uint32_t sequence;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	sequence = asked();
	say_flow(sequence, 0);
	say_flow(sequence, 0);
	say_done(sequence, 0, 0);
	assert_int_equal(step(), 0);
	assert_int_equal(told, 2);
	assert_int_equal(conntrack_dump_restarts(dump), 0);
}

static void
test_dump_that_the_kernel_has_no_memory_for_fails(void **state UNUSED)
{
	uint32_t sequence;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	sequence = asked();
	say_flow(sequence, 0);
	say_done(sequence, 0, -ENOMEM);
	assert_int_equal(step(), -ENOMEM);
	assert_int_equal(told, 1);
	/* It is over, and the next one has a socket of its own. */
	assert_int_equal(step(), 0);
	assert_int_equal(recv(kernel, &sequence, sizeof(sequence), MSG_DONTWAIT), 0);
	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
}

static void
test_question_that_is_refused_fails(void **state UNUSED)
{
	struct {
		struct nlmsghdr head;
		struct nlmsgerr error;
	} answer = {
		.head = { .nlmsg_len = sizeof(answer), .nlmsg_type = NLMSG_ERROR },
		.error = { .error = -ENOMEM },
	};

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	answer.head.nlmsg_seq = asked();
	say(&answer, sizeof(answer));
	assert_int_equal(step(), -ENOMEM);
	assert_int_equal(told, 0);
}

static void
test_table_that_is_rebuilt_is_dumped_anew(void **state UNUSED)
{
	uint32_t first, second;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	first = asked();
	say_flow(first, NLM_F_DUMP_INTR);
	say_done(first, 0, 0);
	/* The next round is asked for, and is not answered yet. */
	assert_int_equal(step(), -EIO);
	second = asked();
	assert_int_not_equal(first, second);
	assert_int_equal(conntrack_dump_restarts(dump), 1);
}

static void
test_second_round_counts_and_rests_of_the_first_do_not(void **state UNUSED)
{
	uint32_t first;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	first = asked();
	say_done(first, NLM_F_DUMP_INTR, 0);
	/* What the stand-in knows of the next question: it is the next number. */
	say_flow(first, 0);
	say_flow(first + 1, 0);
	say_done(first + 1, 0, 0);
	assert_int_equal(step(), 0);
	assert_int_equal(asked(), first + 1);
	assert_int_equal(told, 1);
	assert_int_equal(conntrack_dump_restarts(dump), 1);
}

static void
test_table_that_is_rebuilt_all_the_time_is_given_up(void **state UNUSED)
{
	uint32_t first;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	first = asked();
	for (uint32_t i = 0; i < 20; i++)
		say_done(first + i, NLM_F_DUMP_INTR, 0);
	assert_int_equal(step(), -EINTR);
	assert_in_range(conntrack_dump_restarts(dump), 2, 10);
}

static void
test_socket_that_overflows_fails(void **state UNUSED)
{
	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	(void)asked();
	/* Nothing is there though something must be: the kernel answers before it returns. */
	assert_int_equal(step(), -EIO);
	assert_int_equal(step(), 0);
}

/* It left nothing to be read, which is not what the end of an empty table looks like. */
static void
test_dump_that_cannot_begin_fails_at_its_step_too(void **state UNUSED)
{
	struct rlimit before, none;

	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = (struct rlimit){ 3, before.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_int_equal(conntrack_dump_flows(dump, NULL), -EMFILE);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(step(), -EMFILE);
	assert_int_equal(step(), 0);
	assert_int_equal(conntrack_dump_flows(dump, NULL), 0);
}

/* ---- rig ------------------------------------------------------------------------------------ */

/* The reader's socket is the next number that is free; a pair's end takes its place. */
static int
set_up(void **state UNUSED)
{
	int pair[2], next = dup(0);
	struct error error;

	told = 0;
	close(next);
	if (conntrack_dump_open(&dump, &error) < 0 ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0 ||
	    dup2(pair[0], next) != next)
		return -1;
	close(pair[0]);
	kernel = pair[1];
	return 0;
}

static int
tear_down(void **state UNUSED)
{
	conntrack_dump_close(dump);
	close(kernel);
	return 0;
}

int
main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(test_dump_that_ends_well_tells_all),
		TEST(test_dump_that_the_kernel_has_no_memory_for_fails),
		TEST(test_question_that_is_refused_fails),
		TEST(test_table_that_is_rebuilt_is_dumped_anew),
		TEST(test_second_round_counts_and_rests_of_the_first_do_not),
		TEST(test_table_that_is_rebuilt_all_the_time_is_given_up),
		TEST(test_socket_that_overflows_fails),
		TEST(test_dump_that_cannot_begin_fails_at_its_step_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
