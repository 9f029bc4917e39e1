/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules of VRRP groups.  C1 and C6 are restrictions of the model itself (check.c), C10 and C11
 * rules of interfaces.
 *   C2  authentication is version 2's          C3  advertise-interval is version 2's
 *   C4  fast-advertise-interval is version 3's, in steps of 10 ms
 *   C5  accept true is version 3's             C7  families of the virtual addresses
 *   C8  a tracked interface must be configured C9  hello-source-address is an IPv4 host's
 *   V1  an address belongs to one group        V2  no address owners (not supported yet)
 *   V3  version 3 (not supported yet)          V4  virtual addresses that cannot be
 *   V5  an interface has an address once
 *   W1  preempt-delay without preempt          W2  rfc-compatibility under VMware
 *   W4  hello-source-address is not configured here
 * W3, a name of the virtual link that is too long, cannot happen: lift makes names that fit.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/rules.h"
#include "config/tree.h"

static void
check_version(const struct survey_group *group, struct problems *problems)
{
	const struct lyd_node *authentication = tree_child(group->node, "authentication");
	const struct lyd_node *seconds = tree_child(group->node, "advertise-interval");
	const struct lyd_node *fast = tree_child(group->node, "fast-advertise-interval");
	const struct lyd_node *accept = tree_child(group->node, "accept");

	if (group->version == 3) {
		rules_error(problems, "V3", tree_child(group->node, "version"),
		            "not supported yet: only version 2 is; delete version");
		if (authentication)
			rules_error(problems, "C2", authentication,
			            "version 3 has no authentication (RFC 5798 9); delete it, or "
			            "use version 2");
		if (seconds)
			rules_error(problems, "C3", seconds,
			            "belongs to version 2; version 3 has fast-advertise-interval, "
			            "in milliseconds");
	} else {
		if (fast)
			rules_error(problems, "C4", fast,
			            "belongs to version 3; version 2 has advertise-interval, in "
			            "seconds");
		if (strcmp(lyd_get_value(accept), "true") == 0)
			rules_error(problems, "C5", accept,
			            "belongs to version 3; version 2 always accepts packets to its "
			            "virtual addresses; delete accept");
	}
	if (fast && strtoul(lyd_get_value(fast), NULL, 10) % 10 != 0)
		rules_error(problems, "C4", fast,
		            "must be a multiple of 10 milliseconds, which is the step on the wire");
}

static void
check_families(const struct survey *s, const struct survey_group *group,
               struct problems *problems)
{
	const struct survey_address *addresses = &s->addresses[group->address_first];
	bool has_v4 = false, has_v6 = false;

	for (size_t i = 0; i < group->address_count; i++) {
		const struct ip *ip = &addresses[i].prefix.ip;

		has_v4 = has_v4 || ip->family == 4;
		has_v6 = has_v6 || ip->family == 6;
		if (ip->family == 6)
			rules_error(problems, "C7", addresses[i].node,
			            "not supported yet: IPv6 virtual addresses; delete it");
	}
	if (has_v4 && has_v6)
		rules_error(problems, "C7", group->node,
		            "a group has addresses of one family only; delete the IPv6 ones");
}

static void
check_tracked(const struct survey *s, const struct lyd_node *parent, const char *list,
              struct problems *problems)
{
	for (const struct lyd_node *node = lyd_child(parent); node; node = node->next) {
		if (node->schema->nodetype == LYS_LIST && strcmp(node->schema->name, list) == 0 &&
		    survey_find(s, tree_value(node, "name")) < 0)
			rules_error(problems, "C8", node,
			            "there is no such interface; configure it, or track another");
	}
}

static bool
is_real_address(const struct survey *s, const struct ip *ip)
{
	for (size_t i = 0; i < s->address_count; i++) {
		if (s->addresses[i].group < 0 && ip_equal(&s->addresses[i].prefix.ip, ip))
			return true;
	}
	return false;
}

/* Any address of this router will do, of whichever interface; others may come from elsewhere. */
static void
check_hello_source(const struct survey *s, const struct survey_group *group,
                   struct problems *problems)
{
	const struct lyd_node *node = tree_child(group->node, "hello-source-address");
	struct ip ip;

