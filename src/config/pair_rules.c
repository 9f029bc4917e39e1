/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must fit in a VRRP group that two routers share.
 *   P4  the version differs                 P5  the interval differs
 *   P6  authentication differs              P7  a virtual address is on one router only
 *   P8  their order differs                 P9  their prefix length differs
 *   P10 excluded addresses differ           P11 priorities are equal
 *   P12 preempt or preempt-delay differs    P14 the form of the checksum differs
 *   P15 rfc-compatibility differs           P16 accept differs
 *   P17 unicast peers are not mirrored      P22 what is tracked differs
 *   P23 one of the two is disabled          P24 weights that move nothing
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/language.h"
#include "config/pairing.h"
#include "config/tree.h"

/* A finding about a child of both groups. */
#define add(findings, p, warning, number, child, ...) \
	pairing_add(findings, warning, number, pairing_node(p, 0, child), \
	            pairing_node(p, 1, child), __VA_ARGS__)

static const char *
text_of(const struct pairing *p, unsigned router, const char *name, const char *otherwise)
{
	const char *value = tree_value(p->groups[router]->node, name);

	return value ? value : otherwise;
}

static bool
has(const struct pairing *p, unsigned router, const char *name)
{
	return tree_child(p->groups[router]->node, name) != NULL;
}

static bool
differs(const struct pairing *p, const char *name, const char *otherwise)
{
	return strcmp(text_of(p, 0, name, otherwise), text_of(p, 1, name, otherwise)) != 0;
}

/* ------------------------------------------------------------------ what both must speak alike */

/* Does one speak what the other listens to, in spite of another version? */
static bool
speaks_both(const struct pairing *p)
{
	return has(p, p->groups[0]->version == 3 ? 0 : 1, "version-2-compatibility");
}

static void
compare_version(const struct pairing *p, struct pair_findings *findings)
{
	if (p->groups[0]->version != p->groups[1]->version && !speaks_both(p))
		add(findings, p, false, "P4", "version", "set one version on both routers, or "
		    "version-2-compatibility on the one with version 3 while you change over",
		    "r1 speaks version %u and r2 version %u: each drops the other's "
		    "advertisements, and both become master", p->groups[0]->version,
		    p->groups[1]->version);
}

static unsigned long
interval_of(const struct pairing *p, unsigned router)
{
	if (p->groups[router]->version == 3)
		return strtoul(text_of(p, router, "fast-advertise-interval", "1000"), NULL, 10);
	return 1000 * strtoul(text_of(p, router, "advertise-interval", "1"), NULL, 10);
}

static void
compare_interval(const struct pairing *p, struct pair_findings *findings)
{
	unsigned long own = interval_of(p, 0), other = interval_of(p, 1);
	bool fast = p->groups[0]->version == 3 && p->groups[1]->version == 3;

	if (own == other)
		return;
	if (fast)
		add(findings, p, true, "P5", "fast-advertise-interval",
		    "set one fast-advertise-interval on both routers",
		    "r1 advertises every %lu ms and r2 every %lu ms: a backup follows the master's "
		    "interval, so that a failover takes longer in one direction than in the other",
		    own, other);
	else
		add(findings, p, false, "P5", "advertise-interval",
		    "set one advertise-interval on both routers",
		    "r1 advertises every %lu ms and r2 every %lu ms: version 2 drops "
		    "advertisements with another interval, and both become master", own, other);
}

/* A text in which passwords are hidden says nothing of them. */
static void
compare_authentication(const struct pairing *p, struct pair_findings *findings)
{
	const struct lyd_node *nodes[PAIR_ROUTERS];
	const char *types[PAIR_ROUTERS], *passwords[PAIR_ROUTERS];

	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		nodes[r] = tree_child(p->groups[r]->node, "authentication");
		types[r] = nodes[r] ? tree_value(nodes[r], "type") : "none";
		passwords[r] = nodes[r] ? tree_value(nodes[r], "password") : "";
	}
	if (strcmp(types[0], types[1]) != 0)
		add(findings, p, false, "P6", "authentication",
		    "set the same type and password on both routers, or none",
		    "The authentication of r1 is %s and that of r2 is %s: each drops the other's "
		    "advertisements, and both become master", types[0], types[1]);
	else if (strcmp(passwords[0], passwords[1]) != 0 &&
	         strcmp(passwords[0], LANGUAGE_HIDDEN) != 0 &&
	         strcmp(passwords[1], LANGUAGE_HIDDEN) != 0)
		add(findings, p, false, "P6", "authentication",
		    "set the same password on both routers",
		    "The passwords differ: each drops the other's advertisements, and both become "
		    "master");
}

