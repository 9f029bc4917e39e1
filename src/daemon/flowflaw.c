/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides the words for what is wrong with connsync; what is wrong is found by others.
 */
#include "daemon/flowflaw.h"

#include <stdio.h>
#include <string.h>

static const char *const names[] = {
	[FLOWFLAW_SILENT] = "events-off",
	[FLOWFLAW_BUFFER] = "event-buffer-small",
	[FLOWFLAW_BUCKETS] = "buckets-few",
	[FLOWFLAW_SMALLER] = "smaller-than-peer",
};
_Static_assert(ARRAY_SIZE(names) == FLOWFLAWS, "every flaw has a name");

static const char *const alarm_sentences[] = {
	[FLOWSYNC_BOTH_ACTIVE] = "Both routers forward: connections are not replicated",
	[FLOWSYNC_FULL] = "The table of connections is full: new ones are not replicated",
	[FLOWSYNC_PEER_SMALLER] = "The partner's nf_conntrack_max is smaller than ours: it cannot "
	                          "hold all connections",
	[FLOWSYNC_REFUSALS] = "The kernel refuses connections of the partner; see show connsync "
	                      "statistics",
	[FLOWSYNC_DISAGREE] = "The routers' tables of connections differ again and again",
	[FLOWSYNC_PATH_DEAD] = "A path of connsync is dead",
	[FLOWSYNC_FOREIGN] = "The partner of connsync speaks another version, or is another router",
};
_Static_assert(ARRAY_SIZE(alarm_sentences) == FLOWSYNC_ALARMS, "every alarm has a sentence");

static const char *const flaw_sentences[] = {
	[FLOWFLAW_SILENT] = "nf_conntrack_events is not 1 and cannot be set: connections may begin "
	                    "of which nobody hears",
	[FLOWFLAW_BUFFER] = "The kernel gives connsync less room for events than it asks for: a "
	                    "burst of connections is told late",
	[FLOWFLAW_BUCKETS] = "nf_conntrack_buckets is less than a quarter of nf_conntrack_max: a "
	                     "full table slows every packet down",
	[FLOWFLAW_SMALLER] = "Our nf_conntrack_max is smaller than the partner's: we cannot hold "
	                     "all connections",
};
_Static_assert(ARRAY_SIZE(flaw_sentences) == FLOWFLAWS, "every flaw has a sentence");

const char *
flowflaw_name(enum flowflaw flaw)
{
	return (unsigned)flaw < FLOWFLAWS ? names[flaw] : "unknown";
}

/* What does not fit is left out. */
static void
add(char *text, size_t size, const char *before, const char *sentence)
{
	size_t length = strlen(text);

	snprintf(text + length, size - length, "%s%s%s", length > 0 ? "\n" : "", before, sentence);
}

void
flowflaw_sentences(const char *trouble, uint32_t alarms, uint32_t flaws, char *text, size_t size)
{
	text[0] = '\0';
	if (trouble[0])
		add(text, size, "connsync does not run: ", trouble);
	for (unsigned i = 0; i < FLOWSYNC_ALARMS; i++)
		if (alarms & 1u << i)
			add(text, size, "", alarm_sentences[i]);
	for (unsigned i = 0; i < FLOWFLAWS; i++)
		if (flaws & 1u << i)
			add(text, size, "", flaw_sentences[i]);
}
