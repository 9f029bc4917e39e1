/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Status records, settings and kernel links become tandem-state trees.  Groups come in the order
 * of the configuration, whether the engine has published a record of them or not; a group without
 * one is INIT.  Alarms become sentences that name who is at the other end.
 *
 * Interface names and descriptions are bytes of the kernel's and may be anything: what YANG's
 * string does not take is shown as "?".  Every other node is ours, so a refusal of libyang is our
 * bug.
 */
#include "config/lower.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* ------------------------------------------------------------------ leaves */

static struct lyd_node *
put_container(const struct ly_ctx *schema, struct lyd_node **tree, const char *name)
{
	const struct lys_module *module = ly_ctx_get_module_implemented(schema, "tandem-state");
	struct lyd_node *node = NULL;

	assert(module);
	if (lyd_new_inner(NULL, module, name, 0, &node) != LY_SUCCESS ||
	    lyd_insert_sibling(*tree, node, tree) != LY_SUCCESS)
		assert(!"the state module has this container");
	return node;
}

static struct lyd_node *
put_inner(struct lyd_node *parent, const char *name)
{
	struct lyd_node *node = NULL;

	if (lyd_new_inner(parent, NULL, name, 0, &node) != LY_SUCCESS)
		assert(!"the state module has this container");
	return node;
}

/* A copy in which everything that YANG's string does not take is "?"; heap. */
static char *
clean_copy(const char *text)
{
	char *clean = strdup(text);

	assert(clean);
	for (char *at = clean; *at; ) {
		unsigned size = utf8_size(at);

		if (size == 0 || (unsigned char)*at < 0x20 || *at == 0x7f) {
			*at = '?';
			size = 1;
		}
		at += size;
	}
	return clean;
}

static void
put_text(struct lyd_node *parent, const char *name, const char *text)
{
	char *clean = clean_copy(text);

	if (lyd_new_term(parent, NULL, name, clean, 0, NULL) != LY_SUCCESS)
		assert(!"the state module has this leaf");
	free(clean);
}

static void
put_number(struct lyd_node *parent, const char *name, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	put_text(parent, name, text);
}

static void
put_bool(struct lyd_node *parent, const char *name, bool value)
{
	put_text(parent, name, value ? "true" : "false");
}

static void
put_ip(struct lyd_node *parent, const char *name, const struct ip *ip)
{
	char text[IP_TEXT_SIZE];

	if (ip->family != 0)
		put_text(parent, name, ip_text(ip, text));
}

/* An entry of list name; the second key may be NULL. */
static struct lyd_node *
put_entry(struct lyd_node *parent, const char *name, const char *key, const char *second)
{
	struct lyd_node *node = NULL;
	char *clean = clean_copy(key);

	if (lyd_new_list(parent, NULL, name, 0, &node, clean, second) != LY_SUCCESS)
		assert(!"the state module has this list");
	free(clean);
	return node;
}

/* ------------------------------------------------------------------ alarms in words */

/* "10.0.0.2 (00:11:22:33:44:55)" */
#define PARTY_TEXT_SIZE (IP_TEXT_SIZE + MAC_TEXT_SIZE + 4)

static const char *
party_text(const struct ip *ip, const struct mac *mac, char text[PARTY_TEXT_SIZE])
{
	char ip_buffer[IP_TEXT_SIZE];
	char mac_buffer[MAC_TEXT_SIZE];

	if (ip->family == 0)
		snprintf(text, PARTY_TEXT_SIZE, "another router");
	else if (!mac || mac_is_zero(mac))
		snprintf(text, PARTY_TEXT_SIZE, "%s", ip_text(ip, ip_buffer));
	else
		snprintf(text, PARTY_TEXT_SIZE, "%s (%s)", ip_text(ip, ip_buffer),
		         mac_text(mac, mac_buffer));
	return text;
}

/* Who sent what is complained of: the last refused sender if it was refused for a fault of this
 * kind, else the master last heard. */
static const char *
offender_text(const struct vrouter_status *record, enum advert_fault first,
              enum advert_fault last, char text[PARTY_TEXT_SIZE])
{
	bool refused = record->last_fault >= first && record->last_fault <= last;