	if (!node)
		return;
	if (!ip_parse(lyd_get_value(node), &ip)) {
		rules_error(problems, "C9", node, "is not an address; write it like 192.0.2.1");
		return;
	}
	if (ip.family == 6) {
		rules_error(problems, "C9", node,
		            "not supported yet: IPv6; use an IPv4 address of %s",
		            s->links[group->link].name);
		return;
	}
	if (!rules_is_usable(&ip)) {
		rules_error(problems, "C9", node,
		            "no router can have this address (loopback, multicast, reserved or "
		            "none); use one of %s", s->links[group->link].name);
		return;
	}
	if (!is_real_address(s, &ip))
		rules_warning(problems, "W4", node,
		              "is configured on no interface of this router; the group may speak "
		              "from an address that another router holds, and its advertisements "
		              "cannot be told from a stranger's; use an address of %s, or delete "
		              "hello-source-address", s->links[group->link].name);
}

static int
by_address(const void *first, const void *second)
{
	const struct survey_address *a = *(const struct survey_address *const *)first;
	const struct survey_address *b = *(const struct survey_address *const *)second;
	int order = ip_compare(&a->prefix.ip, &b->prefix.ip);

	if (order)
		return order;
	if (a->link != b->link)
		return a->link < b->link ? -1 : 1;
	return a < b ? -1 : 1;		/* real addresses come before virtual ones */
}

/* An address that stands a second time, directly or as the first of its kind before it. */
static void
judge_repeated(const struct survey *s, const struct survey_address *first,
               const struct survey_address *second, struct problems *problems)
{
	const char *name = s->links[second->link].name;

	if (first->link != second->link) {
		rules_warning(problems, "L7", second->node,
		              "is also configured on %s; only one of the two can be reached; "
		              "delete one", s->links[first->link].name);
	} else if (first->group < 0 && second->group < 0) {
		rules_error(problems, "V5", second->node, "%s has this address twice; delete one",
		            name);
	} else if (first->group < 0) {
		rules_error(problems, "V2", second->node,
		            "not supported yet: it is also an address of %s itself, which would "
		            "own it as master for ever; give the interface another address", name);
	} else if (first->group == second->group) {
		rules_error(problems, "V1", second->node,
		            "the group has this address twice; delete one");
	} else {
		rules_error(problems, "V1", second->node,
		            "is also a virtual address of group %u on %s; two masters would claim "
		            "it; delete one", s->groups[first->group].vrid, name);
	}
}

static void
check_repeated(const struct survey *s, struct problems *problems)
{
	const struct survey_address **sorted =
		calloc(s->address_count + 1, sizeof(const struct survey_address *));
	size_t count = 0;

	assert(sorted);
	for (size_t i = 0; i < s->address_count; i++) {
		if (s->addresses[i].prefix.ip.family)
			sorted[count++] = &s->addresses[i];
	}
	qsort(sorted, count, sizeof(const struct survey_address *), by_address);
	for (size_t i = 1, first = 0; i < count; i++) {
		bool same = ip_equal(&sorted[i - 1]->prefix.ip, &sorted[i]->prefix.ip);

		/* The first on this interface: its real address, if it has it. */
		if (!same || sorted[i]->link != sorted[i - 1]->link)
			first = i;
		if (same)
			judge_repeated(s, first == i ? sorted[i - 1] : sorted[first], sorted[i],
			               problems);
	}
	free(sorted);
}

static const char *vendor_file = "/sys/class/dmi/id/sys_vendor";

void
check_set_vendor_file(const char *path)
{
	vendor_file = path;
}

static bool
is_under_vmware(void)
{
	char vendor[64] = "";
	FILE *file = fopen(vendor_file, "re");

	if (!file)
		return false;
	if (!fgets(vendor, sizeof(vendor), file))
		vendor[0] = '\0';
	fclose(file);
	return strncmp(vendor, "VMware", strlen("VMware")) == 0;
}

static void
warn_group(const struct survey_group *group, bool vmware, struct problems *problems)
{
	const struct lyd_node *delay = tree_child(group->node, "preempt-delay");

	if (delay && !group->preempt)
		rules_warning(problems, "W1", delay,
		              "has no effect while preempt is false; delete it, or set preempt "
		              "true");
	if (vmware && group->rfc_compatibility)
		rules_warning(problems, "W2", tree_child(group->node, "rfc-compatibility"),
		              "VMware's virtual switches drop packets to a virtual MAC address; "
		              "delete it, or allow forged transmits and promiscuous mode there");
}

void
group_rules(const struct survey *s, struct problems *problems)
{
	bool vmware = is_under_vmware();

	for (size_t i = 0; i < s->group_count; i++) {
		const struct survey_group *group = &s->groups[i];
		const struct lyd_node *track = tree_child(group->node, "track");

		check_version(group, problems);
		check_families(s, group, problems);
		check_hello_source(s, group, problems);
		if (track)
			check_tracked(s, track, "interface", problems);
		warn_group(group, vmware, problems);
	}
	check_repeated(s, problems);
}
