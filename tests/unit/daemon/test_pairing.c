/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two routers become a pair, and somebody in the middle does not: the machines of both, with all
 * that is said between them carried by the test.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/pairing.h"

struct router {
	struct pairing pairing;
	struct fingerprint key;
	struct ip address;
};

static struct router a, b;

static void
begin(struct router *router, const struct router *other)
{
	pairing_begin(&router->pairing, &router->key, &other->address, 443, 0);
}

/* The key of a is the lower one. */
static int
set_up(void **state UNUSED)
{
	a = (struct router){ .key = { { 1 } } };
	b = (struct router){ .key = { { 2 } } };
	assert_true(ip_parse("10.0.0.1", &a.address) && ip_parse("10.0.0.2", &b.address));
	begin(&a, &b);
	begin(&b, &a);
	return 0;
}

/* One question of a router and its answer; false: it has none. */
static bool
ask(struct router *from, struct router *to)
{
	char asked[PAIRING_TEXT_SIZE], answer[PAIRING_TEXT_SIZE];
	const struct fingerprint *pin;
	unsigned status;

	if (!pairing_next(&from->pairing, asked, &pin))
		return false;
	if (pin && !fingerprint_equal(pin, &to->key)) {
		pairing_unheard(&from->pairing, "another key");
		return true;
	}
	status = pairing_serve(&to->pairing, &from->address, &from->key, asked, answer);
	pairing_heard(&from->pairing, &to->key, status, answer);
	return true;
}

/* Both go on for a while, a first. */
static void
talk(struct router *one, struct router *other)
{
	for (unsigned i = 0; i < 8; i++) {
		(void)ask(one, other);
		(void)ask(other, one);
	}
}

static void
expect(enum pairing_phase phase)
{
	assert_int_equal(a.pairing.phase, phase);
	assert_int_equal(b.pairing.phase, phase);
}

/* ---- the good end --------------------------------------------------------------------------- */

static void
test_both_show_one_code_and_agree_after_both_yes(void **state UNUSED)
{
	for (unsigned order = 0; order < 8; order++) {
		struct router *one = order & 1 ? &a : &b, *other = order & 1 ? &b : &a;
		struct router *first = order & 2 ? one : other, *second = order & 2 ? other : one;

		begin(&a, &b);
		begin(&b, &a);
		talk(one, other);
		expect(PAIRING_COMPARING);
		assert_string_equal(a.pairing.code, b.pairing.code);
		assert_int_equal(strlen(a.pairing.code), COMPARE_CODE_SIZE - 1);

		assert_true(pairing_decide(&first->pairing, true));
		if (order & 4)
			talk(one, other);
		assert_int_not_equal(a.pairing.phase, PAIRING_AGREED);
		assert_int_not_equal(b.pairing.phase, PAIRING_AGREED);
		assert_true(pairing_decide(&second->pairing, true));
		talk(one, other);
		expect(PAIRING_AGREED);
		assert_true(fingerprint_equal(&a.pairing.peer.key, &b.key));
		assert_true(fingerprint_equal(&b.pairing.peer.key, &a.key));
	}
}

static void
test_one_door_is_enough_whichever(void **state UNUSED)
{
	for (unsigned order = 0; order < 2; order++) {
		struct router *client = order ? &a : &b, *server = order ? &b : &a;

		begin(&a, &b);
		begin(&b, &a);
		for (unsigned i = 0; i < 4; i++) {
			char text[PAIRING_TEXT_SIZE];
			const struct fingerprint *pin;

			(void)ask(client, server);
			if (pairing_next(&server->pairing, text, &pin))
				pairing_unheard(&server->pairing, "refused");
		}
		expect(PAIRING_COMPARING);
		assert_string_equal(a.pairing.code, b.pairing.code);
	}
}

/* Both have connected before either hears: the lower one goes on. */
static void
test_questions_that_cross_end_in_one_code(void **state UNUSED)
{
	char of_a[PAIRING_TEXT_SIZE], of_b[PAIRING_TEXT_SIZE], answer[PAIRING_TEXT_SIZE];
	const struct fingerprint *pin;
	unsigned status;

	assert_true(pairing_next(&a.pairing, of_a, &pin));
	assert_true(pairing_next(&b.pairing, of_b, &pin));
	status = pairing_serve(&a.pairing, &b.address, &b.key, of_b, answer);
	assert_int_equal(status, 409);
	status = pairing_serve(&b.pairing, &a.address, &a.key, of_a, answer);
	assert_int_equal(status, 200);
	assert_false(b.pairing.asking);			/* its own question is forgotten */
	pairing_heard(&a.pairing, &b.key, status, answer);
	talk(&a, &b);
	expect(PAIRING_COMPARING);
	assert_string_equal(a.pairing.code, b.pairing.code);
}

