/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes groups.  keepalived's own defaults are written where Tandem's are others: a group of
 * version 3 accepts packets to its addresses, and sends the checksum of IPv4 as RFC 5798 was read,
 * so that it and a keepalived on the other router understand each other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/inet.h"
#include "import/writing.h"

#define ADDRESSES_MAX 20u		/* that fit into advertisements */
#define SECOND UINT64_C(1000000)
#define STEP UINT64_C(10000)		/* of intervals in version 3 */
#define SECONDS_MAX 255u		/* of an interval in version 2 */
#define STEPS_MAX 4095u			/* of an interval in version 3 */

/* What follows from the addresses of a group. */
struct shape {
	bool has_v4, has_v6;		/* advertised ones */
	bool has_link_local;
	unsigned version;
};

static bool
is_on(const struct said *said)
{
	return said->text && strcmp(said->text, "off") != 0;
}

static struct shape
shape_of(const struct model_group *group)
{
	bool said_3 = group->version.text && strcmp(group->version.text, "3") == 0;
	struct shape shape = { .version = said_3 ? 3 : 2 };

	for (size_t i = 0; i < group->address_count; i++) {
		struct prefix prefix;

		if (group->addresses[i].excluded ||
		    !prefix_parse(group->addresses[i].address.text, &prefix))
			continue;
		shape.has_v4 = shape.has_v4 || prefix.ip.family == 4;
		shape.has_v6 = shape.has_v6 || prefix.ip.family == 6;
		shape.has_link_local = shape.has_link_local || ip_is_link_local(&prefix.ip);
	}
	if (shape.has_v6 && !shape.has_v4)
		shape.version = 3;
	/* IPv6 of a version 2 group is left out. */
	shape.has_v6 = shape.has_v6 && shape.version == 3;
	return shape;
}

/* ------------------------------------------------------------------ single values */

static void
write_interval(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const struct said *said = &group->interval;
	uint64_t usec, step = shape->version == 3 ? STEP : SECOND, rounded;
	char value[32];

	if (!said->text)
		return;
	if (!write_seconds(said->text, &usec)) {
		write_find(w, FINDING_LEFT, said->place, group->name,
		           "the interval '%s' is no number of seconds", said->text);
		return;
	}
	rounded = (usec + step / 2) / step * step;
	if (rounded == 0)
		rounded = step;
	if (rounded > (shape->version == 3 ? STEPS_MAX * STEP : SECONDS_MAX * SECOND))
		rounded = shape->version == 3 ? STEPS_MAX * STEP : SECONDS_MAX * SECOND;
	snprintf(value, sizeof(value), "%llu",
	         (unsigned long long)rounded / (shape->version == 3 ? 1000 : SECOND));
	if (write_put(w, said->place, group->name,
	              shape->version == 3 ? "fast-advertise-interval" : "advertise-interval",
	              value, NULL) && rounded != usec)
		write_find(w, FINDING_DIFFERS, said->place, group->name,
		           "the interval of version %u goes in steps of %s; %s s is now %s %s, "
		           "as it was on the wire", shape->version,
		           shape->version == 3 ? "10 ms up to 40.95 s" : "1 s up to 255 s",
		           said->text, value, shape->version == 3 ? "ms" : "s");
}

static void
write_authentication(struct writing *w, const struct model_group *group,
                     const struct shape *shape)
{
	const struct said *type = &group->authentication, *password = &group->password;
	char cut[9];

	if (!type->text && !password->text)
		return;
	if (shape->version == 3) {
		write_find(w, FINDING_UNNEEDED, (type->text ? type : password)->place, group->name,
		           "version 3 has no authentication, and %s did none", w->model->program);
		return;
	}
	if (!type->text || !password->text ||
	    (strcmp(type->text, "PASS") != 0 && strcmp(type->text, "AH") != 0)) {
		write_find(w, FINDING_LEFT, (type->text ? type : password)->place, group->name,
		           "authentication needs a type, PASS or AH, and a password");
		return;
	}
	snprintf(cut, sizeof(cut), "%s", password->text);
	if (write_put(w, password->place, group->name, "authentication", "password", cut, NULL))
		write_try(w, type->place, group->name, "authentication", "type",
		          strcmp(type->text, "AH") == 0 ? "ah" : "plaintext-password", NULL);
	if (strlen(password->text) > 8)
		write_find(w, FINDING_UNNEEDED, password->place, group->name,
		           "of a password the first 8 characters count; the others were never "
		           "sent");
}

