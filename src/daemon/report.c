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

/* ", 10.0.0.2 (02:00:00:00:00:02)": whom the alarm is about, as far as that is known. */
static void
name_other(const struct vrouter_status *status, enum vrouter_alarm alarm, char *text, size_t size)
{
	const struct ip *ip = &status->offender;
	const struct mac *mac = &status->offender_mac;
	char address[IP_TEXT_SIZE], station[MAC_TEXT_SIZE];

	text[0] = '\0';
	if (alarm == ALARM_TRANSMIT || alarm == ALARM_LOOPED)
		return;			/* about nobody but us */
	if (alarm == ALARM_TWO_MASTERS || alarm == ALARM_TWO_OWNERS || alarm == ALARM_ONE_WAY) {
		ip = &status->rival;
		mac = &status->rival_mac;
	}
	/* What was accepted all the same has no offender. */
	if (ip->family == 0) {
		ip = &status->master_source;
		mac = &status->master_mac;
	}
	if (ip->family != 0)
		snprintf(text, size, ", %s (%s)", ip_text(ip, address), mac_text(mac, station));
}

static void
report_alarm(const struct engine *engine, const struct effect *effect)
{
	enum vrouter_alarm alarm = (enum vrouter_alarm)effect->detail;
	char group[128], other[80];

	name_group(engine, effect->group, group, sizeof(group));
	name_other(engine_status(engine, effect->group), alarm, other, sizeof(other));
	if (!effect->raised)
		log_notice("%s: alarm %s: over", group, vrouter_alarm_name(alarm));
	else
		log_warning("%s: alarm %s%s; see \"show vrrp alarms\"", group,
		            vrouter_alarm_name(alarm), other);
}

void
report_effect(const struct engine *engine, const struct effect *effect)
{
	if (effect->kind == EFFECT_TRANSITION)
		report_transition(engine, effect);
	else if (effect->kind == EFFECT_ALARM)
		report_alarm(engine, effect);
}
