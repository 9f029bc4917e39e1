/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The runner's role: it runs programs and nothing else.  Transition scripts, one at a time and in
 * order for each group (core/errand), and check scripts, never two of one check at once (core/check
 * judges).  Whether a group is master is not its business, nor what a check is good for.
 *
 * Groups are known by interface, number and family, checks by name: what an adopt does not change
 * goes on untouched.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include "base/log.h"
#include "core/check.h"
#include "core/errand.h"
#include "core/names.h"
#include "core/status.h"
#include "daemon/post.h"
#include "daemon/roles.h"
#include "daemon/run.h"
#include "system/clock.h"
#include "system/privilege.h"

#define TRANSITIONS_AT_ONCE 16u
#define CHECKS_AT_ONCE 32u
#define TRANSITION_TIMEOUT (30 * NSEC_PER_SEC)
#define TRANSITION_GRACE NSEC_PER_SEC		/* to end when asked to */
#define CHECK_GRACE (100 * NSEC_PER_MSEC)
#define STOP_HURRY (2 * NSEC_PER_SEC)		/* for what runs when the service stops */
#define STOP_PATIENCE (5 * NSEC_PER_SEC)	/* for everything then */
#define START_DELAY (50 * NSEC_PER_MSEC)	/* until we know what a predecessor knew */
#define START_SPREAD NSEC_PER_SEC

struct runner;

/* The transition scripts of one group. */
struct errands {
	struct runner *runner;
	char interface[NAME_SIZE];
	uint8_t vrid;
	uint8_t family;
	bool present;			/* in the settings; else it goes when idle */
	struct errand errand;
	struct program_settings programs[GROUP_SCRIPTS];	/* "" = none */
	struct run *run;
	nsec_t started;
};

/* One check script. */
struct trial {
	struct runner *runner;
	struct check_settings settings;
	uint32_t index;			/* in the settings of the post */
	bool present;
	struct check check;
	struct sd_event_source *timer;
	nsec_t next;			/* when the next try is due */
	bool waiting;			/* it is, but too many run */
	struct run *run;
};

struct runner {
	struct post post;
	struct errands **errands;
	size_t errand_count;
	struct trial **trials;
	size_t trial_count;
	struct trial **by_check;	/* by the number of the check; NULL = not ours */
	struct names names;		/* of the checks */
	unsigned transitions_running;
	unsigned checks_running;
	bool stopping;
};

static void start_waiting(struct runner *r);

/* ---- transition scripts --------------------------------------------------------------------- */

static void
name_errand(const struct errands *e, uint8_t script, char *label, size_t size)
{
	snprintf(label, size, "%s group %u%s: %s script", e->interface, e->vrid,
	         e->family == 6 ? " (IPv6)" : "", errand_script_name(script));
}

/* The script of this state ended, or there is none: the engine keeps it for our successor. */
static void
record(struct errands *e)
{
	struct channel_message about = { .vrid = e->vrid, .family = e->family };

	errand_done(&e->errand);
	memcpy(about.interface, e->interface, sizeof(about.interface));
	about.script = e->errand.recorded;
	about.sequence = e->errand.sequence;
	post_report_ran(&e->runner->post, &about);
}

static void
on_transition_timeout(void *owner)
{
	const struct errands *e = owner;
	char label[96];

	name_errand(e, e->errand.running, label, sizeof(label));
	log_warning("%s takes too long and is ended", label);
}

static void
on_transition_end(void *owner, int status, bool timed_out)
{
	struct errands *e = owner;
	long long took = (long long)((clock_now() - e->started) / NSEC_PER_MSEC);
	char label[96];

	name_errand(e, e->errand.running, label, sizeof(label));
	if (WIFSIGNALED(status))
		log_warning("%s was ended by signal %d after %lld ms", label, WTERMSIG(status),
		            took);
	else if (WEXITSTATUS(status) != 0 || timed_out)
		log_warning("%s ended with status %d after %lld ms", label, WEXITSTATUS(status),
		            took);
	else
		log_info("%s ended after %lld ms", label, took);
	e->run = NULL;
	e->runner->transitions_running--;
	record(e);
	start_waiting(e->runner);
}

