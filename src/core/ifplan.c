/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner of links and addresses.  It changes nothing but the list of steps and the record of
 * originals, and knows no kernel message.
 *
 * Bonds are planned by ifbond.c, switches by ifswitch.c, members of both by ifmember.c, what groups
 * have on a link by ifgroup.c.
 */
#include "core/ifplan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ifbond.h"
#include "core/ifeui.h"
#include "core/ifgroup.h"
#include "core/ifjob.h"
#include "core/ifmember.h"
#include "core/ifswitch.h"
#include "core/ifstatic.h"
#include "core/iftune.h"
#include "core/ifway.h"
#include "core/ifwish.h"

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

uint32_t
ifplan_owner(const struct ifplan *plan, const struct ifworld *world,
             const struct ifworld_link *link)
{
	uint32_t owner = ifwishes_named(plan->wishes, link->name);
	const struct ifworld_link *parent;

	if (owner != IFSTEP_REST || !ifgroup_is_virtual(link))
		return owner;
	parent = ifworld_link(world, link->parent);
	return parent == NULL ? IFSTEP_REST : ifwishes_named(plan->wishes, parent->name);
}

bool
ifplan_has_groups(const struct ifplan *plan, uint32_t link)
{
	return ifwishes_groups(plan->wishes, link).count > 0;
}

struct ifwishes_groups
ifplan_groups(const struct ifplan *plan, uint32_t link)
{
	return ifwishes_groups(plan->wishes, link);
}

struct ifwishes_groups
ifplan_visitors(const struct ifplan *plan, uint32_t link)
{
	return ifwishes_visitors(plan->wishes, link);
}

bool
ifplan_route_owner(const struct ifplan *plan, const struct ifroute *route, uint32_t *ret_link)
{
	/* Those that stand in for addresses come and go with their group's own steps. */
	if (route->kind == IFROUTE_STAND_IN)
		return false;
	if (route->protocol == MARK_REAL && ifstatic_find(plan->settings, route, ret_link))
		*ret_link += plan->settings->link_count;
	else if (route->protocol == MARK_REAL ||
	         !ifwishes_route(plan->wishes, NULL, route, ret_link))
		*ret_link = IFSTEP_REST;
	return true;
}

uint32_t
ifplan_rule_owner(const struct ifplan *plan, const struct ifrule *rule)
{
	uint32_t link;

	return ifwishes_rule(plan->wishes, NULL, rule, &link) ? link : IFSTEP_REST;
}

bool
ifplan_is_owner(const struct ifplan *plan, const struct ifworld *world, uint32_t group)
{
	const struct group_settings *g = &settings_groups(plan->settings)[group];
	const struct address_settings *addresses = settings_group_addresses(plan->settings, g);
	const struct ifworld_link *link =
		ifworld_named(world, settings_link_of(plan->settings, g)->name);
	struct ip primary;

	if (link == NULL)
		return false;
	primary = ifworld_source4(world, link->index);
	for (uint32_t i = 0; i < g->address_count; i++) {
		const struct ip *ip = &addresses[i].prefix.ip;

		if (ip->family == 4 ? ip_equal(ip, &primary)
		                    : !ip_is_link_local(ip) && ifworld_owns(world, link->index, ip))
			return true;
	}
	return false;
}

/* ---- attributes ---- */

/*
 * Each attribute is what the settings say; where they say nothing (any more), what it was before
 * we changed it; and where we never changed it, whatever it is.
 */
static void
plan_alias(const struct ifjob *job)
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
			ifjob_save(job, ORIGINAL_ALIAS);
		ifjob_text(job, IFSTEP_SET_ALIAS, job->now, want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_ALIAS);
	}
}

/* Has the link below room for packets of this size?  It may get it in a moment. */
static bool
may_have_mtu(const struct ifjob *job, uint32_t mtu)
{
	const struct ifworld_link *parent;

	if (job->now->kind != IFWORLD_VLAN)
		return true;
	parent = ifworld_link(job->view->world, job->now->parent);
	return parent == NULL || mtu <= parent->mtu;
}

