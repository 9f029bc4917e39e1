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
address_count(const struct rig_group *group)
{
	uint32_t count = 0;

	while (count < ARRAY_SIZE(group->address) && group->address[count])
		count++;
	return count;
}

static void
fill_group(struct settings *s, uint32_t index, const struct rig_group *from, uint32_t *next)
{
	struct group_settings *g = &settings_groups(s)[index];

	g->link = settings_find_link(s, from->interface);
	g->vrid = from->vrid ? from->vrid : 1;
	g->version = 2;
	g->priority = from->priority ? from->priority : 100;
	g->preempt = !from->no_preempt;
	g->interval = from->interval ? from->interval : SEC;
	g->preempt_delay = from->preempt_delay;
	g->start_delay = from->start_delay;
	g->rfc_compatibility = from->rfc;
	if (from->rfc)
		snprintf(g->vmac_name, sizeof(g->vmac_name), "vrrp%u", index + 1);
	if (from->password) {
		g->auth = AUTH_TEXT;
		memcpy(g->password, from->password, strnlen(from->password, PASSWORD_SIZE));
	}
	if (from->hello_source)
		g->hello_source = ip(from->hello_source);
	g->address_first = *next;
	g->address_count = address_count(from);
	for (uint32_t i = 0; i < g->address_count; i++)
		assert_true(prefix_parse(from->address[i], &settings_addresses(s)[(*next)++]));
	if (g->address_count == 0) {
		char text[PREFIX_TEXT_SIZE];

		snprintf(text, sizeof(text), "10.0.%d.1/24", g->link);
		assert_true(prefix_parse(text, &settings_addresses(s)[(*next)++]));
		g->address_count = 1;
	}
	g->sync = -1;
	for (uint32_t i = 0; from->sync && g->sync < 0; i++) {
		char *name = settings_syncs(s)[i].name;

		if (name[0] == '\0')
			snprintf(name, SYNC_NAME_SIZE, "%s", from->sync);
		if (strcmp(name, from->sync) == 0)
			g->sync = (int32_t)i;
	}
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

struct settings *
rig_settings(const struct rig_group *groups, size_t count)
{
	uint32_t links = count_names(groups, count, offsetof(struct rig_group, interface));
	uint32_t syncs = count_names(groups, count, offsetof(struct rig_group, sync));
	uint32_t addresses = 0, used = 0, next = 0;
	struct error error = { 0 };
	struct settings *s;

	for (size_t i = 0; i < count; i++)
		addresses += address_count(&groups[i]) ? address_count(&groups[i]) : 1;
	s = settings_new(links, (uint32_t)count, syncs, addresses);
	assert_non_null(s);
	for (size_t i = 0; i < count; i++) {
		struct link_settings *link = &settings_links(s)[used];

		if (settings_find_link(s, groups[i].interface) >= 0)
			continue;
		snprintf(link->name, sizeof(link->name), "%s", groups[i].interface);
		link->kind = LINK_DATAPLANE;
		link->parent = -1;
		link->bond = -1;
		used++;
	}
	for (uint32_t i = 0; i < count; i++)
		fill_group(s, i, &groups[i], &next);
	if (settings_check(s, s->size, &error) < 0)
		fail_msg("%s", error.text);
	return s;
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
		int now = settings_find_group(new, settings_link_of(old, g)->name, g->vrid);

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

struct link_input
rig_link_input(const struct rig *rig, bool usable)
{
	return (struct link_input){
		.usable = usable,
		.mac = { { 0x02, 0, 0, 0, 0, rig->host } },
		.source4 = ip_from_v4((const uint8_t[]){ 192, 0, 2, rig->host }),
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
	static uint8_t addresses[4 * GROUP_ADDRESSES_MAX];
	const struct group_settings *g = &settings_groups(rig->settings)[group];
	struct advert ad = {
		.version = 2,
		.family = 4,
		.vrid = g->vrid,
		.priority = priority,
		.auth = g->auth,
		.interval = g->interval,
		.sender = peer_mac,
		.source = ip("192.0.2.2"),
		.destination = advert_destination(),
		.address_count = (uint8_t)g->address_count,
		.addresses = addresses,
	};

	memcpy(ad.auth_data, g->password, PASSWORD_SIZE);
	for (uint32_t i = 0; i < g->address_count; i++)
		memcpy(addresses + 4 * i,
		       settings_group_addresses(rig->settings, g)[i].ip.bytes, 4);
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

void
rig_run_until(struct rig *rig, nsec_t until)
{
	while (rig->now < until) {
		nsec_t next = nsec_min(engine_deadline(rig->engine), rig->now + ENGINE_TICK);

		if (next <= rig->now) {
			rig_wake(rig, rig->now);
			next = nsec_min(engine_deadline(rig->engine), rig->now + ENGINE_TICK);
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
	struct frame frame = engine_advert(rig->engine, effect->group, effect->resign);

	assert_true(frame.length > 0);
	if (rig->on_send)
		rig->on_send(rig, (uint32_t)settings_groups(rig->settings)[effect->group].link,
		             frame);
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
