/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lift of virtual servers.  Each real server of one has a check of its own, which the runner or
 * the prober tries as they try all others.  A virtual server with "disable" is left out.
 */
#include <stdio.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"
#include "core/balance.h"

static uint8_t
algorithm_of(const struct lyd_node *node)
{
	for (uint8_t i = 0; i < BALANCE_ALGORITHMS; i++)
		if (lift_is(node, "algorithm", balance_algorithm_name(i)))
			return i;
	return BALANCE_LEAST_CONNECTION;
}

/* Found by script, or else by its port. */
static int32_t
lift_real_check(struct lifting *l, const struct lyd_node *server, const struct lyd_node *node,
                const struct real_settings *real, uint8_t protocol)
{
	const char *script = tree_value(tree_child(node, "health-check"), "script");
	int32_t index = (int32_t)lift_count(l, PART_CHECKS);
	struct check_settings *check;
	char name[OBJECT_NAME_SIZE], text[IP_TEXT_SIZE];

	snprintf(name, sizeof(name), "real-server %s %s", tree_value(server, "name"),
	         ip_text(&real->address, text));
	check = lift_check(l, name, script                   ? CHECK_SCRIPT
	                            : protocol == VIRTUAL_UDP ? CHECK_ASK
	                                                      : CHECK_CONNECT);
	check->interval = lift_number(server, "delay-loop", 1) * NSEC_PER_SEC;
	check->timeout = lift_number(node, "connection-timeout", 1) * NSEC_PER_SEC;
	check->rise = (uint8_t)lift_number(server, "rise", 1);
	check->fall = (uint8_t)lift_number(server, "fall", 1);
	if (script) {
		lift_text(check->text, sizeof(check->text), script);
	} else {
		check->target = real->address;
		check->port = real->port;
	}
	return index;
}

static void
lift_real(struct lifting *l, const struct lyd_node *server, const struct lyd_node *node,
          struct virtual_settings *to)
{
	struct real_settings *real = lift_add(l, PART_REALS);

	real->address = lift_ip(node, "address");
	real->port = (uint16_t)lift_number(node, "port", to->port);
	real->weight = (uint16_t)lift_number(node, "weight", 1);
	real->drained = tree_child(node, "disable") != NULL;
	real->check = lift_real_check(l, server, node, real, to->protocol);
	to->real_count++;
	/* What is known by its mark has the family of its servers. */
	if (to->address.family == 0)
		to->family = real->address.family;
}

static void
lift_virtual_server(struct lifting *l, const struct lyd_node *node)
{
	struct virtual_settings *to = lift_add(l, PART_VIRTUALS);

	lift_text(to->name, sizeof(to->name), tree_value(node, "name"));
	to->address = lift_ip(node, "address");
	to->family = to->address.family ? to->address.family : 4;
	to->mark = lift_number(node, "fwmark", 0);
	to->port = (uint16_t)lift_number(node, "port", 0);
	to->protocol = lift_is(node, "protocol", "udp") ? VIRTUAL_UDP : VIRTUAL_TCP;
	to->algorithm = algorithm_of(node);
	to->method = lift_is(node, "forward-method", "direct")   ? BALANCE_DIRECT
	             : lift_is(node, "forward-method", "tunnel") ? BALANCE_TUNNEL
	                                                         : BALANCE_NAT;
	to->persistence = lift_number(node, "persistence-timeout", 0);
	to->real_first = lift_count(l, PART_REALS);
	for (const struct lyd_node *child = lyd_child(node); child; child = child->next)
		if (strcmp(child->schema->name, "real-server") == 0)
			lift_real(l, node, child, to);
}

void
lift_virtual_servers(struct lifting *l)
{
	const struct lyd_node *node = l->survey->service ? lyd_child(l->survey->service) : NULL;

	for (; node; node = node->next)
		if (strcmp(node->schema->name, "virtual-server") == 0 &&
		    !tree_child(node, "disable"))
			lift_virtual_server(l, node);
}
