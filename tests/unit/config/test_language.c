/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The language from a user's side: what reads, what is refused and how, what prints.  That printing
 * and reading are each other's inverse is test_identity.c's.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sample.h"
#include "config/language.h"
#include "config/path.h"
#include "config/tree.h"
#include "config/value.h"
#include "config/words.h"

#define GROUP "interfaces bonding dp0bond0 vrrp vrrp-group 1"

static char *
print_and_free(struct lyd_node *tree, bool hide)
{
	char *text = language_print_set(tree, hide);

	lyd_free_siblings(tree);
	return text;
}

static void
expect_set(const char *text, const char *commands)
{
	char *printed = print_and_free(sample_tree(text), false);

	assert_string_equal(printed, commands);
	free(printed);
}

static void
test_order_of_lines_does_not_matter(void **state)
{
	const char *expected = "set interfaces bonding dp0bond0 address '10.0.0.1/24'\n"
	                       "set interfaces bonding dp0bond0 vif 9 vlan '9'\n"
	                       "set interfaces bonding dp0bond0 vif 10 vlan '10'\n"
	                       "set " GROUP " priority '9'\n";

	(void)state;
	expect_set("set " GROUP " priority 9\n"
	           "set interfaces bonding dp0bond0 vif 10 vlan 10\n"
	           "set interfaces bonding dp0bond0 vif 9 vlan 9\n"
	           "set interfaces bonding dp0bond0 address 10.0.0.1/24\n", expected);
	expect_set("interfaces {\n bonding dp0bond0 {\n  vif 10 {\n   vlan 10\n  }\n"
	           "  vrrp {\n   vrrp-group 1 {\n    priority 9\n   }\n  }\n"
	           "  vif 9 {\n   vlan 9\n  }\n  address 10.0.0.1/24\n }\n}\n", expected);
}

static void
test_quoted_presence_leaf_is_a_word(void **state)
{
	(void)state;
	expect_set("set " GROUP " 'rfc-compatibility'\nset " GROUP " notify 'ipsec'",
	           "set " GROUP " notify 'ipsec'\nset " GROUP " 'rfc-compatibility'\n");
}

static void
test_entry_without_content_stays(void **state)
{
	(void)state;
	expect_set("set interfaces dataplane eth0", "set interfaces dataplane 'eth0'\n");
	expect_set("interfaces {\n dataplane eth0 {\n }\n}\n", "set interfaces dataplane 'eth0'\n");
	expect_set("interfaces {\n}\n", "");
}

static void
test_addresses_keep_the_users_order(void **state)
{
	(void)state;
	expect_set("set " GROUP " virtual-address 10.0.0.9\nset " GROUP " virtual-address 10.0.0.1",
	           "set " GROUP " virtual-address '10.0.0.9'\n"
	           "set " GROUP " virtual-address '10.0.0.1'\n");
}

static void
test_version_trailer_is_a_comment(void **state)
{
	(void)state;
	expect_set("interfaces {\n loopback lo {\n }\n}\n\n"
	           "/* Warning: Do not remove the following line. */\n"
	           "/* === vyatta-config-version: \"cluster@1:vrrp@1\" === */\n"
	           "/* Release version: 1801 */\n", "set interfaces loopback 'lo'\n");
}

static void
test_set_again_replaces_the_value(void **state)
{
	(void)state;
	expect_set("set " GROUP " priority 9\nset " GROUP " priority 10",
	           "set " GROUP " priority '10'\n");
	expect_set("set " GROUP " priority 9\ndelete " GROUP " priority\nset " GROUP " disable",
	           "set " GROUP " 'disable'\n");
}

static void
test_faulty_text_reports_all_lines_and_changes_nothing(void **state)
{
	struct lyd_node *tree = sample_tree("set interfaces loopback lo");
	struct problems problems = { 0 };
	char *text;

	(void)state;
	assert_int_equal(language_read(schema, "set " GROUP " priority 255\n"
	                               "set interfaces dataplane eth1\n"
	                               "set interfaces etherne eth0\n"
	                               "unset x\n"
	                               "set " GROUP " description 'x\n", &tree, &problems), -22);
	text = sample_lines(&problems);
	assert_string_equal(text,
	        "E line 1: " GROUP " priority '255': must be a number from 1 to 254; 255 marks the "
	        "address owner and cannot be configured\n"
	        "E line 3: interfaces 'etherne': unknown word; possible words are bonding, "
	        "dataplane, loopback and switch\n"
	        "E line 4: 'unset': a line must begin with set, delete or comment\n"
	        "E line 5: a quote (') is opened and not closed on this line\n");
	free(text);
	text = print_and_free(tree, false);
	assert_string_equal(text, "set interfaces loopback 'lo'\n");
	free(text);
}

