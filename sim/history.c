/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps, hashes and prints what happened.  Decides nothing.  Lines are stored as numbers and put
 * into words only when somebody reads them: almost no run is ever read.
 */
#include <string.h>

#include "core/status.h"
#include "sim/history.h"

void
history_init(struct history *history, bool verbose)
{
	memset(history, 0, sizeof(*history));
	history->hash = 0xcbf29ce484222325u;
	history->verbose = verbose;
}

static void
mix(struct history *history, uint64_t value)
{
	history->hash = (history->hash ^ value) * 0x100000001b3u;
	history->hash ^= history->hash >> 29;
}

static double
seconds(nsec_t time)
{
	return (double)time / (double)NSEC_PER_SEC;
}

/* The part of the line that tells of a group: after "router 1 lan0/10". */
static void
print_of_group(const struct history_line *l, FILE *to)
{
	switch ((enum happening)l->what) {
	case HAPPENED_TRANSITION:
		fprintf(to, "%s -> %s: %s", vrouter_state_name((enum vrouter_state)(l->a >> 8)),
			vrouter_state_name((enum vrouter_state)(l->a & 0xff)),
			vrouter_reason_text((enum vrouter_reason)l->b));
		break;
	case HAPPENED_SENT:
		fprintf(to, "sends priority %d%s", (int)l->a, l->b ? " in vain" : "");
		break;
	case HAPPENED_TAKE:
		fprintf(to, "takes the addresses for %.3f s", seconds(l->a));
		break;
	case HAPPENED_RENEW:
		fprintf(to, "renews the addresses for %.3f s", seconds(l->a));
		break;
	case HAPPENED_DROP:
		fputs("drops the addresses", to);
		break;
	case HAPPENED_ANNOUNCE:
		fputs("announces the addresses", to);
		break;
	case HAPPENED_ALARM:
		fprintf(to, "alarm %s %s", vrouter_alarm_name((enum vrouter_alarm)l->a),
			l->b ? "raised" : "cleared");
		break;
	case HAPPENED_RESET:
		fprintf(to, "is told to resign%s", l->a ? ": refused" : "");
		break;
	case HAPPENED_REFUSED:
		fprintf(to, "is refused %s", l->a == 0 ? "its addresses" : l->a == 1 ?
			"a renewal" : "to drop its addresses");
		break;
	case HAPPENED_FORGED:
		fprintf(to, "is sent a forgery (%s)", advert_fault_name((enum advert_fault)l->a));
		break;
	case HAPPENED_HEARD: case HAPPENED_MISSED: case HAPPENED_PORT: case HAPPENED_BOOT:
	case HAPPENED_POWER_CUT: case HAPPENED_FREEZE: case HAPPENED_THAW: case HAPPENED_CRASH:
	case HAPPENED_RESTART: case HAPPENED_ADOPT: case HAPPENED_STOP: case HAPPENED_CUT:
	case HAPPENED_WEATHER: case HAPPENED_HEALED: case HAPPENED_SUSPEND: case HAPPENED_GO_ON:
	case HAPPENED_LEAVE: case HAPPENED_OBJECT: case HAPPENED_MUTE: case HAPPENED_KERNEL:
	case HAPPENINGS:
		break;
	}
}

static void
print_of_router(const struct history_line *l, FILE *to)
{
	switch ((enum happening)l->what) {
	case HAPPENED_HEARD:
		fprintf(to, "hears somebody on lan%u%s%s", l->segment, l->b ? ", not accepted: " :
			"", l->b ? advert_fault_name((enum advert_fault)l->b) : "");
		break;
	case HAPPENED_MISSED:
		fprintf(to, "misses a packet on lan%u: queue full", l->segment);
		break;
	case HAPPENED_PORT:
		fprintf(to, "lan%u %s", l->segment, l->a ? "up" : "down");
		break;
	case HAPPENED_BOOT:
		fputs("boots", to);
		break;
	case HAPPENED_POWER_CUT:
		fputs("loses power", to);
		break;
	case HAPPENED_FREEZE:
		fprintf(to, "freezes for %.3f s", seconds(l->a));
		break;
	case HAPPENED_THAW:
		fputs("thaws", to);
		break;
	case HAPPENED_CRASH:
		fprintf(to, "engine crashes, back in %.3f s", seconds(l->a));
		break;
	case HAPPENED_RESTART:
		fputs("engine starts again", to);
		break;
	case HAPPENED_ADOPT:
		fprintf(to, "adopts revision %d", (int)l->a);
		break;
	case HAPPENED_STOP:
		fputs("is stopped", to);
		break;
	case HAPPENED_CUT:
		fprintf(to, "to router %d on lan%u: %s", (int)l->a + 1, l->segment,
			l->b ? "cut" : "repaired");
		break;
	case HAPPENED_LEAVE:
		fputs("is about to stop", to);
		break;
	case HAPPENED_SUSPEND:
		fprintf(to, "stands still, clock and all, for %.3f s", seconds(l->a));
		break;
	case HAPPENED_GO_ON:
		fputs("goes on", to);
		break;
	case HAPPENED_OBJECT:
		fprintf(to, "object %d is %s", (int)l->a, l->b ? "up" : "down");
		break;
	case HAPPENED_MUTE:
		fprintf(to, "cannot send %d %% of its packets", (int)l->a);
		break;
	case HAPPENED_KERNEL:
		fprintf(to, "kernel takes up to %.3f s and refuses %d %%", seconds(l->a),
			(int)l->b);
		break;
	case HAPPENED_TRANSITION: case HAPPENED_SENT: case HAPPENED_TAKE: case HAPPENED_RENEW:
	case HAPPENED_DROP: case HAPPENED_ANNOUNCE: case HAPPENED_ALARM: case HAPPENED_RESET:
	case HAPPENED_REFUSED: case HAPPENED_FORGED: case HAPPENED_WEATHER:
	case HAPPENED_HEALED: case HAPPENINGS:
		break;
	}
}

static void
print_line(const struct history_line *l, FILE *to)
{
	fprintf(to, "%11.6f ", seconds(l->time));
	if (l->what == HAPPENED_HEALED) {
		fputs("all faults end", to);
	} else if (l->what == HAPPENED_WEATHER) {
		fprintf(to, "lan%u loses %d %%, damages %d %%, doubles %d %% and delays up to "
			"%.3f s", l->segment, (int)(l->a >> 16), (int)(l->a >> 8 & 0xff),
			(int)(l->a & 0xff), seconds(l->b));
	} else if (l->what <= HAPPENED_FORGED) {
		fprintf(to, "router %u lan%u/%u ", l->router + 1u, l->segment, l->vrid);
		print_of_group(l, to);
	} else {
		fprintf(to, "router %u ", l->router + 1u);
		print_of_router(l, to);
	}
	fputc('\n', to);
}

void
history_note(struct history *history, const struct history_line *line)
{
	mix(history, (uint64_t)line->time);
	mix(history, (uint64_t)line->what << 24 | (uint64_t)line->router << 16 |
	             (uint64_t)line->segment << 8 | line->vrid);
	mix(history, (uint64_t)line->a);
	mix(history, (uint64_t)line->b);
	history->lines[history->count++ % HISTORY_LINES] = *line;
	if (history->verbose)
		print_line(line, stdout);
}

void
history_print(const struct history *history, FILE *to)
{
	uint64_t i = history->count > HISTORY_LINES ? history->count - HISTORY_LINES : 0;

	for (; i < history->count; i++)
		print_line(&history->lines[i % HISTORY_LINES], to);
}
