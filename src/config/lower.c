/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status records, settings and kernel links become tandem-state trees.  Groups come in the order
 * of the configuration, whether the engine has published a record of them or not; a group without
 * one is INIT.  Alarms become sentences that name who is at the other end.
 */
#include "config/lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/lower_alarm.h"
#include "config/lower_fault.h"
#include "config/put.h"

/* ------------------------------------------------------------------ groups */

static void
put_statistics(struct lyd_node *group, const struct vrouter_status *record)
{
	const struct vrouter_counters *counters = &record->counters;
	struct lyd_node *node = put_inner(group, "statistics");
	char offender[PARTY_TEXT_SIZE];
	char text[PARTY_TEXT_SIZE + 64];

	put_number(node, "advertisements-received", counters->adverts_received);
	put_number(node, "advertisements-sent", counters->adverts_sent);
	put_number(node, "became-master", counters->became_master);
	put_number(node, "released-master", counters->released_master);
	put_number(node, "priority-zero-received", counters->priority_zero_received);
	put_number(node, "priority-zero-sent", counters->priority_zero_sent);
	put_number(node, "address-list-differs", counters->address_list_differs);
	put_number(node, "transmit-errors", counters->transmit_errors);
	for (unsigned i = ADVERT_OK + 1; i < ADVERT_FAULTS; i++) {
		struct lyd_node *fault = put_entry(node, "fault",
		                                   advert_fault_name((enum advert_fault)i), NULL,
		                                   NULL);

		put_number(fault, "count", counters->faults[i]);
	}
	if (record->offender.family == 0)
		return;
	snprintf(text, sizeof(text), "%s: %s",
	         lower_party_text(&record->offender, &record->offender_mac, offender),
	         advert_fault_name((enum advert_fault)record->last_fault));
	put_text(node, "last-offender", text);
}

/* What was asked for. */
static void
put_group_settings(struct lyd_node *node, const struct settings *settings,
                   const struct group_settings *group)
{
	static const char *const auth_names[] = {
		[AUTH_NONE] = "none",
		[AUTH_TEXT] = "plaintext-password",
		[AUTH_AH] = "ah",
	};
	const struct address_settings *addresses = settings_group_addresses(settings, group);
	const struct peer_settings *peers = &settings_peers(settings)[group->peer_first];
	struct mac mac = group_virtual_mac(group->family, group->vrid);
	char text[PREFIX_TEXT_SIZE];

	_Static_assert(ARRAY_SIZE(auth_names) == AUTH_TYPES, "every type has a name");
	put_number(node, "version", group->version);
	put_text(node, "rfc-interface", group->vmac_name);
	put_text(node, "virtual-mac", mac_text(&mac, text));
	put_number(node, "configured-priority", group->priority);
	put_number(node, "advertise-interval", (uint64_t)(group->interval / NSEC_PER_MSEC));
	put_text(node, "authentication-type", auth_names[group->auth]);
	put_bool(node, "preempt", group->preempt);
	if (group->preempt_delay > 0)
		put_number(node, "preempt-delay", (uint64_t)(group->preempt_delay / NSEC_PER_SEC));
	if (group->start_delay > 0)
		put_number(node, "start-delay", (uint64_t)(group->start_delay / NSEC_PER_SEC));
	/* Version 2 knows no accept mode: it always accepts. */
	put_bool(node, "accept", group->version == 2 || group->accept);
	if (group->sync >= 0)
		put_text(node, "sync-group", settings_syncs(settings)[group->sync].name);
	if (group->both_versions)
		put_bool(node, "version-2-compatibility", true);
	if (group->ignores_link)
		put_bool(node, "exclude-vrrp-interface", true);
	for (uint32_t i = 0; i < group_held_count(group); i++)
		put_text(node, i < group->address_count ? "virtual-address" : "excluded-address",
		         prefix_text(&addresses[i].prefix, text));
	for (uint32_t i = 0; i < group->peer_count; i++)
		put_ip(node, "peer-address", &peers[i].address);
}