static void
expect_refusal(const char *line, const char *sentence)
{
	char *lines = sample_problems(line);

	if (!strstr(lines, sentence))
		print_error("%s", lines);
	assert_non_null(strstr(lines, sentence));
	free(lines);
}

static void
test_refusals_name_word_rule_and_remedy(void **state)
{
	(void)state;
	expect_refusal("set interfaces bonding dp0bond0 mode lcap",
	               "mode 'lcap': must be lacp, active-backup or balanced");
	expect_refusal("set " GROUP " preempt no", "preempt 'no': must be true or false");
	expect_refusal("set " GROUP " prority 1", "'prority': unknown word; did you mean "
	                                          "'priority'");
	expect_refusal("set " GROUP " priority", "incomplete: a value (1..254) must follow");
	expect_refusal("set " GROUP " priority 1 2", "'2': nothing may follow the value");
	expect_refusal("set " GROUP " disable yes", "'yes': nothing may follow");
	expect_refusal("set interfaces", "incomplete: possible words are bonding");
	expect_refusal("set interfaces bonding", "incomplete: name (interface name) must follow");
	expect_refusal("set " GROUP " virtual-address 10.0.0.300/24",
	               "'10.0.0.300/24': must be an address");
	expect_refusal("set interfaces dataplane sixteen-letters-", "1 to 15 characters");
	expect_refusal("set interfaces dataplane a/b", "no blanks, quotes, '/' or ':'");
	expect_refusal("set interfaces dataplane ..", "must not be '.' or '..'");
	expect_refusal("set interfaces dataplane eth0 vif 010", "'010': must be a number");
	expect_refusal("set interfaces dataplane eth0 vif 0x10", "'0x10': must be a number");
	expect_refusal("set interfaces dataplane eth0 vif 1 vrrp vrrp-group 256",
	               "must be a VRRP group number from 1 to 255");
	expect_refusal("delete " GROUP, "nothing to delete, this is not configured");
	expect_refusal("set vrrp-state group", "'vrrp-state': unknown word");
	expect_refusal("set interfaces dataplane eth0 description a\x04", "printable text");
}

static void
test_braces_that_do_not_match_are_refused(void **state)
{
	(void)state;
	expect_refusal("interfaces {\n", "line 2: the text ends inside a block: 1 closing '}' "
	                                 "missing");
	expect_refusal("}\n", "line 1: '}': closes a block that was not opened");
	expect_refusal("{\n}\n", "a block must have a name before it");
	expect_refusal("interfaces {\n bonding b {\n  mode {\n  }\n }\n}\n",
	               "no block may stand here");
	/* One sentence for an unknown block, none for what stands in it. */
	char *lines = sample_problems("interfaces {\n nonsense x {\n  y {\n   z\n  }\n }\n}\n");

	assert_ptr_equal(strchr(lines, '\n') + 1, lines + strlen(lines));
	free(lines);
}

static void
test_secret_is_hidden_from_problems_and_where_asked(void **state)
{
	const char *line = "set " GROUP " authentication password 'secret1'\n";
	char *text;

	(void)state;
	expect_set(line, line);
	text = print_and_free(sample_tree(line), true);
	assert_string_equal(text, "set " GROUP " authentication password '********'\n");
	free(text);

	text = sample_problems("set " GROUP " authentication password verysecret\n"
	                       "set " GROUP " authentication password abc secret\n"
	                       "delete " GROUP " authentication password secret\n");
	assert_null(strstr(text, "secret\'"));
	assert_null(strstr(text, " secret"));
	assert_null(strstr(text, "verysecret"));
	free(text);
}

static void
apply(struct lyd_node **tree, const char *line, bool fails)
{
	struct problems problems = { 0 };
	size_t count;
	char **words;
	int r;

	assert_int_equal(language_split(line, &words, &count), 0);
	r = language_delete(schema, tree, words, count, 0, &problems);
	assert_int_equal(r < 0, fails);
	assert_int_equal(problems.errors, fails);
	language_free_words(words, count);
	problems_done(&problems);
}

