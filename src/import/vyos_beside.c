/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Interfaces and conntrack-sync of a VyOS configuration.  Of an interface only what VRRP needs is
 * read: Tandem leaves alone what its configuration does not name.
 */
#include "import/vyos_beside.h"

#include <string.h>

#include "import/keyword.h"

/* Visit every interface with its vifs, by the name Linux knows it by. */
typedef void visit_interface(struct model *model, const struct statement *node, const char *name,
                             const char *kind);

static void
visit_all(struct model *model, const struct statement *interfaces, visit_interface *visit)
{
	for (const struct statement *kind = interfaces->first; kind; kind = kind->next) {
		for (const struct statement *s = kind->first; s; s = s->next) {
			const char *name = statement_word(s, 0);
			const struct statement *vifs = statement_find(s, "vif");

			visit(model, s, name, statement_word(kind, 0));
			for (const struct statement *vif = vifs ? vifs->first : NULL; vif;
			     vif = vif->next)
				visit(model, vif,
				      model_text(model, "%s.%s", name, statement_word(vif, 0)),
				      "vif");
		}
	}
}

static void
read_groups_of(struct model *model, const struct statement *node, const char *name,
               const char *kind UNUSED)
{
	const struct statement *vrrp = statement_find(node, "vrrp");
	const struct statement *list = vrrp ? statement_find(vrrp, "vrrp-group") : NULL;

	for (const struct statement *s = list ? list->first : NULL; s; s = s->next)
		vyos_read_group(model, s, model_text(model, "%s-%s", name, statement_word(s, 0)),
		                name);
}

void
vyos_beside_groups(struct model *model, const struct statement *interfaces)
{
	visit_all(model, interfaces, read_groups_of);
}

/* ------------------------------------------------------------------ interfaces */

/* A vif of it counts: its addresses stay, and the bond below it is the same. */
static bool
is_used(const struct model *model, const char *name)
{
	const char *sync = model->connsync.interface.text;

	if (sync && strcmp(sync, name) == 0)
		return true;
	for (size_t i = 0; i < model->group_count; i++) {
		const char *interface = model->groups[i].interface.text;

		if (interface && strcmp(interface, name) == 0)
			return true;
	}
	return false;
}

static void
read_address_of(struct model *model, const struct statement *node, const char *name,
                const char *kind UNUSED)
{
	const struct statement *addresses = statement_find(node, "address");

	if (!is_used(model, name))
		return;
	for (const struct statement *s = addresses ? addresses->first : NULL; s; s = s->next) {
		struct model_static *address;

		if (strncmp(statement_word(s, 0), "dhcp", 4) == 0) {
			findings_add(model->findings, FINDING_LEFT, s->place, name,
			             "an address by DHCP is not asked for; set a fixed one");
			continue;
		}
		address = MODEL_ADD(model, statics, static_count);
		address->address = keyword_said(s, 0);
		address->interface = name;
	}
}

/* VyOS's modes in the three that there are. */
static void
read_mode(struct model *model, const struct statement *node, struct model_bond *bond)
{
	const struct statement *s = statement_find(node, "mode");
	const char *mode = s ? keyword_below(s).text : "802.3ad";

	if (strcmp(mode, "802.3ad") == 0) {
		bond->mode = "lacp";
	} else if (strcmp(mode, "active-backup") == 0) {
		bond->mode = "active-backup";
	} else {
		bond->mode = "balanced";
		if (strcmp(mode, "xor-hash") != 0)
			findings_add(model->findings, FINDING_DIFFERS, s->place, bond->name,
			             "of the modes of a bond without protocol there is one, "
			             "balanced, which goes by addresses; %s is balanced now", mode);
	}
}

static void
add_member(struct model *model, const struct statement *s, const char *interface, const char *bond)
{
	*MODEL_ADD(model, bond_members, bond_member_count) = (struct model_member){
		s->place, interface, bond,
	};
}

