/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications and dumps stand in one queue, so the picture goes through the same steps as the
 * kernel did.  A dump that the kernel calls inconsistent is done again.
 */
#include "daemon/news.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "system/clock.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nlconf.h"
#include "system/nllink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"
#include "system/nlvlan.h"

#define READ_AT_ONCE 32u		/* while waiting for a dump */

/* One after the other; each part is a question. */
enum dump_phase {
	DUMP_NONE,
	DUMP_LINKS,
	DUMP_ADDRESSES,
	DUMP_ROUTES4,
	DUMP_ROUTES6,
	DUMP_STATICS4,
	DUMP_STATICS6,
	DUMP_RULES4,
	DUMP_RULES6,
	DUMP_VLANS,
};

struct news {
	struct news_calls calls;
	void *owner;
	struct netlink *socket;
	struct ifworld *world;
	struct ifroutes *routes;
	enum dump_phase dump;
	bool dump_again;		/* it was interrupted, or another one was asked for */
	bool lost;			/* dump when what is left of the news is read */
	bool makes_up;			/* the dump under way is for news that were lost */
	int failure;			/* why the last dump was not complete, or 0 */
	uint32_t dump_sequence;
};

/* ---- what the kernel says ------------------------------------------------------------------- */

static void
note_link_gone(struct news *n, const struct ifworld_link *link)
{
	struct ifworld_link before;
	const struct ifworld_link *known = ifworld_link(n->world, link->index);

	if (known != NULL) {
		before = *known;
		n->calls.on_gone(n->owner, &before);
		n->calls.on_link(n->owner, &before, true);
	}
	ifworld_remove_link(n->world, link->index);
	if (known != NULL && before.carries)
		n->calls.on_bond(n->owner, before.master);
	if (ifroutes_link_lost(n->routes, link->index, IFROUTES_LINK_GONE))
		n->calls.on_routes_gone(n->owner);
}

static void
note_link(struct news *n, const struct nlmsghdr *message)
{
	const struct ifworld_link *known;
	struct ifworld_link link;
	struct ifworld_link before = { 0 };
	bool renamed, is_new;

	if (!nllink_decode(message, &link))
		return;
	if (message->nlmsg_type == RTM_DELLINK) {
		note_link_gone(n, &link);
		return;
	}
	known = ifworld_link(n->world, link.index);
	is_new = known == NULL;
	if (known != NULL)
		before = *known;
	renamed = strncmp(before.name, link.name, NAME_SIZE) != 0;
	ifworld_put_link(n->world, &link);
	if (!is_new && memcmp(&before, ifworld_link(n->world, link.index), sizeof(before)) == 0)
		return;
	if (before.carries && (!link.carries || before.master != link.master))
		n->calls.on_bond(n->owner, before.master);
	if (link.carries && (!before.carries || before.master != link.master))
		n->calls.on_bond(n->owner, link.master);
	if (before.up && !link.up &&
	    ifroutes_link_lost(n->routes, link.index, IFROUTES_LINK_DOWN))
		n->calls.on_routes_gone(n->owner);
	if (!is_new && renamed)
		n->calls.on_link(n->owner, &before, true);
	n->calls.on_link(n->owner, &link, is_new || renamed || before.up != link.up ||
	                 before.mtu != link.mtu || before.kind != link.kind ||
	                 before.bridge.filtering != link.bridge.filtering ||
	                 before.master != link.master);
}

static bool
has_address4(const struct ifworld *world, int index)
{
	const struct ifworld_address *a = NULL;

	while ((a = ifworld_next_own(world, index, a)) != NULL) {
		if (a->prefix.ip.family == 4)
			return true;
	}
	while ((a = ifworld_next_virtual(world, index, a)) != NULL) {
		if (a->prefix.ip.family == 4)
			return true;
	}
	return false;
}

/* Routes go with their source, and with the last IPv4 address of their link. */
static void
note_address4_gone(struct news *n, int index, const struct ip *ip)
{
	bool gone = ifroutes_source_gone(n->routes, ip);

	if (!has_address4(n->world, index))
		gone |= ifroutes_link_lost(n->routes, index, IFROUTES_LINK_BARE);
	if (gone)
		n->calls.on_routes_gone(n->owner);
}