static void
test_delete_takes_away_what_it_names(void **state)
{
	struct lyd_node *tree = sample_tree("set " GROUP " virtual-address 10.0.0.1\n"
	                                    "set " GROUP " virtual-address 10.0.0.2\n"
	                                    "set " GROUP " virtual-address 10.0.0.3\n"
	                                    "set " GROUP " authentication type ah\n"
	                                    "set " GROUP " authentication password x\n"
	                                    "set " GROUP " priority 7\n"
	                                    "set interfaces bonding dp0bond0 vif 1\n"
	                                    "set interfaces bonding dp0bond0 vif 2\n");
	char *text;

	(void)state;
	apply(&tree, GROUP " priority 8", true);
	apply(&tree, GROUP " virtual-address 10.0.0.4", true);
	apply(&tree, "", true);
	apply(&tree, GROUP " virtual-address 10.0.0.2", false);
	apply(&tree, GROUP " authentication password", false);
	apply(&tree, GROUP " authentication type", false);
	apply(&tree, GROUP " authentication", true);
	apply(&tree, "interfaces bonding dp0bond0 vif", false);
	text = language_print_set(tree, false);
	assert_string_equal(text, "set " GROUP " priority '7'\n"
	                          "set " GROUP " virtual-address '10.0.0.1'\n"
	                          "set " GROUP " virtual-address '10.0.0.3'\n");
	free(text);
	apply(&tree, GROUP " virtual-address", false);
	apply(&tree, GROUP " priority 7", false);
	text = language_print_set(tree, false);
	assert_string_equal(text, "set interfaces bonding dp0bond0 vrrp vrrp-group '1'\n");
	free(text);
	apply(&tree, "interfaces", false);
	assert_null(tree);
}

static void
expect_below(struct lyd_node *tree, const char *line, bool as_set, const char *expected)
{
	struct problems problems = { 0 };
	size_t count;
	char **words, *text;

	assert_int_equal(language_split(line, &words, &count), 0);
	text = language_print_below(schema, tree, words, count, as_set, true, &problems);
	if (expected)
		assert_string_equal(text, expected);
	else
		assert_null(text);
	assert_int_equal(problems.errors, expected ? 0 : 1);
	free(text);
	problems_done(&problems);
	language_free_words(words, count);
}

static void
test_print_below_shows_only_that(void **state)
{
	struct lyd_node *tree = sample_tree("set " GROUP " priority 7\n"
	                                    "set " GROUP " virtual-address 10.0.0.2\n"
	                                    "set " GROUP " virtual-address 10.0.0.1\n"
	                                    "set interfaces bonding dp0bond0 vif 2 disable\n"
	                                    "set interfaces loopback lo\n");

	(void)state;
	expect_below(tree, GROUP, false, "priority 7\nvirtual-address 10.0.0.2\n"
	                                 "virtual-address 10.0.0.1\n");
	expect_below(tree, GROUP " priority", false, "priority 7\n");
	expect_below(tree, GROUP " virtual-address", true,
	             "set " GROUP " virtual-address '10.0.0.2'\n"
	             "set " GROUP " virtual-address '10.0.0.1'\n");
	expect_below(tree, "interfaces bonding dp0bond0 vif", false, "vif 2 {\n    disable\n}\n");
	expect_below(tree, "interfaces bonding dp0bond0 vif 2", true,
	             "set interfaces bonding dp0bond0 vif 2 'disable'\n");
	expect_below(tree, "service", false, "");
	expect_below(tree, "interfaces bonding dp0bond9", false, "");
	expect_below(tree, "nonsense", false, NULL);
	lyd_free_siblings(tree);
}

static void
test_compare_shows_paths_with_what_went_and_came(void **state)
{
	struct lyd_node *old = sample_tree("set interfaces bonding dp0bond0 address 10.0.0.1/24\n"
	                                   "set interfaces bonding dp0bond0 mode lacp\n"
	                                   "set " GROUP " priority 7\n"
	                                   "set " GROUP " virtual-address 10.0.0.8\n"
	                                   "set " GROUP " virtual-address 10.0.0.9\n"
	                                   "set interfaces loopback lo\n");
	struct lyd_node *new = sample_tree("set interfaces bonding dp0bond0 address 10.0.0.2/24\n"
	                                   "set interfaces bonding dp0bond0 mode lacp\n"
	                                   "set interfaces bonding dp0bond0 vif 3 disable\n"
	                                   "set " GROUP " priority 8\n"
	                                   "set " GROUP " virtual-address 10.0.0.9\n"
	                                   "set " GROUP " virtual-address 10.0.0.8\n");
	char *text = language_compare(old, new, true);

	(void)state;
	assert_string_equal(text,
	        "[edit interfaces]\n"
	        "-loopback lo {\n"
	        "-}\n"
	        "[edit interfaces bonding dp0bond0]\n"
	        "-address 10.0.0.1/24\n"
	        "+address 10.0.0.2/24\n"
	        "+vif 3 {\n"
	        "+    disable\n"
	        "+}\n"
	        "[edit " GROUP "]\n"
	        "-priority 7\n"
	        "+priority 8\n"
	        "-virtual-address 10.0.0.8\n"
	        "-virtual-address 10.0.0.9\n"
	        "+virtual-address 10.0.0.9\n"
	        "+virtual-address 10.0.0.8\n");
	free(text);
	text = language_compare(old, old, true);
	assert_string_equal(text, "");
	free(text);
	text = language_compare(NULL, old, true);
	assert_non_null(strstr(text, "[edit]\n+interfaces {\n"));
	free(text);
	lyd_free_siblings(old);
	lyd_free_siblings(new);
}

