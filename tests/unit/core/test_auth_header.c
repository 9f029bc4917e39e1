/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authentication header against what keepalived sends, and against RFC 2402; the window against
 * a plain list of what was heard.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/advert.h"
#include "core/auth_header.h"
#include "captured.h"

#define ETHERNET 14u
#define IP 20u
#define ICV (ETHERNET + IP + 12u)

static const uint8_t secret[PASSWORD_SIZE] = "secret\0";
static const uint8_t longpass[PASSWORD_SIZE] = { 'l', 'o', 'n', 'g', 'p', 'a', 's', 's' };

static const struct {
	const char *digits;
	const uint8_t *password;
	uint32_t sequence;
} golden[] = {
	{ KEEPALIVED_V2_AH, secret, 1 },
	{ KEEPALIVED_V2_AH_LATER, secret, 5 },
	{ KEEPALIVED_V2_AH_TWO, longpass, 1 },
	{ KEEPALIVED_V2_AH_UNICAST, secret, 1 },
};

static struct auth_header
header_of(const uint8_t *frame, size_t length)
{
	struct reader in = reader_over(frame + ETHERNET + IP, length - ETHERNET - IP);
	struct auth_header ah = { 0 };

	assert_true(auth_header_read(&in, frame + ETHERNET, length - ETHERNET, &ah));
	assert_true(ah.present);
	return ah;
}

static void
test_captured_headers_hold_for_their_password_only(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		uint8_t frame[CAPTURED_MAX], other[PASSWORD_SIZE];
		size_t length = captured(golden[i].digits, frame);
		struct auth_header ah = header_of(frame, length);

		assert_int_equal(ah.spi, 0xc0000201);
		assert_int_equal(ah.sequence, golden[i].sequence);
		assert_true(auth_header_holds(&ah, golden[i].password));
		memcpy(other, golden[i].password, PASSWORD_SIZE);
		other[PASSWORD_SIZE - 1] ^= 1;
		assert_false(auth_header_holds(&ah, other));
	}
}

static void
test_sealing_a_captured_packet_gives_its_bytes(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		uint8_t frame[CAPTURED_MAX], expected[CAPTURED_MAX];
		size_t length = captured(golden[i].digits, frame);

		memcpy(expected, frame, length);
		memset(frame + ICV - 4, 0xaa, 16);
		auth_header_seal(frame + ETHERNET, length - ETHERNET, golden[i].password, 77);
		assert_memory_not_equal(frame, expected, length);
		auth_header_seal(frame + ETHERNET, length - ETHERNET, golden[i].password,
		                 golden[i].sequence);
		assert_memory_equal(frame, expected, length);
	}
}

/* RFC 2402 takes the TTL as zero for multicast, too; the ICV is from Python's hmac. */
static void
test_header_made_to_the_letter_of_the_rfc_holds(void **state UNUSED)
{
	static const uint8_t icv[] = {
		0x05, 0x07, 0xd7, 0xa4, 0x96, 0x5a, 0x13, 0x8d, 0x7d, 0x42, 0xec, 0xe3,
	};
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(KEEPALIVED_V2_AH, frame);
	struct auth_header ah = header_of(frame, length);

	memcpy(frame + ICV, icv, sizeof(icv));
	assert_true(auth_header_holds(&ah, secret));
	frame[ETHERNET + 8] = 3;
	assert_true(auth_header_holds(&ah, secret));
}

/* Of unicast the TTL is never covered: nobody could verify it behind a router. */
static void
test_header_over_the_ttl_of_unicast_does_not_hold(void **state UNUSED)
{
	static const uint8_t icv[] = {
		0xd9, 0x9f, 0xaa, 0xfd, 0x74, 0x3c, 0x7d, 0x79, 0xec, 0x25, 0x9e, 0x9c,
	};
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(KEEPALIVED_V2_AH_UNICAST, frame);
	struct auth_header ah = header_of(frame, length);

	memcpy(frame + ICV, icv, sizeof(icv));
	assert_false(auth_header_holds(&ah, secret));
}

/* What routers may change on the way: RFC 2402 3.3.3.1.1.1.  The TTL of multicast is none. */
static bool
is_mutable(size_t at, bool unicast)
{
	return at == 1 || at == 6 || at == 7 || (at == 8 && unicast) || at == 10 || at == 11;
}

static void
test_any_other_flipped_bit_is_noticed(void **state UNUSED)
{
	for (size_t i = 0; i < ARRAY_SIZE(golden); i++) {
		uint8_t frame[CAPTURED_MAX];
		size_t length = captured(golden[i].digits, frame);
		struct auth_header ah = header_of(frame, length);
		bool unicast = frame[ETHERNET + 16] == 192;

		for (size_t bit = 0; bit < 8 * (length - ETHERNET); bit++) {
			uint8_t *byte = &frame[ETHERNET + bit / 8];

			*byte ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(auth_header_holds(&ah, golden[i].password),
			                 is_mutable(bit / 8, unicast));
			*byte ^= (uint8_t)(1u << bit % 8);
		}
	}
}