static void
put_tracks(struct lyd_node *node, const struct settings *settings,
           const struct group_settings *group, const struct vrouter_status *record)
{
	for (uint32_t i = 0; i < group->track_count; i++) {
		const struct track_settings *track =
			&settings_tracks(settings)[group->track_first + i];
		const struct object_settings *object =
			&settings_objects(settings)[track->object];
		bool known = record->tracks_known & 1u << i;
		bool up = record->tracks_up & 1u << i;
		const char *name, *kind = lower_track_words(settings, object, &name);
		struct lyd_node *entry = put_entry(node, "track", kind, name, NULL);
		char weight[8];

		put_text(entry, "state", !known ? "UNKNOWN" : up ? "UP" : "DOWN");
		snprintf(weight, sizeof(weight), "%d", track->weight);
		if (track->weight != 0)
			put_text(entry, "weight", weight);
	}
}

/* As backup: what is known of the master. */
static void
put_master(struct lyd_node *node, const struct group_settings *group,
           const struct vrouter_status *record)
{
	char text[MAC_TEXT_SIZE];

	put_ip(node, "master-router", &record->master_source);
	put_text(node, "master-mac", mac_text(&record->master_mac, text));
	put_number(node, "master-priority", record->master_priority);
	put_number(node, "master-version", record->master_version);
	if (group->version == 3)
		put_number(node, "master-interval",
		           (uint64_t)(record->master_interval / NSEC_PER_MSEC));
	if (group->version == 3 && group->family == 4 && record->master_sum_form < SUM_FORMS)
		put_text(node, "master-checksum",
		         record->master_sum_form == SUM_PSEUDO ? "rfc5798" : "rfc9568");
}

/* What is. */
static void
put_group_status(struct lyd_node *node, const struct lower_facts *facts,
                 const struct group_settings *group, const struct vrouter_status *record,
                 const struct lower_culprits *culprits)
{
	enum vrouter_state state = (enum vrouter_state)record->state;

	put_text(node, "state", vrouter_state_name(state < VROUTER_STATES ? state : VROUTER_INIT));
	put_text(node, "reason", vrouter_reason_text((enum vrouter_reason)record->reason));
	lower_fault_put(node, facts, group, record, culprits);
	put_bool(node, "lingering", record->lingering);
	if (record->last_transition > 0) {
		nsec_t since = nsec_max(facts->now - record->last_transition, 0);

		put_number(node, "since", (uint64_t)(since / NSEC_PER_MSEC));
		put_number(node, "last-transition",
		           (uint64_t)(facts->epoch - since / NSEC_PER_SEC));
	}
	put_bool(node, "address-owner", record->owner);
	put_ip(node, "source-address", &record->source);
	put_number(node, "effective-priority", record->effective_priority);
	if (state == VROUTER_BACKUP && record->master_source.family != 0)
		put_master(node, group, record);
	put_tracks(node, facts->settings, group, record);
	for (unsigned i = 0; i < VROUTER_ALARMS; i++) {
		char text[ALARM_TEXT_SIZE];

		if (!(record->alarms & 1u << i))
			continue;
		lower_alarm_text(facts, group, record, (enum vrouter_alarm)i, text);
		put_text(node, "alarm", text);
	}
	put_statistics(node, record);
}

/* The record of a group; usually it stands at the group's own index. */
static const struct vrouter_status *
find_record(const struct lower_facts *facts, uint32_t index, const char *interface,
            const struct group_settings *group)
{
	for (size_t i = 0; i < facts->record_count; i++) {
		const struct vrouter_status *record =
			&facts->records[(index + i) % facts->record_count];

		if (record->vrid == group->vrid && record->family == group->family &&
		    strcmp(record->interface, interface) == 0)
			return record;
	}
	return NULL;
}

/* Groups that were not started have no record: the engine has not seen them yet. */
static struct vrouter_status
unstarted(const struct group_settings *group, const char *interface)
{
	struct vrouter_status record = { .vrid = group->vrid, .family = group->family,
	                                 .state = VROUTER_INIT,
	                                 .effective_priority = group->priority };

	memcpy(record.interface, interface, sizeof(record.interface));
	return record;
}

/* ------------------------------------------------------------------ sync groups */

/* The members' common state so far. */
struct common {
	struct lyd_node *node;
	unsigned members;
	uint8_t state;
	bool differs;
};

static struct common *
put_sync_groups(struct lyd_node *root, const struct settings *settings)
{
	struct common *commons = calloc(settings->sync_count + 1, sizeof(*commons));

	assert(commons);
	for (uint32_t i = 0; i < settings->sync_count; i++)
		commons[i].node = put_entry(root, "sync-group", settings_syncs(settings)[i].name,
		                            NULL, NULL);
	return commons;
}