	return refused ? party_text(&record->offender, &record->offender_mac, text) :
	                 party_text(&record->master_source, &record->master_mac, text);
}

/* The address our advertisements come from: the virtual one or the interface's own. */
static struct mac
own_mac(const struct lower_facts *facts, const struct group_settings *group,
        const struct vrouter_status *record)
{
	const struct ifworld_link *link = !facts->world ? NULL :
		ifworld_named(facts->world, record->interface);

	if (group->rfc_compatibility)
		return group_virtual_mac(record->family, group->vrid);
	return link ? link->mac : (struct mac){ { 0 } };
}

static void
put_alarm(struct lyd_node *node, const struct lower_facts *facts,
          const struct group_settings *group, const struct vrouter_status *record,
          enum vrouter_alarm alarm)
{
	struct mac mac = own_mac(facts, group, record);
	char text[512];
	char them[PARTY_TEXT_SIZE];
	char us[PARTY_TEXT_SIZE];

	party_text(&record->source, &mac, us);
	switch (alarm) {
	case ALARM_TWO_MASTERS:
		party_text(&record->master_source, &record->master_mac, them);
		snprintf(text, sizeof(text), "two masters: %s keeps sending as master of this "
		         "group while this router, %s, is master", them, us);
		break;
	case ALARM_ADDRESS_LIST:
		party_text(&record->master_source, &record->master_mac, them);
		snprintf(text, sizeof(text), "%s has other virtual addresses for this group than "
		         "this router", them);
		break;
	case ALARM_VERSION:
		offender_text(record, ADVERT_VERSION, ADVERT_VERSION, them);
		snprintf(text, sizeof(text), "%s speaks another VRRP version for this group; "
		         "this router is set to version %u", them, group->version);
		break;
	case ALARM_INTERVAL:
		offender_text(record, ADVERT_INTERVAL, ADVERT_INTERVAL, them);
		snprintf(text, sizeof(text), "%s advertises at another interval for this group; "
		         "this router is set to %llu ms", them,
		         (unsigned long long)(group->interval / NSEC_PER_MSEC));
		break;
	case ALARM_AUTH:
		offender_text(record, ADVERT_AUTH_INVALID, ADVERT_AUTH_FAILED, them);
		snprintf(text, sizeof(text), "%s has another authentication type or password for "
		         "this group", them);
		break;
	case ALARM_LOOPED:
		snprintf(text, sizeof(text), "advertisements of this router, %s, come back to "
		         "it: a loop in the network, or another router with its address", us);
		break;
	case ALARM_TRANSMIT:
		snprintf(text, sizeof(text), "the kernel refuses to send advertisements: "
		         "%llu times so far",
		         (unsigned long long)record->counters.transmit_errors);
		break;
	case VROUTER_ALARMS:
		return;
	}
	put_text(node, "alarm", text);
}

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
		                                   advert_fault_name((enum advert_fault)i), NULL);

		put_number(fault, "count", counters->faults[i]);
	}
	if (record->offender.family == 0)
		return;
	snprintf(text, sizeof(text), "%s: %s",
	         party_text(&record->offender, &record->offender_mac, offender),
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
	const struct prefix *addresses = settings_group_addresses(settings, group);
	uint8_t family = group->address_count > 0 ? addresses[0].ip.family : 4;
	struct mac mac = group_virtual_mac(family, group->vrid);
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
	for (uint32_t i = 0; i < group->address_count; i++)
		put_text(node, "virtual-address", prefix_text(&addresses[i], text));
}

