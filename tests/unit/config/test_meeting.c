/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A commit that puts masters into a sync group says what becomes of them, if they do not stay. */
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/meeting.h"
#include "sample.h"

#define GROUP1 "interfaces dataplane eth1 vrrp vrrp-group 1"
#define BASE \
	"set interfaces dataplane eth1 address 10.1.0.2/24\n" \
	"set " GROUP1 " virtual-address 10.1.0.1/24\n" \
	"set interfaces dataplane eth2 address 10.2.0.2/24\n" \
	"set interfaces dataplane eth2 vrrp vrrp-group 2 virtual-address 10.2.0.1/24\n" \
	"set interfaces dataplane eth3 address 10.3.0.2/24\n"
#define SYNC1(name) "set " GROUP1 " sync-group " name "\n"
#define SYNC2(name) "set interfaces dataplane eth2 vrrp vrrp-group 2 sync-group " name "\n"
#define NEW3(name) \
	"set interfaces dataplane eth3 vrrp vrrp-group 3 virtual-address 10.3.0.1/24\n" \
	"set interfaces dataplane eth3 vrrp vrrp-group 3 sync-group " name "\n"

/* What is said when the groups of eth1 and eth2 were in these states, and had heard
 * so many advertisements; heap. */
static char *
told(const char *before, enum vrouter_state first, enum vrouter_state second, uint64_t heard,
     const char *after)
{
	struct settings *running = sample_settings(before, NULL);
	struct settings *next = sample_settings(after, running);
	struct lyd_node *tree = sample_tree(after);
	struct problems problems = { 0 }, checked = { 0 };
	struct vrouter_status records[2] = { 0 };

	assert_int_equal(running->group_count, 2);
	assert_int_equal(check_tree(schema, &tree, &checked), 0);
	problems_done(&checked);
	for (uint32_t i = 0; i < 2; i++) {
		const struct group_settings *g = &settings_groups(running)[i];
		bool is_first = g->vrid == 1;

		strcpy(records[i].interface, settings_link_of(running, g)->name);
		records[i].vrid = g->vrid;
		records[i].family = g->family;
		records[i].state = (uint8_t)(is_first ? first : second);
		records[i].counters.adverts_received = heard;
	}
	if (meeting_is_possible(next, running))
		meeting_rules(tree, next, running, records, 2, &problems);
	lyd_free_siblings(tree);
	free(running);
	free(next);
	return sample_lines(&problems);
}

#define assert_told(before, first, second, heard, after, part) do { \
	char *text_ = told(before, VROUTER_##first, VROUTER_##second, heard, after); \
	if (!strstr(text_, part) || (*(part) == '\0' && *text_)) \
		fail_msg("told: %s", text_); \
	free(text_); \
} while (0)

static void
test_master_that_joins_a_backup_is_warned_of(void **state UNUSED)
{
	assert_told(BASE SYNC2("S"), MASTER, BACKUP, 1, BASE SYNC2("S") SYNC1("S"),
	            "W line 2: " GROUP1 ": is MASTER now, and joins sync group S, which is BACKUP "
	            "on this router (group 2 on eth2)");
	assert_told(BASE, MASTER, BACKUP, 1, BASE SYNC2("T") SYNC1("T"), "[L30]");
	assert_told(BASE SYNC2("S"), MASTER, FAULT, 1, BASE SYNC2("S") SYNC1("S"),
	            "first mend what is in FAULT [L30]");
}

static void
test_master_that_stays_one_is_not_warned_of(void **state UNUSED)
{
	/* Masters among themselves; one with a new group; a sync group that heard nobody yet. */
	assert_told(BASE SYNC2("S"), MASTER, MASTER, 1, BASE SYNC2("S") SYNC1("S"), "");
	assert_told(BASE, MASTER, BACKUP, 1, BASE SYNC1("S") NEW3("S"), "");
	assert_told(BASE SYNC2("S"), MASTER, BACKUP, 0, BASE SYNC2("S") SYNC1("S"), "");
	assert_told(BASE SYNC2("S"), MASTER, INIT, 0, BASE SYNC2("S") SYNC1("S"), "");
	/* The backup is the one that follows. */
	assert_told(BASE SYNC1("S"), MASTER, BACKUP, 1, BASE SYNC2("S") SYNC1("S"),
	            "");
	/* Nobody joins anybody. */
	assert_told(BASE SYNC2("S"), MASTER, BACKUP, 1, BASE SYNC2("S"), "");
	assert_told(BASE SYNC1("S") SYNC2("S"), MASTER, MASTER, 1, BASE SYNC1("T"), "");
}

#define BONDS \
	"set interfaces bonding dp0bond0 address 10.4.0.2/24\n" \
	"set interfaces bonding dp0bond0 vif 4 address 10.5.0.2/24\n"
#define MEMBERS "set interfaces dataplane eth4 bond-group dp0bond0\n"
#define ON_VIF GROUPLESS BONDS \
	"set interfaces bonding dp0bond0 vif 4 vrrp vrrp-group 1 virtual-address 10.5.0.1/24\n"
#define GROUPLESS \
	"set interfaces dataplane eth2 address 10.2.0.2/24\n" \
	"set interfaces dataplane eth2 vrrp vrrp-group 2 virtual-address 10.2.0.1/24\n"

/* As it happens to who loads a configuration that does not name them. */
static void
test_bond_that_loses_its_members_is_warned_of(void **state UNUSED)
{
	assert_told(ON_VIF MEMBERS, MASTER, MASTER, 1, ON_VIF,
	            "W line 3: interfaces bonding dp0bond0: loses its last member with this "
	            "commit");
	assert_told(ON_VIF MEMBERS, MASTER, MASTER, 1, ON_VIF
	            "set interfaces dataplane eth5 bond-group dp0bond0\n", "");
	/* It had none, or carries none, or there is nothing to be lost. */
	assert_told(ON_VIF, MASTER, MASTER, 1, ON_VIF, "");
	assert_told(BASE BONDS MEMBERS, MASTER, MASTER, 1, BASE BONDS, "");
	assert_told(ON_VIF MEMBERS, MASTER, MASTER, 1, ON_VIF
	            "set system configuration-check silence L34\n", "");
}

static void
test_warning_of_a_meeting_can_be_silenced(void **state UNUSED)
{
	assert_told(BASE SYNC2("S"), MASTER, BACKUP, 1,
	            BASE SYNC2("S") SYNC1("S") "set system configuration-check silence L30\n", "");
	/* And when there is nothing to silence, nobody says so. */
	sample_expect_none(BASE "set system configuration-check silence L30\n"
	                   "set system configuration-check silence L34\n", "[W5]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_master_that_joins_a_backup_is_warned_of),
		cmocka_unit_test(test_master_that_stays_one_is_not_warned_of),
		cmocka_unit_test(test_bond_that_loses_its_members_is_warned_of),
		cmocka_unit_test(test_warning_of_a_meeting_can_be_silenced),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
