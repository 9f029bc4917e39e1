/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which virtual addresses are refused, and the commands that make it so.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/accept.h"
#include "post_rig.h"

/* Three groups of 10.0.0.1, .2 and .3; the second is version 3. */
static struct settings *
three_groups(void)
{
	struct settings *s = post_rig_settings(3, 0, 0);

	settings_groups(s)[1].version = 3;
	return s;
}

static struct accept_list
list_of(unsigned count, const char *const *addresses)
{
	struct accept_list list = { calloc(count + 1, sizeof(struct ip)), count };

	for (unsigned i = 0; i < count; i++)
		assert_true(ip_parse(addresses[i], &list.list[i]));
	return list;
}

static void
test_only_version_3_without_accept_and_ownership_refuses(void **state)
{
	struct settings *s = three_groups();
	struct accept_list list;
	bool owner[3] = { false };
	char text[IP_TEXT_SIZE];

	(void)state;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(ip_text(&list.list[0], text), "10.0.0.2");
	accept_done(&list);
	owner[1] = true;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 0);
	accept_done(&list);
	owner[1] = false;
	settings_groups(s)[1].accept = true;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 0);
	accept_done(&list);
	free(s);
}

static void
test_excluded_addresses_are_refused_too_and_each_once(void **state)
{
	struct settings *s = three_groups();
	struct accept_list list;
	bool owner[3] = { false };

	(void)state;
	settings_groups(s)[1].excluded_count = 1;	/* .3, which the third group has, too */
	settings_groups(s)[2].version = 3;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 2);
	assert_true(ip_compare(&list.list[0], &list.list[1]) < 0);
	accept_done(&list);
	free(s);
}

/* Whoever lists an address of the router itself as virtual must not cut the router off. */
static void
test_real_addresses_are_never_refused(void **state)
{
	struct settings *s = three_groups();
	struct accept_list list;
	bool owner[3] = { false };
	char text[IP_TEXT_SIZE];

	(void)state;
	settings_groups(s)[2].version = 3;
	settings_links(s)->address_first = 1;	/* 10.0.0.2, which is virtual in the second group */
	settings_links(s)->address_count = 1;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 1);
	assert_string_equal(ip_text(&list.list[0], text), "10.0.0.3");
	accept_done(&list);
	free(s);
}

static void
test_change_names_only_what_differs(void **state)
{
	struct accept_list a = list_of(3, (const char *const[]){ "10.0.0.1", "10.0.0.2",
	                                                         "fe80::1" });
	struct accept_list b = list_of(3, (const char *const[]){ "10.0.0.2", "10.0.0.9",
	                                                         "fe80::1" });
	struct accept_list none = { 0 };
	char *text = accept_change(&a, &b);

	(void)state;
	assert_string_equal(text, "delete element inet tandem refused4 { 10.0.0.1 }\n"
	                    "add element inet tandem refused4 { 10.0.0.9 }\n");
	free(text);
	text = accept_change(&a, &a);
	assert_string_equal(text, "");
	free(text);
	text = accept_change(&none, &a);
	assert_string_equal(text, "add element inet tandem refused4 { 10.0.0.1, 10.0.0.2 }\n"
	                    "add element inet tandem refused6 { fe80::1 }\n");
	free(text);
	assert_true(accept_equal(&a, &a));
	assert_false(accept_equal(&a, &b));
	accept_done(&a);
	accept_done(&b);
}

static void
test_whole_table_replaces_what_is_there_in_one_go(void **state)
{
	struct accept_list list = list_of(1, (const char *const[]){ "fe80::1" });
	char *text = accept_replace(&list);

	(void)state;
	assert_int_equal(strncmp(text, "add table inet tandem\ndelete table inet tandem\n"
	                         "table inet tandem {\n", 67), 0);
	/* Neighbours are let through before anything is dropped. */
	assert_true(strstr(text, "nd-neighbor-solicit") < strstr(text, "drop"));
	assert_non_null(strstr(text, "set refused4 {\n\t\ttype ipv4_addr\n\t}"));
	assert_non_null(strstr(text, "elements = { fe80::1 }"));
	assert_non_null(strstr(text, "hook input"));
	free(text);
	accept_done(&list);
}

/* What is sent to a virtual MAC address comes in through the group's virtual link. */
static void
test_links_that_forward_no_ipv6_stand_with_their_virtual_links(void **state)
{
	struct settings *s = three_groups();
	struct accept_list list, none = { 0 };
	bool owner[3] = { false };
	char *text;

	(void)state;
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.link_count, 0);
	accept_done(&list);
	for (uint32_t g = 0; g < s->group_count; g++)
		settings_groups(s)[g].version = 2;
	settings_links(s)->no_forwarding6 = true;
	settings_groups(s)[1].rfc_compatibility = true;
	strcpy(settings_groups(s)[1].vmac_name, "avrrp7");
	assert_int_equal(accept_find(s, owner, &list), 0);
	assert_int_equal(list.count, 0);
	assert_int_equal(list.link_count, 2);
	assert_false(accept_is_empty(&list));
	assert_false(accept_equal(&list, &none));
	text = accept_replace(&list);
	assert_non_null(strstr(text, "hook forward"));
	assert_non_null(strstr(text, "meta nfproto ipv6 iifname @notforwarded6 drop"));
	assert_non_null(strstr(text, "\"avrrp7\""));
	free(text);
	text = accept_change(&list, &none);
	assert_non_null(strstr(text, "delete element inet tandem notforwarded6 { \"avrrp7\", \""));
	free(text);
	accept_done(&list);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_only_version_3_without_accept_and_ownership_refuses),
		cmocka_unit_test(test_excluded_addresses_are_refused_too_and_each_once),
		cmocka_unit_test(test_real_addresses_are_never_refused),
		cmocka_unit_test(test_change_names_only_what_differs),
		cmocka_unit_test(test_whole_table_replaces_what_is_there_in_one_go),
		cmocka_unit_test(test_links_that_forward_no_ipv6_stand_with_their_virtual_links),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
