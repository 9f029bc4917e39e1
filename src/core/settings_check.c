/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * May a block that came from another process be trusted?  Nothing in it is used as an index, a
 * string or a truth value before settings_check() has seen the raw bytes.
 * This file must not judge the operator's wishes; src/config has done that.
 */
#include "core/settings.h"

#include <errno.h>
#include <string.h>

/* So many of everything that groups have several of. */
#define ENTRIES_MAX (SETTINGS_GROUPS_MAX * GROUP_ADDRESSES_MAX)
#define INTERVAL_MIN (10 * NSEC_PER_MSEC)
#define INTERVAL_MAX_V2 (255 * NSEC_PER_SEC)
#define INTERVAL_MAX_V3 (40950 * NSEC_PER_MSEC)
#define PREEMPT_DELAY_MAX (1000 * NSEC_PER_SEC)
#define START_DELAY_MAX (600 * NSEC_PER_SEC)
#define GARP_MAX (1000 * NSEC_PER_SEC)
#define DELAY_MAX (86400 * NSEC_PER_SEC)

/* A bool that came from outside may hold any byte; reading it as a bool would be undefined. */
static bool
is_bool(const bool *value)
{
	uint8_t byte;

	memcpy(&byte, value, 1);
	return byte <= 1;
}

/* A string that ends inside its array, and is not empty unless that is allowed. */
static bool
is_text(const char *text, size_t size, bool may_be_empty)
{
	return memchr(text, '\0', size) && (may_be_empty || text[0] != '\0');
}

static bool
is_index_or_none(int32_t index, uint32_t count)
{
	return index == -1 || (index >= 0 && (uint32_t)index < count);
}

static bool
is_slice(uint32_t first, uint32_t count, uint32_t total)
{
	return first <= total && count <= total - first;
}

/* Known family (or none, where allowed), and zero behind the address so that it compares right. */
static bool
is_ip(const struct ip *ip, bool may_be_none)
{
	static const uint8_t zeros[sizeof(ip->bytes)];
	unsigned size = ip_size(ip);

	if (size == 0 && (ip->family != 0 || !may_be_none))
		return false;
	return memcmp(ip->bytes + size, zeros, sizeof(ip->bytes) - size) == 0;
}

/* What is wrong with this bond, link, group; NULL when nothing is. */
static const char *
bond_trouble(const struct bond_settings *bond)
{
	if (bond->mode >= BOND_MODES)
		return "bond mode";
	if (!is_bool(&bond->passive) || !is_bool(&bond->fast))
		return "lacp option";
	if (bond->minimum_links == 0)
		return "minimum links";
	if (!is_text(bond->primary, sizeof(bond->primary), true))
		return "primary";
	return NULL;
}

static const char *
tuning_trouble(const struct link_settings *link)
{
	const struct tune_settings *tunes = &link->tunes;
	const struct port_settings *port = &link->port;

	if (tunes->set >> TUNES != 0)
		return "tunes";
	for (unsigned i = 0; i < TUNES; i++) {
		unsigned most = i == TUNE_RP_FILTER || i == TUNE_ACCEPT_RA ? 2 :
		                i == TUNE_DAD_TRANSMITS ? UINT8_MAX : 1;

		if (tunes->values[i] > most)
			return "tune";
	}
	if (port->mode >= PORT_MODES || !is_bool(&port->half) ||
	    (port->mode == PORT_FIXED) != (port->speed > 0) ||
	    (port->mode != PORT_LEFT && link->kind != LINK_DATAPLANE))
		return "speed";
	return is_bool(&link->no_forwarding6) ? NULL : "truth value";
}

/* A port joins bonds and switches, a bond joins switches. */
static bool
may_join(const struct link_settings *link, const struct link_settings *other)
{
	return (link->kind == LINK_DATAPLANE &&
	        (other->kind == LINK_BOND || other->kind == LINK_SWITCH)) ||
	       (link->kind == LINK_BOND && other->kind == LINK_SWITCH);
}

