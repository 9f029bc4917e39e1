/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of tests/golden/import: what NAME becomes is NAME.tandem, what is told NAME.report.  All of
 * them, and the samples that come with keepalived's package, must be fit to be committed.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "imported.h"

#define SAMPLES "/usr/share/doc/keepalived/samples/keepalived.conf.*"

static char *
file_beside(const char *name, const char *suffix)
{
	char path[512];

	snprintf(path, sizeof(path), "%s.%s", name, suffix);
	return sample_file(path);
}

/* Paths in reports are as they were named, so that names must be relative. */
static void
expect_golden(imported_program *program, const char *name)
{
	struct source source = { .path = name, .id = "high" };
	char *set, *report;
	struct imported i;

	assert_int_equal(chdir(GOLDEN_DIR), 0);
	i = imported(program, &source);
	set = file_beside(name, "tandem");
	report = file_beside(name, "report");
	assert_int_equal(i.result, 0);
	assert_string_equal(i.set, set);
	assert_string_equal(i.report, report);
	assert_string_equal(i.problems, "");
	free(set);
	free(report);
	imported_done(&i);
}

static void
test_cluster_of_unicast_peers_is_imported(void **state)
{
	(void)state;
	expect_golden(import_keepalived, "cluster.conf");
}

static void
test_pair_of_gateways_is_imported(void **state)
{
	(void)state;
	expect_golden(import_keepalived, "gateway.conf");
}

static void
test_template_with_parameters_is_imported(void **state)
{
	(void)state;
	expect_golden(import_keepalived, "template.conf");
}

static void
test_groups_of_both_families_are_imported(void **state)
{
	(void)state;
	expect_golden(import_keepalived, "families.conf");
}

static void
test_load_balancer_is_told_what_is_not_ours(void **state)
{
	(void)state;
	expect_golden(import_keepalived, "balancer.conf");
}

static void
test_vyatta_of_a_whole_router_is_imported(void **state)
{
	(void)state;
	expect_golden(import_vyatta, "vra.boot");
}

static void
test_vyos_of_three_ages_is_imported(void **state)
{
	(void)state;
	expect_golden(import_vyos, "vyos-1.1.boot");
	expect_golden(import_vyos, "vyos-1.3.set");
	expect_golden(import_vyos, "vyos-1.4.boot");
}

static void
test_samples_of_the_package_are_fit_to_be_committed(void **state)
{
	glob_t found;

	(void)state;
	if (glob(SAMPLES, 0, NULL, &found) != 0)
		skip();
	for (size_t n = 0; n < found.gl_pathc; n++) {
		struct source source = { .path = found.gl_pathv[n], .id = "high" };
		struct imported i = imported(import_keepalived, &source);

		if (i.result < 0 || i.problems[0])
			fail_msg("%s:\n%s%s%s", source.path, i.report, i.set, i.problems);
		/* Nothing is passed over: every sample has something to tell. */
		assert_true(i.counts[FINDING_TAKEN] + i.counts[FINDING_LEFT] > 0);
		imported_done(&i);
	}
	globfree(&found);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cluster_of_unicast_peers_is_imported),
		cmocka_unit_test(test_pair_of_gateways_is_imported),
		cmocka_unit_test(test_template_with_parameters_is_imported),
		cmocka_unit_test(test_groups_of_both_families_are_imported),
		cmocka_unit_test(test_load_balancer_is_told_what_is_not_ours),
		cmocka_unit_test(test_vyatta_of_a_whole_router_is_imported),
		cmocka_unit_test(test_vyos_of_three_ages_is_imported),
		cmocka_unit_test(test_samples_of_the_package_are_fit_to_be_committed),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
