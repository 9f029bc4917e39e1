/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests and replies against packets built by another implementation.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/echo.h"

#define ZEROS_11 "0000000000000000000000"
#define ZEROS_44 ZEROS_11 ZEROS_11 ZEROS_11 ZEROS_11

/* IPv4 with four bytes of options; ICMPv6 alone: as raw sockets deliver them. */
static const char reply4[] =
	"46000058000700004001f398c0000201c000020201010101"
	"000019f01234010254616e640102030405060708" ZEROS_44;
static const char reply6[] = "81009b701234010254616e640102030405060708" ZEROS_44;
static const char request4[] = "080064ecbeef000954616e641122334455667788" ZEROS_44;

static size_t
from_hex(const char *hex, uint8_t *bytes)
{
	size_t length = strlen(hex) / 2;

	for (size_t i = 0; i < length; i++) {
		char digits[3] = { hex[2 * i], hex[2 * i + 1] };

		bytes[i] = (uint8_t)strtoul(digits, NULL, 16);
	}
	return length;
}

static void
test_request_is_as_others_build_it(void **state)
{
	struct echo echo = { 4, 0xbeef, 9, 0x1122334455667788 };
	uint8_t bytes[ECHO_SIZE], expected[ECHO_SIZE];

	(void)state;
	assert_int_equal(from_hex(request4, expected), ECHO_SIZE);
	echo_encode(&echo, bytes);
	assert_memory_equal(bytes, expected, ECHO_SIZE);

	/* ICMPv6: another type, and the checksum is the kernel's business. */
	echo.family = 6;
	echo_encode(&echo, bytes);
	expected[0] = 128;
	expected[2] = expected[3] = 0;
	assert_memory_equal(bytes, expected, ECHO_SIZE);
}

static void
test_reply_of_either_family_is_read(void **state)
{
	uint8_t bytes[128];
	struct echo echo;
	size_t length = from_hex(reply4, bytes);

	(void)state;
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_OK);
	assert_int_equal(echo.identifier, 0x1234);
	assert_int_equal(echo.sequence, 0x0102);
	assert_true(echo.cookie == 0x0102030405060708);
	length = from_hex(reply6, bytes);
	assert_int_equal(echo_decode(6, reader_over(bytes, length), &echo), ECHO_OK);
	assert_int_equal(echo.identifier, 0x1234);
	assert_true(echo.cookie == 0x0102030405060708);
}

static void
test_truncated_reply_is_never_read(void **state)
{
	uint8_t bytes[128];
	struct echo echo;
	size_t length = from_hex(reply4, bytes);

	(void)state;
	for (size_t i = 0; i < length; i++) {
		uint8_t *exact = malloc(i ? i : 1);	/* so that a sanitizer sees any overrun */

		memcpy(exact, bytes, i);
		assert_int_not_equal(echo_decode(4, reader_over(exact, i), &echo), ECHO_OK);
		free(exact);
	}
	from_hex(reply6, bytes);
	for (size_t i = 0; i < 20; i++)
		assert_int_not_equal(echo_decode(6, reader_over(bytes, i), &echo), ECHO_OK);
}

static void
test_every_damaged_bit_of_an_ipv4_message_is_noticed(void **state)
{
	uint8_t bytes[128];
	struct echo echo;
	size_t length = from_hex(reply4, bytes);

	(void)state;
	for (size_t bit = 24 * 8; bit < length * 8; bit++) {
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_not_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_OK);
		bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void
test_other_packets_have_a_fault_with_a_name(void **state)
{
	uint8_t good[128], bytes[128];
	struct echo echo;
	size_t length = from_hex(reply4, good);

	(void)state;
	memcpy(bytes, good, length);
	bytes[9] = 17;				/* UDP */
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_PROTOCOL);
	memcpy(bytes, good, length);
	bytes[7] = 1;				/* a later fragment */
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_PROTOCOL);
	memcpy(bytes, good, length);
	bytes[0] = 0x41;			/* a header of four bytes */
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_SHORT);
	memcpy(bytes, good, length);
	bytes[3] = 0xff;			/* says it is longer than it is */
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_SHORT);
	memcpy(bytes, good, length);
	bytes[24] = 8;				/* a request */
	assert_int_equal(echo_decode(4, reader_over(bytes, length), &echo), ECHO_TYPE);
	length = from_hex(reply6, bytes);
	bytes[8] = 'X';				/* somebody else's payload */
	assert_int_equal(echo_decode(6, reader_over(bytes, length), &echo), ECHO_PAYLOAD);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request_is_as_others_build_it),
		cmocka_unit_test(test_reply_of_either_family_is_read),
		cmocka_unit_test(test_truncated_reply_is_never_read),
		cmocka_unit_test(test_every_damaged_bit_of_an_ipv4_message_is_noticed),
		cmocka_unit_test(test_other_packets_have_a_fault_with_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
