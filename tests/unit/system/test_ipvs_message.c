/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's load balancer: our requests beside ipvsadm's, and the kernel's answers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <linux/netlink.h>

#include "ipvs_golden.h"
#include "system/ipvs_message.h"

#define FAMILY 32u

static _Alignas(8) uint8_t buffer[IPVS_REQUEST_MAX];

static struct balance_service
web(void)
{
	struct balance_service service = {
		.family = 4,
		.protocol = 6,
		.port = 80,
		.algorithm = BALANCE_LEAST_CONNECTION,
		.flags = BALANCE_PERSISTENT,
		.persistence = 300,
	};

	assert_true(ip_parse("192.0.2.1", &service.address));
	return service;
}

static struct balance_service
marked(void)
{
	return (struct balance_service){ .family = 6, .mark = 5,
	                                 .algorithm = BALANCE_SOURCE_HASHING };
}

static struct balance_dest
dest(const char *address, uint16_t port, uint8_t method, uint32_t weight)
{
	struct balance_dest made = { .port = port, .method = method, .weight = weight };

	assert_true(ip_parse(address, &made.address));
	return made;
}

static const struct nlmsghdr *
request(enum balance_step_kind kind, const struct balance_service *service,
        const struct balance_dest *of)
{
	struct balance_step step = { .kind = kind, .service = service };

	if (of)
		step.dest = *of;
	memset(buffer, 0xee, sizeof(buffer));
	return ipvs_message_step(buffer, FAMILY, 1, &step);
}

static void
test_new_services_are_asked_for_as_ipvsadm_does(void **state)
{
	struct balance_service service = web(), other = marked();
	const struct nlmsghdr *message = request(BALANCE_ADD_SERVICE, &service, NULL);

	(void)state;
	assert_int_equal(message->nlmsg_len, sizeof(golden_add_service));
	assert_memory_equal(message, golden_add_service, sizeof(golden_add_service));
	message = request(BALANCE_ADD_SERVICE, &other, NULL);
	assert_int_equal(message->nlmsg_len, sizeof(golden_add_marked));
	assert_memory_equal(message, golden_add_marked, sizeof(golden_add_marked));
}

/* ipvsadm names properties of the service and of tunnels as well; what is ours stands in its
 * message from "start" on. */
static void
expect_same_dest(const struct nlmsghdr *message, size_t start, const uint8_t *golden,
                 size_t golden_start)
{
	/* family, address, port, method and weight */
	assert_memory_equal((const uint8_t *)message + start, golden + golden_start,
	                    8 + 20 + 8 + 8 + 8);
}

static void
test_new_destinations_are_asked_for_as_ipvsadm_does(void **state)
{
	struct balance_service service = web(), other = marked();
	struct balance_dest one = dest("192.0.2.11", 8080, BALANCE_NAT, 3);
	struct balance_dest two = dest("2001:db8::2", 0, BALANCE_DIRECT, 1);

	(void)state;
	expect_same_dest(request(BALANCE_ADD_DEST, &service, &one), 20 + 4 + 44 + 4,
	                 golden_add_dest, 20 + 84 + 4);
	expect_same_dest(request(BALANCE_ADD_DEST, &other, &two), 20 + 4 + 16 + 4,
	                 golden_add_dest6, 20 + 56 + 4);
}

static void
test_answers_are_read(void **state)
{
	struct balance_service service, expected = web();
	struct balance_dest one;
	uint16_t number;

	(void)state;
	assert_true(ipvs_message_read_family((const void *)golden_family, &number));
	assert_int_equal(number, FAMILY);

	assert_true(ipvs_message_read_service((const void *)golden_first, &service));
	assert_int_equal(balance_service_order(&service, &expected), 0);
	assert_int_equal(service.algorithm, BALANCE_LEAST_CONNECTION);
	assert_int_equal(service.flags, BALANCE_PERSISTENT);
	assert_int_equal(service.persistence, 300);

	expected = marked();
	assert_true(ipvs_message_read_service((const void *)golden_second, &service));
	assert_int_equal(balance_service_order(&service, &expected), 0);
	assert_int_equal(service.algorithm, BALANCE_SOURCE_HASHING);
	assert_int_equal(service.flags, 0);

	assert_true(ipvs_message_read_dest((const void *)golden_dest, 4, &one));
	assert_int_equal(one.address.bytes[3], 11);
	assert_int_equal(one.port, 8080);
	assert_int_equal(one.method, BALANCE_NAT);
	assert_int_equal(one.weight, 3);
	/* The kernel's word counts, not what was expected. */
	assert_true(ipvs_message_read_dest((const void *)golden_dest6, 4, &one));
	assert_int_equal(one.address.family, 6);
	assert_int_equal(one.port, 0);
	assert_int_equal(one.method, BALANCE_DIRECT);
}

/* Whatever is cut off, nothing beyond the end is read: the copy on the heap is watched. */
static void
test_messages_cut_short_are_read_to_their_end(void **state)
{
	(void)state;
	for (uint32_t length = sizeof(struct nlmsghdr); length < sizeof(golden_first);
	     length++) {
		struct nlmsghdr *copy = malloc(length);
		struct balance_service service;
		struct balance_dest one;

		memcpy(copy, golden_first, length);
		copy->nlmsg_len = length;
		if (ipvs_message_read_service(copy, &service))
			assert_int_equal(service.family, 4);
		assert_false(ipvs_message_read_dest(copy, 4, &one));
		free(copy);
	}
}

static void
test_other_things_are_no_services(void **state)
{
	struct balance_service service;
	struct balance_dest one;

	(void)state;
	assert_false(ipvs_message_read_service((const void *)golden_dest, &service));
	assert_false(ipvs_message_read_dest((const void *)golden_first, 4, &one));
}

/* Any single byte may be anything. */
static void
test_corrupt_messages_are_survived(void **state)
{
	uint8_t *copy = malloc(sizeof(golden_first));

	(void)state;
	for (size_t at = sizeof(struct nlmsghdr); at < sizeof(golden_first); at++)
		for (unsigned value = 0; value < 256; value += 5) {
			struct balance_service service;

			memcpy(copy, golden_first, sizeof(golden_first));
			copy[at] = (uint8_t)value;
			if (ipvs_message_read_service((const void *)copy, &service)) {
				assert_true(service.family == 4 || service.family == 6);
				assert_true(service.algorithm <= BALANCE_ALGORITHMS);
			}
		}
	free(copy);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_new_services_are_asked_for_as_ipvsadm_does),
		cmocka_unit_test(test_new_destinations_are_asked_for_as_ipvsadm_does),
		cmocka_unit_test(test_answers_are_read),
		cmocka_unit_test(test_messages_cut_short_are_read_to_their_end),
		cmocka_unit_test(test_other_things_are_no_services),
		cmocka_unit_test(test_corrupt_messages_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