/* ------------------------------------------------------------------ addresses */

static const struct survey_address *
addresses_of(const struct pairing *p, unsigned router, bool excluded, size_t *ret_count)
{
	const struct survey_group *group = p->groups[router];
	const struct survey *s = &p->pair->surveys[router];

	*ret_count = excluded ? group->excluded_count : group->address_count;
	return &s->addresses[group->address_first + (excluded ? group->address_count : 0)];
}

static const struct survey_address *
find(const struct survey_address *list, size_t count, const struct ip *ip)
{
	for (size_t i = 0; i < count; i++) {
		if (ip_equal(&list[i].prefix.ip, ip))
			return &list[i];
	}
	return NULL;
}

/* What r has and the other router has not. */
static bool
miss_addresses(const struct pairing *p, unsigned r, bool excluded, struct pair_findings *findings)
{
	size_t count, other_count;
	const struct survey_address *own = addresses_of(p, r, excluded, &count);
	const struct survey_address *other = addresses_of(p, 1 - r, excluded, &other_count);
	bool missing = false;

	for (size_t i = 0; i < count; i++) {
		const struct lyd_node *nodes[PAIR_ROUTERS];
		char text[IP_TEXT_SIZE];

		if (find(other, other_count, &own[i].prefix.ip))
			continue;
		missing = true;
		nodes[r] = own[i].node;
		nodes[1 - r] = p->groups[1 - r]->node;
		pairing_add(findings, false, excluded ? "P10" : "P7", nodes[0], nodes[1],
		            "list the same addresses on both routers",
		            "r%u does not have the %s address %s of this group: after a failover "
		            "to r%u nobody answers for it", 2 - r,
		            excluded ? "excluded" : "virtual", ip_text(&own[i].prefix.ip, text),
		            2 - r);
	}
	return missing;
}

static void
compare_order(const struct pairing *p, struct pair_findings *findings)
{
	size_t count, other_count;
	const struct survey_address *own = addresses_of(p, 0, false, &count);
	const struct survey_address *other = addresses_of(p, 1, false, &other_count);
	bool ordered = true;

	for (size_t i = 0; i < count; i++) {
		const struct survey_address *same = find(other, other_count, &own[i].prefix.ip);

		ordered = ordered && same == &other[i];
		if (same && same->prefix.length != own[i].prefix.length)
			pairing_add(findings, true, "P9", own[i].node, same->node,
			            "give the address one length on both routers",
			            "The length of its network differs: after a failover another "
			            "part of the network is thought to be on the wire");
	}
	if (!ordered)
		pairing_add(findings, true, "P8", own[0].node, other[0].node,
		            "list the addresses in one order",
		            "r1 and r2 list the virtual addresses in another order: routers of "
		            "other make compare the lists and may drop the advertisements");
}

static void
compare_addresses(const struct pairing *p, struct pair_findings *findings)
{
	bool missing = miss_addresses(p, 0, false, findings);

	missing |= miss_addresses(p, 1, false, findings);
	if (!missing)
		compare_order(p, findings);
	(void)miss_addresses(p, 0, true, findings);
	(void)miss_addresses(p, 1, true, findings);
}

/* ------------------------------------------------------------------ who becomes master */