static void
note_candidate(void *owner, const struct language_candidate *candidate)
{
	fprintf(owner, "%s|%s|%s|%d\n", candidate->word ? candidate->word : "-",
	        candidate->value_form ? candidate->value_form : "-", candidate->help,
	        candidate->more);
}

static char *
complete(const struct lyd_node *tree, const char *line, bool only_existing)
{
	size_t size, count;
	char **words, *text = NULL;
	FILE *out = open_memstream(&text, &size);

	assert_int_equal(language_split(line, &words, &count), 0);
	language_complete(schema, tree, words, count, only_existing, note_candidate, out);
	language_free_words(words, count);
	fclose(out);
	return text;
}

static void
expect_candidates(const struct lyd_node *tree, const char *line, bool only_existing,
                  const char *expected)
{
	char *text = complete(tree, line, only_existing);

	assert_string_equal(text, expected);
	free(text);
}

static void
test_completion_offers_words_values_and_live_names(void **state)
{
	struct lyd_node *tree = sample_tree("set interfaces bonding dp0bond0 vif 10 description "
	                                    "Ten\n"
	                                    "set " GROUP " priority 7\n");

	(void)state;
	expect_candidates(NULL, "", false, "interfaces|-|Network "
	                                   "interfaces|1\nprotocols|-|Routing|1\n"
	                                   "service|-|Services|1\n"
	                                   "system|-|The router itself|1\n");
	expect_candidates(tree, "", true, "interfaces|-|Network interfaces|1\n");
	expect_candidates(tree, "interfaces bonding dp0bond0 mode", false,
	                  "lacp|-|802.3ad link aggregation (default)|0\n"
	                  "active-backup|-|One member works, the others stand by|0\n"
	                  "balanced|-|All members work, without a protocol|0\n");
	expect_candidates(tree, "interfaces bonding dp0bond0 vif", false,
	                  "10|-|Ten|1\n-|1..99999|Number of the virtual interface|1\n");
	expect_candidates(tree, "interfaces bonding dp0bond0 vif", true, "10|-|Ten|1\n");
	expect_candidates(tree, "interfaces dataplane eth0 bond-group", false,
	                  "dp0bond0|-||0\n-|interface name|Bond of which the port is a member|0\n");
	expect_candidates(tree, GROUP " priority", false,
	                  "-|1..254|Priority: the highest becomes master; default 100|0\n");
	expect_candidates(tree, GROUP " advertise-interval", false,
	                  "-|1..255|Seconds between advertisements (version 2); default 1|0\n");
	expect_candidates(tree, GROUP " peer-address 10.0.0.9 minimum-ttl", false,
	                  "-|1..255|Lowest time to live (hop limit) of packets accepted from it; "
	                  "default 255|0\n");
	expect_candidates(tree, GROUP " priority", true,
	                  "7|-|Priority: the highest becomes master|0\n");
	expect_candidates(tree, GROUP, true,
	                  "priority|-|Priority: the highest becomes master|1\n");
	expect_candidates(tree, GROUP " preempt", false,
	                  "false|-|Leave a master of lower priority alone|0\n"
	                  "true|-|Take over from a master of lower priority (default)|0\n");
	expect_candidates(tree, GROUP " disable", false, "");
	expect_candidates(tree, GROUP " priority 7", false, "");
	expect_candidates(tree, "nonsense", false, "");
	lyd_free_siblings(tree);
}

