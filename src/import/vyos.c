/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what a VyOS configuration says of VRRP: "high-availability vrrp" with its groups, sync
 * groups and common parameters, and the vrrp-group of an interface, as it was before VyOS 1.2.  The
 * words of several versions stand beside each other.  VyOS runs keepalived, so that the model fits.
 * Interfaces and conntrack-sync are vyos_beside.c's, virtual servers vyos_balance.c's.
 */
#include "import/vyos.h"

#include <string.h>

#include "import/keyword.h"
#include "import/vyos_balance.h"
#include "import/vyos_beside.h"
#include "import/vyos_static.h"

static void
read_authentication(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct model_group *group = into;
	const struct statement *password = statement_find(s, "password");
	const struct statement *type = statement_find(s, "type");

	if (password)
		group->password = keyword_below(password);
	if (!type)
		return;
	group->authentication = keyword_below(type);
	if (strcmp(group->authentication.text, "plaintext-password") == 0)
		group->authentication.text = "PASS";
	else if (strcmp(group->authentication.text, "ah") == 0)
		group->authentication.text = "AH";
}

static void
read_addresses(struct model *model UNUSED, const struct statement *list, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = list->first; s; s = s->next) {
		struct model_address *address = MODEL_ADD(group, addresses, address_count);
		const struct statement *interface = statement_find(s, "interface");

		address->address = keyword_said(s, 0);
		address->excluded = statement_is(list, "excluded-address") ||
		                    statement_is(list, "virtual-address-excluded");
		if (interface)
			address->interface = keyword_below(interface).text;
	}
}

static void
read_peers(struct model *model UNUSED, const struct statement *list, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = list->first; s; s = s->next)
		MODEL_ADD(group, peers, peer_count)->address = keyword_said(s, 0);
}

static void
read_garp(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("interval", struct model_garp, interval),
		KEYWORD_FROM_BELOW("master-delay", struct model_garp, master_delay),
		KEYWORD_FROM_BELOW("master-refresh", struct model_garp, master_refresh),
		KEYWORD_FROM_BELOW("master-refresh-repeat", struct model_garp,
		                   master_refresh_repeat),
		KEYWORD_FROM_BELOW("master-repeat", struct model_garp, master_repeat),
		{ NULL },
	};

	keyword_walk(model, s, table, into, "garp");
}

static void
read_group_garp(struct model *model, const struct statement *s, void *into)
{
	read_garp(model, s, &((struct model_group *)into)->garp);
}

static void
read_scripts(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("backup", struct model_scripts, backup),
		KEYWORD_FROM_BELOW("fault", struct model_scripts, fault),
		KEYWORD_FROM_BELOW("master", struct model_scripts, master),
		KEYWORD_FROM_BELOW("stop", struct model_scripts, stop),
		{ NULL },
	};

	keyword_walk(model, s, table, into, "transition-script");
}

static void
read_group_scripts(struct model *model, const struct statement *s, void *into)
{
	read_scripts(model, s, &((struct model_group *)into)->scripts);
}

static void
read_sync_scripts(struct model *model, const struct statement *s, void *into)
{
	read_scripts(model, s, &((struct model_sync *)into)->scripts);
}

/* A check of its own, called as the group or sync group that has it. */
static void
read_health(struct model *model, const struct statement *s, const char *name,
            struct model_track *track)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("failure-count", struct model_check, fall),
		KEYWORD_FROM_BELOW("interval", struct model_check, interval),
		KEYWORD_FROM_BELOW("ping", struct model_check, command),
		KEYWORD_FROM_BELOW("script", struct model_check, command),
		KEYWORD_FROM_BELOW("timeout", struct model_check, timeout),
		{ NULL },
	};
	enum model_kind kind = statement_find(s, "ping") ? MODEL_PATH : MODEL_SCRIPT;
	struct model_check *check = model_add_check(model, s->place, kind, name);

	/* A group and a sync group may have the same name. */
	while (!check) {
		name = model_text(model, "%s-sync", name);
		check = model_add_check(model, s->place, kind, name);
	}
	check->interval = (struct said){ "60", s->place };
	check->fall = (struct said){ "3", s->place };
	keyword_walk(model, s, table, check, "health-check");
	*track = (struct model_track){ .kind = kind, .name = { name, s->place } };
}

