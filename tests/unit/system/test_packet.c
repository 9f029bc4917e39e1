/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sending against the real kernel, in a network namespace of its own: the cable "va - vb" with
 * 192.0.2.1 and fe80::1 on va, and neighbours 192.0.2.2 and fe80::2 behind vb, which only listens.
 *
 * Needs root (skipped otherwise).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include "system/packet.h"

#define SKIPPED 77
#define PATIENCE_MS 30000

struct rig {
	struct packet_senders senders;
	struct packet_sockets sockets;	/* on vb */
	struct packet_buffer *buffer;
	int ifindex;			/* of va */
};

static int
set_up(void **state)
{
	struct rig *rig = calloc(1, sizeof(*rig));
	struct error error;

	assert_non_null(rig);
	assert_int_equal(unshare(CLONE_NEWNET), 0);
	assert_int_equal(system("ip link add va type veth peer name vb &&"
	                        " ip link set va up && ip link set vb up &&"
	                        " ip address add 192.0.2.1/24 dev va &&"
	                        " ip address add fe80::1/64 dev va nodad &&"
	                        " ip neighbour add 192.0.2.2 lladdr 02:00:00:00:00:02 dev va &&"
	                        " ip neighbour add fe80::2 lladdr 02:00:00:00:00:02 dev va"), 0);
	rig->ifindex = (int)if_nametoindex("va");
	assert_int_equal(packet_open_senders(&rig->senders, &error), 0);
	assert_int_equal(packet_open((int)if_nametoindex("vb"), PACKET_IPV4 | PACKET_IPV6,
	                             &rig->sockets, &error), 0);
	rig->buffer = packet_buffer_new();
	assert_non_null(rig->buffer);
	*state = rig;
	return 0;
}

static int
tear_down(void **state)
{
	struct rig *rig = *state;

	packet_buffer_free(rig->buffer);
	packet_close(&rig->sockets);
	packet_close_senders(&rig->senders);
	free(rig);
	return 0;
}

/* The next frame that vb receives. */
static struct packet
receive(struct rig *rig)
{
	struct pollfd wait_for = { .fd = rig->sockets.receive, .events = POLLIN };
	struct packet packets[PACKET_BATCH];

	assert_int_equal(poll(&wait_for, 1, PATIENCE_MS), 1);
	assert_int_equal(packet_receive(rig->sockets.receive, rig->buffer, packets), 1);
	return packets[0];
}

/* VRRP over IPv4 from an address that is not even ours, TTL 255, eight bytes long. */
static const uint8_t packet4[28] = {
	0x45, 0xc0, 0x00, 28, 0x12, 0x34, 0x00, 0x00, 255, 112, 0x00, 0x00,
	192, 0, 2, 77, 192, 0, 2, 2, 0x21, 1, 200,
};

static const uint8_t packet6[48] = {
	0x60, 0x00, 0x00, 0x00, 0x00, 8, 112, 255,
	0xfe, 0x80, [23] = 1, 0xfe, 0x80, [39] = 2, 0x31, 1, 200,
};

static struct outgoing
unicast(const struct rig *rig, const uint8_t *bytes, size_t length, const char *to)
{
	struct outgoing packet = { .ifindex = rig->ifindex, .bytes = bytes, .length = length };
	struct prefix prefix;

	assert_true(prefix_parse(to, &prefix));
	packet.unicast = prefix.ip;
	return packet;
}

static void
test_ip_packets_reach_the_peer_as_they_were_written(void **state)
{
	static const uint8_t peer[] = { 2, 0, 0, 0, 0, 2 };
	struct rig *rig = *state;
	struct outgoing packets[] = {
		unicast(rig, packet4, sizeof(packet4), "192.0.2.2/32"),
		unicast(rig, packet6, sizeof(packet6), "fe80::2/128"),
	};
	struct packet got;

	packet_send(&rig->senders, &packets[0], 1);
	assert_int_equal(packets[0].error, 0);
	got = receive(rig);
	assert_memory_equal(got.bytes, peer, sizeof(peer));
	assert_int_equal(got.bytes[12], 0x08);
	/* All but the header's checksum, which the kernel fills in. */
	assert_memory_equal(got.bytes + 14, packet4, 10);
	assert_memory_equal(got.bytes + 26, packet4 + 12, sizeof(packet4) - 12);

	packet_send(&rig->senders, &packets[1], 1);
	assert_int_equal(packets[1].error, 0);
	got = receive(rig);
	assert_memory_equal(got.bytes, peer, sizeof(peer));
	assert_int_equal(got.bytes[12], 0x86);
	assert_memory_equal(got.bytes + 14, packet6, sizeof(packet6));
}

static void
test_each_packet_has_its_own_error(void **state)
{
	struct rig *rig = *state;
	uint8_t frame[60] = { 0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, [12] = 0x08, 0x00, 0x45,
	                      [23] = 112 };
	struct outgoing packets[] = {
		{ .ifindex = 9999, .bytes = frame, .length = sizeof(frame) },
		unicast(rig, packet4, sizeof(packet4), "192.0.2.2/32"),
		{ .ifindex = rig->ifindex, .bytes = frame, .length = sizeof(frame) },
	};

	packets[1].ifindex = 9999;
	packet_send(&rig->senders, packets, ARRAY_SIZE(packets));
	assert_int_equal(packets[0].error, ENXIO);
	assert_int_equal(packets[1].error, ENODEV);
	assert_int_equal(packets[2].error, 0);
	assert_int_equal(receive(rig).length, sizeof(frame));
}

static void
test_interface_that_is_not_there_is_refused(void **state UNUSED)
{
	struct packet_sockets sockets;
	struct error error;

	assert_int_equal(packet_open(9999, PACKET_IPV4, &sockets, &error), -ENODEV);
	assert_non_null(strstr(error.text, "cannot listen"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			test_ip_packets_reach_the_peer_as_they_were_written, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_each_packet_has_its_own_error, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(
			test_interface_that_is_not_there_is_refused, set_up,
			tear_down),
	};

	if (geteuid() != 0)
		return SKIPPED;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
