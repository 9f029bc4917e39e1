/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner of links and addresses.  It changes nothing but the list of steps and the record of
 * originals, and knows no kernel message.
 *
 * Three facts about Linux shape it:
 *  - An address given to a link that is down gets a local route all the same, and keeps it when the
 *    link goes down later: the host would answer ARP and ping for it.  So an address staged on
 *    a virtual link that is down is silenced: its local route is removed.  Raising the link makes
 *    the kernel put all of them back at once, which is what makes a takeover one step a group.
 *  - A bond changes its mode only when it is down and has no members, its LACP options only when it
 *    is down.
 *  - A member joins a bond only when it is down, and comes up with it.
 *
 * When the name of a group's virtual link is taken by a foreign link, the virtual link gets
 * another name: running without it would announce a virtual MAC that nobody listens to.
 */
#include "core/ifplan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ifwish.h"

struct ifplan {
	const struct settings *settings;
	struct ifwishes *wishes;
};

/* What planning one link needs everywhere. */
struct job {
	const struct ifplan *plan;
	const struct ifplan_view *view;
	struct ifsteps *out;
	uint32_t link;
	const struct link_settings *wanted;	/* NULL for the rest */
	const struct ifworld_link *now;
};

struct ifplan *
ifplan_new(const struct settings *settings)
{
	struct ifplan *plan = calloc(1, sizeof(*plan));

	assert(plan != NULL);
	plan->settings = settings;
	plan->wishes = ifwishes_new(settings);
	return plan;
}

void
ifplan_free(struct ifplan *plan)
{
	if (plan == NULL)
		return;
	ifwishes_free(plan->wishes);
	free(plan);
}

/* Is this one of the links we make for groups: does its address name a group number? */
static bool
is_virtual_link(const struct ifworld_link *link)
{
	return link->kind == IFWORLD_MACVLAN && link->private &&
	       memcmp(link->mac.bytes, "\x00\x00\x5e\x00", 4) == 0 &&
	       (link->mac.bytes[4] == 1 || link->mac.bytes[4] == 2);
}

uint32_t
ifplan_owner(const struct ifplan *plan, const struct ifworld *world,
             const struct ifworld_link *link)
{
	uint32_t owner = ifwishes_named(plan->wishes, link->name);
	const struct ifworld_link *parent;

	if (owner != IFSTEP_REST || !is_virtual_link(link))
		return owner;
	parent = ifworld_link(world, link->parent);
	return parent == NULL ? IFSTEP_REST : ifwishes_named(plan->wishes, parent->name);
}

bool
ifplan_has_groups(const struct ifplan *plan, uint32_t link)
{
	return ifwishes_groups(plan->wishes, link).count > 0;
}

/* ---- steps ---- */

static struct ifstep
make_step(const struct job *job, enum ifstep_kind kind, const struct ifworld_link *link)
{
	struct ifstep step;

	memset(&step, 0, sizeof(step));
	step.kind = kind;
	step.link = job->link;
	step.group = -1;
	step.arp = (struct ifworld_arp){ -1, -1, -1 };
	if (link != NULL) {
		step.index = link->index;
		memcpy(step.name, link->name, sizeof(step.name));
	}
	return step;
}

static bool
is_refused(const struct job *job, const struct ifstep *step)
{
	return job->view->refused != NULL && job->view->refused(job->view->owner, step);
}

static void
add_step(const struct job *job, const struct ifstep *step)
{
	if (!is_refused(job, step))
		ifsteps_add(job->out, step);
}

static void
add_simple(const struct job *job, enum ifstep_kind kind, const struct ifworld_link *link)
{
	struct ifstep step = make_step(job, kind, link);

	add_step(job, &step);
}

static void
add_master(const struct job *job, const struct ifworld_link *link, int master)
{
	struct ifstep step = make_step(job, IFSTEP_SET_MASTER, link);

	step.other = master;
	add_step(job, &step);
}

static void
add_mtu(const struct job *job, const struct ifworld_link *link, uint32_t mtu)
{
	struct ifstep step = make_step(job, IFSTEP_SET_MTU, link);

	step.mtu = mtu;
	add_step(job, &step);
}

static void
add_mac(const struct job *job, const struct ifworld_link *link, const struct mac *mac)
{
	struct ifstep step = make_step(job, IFSTEP_SET_MAC, link);

	step.mac = *mac;
	add_step(job, &step);
}

