/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts together the facts that config/lower turns into state trees.  It reads the engine's memory
 * without disturbing the engine, and asks the kernel itself, which needs no privilege.  It keeps
 * nothing between calls.
 */
#include "daemon/gather.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "config/lower.h"
#include "system/clock.h"
#include "system/forwarding.h"
#include "system/vendor.h"
#include "system/netlink.h"
#include "system/nladdr.h"
#include "system/nllink.h"
#include "system/nlroute.h"

#define KERNEL_PATIENCE NSEC_PER_SEC
#define BEAT_MARGIN (500 * NSEC_PER_MSEC)	/* on top of the patience the engine asked for */

/* ---- the kernel ----------------------------------------------------------------------------- */

/* One dump of the kernel on its way into a picture. */
struct dump {
	struct ifworld *world;
	struct ifroutes *routes;	/* NULL = not asked for */
	bool done;
	int error;			/* negative errno, 0 = none */
};

static void
on_message(void *owner, const struct nlmsghdr *message)
{
	struct dump *dump = owner;
	struct ifworld_address address;
	struct ifworld_link link;
	struct ifroute route;
	char words[128];
	int index;

	switch (message->nlmsg_type) {
	case NLMSG_DONE:
		dump->done = true;
		break;
	case NLMSG_ERROR:
		dump->error = netlink_error(message, words);
		break;
	case RTM_NEWLINK:
		if (nllink_decode(message, &link))
			ifworld_put_link(dump->world, &link);
		break;
	case RTM_NEWADDR:
		/* Of a link that came into being after the links were told: left out. */
		if (nladdr_decode(message, &index, &address))
			(void)ifworld_put_address(dump->world, index, &address);
		break;
	case RTM_NEWROUTE:
		if (nlroute_decode(message, &route))
			ifroutes_put(dump->routes, &route);
		break;
	}
}

/* Send one dump request and take in all of its answer. */
static int
take_dump(struct netlink *netlink, const struct nlmsghdr *request, struct ifworld *world,
          struct ifroutes *routes)
{
	struct dump dump = { .world = world, .routes = routes };
	int r = netlink_send(netlink, request, request->nlmsg_len);

	while (r >= 0 && !dump.done && dump.error == 0) {
		r = netlink_receive(netlink, on_message, &dump);
		if (r == 0) {
			r = netlink_wait(netlink, KERNEL_PATIENCE);
			r = r == 0 ? -ETIMEDOUT : r;
		}
	}
	return r < 0 ? r : dump.error;
}

/* The kernel's links and addresses, and if routes is not NULL its routes with our mark; NULL, and a
 * line in the log, when it does not tell. */
static struct ifworld *
read_world(struct ifroutes *routes)
{
	_Alignas(struct nlmsghdr) char buffer[NETLINK_REQUEST_MAX];
	struct ifworld *world = ifworld_new();
	struct netlink *netlink = NULL;
	struct error error = { 0 };
	int r;

	assert(world);
	r = netlink_open(NULL, 0, &netlink, &error);
	if (r == 0)
		r = take_dump(netlink, nllink_dump(buffer, 1), world, NULL);
	if (r == 0)
		r = take_dump(netlink, nladdr_dump(buffer, 2), world, NULL);
	if (r == 0 && routes)
		r = take_dump(netlink, nlroute_dump(buffer, 3, 4, MARK_REAL), world, routes);
	if (r == 0 && routes)
		r = take_dump(netlink, nlroute_dump(buffer, 4, 6, MARK_REAL), world, routes);
	netlink_close(netlink);
	if (r < 0) {
		log_warning("the kernel does not tell its interfaces: %s",
		            error.code < 0 ? error.text : strerror(-r));
		ifworld_free(world);
		world = NULL;
	}
	return world;
}

/* ---- state ---------------------------------------------------------------------------------- */

void
gather_vrrp(const struct ly_ctx *schema, const struct memory *memory, struct lyd_node **tree)
{
	uint32_t count = memory_status_count(memory);
	struct vrouter_status *records = calloc((size_t)count + 1, sizeof(*records));
	struct settings *settings = memory_get_settings(memory);
	struct ifworld *world = read_world(NULL);
	struct engine_status engine;
	bool has_engine = memory_get_engine(memory, &engine);
	size_t found = 0;

	assert(records);
	for (uint32_t i = 0; i < count; i++)
		found += memory_get_status(memory, i, &records[found]);

	const struct lower_facts facts = {
		.settings = settings,
		.records = records,
		.record_count = found,
		.engine = has_engine ? &engine : NULL,
		.world = world,
		.now = clock_now(),
		.epoch = time(NULL),
	};

	lower_vrrp_state(schema, &facts, tree);
	ifworld_free(world);
	free(settings);
	free(records);
}

void
gather_interfaces(const struct ly_ctx *schema, const struct memory *memory,
                  struct lyd_node **tree)
{
	struct settings *settings = memory_get_settings(memory);
	struct ifworld *world = read_world(NULL);
	const struct lower_facts facts = { .settings = settings, .world = world };

	lower_interfaces_state(schema, &facts, tree);
	ifworld_free(world);
	free(settings);
}

void
gather_routes(const struct ly_ctx *schema, const struct memory *memory, const char *problems,
              struct lyd_node **tree)
{
	struct settings *settings = memory_get_settings(memory);
	struct ifroutes *routes = ifroutes_new();
	const struct lower_routes facts = {
		.settings = settings,
		.world = read_world(routes),
		.routes = routes,
		.problems = problems,
	};

	lower_routes_state(schema, &facts, tree);
	ifworld_free((struct ifworld *)facts.world);
	ifroutes_free(routes);
	free(settings);
}

void
gather_surroundings(struct surroundings *ret)
{
	*ret = (struct surroundings){
		.forwards4 = forwarding_is_on(4),
		.forwards6 = forwarding_is_on(6),
		.vmware = vendor_is("VMware"),
	};
}

void
gather_system(const struct ly_ctx *schema, const struct memory *memory, const struct store *store,
              const char *problems, struct lyd_node **tree)
{
	nsec_t beat = memory_last_beat(memory);
	nsec_t silence = clock_now() - beat;
	bool running = beat > 0 && silence <= memory_patience(memory) + BEAT_MARGIN;
	char *all = NULL;
	int length;

	if (running)
		length = asprintf(&all, "%s", problems);
	else if (beat > 0)
		length = asprintf(&all, "the engine has not moved for %lld s: what is shown of "
		                  "VRRP is as old\n%s", (long long)(silence / NSEC_PER_SEC),
		                  problems);
	else
		length = asprintf(&all, "the engine does not run\n%s", problems);
	assert(length >= 0);

	struct lower_system facts = {
		.revision = store_revision(store),
		.adopted_revision = memory_settings_revision(memory),
		.engine_running = running,
		.engine_restarts = memory_restarts(memory),
		.saved = store_is_saved(store),
		.problems = all,
	};

	gather_surroundings(&facts.around);
	lower_system_state(schema, &facts, tree);
	free(all);
}
