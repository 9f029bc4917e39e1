/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that is wrong is told at once, in an order, and warnings that are known can be silenced.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "sound.h"
#include "config/check.h"
#include "config/language.h"
#include "config/rulebook.h"

#define SILENCE "set system configuration-check silence "
#define PREEMPT "set " GROUP " preempt true\n"

/* What check says of a text in full, as lines; *ret_silenced may be NULL. */
static char *
problems_in_full(const char *text, size_t *ret_silenced)
{
	struct lyd_node *tree = sample_tree(text);
	struct problems problems = { 0 };
	int r = check_tree_in_full(schema, &tree, NULL, &problems);

	assert_int_equal(r < 0, problems.errors > 0);
	if (ret_silenced)
		*ret_silenced = problems.silenced;
	lyd_free_siblings(tree);
	return sample_lines(&problems);
}

static void
test_five_faults_are_five_sentences(void **state)
{
	char *lines = problems_in_full(SOUND
		"set " GROUP " authentication password x\n"
		"set " GROUP " accept true\n"
		"set " GROUP " track interface eth7\n"
		"set " VIF " vrrp vrrp-group 2 priority 7\n"
		"set interfaces dataplane eth1 bond-group dp0bond9\n", NULL);

	(void)state;
	assert_string_equal(lines,
		"E line 8: " VIF " vrrp vrrp-group 2: virtual-address is missing; set at least "
		"1 [C6]\n"
		"E line 6: " GROUP " accept 'true': belongs to version 3; version 2 always accepts "
		"packets to its virtual addresses; delete accept [C5]\n"
		"E line 5: " GROUP " authentication: type is missing; set it, or delete "
		"authentication [C1]\n"
		"E line 7: " GROUP " track interface eth7: there is no such interface; configure "
		"it, or track another [C8]\n"
		"E line 9: interfaces dataplane eth1 bond-group 'dp0bond9': there is no such bond; "
		"add it: set interfaces bonding dp0bond9 [I1]\n"
		"W line 8: " VIF " vrrp vrrp-group 2: preempt is on: a router that comes back "
		"takes over, which interrupts traffic a second time; set preempt false on both "
		"routers [L2]\n");
	free(lines);
}

/* What only libyang finds would be told alone, and not in our words. */
static LY_ERR
refuse_constraint(struct lysc_node *node, void *owner, ly_bool *stop)
{
	(void)owner;
	(void)stop;
	if (strncmp(node->module->name, "tandem-", 7) != 0)
		return LY_SUCCESS;
	if (lysc_node_musts(node) || lysc_node_when(node) ||
	    (node->nodetype == LYS_LIST && ((struct lysc_node_list *)node)->uniques))
		fail_msg("%s of %s has a constraint that only libyang checks", node->name,
		         node->module->name);
	return LY_SUCCESS;
}

static void
test_model_leaves_rules_between_nodes_to_us(void **state)
{
	static const char *const names[] = { "interfaces", "service", "system", "vrrp" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		char name[64];
		const struct lys_module *module;

		snprintf(name, sizeof(name), "tandem-%s", names[i]);
		module = ly_ctx_get_module_implemented(schema, name);
		assert_non_null(module);
		assert_int_equal(lysc_module_dfs_full(module, refuse_constraint, NULL), LY_SUCCESS);
	}
}

static void
test_worst_consequence_comes_first_then_the_path(void **state)
{
	char *lines = problems_in_full(SOUND PREEMPT
		"set " VIF " address 10.1.0.2/24\n"
		"set " VIF " vrrp vrrp-group 2 virtual-address 10.1.0.1\n"
		"set " BOND " vif 9 vrrp vrrp-group 2 virtual-address 10.2.0.1/24\n"
		"set service health-check file ready path /run/ready\n", NULL);
	const char *order[] = {
		"W interfaces: ", "vif 9 vrrp vrrp-group 2: dp0bond0.9 has no IPv4",
		"vif 9 vrrp vrrp-group 2: preempt", "vif 10 vrrp vrrp-group 2: preempt",
		"vrrp-group 1: preempt", "health-check file ready",
	};
	const char *at = lines;

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(order); i++) {
		at = strstr(at, order[i]);
		if (!at)
			fail_msg("'%s' is missing, or too early, in:\n%s", order[i], lines);
	}
	free(lines);
}

