/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operational commands: fetch a part of the state, keep what was asked for, hand it to a
 * layout or print it as JSON; or ask for an operation and say what came of it.  Names for
 * completion come from the same state.  How things look is show.c's business.
 */
#include "cli/operate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "cli/candidate.h"
#include "cli/configure.h"
#include "cli/connsync.h"
#include "cli/data.h"
#include "cli/flows.h"
#include "cli/foreign.h"
#include "cli/foresee.h"
#include "cli/inspect.h"
#include "cli/monitor.h"
#include "cli/network.h"
#include "cli/pair.h"
#include "cli/print.h"
#include "cli/revisions.h"
#include "cli/show.h"
#include "cli/state.h"
#include "cli/virtual_server.h"

/* Whatever makes the states below doubtful goes before them, beside the answer. */
static bool
warn_of_problems(struct session *session)
{
	struct lyd_node *tree = state_fetch_quietly(session, "system-state");
	const struct lyd_node *problem = data_child(tree, "problem");
	bool running = strcmp(data_text(tree, "engine-running"), "false") != 0;

	if (!running)
		fprintf(session->err, "VRRP is not running\n");
	for (; problem; problem = data_next(problem))
		fprintf(session->err, "Warning: %s\n", lyd_get_value(problem));
	lyd_free_all(tree);
	return running;
}

static void
drop_children(struct lyd_node *parent, const char *list)
{
	const struct lyd_node *child;

	while ((child = data_child(parent, list)))
		lyd_free_tree((struct lyd_node *)child);
}

static bool
is_wanted(const struct lyd_node *group, char *const arguments[], size_t count)
{
	return (count < 1 || strcmp(data_text(group, "interface"), arguments[0]) == 0) &&
	       (count < 2 || data_number(group, "vrid") == strtoull(arguments[1], NULL, 10));
}

/* Keep the groups of interface arguments[0] and group arguments[1], as far as given.  Says which
 * of both does not exist. */
static enum outcome
keep_groups(struct session *session, struct lyd_node *state, char *const arguments[],
            size_t count)
{
	bool interface_found = false;
	bool found = false;
	struct lyd_node *next;

	if (count == 0)
		return OUTCOME_DONE;
	drop_children(state, "sync-group");
	for (struct lyd_node *n = state ? lyd_child_no_keys(state) : NULL; n; n = next) {
		next = n->next;
		if (strcmp(LYD_NAME(n), "group") != 0) {
			lyd_free_tree(n);
			continue;
		}
		interface_found = interface_found || is_wanted(n, arguments, 1);
		if (is_wanted(n, arguments, count))
			found = true;
		else
			lyd_free_tree(n);
	}
	if (found)
		return OUTCOME_DONE;
	if (interface_found)
		fprintf(session->err, "No VRRP group %s exists on %s\n", arguments[1],
		        arguments[0]);
	else
		fprintf(session->err, "VRRP is not running on %s\n", arguments[0]);
	return OUTCOME_FAILED;
}

/* A container without anything in it is printed too: a program that reads it finds its key. */
static void
print_state_json(struct session *session, const struct lyd_node *state)
{
	session_print_json(session, state, LYD_PRINT_KEEPEMPTYCONT);
}

typedef void layout(FILE *out, const struct lyd_node *state);

/* All "show vrrp" commands but those of sync groups. */
static enum outcome
show_groups(struct session *session, char *const arguments[], size_t count, layout *print)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "vrrp-state", &state);
	bool running;

	if (outcome != OUTCOME_DONE)
		return outcome;
	running = warn_of_problems(session);
	outcome = keep_groups(session, state, arguments, count);
	if (outcome == OUTCOME_DONE) {
		if (session->json)
			print_state_json(session, state);
		else if (data_child(state, "group"))
			print(session->out, state);
		else if (running)
			fprintf(session->out, "VRRP not configured\n");
	}
	lyd_free_all(state);
	return running ? outcome : OUTCOME_FAILED;
}

static enum outcome
run_show_vrrp(struct session *session, char *const arguments[], size_t count)
{
	return show_groups(session, arguments, count, show_vrrp_summary);
}

static enum outcome
run_show_detail(struct session *session, char *const arguments[], size_t count)
{
	return show_groups(session, arguments, count, show_vrrp_detail);
}

static enum outcome
run_show_statistics(struct session *session, char *const arguments[], size_t count)
{
	return show_groups(session, arguments, count, show_vrrp_statistics);
}