static void
add_text(const struct job *job, enum ifstep_kind kind, const struct ifworld_link *link,
         const char *text)
{
	struct ifstep step = make_step(job, kind, link);

	step.text = text;
	add_step(job, &step);
}

static void
add_arp(const struct job *job, const struct ifworld_link *link, struct ifworld_arp arp)
{
	struct ifstep step = make_step(job, IFSTEP_SET_ARP, link);

	step.arp = arp;
	add_step(job, &step);
}

static void
add_address_step(const struct job *job, enum ifstep_kind kind, const struct ifworld_link *link,
                 const struct prefix *prefix)
{
	struct ifstep step = make_step(job, kind, link);

	step.prefix = *prefix;
	add_step(job, &step);
}

static void
save(const struct job *job, enum iforiginal_bit bit)
{
	const struct ifworld_link *master = ifworld_link(job->view->world, job->now->master);

	iforiginals_save(job->view->originals, job->now, master == NULL ? "" : master->name, bit);
}

static bool
is_created(const struct job *job)
{
	return iforiginals_has(job->view->originals, job->now->name, ORIGINAL_CREATED);
}

/* ---- bonds ---- */

static uint8_t
bond_parts_that_differ(const struct ifworld_bond *want, const struct ifworld_bond *now)
{
	uint8_t parts = 0;

	if (want->mode != now->mode)
		parts |= BOND_PART_MODE;
	if (want->mode != BOND_ACTIVE_BACKUP && want->hash34 != now->hash34)
		parts |= BOND_PART_HASH;
	if (want->mode == BOND_LACP && (want->fast != now->fast || want->passive != now->passive ||
	                                want->key != now->key))
		parts |= BOND_PART_LACP;
	if (want->minimum_links != now->minimum_links)
		parts |= BOND_PART_MINIMUM;
	if (want->miimon != now->miimon)
		parts |= BOND_PART_MIIMON;
	return parts;
}

/* Bring the bond's options from what they are to what they should be. */
static void
plan_bond_change(const struct job *job, const struct ifworld_bond *want)
{
	const struct ifworld *world = job->view->world;
	const struct ifworld_link *bond = job->now;
	struct ifstep change = make_step(job, IFSTEP_SET_BOND, bond);
	bool down;
	bool empty;

	change.bond = *want;
	change.parts = bond_parts_that_differ(want, &bond->bond);
	if (change.parts == 0 || is_refused(job, &change))
		return;
	empty = (change.parts & BOND_PART_MODE) != 0;
	down = empty || (change.parts & BOND_PART_LACP) != 0;
	if (empty && want->mode == BOND_LACP)
		change.parts |= BOND_PART_LACP | BOND_PART_HASH;
	if (down && bond->up)
		add_simple(job, IFSTEP_SET_DOWN, bond);
	for (const struct ifworld_link *l = NULL; empty && (l = ifworld_next_link(world, l));) {
		if (l->master == bond->index)
			add_master(job, l, 0);
	}
	add_step(job, &change);
	/* Those that were members before come back, whoever made them members; they are down since
	 * they left. */
	for (const struct ifworld_link *l = NULL; empty && (l = ifworld_next_link(world, l));) {
		if (l->master == bond->index)
			add_master(job, l, bond->index);
	}
	if (down && bond->up)
		add_simple(job, IFSTEP_SET_UP, bond);
}

static struct ifworld_bond
wanted_bond(const struct bond_settings *settings)
{
	return (struct ifworld_bond){
		.mode = settings->mode,
		.hash34 = settings->mode != BOND_ACTIVE_BACKUP,
		.fast = settings->fast,
		.passive = settings->passive,
		.key = settings->key,
		.minimum_links = settings->minimum_links,
		.miimon = IFPLAN_MIIMON,
	};
}

static void
plan_primary(const struct job *job)
{
	const struct bond_settings *settings = &job->wanted->bonding;
	const struct ifworld_link *primary = ifworld_named(job->view->world, settings->primary);
	struct ifstep step = make_step(job, IFSTEP_SET_BOND, job->now);

	if (settings->mode != BOND_ACTIVE_BACKUP || job->now->bond.mode != BOND_ACTIVE_BACKUP ||
	    primary == NULL || primary->master != job->now->index ||
	    primary->index == job->now->bond.primary)
		return;
	step.bond.primary = primary->index;
	step.parts = BOND_PART_PRIMARY;
	add_step(job, &step);
}

