/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The planner's index of the settings: a sorted array of names, groups in the order of their links,
 * and a hash of addresses.  It compares nothing with the kernel.
 */
#include "core/ifwish.h"

#include <stdlib.h>
#include <string.h>

#include "core/ifstep.h"

#define REAL UINT32_MAX			/* instead of a group: an address of the link itself */

/* An address that belongs on a link: of the link itself or of a group without virtual link. */
struct wish {
	uint32_t link;
	uint32_t address;		/* index + 1 into the settings' addresses; 0 = slot empty */
	uint32_t group;
};

struct name_entry {
	const char *name;
	uint32_t link;
};

struct ifwishes {
	const struct settings *settings;
	uint32_t *group_first;		/* link_count + 1 places in group_order */
	uint32_t *group_order;
	struct name_entry *names;	/* sorted */
	uint32_t name_count;
	struct wish *wishes;		/* open addressing, half empty */
	uint32_t wish_mask;
};

static void *
allocate(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);

	assert(memory != NULL);
	return memory;
}

static uint32_t
wish_hash(uint32_t link, const struct prefix *prefix)
{
	uint32_t hash = 2166136261u + link * 2654435761u + prefix->length;

	for (size_t i = 0; i < sizeof(prefix->ip.bytes); i++)
		hash = (hash ^ prefix->ip.bytes[i]) * 16777619u;
	return hash ^ hash >> 15;
}

static void
add_wish(struct ifwishes *w, uint32_t link, uint32_t address, uint32_t group)
{
	const struct prefix *prefix = &settings_addresses(w->settings)[address];
	uint32_t slot = wish_hash(link, prefix) & w->wish_mask;

	while (w->wishes[slot].address != 0)
		slot = (slot + 1) & w->wish_mask;
	w->wishes[slot] = (struct wish){ link, address + 1, group };
}

/* The next wish for this address on this link; *slot starts at UINT32_MAX. */
static const struct wish *
next_wish(const struct ifwishes *w, uint32_t link, const struct prefix *prefix, uint32_t *slot)
{
	const struct prefix *addresses = settings_addresses(w->settings);

	if (*slot == UINT32_MAX)
		*slot = wish_hash(link, prefix);
	else
		*slot = *slot + 1;
	for (*slot &= w->wish_mask; w->wishes[*slot].address != 0;
	     *slot = (*slot + 1) & w->wish_mask) {
		const struct wish *wish = &w->wishes[*slot];

		if (wish->link == link && prefix_equal(&addresses[wish->address - 1], prefix))
			return wish;
	}
	return NULL;
}

bool
ifwishes_real(const struct ifwishes *w, uint32_t link, const struct prefix *prefix)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, prefix, &slot)) != NULL) {
		if (wish->group == REAL)
			return true;
	}
	return false;
}

bool
ifwishes_held(const struct ifwishes *w, const bool *held, uint32_t link,
              const struct prefix *prefix)
{
	uint32_t slot = UINT32_MAX;
	const struct wish *wish;

	while ((wish = next_wish(w, link, prefix, &slot)) != NULL) {
		if (wish->group != REAL && held[wish->group])
			return true;
	}
	return false;
}

static void
prepare_wishes(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct link_settings *links = settings_links(s);
	const struct group_settings *groups = settings_groups(s);
	uint32_t slots = 16;

	while (slots < 2 * s->address_count)
		slots *= 2;
	w->wishes = allocate(slots, sizeof(*w->wishes));
	w->wish_mask = slots - 1;
	for (uint32_t l = 0; l < s->link_count; l++) {
		for (uint32_t i = 0; i < links[l].address_count; i++)
			add_wish(w, l, links[l].address_first + i, REAL);
	}
	for (uint32_t g = 0; g < s->group_count; g++) {
		if (groups[g].rfc_compatibility)
			continue;
		for (uint32_t i = 0; i < groups[g].address_count; i++)
			add_wish(w, (uint32_t)groups[g].link, groups[g].address_first + i, g);
	}
}

static void
prepare_groups(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);
	uint32_t *next;

	w->group_first = allocate(s->link_count + 1, sizeof(uint32_t));
	w->group_order = allocate(s->group_count, sizeof(uint32_t));
	for (uint32_t g = 0; g < s->group_count; g++)
		w->group_first[groups[g].link + 1]++;
	for (uint32_t l = 0; l < s->link_count; l++)
		w->group_first[l + 1] += w->group_first[l];
	next = allocate(s->link_count, sizeof(uint32_t));
	for (uint32_t l = 0; l < s->link_count; l++)
		next[l] = w->group_first[l];
	for (uint32_t g = 0; g < s->group_count; g++)
		w->group_order[next[groups[g].link]++] = g;
	free(next);
}

static int
compare_names(const void *a, const void *b)
{
	return strncmp(((const struct name_entry *)a)->name,
	               ((const struct name_entry *)b)->name, NAME_SIZE);
}

static void
prepare_names(struct ifwishes *w)
{
	const struct settings *s = w->settings;
	const struct group_settings *groups = settings_groups(s);

	w->names = allocate(s->link_count + s->group_count, sizeof(*w->names));
	for (uint32_t l = 0; l < s->link_count; l++)
		w->names[w->name_count++] =
			(struct name_entry){ settings_links(s)[l].name, l };
	for (uint32_t g = 0; g < s->group_count; g++) {
		if (!groups[g].rfc_compatibility)
			continue;
		w->names[w->name_count++] =
			(struct name_entry){ groups[g].vmac_name, (uint32_t)groups[g].link };
	}
	qsort(w->names, w->name_count, sizeof(*w->names), compare_names);
}

struct ifwishes *
ifwishes_new(const struct settings *settings)
{
	struct ifwishes *w = allocate(1, sizeof(*w));

	w->settings = settings;
	prepare_wishes(w);
	prepare_groups(w);
	prepare_names(w);
	return w;
}

void
ifwishes_free(struct ifwishes *w)
{
	if (w == NULL)
		return;
	free(w->group_first);
	free(w->group_order);
	free(w->names);
	free(w->wishes);
	free(w);
}

uint32_t
ifwishes_named(const struct ifwishes *w, const char *name)
{
	struct name_entry key = { .name = name };
	const struct name_entry *entry = bsearch(&key, w->names, w->name_count,
	                                         sizeof(*w->names), compare_names);

	return entry == NULL ? IFSTEP_REST : entry->link;
}

struct ifwishes_groups
ifwishes_groups(const struct ifwishes *w, uint32_t link)
{
	uint32_t first = w->group_first[link];

	return (struct ifwishes_groups){ &w->group_order[first], w->group_first[link + 1] - first };
}
