/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps are carried out on the picture as Linux would: bonds that change only when down and empty,
 * local routes that come with addresses and with rising links, IPv6 addresses that go when a link
 * falls.
 */
#include "small_kernel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/ifstatic.h"

#define ROUNDS 20
#define KERNEL_OWN UINT8_MAX		/* mark of local routes that belong to addresses */

/* ---- the small kernel ---- */

static struct ifworld_link
copy_of(const struct kernel *rig, int index)
{
	const struct ifworld_link *link = ifworld_link(rig->world, index);

	assert_non_null(link);
	return *link;
}

struct ifworld_link
kernel_new_link(struct kernel *rig, const char *name, enum ifworld_kind kind)
{
	struct ifworld_link link = { .index = ++rig->next_index, .kind = kind, .mtu = 1500 };

	snprintf(link.name, sizeof(link.name), "%s", name);
	link.mac.bytes[5] = (uint8_t)link.index;
	link.mac.bytes[0] = 2;
	link.bond.mode = BOND_MODES;
	return link;
}

void
kernel_lift(struct ifworld_link *link, bool up)
{
	link->up = link->running = link->lower_up = link->oper_up = up;
}

static void
set_master(struct kernel *rig, struct ifworld_link *link, int master)
{
	const struct ifworld_link *owner = ifworld_link(rig->world,
	                                                master != 0 ? master : link->master);

	bool is_bridge = owner != NULL && owner->kind == IFWORLD_BRIDGE;

	/* Bridges leave their ports as they are. */
	if (!is_bridge && master != 0) {
		assert_false(link->up);		/* "Device can not be enslaved while up" */
		kernel_lift(link, true);
	} else if (!is_bridge) {
		kernel_lift(link, false);
	}
	link->master = master;
}

static void
set_switch(struct ifworld_link *link, const struct ifstep *step)
{
	assert_int_equal(link->kind, IFWORLD_BRIDGE);
	if (step->parts & SWITCH_PART_FILTERING)
		assert_true(link->bridge.can_filter);
	if (step->parts & SWITCH_PART_FILTERING)
		link->bridge.filtering = step->bridge.filtering;
	if (step->parts & SWITCH_PART_SNOOPING)
		link->bridge.snooping = step->bridge.snooping;
	if (step->parts & SWITCH_PART_AGING)
		link->bridge.aging = step->bridge.aging;
	if (step->parts & SWITCH_PART_DEFAULT_PRIMARY)
		link->bridge.default_primary = step->bridge.default_primary;
}

/* Of a port or of a bridge itself. */
static void
vlans_step(struct kernel *rig, const struct ifstep *step)
{
	const struct ifworld_link *link = ifworld_link(rig->world, step->index);
	const struct ifworld_link *bridge = link->kind == IFWORLD_BRIDGE ? link :
	                                    ifworld_link(rig->world, link->master);

	assert_non_null(bridge);
	assert_int_equal(bridge->kind, IFWORLD_BRIDGE);
	assert_true(bridge->bridge.can_filter);
	assert_true(!step->vlans.primary || step->vlans.first == step->vlans.last);
	if (step->kind == IFSTEP_ADD_VLANS)
		ifworld_put_vlans(rig->world, step->index, &step->vlans);
	else
		ifworld_remove_vlans(rig->world, step->index, step->vlans.first, step->vlans.last);
}

/* A new port gets the bridge's default. */
static void
give_default_vlan(struct kernel *rig, const struct ifworld_link *link)
{
	const struct ifworld_link *bridge = ifworld_link(rig->world, link->master);
	uint16_t vlan = bridge != NULL && bridge->kind == IFWORLD_BRIDGE ?
	                bridge->bridge.default_primary : 0;

	if (vlan != 0)
		ifworld_put_vlans(rig->world, link->index,
		                  &(struct vlan_settings){ vlan, vlan, true, true });
}

