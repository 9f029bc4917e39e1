/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tidings: what the role is told of links, owners, tracked things and problems, each when it
 * differs from what was told last.
 */
#include "daemon/tidings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ifstatic.h"
#include "system/clock.h"

void
tidings_link(struct interfaces *i, uint32_t link, bool always)
{
	struct unit *unit = &i->units[link];
	const struct ifworld_link *now;
	struct link_input input;
	int index;

	if (!ifplan_has_groups(i->plan, link))
		return;
	memset(&input, 0, sizeof(input));
	now = ifworld_named(i->world, settings_links(i->settings)[link].name);
	index = now == NULL ? 0 : now->index;
	if (now != NULL) {
		input.usable = ifworld_usable(i->world, now);
		input.exists = true;
		input.mac = now->mac;
		input.mtu = now->mtu;
		input.source4 = ifworld_source4(i->world, now->index);
		input.source6 = ifworld_source6(i->world, now->index);
	}
	if (!always && unit->told && unit->told_index == index &&
	    memcmp(&unit->told_input, &input, sizeof(input)) == 0)
		return;
	unit->told = true;
	unit->told_index = index;
	memcpy(&unit->told_input, &input, sizeof(input));
	i->calls.on_link(i->owner, link, index, &input);
}

/* always: after adopt, when nobody knows what the engine was told. */
void
tidings_owners(struct interfaces *i, uint32_t link, bool always)
{
	struct ifwishes_groups groups = ifplan_groups(i->plan, link);

	for (size_t n = 0; n < groups.count; n++) {
		struct wish *wish = &i->wishes[groups.list[n]];
		bool is_owner = ifplan_is_owner(i->plan, i->world, groups.list[n]);

		if (!always && is_owner == wish->is_owner)
			continue;
		wish->is_owner = is_owner;
		i->calls.on_owner(i->owner, groups.list[n], is_owner);
	}
}

static void
tell_track(void *owner, uint32_t object, bool up)
{
	struct interfaces *i = owner;

	i->calls.on_track(i->owner, object, up);
}

void
tidings_tracked(void *owner)
{
	struct interfaces *i = owner;

	iftrack_tell(i->track, i->world, tell_track, i);
}

/*
 * Has a link lost the address that its groups send from, while the plan that may bring it back is
 * still to be made or under way?  An address of ours removed by hand is back before it matters.
 */
static bool
awaits_address(const struct interfaces *i, uint32_t link)
{
	const struct unit *unit = &i->units[link];
	const struct ifworld_link *now;

	if (!unit->told || unit->told_input.source4.family == 0 ||
	    (!marks_have(&i->dirty, link) && !unit->busy))
		return false;
	now = ifworld_named(i->world, settings_links(i->settings)[link].name);
	return now != NULL && now->index == unit->told_index && ifworld_usable(i->world, now) &&
	       ifworld_source4(i->world, now->index).family == 0;
}

void
tidings_changes(struct interfaces *i)
{
	for (uint32_t u = marks_next(&i->changed, 0); u < i->unit_count;
	     u = marks_next(&i->changed, u + 1)) {
		if (u + 1 < i->unit_count && awaits_address(i, u))
			continue;
		marks_take(&i->changed, u);
		if (u + 1 == i->unit_count)
			continue;
		tidings_link(i, u, false);
		tidings_owners(i, u, false);
	}
	tidings_tracked(i);
}

void
tidings_restored(struct interfaces *i)
{
	for (uint32_t g = 0; g < i->settings->group_count && i->restored_count > 0; g++) {
		if (!i->wishes[g].restored)
			continue;
		i->wishes[g].restored = false;
		i->restored_count--;
		i->calls.on_restored(i->owner, g);
	}
}

struct report {
	char *text;
	size_t size;
	FILE *stream;
};

static void
report_line(void *owner, const char *sentence)
{
	struct report *report = owner;

	if (ftello(report->stream) > 0)
		fputc('\n', report->stream);
	fputs(sentence, report->stream);
}

static void
report_open(struct report *report)
{
	report->stream = open_memstream(&report->text, &report->size);
	assert(report->stream != NULL);
}

/* The refusals that will last and are new with these settings, one a line; heap. */
static char *
new_refusals(const struct interfaces *i)
{
	struct report report = { 0 };

	report_open(&report);
	for (size_t n = 0; n < i->refusals.count; n++)
		if (!refusal_is_passing(&i->refusals.list[n]) &&
		    !refusal_is_known(&i->refusals.list[n], &i->refused_before))
			report_line(&report, i->refusals.list[n].text);
	fclose(report.stream);
	return report.text;
}

void
tidings_settled(struct interfaces *i)
{
	struct ifplan_view view = interfaces_view(i);
	struct report report = { 0 };
	char *refused;

	refusals_forget_old(&i->refusals);
	report_open(&report);
	for (uint32_t l = 0; l < i->settings->link_count; l++)
		ifplan_remarks(i->plan, i->world, l, report_line, &report);
	ifstatic_remarks(i->plan, &view, report_line, &report);
	for (size_t n = 0; n < i->refusals.count; n++)
		report_line(&report, i->refusals.list[n].text);
	fclose(report.stream);
	refused = new_refusals(i);
	if (i->settling || i->problems == NULL || strcmp(report.text, i->problems) != 0)
		i->calls.on_settled(i->owner, report.text, refused);
	free(refused);
	free(i->problems);
	i->problems = report.text;
	i->settling = false;
	i->replanned = false;
	i->settled_at = clock_now();
}
