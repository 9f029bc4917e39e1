/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbered rules in one sentence each, and what to do, for the manual; and how bad it is what
 * a warning warns of, for the order in which warnings are told.  What is said at a commit is not
 * taken from here: there the files of the rules speak, which know the case.
 */
#include "config/rulebook.h"

#include <string.h>

const struct rulebook_entry rulebook[] = {
	{ "C1",
	  "Authentication lacks its type or its password.  Set both, or delete "
	  "authentication." },
	{ "C2", "Version 3 has no authentication (RFC 9568 8).  Delete it, or use version 2." },
	{ "C3",
	  "Version 3 has no advertise-interval.  Set fast-advertise-interval, in "
	  "milliseconds." },
	{ "C4",
	  "Version 2 has no fast-advertise-interval, and in version 3 it is a multiple of "
	  "10 milliseconds.  Set advertise-interval, or another number." },
	{ "C5",
	  "Version 2 always accepts packets to its virtual addresses.  Delete accept, or "
	  "set version 3." },
	{ "C6",
	  "A group has 1 to 20 virtual addresses and at most 1000 excluded ones.  Add "
	  "some, or move some to another group." },
	{ "C7",
	  "Version 2 has IPv4 addresses only.  Set version 3, or delete the IPv6 addresses." },
	{ "C7b",
	  "IPv6 addresses need a link-local one (fe80::) among them, which hosts use as "
	  "their router.  Add one." },
	{ "C8",
	  "What a group tracks is configured: interfaces, scripts, processes, files, path "
	  "monitors and their policies.  Configure it, or track another." },
	{ "C9",
	  "hello-source-address is an address that a router can have, of a family of the "
	  "group; for IPv6 it is a link-local one (RFC 9568 5.1.2.1) unless there are "
	  "unicast peers.  Use an address of the interface, or delete it." },
	{ "C10",
	  "A member of a bond or a port of a switch has no groups.  Configure the group on "
	  "the bond, or on a vif of the switch." },
	{ "C11",
	  "The MAC address of a switch is that of a station, and not one of VRRP's.  Use "
	  "another." },
	{ "I1", "The bond of a bond-group is configured.  Add it: set interfaces bonding." },
	{ "I2",
	  "A member of a bond has no addresses, vifs, mtu and state of its own.  Configure "
	  "them on the bond, or delete bond-group." },
	{ "I3",
	  "Mode active-backup has a primary, which is a member; the other modes have none. "
	  " Set it, or delete it." },
	{ "I4",
	  "minimum-links above 1 is for mode lacp, and no more than the bond has members.  "
	  "Lower it, or add members." },
	{ "I5", "Every bond has its own lacp-options key.  Change one." },
	{ "I6",
	  "An mtu is no larger than that of the interface below; with IPv6 it is 1280 or "
	  "more.  Change one of them." },
	{ "I7",
	  "A vif has a VLAN of its own, or an inner VLAN within one, and a name of at most "
	  "15 characters, and no interface is configured twice.  Set vlan, or use another "
	  "number." },
	{ "I8",
	  "An address of an interface is one that a station can have, and that stays: none by "
	  "DHCP.  Write it like 192.0.2.1/24 or 2001:db8::1/64." },
	{ "I9",
	  "The MAC address of an interface is that of a station, and not one of VRRP's.  "
	  "Use another." },
	{ "I20",
	  "An interface with ipv6 disable has no IPv6 addresses and no groups with any.  "
	  "Delete the one or the other." },
	{ "I21",
	  "A fixed duplex needs a fixed speed, and half duplex one below 1 Gbit/s.  Set "
	  "speed, or delete duplex." },
	{ "I22",
	  "ipv6 address eui64 names an IPv6 network of length 64.  Write it like "
	  "2001:db8::/64." },
	{ "I23",
	  "An unnumbered interface has no IPv4 address of its own and borrows one from another "
	  "configured interface.  Set donor-interface, or give that one an address." },
	{ "I24",
	  "Linux treats gratuitous ARP requests and replies alike.  Set both to one value." },
	{ "I10",
	  "A switch-group names a switch, which is configured.  Add it: set interfaces "
	  "switch." },
	{ "I11",
	  "A port of a switch has no addresses, vifs and IP settings.  Configure them on a "
	  "vif of the switch, or delete switch-group." },
	{ "I12",
	  "A port of mode access has a primary VLAN and no others; one of mode trunk "
	  "carries its primary VLAN and those that leave without a tag.  Set what is "
	  "missing, or change the mode." },
	{ "I14",
	  "Linux has VLAN tags of 0x8100 and 0x88A8 only.  Use one of these, at the other "
	  "end of the cable as well." },
	{ "V1", "A virtual address belongs to one group, and stands there once.  Delete one." },
	{ "V2", "An excluded address is not also an address of the interface.  Delete one." },
	{ "V3",
	  "checksum and version-2-compatibility are for IPv4 in version 3.  Delete them, "
	  "or set version 3." },
	{ "V4",
	  "A virtual address is one that a station can have.  Use one of the network "
	  "behind the interface." },
	{ "V5", "An interface has an address once.  Delete one." },
	{ "V6",
	  "virtual-address-interface names an address of the group and a configured "
	  "interface.  Add the address or the interface, or delete it." },
	{ "V7",
	  "Excluded addresses are of the families of the virtual addresses.  Add a "
	  "virtual-address of that family, or delete them." },
	{ "T1",
	  "A tracked route is a network without bits beyond its length.  Write it like "
	  "192.0.2.0/24." },
	{ "T2", "A group tracks a thing once.  Delete one." },
	{ "T3", "A group tracks at most 31 things.  Let one script check several." },
	{ "T4",
	  "A program of a sync group runs as that of a member that has none of its own for this "
	  "state.  Delete one of theirs." },
	{ "H1",
	  "A health check, a host or a monitor is complete.  Set what is missing, or "
	  "delete it." },
	{ "H2",
	  "A path monitor probes one configured host, by ping or by tcp; for tcp the host "
	  "has a port.  Set the one, or delete the other." },
	{ "H3",
	  "A path monitor has policies, which are configured and require something of its "
	  "kind of probe.  Add the policy, or attach another." },
	{ "H4",
	  "Targets and sources of probes are addresses of single hosts, both of one "
	  "family.  Use another address." },
	{ "U1", "A peer is of a family of the group.  Delete it, or use its other address." },
	{ "U2",
	  "A peer is another router, named by an address that it always has.  Use the "
	  "address that it sends from." },
	{ "U3", "A group has at most 16 peers.  Delete some." },
	{ "U4", "A group has a peer once.  Delete one." },
	{ "M1",
	  "A virtual route leads to a next-hop, an interface or a blackhole, a virtual "
	  "rule to a table; a group has at most 256 of each.  Set one, or delete some." },
	{ "M2",
	  "Networks and addresses of a virtual route or rule are of one family, which the "
	  "group has, without bits beyond their length.  Correct them, or make two." },
	{ "M3",
	  "A virtual route or rule belongs to one group, however it is written.  Delete "
	  "one." },
	{ "M4",
	  "The interface of a virtual route is configured; a link-local next-hop needs "
	  "one.  Set it, or configure it." },
	{ "M5",
	  "Router advertisements need IPv6 addresses, lifetimes that outlast the interval "
	  "and what they promise, and networks without bits beyond their length.  Correct "
	  "them." },
	{ "R1",
	  "A static route leads to next hops or interfaces, or is a blackhole or unreachable.  Set "
	  "one, or delete the route." },
	{ "R2",
	  "The destination of a static route is a network without bits beyond its length.  "
	  "Write it like 192.0.2.0/24." },
	{ "R3",
	  "A next hop is an address that a router can have.  Use another address." },
	{ "R4",
	  "A link-local next hop needs the interface behind which it is.  Set interface." },
	{ "R5",
	  "Routes to one destination of one distance all have next hops, or there is one "
	  "that drops or refuses.  Give one of them another distance." },
	{ "R6",
	  "At most 8 next hops share one distance; with IPv6 an interface shares it with nothing.  "
	  "Give one another distance, or delete some." },
	{ "R7",
	  "A static route has a next hop once, however it is written.  Delete one." },
	{ "R8",
	  "A virtual route in the main table and a static route to the same destination differ in "
	  "metric and distance.  Change one of them." },
	{ "S1", "There are more of one kind of thing than the engine takes.  Delete some." },
	{ "S2",
	  "The whole configuration is larger than the memory in which the engine keeps it. "
	  " Delete some." },
	{ "S10",
	  "connsync has a sync group, an interface and a partner, and each path the "
	  "latter two.  Set what is missing." },
	{ "S11",
	  "The interfaces and the sync group that connsync names are configured.  "
	  "Configure them, or name others." },
	{ "S12",
	  "connsync's partner is another router.  Name its own address." },
	{ "S13", "The two paths of connsync are two.  Use another interface, or delete one." },
	{ "S14",
	  "connsync's listen-address is an address of this router, of the partner's "
	  "family.  Use such a one, or delete it." },
	{ "S15", "What connsync excludes are networks.  Write them like 192.0.2.0/24." },
	{ "B1",
	  "A virtual server is known by its address or by a firewall mark.  Set one of both, "
	  "delete the other." },
	{ "B2",
	  "A virtual server with an address has a port, one with a mark has none.  Set or "
	  "delete it." },
	{ "B3",
	  "Virtual servers differ in address, port and protocol, or in their mark.  Delete one, "
	  "or change it." },
	{ "B4",
	  "Virtual and real servers have addresses that packets can be sent to from anywhere.  "
	  "Use another address." },
	{ "B5",
	  "Real servers are of the virtual server's family, unless packets get there in a tunnel, "
	  "and with a mark all of one.  Use another address, or forward-method tunnel." },
	{ "B6",
	  "Only forward-method nat changes the port of packets.  Use the virtual server's port, "
	  "or nat." },
	{ "B7", "A real server is not the virtual server itself.  Name its own address." },
	{ "B8",
	  "A real server of a mark is checked at a port or by a script.  Set port, or "
	  "health-check script." },
	{ "B9",
	  "A real server stands once in a virtual server, however its address is spelled.  "
	  "Delete one." },
	{ "Q1",
	  "system pair has a fingerprint and at least one remote-address.  'pair ADDRESS' "
	  "sets both." },
	{ "Q2",
	  "The pair's remote-address is one that another router can have, and https listens "
	  "at addresses that this one can have.  Use such an address." },
	{ "K1",
	  "A silence of configuration-check names a warning that there is.  Use the number in "
	  "the brackets of the message, or delete it." },
	{ "K2",
	  "A node of this page is refused as not supported yet, for the reason that it and the "
	  "message give.  Delete it." },
	{ "K3",
	  "Something that a node needs is missing, or is given too often.  Set it, or delete the "
	  "node." },
	{ "K4", "A node is given twice, which only JSON can do.  Delete one." },
	{ "K5",
	  "Data from another program is not of the model's form; the message says where.  Correct "
	  "it." },
	{ "W1",
	  "preempt-delay has no effect while preempt is false.  Delete it, or set "
	  "preempt true.", RULEBOOK_NO_EFFECT },
	{ "W2",
	  "Virtual switches of VMware drop packets to a virtual MAC address. "
	  " Delete rfc-compatibility, or allow forged transmits and promiscuous "
	  "mode there.", RULEBOOK_OUTAGE },
	{ "W4",
	  "hello-source-address is configured on no interface of this router.  Use "
	  "an address of the interface, or delete it.", RULEBOOK_OUTAGE },
	{ "W5",
	  "A silence of configuration-check silences nothing: what it was for is "
	  "repaired, or its path is misspelt.  Delete it.", RULEBOOK_NO_EFFECT },
	{ "W6",
	  "https has nobody to serve: no pair is configured.  'pair ADDRESS' on both "
	  "routers, or delete https.", RULEBOOK_NO_EFFECT },
	{ "W7",
	  "The other router cannot read this one's configuration: https is not "
	  "configured.  Set service https.", RULEBOOK_NO_EFFECT },
	{ "W10",
	  "An interface with groups forwards nothing: their hosts get nowhere.  Delete "
	  "disable-forwarding, or the groups.", RULEBOOK_OUTAGE },
	{ "W11",
	  "rpf-check strict on an interface with a virtual MAC address, for which it is only "
	  "loose.  Delete rfc-compatibility, or set loose.", RULEBOOK_NO_EFFECT },
	{ "W12",
	  "gratuitous-arp is set for requests or replies only, but Linux treats both "
	  "alike.  Set both.", RULEBOOK_NO_EFFECT },
	{ "W8",
	  "A port of a switch carries no VLAN, so that nothing passes.  Set its "
	  "port-parameters, or the default-port-parameters of the switch.", RULEBOOK_OUTAGE },
	{ "W9",
	  "No port of the switch carries the VLAN of a vif, so that nothing arrives "
	  "there.  Set the vlan-parameters of a port.", RULEBOOK_OUTAGE },
	{ "W13",
	  "service vrrp says something of a sync group in which no group is.  Set sync-group in "
	  "its members, or delete it.", RULEBOOK_NO_EFFECT },
	{ "W20",
	  "No group of this router has the address of a virtual server: it does not move to the "
	  "other router.  Add it to a group.", RULEBOOK_FAILOVER },
	{ "W21",
	  "A virtual server has no real server, and refuses connections.  Add one.",
	  RULEBOOK_OUTAGE },
	{ "W22",
	  "A real server with forward-method direct is in no network of this router: packets to "
	  "it are lost.  Use nat or tunnel.", RULEBOOK_OUTAGE },
	{ "L1",
	  "The groups of this router do not move together: some interface may be "
	  "master while another is backup.  Put all into one sync-group.", RULEBOOK_OUTAGE },
	{ "L2",
	  "preempt is on, without a preempt-delay: a router that comes back "
	  "interrupts traffic a second time.  Set preempt false on both routers.",
	  RULEBOOK_INTERRUPTION },
	{ "L3",
	  "A long interval: a failover takes more than three times as long.  Use 5 "
	  "seconds or less.", RULEBOOK_INTERRUPTION },
	{ "L4",
	  "A virtual MAC address on a vif, whose packets virtual switches may "
	  "drop.  Use the native interface, or delete rfc-compatibility.", RULEBOOK_OUTAGE },
	{ "L5",
	  "The interface of an IPv4 group has no IPv4 address to send from.  Set "
	  "an address.", RULEBOOK_OUTAGE },
	{ "L6",
	  "Connection synchronisation follows no sync group, or another than its "
	  "own interface.  Use one sync group.", RULEBOOK_FAILOVER },
	{ "L7",
	  "An address is configured on two interfaces.  Delete one.", RULEBOOK_OUTAGE },
	{ "L8",
	  "Members of a sync group differ in priority or preempt.  Make them "
	  "equal.", RULEBOOK_INTERRUPTION },
	{ "L9",
	  "An mtu below 114, which large advertisements do not fit.  Use 114 or "
	  "more.", RULEBOOK_OUTAGE },
	{ "L10",
	  "A virtual address is also one of the interface: this router is its "
	  "owner and always master, or, if it is not the first one there, two "
	  "routers may answer for it.  Give the interface another address.", RULEBOOK_OUTAGE },
	{ "L11",
	  "One member of a sync group is owner of its address, which the others "
	  "are not.  Take it out of the sync group, or give the interface another "
	  "address.", RULEBOOK_OUTAGE },
	{ "L12",
	  "Unicast peers behind routers do not learn a virtual MAC address. "
	  " Delete rfc-compatibility.", RULEBOOK_OUTAGE },
	{ "L13",
	  "A group tracks its own interface, which is watched in any case.  Delete "
	  "it.", RULEBOOK_NO_EFFECT },
	{ "L14",
	  "Weights lead out of 1 to 254, where some have no effect.  Choose "
	  "smaller weights.", RULEBOOK_FAILOVER },
	{ "L15",
	  "A virtual address is in no network of its interface and has no length "
	  "of its own, so that the router does not reach the hosts that use it. "
	  " Write it with its length, or with /32 or /128 if it stands alone.", RULEBOOK_OUTAGE },
	{ "L16",
	  "A virtual address is in the network of another interface.  Move it to a "
	  "group there, or give its own interface an address of that network.", RULEBOOK_OUTAGE },
	{ "L17",
	  "Two interfaces with addresses of one network have groups of one number, "
	  "which take each other for partners.  Use another number.", RULEBOOK_OUTAGE },
	{ "L18",
	  "A virtual address has a shorter length than the interface's own address "
	  "in that network: a backup reaches fewer hosts than a master.  Write "
	  "both with one length.", RULEBOOK_FAILOVER },
	{ "L19",
	  "An address is the first of its network or the broadcast address.  Use "
	  "one between.", RULEBOOK_OUTAGE },
	{ "L20",
	  "A group, or what it tracks without a weight, is on an interface that is "
	  "disabled: it stays in FAULT, and its sync group with it.  Enable the "
	  "interface, or disable the group, too.", RULEBOOK_OUTAGE },
	{ "L22",
	  "The peer of connection synchronisation is this router itself, or in no "
	  "network of the interface that is named.  Name the other router's "
	  "address there, or see that a route leads there.", RULEBOOK_FAILOVER },
	{ "L23",
	  "notify ipsec in a group of version 3 without accept: packets of tunnels "
	  "to the virtual addresses are dropped.  Set accept true.", RULEBOOK_FAILOVER },
	{ "L24",
	  "A health check that no group tracks.  Track it, or delete it.", RULEBOOK_NO_EFFECT },
	{ "L25",
	  "A path monitor probes an address of this router itself, which always "
	  "answers.  Name a host at the other end.", RULEBOOK_FAILOVER },
	{ "L26",
	  "Members of a sync group differ in their interval: all wait for the "
	  "slowest before they take over.  Use one interval.", RULEBOOK_INTERRUPTION },
	{ "L27",
	  "This router does not forward packets of a family that it has virtual addresses of.  "
	  "Switch on net.ipv4.ip_forward or net.ipv6.conf.all.forwarding, now and for good.  "
	  "A check of a file does not look at the router.", RULEBOOK_OUTAGE },
	{ "L28",
	  "A next hop is in no network of a configured interface, so its route waits.  Set its "
	  "interface, or give an interface an address of that network.", RULEBOOK_OUTAGE },
	{ "L29",
	  "A next hop is an address of this router itself, or one that it has as master.  Name "
	  "another router.", RULEBOOK_OUTAGE },
	{ "L30",
	  "A master joins a sync group that is not master on this router, so that its "
	  "addresses are without a router for a moment; only a commit can tell.  First make one "
	  "router master of both.", RULEBOOK_INTERRUPTION },
	{ "L31",
	  "IPv4 members of a sync group differ in their version: only version 2 answers "
	  "packets to virtual addresses without accept.  Use one version.",
	  RULEBOOK_FAILOVER },
	{ "L32",
	  "A sync group has one member, and moves nothing together.  Add the other groups, "
	  "or delete it.", RULEBOOK_NO_EFFECT },
	{ "L33",
	  "A bond has groups and no members, and never comes up.  Set bond-group on the "
	  "interfaces that belong to it.", RULEBOOK_OUTAGE },
	{ "L34",
	  "A bond with groups loses its last member, and is down; only a commit can tell.  Set "
	  "bond-group on the interfaces that belong to it.", RULEBOOK_OUTAGE },
	{ "L35",
	  "connsync is configured and the routers are not paired: nothing is "
	  "replicated.  Run pair with the other router's address, on both.", RULEBOOK_FAILOVER },
	{ "L36",
	  "connsync works without authentication: connections can be read and "
	  "forged.  Pair the routers.", RULEBOOK_FAILOVER },
	{ "L37",
	  "A group goes on while its own interface is down: two routers may be master of it. "
	  " Delete track exclude-vrrp-interface, unless the interface leads straight to the other "
	  "router.", RULEBOOK_OUTAGE },
	{ "L38",
	  "A group tracks its own interface without a weight, in spite of "
	  "exclude-vrrp-interface.  Give it a weight, or delete one.", RULEBOOK_NO_EFFECT },
	{ "L43",
	  "Two interfaces in one network have groups: packets to it leave through one of them "
	  "alone, even while its cable is out.  Put the groups on one interface, or use two "
	  "networks.", RULEBOOK_FAILOVER },
	{ "L46",
	  "A group is not in the sync group that connsync follows: where it is master "
	  "alone, its connections are removed.  Put it into that sync group, or exclude its "
	  "networks.", RULEBOOK_FAILOVER },
	{ "L47",
	  "The routers' tables of connections differ in size; only a check on a running router "
	  "can tell.  Set nf_conntrack_max to the same on both.", RULEBOOK_FAILOVER },
	{ "L48",
	  "The kernel does not tell of all connections; only a check on a running router can "
	  "tell.  Set nf_conntrack_events to 1.", RULEBOOK_FAILOVER },
	{ "N1",
	  "notify ipsec is accepted and does nothing yet.  Restart IPsec by hand "
	  "on a new master.", RULEBOOK_FAILOVER },
	{ "N3",
	  "notify bgp is accepted and does nothing yet.", RULEBOOK_NO_EFFECT },
	{ "N5",
	  "A setting of an interface is accepted and does nothing yet; the message "
	  "says what happens instead.", RULEBOOK_NO_EFFECT },
	{ "N6",
	  "A setting of a service is accepted and does nothing yet; the message "
	  "says what happens instead.", RULEBOOK_NO_EFFECT },
};

const size_t rulebook_count = ARRAY_SIZE(rulebook);

bool
rulebook_is_warning(const struct rulebook_entry *entry)
{
	return strchr("WLN", entry->number[0]) != NULL;
}

const struct rulebook_entry *
rulebook_find(const char *number)
{
	for (size_t i = 0; i < rulebook_count; i++) {
		if (strcmp(rulebook[i].number, number) == 0)
			return &rulebook[i];
	}
	return NULL;
}
