/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's part for tunes and for the speed of ports.  Facts about Linux that shape it:
 *  - The numbers of IPv4 can be set by route netlink, those of IPv6 only below /proc, which is why
 *    there are two kinds of steps.  The kernel tells both with every link.
 *  - Packets to the virtual MAC of a group come in through its virtual link, whose numbers count
 *    for them.  There the source check stays loose: the way back leads through the link below.
 *  - A driver may carry out a fixed speed by offering nothing else in a negotiation, and says
 *    afterwards that it negotiates.  So what was fixed once is judged by its speed alone, or a port
 *    would lose its carrier at every look.
 *
 * What VRRP itself needs of these layers (arp_ignore, arp_announce, the source check of virtual
 * links) is no tune; ifplan.c and ifgroup.c see to that.
 */
#include "core/iftune.h"

#include <stdio.h>

#define OF_VIRTUAL_LINKS (1u << TUNE_FORWARDING | 1u << TUNE_LOG_MARTIANS)

static void
tune_step(const struct ifjob *job, const struct ifworld_link *link, enum tune tune, int16_t value)
{
	struct ifstep step = ifjob_step(job, tune < TUNE_IPV6 ? IFSTEP_SET_TUNE : IFSTEP_WRITE_TUNE,
	                                link);

	step.tune = (uint8_t)tune;
	step.value = value;
	ifjob_add(job, &step);
}

static void
plan_tune(const struct ifjob *job, const struct ifworld_link *link, enum tune tune)
{
	struct iforiginals *originals = job->view->originals;
	const struct iforiginal *original = iforiginals_find(originals, link->name);
	const struct tune_settings *wanted = job->wanted == NULL ? NULL : &job->wanted->tunes;
	bool set = wanted != NULL && wanted->set >> tune & 1;
	int16_t want;

	if (set)
		want = wanted->values[tune];
	else if (original != NULL && original->saved & ORIGINAL_TUNES &&
	         original->tuned >> tune & 1)
		want = original->tunes[tune];
	else
		return;
	if (want != link->tunes[tune] && link->tunes[tune] >= 0) {
		if (set)
			iforiginals_save_tune(originals, link, tune);
		tune_step(job, link, tune, want);
	} else if (!set) {
		iforiginals_forget_tune(originals, link->name, tune);
	}
}

/* Those of these that are configured or were changed; most links have none. */
static void
plan_tunes(const struct ifjob *job, const struct ifworld_link *link, uint32_t which)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, link->name);
	uint32_t concerned = job->wanted == NULL ? 0 : job->wanted->tunes.set;

	if (original != NULL && original->saved & ORIGINAL_TUNES)
		concerned |= original->tuned;
	concerned &= which;
	for (enum tune tune = 0; concerned >> tune != 0; tune++) {
		if (concerned >> tune & 1)
			plan_tune(job, link, tune);
	}
}

void
iftune_plan(const struct ifjob *job)
{
	plan_tunes(job, job->now, UINT32_MAX);
}

void
iftune_plan_virtual(const struct ifjob *job, const struct ifworld_link *link)
{
	plan_tunes(job, link, OF_VIRTUAL_LINKS);
}

bool
iftune_awaits_ipv6(const struct ifjob *job)
{
	const struct iforiginal *original = iforiginals_find(job->view->originals, job->now->name);

	return job->now->tunes[TUNE_DISABLE_IPV6] == 1 && original != NULL &&
	       original->saved & ORIGINAL_TUNES && original->tuned >> TUNE_DISABLE_IPV6 & 1;
}

bool
iftune_is_overridden(const struct link_settings *wanted, const struct ifworld *world,
                     enum tune tune, char *text, size_t size)
{
	/* The kernel takes the higher number: strict (1) hides behind loose (2). */
	static const char *const checks[] = { "disable", "strict", "loose" };
	uint8_t want = wanted->tunes.values[tune];
	int16_t all;

	if (!(wanted->tunes.set >> tune & 1))
		return false;
	all = ifworld_tune(world, IFWORLD_ALL, tune);
	if (all <= want || all > 2)
		return false;
	if (tune == TUNE_RP_FILTER)
		snprintf(text, size, "rpf-check is %s in effect, not %s, because the kernel's "
		         "setting for all interfaces is higher; set net.ipv4.conf.all.rp_filter "
		         "to 0", checks[all], checks[want]);
	else if (tune == TUNE_IGNORE_LINKDOWN4)
		snprintf(text, size, "disable-link-detect has no effect on IPv4 routes, because "
		         "the kernel's setting for all interfaces ends them; set "
		         "net.ipv4.conf.all.ignore_routes_with_linkdown to 0");
	return tune == TUNE_RP_FILTER || tune == TUNE_IGNORE_LINKDOWN4;
}

/* ---- ports ---- */

static struct ifworld_port
port_of(const struct port_settings *settings)
{
	return (struct ifworld_port){
		.known = true,
		.negotiated = settings->mode == PORT_NEGOTIATED,
		.half = settings->half,
		.speed = settings->speed,
	};
}

/* fixed: by us, before. */
static bool
is_like(const struct ifworld_port *now, const struct ifworld_port *want, bool fixed)
{
	if (want->negotiated)
		return now->negotiated;
	if (fixed && now->speed == 0)
		return true;
	return now->speed == want->speed && now->half == want->half && (fixed || !now->negotiated);
}

/* Do the settings say nothing of the port's speed (any more)? */
static bool
leaves_port(const struct ifjob *job)
{
	return job->wanted == NULL || job->wanted->port.mode == PORT_LEFT;
}

static void
port_step(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_port *port)
{
	struct ifstep step = ifjob_step(job, kind, job->now);

	if (port != NULL)
		step.port = *port;
	step.restores = port != NULL && leaves_port(job);
	if (ifjob_is_refused(job, &step))
		return;			/* nor is there anything to restore later */
	if (port != NULL && !step.restores)
		ifjob_save(job, ORIGINAL_PORT);
	ifjob_add(job, &step);
}

void
iftune_plan_port(const struct ifjob *job)
{
	struct iforiginals *originals = job->view->originals;
	const struct iforiginal *original = iforiginals_find(originals, job->now->name);
	bool fixed = original != NULL && original->saved & ORIGINAL_PORT;
	struct ifworld_port want;

	if (leaves_port(job)) {
		/* Once: how a driver offers less in a negotiation cannot be seen.  Until it was
		 * tried the original is kept, because a commit may cancel what waits. */
		if (fixed)
			port_step(job, IFSTEP_SET_PORT, &original->port);
		return;
	}
	if (!job->now->port.known) {
		port_step(job, IFSTEP_READ_PORT, NULL);
		return;
	}
	want = port_of(&job->wanted->port);
	if (is_like(&job->now->port, &want, fixed))
		return;
	port_step(job, IFSTEP_SET_PORT, &want);
}