static void
write_priority(struct writing *w, const struct model_group *group)
{
	const struct said *said = &group->priority;

	if (!said->text)
		return;
	if (strcmp(said->text, "255") != 0) {
		write_try(w, said->place, group->name, "priority", said->text, NULL);
		return;
	}
	write_try(w, said->place, group->name, "priority", "254", NULL);
	write_find(w, FINDING_LEFT, said->place, group->name,
	           "priority 255 is that of an owner, and is not set: an owner has the virtual "
	           "address as address of its interface; it is 254 now");
}

static void
write_preempt(struct writing *w, const struct model_group *group)
{
	const struct said *state = &group->state;
	bool is_master = state->text && strcmp(state->text, "MASTER") == 0;

	if (is_master && (group->no_preempt.text || group->preempt_delay.text)) {
		const struct said *ignored = group->no_preempt.text ? &group->no_preempt
		                                                    : &group->preempt_delay;

		write_find(w, FINDING_DIFFERS, ignored->place, group->name,
		           "%s ignores this with the state MASTER, and it is not taken over; set "
		           "preempt if it was meant", w->model->program);
	} else {
		if (group->no_preempt.text)
			write_try(w, group->no_preempt.place, group->name, "preempt", "false",
			          NULL);
		write_whole_seconds(w, &group->preempt_delay, group->name, "preempt-delay");
	}
	if (state->text && !is_master && strcmp(state->text, "BACKUP") != 0)
		write_find(w, FINDING_UNNEEDED, state->place, group->name,
		           "'%s' is no state; a group begins as backup", state->text);
	else if (is_master)
		write_find(w, FINDING_UNNEEDED, state->place, "state MASTER",
		           "a group begins as backup, and its priority decides");
}

static void
write_accept(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const struct said *strict = is_on(&group->strict) ? &group->strict : NULL;
	bool accept = group->accept.text ? strcmp(group->accept.text, "accept") == 0 : !strict;

	if (shape->version == 3 && accept)
		write_try(w, group->place, group->name, "accept", "true", NULL);
	else if (shape->version == 2 && (!accept || strict))
		write_find(w, FINDING_LEFT, (strict ? strict : &group->accept)->place, group->name,
		           "a group of version 2 always accepts packets to its addresses; use "
		           "version 3 on both routers");
}

static void
write_source(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const struct said *said = &group->multicast_source;
	char address[64];
	struct ip ip;
	uint8_t family;

	if (group->unicast_source.text && (group->peer_count || !said->text))
		said = &group->unicast_source;
	if (!said->text)
		return;
	if (!write_address(said->text, address, &family) || !ip_parse(address, &ip))
		write_find(w, FINDING_LEFT, said->place, group->name,
		           "the source address '%s' is no address", said->text);
	else if (!(family == 4 ? shape->has_v4 : shape->has_v6))
		write_find(w, FINDING_LEFT, said->place, group->name,
		           "the group has no IPv%u address, so nothing is sent from %s", family,
		           address);
	else if (family == 6 && !ip_is_link_local(&ip) && group->peer_count == 0)
		write_find(w, FINDING_LEFT, said->place, group->name,
		           "multicast advertisements of IPv6 come from a link-local address (RFC "
		           "9568 5.1.2.1), not from %s", address);
	else
		write_try(w, said->place, group->name, "hello-source-address", address, NULL);
}

/* ------------------------------------------------------------------ addresses */

/* On another interface than the group's. */
static void
write_place(struct writing *w, const struct model_group *group,
            const struct model_address *address, const char *text)
{
	const char *interface = address->interface, *mac = group->virtual_mac.text;

	if (!interface || strcmp(interface, group->interface.text) == 0 ||
	    (mac && strcmp(mac, interface) == 0))
		return;
	if (write_need_link(w, address->address.place, interface))
		write_try(w, address->address.place, group->name, "virtual-address-interface",
		          text, "interface", interface, NULL);
}

