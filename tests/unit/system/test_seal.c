/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sealed datagrams: what one end seals the other opens, once; anything else changes nothing.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/replay.h"
#include "ends.h"
#include "system/seal.h"

#define HEAD "a head"
#define BODY "the body of a datagram"

static const enum tls_cipher ciphers[] = { TLS_AES_256_GCM, TLS_CHACHA20_POLY1305 };

/* Both ends of one direction. */
struct direction {
	struct seal *from;
	struct seal *to;
};

static struct direction
direction_new(enum tls_cipher cipher)
{
	uint8_t material[SEAL_MATERIAL_SIZE];
	struct direction d;

	for (uint8_t i = 0; i < sizeof(material); i++)
		material[i] = (uint8_t)(i * 7 + 1);
	assert_int_equal(seal_new(cipher, material, &d.from, NULL), 0);
	assert_int_equal(seal_new(cipher, material, &d.to, NULL), 0);
	return d;
}

static void
direction_free(struct direction *d)
{
	seal_free(d->from);
	seal_free(d->to);
}

struct datagram {
	uint64_t number;
	uint8_t sealed[SEAL_BODY_MAX + SEAL_TAG_SIZE];
	size_t size;
};

static struct datagram
wrap(struct seal *from, const void *body, size_t size)
{
	struct datagram datagram;
	int length;

	assert_int_equal(seal_next(from, &datagram.number), 0);
	length = seal_wrap(from, HEAD, strlen(HEAD), body, size, datagram.sealed);
	assert_int_equal(length, size + SEAL_TAG_SIZE);
	datagram.size = (size_t)length;
	return datagram;
}

static enum seal_fault
unwrap(struct seal *to, const struct datagram *datagram, uint8_t body[SEAL_BODY_MAX], size_t *size)
{
	return seal_unwrap(to, HEAD, strlen(HEAD), datagram->number, datagram->sealed,
	                   datagram->size, body, size);
}

static void
test_sealed_datagrams_open_once_with_every_cipher_and_size(void **state UNUSED)
{
	static uint8_t text[SEAL_BODY_MAX], body[SEAL_BODY_MAX];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (uint8_t)(i * 13);
	for (size_t c = 0; c < ARRAY_SIZE(ciphers); c++) {
		struct direction d = direction_new(ciphers[c]);

		for (size_t size = 0; size <= sizeof(text); size += size < 40 ? 1 : 251) {
			struct datagram datagram = wrap(d.from, text, size);
			size_t got = 99999;

			assert_int_equal(unwrap(d.to, &datagram, body, &got), SEAL_GOOD);
			assert_int_equal(got, size);
			assert_memory_equal(body, text, size);
			assert_int_equal(unwrap(d.to, &datagram, body, &got), SEAL_REPLAYED);
		}
		direction_free(&d);
	}
}

static void
test_sealing_and_opening_in_place_is_the_same(void **state UNUSED)
{
	for (size_t c = 0; c < ARRAY_SIZE(ciphers); c++) {
		struct direction d = direction_new(ciphers[c]);
		uint8_t room[64] = BODY;
		size_t size = 0;

		assert_int_equal(seal_wrap(d.from, HEAD, strlen(HEAD), room, sizeof(BODY), room),
		                 sizeof(BODY) + SEAL_TAG_SIZE);
		assert_memory_not_equal(room, BODY, sizeof(BODY));
		assert_int_equal(seal_unwrap(d.to, HEAD, strlen(HEAD), 0, room,
		                             sizeof(BODY) + SEAL_TAG_SIZE, room, &size), SEAL_GOOD);
		assert_int_equal(size, sizeof(BODY));
		assert_string_equal((char *)room, BODY);
		direction_free(&d);
	}
}

