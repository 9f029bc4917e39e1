/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events in the form in which they leave.  An entry is bytes from another process: whatever it
 * says, there is a word for it.
 */
#include "config/lower_event.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "config/put.h"
#include "core/advert.h"
#include "core/status.h"

/* ---- packets in words ----------------------------------------------------------------------- */

/* The frame of the entry; a packet that was sent without one gets a header of zeros. */
static struct reader
frame_of(const struct journal_entry *entry, uint8_t bytes[ADVERT_ETHERNET + JOURNAL_BYTES])
{
	size_t length = entry->length <= JOURNAL_BYTES ? entry->length : JOURNAL_BYTES;
	size_t ahead = entry->raw ? ADVERT_ETHERNET : 0;
	bool is_ipv6 = length > 0 && entry->bytes[0] >> 4 == 6;

	memset(bytes, 0, ahead);
	if (entry->raw) {
		bytes[12] = is_ipv6 ? 0x86 : 0x08;
		bytes[13] = is_ipv6 ? 0xdd : 0x00;
	}
	memcpy(bytes + ahead, entry->bytes, length);
	return reader_over(bytes, ahead + length);
}

static void
write_message(FILE *to, const struct advert *ad, enum advert_fault fault)
{
	static const char *const auth_names[AUTH_TYPES] = {
		[AUTH_TEXT] = ", password", [AUTH_AH] = ", authentication header",
	};
	char text[IP_TEXT_SIZE];

	fprintf(to, ": version %u, group %u, priority %u", ad->version, ad->vrid, ad->priority);
	if (ad->priority == ADVERT_PRIORITY_RESIGN)
		fprintf(to, " (resigns)");
	if (fault != ADVERT_OK)
		return;			/* the rest was not read */
	fprintf(to, ", interval %lld ms", (long long)(ad->interval / NSEC_PER_MSEC));
	if (ad->auth < AUTH_TYPES && auth_names[ad->auth])
		fputs(auth_names[ad->auth], to);
	if (ad->ah.present)
		fprintf(to, " number %u", ad->ah.sequence);
	fprintf(to, ", addresses");
	for (unsigned i = 0; i < ad->address_count; i++) {
		struct ip ip = advert_address(ad, i);

		fprintf(to, " %s", ip_text(&ip, text));
	}
}

void
lower_packet_text(const struct journal_entry *entry, char text[PACKET_TEXT_SIZE])
{
	uint8_t bytes[ADVERT_ETHERNET + JOURNAL_BYTES];
	FILE *to = fmemopen(text, PACKET_TEXT_SIZE, "w");
	char from[IP_TEXT_SIZE], whom[IP_TEXT_SIZE], mac[MAC_TEXT_SIZE];
	struct packet packet;
	struct advert ad;

	assert(to);
	if (!advert_open(frame_of(entry, bytes), &packet)) {
		fprintf(to, "%u bytes that are no VRRP packet", entry->length);
	} else {
		enum advert_fault fault = advert_decode(&packet, &ad);

		fprintf(to, "%s (%s) > %s", ip_text(&packet.source, from),
		        mac_text(&packet.sender, mac), ip_text(&packet.destination, whom));
		write_message(to, &ad, fault);
	}
	fclose(to);
	text[PACKET_TEXT_SIZE - 1] = '\0';
}

/* ---- notifications -------------------------------------------------------------------------- */

static void
put_group(struct lyd_node *node, const struct journal_entry *entry)
{
	put_text(node, "interface", entry->interface);
	put_number(node, "vrid", entry->vrid);
	put_text(node, "family", entry->family == 6 ? "ipv6" : "ipv4");
}

static const char *
state_word(uint8_t state)
{
	return vrouter_state_name(state < VROUTER_STATES ? (enum vrouter_state)state :
	                                                   VROUTER_INIT);
}

static struct lyd_node *
notification(const struct ly_ctx *schema, const struct journal_entry *entry)
{
	char text[PACKET_TEXT_SIZE];
	struct lyd_node *tree = NULL;
	struct lyd_node *node;

	switch ((enum journal_kind)entry->kind) {
	case JOURNAL_TRANSITION:
		node = put_container(schema, &tree, "group-state-change");
		put_number(node, "sequence", entry->sequence);
		put_group(node, entry);
		put_text(node, "old-state", state_word(entry->from));
		put_text(node, "new-state", state_word(entry->to));
		put_text(node, "reason", vrouter_reason_text((enum vrouter_reason)entry->detail));
		break;
	case JOURNAL_ALARM:
		node = put_container(schema, &tree, "alarm-change");
		put_number(node, "sequence", entry->sequence);
		put_group(node, entry);
		put_text(node, "alarm", vrouter_alarm_name((enum vrouter_alarm)entry->detail));
		put_bool(node, "raised", entry->raised);
		break;
	case JOURNAL_RECEIVED:
	case JOURNAL_SENT:
		node = put_container(schema, &tree, "packet");
		put_number(node, "sequence", entry->sequence);
		put_text(node, "interface", entry->interface);
		put_bool(node, "sent", entry->kind == JOURNAL_SENT);
		lower_packet_text(entry, text);
		put_text(node, "text", text);
		if (entry->detail != ADVERT_OK)
			put_text(node, "fault",
			         advert_fault_name((enum advert_fault)entry->detail));
		break;
	}
	return tree;
}

/* RFC 3339, with milliseconds, in universal time. */
static void
time_text(nsec_t wall, char text[40])
{
	time_t seconds = (time_t)(wall / NSEC_PER_SEC);
	struct tm parts;
	size_t length;

	gmtime_r(&seconds, &parts);
	length = strftime(text, 40, "%Y-%m-%dT%H:%M:%S", &parts);
	snprintf(text + length, 40 - length, ".%03dZ",
	         (int)(wall % NSEC_PER_SEC / NSEC_PER_MSEC));
}

/* The envelope around a notification (taken). */
static char *
enveloped(struct lyd_node *tree, nsec_t wall)
{
	char *body = NULL, *line = NULL;
	char when[40];

	if (!tree || lyd_print_mem(&body, tree, LYD_JSON, LYD_PRINT_SHRINK) != LY_SUCCESS)
		body = strdup("{}");
	assert(body);
	time_text(wall, when);
	/* Behind the time goes what stands between the braces of the body. */
	if (asprintf(&line, "{\"ietf-restconf:notification\":{\"eventTime\":\"%s\"%s%s}", when,
	             body[1] == '}' ? "" : ",", body + 1) < 0)
		line = NULL;
	assert(line);
	free(body);
	lyd_free_all(tree);
	return line;
}

char *
lower_event(const struct ly_ctx *schema, const struct journal_entry *entry)
{
	return enveloped(notification(schema, entry), entry->wall);
}

char *
lower_commit_event(const struct ly_ctx *schema, const struct note *note)
{
	struct lyd_node *tree = NULL;
	struct lyd_node *node = put_container(schema, &tree, "configuration-commit");

	put_number(node, "revision", note->revision);
	put_text(node, "user", note->user);
	put_text(node, "via", note->via);
	if (note->comment[0] != '\0')
		put_text(node, "comment", note->comment);
	return enveloped(tree, note->time * NSEC_PER_SEC);
}
