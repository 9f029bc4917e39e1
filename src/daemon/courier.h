/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Carries out what the engine wants to happen in the network: advertisements leave at once,
 * addresses and what must follow them go the way of the interfaces.  It tells the engine what
 * became of each advertisement, and decides nothing but the way.
 */
#ifndef TANDEM_COURIER_H
#define TANDEM_COURIER_H

#include "base/base.h"
#include "base/error.h"
#include "core/engine.h"
#include "daemon/interfaces.h"
#include "daemon/recorder.h"

struct courier;

/* Engine, interfaces and recorder are borrowed. */
int courier_new(struct engine *engine, struct interfaces *interfaces, struct recorder *recorder,
                struct courier **ret, struct error *error) MUST_USE;
void courier_free(struct courier *courier);		/* NULL is fine */

/* Make room for the groups of these settings and for lists of so many effects, to be used from
 * courier_adopt() on, which borrows the settings.  0, or -ENOMEM (nothing changed). */
int courier_prepare(struct courier *courier, const struct settings *settings, size_t capacity)
	MUST_USE;
void courier_adopt(struct courier *courier, const struct settings *settings);

/* What waits for connsync's word (core/gate) waits no longer: the word is here, or patience has
 * ended. */
void courier_pass(struct courier *courier);
/* When courier_on_time() is due (NSEC_NEVER = nothing waits), which lets pass what has waited long
 * enough: advertisements before addresses, if somebody else might take over else. */
nsec_t courier_deadline(const struct courier *courier);
void courier_on_time(struct courier *courier);

/* What the network sees of these effects; the list is left as it is. */
void courier_carry_out(struct courier *courier, const struct effects *effects);

/* The interfaces' answer to a frame of ours. */
void courier_on_sent(struct courier *courier, uint32_t group, uint32_t token, int error);

#endif