/* What stands on a link goes with it, its members stay without it. */
static void
delete_link(struct kernel *rig, int index)
{
	for (int i = 1; i <= rig->next_index; i++) {
		const struct ifworld_link *other = ifworld_link(rig->world, i);

		if (other == NULL || i == index)
			continue;
		if (other->parent == index) {
			delete_link(rig, i);
		} else if (other->master == index) {
			struct ifworld_link member = *other;

			member.master = 0;
			ifworld_put_link(rig->world, &member);
		}
	}
	ifworld_remove_link(rig->world, index);
}

static void
init_vlan(struct kernel *rig, struct ifworld_link *link, const struct ifstep *step)
{
	const struct ifworld_link *l = NULL;

	while ((l = ifworld_next_link(rig->world, l)) != NULL) {
		if (l->kind == IFWORLD_VLAN && l->parent == step->other &&
		    l->vlan_protocol == step->vlan_protocol)
			assert_int_not_equal(l->vlan, step->vlan);	/* "already exists" */
	}
	link->kind = IFWORLD_VLAN;
	link->parent = step->other;
	link->vlan = step->vlan;
	link->vlan_protocol = step->vlan_protocol;
	link->mtu = copy_of(rig, step->other).mtu;
}

static void
set_bond(struct kernel *rig, struct ifworld_link *link, const struct ifstep *step)
{
	assert_int_equal(link->kind, IFWORLD_BOND);
	if (step->parts & BOND_PART_MODE) {
		assert_false(link->up);
		for (const struct ifworld_link *l = NULL;
		     (l = ifworld_next_link(rig->world, l)) != NULL;)
			assert_int_not_equal(l->master, link->index);
		link->bond.mode = step->bond.mode;
		link->bond.primary = 0;
	}
	if (step->parts & BOND_PART_LACP) {
		assert_false(link->up);
		assert_int_equal(link->bond.mode, BOND_LACP);
		link->bond.fast = step->bond.fast;
		link->bond.passive = step->bond.passive;
		link->bond.key = step->bond.key;
	}
	if (step->parts & BOND_PART_HASH)
		link->bond.hash34 = step->bond.hash34;
	if (step->parts & BOND_PART_MINIMUM)
		link->bond.minimum_links = step->bond.minimum_links;
	if (step->parts & BOND_PART_MIIMON)
		link->bond.miimon = step->bond.miimon;
	if (step->parts & BOND_PART_PRIMARY)
		link->bond.primary = step->bond.primary;
}

/* ---- addresses and local routes ---- */

static size_t
find_local(const struct kernel *rig, int index, const struct ip *ip, uint8_t mark)
{
	size_t i;

	for (i = 0; i < rig->local_count; i++) {
		if (rig->locals[i].index == index && ip_equal(&rig->locals[i].ip, ip) &&
		    (mark == 0 || rig->locals[i].mark == mark))
			break;
	}
	return i;
}

static void
add_local(struct kernel *rig, int index, const struct ip *ip, uint8_t mark)
{
	if (ip->family != 4 || find_local(rig, index, ip, mark == 0 ? KERNEL_OWN : mark) <
	    rig->local_count)
		return;
	assert_true(rig->local_count < ARRAY_SIZE(rig->locals));
		rig->locals[rig->local_count++] =
		(struct local){ index, *ip, mark == 0 ? KERNEL_OWN : mark };
}

static void
remove_local(struct kernel *rig, int index, const struct ip *ip, uint8_t mark)
{
	size_t i = find_local(rig, index, ip, mark);

	if (i < rig->local_count)
		rig->locals[i] = rig->locals[--rig->local_count];
}

static void
on_rise(struct kernel *rig, int index)
{
	const struct ifworld_address *a;

	for (a = NULL; (a = ifworld_next_own(rig->world, index, a)) != NULL;)
		add_local(rig, index, &a->prefix.ip, 0);
	for (a = NULL; (a = ifworld_next_virtual(rig->world, index, a)) != NULL;)
		add_local(rig, index, &a->prefix.ip, 0);
}