static void
test_completion_offers_what_stands_elsewhere_in_the_tree(void **state)
{
	static const char *const interfaces =
		"dp0bond0|-||%d\ndp0bond0.10|-||%d\neth0|-||%d\neth1|-||%d\nlo|-||%d\n"
		"sw0|-||%d\n";
	struct lyd_node *tree = sample_tree(
		"set interfaces bonding dp0bond0 address 10.0.0.2/24\n"
		"set interfaces bonding dp0bond0 address 10.0.0.3/24\n"
		"set interfaces bonding dp0bond0 address 2001:db8::2/64\n"
		"set interfaces bonding dp0bond0 vrrp vrrp-group 1 sync-group 'South side'\n"
		"set interfaces bonding dp0bond0 vif 10 address dhcp\n"
		"set interfaces bonding dp0bond0 vif 10 address 10.1.0.2/24\n"
		"set interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 1 sync-group 'South side'\n"
		"set interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 2 sync-group North\n"
		"set interfaces loopback lo\n"
		"set interfaces switch sw0\n"
		"set interfaces dataplane eth1 address 10.2.0.2/24\n"
		"set interfaces dataplane eth0 bond-group dp0bond0\n");
	struct lyd_node *checks = sample_tree(
		"set service health-check script uplink command /bin/true\n"
		"set service health-check process bird command bird\n"
		"set service health-check file ready path /run/ready\n"
		"set service path-monitor host far target 192.0.2.1\n"
		"set service path-monitor policy good\n"
		"set service path-monitor monitor isp\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.0.1/24\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 excluded-address 10.0.0.9\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 run-transition-scripts master "
		"'/etc/tandem/moved up'\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 run-transition-scripts user "
		"ops\n");
	char text[1024], keys[1024];

	(void)state;
	expect_candidates(tree, "interfaces dataplane eth1 vrrp vrrp-group 1 sync-group", false,
	                  "North|-||0\nSouth side|-||0\n-|name|Sync group: its members on this "
	                  "router become master and backup together|0\n");
	expect_candidates(tree, "service connsync failover-mechanism vrrp sync-group", false,
	                  "North|-||0\nSouth side|-||0\n-|name|Sync group that is followed|0\n");
	expect_candidates(NULL, "service connsync failover-mechanism vrrp sync-group", false,
	                  "-|name|Sync group that is followed|0\n");

	snprintf(text, sizeof(text), interfaces, 0, 0, 0, 0, 0, 0);
	strcat(text, "-|interface name|Interface towards the partner|0\n");
	expect_candidates(tree, "service connsync interface", false, text);
	snprintf(keys, sizeof(keys), interfaces, 1, 1, 1, 1, 1, 1);
	strcat(keys, "-|interface name|Name of the interface|1\n");
	expect_candidates(tree, GROUP " track interface", false, keys);
	expect_candidates(tree, GROUP " track-interface", false, keys);
	expect_candidates(tree, "interfaces bonding dp0bond0 primary", false,
	                  "eth0|-||0\n-|interface name|Member that works as long as it can "
	                  "(active-backup)|0\n");

	expect_candidates(tree, "interfaces bonding dp0bond0 switch-group switch", false,
	                  "sw0|-||0\n-|interface name|Name of the switch|0\n");

	/* Those of the group's own interface, whether or not the group is there already. */
	expect_candidates(tree, "interfaces bonding dp0bond0 vrrp vrrp-group 9 "
	                  "hello-source-address", false,
	                  "10.0.0.2|-||0\n10.0.0.3|-||0\n2001:db8::2|-||0\n"
	                  "-|IPv4 or IPv6 address|Source address of advertisements; "
	                  "default the first address of the interface; for IPv6 the link-local "
	                  "one|0\n");
	expect_candidates(tree, "interfaces bonding dp0bond0 vif 10 vrrp vrrp-group 2 "
	                  "hello-source-address", false,
	                  "10.1.0.2|-||0\n"
	                  "-|IPv4 or IPv6 address|Source address of advertisements; "
	                  "default the first address of the interface; for IPv6 the link-local "
	                  "one|0\n");
	expect_candidates(tree, "interfaces dataplane eth7 vrrp vrrp-group 2 "
	                  "hello-source-address", false,
	                  "-|IPv4 or IPv6 address|Source address of advertisements; "
	                  "default the first address of the interface; for IPv6 the link-local "
	                  "one|0\n");
	expect_candidates(checks, GROUP " track script", false,
	                  "uplink|-||1\n-|plain name|Name of the script in service "
	                  "health-check|1\n");
	expect_candidates(checks, GROUP " track process", false,
	                  "bird|-||1\n-|plain name|Name of the process in service "
	                  "health-check|1\n");
	expect_candidates(checks, GROUP " track file", false,
	                  "ready|-||1\n-|plain name|Name of the file in service health-check|1\n");
	expect_candidates(checks, GROUP " track path-monitor monitor", false,
	                  "isp|-||1\n-|plain name|Name of the path monitor|1\n");
	expect_candidates(checks, GROUP " track path-monitor monitor isp policy", false,
	                  "good|-||1\n-|plain name|Name of the policy|1\n");
	expect_candidates(checks, "service path-monitor monitor isp policy", false,
	                  "good|-||1\n-|plain name|Name of the policy|1\n");
	expect_candidates(checks, "service path-monitor monitor isp type ping host", false,
	                  "far|-||0\n-|plain name|Name of the host|0\n");
	expect_candidates(checks, "interfaces dataplane eth0 vrrp vrrp-group 1 "
	                  "virtual-address-interface", false,
	                  "10.0.0.1|-||1\n10.0.0.9|-||1\n-|IPv4 or IPv6 address|A virtual or "
	                  "excluded address of the group|1\n");
	/* A program that another transition runs. */
	expect_candidates(checks, "interfaces dataplane eth0 vrrp vrrp-group 2 "
	                  "run-transition-scripts backup", false,
	                  "/etc/tandem/moved up|-||0\n-|program and arguments|Program to "
	                  "run on becoming backup|0\n");
	/* Only what stands there can be deleted. */
	expect_candidates(tree, "interfaces bonding dp0bond0 vrrp vrrp-group 1 sync-group", true,
	                  "South side|-|Sync group: its members on this router become master and "
	                  "backup together|0\n");
	lyd_free_siblings(checks);
	lyd_free_siblings(tree);
}