static const char *
link_trouble(const struct settings *s, uint32_t index)
{
	const struct link_settings *links = settings_links(s);
	const struct link_settings *link = &links[index];

	if (!is_text(link->name, sizeof(link->name), false))
		return "name";
	if (!is_text(link->description, sizeof(link->description), true))
		return "description";
	if (link->kind >= LINK_KINDS)
		return "kind";
	if (!is_bool(&link->disable) || !is_bool(&link->has_mac))
		return "truth value";
	if (link->mtu != 0 && link->mtu < 68)
		return "mtu";
	/* What a link refers to stands before it. */
	if (!is_index_or_none(link->parent, index) || !is_index_or_none(link->member_of, index))
		return "reference to another link";
	if ((link->kind == LINK_VIF) != (link->parent >= 0))
		return "parent";
	if (link->member_of >= 0 && !may_join(link, &links[link->member_of]))
		return "bond or switch";
	if (link->aging > SWITCH_AGING_MAX)
		return "aging";
	if (!is_slice(link->vlan_first, link->vlan_count, s->vlan_count))
		return "VLANs";
	if (link->kind == LINK_VIF &&
	    (link->vlan < 1 || link->vlan > VLAN_ID_MAX || link->vlan_protocol < 0x600))
		return "vlan";
	if (!is_slice(link->address_first, link->address_count, s->address_count) ||
	    !is_slice(link->address_first + link->address_count, link->eui64_count,
	              s->address_count))
		return "address range";
	if (tuning_trouble(link) != NULL)
		return tuning_trouble(link);
	return link->kind == LINK_BOND ? bond_trouble(&link->bonding) : NULL;
}

/* The intervals a group may have: RFC 3768 5.3.7 whole seconds, RFC 9568 5.2.7 centiseconds. */
static bool
is_interval(uint8_t version, nsec_t interval)
{
	if (version == 2)
		return interval >= NSEC_PER_SEC && interval <= INTERVAL_MAX_V2 &&
		       interval % NSEC_PER_SEC == 0;
	return interval >= INTERVAL_MIN && interval <= INTERVAL_MAX_V3 &&
	       interval % INTERVAL_MIN == 0;
}

static bool
is_duration(nsec_t value, nsec_t most)
{
	return value >= 0 && value <= most;
}

static const char *
garp_trouble(const struct garp_settings *garp)
{
	if (!is_duration(garp->interval, GARP_MAX) || !is_duration(garp->delay, GARP_MAX) ||
	    !is_duration(garp->refresh, GARP_MAX) || !is_duration(garp->lower_delay, GARP_MAX))
		return "time between announcements";
	if (garp->repeat == 0 || garp->refresh_repeat == 0)
		return "number of announcements";
	return NULL;
}

/* What belongs to a group of version 3 only, or to version 2 only. */
static const char *
version_trouble(const struct group_settings *group)
{
	if (group->version != 2 && group->version != 3)
		return "version";
	if (group->family != 4 && (group->family != 6 || group->version != 3))
		return "family";
	if (group->both_versions && (group->version != 3 || group->family != 4))
		return "both versions";
	if (group->auth >= AUTH_TYPES || (group->auth != AUTH_NONE && group->version != 2))
		return "authentication";
	if (group->sum_form >= SUM_FORMS)
		return "form of the checksum";
	if (!is_interval(group->version, group->interval))
		return "interval";
	return NULL;
}