static void
tell_vlans(struct news *n, int index)
{
	const struct ifworld_link *link = ifworld_link(n->world, index);

	if (link != NULL)
		n->calls.on_link(n->owner, link, false);
}

static void
on_vlans(void *owner, int index, const struct vlan_settings *range)
{
	struct news *n = owner;

	ifworld_put_vlans(n->world, index, range);
	tell_vlans(n, index);
}

/* What of it is news is told when all of it is known. */
static void
on_dumped_vlans(void *owner, int index, const struct vlan_settings *range)
{
	struct news *n = owner;

	ifworld_put_vlans(n->world, index, range);
}

static void
on_vlans_gone(void *owner, int index, const struct vlan_settings *range)
{
	struct news *n = owner;

	ifworld_remove_vlans(n->world, index, range->first, range->last);
	tell_vlans(n, index);
}

/* True when that is news. */
static bool
put_address(struct news *n, int index, const struct ifworld_address *address)
{
	const struct ifworld_address *known = ifworld_address(n->world, index, &address->prefix);
	struct ifworld_address before = { 0 };

	if (known != NULL)
		before = *known;
	if (!ifworld_put_address(n->world, index, address))
		return false;
	return known == NULL || memcmp(&before, ifworld_address(n->world, index, &address->prefix),
	                               sizeof(before)) != 0;
}

static void
note_address(struct news *n, const struct nlmsghdr *message)
{
	const struct ifworld_link *link;
	struct ifworld_address address;
	int index;

	if (!nladdr_decode(message, &index, &address))
		return;
	if (message->nlmsg_type == RTM_DELADDR) {
		ifworld_remove_address(n->world, index, &address.prefix);
		if (address.prefix.ip.family == 4)
			note_address4_gone(n, index, &address.prefix.ip);
	} else if (!put_address(n, index, &address)) {
		return;
	}
	link = ifworld_link(n->world, index);
	if (link != NULL)
		n->calls.on_link(n->owner, link, false);
}

static void
note_route(struct news *n, const struct nlmsghdr *message)
{
	struct ifroute route;

	if (!nlroute_decode(message, &route) ||
	    (route.protocol != MARK_VIRTUAL && route.protocol != MARK_REAL))
		return;
	if (message->nlmsg_type == RTM_DELROUTE)
		ifroutes_remove(n->routes, &route);
	else if (!ifroutes_put(n->routes, &route))
		return;
	n->calls.on_route(n->owner, &route);
}

static void
note_rule(struct news *n, const struct nlmsghdr *message)
{
	struct ifrule rule;

	if (!nlrule_decode(message, &rule) || rule.protocol != MARK_VIRTUAL)
		return;
	if (message->nlmsg_type == RTM_DELRULE)
		ifroutes_remove_rule(n->routes, &rule);
	else if (!ifroutes_put_rule(n->routes, &rule))
		return;
	n->calls.on_rule(n->owner, &rule);
}

/* Somebody changed a number that the kernel keeps for a link, or for all of them. */
static void
note_conf(struct news *n, const struct nlmsghdr *message)
{
	const struct ifworld_link *link;
	struct nlconf conf;
	bool changed = false;

	if (!nlconf_decode(message, &conf))
		return;
	for (enum tune tune = 0; tune < TUNES; tune++) {
		if (conf.tunes[tune] >= 0)
			changed |= ifworld_set_tune(n->world, conf.index, tune, conf.tunes[tune]);
	}
	link = ifworld_link(n->world, conf.index);
	if (changed && conf.index == IFWORLD_ALL)
		n->calls.on_conf(n->owner);
	else if (changed && link != NULL)
		n->calls.on_link(n->owner, link, false);
}

/* ---- dumps ---------------------------------------------------------------------------------- */