static void
expect_expansion(const char *line, const char *expected)
{
	char **words, **copy, *text;
	size_t count;

	assert_int_equal(language_split(line, &words, &count), 0);
	copy = calloc(count + 1, sizeof(*copy));
	assert_non_null(copy);
	for (size_t i = 0; i < count; i++)
		copy[i] = words[i];
	path_expand(schema, copy, count);
	text = words_join(copy, count);
	assert_string_equal(text, expected);
	free(text);
	free(copy);
	language_free_words(words, count);
}

static void
test_shortened_words_stand_for_names_that_are_unique(void **state)
{
	(void)state;
	expect_expansion("int dat dp0s0", "interfaces dataplane dp0s0");
	expect_expansion("int dat dp0s0 vr vrrp-g 1 prio 7",
	                 "interfaces dataplane dp0s0 vrrp vrrp-group 1 priority 7");
	/* The whole name of one is that one, though others begin with it. */
	expect_expansion(GROUP " preempt true", GROUP " preempt true");
	/* Keys and values stay what they are. */
	expect_expansion("int dat int mtu 15", "interfaces dataplane int mtu 15");
	expect_expansion("int dat dp0s0 desc pri", "interfaces dataplane dp0s0 description pri");
	/* From the first doubtful word on nothing is touched. */
	expect_expansion("int dat dp0s0 vrrp vrrp-group 1 pr desc",
	                 "interfaces dataplane dp0s0 vrrp vrrp-group 1 pr desc");
	expect_expansion("nonsense int", "nonsense int");
	expect_expansion("", "");
}

static void
test_shortened_word_in_a_text_is_refused_naming_what_it_may_mean(void **state)
{
	(void)state;
	expect_refusal("set " GROUP " pr 7", "'pr': ambiguous word; possible words are preempt, "
	                                     "preempt-delay and priority");
	expect_refusal("set " GROUP " prior 7", "'prior': unknown word; did you mean 'priority'?");
}

/* ---- comments ------------------------------------------------------------------------------- */

static void
expect_braces(const char *text, const char *wanted)
{
	struct lyd_node *tree = sample_tree(text);
	char *printed = language_print_braces(tree, false);

	assert_string_equal(printed, wanted);
	free(printed);
	lyd_free_siblings(tree);
}

static void
test_comment_stands_above_what_follows_it(void **state)
{
	(void)state;
	expect_braces("/* all */ interfaces {\n"
	              "  /* the first\n   * of\n   *two */\n  /* and more */\n"
	              "  dataplane eth0 { /* in front */\n"
	              "    mtu 1400 /* behind */\n"
	              "    # not kept\n    description x // nor this\n"
	              "    /* on nothing */\n  }\n"
	              "  /**/ dataplane eth1 {\n  }\n}\n/* at the end */\n",
	              "/* all */\ninterfaces {\n"
	              "    /* the first of two and more */\n"
	              "    dataplane eth0 {\n"
	              "        description x\n"
	              "        /* in front behind */\n"
	              "        mtu 1400\n"
	              "    }\n"
	              "    dataplane eth1 {\n    }\n}\n");
}

static void
test_comment_is_a_command_of_its_own(void **state)
{
	(void)state;
	expect_braces("set interfaces dataplane eth0 mtu 1400\n"
	              "comment interfaces dataplane eth0 'as ordered'\n"
	              "comment interfaces dataplane eth0 mtu first\n"
	              "comment interfaces dataplane eth0 mtu second\n"
	              "comment interfaces dataplane eth0 ''\n",
	              "interfaces {\n    dataplane eth0 {\n        /* second */\n"
	              "        mtu 1400\n    }\n}\n");
}

