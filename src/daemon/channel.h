/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages between the engine and the other roles: a SOCK_SEQPACKET pair with each, made by the
 * supervisor and kept open by it, so that either side may die and come back on the same socket.
 * Each message is a struct channel_message, sent whole; a size, version or kind that is not known
 * drops it with a log line.  Settings travel as a file descriptor of a sealed memory file beside
 * the message.
 *
 * Who starts says HELLO; the engine answers a HELLO of the manager with its own, and the manager
 * answers a HELLO of the engine by sending its running settings again (adopting what is adopted
 * already is no work).  In the same way the engine answers a HELLO of a helper (runner, prober,
 * filter, flowsync, balancer) by sending it the settings and all it has to know.
 */
#ifndef TANDEM_CHANNEL_H
#define TANDEM_CHANNEL_H

#include <stdint.h>

#include "base/base.h"
#include "base/error.h"
#include "core/settings.h"

#define CHANNEL_VERSION 3u
#define CHANNEL_INTERFACE_SIZE 16u

enum channel_kind {
	CHANNEL_HELLO = 1,		/* both ways: I am new here */
	CHANNEL_ADOPT,			/* to engine: settings in the attached descriptor */
	CHANNEL_RESET_MASTER,		/* to engine: interface, vrid */
	CHANNEL_GARP,			/* to engine: interface, vrid */
	CHANNEL_ANSWER,			/* to manager: outcome of request number "request" */
	CHANNEL_STATE,			/* to runner: a group came to a state; what ran last */
	CHANNEL_RAN,			/* to engine: a transition script of a group ended */
	CHANNEL_OWNER,			/* to filter: is a group owner of its addresses? */
	CHANNEL_TRACK,			/* to engine: check "index", called "text", is up or down;
					 * to a new runner or prober: its predecessor found so;
					 * to balancer: of a real server */
	CHANNEL_WATCH,			/* to engine: note packets in the journal for 3 seconds */
	CHANNEL_ROLE,			/* to flowsync: does this router forward? */
	CHANNEL_READY,			/* to engine: flowsync is, for the role of this sequence */
	CHANNEL_PROBLEMS,		/* to engine: text is what a person should repair, or "" */
	CHANNEL_KINDS,
};

enum channel_outcome {
	CHANNEL_DONE,
	CHANNEL_NO_GROUP,		/* no such group on that interface */
	CHANNEL_NOT_MASTER,		/* the group is not master */
	CHANNEL_REFUSED,		/* ADOPT: nothing was changed, text says why */
	CHANNEL_INCOMPLETE,		/* ADOPT: done, but for what the text says */
	CHANNEL_KERNEL_REFUSED,		/* ADOPT, an attempt: done, but the kernel refused steps
					 * that it was not asked for before; text: which */
};

struct channel_message {
	uint32_t version;		/* CHANNEL_VERSION */
	uint32_t kind;			/* enum channel_kind */
	uint32_t request;		/* chosen by the manager, repeated in the answer */
	uint32_t outcome;		/* ANSWER: enum channel_outcome */
	uint64_t revision;		/* ADOPT and its answer; TRACK: serial of the settings */
	uint64_t sequence;		/* STATE, RAN, ROLE, READY: rises with every state told */
	char interface[CHANNEL_INTERFACE_SIZE];
	uint32_t vrid;
	uint32_t index;			/* TRACK: of the check in those settings */
	uint8_t family;			/* STATE, RAN, OWNER: with interface and vrid, the group */
	uint8_t state;			/* STATE: enum vrouter_state */
	uint8_t reason;			/* STATE, ROLE: enum vrouter_reason */
	uint8_t script;			/* STATE, RAN: enum group_script that ran last */
	uint8_t up;			/* TRACK, OWNER, ROLE: 0 or 1 */
	uint8_t attempt;		/* ADOPT: 0 or 1, it may be taken back */
	uint8_t reserved[6];		/* zero */
	char text[1024];		/* ANSWER: a sentence, "" when there is nothing to say;
					 * several are separated by newlines */
};

/* Send without blocking; descriptor -1 = none (it stays the caller's).  0 or negative errno. */
int channel_send(int socket, const struct channel_message *message, int descriptor) MUST_USE;

/*
 * Receive one message without blocking.  1 = *ret_message is whole and known and *ret_descriptor
 * (the caller's from now on) is its descriptor or -1; 0 = nothing there now; negative errno.
 */
int channel_receive(int socket, struct channel_message *ret_message, int *ret_descriptor) MUST_USE;

/* A sealed memory file with the settings: its descriptor, or negative errno. */
int channel_wrap_settings(const struct settings *settings) MUST_USE;
/* Read and check settings from such a descriptor (which stays the caller's): heap, free() it. */
struct settings *channel_unwrap_settings(int descriptor, struct error *error);

#endif
