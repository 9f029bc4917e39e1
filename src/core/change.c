/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares the settings of one group with those it had before, by what they mean: numbers of links
 * and places in arrays differ from one configuration to the next.  What follows from a difference
 * is decided in vrouter.c.
 */
#include "core/change.h"

#include <string.h>

/* The same link, or none: numbers differ from one configuration to the next. */
static bool
same_link(const struct vrouter *a, int32_t i, const struct vrouter *b, int32_t j)
{
	if (i < 0 || j < 0)
		return i == j;
	return strcmp(settings_links(a->all)[i].name, settings_links(b->all)[j].name) == 0;
}

static bool
same_addresses(const struct vrouter *a, const struct vrouter *b)
{
	if (a->settings->address_count != b->settings->address_count ||
	    a->settings->excluded_count != b->settings->excluded_count)
		return false;
	for (uint32_t i = 0; i < group_held_count(a->settings); i++)
		if (!prefix_equal(&a->addresses[i].prefix, &b->addresses[i].prefix) ||
		    !same_link(a, a->addresses[i].link, b, b->addresses[i].link))
			return false;
	return a->settings->rfc_compatibility == b->settings->rfc_compatibility &&
	       memcmp(a->settings->vmac_name, b->settings->vmac_name, NAME_SIZE) == 0;
}

static bool
same_peers(const struct vrouter *a, const struct vrouter *b)
{
	if (a->settings->peer_count != b->settings->peer_count)
		return false;
	for (uint32_t i = 0; i < a->settings->peer_count; i++)
		if (!ip_equal(&a->peers[i].address, &b->peers[i].address))
			return false;
	return true;
}

/* Would both advertise the same to the same, given the same link and addresses? */
static bool
same_frame(const struct vrouter *x, const struct vrouter *y)
{
	const struct group_settings *a = x->settings;
	const struct group_settings *b = y->settings;

	return a->version == b->version && a->both_versions == b->both_versions &&
	       a->interval == b->interval && a->sum_form == b->sum_form && a->auth == b->auth &&
	       memcmp(a->password, b->password, PASSWORD_SIZE) == 0 &&
	       ip_equal(&a->hello_source, &b->hello_source) && same_peers(x, y);
}

static bool
same_advertised_prefixes(const struct vrouter *x, const struct advertiser_settings *a,
                         const struct vrouter *y, const struct advertiser_settings *b)
{
	for (uint32_t i = 0; i < a->prefix_count; i++) {
		const struct advertised_prefix *p = &settings_prefixes(x->all)[a->prefix_first + i];
		const struct advertised_prefix *q = &settings_prefixes(y->all)[b->prefix_first + i];

		if (!prefix_equal(&p->prefix, &q->prefix) || p->on_link != q->on_link ||
		    p->autonomous != q->autonomous || p->valid != q->valid ||
		    p->preferred != q->preferred)
			return false;
	}
	return true;
}

/* Would both say the same in router advertisements? */
static bool
same_advertiser(const struct vrouter *x, const struct vrouter *y)
{
	const struct advertiser_settings *a, *b;

	if (x->settings->advertiser < 0 || y->settings->advertiser < 0)
		return x->settings->advertiser == y->settings->advertiser;
	a = &settings_advertisers(x->all)[x->settings->advertiser];
	b = &settings_advertisers(y->all)[y->settings->advertiser];
	return a->interval == b->interval && a->lifetime == b->lifetime &&
	       a->managed == b->managed && a->other == b->other && a->mtu == b->mtu &&
	       a->prefix_count == b->prefix_count && same_advertised_prefixes(x, a, y, b);
}

unsigned
change_found(const struct vrouter *v, const struct vrouter *old)
{
	unsigned found = 0;

	if (!same_addresses(old, v))
		found |= CHANGE_ADDRESSES | CHANGE_FRAME;
	if (!same_frame(old, v))
		found |= CHANGE_FRAME;
	if (old->settings->interval != v->settings->interval)
		found |= CHANGE_TIMING;
	if (!same_advertiser(old, v))
		found |= CHANGE_ROUTER;
	return found;
}