static void
compare_priority(const struct pairing *p, struct pair_findings *findings)
{
	if (p->groups[0]->priority == p->groups[1]->priority)
		add(findings, p, true, "P11", "priority",
		    "give the second router a lower one, such as 253 beside 254",
		    "Both routers have priority %u: when both start, the higher address decides "
		    "who is master, which may be another router on each interface",
		    p->groups[0]->priority);
	if (p->groups[0]->preempt != p->groups[1]->preempt)
		add(findings, p, true, "P12", "preempt", "set preempt false on both routers",
		    "Only r%u preempts: who is master after a failure depends on which router it "
		    "was", p->groups[0]->preempt ? 1u : 2u);
	else if (p->groups[0]->preempt && differs(p, "preempt-delay", "0"))
		add(findings, p, true, "P12", "preempt-delay",
		    "set one preempt-delay on both routers",
		    "preempt-delay is %s s on r1 and %s s on r2: the two come back after other "
		    "times", text_of(p, 0, "preempt-delay", "0"),
		    text_of(p, 1, "preempt-delay", "0"));
}

/* ------------------------------------------------------------------ what hosts see */

static void
compare_forms(const struct pairing *p, struct pair_findings *findings)
{
	bool v3 = p->groups[0]->version == 3 && p->groups[1]->version == 3;

	if (v3 && p->groups[0]->has_v4 && differs(p, "checksum", "rfc9568"))
		add(findings, p, true, "P14", "checksum", "set one form on both routers",
		    "r1 and r2 compute the checksum of IPv4 advertisements in other forms: both "
		    "understand either here, a third router may not");
	if (p->groups[0]->rfc_compatibility != p->groups[1]->rfc_compatibility)
		add(findings, p, true, "P15", "rfc-compatibility",
		    "set it on both routers, or on none",
		    "Only r%u uses the virtual MAC address: the addresses change their MAC "
		    "address at a failover, and hosts that keep the old one lose their gateway",
		    p->groups[0]->rfc_compatibility ? 1u : 2u);
	if (v3 && differs(p, "accept", "false"))
		add(findings, p, true, "P16", "accept", "set one value on both routers",
		    "Only r%u answers packets to the virtual addresses: what uses them (ping, IKE, "
		    "DNS) works or fails with the router that is master",
		    strcmp(text_of(p, 0, "accept", "false"), "true") == 0 ? 1u : 2u);
}

/* ------------------------------------------------------------------ unicast */

/* The address that advertisements of a router come from, when it is known; family 0 otherwise. */
static struct ip
source_of(const struct pairing *p, unsigned router, uint8_t family)
{
	const struct survey *s = &p->pair->surveys[router];
	const struct survey_link *link = &s->links[p->groups[router]->link];
	const char *hello = text_of(p, router, "hello-source-address", "");
	struct ip ip;

	if (ip_parse(hello, &ip) && ip.family == family)
		return ip;
	for (size_t i = 0; i < link->address_count; i++) {
		const struct ip *own = &s->addresses[link->address_first + i].prefix.ip;

		if (own->family == family && (family == 4 || ip_is_link_local(own)))
			return *own;
	}
	return (struct ip){ 0 };
}

static bool
lists_peer(const struct pairing *p, unsigned router, const struct ip *ip)
{
	const struct lyd_node *node = lyd_child(p->groups[router]->node);
	struct ip peer;

	for (; node; node = node->next) {
		if (strcmp(node->schema->name, "peer-address") == 0 &&
		    ip_parse(tree_value(node, "address"), &peer) && ip_equal(&peer, ip))
			return true;
	}
	return false;
}

static void
compare_peers(const struct pairing *p, struct pair_findings *findings)
{
	static const uint8_t families[] = { 4, 6 };
	bool unicast = has(p, 0, "peer-address");

	if (unicast != has(p, 1, "peer-address")) {
		add(findings, p, false, "P17", "peer-address",
		    "set peer-address on both routers, each with the other's address, or on none",
		    "Only r%u speaks to a peer in unicast, the other in multicast: neither hears "
		    "the other, and both become master", unicast ? 1u : 2u);
		return;
	}
	for (unsigned r = 0; unicast && r < PAIR_ROUTERS; r++) {
		for (unsigned f = 0; f < ARRAY_SIZE(families); f++) {
			struct ip source = source_of(p, 1 - r, families[f]);
			bool wanted = families[f] == 4 ? p->groups[r]->has_v4
			                               : p->groups[r]->has_v6;
			char text[IP_TEXT_SIZE];

			if (wanted && source.family && !lists_peer(p, r, &source))
				add(findings, p, false, "P17", "peer-address",
				    "list the address that the other router sends from",
				    "r%u sends from %s, which is no peer-address of r%u: r%u does "
				    "not hear it and becomes master beside it", 2 - r,
				    ip_text(&source, text), r + 1, r + 1);
		}
	}
}