static void
plan_mtu(const struct ifjob *job)
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
		if (!may_have_mtu(job, want))
			return;
		if (set)
			ifjob_save(job, ORIGINAL_MTU);
		ifjob_mtu(job, job->now, want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_MTU);
	}
}

static void
plan_mac(const struct ifjob *job)
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
			ifjob_save(job, ORIGINAL_MAC);
		ifjob_mac(job, job->now, &want);
	} else if (!set) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_MAC);
	}
}

/* A vif cannot be up while the link below is down. */
static bool
may_be_up(const struct ifjob *job)
{
	const struct ifworld_link *parent;

	if (job->now->kind != IFWORLD_VLAN)
		return true;
	parent = ifworld_link(job->view->world, job->now->parent);
	return parent == NULL || parent->up;
}

static void
plan_admin(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	bool want;

	if (job->wanted != NULL)
		want = !job->wanted->disable;
	else if (original != NULL && original->saved & ORIGINAL_UP)
		want = original->up;
	else
		return;
	/* Whoever talks to this host from within needs its loopback, whatever it was before. */
	if (job->now->kind == IFWORLD_LOOPBACK && !want) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_UP);
		return;
	}
	if (want != job->now->up) {
		if (want && !may_be_up(job))
			return;
		if (job->wanted != NULL && !ifjob_is_created(job))
			ifjob_save(job, ORIGINAL_UP);
		ifjob_simple(job, want ? IFSTEP_SET_UP : IFSTEP_SET_DOWN, job->now);
	} else if (job->wanted == NULL) {
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_UP);
	}
}

/* A link gets back how it answered ARP before. */
static void
restore_arp(const struct ifjob *job, const struct iforiginal *original)
{
	const struct ifworld_arp *now = &job->now->arp;

	if (now->ignore != original->arp.ignore || now->announce != original->arp.announce)
		ifjob_arp(job, job->now, (struct ifworld_arp){
			original->arp.ignore, original->arp.announce, -1 });
	else
		iforiginals_forget(job->view->originals, job->now->name, ORIGINAL_ARP);
}

/*
 * A link below virtual links must not answer ARP for their addresses with its own MAC, nor name
 * them as sender of its own ARP requests: either way the neighbours would learn the wrong MAC.
 */
static void
plan_parent_arp(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);
	struct ifwishes_groups groups = ifwishes_groups(job->plan->wishes, job->link);
	const struct ifworld_arp *now = &job->now->arp;
	bool needed = false;

	for (size_t i = 0; i < groups.count; i++)
		needed |= settings_groups(job->plan->settings)[groups.list[i]].rfc_compatibility;
	if (needed && (now->ignore == 0 || now->announce != 2)) {
		ifjob_save(job, ORIGINAL_ARP);
		ifjob_arp(job, job->now, (struct ifworld_arp){
			now->ignore == 0 ? 1 : now->ignore, 2, -1 });
	} else if (!needed && original != NULL && original->saved & ORIGINAL_ARP) {
		restore_arp(job, original);
	}
}

/* ---- addresses ---- */

static bool
may_have_address(const struct ifjob *job, const struct prefix *prefix)
{
	/* IPv6 addresses vanish while down. */
	return prefix->ip.family == 4 || (job->now->up && !iftune_awaits_ipv6(job));
}

static void
plan_real_addresses(const struct ifjob *job)
{
	const struct address_settings *addresses =
		settings_link_addresses(job->plan->settings, job->wanted);
	uint32_t count = job->wanted->address_count;

	for (uint32_t i = 0; i < count + job->wanted->eui64_count; i++) {
		struct prefix prefix = i < count ? addresses[i].prefix : ifeui_of(job, i - count);
		const struct ifworld_address *there =
			ifworld_address(job->view->world, job->now->index, &prefix);
		struct ifstep step = ifjob_step(job, IFSTEP_ADD_ADDRESS, job->now);

		/* One that is there without our mark is accepted as it is. */
		if ((there != NULL && there->mark != MARK_VIRTUAL) ||
		    !may_have_address(job, &prefix))
			continue;
		step.prefix = prefix;
		step.mark = MARK_REAL;
		ifjob_add(job, &step);
	}
}

