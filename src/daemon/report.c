/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log sentences for transitions and alarms: the group, the states, the reason, and whom it was
 * about.
 */
#include "daemon/report.h"

#include <stdio.h>

#include "base/log.h"

/* "dp0bond0.10 group 10 (sync group SYNC1)", "dp0bond1 group 7 (IPv6)" */
static void
name_group(const struct engine *engine, uint32_t number, char *text, size_t size)
{
	const struct settings *settings = engine_settings(engine);
	const struct group_settings *group = &settings_groups(settings)[number];
	const char *interface = settings_link_of(settings, group)->name;
	const char *family = group->family == 6 ? " (IPv6)" : "";

	if (group->sync >= 0)
		snprintf(text, size, "%s group %u%s (sync group %s)", interface, group->vrid,
		         family, settings_syncs(settings)[group->sync].name);
	else
		snprintf(text, size, "%s group %u%s", interface, group->vrid, family);
}

/* What the last master was or the new one is, where that explains the transition. */
static void
name_master(const struct vrouter_status *status, const struct effect *effect, char *text,
            size_t size)
{
	char address[IP_TEXT_SIZE];

	text[0] = '\0';
	if (status->master_source.family == 0)
		return;
	if (effect->detail == REASON_NO_ADVERT || effect->detail == REASON_PEER_RESIGNED ||
	    effect->detail == REASON_STRONGER_MASTER)
		snprintf(text, size, " (%s, priority %u)",
		         ip_text(&status->master_source, address), status->master_priority);
}

static void
report_transition(const struct engine *engine, const struct effect *effect)
{
	char group[128], master[80];

	name_group(engine, effect->group, group, sizeof(group));
	name_master(engine_status(engine, effect->group), effect, master, sizeof(master));
	log_notice("%s: %s -> %s, %s%s", group,
	           vrouter_state_name((enum vrouter_state)effect->from),
	           vrouter_state_name((enum vrouter_state)effect->to),
	           vrouter_reason_text((enum vrouter_reason)effect->detail), master);
}

static void
report_alarm(const struct engine *engine, const struct effect *effect)
{
	const struct vrouter_status *status = engine_status(engine, effect->group);
	char group[128], address[IP_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	name_group(engine, effect->group, group, sizeof(group));
	if (!effect->raised)
		log_notice("%s: %s: over", group,
		           vrouter_alarm_name((enum vrouter_alarm)effect->detail));
	else
		log_warning("%s: %s (last packet not accepted: from %s, %s)", group,
		            vrouter_alarm_name((enum vrouter_alarm)effect->detail),
		            ip_text(&status->offender, address),
		            mac_text(&status->offender_mac, mac));
}

void
report_effect(const struct engine *engine, const struct effect *effect)
{
	if (effect->kind == EFFECT_TRANSITION)
		report_transition(engine, effect);
	else if (effect->kind == EFFECT_ALARM)
		report_alarm(engine, effect);
}