static void
read_group_health(struct model *model, const struct statement *s, void *into)
{
	struct model_group *group = into;
	struct model_track *track = MODEL_ADD(group, tracks, track_count);

	read_health(model, s, group->name, track);
}

static void
read_sync_health(struct model *model, const struct statement *s, void *into)
{
	struct model_sync *sync = into;
	struct model_track *track = MODEL_ADD(sync, tracks, track_count);

	read_health(model, s, sync->name, track);
}

static void
read_track(struct model *model UNUSED, const struct statement *block, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		if (statement_is(s, "exclude-vrrp-interface"))
			group->ignores_link = keyword_said(s, 0);
		for (const struct statement *name = s->first;
		     name && statement_is(s, "interface"); name = name->next) {
			struct model_track *track = MODEL_ADD(group, tracks, track_count);

			track->kind = MODEL_INTERFACE;
			track->name = keyword_said(name, 0);
		}
	}
}

static struct model_sync *
find_sync(struct model *model, const struct statement *s, const char *name)
{
	struct model_sync *sync;

	for (size_t i = 0; i < model->sync_count; i++) {
		if (strcmp(model->syncs[i].name, name) == 0)
			return &model->syncs[i];
	}
	sync = MODEL_ADD(model, syncs, sync_count);
	sync->place = s->place;
	sync->name = name;
	return sync;
}

/* The older form: a group says its sync group. */
static void
read_own_sync(struct model *model, const struct statement *s, void *into)
{
	struct model_group *group = into;
	struct model_sync *sync = find_sync(model, s, keyword_below(s).text);

	*MODEL_ADD(sync, members, member_count) = (struct said){ group->name, s->place };
}

static void
read_preempt(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct model_group *group = into;

	if (strcmp(keyword_below(s).text, "false") == 0)
		group->no_preempt = keyword_below(s);
}

#define GROUP(word, member) KEYWORD_FROM_BELOW(word, struct model_group, member)

static const struct keyword group_words[] = {
	{ "address", KEYWORD_CALL, .read = read_addresses },
	GROUP("advertise-interval", interval),
	{ "authentication", KEYWORD_CALL, .read = read_authentication },
	GROUP("description", description),
	GROUP("disable", disable),
	{ "excluded-address", KEYWORD_CALL, .read = read_addresses },
	{ "garp", KEYWORD_CALL, .read = read_group_garp },
	{ "health-check", KEYWORD_CALL, .read = read_group_health },
	GROUP("hello-source-address", multicast_source),
	GROUP("interface", interface),
	GROUP("no-preempt", no_preempt),
	{ "peer-address", KEYWORD_CALL, .read = read_peers },
	{ "preempt", KEYWORD_CALL, .read = read_preempt },
	GROUP("preempt-delay", preempt_delay),
	GROUP("priority", priority),
	GROUP("rfc-compatibility", virtual_mac),
	GROUP("rfc3768-compatibility", virtual_mac),
	{ "run-transition-scripts", KEYWORD_CALL, .read = read_group_scripts },
	{ "sync-group", KEYWORD_CALL, .read = read_own_sync },
	{ "track", KEYWORD_CALL, .read = read_track },
	{ "transition-script", KEYWORD_CALL, .read = read_group_scripts },
	{ "virtual-address", KEYWORD_CALL, .read = read_addresses },
	{ "virtual-address-excluded", KEYWORD_CALL, .read = read_addresses },
	GROUP("vrid", vrid),
	{ NULL },
};

