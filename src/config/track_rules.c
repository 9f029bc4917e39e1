/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of what is tracked, and of the service that finds it out.
 *   C8  what a group tracks must be configured
 *   T1  a tracked route is a network           T2  the same thing is tracked once
 *   T3  a group tracks 31 things at most
 *   H1  what a check or monitor must have (the model's own)
 *   H2  a path monitor probes one host, in a way that the host has
 *   H3  its policies are configured            H4  addresses of hosts and of probes
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/nameset.h"
#include "config/rules.h"
#include "config/tree.h"

/* One place is connsync's. */
#define TRACKS_MAX (GROUP_TRACKS_MAX - 1)
#include "core/settings.h"

/* "script NAME", "monitor M policy P": what the service defines; more than a name can have. */
#define DEFINED_SIZE 256

/* ------------------------------------------------------------------ the service */

static const struct lyd_node *
below(const struct lyd_node *node, const char *name)
{
	return node ? tree_child(node, name) : NULL;
}

static bool
is_list(const struct lyd_node *node, const char *name)
{
	return node->schema->nodetype == LYS_LIST && strcmp(node->schema->name, name) == 0;
}

/* Defines what there is in a container, as "list NAME". */
static void
define(struct nameset *defined, const struct lyd_node *container)
{
	char name[DEFINED_SIZE];
	bool is_new;

	if (!container)
		return;
	for (const struct lyd_node *node = lyd_child(container); node; node = node->next) {
		snprintf(name, sizeof(name), "%s %s", node->schema->name, tree_value(node, "name"));
		(void)nameset_add(defined, name, &is_new);
	}
}

static bool
is_defined(const struct nameset *defined, const char *format, ...) PRINTF_LIKE(2, 3);

static bool
is_defined(const struct nameset *defined, const char *format, ...)
{
	char name[DEFINED_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	return nameset_find(defined, name) >= 0;
}

/* An address that probes can go to or come from; loopback is fine. */
static void
check_probe_address(const struct lyd_node *node, struct ip *ret_ip, struct problems *problems)
{
	static const uint8_t zero[16];

	*ret_ip = (struct ip){ 0 };
	if (!node)
		return;
	if (!ip_parse(lyd_get_value(node), ret_ip))
		rules_error(problems, "H4", node, "is not an address; write it like 192.0.2.1 or "
		            "2001:db8::1");
	else if (memcmp(ret_ip->bytes, zero, ip_size(ret_ip)) == 0 ||
	         (ret_ip->family == 4 && ret_ip->bytes[0] >= 224) ||
	         (ret_ip->family == 6 && ret_ip->bytes[0] == 0xff))
		rules_error(problems, "H4", node,
		            "is no address of a single host (multicast, reserved or none); name "
		            "another");
}

static void
check_host(const struct lyd_node *host, struct problems *problems)
{
	static const char *const ways[] = { "ping", "tcp" };
	struct ip target, source;

	check_probe_address(tree_child(host, "target"), &target, problems);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		const struct lyd_node *way = below(tree_child(host, "type"), ways[i]);
		const struct lyd_node *node = below(way, "source-address");

		check_probe_address(node, &source, problems);
		if (source.family && target.family && source.family != target.family)
			rules_error(problems, "H4", node,
			            "is of another family than the target %s; use an IPv%u address",
			            tree_value(host, "target"), target.family);
	}
}

static void
check_probe(const struct survey *survey, const struct lyd_node *monitor,
            struct problems *problems)
{
	const struct lyd_node *type = tree_child(monitor, "type");
	const struct lyd_node *ping = below(below(type, "ping"), "host");
	const struct lyd_node *tcp = below(below(type, "tcp"), "host"), *host;

	if (!ping == !tcp) {
		rules_error(problems, "H2", monitor,
		            ping ? "probes in one way only; delete type ping or type tcp"
		                 : "has nothing to probe; set type ping host, or type tcp host");
		return;
	}
	host = survey_entry(&survey->hosts, lyd_get_value(ping ? ping : tcp));
	if (!host)
		rules_error(problems, "H2", ping ? ping : tcp,
		            "there is no such host; add it: set service path-monitor host %s "
		            "target", lyd_get_value(ping ? ping : tcp));
	else if (tcp && !below(tree_child(host, "type"), "tcp"))
		rules_error(problems, "H2", tcp,
		            "the host has no port to connect to; set service path-monitor host %s "
		            "type tcp port", lyd_get_value(tcp));
}

/* Does the policy require anything of this kind of probe? */
static bool
requires(const struct lyd_node *policy, const char *kind)
{
	const struct lyd_node *node = below(below(tree_child(policy, "requires"), "type"), kind);

	return node && tree_is_explicit(node);
}

static void
check_monitor(const struct survey *survey, const struct lyd_node *monitor,
              struct nameset *defined, struct problems *problems)
{
	const struct lyd_node *type = tree_child(monitor, "type");
	bool tcp = below(below(type, "tcp"), "host") != NULL;

	check_probe(survey, monitor, problems);
	for (const struct lyd_node *node = lyd_child(monitor); node; node = node->next) {
		const struct lyd_node *policy;
		char name[DEFINED_SIZE];
		bool is_new;

		if (!is_list(node, "policy"))
			continue;
		snprintf(name, sizeof(name), "monitor %s policy %s", tree_value(monitor, "name"),
		         tree_value(node, "name"));
		(void)nameset_add(defined, name, &is_new);
		policy = survey_entry(&survey->policies, tree_value(node, "name"));
		if (!policy)
			rules_error(problems, "H3", node,
			            "there is no such policy; add it: set service path-monitor "
			            "policy %s", tree_value(node, "name"));
		else if (requires(policy, tcp ? "ping" : "tcp") &&
		         !requires(policy, tcp ? "tcp" : "ping"))
			rules_error(problems, "H3", node,
			            "the policy requires something of type %s only, and this "
			            "monitor is of type %s; attach another policy",
			            tcp ? "ping" : "tcp", tcp ? "tcp" : "ping");
	}
}

void
service_rules(const struct survey *survey, struct nameset *defined, struct problems *problems)
{
	const struct lyd_node *paths = below(survey->service, "path-monitor");

	define(defined, below(survey->service, "health-check"));
	define(defined, paths);
	for (const struct lyd_node *node = paths ? lyd_child(paths) : NULL; node;
	     node = node->next) {
		if (is_list(node, "host"))
			check_host(node, problems);
		else if (is_list(node, "monitor"))
			check_monitor(survey, node, defined, problems);
	}
}

/* ------------------------------------------------------------------ what a group tracks */

struct tracking {
	const struct survey *survey;
	const struct nameset *defined;
	struct problems *problems;
	struct nameset seen;		/* what this group tracks so far */
};

static void
note(struct tracking *t, const struct lyd_node *node, const char *kind, const char *name)
{
	char text[DEFINED_SIZE + 16];
	bool is_new;

	snprintf(text, sizeof(text), "%s %s", kind, name);
	(void)nameset_add(&t->seen, text, &is_new);
	if (!is_new)
		rules_error(t->problems, "T2", node,
		            "the group tracks this twice; delete one");
}

static void
check_route(struct tracking *t, const struct lyd_node *node)
{
	const struct lyd_node *key = tree_first_key(node);
	struct prefix network;
	char text[PREFIX_TEXT_SIZE];

	if (rules_network(key, "T1", &network, t->problems))
		note(t, node, "route-to", prefix_text(&network, text));
}

static void
check_policies(struct tracking *t, const struct lyd_node *path_monitor)
{
	for (const struct lyd_node *m = lyd_child(path_monitor); m; m = m->next) {
		const char *monitor = tree_value(m, "name");
		bool exists = is_defined(t->defined, "monitor %s", monitor);

		if (!exists)
			rules_error(t->problems, "C8", m,
			            "there is no such path monitor; add it: set service "
			            "path-monitor monitor %s", monitor);
		for (const struct lyd_node *p = lyd_child(m); p; p = p->next) {
			const char *policy = tree_value(p, "name");
			char name[DEFINED_SIZE];

			if (!is_list(p, "policy"))
				continue;
			snprintf(name, sizeof(name), "%s policy %s", monitor, policy);
			note(t, p, "monitor", name);
			if (exists && !is_defined(t->defined, "monitor %s", name))
				rules_error(t->problems, "C8", p,
				            "the monitor has no such policy; attach it: set "
				            "service path-monitor monitor %s policy %s", monitor,
				            policy);
		}
	}
}

static void
check_one(struct tracking *t, const struct lyd_node *node)
{
	const char *kind = node->schema->name, *name = tree_value(node, "name");

	if (node->schema->nodetype & LYD_NODE_TERM)
		return;			/* exclude-vrrp-interface: nothing is tracked */
	if (strcmp(kind, "path-monitor") == 0) {
		check_policies(t, node);
	} else if (strcmp(kind, "route-to") == 0) {
		check_route(t, node);
	} else if (strcmp(kind, "interface") == 0 || strcmp(kind, "track-interface") == 0) {
		note(t, node, "interface", name);
		if (survey_find(t->survey, name) < 0)
			rules_error(t->problems, "C8", node,
			            "there is no such interface; configure it, or track another");
	} else {
		note(t, node, kind, name);
		if (!is_defined(t->defined, "%s %s", kind, name))
			rules_error(t->problems, "C8", node,
			            "there is no such %s to check; add it: set service "
			            "health-check %s %s", kind, kind, name);
	}
}

void
track_rules(const struct survey *survey, const struct survey_group *group,
            const struct nameset *defined, struct problems *problems)
{
	struct tracking t = { .survey = survey, .defined = defined, .problems = problems };
	const struct lyd_node *track = tree_child(group->node, "track"), *node;
	const struct lyd_node *entry = survey_entry(&survey->syncs, group->sync);
	const struct lyd_node *whole = tree_child(entry, "track");
	struct problems elsewhere = { 0 };

	/* What all of the sync group tracks counts for each member, and is judged once, as its. */
	t.problems = &elsewhere;
	for (node = lyd_child(whole); node; node = node->next)
		check_one(&t, node);
	problems_done(&elsewhere);
	t.problems = problems;
	for (node = track ? lyd_child(track) : NULL; node; node = node->next)
		check_one(&t, node);
	for (node = lyd_child(group->node); node; node = node->next) {
		if (is_list(node, "track-interface"))
			check_one(&t, node);
	}
	if (t.seen.count > TRACKS_MAX)
		rules_error(problems, "T3", track ? track : group->node,
		            "the group tracks %u things; at most %u are possible; let one script "
		            "check several", t.seen.count, TRACKS_MAX);
	nameset_done(&t.seen);
}
