/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses made from MACs.  The MAC is the configured one, or else the one that the link has.
 */
#include "core/ifeui.h"

#include <string.h>

#define NETWORK_BYTES 8u
#define UNIVERSAL 0x02			/* the bit that the form inverts */

struct prefix
ifeui_address(const struct prefix *network, const struct mac *mac)
{
	struct prefix address = *network;
	uint8_t *host = &address.ip.bytes[NETWORK_BYTES];

	memcpy(host, mac->bytes, 3);
	host[0] ^= UNIVERSAL;
	host[3] = 0xff;
	host[4] = 0xfe;
	memcpy(host + 5, mac->bytes + 3, 3);
	return address;
}

struct prefix
ifeui_of(const struct ifjob *job, uint32_t number)
{
	const struct link_settings *link = job->wanted;
	const struct address_settings *networks =
		settings_link_addresses(job->plan->settings, link) + link->address_count;

	return ifeui_address(&networks[number].prefix,
	                     link->has_mac ? &link->mac : &job->now->mac);
}

bool
ifeui_has(const struct ifjob *job, const struct prefix *prefix)
{
	for (uint32_t i = 0; job->wanted != NULL && i < job->wanted->eui64_count; i++) {
		struct prefix address = ifeui_of(job, i);

		if (prefix_equal(&address, prefix))
			return true;
	}
	return false;
}
