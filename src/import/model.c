/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holding the model, and joining what the source says of sync groups with what it says of groups.
 * A Tandem sync group is only a name, so that what it tracks is tracked by each of its members; a
 * program is run by the first, because all of them move together.
 */
#include "import/model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *
model_grow(void **array, size_t *count, size_t size)
{
	char *element;

	/* A power of two is full. */
	if ((*count & (*count - 1)) == 0) {
		*array = realloc(*array, (*count ? 2 * *count : 1) * size);
		assert(*array);
	}
	element = (char *)*array + *count * size;
	memset(element, 0, size);
	(*count)++;
	return element;
}

const char *
model_text(struct model *model, const char *format, ...)
{
	char **text = MODEL_ADD(model, texts, text_count);
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vasprintf(text, format, arguments);
	va_end(arguments);
	assert(length >= 0);
	return *text;
}

struct model_group *
model_group(struct model *model, const char *name)
{
	int32_t number = nameset_find(&model->group_names, name);

	return number < 0 ? NULL : &model->groups[number];
}

struct model_group *
model_add_group(struct model *model, struct place place, const char *name)
{
	struct model_group *group;
	bool is_new;

	nameset_add(&model->group_names, name, &is_new);
	if (!is_new)
		return NULL;
	group = MODEL_ADD(model, groups, group_count);
	group->place = place;
	group->name = name;
	return group;
}

/* Scripts and processes may have the same name. */
static char *
check_key(enum model_kind kind, const char *name)
{
	char *key;
	int length = asprintf(&key, "%u %s", (unsigned)kind, name);

	assert(length >= 0);
	return key;
}

struct model_check *
model_check(struct model *model, enum model_kind kind, const char *name)
{
	char *key = check_key(kind, name);
	int32_t number = nameset_find(&model->check_names, key);

	free(key);
	return number < 0 ? NULL : &model->checks[number];
}

struct model_check *
model_add_check(struct model *model, struct place place, enum model_kind kind, const char *name)
{
	char *key = check_key(kind, name);
	struct model_check *check;
	bool is_new;

	nameset_add(&model->check_names, key, &is_new);
	free(key);
	if (!is_new)
		return NULL;
	check = MODEL_ADD(model, checks, check_count);
	check->place = place;
	check->kind = kind;
	check->name = name;
	return check;
}

void
model_inherit(struct said *own, const struct said *common)
{
	if (!own->text)
		*own = *common;
}

void
model_inherit_garp(struct model_garp *own, const struct model_garp *common)
{
	model_inherit(&own->interval, &common->interval);
	model_inherit(&own->master_delay, &common->master_delay);
	model_inherit(&own->master_repeat, &common->master_repeat);
	model_inherit(&own->lower_priority_delay, &common->lower_priority_delay);
	model_inherit(&own->lower_priority_repeat, &common->lower_priority_repeat);
	model_inherit(&own->lower_priority_delay, &common->master_delay);
	model_inherit(&own->lower_priority_repeat, &common->master_repeat);
	model_inherit(&own->master_refresh, &common->master_refresh);
	model_inherit(&own->master_refresh_repeat, &common->master_refresh_repeat);
}

static void
join_script(struct model *model, struct said *own, const struct said *common, const char *what)
{
	if (!common->text)
		return;
	if (own->text)
		findings_add(model->findings, FINDING_LEFT, common->place, what,
		             "a group runs one program a state, and the first member of this sync "
		             "group has its own; let that one do both");
	else
		*own = *common;
}

static void
join_scripts(struct model *model, struct model_scripts *own, const struct model_scripts *common)
{
	join_script(model, &own->master, &common->master, "notify_master");
	join_script(model, &own->backup, &common->backup, "notify_backup");
	join_script(model, &own->fault, &common->fault, "notify_fault");
	join_script(model, &own->stop, &common->stop, "notify_stop");
	if (!own->any.text)
		own->any_as = common->any_as;
	join_script(model, &own->any, &common->any, "notify");
	if (!own->user)
		own->user = common->user;
}

/* *leader: none of the members has been joined before. */
static void
join_member(struct model *model, const struct model_sync *sync, const struct said *member,
            bool *leader)
{
	struct model_group *group = model_group(model, member->text);

	if (!group) {
		findings_add(model->findings, FINDING_LEFT, member->place, member->text,
		             "there is no such group for the sync group %s", sync->name);
		return;
	}
	if (group->sync) {
		findings_add(model->findings, FINDING_LEFT, member->place, member->text,
		             "a group is in one sync group only, and this one is in %s; it stays "
		             "there", group->sync->name);
		return;
	}
	group->sync = sync;
	for (size_t i = 0; i < sync->track_count; i++) {
		struct model_track *track = MODEL_ADD(group, tracks, track_count);

		*track = sync->tracks[i];
		track->common = true;
	}
	if (*leader)
		join_scripts(model, &group->scripts, &sync->scripts);
	*leader = false;
}

void
model_join(struct model *model)
{
	for (size_t i = 0; i < model->sync_count; i++) {
		const struct model_sync *sync = &model->syncs[i];
		bool leader = true;

		for (size_t j = 0; j < sync->member_count; j++)
			join_member(model, sync, &sync->members[j], &leader);
		if (sync->member_count == 0)
			findings_add(model->findings, FINDING_LEFT, sync->place, sync->name,
			             "the sync group has no members");
	}
}

void
model_done(struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		struct model_group *group = &model->groups[i];

		free(group->addresses);
		free(group->peers);
		free(group->tracks);
		free(group->routes);
		free(group->rules);
	}
	for (size_t i = 0; i < model->sync_count; i++) {
		free(model->syncs[i].members);
		free(model->syncs[i].tracks);
	}
	for (size_t i = 0; i < model->virtual_count; i++)
		free(model->virtuals[i].reals);
	for (size_t i = 0; i < model->text_count; i++)
		free(model->texts[i]);
	nameset_done(&model->group_names);
	nameset_done(&model->check_names);
	free(model->groups);
	free(model->syncs);
	free(model->checks);
	free(model->statics);
	free(model->routes);
	free(model->delays);
	free(model->bonds);
	free(model->bond_members);
	free(model->virtuals);
	free(model->texts);
	*model = (struct model){ .findings = NULL };
}
