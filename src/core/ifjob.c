/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing steps down for the planner.  No decision is made here, except that a step which the
 * kernel refused a moment ago is left out.
 */
#include "core/ifjob.h"

#include <string.h>

struct ifjob
ifjob_of(const struct ifplan *plan, const struct ifplan_view *view, uint32_t link,
         struct ifsteps *out)
{
	const struct link_settings *wanted = &settings_links(plan->settings)[link];

	return (struct ifjob){ plan, view, out, link, wanted,
	                       ifworld_named(view->world, wanted->name) };
}

static uint16_t
crowd_of(const struct ifjob *job, enum ifstep_kind kind)
{
	uint32_t crowd;

	if ((kind != IFSTEP_ADD_ADDRESS && kind != IFSTEP_REMOVE_ADDRESS) || job->plan == NULL ||
	    job->link == IFSTEP_REST)
		return 0;
	crowd = ifwishes_crowd(job->plan->wishes, job->link);
	return crowd > UINT16_MAX ? UINT16_MAX : (uint16_t)crowd;
}

struct ifstep
ifjob_step(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_link *link)
{
	struct ifstep step;

	memset(&step, 0, sizeof(step));
	step.kind = kind;
	step.urgency = IFSTEP_LATER;
	step.link = job->link;
	step.owner = -1;
	step.group = -1;
	step.crowd = crowd_of(job, kind);
	step.arp = (struct ifworld_arp){ -1, -1, -1 };
	if (link != NULL) {
		step.index = link->index;
		memcpy(step.name, link->name, sizeof(step.name));
	}
	return step;
}

bool
ifjob_is_refused(const struct ifjob *job, const struct ifstep *step)
{
	return job->view->refused != NULL && job->view->refused(job->view->owner, step);
}

void
ifjob_add(const struct ifjob *job, const struct ifstep *step)
{
	if (!ifjob_is_refused(job, step))
		ifsteps_add(job->out, step);
}

void
ifjob_simple(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_link *link)
{
	struct ifstep step = ifjob_step(job, kind, link);

	ifjob_add(job, &step);
}

void
ifjob_master(const struct ifjob *job, const struct ifworld_link *link, int master)
{
	struct ifstep step = ifjob_step(job, IFSTEP_SET_MASTER, link);

	step.other = master;
	ifjob_add(job, &step);
}

void
ifjob_mtu(const struct ifjob *job, const struct ifworld_link *link, uint32_t mtu)
{
	struct ifstep step = ifjob_step(job, IFSTEP_SET_MTU, link);

	step.mtu = mtu;
	ifjob_add(job, &step);
}

void
ifjob_mac(const struct ifjob *job, const struct ifworld_link *link, const struct mac *mac)
{
	struct ifstep step = ifjob_step(job, IFSTEP_SET_MAC, link);

	step.mac = *mac;
	ifjob_add(job, &step);
}

void
ifjob_text(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_link *link,
           const char *text)
{
	struct ifstep step = ifjob_step(job, kind, link);

	step.text = text;
	ifjob_add(job, &step);
}

void
ifjob_arp(const struct ifjob *job, const struct ifworld_link *link, struct ifworld_arp arp)
{
	struct ifstep step = ifjob_step(job, IFSTEP_SET_ARP, link);

	step.arp = arp;
	ifjob_add(job, &step);
}

void
ifjob_address(const struct ifjob *job, enum ifstep_kind kind, const struct ifworld_link *link,
              const struct prefix *prefix)
{
	struct ifstep step = ifjob_step(job, kind, link);

	step.prefix = *prefix;
	ifjob_add(job, &step);
}

void
ifjob_save(const struct ifjob *job, enum iforiginal_bit bit)
{
	const struct ifworld_link *master = ifworld_link(job->view->world, job->now->master);

	iforiginals_save(job->view->originals, job->now, master == NULL ? "" : master->name, bit);
}

bool
ifjob_is_created(const struct ifjob *job)
{
	return iforiginals_has(job->view->originals, job->now->name, ORIGINAL_CREATED);
}