/* One address; *advertised counts those that advertisements hold. */
static void
write_one(struct writing *w, const struct model_group *group, const struct model_address *address,
          const struct shape *shape, struct nameset *seen, unsigned *advertised)
{
	struct place place = address->address.place;
	const char *text = address->address.text;
	bool excluded = address->excluded, is_new;
	struct prefix prefix;
	char bare[IP_TEXT_SIZE];

	if (!prefix_parse(text, &prefix)) {
		write_find(w, FINDING_LEFT, place, group->name, "'%s' is no address", text);
		return;
	}
	nameset_add(seen, ip_text(&prefix.ip, bare), &is_new);
	if (!is_new) {
		write_find(w, FINDING_UNNEEDED, place, group->name, "%s stands twice", text);
		return;
	}
	if (!(prefix.ip.family == 4 ? shape->has_v4 : shape->has_v6)) {
		write_find(w, FINDING_LEFT, place, group->name,
		           "%s: the group advertises no address of IPv%u; let it, with version 3 "
		           "on both routers, or make a group for these", text, prefix.ip.family);
		return;
	}
	if (!excluded && ++*advertised > ADDRESSES_MAX) {
		excluded = true;
		write_find(w, FINDING_DIFFERS, place, group->name,
		           "advertisements have room for %u addresses; %s and those after it are "
		           "excluded-address now, as they must be on the other router",
		           ADDRESSES_MAX, text);
	}
	if (write_put(w, place, group->name, excluded ? "excluded-address" : "virtual-address",
	              text, NULL))
		write_place(w, group, address, bare);
}

static void
write_addresses(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	struct nameset seen = { 0 };
	unsigned advertised = 0;
	char address[32];

	for (size_t i = 0; i < group->address_count; i++)
		write_one(w, group, &group->addresses[i], shape, &seen, &advertised);
	nameset_done(&seen);
	if (!shape->has_v6 || shape->has_link_local)
		return;
	snprintf(address, sizeof(address), "fe80::%lx",
	         strtoul(group->vrid.text, NULL, 10));
	write_try(w, group->place, group->name, "virtual-address", address, NULL);
	write_find(w, FINDING_DIFFERS, group->place, group->name,
	           "a link-local address was added, %s, which IPv6 needs (RFC 9568 5.2.9); the "
	           "other router needs the same", address);
}

static void
write_peers(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	char own[64] = "", address[64];
	uint8_t family;

	if (group->unicast_source.text && !write_address(group->unicast_source.text, own, &family))
		own[0] = '\0';
	for (size_t i = 0; i < group->peer_count; i++) {
		const struct model_peer *peer = &group->peers[i];
		struct place place = peer->address.place;
		const char *ttl = peer->minimum_ttl;

		if (!write_address(peer->address.text, address, &family)) {
			write_find(w, FINDING_LEFT, place, group->name, "the peer '%s' is no "
			           "address", peer->address.text);
		} else if (strcmp(address, own) == 0) {
			write_find(w, FINDING_UNNEEDED, place, group->name,
			           "%s is this router itself", address);
		} else if (!(family == 4 ? shape->has_v4 : shape->has_v6)) {
			write_find(w, FINDING_LEFT, place, group->name,
			           "the group has no IPv%u address for the peer %s", family,
			           address);
		} else if (write_put(w, place, group->name, "peer-address", address, NULL)) {
			if (ttl && strcmp(ttl, "255") != 0)
				write_try(w, place, group->name, "peer-address", address,
				          "minimum-ttl", strcmp(ttl, "0") == 0 ? "1" : ttl, NULL);
			if (!ttl && !w->told_ttl)
				write_find(w, FINDING_DIFFERS, place, group->name,
				           "packets of a peer must come from a neighbour, with a "
				           "time to live of 255, which %s does not ask; if routers "
				           "lie between, set peer-address minimum-ttl",
				           w->model->program);
			w->told_ttl = w->told_ttl || !ttl;
		}
	}
}

