/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as messages of the kernel: they must be decoded or left out without harm, and the
 * pictures made from them must stay sound.  What was decoded must stand being written as a request.
 */
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "core/ifroute.h"
#include "core/iftrack.h"
#include "core/ifworld.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nllink.h"
#include "system/nlroute.h"
#include "system/nlrule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pictures {
	struct ifworld *world;
	struct ifroutes *routes;
	struct iftrack *track;
};

static uint8_t request[NETLINK_REQUEST_MAX];

static void
expect(bool condition)
{
	if (!condition)
		abort();
}

static void
hear_link(struct pictures *p, const struct nlmsghdr *message)
{
	struct ifworld_link link;

	if (!nllink_decode(message, &link))
		return;
	expect(memchr(link.name, '\0', sizeof(link.name)) != NULL);
	expect(memchr(link.alias, '\0', sizeof(link.alias)) != NULL);
	if (message->nlmsg_type == RTM_DELLINK) {
		ifworld_remove_link(p->world, link.index);
		(void)ifroutes_link_lost(p->routes, link.index, IFROUTES_LINK_GONE);
		return;
	}
	ifworld_put_link(p->world, &link);
	expect(ifworld_named(p->world, link.name) != NULL);
	(void)ifworld_usable(p->world, ifworld_link(p->world, link.index));
}

static void
hear_address(struct pictures *p, const struct nlmsghdr *message)
{
	struct ifworld_address address;
	struct ifstep step = { .kind = IFSTEP_ADD_ADDRESS };
	int index;

	if (!nladdr_decode(message, &index, &address))
		return;
	step.prefix = address.prefix;
	step.mark = address.mark;
	expect(nladdr_change(request, &step)->nlmsg_len <= sizeof(request));
	if (message->nlmsg_type == RTM_DELADDR)
		ifworld_remove_address(p->world, index, &address.prefix);
	else if (ifworld_put_address(p->world, index, &address))
		expect(ifworld_address(p->world, index, &address.prefix) != NULL);
	(void)ifworld_source4(p->world, index);
	(void)ifworld_source6(p->world, index);
}

static void
hear_route(struct pictures *p, const struct nlmsghdr *message)
{
	struct ifstep step = { .kind = IFSTEP_ADD_ROUTE };

	if (!nlroute_decode(message, &step.route))
		return;
	expect(nlroute_change(request, &step)->nlmsg_len <= sizeof(request));
	if (message->nlmsg_type == RTM_NEWROUTE) {
		ifroutes_put(p->routes, &step.route);
		iftrack_put_route(p->track, &step.route, nlroute_replaces(message));
		expect(step.route.protocol != MARK_VIRTUAL ||
		       ifroutes_find(p->routes, &step.route) != NULL);
	} else {
		ifroutes_remove(p->routes, &step.route);
		(void)!iftrack_remove_route(p->track, &step.route);
	}
}

static void
hear_rule(struct pictures *p, const struct nlmsghdr *message)
{
	struct ifstep step = { .kind = IFSTEP_ADD_RULE };

	if (!nlrule_decode(message, &step.rule))
		return;
	expect(memchr(step.rule.in, '\0', sizeof(step.rule.in)) != NULL);
	expect(memchr(step.rule.out, '\0', sizeof(step.rule.out)) != NULL);
	expect(nlrule_change(request, &step)->nlmsg_len <= sizeof(request));
	if (message->nlmsg_type == RTM_NEWRULE) {
		ifroutes_put_rule(p->routes, &step.rule);
		iftrack_put_rule(p->track, &step.rule);
	} else {
		ifroutes_remove_rule(p->routes, &step.rule);
		iftrack_remove_rule(p->track, &step.rule);
	}
}

static void
hear(void *owner, const struct nlmsghdr *message)
{
	struct pictures *p = owner;
	char words[128];

	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		hear_link(p, message);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		hear_address(p, message);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		hear_route(p, message);
		break;
	case RTM_NEWRULE:
	case RTM_DELRULE:
		hear_rule(p, message);
		break;
	case NLMSG_ERROR:
		(void)netlink_error(message, words);
		expect(memchr(words, '\0', sizeof(words)) != NULL);
		break;
	}
}

static void
tell(void *owner, uint32_t object, bool up)
{
	(void)owner;
	(void)object;
	(void)up;
}

/* Tracks everything of one network of each family, and a default route. */
static struct settings *
tracking_settings(void)
{
	static const char *const prefixes[] = { "10.0.0.0/24", "2001:db8::/64", "0.0.0.0/0" };
	struct settings *s = settings_new(&(struct settings_counts){
		.objects = ARRAY_SIZE(prefixes) });

	expect(s != NULL);
	for (unsigned i = 0; i < ARRAY_SIZE(prefixes); i++) {
		settings_objects(s)[i].kind = OBJECT_ROUTE;
		expect(prefix_parse(prefixes[i], &settings_objects(s)[i].prefix));
	}
	return s;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings *settings = tracking_settings();
	struct pictures p = { ifworld_new(), ifroutes_new(), iftrack_new(settings) };
	/* As aligned, and as padded, as what the kernel sends. */
	uint8_t *copy = calloc(1, size + NLMSG_ALIGNTO);

	expect(copy != NULL);
	memcpy(copy, data, size);
	netlink_walk(copy, size, hear, &p);
	iftrack_end_dump(p.track);
	iftrack_tell(p.track, p.world, tell, NULL);
	ifworld_begin_dump(p.world);
	ifworld_end_dump(p.world, NULL, NULL);
	expect(ifworld_next_link(p.world, NULL) == NULL);
	ifroutes_begin_dump(p.routes);
	ifroutes_end_dump(p.routes);
	expect(ifroutes_next(p.routes, NULL) == NULL);
	free(copy);
	iftrack_free(p.track);
	ifroutes_free(p.routes);
	ifworld_free(p.world);
	free(settings);
	return 0;
}