static void
plan_bond(const struct job *job)
{
	struct ifworld_bond want = wanted_bond(&job->wanted->bonding);

	if (job->now->kind != IFWORLD_BOND)
		return;
	if (!is_created(job) && bond_parts_that_differ(&want, &job->now->bond) != 0)
		save(job, ORIGINAL_BOND);
	plan_bond_change(job, &want);
	plan_primary(job);
}

/* Make a member of the bond what it should be: -1 = of none. */
static void
plan_membership(const struct job *job)
{
	const struct ifplan_view *view = job->view;
	const struct ifworld_link *now = job->now;
	const struct ifworld_link *bond = NULL;
	const struct iforiginal *original = iforiginals_find(view->originals, now->name);
	const char *name = NULL;
	struct ifstep join = make_step(job, IFSTEP_SET_MASTER, now);

	if (job->wanted != NULL && job->wanted->bond >= 0)
		name = settings_links(job->plan->settings)[job->wanted->bond].name;
	else if (original != NULL && original->saved & ORIGINAL_MASTER)
		name = original->master;
	else
		return;
	if (name[0] != '\0') {
		bond = ifworld_named(view->world, name);
		if (bond == NULL || (job->wanted != NULL && job->wanted->bond >= 0 &&
		                     bond->kind != IFWORLD_BOND))
			return;
	}
	join.other = bond == NULL ? 0 : bond->index;
	if (now->master == join.other) {
		if (job->wanted != NULL && job->wanted->bond < 0)
			iforiginals_forget(view->originals, now->name, ORIGINAL_MASTER);
		return;
	}
	if (is_refused(job, &join))
		return;
	if (job->wanted != NULL && job->wanted->bond >= 0) {
		save(job, ORIGINAL_MASTER);
		save(job, ORIGINAL_UP);
	}
	if (join.other != 0 && now->up)
		add_simple(job, IFSTEP_SET_DOWN, now);
	add_step(job, &join);
}

/* ---- attributes ---- */

/*
 * Each attribute is what the settings say; where they say nothing (any more), what it was before
 * we changed it; and where we never changed it, whatever it is.
 */
static void
plan_alias(const struct job *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool set = job->wanted != NULL && job->wanted->description[0] != '\0';
	const char *want;

	if (set)
		want = job->wanted->description;
	else if (original != NULL && original->saved & ORIGINAL_ALIAS)
		want = original->alias;
	else
		return;
	if (strncmp(want, job->now->alias, DESCRIPTION_SIZE) != 0) {
		if (set)
			save(job, ORIGINAL_ALIAS);
		add_text(job, IFSTEP_SET_ALIAS, job->now, want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_ALIAS);
	}
}

static void
plan_mtu(const struct job *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool set = job->wanted != NULL && job->wanted->mtu != 0;
	uint32_t want;

	if (set)
		want = job->wanted->mtu;
	else if (original != NULL && original->saved & ORIGINAL_MTU)
		want = original->mtu;
	else
		return;
	if (want != job->now->mtu) {
		if (set)
			save(job, ORIGINAL_MTU);
		add_mtu(job, job->now, want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_MTU);
	}
}

static void
plan_mac(const struct job *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool set = job->wanted != NULL && job->wanted->has_mac;
	struct mac want;

	if (set)
		want = job->wanted->mac;
	else if (original != NULL && original->saved & ORIGINAL_MAC)
		want = original->mac;
	else
		return;
	if (!mac_equal(&want, &job->now->mac)) {
		if (set)
			save(job, ORIGINAL_MAC);
		add_mac(job, job->now, &want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_MAC);
	}
}

/* A vif cannot be up while the link below is down. */
static bool
may_be_up(const struct job *job)
{
	const struct ifworld_link *parent;

	if (job->now->kind != IFWORLD_VLAN)
		return true;
	parent = ifworld_link(job->view->world, job->now->parent);
	return parent == NULL || parent->up;
}

