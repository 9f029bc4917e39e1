/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A VRRP group of the tree becomes one group of the settings, or two when it has addresses of both
 * families; each takes what is of its family and all that has none.  It must judge nothing:
 * group_rules.c and carry_rules.c have.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"

/* Those of a run that are of this family, and link-local or not; how many. */
static uint32_t
add_addresses(struct lifting *l, size_t first, size_t count, uint8_t family, bool link_local)
{
	uint32_t added = 0;

	for (size_t i = first; i < first + count; i++) {
		const struct survey_address *found = &l->survey->addresses[i];
		struct address_settings *address;

		if (found->prefix.ip.family != family ||
		    ip_is_link_local(&found->prefix.ip) != link_local)
			continue;
		address = lift_add(l, PART_ADDRESSES);
		address->prefix = found->prefix;
		address->link = found->place == found->link ? -1 : found->place;
		added++;
	}
	return added;
}

/* Link-local first: RFC 9568 5.2.9 wants one at the head of the list. */
static void
lift_addresses(struct lifting *l, const struct survey_group *from, struct group_settings *to)
{
	size_t excluded = from->address_first + from->address_count;

	to->address_first = lift_count(l, PART_ADDRESSES);
	to->address_count = add_addresses(l, from->address_first, from->address_count,
	                                  to->family, true);
	to->address_count += add_addresses(l, from->address_first, from->address_count,
	                                   to->family, false);
	to->excluded_count = add_addresses(l, excluded, from->excluded_count, to->family,
	                                   true);
	to->excluded_count += add_addresses(l, excluded, from->excluded_count, to->family,
	                                    false);
}

static void
lift_garp(const struct lyd_node *node, struct garp_settings *garp)
{
	if (!node)
		return;
	garp->interval = lift_number(node, "interval", 0) * NSEC_PER_MSEC;
	garp->delay = lift_number(node, "master-delay", 0) * NSEC_PER_SEC;
	garp->repeat = (uint8_t)lift_number(node, "master-repeat", 1);
	garp->refresh = lift_number(node, "master-refresh", 0) * NSEC_PER_SEC;
	garp->refresh_repeat = (uint8_t)lift_number(node, "master-refresh-repeat", 1);
	garp->lower_delay = lift_number(node, "lower-priority-delay", 0) * NSEC_PER_SEC;
	garp->lower_repeat = (uint8_t)lift_number(node, "lower-priority-repeat", 1);
}

static void
lift_authentication(const struct lyd_node *node, struct group_settings *to)
{
	const char *password;

	if (!node)
		return;
	password = tree_value(node, "password");
	to->auth = lift_is(node, "type", "ah") ? AUTH_AH : AUTH_TEXT;
	memcpy(to->password, password, strnlen(password, sizeof(to->password)));
}

static void
add_peer(struct lifting *l, const struct lyd_node *node, struct group_settings *to)
{
	struct ip address = lift_ip(node, "address");
	struct peer_settings *peer;

	if (address.family != to->family)
		return;
	peer = lift_add(l, PART_PEERS);
	peer->address = address;
	peer->minimum_ttl = (uint8_t)lift_number(node, "minimum-ttl", 255);
	to->peer_count++;
}

static void
add_route(struct lifting *l, const struct lyd_node *node, struct group_settings *to)
{
	struct prefix destination = lift_prefix(node, "prefix");
	const char *interface = tree_value(node, "interface");
	struct route_settings *route;

	if (destination.ip.family != to->family)
		return;
	route = lift_add(l, PART_ROUTES);
	route->destination = destination;
	route->gateway = lift_ip(node, "next-hop");
	route->source = lift_ip(node, "source");
	route->link = interface ? survey_find(l->survey, interface) : -1;
	route->table = lift_number(node, "table", 254);
	route->metric = lift_number(node, "metric", 0);
	route->blackhole = tree_child(node, "blackhole") != NULL;
	to->route_count++;
}

/* A network of all addresses restricts nothing, and the kernel does not keep it. */
static struct prefix
restriction(const struct prefix *network)
{
	return network->length > 0 ? *network : (struct prefix){ 0 };
}

