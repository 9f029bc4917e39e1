/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the kernel's links and addresses what the settings and the engine want, and tells the
 * engine's role what they are.  It owns the picture of the kernel (core/ifworld), asks the planner
 * (core/ifplan) what to do, and hands the steps to a thread of its own (daemon/outbox, writer)
 * without ever waiting for an answer.  It decides nothing about VRRP.
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
#include "system/packet.h"

struct interfaces;
struct sd_event;

struct interfaces_calls {
	/* A link with groups changed (or was looked at for the first time after adopt). */
	void (*on_link)(void *owner, uint32_t link, int ifindex, const struct link_input *input);
	/* All steps of the last adopt were answered, or since then the problems changed; problems
	 * is "" or sentences, one a line.  refused: those among them that the last adopt brought,
	 * because the kernel will not have what it says. */
	void (*on_settled)(void *owner, const char *problems, const char *refused);
	/* The virtual link or an address of a group is there only now (after a delay or because
	 * someone removed it): announce again. */
	void (*on_restored)(void *owner, uint32_t group);
	/* Whether the group is address owner: for all after adopt, then at every change. */
	void (*on_owner)(void *owner, uint32_t group, bool is_owner);
	/* What became of a tracked interface or route (index into the settings' objects): at first
	 * when it is known, then at every change. */
	void (*on_track)(void *owner, uint32_t object, bool up);
	/* What became of a frame of interfaces_send() with a token: 0 or positive errno. */
	void (*on_sent)(void *owner, uint32_t group, uint32_t token, int error);
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
/*
 * Start the thread that hands requests and frames to the kernel.  It keeps the privileges of this
 * moment; *ret_missing names what it could not get, or is NULL.  Until then all of it waits.
 */
int interfaces_start(struct interfaces *interfaces, const char **ret_missing,
                     struct error *error) MUST_USE;
void interfaces_free(struct interfaces *interfaces);	/* NULL is fine; changes nothing */

/*
 * Adopt settings (borrowed until the next adopt has returned).  held[g] says which groups hold
 * their addresses now (of the new numbering); group state is carried over by interface name and
 * VRID.  Virtual addresses and virtual links with our mark that no group holds are removed:
 * leftovers.  Calls on_link for every link with groups before it returns (with usable = false for
 * one that does not exist yet), on_owner for every group, and on_settled when the kernel has
 * answered everything.
 */
void interfaces_adopt(struct interfaces *interfaces, const struct settings *settings,
                      const bool *held, nsec_t lease);

/*
 * TAKE, RENEW and DROP of a group: none of them waits for the kernel, what was told to a group is
 * carried out in that order, and all that is left over leaves with interfaces_flush().
 */
void interfaces_take(struct interfaces *interfaces, uint32_t group, nsec_t lease);
void interfaces_renew(struct interfaces *interfaces, uint32_t group, nsec_t lease);
void interfaces_drop(struct interfaces *interfaces, uint32_t group);
/* Is a take still waiting or under way? */
bool interfaces_is_taking(const struct interfaces *interfaces, uint32_t group);

/*
 * Send a frame of a group (copied) after the addresses that its last take gave it: after the first
 * of them, or after all.  With a token (not 0) on_sent() tells what became of it.
 */
void interfaces_send(struct interfaces *interfaces, uint32_t group, bool first,
                     const struct outgoing *frame, uint32_t token);
/* Is a frame with a token waiting or under way? */
bool interfaces_is_sending(const struct interfaces *interfaces, uint32_t group);

/* Forget the frames that wait (ECANCELED). */
void interfaces_forget_frames(struct interfaces *interfaces, uint32_t group);

void interfaces_flush(struct interfaces *interfaces);
/* Since when the kernel has been busy with one piece of work, or NSEC_NEVER. */
nsec_t interfaces_busy_since(const struct interfaces *interfaces);

/* Kernel index of a link, or 0 while it does not exist. */
int interfaces_index(const struct interfaces *interfaces, uint32_t link);

/* Service stop: send what waits, remove virtual links and addresses, waiting for the kernel at most
 * this long. */
void interfaces_stop(struct interfaces *interfaces, nsec_t patience);

#endif