void
vyos_read_group(struct model *model, const struct statement *node, const char *name,
                const char *interface)
{
	struct model_group *group = model_add_group(model, node->place, name);

	if (!group) {
		keyword_find(model, FINDING_LEFT, node, "there are two groups of the name %s; the "
		             "first counts", name);
		return;
	}
	if (interface) {
		group->interface = (struct said){ interface, node->place };
		group->vrid = keyword_said(node, 0);
	}
	keyword_walk(model, node, group_words, group, "a group");
}

/* ------------------------------------------------------------------ high-availability */

static void
read_groups(struct model *model, const struct statement *list, void *into UNUSED)
{
	for (const struct statement *s = list->first; s; s = s->next)
		vyos_read_group(model, s, statement_word(s, 0), NULL);
}

static void
read_members(struct model *model UNUSED, const struct statement *list, void *into)
{
	struct model_sync *sync = into;

	for (const struct statement *s = list->first; s; s = s->next)
		*MODEL_ADD(sync, members, member_count) = keyword_said(s, 0);
}

static void
read_sync_groups(struct model *model, const struct statement *list, void *into UNUSED)
{
	static const struct keyword table[] = {
		{ "health-check", KEYWORD_CALL, .read = read_sync_health },
		{ "member", KEYWORD_CALL, .read = read_members },
		{ "transition-script", KEYWORD_CALL, .read = read_sync_scripts },
		{ NULL },
	};

	for (const struct statement *s = list->first; s; s = s->next)
		keyword_walk(model, s, table, find_sync(model, s, statement_word(s, 0)),
		             "a sync-group");
}

/* What is said once for all groups. */
struct common {
	struct model_garp garp;
	struct said version, start_delay, disable;
};

static void
read_common_garp(struct model *model, const struct statement *s, void *into)
{
	read_garp(model, s, &((struct common *)into)->garp);
}

static void
read_parameters(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		{ "garp", KEYWORD_CALL, .read = read_common_garp },
		KEYWORD_FROM_BELOW("startup-delay", struct common, start_delay),
		KEYWORD_FROM_BELOW("version", struct common, version),
		{ NULL },
	};

	keyword_walk(model, s, table, into, "global-parameters");
}

static void
read_vrrp(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		{ "global-parameters", KEYWORD_CALL, .read = read_parameters },
		{ "group", KEYWORD_CALL, .read = read_groups },
		{ "snmp", KEYWORD_LEFT,
		  .text = "there is no SNMP; 'tandem show vrrp --json' has the figures" },
		{ "sync-group", KEYWORD_CALL, .read = read_sync_groups },
		{ NULL },
	};

	keyword_walk(model, s, table, into, "vrrp");
}

static void
read_high_availability(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_FROM_BELOW("disable", struct common, disable),
		{ "virtual-server", KEYWORD_CALL, .read = vyos_balance_read },
		{ "vrrp", KEYWORD_CALL, .read = read_vrrp },
		{ NULL },
	};

	keyword_walk(model, s, table, into, "high-availability");
}

static void
read_top(struct model *model, const struct statement *root, void *into)
{
	for (const struct statement *s = root->first; s; s = s->next) {
		if (statement_is(s, "high-availability"))
			read_high_availability(model, s, into);
		else if (statement_is(s, "interfaces"))
			vyos_beside_groups(model, s);
		else if (statement_is(s, "service"))
			vyos_beside_service(model, s);
		else if (statement_is(s, "protocols"))
			vyos_static_read(model, s);
		else
			keyword_find(model, FINDING_UNNEEDED, s,
			             "another part of the router, which is not looked at");
	}
}

void
vyos_read(struct model *model, const struct statement *root)
{
	const struct statement *interfaces = statement_find(root, "interfaces");
	struct common common = { .garp = { { NULL } } };

	read_top(model, root, &common);
	for (size_t i = 0; i < model->group_count; i++) {
		struct model_group *group = &model->groups[i];

		model_inherit(&group->version, &common.version);
		model_inherit(&group->start_delay, &common.start_delay);
		model_inherit(&group->disable, &common.disable);
		model_inherit_garp(&group->garp, &common.garp);
	}
	if (interfaces)
		vyos_beside_interfaces(model, interfaces);
	model_join(model);
}