static void
plan_admin(const struct job *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool want;

	if (job->wanted != NULL)
		want = !job->wanted->disable;
	else if (original != NULL && original->saved & ORIGINAL_UP)
		want = original->up;
	else
		return;
	if (want != job->now->up) {
		if (want && !may_be_up(job))
			return;
		if (job->wanted != NULL && !is_created(job))
			save(job, ORIGINAL_UP);
		add_simple(job, want ? IFSTEP_SET_UP : IFSTEP_SET_DOWN, job->now);
	} else if (job->wanted == NULL) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_UP);
	}
}

/* A link gets back how it answered ARP before. */
static void
restore_arp(const struct job *job, const struct iforiginal *original)
{
	const struct ifworld_arp *now = &job->now->arp;

	if (now->ignore != original->arp.ignore || now->announce != original->arp.announce)
		add_arp(job, job->now, (struct ifworld_arp){
			original->arp.ignore, original->arp.announce, -1 });
	else
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_ARP);
}

/*
 * A link below virtual links must not answer ARP for their addresses with its own MAC, nor name
 * them as sender of its own ARP requests: either way the neighbours would learn the wrong MAC.
 */
static void
plan_parent_arp(const struct job *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	struct ifwishes_groups groups = ifwishes_groups(job->plan->wishes, job->link);
	const struct ifworld_arp *now = &job->now->arp;
	bool needed = false;

	for (size_t i = 0; i < groups.count; i++)
		needed |= settings_groups(job->plan->settings)[groups.list[i]].rfc_compatibility;
	if (needed && (now->ignore == 0 || now->announce != 2)) {
		save(job, ORIGINAL_ARP);
		add_arp(job, job->now, (struct ifworld_arp){
			now->ignore == 0 ? 1 : now->ignore, 2, -1 });
	} else if (!needed && original != NULL && original->saved & ORIGINAL_ARP) {
		restore_arp(job, original);
	}
}

/* ---- addresses ---- */

static bool
may_have_addresses(const struct ifworld_link *link, const struct prefix *prefix)
{
	return prefix->ip.family == 4 || link->up;	/* IPv6 addresses vanish while down */
}

static void
plan_real_addresses(const struct job *job)
{
	const struct prefix *addresses = settings_link_addresses(job->plan->settings, job->wanted);

	for (uint32_t i = 0; i < job->wanted->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(job->view->world, job->now->index, &addresses[i]);
		struct ifstep step = make_step(job, IFSTEP_ADD_ADDRESS, job->now);

		/* One that is there without our mark is accepted as it is. */
		if ((there != NULL && there->mark != MARK_VIRTUAL) ||
		    !may_have_addresses(job->now, &addresses[i]))
			continue;
		step.prefix = addresses[i];
		step.mark = MARK_REAL;
		add_step(job, &step);
	}
}

/* Addresses with our mark that nobody wants on the link. */
static void
plan_sweep(const struct job *job, const struct ifworld_link *link)
{
	const struct ifworld *world = job->view->world;
	bool ours = job->wanted != NULL;

	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_virtual(world, link->index, a)) != NULL;) {
		if (!ours || (!ifwishes_held(job->plan->wishes, job->view->held, job->link, &a->prefix) &&
		              !ifwishes_real(job->plan->wishes, job->link, &a->prefix)))
			add_address_step(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(world, link->index, a)) != NULL;) {
		if (a->mark == MARK_REAL &&
		    (!ours || !ifwishes_real(job->plan->wishes, job->link, &a->prefix)))
			add_address_step(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
}

static bool
covers(const struct prefix *network, const struct prefix *address)
{
	return network->length <= address->length && prefix_contains(network, &address->ip);
}

/* Is the network of a virtual address reached through the interface's own addresses already? */
static bool
is_connected(const struct job *job, const struct prefix *prefix)
{
	const struct prefix *addresses = settings_link_addresses(job->plan->settings, job->wanted);

	for (uint32_t i = 0; i < job->wanted->address_count; i++) {
		if (covers(&addresses[i], prefix))
			return true;
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(job->view->world, job->now->index, a)) != NULL;) {
		if (covers(&a->prefix, prefix))
			return true;
	}
	return false;
}

static struct ifstep
virtual_address_step(const struct job *job, const struct ifworld_link *link,
                     const struct prefix *prefix, uint32_t lease)
{
	struct ifstep step = make_step(job, IFSTEP_ADD_ADDRESS, link);

	step.prefix = *prefix;
	step.mark = MARK_VIRTUAL;
	step.lease = lease;
	step.no_prefix_route = is_connected(job, prefix);
	return step;
}

