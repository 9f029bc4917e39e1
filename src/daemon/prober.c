/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prober's role: it finds out whether paths, processes, files and real servers are there, and
 * says when that changes.  One loop that waits for nothing else.  What counts as up is decided in
 * core/check, what follows from it in the engine.
 *
 * A probe is one thing tried every interval: a process, a file, the port of a real server, or a
 * monitor whose every answer, or lack of one, is judged by each of its policies.  A timeout may be
 * longer than the interval: then several tries are under way at once, TRIES_MAX at most, and the
 * oldest has had its time when one more is due.
 *
 * A UDP port is asked with a datagram of one byte that means nothing.  Silence is all that many
 * servers answer: it passes, and only what the network says of the port or the host is a failure.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "core/check.h"
#include "core/echo.h"
#include "core/names.h"
#include "daemon/post.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/privilege.h"
#include "system/probe.h"
#include "system/process.h"

#define START_DELAY (50 * NSEC_PER_MSEC)	/* until we know what a predecessor knew */
#define START_SPREAD NSEC_PER_SEC
#define REPLIES_A_TURN 256u
#define TRIES_MAX 16u			/* of one probe under way */
#define DESCRIPTORS (SETTINGS_GROUPS_MAX * TRIES_MAX + 64)
#define COMPLAINT (60 * NSEC_PER_SEC)	/* time between two about this machine */
#define FIRST_ANSWERS (-10)		/* priority: what has arrived is judged before time */

struct prober;
struct probe;

/* A monitor, or what looks after a server, asked and waits for the answer. */
struct try {
	struct probe *probe;
	bool under_way;
	nsec_t sent;
	uint16_t sequence;		/* echo ... */
	uint64_t cookie;
	int connection;			/* ... or a socket, -1 = none */
	struct sd_event_source *connecting;
};

struct probe {
	struct prober *prober;
	struct check_settings settings;
	uint32_t index;			/* in the settings of the post */
	bool present;
	struct sd_event_source *due;
	struct sd_event_source *limit;
	nsec_t next;			/* when the next try is due */
	struct check check;		/* process, file, port of a server */
	struct program_words pattern;	/* process ... */
	pid_t pid;			/* ... where it was last seen */
	uint16_t identifier;		/* a monitor's echo requests have this one */
	uint16_t sequence;		/* of the last */
	struct try tries[TRIES_MAX];	/* a monitor's; number n at n % TRIES_MAX */
};

struct policy {
	struct check_settings settings;
	uint32_t index;
	bool present;
	struct probe *probe;
	struct path path;
	struct check check;
};

/* Who looks after a check of the settings: one of both, or nobody here. */
struct watch {
	struct probe *probe;
	struct policy *policy;
};

struct prober {
	struct post post;
	int sockets[2];			/* echo: IPv4, IPv6; -1 = none */
	struct probe **probes;		/* echoes first, then processes, then all others */
	size_t probe_count;
	size_t echo_end, process_end;
	struct policy **policies;
	size_t policy_count;
	struct watch *watches;		/* by the number of the check */
	struct names names;		/* of the checks */
	uint16_t identifier;		/* of the monitor made last */
	nsec_t looked;			/* at every process, when */
	nsec_t complained;		/* of this machine, when; 0 = never */
};

/* ---- judging -------------------------------------------------------------------------------- */

/* One more result of a check: says and reports a change. */
static void
judge(struct prober *p, const struct check_settings *settings, uint32_t index,
      struct check *check, enum check_result result, const char *words)
{
	if (!check_note(check, settings->rise, settings->fall, result))
		return;
	log_notice("%s is %s%s%s", settings->name, check->state == CHECK_UP ? "up" : "down",
	           words[0] ? ": " : "", words);
	post_report(&p->post, index, check->state == CHECK_UP);
}

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
		judge(p, &policy->settings, policy->index, &policy->check,
		      path_judge(&policy->path, &limits), words);
	}
}

/* ---- monitors ------------------------------------------------------------------------------- */

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

/* The port of a real server, which is judged by itself. */
static bool
is_server(const struct check_settings *settings)
{
	return settings->kind == CHECK_CONNECT || settings->kind == CHECK_ASK;
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
		judge(probe->prober, &probe->settings, probe->index, &probe->check, CHECK_PASSED,
		      "");
	else
		judge(probe->prober, &probe->settings, probe->index, &probe->check,
		      error == -ETIMEDOUT ? CHECK_TIMED_OUT : CHECK_FAILED, strerror(-error));
}