/* Of each sync group: who keeps it in FAULT. */
static struct lower_culprits *
blame(const struct lower_facts *facts)
{
	const struct settings *settings = facts->settings;
	struct lower_culprits *culprits = calloc(settings->sync_count + 1, sizeof(*culprits));

	assert(culprits);
	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		const char *interface = settings_link_of(settings, group)->name;
		const struct vrouter_status *record = find_record(facts, i, interface, group);

		if (group->sync >= 0 && record)
			lower_fault_blame(&culprits[group->sync], facts, group, record);
	}
	return culprits;
}

static void
join(struct common *common, const struct vrouter_status *record)
{
	put_vrouter(common->node, "member", record->interface, record->vrid, record->family);
	common->differs = common->differs || (common->members > 0 &&
	                                      common->state != record->state);
	common->state = record->state;
	common->members++;
}

/* ------------------------------------------------------------------ the engine as a whole */

/* Time since a moment, in milliseconds. */
static uint64_t
milliseconds_since(const struct lower_facts *facts, nsec_t moment)
{
	return (uint64_t)(nsec_max(facts->now - moment, 0) / NSEC_PER_MSEC);
}

static void
put_strangers(struct lyd_node *root, const struct lower_facts *facts)
{
	for (unsigned i = 0; i < STRANGERS_MAX; i++) {
		const struct stranger *stranger = &facts->engine->strangers[i];
		char text[MAC_TEXT_SIZE];
		struct lyd_node *node;

		if (stranger->interface[0] == '\0')
			continue;
		node = put_vrouter(root, "stranger", stranger->interface, stranger->vrid,
		                   stranger->family);
		put_number(node, "version", stranger->version);
		put_number(node, "priority", stranger->priority);
		put_ip(node, "source-address", &stranger->source);
		put_text(node, "mac", mac_text(&stranger->mac, text));
		put_number(node, "packets", stranger->packets);
		put_number(node, "since", milliseconds_since(facts, stranger->last));
	}
}

static void
put_lateness(struct lyd_node *root, const struct lower_facts *facts)
{
	const struct lateness *late = &facts->engine->lateness;
	struct lyd_node *node = put_inner(root, "lateness");

	for (unsigned i = 0; i < LATENESS_BUCKETS; i++) {
		char below[16];
		struct lyd_node *bucket;

		snprintf(below, sizeof(below), "%u",
		         i + 1 == LATENESS_BUCKETS ? UINT32_MAX : 10u << i);
		bucket = put_entry(node, "bucket", below, NULL, NULL);
		put_number(bucket, "advertisements", late->adverts[i]);
		put_number(bucket, "takeovers", late->takeovers[i]);
	}
	if (late->worst_advert_at > 0) {
		put_number(node, "worst-advertisement",
		           (uint64_t)(late->worst_advert / NSEC_PER_USEC));
		put_number(node, "worst-advertisement-since",
		           milliseconds_since(facts, late->worst_advert_at));
	}
	if (late->worst_takeover_at > 0) {
		put_number(node, "worst-takeover",
		           (uint64_t)(late->worst_takeover / NSEC_PER_USEC));
		put_number(node, "worst-takeover-since",
		           milliseconds_since(facts, late->worst_takeover_at));
	}
	put_number(node, "stalls", late->stalls);
}

void
lower_vrrp_state(const struct ly_ctx *schema, const struct lower_facts *facts,
                 struct lyd_node **tree)
{
	const struct settings *settings = facts->settings;
	struct lyd_node *root = put_container(schema, tree, "vrrp-state");

	if (!settings)
		return;

	struct common *commons = put_sync_groups(root, settings);
	struct lower_culprits *culprits = blame(facts);

	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		const char *interface = settings_link_of(settings, group)->name;
		const struct vrouter_status *found = find_record(facts, i, interface, group);
		struct vrouter_status record = found ? *found : unstarted(group, interface);
		struct lyd_node *node = put_vrouter(root, "group", interface, group->vrid,
		                                    group->family);

		put_group_settings(node, settings, group);
		put_group_status(node, facts, group, &record,
		                 group->sync >= 0 ? &culprits[group->sync] : NULL);
		if (group->sync >= 0)
			join(&commons[group->sync], &record);
	}
	for (uint32_t i = 0; i < settings->sync_count; i++)
		put_text(commons[i].node, "state",
		         commons[i].differs || commons[i].members == 0 ? "UNKNOWN" :
		         vrouter_state_name((enum vrouter_state)commons[i].state));
	free(culprits);
	free(commons);
	if (facts->engine) {
		put_strangers(root, facts);
		put_lateness(root, facts);
	}
}