/* Whoever holds an address gets it leased.  force: even if it is there, to prolong the lease. */
static void
plan_held_addresses(const struct job *job, const struct ifworld_link *link, uint32_t group,
                    bool force)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *addresses = settings_group_addresses(job->plan->settings, g);

	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(job->view->world, link->index, &addresses[i]);
		struct ifstep step;

		if (!g->rfc_compatibility && ifwishes_real(job->plan->wishes, job->link, &addresses[i]))
			continue;
		if (there != NULL && (there->mark != MARK_VIRTUAL || (there->leased && !force)))
			continue;
		step = virtual_address_step(job, link, &addresses[i], job->view->lease);
		if (there == NULL)
			step.group = (int32_t)group;
		add_step(job, &step);
	}
}

/* ---- virtual links ---- */

static const struct ifworld_link *
find_virtual_link(const struct job *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *first = settings_group_addresses(job->plan->settings, g);
	struct mac mac = group_virtual_mac(first->ip.family, g->vrid);

	return ifworld_station(job->view->world, job->now->index, &mac);
}

static void
create_virtual_link(const struct job *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct prefix *first = settings_group_addresses(job->plan->settings, g);
	struct ifstep step = make_step(job, IFSTEP_CREATE_VIRTUAL, NULL);

	memcpy(step.name, g->vmac_name, sizeof(step.name));
	if (ifworld_named(job->view->world, step.name) != NULL)
		snprintf(step.name, sizeof(step.name), "vrrp%d.%u", job->now->index, g->vrid);
	if (ifworld_named(job->view->world, step.name) != NULL)
		return;
	step.other = job->now->index;
	step.mac = group_virtual_mac(first->ip.family, g->vrid);
	add_step(job, &step);
}

static bool
has_virtual_alias(const struct ifworld_link *link)
{
	char end[16];
	size_t length = strlen(link->alias);
	size_t end_length = (size_t)snprintf(end, sizeof(end), " group %u", link->mac.bytes[5]);

	return length > end_length && strcmp(link->alias + length - end_length, end) == 0;
}

static void
configure_virtual_link(const struct job *job, const struct ifworld_link *link,
                       const struct group_settings *g)
{
	char alias[DESCRIPTION_SIZE];

	if (!link->up && strncmp(link->name, g->vmac_name, NAME_SIZE) != 0 &&
	    ifworld_named(job->view->world, g->vmac_name) == NULL)
		add_text(job, IFSTEP_RENAME, link, g->vmac_name);
	ifstep_group_alias(job->wanted->name, g->vrid, alias);
	if (strcmp(alias, link->alias) != 0) {
		struct ifstep step = make_step(job, IFSTEP_SET_GROUP_ALIAS, link);

		step.vrid = g->vrid;
		step.text = job->wanted->name;
		add_step(job, &step);
	}
	if (link->mtu != job->now->mtu)
		add_mtu(job, link, job->now->mtu);
	if (!link->no_addr_gen)
		add_simple(job, IFSTEP_SET_NO_ADDR_GEN, link);
	/* Answers for its own addresses only; accepts packets that the parent would answer. */
	if (link->arp.ignore != 1 || link->arp.rp_filter != 2)
		add_arp(job, link, (struct ifworld_arp){ 1, -1, 2 });
}

static bool
lists(const struct ifplan *plan, const struct group_settings *g, const struct prefix *prefix)
{
	const struct prefix *addresses = settings_group_addresses(plan->settings, g);

	for (uint32_t i = 0; i < g->address_count; i++) {
		if (prefix_equal(&addresses[i], prefix))
			return true;
	}
	return false;
}

/* Everything on a virtual link that is not held: down, addresses there for good, but silent.
 * fresh: the link was up until now, whatever the picture says of its addresses. */
static void
stage_addresses(const struct job *job, const struct ifworld_link *link,
                const struct group_settings *g, bool fresh)
{
	const struct prefix *addresses = settings_group_addresses(job->plan->settings, g);

	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(job->view->world, link->index, &addresses[i]);
		struct ifstep step;

		if (there == NULL || (there->mark == MARK_VIRTUAL && (there->leased || fresh))) {
			step = virtual_address_step(job, link, &addresses[i], 0);
			add_step(job, &step);
		}
		if (there == NULL || fresh || !there->silent)
			add_address_step(job, IFSTEP_SILENCE_ADDRESS, link, &addresses[i]);
	}
}