static nsec_t
limit_of(const struct try *try)
{
	nsec_t timeout = try->probe->settings.timeout;

	return try->sent + (timeout > 0 ? timeout : try->probe->settings.interval);
}

/* Look at the tries again when the first of them has had its time. */
static void
arm_limit(struct probe *probe)
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
	arm_limit(probe);
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

/* Send the next probe; one that cannot be sent is lost. */
static void
start_try(struct probe *probe)
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
	arm_limit(probe);
}

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

/* ---- processes and files -------------------------------------------------------------------- */

/* One process of all: is it what some probe looks for? */
static void
recognise(void *owner, const struct process *process)
{
	struct prober *p = owner;

	for (size_t i = p->echo_end; i < p->process_end; i++) {
		struct probe *probe = p->probes[i];

		if (probe->pid == 0 && process_matches(process, &probe->pattern))
			probe->pid = process->pid;
	}
}

/*
 * Where it was seen last it costs little to see it again.  To look at every process costs more:
 * one look serves all probes that miss theirs, for half the interval of each.
 */
static void
look_for_process(struct probe *probe)
{
	struct prober *p = probe->prober;
	nsec_t now = clock_now();
	struct process process;

	if (probe->pid != 0 && !(process_read(probe->pid, &process) &&
	                         process_matches(&process, &probe->pattern)))
		probe->pid = 0;
	if (probe->pid == 0 && now - p->looked >= probe->settings.interval / 2) {
		p->looked = now;
		process_each(recognise, p);
	}
	judge(p, &probe->settings, probe->index, &probe->check,
	      probe->pid != 0 ? CHECK_PASSED : CHECK_FAILED,
	      probe->pid != 0 ? "" : "no such process runs");
}

static void
look_for_file(struct probe *probe)
{
	struct stat status;
	bool there = stat(probe->settings.text, &status) == 0;

	judge(probe->prober, &probe->settings, probe->index, &probe->check,
	      there ? CHECK_PASSED : CHECK_FAILED, there ? "" : strerror(errno));
}

/* ---- rhythm --------------------------------------------------------------------------------- */

static void
arm(struct probe *probe)
{
	sd_event_source_set_time(probe->due, (uint64_t)(probe->next / NSEC_PER_USEC));
	sd_event_source_set_enabled(probe->due, SD_EVENT_ONESHOT);
}

/* The next try keeps the rhythm, whatever was missed. */
static void
plan_next(struct probe *probe)
{
	nsec_t now = clock_now();
	nsec_t interval = probe->settings.interval;

	probe->next += interval;
	if (probe->next <= now)
		probe->next = now + interval - (now - probe->next) % interval;
	arm(probe);
}

static int
on_due(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct probe *probe = owner;

	plan_next(probe);
	switch ((enum check_kind)probe->settings.kind) {
	case CHECK_ICMP:
	case CHECK_TCP:
	case CHECK_CONNECT:
	case CHECK_ASK:
		start_try(probe);
		return 0;
	case CHECK_PROCESS:
		look_for_process(probe);
		return 0;
	case CHECK_FILE:
		look_for_file(probe);
		return 0;
	case CHECK_SCRIPT:		/* the runner's */
	case CHECK_POLICY:		/* hangs on its monitor */
	case CHECK_CONNSYNC:		/* flowsync's */
	case CHECK_KINDS:
		break;
	}
	assert(!"a kind that is tried");
	return 0;
}

/* ---- adopting ------------------------------------------------------------------------------- */

static void
free_probe(struct probe *probe)
{
	for (unsigned i = 0; i < TRIES_MAX; i++)
		drop_try(&probe->tries[i]);
	sd_event_source_disable_unref(probe->due);
	sd_event_source_disable_unref(probe->limit);
	free(probe);
}