/* ------------------------------------------------------------------ announcements */

static void
write_pace(struct writing *w, const struct said *said, const char *name)
{
	char value[32];
	uint64_t usec;

	if (!said->text)
		return;
	if (!write_seconds(said->text, &usec)) {
		write_find(w, FINDING_LEFT, said->place, name, "the interval of announcements "
		           "'%s' is no number of seconds", said->text);
		return;
	}
	if (usec == 0)
		return;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)(usec + 999) / 1000);
	write_try(w, said->place, name, "garp", "interval", value, NULL);
	if (!w->told_pace)
		write_find(w, FINDING_DIFFERS, said->place, name,
		           "garp interval is the time between two rounds of all addresses, not "
		           "between two packets, which go out at a pace that switches bear");
	w->told_pace = true;
}

static void
write_garp(struct writing *w, const struct model_group *group)
{
	const struct model_garp *garp = &group->garp;
	const struct {
		const struct said *said;
		const char *leaf;
		bool seconds;
	} leaves[] = {
		{ &garp->lower_priority_delay, "lower-priority-delay", true },
		{ &garp->lower_priority_repeat, "lower-priority-repeat", false },
		{ &garp->master_delay, "master-delay", true },
		{ &garp->master_refresh, "master-refresh", true },
		{ &garp->master_refresh_repeat, "master-refresh-repeat", false },
		{ &garp->master_repeat, "master-repeat", false },
	};

	write_pace(w, &garp->interval, group->name);
	for (size_t i = 0; i < ARRAY_SIZE(leaves); i++) {
		size_t mark = write_begin(w, "garp", NULL);

		if (leaves[i].seconds)
			write_whole_seconds(w, leaves[i].said, group->name, leaves[i].leaf);
		else if (leaves[i].said->text)
			write_try(w, leaves[i].said->place, group->name, leaves[i].leaf,
			          leaves[i].said->text, NULL);
		write_end(w, mark);
	}
}

/* ------------------------------------------------------------------ the group */

static bool
same_text(const struct said *a, const struct said *b, const char *otherwise)
{
	return strcmp(a->text ? a->text : otherwise, b->text ? b->text : otherwise) == 0;
}

/* May b join a, so that one group of version 3 has both families? */
static bool
may_join(const struct model_group *a, const struct shape *a_shape, const struct model_group *b,
         const struct shape *b_shape)
{
	return a_shape->version == 3 && b_shape->version == 3 &&
	       !(a_shape->has_v4 && b_shape->has_v4) && !(a_shape->has_v6 && b_shape->has_v6) &&
	       same_text(&a->priority, &b->priority, "100") &&
	       same_text(&a->interval, &b->interval, "1") &&
	       !a->no_preempt.text == !b->no_preempt.text &&
	       same_text(&a->preempt_delay, &b->preempt_delay, "0") &&
	       same_text(&a->accept, &b->accept, "accept") &&
	       !a->virtual_mac.text == !b->virtual_mac.text && a->sync == b->sync;
}

/* Is the place free, or is the group there one that this one may join?  *ret_first is that. */
static bool
find_place(struct writing *w, const struct model_group *group, const struct shape *shape,
           const struct model_group **ret_first)
{
	char name[128];
	uint32_t number;
	bool is_new;
	const struct model_group *first;
	struct shape first_shape;

	snprintf(name, sizeof(name), "%.60s %.60s", group->interface.text, group->vrid.text);
	number = nameset_add(&w->places, name, &is_new);
	*ret_first = NULL;
	if (is_new) {
		*MODEL_ADD(w, written, written_count) = group;
		return true;
	}
	first = w->written[number];
	first_shape = shape_of(first);
	if (may_join(first, &first_shape, group, shape)) {
		*ret_first = first;
		return true;
	}
	if (first_shape.version != shape->version)
		write_find(w, FINDING_LEFT, group->place, group->name,
		           "%s has the same number on %s with another version; use version 3 for "
		           "both, or another number, on both routers, and import again",
		           first->name, group->interface.text);
	else
		write_find(w, FINDING_LEFT, group->place, group->name,
		           "%s has the same number on %s; one group has the addresses of both "
		           "families if all else is the same, or use another number on both "
		           "routers, and import again", first->name, group->interface.text);
	return false;
}

