/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fingerprints: the one form that is printed, and the forms that are understood.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/fingerprint.h"

#define GROUPED "0001-0203-0405-0607-0809-0a0b-0c0d-0e0f-1011-1213-1415-1617-1819-1a1b-1c1d-1e1f"

static struct fingerprint
counting(void)
{
	struct fingerprint fingerprint;

	for (uint8_t i = 0; i < FINGERPRINT_SIZE; i++)
		fingerprint.bytes[i] = i;
	return fingerprint;
}

static void
test_fingerprint_prints_in_groups_of_four(void **state UNUSED)
{
	struct fingerprint fingerprint = counting();
	char text[FINGERPRINT_TEXT_SIZE];

	assert_string_equal(fingerprint_text(&fingerprint, text), GROUPED);
	assert_int_equal(strlen(text), FINGERPRINT_TEXT_SIZE - 1);
}

static void
test_every_usual_spelling_is_understood(void **state UNUSED)
{
	static const char *const texts[] = {
		GROUPED,
		"000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F",
		"sha256:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		("00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:"
		 "10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F"),
		"0001 0203 0405 0607 0809 0a0b 0c0d 0e0f 1011 1213 1415 1617 1819 1a1b 1c1d 1e1f",
	};
	struct fingerprint expected = counting(), parsed;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		memset(&parsed, 0xff, sizeof(parsed));
		if (!fingerprint_parse(texts[i], &parsed) ||
		    !fingerprint_equal(&parsed, &expected))
			fail_msg("%s", texts[i]);
	}
}

static void
test_anything_else_is_refused_and_changes_nothing(void **state UNUSED)
{
	static const char *const texts[] = {
		"", "sha256:", "0001", GROUPED "00", GROUPED "-0",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1",
		"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g",
		"0-00102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
		"sha1:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f",
	};
	struct fingerprint before = counting(), parsed = before;

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		if (fingerprint_parse(texts[i], &parsed))
			fail_msg("%s", texts[i]);
		assert_true(fingerprint_equal(&parsed, &before));
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fingerprint_prints_in_groups_of_four),
		cmocka_unit_test(test_every_usual_spelling_is_understood),
		cmocka_unit_test(test_anything_else_is_refused_and_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
