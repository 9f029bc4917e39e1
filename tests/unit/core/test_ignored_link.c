/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Groups that ignore that their own interface is down: they go on as long as it exists and has an
 * address to send from.
 */
#include "rig.h"

static void
ignore_link(struct group_settings *group)
{
	group->ignores_link = true;
}

static const struct rig_group alone = { .interface = "eth0", .adjust = ignore_link };
static const struct rig_group watched = { .interface = "eth0" };

static void
test_master_without_its_link_stays_master(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, &alone, 1);
	rig_link(&rig, 0, false);
	rig_run(&rig, 20 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	assert_false(rig_status(&rig, 0)->link_usable);
	assert_int_equal(rig_count(&rig, EFFECT_DROP_ADDRESSES, 0), 0);
	assert_int_equal(rig_resigned(&rig, 0), 0);
	rig_done(&rig);
}

static void
test_backup_without_its_link_hears_nobody_and_takes_over(void **state UNUSED)
{
	struct rig rig;

	rig_start(&rig, &alone, 1);
	rig_hear(&rig, 0, 200);
	rig_link(&rig, 0, false);
	rig_run(&rig, 3 * SEC);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 1 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

static void
test_master_makes_itself_known_when_its_link_returns(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, &alone, 1);
	rig_link(&rig, 0, false);
	rig_run(&rig, 10 * SEC);
	rig_forget(&rig);
	rig_link(&rig, 0, true);
	assert_int_equal(rig_count(&rig, EFFECT_SEND_ADVERT, 0), 1);
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 1);
	rig_forget(&rig);
	rig_link(&rig, 0, true);	/* nothing new */
	assert_int_equal(rig_count(&rig, EFFECT_ANNOUNCE, 0), 0);
	rig_done(&rig);
}

static void
test_without_interface_or_address_it_is_in_fault(void **state UNUSED)
{
	struct link_input input;
	struct rig rig;

	rig_start_master(&rig, &alone, 1);
	input = rig_link_input(&rig, false);
	input.source4 = (struct ip){ 0 };
	engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_NO_ADDRESS);
	rig_link(&rig, 0, true);
	rig_run(&rig, 4 * SEC);
	input = rig_link_input(&rig, false);
	input.exists = false;
	engine_on_link(rig.engine, 0, &input, rig.now, &rig.out);
	rig_carry_out(&rig);
	assert_state(&rig, 0, VROUTER_FAULT);
	assert_reason(&rig, 0, REASON_LINK_DOWN);
	rig_done(&rig);
}

static void
test_configuration_changes_what_a_lost_link_means(void **state UNUSED)
{
	struct rig rig;

	rig_start_master(&rig, &alone, 1);
	rig_link(&rig, 0, false);
	rig_adopt(&rig, &watched, 1);
	assert_state(&rig, 0, VROUTER_FAULT);
	rig_adopt(&rig, &alone, 1);
	assert_state(&rig, 0, VROUTER_BACKUP);
	rig_run(&rig, 4 * SEC);
	assert_state(&rig, 0, VROUTER_MASTER);
	rig_done(&rig);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_master_without_its_link_stays_master),
		cmocka_unit_test(test_backup_without_its_link_hears_nobody_and_takes_over),
		cmocka_unit_test(test_master_makes_itself_known_when_its_link_returns),
		cmocka_unit_test(test_without_interface_or_address_it_is_in_fault),
		cmocka_unit_test(test_configuration_changes_what_a_lost_link_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
