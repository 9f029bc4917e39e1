/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The order of a group's transition scripts.  A queue of one is enough: only the last state still
 * means something by the time the script before it has ended.
 */
#include "core/errand.h"

void
errand_init(struct errand *errand, uint8_t recorded)
{
	*errand = (struct errand){
		.recorded = recorded <= ERRAND_NONE ? recorded : ERRAND_NONE,
		.running = ERRAND_NONE,
		.wanted = ERRAND_NONE,
	};
}

uint8_t
errand_script(enum vrouter_state state, enum vrouter_reason reason)
{
	switch (state) {
	case VROUTER_INIT: return reason == REASON_STOPPED ? SCRIPT_STOP : ERRAND_NONE;
	case VROUTER_BACKUP: return SCRIPT_BACKUP;
	case VROUTER_MASTER: return SCRIPT_MASTER;
	case VROUTER_FAULT: return SCRIPT_FAULT;
	case VROUTER_STATES: break;
	}
	return ERRAND_NONE;
}

const char *
errand_script_name(uint8_t script)
{
	static const char *const names[] = {
		[SCRIPT_MASTER] = "master",
		[SCRIPT_BACKUP] = "backup",
		[SCRIPT_FAULT] = "fault",
		[SCRIPT_STOP] = "stop",
	};
	_Static_assert(ARRAY_SIZE(names) == GROUP_SCRIPTS, "every script has a name");

	return script < GROUP_SCRIPTS ? names[script] : "none";
}

void
errand_want(struct errand *errand, uint8_t script, uint8_t reason, uint64_t sequence)
{
	if (script >= ERRAND_NONE || sequence < errand->sequence)
		return;

	uint8_t last = errand->running != ERRAND_NONE ? errand->running : errand->recorded;

	errand->sequence = sequence;
	errand->skipped += errand->wanted != ERRAND_NONE && errand->wanted != script;
	/* Back where the last script left it: nothing is left to say. */
	errand->wanted = script == last ? ERRAND_NONE : script;
	errand->reason = reason;
}

uint8_t
errand_next(struct errand *errand)
{
	if (errand->running != ERRAND_NONE || errand->wanted == ERRAND_NONE)
		return ERRAND_NONE;
	errand->running = errand->wanted;
	errand->wanted = ERRAND_NONE;
	return errand->running;
}

void
errand_done(struct errand *errand)
{
	assert(errand->running != ERRAND_NONE);
	errand->recorded = errand->running;
	errand->running = ERRAND_NONE;
}

bool
errand_is_idle(const struct errand *errand)
{
	return errand->running == ERRAND_NONE && errand->wanted == ERRAND_NONE;
}
