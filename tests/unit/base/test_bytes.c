/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neither reader nor writer goes past its end, and both remember that they were asked to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/bytes.h"

static void
test_numbers_are_read_in_network_order(void **state UNUSED)
{
	static const uint8_t bytes[] = { 0x01, 0x02, 0x03, 0xfe, 0xdc, 0xba, 0x98 };
	struct reader r = reader_over(bytes, sizeof(bytes));

	assert_int_equal(read_u8(&r), 0x01);
	assert_int_equal(read_u16(&r), 0x0203);
	assert_int_equal(read_u32(&r), 0xfedcba98);
	assert_int_equal(reader_left(&r), 0);
	assert_false(r.short_read);
}

static void
test_short_read_gives_zero_and_is_remembered(void **state UNUSED)
{
	static const uint8_t bytes[] = { 0xff, 0xff, 0xff };

	for (size_t length = 0; length < 4; length++) {
		struct reader r = reader_over(bytes, length < 3 ? length : 3);

		assert_int_equal(read_u32(&r), length < 2 ? 0 : 0xffff0000);
		assert_true(r.short_read);
		assert_int_equal(reader_left(&r), 0);
		/* Nothing that comes later makes it forget. */
		assert_int_equal(read_u8(&r), 0);
		assert_non_null(read_bytes(&r, 0));
		assert_true(r.short_read);
	}
}

static void
test_copy_beyond_the_end_is_all_zeros(void **state UNUSED)
{
	static const uint8_t bytes[] = { 1, 2, 3 };
	uint8_t copy[4] = { 9, 9, 9, 9 };
	struct reader r = reader_over(bytes, sizeof(bytes));

	read_copy(&r, copy, sizeof(copy));
	assert_memory_equal(copy, "\0\0\0\0", 4);
	assert_true(r.short_read);

	r = reader_over(bytes, sizeof(bytes));
	read_copy(&r, copy, 3);
	assert_memory_equal(copy, "\1\2\3\0", 4);
	assert_false(r.short_read);
}

static void
test_sub_reader_ends_where_it_was_told(void **state UNUSED)
{
	static const uint8_t bytes[] = { 1, 2, 3, 4 };
	struct reader r = reader_over(bytes, sizeof(bytes));
	struct reader sub = read_sub(&r, 3);

	assert_int_equal(read_u16(&sub), 0x0102);
	assert_int_equal(read_u16(&sub), 0);	/* a half one is none */
	assert_true(sub.short_read);
	assert_false(r.short_read);
	assert_int_equal(read_u8(&r), 4);
}

static void
test_sub_reader_beyond_the_end_is_empty_and_short(void **state UNUSED)
{
	static const uint8_t bytes[] = { 1, 2 };
	struct reader r = reader_over(bytes, sizeof(bytes));
	struct reader sub = read_sub(&r, SIZE_MAX);

	assert_true(sub.short_read);
	assert_true(r.short_read);
	assert_int_equal(reader_left(&sub), 0);
}

static void
test_numbers_are_written_in_network_order(void **state UNUSED)
{
	uint8_t bytes[10];
	struct writer w = writer_over(bytes, sizeof(bytes));

	write_u8(&w, 0x01);
	write_u16(&w, 0x0203);
	write_u32(&w, 0xfedcba98);
	write_zeros(&w, 2);
	write_bytes(&w, "\x7f", 1);
	assert_int_equal(writer_length(&w), sizeof(bytes));
	assert_false(w.overflow);
	assert_memory_equal(bytes, "\x01\x02\x03\xfe\xdc\xba\x98\0\0\x7f", sizeof(bytes));
}

static void
test_what_does_not_fit_is_left_out_and_remembered(void **state UNUSED)
{
	uint8_t bytes[4] = { 9, 9, 9, 9 };
	struct writer w = writer_over(bytes, 3);

	write_u16(&w, 0x0102);
	write_u16(&w, 0x0304);
	assert_true(w.overflow);
	assert_int_equal(writer_length(&w), 2);
	write_zeros(&w, 2);
	assert_int_equal(writer_length(&w), 2);
	write_u8(&w, 3);		/* fits, but does not make it forget */
	assert_true(w.overflow);
	assert_memory_equal(bytes, "\1\2\3\x09", 4);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers_are_read_in_network_order),
		cmocka_unit_test(test_short_read_gives_zero_and_is_remembered),
		cmocka_unit_test(test_copy_beyond_the_end_is_all_zeros),
		cmocka_unit_test(test_sub_reader_ends_where_it_was_told),
		cmocka_unit_test(test_sub_reader_beyond_the_end_is_empty_and_short),
		cmocka_unit_test(test_numbers_are_written_in_network_order),
		cmocka_unit_test(test_what_does_not_fit_is_left_out_and_remembered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