static void
read_bond_of(struct model *model, const struct statement *node, const char *name,
             const char *kind)
{
	const struct statement *primary = statement_find(node, "primary");
	const struct statement *member = statement_find(node, "member");
	const struct statement *group = statement_find(node, "bond-group");
	struct model_bond *bond;

	if (strcmp(kind, "ethernet") == 0 && group)
		add_member(model, group, name, keyword_below(group).text);
	if (strcmp(kind, "bonding") != 0)
		return;
	bond = MODEL_ADD(model, bonds, bond_count);
	bond->place = node->place;
	bond->name = name;
	read_mode(model, node, bond);
	if (primary && strcmp(bond->mode, "active-backup") == 0)
		bond->primary = keyword_below(primary).text;
	member = member ? statement_find(member, "interface") : NULL;
	for (const struct statement *s = member ? member->first : NULL; s; s = s->next)
		add_member(model, s, statement_word(s, 0), name);
}

/* Tandem's active-backup has a primary, always. */
static void
choose_primaries(struct model *model)
{
	for (size_t i = 0; i < model->bond_count; i++) {
		struct model_bond *bond = &model->bonds[i];

		for (size_t j = 0; j < model->bond_member_count; j++) {
			if (strcmp(bond->mode, "active-backup") != 0 || bond->primary ||
			    strcmp(model->bond_members[j].bond, bond->name) != 0)
				continue;
			bond->primary = model->bond_members[j].interface;
			findings_add(model->findings, FINDING_DIFFERS, bond->place, bond->name,
			             "a bond of the mode active-backup has a primary; it is its "
			             "first port, %s, now", bond->primary);
		}
	}
}

void
vyos_beside_interfaces(struct model *model, const struct statement *interfaces)
{
	visit_all(model, interfaces, read_address_of);
	visit_all(model, interfaces, read_bond_of);
	choose_primaries(model);
}

/* ------------------------------------------------------------------ conntrack-sync */

static void
read_mechanism(struct model *model, const struct statement *s, void *into)
{
	struct model_connsync *connsync = into;
	const struct statement *vrrp = statement_find(s, "vrrp");
	const struct statement *sync = vrrp ? statement_find(vrrp, "sync-group") : NULL;

	if (sync)
		connsync->sync = keyword_below(sync);
	else
		keyword_find(model, FINDING_LEFT, s,
		             "connections follow a sync-group of VRRP and nothing else");
}

static void
read_interfaces(struct model *model, const struct statement *list, void *into)
{
	struct model_connsync *connsync = into;

	for (const struct statement *s = list->first; s; s = s->next) {
		const struct statement *peer = statement_find(s, "peer");

		if (connsync->interface.text) {
			keyword_find(model, FINDING_LEFT, s,
			             "there is one interface towards the partner, and it is %s",
			             connsync->interface.text);
			continue;
		}
		connsync->interface = keyword_said(s, 0);
		if (peer)
			connsync->peer = keyword_below(peer);
		if (statement_find(s, "port"))
			keyword_find(model, FINDING_UNNEEDED, statement_find(s, "port"),
			             "the port is the service's own");
	}
}

void
vyos_beside_service(struct model *model, const struct statement *service)
{
	static const char all[] = "connections of all protocols and addresses are replicated";
	static const char ours[] = "the service arranges this itself";
	static const struct keyword table[] = {
		{ "accept-protocol", KEYWORD_LEFT, .text = all },
		{ "disable-external-cache", KEYWORD_UNNEEDED, .text = ours },
		{ "disable-syslog", KEYWORD_UNNEEDED, .text = ours },
		{ "event-listen-queue-size", KEYWORD_UNNEEDED, .text = ours },
		{ "expect-sync", KEYWORD_LEFT, .text = "expected connections are not replicated" },
		{ "failover-mechanism", KEYWORD_CALL, .read = read_mechanism },
		{ "ignore-address", KEYWORD_LEFT, .text = all },
		{ "interface", KEYWORD_CALL, .read = read_interfaces },
		{ "listen-address", KEYWORD_UNNEEDED, .text = ours },
		{ "mcast-group", KEYWORD_UNNEEDED, .text = "the partner is named by its address" },
		{ "startup-resync", KEYWORD_UNNEEDED, .text = ours },
		{ "sync-queue-size", KEYWORD_UNNEEDED, .text = ours },
		{ NULL },
	};
	const struct statement *sync = statement_find(service, "conntrack-sync");

	for (const struct statement *s = service->first; s; s = s->next) {
		if (s != sync)
			keyword_find(model, FINDING_UNNEEDED, s,
			             "another service, which is not looked at");
	}
	if (!sync)
		return;
	model->connsync.is = true;
	model->connsync.place = sync->place;
	keyword_walk(model, sync, table, &model->connsync, "conntrack-sync");
}