static bool
is_complete(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const char *missing = NULL;

	if (!group->interface.text || group->interface.text[0] == '\0')
		missing = "a group needs an interface";
	else if (!group->vrid.text || group->vrid.text[0] == '\0')
		missing = "a group needs a number (VRID)";
	else if (!shape->has_v4 && !shape->has_v6)
		missing = "a group needs a virtual address that it advertises";
	if (missing)
		write_find(w, FINDING_LEFT, group->place, group->name, "%s; it is left out",
		           missing);
	return !missing;
}

/* That of groups in the candidate that do not say it. */
static unsigned
common_version(const struct writing *w)
{
	struct lyd_node *node;

	if (!*w->tree || lyd_find_path(*w->tree, "/tandem-service:service/tandem-vrrp:vrrp/version",
	                               0, &node) != LY_SUCCESS)
		return 2;
	return strcmp(lyd_get_value(node), "3") == 0 ? 3 : 2;
}

static void
write_version(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const struct said *said = &group->version;

	if (shape->version != common_version(w))
		write_try(w, group->place, group->name, "version",
		          shape->version == 3 ? "3" : "2", NULL);
	if (!said->text || strcmp(said->text, "3") == 0)
		return;
	if (strcmp(said->text, "2") != 0)
		write_find(w, FINDING_LEFT, said->place, group->name,
		           "there is no version '%s'; it is %u now", said->text, shape->version);
	else if (shape->version == 3)
		write_find(w, FINDING_DIFFERS, said->place, group->name,
		           "version 3, because IPv6 has no other");
}

static void
write_values(struct writing *w, const struct model_group *group, const struct shape *shape)
{
	const char *name = group->name;

	if (group->description.text)
		write_try(w, group->description.place, name, "description",
		          group->description.text, NULL);
	if (group->disable.text)
		write_try(w, group->disable.place, name, "disable", NULL);
	write_version(w, group, shape);
	write_priority(w, group);
	write_interval(w, group, shape);
	write_preempt(w, group);
	write_authentication(w, group, shape);
	write_accept(w, group, shape);
	if (group->virtual_mac.text)
		write_try(w, group->virtual_mac.place, name, "rfc-compatibility", NULL);
	if (group->sync)
		write_try(w, group->sync->place, name, "sync-group", group->sync->name, NULL);
	write_garp(w, group);
}

void
write_group(struct writing *w, const struct model_group *group)
{
	struct shape shape = shape_of(group);
	const struct model_group *first;
	bool existed;
	char *words;

	if (!is_complete(w, group, &shape) || !find_place(w, group, &shape, &first) ||
	    !write_link(w, group->interface.place, group->interface.text))
		return;
	write_begin(w, "vrrp", NULL);
	if (group->start_delay.text && strcmp(group->start_delay.text, "0") != 0)
		write_whole_seconds(w, &group->start_delay, group->name, "start-delay");
	write_begin(w, "vrrp-group", group->vrid.text, NULL);
	existed = !first && write_exists(w);
	if (!write_put(w, group->vrid.place, group->name, NULL))
		return;
	if (existed)
		write_find(w, FINDING_DIFFERS, group->place, group->name,
		           "the candidate has this group; what it has beside what is said here "
		           "stays");
	write_values(w, group, &shape);
	if (shape.has_v4 && shape.version == 3 && !group->plain_checksum)
		write_try(w, group->place, group->name, "checksum", "rfc5798", NULL);
	write_source(w, group, &shape);
	write_addresses(w, group, &shape);
	write_peers(w, group, &shape);
	write_tracks(w, group);
	write_scripts(w, group);
	write_routes(w, group, shape.has_v4, shape.has_v6);
	words = words_join(w->base.list, w->base.count);
	write_find(w, FINDING_TAKEN, group->place, group->name, "%s%s%s", words,
	           first ? ", together with " : "", first ? first->name : "");
	free(words);
}