/* A rule without addresses is for each family that the group has. */
static void
add_rule(struct lifting *l, const struct lyd_node *node, struct group_settings *to)
{
	struct prefix from = lift_prefix(node, "from"), target = lift_prefix(node, "to");
	const char *in = tree_value(node, "inbound-interface");
	const char *out = tree_value(node, "outbound-interface");
	struct rule_settings *rule;

	if ((from.ip.family && from.ip.family != to->family) ||
	    (target.ip.family && target.ip.family != to->family))
		return;
	rule = lift_add(l, PART_RULES);
	rule->priority = lift_number(node, "priority", 0);
	rule->family = to->family;
	rule->from = restriction(&from);
	rule->to = restriction(&target);
	rule->table = lift_number(node, "table", 254);
	rule->mark = lift_number(node, "mark", 0);
	lift_text(rule->in, sizeof(rule->in), in ? in : "");
	lift_text(rule->out, sizeof(rule->out), out ? out : "");
	to->rule_count++;
}

static nsec_t
lifetime(const struct lyd_node *node, const char *name)
{
	uint32_t seconds = lift_number(node, name, 0);

	return seconds == UINT32_MAX ? NSEC_NEVER : seconds * NSEC_PER_SEC;
}

static void
add_prefix(struct lifting *l, const struct lyd_node *node)
{
	struct advertised_prefix *prefix = lift_add(l, PART_PREFIXES);

	prefix->prefix = lift_prefix(node, "prefix");
	prefix->on_link = !tree_child(node, "no-on-link");
	prefix->autonomous = !tree_child(node, "no-autonomous");
	prefix->valid = lifetime(node, "valid-lifetime");
	prefix->preferred = lifetime(node, "preferred-lifetime");
}

static void
lift_advertiser(struct lifting *l, const struct lyd_node *node, struct group_settings *to)
{
	struct advertiser_settings *advertiser;
	uint32_t interval, first = lift_count(l, PART_PREFIXES);

	if (!node || to->family != 6)
		return;
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next) {
		if (strcmp(child->schema->name, "prefix") == 0)
			add_prefix(l, child);
	}
	interval = lift_number(node, "interval", 600);
	to->advertiser = (int32_t)lift_count(l, PART_ADVERTISERS);
	advertiser = lift_add(l, PART_ADVERTISERS);
	advertiser->interval = interval * NSEC_PER_SEC;
	advertiser->lifetime = lift_number(node, "lifetime", 3 * interval) * NSEC_PER_SEC;
	advertiser->managed = tree_child(node, "managed-flag") != NULL;
	advertiser->other = tree_child(node, "other-flag") != NULL;
	advertiser->mtu = lift_number(node, "mtu", 0);
	advertiser->prefix_first = first;
	advertiser->prefix_count = lift_count(l, PART_PREFIXES) - first;
}

static int32_t
program(struct lifting *l, const char *command, const char *user)
{
	char key[COMMAND_SIZE + USER_SIZE];
	struct program_settings *added;
	uint32_t number;
	bool is_new;

	if (!command)
		return -1;
	snprintf(key, sizeof(key), "%s:%s", user, command);
	number = nameset_add(&l->programs, key, &is_new);
	if (is_new) {
		added = lift_add(l, PART_PROGRAMS);
		lift_text(added->command, sizeof(added->command), command);
		lift_text(added->user, sizeof(added->user), user);
	}
	return (int32_t)number;
}

static const char *const script_names[GROUP_SCRIPTS] = {
	[SCRIPT_MASTER] = "master", [SCRIPT_BACKUP] = "backup",
	[SCRIPT_FAULT] = "fault", [SCRIPT_STOP] = "stop",
};

static void
lift_scripts(struct lifting *l, const struct lyd_node *node, struct group_settings *to)
{
	const char *user = node ? tree_value(node, "user") : NULL;

	for (unsigned i = 0; node && i < GROUP_SCRIPTS; i++)
		to->scripts[i] = program(l, tree_value(node, script_names[i]), user ? user : "");
}

/* The program of a sync group, of which any virtual router runs it that has none of its own for
 * this state: the first, because it is given to one only. */
struct common_program {
	const char *command;		/* NULL: none, or given to one */
	const char *user;
};

static void
collect_common(const struct lifting *l, struct common_program (*commons)[GROUP_SCRIPTS])
{
	for (uint32_t sync = 0; sync < l->syncs.count; sync++) {
		const struct lyd_node *entry = survey_entry(&l->survey->syncs,
		                                            l->syncs.list[sync]);
		const struct lyd_node *programs = tree_child(entry, "run-transition-scripts");
		const char *user = tree_value(programs, "user");

		for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
			commons[sync][i] = (struct common_program){
				.command = tree_value(programs, script_names[i]),
				.user = user ? user : "",
			};
	}
}

