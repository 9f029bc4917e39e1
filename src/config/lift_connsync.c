/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replication of connections.  It stands in the settings where everything it needs is configured
 * and at least one group of its sync group runs; then there is a check of its own, which those
 * groups track (lift_check.c).
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"

static const struct lyd_node *
connsync_of(const struct lifting *l)
{
	return l->survey->service ? tree_child(l->survey->service, "connsync") : NULL;
}

const char *
lift_followed(const struct lifting *l)
{
	const struct lyd_node *mechanism = tree_child(connsync_of(l), "failover-mechanism");

	return tree_value(tree_child(mechanism, "vrrp"), "sync-group");
}

bool
lift_has_connsync(const struct lifting *l)
{
	const struct lyd_node *node = connsync_of(l);
	const char *sync = node && !tree_child(node, "disable") ? lift_followed(l) : NULL;

	for (size_t i = 0; sync && i < l->survey->group_count; i++) {
		const struct survey_group *group = &l->survey->groups[i];

		if (!group->disable && group->sync && strcmp(group->sync, sync) == 0 &&
		    (group->has_v4 || group->has_v6))
			return true;
	}
	return false;
}

static void
lift_path(struct connsync_settings *connsync, const struct lyd_node *node)
{
	struct connsync_path *path = &connsync->paths[connsync->path_count++];

	lift_text(path->interface, sizeof(path->interface), tree_value(node, "interface"));
	path->local = lift_ip(node, "listen-address");
	path->remote = lift_ip(node, "remote-peer");
}

static unsigned
protocol_number(const char *name)
{
	static const struct {
		const char *name;
		unsigned number;
	} protocols[] = {
		{ "dccp", IPPROTO_DCCP },     { "gre", IPPROTO_GRE },
		{ "icmp", IPPROTO_ICMP },     { "icmpv6", IPPROTO_ICMPV6 },
		{ "sctp", IPPROTO_SCTP },     { "tcp", IPPROTO_TCP },
		{ "udp", IPPROTO_UDP },       { "udplite", IPPROTO_UDPLITE },
	};

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (strcmp(protocols[i].name, name) == 0)
			return protocols[i].number;
	assert(!"every protocol of the model is known");
	return 0;
}

static void
lift_excluded(struct lifting *l, struct connsync_settings *connsync, const struct lyd_node *node)
{
	connsync->excluded_first = lift_count(l, PART_EXCLUDED);
	for (; node; node = node->next) {
		if (strcmp(node->schema->name, "address") == 0) {
			struct excluded_settings *excluded = lift_add(l, PART_EXCLUDED);
			bool parses = prefix_parse(lyd_get_value(node), &excluded->network);

			assert(parses);		/* S15 */
			connsync->excluded_count++;
		} else {
			unsigned number = protocol_number(lyd_get_value(node));

			connsync->excluded_protocols[number / 8] |= (uint8_t)(1u << number % 8);
		}
	}
}

/* The partner's key is that of the pair. */
static void
lift_key(const struct lifting *l, struct connsync_settings *connsync)
{
	const struct lyd_node *pair = l->survey->system ? tree_child(l->survey->system, "pair")
	                                                : NULL;
	const char *text = pair ? tree_value(pair, "fingerprint") : NULL;

	connsync->paired = text && fingerprint_parse(text, &connsync->fingerprint);
}

void
lift_connsync(struct lifting *l)
{
	const struct lyd_node *node = connsync_of(l), *exclude = tree_child(node, "exclude");
	const struct lyd_node *second = tree_child(node, "second-path");
	struct connsync_settings *to = lift_add(l, PART_CONNSYNCS);

	to->sync = nameset_find(&l->syncs, lift_followed(l));
	to->check = nameset_find(&l->checks, CONNSYNC_NAME);
	lift_path(to, node);
	if (second)
		lift_path(to, second);
	to->port = (uint16_t)lift_number(node, "port", 0);
	to->detail = lift_is(node, "event-detail", "all")       ? CONNSYNC_ALL
	             : lift_is(node, "event-detail", "replied") ? CONNSYNC_REPLIED
	                                                        : CONNSYNC_ASSURED;
	to->authenticated = !tree_child(node, "unauthenticated");
	lift_key(l, to);
	to->hold_down = lift_number(node, "hold-down", 0) * NSEC_PER_MSEC;
	to->promotion_wait = lift_number(node, "promotion-wait", 0) * NSEC_PER_MSEC;
	to->startup_wait = lift_number(node, "startup-wait", 0) * NSEC_PER_SEC;
	to->rate = lift_number(node, "rate-limit", 0) * (uint64_t)125000;
	lift_excluded(l, to, exclude ? lyd_child(exclude) : NULL);
}