/* IPv6 addresses go, local routes stay, other IPv4 routes go without a word. */
static void
on_fall(struct kernel *rig, int index)
{
	const struct ifworld_address *a;
	bool more = true;

	while (more) {
		more = false;
		for (a = NULL; !more && (a = ifworld_next_virtual(rig->world, index, a)) != NULL;)
			more = a->prefix.ip.family == 6;
		if (!more)
			break;
		for (a = NULL; (a = ifworld_next_virtual(rig->world, index, a)) != NULL;) {
			if (a->prefix.ip.family == 6)
				break;
		}
		struct prefix prefix = a->prefix;

		ifworld_remove_address(rig->world, index, &prefix);
	}
	(void)ifroutes_link_lost(rig->routes, index, IFROUTES_LINK_DOWN);
}

static void
address_step(struct kernel *rig, const struct ifstep *step)
{
	struct ifworld_address address = { .prefix = step->prefix, .mark = step->mark,
	                                   .leased = step->lease != 0 };
	const struct ifworld_link *link = ifworld_link(rig->world, step->index);

	assert_non_null(link);
	switch (step->kind) {
	case IFSTEP_ADD_ADDRESS:
		if (step->prefix.ip.family == 6)
			assert_true(link->up);
		if (ifworld_address(rig->world, step->index, &step->prefix) == NULL)
			add_local(rig, step->index, &step->prefix.ip, 0);
		assert_true(ifworld_put_address(rig->world, step->index, &address));
		return;
	case IFSTEP_REMOVE_ADDRESS:
		ifworld_remove_address(rig->world, step->index, &step->prefix);
		remove_local(rig, step->index, &step->prefix.ip, KERNEL_OWN);
		return;
	case IFSTEP_ADD_LOCAL:
		add_local(rig, step->index, &step->prefix.ip, step->mark);
		if (step->mark == MARK_VIRTUAL) {
			struct ifroute route = ifroute_stand_in(step->index, &step->prefix.ip);

			ifroutes_put(rig->routes, &route);
		}
		return;
	default:
		assert_int_equal(step->kind, IFSTEP_SILENCE_ADDRESS);
		assert_int_equal(step->prefix.ip.family, 4);
		remove_local(rig, step->index, &step->prefix.ip, step->mark);
		if (step->mark == 0)
			ifworld_set_silent(rig->world, step->index, &step->prefix);
		struct ifroute route = ifroute_stand_in(step->index, &step->prefix.ip);

		if (find_local(rig, step->index, &step->prefix.ip, MARK_VIRTUAL) ==
		    rig->local_count)
			ifroutes_remove(rig->routes, &route);
	}
}

static void
way_step(struct kernel *rig, const struct ifstep *step)
{
	struct ifroute route = step->route;

	switch (step->kind) {
	case IFSTEP_NEW_ROUTE:
		assert_null(ifroutes_find(rig->routes, &route));
		/* fall through */
	case IFSTEP_ADD_ROUTE:
		for (unsigned i = 0; i < route.hop_count; i++)
			assert_true(ifworld_link(rig->world, route.hops[i].link)->up);
		if (route.hop_count == 0 && route.kind == IFROUTE_UNICAST)
			route.hop_count = 1;
		ifroutes_put(rig->routes, &route);
		return;
	case IFSTEP_REMOVE_ROUTE:
		ifroutes_remove(rig->routes, &route);
		return;
	case IFSTEP_ADD_RULE:
		ifroutes_put_rule(rig->routes, &step->rule);
		return;
	default:
		assert_int_equal(step->kind, IFSTEP_REMOVE_RULE);
		ifroutes_remove_rule(rig->routes, &step->rule);
	}
}

static void
tune_step(struct kernel *rig, const struct ifstep *step)
{
	struct ifworld_port port = rig->port;

	assert_non_null(ifworld_link(rig->world, step->index));
	port.known = true;
	switch (step->kind) {
	case IFSTEP_WRITE_TUNE:
		assert_true(step->tune >= TUNE_IPV6 && step->tune < TUNES && step->value >= 0);
		(void)ifworld_set_tune(rig->world, step->index, step->tune, step->value);
		return;
	case IFSTEP_SET_PORT:
		/* Such a driver offers nothing else, and says that it negotiates. */
		rig->port = step->port;
		rig->port.negotiated |= rig->offers;
		port = step->port;
		port.known = true;
		if (step->restores)
			iforiginals_forget(rig->originals, step->name, ORIGINAL_PORT);
		break;
	default:
		assert_int_equal(step->kind, IFSTEP_READ_PORT);
	}
	ifworld_set_port(rig->world, step->index, &port);
}

