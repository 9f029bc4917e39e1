/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of the pair and its door.
 *   Q1  the pair is complete                     Q2  its addresses, and those of https, can be
 *   W6  https serves nobody                      W7  the peer cannot read this configuration
 * A router does not know its own fingerprint here; that it is not paired with itself is seen to
 * when it is paired.
 */
#include <string.h>

#include "config/rules.h"
#include "config/tree.h"

/* Is node the address of a station?  Addresses of the link itself need an interface that nothing
 * here names. */
static bool
check_address(const struct lyd_node *node, struct ip *ret_ip, struct problems *problems)
{
	if (ip_parse(lyd_get_value(node), ret_ip) && rules_is_usable(ret_ip) &&
	    !ip_is_link_local(ret_ip))
		return true;
	rules_error(problems, "Q2", node,
	            "is no address that a router can be reached at; use one of its interfaces, "
	            "and of IPv6 none that begins with fe80");
	return false;
}

static void
check_remote(const struct survey *s, const struct lyd_node *node, struct problems *problems)
{
	const struct survey_address *own;
	struct ip ip;

	if (!check_address(node, &ip, problems))
		return;
	own = survey_find_address(s, &ip);
	if (own)
		rules_error(problems, "Q2", node, "is %s of this router itself; name the other "
		            "router's own address",
		            own->group < 0 ? "an address" : "a virtual address");
}

static bool
check_pair(const struct survey *s, const struct lyd_node *pair, struct problems *problems)
{
	const struct lyd_node *fingerprint = tree_child(pair, "fingerprint");
	const struct lyd_node *port = tree_child(pair, "port");
	bool address = false;

	for (const struct lyd_node *node = lyd_child(pair); node; node = node->next) {
		if (strcmp(node->schema->name, "remote-address") != 0)
			continue;
		address = true;
		check_remote(s, node, problems);
	}
	if (!fingerprint && !address && !(port && tree_is_explicit(port)))
		return false;
	if (!fingerprint || !address)
		rules_error(problems, "Q1", pair, "%s is missing; 'pair ADDRESS', given on both "
		            "routers, sets it", fingerprint ? "remote-address" : "fingerprint");
	return true;
}

void
peer_rules(const struct survey *s, struct problems *problems)
{
	const struct lyd_node *pair = s->system ? tree_child(s->system, "pair") : NULL;
	const struct lyd_node *https = s->service ? tree_child(s->service, "https") : NULL;
	bool paired = pair && check_pair(s, pair, problems);
	struct ip ip;

	for (const struct lyd_node *node = https ? lyd_child(https) : NULL; node;
	     node = node->next) {
		if (strcmp(node->schema->name, "listen-address") == 0)
			(void)check_address(node, &ip, problems);
	}
	if (https && !paired)
		rules_warning(problems, "W6", https, "serves nobody: no pair is configured; give "
		              "'pair ADDRESS' on both routers, or delete it");
	if (paired && !https)
		rules_warning(problems, "W7", pair, "the other router cannot read this one's "
		              "configuration; set service https");
}
