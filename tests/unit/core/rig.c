/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bench of the engine's tests: one engine, its effects carried out, laws checked after each
 * call.
 */
#include "rig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct mac peer_mac = { { 0x02, 0, 0, 0, 0, 0x02 } };

static struct ip
ip(const char *text)
{
	struct ip parsed = { 0 };

	assert_true(ip_parse(text, &parsed));
	return parsed;
}

static uint32_t
count_texts(const char *const *texts, uint32_t most)
{
	uint32_t count = 0;

	while (count < most && texts[count])
		count++;
	return count;
}

/* Addresses that a group has if it says nothing. */
static void
default_addresses(const struct rig_group *from, int32_t link, char text[2][PREFIX_TEXT_SIZE],
                  uint32_t *ret_count)
{
	if (from->family == 6) {
		snprintf(text[0], PREFIX_TEXT_SIZE, "fe80::%x/64", from->vrid ? from->vrid : 1);
		snprintf(text[1], PREFIX_TEXT_SIZE, "2001:db8::%x/64", from->vrid ? from->vrid : 1);
		*ret_count = 2;
		return;
	}
	snprintf(text[0], PREFIX_TEXT_SIZE, "10.0.%d.1/24", link);
	*ret_count = 1;
}

/* A block being filled, and how much of each part is used so far. */
struct filling {
	struct settings *s;
	struct settings_counts used;
};

static void
add_address(struct filling *f, const char *text)
{
	struct address_settings *address = &settings_addresses(f->s)[f->used.addresses++];

	assert_true(prefix_parse(text, &address->prefix));
	address->link = -1;
}

static void
add_addresses(struct filling *f, const struct rig_group *from, struct group_settings *g)
{
	char text[2][PREFIX_TEXT_SIZE];

	g->address_first = f->used.addresses;
	g->address_count = count_texts(from->address, ARRAY_SIZE(from->address));
	for (uint32_t i = 0; i < g->address_count; i++)
		add_address(f, from->address[i]);
	if (g->address_count == 0) {
		default_addresses(from, g->link, text, &g->address_count);
		for (uint32_t i = 0; i < g->address_count; i++)
			add_address(f, text[i]);
	}
	if (from->excluded) {
		g->excluded_count = 1;
		add_address(f, from->excluded);
	}
}

static void
add_peers(struct filling *f, const struct rig_group *from, struct group_settings *g)
{
	g->peer_first = f->used.peers;
	g->peer_count = count_texts(from->peer, ARRAY_SIZE(from->peer));
	for (uint32_t i = 0; i < g->peer_count; i++)
		settings_peers(f->s)[f->used.peers++] = (struct peer_settings){
			.address = ip(from->peer[i]),
			.minimum_ttl = from->minimum_ttl ? from->minimum_ttl : 255,
		};
}

static uint32_t
object_of(struct filling *f, const char *name)
{
	struct object_settings *objects = settings_objects(f->s);
	uint32_t i = 0;

	while (i < f->used.objects && strcmp(objects[i].name, name) != 0)
		i++;
	if (i == f->used.objects) {
		f->used.objects++;
		snprintf(objects[i].name, sizeof(objects[i].name), "%s", name);
		objects[i].kind = OBJECT_INTERFACE;
		objects[i].check = -1;
	}
	return i;
}

static void
add_tracks(struct filling *f, const struct rig_group *from, struct group_settings *g)
{
	g->track_first = f->used.tracks;
	for (uint32_t i = 0; i < ARRAY_SIZE(from->track) && from->track[i].object; i++) {
		settings_tracks(f->s)[f->used.tracks++] = (struct track_settings){
			.object = object_of(f, from->track[i].object),
			.weight = (int16_t)from->track[i].weight,
			.up_delay = from->track[i].up_delay,
			.down_delay = from->track[i].down_delay,
		};
		g->track_count++;
	}
}

static void
add_advertiser(struct filling *f, const struct rig_group *from, struct group_settings *g)
{
	if (from->router_interval == 0)
		return;
	g->advertiser = (int32_t)f->used.advertisers++;
	settings_advertisers(f->s)[g->advertiser] = (struct advertiser_settings){
		.interval = from->router_interval,
		.lifetime = 1800 * SEC,
		.managed = true,
		.prefix_count = 1,
	};
	f->used.prefixes = 1;
	assert_true(prefix_parse("2001:db8::/64", &settings_prefixes(f->s)[0].prefix));
	settings_prefixes(f->s)[0].valid = NSEC_NEVER;
	settings_prefixes(f->s)[0].preferred = 3600 * SEC;
}