/* Strangers are there to be seen even where no group is configured. */
static enum outcome
run_show_alarms(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "vrrp-state", &state);
	bool running;

	if (outcome != OUTCOME_DONE)
		return outcome;
	running = warn_of_problems(session);
	if (session->json)
		print_state_json(session, state);
	else
		show_vrrp_alarms(session->out, state);
	lyd_free_all(state);
	return running ? OUTCOME_DONE : OUTCOME_FAILED;
}

static enum outcome
run_show_sync_groups(struct session *session, char *const arguments[], size_t count)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "vrrp-state", &state);
	struct lyd_node *next;
	bool configured, running;

	if (outcome != OUTCOME_DONE)
		return outcome;
	running = warn_of_problems(session);
	configured = data_child(state, "group") != NULL;
	drop_children(state, "group");
	for (struct lyd_node *n = count > 0 && state ? lyd_child_no_keys(state) : NULL; n;
	     n = next) {
		next = n->next;
		if (strcmp(data_text(n, "name"), arguments[0]) != 0)
			lyd_free_tree(n);
	}
	if (count > 0 && !data_child(state, "sync-group")) {
		fprintf(session->err, "Sync-group: %s does not exist\n", arguments[0]);
		outcome = OUTCOME_FAILED;
	} else if (session->json) {
		print_state_json(session, state);
	} else if (configured) {
		show_vrrp_sync_groups(session->out, state);
	} else if (running) {
		fprintf(session->out, "VRRP not configured\n");
	}
	lyd_free_all(state);
	return running ? outcome : OUTCOME_FAILED;
}

static enum outcome
show_container(struct session *session, const char *container, layout *print)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, container, &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (session->json)
		print_state_json(session, state);
	else
		print(session->out, state);
	lyd_free_all(state);
	return OUTCOME_DONE;
}

static enum outcome
run_show_system(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct lyd_node *commits;
	enum outcome outcome = show_container(session, "system-state", show_system);

	if (outcome != OUTCOME_DONE || session->json)
		return outcome;
	commits = revisions_fetch_quietly(session);
	revisions_print_trial(session->out, commits);
	lyd_free_all(commits);
	return OUTCOME_DONE;
}

static enum outcome
run_show_version(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	struct lyd_node *state;
	enum outcome outcome = state_fetch(session, "system-state", &state);

	if (outcome != OUTCOME_DONE)
		return outcome;
	if (session->json) {
		fprintf(session->out, "{\"service\":");
		json_string(session->out, show_service_version(state));
		fprintf(session->out, ",\"command-line\":");
		json_string(session->out, TANDEM_VERSION);
		fprintf(session->out, "}\n");
	} else {
		show_version(session->out, state);
	}
	lyd_free_all(state);
	return OUTCOME_DONE;
}

static enum outcome
show_running(struct session *session, bool as_set)
{
	struct lyd_node *tree;
	char revision[REVISION_TEXT_SIZE];
	enum outcome outcome = candidate_fetch(session, "", &tree, revision);

	if (outcome == OUTCOME_DONE)
		outcome = configure_print(session, tree, as_set);
	lyd_free_all(tree);
	return outcome;
}

static enum outcome
run_show_configuration(struct session *session, char *const arguments[] UNUSED,
                       size_t count UNUSED)
{
	return show_running(session, false);
}

static enum outcome
run_show_commands(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	return show_running(session, true);
}

/* Ask for an operation on group arguments[1] of interface arguments[0]. */
static enum outcome
operate_on_group(struct session *session, const char *operation, char *const arguments[])
{
	char *end;
	unsigned long group = strtoul(arguments[1], &end, 10);
	struct answer answer;
	struct error error;
	char path[128];
	char *body = NULL;
	size_t length;
	FILE *to;
	int r;

	if (*end != '\0' || group < 1 || group > 255) {
		fprintf(session->err, "VRRP group must be between 1-255, not '%s'\n",
		        arguments[1]);
		return OUTCOME_USAGE;
	}
	to = open_memstream(&body, &length);
	assert(to);
	fprintf(to, "{\"tandem-state:input\":{\"interface\":");
	json_string(to, arguments[0]);
	fprintf(to, ",\"group\":%lu}}", group);
	fclose(to);

	snprintf(path, sizeof(path), "operations/tandem-state:%s", operation);
	r = client_post(session->client, path, body, &answer, &error);
	free(body);
	if (r < 0)
		return session_tell(session, &error);
	if (answer.status != 200 && answer.status != 204)
		return session_tell_refusal(session, &answer);
	answer_print_all(&answer, session->schema, "message", "", session->out);
	answer_done(&answer);
	return OUTCOME_DONE;
}

static enum outcome
run_reset_master(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return operate_on_group(session, "reset-master", arguments);
}