static void
plan_virtual_link(const struct job *job, uint32_t group)
{
	const struct group_settings *g = &settings_groups(job->plan->settings)[group];
	const struct ifworld_link *link = find_virtual_link(job, group);

	if (link == NULL) {
		create_virtual_link(job, group);
		return;
	}
	configure_virtual_link(job, link, g);
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_virtual(job->view->world, link->index, a)) != NULL;) {
		if (!lists(job->plan, g, &a->prefix))
			add_address_step(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
	if (!job->view->held[group]) {
		if (link->up)
			add_simple(job, IFSTEP_SET_DOWN, link);
		stage_addresses(job, link, g, link->up);
		return;
	}
	plan_held_addresses(job, link, group, false);
	if (!link->up) {
		struct ifstep step = make_step(job, IFSTEP_SET_UP, link);

		step.group = (int32_t)group;
		add_step(job, &step);
	}
}

static void
plan_groups(const struct job *job)
{
	struct ifwishes_groups groups = ifwishes_groups(job->plan->wishes, job->link);

	for (size_t i = 0; i < groups.count; i++) {
		uint32_t group = groups.list[i];

		if (settings_groups(job->plan->settings)[group].rfc_compatibility)
			plan_virtual_link(job, group);
		else if (job->view->held[group])
			plan_held_addresses(job, job->now, group, false);
	}
}

/* ---- whole links ---- */

static void
plan_creation(const struct job *job)
{
	const struct link_settings *wanted = job->wanted;
	struct ifstep step = make_step(job, IFSTEP_CREATE_BOND, NULL);
	const struct ifworld_link *parent;

	memcpy(step.name, wanted->name, sizeof(step.name));
	switch ((enum link_kind)wanted->kind) {
	case LINK_DATAPLANE:
	case LINK_KINDS:
		return;
	case LINK_BOND:
		step.bond = wanted_bond(&wanted->bonding);
		step.parts = BOND_PART_MODE | BOND_PART_MINIMUM | BOND_PART_MIIMON;
		if (step.bond.mode != BOND_ACTIVE_BACKUP)
			step.parts |= BOND_PART_HASH;
		if (step.bond.mode == BOND_LACP)
			step.parts |= BOND_PART_LACP;
		break;
	case LINK_VIF:
		parent = ifworld_named(job->view->world,
		                       settings_links(job->plan->settings)[wanted->parent].name);
		if (parent == NULL)
			return;
		step.kind = IFSTEP_CREATE_VIF;
		step.other = parent->index;
		step.vlan = wanted->vlan;
		step.vlan_protocol = wanted->vlan_protocol;
		break;
	}
	if (is_refused(job, &step))
		return;
	iforiginals_save_created(job->view->originals, wanted->name);
	add_step(job, &step);
}

void
ifplan_link(const struct ifplan *plan, const struct ifplan_view *view, uint32_t link,
            struct ifsteps *out)
{
	const struct link_settings *wanted = &settings_links(plan->settings)[link];
	struct job job = { plan, view, out, link, wanted, ifworld_named(view->world, wanted->name) };
	size_t before = out->count;

	if (job.now == NULL) {
		plan_creation(&job);
		return;
	}
	if (wanted->kind == LINK_BOND)
		plan_bond(&job);
	if (wanted->kind == LINK_DATAPLANE)
		plan_membership(&job);
	/* Options and membership take links down and up again: the rest follows them. */
	if (out->count != before)
		return;
	plan_alias(&job);
	plan_mtu(&job);
	plan_mac(&job);
	plan_parent_arp(&job);
	plan_admin(&job);
	plan_sweep(&job, job.now);
	plan_real_addresses(&job);
	plan_groups(&job);
}

/* A link that the settings no longer name becomes what it was. */
static void
plan_restore(const struct job *job, const struct iforiginal *original)
{
	size_t before = job->out->count;
	struct iforiginals *originals = job->view->originals;

	if (original->saved & ORIGINAL_CREATED) {
		if (job->now->kind == IFWORLD_BOND || job->now->kind == IFWORLD_VLAN)
			add_simple(job, IFSTEP_DELETE_LINK, job->now);
		else
			iforiginals_forget(originals, original->name, ~0u);
		return;
	}
	if (original->saved & ORIGINAL_BOND) {
		if (job->now->kind == IFWORLD_BOND && original->bond.mode != BOND_MODES)
			plan_bond_change(job, &original->bond);
		if (job->out->count == before)
			iforiginals_forget(originals, original->name, ORIGINAL_BOND);
	}
	if (original->saved & ORIGINAL_MASTER) {
		plan_membership(job);
		if (job->out->count == before)
			iforiginals_forget(originals, original->name, ORIGINAL_MASTER);
	}
	if (job->out->count != before)
		return;
	plan_alias(job);
	plan_mtu(job);
	plan_mac(job);
	if (original->saved & ORIGINAL_ARP)
		restore_arp(job, original);
	plan_admin(job);
}

/* Does a group still want this virtual link? */
static bool
is_wanted(const struct ifplan *plan, const struct ifworld *world, const struct ifworld_link *link)
{
	const struct ifworld_link *parent = ifworld_link(world, link->parent);
	uint32_t owner = parent == NULL ? IFSTEP_REST : ifwishes_named(plan->wishes, parent->name);

	if (owner == IFSTEP_REST ||
	    strncmp(settings_links(plan->settings)[owner].name, parent->name, NAME_SIZE) != 0)
		return false;
	struct ifwishes_groups groups = ifwishes_groups(plan->wishes, owner);

	for (size_t i = 0; i < groups.count; i++) {
		const struct group_settings *g =
			&settings_groups(plan->settings)[groups.list[i]];
		const struct prefix *first = settings_group_addresses(plan->settings, g);
		struct mac mac = group_virtual_mac(first->ip.family, g->vrid);

		if (g->rfc_compatibility && mac_equal(&mac, &link->mac))
			return true;
	}
	return false;
}

void
ifplan_rest(const struct ifplan *plan, const struct ifplan_view *view, struct ifsteps *out)
{
	struct job job = { plan, view, out, IFSTEP_REST, NULL, NULL };

	for (const struct ifworld_link *l = NULL;
	     (l = ifworld_next_link(view->world, l)) != NULL;) {
		if (is_virtual_link(l)) {
			if (has_virtual_alias(l) && !is_wanted(plan, view->world, l))
				add_simple(&job, IFSTEP_DELETE_LINK, l);
		} else if (ifwishes_named(plan->wishes, l->name) == IFSTEP_REST) {
			plan_sweep(&job, l);
		}
	}
	for (const struct iforiginal *o = NULL;
	     (o = iforiginals_next(view->originals, o)) != NULL;) {
		if (ifwishes_named(plan->wishes, o->name) != IFSTEP_REST)
			continue;
		job.now = ifworld_named(view->world, o->name);
		if (job.now != NULL)
			plan_restore(&job, o);
		else
			iforiginals_forget(view->originals, o->name, ~0u);
	}
}

/* ---- the engine's wishes ---- */

/* False while the link (or virtual link) of the group does not exist. */
static bool
group_job(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
          struct ifsteps *out, struct job *ret_job, const struct ifworld_link **ret_link)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	const struct link_settings *wanted = settings_link_of(plan->settings, g);

	*ret_job = (struct job){ plan, view, out, (uint32_t)g->link, wanted,
	                         ifworld_named(view->world, wanted->name) };
	if (ret_job->now == NULL)
		return false;
	*ret_link = g->rfc_compatibility ? find_virtual_link(ret_job, group) : ret_job->now;
	return *ret_link != NULL;
}