static int32_t
sync_of(struct filling *f, const char *name)
{
	for (uint32_t i = 0; name; i++) {
		char *known = settings_syncs(f->s)[i].name;

		if (known[0] == '\0')
			snprintf(known, SYNC_NAME_SIZE, "%s", name);
		if (strcmp(known, name) == 0)
			return (int32_t)i;
	}
	return -1;
}

static void
fill_group(struct filling *f, uint32_t index, const struct rig_group *from)
{
	struct group_settings *g = &settings_groups(f->s)[index];

	group_settings_init(g);
	g->link = settings_find_link(f->s, from->interface);
	g->sync = sync_of(f, from->sync);
	g->vrid = from->vrid ? from->vrid : 1;
	g->family = from->family ? from->family : 4;
	g->version = from->version ? from->version : g->family == 6 ? 3 : 2;
	g->priority = from->priority ? from->priority : 100;
	g->preempt = !from->no_preempt;
	g->interval = from->interval ? from->interval : SEC;
	g->preempt_delay = from->preempt_delay;
	g->start_delay = from->start_delay;
	g->rfc_compatibility = from->rfc;
	if (from->rfc)
		snprintf(g->vmac_name, sizeof(g->vmac_name), "vrrp%u", index + 1);
	if (from->password) {
		g->auth = from->auth ? from->auth : AUTH_TEXT;
		memcpy(g->password, from->password, strnlen(from->password, PASSWORD_SIZE));
	}
	if (from->hello_source)
		g->hello_source = ip(from->hello_source);
	add_addresses(f, from, g);
	add_peers(f, from, g);
	add_tracks(f, from, g);
	add_advertiser(f, from, g);
	if (from->adjust)
		from->adjust(g);
}

/* How many different names there are in the field of all groups at this offset. */
static uint32_t
count_names(const struct rig_group *groups, size_t count, size_t field)
{
	uint32_t names = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = *(const char *const *)((const char *)&groups[i] + field);
		bool new = name != NULL;

		for (size_t j = 0; j < i; j++) {
			const char *other =
				*(const char *const *)((const char *)&groups[j] + field);

			if (name && other && strcmp(name, other) == 0)
				new = false;
		}
		names += new;
	}
	return names;
}

static struct filling
fill(const struct settings_counts *counts, const struct rig_group *groups, size_t count)
{
	struct filling f = { .s = settings_new(counts) };

	assert_non_null(f.s);
	for (size_t i = 0; i < count; i++) {
		struct link_settings *link = &settings_links(f.s)[f.used.links];

		if (settings_find_link(f.s, groups[i].interface) >= 0)
			continue;
		snprintf(link->name, sizeof(link->name), "%s", groups[i].interface);
		link->kind = LINK_DATAPLANE;
		link->parent = -1;
		link->member_of = -1;
		f.used.links++;
	}
	for (uint32_t i = 0; i < count; i++)
		fill_group(&f, i, &groups[i]);
	f.used.groups = counts->groups;
	f.used.syncs = counts->syncs;
	return f;
}

/* Filled with room for the most there may be, then in a block of the right size. */
struct settings *
rig_settings(const struct rig_group *groups, size_t count)
{
	uint32_t most = (uint32_t)count * 4;
	struct filling f = fill(&(struct settings_counts){
		.links = count_names(groups, count, offsetof(struct rig_group, interface)),
		.groups = (uint32_t)count,
		.syncs = count_names(groups, count, offsetof(struct rig_group, sync)),
		.addresses = most, .peers = most, .tracks = most, .objects = most,
		.advertisers = most, .prefixes = most,
	}, groups, count);
	struct settings *roomy = f.s;
	struct error error = { 0 };

	f = fill(&f.used, groups, count);
	free(roomy);
	if (settings_check(f.s, f.s->size, &error) < 0)
		fail_msg("%s", error.text);
	return f.s;
}

