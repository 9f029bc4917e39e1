/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first worker does what the kernel does itself, the others ask drivers: one at a time, as long
 * as that one keeps its deadline.  A worker belongs to the loop while it is not busy; of one that
 * is, the thread alone touches order, result and port until it is DONE.
 *
 * A driver that hangs holds one thread and its link, which gets no further orders until it is back,
 * and nothing else: its order counts as refused, and another worker goes on with the rest.
 */
#include "daemon/tuner.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "core/announce.h"
#include "system/clock.h"
#include "system/ethtool.h"
#include "system/packet.h"
#include "system/sysctl.h"

#define STACK_SIZE (128u << 10)
#define STOP_PATIENCE (500 * NSEC_PER_MSEC)
#define WORKERS (1u + TUNER_DRIVERS_MAX)

enum lane {
	LANE_FILES,
	LANE_DRIVERS,
	LANES,
};

struct order {
	struct ifstep step;
	uint64_t epoch;
};

struct queue {
	struct order *list;		/* from head to tail */
	size_t head, tail, room;
	size_t pushed;			/* those before it may be handed over */
};

enum phase {
	PHASE_WORKING,
	PHASE_DONE,
	PHASE_ORPHAN,			/* the tuner is gone: the thread ends what is left of it */
};

struct worker {
	struct packet_senders senders;	/* of the first */
	struct order order;
	int result;
	struct ifworld_port port;

	atomic_int phase;		/* enum phase, of the order it has */
	atomic_bool end;		/* no more orders */
	pthread_t thread;
	bool runs;
	sem_t work;
	int told;			/* eventfd: the order is done */

	bool busy;			/* it has an order, or did not come back from one */
	bool overdue;			/* that one was told as refused */
	nsec_t deadline;
};

struct tuner {
	tuner_done_call *on_done;
	void *owner;
	struct queue queues[LANES];
	struct worker *workers[WORKERS];
	bool running;
	int epoll;			/* readable: a worker's end, or the timer */
	int timer;
};

/* ---- the threads ---------------------------------------------------------------------------- */

static int
announce(const struct worker *w, const struct ifstep *step)
{
	uint8_t bytes[ANNOUNCE_NEIGHBOUR_SIZE];
	size_t length = announce_encode(&step->mac, &step->prefix.ip, bytes);
	int error = 0;

	for (int16_t i = 0; i < step->value && error == 0; i++) {
		struct outgoing frame = { .ifindex = step->index, .bytes = bytes,
		                          .length = length };

		packet_send(&w->senders, &frame, 1);
		error = frame.error;
	}
	return -error;
}

static void
carry_out(struct worker *w)
{
	const struct ifstep *step = &w->order.step;

	switch (step->kind) {
	case IFSTEP_WRITE_TUNE:
		w->result = sysctl_set(step->name, step->tune, step->value);
		return;
	case IFSTEP_READ_PORT:
		w->result = ethtool_read(step->name, &w->port);
		return;
	case IFSTEP_SET_PORT:
		w->result = ethtool_set(step->name, &step->port);
		return;
	case IFSTEP_ANNOUNCE:
		w->result = announce(w, step);
		return;
	default:
		assert(!"step for the tuner");
	}
}

/* Its thread has ended, or is about to and is the only one that knows it. */
static void
free_worker(struct worker *w)
{
	packet_close_senders(&w->senders);
	sem_destroy(&w->work);
	if (w->told >= 0)
		close(w->told);
	free(w);
}

static void *
run(void *owner)
{
	const struct sched_param ordinary = { 0 };
	const uint64_t one = 1;
	struct worker *w = owner;

	prctl(PR_SET_NAME, "tandem-tuner");
	(void)pthread_setschedparam(pthread_self(), SCHED_OTHER, &ordinary);
	for (;;) {
		while (sem_wait(&w->work) < 0)
			;
		if (atomic_load(&w->end))
			return NULL;
		carry_out(w);
		if (atomic_exchange(&w->phase, PHASE_DONE) == PHASE_ORPHAN) {
			free_worker(w);
			return NULL;
		}
		(void)!write(w->told, &one, sizeof(one));
	}
}

/* ---- orders --------------------------------------------------------------------------------- */

bool
tuner_takes(enum ifstep_kind kind)
{
	return kind >= IFSTEP_WRITE_TUNE;
}

static enum lane
lane_of(enum ifstep_kind kind)
{
	return kind == IFSTEP_READ_PORT || kind == IFSTEP_SET_PORT ? LANE_DRIVERS : LANE_FILES;
}

static bool
is_empty(const struct queue *queue)
{
	return queue->head == queue->tail;
}

static bool
is_pushed(const struct queue *queue)
{
	return queue->head < queue->pushed;
}