/* What the group refers to in other parts. */
static const char *
slices_trouble(const struct settings *s, const struct group_settings *group)
{
	if (group->address_count == 0 || group->address_count > GROUP_ADDRESSES_MAX ||
	    group->excluded_count > GROUP_EXCLUDED_MAX ||
	    !is_slice(group->address_first, group_held_count(group), s->address_count))
		return "address range";
	if (group->peer_count > GROUP_PEERS_MAX ||
	    !is_slice(group->peer_first, group->peer_count, s->peer_count))
		return "peers";
	if (group->track_count > GROUP_TRACKS_MAX ||
	    !is_slice(group->track_first, group->track_count, s->track_count))
		return "tracked objects";
	if (group->route_count > GROUP_ROUTES_MAX ||
	    !is_slice(group->route_first, group->route_count, s->route_count))
		return "routes";
	if (group->rule_count > GROUP_ROUTES_MAX ||
	    !is_slice(group->rule_first, group->rule_count, s->rule_count))
		return "rules";
	if (!is_index_or_none(group->advertiser, s->advertiser_count) ||
	    (group->advertiser >= 0 && group->family != 6))
		return "router advertisements";
	for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
		if (!is_index_or_none(group->scripts[i], s->program_count))
			return "program";
	for (uint32_t i = 0; i < group_held_count(group); i++)
		if (settings_group_addresses(s, group)[i].prefix.ip.family != group->family)
			return "family of an address";
	for (uint32_t i = 0; i < group->peer_count; i++)
		if (settings_peers(s)[group->peer_first + i].address.family != group->family)
			return "family of a peer";
	return NULL;
}

static const char *
group_trouble(const struct settings *s, uint32_t index)
{
	const struct group_settings *group = &settings_groups(s)[index];
	const char *trouble;

	if (group->link < 0 || !is_index_or_none(group->link, s->link_count))
		return "link";
	if (!is_index_or_none(group->sync, s->sync_count))
		return "sync group";
	if (group->vrid == 0)
		return "group number";
	if (group->priority == 0 || group->priority == PRIORITY_OWNER)
		return "priority";
	if (!is_bool(&group->both_versions) || !is_bool(&group->preempt) ||
	    !is_bool(&group->accept) || !is_bool(&group->ignores_link) ||
	    !is_bool(&group->rfc_compatibility))
		return "truth value";
	if (!is_text(group->vmac_name, sizeof(group->vmac_name), !group->rfc_compatibility))
		return "name of the virtual link";
	if (!is_duration(group->preempt_delay, PREEMPT_DELAY_MAX))
		return "preempt delay";
	if (!is_duration(group->start_delay, START_DELAY_MAX))
		return "start delay";
	if (!is_ip(&group->hello_source, true) ||
	    (group->hello_source.family != 0 && group->hello_source.family != group->family))
		return "hello source";
	trouble = version_trouble(group);
	if (!trouble)
		trouble = garp_trouble(&group->garp);
	return trouble ? trouble : slices_trouble(s, group);
}

static const char *
sync_trouble(const struct settings *s, uint32_t index)
{
	return is_text(settings_syncs(s)[index].name, SYNC_NAME_SIZE, false) ? NULL : "name";
}

static bool
is_prefix(const struct prefix *prefix, bool may_be_none)
{
	return is_ip(&prefix->ip, may_be_none) && prefix->length <= 8 * ip_size(&prefix->ip);
}

static const char *
address_trouble(const struct settings *s, uint32_t index)
{
	const struct address_settings *address = &settings_addresses(s)[index];

	if (!is_index_or_none(address->link, s->link_count))
		return "link";
	return is_prefix(&address->prefix, false) ? NULL : "prefix";
}

static const char *
peer_trouble(const struct settings *s, uint32_t index)
{
	const struct peer_settings *peer = &settings_peers(s)[index];

	return is_ip(&peer->address, false) && peer->minimum_ttl > 0 ? NULL : "address or ttl";
}

static const char *
track_trouble(const struct settings *s, uint32_t index)
{
	const struct track_settings *track = &settings_tracks(s)[index];

	if (track->object >= s->object_count)
		return "object";
	if (track->weight < -254 || track->weight > 254)
		return "weight";
	if (!is_duration(track->up_delay, DELAY_MAX) || !is_duration(track->down_delay, DELAY_MAX))
		return "delay";
	return NULL;
}

static const char *
object_trouble(const struct settings *s, uint32_t index)
{
	const struct object_settings *object = &settings_objects(s)[index];

	if (object->kind >= OBJECT_KINDS)
		return "kind";
	if (!is_text(object->name, sizeof(object->name), false))
		return "name";
	if (!is_prefix(&object->prefix, object->kind != OBJECT_ROUTE))
		return "prefix";
	if (!is_index_or_none(object->check, s->check_count) ||
	    (object->kind == OBJECT_CHECK) != (object->check >= 0))
		return "check";
	return NULL;
}