static enum outcome
run_garp(struct session *session, char *const arguments[], size_t count UNUSED)
{
	return operate_on_group(session, "garp", arguments);
}

/* Both must not end configuration mode by the back door ("run exit"). */
static enum outcome
run_exit(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	if (session->candidate) {
		fprintf(session->err, "Leave configuration mode first, with 'exit'\n");
		return OUTCOME_USAGE;
	}
	session->leave = true;
	return OUTCOME_DONE;
}

void
operate_list_commands(struct session *session, const struct command table[])
{
	for (const struct command *row = table; row->words; row++) {
		if (!row->run)
			continue;
		fprintf(session->out, "%s\n        %s\n", row->words, row->help);
	}
	fprintf(session->out,
	        "\nTab completes a word and '?' shows what may follow.  Keywords may be shortened\n"
	        "as long as they stay unique, also those of configuration paths.\n"
	        "\nBehind a command that shows something '|' may follow, also several times:\n"
	        "'| match REGEX', '| no-match REGEX', '| count', '| more', '| no-more',\n"
	        "'| json', '| commands'.\n");
}

static enum outcome
run_help(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED)
{
	operate_list_commands(session, operate_commands);
	return OUTCOME_DONE;
}

static bool
is_known(const struct possibilities *possibilities, const char *word)
{
	for (size_t i = 0; i < possibilities->count; i++)
		if (strcmp(possibilities->list[i].word, word) == 0)
			return true;
	return false;
}

/* Every different value of leaf in the list, of one interface only if that is not NULL. */
static void
complete_from(struct session *session, const char *container, const char *list, const char *leaf,
              const char *interface, struct possibilities *possibilities)
{
	struct lyd_node *state = state_fetch_quietly(session, container);

	for (const struct lyd_node *n = data_child(state, list); n; n = data_next(n)) {
		const char *value = data_text(n, leaf);

		if (interface && strcmp(data_text(n, "interface"), interface) != 0)
			continue;
		if (!is_known(possibilities, value))
			possibilities_add(possibilities, value, NULL, "");
	}
	lyd_free_all(state);
}

static void
complete_interface(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                   const char *start UNUSED, struct possibilities *possibilities)
{
	complete_from(session, "vrrp-state", "group", "interface", NULL, possibilities);
}

static void
complete_group(struct session *session, char *const arguments[], size_t count UNUSED,
               const char *start UNUSED, struct possibilities *possibilities)
{
	complete_from(session, "vrrp-state", "group", "vrid", arguments[0], possibilities);
}

static void
complete_sync_group(struct session *session, char *const arguments[] UNUSED, size_t count UNUSED,
                    const char *start UNUSED, struct possibilities *possibilities)
{
	complete_from(session, "vrrp-state", "sync-group", "name", NULL, possibilities);
}