static void
ask_for_dump(struct news *n, enum dump_phase phase)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];
	const struct nlmsghdr *question = NULL;
	uint32_t sequence = ++n->dump_sequence;

	n->dump = phase;
	switch (phase) {
	case DUMP_LINKS:
		question = nllink_dump(buffer, sequence);
		break;
	case DUMP_ADDRESSES:
		question = nladdr_dump(buffer, sequence);
		break;
	case DUMP_ROUTES4:
	case DUMP_ROUTES6:
		question = nlroute_dump(buffer, sequence, phase == DUMP_ROUTES4 ? 4 : 6,
		                        MARK_VIRTUAL);
		break;
	case DUMP_STATICS4:
	case DUMP_STATICS6:
		question = nlroute_dump(buffer, sequence, phase == DUMP_STATICS4 ? 4 : 6,
		                        MARK_REAL);
		break;
	case DUMP_RULES4:
	case DUMP_RULES6:
		question = nlrule_dump(buffer, sequence, phase == DUMP_RULES4 ? 4 : 6);
		break;
	case DUMP_VLANS:
		ifworld_forget_vlans(n->world);
		question = nlvlan_dump(buffer, sequence);
		break;
	case DUMP_NONE:
		break;
	}
	assert(question != NULL);
	n->calls.ask(n->owner, question);
}

void
news_dump(struct news *n)
{
	if (n->dump != DUMP_NONE) {
		n->dump_again = true;
		return;
	}
	n->dump_again = false;
	ifworld_begin_dump(n->world);
	ifroutes_begin_dump(n->routes);
	ask_for_dump(n, DUMP_LINKS);
}

static void
on_forgotten(void *owner, const struct ifworld_link *link, bool gone)
{
	struct news *n = owner;

	n->makes_up |= gone;		/* of that there should have been news */
	n->calls.on_link(n->owner, link, gone);
}

static void
on_other_vlans(void *owner, const struct ifworld_link *link)
{
	struct news *n = owner;

	n->calls.on_link(n->owner, link, false);
}

/* Does an error say how things are at this moment, and nothing of what this kernel can do? */
static bool
is_passing(int result)
{
	return result == -ENOMEM || result == -ENOBUFS || result == -EAGAIN || result == -EINTR ||
	       result == -EBUSY;
}

static void
fail(struct news *n, int result)
{
	if (n->failure == 0)
		log_error("cannot read links and addresses from the kernel: %s; will try again",
		          strerror(-result));
	n->failure = result;
	n->calls.on_failed(n->owner);
}

/* A part of the dump is complete, or was refused. */
static void
end_dump_part(struct news *n, int result)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];

	/* A kernel without IPv6, policy routing or bridges has none of that. */
	if (result < 0 && n->dump > DUMP_ADDRESSES && !is_passing(result))
		result = 0;
	if (result == 0 && n->dump < DUMP_VLANS) {
		ask_for_dump(n, n->dump + 1);
		return;
	}
	n->dump = DUMP_NONE;
	if (result < 0) {
		fail(n, result);
		return;
	}
	n->failure = 0;
	if (n->dump_again) {
		news_dump(n);
		return;
	}
	ifworld_compare_vlans(n->world, on_other_vlans, n);
	ifworld_end_dump(n->world, on_forgotten, n);
	if (ifroutes_end_dump(n->routes))
		n->calls.on_routes_gone(n->owner);
	n->calls.on_all(n->owner, n->makes_up);
	n->makes_up = false;
	n->calls.ask(n->owner, nlconf_get_all(buffer, 4));
}

void
news_refused(struct news *n, int result)
{
	if (n->dump != DUMP_NONE)
		end_dump_part(n, result);
	else
		log_warning("cannot ask for a link: %s", strerror(-result));
}

bool
news_is_dumping(const struct news *n)
{
	return n->dump != DUMP_NONE;
}

void
news_lost(struct news *n)
{
	n->lost = true;
}

void
news_ask_link(struct news *n, int index)
{
	uint8_t buffer[NETLINK_REQUEST_MAX];

	n->calls.ask(n->owner, nllink_get(buffer, index));
}

