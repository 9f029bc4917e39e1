/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flowsync with the test as its engine, in a network namespace of its own.
 */
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "post_rig.h"

static struct post_rig rig;

/* As in a kernel without nftables, or in a container that may not: every command is refused. */
static int
powerless_main(const struct role_options *options, int channel)
{
	return setresuid(65534, 65534, 65534) == 0 ? filter_main(options, channel) : 1;
}

static int
set_up_network(void)
{
	if (geteuid() != 0)
		skip();
	return unshare(CLONE_NEWNET);
}

static int
set_up(void **state)
{
	(void)state;
	if (set_up_network() < 0)
		return -1;
	post_rig_start(&rig, filter_main);
	return 0;
}

static int
set_up_powerless(void **state)
{
	(void)state;
	if (set_up_network() < 0)
		return -1;
	post_rig_start(&rig, powerless_main);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	return post_rig_stop(&rig) == 0 ? 0 : -1;
}

/* One group of 10.0.0.1 and one of 10.0.0.2, version 3. */
static struct settings *
two_groups(bool accept)
{
	struct settings *s = post_rig_settings(2, 0, 0);

	for (unsigned i = 0; i < 2; i++) {
		settings_groups(s)[i].version = 3;
		settings_groups(s)[i].accept = accept;
	}
	return s;
}

/* Does the kernel have these words in our table? */
static bool
table_has(const char *words)
{
	char command[256];

	snprintf(command, sizeof(command),
	         "nft list table inet tandem 2>/dev/null | grep -q '%s'", words);
	return system(command) == 0;
}

static void
tell_owner(uint32_t vrid, uint8_t owner)
{
	post_rig_send(&rig, &(struct channel_message){ .kind = CHANNEL_OWNER,
	                                               .interface = "eth0", .vrid = vrid,
	                                               .family = 4, .up = owner });
}

static void
test_table_follows_configuration_and_ownership(void **state)
{
	struct settings *refusing = two_groups(false), *accepting = two_groups(true);

	(void)state;
	post_rig_adopt(&rig, refusing);
	POST_RIG_AWAIT(table_has("{ 10.0.0.1, 10.0.0.2 }"));
	tell_owner(10, 1);
	POST_RIG_AWAIT(table_has("{ 10.0.0.2 }"));
	/* Another adopt does not make the owner a stranger. */
	refusing->revision++;
	post_rig_adopt(&rig, refusing);
	tell_owner(11, 1);
	POST_RIG_AWAIT(!table_has("tandem"));
	tell_owner(10, 0);
	POST_RIG_AWAIT(table_has("{ 10.0.0.1 }"));
	post_rig_adopt(&rig, accepting);
	POST_RIG_AWAIT(!table_has("tandem"));
	free(refusing);
	free(accepting);
}

static void
test_leftover_is_removed_where_nothing_is_refused(void **state)
{
	struct settings *s = two_groups(true);

	(void)state;
	assert_int_equal(system("nft add table inet tandem"), 0);
	assert_int_equal(system("nft add table inet theirs"), 0);
	post_rig_adopt(&rig, s);
	POST_RIG_AWAIT(!table_has("tandem"));
	assert_int_equal(system("nft list table inet theirs >/dev/null"), 0);
	free(s);
}

static void
test_kernel_that_refuses_is_a_problem_until_nothing_is_wanted(void **state)
{
	struct settings *refusing = two_groups(false), *accepting = two_groups(true);

	(void)state;
	post_rig_adopt(&rig, accepting);
	assert_false(post_rig_hears(&rig, CHANNEL_PROBLEMS, 300));
	post_rig_adopt(&rig, refusing);
	assert_non_null(strstr(post_rig_expect(&rig, CHANNEL_PROBLEMS).text, "are accepted"));
	/* The next engine hears of it, too. */
	post_rig_adopt(&rig, refusing);
	assert_non_null(strstr(post_rig_expect(&rig, CHANNEL_PROBLEMS).text, "are accepted"));
	post_rig_adopt(&rig, accepting);
	while (post_rig_expect(&rig, CHANNEL_PROBLEMS).text[0] != '\0')
		;			/* what was told again with the adopt */
	free(refusing);
	free(accepting);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_table_follows_configuration_and_ownership,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_leftover_is_removed_where_nothing_is_refused,
		                                set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			test_kernel_that_refuses_is_a_problem_until_nothing_is_wanted,
			set_up_powerless, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