static void
arm(struct tuner *t, nsec_t when)
{
	struct itimerspec at = {
		.it_value = { .tv_sec = when / NSEC_PER_SEC, .tv_nsec = when % NSEC_PER_SEC },
	};

	(void)timerfd_settime(t->timer, TFD_TIMER_ABSTIME, &at, NULL);
}

/* The worker for what stands first in the lane now, or NULL; *ret_never: and there will be none
 * before a driver is back that hangs. */
static struct worker *
worker_for(struct tuner *t, enum lane lane, bool *ret_never)
{
	const char *link = t->queues[lane].list[t->queues[lane].head].step.name;
	struct worker *idle = NULL;

	*ret_never = false;
	if (lane == LANE_FILES)
		return t->workers[0]->busy ? NULL : t->workers[0];
	for (unsigned i = 1; i < WORKERS; i++) {
		struct worker *w = t->workers[i];

		if (w->busy && !w->overdue) {
			*ret_never = false;	/* its end or its deadline comes first */
			return NULL;
		}
		if (!w->busy)
			idle = w;
		else if (strncmp(w->order.step.name, link, NAME_SIZE) == 0)
			*ret_never = true;
	}
	*ret_never |= idle == NULL;
	return *ret_never ? NULL : idle;
}

static void
hand_over(struct tuner *t, enum lane lane)
{
	struct queue *queue = &t->queues[lane];
	struct worker *w;
	bool never;

	if (!t->running || !is_pushed(queue))
		return;
	w = worker_for(t, lane, &never);
	if (never)
		arm(t, clock_now());		/* told from the loop, as every end is */
	if (!w)
		return;
	w->order = queue->list[queue->head++];
	w->port = (struct ifworld_port){ 0 };
	w->busy = true;
	w->overdue = false;
	atomic_store(&w->phase, PHASE_WORKING);
	if (lane == LANE_DRIVERS) {
		w->deadline = clock_now() + TUNER_PATIENCE;
		arm(t, w->deadline);
	}
	sem_post(&w->work);
}

void
tuner_put(struct tuner *t, const struct ifstep *step, uint64_t epoch)
{
	enum lane lane = lane_of(step->kind);
	struct queue *queue = &t->queues[lane];

	if (is_empty(queue))
		queue->head = queue->tail = queue->pushed = 0;
	if (queue->tail == queue->room) {
		queue->room = queue->room == 0 ? 64 : 2 * queue->room;
		queue->list = reallocarray(queue->list, queue->room, sizeof(*queue->list));
		assert(queue->list != NULL);
	}
	queue->list[queue->tail++] = (struct order){ *step, epoch };
}

void
tuner_push(struct tuner *t)
{
	for (enum lane lane = 0; lane < LANES; lane++) {
		if (t->queues[lane].pushed == t->queues[lane].tail)
			continue;
		t->queues[lane].pushed = t->queues[lane].tail;
		hand_over(t, lane);
	}
}

/* What stands first is not carried out. */
static void
give_back(struct tuner *t, struct queue *queue, int result)
{
	const struct ifworld_port nothing = { 0 };
	struct order order = queue->list[queue->head++];

	t->on_done(t->owner, &order.step, order.epoch, result, &nothing);
}

void
tuner_cancel(struct tuner *t)
{
	for (enum lane lane = 0; lane < LANES; lane++)
		while (!is_empty(&t->queues[lane]))
			give_back(t, &t->queues[lane], -ECANCELED);
}

/* ---- ends ----------------------------------------------------------------------------------- */

/* What the worker did is told, unless that was given up. */
static void
collect(struct tuner *t, struct worker *w)
{
	struct order order;
	struct ifworld_port port;
	uint64_t ends;
	bool late = w->overdue;
	int result;

	if (!w->busy || read(w->told, &ends, sizeof(ends)) < 0)
		return;
	order = w->order;
	port = w->port;
	result = w->result;
	w->busy = w->overdue = false;
	hand_over(t, lane_of(order.step.kind));
	if (!late)
		t->on_done(t->owner, &order.step, order.epoch, result, &port);
}

/* Its driver does not come back: nobody waits for it any longer. */
static void
give_up(struct tuner *t, struct worker *w, nsec_t now)
{
	const struct ifworld_port nothing = { 0 };
	struct order order;

	if (!w->busy || w->overdue || now < w->deadline)
		return;
	order = w->order;
	w->overdue = true;
	hand_over(t, LANE_DRIVERS);
	t->on_done(t->owner, &order.step, order.epoch, -ETIMEDOUT, &nothing);
}