static const char *
check_trouble(const struct settings *s, uint32_t index)
{
	const struct check_settings *check = &settings_checks(s)[index];
	bool is_monitor = check->kind == CHECK_ICMP || check->kind == CHECK_TCP ||
	                  check->kind == CHECK_CONNECT || check->kind == CHECK_ASK;
	bool has_tries = check->kind != CHECK_POLICY && check->kind != CHECK_CONNSYNC;

	if (check->kind >= CHECK_KINDS)
		return "kind";
	if (!is_text(check->name, sizeof(check->name), false) ||
	    !is_text(check->text, sizeof(check->text), true) ||
	    !is_text(check->user, sizeof(check->user), true) ||
	    !is_text(check->interface, sizeof(check->interface), true))
		return "text";
	if (!is_ip(&check->target, !is_monitor) || !is_ip(&check->source, true))
		return "address";
	if (has_tries && !(check->interval > 0 && check->interval <= DELAY_MAX))
		return "interval";
	if (!is_duration(check->timeout, DELAY_MAX) || !is_duration(check->delay, DELAY_MAX))
		return "time";
	if (check->rise == 0 || check->fall == 0 || check->loss > 100)
		return "rise, fall or loss";
	/* What a policy refers to stands before it. */
	if (!is_index_or_none(check->monitor, index) ||
	    (check->kind == CHECK_POLICY) != (check->monitor >= 0))
		return "monitor";
	if (check->kind == CHECK_POLICY && check->window == 0)
		return "window";
	return NULL;
}

static const char *
route_trouble(const struct settings *s, uint32_t index)
{
	const struct route_settings *route = &settings_routes(s)[index];

	if (!is_prefix(&route->destination, false) || !is_ip(&route->gateway, true) ||
	    !is_ip(&route->source, true))
		return "address";
	if (!is_index_or_none(route->link, s->link_count))
		return "link";
	return is_bool(&route->blackhole) ? NULL : "truth value";
}

static const char *
rule_trouble(const struct settings *s, uint32_t index)
{
	const struct rule_settings *rule = &settings_rules(s)[index];

	if (rule->family != 4 && rule->family != 6)
		return "family";
	if (!is_prefix(&rule->from, true) || !is_prefix(&rule->to, true))
		return "prefix";
	if (!is_text(rule->in, sizeof(rule->in), true) ||
	    !is_text(rule->out, sizeof(rule->out), true))
		return "interface";
	return NULL;
}

static const char *
advertiser_trouble(const struct settings *s, uint32_t index)
{
	const struct advertiser_settings *a = &settings_advertisers(s)[index];

	if (a->interval <= 0 || !is_duration(a->lifetime, UINT16_MAX * NSEC_PER_SEC))
		return "time";
	if (!is_bool(&a->managed) || !is_bool(&a->other))
		return "truth value";
	return is_slice(a->prefix_first, a->prefix_count, s->prefix_count) ? NULL : "prefixes";
}

static const char *
prefix_trouble(const struct settings *s, uint32_t index)
{
	const struct advertised_prefix *prefix = &settings_prefixes(s)[index];

	if (!is_prefix(&prefix->prefix, false) || prefix->prefix.ip.family != 6)
		return "prefix";
	if (!is_bool(&prefix->on_link) || !is_bool(&prefix->autonomous))
		return "truth value";
	return prefix->valid >= 0 && prefix->preferred >= 0 ? NULL : "lifetime";
}

static const char *
program_trouble(const struct settings *s, uint32_t index)
{
	const struct program_settings *program = &settings_programs(s)[index];

	if (!is_text(program->command, sizeof(program->command), false) ||
	    !is_text(program->user, sizeof(program->user), true))
		return "text";
	return NULL;
}

