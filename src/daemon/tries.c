/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tries: a monitor or the port of a real server is asked, and each answer, or lack of one, goes to
 * the policies of the monitor or to the server's check.  A timeout may be longer than the interval:
 * then several tries are under way at once, TRIES_MAX at most, and the oldest has had its time when
 * one more is due.
 *
 * A UDP port is asked with a datagram of one byte that means nothing.  Silence is all that many
 * servers answer: it passes, and only what the network says of the port or the host is a failure.
 */
#include "daemon/tries.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "base/log.h"
#include "core/echo.h"
#include "system/clock.h"
#include "system/probe.h"

#define REPLIES_A_TURN 256u
#define FIRST_ANSWERS (-10)		/* priority: what has arrived is judged before time */
#define COMPLAINT (60 * NSEC_PER_SEC)	/* time between two about this machine */

/* ---- their end ------------------------------------------------------------------------------ */

/* A monitor's try came to its end: each of its policies looks at its last probes. */
static void
judge_path(struct probe *probe, nsec_t trip)
{
	struct prober *p = probe->prober;

	for (size_t i = 0; i < p->policy_count; i++) {
		struct policy *policy = p->policies[i];
		struct path_limits limits = {
			.window = policy->settings.window,
			.loss = policy->settings.loss,
			.delay = policy->settings.delay,
		};
		char words[96];

		if (policy->probe != probe)
			continue;
		path_note(&policy->path, limits.window, trip);
		snprintf(words, sizeof(words), "%u%% of the last %u probes lost, %.1f ms mean",
		         path_loss(&policy->path), policy->path.count,
		         (double)path_delay(&policy->path) / NSEC_PER_MSEC);
		prober_judge(p, &policy->settings, policy->index, &policy->check,
		             path_judge(&policy->path, &limits), words);
	}
}

/* The port of a real server, which is judged by itself. */
static bool
is_server(const struct check_settings *settings)
{
	return settings->kind == CHECK_CONNECT || settings->kind == CHECK_ASK;
}

static void
judge_server(struct probe *probe, enum check_result result, const char *words)
{
	prober_judge(probe->prober, &probe->settings, probe->index, &probe->check, result, words);
}

static void
drop_try(struct try *try)
{
	try->under_way = false;
	try->connecting = sd_event_source_disable_unref(try->connecting);
	if (try->connection >= 0)
		close(try->connection);
	try->connection = -1;
}

/* error says why it is lost, negative errno. */
static void
end_try(struct try *try, nsec_t trip, int error)
{
	struct probe *probe = try->probe;

	drop_try(try);
	if (!is_server(&probe->settings))
		judge_path(probe, trip);
	else if (trip != PATH_LOST)
		judge_server(probe, CHECK_PASSED, "");
	else
		judge_server(probe, error == -ETIMEDOUT ? CHECK_TIMED_OUT : CHECK_FAILED,
		             strerror(-error));
}

static nsec_t
limit_of(const struct try *try)
{
	nsec_t timeout = try->probe->settings.timeout;

	return try->sent + (timeout > 0 ? timeout : try->probe->settings.interval);
}