/* Start this script; false when it cannot be. */
static bool
start_transition(struct errands *e, uint8_t script)
{
	static const struct run_calls calls = {
		.on_timeout = on_transition_timeout,
		.on_end = on_transition_end,
	};
	const struct program_settings *settings = &e->programs[script];
	const char *state = errand_script_name(script);
	char vrid[8], label[96], variables[6][160];
	const char *environment[ARRAY_SIZE(variables) + 1] = { NULL };
	const char *arguments[] = { state, e->interface, vrid, NULL };
	struct program program = {
		.command = settings->command,
		.arguments = arguments,
		.environment = environment,
		.user = settings->user,
	};
	struct run_options options = {
		.label = label,
		.level = LOG_INFO_LEVEL,
		.timeout = e->runner->stopping ? STOP_HURRY : TRANSITION_TIMEOUT,
		.grace = TRANSITION_GRACE,
	};
	struct error error;

	name_errand(e, script, label, sizeof(label));
	snprintf(vrid, sizeof(vrid), "%u", e->vrid);
	snprintf(variables[0], sizeof(variables[0]), "TANDEM_STATE=%s", state);
	snprintf(variables[1], sizeof(variables[1]), "TANDEM_INTERFACE=%s", e->interface);
	snprintf(variables[2], sizeof(variables[2]), "TANDEM_GROUP=%s", vrid);
	snprintf(variables[3], sizeof(variables[3]), "TANDEM_FAMILY=%u", e->family);
	snprintf(variables[4], sizeof(variables[4]), "TANDEM_SEQUENCE=%llu",
	         (unsigned long long)e->errand.sequence);
	snprintf(variables[5], sizeof(variables[5]), "TANDEM_REASON=%s",
	         vrouter_reason_text(e->errand.reason));
	for (size_t i = 0; i < ARRAY_SIZE(variables); i++)
		environment[i] = variables[i];
	if (run_start(e->runner->post.event, &program, &options, &calls, e, &e->run, &error) < 0) {
		log_error("%s: %s", label, error.text);
		return false;
	}
	e->started = clock_now();
	e->runner->transitions_running++;
	return true;
}

/* Start what is next for this group, passing over states without a script. */
static void
go_on(struct errands *e)
{
	uint8_t script;

	while (e->runner->transitions_running < TRANSITIONS_AT_ONCE &&
	       (script = errand_next(&e->errand)) != ERRAND_NONE)
		if (!e->programs[script].command[0] || !start_transition(e, script))
			record(e);
}

static struct errands *
find_errands(const struct runner *r, const char *interface, unsigned vrid, uint8_t family)
{
	for (size_t i = 0; i < r->errand_count; i++) {
		struct errands *e = r->errands[i];

		if (e->vrid == vrid && e->family == family &&
		    strncmp(e->interface, interface, sizeof(e->interface)) == 0)
			return e;
	}
	return NULL;
}

/* A group came to a state. */
static void
on_state(struct runner *r, const struct channel_message *message)
{
	struct errands *e = find_errands(r, message->interface, message->vrid, message->family);

	if (!e || message->state >= VROUTER_STATES)
		return;
	/* We are new, or the group is: the engine remembers what ran. */
	if (e->errand.sequence == 0 && e->errand.recorded == ERRAND_NONE &&
	    message->script < ERRAND_NONE)
		errand_init(&e->errand, message->script);
	errand_want(&e->errand, errand_script(message->state, message->reason), message->reason,
	            message->sequence);
	go_on(e);
}

/* ---- check scripts -------------------------------------------------------------------------- */

static void
arm(struct trial *t)
{
	sd_event_source_set_time(t->timer, (uint64_t)(t->next / NSEC_PER_USEC));
	sd_event_source_set_enabled(t->timer, SD_EVENT_ONESHOT);
}

