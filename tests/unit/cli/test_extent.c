/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far edits reach: the smallest part is found, in either direction, and its path is RESTCONF's.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cli/extent.h"
#include "config/language.h"
#include "config/schema.h"

static struct ly_ctx *schema;

static const char before[] =
	"set interfaces dataplane dp0s1 address 192.0.2.1/24\n"
	"set interfaces dataplane dp0s1 vif 10 address 192.0.3.1/24\n"
	"set interfaces dataplane dp0s1 vif 10 vrrp vrrp-group 1 virtual-address 192.0.3.9/24\n"
	"set interfaces dataplane dp0s1 vif 10 vrrp vrrp-group 1 track interface dp0s2\n"
	"set interfaces dataplane dp0s2 description 'a/b, c'\n";

static struct lyd_node *
tree_of(const char *text)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;

	assert_int_equal(language_read(schema, text, &tree, &problems), 0);
	problems_done(&problems);
	return tree;
}

/* path: NULL = nothing differs, "" = only the whole is large enough. */
static void
expect(const char *old_text, const char *new_text, const char *path)
{
	struct lyd_node *old = tree_of(old_text), *new = tree_of(new_text);
	const struct lyd_node *part = NULL;
	bool differs = extent_find(old, new, &part);

	assert_int_equal(differs, path != NULL);
	if (part) {
		char *found = extent_path(part);

		assert_string_equal(found, path);
		free(found);
	} else {
		assert_true(path == NULL || path[0] == '\0');
	}
	lyd_free_all(old);
	lyd_free_all(new);
}

/* The same plus these lines, both ways: what came, and what went. */
static void
expect_more(const char *lines, const char *path)
{
	char *text = NULL;

	assert_true(asprintf(&text, "%s%s", before, lines) > 0);
	expect(before, text, path);
	expect(text, before, path);
	free(text);
}

#define GROUP "/tandem-interfaces:interfaces/dataplane=dp0s1/vif=10/tandem-vrrp:vrrp/vrrp-group=1"

static void
test_equal_trees_have_no_extent(void **state UNUSED)
{
	expect(before, before, NULL);
	expect("", "", NULL);
}

static void
test_one_leaf_reaches_as_far_as_its_entry(void **state UNUSED)
{
	expect_more("set interfaces dataplane dp0s1 vif 10 vrrp vrrp-group 1 priority 7\n", GROUP);
	expect_more("set interfaces dataplane dp0s1 vif 10 mtu 1400\n",
	            "/tandem-interfaces:interfaces/dataplane=dp0s1/vif=10");
	expect_more("set interfaces dataplane dp0s1 vif 11 address 192.0.4.1/24\n",
	            "/tandem-interfaces:interfaces/dataplane=dp0s1");
}

static void
test_edits_in_two_places_reach_as_far_as_what_holds_both(void **state UNUSED)
{
	expect_more("set interfaces dataplane dp0s1 vif 10 vrrp vrrp-group 1 priority 7\n"
	            "set interfaces dataplane dp0s1 mtu 1400\n",
	            "/tandem-interfaces:interfaces/dataplane=dp0s1");
	expect_more("set interfaces dataplane dp0s1 mtu 1400\n"
	            "set interfaces dataplane dp0s2 mtu 1400\n",
	            "/tandem-interfaces:interfaces");
	expect_more("set interfaces dataplane dp0s1 mtu 1400\n"
	            "set system config-management commit-revisions 7\n", "");
	expect("", before, "");
}

static void
test_changed_value_and_changed_order_are_found(void **state UNUSED)
{
	expect("set interfaces dataplane dp0s1 mtu 1400\n",
	       "set interfaces dataplane dp0s1 mtu 1500\n",
	       "/tandem-interfaces:interfaces/dataplane=dp0s1");
	expect("set interfaces dataplane dp0s1 vrrp vrrp-group 1 virtual-address 192.0.2.1/24\n"
	       "set interfaces dataplane dp0s1 vrrp vrrp-group 1 virtual-address 192.0.2.2/24\n",
	       "set interfaces dataplane dp0s1 vrrp vrrp-group 1 virtual-address 192.0.2.2/24\n"
	       "set interfaces dataplane dp0s1 vrrp vrrp-group 1 virtual-address 192.0.2.1/24\n",
	       "/tandem-interfaces:interfaces/dataplane=dp0s1/tandem-vrrp:vrrp/vrrp-group=1");
}

static void
test_remark_on_an_entry_is_a_change_of_what_holds_it(void **state UNUSED)
{
	expect("interfaces {\n dataplane dp0s1 {\n  mtu 1400\n }\n}\n",
	       "interfaces {\n /* the uplink */\n dataplane dp0s1 {\n  mtu 1400\n }\n}\n",
	       "/tandem-interfaces:interfaces");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_equal_trees_have_no_extent),
		cmocka_unit_test(test_one_leaf_reaches_as_far_as_its_entry),
		cmocka_unit_test(test_edits_in_two_places_reach_as_far_as_what_holds_both),
		cmocka_unit_test(test_changed_value_and_changed_order_are_found),
		cmocka_unit_test(test_remark_on_an_entry_is_a_change_of_what_holds_it),
	};
	struct error error;
	int failed;

	schema = schema_new(NULL, &error);
	if (!schema)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	schema_free(schema);
	return failed;
}
