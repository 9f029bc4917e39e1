/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread that hands work to the kernel.  Route netlink carries requests out inside the call
 * that hands them over, and may wait there for locks that others hold; the engine's loop must not.
 *
 * The loop fills a job and submits it; the thread carries jobs out in the order in which they were
 * submitted: first the messages of a job, then its frames; the loop takes finished jobs back.
 * Loop and thread share nothing but these jobs, and a job belongs to one of them at any time.
 * What the kernel answers stands in the netlink socket, for the loop to read.
 */
#ifndef TANDEM_WRITER_H
#define TANDEM_WRITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"
#include "system/packet.h"

#define WRITER_JOBS 2u			/* one under way, one that follows without a pause */
#define WRITER_BYTES (64u << 10)	/* of messages in a job */
#define WRITER_FRAMES 128u		/* in a job */

struct writer_job {
	int socket;			/* a netlink socket for the messages */
	size_t size;			/* of the messages; 0 = none */
	size_t frame_count;
	bool quiet;			/* nobody needs to be woken when it is done */
	bool leisure;			/* others get the processor for as long as it took */

	int result;			/* out: of the messages, 0 or negative errno */
	nsec_t took;			/* out */

	uint64_t messages[WRITER_BYTES / sizeof(uint64_t)];
	struct outgoing frames[WRITER_FRAMES];
	uint8_t bytes[WRITER_FRAMES][PACKET_SIZE];	/* room for each frame */
};

struct writer;

/* Frames leave through senders (borrowed).  Jobs may be submitted before the thread runs. */
int writer_new(const struct packet_senders *senders, struct writer **ret,
               struct error *error) MUST_USE;

/*
 * Let the thread begin.  It takes over the privileges and the user of the calling thread as they
 * are now; *ret_missing names what it could not get ("real-time scheduling"), or is NULL.
 */
int writer_start(struct writer *writer, const char **ret_missing, struct error *error) MUST_USE;

/*
 * Wait until the thread has carried out what was submitted, and end it.  NULL is fine.  Only for
 * one that does not hang: see writer_busy_since().
 */
void writer_free(struct writer *writer);

/* A job to be filled, or NULL while all are in use. */
struct writer_job *writer_slot(struct writer *writer);
/* Hand over the job that writer_slot() gave. */
void writer_submit(struct writer *writer);

/* The oldest job submitted, if it is done and was not released; or NULL. */
struct writer_job *writer_done(struct writer *writer);
/* Its contents are no longer needed. */
void writer_release(struct writer *writer);

/* Jobs not released. */
unsigned writer_jobs(const struct writer *writer);

/* Let the end of the job under way be told, quiet or not; if there is none, tell that at once. */
void writer_tell(struct writer *writer);

/* Readable after the end of a job that is not quiet, until writer_hear(). */
int writer_descriptor(const struct writer *writer);
void writer_hear(struct writer *writer);

/* Since when has the thread been busy with the job under way?  NSEC_NEVER when there is none. */
nsec_t writer_busy_since(const struct writer *writer);

#endif