static void
delete_batch(struct kernel *rig, uint32_t batch)
{
	for (int index = 1; index <= rig->next_index; index++) {
		const struct ifworld_link *link = ifworld_link(rig->world, index);

		if (link != NULL && (batch == 0 ? link->marked : link->condemned) &&
		    rig->batches[index] == batch) {
			assert_true(ifgroup_is_virtual(link));
			ifworld_remove_link(rig->world, index);
		}
	}
}

/* A link made by a step. */
static void
create_step(struct kernel *rig, const struct ifstep *step)
{
	struct ifworld_link link = kernel_new_link(rig, step->name, IFWORLD_OTHER);

	switch (step->kind) {
	case IFSTEP_CREATE_BOND:
		link.kind = IFWORLD_BOND;
		set_bond(rig, &link, step);
		break;
	case IFSTEP_CREATE_VIF:
		init_vlan(rig, &link, step);
		break;
	case IFSTEP_CREATE_SWITCH:
		link.kind = IFWORLD_BRIDGE;
		link.bridge = (struct ifworld_bridge){ .can_filter = !rig->no_filter,
		                                       .snooping = true, .default_primary = 1 };
		set_switch(&link, step);
		break;
	case IFSTEP_CREATE_LOOPBACK:
		link.kind = IFWORLD_DUMMY;
		break;
	default:
		assert_int_equal(step->kind, IFSTEP_CREATE_VIRTUAL);
		link.kind = IFWORLD_MACVLAN;
		link.private = true;
		link.parent = step->other;
		link.mac = step->mac;
		link.marked = true;
	}
	ifworld_put_link(rig->world, &link);
}

/* Up, down, and which of the marked links it is one of. */
static void
flag_step(struct kernel *rig, const struct ifstep *step, struct ifworld_link *link)
{
	switch (step->kind) {
	case IFSTEP_CONDEMN:
		link->marked = step->batch == 0;
		link->condemned = step->batch != 0;
		assert_true(step->index < (int)ARRAY_SIZE(rig->batches));
		rig->batches[step->index] = step->batch;
		break;
	case IFSTEP_SET_DOWN:
		kernel_lift(link, false);
		on_fall(rig, link->index);
		break;
	case IFSTEP_RAISE:
		link->marked = link->condemned = false;
		/* fall through */
	default:
		if (link->kind == IFWORLD_VLAN)
			assert_true(copy_of(rig, link->parent).up);
		if (!link->up)
			on_rise(rig, link->index);
		kernel_lift(link, true);
	}
}

static void
set_arp(struct ifworld_link *link, const struct ifworld_arp *arp)
{
	if (arp->ignore >= 0)
		link->arp.ignore = arp->ignore;
	if (arp->announce >= 0)
		link->arp.announce = arp->announce;
	if (arp->rp_filter >= 0)
		link->arp.rp_filter = arp->rp_filter;
}

static void
attribute_step(struct kernel *rig, const struct ifstep *step, struct ifworld_link *link)
{
	switch (step->kind) {
	case IFSTEP_RENAME:
		assert_null(ifworld_named(rig->world, step->text));
		snprintf(link->name, sizeof(link->name), "%s", step->text);
		break;
	case IFSTEP_SET_MTU:
		if (link->kind == IFWORLD_VLAN)
			assert_true(step->mtu <= copy_of(rig, link->parent).mtu);
		link->mtu = step->mtu;
		break;
	case IFSTEP_SET_MAC:
		link->mac = step->mac;
		break;
	case IFSTEP_SET_ALIAS:
		memset(link->alias, 0, sizeof(link->alias));
		snprintf(link->alias, sizeof(link->alias), "%s", step->text);
		break;
	case IFSTEP_SET_GROUP_ALIAS:
		ifstep_group_alias(step->text, step->vrid, link->alias);
		link->marked = link->condemned = false;
		break;
	case IFSTEP_SET_MASTER:
		set_master(rig, link, step->other);
		break;
	case IFSTEP_SET_BOND:
		set_bond(rig, link, step);
		break;
	case IFSTEP_SET_SWITCH:
		set_switch(link, step);
		break;
	case IFSTEP_SET_ARP:
		set_arp(link, &step->arp);
		break;
	case IFSTEP_SET_NO_ADDR_GEN:
		link->no_addr_gen = true;
		break;
	default:
		assert_int_equal(step->kind, IFSTEP_SET_TUNE);
		assert_true(step->tune < TUNE_IPV6 && step->value >= 0);
		link->tunes[step->tune] = step->value;
	}
}