static void
test_comment_that_will_not_do_is_refused(void **state)
{
	static const struct {
		const char *line, *reason;
	} cases[] = {
		{ "comment interfaces dataplane eth0 mtu x", "only what is configured" },
		{ "comment interfaces dataplane eth0 address x", "say which" },
		{ "comment interfaces dataplane eth0 'a */ b'", "without */" },
		{ "comment interfaces dataplane eth0 ' a'", "without blanks around it" },
		{ "comment interfaces dataplane eth0 \"a\\nb\"", "one line" },
		{ "comment interfaces dataplane eth0 a\xef\xbf\xbe", "without blanks around it" },
		{ "comment interfaces dataplane eth0 a\xff", "without blanks around it" },
		{ "comment interfaces dataplan x", "dataplan" },
		{ "comment interfaces", "must begin with" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct problems problems = { 0 };
		struct lyd_node *tree = sample_tree("set interfaces dataplane eth0 address "
		                                    "10.0.0.1/24\n");
		char *lines;

		assert_true(language_read(schema, cases[i].line, &tree, &problems) < 0);
		lines = sample_lines(&problems);
		if (!strstr(lines, cases[i].reason))
			fail_msg("%s: %s", cases[i].line, lines);
		free(lines);
		lyd_free_siblings(tree);
	}
}

/* It is no reason to refuse a configuration, but nothing goes in silence. */
static void
test_comment_in_braces_that_will_not_do_is_told(void **state UNUSED)
{
	struct problems problems = { 0 };
	struct lyd_node *tree = NULL;
	char *text = NULL, *printed, *lines;

	assert_true(asprintf(&text, "interfaces {\n  /* %01024d */\n  dataplane eth0 {\n"
	                     "    /* %01025d */\n    mtu 1400\n    /* %01025d */\n  }\n}\n",
	                     1, 2, 3) > 0);
	assert_int_equal(language_read(schema, text, &tree, &problems), 0);
	lines = sample_lines(&problems);
	assert_string_equal(lines, "W line 5: interfaces dataplane eth0 mtu 1400: its comment, of "
	                    "1025 bytes, is left out: a comment is one line of at most 1024 "
	                    "characters, without blanks around it and without */\n");
	printed = language_print_braces(tree, false);
	assert_non_null(strstr(printed, "0001 */"));
	assert_null(strstr(printed, "0002 */"));
	free(printed);
	free(lines);
	free(text);
	lyd_free_siblings(tree);
}

static void
test_changed_comment_is_a_difference_of_its_node(void **state)
{
	struct lyd_node *old = sample_tree("set interfaces dataplane eth0 mtu 1400\n"
	                                   "comment interfaces dataplane eth0 old\n"
	                                   "comment interfaces dataplane eth0 mtu gone\n");
	struct lyd_node *new = sample_tree("set interfaces dataplane eth0 mtu 1400\n"
	                                   "comment interfaces dataplane eth0 new\n");
	char *text = language_compare(old, new, false);

	(void)state;
	assert_string_equal(text, "[edit interfaces dataplane eth0]\n-/* old */\n+/* new */\n"
	                          "[edit interfaces dataplane eth0 mtu]\n-/* gone */\n");
	assert_int_equal(language_count_changes(old, new), 2);
	free(text);
	lyd_free_siblings(old);
	lyd_free_siblings(new);
}

/* Also where entries before it are gone and it stands elsewhere now. */
static void
test_changed_comment_of_a_moved_entry_is_a_difference(void **state)
{
	struct lyd_node *old = sample_tree("set " GROUP " virtual-address 10.0.0.1\n"
	                                   "set " GROUP " virtual-address 10.0.0.2\n"
	                                   "comment " GROUP " virtual-address 10.0.0.2 old\n");
	struct lyd_node *new = sample_tree("set " GROUP " virtual-address 10.0.0.2\n"
	                                   "comment " GROUP " virtual-address 10.0.0.2 new\n");
	char *text = language_compare(old, new, false);

	(void)state;
	assert_string_equal(text, "[edit " GROUP "]\n-virtual-address 10.0.0.1\n"
	                          "[edit " GROUP " virtual-address]\n-/* old */\n+/* new */\n");
	assert_int_equal(language_count_changes(old, new), 2);
	free(text);
	lyd_free_siblings(old);
	lyd_free_siblings(new);
}

/* ---- marks ---------------------------------------------------------------------------------- */

static void
test_marks_say_what_came_went_and_changed(void **state)
{
	struct lyd_node *old = sample_tree(
		"set interfaces dataplane eth0 address 10.0.0.1/24\n"
		"set interfaces dataplane eth0 description same\n"
		"set interfaces dataplane eth0 mtu 1400\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.0.8/24\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.0.9/24\n"
		"set interfaces dataplane eth1\n"
		"comment interfaces dataplane eth0 description why\n");
	struct lyd_node *new = sample_tree(
		"set interfaces dataplane eth0 address 10.0.0.2/24\n"
		"set interfaces dataplane eth0 description same\n"
		"set interfaces dataplane eth0 mtu 1300\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.0.7/24\n"
		"set interfaces dataplane eth0 vrrp vrrp-group 1 virtual-address 10.0.0.8/24\n"
		"set interfaces dataplane eth2\n"
		"comment interfaces dataplane eth0 description because\n");
	char *text = language_print_marked(old, new, false);

	(void)state;
	assert_string_equal(text,
		" interfaces {\n"
		"     dataplane eth0 {\n"
		"-        address 10.0.0.1/24\n"
		"+        address 10.0.0.2/24\n"
		"-        /* why */\n"
		"+        /* because */\n"
		"         description same\n"
		">        mtu 1300\n"
		"         vrrp {\n"
		"             vrrp-group 1 {\n"
		"-                virtual-address 10.0.0.9/24\n"
		"+                virtual-address 10.0.0.7/24\n"
		"                 virtual-address 10.0.0.8/24\n"
		"             }\n"
		"         }\n"
		"     }\n"
		"-    dataplane eth1 {\n"
		"-    }\n"
		"+    dataplane eth2 {\n"
		"+    }\n"
		" }\n");
	assert_int_equal(language_count_changes(old, new), 8);
	free(text);
	lyd_free_siblings(old);
	lyd_free_siblings(new);
}

static void
expect_marked_below(const struct lyd_node *old, const struct lyd_node *new, const char *path,
                    const char *wanted)
{
	struct problems problems = { 0 };
	char **words, *text;
	size_t count;

	assert_int_equal(language_split(path, &words, &count), 0);
	text = language_print_marked_below(schema, old, new, words, count, false, &problems);
	assert_string_equal(text ? text : "refused", wanted);
	assert_int_equal(problems.errors > 0, !text);
	free(text);
	language_free_words(words, count);
	problems_done(&problems);
}

static void
test_marks_below_a_path_show_only_that(void **state)
{
	struct lyd_node *old = sample_tree("set interfaces dataplane eth0 mtu 1400\n"
	                                   "set interfaces dataplane eth1\n");
	struct lyd_node *new = sample_tree("set interfaces dataplane eth0 address 10.0.0.2/24\n"
	                                   "set interfaces dataplane eth0 address 10.0.0.3/24\n");

	(void)state;
	expect_marked_below(old, new, "interfaces dataplane eth0",
	                    "+address 10.0.0.2/24\n+address 10.0.0.3/24\n-mtu 1400\n");
	expect_marked_below(old, new, "interfaces dataplane eth0 mtu", "-mtu 1400\n");
	expect_marked_below(old, new, "interfaces dataplane eth0 address",
	                    "+address 10.0.0.2/24\n+address 10.0.0.3/24\n");
	expect_marked_below(old, new, "interfaces dataplane eth0 address 10.0.0.3/24",
	                    "+address 10.0.0.3/24\n");
	expect_marked_below(old, new, "interfaces dataplane eth1", "");
	expect_marked_below(old, new, "interfaces dataplane eth9", "");
	expect_marked_below(old, new, "interfaces dataplan", "refused");
	expect_marked_below(NULL, NULL, "", "");
	lyd_free_siblings(old);
	lyd_free_siblings(new);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_order_of_lines_does_not_matter),
		cmocka_unit_test(test_quoted_presence_leaf_is_a_word),
		cmocka_unit_test(test_entry_without_content_stays),
		cmocka_unit_test(test_addresses_keep_the_users_order),
		cmocka_unit_test(test_version_trailer_is_a_comment),
		cmocka_unit_test(test_set_again_replaces_the_value),
		cmocka_unit_test(test_faulty_text_reports_all_lines_and_changes_nothing),
		cmocka_unit_test(test_refusals_name_word_rule_and_remedy),
		cmocka_unit_test(test_braces_that_do_not_match_are_refused),
		cmocka_unit_test(test_secret_is_hidden_from_problems_and_where_asked),
		cmocka_unit_test(test_delete_takes_away_what_it_names),
		cmocka_unit_test(test_print_below_shows_only_that),
		cmocka_unit_test(test_compare_shows_paths_with_what_went_and_came),
		cmocka_unit_test(test_completion_offers_words_values_and_live_names),
		cmocka_unit_test(test_completion_offers_what_stands_elsewhere_in_the_tree),
		cmocka_unit_test(test_shortened_words_stand_for_names_that_are_unique),
		cmocka_unit_test(test_shortened_word_in_a_text_is_refused_naming_what_it_may_mean),
		cmocka_unit_test(test_comment_stands_above_what_follows_it),
		cmocka_unit_test(test_comment_is_a_command_of_its_own),
		cmocka_unit_test(test_comment_that_will_not_do_is_refused),
		cmocka_unit_test(test_comment_in_braces_that_will_not_do_is_told),
		cmocka_unit_test(test_changed_comment_is_a_difference_of_its_node),
		cmocka_unit_test(test_changed_comment_of_a_moved_entry_is_a_difference),
		cmocka_unit_test(test_marks_say_what_came_went_and_changed),
		cmocka_unit_test(test_marks_below_a_path_show_only_that),
	};

	return cmocka_run_group_tests(tests, sample_setup, sample_teardown);
}
