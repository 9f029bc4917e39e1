/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The numbered rules in one sentence each, and what to do, for the manual.  It must not be asked at
 * a commit: there the files of the rules speak, which know the case.
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
	  "A member of a bond or of a switch has no groups.  Configure the group on the "
	  "bond or the switch." },
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
	  "A vif has a VLAN of its own and a name of at most 15 characters, and no "
	  "interface is configured twice.  Set vlan, or use another number." },
	{ "I8",
	  "An address of an interface is one that a station can have; DHCP is not "
	  "supported yet.  Write it like 192.0.2.1/24 or 2001:db8::1/64." },
	{ "I9",
	  "The MAC address of an interface is that of a station, and not one of VRRP's.  "
	  "Use another." },
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
	{ "T3", "A group tracks at most 32 things.  Let one script check several." },
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
	{ "S1", "There are more of one kind of thing than the engine takes.  Delete some." },
	{ "S2",
	  "The whole configuration is larger than the memory in which the engine keeps it. "
	  " Delete some." },
	{ "W1",
	  "preempt-delay has no effect while preempt is false.  Delete it, or set preempt "
	  "true." },
	{ "W2",
	  "Virtual switches of VMware drop packets to a virtual MAC address.  Delete "
	  "rfc-compatibility, or allow forged transmits and promiscuous mode there." },
	{ "W4",
	  "hello-source-address is configured on no interface of this router.  Use an "
	  "address of the interface, or delete it." },
	{ "L1", "The groups of this router do not move together.  Put all into one sync-group." },
	{ "L2",
	  "preempt is on: a router that comes back interrupts traffic a second time.  Set "
	  "preempt false on both routers." },
	{ "L3",
	  "A long interval: a failover takes more than three times as long.  Use 5 seconds "
	  "or less." },
	{ "L4",
	  "A virtual MAC address on a vif, whose packets virtual switches may drop.  Use "
	  "the native interface, or delete rfc-compatibility." },
	{ "L5",
	  "The interface of an IPv4 group has no IPv4 address to send from.  Set an "
	  "address." },
	{ "L6",
	  "Connection synchronisation follows no sync group, or another than its own "
	  "interface.  Use one sync group." },
	{ "L7", "An address is configured on two interfaces.  Delete one." },
	{ "L8", "Members of a sync group differ in priority or preempt.  Make them equal." },
	{ "L9", "An mtu below 114, which large advertisements do not fit.  Use 114 or more." },
	{ "L10",
	  "A virtual address is also one of the interface: this router is its owner and "
	  "always master, or, if it is not the first one there, two routers may answer for "
	  "it.  Give the interface another address." },
	{ "L11",
	  "One member of a sync group is owner of its address, which the others are not.  "
	  "Take it out of the sync group, or give the interface another address." },
	{ "L12",
	  "Unicast peers behind routers do not learn a virtual MAC address.  Delete "
	  "rfc-compatibility." },
	{ "L13", "A group tracks its own interface, which is watched in any case.  Delete it." },
	{ "L14",
	  "Weights lead out of 1 to 254, where some have no effect.  Choose smaller "
	  "weights." },
	{ "N1",
	  "notify ipsec is accepted and does nothing yet.  Restart IPsec by hand on a new "
	  "master." },
	{ "N2", "Connections are not replicated yet: sessions break at a failover." },
	{ "N3", "notify bgp is accepted and does nothing yet." },
	{ "N5",
	  "A setting of an interface is accepted and does nothing yet; the message says "
	  "what happens instead." },
	{ "N6",
	  "A setting of a service is accepted and does nothing yet; the message says what "
	  "happens instead." },
};

const size_t rulebook_count = ARRAY_SIZE(rulebook);

bool
rulebook_is_warning(const struct rulebook_entry *entry)
{
	return strchr("WLN", entry->number[0]) != NULL;
}