static void
test_header_cut_anywhere_is_refused(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];

	(void)captured(KEEPALIVED_V2_AH, frame);
	for (size_t left = 0; left <= AUTH_HEADER_SIZE; left++) {
		struct reader in = reader_over(frame + ETHERNET + IP, left);
		struct auth_header ah = { 0 };

		assert_int_equal(auth_header_read(&in, frame + ETHERNET, IP + left, &ah),
		                 left == AUTH_HEADER_SIZE);
		assert_int_equal(ah.present, left == AUTH_HEADER_SIZE);
	}
}

/* Another length of ICV, or options before it: somebody speaks AH, but not this one. */
static void
test_header_of_another_form_is_present_and_never_holds(void **state UNUSED)
{
	uint8_t frame[CAPTURED_MAX];
	size_t length = captured(KEEPALIVED_V2_AH, frame);
	struct reader in = reader_over(frame + ETHERNET + IP, length - ETHERNET - IP);
	struct auth_header ah;

	frame[ETHERNET + IP + 1] = 5;
	ah = header_of(frame, length);
	assert_null(ah.packet);
	assert_false(auth_header_holds(&ah, secret));

	frame[ETHERNET + IP + 1] = 4;
	assert_true(auth_header_read(&in, frame + ETHERNET - 4, length - ETHERNET + 4, &ah));
	assert_null(ah.packet);
	assert_false(auth_header_holds(&ah, secret));

	frame[ETHERNET + IP] = 17;
	in = reader_over(frame + ETHERNET + IP, length - ETHERNET - IP);
	assert_false(auth_header_read(&in, frame + ETHERNET, length - ETHERNET, &ah));
}

/* ---- the window ----------------------------------------------------------------------------- */

static bool
hear(struct ah_window *window, uint32_t sequence)
{
	if (!auth_header_is_fresh(window, sequence))
		return false;
	auth_header_note(window, sequence);
	return true;
}

static void
test_window_takes_each_number_once_and_none_too_old(void **state UNUSED)
{
	static const struct {
		uint32_t sequence;
		bool fresh;
	} story[] = {
		{ 0, false }, { 1, true }, { 1, false }, { 0, false }, { 2, true }, { 5, true },
		{ 4, true }, { 4, false }, { 3, true }, { 2, false },
		{ 100, true }, { 36, false }, { 37, true }, { 37, false }, { 99, true },
		{ 164, true }, { 100, false }, { 101, true },
		{ 1000, true }, { 936, false }, { 937, true }, { 164, false },
		{ UINT32_MAX, true }, { UINT32_MAX, false }, { UINT32_MAX - 63, true },
		{ UINT32_MAX - 64, false }, { 1, false }, { 0, false },
	};
	struct ah_window window = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(story); i++)
		assert_int_equal(hear(&window, story[i].sequence), story[i].fresh);
}

static void
test_window_agrees_with_a_list_of_all_that_was_heard(void **state UNUSED)
{
	bool heard[3000] = { false };
	struct ah_window window = { 0 };
	uint32_t greatest = 0, chance = 1;

	for (unsigned i = 0; i < 20000; i++) {
		chance = chance * 1103515245 + 12345;

		uint32_t base = 1 + i / 8;
		uint32_t sequence = base + (chance >> 16) % 100;
		bool fresh = !heard[sequence] && greatest < sequence + AUTH_HEADER_WINDOW;

		assert_int_equal(hear(&window, sequence), fresh);
		heard[sequence] = heard[sequence] || fresh;
		greatest = sequence > greatest && fresh ? sequence : greatest;
	}
	assert_true(greatest > 2500);
}

static void
test_resumed_window_has_heard_all_before(void **state UNUSED)
{
	struct ah_window window = auth_header_resume(500), begun = auth_header_resume(0);

	for (uint32_t sequence = 0; sequence <= 500; sequence++)
		assert_false(auth_header_is_fresh(&window, sequence));
	assert_true(hear(&window, 502));
	assert_true(hear(&window, 501));
	assert_false(hear(&window, 500));
	assert_true(hear(&begun, 1));
}

/* The old master counts on where the new one stopped, as keepalived asks of both. */
static void
test_next_number_is_above_all_sent_or_heard_and_never_zero(void **state UNUSED)
{
	assert_int_equal(auth_header_next(0), 1);
	assert_int_equal(auth_header_next(41), 42);
	assert_int_equal(auth_header_next(UINT32_MAX), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_captured_headers_hold_for_their_password_only),
		cmocka_unit_test(test_sealing_a_captured_packet_gives_its_bytes),
		cmocka_unit_test(test_header_made_to_the_letter_of_the_rfc_holds),
		cmocka_unit_test(test_header_over_the_ttl_of_unicast_does_not_hold),
		cmocka_unit_test(test_any_other_flipped_bit_is_noticed),
		cmocka_unit_test(test_header_cut_anywhere_is_refused),
		cmocka_unit_test(test_header_of_another_form_is_present_and_never_holds),
		cmocka_unit_test(test_window_takes_each_number_once_and_none_too_old),
		cmocka_unit_test(test_window_agrees_with_a_list_of_all_that_was_heard),
		cmocka_unit_test(test_resumed_window_has_heard_all_before),
		cmocka_unit_test(test_next_number_is_above_all_sent_or_heard_and_never_zero),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
