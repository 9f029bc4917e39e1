/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is remembered of steps that the kernel refused, and what of it is new.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>

#include "daemon/refusals.h"

#define MANY 1000u

static struct ifstep
mtu_step(const char *name, uint32_t mtu)
{
	struct ifstep step = { .kind = IFSTEP_SET_MTU, .mtu = mtu };

	snprintf(step.name, sizeof(step.name), "%s", name);
	return step;
}

static const struct refusal *
refuse(struct refusals *r, const char *name, uint32_t mtu, int result)
{
	const struct ifstep step = mtu_step(name, mtu);

	return refusals_add(r, &step, result, "", 0);
}

/* "Unknown device type", the kernel says, and leaves it at that. */
static void
test_kind_of_link_that_the_kernel_has_not_names_its_module(void **state)
{
	const struct ifstep step = { .kind = IFSTEP_CREATE_BOND, .name = "dp0bond0" };
	struct refusals now = { 0 };

	(void)state;
	assert_string_equal(refusals_add(&now, &step, -EOPNOTSUPP, "Unknown device type", 0)->text,
	                    "dp0bond0: cannot create the bond: Operation not supported (this "
	                    "kernel has no module bonding; load or build it)");
	refusals_done(&now);
}

static void
test_refusal_of_other_settings_is_known_and_a_similar_one_is_not(void **state)
{
	struct refusals now = { 0 }, known = { 0 };

	(void)state;
	(void)refuse(&now, "veth1", 9000, -EINVAL);
	(void)refuse(&now, "a", 9000, -EINVAL);
	refusals_pass(&now, &known);
	assert_int_equal(now.count, 0);
	assert_true(refusal_is_known(refuse(&now, "veth1", 9000, -EINVAL), &known));
	/* Part of a line that was said, and a line that begins with one. */
	assert_false(refusal_is_known(refuse(&now, "eth1", 9000, -EINVAL), &known));
	assert_false(refusal_is_known(refuse(&now, "veth1", 900, -EINVAL), &known));
	assert_false(refusal_is_known(refuse(&now, "a", 9000, -EBUSY), &known));
	/* The next settings know what these ones did. */
	refusals_pass(&now, &known);
	assert_true(refusal_is_known(refuse(&now, "eth1", 9000, -EINVAL), &known));
	refusals_pass(&now, &known);
	assert_false(refusal_is_known(refuse(&now, "veth1", 9000, -EINVAL), &known));
	refusals_done(&now);
	refusals_done(&known);
}

static void
test_passing_refusal_is_not_remembered_as_known(void **state)
{
	struct refusals now = { 0 }, known = { 0 };

	(void)state;
	(void)refuse(&now, "a", 9000, -ENOMEM);
	(void)refuse(&now, "b", 9000, -EINVAL);
	(void)refuse(&now, "c", 9000, -ENODEV);
	refusals_pass(&now, &known);
	assert_int_equal(known.count, 1);
	assert_string_equal(known.list[0].text, "b: cannot set mtu 9000: Invalid argument");
	refusals_done(&now);
	refusals_done(&known);
}

static void
test_each_of_many_is_held_until_it_is_done(void **state)
{
	struct refusals r = { 0 };
	struct ifstep step;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		assert_int_equal(refuse(&r, "a", i, -EINVAL)->tries, 1);
	assert_int_equal(refuse(&r, "a", 7, -EINVAL)->tries, 2);
	assert_int_equal(r.count, MANY);
	for (uint32_t i = 0; i < MANY; i += 3) {
		step = mtu_step("a", i);
		assert_true(refusals_remove(&r, &step));
		assert_false(refusals_remove(&r, &step));
	}
	for (uint32_t i = 0; i < MANY; i++) {
		step = mtu_step("a", i);
		assert_int_equal(refusals_hold(&r, &step), i % 3 != 0);
		step.link = 1;
		assert_false(refusals_hold(&r, &step));
	}
	refusals_clear(&r);
	step = mtu_step("a", 1);
	assert_false(refusals_hold(&r, &step));
	assert_int_equal(refuse(&r, "a", 1, -EINVAL)->tries, 1);
	refusals_done(&r);
}

static uint32_t due_count;

static void
on_due(void *owner, uint32_t link)
{
	(void)owner;
	(void)link;
	due_count++;
}

static void
test_what_was_due_and_not_refused_again_is_forgotten(void **state)
{
	struct refusals r = { 0 };
	struct ifstep step;

	(void)state;
	for (uint32_t i = 0; i < MANY; i++)
		(void)refuse(&r, "a", i, -EINVAL);
	assert_int_equal(refusals_deadline(&r), NSEC_PER_SEC);
	refusals_expire(&r, NSEC_PER_SEC, on_due, NULL);
	assert_int_equal(due_count, MANY);
	(void)refuse(&r, "a", 5, -EINVAL);
	refusals_forget_old(&r);
	assert_int_equal(r.count, 1);
	for (uint32_t i = 0; i < MANY; i++) {
		step = mtu_step("a", i);
		assert_int_equal(refusals_hold(&r, &step), i == 5);
	}
	refusals_done(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kind_of_link_that_the_kernel_has_not_names_its_module),
		cmocka_unit_test(test_refusal_of_other_settings_is_known_and_a_similar_one_is_not),
		cmocka_unit_test(test_passing_refusal_is_not_remembered_as_known),
		cmocka_unit_test(test_each_of_many_is_held_until_it_is_done),
		cmocka_unit_test(test_what_was_due_and_not_refused_again_is_forgotten),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