/* Is it an own address of the job's link, as configured? */
static bool
is_real(const struct ifjob *job, const struct prefix *prefix)
{
	return ifwishes_real(job->plan->wishes, job->link, prefix) || ifeui_has(job, prefix);
}

/* Addresses with our mark that nobody wants on the link. */
static void
plan_sweep(const struct ifjob *job, const struct ifworld_link *link)
{
	const struct ifworld *world = job->view->world;
	const struct ifwishes *wishes = job->plan->wishes;
	bool ours = job->wanted != NULL;

	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_virtual(world, link->index, a)) != NULL;) {
		if (!ours || (!ifwishes_held(wishes, job->view->held, job->link, &a->prefix) &&
		              !is_real(job, &a->prefix)))
			ifjob_address(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
	for (const struct ifworld_address *a = NULL;
	     (a = ifworld_next_own(world, link->index, a)) != NULL;) {
		if (a->mark == MARK_REAL &&
		    (!ours || !is_real(job, &a->prefix)))
			ifjob_address(job, IFSTEP_REMOVE_ADDRESS, link, &a->prefix);
	}
}

/* ---- whole links ---- */

static void
plan_creation(const struct ifjob *job)
{
	const struct link_settings *wanted = job->wanted;
	struct ifstep step = ifjob_step(job, IFSTEP_CREATE_BOND, NULL);
	const struct ifworld_link *parent;

	memcpy(step.name, wanted->name, sizeof(step.name));
	switch ((enum link_kind)wanted->kind) {
	case LINK_DATAPLANE:
	case LINK_KINDS:
		return;
	case LINK_LOOPBACK:
		step.kind = IFSTEP_CREATE_LOOPBACK;
		break;
	case LINK_SWITCH:
		step.kind = IFSTEP_CREATE_SWITCH;
		step.bridge = ifswitch_wanted(wanted);
		/* Not every kernel's bridges keep VLANs apart: that is asked for later. */
		step.parts = SWITCH_PART_SNOOPING | SWITCH_PART_AGING | SWITCH_PART_DEFAULT_PRIMARY;
		break;
	case LINK_BOND:
		step.bond = ifbond_wanted(&wanted->bonding);
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
	if (ifjob_is_refused(job, &step))
		return;
	iforiginals_save_created(job->view->originals, wanted->name);
	ifjob_add(job, &step);
}

/* Is it the VLAN that the settings speak of? */
static bool
is_vif(const struct ifplan *plan, const struct ifworld *world, const struct link_settings *vif,
       const struct ifworld_link *now)
{
	const struct ifworld_link *parent =
		ifworld_named(world, settings_links(plan->settings)[vif->parent].name);

	return now->kind == IFWORLD_VLAN && now->vlan == vif->vlan &&
	       now->vlan_protocol == vif->vlan_protocol && parent != NULL &&
	       now->parent == parent->index;
}

/* A link keeps the VLAN it was made with: one of ours that shall have another is made anew. */
static bool
is_outdated(const struct ifjob *job)
{
	const struct link_settings *links = settings_links(job->plan->settings);

	/* Without its parent it could not be made anew: it stays while somebody renamed that. */
	return job->wanted->kind == LINK_VIF && job->now->kind == IFWORLD_VLAN &&
	       ifjob_is_created(job) &&
	       ifworld_named(job->view->world, links[job->wanted->parent].name) != NULL &&
	       !is_vif(job->plan, job->view->world, job->wanted, job->now);
}

void
ifplan_link(const struct ifplan *plan, const struct ifplan_view *view, uint32_t link,
            struct ifsteps *out)
{
	const struct link_settings *wanted = &settings_links(plan->settings)[link];
	struct ifjob job = { plan, view, out, link, wanted,
	                   ifworld_named(view->world, wanted->name) };
	size_t before = out->count;

	if (job.now == NULL) {
		plan_creation(&job);
		return;
	}
	if (is_outdated(&job)) {
		ifjob_simple(&job, IFSTEP_DELETE_LINK, job.now);
		return;
	}
	if (wanted->kind == LINK_BOND)
		ifbond_plan(&job);
	if (wanted->kind == LINK_DATAPLANE || wanted->kind == LINK_BOND)
		ifmember_plan(&job);
	/* Options and membership take links down and up again: the rest follows them. */
	if (out->count != before)
		return;
	if (wanted->kind == LINK_SWITCH)
		ifswitch_plan(&job);
	else
		ifswitch_plan_port(&job);
	plan_alias(&job);
	plan_mtu(&job);
	plan_mac(&job);
	plan_parent_arp(&job);
	iftune_plan(&job);
	iftune_plan_port(&job);
	plan_admin(&job);
	plan_sweep(&job, job.now);
	plan_real_addresses(&job);
	ifgroup_plan(&job);
}

static bool
is_of_kind_we_make(const struct ifworld_link *link)
{
	return link->kind == IFWORLD_BOND || link->kind == IFWORLD_VLAN ||
	       link->kind == IFWORLD_BRIDGE || link->kind == IFWORLD_DUMMY;
}

/* A link that the settings no longer name becomes what it was. */
static void
plan_restore(const struct ifjob *job, const struct iforiginal *original)
{
	size_t before = job->out->count;
	struct iforiginals *originals = job->view->originals;

	if (original->saved & ORIGINAL_CREATED) {
		if (is_of_kind_we_make(job->now))
			ifjob_simple(job, IFSTEP_DELETE_LINK, job->now);
		else
			iforiginals_forget(originals, original->name, ~0u);
		return;
	}
	if (original->saved & ORIGINAL_BOND) {
		if (job->now->kind == IFWORLD_BOND && original->bond.mode != BOND_MODES)
			ifbond_change(job, &original->bond);
		if (job->out->count == before)
			iforiginals_forget(originals, original->name, ORIGINAL_BOND);
	}
	if (original->saved & ORIGINAL_MASTER) {
		ifmember_plan(job);
		if (job->out->count == before)
			iforiginals_forget(originals, original->name, ORIGINAL_MASTER);
	}
	if (job->out->count != before)
		return;
	if (original->saved & (ORIGINAL_BRIDGE | ORIGINAL_VLANS)) {
		ifswitch_restore(job);
		ifswitch_plan_port(job);
	}
	plan_alias(job);
	plan_mtu(job);
	plan_mac(job);
	if (original->saved & ORIGINAL_ARP)
		restore_arp(job, original);
	iftune_plan(job);
	iftune_plan_port(job);
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
		struct mac mac = group_virtual_mac(g->family, g->vrid);

		if (g->rfc_compatibility && mac_equal(&mac, &link->mac))
			return true;
	}
	return false;
}

void
ifplan_rest(const struct ifplan *plan, const struct ifplan_view *view, struct ifsteps *out)
{
	struct ifjob job = { plan, view, out, IFSTEP_REST, NULL, NULL };
	size_t before = out->count;

	for (const struct ifworld_link *l = NULL;
	     (l = ifworld_next_link(view->world, l)) != NULL;) {
		if (ifgroup_is_virtual(l)) {
			if (ifgroup_is_ours(l) && !is_wanted(plan, view->world, l))
				ifgroup_condemn(&job, l, false);
		} else if (ifwishes_named(plan->wishes, l->name) == IFSTEP_REST) {
			plan_sweep(&job, l);
		}
	}
	ifgroup_delete_condemned(&job, before);
	ifway_sweep(&job);
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

/* All at once, because removing addresses and links takes long. */
static void
silence_all(const struct ifjob *job)
{
	const struct ifworld *world = job->view->world;

	for (const struct ifworld_link *l = NULL; (l = ifworld_next_link(world, l)) != NULL;) {
		for (const struct ifworld_address *a = NULL;
		     (a = ifworld_next_virtual(world, l->index, a)) != NULL;) {
			if (a->prefix.ip.family == 4 && !a->silent)
				ifjob_address(job, IFSTEP_SILENCE_ADDRESS, l, &a->prefix);
		}
	}
}

void
ifplan_stop(const struct ifplan_view *view, struct ifsteps *out)
{
	struct ifjob job = { NULL, view, out, IFSTEP_REST, NULL, NULL };

	ifway_sweep(&job);
	silence_all(&job);
	for (const struct ifworld_link *l = NULL;
	     (l = ifworld_next_link(view->world, l)) != NULL;) {
		const struct iforiginal *o = iforiginals_find(view->originals, l->name);

		if (ifgroup_is_ours(l)) {
			ifgroup_condemn(&job, l, true);
			continue;
		}
		for (const struct ifworld_address *a = NULL;
		     (a = ifworld_next_virtual(view->world, l->index, a)) != NULL;)
			ifjob_address(&job, IFSTEP_REMOVE_ADDRESS, l, &a->prefix);
		if (o != NULL && o->saved & ORIGINAL_ARP) {
			job.now = l;
			restore_arp(&job, o);
		}
	}
	ifgroup_delete_at_once(&job);
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

static void
remark_switch(const struct link_settings *l, const struct ifworld_link *now,
              void (*say)(void *owner, const char *sentence), void *owner)
{
	if (now->kind != IFWORLD_BRIDGE)
		remark(say, owner, "%s: the interface exists and is no switch; it is used as it is",
		       l->name);
	else if (!now->bridge.can_filter)
		remark(say, owner, "%s: this kernel's bridges know no VLANs; the switch sends "
		       "every frame to all of its ports", l->name);
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
	char text[192];

	if (now == NULL) {
		if (l->kind == LINK_DATAPLANE)
			remark(say, owner, "%s: there is no such interface; its settings wait "
			       "until it appears", l->name);
		return;
	}
	for (enum tune tune = 0; tune < TUNES && l->tunes.set; tune++) {
		if (iftune_is_overridden(l, world, tune, text, sizeof(text)))
			remark(say, owner, "%s: %s", l->name, text);
	}
	if (l->kind == LINK_BOND && now->kind != IFWORLD_BOND)
		remark(say, owner, "%s: the interface exists and is no bond; its addresses are "
		       "managed, its bond options are not", l->name);
	if (l->kind == LINK_SWITCH)
		remark_switch(l, now, say, owner);
	if (l->kind == LINK_VIF) {
		other = ifworld_named(world, links[l->parent].name);
		if (!is_vif(plan, world, l, now))
			remark(say, owner, "%s: the interface exists and is not VLAN %u of %s; "
			       "it is used as it is", l->name, l->vlan, links[l->parent].name);
		else if (l->mtu > other->mtu)
			remark(say, owner, "%s: keeps mtu %u, because %s has mtu %u", l->name,
			       now->mtu, other->name, other->mtu);
	}
	if (l->member_of >= 0) {
		bool is_switch = links[l->member_of].kind == LINK_SWITCH;

		other = ifworld_named(world, links[l->member_of].name);
		if (other != NULL && other->kind != (is_switch ? IFWORLD_BRIDGE : IFWORLD_BOND))
			remark(say, owner, "%s: cannot join %s, which is no %s", l->name,
			       other->name, is_switch ? "switch" : "bond");
	}
	for (size_t i = 0; i < groups.count; i++) {
		const struct group_settings *g = &settings_groups(plan->settings)[groups.list[i]];
		char name[NAME_SIZE];

		other = g->rfc_compatibility ? ifworld_named(world, g->vmac_name) : NULL;
		if (other == NULL || (ifgroup_is_virtual(other) && other->parent == now->index))
			continue;
		ifgroup_other_name(now->index, g, name);
		remark(say, owner, "%s group %u: the name %s is taken by another interface; "
		       "the virtual link is called %s instead", l->name, g->vrid, other->name,
		       name);
	}
}