/* A link that is there. */
static void
change_step(struct kernel *rig, const struct ifstep *step)
{
	struct ifworld_link link = copy_of(rig, step->index);

	if (step->kind == IFSTEP_CONDEMN || step->kind == IFSTEP_RAISE ||
	    step->kind == IFSTEP_SET_UP || step->kind == IFSTEP_SET_DOWN)
		flag_step(rig, step, &link);
	else
		attribute_step(rig, step, &link);
	ifworld_put_link(rig->world, &link);
	if (step->kind == IFSTEP_SET_MASTER)
		give_default_vlan(rig, &link);
}

void
kernel_carry_out(struct kernel *rig, const struct ifstep *step)
{
	char text[128];
	size_t length = strlen(rig->log);

	ifstep_text(step, text, sizeof(text));
	snprintf(rig->log + length, sizeof(rig->log) - length, "%s: %s\n", step->name, text);
	rig->done++;
	rig->kinds[step->kind]++;
	if (step->kind >= IFSTEP_WRITE_TUNE)
		tune_step(rig, step);
	else if (step->kind >= IFSTEP_NEW_ROUTE)
		way_step(rig, step);
	else if (step->kind >= IFSTEP_ADD_ADDRESS)
		address_step(rig, step);
	else if (step->kind == IFSTEP_DELETE_BATCH)
		delete_batch(rig, step->batch);
	else if (step->kind == IFSTEP_ADD_VLANS || step->kind == IFSTEP_REMOVE_VLANS)
		vlans_step(rig, step);
	else if (step->kind == IFSTEP_DELETE_LINK)
		delete_link(rig, step->index);
	else if (step->index == 0)
		create_step(rig, step);
	else
		change_step(rig, step);
}

static bool
refuses(void *owner, const struct ifstep *step)
{
	return step->kind == ((struct kernel *)owner)->refuse;
}

struct ifplan_view
kernel_view(struct kernel *rig)
{
	ifnets_touch(rig->nets);
	return (struct ifplan_view){
		.world = rig->world,
		.routes = rig->routes,
		.nets = rig->nets,
		.originals = rig->originals,
		.held = rig->held,
		.lease = 4,
		.refused = refuses,
		.owner = rig,
	};
}

/* Plan and carry out until nothing is left; how many steps it took. */
unsigned
kernel_settle(struct kernel *rig)
{
	uint32_t links = rig->settings->link_count, statics = ifstatic_units(rig->settings);
	struct ifplan_view view = kernel_view(rig);
	struct ifsteps steps = { 0 };
	bool more = true;

	rig->done = 0;
	rig->log[0] = '\0';
	memset(rig->kinds, 0, sizeof(rig->kinds));
	for (unsigned round = 0; more; round++) {
		assert_true(round < ROUNDS);
		more = false;
		ifplan_rest(rig->plan, &view, &steps);
		for (uint32_t l = 0; l <= links + statics; l++) {
			for (size_t i = 0; i < steps.count; i++)
				kernel_carry_out(rig, &steps.list[i]);
			more |= steps.count > 0;
			steps.count = 0;
			ifnets_touch(rig->nets);
			if (l < links)
				ifplan_link(rig->plan, &view, l, &steps);
			else if (l < links + statics)
				ifstatic_plan(rig->plan, &view, l - links, &steps);
		}
	}
	ifsteps_done(&steps);
	return rig->done;
}

/* ---- settings and questions ---- */

