/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rooms of flowpeer among themselves: flowpeer.c has the paths and their sockets, flowsession.c
 * the control connection, flowdatagram.c the datagrams.
 */
#ifndef TANDEM_FLOWPEER_INSIDE_H
#define TANDEM_FLOWPEER_INSIDE_H

#include <sys/socket.h>
#include <systemd/sd-event.h>

#include "daemon/flowpeer.h"
#include "daemon/hush.h"
#include "system/tls.h"

#define FLOWPEER_HEAD_SIZE 10u
#define FLOWPEER_PAYLOAD 1360u		/* bytes of a body: fits whatever carries Ethernet */
#define FLOWPEER_WIRE_MAX (FLOWPEER_HEAD_SIZE + FLOWPEER_PAYLOAD + SEAL_TAG_SIZE)
#define FLOWPEER_SEND_BATCH 64u		/* datagrams a system call ... */
#define FLOWPEER_READ_BATCH 16u		/* ... with some 600 flows, or 2 ms of the kernel's time */
#define FLOWPEER_CANDIDATES 4u		/* connections that nobody has proved a key on */

/* One connection: to be, or in use. */
struct session {
	struct flowpeer *link;
	int socket;			/* -1 = none; with TLS its own */
	struct tls *tls;		/* NULL without authentication */
	sd_event_source *source;
	sd_event_source *patience;	/* while it is not established */
	nsec_t begun;
	unsigned path;
	bool connecting;		/* TCP is not there yet */
	bool shaken;			/* hands, of TLS */
	bool established;
	struct seal *sending[FLOWSYNC_PATHS];
	struct seal *receiving[FLOWSYNC_PATHS];
	uint8_t *queue;			/* of the stream, FLOWSYNC_CONTROL_QUEUE bytes */
	size_t queued;
};

struct path {
	struct flowpeer *link;
	unsigned number;
	struct connsync_path settings;
	struct ip local;
	char trouble[256];		/* why there is no connection, or was none */
	char complaint[256];		/* the same as it was logged ... */
	nsec_t complained;		/* ... then */
	unsigned index;			/* of the interface its sockets are bound to; 0 = none */
	struct error closed;		/* why there are none, as it was logged */
	int datagrams;			/* socket, or -1 */
	nsec_t behind;			/* what is in it came before that; 0 = not known */
	size_t behind_left;		/* bytes of the kernel's account that may be such */
	struct seal *past;		/* opens what was sealed for the connection before ... */
	nsec_t past_until;		/* ... and may be under way still */
	int listener;
	sd_event_source *readable;
	sd_event_source *breather;	/* while there is too much to read */
	sd_event_source *acceptable;
};

/* Where counts of bytes stood. */
struct rate_mark {
	nsec_t at;
	uint64_t sent[FLOWSYNC_PATHS];
	uint64_t received[FLOWSYNC_PATHS];
};

struct flowpeer {
	const struct flowpeer_calls *calls;
	void *owner;
	struct sd_event *event;
	const struct identity *identity;
	struct connsync_settings settings;
	struct path paths[CONNSYNC_PATHS_MAX];
	bool connects;			/* we, not the partner */
	struct session current;
	struct session candidates[FLOWPEER_CANDIDATES];
	unsigned try_path;
	sd_event_source *retry;
	nsec_t lifetime;		/* of keys */
	sd_event_source *age;
	sd_event_source *look;
	struct hush hush;		/* of connections that come and go */
	bool lost;			/* and the owner does not know yet */
	bool renew;			/* a new connection is due, for its keys */
	uint64_t plain_number;		/* of datagrams without a seal */
	struct flowpeer_counts counts;
	struct rate_mark mark;
	/* Gathered datagrams of one path. */
	unsigned out_path;
	size_t out_count;
	struct mmsghdr out[FLOWPEER_SEND_BATCH];
	struct iovec out_parts[FLOWPEER_SEND_BATCH];
	uint8_t out_bytes[FLOWPEER_SEND_BATCH][FLOWPEER_WIRE_MAX];
	struct mmsghdr in[FLOWPEER_READ_BATCH];
	struct iovec in_parts[FLOWPEER_READ_BATCH];
	uint8_t in_bytes[FLOWPEER_READ_BATCH][FLOWPEER_WIRE_MAX];
};

/* ---- flowpeer.c ---- */

/*
 * A socket of this kind on our end of the path; port 0 = any.  It may be made before the address is
 * there.  It is bound to the interface, so that nothing from elsewhere reaches it.
 */
int flowpeer_open_socket(const struct path *path, int kind, uint16_t port, struct error *error);
/* What a datagram is longer on the wire than what the socket gets: Ethernet with its preamble and
 * gap, IP, UDP. */
size_t flowpeer_headers(const struct path *path);
/* Where the partner is on this path. */
socklen_t flowpeer_partner(const struct path *path, struct sockaddr_storage *to);

/* ---- flowsession.c ---- */

void flowsession_init(struct session *session, struct flowpeer *link);
/* Nobody is told. */
void flowsession_close(struct session *session);
/* The connection that counted is gone, for which nobody is told why when that is NULL; the owner is
 * told by flowsession_tell_lost(), not before. */
void flowsession_lose(struct flowpeer *link, const char *why);
void flowsession_tell_lost(struct flowpeer *link);
/* Somebody wants to connect. */
int flowsession_on_acceptable(sd_event_source *source, int fd, uint32_t events, void *path);
/* It is time to connect, if there is need. */
int flowsession_on_retry(sd_event_source *source, uint64_t usec, void *link);
/* The keys are old: a new connection brings new ones. */
int flowsession_on_age(sd_event_source *source, uint64_t usec, void *link);

/* ---- flowdatagram.c ---- */

void flowdatagram_prepare(struct flowpeer *link);
void flowdatagram_send_gathered(struct flowpeer *link);
int flowdatagram_on_readable(sd_event_source *source, int fd, uint32_t events, void *path);
int flowdatagram_on_breath(sd_event_source *source, uint64_t usec, void *path);
/* Hand in what is there on this path, until then; says whether nothing is left. */
bool flowdatagram_read(struct path *path, nsec_t until);

#endif