static struct probe *
new_probe(struct prober *p, const struct check_settings *settings)
{
	struct probe **list = reallocarray(p->probes, p->probe_count + 1, sizeof(*list));
	struct probe *probe = calloc(1, sizeof(*probe));

	if (list)
		p->probes = list;
	if (!list || !probe) {
		free(probe);
		return NULL;
	}
	for (unsigned i = 0; i < TRIES_MAX; i++)
		probe->tries[i] = (struct try){ .probe = probe, .connection = -1 };
	probe->prober = p;
	probe->settings = *settings;
	probe->identifier = ++p->identifier;
	if (sd_event_add_time(p->post.event, &probe->due, CLOCK_BOOTTIME, UINT64_MAX, 1000,
	                      on_due, probe) < 0 ||
	    sd_event_add_time(p->post.event, &probe->limit, CLOCK_BOOTTIME, UINT64_MAX, 1000,
	                      on_limit, probe) < 0 ||
	    sd_event_source_set_enabled(probe->limit, SD_EVENT_OFF) < 0) {
		free_probe(probe);
		return NULL;
	}
	p->probes[p->probe_count++] = probe;
	return probe;
}

/* What was found out so far is about another thing now. */
static void
forget(struct probe *probe)
{
	for (unsigned i = 0; i < TRIES_MAX; i++)
		drop_try(&probe->tries[i]);
	probe->pid = 0;
	probe->check = (struct check){ 0 };
	for (size_t i = 0; i < probe->prober->policy_count; i++) {
		struct policy *policy = probe->prober->policies[i];

		if (policy->probe != probe)
			continue;
		policy->path = (struct path){ 0 };
		policy->check = (struct check){ 0 };
	}
}

static void
adopt_probe(struct prober *p, const struct settings *settings, uint32_t index)
{
	const struct check_settings *check = &settings_checks(settings)[index];
	struct probe *probe = p->watches[index].probe;
	bool is_new = !probe, same;
	struct error error;

	if (!probe)
		probe = new_probe(p, check);
	if (!probe) {
		log_error("%s: no memory to watch it", check->name);
		return;
	}
	p->watches[index].probe = probe;
	probe->present = true;
	probe->index = index;
	same = settings_same_check(&probe->settings, check);
	if (!same)
		forget(probe);
	if (is_new || !same || probe->settings.interval != check->interval) {
		/* The first try comes soon; many are spread over that while. */
		probe->next = clock_now() + START_DELAY +
		              nsec_min(check->interval, START_SPREAD) * index /
		              settings->check_count;
		arm(probe);
	}
	probe->settings = *check;
	arm_limit(probe);
	if (check->kind == CHECK_PROCESS &&
	    program_split(check->text, &probe->pattern, &error) < 0) {
		log_error("%s: %s", check->name, error.text);
		probe->pattern.count = 0;	/* nothing is like this */
	}
	if (probe->check.state != CHECK_UNKNOWN)
		post_report(&p->post, index, probe->check.state == CHECK_UP);
}

static struct policy *
new_policy(struct prober *p)
{
	struct policy **list = reallocarray(p->policies, p->policy_count + 1, sizeof(*list));
	struct policy *policy = calloc(1, sizeof(*policy));

	if (list)
		p->policies = list;
	if (!list || !policy) {
		free(policy);
		return NULL;
	}
	p->policies[p->policy_count++] = policy;
	return policy;
}

/* Its monitor stands before it in the settings, so it was adopted before. */
static void
adopt_policy(struct prober *p, const struct settings *settings, uint32_t index)
{
	const struct check_settings *check = &settings_checks(settings)[index];
	struct policy *policy = p->watches[index].policy;
	struct probe *probe = p->watches[check->monitor].probe;

	if (!policy)
		policy = new_policy(p);
	if (!policy) {
		log_error("%s: no memory to watch it", check->name);
		return;
	}
	p->watches[index].policy = policy;
	policy->present = true;
	policy->index = index;
	if (policy->probe != probe || policy->settings.window != check->window)
		policy->path = (struct path){ 0 };
	if (policy->probe != probe)
		policy->check = (struct check){ 0 };
	policy->probe = probe;
	policy->settings = *check;
	if (policy->check.state != CHECK_UNKNOWN)
		post_report(&p->post, index, policy->check.state == CHECK_UP);
}

/* Remove what is in the settings no more: policies first, they refer to probes. */
static void
sweep(struct prober *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->policy_count; i++) {
		if (p->policies[i]->present)
			p->policies[kept++] = p->policies[i];
		else
			free(p->policies[i]);
	}
	p->policy_count = kept;
	kept = 0;
	for (size_t i = 0; i < p->probe_count; i++) {
		if (p->probes[i]->present)
			p->probes[kept++] = p->probes[i];
		else
			free_probe(p->probes[i]);
	}
	p->probe_count = kept;
}