static const char *
connsync_trouble(const struct settings *s, uint32_t index)
{
	const struct connsync_settings *c = &settings_connsyncs(s)[index];

	if (c->sync < 0 || !is_index_or_none(c->sync, s->sync_count) || c->check < 0 ||
	    !is_index_or_none(c->check, s->check_count) ||
	    settings_checks(s)[c->check].kind != CHECK_CONNSYNC)
		return "index";
	if (c->path_count < 1 || c->path_count > CONNSYNC_PATHS_MAX)
		return "paths";
	for (uint32_t i = 0; i < c->path_count; i++) {
		const struct connsync_path *path = &c->paths[i];

		if (!is_text(path->interface, sizeof(path->interface), false))
			return "interface";
		if (!is_ip(&path->local, true) || !is_ip(&path->remote, false))
			return "address";
	}
	if (c->port == 0 || c->detail >= CONNSYNC_DETAILS)
		return "number";
	if (!is_bool(&c->authenticated) || !is_bool(&c->paired))
		return "truth value";
	if (!is_duration(c->hold_down, DELAY_MAX) || !is_duration(c->promotion_wait, DELAY_MAX) ||
	    !is_duration(c->startup_wait, DELAY_MAX))
		return "time";
	return is_slice(c->excluded_first, c->excluded_count, s->excluded_count) ?
	       NULL : "excluded networks";
}

static const char *
excluded_trouble(const struct settings *s, uint32_t index)
{
	return is_prefix(&settings_excluded(s)[index].network, false) ? NULL : "network";
}

static const char *
static_trouble(const struct settings *s, uint32_t index)
{
	const struct static_settings *route = &settings_statics(s)[index];
	bool has_hops = route->kind == STATIC_HOPS;

	if (!is_prefix(&route->destination, false))
		return "destination";
	if (route->distance == 0 || route->kind >= STATIC_KINDS)
		return "distance or kind";
	if (index > 0 && static_settings_order(route - 1, route) >= 0)
		return "order";
	if (route->hop_count > STATIC_HOPS_MAX || (route->hop_count > 0) != has_hops ||
	    !is_slice(route->hop_first, route->hop_count, s->hop_count))
		return "next hops";
	for (uint32_t i = 0; i < route->hop_count; i++) {
		const struct ip *gateway = &settings_hops(s)[route->hop_first + i].gateway;

		if (gateway->family != 0 && gateway->family != route->destination.ip.family)
			return "family of a next hop";
	}
	return NULL;
}

static const char *
hop_trouble(const struct settings *s, uint32_t index)
{
	const struct hop_settings *hop = &settings_hops(s)[index];

	if (!is_ip(&hop->gateway, true))
		return "address";
	/* It leads somewhere. */
	return is_text(hop->interface, sizeof(hop->interface), hop->gateway.family != 0) ?
	       NULL : "interface";
}

static const char *
vlan_trouble(const struct settings *s, uint32_t index)
{
	const struct vlan_settings *vlans = &settings_vlans(s)[index];

	if (vlans->first < 1 || vlans->last < vlans->first || vlans->last > VLAN_ID_MAX)
		return "range";
	if (!is_bool(&vlans->untagged) || !is_bool(&vlans->primary))
		return "truth value";
	return vlans->primary && vlans->first != vlans->last ? "primary" : NULL;
}

static const char *
virtual_trouble(const struct settings *s, uint32_t index)
{
	const struct virtual_settings *server = &settings_virtuals(s)[index];
	bool marked = server->mark > 0;

	if (!is_text(server->name, sizeof(server->name), false))
		return "name";
	if (server->family != 4 && server->family != 6)
		return "family";
	if (server->protocol != VIRTUAL_TCP && server->protocol != VIRTUAL_UDP)
		return "protocol";
	if (server->algorithm >= BALANCE_ALGORITHMS || server->method >= BALANCE_METHODS)
		return "algorithm or method";
	if (!is_ip(&server->address, true) || (server->address.family == 0) != marked ||
	    (!marked && server->address.family != server->family))
		return "address";
	if ((server->port == 0) != marked || server->mark > VIRTUAL_MARK_MAX ||
	    server->persistence > VIRTUAL_PERSISTENCE_MAX)
		return "number";
	return is_slice(server->real_first, server->real_count, s->real_count) ?
	       NULL : "real servers";
}

