/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides who may change things, from SO_PEERCRED and SO_PEERGROUPS alone.  Supplementary groups
 * are asked of the kernel, not of the group database: what counts is what the process is, not what
 * its user could become.  It must not read anything the peer sent.
 */
#include "api/auth.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

void
auth_init(struct auth *auth, const char *user)
{
	const struct passwd *service = user ? getpwnam(user) : NULL;
	const struct group *group = getgrnam(AUTH_GROUP);

	auth->service = service ? service->pw_uid : 0;
	auth->has_group = group != NULL;
	auth->group = group ? group->gr_gid : 0;
}

/* Is the group among the supplementary groups of the peer?  Silence of the kernel means no. */
static bool
peer_has_group(int socket, gid_t group)
{
	socklen_t size = 64 * sizeof(gid_t);
	gid_t *groups = malloc(size);
	bool found = false;

	assert(groups);
	while (getsockopt(socket, SOL_SOCKET, SO_PEERGROUPS, groups, &size) < 0) {
		if (errno != ERANGE)
			goto out;
		/* The kernel wrote the size it needs. */
		free(groups);
		groups = malloc(size);
		assert(groups);
	}
	for (size_t i = 0; i < size / sizeof(gid_t); i++)
		found = found || groups[i] == group;
out:
	free(groups);
	return found;
}

/* As whom the peer's session began, which survives sudo and su (the kernel's audit keeps it).  The
 * process may have ended meanwhile; then nobody knows. */
static uid_t
login_of(pid_t pid)
{
	char path[48], text[16];
	unsigned long uid = AUTH_NO_LOGIN;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/loginuid", (int)pid);
	file = fopen(path, "re");
	if (!file)
		return AUTH_NO_LOGIN;
	if (fgets(text, sizeof(text), file))
		uid = strtoul(text, NULL, 10);
	fclose(file);
	return (uid_t)uid;
}

int
auth_identify(const struct auth *auth, int socket, struct auth_peer *ret_peer)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return -errno;

	ret_peer->uid = peer.uid;
	ret_peer->pid = peer.pid;
	ret_peer->login = peer.uid == 0 ? login_of(peer.pid) : AUTH_NO_LOGIN;
	ret_peer->full = peer.uid == 0 || peer.uid == auth->service ||
	                 (auth->has_group && (peer.gid == auth->group ||
	                                      peer_has_group(socket, auth->group)));
	return 0;
}

/* A user's name, copied: the next question would overwrite it.  Returns text. */
static const char *
name_of(uid_t uid, char *text, size_t size)
{
	const struct passwd *user = getpwuid(uid);

	if (user)
		snprintf(text, size, "%s", user->pw_name);
	else
		snprintf(text, size, "uid %u", (unsigned)uid);
	return text;
}

static const char *
name_of_router(const struct auth_peer *peer, char *text, size_t size)
{
	char address[IP_TEXT_SIZE];

	snprintf(text, size, "router %s", ip_text(&peer->remote, address));
	return text;
}

const char *
auth_name(const struct auth_peer *peer, char *text, size_t size)
{
	char login[64];

	if (peer->remote.family)
		return name_of_router(peer, text, size);
	if (peer->login == AUTH_NO_LOGIN || peer->login == peer->uid)
		return name_of(peer->uid, text, size);
	snprintf(text, size, "%s (root)", name_of(peer->login, login, sizeof(login)));
	return text;
}

const char *
auth_text(const struct auth_peer *peer, char *text, size_t size)
{
	const struct passwd *user = peer->remote.family ? NULL : getpwuid(peer->uid);

	if (peer->remote.family)
		return name_of_router(peer, text, size);
	if (user)
		snprintf(text, size, "%s (uid %u, pid %d)", user->pw_name, (unsigned)peer->uid,
		         (int)peer->pid);
	else
		snprintf(text, size, "uid %u (pid %d)", (unsigned)peer->uid, (int)peer->pid);
	return text;
}
