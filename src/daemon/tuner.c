/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One order is with the thread at a time; it belongs to the loop while "busy" is false and after
 * the thread has told of its end, to the thread between.
 */
#include "daemon/tuner.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/announce.h"
#include "system/ethtool.h"
#include "system/packet.h"
#include "system/sysctl.h"

#define STACK_SIZE (128u << 10)

struct order {
	struct ifstep step;
	uint64_t epoch;
};

struct tuner {
	tuner_done_call *on_done;
	void *owner;
	struct packet_senders senders;

	struct order *waiting;		/* from head to tail */
	size_t head, tail, room;
	bool busy;			/* one is with the thread */

	struct order order;
	int result;
	struct ifworld_port port;
	atomic_bool end;		/* whatever waits */

	bool running;
	pthread_t thread;
	sem_t work;
	int told;			/* eventfd: the order is done */
};

/* ---- the thread ----------------------------------------------------------------------------- */

static int
announce(const struct tuner *t, const struct ifstep *step)
{
	uint8_t bytes[ANNOUNCE_NEIGHBOUR_SIZE];
	size_t length = announce_encode(&step->mac, &step->prefix.ip, bytes);
	int error = 0;

	for (int16_t i = 0; i < step->value && error == 0; i++) {
		struct outgoing frame = { .ifindex = step->index, .bytes = bytes,
		                          .length = length };

		packet_send(&t->senders, &frame, 1);
		error = frame.error;
	}
	return -error;
}

static void
carry_out(struct tuner *t)
{
	const struct ifstep *step = &t->order.step;

	switch (step->kind) {
	case IFSTEP_WRITE_TUNE:
		t->result = sysctl_set(step->name, step->tune, step->value);
		return;
	case IFSTEP_READ_PORT:
		t->result = ethtool_read(step->name, &t->port);
		return;
	case IFSTEP_SET_PORT:
		t->result = ethtool_set(step->name, &step->port);
		return;
	case IFSTEP_ANNOUNCE:
		t->result = announce(t, step);
		return;
	default:
		assert(!"step for the tuner");
	}
}

static void *
run(void *owner)
{
	const struct sched_param ordinary = { 0 };
	const uint64_t one = 1;
	struct tuner *t = owner;

	prctl(PR_SET_NAME, "tandem-tuner");
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
	for (;;) {
		while (sem_wait(&t->work) < 0)
			;
		if (atomic_load(&t->end))
			return NULL;
		carry_out(t);
		(void)!write(t->told, &one, sizeof(one));
	}
}

/* ---- the loop ------------------------------------------------------------------------------- */

bool
tuner_takes(enum ifstep_kind kind)
{
	return kind >= IFSTEP_WRITE_TUNE;
}

static void
hand_over(struct tuner *t)
{
	if (!t->running || t->busy || t->head == t->tail)
		return;
	t->order = t->waiting[t->head++];
	t->port = (struct ifworld_port){ 0 };
	t->busy = true;
	sem_post(&t->work);
}

void
tuner_put(struct tuner *t, const struct ifstep *step, uint64_t epoch)
{
	if (t->head == t->tail)
		t->head = t->tail = 0;
	if (t->tail == t->room) {
		t->room = t->room == 0 ? 64 : 2 * t->room;
		t->waiting = reallocarray(t->waiting, t->room, sizeof(*t->waiting));
		assert(t->waiting != NULL);
	}
	t->waiting[t->tail++] = (struct order){ *step, epoch };
	hand_over(t);
}

void
tuner_cancel(struct tuner *t)
{
	while (t->head < t->tail) {
		struct order order = t->waiting[t->head++];

		t->on_done(t->owner, &order.step, order.epoch, -ECANCELED, &t->port);
	}
}

void
tuner_collect(struct tuner *t)
{
	struct order order;
	struct ifworld_port port;
	uint64_t ends;
	int result;

	if (!t->busy || read(t->told, &ends, sizeof(ends)) < 0)
		return;
	order = t->order;
	port = t->port;
	result = t->result;
	t->busy = false;
	hand_over(t);
	t->on_done(t->owner, &order.step, order.epoch, result, &port);
}

int
tuner_descriptor(const struct tuner *t)
{
	return t->told;
}

bool
tuner_is_idle(const struct tuner *t)
{
	return !t->busy && t->head == t->tail;
}

int
tuner_new(tuner_done_call *on_done, void *owner, struct tuner **ret, struct error *error)
{
	struct tuner *t = calloc(1, sizeof(*t));
	int r;

	assert(t != NULL);
	t->on_done = on_done;
	t->owner = owner;
	t->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	r = t->told < 0 ? error_set(error, -errno, "cannot set up the tuner: %s", strerror(errno)) :
	                  packet_open_senders(&t->senders, error);
	if (r < 0) {
		if (t->told >= 0)
			close(t->told);
		free(t);
		return r;
	}
	(void)sem_init(&t->work, 0, 0);
	*ret = t;
	return 0;
}

int
tuner_start(struct tuner *t, struct error *error)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	assert(!t->running);
	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	/* Signals are the loop's; a thread begins with the mask of its maker. */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&t->thread, &attributes, run, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return error_set(error, -r, "cannot start the tuner: %s", strerror(r));
	t->running = true;
	hand_over(t);
	return 0;
}

void
tuner_free(struct tuner *t)
{
	if (t == NULL)
		return;
	if (t->running) {
		/* Looked at by the thread when the order under way is done. */
		atomic_store(&t->end, true);
		sem_post(&t->work);
		pthread_join(t->thread, NULL);
	}
	sem_destroy(&t->work);
	packet_close_senders(&t->senders);
	close(t->told);
	free(t->waiting);
	free(t);
}