void
ifplan_take(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct ifworld_link *link;
	size_t before = out->count;
	struct job job;

	if (!group_job(plan, view, group, out, &job, &link))
		return;
	plan_held_addresses(&job, link, group, true);
	for (size_t i = before; i < out->count; i++)
		out->list[i].group = -1;	/* taken, not brought back */
	/* Even if the picture has it up: a drop may be on its way. */
	if (link != job.now)
		add_simple(&job, IFSTEP_SET_UP, link);
}

void
ifplan_renew(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
             struct ifsteps *out)
{
	const struct ifworld_link *link;
	struct job job;

	if (group_job(plan, view, group, out, &job, &link))
		plan_held_addresses(&job, link, group, true);
}

void
ifplan_drop(const struct ifplan *plan, const struct ifplan_view *view, uint32_t group,
            struct ifsteps *out)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	const struct prefix *addresses = settings_group_addresses(plan->settings, g);
	const struct ifworld_link *link;
	struct job job;

	if (!group_job(plan, view, group, out, &job, &link))
		return;
	if (link != job.now) {
		add_simple(&job, IFSTEP_SET_DOWN, link);
		stage_addresses(&job, link, g, true);
		return;
	}
	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ifworld_address *there =
			ifworld_address(view->world, link->index, &addresses[i]);

		if (ifwishes_real(plan->wishes, job.link, &addresses[i]) ||
		    ifwishes_held(plan->wishes, view->held, job.link, &addresses[i]) ||
		    (there != NULL && there->mark != MARK_VIRTUAL))
			continue;
		add_address_step(&job, IFSTEP_REMOVE_ADDRESS, link, &addresses[i]);
	}
}