void
rig_init(struct rig *rig)
{
	rig->settings = NULL;
	rig->engine = engine_new();
	rig->out = (struct effects){ .list = rig->list, .capacity = RIG_EFFECTS };
	rig->carried_out = 0;
	rig->now = RIG_BEGIN;
	memset(rig->held, 0, sizeof(rig->held));
	rig->send_error = 0;
	rig->host = 1;
	rig->on_send = NULL;
	assert_non_null(rig->engine);
}

void
rig_done(struct rig *rig)
{
	engine_free(rig->engine);
	free(rig->settings);
}

/* The kernel's addresses stay with interface and VRID when numbers change. */
static void
renumber(struct rig *rig, const struct settings *old, const struct settings *new)
{
	bool held[RIG_GROUPS] = { 0 };

	for (uint32_t i = 0; old && i < old->group_count; i++) {
		const struct group_settings *g = &settings_groups(old)[i];
		int now = settings_find_group(new, settings_link_of(old, g)->name, g->vrid,
		                              g->family);

		if (now >= 0)
			held[now] = rig->held[i];
		else
			assert_false(rig->held[i]);
	}
	memcpy(rig->held, held, sizeof(held));
}

void
rig_adopt(struct rig *rig, const struct rig_group *groups, size_t count)
{
	struct settings *settings = rig_settings(groups, count);
	struct settings *old = rig->settings;

	assert_true(count <= RIG_GROUPS);
	assert_int_equal(engine_prepare(rig->engine, settings, rig->now), 0);
	engine_retire(rig->engine, settings, rig->now, &rig->out);
	if (old) {
		for (size_t i = rig->carried_out; i < rig->out.count; i++)
			if (rig->out.list[i].kind == EFFECT_DROP_ADDRESSES)
				rig->held[rig->out.list[i].group] = false;
		rig->carried_out = rig->out.count;
	}
	renumber(rig, old, settings);
	assert_int_equal(engine_adopt(rig->engine, settings, rig->now, &rig->out), 0);
	rig->settings = settings;
	free(old);
	rig_carry_out(rig);
}

/* 192.0.2.<host> or fe80::<host> */
static struct ip
peer_address(uint8_t family, uint8_t host)
{
	if (family == 4)
		return ip_from_v4((const uint8_t[]){ 192, 0, 2, host });
	return ip_from_v6((const uint8_t[16]){ 0xfe, 0x80, [15] = host });
}

struct link_input
rig_link_input(const struct rig *rig, bool usable)
{
	return (struct link_input){
		.usable = usable,
		.exists = true,
		.mac = { { 0x02, 0, 0, 0, 0, rig->host } },
		.source4 = peer_address(4, rig->host),
		.source6 = peer_address(6, rig->host),
	};
}

void
rig_link(struct rig *rig, uint32_t link, bool usable)
{
	struct link_input input = rig_link_input(rig, usable);

	engine_on_link(rig->engine, link, &input, rig->now, &rig->out);
	rig_carry_out(rig);
}

void
rig_track(struct rig *rig, uint32_t object, bool up)
{
	engine_on_track(rig->engine, object, up, rig->now, &rig->out);
	rig_carry_out(rig);
}

void
rig_owner(struct rig *rig, uint32_t group, bool owner)
{
	engine_on_owner(rig->engine, group, owner, rig->now, &rig->out);
	rig_carry_out(rig);
}

void
rig_start(struct rig *rig, const struct rig_group *groups, size_t count)
{
	rig_init(rig);
	rig_adopt(rig, groups, count);
	for (uint32_t i = 0; i < rig->settings->link_count; i++)
		rig_link(rig, i, true);
}

void
rig_start_master(struct rig *rig, const struct rig_group *groups, size_t count)
{
	rig_start(rig, groups, count);
	rig_run(rig, 4 * SEC);
	for (uint32_t i = 0; i < count; i++)
		assert_state(rig, i, VROUTER_MASTER);
	rig_forget(rig);
}

/* ---- the peer ------------------------------------------------------------------------------- */

