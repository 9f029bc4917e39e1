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
	if (master != 0) {
		assert_false(link->up);		/* "Device can not be enslaved while up" */
		kernel_lift(link, true);
	} else {
		kernel_lift(link, false);
	}
	link->master = master;
	(void)rig;
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
	(void)ifroutes_link_down(rig->routes, index, true);
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

	route.protocol = MARK_VIRTUAL;
	switch (step->kind) {
	case IFSTEP_ADD_ROUTE:
		if (route.link_count > 0)
			assert_true(ifworld_link(rig->world, route.links[0])->up);
		else if (route.kind == IFROUTE_UNICAST)
			route.link_count = 1;
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

void
kernel_carry_out(struct kernel *rig, const struct ifstep *step)
{
	struct ifworld_link link;
	char text[128];
	size_t length = strlen(rig->log);

	ifstep_text(step, text, sizeof(text));
	snprintf(rig->log + length, sizeof(rig->log) - length, "%s: %s\n", step->name, text);
	rig->done++;
	rig->kinds[step->kind]++;
	if (step->kind >= IFSTEP_ADD_ROUTE) {
		way_step(rig, step);
		return;
	}
	if (step->kind >= IFSTEP_ADD_ADDRESS) {
		address_step(rig, step);
		return;
	}
	if (step->kind == IFSTEP_DELETE_BATCH) {
		delete_batch(rig, step->batch);
		return;
	}
	if (step->index != 0)
		link = copy_of(rig, step->index);
	else
		link = kernel_new_link(rig, step->name, IFWORLD_OTHER);
	switch (step->kind) {
	case IFSTEP_CREATE_BOND:
		link.kind = IFWORLD_BOND;
		set_bond(rig, &link, step);
		break;
	case IFSTEP_CREATE_VIF:
		link.kind = IFWORLD_VLAN;
		link.parent = step->other;
		link.vlan = step->vlan;
		link.vlan_protocol = step->vlan_protocol;
		break;
	case IFSTEP_CREATE_VIRTUAL:
		link.kind = IFWORLD_MACVLAN;
		link.private = true;
		link.parent = step->other;
		link.mac = step->mac;
		link.marked = true;
		break;
	case IFSTEP_DELETE_LINK:
		ifworld_remove_link(rig->world, step->index);
		return;
	case IFSTEP_RENAME:
		assert_null(ifworld_named(rig->world, step->text));
		snprintf(link.name, sizeof(link.name), "%s", step->text);
		break;
	case IFSTEP_CONDEMN:
		link.marked = step->batch == 0;
		link.condemned = step->batch != 0;
		assert_true(step->index < (int)ARRAY_SIZE(rig->batches));
		rig->batches[step->index] = step->batch;
		break;
	case IFSTEP_RAISE:
		link.marked = link.condemned = false;
		if (!link.up)
			on_rise(rig, link.index);
		kernel_lift(&link, true);
		break;
	case IFSTEP_SET_UP:
		if (link.kind == IFWORLD_VLAN)
			assert_true(copy_of(rig, link.parent).up);
		if (!link.up)
			on_rise(rig, link.index);
		kernel_lift(&link, true);
		break;
	case IFSTEP_SET_DOWN:
		kernel_lift(&link, false);
		on_fall(rig, link.index);
		break;
	case IFSTEP_SET_MTU:
		link.mtu = step->mtu;
		break;
	case IFSTEP_SET_MAC:
		link.mac = step->mac;
		break;
	case IFSTEP_SET_ALIAS:
		memset(link.alias, 0, sizeof(link.alias));
		snprintf(link.alias, sizeof(link.alias), "%s", step->text);
		break;
	case IFSTEP_SET_GROUP_ALIAS:
		ifstep_group_alias(step->text, step->vrid, link.alias);
		link.marked = link.condemned = false;
		break;
	case IFSTEP_SET_MASTER:
		set_master(rig, &link, step->other);
		break;
	case IFSTEP_SET_BOND:
		set_bond(rig, &link, step);
		break;
	case IFSTEP_SET_ARP:
		if (step->arp.ignore >= 0)
			link.arp.ignore = step->arp.ignore;
		if (step->arp.announce >= 0)
			link.arp.announce = step->arp.announce;
		if (step->arp.rp_filter >= 0)
			link.arp.rp_filter = step->arp.rp_filter;
		break;
	case IFSTEP_SET_NO_ADDR_GEN:
		link.no_addr_gen = true;
		break;
	default:
		fail();
	}
	ifworld_put_link(rig->world, &link);
}

static bool
refuses(void *owner, const struct ifstep *step)
{
	return step->kind == ((struct kernel *)owner)->refuse;
}

struct ifplan_view
kernel_view(struct kernel *rig)
{
	return (struct ifplan_view){ rig->world, rig->routes, rig->originals, rig->held, 4,
	                             refuses, rig };
}

/* Plan and carry out until nothing is left; how many steps it took. */
unsigned
kernel_settle(struct kernel *rig)
{
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
		for (uint32_t l = 0; l <= rig->settings->link_count; l++) {
			for (size_t i = 0; i < steps.count; i++)
				kernel_carry_out(rig, &steps.list[i]);
			more |= steps.count > 0;
			steps.count = 0;
			if (l < rig->settings->link_count)
				ifplan_link(rig->plan, &view, l, &steps);
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
	free(rig);
}
