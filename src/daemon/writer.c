/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ring of jobs between two counters.  Only the loop raises "submitted" and "released", only the
 * thread raises "done"; the jobs from released to done are the loop's again, those from done to
 * submitted the thread's.  The thread decides nothing: what goes first is settled before a job is
 * submitted (daemon/outbox).
 */
#include "daemon/writer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "system/clock.h"
#include "system/privilege.h"

#define STACK_SIZE (256u << 10)
#define NOT_BUSY 0
#define REST_MOST NSEC_PER_MSEC

struct writer {
	struct packet_senders senders;
	pthread_t thread;
	bool running;
	int told;			/* eventfd: the end of a job */
	sem_t work;			/* one post a job, one more to end */
	_Atomic uint32_t submitted;
	_Atomic uint32_t done;
	_Atomic bool tell;		/* the loop waits for a free job */
	_Atomic int64_t busy_since;
	uint32_t released;		/* the loop's own */
	const char *missing;		/* what the thread could not get, once it runs */
	sem_t begun;
	struct writer_job jobs[WRITER_JOBS];
};

static struct writer_job *
job_at(struct writer *w, uint32_t number)
{
	return &w->jobs[number % WRITER_JOBS];
}

/* ---- the thread ----------------------------------------------------------------------------- */

static void
carry_out(struct writer *w, struct writer_job *job)
{
	nsec_t begin = clock_now();

	atomic_store_explicit(&w->busy_since, begin, memory_order_relaxed);
	job->result = 0;
	if (job->size > 0 && send(job->socket, job->messages, job->size, MSG_NOSIGNAL) < 0)
		job->result = -errno;
	if (job->frame_count > 0)
		packet_send(&w->senders, job->frames, job->frame_count);
	job->took = clock_now() - begin;
	atomic_store_explicit(&w->busy_since, NOT_BUSY, memory_order_relaxed);
}

/*
 * After work that may take its time: the kernel answers nobody on this processor while a real-time
 * thread keeps it.  Ends when something better is submitted.  True when a post of w->work was used
 * up.
 */
static bool
rest(struct writer *w, uint32_t next, nsec_t length)
{
	nsec_t end = clock_now() + nsec_min(length, REST_MOST);
	bool posted = false;

	for (nsec_t left; (left = end - clock_now()) > 0;) {
		struct timespec until;

		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_sec += (until.tv_nsec + left) / NSEC_PER_SEC;
		until.tv_nsec = (until.tv_nsec + left) % NSEC_PER_SEC;
		if (posted)
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		else if (sem_clockwait(&w->work, CLOCK_MONOTONIC, &until) == 0)
			posted = true;
		if (posted && (next == atomic_load(&w->submitted) || !job_at(w, next)->leisure))
			break;
	}
	return posted;
}

static void *
run(void *owner)
{
	struct writer *w = owner;
	const uint64_t one = 1;
	bool posted = false;

	prctl(PR_SET_NAME, "tandem-writer");
	w->missing = privilege_real_time_helper() ? NULL : "real-time scheduling";
	sem_post(&w->begun);
	for (;;) {
		uint32_t number = atomic_load_explicit(&w->done, memory_order_relaxed);
		bool quiet, leisure;
		nsec_t took;

		while (!posted && sem_wait(&w->work) < 0)
			;
		posted = false;
		if (number == atomic_load(&w->submitted))
			return NULL;	/* the post that ends it */
		quiet = job_at(w, number)->quiet;
		leisure = job_at(w, number)->leisure;
		carry_out(w, job_at(w, number));
		took = job_at(w, number)->took;
		atomic_store(&w->done, number + 1);
		if (atomic_exchange(&w->tell, false) || !quiet)
			(void)!write(w->told, &one, sizeof(one));
		if (leisure)
			posted = rest(w, number + 1, took);
	}
}

/* ---- the loop ------------------------------------------------------------------------------- */

int
writer_new(const struct packet_senders *senders, struct writer **ret, struct error *error)
{
	struct writer *w = calloc(1, sizeof(*w));

	assert(w != NULL);
	w->senders = *senders;
	w->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (w->told < 0 || sem_init(&w->work, 0, 0) < 0 || sem_init(&w->begun, 0, 0) < 0) {
		int r = error_set(error, -errno, "cannot set up the writer: %s", strerror(errno));

		if (w->told >= 0)
			close(w->told);
		free(w);
		return r;
	}
	*ret = w;
	return 0;
}

int
writer_start(struct writer *w, const char **ret_missing, struct error *error)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	assert(!w->running);
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	/* Signals are the loop's; a thread begins with the mask of its maker. */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, &attributes, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return error_set(error, -r, "cannot start the writer: %s", strerror(r));
	w->running = true;
	while (sem_wait(&w->begun) < 0)
		;
	*ret_missing = w->missing;
	return 0;
}

void
writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	if (w->running) {
		sem_post(&w->work);
		pthread_join(w->thread, NULL);
	}
	sem_destroy(&w->work);
	sem_destroy(&w->begun);
	close(w->told);
	free(w);
}

unsigned
writer_jobs(const struct writer *w)
{
	return atomic_load_explicit(&w->submitted, memory_order_relaxed) - w->released;
}

struct writer_job *
writer_slot(struct writer *w)
{
	uint32_t number = atomic_load_explicit(&w->submitted, memory_order_relaxed);
	struct writer_job *job;

	if (number - w->released == WRITER_JOBS)
		return NULL;
	job = job_at(w, number);
	job->size = 0;
	job->frame_count = 0;
	job->quiet = false;
	job->leisure = false;
	return job;
}

void
writer_submit(struct writer *w)
{
	uint32_t number = atomic_load_explicit(&w->submitted, memory_order_relaxed);

	assert(number - w->released < WRITER_JOBS);
	atomic_store(&w->submitted, number + 1);
	sem_post(&w->work);
}

struct writer_job *
writer_done(struct writer *w)
{
	return atomic_load(&w->done) == w->released ? NULL : job_at(w, w->released);
}

void
writer_release(struct writer *w)
{
	assert(writer_done(w) != NULL);
	w->released++;
}

/* Should the thread have looked at "tell" before it was set, "done" shows that it is through. */
void
writer_tell(struct writer *w)
{
	const uint64_t one = 1;

	atomic_store(&w->tell, true);
	if (atomic_load(&w->done) == atomic_load(&w->submitted))
		(void)!write(w->told, &one, sizeof(one));
}

int
writer_descriptor(const struct writer *w)
{
	return w->told;
}

void
writer_hear(struct writer *w)
{
	uint64_t ends;

	(void)!read(w->told, &ends, sizeof(ends));
}

nsec_t
writer_busy_since(const struct writer *w)
{
	nsec_t since = atomic_load_explicit(&w->busy_since, memory_order_relaxed);

	return since == NOT_BUSY ? NSEC_NEVER : since;
}