void
kernel_put_address(struct settings *s, uint32_t at, const char *text)
{
	assert_true(prefix_parse(text, &settings_addresses(s)[at].prefix));
	settings_addresses(s)[at].link = -1;
}

void
kernel_adopt(struct kernel *rig, struct settings *settings)
{
	ifplan_free(rig->plan);
	free(rig->settings);
	rig->settings = settings;
	rig->plan = ifplan_new(settings);
	memset(rig->held, 0, sizeof(rig->held));
}

const struct ifworld_link *
kernel_link(const struct kernel *rig, const char *name)
{
	const struct ifworld_link *link = ifworld_named(rig->world, name);

	assert_non_null(link);
	return link;
}

const struct ifworld_address *
kernel_address(const struct kernel *rig, const char *name, const char *text)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return ifworld_address(rig->world, kernel_link(rig, name)->index, &prefix);
}


bool
kernel_answers(const struct kernel *rig, const char *name, const char *text)
{
	const struct ifworld_link *link = kernel_link(rig, name);
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	if (!link->up)
		return false;
	if (prefix.ip.family == 6)
		return ifworld_address(rig->world, link->index, &prefix) != NULL;
	return find_local(rig, link->index, &prefix.ip, 0) < rig->local_count;
}

bool
kernel_has_local(const struct kernel *rig, const char *name, const char *text, uint8_t mark)
{
	struct prefix prefix;

	assert_true(prefix_parse(text, &prefix));
	return find_local(rig, kernel_link(rig, name)->index, &prefix.ip,
	                  mark == 0 ? KERNEL_OWN : mark) < rig->local_count;
}

void
kernel_take(struct kernel *rig, uint32_t group)
{
	struct ifplan_view view = kernel_view(rig);
	struct ifsteps steps = { 0 };

	rig->held[group] = true;
	ifgroup_take(rig->plan, &view, group, &steps);
	kernel_carry_out_all(rig, &steps);
}

void
kernel_drop(struct kernel *rig, uint32_t group)
{
	struct ifplan_view view = kernel_view(rig);
	struct ifsteps steps = { 0 };

	rig->held[group] = false;
	ifgroup_drop(rig->plan, &view, group, &steps);
	kernel_carry_out_all(rig, &steps);
}

void
kernel_carry_out_all(struct kernel *rig, struct ifsteps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		kernel_carry_out(rig, &steps->list[i]);
	ifsteps_done(steps);
}

struct kernel *
kernel_new(struct settings *settings)
{
	struct kernel *rig = calloc(1, sizeof(*rig));

	assert_non_null(rig);
	rig->refuse = IFSTEP_KINDS;
	rig->world = ifworld_new();
	rig->routes = ifroutes_new();
	rig->nets = ifnets_new(rig->world);
	rig->originals = iforiginals_new();
	for (unsigned i = 0; i < 2; i++) {
		struct ifworld_link link = kernel_new_link(rig, i == 0 ? "p1" : "p2",
		                                           IFWORLD_OTHER);

		kernel_lift(&link, i == 0);
		ifworld_put_link(rig->world, &link);
	}
	kernel_adopt(rig, settings);
	return rig;
}

void
kernel_free(struct kernel *rig)
{
	ifplan_free(rig->plan);
	free(rig->settings);
	iforiginals_free(rig->originals);
	ifworld_free(rig->world);
	ifroutes_free(rig->routes);
	ifnets_free(rig->nets);
	free(rig);
}

int
kernel_tear_down(void **state)
{
	kernel_free(*state);
	return 0;
}

void
kernel_restart(struct kernel *rig)
{
	struct iforiginals *read;
	struct error error;
	size_t size;
	uint8_t *bytes = iforiginals_write(rig->originals, &size);

	assert_int_equal(iforiginals_read(bytes, size, &read, &error), 0);
	iforiginals_free(rig->originals);
	rig->originals = read;
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(iforiginals_read(bytes, cut, &read, &error), 0);
	bytes[0] ^= 1;
	assert_int_not_equal(iforiginals_read(bytes, size, &read, &error), 0);
	free(bytes);
}
