/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The engine's side of its helpers: the runner (programs), the prober (checks), the filter (packet
 * filter), flowsync (connections) and the balancer (virtual servers).  It tells them the settings,
 * the state of groups with scripts, who owns its addresses, whether this router forwards and which
 * real servers pass their checks, and hears from them what became of tracked things.
 *
 * Nothing here waits.  What a helper does not take now (it is dead, hangs, or is behind) is noted
 * as due and told later, in its last form: a helper hears how things are, not all they were.
 */
#ifndef TANDEM_HELPERS_H
#define TANDEM_HELPERS_H

#include "base/base.h"
#include "base/error.h"
#include "core/engine.h"
#include "core/settings.h"

enum helper {
	HELPER_RUNNER,
	HELPER_PROBER,
	HELPER_FILTER,
	HELPER_FLOWSYNC,
	HELPER_BALANCER,
	HELPERS,
};

struct helpers;
struct sd_event;

struct helpers_calls {
	/* A tracked object (index into the settings' objects) is up or down. */
	void (*on_track)(void *owner, uint32_t object, bool up);
	/* What an operator should repair, sentences one a line; "" = nothing any more. */
	void (*on_problems)(void *owner, const char *problems);
	/* The connections of the sync group that connsync follows are in order for its
	 * mastership. */
	void (*on_ready)(void *owner);
};

/* sockets: our ends of the socket pairs, which stay the caller's. */
int helpers_new(struct sd_event *event, const int sockets[HELPERS],
                const struct helpers_calls *calls, void *owner, struct helpers **ret_helpers,
                struct error *error) MUST_USE;
void helpers_free(struct helpers *helpers);	/* NULL is fine */

/*
 * Make what helpers_adopt() will need for these settings, which changes nothing: 0 or negative
 * errno.  May be called again without adopting.
 */
int helpers_prepare(struct helpers *helpers, const struct settings *settings,
                    struct error *error) MUST_USE;
/*
 * The engine (borrowed until the next call) has adopted the settings that were prepared for:
 * helpers_tell() will tell them, and the state of every group.  They answer with the state of every
 * check.
 */
void helpers_adopt(struct helpers *helpers, const struct engine *engine);

/* The engine wants this, in the order of its effects: noted, if it concerns a helper. */
void helpers_effect(struct helpers *helpers, const struct effect *effect);
/* The same where there are no effects: something about this group may have changed. */
void helpers_look(struct helpers *helpers, uint32_t group);
/* Tell the helpers what was noted; what a full socket does not take is told a little later. */
void helpers_tell(struct helpers *helpers);
/* Before the end: tell the runner all that is due for it, waiting for it at most so long. */
void helpers_flush(struct helpers *helpers, nsec_t patience);

#endif