void
ifplan_stop(const struct ifplan_view *view, struct ifsteps *out)
{
	struct job job = { NULL, view, out, IFSTEP_REST, NULL, NULL };

	for (const struct ifworld_link *l = NULL;
	     (l = ifworld_next_link(view->world, l)) != NULL;) {
		const struct iforiginal *o = iforiginals_find(view->originals, l->name);

		if (is_virtual_link(l) && has_virtual_alias(l)) {
			add_simple(&job, IFSTEP_DELETE_LINK, l);
			continue;
		}
		for (const struct ifworld_address *a = NULL;
		     (a = ifworld_next_virtual(view->world, l->index, a)) != NULL;)
			add_address_step(&job, IFSTEP_REMOVE_ADDRESS, l, &a->prefix);
		if (o != NULL && o->saved & ORIGINAL_ARP) {
			job.now = l;
			restore_arp(&job, o);
		}
	}
}

/* ---- remarks ---- */

static void PRINTF_LIKE(3, 4)
remark(void (*say)(void *owner, const char *sentence), void *owner, const char *format, ...)
{
	char sentence[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(sentence, sizeof(sentence), format, arguments);
	va_end(arguments);
	say(owner, sentence);
}

void
ifplan_remarks(const struct ifplan *plan, const struct ifworld *world, uint32_t link,
               void (*say)(void *owner, const char *sentence), void *owner)
{
	const struct link_settings *links = settings_links(plan->settings);
	const struct link_settings *l = &links[link];
	const struct ifworld_link *now = ifworld_named(world, l->name);
	struct ifwishes_groups groups = ifwishes_groups(plan->wishes, link);
	const struct ifworld_link *other;

	if (now == NULL) {
		if (l->kind == LINK_DATAPLANE)
			remark(say, owner, "%s: there is no such interface; its settings wait "
			       "until it appears", l->name);
		return;
	}
	if (l->kind == LINK_BOND && now->kind != IFWORLD_BOND)
		remark(say, owner, "%s: the interface exists and is no bond; its addresses are "
		       "managed, its bond options are not", l->name);
	if (l->kind == LINK_VIF) {
		other = ifworld_named(world, links[l->parent].name);
		if (now->kind != IFWORLD_VLAN || now->vlan != l->vlan ||
		    now->vlan_protocol != l->vlan_protocol || other == NULL ||
		    now->parent != other->index)
			remark(say, owner, "%s: the interface exists and is not VLAN %u of %s; "
			       "it is used as it is", l->name, l->vlan, links[l->parent].name);
	}
	if (l->kind == LINK_DATAPLANE && l->bond >= 0) {
		other = ifworld_named(world, links[l->bond].name);
		if (other != NULL && other->kind != IFWORLD_BOND)
			remark(say, owner, "%s: cannot join %s, which is no bond", l->name,
			       other->name);
	}
	for (size_t i = 0; i < groups.count; i++) {
		const struct group_settings *g = &settings_groups(plan->settings)[groups.list[i]];

		other = g->rfc_compatibility ? ifworld_named(world, g->vmac_name) : NULL;
		if (other != NULL && !(is_virtual_link(other) && other->parent == now->index))
			remark(say, owner, "%s group %u: the name %s is taken by another "
			       "interface; the virtual link is called vrrp%d.%u instead", l->name,
			       g->vrid, other->name, now->index, g->vrid);
	}
}
