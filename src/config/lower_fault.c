/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sentences for one who is called at night.  They say what is wrong now, which need not be what was
 * wrong at the transition; where nothing is found any more the reason of the transition stands.  A
 * group with a cause of its own is not told of the other members': each of those has its own line.
 */
#include "config/lower_fault.h"

#include <stdio.h>
#include <string.h>

#include "config/put.h"

const char *
lower_track_words(const struct settings *settings, const struct object_settings *object,
                  const char **ret_name)
{
	const char *blank = strchr(object->name, ' ');

	*ret_name = object->kind == OBJECT_CHECK && blank ? blank + 1 : object->name;
	switch ((enum object_kind)object->kind) {
	case OBJECT_INTERFACE:
		return "interface";
	case OBJECT_ROUTE:
		return "route";
	case OBJECT_CHECK:
	case OBJECT_KINDS:
		break;
	}
	switch ((enum check_kind)settings_checks(settings)[object->check].kind) {
	case CHECK_SCRIPT:
		return "script";
	case CHECK_PROCESS:
		return "process";
	case CHECK_FILE:
		return "file";
	case CHECK_CONNSYNC:
		return "connsync";
	case CHECK_ICMP:
	case CHECK_TCP:
	case CHECK_POLICY:
	case CHECK_CONNECT:		/* of real servers, which no group tracks */
	case CHECK_ASK:
	case CHECK_KINDS:
		break;
	}
	return "path-monitor";
}

/* What is wrong with the group's own interface. */
static bool
interface_cause(const struct lower_facts *facts, const struct group_settings *group,
                const struct vrouter_status *record, char text[CAUSE_TEXT_SIZE])
{
	bool missing = facts->world && !ifworld_named(facts->world, record->interface);
	const char *trouble = NULL;

	if (missing)
		trouble = "does not exist";
	else if (!record->link_usable && !group->ignores_link)
		trouble = "is down";
	else if (record->source.family != group->family)
		trouble = group->family == 4 ? "has no IPv4 address to send from"
		                             : "has no link-local address to send from";
	if (trouble)
		snprintf(text, CAUSE_TEXT_SIZE, "its interface %s %s", record->interface, trouble);
	return trouble != NULL;
}

/* How a tracked object is called in a sentence, and what it does when it is bad. */
struct phrase {
	const char *kind;		/* the word of YANG */
	const char *noun;
	const char *trouble;
};

static const struct phrase *
phrase_of(const char *kind)
{
	static const struct phrase phrases[] = {
		{ "interface", "interface", "is down" },
		{ "route", "route", "is missing" },
		{ "path-monitor", "path monitor", "is not compliant" },
		{ "script", "script", "fails" },
		{ "process", "process", "does not run" },
		{ "file", "file", "does not exist" },
		{ "connsync", "service", "is not synchronous" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++)
		if (strcmp(phrases[i].kind, kind) == 0)
			return &phrases[i];
	assert(!"every kind has a phrase");
	return NULL;
}

/* What is wrong with the group's tracked object of this number. */
static bool
track_cause(const struct lower_facts *facts, const struct group_settings *group,
            const struct vrouter_status *record, uint32_t number, char text[CAUSE_TEXT_SIZE])
{
	const struct track_settings *track =
		&settings_tracks(facts->settings)[group->track_first + number];
	const struct object_settings *object = &settings_objects(facts->settings)[track->object];
	bool known = record->tracks_known >> number & 1;
	bool up = record->tracks_up >> number & 1;
	const char *name;
	const struct phrase *phrase =
		phrase_of(lower_track_words(facts->settings, object, &name));

	if (track->weight != 0 || (known && up))
		return false;
	if (known)
		snprintf(text, CAUSE_TEXT_SIZE, "tracked %s %s %s", phrase->noun, name,
		         phrase->trouble);
	else
		snprintf(text, CAUSE_TEXT_SIZE, "nothing is known yet of tracked %s %s",
		         phrase->noun, name);
	return true;
}

/* The group's own causes, one a call; *at is 0 before the first.  False when there are no more. */
static bool
next_cause(const struct lower_facts *facts, const struct group_settings *group,
           const struct vrouter_status *record, uint32_t *at, char text[CAUSE_TEXT_SIZE])
{
	bool found = false;

	for (; !found && *at <= group->track_count; ++*at)
		found = *at == 0 ? interface_cause(facts, group, record, text)
		                 : track_cause(facts, group, record, *at - 1, text);
	return found;
}

void
lower_fault_blame(struct lower_culprits *culprits, const struct lower_facts *facts,
                  const struct group_settings *group, const struct vrouter_status *record)
{
	char text[CAUSE_TEXT_SIZE];
	uint32_t at = 0;

	if (record->state != VROUTER_FAULT || !next_cause(facts, group, record, &at, text))
		return;
	if (culprits->count++ > 0)
		return;
	snprintf(culprits->first, sizeof(culprits->first), "%s group %u", record->interface,
	         record->vrid);
	memcpy(culprits->cause, text, sizeof(text));
}

void
lower_fault_put(struct lyd_node *node, const struct lower_facts *facts,
                const struct group_settings *group, const struct vrouter_status *record,
                const struct lower_culprits *culprits)
{
	char cause[CAUSE_TEXT_SIZE], text[FAULT_TEXT_SIZE], others[32] = "";
	uint32_t at = 0;
	bool any = false;

	if (record->state != VROUTER_FAULT)
		return;
	for (; next_cause(facts, group, record, &at, cause); any = true)
		put_text(node, "fault", cause);
	if (any)
		return;
	if (!culprits || culprits->count == 0) {
		put_text(node, "fault", vrouter_reason_text((enum vrouter_reason)record->reason));
		return;
	}
	if (culprits->count > 1)
		snprintf(others, sizeof(others), " and %u more", culprits->count - 1);
	snprintf(text, sizeof(text), "sync group %s waits for %s%s: %s",
	         settings_syncs(facts->settings)[group->sync].name, culprits->first, others,
	         culprits->cause);
	put_text(node, "fault", text);
}
