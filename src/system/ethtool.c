/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver's link settings by ioctl, which every kernel and driver has.  Nothing but speed,
 * duplex and negotiation is changed: the driver is given back what it said of all else.
 */
#include "system/ethtool.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define MASKS 3				/* supported, advertised, of the partner */

/* With room for the masks, which follow the fixed part; the kernel says how many words each has. */
union request {
	struct ethtool_link_settings fixed;
	uint8_t room[sizeof(struct ethtool_link_settings) + MASKS * INT8_MAX * sizeof(uint32_t)];
};

static int
ask(const char *link, void *request)
{
	struct ifreq interface = { .ifr_data = request };
	int descriptor = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r;

	if (descriptor < 0)
		return -errno;
	strncpy(interface.ifr_name, link, sizeof(interface.ifr_name) - 1);
	r = ioctl(descriptor, SIOCETHTOOL, &interface) < 0 ? -errno : 0;
	close(descriptor);
	return r;
}

/* The first question tells, as a negative number, how long the masks are. */
static int
get(const char *link, union request *request)
{
	int r;

	memset(request, 0, sizeof(*request));
	request->fixed.cmd = ETHTOOL_GLINKSETTINGS;
	r = ask(link, request);
	if (r < 0)
		return r;
	if (request->fixed.link_mode_masks_nwords >= 0)
		return -EPROTO;
	request->fixed.link_mode_masks_nwords =
		(int8_t)-request->fixed.link_mode_masks_nwords;
	request->fixed.cmd = ETHTOOL_GLINKSETTINGS;
	r = ask(link, request);
	return r < 0 ? r : request->fixed.link_mode_masks_nwords <= 0 ? -EPROTO : 0;
}

int
ethtool_read(const char *link, struct ifworld_port *ret)
{
	union request request;
	int r = get(link, &request);

	if (r < 0)
		return r;
	*ret = (struct ifworld_port){
		.known = true,
		.negotiated = request.fixed.autoneg == AUTONEG_ENABLE,
		.half = request.fixed.duplex == DUPLEX_HALF,
		.speed = request.fixed.speed == (uint32_t)SPEED_UNKNOWN ? 0 : request.fixed.speed,
	};
	return 0;
}

int
ethtool_set(const char *link, const struct ifworld_port *port)
{
	union request request;
	int r = get(link, &request);
	size_t words;

	if (r < 0)
		return r;
	words = (size_t)request.fixed.link_mode_masks_nwords;
	if (port->negotiated) {
		request.fixed.autoneg = AUTONEG_ENABLE;
		memcpy(&request.fixed.link_mode_masks[words], request.fixed.link_mode_masks,
		       words * sizeof(uint32_t));
	} else {
		request.fixed.autoneg = AUTONEG_DISABLE;
		request.fixed.speed = port->speed;
		request.fixed.duplex = port->half ? DUPLEX_HALF : DUPLEX_FULL;
	}
	request.fixed.cmd = ETHTOOL_SLINKSETTINGS;
	return ask(link, &request);
}
