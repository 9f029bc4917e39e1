/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel's links and addresses what the settings and the engine want, and tells the
 * engine's role what they are.  It owns the picture of the kernel (core/ifworld), asks the planner
 * (core/ifplan) what to do, and sends the steps in batches (system/netlink) without ever waiting
 * for an answer.  It decides nothing about VRRP.
 *
 * Groups and links are named by their index in the settings last adopted.
 */
#ifndef TANDEM_INTERFACES_H
#define TANDEM_INTERFACES_H

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"
#include "core/engine.h"
#include "core/settings.h"

struct interfaces;
struct sd_event;

struct interfaces_calls {
	/* A link with groups changed (or was looked at for the first time after adopt). */
	void (*on_link)(void *owner, uint32_t link, int ifindex, const struct link_input *input);
	/* All steps of the last adopt were answered, or since then the problems changed; problems
	 * is "" or sentences, one a line. */
	void (*on_settled)(void *owner, const char *problems);
	/* The virtual link or an address of a group is there only now (after a delay or because
	 * someone removed it): announce again. */
	void (*on_restored)(void *owner, uint32_t group);
	/* Originals changed: store these bytes where a successor finds them. */
	void (*on_originals)(void *owner, const void *bytes, size_t size);
};

/*
 * Opens the netlink sockets in the current network namespace and reads links and addresses (this
 * one call waits for the kernel's answer).  originals are the bytes a predecessor stored, or NULL.
 */
int interfaces_new(struct sd_event *event, const struct interfaces_calls *calls, void *owner,
                   const void *originals, size_t originals_size, struct interfaces **ret,
                   struct error *error) MUST_USE;
void interfaces_free(struct interfaces *interfaces);	/* NULL is fine; changes nothing */

/*
 * Adopt settings (borrowed until the next adopt).  held[g] says which groups hold their addresses
 * now (of the new numbering); group state is carried over by interface name and VRID.  Virtual
 * addresses and virtual links with our mark that no group holds are removed: leftovers.  Calls
 * on_link for every link with groups before it returns (with usable = false for one that does not
 * exist yet), and on_settled when the kernel has answered everything.
 */
int interfaces_adopt(struct interfaces *interfaces, const struct settings *settings,
                     const bool *held, nsec_t lease, struct error *error) MUST_USE;

/* TAKE, RENEW and DROP of a group; sent at interfaces_flush(). */
void interfaces_take(struct interfaces *interfaces, uint32_t group, nsec_t lease);
void interfaces_renew(struct interfaces *interfaces, uint32_t group, nsec_t lease);
void interfaces_drop(struct interfaces *interfaces, uint32_t group);
/* Send what take, renew and drop collected, in one batch. */
void interfaces_flush(struct interfaces *interfaces);

/* Kernel index of a link, or 0 while it does not exist. */
int interfaces_index(const struct interfaces *interfaces, uint32_t link);

/* Service stop: remove virtual links and addresses, waiting for the kernel at most this long. */
void interfaces_stop(struct interfaces *interfaces, nsec_t patience);

#endif