struct advert
rig_advert(const struct rig *rig, uint32_t group, uint8_t priority)
{
	static uint8_t addresses[16 * GROUP_ADDRESSES_MAX];
	const struct group_settings *g = &settings_groups(rig->settings)[group];
	size_t size = g->family == 4 ? 4 : 16;
	struct advert ad = {
		.version = g->version,
		.family = g->family,
		.vrid = g->vrid,
		.priority = priority,
		.auth = g->auth,
		.sum_form = g->sum_form,
		.interval = g->interval,
		.sender = peer_mac,
		.source = peer_address(g->family, 2),
		.destination = advert_destination(g->family),
		.address_count = (uint8_t)g->address_count,
		.addresses = addresses,
	};

	if (g->peer_count > 0) {
		ad.source = settings_peers(rig->settings)[g->peer_first].address;
		ad.destination = rig_status(rig, group)->source;
	}
	if (g->auth == AUTH_TEXT)
		memcpy(ad.auth_data, g->password, PASSWORD_SIZE);
	for (uint32_t i = 0; i < g->address_count; i++)
		memcpy(addresses + size * i,
		       settings_group_addresses(rig->settings, g)[i].prefix.ip.bytes, size);
	return ad;
}

void
rig_hear_bytes_late(struct rig *rig, uint32_t link, const uint8_t *bytes, size_t length,
                    nsec_t arrival)
{
	/* On the heap and no longer than it is, so that a sanitizer sees one byte too far. */
	uint8_t *copy = malloc(length + !length);

	assert_non_null(copy);
	if (length > 0)
		memcpy(copy, bytes, length);
	engine_on_frame(rig->engine, link, reader_over(copy, length), arrival, rig->now,
	                &rig->out);
	free(copy);
	rig_carry_out(rig);
}

void
rig_hear_bytes(struct rig *rig, uint32_t link, const uint8_t *bytes, size_t length)
{
	rig_hear_bytes_late(rig, link, bytes, length, rig->now);
}

void
rig_hear_advert(struct rig *rig, uint32_t group, const struct advert *ad)
{
	uint8_t frame[ADVERT_FRAME_MAX];
	size_t length = advert_encode(ad, frame);

	rig_hear_bytes(rig, (uint32_t)settings_groups(rig->settings)[group].link, frame, length);
}

void
rig_hear_late(struct rig *rig, uint32_t group, uint8_t priority, nsec_t arrival)
{
	struct advert ad = rig_advert(rig, group, priority);
	uint8_t frame[ADVERT_FRAME_MAX];
	size_t length = advert_encode(&ad, frame);

	rig_hear_bytes_late(rig, (uint32_t)settings_groups(rig->settings)[group].link, frame,
	                    length, arrival);
}

void
rig_hear_from(struct rig *rig, uint32_t group, uint8_t priority, uint8_t host)
{
	struct advert ad = rig_advert(rig, group, priority);

	ad.source = peer_address(ad.family, host);
	ad.sender.bytes[5] = host;
	rig_hear_advert(rig, group, &ad);
}

void
rig_hear(struct rig *rig, uint32_t group, uint8_t priority)
{
	rig_hear_late(rig, group, priority, rig->now);
}

/* ---- time ----------------------------------------------------------------------------------- */

void
rig_wake(struct rig *rig, nsec_t now)
{
	rig->now = now;
	engine_on_time(rig->engine, now, now, &rig->out);
	rig_carry_out(rig);
}

static nsec_t
next_call(const struct rig *rig)
{
	return nsec_min(engine_deadline(rig->engine), rig->now + engine_tick(rig->engine));
}

void
rig_run_until(struct rig *rig, nsec_t until)
{
	while (rig->now < until) {
		nsec_t next = next_call(rig);

		if (next <= rig->now) {
			rig_wake(rig, rig->now);
			next = next_call(rig);
		}
		assert_true(next > rig->now);	/* nothing that was due was left undone */
		rig_wake(rig, nsec_min(next, until));
	}
}

void
rig_run(struct rig *rig, nsec_t duration)
{
	rig_run_until(rig, rig->now + duration);
}

/* ---- effects -------------------------------------------------------------------------------- */

static void
check_always(const struct rig *rig)
{
	const struct group_settings *groups = settings_groups(rig->settings);

	for (uint32_t i = 0; i < rig->settings->group_count; i++) {
		const struct vrouter_status *s = rig_status(rig, i);

		assert_int_equal(rig->held[i], engine_holds_addresses(rig->engine, i));
		assert_int_equal(rig->held[i], s->state == VROUTER_MASTER || s->lingering);
		assert_int_equal(s->state == VROUTER_MASTER, s->next_advert != NSEC_NEVER);
		assert_int_equal(s->state == VROUTER_BACKUP, s->down_deadline != NSEC_NEVER);
		for (uint32_t j = 0; j < i; j++)
			if (groups[i].sync >= 0 && groups[i].sync == groups[j].sync)
				assert_int_equal(s->state, rig_status(rig, j)->state);
	}
}

