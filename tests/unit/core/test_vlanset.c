/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sets of VLANs: what is put in comes out, and differences are what must be done.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/vlanset.h"

static struct vlanset
set_of(const struct vlan_settings *ranges, size_t count)
{
	struct vlanset set = { 0 };

	for (size_t i = 0; i < count; i++)
		vlanset_put(&set, &ranges[i]);
	return set;
}

#define SET(...) set_of((const struct vlan_settings[]){ __VA_ARGS__ }, \
                        ARRAY_SIZE(((const struct vlan_settings[]){ __VA_ARGS__ })))

static void
test_ranges_come_back_as_they_were(void **state)
{
	const struct vlan_settings ranges[] = {
		{ 1, 2, true, false }, { 3, 63, false, false }, { 64, 128, true, false },
		{ 1000, 1000, false, true }, { 1001, 1001, false, false },
		{ 4000, VLAN_ID_MAX, false, false },
	};
	struct vlanset set = set_of(ranges, ARRAY_SIZE(ranges));
	struct vlan_settings range = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		assert_true(vlanset_next(&set, range.last, &range));
		assert_int_equal(range.first, ranges[i].first);
		assert_int_equal(range.last, ranges[i].last);
		assert_int_equal(range.untagged, ranges[i].untagged);
		assert_int_equal(range.primary, ranges[i].primary);
	}
	assert_false(vlanset_next(&set, range.last, &range));
	/* Only one is primary: the last that was put. */
	vlanset_put(&set, &(struct vlan_settings){ 2000, 2000, false, true });
	assert_true(vlanset_next(&set, 999, &range));
	assert_int_equal(range.first, 1000);
	assert_false(range.primary);
}

static void
test_empty_set_has_no_ranges(void **state)
{
	struct vlanset set = { 0 };
	struct vlan_settings range;

	(void)state;
	assert_false(vlanset_next(&set, 0, &range));
	vlanset_put(&set, &(struct vlan_settings){ 5, 9, true, false });
	vlanset_remove(&set, 1, VLAN_ID_MAX);
	assert_false(vlanset_next(&set, 0, &range));
	assert_true(vlanset_equal(&set, &(struct vlanset){ 0 }));
}

static void
test_removed_primary_is_none(void **state)
{
	struct vlanset set = SET({ 5, 5, true, true }, { 6, 6, false, false });

	(void)state;
	vlanset_remove(&set, 5, 5);
	assert_int_equal(set.primary, 0);
	assert_false(vlanset_has(&set, 5));
	assert_true(vlanset_has(&set, 6));
}

static void
test_missing_and_changed_are_what_must_be_done(void **state)
{
	struct vlanset now = SET({ 1, 1, true, true }, { 5, 9, false, false });
	struct vlanset want = SET({ 5, 5, true, false }, { 6, 8, false, false },
	                          { 20, 20, true, true });
	struct vlanset gone = vlanset_missing(&now, &want);
	struct vlanset come = vlanset_changed(&want, &now);
	struct vlanset expected = SET({ 1, 1, true, true }, { 9, 9, false, false });

	(void)state;
	assert_true(vlanset_equal(&gone, &expected));
	expected = SET({ 5, 5, true, false }, { 20, 20, true, true });
	assert_true(vlanset_equal(&come, &expected));
	come = vlanset_changed(&want, &want);
	assert_true(vlanset_equal(&come, &(struct vlanset){ 0 }));
	/* Whoever was primary and is not any more is told so. */
	want = SET({ 1, 1, true, false });
	now = SET({ 1, 1, true, true });
	come = vlanset_changed(&want, &now);
	assert_true(vlanset_equal(&come, &want));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ranges_come_back_as_they_were),
		cmocka_unit_test(test_empty_set_has_no_ranges),
		cmocka_unit_test(test_removed_primary_is_none),
		cmocka_unit_test(test_missing_and_changed_are_what_must_be_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
