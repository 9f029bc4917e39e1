/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rooms of the prober among themselves: prober.c has the checks and their rhythm, tries.c what
 * is asked of the network.  Nobody else includes this.
 */
#ifndef TANDEM_PROBER_INSIDE_H
#define TANDEM_PROBER_INSIDE_H

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "core/check.h"
#include "core/names.h"
#include "daemon/post.h"
#include "system/process.h"

#define TRIES_MAX 16u			/* of one probe under way */

struct prober;
struct probe;

/* A monitor, or what looks after a server, asked and waits for the answer. */
struct try {
	struct probe *probe;
	bool under_way;
	nsec_t sent;
	uint16_t sequence;		/* echo ... */
	uint64_t cookie;
	int connection;			/* ... or a socket, -1 = none */
	struct sd_event_source *connecting;
};

struct probe {
	struct prober *prober;
	struct check_settings settings;
	uint32_t index;			/* in the settings of the post */
	bool present;
	struct sd_event_source *due;
	struct sd_event_source *limit;
	nsec_t next;			/* when the next try is due */
	struct check check;		/* process, file, port of a server */
	struct program_words pattern;	/* process ... */
	pid_t pid;			/* ... where it was last seen */
	uint16_t identifier;		/* a monitor's echo requests have this one */
	uint16_t sequence;		/* of the last */
	struct try tries[TRIES_MAX];	/* a monitor's; number n at n % TRIES_MAX */
};

struct policy {
	struct check_settings settings;
	uint32_t index;
	bool present;
	struct probe *probe;
	struct path path;
	struct check check;
};

/* Who looks after a check of the settings: one of both, or nobody here. */
struct watch {
	struct probe *probe;
	struct policy *policy;
};

struct prober {
	struct post post;
	int sockets[2];			/* echo: IPv4, IPv6; -1 = none */
	struct probe **probes;		/* echoes first, then processes, then all others */
	size_t probe_count;
	size_t echo_end, process_end;
	struct policy **policies;
	size_t policy_count;
	struct watch *watches;		/* by the number of the check */
	struct names names;		/* of the checks */
	uint16_t identifier;		/* of the monitor made last */
	nsec_t looked;			/* at every process, when */
	nsec_t complained;		/* of this machine, when; 0 = never */
};

/* One more result of a check: says and reports a change. */
void prober_judge(struct prober *prober, const struct check_settings *settings, uint32_t index,
                  struct check *check, enum check_result result, const char *words);

#endif