static void
test_every_changed_bit_is_a_forgery_and_costs_nothing(void **state UNUSED)
{
	uint8_t body[SEAL_BODY_MAX];

	for (size_t c = 0; c < ARRAY_SIZE(ciphers); c++) {
		struct direction d = direction_new(ciphers[c]);
		size_t size = 99999;
		struct datagram good = wrap(d.from, BODY, strlen(BODY));

		for (size_t bit = 0; bit < good.size * 8; bit++) {
			struct datagram forged = good;

			forged.sealed[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_equal(unwrap(d.to, &forged, body, &size), SEAL_FORGED);
		}
		for (unsigned bit = 0; bit < 63; bit++) {
			struct datagram forged = good;

			forged.number ^= UINT64_C(1) << bit;
			assert_int_equal(unwrap(d.to, &forged, body, &size), SEAL_FORGED);
		}
		assert_int_equal(seal_unwrap(d.to, "A head", strlen(HEAD), good.number, good.sealed,
		                             good.size, body, &size), SEAL_FORGED);
		assert_int_equal(seal_unwrap(d.to, HEAD, strlen(HEAD) - 1, good.number, good.sealed,
		                             good.size, body, &size), SEAL_FORGED);
		assert_int_equal(size, 99999);
		assert_int_equal(unwrap(d.to, &good, body, &size), SEAL_GOOD);
		direction_free(&d);
	}
}

static void
test_truncated_and_oversized_datagrams_never_open(void **state UNUSED)
{
	static uint8_t large[SEAL_BODY_MAX + SEAL_TAG_SIZE + 1], body[SEAL_BODY_MAX];
	struct direction d = direction_new(TLS_AES_256_GCM);
	struct datagram datagram = wrap(d.from, BODY, strlen(BODY));
	size_t whole = datagram.size, size;

	for (datagram.size = 0; datagram.size < whole; datagram.size++)
		assert_int_equal(unwrap(d.to, &datagram, body, &size),
		                 datagram.size < SEAL_TAG_SIZE ? SEAL_SHORT : SEAL_FORGED);
	assert_int_equal(seal_unwrap(d.to, HEAD, strlen(HEAD), 0, large, sizeof(large), body,
	                             &size), SEAL_SHORT);
	assert_int_equal(unwrap(d.to, &datagram, body, &size), SEAL_GOOD);
	direction_free(&d);
}

static void
test_reordered_datagrams_open_within_the_window_only(void **state UNUSED)
{
	struct direction d = direction_new(TLS_AES_256_GCM);
	struct datagram first = wrap(d.from, BODY, 1), second = wrap(d.from, BODY, 2);
	uint8_t body[SEAL_BODY_MAX];
	struct datagram newest;
	size_t size;

	do
		newest = wrap(d.from, BODY, 3);
	while (newest.number < REPLAY_WINDOW);
	assert_int_equal(unwrap(d.to, &newest, body, &size), SEAL_GOOD);
	assert_int_equal(unwrap(d.to, &first, body, &size), SEAL_OLD);
	assert_int_equal(unwrap(d.to, &second, body, &size), SEAL_GOOD);
	assert_int_equal(size, 2);
	assert_int_equal(unwrap(d.to, &second, body, &size), SEAL_REPLAYED);
	direction_free(&d);
}

static void
test_pair_of_a_session_has_a_key_for_each_direction_and_purpose(void **state UNUSED)
{
	struct seal *sending[2][2], *receiving[2][2];	/* [purpose][end] */
	uint8_t body[SEAL_BODY_MAX];
	struct ends ends;
	size_t size;

	ends_open(&ends);
	ends_shake(&ends, identity_fingerprint(ends.identities[1]),
	           identity_fingerprint(ends.identities[0]));
	for (uint8_t purpose = 0; purpose < 2; purpose++) {
		for (unsigned end = 0; end < 2; end++)
			assert_int_equal(seal_new_pair(ends.tls[end], end ? TLS_SERVER : TLS_CLIENT,
			                               &purpose, 1, &sending[purpose][end],
			                               &receiving[purpose][end], NULL), 0);
	}
	for (unsigned i = 0; i < 16; i++) {	/* every seal at every other */
		unsigned purpose = i / 8, end = i / 4 % 2, to_purpose = i / 2 % 2, to_end = i % 2;
		struct datagram datagram = wrap(sending[purpose][end], BODY, 5);
		bool meant = purpose == to_purpose && end != to_end;

		/* A number that a receiver has seen already is not even tried. */
		assert_true((unwrap(receiving[to_purpose][to_end], &datagram, body, &size) ==
		             SEAL_GOOD) == meant);
	}
	for (unsigned i = 0; i < 4; i++) {
		seal_free(sending[i / 2][i % 2]);
		seal_free(receiving[i / 2][i % 2]);
	}
	ends_close(&ends);
}

static void
test_every_fault_has_a_name(void **state UNUSED)
{
	for (enum seal_fault fault = 0; fault < SEAL_FAULTS; fault++)
		assert_non_null(seal_fault_name(fault));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sealed_datagrams_open_once_with_every_cipher_and_size),
		cmocka_unit_test(test_sealing_and_opening_in_place_is_the_same),
		cmocka_unit_test(test_every_changed_bit_is_a_forgery_and_costs_nothing),
		cmocka_unit_test(test_truncated_and_oversized_datagrams_never_open),
		cmocka_unit_test(test_reordered_datagrams_open_within_the_window_only),
		cmocka_unit_test(test_pair_of_a_session_has_a_key_for_each_direction_and_purpose),
		cmocka_unit_test(test_every_fault_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
