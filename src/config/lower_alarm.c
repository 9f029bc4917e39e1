/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sentences.  Each says who is at the other end, with address and MAC as far as they are known, and
 * what is set here, so that the reader knows at which of the two routers to look.
 */
#include "config/lower_alarm.h"

#include <stdio.h>

const char *
lower_party_text(const struct ip *ip, const struct mac *mac, char text[PARTY_TEXT_SIZE])
{
	char ip_buffer[IP_TEXT_SIZE];
	char mac_buffer[MAC_TEXT_SIZE];

	if (ip->family == 0)
		snprintf(text, PARTY_TEXT_SIZE, "another router");
	else if (!mac || mac_is_zero(mac))
		snprintf(text, PARTY_TEXT_SIZE, "%s", ip_text(ip, ip_buffer));
	else
		snprintf(text, PARTY_TEXT_SIZE, "%s (%s)", ip_text(ip, ip_buffer),
		         mac_text(mac, mac_buffer));
	return text;
}

/* Who sent what is complained of: the last refused sender if it was refused for a fault of this
 * kind, else the master last heard. */
static const char *
offender_text(const struct vrouter_status *record, enum advert_fault first,
              enum advert_fault last, char text[PARTY_TEXT_SIZE])
{
	bool refused = record->last_fault >= first && record->last_fault <= last;

	return refused ? lower_party_text(&record->offender, &record->offender_mac, text) :
	                 lower_party_text(&record->master_source, &record->master_mac, text);
}

/* The address our advertisements come from: the virtual one or the interface's own. */
static struct mac
own_mac(const struct lower_facts *facts, const struct group_settings *group,
        const struct vrouter_status *record)
{
	const struct ifworld_link *link = !facts->world ? NULL :
		ifworld_named(facts->world, record->interface);

	if (group->rfc_compatibility)
		return group_virtual_mac(record->family, group->vrid);
	return link ? link->mac : (struct mac){ { 0 } };
}

void
lower_alarm_text(const struct lower_facts *facts, const struct group_settings *group,
                 const struct vrouter_status *record, enum vrouter_alarm alarm,
                 char text[ALARM_TEXT_SIZE])
{
	struct mac mac = own_mac(facts, group, record);
	char them[PARTY_TEXT_SIZE];
	char us[PARTY_TEXT_SIZE];

	lower_party_text(&record->source, &mac, us);
	switch (alarm) {
	case ALARM_TWO_MASTERS:
		lower_party_text(&record->rival, &record->rival_mac, them);
		snprintf(text, ALARM_TEXT_SIZE, "two masters: %s, priority %u, keeps sending as "
		         "master of this group while this router, %s, priority %u, is master",
		         them, record->rival_priority, us, record->effective_priority);
		break;
	case ALARM_ONE_WAY:
		lower_party_text(&record->rival, &record->rival_mac, them);
		snprintf(text, ALARM_TEXT_SIZE, "one-way link: %s, priority %u, does not hear this "
		         "router, %s, priority %u: it goes on as master in spite of our "
		         "advertisements", them, record->rival_priority, us,
		         record->effective_priority);
		break;
	case ALARM_TWO_OWNERS:
		lower_party_text(&record->rival, &record->rival_mac, them);
		snprintf(text, ALARM_TEXT_SIZE, "two owners: %s claims priority 255 for this "
		         "group, and so does this router, %s: one of both has a virtual address "
		         "as a real one by mistake", them, us);
		break;
	case ALARM_CHECKSUM:
		offender_text(record, ADVERT_CHECKSUM, ADVERT_CHECKSUM, them);
		snprintf(text, ALARM_TEXT_SIZE, "advertisements of %s arrive damaged: their "
		         "checksum is wrong", them);
		break;
	case ALARM_ADDRESS_LIST:
		lower_party_text(&record->master_source, &record->master_mac, them);
		snprintf(text, ALARM_TEXT_SIZE, "%s has other virtual addresses for this group "
		         "than this router", them);
		break;
	case ALARM_VERSION:
		offender_text(record, ADVERT_VERSION, ADVERT_VERSION, them);
		snprintf(text, ALARM_TEXT_SIZE, "%s speaks another VRRP version for this group; "
		         "this router is set to version %u", them, group->version);
		break;
	case ALARM_INTERVAL:
		offender_text(record, ADVERT_INTERVAL, ADVERT_INTERVAL, them);
		snprintf(text, ALARM_TEXT_SIZE, "%s advertises at another interval for this group; "
		         "this router is set to %llu ms", them,
		         (unsigned long long)(group->interval / NSEC_PER_MSEC));
		break;
	case ALARM_AUTH:
		offender_text(record, ADVERT_AUTH_INVALID, ADVERT_AUTH_FAILED, them);
		snprintf(text, ALARM_TEXT_SIZE, "%s has another authentication type or password "
		         "for this group", them);
		break;
	case ALARM_LOOPED:
		snprintf(text, ALARM_TEXT_SIZE, "advertisements of this router, %s, come back to "
		         "it: a loop in the network, or another router with its address", us);
		break;
	case ALARM_TRANSMIT:
		snprintf(text, ALARM_TEXT_SIZE, "the kernel refuses to send advertisements: "
		         "%llu times so far",
		         (unsigned long long)record->counters.transmit_errors);
		break;
	case VROUTER_ALARMS:
		snprintf(text, ALARM_TEXT_SIZE, "unknown alarm");
		break;
	}
}