/* The next try keeps the rhythm, whatever was missed. */
static void
plan_next(struct trial *t)
{
	nsec_t now = clock_now();

	t->next += t->settings.interval;
	if (t->next <= now)
		t->next = now + t->settings.interval -
		          (now - t->next) % t->settings.interval;
	arm(t);
}

static void
judge(struct trial *t, enum check_result result, const char *words)
{
	if (!check_note(&t->check, t->settings.rise, t->settings.fall, result))
		return;
	if (t->check.state == CHECK_UP)
		log_notice("%s is up", t->settings.name);
	else
		log_notice("%s is down: it %s%s%s", t->settings.name, check_result_text(result),
		           words[0] ? ": " : "", words);
	post_report(&t->runner->post, t->index, t->check.state == CHECK_UP);
}

static void
on_trial_timeout(void *owner)
{
	judge(owner, CHECK_TIMED_OUT, "");
}

static void
on_trial_end(void *owner, int status, bool timed_out)
{
	struct trial *t = owner;
	bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;

	if (!timed_out)
		judge(t, passed ? CHECK_PASSED : CHECK_FAILED, run_last_line(t->run));
	t->run = NULL;
	t->runner->checks_running--;
	start_waiting(t->runner);
}

static void
start_trial(struct trial *t)
{
	static const struct run_calls calls = {
		.on_timeout = on_trial_timeout,
		.on_end = on_trial_end,
	};
	static const char *const nothing[] = { NULL };
	struct program program = {
		.command = t->settings.text,
		.arguments = nothing,
		.environment = nothing,
		.user = t->settings.user,
	};
	struct run_options options = {
		.label = t->settings.name,
		.level = LOG_DEBUG_LEVEL,
		.timeout = t->settings.timeout > 0 ? t->settings.timeout : t->settings.interval,
		.grace = CHECK_GRACE,
		.sweep = true,
	};
	struct error error;

	t->waiting = false;
	if (run_start(t->runner->post.event, &program, &options, &calls, t, &t->run, &error) < 0)
		judge(t, CHECK_FAILED, error.text);
	else
		t->runner->checks_running++;
}

static int
on_trial_due(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct trial *t = owner;

	plan_next(t);
	if (t->run)
		return 0;		/* the last one is not over: its timeout speaks for it */
	t->waiting = true;
	if (t->runner->checks_running < CHECKS_AT_ONCE)
		start_trial(t);
	return 0;
}

/* ---- both ----------------------------------------------------------------------------------- */

static void
free_errands(struct errands *e)
{
	run_abandon(e->run);
	free(e);
}

static void
free_trial(struct trial *t)
{
	if (t->run)
		t->runner->checks_running--;
	run_abandon(t->run);
	sd_event_source_disable_unref(t->timer);
	free(t);
}

/* Groups that left the settings and have nothing to run any more are forgotten. */
static void
sweep_errands(struct runner *r)
{
	size_t kept = 0;

	for (size_t i = 0; i < r->errand_count; i++) {
		struct errands *e = r->errands[i];

		if (e->present || !errand_is_idle(&e->errand))
			r->errands[kept++] = e;
		else
			free_errands(e);
	}
	r->errand_count = kept;
}

/* A place is free: whoever waits for one, and the end of the service. */
static void
start_waiting(struct runner *r)
{
	bool idle = true;

	for (size_t i = 0; i < r->errand_count; i++) {
		go_on(r->errands[i]);
		idle = idle && errand_is_idle(&r->errands[i]->errand);
	}
	for (size_t i = 0; i < r->trial_count && r->checks_running < CHECKS_AT_ONCE; i++)
		if (r->trials[i]->waiting && !r->stopping)
			start_trial(r->trials[i]);
	sweep_errands(r);
	if (r->stopping && idle)
		sd_event_exit(r->post.event, 0);
}

/* ---- adopting ------------------------------------------------------------------------------- */