static void
test_every_warning_has_a_consequence(void **state)
{
	(void)state;
	for (size_t i = 0; i < rulebook_count; i++) {
		assert_int_equal(rulebook[i].consequence != RULEBOOK_REFUSED,
		                 rulebook_is_warning(&rulebook[i]));
		assert_ptr_equal(rulebook_find(rulebook[i].number), &rulebook[i]);
	}
	assert_null(rulebook_find("L99"));
}

static void
test_silenced_warnings_are_counted_and_not_told(void **state)
{
	size_t silenced;
	char *lines = problems_in_full(SOUND PREEMPT SILENCE "L2", &silenced);

	(void)state;
	assert_string_equal(lines, "");
	assert_int_equal(silenced, 1);
	free(lines);
}

static void
test_silence_holds_at_its_path_and_below(void **state)
{
	(void)state;
	sample_expect_none(SOUND PREEMPT SILENCE "L2 path '" GROUP "'", "W ");
	sample_expect_none(SOUND PREEMPT SILENCE "L2 path '" BOND "'", "W ");
	sample_expect_none(SOUND PREEMPT SILENCE "L2 path interfaces", "W ");
	/* Not what only begins with the same letters, and not above the path. */
	sample_expect(SOUND PREEMPT SILENCE "L2 path 'interfaces bonding dp0bond'", "W line 2: ",
	              "[L2]");
	sample_expect(SOUND PREEMPT SILENCE "L2 path '" GROUP " preempt'", "W line 2: ", "[L2]");
	/* A value ends the path of one of several. */
	sample_expect_none(SOUND "set " GROUP " virtual-address 10.9.0.1\n"
	                   SILENCE "L15 path '" GROUP " virtual-address 10.9.0.1'", "W ");
	sample_expect(SOUND "set " GROUP " virtual-address 10.9.0.1\n"
	              "set " GROUP " virtual-address 10.9.0.2\n"
	              SILENCE "L15 path '" GROUP " virtual-address 10.9.0.1'",
	              "W line 6: ", "'10.9.0.2'");
}

static void
test_silence_is_for_its_number_alone(void **state)
{
	(void)state;
	sample_expect(SOUND PREEMPT "set " GROUP " advertise-interval 6\n" SILENCE "L3",
	              "W line 2: ", "[L2]");
	sample_expect_none(SOUND PREEMPT "set " GROUP " advertise-interval 6\n" SILENCE "L3",
	                   "[L3]");
}

static void
test_w5_silence_of_nothing_is_told(void **state)
{
	(void)state;
	sample_expect(SOUND SILENCE "L2", "W line 5: system configuration-check silence L2: "
	              "silences nothing", "[W5]");
	sample_expect(SOUND PREEMPT SILENCE "L2 path '" BOND "'\n" SILENCE "L2 path '" VIF "'",
	              "W line 7: system configuration-check silence L2 path '" VIF "': silences",
	              "[W5]");
	sample_expect_none(SOUND PREEMPT SILENCE "L2 path '" BOND "'\n"
	                   SILENCE "L2 path '" GROUP "'", "W ");
}

static void
test_k1_only_warnings_can_be_silenced(void **state)
{
	char *lines = problems_in_full(SOUND SILENCE "L99 path a\n" SILENCE "L99 path b", NULL);

	(void)state;
	/* Once, whatever its paths. */
	assert_string_equal(lines, "E line 5: system configuration-check silence L99: there is no "
	                    "warning L99 that could be silenced; use the number in the brackets "
	                    "of the message, or delete it [K1]\n");
	free(lines);
	sample_expect(SOUND SILENCE "L99", "E line 5: system configuration-check silence L99: "
	              "there is no warning L99", "[K1]");
	sample_expect(SOUND SILENCE "W5", "E line 5: system configuration-check silence W5: there "
	              "is no warning W5 that could be silenced", "[K1]");
	sample_expect(SOUND SILENCE "C5", "E line 5: system configuration-check silence 'C5': must "
	              "be the number of a warning, such as L2; errors are never silenced", "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_five_faults_are_five_sentences),
		cmocka_unit_test(test_model_leaves_rules_between_nodes_to_us),
		cmocka_unit_test(test_worst_consequence_comes_first_then_the_path),
		cmocka_unit_test(test_every_warning_has_a_consequence),
		cmocka_unit_test(test_silenced_warnings_are_counted_and_not_told),
		cmocka_unit_test(test_silence_holds_at_its_path_and_below),
		cmocka_unit_test(test_silence_is_for_its_number_alone),
		cmocka_unit_test(test_w5_silence_of_nothing_is_told),
		cmocka_unit_test(test_k1_only_warnings_can_be_silenced),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