/* What is. */
static void
put_group_status(struct lyd_node *node, const struct lower_facts *facts,
                 const struct group_settings *group, const struct vrouter_status *record)
{
	enum vrouter_state state = (enum vrouter_state)record->state;

	put_text(node, "state", vrouter_state_name(state < VROUTER_STATES ? state : VROUTER_INIT));
	put_text(node, "reason", vrouter_reason_text((enum vrouter_reason)record->reason));
	put_bool(node, "lingering", record->lingering);
	if (record->last_transition > 0) {
		nsec_t since = nsec_max(facts->now - record->last_transition, 0);

		put_number(node, "since", (uint64_t)(since / NSEC_PER_MSEC));
		put_number(node, "last-transition",
		           (uint64_t)(facts->epoch - since / NSEC_PER_SEC));
	}
	put_bool(node, "address-owner", record->effective_priority == 255);
	put_ip(node, "source-address", &record->source);
	put_number(node, "effective-priority", record->effective_priority);
	if (state == VROUTER_BACKUP && record->master_source.family != 0) {
		put_ip(node, "master-router", &record->master_source);
		put_number(node, "master-priority", record->master_priority);
	}
	for (unsigned i = 0; i < VROUTER_ALARMS; i++) {
		if (record->alarms & 1u << i)
			put_alarm(node, facts, group, record, (enum vrouter_alarm)i);
	}
	put_statistics(node, record);
}

/* The record of a group; usually it stands at the group's own index. */
static const struct vrouter_status *
find_record(const struct lower_facts *facts, uint32_t index, const char *interface, uint8_t vrid)
{
	for (size_t i = 0; i < facts->record_count; i++) {
		const struct vrouter_status *record =
			&facts->records[(index + i) % facts->record_count];

		if (record->vrid == vrid && strcmp(record->interface, interface) == 0)
			return record;
	}
	return NULL;
}

/* Groups that were not started have no record: the engine has not seen them yet. */
static struct vrouter_status
unstarted(const struct group_settings *group, const char *interface)
{
	struct vrouter_status record = { .vrid = group->vrid, .state = VROUTER_INIT,
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
		                            NULL);
	return commons;
}

static void
join(struct common *common, const struct vrouter_status *record)
{
	char vrid[8];

	snprintf(vrid, sizeof(vrid), "%u", record->vrid);
	put_entry(common->node, "member", record->interface, vrid);
	common->differs = common->differs || (common->members > 0 &&
	                                      common->state != record->state);
	common->state = record->state;
	common->members++;
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

	for (uint32_t i = 0; i < settings->group_count; i++) {
		const struct group_settings *group = &settings_groups(settings)[i];
		const char *interface = settings_link_of(settings, group)->name;
		const struct vrouter_status *found = find_record(facts, i, interface, group->vrid);
		struct vrouter_status record = found ? *found : unstarted(group, interface);
		char vrid[8];

		snprintf(vrid, sizeof(vrid), "%u", group->vrid);

		struct lyd_node *node = put_entry(root, "group", interface, vrid);

		put_group_settings(node, settings, group);
		put_group_status(node, facts, group, &record);
		if (group->sync >= 0)
			join(&commons[group->sync], &record);
	}
	for (uint32_t i = 0; i < settings->sync_count; i++)
		put_text(commons[i].node, "state",
		         commons[i].differs || commons[i].members == 0 ? "UNKNOWN" :
		         vrouter_state_name((enum vrouter_state)commons[i].state));
	free(commons);
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
	};
	int index = settings ? settings_find_link(settings, link->name) : -1;

	_Static_assert(ARRAY_SIZE(names) == LINK_KINDS, "every kind has a name");
	if (index >= 0)
		return names[settings_links(settings)[index].kind];
	if (strcmp(link->name, "lo") == 0)
		return "loopback";
	if (is_virtual_link(settings, link->name))
		return "vrrp";

	switch ((enum ifworld_kind)link->kind) {
	case IFWORLD_BOND:
		return "bonding";
	case IFWORLD_VLAN:
		return "vif";
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
		struct lyd_node *node = put_entry(root, "interface", link->name, NULL);
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
	struct lyd_node *root = put_container(schema, tree, "system-state");

	put_text(root, "version", TANDEM_VERSION);
	put_number(root, "revision", facts->revision);
	put_number(root, "adopted-revision", facts->adopted_revision);
	put_bool(root, "engine-running", facts->engine_running);
	put_number(root, "engine-restarts", facts->engine_restarts);
	put_bool(root, "saved", facts->saved);
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
