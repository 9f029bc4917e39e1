/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events of the journal, and commits, as notifications of module tandem-state, in JSON
 * (RFC 8040 6.4), for subscribers.  A packet is told in words, without its password.
 */
#ifndef TANDEM_LOWER_EVENT_H
#define TANDEM_LOWER_EVENT_H

#include <libyang/libyang.h>

#include "config/note.h"
#include "core/journal.h"

/* One line without a newline at its end: {"ietf-restconf:notification":{...}}; heap. */
char *lower_event(const struct ly_ctx *schema, const struct journal_entry *entry);
/* The same of a commit. */
char *lower_commit_event(const struct ly_ctx *schema, const struct note *note);

/* "10.0.0.2 (00:00:5e:00:01:01) > 224.0.0.18: version 3, group 1, priority 100 ..." */
#define PACKET_TEXT_SIZE 1536
void lower_packet_text(const struct journal_entry *entry, char text[PACKET_TEXT_SIZE]);

#endif
