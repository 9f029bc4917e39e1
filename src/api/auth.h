/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who is at the other end of the Unix socket, and what may they do?  The kernel says who (peer
 * credentials of the moment of connecting); the rule is one line: root, the service's own user and
 * members of group "tandem" may read and write everything, anyone else may read state only.
 * Another router, at the door (daemon/door), is known by its key instead.
 */
#ifndef TANDEM_AUTH_H
#define TANDEM_AUTH_H

#include <sys/types.h>

#include "base/base.h"
#include "base/fingerprint.h"
#include "base/inet.h"

#define AUTH_GROUP "tandem"
#define AUTH_NO_LOGIN ((uid_t)-1)

/* Whom we trust, resolved once at start (later the names' sources may be out of reach). */
struct auth {
	uid_t service;
	bool has_group;
	gid_t group;
};

struct auth_peer {
	uid_t uid;
	pid_t pid;
	uid_t login;			/* before any sudo; AUTH_NO_LOGIN = not known */
	bool full;			/* may read the configuration and change things */
	struct ip remote;		/* family 0: a process of this machine; else a router, of
					 * which nothing above but full is known ... */
	struct fingerprint key;		/* ... and which has proved to have this key */
};

/* user: the service's user; one that does not exist is nobody's. */
void auth_init(struct auth *auth, const char *user);

/* The peer of a connected Unix socket: 0, or negative errno when the kernel does not say. */
int auth_identify(const struct auth *auth, int socket, struct auth_peer *ret_peer) MUST_USE;

/* "alice", or "uid 1000" for one without a name; "alice (root)" for alice who became root; returns
 * text.  For people to read: it decides nothing. */
const char *auth_name(const struct auth_peer *peer, char *text, size_t size);
/* "alice (uid 1000, pid 4711)" for log lines; returns text. */
const char *auth_text(const struct auth_peer *peer, char *text, size_t size);

#endif