void
lift_sync_scripts(struct lifting *l)
{
	struct group_settings *groups = (struct group_settings *)l->parts[PART_GROUPS].list;
	struct common_program (*commons)[GROUP_SCRIPTS] = calloc(l->syncs.count + 1,
	                                                         sizeof(*commons));

	assert(commons);
	collect_common(l, commons);
	for (uint32_t i = 0; i < lift_count(l, PART_GROUPS); i++) {
		for (unsigned j = 0; groups[i].sync >= 0 && j < GROUP_SCRIPTS; j++) {
			struct common_program *common = &commons[groups[i].sync][j];

			if (!common->command || groups[i].scripts[j] >= 0)
				continue;
			groups[i].scripts[j] = program(l, common->command, common->user);
			common->command = NULL;
		}
	}
	free(commons);
}

/* The lists of a group. */
static void
lift_lists(struct lifting *l, const struct lyd_node *group, struct group_settings *to)
{
	to->peer_first = lift_count(l, PART_PEERS);
	to->route_first = lift_count(l, PART_ROUTES);
	to->rule_first = lift_count(l, PART_RULES);
	for (const struct lyd_node *node = lyd_child(group); node; node = node->next) {
		if (strcmp(node->schema->name, "peer-address") == 0)
			add_peer(l, node, to);
		else if (strcmp(node->schema->name, "virtual-route") == 0)
			add_route(l, node, to);
		else if (strcmp(node->schema->name, "virtual-rule") == 0)
			add_rule(l, node, to);
	}
}

/* In seconds: the interface's own, or else that of all. */
static uint32_t
start_delay(const struct lifting *l, const struct lyd_node *vrrp)
{
	const struct lyd_node *own = tree_child(vrrp, "start-delay");

	return own && tree_is_explicit(own) ? lift_number(vrrp, "start-delay", 0)
	                                    : l->survey->start_delay;
}

static void
lift_own(const struct lifting *l, const struct survey_group *from, struct group_settings *to)
{
	const struct lyd_node *node = from->node;
	const struct lyd_node *garp = tree_child(node, "garp");
	struct ip source = lift_ip(node, "hello-source-address");

	to->link = from->link;
	to->vrid = (uint8_t)from->vrid;
	to->version = (uint8_t)from->version;
	to->priority = (uint8_t)from->priority;
	to->preempt = from->preempt;
	to->accept = lift_is(node, "accept", "true");
	to->ignores_link = from->ignores_link;
	to->rfc_compatibility = from->rfc_compatibility;
	to->both_versions = to->family == 4 && tree_child(node, "version-2-compatibility") != NULL;
	to->sum_form = to->family == 4 && lift_is(node, "checksum", "rfc5798") ? SUM_PSEUDO
	                                                                       : SUM_MESSAGE;
	to->interval = from->version == 3
	                       ? lift_number(node, "fast-advertise-interval", 1000) * NSEC_PER_MSEC
	                       : lift_number(node, "advertise-interval", 1) * NSEC_PER_SEC;
	to->preempt_delay = lift_number(node, "preempt-delay", 0) * NSEC_PER_SEC;
	to->start_delay = start_delay(l, &node->parent->node) * NSEC_PER_SEC;
	if (source.family == to->family)
		to->hello_source = source;
	lift_garp(garp ? garp : l->survey->garp, &to->garp);
	lift_authentication(tree_child(node, "authentication"), to);
}

static void
lift_family(struct lifting *l, const struct survey_group *from, uint8_t family)
{
	struct group_settings group;
	bool is_new;

	memset(&group, 0, sizeof(group));	/* what lies between its members */
	group_settings_init(&group);
	group.family = family;
	lift_own(l, from, &group);
	if (from->sync) {
		group.sync = (int32_t)nameset_add(&l->syncs, from->sync, &is_new);
		if (is_new)
			lift_text(((struct sync_settings *)lift_add(l, PART_SYNCS))->name,
			          SYNC_NAME_SIZE, from->sync);
	}
	lift_addresses(l, from, &group);
	lift_lists(l, from->node, &group);
	lift_tracks(l, from->node, &group);
	lift_advertiser(l, tree_child(from->node, "router-advertisements"), &group);
	lift_scripts(l, tree_child(from->node, "run-transition-scripts"), &group);
	memcpy(lift_add(l, PART_GROUPS), &group, sizeof(group));
}

void
lift_group(struct lifting *l, const struct survey_group *from)
{
	if (from->has_v4)
		lift_family(l, from, 4);
	if (from->has_v6)
		lift_family(l, from, 6);
}