void
tries_arm(struct probe *probe)
{
	nsec_t first = NSEC_NEVER;

	for (unsigned i = 0; i < TRIES_MAX; i++)
		if (probe->tries[i].under_way)
			first = nsec_min(first, limit_of(&probe->tries[i]));
	sd_event_source_set_time(probe->limit, (uint64_t)(first / NSEC_PER_USEC));
	sd_event_source_set_enabled(probe->limit,
	                            first == NSEC_NEVER ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
}

/* It has had its time and is lost; but a datagram was not refused. */
static void
end_unanswered(struct try *try)
{
	bool asks = try->probe->settings.kind == CHECK_ASK;

	end_try(try, asks ? clock_now() - try->sent : PATH_LOST, -ETIMEDOUT);
}

/* Look at the tries that may have had their time, the oldest first. */
static int
on_limit(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct probe *probe = owner;
	nsec_t now = clock_now();

	for (unsigned i = 1; i <= TRIES_MAX; i++) {
		struct try *try = &probe->tries[(probe->sequence + i) % TRIES_MAX];

		if (try->under_way && limit_of(try) <= now)
			end_unanswered(try);
	}
	tries_arm(probe);
	return 0;
}

static int
on_connected(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct try *try = owner;

	int r = probe_connected(fd);

	end_try(try, r == 0 ? clock_now() - try->sent : PATH_LOST, r);
	return 0;
}

/* ---- their beginning ------------------------------------------------------------------------ */

static struct probe_way
way_of(const struct probe *probe)
{
	return (struct probe_way){
		.target = probe->settings.target,
		.source = probe->settings.source,
		.interface = probe->settings.interface,
		.port = probe->settings.port,
	};
}

static int
start_connection(struct try *try)
{
	bool asks = try->probe->settings.kind == CHECK_ASK;
	struct probe_way way = way_of(try->probe);
	int fd = asks ? probe_ask(&way) : probe_connect(&way);
	int r;

	if (fd < 0)
		return fd;
	try->connection = fd;
	r = sd_event_add_io(try->probe->prober->post.event, &try->connecting, fd,
	                    asks ? EPOLLIN : EPOLLOUT, on_connected, try);
	if (r >= 0)
		r = sd_event_source_set_priority(try->connecting, FIRST_ANSWERS);
	return r;
}

static int
send_echo(struct try *try)
{
	const struct probe *probe = try->probe;
	uint8_t family = probe->settings.target.family;
	int socket = probe->prober->sockets[family == 6];
	struct probe_way way = way_of(probe);

	try->sequence = probe->sequence;
	if (getrandom(&try->cookie, sizeof(try->cookie), GRND_NONBLOCK) < 0)
		try->cookie = (uint64_t)clock_now();
	return socket < 0 ? -EPERM :
	       probe_send(socket, &way, &(struct echo){ family, probe->identifier, try->sequence,
	                                                try->cookie });
}

/* Does this machine lack something that it needs to connect to any server? */
static bool
is_our_own(const struct probe *probe, int error)
{
	return is_server(&probe->settings) &&
	       (error == -EMFILE || error == -ENFILE || error == -ENOMEM || error == -ENOBUFS);
}

/* A try that could not be made says nothing of the server. */
static void
pass_over(struct try *try, int error)
{
	struct prober *p = try->probe->prober;
	nsec_t now = clock_now();

	drop_try(try);
	if (p->complained != 0 && now - p->complained < COMPLAINT)
		return;
	p->complained = now;
	log_error("%s cannot be checked, and perhaps others: %s", try->probe->settings.name,
	          strerror(-error));
}

void
tries_start(struct probe *probe)
{
	struct try *try = &probe->tries[++probe->sequence % TRIES_MAX];
	int r;

	if (try->under_way)		/* there is room for no more */
		end_unanswered(try);
	try->under_way = true;
	try->sent = clock_now();
	r = probe->settings.kind == CHECK_ICMP ? send_echo(try) : start_connection(try);
	if (r < 0 && is_our_own(probe, r)) {
		pass_over(try, r);
	} else if (r < 0) {
		log_debug("%s: cannot probe: %s", probe->settings.name, strerror(-r));
		end_try(try, PATH_LOST, r);
	}
	tries_arm(probe);
}

/* ---- answers to echoes ---------------------------------------------------------------------- */

/* The answer to a try under way: identifier, sequence, cookie and source have to agree. */
static bool
is_answer(const struct probe *probe, const struct try *try, const struct ip *source,
          const struct echo *echo)
{
	return try->under_way && probe->settings.kind == CHECK_ICMP &&
	       probe->identifier == echo->identifier && try->sequence == echo->sequence &&
	       try->cookie == echo->cookie && ip_equal(&probe->settings.target, source);
}

static void
take_reply(struct prober *p, const struct ip *source, const struct echo *echo)
{
	for (size_t i = 0; i < p->echo_end; i++) {
		struct try *try = &p->probes[i]->tries[echo->sequence % TRIES_MAX];

		if (is_answer(p->probes[i], try, source, echo)) {
			end_try(try, clock_now() - try->sent, 0);
			return;
		}
	}
}

static int
on_replies(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct prober *p = owner;
	uint8_t family = fd == p->sockets[0] ? 4 : 6;

	for (unsigned i = 0; i < REPLIES_A_TURN; i++) {
		struct ip from;
		struct echo echo;
		int r = probe_receive(fd, family, &from, &echo);

		if (r == 0)
			break;
		if (r > 0)
			take_reply(p, &from, &echo);
	}
	return 0;
}

/* ---- start and stop ------------------------------------------------------------------------- */

int
tries_init(struct probe *probe)
{
	int r;

	for (unsigned i = 0; i < TRIES_MAX; i++)
		probe->tries[i] = (struct try){ .probe = probe, .connection = -1 };
	r = sd_event_add_time(probe->prober->post.event, &probe->limit, CLOCK_BOOTTIME, UINT64_MAX,
	                      1000, on_limit, probe);
	return r < 0 ? r : sd_event_source_set_enabled(probe->limit, SD_EVENT_OFF);
}

void
tries_drop(struct probe *probe)
{
	for (unsigned i = 0; i < TRIES_MAX; i++)
		drop_try(&probe->tries[i]);
}

void
tries_done(struct probe *probe)
{
	tries_drop(probe);
	probe->limit = sd_event_source_disable_unref(probe->limit);
}

void
tries_open(struct prober *p)
{
	for (unsigned i = 0; i < 2; i++) {
		sd_event_source *source = NULL;
		struct error error;

		p->sockets[i] = -1;
		if (probe_open(i == 0 ? 4 : 6, &p->sockets[i], &error) < 0) {
			log_warning("%s", error.text);
			continue;
		}
		if (sd_event_add_io(p->post.event, &source, p->sockets[i], EPOLLIN, on_replies,
		                    p) >= 0) {
			(void)sd_event_source_set_priority(source, FIRST_ANSWERS);
			(void)sd_event_source_set_floating(source, true);
		}
		sd_event_source_unref(source);
	}
}

void
tries_close(struct prober *p)
{
	for (unsigned i = 0; i < 2; i++)
		if (p->sockets[i] >= 0)
			close(p->sockets[i]);
}