static void
test_codes_differ_from_one_attempt_to_the_next(void **state UNUSED)
{
	char first[COMPARE_CODE_SIZE];

	talk(&a, &b);
	memcpy(first, a.pairing.code, sizeof(first));
	begin(&a, &b);
	begin(&b, &a);
	talk(&a, &b);
	assert_string_not_equal(first, a.pairing.code);
}

/* ---- refusals ------------------------------------------------------------------------------- */

static void
test_no_of_either_operator_ends_it_on_both(void **state UNUSED)
{
	for (unsigned order = 0; order < 4; order++) {
		struct router *refuser = order & 1 ? &a : &b, *other = order & 1 ? &b : &a;

		begin(&a, &b);
		begin(&b, &a);
		talk(&a, &b);
		if (order & 2)
			assert_true(pairing_decide(&other->pairing, true));
		assert_true(pairing_decide(&refuser->pairing, false));
		talk(&a, &b);
		expect(PAIRING_FAILED);
		assert_non_null(strstr(refuser->pairing.reason, "on this router"));
		assert_non_null(strstr(other->pairing.reason, "on the other router"));
		assert_false(pairing_decide(&other->pairing, true));
	}
}

static void
test_nothing_happens_without_the_command_on_both(void **state UNUSED)
{
	b.pairing = (struct pairing){ 0 };
	talk(&a, &b);
	assert_int_equal(a.pairing.phase, PAIRING_SEEKING);
	assert_non_null(strstr(a.pairing.reason, "was not told to pair"));
	assert_int_equal(b.pairing.phase, PAIRING_NONE);
}

static void
test_other_address_than_the_operator_named_is_refused(void **state UNUSED)
{
	char asked[PAIRING_TEXT_SIZE], answer[PAIRING_TEXT_SIZE];
	const struct fingerprint *pin;
	struct ip elsewhere;

	assert_true(ip_parse("10.0.0.9", &elsewhere));
	assert_true(pairing_next(&a.pairing, asked, &pin));
	assert_int_equal(pairing_serve(&b.pairing, &elsewhere, &a.key, asked, answer), 409);
	assert_int_equal(b.pairing.phase, PAIRING_SEEKING);
}

static void
test_router_that_meets_itself_is_told(void **state UNUSED)
{
	struct router copy;

	begin(&a, &a);
	copy = a;
	(void)ask(&a, &copy);
	assert_int_equal(copy.pairing.phase, PAIRING_FAILED);
	begin(&a, &b);
	(void)ask(&a, &copy);
	assert_int_equal(a.pairing.phase, PAIRING_FAILED);
	assert_non_null(strstr(a.pairing.reason, "this router itself"));
}

static void
test_attempt_ends_with_its_time(void **state UNUSED)
{
	pairing_expire(&a.pairing, PAIRING_PATIENCE - 1);
	assert_int_equal(a.pairing.phase, PAIRING_SEEKING);
	pairing_expire(&a.pairing, PAIRING_PATIENCE);
	assert_int_equal(a.pairing.phase, PAIRING_FAILED);
	pairing_expire(&a.pairing, 2 * PAIRING_PATIENCE);
	assert_int_equal(a.pairing.phase, PAIRING_NONE);
}

/* ---- somebody in the middle ----------------------------------------------------------------- */

/* Plays b towards a, and a towards b. */
static struct router to_a, to_b;

static void
stand_in_the_middle(void)
{
	to_a = (struct router){ .key = { { 8 } }, .address = b.address };
	to_b = (struct router){ .key = { { 9 } }, .address = a.address };
	begin(&to_a, &a);
	begin(&to_b, &b);
}