/* ------------------------------------------------------------------ tracking */

static char *
tracks_of(const struct survey_group *group)
{
	const struct lyd_node *track = tree_child(group->node, "track"), *node;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	if (track)
		pairing_print(out, track, NULL);
	for (node = lyd_child(group->node); node; node = node->next) {
		if (strcmp(node->schema->name, "track-interface") == 0)
			pairing_print(out, node, NULL);
	}
	fclose(out);
	assert(text);
	return text;
}

/* What weights take away at most. */
static unsigned long
decrements(const struct lyd_node *siblings)
{
	unsigned long sum = 0;

	for (const struct lyd_node *node = siblings; node; node = node->next) {
		const char *type = tree_value(node, "type"), *value = tree_value(node, "value");

		if (strcmp(node->schema->name, "weight") != 0)
			sum += decrements(lyd_child(node));
		else if (type && value && strcmp(type, "decrement") == 0)
			sum += strtoul(value, NULL, 10);
	}
	return sum;
}

static void
compare_weights(const struct pairing *p, struct pair_findings *findings)
{
	for (unsigned r = 0; r < PAIR_ROUTERS; r++) {
		const struct survey_group *own = p->groups[r], *other = p->groups[1 - r];
		unsigned long sum = 0;

		for (const struct lyd_node *node = lyd_child(own->node); node; node = node->next) {
			if (strncmp(node->schema->name, "track", 5) == 0)
				sum += decrements(lyd_child(node));
		}
		if (sum == 0 || own->priority < other->priority)
			continue;
		if (!other->preempt)
			add(findings, p, true, "P24", "track",
			    "track without a weight, which is a fault; or set preempt true",
			    "What r%u tracks lowers its priority by a weight, and r%u does not "
			    "preempt: r%u stays master whatever happens to it", r + 1, 2 - r,
			    r + 1);
		else if (own->priority > other->priority + sum)
			add(findings, p, true, "P24", "track",
			    "choose weights that lead below the other's priority",
			    "The weights lead from priority %u down to %lu, and r%u has %u: they "
			    "move nothing", own->priority, own->priority - sum, 2 - r,
			    other->priority);
	}
}

static void
compare_tracks(const struct pairing *p, struct pair_findings *findings)
{
	char *own = tracks_of(p->groups[0]), *other = tracks_of(p->groups[1]);

	if (strcmp(own, other) != 0)
		add(findings, p, true, "P22", "track", "track the same on both routers",
		    "r1 and r2 track other things or weigh them otherwise: the one gives way to "
		    "what the other stands");
	free(own);
	free(other);
	compare_weights(p, findings);
}

void
pair_rules(const struct pairing *p, struct pair_findings *findings)
{
	if (p->groups[0]->disable && p->groups[1]->disable)
		return;
	if (p->groups[0]->disable || p->groups[1]->disable) {
		add(findings, p, false, "P23", "disable", "delete it there",
		    "VRRP group %u of %s is disabled on r%u: nobody stands in for r%u",
		    p->groups[0]->vrid, pairing_link(p, 0), p->groups[0]->disable ? 1u : 2u,
		    p->groups[0]->disable ? 2u : 1u);
		return;
	}
	compare_version(p, findings);
	compare_interval(p, findings);
	compare_authentication(p, findings);
	compare_addresses(p, findings);
	compare_priority(p, findings);
	compare_forms(p, findings);
	compare_peers(p, findings);
	compare_tracks(p, findings);
	pair_carry(p, findings);
}