static void
send_frame(struct rig *rig, const struct effect *effect)
{
	uint32_t count = engine_advert_count(rig->engine, effect->group, effect->resign);

	assert_in_range(count, 1, ENGINE_PACKETS_MAX);
	for (uint32_t i = 0; i < count; i++) {
		struct frame frame = engine_advert(rig->engine, effect->group, effect->resign, i);

		assert_true(frame.length > 0);
		if (rig->on_send)
			rig->on_send(rig,
			             (uint32_t)settings_groups(rig->settings)[effect->group].link,
			             frame);
	}
}

struct advert
rig_sent(struct rig *rig, uint32_t group, bool resign, uint32_t index)
{
	static uint8_t bytes[ADVERT_FRAME_MAX];
	struct frame frame = engine_advert(rig->engine, group, resign, index);
	size_t ethernet = frame.unicast.family ? ADVERT_ETHERNET : 0;
	struct packet packet;
	struct advert ad;

	/* A unicast packet as it arrives: behind the Ethernet header of the last hop. */
	if (ethernet)
		memcpy(bytes, frame.unicast.family == 4 ? "\1\2\3\4\5\6\1\2\3\4\5\6\x08\0" :
		                                         "\1\2\3\4\5\6\1\2\3\4\5\6\x86\xdd",
		       ethernet);
	memcpy(bytes + ethernet, frame.bytes, frame.length);
	assert_true(advert_open(reader_over(bytes, ethernet + frame.length), &packet));
	assert_int_equal(advert_decode(&packet, &ad), ADVERT_OK);
	return ad;
}

void
rig_carry_out(struct rig *rig)
{
	for (; rig->carried_out < rig->out.count; rig->carried_out++) {
		const struct effect *effect = &rig->out.list[rig->carried_out];

		switch (effect->kind) {
		case EFFECT_SEND_ADVERT:
			send_frame(rig, effect);
			engine_on_sent(rig->engine, effect->group, effect->resign,
			               rig->send_error, rig->now, &rig->out);
			break;
		case EFFECT_TAKE_ADDRESSES:
			rig->held[effect->group] = true;
			break;
		case EFFECT_RENEW_ADDRESSES:
			assert_true(rig->held[effect->group]);
			break;
		case EFFECT_DROP_ADDRESSES:
			assert_true(rig->held[effect->group]);
			rig->held[effect->group] = false;
			break;
		case EFFECT_ANNOUNCE:
			assert_true(rig->held[effect->group]);
			break;
		case EFFECT_TRANSITION:
			assert_int_not_equal(effect->from, effect->to);
			break;
		case EFFECT_ADVERTISE_ROUTER:
			assert_state(rig, effect->group, VROUTER_MASTER);
			break;
		case EFFECT_ALARM:
		case EFFECT_KINDS:
			break;
		}
	}
	check_always(rig);
}

void
rig_forget(struct rig *rig)
{
	rig->out.count = 0;
	rig->carried_out = 0;
}

size_t
rig_count(const struct rig *rig, enum effect_kind kind, uint32_t group)
{
	size_t count = 0;

	for (size_t i = 0; i < rig->out.count; i++)
		count += rig->list[i].kind == kind && !rig->list[i].resign &&
		         (group == RIG_GROUPS || rig->list[i].group == group);
	return count;
}

size_t
rig_resigned(const struct rig *rig, uint32_t group)
{
	size_t count = 0;

	for (size_t i = 0; i < rig->out.count; i++)
		count += rig->list[i].kind == EFFECT_SEND_ADVERT && rig->list[i].resign &&
		         (group == RIG_GROUPS || rig->list[i].group == group);
	return count;
}

const struct effect *
rig_last(const struct rig *rig, enum effect_kind kind, uint32_t group)
{
	for (size_t i = rig->out.count; i > 0; i--)
		if (rig->list[i - 1].kind == kind && rig->list[i - 1].group == group)
			return &rig->list[i - 1];
	return NULL;
}

const struct vrouter_status *
rig_status(const struct rig *rig, uint32_t group)
{
	return engine_status(rig->engine, group);
}