static void
test_man_in_the_middle_makes_codes_differ(void **state UNUSED)
{
	for (unsigned i = 0; i < 1000; i++) {
		begin(&a, &b);
		begin(&b, &a);
		stand_in_the_middle();
		talk(&a, &to_a);
		talk(&to_b, &b);
		expect(PAIRING_COMPARING);
		assert_string_not_equal(a.pairing.code, b.pairing.code);
	}
}

/* He knows the code of one side and tries numbers until that of the other would fit: it is too
 * late, his commitment is known. */
static void
test_number_other_than_the_committed_one_ends_the_attempt(void **state UNUSED)
{
	stand_in_the_middle();
	(void)ask(&to_b, &b);
	assert_int_equal(b.pairing.phase, PAIRING_BOUND);
	to_b.pairing.own.number[0] ^= 1;
	(void)ask(&to_b, &b);
	assert_int_equal(b.pairing.phase, PAIRING_FAILED);
	assert_non_null(strstr(b.pairing.reason, "in the middle"));
}

/* An attempt gives away its number once. */
static void
test_second_guess_needs_a_new_command(void **state UNUSED)
{
	stand_in_the_middle();
	(void)ask(&to_b, &b);
	assert_int_equal(b.pairing.phase, PAIRING_BOUND);
	begin(&to_b, &b);
	(void)ask(&to_b, &b);
	assert_int_not_equal(b.pairing.phase, PAIRING_BOUND);
	assert_int_not_equal(b.pairing.phase, PAIRING_SEEKING);

	/* As server, too: who has shown his number stays the one. */
	stand_in_the_middle();
	begin(&a, &b);
	(void)ask(&a, &to_a);
	assert_int_equal(a.pairing.phase, PAIRING_BOUND);
	assert_int_equal(pairing_serve(&a.pairing, &to_a.address, &to_b.key, "commit "
		"0000000000000000000000000000000000000000000000000000000000000000",
		(char[PAIRING_TEXT_SIZE]){ "" }), 409);
	assert_true(fingerprint_equal(&a.pairing.peer.key, &to_a.key));
}

static void
test_third_router_cannot_speak_for_the_bound_one(void **state UNUSED)
{
	struct router third = { .key = { { 7 } }, .address = a.address };
	char answer[PAIRING_TEXT_SIZE];

	talk(&a, &b);
	assert_int_equal(pairing_serve(&b.pairing, &third.address, &third.key, "agreed", answer),
	                 409);
	assert_true(pairing_decide(&b.pairing, true));
	assert_int_equal(b.pairing.phase, PAIRING_COMPARING);
}

/* Nothing of anybody's that is no word of ours has an effect, or an answer. */
static void
test_words_that_are_none_are_refused(void **state UNUSED)
{
	static const char *const words[] = {
		"", "commit", "commit ", "commit 00", "reveal", "number", "AGREED", "agreed ",
		"commit 000000000000000000000000000000000000000000000000000000000000000g",
		"commit 00000000000000000000000000000000000000000000000000000000000000000",
	};
	char answer[PAIRING_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(pairing_serve(&b.pairing, &a.address, &a.key, words[i], answer),
		                 409);
		assert_int_equal(b.pairing.phase, PAIRING_SEEKING);
		assert_string_equal(answer, "");
	}
	talk(&a, &b);
	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		assert_int_equal(pairing_serve(&b.pairing, &a.address, &a.key, words[i], answer),
		                 404);
		assert_int_equal(b.pairing.phase, PAIRING_COMPARING);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(function) cmocka_unit_test_setup(function, set_up)
		TEST(test_both_show_one_code_and_agree_after_both_yes),
		TEST(test_one_door_is_enough_whichever),
		TEST(test_questions_that_cross_end_in_one_code),
		TEST(test_codes_differ_from_one_attempt_to_the_next),
		TEST(test_no_of_either_operator_ends_it_on_both),
		TEST(test_nothing_happens_without_the_command_on_both),
		TEST(test_other_address_than_the_operator_named_is_refused),
		TEST(test_router_that_meets_itself_is_told),
		TEST(test_attempt_ends_with_its_time),
		TEST(test_man_in_the_middle_makes_codes_differ),
		TEST(test_number_other_than_the_committed_one_ends_the_attempt),
		TEST(test_second_guess_needs_a_new_command),
		TEST(test_third_router_cannot_speak_for_the_bound_one),
		TEST(test_words_that_are_none_are_refused),
#undef TEST
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