const struct command operate_commands[] = {
	{ "check", "All that is wrong with the configuration that runs", inspect_running, NULL,
	  SHOWS_DATA },
	{ "check file", "All that is wrong with a file" },
	{ "check file <file>", "File of braces or of set commands", inspect_file,
	  inspect_complete, SHOWS_DATA },
	{ "check pair", "Two configurations, compared and tried in a simulator" },
	{ "check pair <file>", "File of the first router", NULL, foresee_complete },
	{ "check pair <file> <peer-file>", "File of the second router; what both will do together",
	  foresee_pair, foresee_complete, SHOWS_DATA },
	{ "check peer", "This router's configuration beside its peer's" },
	{ "check peer <file-or-address>", "File of the peer, or its address; what both will do "
	  "together", foresee_peer, foresee_complete_peer, SHOWS_DATA },
	{ "configure", "Enter configuration mode", configure_enter },
	{ "exit", "Leave the shell", run_exit },
	{ "help", "List all commands", run_help, NULL, SHOWS_TEXT },
	{ "import", "Print another program's configuration as set commands" },
	{ "import keepalived", "VRRP of a keepalived.conf" },
	{ "import keepalived <file>", "A keepalived.conf, and what it includes",
	  foreign_print_keepalived, foreign_complete, SHOWS_TEXT },
	{ "import keepalived <file> <router>", "As the router of this name reads lines with @",
	  foreign_print_keepalived, NULL, SHOWS_TEXT },
	{ "import vyatta", "All that is known of a Vyatta 5600 or IBM VRA" },
	{ "import vyatta <file>", "A config.boot of Vyatta, or its set commands",
	  foreign_print_vyatta, foreign_complete, SHOWS_TEXT },
	{ "import vyos", "VRRP and conntrack-sync of a VyOS router" },
	{ "import vyos <file>", "A config.boot of VyOS, or its set commands", foreign_print_vyos,
	  foreign_complete, SHOWS_TEXT },
	{ "monitor", "Follow what happens" },
	{ "monitor vrrp", "Follow transitions and alarms, until interrupted",
	  monitor_vrrp, NULL, SHOWS_EVENTS },
	{ "monitor vrrp packets", "Follow packets, too", monitor_packets, NULL, SHOWS_EVENTS },
	{ "pair", "Make this router and another one a pair" },
	{ "pair <address>", "The other router; its operator gives the same command there",
	  pair_run, pair_complete_request },
	{ "pair <address> fingerprint", "Pair without a code: the other router's key is known" },
	{ "pair <address> fingerprint <fingerprint>", "As 'show pair' prints it there",
	  pair_by_fingerprint },
	{ "pair <address> fingerprint <fingerprint> port", "Pair through another port" },
	{ "pair <address> fingerprint <fingerprint> port <port>", "TCP port of service https there",
	  pair_by_fingerprint },
	{ "pair <address> port", "Pair through another port" },
	{ "pair <address> port <port>", "TCP port, the same on both routers", pair_run },
	{ "quit", "Leave the shell", run_exit },
	{ "reset", "Start something anew" },
	{ "reset connsync", "Read all connections and compare every one with the partner",
	  connsync_reset },
	{ "reset pair", "End a pairing that is under way", pair_reset },
	{ "reset pair key", "Another key for this router; the pair must be paired anew",
	  pair_key },
	{ "reset pair key confirm", "Without being asked", pair_key_confirmed },
	{ "reset vrrp", "Start something of VRRP anew" },
	{ "reset vrrp master", "Give up mastership" },
	{ "reset vrrp master interface", "Give up mastership on an interface" },
	{ "reset vrrp master interface <interface>", "Interface with VRRP groups", NULL,
	  complete_interface },
	{ "reset vrrp master interface <interface> group", "Give up mastership of a group" },
	{ "reset vrrp master interface <interface> group <group>",
	  "Give up mastership of this group and of its whole sync group", run_reset_master,
	  complete_group },
	{ "show", "Show what is true now" },
	{ "show configuration", "Running configuration",
	  run_show_configuration, NULL, SHOWS_CONFIGURATION },
	{ "show configuration commands", "Running configuration as set commands",
	  run_show_commands, NULL, SHOWS_CONFIGURATION },
	{ "show connsync", "Replication of connections: state, partner, lag, what would be lost",
	  connsync_show, NULL, SHOWS_DATA },
	{ "show connsync flows", "Connections that are replicated", flows_show, NULL,
	  SHOWS_DATA },
	{ "show connsync flows <filter...>",
	  "Those that pass: address, limit, port, protocol, each with its value, in any order",
	  flows_show, flows_complete, SHOWS_DATA },
	{ "show connsync statistics", "What was sent, received, repaired and refused",
	  connsync_show_statistics, NULL, SHOWS_DATA },
	{ "show interfaces", "Interfaces, their addresses and links",
	  network_show_interfaces, NULL, SHOWS_DATA },
	{ "show interfaces <interface>", "This interface only", network_show_interfaces,
	  network_complete_any, SHOWS_DATA },
	{ "show interfaces bonding", "Bonds and their vifs", network_show_bonding, NULL,
	  SHOWS_DATA },
	{ "show interfaces bonding <interface>", "This interface and its vifs",
	  network_show_bonding, network_complete_bonding, SHOWS_DATA },
	{ "show interfaces bonding <interface> vif", "One of its vifs" },
	{ "show interfaces bonding <interface> vif <number>", "This vif only",
	  network_show_bonding, network_complete_vif, SHOWS_DATA },
	{ "show interfaces dataplane", "Physical ports and their vifs",
	  network_show_dataplane, NULL, SHOWS_DATA },
	{ "show interfaces dataplane <interface>", "This interface and its vifs",
	  network_show_dataplane, network_complete_dataplane, SHOWS_DATA },
	{ "show interfaces dataplane <interface> vif", "One of its vifs" },
	{ "show interfaces dataplane <interface> vif <number>", "This vif only",
	  network_show_dataplane, network_complete_vif, SHOWS_DATA },
	{ "show interfaces loopback", "Loopback interfaces", network_show_loopback, NULL,
	  SHOWS_DATA },
	{ "show interfaces loopback <interface>", "This interface",
	  network_show_loopback, network_complete_loopback, SHOWS_DATA },
	{ "show interfaces switch", "Switches and their vifs", network_show_switch, NULL,
	  SHOWS_DATA },
	{ "show interfaces switch <interface>", "This interface and its vifs",
	  network_show_switch, network_complete_switch, SHOWS_DATA },
	{ "show interfaces switch <interface> vif", "One of its vifs" },
	{ "show interfaces switch <interface> vif <number>", "This vif only",
	  network_show_switch, network_complete_vif, SHOWS_DATA },
	{ "show interfaces vrrp", "Virtual links: interfaces with a virtual MAC address",
	  network_show_vrrp, NULL, SHOWS_DATA },
	{ "show interfaces vrrp <interface>", "This interface",
	  network_show_vrrp, network_complete_vrrp, SHOWS_DATA },
	{ "show ip", "IPv4" },
	{ "show ip route", "Routes of IPv4" },
	{ "show ip route static", "Static routes, and what of them the kernel has",
	  network_show_routes4, NULL, SHOWS_DATA },
	{ "show ipv6", "IPv6" },
	{ "show ipv6 route", "Routes of IPv6" },
	{ "show ipv6 route static", "Static routes, and what of them the kernel has",
	  network_show_routes6, NULL, SHOWS_DATA },
	{ "show pair", "The other router of the pair, both keys, and a pairing under way",
	  pair_show, NULL, SHOWS_DATA },
	{ "show protocols", "Routing" },
	{ "show protocols static", "Static routes of both families", network_show_routes, NULL,
	  SHOWS_DATA },
	{ "show system", "Service, revisions, and problems to repair",
	  run_show_system, NULL, SHOWS_DATA },
	{ "show system commit", "Revisions that are kept: who committed what when",
	  revisions_show, NULL, SHOWS_DATA },
	{ "show system commit <number>", "What this revision changed", revisions_show,
	  revisions_complete, SHOWS_DATA },
	{ "show version", "Version of the service and of this program",
	  run_show_version, NULL, SHOWS_DATA },
	{ "show virtual-server", "Virtual servers and their real servers, a line each",
	  virtual_server_show, NULL, SHOWS_DATA },
	{ "show virtual-server <name>", "This virtual server in full", virtual_server_show,
	  virtual_server_complete, SHOWS_DATA },
	{ "show vrrp", "VRRP groups, one line each", run_show_vrrp, NULL, SHOWS_DATA },
	{ "show vrrp alarms", "What to repair, unknown groups on the wire, lateness",
	  run_show_alarms, NULL, SHOWS_DATA },
	{ "show vrrp detail", "VRRP groups in full", run_show_detail, NULL, SHOWS_DATA },
	{ "show vrrp interface", "VRRP groups of an interface" },
	{ "show vrrp interface <interface>", "VRRP groups of this interface in full",
	  run_show_detail, complete_interface, SHOWS_DATA },
	{ "show vrrp interface <interface> group", "One VRRP group" },
	{ "show vrrp interface <interface> group <group>", "This VRRP group in full",
	  run_show_detail, complete_group, SHOWS_DATA },
	{ "show vrrp statistics", "Counters of the VRRP groups",
	  run_show_statistics, NULL, SHOWS_DATA },
	{ "show vrrp statistics interface", "Counters of an interface's VRRP groups" },
	{ "show vrrp statistics interface <interface>",
	  "Counters of this interface's VRRP groups",
	  run_show_statistics, complete_interface, SHOWS_DATA },
	{ "show vrrp statistics interface <interface> group", "Counters of one VRRP group" },
	{ "show vrrp statistics interface <interface> group <group>",
	  "Counters of this VRRP group", run_show_statistics, complete_group, SHOWS_DATA },
	{ "show vrrp sync-group", "Sync groups and their members",
	  run_show_sync_groups, NULL, SHOWS_DATA },
	{ "show vrrp sync-group <name>", "This sync group and its members", run_show_sync_groups,
	  complete_sync_group, SHOWS_DATA },
	{ "update", "Refresh what others know of this router" },
	{ "update vrrp", "Refresh what others know of VRRP" },
	{ "update vrrp garp", "Announce virtual addresses (gratuitous ARP)" },
	{ "update vrrp garp interface", "Announce virtual addresses of an interface" },
	{ "update vrrp garp interface <interface>", "Interface with VRRP groups", NULL,
	  complete_interface },
	{ "update vrrp garp interface <interface> vrrp-group",
	  "Announce virtual addresses of a group" },
	{ "update vrrp garp interface <interface> vrrp-group <group>",
	  "Announce this group's virtual addresses now", run_garp, complete_group },
	{ NULL },
};