/* ------------------------------------------------------------------ interfaces */

static bool
is_virtual_link(const struct settings *settings, const char *name)
{
	for (uint32_t i = 0; settings && i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];

		if (group->rfc_compatibility && strcmp(group->vmac_name, name) == 0)
			return true;
	}
	return false;
}

/* The configuration's word for a link, or the nearest for one it does not know. */
static const char *
kind_text(const struct settings *settings, const struct ifworld_link *link)
{
	static const char *const names[] = {
		[LINK_DATAPLANE] = "dataplane",
		[LINK_BOND] = "bonding",
		[LINK_VIF] = "vif",
		[LINK_SWITCH] = "switch",
		[LINK_LOOPBACK] = "loopback",
	};
	int index = settings ? settings_find_link(settings, link->name) : -1;

	_Static_assert(ARRAY_SIZE(names) == LINK_KINDS, "every kind has a name");
	if (index >= 0)
		return names[settings_links(settings)[index].kind];
	if (is_virtual_link(settings, link->name))
		return "vrrp";

	switch ((enum ifworld_kind)link->kind) {
	case IFWORLD_BOND:
		return "bonding";
	case IFWORLD_VLAN:
		return "vif";
	case IFWORLD_BRIDGE:
		return "switch";
	case IFWORLD_LOOPBACK:
	case IFWORLD_DUMMY:
		return "loopback";
	case IFWORLD_MACVLAN:
	case IFWORLD_OTHER:
		break;
	}
	return "other";
}

static void
put_address(struct lyd_node *node, const struct ifworld_address *address)
{
	char text[PREFIX_TEXT_SIZE];

	put_text(node, "address", prefix_text(&address->prefix, text));
}

void
lower_interfaces_state(const struct ly_ctx *schema, const struct lower_facts *facts,
                       struct lyd_node **tree)
{
	const struct ifworld *world = facts->world;
	struct lyd_node *root = put_container(schema, tree, "interfaces-state");
	const struct ifworld_link *link = NULL;

	while (world && (link = ifworld_next_link(world, link)) != NULL) {
		struct lyd_node *node = put_entry(root, "interface", link->name, NULL, NULL);
		const struct ifworld_link *master = ifworld_link(world, link->master);
		const struct ifworld_address *address = NULL;
		char text[MAC_TEXT_SIZE];

		put_number(node, "index", (uint64_t)link->index);
		put_text(node, "kind", kind_text(facts->settings, link));
		put_bool(node, "admin-up", link->up);
		put_bool(node, "link-up", ifworld_usable(world, link));
		put_number(node, "mtu", link->mtu);
		put_text(node, "mac", mac_text(&link->mac, text));
		if (link->alias[0] != '\0')
			put_text(node, "description", link->alias);
		if (master && master->kind == IFWORLD_BOND)
			put_text(node, "bond-group", master->name);
		if (master && master->kind == IFWORLD_BRIDGE)
			put_text(node, "switch-group", master->name);
		while ((address = ifworld_next_own(world, link->index, address)) != NULL)
			put_address(node, address);
		while ((address = ifworld_next_virtual(world, link->index, address)) != NULL)
			put_address(node, address);
	}
}

/* ------------------------------------------------------------------ system */

void
lower_system_state(const struct ly_ctx *schema, const struct lower_system *facts,
                   struct lyd_node **tree)
{
	struct lyd_node *root = put_container(schema, tree, "system-state"), *forwarding;

	put_text(root, "version", TANDEM_VERSION);
	put_number(root, "revision", facts->revision);
	put_number(root, "adopted-revision", facts->adopted_revision);
	put_bool(root, "engine-running", facts->engine_running);
	put_number(root, "engine-restarts", facts->engine_restarts);
	put_bool(root, "saved", facts->saved);
	forwarding = put_inner(root, "forwarding");
	put_bool(forwarding, "ipv4", facts->around.forwards4);
	put_bool(forwarding, "ipv6", facts->around.forwards6);
	put_bool(root, "under-vmware", facts->around.vmware);
	for (const char *line = facts->problems; *line; ) {
		size_t length = strcspn(line, "\n");
		char *problem = strndup(line, length);

		assert(problem);
		if (length > 0)
			put_text(root, "problem", problem);
		free(problem);
		line += length + (line[length] == '\n');
	}
}