static const char *
real_trouble(const struct settings *s, uint32_t index)
{
	const struct real_settings *real = &settings_reals(s)[index];

	if (!is_ip(&real->address, false))
		return "address";
	if (!is_bool(&real->drained))
		return "truth value";
	if (real->check < 0 || !is_index_or_none(real->check, s->check_count))
		return "check";
	return real->weight > 0 ? NULL : "weight";
}

/* The judge of each part, what an element of it is called, and how many there may be. */
static const struct {
	const char *(*trouble)(const struct settings *s, uint32_t index);
	const char *name;
	uint32_t most;
} judges[SETTINGS_PARTS] = {
	[PART_LINKS] = { link_trouble, "link", SETTINGS_LINKS_MAX },
	[PART_GROUPS] = { group_trouble, "group", SETTINGS_GROUPS_MAX },
	[PART_SYNCS] = { sync_trouble, "sync group", SETTINGS_GROUPS_MAX },
	[PART_ADDRESSES] = { address_trouble, "address", ENTRIES_MAX },
	[PART_PEERS] = { peer_trouble, "peer", ENTRIES_MAX },
	[PART_TRACKS] = { track_trouble, "track", ENTRIES_MAX },
	[PART_OBJECTS] = { object_trouble, "tracked object", ENTRIES_MAX },
	[PART_CHECKS] = { check_trouble, "check", SETTINGS_GROUPS_MAX },
	[PART_ROUTES] = { route_trouble, "route", ENTRIES_MAX },
	[PART_RULES] = { rule_trouble, "rule", ENTRIES_MAX },
	[PART_ADVERTISERS] = { advertiser_trouble, "router advertisement", SETTINGS_GROUPS_MAX },
	[PART_PREFIXES] = { prefix_trouble, "advertised prefix", ENTRIES_MAX },
	[PART_PROGRAMS] = { program_trouble, "program", SETTINGS_GROUPS_MAX },
	[PART_CONNSYNCS] = { connsync_trouble, "connsync", 1 },
	[PART_EXCLUDED] = { excluded_trouble, "excluded network", ENTRIES_MAX },
	[PART_STATICS] = { static_trouble, "static route", ENTRIES_MAX },
	[PART_HOPS] = { hop_trouble, "next hop", ENTRIES_MAX },
	[PART_VLANS] = { vlan_trouble, "VLAN of a switch", ENTRIES_MAX },
	[PART_VIRTUALS] = { virtual_trouble, "virtual server", SETTINGS_GROUPS_MAX },
	[PART_REALS] = { real_trouble, "real server", SETTINGS_GROUPS_MAX },
};

static int
check_header(const struct settings *s, size_t size, struct error *error)
{
	size_t end;

	if (size < sizeof(*s) || (uintptr_t)s % _Alignof(struct settings) != 0)
		return error_set(error, -EINVAL, "settings: no whole header");
	if (s->magic != SETTINGS_MAGIC)
		return error_set(error, -EINVAL, "settings: layout %08x instead of %08x",
		                 s->magic, SETTINGS_MAGIC);
	for (unsigned i = 0; i < SETTINGS_PARTS; i++)
		if (s->part_counts[i] > judges[i].most)
			return error_set(error, -EINVAL, "settings: a count is out of range");
	end = settings_size(&s->counts);
	if (s->size != size || end != size)
		return error_set(error, -EINVAL, "settings: %zu bytes received, %u announced, "
		                 "%zu needed", size, s->size, end);
	if (!is_text(s->host_name, sizeof(s->host_name), true))
		return error_set(error, -EINVAL, "settings: host name");
	return 0;
}

int
settings_check(const void *block, size_t size, struct error *error)
{
	const struct settings *s = block;
	int r = check_header(s, size, error);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < SETTINGS_PARTS; i++)
		for (uint32_t j = 0; j < s->part_counts[i]; j++) {
			const char *trouble = judges[i].trouble(s, j);

			if (trouble)
				return error_set(error, -EINVAL, "settings: %s %u: %s",
				                 judges[i].name, j, trouble);
		}
	return 0;
}