static struct errands *
new_errands(struct runner *r, const char *interface, const struct group_settings *group)
{
	struct errands **list = reallocarray(r->errands, r->errand_count + 1, sizeof(*list));
	struct errands *e = calloc(1, sizeof(*e));

	if (list)
		r->errands = list;
	if (!list || !e) {
		free(e);
		return NULL;
	}
	e->runner = r;
	memcpy(e->interface, interface, sizeof(e->interface));
	e->vrid = group->vrid;
	e->family = group->family;
	errand_init(&e->errand, ERRAND_NONE);
	r->errands[r->errand_count++] = e;
	return e;
}

static void
adopt_group(struct runner *r, const struct settings *settings, const struct group_settings *group)
{
	const char *interface = settings_link_of(settings, group)->name;
	struct errands *e = find_errands(r, interface, group->vrid, group->family);
	bool any = false;

	for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
		any = any || group->scripts[i] >= 0;
	if (!any && !e)
		return;
	if (!e)
		e = new_errands(r, interface, group);
	if (!e) {
		log_error("group %s %u: no memory for its scripts", interface, group->vrid);
		return;
	}
	e->present = any;		/* without scripts it is as good as gone, and silent */
	memset(e->programs, 0, sizeof(e->programs));
	for (unsigned i = 0; i < GROUP_SCRIPTS; i++)
		if (group->scripts[i] >= 0)
			e->programs[i] = settings_programs(settings)[group->scripts[i]];
}

/* Groups that are no longer there have stopped. */
static void
adopt_groups(struct runner *r, const struct settings *settings)
{
	for (size_t i = 0; i < r->errand_count; i++)
		r->errands[i]->present = false;
	for (uint32_t i = 0; i < settings->group_count; i++)
		adopt_group(r, settings, &settings_groups(settings)[i]);
	for (size_t i = 0; i < r->errand_count; i++) {
		struct errands *e = r->errands[i];

		if (!e->present)
			errand_want(&e->errand, SCRIPT_STOP, REASON_STOPPED,
			            e->errand.sequence + 1);
	}
}

static struct trial *
new_trial(struct runner *r, const struct check_settings *settings)
{
	struct trial **list = reallocarray(r->trials, r->trial_count + 1, sizeof(*list));
	struct trial *t = calloc(1, sizeof(*t));

	if (list)
		r->trials = list;
	if (!list || !t ||
	    sd_event_add_time(r->post.event, &t->timer, CLOCK_BOOTTIME, UINT64_MAX, 1000,
	                      on_trial_due, t) < 0) {
		free(t);
		return NULL;
	}
	t->runner = r;
	t->settings = *settings;
	r->trials[r->trial_count++] = t;
	return t;
}

/* The first try comes soon; many checks are spread over that while. */
static void
plan_first(struct trial *t, uint32_t index, uint32_t count)
{
	t->next = clock_now() + START_DELAY +
	          nsec_min(t->settings.interval, START_SPREAD) * index / count;
	arm(t);
}

static void
adopt_check(struct runner *r, const struct settings *settings, uint32_t index)
{
	const struct check_settings *check = &settings_checks(settings)[index];
	struct trial *t = r->by_check[index];
	bool is_new = !t;

	if (!t)
		t = new_trial(r, check);
	if (!t) {
		log_error("%s: no memory to run it", check->name);
		return;
	}
	r->by_check[index] = t;
	t->present = true;
	t->index = index;
	/* Another program: what the old one said means nothing now. */
	if (!settings_same_check(&t->settings, check)) {
		r->checks_running -= t->run != NULL;
		run_abandon(t->run);
		t->run = NULL;
		t->check = (struct check){ 0 };
		is_new = true;
	}
	if (is_new || t->settings.interval != check->interval) {
		t->settings = *check;
		plan_first(t, index, settings->check_count);
	}
	t->settings = *check;
	if (t->check.state != CHECK_UNKNOWN)
		post_report(&r->post, index, t->check.state == CHECK_UP);
}