/* Orders to drivers that hang, as far as they stand first. */
static void
refuse_blocked(struct tuner *t)
{
	struct queue *queue = &t->queues[LANE_DRIVERS];
	bool never = true;

	while (is_pushed(queue) && !worker_for(t, LANE_DRIVERS, &never) && never)
		give_back(t, queue, -ETIMEDOUT);
	hand_over(t, LANE_DRIVERS);
}

void
tuner_collect(struct tuner *t)
{
	uint64_t rings;
	bool rang = read(t->timer, &rings, sizeof(rings)) > 0;

	for (unsigned i = 0; i < WORKERS; i++)
		collect(t, t->workers[i]);
	if (!rang || !t->running)
		return;
	for (unsigned i = 1; i < WORKERS; i++)
		give_up(t, t->workers[i], clock_now());
	refuse_blocked(t);
}

int
tuner_descriptor(const struct tuner *t)
{
	return t->epoll;
}

bool
tuner_is_idle(const struct tuner *t)
{
	for (unsigned i = 0; i < WORKERS; i++)
		if (t->workers[i]->busy && !t->workers[i]->overdue)
			return false;
	return is_empty(&t->queues[LANE_FILES]) && is_empty(&t->queues[LANE_DRIVERS]);
}

/* ---- life ----------------------------------------------------------------------------------- */

static int
watch(const struct tuner *t, int descriptor)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(t->epoll, EPOLL_CTL_ADD, descriptor, &event) < 0 ? -errno : 0;
}

static int
add_worker(struct tuner *t, unsigned number, struct error *error)
{
	struct worker *w = calloc(1, sizeof(*w));
	int r;

	assert(w != NULL);
	w->told = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	w->senders = (struct packet_senders){ -1, -1, -1 };
	(void)sem_init(&w->work, 0, 0);
	t->workers[number] = w;
	r = w->told < 0 ? -errno : watch(t, w->told);
	if (r < 0)
		return error_set(error, r, "cannot set up the tuner: %s", strerror(-r));
	if (number > 0)
		return 0;
	r = packet_open_senders(&w->senders, error);
	if (r < 0)
		w->senders = (struct packet_senders){ -1, -1, -1 };
	return r;
}

int
tuner_new(tuner_done_call *on_done, void *owner, struct tuner **ret, struct error *error)
{
	struct tuner *t = calloc(1, sizeof(*t));
	int r;

	assert(t != NULL);
	t->on_done = on_done;
	t->owner = owner;
	t->epoll = epoll_create1(EPOLL_CLOEXEC);
	t->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	r = t->epoll < 0 || t->timer < 0 ? -errno : watch(t, t->timer);
	if (r < 0)
		error_set(error, r, "cannot set up the tuner: %s", strerror(-r));
	for (unsigned i = 0; r >= 0 && i < WORKERS; i++)
		r = add_worker(t, i, error);
	if (r < 0) {
		tuner_free(t);
		return r;
	}
	*ret = t;
	return 0;
}

static int
start_worker(struct worker *w)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	/* Signals are the loop's; a thread begins with the mask of its maker. */
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&w->thread, &attributes, run, w);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	w->runs = r == 0;
	return r;
}

int
tuner_start(struct tuner *t, struct error *error)
{
	assert(!t->running);
	for (unsigned i = 0; i < WORKERS; i++) {
		int r = start_worker(t->workers[i]);

		if (r != 0)
			return error_set(error, -r, "cannot start the tuner: %s", strerror(r));
	}
	t->running = true;
	for (enum lane lane = 0; lane < LANES; lane++)
		hand_over(t, lane);
	return 0;
}

/* Wait a little for what it does; one that hangs ends by itself, with the process at the latest. */
static void
end_worker(struct worker *w)
{
	struct pollfd told = { .fd = w->told, .events = POLLIN };
	int working = PHASE_WORKING;

	atomic_store(&w->end, true);
	if (w->busy && !w->overdue)
		(void)poll(&told, 1, (int)(STOP_PATIENCE / NSEC_PER_MSEC));
	if (w->busy && atomic_compare_exchange_strong(&w->phase, &working, PHASE_ORPHAN)) {
		pthread_detach(w->thread);
		return;
	}
	if (w->runs) {
		sem_post(&w->work);
		pthread_join(w->thread, NULL);
	}
	free_worker(w);
}

void
tuner_free(struct tuner *t)
{
	if (t == NULL)
		return;
	for (unsigned i = 0; i < WORKERS; i++)
		if (t->workers[i] != NULL)
			end_worker(t->workers[i]);
	for (enum lane lane = 0; lane < LANES; lane++)
		free(t->queues[lane].list);
	if (t->timer >= 0)
		close(t->timer);
	if (t->epoll >= 0)
		close(t->epoll);
	free(t);
}
