/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Advice about services beside VRRP, and how they fit to it.
 *   L6  connsync follows another sync group than its interface
 *   L22 connsync's partner is not where it should be
 *   L24 a health check that no group tracks     L25 a path monitor probes this router itself
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/linting.h"
#include "config/tree.h"

/* ------------------------------------------------------------------ connsync */

struct connsync {
	const struct lyd_node *node;
	const struct lyd_node *sync;		/* the leaf sync-group, or NULL */
	const struct lyd_node *interface;	/* likewise */
	const struct lyd_node *peer;
	int link;				/* of interface, or -1 */
};

static struct connsync
find_connsync(const struct survey *s)
{
	struct connsync c = { .node = tree_child(s->service, "connsync"), .link = -1 };
	const struct lyd_node *mechanism, *vrrp;

	if (!c.node)
		return c;
	mechanism = tree_child(c.node, "failover-mechanism");
	vrrp = mechanism ? tree_child(mechanism, "vrrp") : NULL;
	c.sync = vrrp ? tree_child(vrrp, "sync-group") : NULL;
	c.interface = tree_child(c.node, "interface");
	c.peer = tree_child(c.node, "remote-peer");
	if (c.interface)
		c.link = survey_find(s, lyd_get_value(c.interface));
	return c;
}

static void
advise_same_sync_group(const struct survey *s, const struct connsync *c,
                       struct problems *problems)
{
	const char *sync = c->sync ? lyd_get_value(c->sync) : NULL;

	for (size_t i = 0; sync && c->link >= 0 && i < s->links[c->link].group_count; i++) {
		const struct survey_group *group = &s->groups[s->links[c->link].group_first + i];

		if (!group->disable && (!group->sync || strcmp(group->sync, sync) != 0))
			rules_warning(problems, "L6", c->interface,
			              "its VRRP group %u is in %s%s, connsync follows %s: they "
			              "may be master on different routers; use one sync group",
			              group->vrid, group->sync ? "sync group " : "no sync group",
			              group->sync ? group->sync : "", sync);
	}
}

/* Has the interface addresses of the family, and none of them is of the network of this one?  An
 * interface without any may get one elsewhere. */
static bool
is_far(const struct survey *s, int link, const struct ip *ip)
{
	bool has_address = false;

	for (size_t i = 0; i < s->links[link].address_count; i++) {
		const struct prefix *own =
			&s->addresses[s->links[link].address_first + i].prefix;

		if (prefix_contains(own, ip))
			return false;
		has_address = has_address || own->ip.family == ip->family;
	}
	return has_address && !ip_is_link_local(ip);
}

static void
advise_peer(const struct survey *s, const struct connsync *c, struct problems *problems)
{
	struct ip ip;

	if (!c->peer || !ip_parse(lyd_get_value(c->peer), &ip))
		return;
	if (c->link >= 0 && is_far(s, c->link, &ip))
		rules_warning(problems, "L22", c->peer,
		              "is in no network of %s: what is replicated takes whatever route "
		              "there is, or none; use the other router's address on %s, or see "
		              "that a route leads there", lyd_get_value(c->interface),
		              lyd_get_value(c->interface));
}

/* ------------------------------------------------------------------ what is checked and probed */

static void
note_track(const struct lyd_node *track, struct nameset *tracked)
{
	for (const struct lyd_node *node = lyd_child(track); node; node = node->next) {
		char name[128];
		bool is_new;

		if (node->schema->nodetype != LYS_LIST || !tree_value(node, "name"))
			continue;
		snprintf(name, sizeof(name), "%s %s", node->schema->name,
		         tree_value(node, "name"));
		(void)nameset_add(tracked, name, &is_new);
	}
}

/* By groups, and by whole sync groups. */
static void
note_tracked(const struct survey *s, struct nameset *tracked)
{
	const struct lyd_node *sync = lyd_child(tree_child(s->service, "vrrp"));

	for (size_t i = 0; i < s->group_count; i++)
		note_track(tree_child(s->groups[i].node, "track"), tracked);
	for (; sync; sync = sync->next)
		note_track(tree_child(sync, "track"), tracked);
}

static void
advise_health_checks(const struct survey *s, struct problems *problems)
{
	const struct lyd_node *checks = tree_child(s->service, "health-check"), *node;
	struct nameset tracked = { 0 };

	note_tracked(s, &tracked);
	for (node = checks ? lyd_child(checks) : NULL; node; node = node->next) {
		char name[128];

		if (node->schema->nodetype != LYS_LIST)
			continue;
		snprintf(name, sizeof(name), "%s %s", node->schema->name,
		         tree_value(node, "name"));
		if (nameset_find(&tracked, name) < 0)
			rules_warning(problems, "L24", node,
			              "no group tracks this, so its result has no consequence; "
			              "track it: vrrp-group track %s, or delete it", name);
	}
	nameset_done(&tracked);
}

static void
advise_targets(const struct survey *s, struct problems *problems)
{
	const struct lyd_node *monitor = tree_child(s->service, "path-monitor"), *node;

	for (node = monitor ? lyd_child(monitor) : NULL; node; node = node->next) {
		const struct lyd_node *target = strcmp(node->schema->name, "host") == 0
			? tree_child(node, "target") : NULL;
		const struct survey_address *own = NULL;
		struct ip ip;

		if (target && ip_parse(lyd_get_value(target), &ip))
			own = survey_find_address(s, &ip);
		if (own)
			rules_warning(problems, "L25", target,
			              "is %s of this router, which answers itself whatever the "
			              "path is like; name a host at the other end",
			              own->group < 0 ? "an address" : "a virtual address");
	}
}

void
lint_service(const struct survey *s, struct problems *problems)
{
	struct connsync connsync;

	if (!s->service)
		return;
	connsync = find_connsync(s);
	if (connsync.node) {
		advise_same_sync_group(s, &connsync, problems);
		advise_peer(s, &connsync, problems);
	}
	advise_health_checks(s, problems);
	advise_targets(s, problems);
}