/* Bring those of a kind together, from here on; where they end is returned. */
static size_t
gather(struct prober *p, size_t end, enum check_kind kind)
{
	for (size_t i = end; i < p->probe_count; i++) {
		struct probe *probe = p->probes[i];

		if (probe->settings.kind != kind)
			continue;
		p->probes[i] = p->probes[end];
		p->probes[end++] = probe;
	}
	return end;
}

/* Which checks of these settings are looked after already?  None is adopted yet. */
static void
match_watches(struct prober *p, const struct settings *settings)
{
	free(p->watches);
	names_done(&p->names);
	p->watches = calloc(settings->check_count + 1u, sizeof(*p->watches));
	if (!p->watches || names_init(&p->names, settings_checks(settings),
	                              sizeof(struct check_settings), settings->check_count) < 0)
		assert(!"memory for some names");
	for (size_t i = 0; i < p->probe_count; i++) {
		int at = names_find(&p->names, p->probes[i]->settings.name);

		p->probes[i]->present = false;
		if (at >= 0)
			p->watches[at].probe = p->probes[i];
	}
	for (size_t i = 0; i < p->policy_count; i++) {
		int at = names_find(&p->names, p->policies[i]->settings.name);

		p->policies[i]->present = false;
		if (at >= 0)
			p->watches[at].policy = p->policies[i];
	}
}

static void
on_adopt(void *owner, const struct settings *settings)
{
	struct prober *p = owner;

	match_watches(p, settings);
	for (uint32_t i = 0; i < settings->check_count; i++) {
		switch ((enum check_kind)settings_checks(settings)[i].kind) {
		case CHECK_PROCESS:
		case CHECK_FILE:
		case CHECK_ICMP:
		case CHECK_TCP:
		case CHECK_CONNECT:
		case CHECK_ASK:
			adopt_probe(p, settings, i);
			break;
		case CHECK_POLICY:
			adopt_policy(p, settings, i);
			break;
		case CHECK_SCRIPT:	/* the runner's */
		case CHECK_CONNSYNC:	/* flowsync's */
		case CHECK_KINDS:
			p->watches[i] = (struct watch){ 0 };
			break;
		}
	}
	sweep(p);
	p->echo_end = gather(p, 0, CHECK_ICMP);
	p->process_end = gather(p, p->echo_end, CHECK_PROCESS);
}

/* ---- start and stop ------------------------------------------------------------------------- */

/* What our predecessor had found out. */
static void
on_message(void *owner, const struct channel_message *message)
{
	struct prober *p = owner;
	int at = message->kind == CHANNEL_TRACK && p->watches ?
	         names_find(&p->names, message->text) : -1;

	if (at < 0)
		return;
	if (p->watches[at].policy)
		check_seed(&p->watches[at].policy->check, message->up == 1);
	else if (p->watches[at].probe)
		check_seed(&p->watches[at].probe->check, message->up == 1);
}

static void
on_stop(void *owner)
{
	struct prober *p = owner;

	sd_event_exit(p->post.event, 0);
}

/* A family the kernel does not have is no reason to do without the other. */
static void
open_sockets(struct prober *p)
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

int
prober_main(const struct role_options *options, int channel)
{
	static const struct post_calls calls = {
		.on_adopt = on_adopt,
		.on_message = on_message,
		.on_stop = on_stop,
	};
	struct prober p = { 0 };
	struct error error;

	privilege_open_files(DESCRIPTORS);
	if (post_open(&p.post, "prober", options, channel, &calls, &p, &error) < 0 ||
	    privilege_drop_prober(options->user, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}
	(void)!getrandom(&p.identifier, sizeof(p.identifier), GRND_NONBLOCK);
	open_sockets(&p);

	int status = post_run(&p.post);

	for (size_t i = 0; i < p.policy_count; i++)
		free(p.policies[i]);
	for (size_t i = 0; i < p.probe_count; i++)
		free_probe(p.probes[i]);
	free(p.policies);
	free(p.probes);
	free(p.watches);
	names_done(&p.names);
	for (unsigned i = 0; i < 2; i++)
		if (p.sockets[i] >= 0)
			close(p.sockets[i]);
	post_close(&p.post);
	return status;
}
