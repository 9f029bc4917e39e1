/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Subscribers: what they hear, in which order, and what a slow one loses.
 */
#include "manager_rig.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define STREAM "/restconf/streams/vrrp"

/* Read from an open answer until text has come. */
static void
stream_tells(int fd, const char *text)
{
	struct pollfd poller = { .fd = fd, .events = POLLIN };
	char got[16384] = "";
	size_t length = 0;

	while (!strstr(got, text)) {
		ssize_t more;

		if (poll(&poller, 1, PATIENCE_MSEC) != 1)
			fail_msg("not heard: %s; but: %s", text, got);
		if (length > sizeof(got) / 2) {		/* of much text the end is enough */
			length = strlen(text);
			memmove(got, got + strlen(got) - length, length + 1);
		}
		more = read(fd, got + length, sizeof(got) - length - 1);
		assert_true(more > 0);
		length += (size_t)more;
		got[length] = '\0';
	}
}

static void
test_subscribers_hear_of_transitions_and_of_packets_only_if_they_asked(void **state UNUSED)
{
	struct journal_entry transition = {
		.kind = JOURNAL_TRANSITION, .interface = "dp0bond0", .vrid = 7, .family = 4,
		.from = VROUTER_BACKUP, .to = VROUTER_MASTER, .detail = REASON_NO_ADVERT,
		.wall = 1763820333 * NSEC_PER_SEC + 120 * NSEC_PER_MSEC,
	};
	struct journal_entry packet = { .kind = JOURNAL_RECEIVED, .interface = "dp0bond0",
	                                .length = 14, .detail = ADVERT_LENGTH };
	struct settings *settings;
	struct world w;
	int plain, packets;

	start_empty(&w);
	memory_append(w.memory, &transition);	/* before anybody came: nobody hears of it */
	plain = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(plain, ":\n\n");
	assert_true(engine_hears_nothing(&w, 50));
	packets = client_asks(&w, "GET", STREAM "?packets=true", "", "");
	stream_tells(packets, ":\n\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);

	memory_append(w.memory, &packet);
	transition.to = VROUTER_FAULT;
	memory_append(w.memory, &transition);
	stream_tells(packets, "\"fault\":\"length\"");
	stream_tells(plain, "id: 3\ndata: {\"ietf-restconf:notification\":{\"eventTime\":"
	             "\"2025-11-22T14:05:33.120Z\",\"tandem-state:group-state-change\":{"
	             "\"sequence\":\"3\",\"interface\":\"dp0bond0\",\"vrid\":7,"
	             "\"family\":\"ipv4\",\"old-state\":\"BACKUP\",\"new-state\":\"FAULT\","
	             "\"reason\":\"no advertisement heard\"}}}\n\n");

	/* One that goes away is forgotten, one that stays does not keep the service from ending. */
	close(plain);
	tear_down_world(&w);
	close(packets);
}

static void
test_subscribers_hear_of_commits(void **state UNUSED)
{
	struct world w;
	int client;

	start_empty(&w);
	client = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(client, ":\n\n");
	try_a(&w, "600");
	stream_tells(client, "state:configuration-commit\":{\"revision\":\"2\",\"user\":");
	close(client);
	tear_down_world(&w);
}

/* The engine forgets that somebody watches its packets unless it is told so again and again. */
static void
test_subscribers_that_come_do_not_silence_one_who_wants_packets(void **state UNUSED)
{
	struct settings *settings;
	struct world w;
	int packets, plain[15];
	unsigned count = 0;

	start_empty(&w);
	packets = client_asks(&w, "GET", STREAM "?packets=true", "", "");
	stream_tells(packets, ":\n\n");
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);
	do {
		assert_in_range(count, 0, sizeof(plain) / sizeof(plain[0]) - 1);
		plain[count] = client_asks(&w, "GET", STREAM, "", "");
		stream_tells(plain[count++], ":\n\n");
	} while (engine_hears_nothing(&w, 200));
	assert_int_equal(engine_hears(&w, &settings).kind, CHANNEL_WATCH);
	while (count > 0)
		close(plain[--count]);
	close(packets);
	tear_down_world(&w);
}

static void
test_slow_subscriber_loses_events_and_sees_the_gap(void **state UNUSED)
{
	struct journal_entry entry = { .kind = JOURNAL_ALARM, .interface = "eth0", .vrid = 1,
	                               .family = 4, .raised = true };
	struct world w;
	char text[32];
	int fd;

	start_empty(&w);
	fd = client_asks(&w, "GET", STREAM, "", "");
	stream_tells(fd, ":\n\n");
	for (unsigned i = 0; i < 3 * JOURNAL_ENTRIES; i++)
		memory_append(w.memory, &entry);
	snprintf(text, sizeof(text), "id: %u\n", 3 * JOURNAL_ENTRIES);
	stream_tells(fd, text);
	close(fd);
	tear_down_world(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			test_subscribers_hear_of_transitions_and_of_packets_only_if_they_asked),
		cmocka_unit_test(test_subscribers_hear_of_commits),
		cmocka_unit_test(test_subscribers_that_come_do_not_silence_one_who_wants_packets),
		cmocka_unit_test(test_slow_subscriber_loses_events_and_sees_the_gap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