/* What the last message of a dump says of all of it. */
static int
done_with(const struct nlmsghdr *message)
{
	return mnl_nlmsg_get_payload_len(message) >= sizeof(int) ?
	       *(const int *)mnl_nlmsg_get_payload(message) : 0;
}

/* ---- reading -------------------------------------------------------------------------------- */

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct news *n = owner;
	bool of_dump = n->dump != DUMP_NONE && message->nlmsg_seq == n->dump_sequence;
	char words[128];

	if (of_dump && message->nlmsg_flags & NLM_F_DUMP_INTR)
		n->dump_again = true;
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		note_link(n, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		note_address(n, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		note_route(n, message);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		note_rule(n, message);
		break;
	case RTM_NEWVLAN:
	case RTM_DELVLAN:
		nlvlan_decode(message, message->nlmsg_type == RTM_DELVLAN ? on_vlans_gone :
		                       of_dump ? on_dumped_vlans : on_vlans, n);
		break;
	case RTM_NEWNETCONF:
		note_conf(n, message);
		break;
	case NLMSG_DONE:
		if (of_dump)
			end_dump_part(n, done_with(message));
		break;
	case NLMSG_ERROR:
		if (of_dump)
			end_dump_part(n, netlink_error(message, words));
		break;
	}
}

/* Nothing is left to read.  Only now is there room for the answer to a dump. */
static void
make_up_for_loss(struct news *n)
{
	if (n->lost)
		news_dump(n);
	n->makes_up |= n->lost;
	n->lost = false;
}

bool
news_read(struct news *n, unsigned limit)
{
	for (unsigned i = 0; i < limit; i++) {
		int r = netlink_receive(n->socket, on_message, n);

		if (r == 0) {
			make_up_for_loss(n);
			return true;
		}
		if (r == -ENOBUFS && !n->lost)
			log_warning("the kernel had more news about links than could be read in "
			            "time; reading all links and addresses again");
		if (r == -ENOBUFS) {
			n->lost = true;
		} else if (r < 0 && r != -EINVAL) {
			/* (EINVAL: while we read, the writer's request for a dump sent its end.) */
			log_error("cannot read news about links: %s", strerror(-r));
			return true;
		}
	}
	return false;
}

int
news_read_all(struct news *n, nsec_t patience, struct error *error)
{
	nsec_t end = clock_now() + patience;
	int r = 1;

	news_dump(n);
	while (r > 0 && n->dump != DUMP_NONE) {
		nsec_t left = end - clock_now();

		r = left > 0 ? netlink_wait(n->socket, left) : 0;
		if (r == 0)
			r = -ETIMEDOUT;
		if (r > 0)
			(void)news_read(n, READ_AT_ONCE);
	}
	if (r > 0 && n->failure < 0)
		r = n->failure;
	return r > 0 ? 0 : error_set(error, r, "cannot read links and addresses from the kernel: "
	                             "%s", strerror(-r));
}

/* ---- the rest ------------------------------------------------------------------------------- */

int
news_new(const struct news_calls *calls, void *owner, struct news **ret, struct error *error)
{
	static const int groups[] = {
		RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
		RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE, RTNLGRP_IPV6_RULE, RTNLGRP_IPV4_NETCONF,
		RTNLGRP_IPV6_NETCONF, RTNLGRP_BRVLAN,
	};
	struct news *n = calloc(1, sizeof(*n));
	int r;

	assert(n != NULL);
	n->calls = *calls;
	n->owner = owner;
	n->world = ifworld_new();
	n->routes = ifroutes_new();
	r = netlink_open(groups, ARRAY_SIZE(groups), &n->socket, error);
	if (r < 0) {
		news_free(n);
		return r;
	}
	*ret = n;
	return 0;
}

void
news_free(struct news *n)
{
	if (n == NULL)
		return;
	netlink_close(n->socket);
	ifworld_free(n->world);
	ifroutes_free(n->routes);
	free(n);
}

struct ifworld *
news_world(const struct news *n)
{
	return n->world;
}

struct ifroutes *
news_routes(const struct news *n)
{
	return n->routes;
}

struct netlink *
news_socket(const struct news *n)
{
	return n->socket;
}