/* Which checks of these settings are tried already?  None is adopted yet. */
static void
match_trials(struct runner *r, const struct settings *settings)
{
	free(r->by_check);
	names_done(&r->names);
	r->by_check = calloc(settings->check_count + 1u, sizeof(struct trial *));
	if (!r->by_check || names_init(&r->names, settings_checks(settings),
	                               sizeof(struct check_settings), settings->check_count) < 0)
		assert(!"memory for some names");
	for (size_t i = 0; i < r->trial_count; i++) {
		int at = names_find(&r->names, r->trials[i]->settings.name);

		r->trials[i]->present = false;
		if (at >= 0 && settings_checks(settings)[at].kind == CHECK_SCRIPT)
			r->by_check[at] = r->trials[i];
	}
}

static void
adopt_checks(struct runner *r, const struct settings *settings)
{
	size_t kept = 0;

	match_trials(r, settings);
	for (uint32_t i = 0; i < settings->check_count; i++)
		if (settings_checks(settings)[i].kind == CHECK_SCRIPT)
			adopt_check(r, settings, i);
	for (size_t i = 0; i < r->trial_count; i++) {
		if (r->trials[i]->present)
			r->trials[kept++] = r->trials[i];
		else
			free_trial(r->trials[i]);
	}
	r->trial_count = kept;
}

static void
on_adopt(void *owner, const struct settings *settings)
{
	struct runner *r = owner;

	if (r->stopping)
		return;
	adopt_groups(r, settings);
	adopt_checks(r, settings);
	start_waiting(r);
}

static void
on_message(void *owner, const struct channel_message *message)
{
	struct runner *r = owner;
	int at = message->kind == CHANNEL_TRACK && r->trial_count > 0 ?
	         names_find(&r->names, message->text) : -1;

	if (message->kind == CHANNEL_STATE)
		on_state(r, message);
	if (at >= 0 && r->by_check[at])
		check_seed(&r->by_check[at]->check, message->up == 1);
}

/* ---- stopping ------------------------------------------------------------------------------- */

static int
on_patience_end(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	struct runner *r = owner;

	log_warning("some scripts do not end; they are ended");
	return sd_event_exit(r->post.event, 0);
}

/*
 * The engine is gone and has said why; every group has stopped, also where it could not say so.
 * Stop scripts run; what runs already is given a moment.
 */
static void
on_stop(void *owner)
{
	struct runner *r = owner;

	post_drain(&r->post);
	r->stopping = true;
	for (size_t i = 0; i < r->trial_count; i++)
		free_trial(r->trials[i]);
	r->trial_count = 0;
	for (size_t i = 0; i < r->errand_count; i++) {
		struct errands *e = r->errands[i];

		if (e->run)
			run_hurry(e->run, STOP_HURRY);
		errand_want(&e->errand, SCRIPT_STOP, REASON_STOPPED, e->errand.sequence + 1);
	}
	if (sd_event_add_time_relative(r->post.event, NULL, CLOCK_BOOTTIME,
	                               (uint64_t)(STOP_PATIENCE / NSEC_PER_USEC), 0,
	                               on_patience_end, r) < 0)
		sd_event_exit(r->post.event, 0);
	start_waiting(r);
}

int
runner_main(const struct role_options *options, int channel)
{
	static const struct post_calls calls = {
		.on_adopt = on_adopt,
		.on_message = on_message,
		.on_stop = on_stop,
	};
	struct runner r = { 0 };
	struct error error;
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGCHLD);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	if (post_open(&r.post, "runner", options, channel, &calls, &r, &error) < 0 ||
	    privilege_drop_runner(options->user, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}

	int status = post_run(&r.post);

	for (size_t i = 0; i < r.errand_count; i++)
		free_errands(r.errands[i]);
	free(r.errands);
	free(r.trials);
	free(r.by_check);
	names_done(&r.names);
	post_close(&r.post);
	return status;
}
