/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of switches:
 *   I10  a switch-group names a configured switch     I12  VLANs of a port
 *   I11  what a port of a switch may not have         C10  a port of a switch runs no VRRP
 *   W8   a port without a VLAN                        W9   a vif whose VLAN no port carries
 */
#include <string.h>

#include "config/lifting.h"
#include "config/rules.h"
#include "config/tree.h"

/* Is the value one of this leaf-list? */
static bool
is_one_of(const struct lyd_node *parent, const char *name, const char *value)
{
	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next) {
		if (strcmp(node->schema->name, name) == 0 &&
		    strcmp(lyd_get_value(node), value) == 0)
			return true;
	}
	return false;
}

/* ------------------------------------------------------------------ ports */

static void
refuse_for_port(const struct survey_link *link, const char *name, struct problems *problems)
{
	const struct lyd_node *node = tree_child(link->node, name);

	if (node && tree_is_explicit(node))
		rules_error(problems, "I11", node,
		            "a port of a switch must not have this; configure it on a vif of the "
		            "switch, or delete switch-group");
}

static void
check_port(const struct survey *s, const struct survey_link *link, struct problems *problems)
{
	static const char *const not_on_ports[] = { "address", "ip", "ipv6", "vif" };
	const char *name = tree_value(link->switch_group, "switch");

	if (!name)
		rules_error(problems, "I10", link->switch_group,
		            "names no switch; set switch");
	else if (link->port_of < 0)
		rules_error(problems, "I10", tree_child(link->switch_group, "switch"),
		            "there is no such switch; add it: set interfaces switch %s", name);
	for (size_t i = 0; i < ARRAY_SIZE(not_on_ports); i++)
		refuse_for_port(link, not_on_ports[i], problems);
	for (size_t i = 0; i < link->group_count; i++)
		rules_error(problems, "C10", s->groups[link->group_first + i].node,
		            "a port of a switch cannot run VRRP; configure the group on a vif of "
		            "%s", name ? name : "the switch");
}

/* ------------------------------------------------------------------ their VLANs */

static void
check_access(const struct lyd_node *parameters, const struct lyd_node *vlans,
             struct problems *problems)
{
	const struct lyd_node *mode = tree_child(parameters, "mode");
	const struct lyd_node *child;

	if (!tree_child(vlans, "primary-vlan-id") && tree_is_explicit(mode))
		rules_error(problems, "I12", mode,
		            "a port of this mode has one VLAN; set vlan-parameters "
		            "primary-vlan-id");
	for (child = lyd_child(vlans); child; child = child->next) {
		if (strcmp(child->schema->name, "primary-vlan-id") != 0)
			rules_error(problems, "I12", child,
			            "only mode trunk has this; set mode trunk, or delete it");
	}
}

static void
check_trunk(const struct lyd_node *vlans, struct problems *problems)
{
	const struct lyd_node *child;

	for (child = lyd_child(vlans); child; child = child->next) {
		if (strcmp(child->schema->name, "vlans") != 0 &&
		    !is_one_of(vlans, "vlans", lyd_get_value(child)))
			rules_error(problems, "I12", child,
			            "the trunk does not carry this VLAN; set vlans %s",
			            lyd_get_value(child));
	}
}

static void
check_parameters(const struct lyd_node *parameters, struct problems *problems)
{
	const struct lyd_node *vlans = parameters ? tree_child(parameters, "vlan-parameters") :
	                                            NULL;
	const char *mode;

	if (!vlans)
		return;
	mode = tree_value(parameters, "mode");
	if (!mode)
		rules_error(problems, "I12", parameters, "the mode is missing; set mode access or "
		            "mode trunk");
	else if (strcmp(mode, "trunk") == 0)
		check_trunk(vlans, problems);
	else
		check_access(parameters, vlans, problems);
}

/* ------------------------------------------------------------------ what leads nowhere */

/* Looks at the VLANs of a port, and adds them to those that the ports of its switch carry. */
static void
advise_port(const struct survey *s, const struct survey_link *link, struct vlanset *of_switch,
            struct problems *problems)
{
	struct vlanset set = { 0 };
	struct vlan_settings range = { 0 };

	lift_port_vlans(s, link, &set);
	if (!vlanset_next(&set, 0, &range))
		rules_warning(problems, "W8", link->switch_group,
		              "the port carries no VLAN, so nothing passes; set port-parameters, "
		              "or default-port-parameters of %s", s->links[link->port_of].name);
	for (range.last = 0; vlanset_next(&set, range.last, &range);)
		vlanset_put(of_switch, &range);
}

static void
advise_vif(const struct survey *s, const struct survey_link *link, const struct vlanset *carried,
           struct problems *problems)
{
	if (link->vlan <= VLAN_ID_MAX && !vlanset_has(carried, (uint16_t)link->vlan))
		rules_warning(problems, "W9", link->node,
		              "no port of %s carries VLAN %u, so nothing arrives here; set "
		              "vlan-parameters of a port", s->links[link->parent].name, link->vlan);
}

static void
advise_switch(const struct survey *s, int number, struct problems *problems)
{
	struct vlanset carried = { 0 };

	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].port_of == number)
			advise_port(s, &s->links[i], &carried, problems);
	}
	for (size_t i = 0; i < s->link_count; i++) {
		if (s->links[i].parent == number)
			advise_vif(s, &s->links[i], &carried, problems);
	}
}

void
switch_rules(const struct survey *s, struct problems *problems)
{
	for (size_t i = 0; i < s->link_count; i++) {
		const struct survey_link *link = &s->links[i];

		if (link->switch_group) {
			check_port(s, link, problems);
			check_parameters(tree_child(link->switch_group, "port-parameters"),
			                 problems);
		}
		if (link->kind != SURVEY_SWITCH)
			continue;
		check_parameters(tree_child(link->node, "default-port-parameters"), problems);
		advise_switch(s, (int)i, problems);
	}
}
