/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * VLANs of switches: those that the configuration gives a port, or all ports of its switch, and
 * those that a switch has itself, because vifs on it are them.  It judges nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"
#include "core/vlanset.h"

static void
put(struct vlanset *set, uint32_t vlan, bool untagged, bool primary)
{
	vlanset_put(set, &(struct vlan_settings){ (uint16_t)vlan, (uint16_t)vlan, untagged,
	                                          primary });
}

/* Of a leaf-list of this name each VLAN. */
static void
put_each(struct vlanset *set, const struct lyd_node *parent, const char *name, bool untagged,
         uint32_t primary)
{
	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next) {
		uint32_t vlan;

		if (strcmp(node->schema->name, name) != 0)
			continue;
		vlan = (uint32_t)strtoul(lyd_get_value(node), NULL, 10);
		put(set, vlan, untagged, vlan == primary);
	}
}

void
lift_port_vlans(const struct survey *s, const struct survey_link *port, struct vlanset *set)
{
	const struct lyd_node *parameters = tree_child(port->switch_group, "port-parameters");
	const struct lyd_node *vlans;
	uint32_t primary;

	if (!parameters)
		parameters = tree_child(s->links[port->port_of].node, "default-port-parameters");
	vlans = parameters ? tree_child(parameters, "vlan-parameters") : NULL;
	if (!vlans)
		return;
	primary = lift_number(vlans, "primary-vlan-id", 0);
	if (lift_is(parameters, "mode", "trunk")) {
		put_each(set, vlans, "vlans", false, primary);
		put_each(set, vlans, "untagged-egress-vlans", true, primary);
	} else if (primary > 0) {
		put(set, primary, true, true);
	}
}

static void
collect_of_switch(const struct survey *s, const struct survey_link *from, struct vlanset *set)
{
	int number = (int)(from - s->links);

	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].parent == number)
			put(set, s->links[i].vlan, false, false);
	}
}

void
lift_vlans(struct lifting *l, const struct survey_link *from, struct link_settings *to)
{
	struct vlanset set = { 0 };
	struct vlan_settings range = { 0 };

	if (from->port_of >= 0)
		lift_port_vlans(l->survey, from, &set);
	else if (from->kind == SURVEY_SWITCH)
		collect_of_switch(l->survey, from, &set);
	to->vlan_first = lift_count(l, PART_VLANS);
	while (vlanset_next(&set, range.last, &range)) {
		*(struct vlan_settings *)lift_add(l, PART_VLANS) = range;
		to->vlan_count++;
	}
}
