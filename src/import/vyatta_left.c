/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The parts of a Vyatta that are other programs' business on a Linux router, by path, each with the
 * program or the file that does it there.  A path that is not here is told without advice: the
 * table decides what is said, never what is left out.
 */
#include "import/vyatta_left.h"

#include <fnmatch.h>
#include <string.h>

#define FILTER \
	"packets are filtered by other programs, such as nftables; their rules must let the " \
	"partner's VRRP (IP protocol 112) and 'service connsync' (port 3781) pass"
#define ROUTING \
	"routing protocols are other programs' business, such as FRRouting's or BIRD's; 'track " \
	"route-to' watches what they find"
#define VPN \
	"tunnels of IPsec are other programs' business, such as strongSwan's; a program of " \
	"'run-transition-scripts' may start them on the new master"
#define LINKS \
	"interfaces of this kind are made by other programs; one that groups shall track is " \
	"named by 'interfaces dataplane'"
#define DHCP "addresses are handed out by other programs, such as Kea"

static const struct vyatta_left rows[] = {
	/* Security, in the words of several releases. */
	{ "security firewall", FINDING_LEFT, FILTER },
	{ "security zone-policy", FINDING_LEFT, FILTER },
	{ "@(firewall|zone-policy)", FINDING_LEFT, FILTER },
	{ "interfaces * firewall", FINDING_LEFT, FILTER },
	{ "resources group", FINDING_LEFT,
	  "groups of addresses and ports belong to the packet filter; they are sets of nftables" },
	{ "security vpn @(ipsec|ike|l2tp|x509|rsa-keys)", FINDING_LEFT, VPN },
	{ "vpn", FINDING_LEFT, VPN },
	{ "security vpn openvpn", FINDING_LEFT, "OpenVPN reads files of its own" },

	/* Routing. */
	{ "protocols @(bgp|ospf|ospfv3|rip|ripng|isis|bfd|mpls|mpls-ldp|ldp|rsvp|igmp|mld|pim|pim6|"
	  "multicast|nhrp|ecmp)", FINDING_LEFT, ROUTING },
	{ "interfaces * @(ip|ipv6) @(ospf|ospfv3|rip|ripng|isis|igmp|mld|pim|pim6|multicast)",
	  FINDING_LEFT, ROUTING },
	{ "policy route pbr", FINDING_LEFT,
	  "routes by policy are rules of Linux; 'virtual-rule' of a group is one that moves with "
	  "the master" },
	{ "policy route *", FINDING_LEFT,
	  "what routing protocols let pass is said to their own programs, such as FRRouting" },
	{ "interfaces * policy", FINDING_LEFT,
	  "classes and marks are left to tc and nftables, routes by policy to ip-rule" },
	{ "policy @(qos|ingress-map|egress-map|action|ip|traffic|ecn-profile)", FINDING_LEFT,
	  "classes and marks are left to tc and nftables" },
	{ "routing", FINDING_LEFT,
	  "there are no routing instances: all interfaces are in the main table, which may join "
	  "what shall be apart; take those of an instance out before the commit" },
	{ "protocols static arp", FINDING_LEFT, "fixed neighbours are set by 'ip neighbour'" },

	/* Interfaces. */
	{ "interfaces ethernet", FINDING_LEFT,
	  "the words are those of an older Vyatta; 'import vyos' reads them" },
	{ "interfaces openvpn", FINDING_LEFT,
	  "OpenVPN reads files of its own; its interface, if groups shall track it, is named by "
	  "'interfaces dataplane'" },
	{ "interfaces @(tunnel|vti|pppoe|l2tpeth|bridge|vhost|virtual-feature-point|macsec|erspan|"
	  "pseudo-ethernet|wireguard|wireless|wirelessmodem|dialer|system|backplane)",
	  FINDING_LEFT, LINKS },
	{ "interfaces * hw-id", FINDING_UNNEEDED,
	  "Linux names the interfaces" },
	{ "interfaces * ipv6 router-advert", FINDING_LEFT,
	  "a group's 'router-advertisements' sends them as the virtual router; else radvd does" },
	{ "interfaces * @(dhcp-options|dhcpv6-options)", FINDING_LEFT,
	  "an address by DHCP is not asked for" },
	{ "interfaces * @(bridge-group|xconnect|redundancy-group)", FINDING_LEFT,
	  "'interfaces switch' is the way to join ports" },
	{ "interfaces * @(portmonitor|mirror)", FINDING_LEFT, "packets are copied by tc" },

	/* The system. */
	{ "system login", FINDING_LEFT,
	  "user accounts are the system's own; who shall operate this service joins the group "
	  "tandem" },
	{ "system acm", FINDING_LEFT,
	  "who may do what is not told apart; whoever is in the group tandem may do everything" },
	{ "system syslog", FINDING_LEFT,
	  "the log is the system's own; rsyslog or systemd-journal-upload send it elsewhere" },
	{ "@(system|service) ntp", FINDING_LEFT,
	  "time is set by other programs, such as chrony or systemd-timesyncd" },
	{ "system time-zone", FINDING_LEFT, "timedatectl sets the time zone" },
	{ "system @(name-server|domain-name|domain-search)", FINDING_LEFT,
	  "names are looked up as /etc/resolv.conf says" },
	{ "system static-host-mapping", FINDING_LEFT, "fixed names stand in /etc/hosts" },
	{ "system gateway-address", FINDING_LEFT,
	  "'protocols static route 0.0.0.0/0 next-hop' is the way to say this" },
	{ "system config-sync", FINDING_LEFT,
	  "configurations are not copied to the partner yet; write both, and let 'check peer' "
	  "compare them" },
	{ "system session", FINDING_LEFT,
	  "sizes and times of tracked connections are sysctls of nf_conntrack" },
	{ "system alg", FINDING_LEFT, "helpers of connections are given by nftables (ct helper)" },
	{ "system @(ip|ipv6|options)", FINDING_LEFT, "what the kernel does is set by sysctl" },
	{ "system task-scheduler", FINDING_LEFT, "jobs are run by cron or by timers of systemd" },
	{ "system @(package|console)", FINDING_UNNEEDED, "the distribution has its own" },
	{ "system config-management *", FINDING_UNNEEDED,
	  "revisions are kept, and are files that can be copied" },

	/* Services. */
	{ "service @(ssh|telnet)", FINDING_LEFT,
	  "logins from elsewhere are the system's own (sshd_config)" },
	{ "service https *", FINDING_LEFT,
	  "'service https' is the door for the partner, and for nobody else" },
	{ "service @(snmp|netconf|lldp|flow-monitoring|sflow|ipfix)", FINDING_LEFT,
	  "the router is watched by 'show' with --json and by RESTCONF; SNMP, LLDP and flows are "
	  "left to other programs" },
	{ "@(service nat|nat)", FINDING_LEFT,
	  "addresses are translated by nftables; 'service connsync' replicates such connections, "
	  "so that both routers need the same rules" },
	{ "service @(dhcp-server|dhcp-relay|dhcpv6-server|dhcpv6-relay)", FINDING_LEFT, DHCP },
	{ "service dns", FINDING_LEFT, "names are served by other programs, such as Unbound" },
	{ "service connsync *", FINDING_LEFT,
	  "'service connsync' has no such word here; connections of all kinds are replicated" },
	{ "service portmonitor", FINDING_LEFT, "packets are copied by tc" },
};

const struct vyatta_left *
vyatta_left_find(const char *path)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (fnmatch(rows[i].path, path, FNM_EXTMATCH) == 0)
			return &rows[i];
	}
	return NULL;
}

bool
vyatta_left_is_place(const char *path)
{
	size_t length = strlen(path);

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		if (strncmp(rows[i].path, path, length) == 0 && rows[i].path[length] == ' ')
			return true;
	}
	return false;
}
