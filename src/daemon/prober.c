/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The prober's role: it finds out whether paths, processes, files and real servers are there, and
 * says when that changes.  One loop that waits for nothing else.  What counts as up is decided in
 * core/check, what follows from it in the engine.
 *
 * A probe is one thing tried every interval: a process, a file, the port of a real server, or a
 * monitor whose every answer, or lack of one, is judged by each of its policies.  What is asked of
 * the network is a matter of daemon/tries.
 */
#include "daemon/prober_inside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "base/log.h"
#include "daemon/roles.h"
#include "daemon/tries.h"
#include "system/clock.h"
#include "system/privilege.h"

#define START_DELAY (50 * NSEC_PER_MSEC)	/* until we know what a predecessor knew */
#define START_SPREAD NSEC_PER_SEC
#define DESCRIPTORS (SETTINGS_GROUPS_MAX * TRIES_MAX + 64)

void
prober_judge(struct prober *p, const struct check_settings *settings, uint32_t index,
             struct check *check, enum check_result result, const char *words)
{
	if (!check_note(check, settings->rise, settings->fall, result))
		return;
	log_notice("%s is %s%s%s", settings->name, check->state == CHECK_UP ? "up" : "down",
	           words[0] ? ": " : "", words);
	post_report(&p->post, index, check->state == CHECK_UP);
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
	prober_judge(p, &probe->settings, probe->index, &probe->check,
	             probe->pid != 0 ? CHECK_PASSED : CHECK_FAILED,
	             probe->pid != 0 ? "" : "no such process runs");
}

static void
look_for_file(struct probe *probe)
{
	struct stat status;
	bool there = stat(probe->settings.text, &status) == 0;

	prober_judge(probe->prober, &probe->settings, probe->index, &probe->check,
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
		tries_start(probe);
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
	tries_done(probe);
	sd_event_source_disable_unref(probe->due);
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
	probe->prober = p;
	probe->settings = *settings;
	probe->identifier = ++p->identifier;
	if (tries_init(probe) < 0 ||
	    sd_event_add_time(p->post.event, &probe->due, CLOCK_BOOTTIME, UINT64_MAX, 1000,
	                      on_due, probe) < 0) {
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
	tries_drop(probe);
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
	tries_arm(probe);
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
	tries_open(&p);

	int status = post_run(&p.post);

	for (size_t i = 0; i < p.policy_count; i++)
		free(p.policies[i]);
	for (size_t i = 0; i < p.probe_count; i++)
		free_probe(p.probes[i]);
	free(p.policies);
	free(p.probes);
	free(p.watches);
	names_done(&p.names);
	tries_close(&p);
	post_close(&p.post);
	return status;
}
