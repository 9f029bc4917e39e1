/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The role that keeps the kernel's load balancer as the virtual servers are configured, on master
 * and backup alike.  It checks nothing itself: scripts are the runner's, ports the prober's, and
 * the engine hands on what they find.  What the table should be, and how it gets there, is decided
 * in core/balance; what it is now the kernel says each time, so that nothing has to be remembered.
 *
 * A change of the settings that concerns no virtual server asks the kernel nothing.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "base/log.h"
#include "core/balance.h"
#include "core/names.h"
#include "daemon/balancedoor.h"
#include "daemon/post.h"
#include "daemon/roles.h"
#include "system/clock.h"
#include "system/ipvs.h"
#include "system/privilege.h"

#define SOON_USEC 10000u		/* what comes together is done together */
#define ACCURACY_USEC 1000u
#define LOOK_USEC 5000000u		/* others may change the table, and nobody says so */

/* What is known of a real server of the settings. */
struct real {
	char check[OBJECT_NAME_SIZE];	/* the name by which it is known */
	uint8_t state;			/* enum check_state */
	nsec_t changed;
	int error;			/* what the kernel said of it, 0 = nothing */
};

/* What is numbered by the settings. */
struct lists {
	struct real *reals;
	uint32_t real_count;
	int *errors;			/* per virtual server: as above */
	struct names names;		/* of checks */
};

struct balancer {
	struct post post;
	int hatch;
	const struct settings *settings;
	struct lists now;
	struct ipvs *ipvs;		/* NULL: not opened, or not there */
	struct sd_event_source *timer;
	char trouble[256];		/* why nothing works */
	int undone;			/* error of what could not be removed, 0 = nothing */
	int remembered;			/* error of ipvs_forget_removed(), 0 = it works */
	struct balancedoor_record *records;	/* as they were told last */
	uint32_t record_count;
};

/* Look at the table in so long a time, or when it is to be looked at anyway before. */
static void
set_timer(struct balancer *b, uint64_t usec)
{
	uint64_t now = 0, at = 0;
	int waits = SD_EVENT_OFF;

	(void)sd_event_source_get_enabled(b->timer, &waits);
	(void)sd_event_source_get_time(b->timer, &at);
	(void)sd_event_now(b->post.event, CLOCK_BOOTTIME, &now);
	if (waits != SD_EVENT_OFF && at <= now + usec)
		return;
	sd_event_source_set_time_relative(b->timer, usec);
	sd_event_source_set_enabled(b->timer, SD_EVENT_ONESHOT);
}

/* ---- wishes --------------------------------------------------------------------------------- */

/* The table that the settings and the checks ask for; services and destinations have the numbers
 * of their settings. */
static void
make_wish(const struct balancer *b, struct balance_table *ret)
{
	uint32_t servers = b->settings ? b->settings->virtual_count : 0;
	uint32_t reals = b->settings ? b->settings->real_count : 0;

	ret->services = calloc(servers + 1u, sizeof(*ret->services));
	ret->dests = calloc(reals + 1u, sizeof(*ret->dests));
	assert(ret->services && ret->dests);
	ret->service_count = servers;
	ret->dest_count = reals;
	for (uint32_t i = 0; i < servers; i++) {
		const struct virtual_settings *server = &settings_virtuals(b->settings)[i];

		ret->services[i] = balance_service(server);
		ret->services[i].number = i;
		ret->services[i].first = server->real_first;
		ret->services[i].count = server->real_count;
		for (uint32_t k = server->real_first; k < server->real_first + server->real_count;
		     k++) {
			ret->dests[k] = balance_dest(server, &settings_reals(b->settings)[k],
			                             b->now.reals[k].state);
			ret->dests[k].number = k;
		}
	}
	balance_sort(ret);
}

/* ---- steps ---------------------------------------------------------------------------------- */

/* What became of the steps of one turn. */
struct turn {
	struct balancer *b;
	struct lists *now;
	const char *problem;		/* name of the first virtual server with one */
	int error;
	unsigned problems;
	unsigned steps;
	int undone;			/* why something could not be removed, and what that is */
	char remnant[96];
};

static const char *
error_text(int error)
{
	return error == -EEXIST ? "another program has it in the kernel" : strerror(-error);
}

/* Say it once, and keep it for "show". */
static void
note_error(struct turn *turn, uint32_t server, int *at, const char *what, int error)
{
	const char *name = settings_virtuals(turn->b->settings)[server].name;

	if (error < 0 && *at != error)
		log_error("virtual server %s: %s: %s", name, what, error_text(error));
	*at = error;
	if (error == 0)
		return;
	if (turn->problems++ == 0) {
		turn->problem = name;
		turn->error = error;
	}
}

static void
log_dest(const struct turn *turn, const struct balance_step *step)
{
	const char *name = settings_virtuals(turn->b->settings)[step->service->number].name;
	char text[IP_TEXT_SIZE];

	ip_text(&step->dest.address, text);
	if (step->kind == BALANCE_DELETE_DEST)
		log_notice("virtual server %s: %s is taken out", name, text);
	else if (step->dest.weight == 0)
		log_notice("virtual server %s: %s gets no new connections", name, text);
	else
		log_notice("virtual server %s: %s gets connections, weight %u", name, text,
		           step->dest.weight);
}

/* What could not be removed first is named. */
static void
note_remnant(struct turn *turn, const struct balance_step *step, int error)
{
	const struct balance_service *service = step->service;
	char text[IP_TEXT_SIZE], server[64];

	if (error >= 0 || error == -ESRCH || turn->undone < 0)
		return;
	turn->undone = error;
	if (service->mark)
		snprintf(server, sizeof(server), "mark %u", service->mark);
	else
		snprintf(server, sizeof(server), "%s port %u", ip_text(&service->address, text),
		         service->port);
	if (step->kind == BALANCE_DELETE_DEST)
		snprintf(turn->remnant, sizeof(turn->remnant), "%s of %s",
		         ip_text(&step->dest.address, text), server);
	else
		snprintf(turn->remnant, sizeof(turn->remnant), "%s", server);
}

/* A step about a service or destination that is wished for. */
static bool
on_wished_step(struct turn *turn, const struct balance_step *step)
{
	uint32_t server = step->service->number;
	int r = step->kind == BALANCE_TAKEN ? -EEXIST : ipvs_apply(turn->b->ipvs, step);

	if (step->kind < BALANCE_ADD_DEST || step->kind == BALANCE_TAKEN) {
		note_error(turn, server, &turn->now->errors[server], "the kernel refuses it", r);
		if (r == 0 && step->kind == BALANCE_ADD_SERVICE)
			log_info("virtual server %s is there",
			         settings_virtuals(turn->b->settings)[server].name);
		return r == 0;
	}
	if (r == 0)
		log_dest(turn, step);
	if (step->kind == BALANCE_DELETE_DEST)
		note_remnant(turn, step, r);
	else
		note_error(turn, server, &turn->now->reals[step->dest.number].error,
		           "the kernel refuses a real server", r);
	return r == 0;
}

static bool
on_step(void *owner, const struct balance_step *step)
{
	struct turn *turn = owner;
	int r;

	turn->steps++;
	if (step->kind != BALANCE_DELETE_SERVICE)
		return on_wished_step(turn, step);
	r = ipvs_apply(turn->b->ipvs, step);
	note_remnant(turn, step, r);
	return r == 0;
}

/* What was refused in an earlier turn and is asked for no more, or anew, is no error now. */
static void
forget_errors(struct turn *turn, const struct balance_table *wish,
              const struct balance_table *world)
{
	for (uint32_t i = 0; i < wish->service_count; i++) {
		const struct balance_service *service = &wish->services[i];
		const struct balance_service *found = balance_find(world, service);

		if (found && found->flags == service->flags &&
		    found->algorithm == service->algorithm &&
		    found->persistence == service->persistence)
			turn->now->errors[service->number] = 0;
		for (uint32_t k = 0; k < service->count; k++) {
			const struct balance_dest *dest = &wish->dests[service->first + k];

			if (dest->want == BALANCE_OUT || dest->want == BALANCE_AS_IS ||
			    (found && balance_find_dest(world, found, dest)))
				turn->now->reals[dest->number].error = 0;
		}
	}
}

static void
report(struct balancer *b, const struct turn *turn)
{
	char text[512] = "";

	if (b->trouble[0])
		snprintf(text, sizeof(text), "Virtual servers do not work: %s", b->trouble);
	else if (turn && turn->problems == 1)
		snprintf(text, sizeof(text), "Virtual server %s is not as configured: %s; see "
		         "show virtual-server %s", turn->problem, error_text(turn->error),
		         turn->problem);
	else if (turn && turn->problems > 1)
		snprintf(text, sizeof(text), "Virtual server %s and %u more are not as configured: "
		         "see show virtual-server", turn->problem, turn->problems - 1);
	else if (turn && turn->undone < 0)
		snprintf(text, sizeof(text), "The kernel does not remove virtual server %s: %s",
		         turn->remnant, strerror(-turn->undone));
	post_report_problems(&b->post, text);
}

/* Nothing works for this reason. */
static void
fail(struct balancer *b, const char *why)
{
	if (strcmp(b->trouble, why) != 0)
		log_error("virtual servers do not work: %s", why);
	snprintf(b->trouble, sizeof(b->trouble), "%s", why);
	ipvs_close(b->ipvs);
	b->ipvs = NULL;
	report(b, NULL);
}

static bool
open_kernel(struct balancer *b)
{
	struct error error;

	if (b->ipvs)
		return true;
	if (ipvs_open(&b->ipvs, &error) == 0)
		return true;
	fail(b, error.code == -ENOENT ? "the kernel has no IPVS; load its module ip_vs" :
	     error.text);
	return false;
}

/* As long as we have virtual servers, clients of one that is taken out get another at once. */
static void
forget_removed(struct balancer *b, bool wanted)
{
	int r = ipvs_forget_removed(wanted);

	if (r < 0 && wanted && r != b->remembered)
		log_warning("net.ipv4.vs.expire_nodest_conn cannot be set: %s; whom the kernel "
		            "remembers stays with a server that is taken out", strerror(-r));
	b->remembered = r;
}

/* Bring the kernel from what it has to what is wished; false where something of ours may be left
 * over. */
static bool
bring(struct balancer *b, const struct balance_table *wish)
{
	struct turn turn = { .b = b, .now = &b->now };
	struct balance_table world;
	struct error error;

	if (ipvs_read(b->ipvs, &world, &error) < 0) {
		fail(b, error.text);
		return false;
	}
	b->trouble[0] = '\0';
	forget_removed(b, wish->service_count > 0);
	forget_errors(&turn, wish, &world);
	balance_plan(wish, &world, on_step, &turn);
	if (turn.steps > 0)
		log_debug("%u steps of the load balancer", turn.steps);
	if (turn.undone < 0 && turn.undone != b->undone)
		log_error("the kernel does not remove virtual server %s: %s", turn.remnant,
		          strerror(-turn.undone));
	b->undone = turn.undone;
	report(b, &turn);
	ipvs_done(&world);
	return turn.undone == 0;
}

/* See to the table; look at it again later, as long as there is something in it of ours. */
static void
update(struct balancer *b)
{
	struct balance_table wish = { 0 };
	bool clean = true;

	make_wish(b, &wish);
	if ((wish.service_count > 0 || b->ipvs || ipvs_is_loaded()) && open_kernel(b))
		clean = bring(b, &wish);
	if (wish.service_count > 0 || !clean) {
		set_timer(b, LOOK_USEC);
	} else {
		ipvs_close(b->ipvs);
		b->ipvs = NULL;
		b->trouble[0] = '\0';
		report(b, NULL);
	}
	ipvs_done(&wish);
}

static int
on_timer(sd_event_source *source UNUSED, uint64_t usec UNUSED, void *owner)
{
	update(owner);
	return 0;
}

/* ---- what the engine tells ------------------------------------------------------------------ */

static void
free_lists(struct lists *lists)
{
	free(lists->reals);
	free(lists->errors);
	names_done(&lists->names);
	*lists = (struct lists){ 0 };
}

/* The record that a real server had, or NULL where its check was of another thing. */
static const struct real *
find_real(const struct balancer *b, const struct check_settings *check)
{
	int was = b->settings ? names_find(&b->now.names, check->name) : -1;

	return was >= 0 &&
	       settings_same_check(&settings_checks(b->settings)
	                            [settings_reals(b->settings)[was].check], check) ?
	       &b->now.reals[was] : NULL;
}

/* One record per real server, with what was known of it: another port, or another script, may say
 * something else. */
static void
make_lists(const struct balancer *b, const struct settings *settings, struct lists *ret)
{
	*ret = (struct lists){ .real_count = settings->real_count };
	ret->reals = calloc(settings->real_count + 1u, sizeof(*ret->reals));
	ret->errors = calloc(settings->virtual_count + 1u, sizeof(*ret->errors));
	assert(ret->reals && ret->errors);
	for (uint32_t i = 0; i < settings->real_count; i++) {
		const struct check_settings *check =
			&settings_checks(settings)[settings_reals(settings)[i].check];
		const struct real *was = find_real(b, check);

		if (was)
			ret->reals[i] = *was;
		ret->reals[i].error = 0;
		memcpy(ret->reals[i].check, check->name, sizeof(ret->reals[i].check));
	}
	if (names_init(&ret->names, ret->reals, sizeof(*ret->reals), ret->real_count) < 0)
		assert(!"memory for some names");
}

static bool
is_same_real(const struct real_settings *a, const struct real_settings *b)
{
	return ip_equal(&a->address, &b->address) && a->port == b->port &&
	       a->weight == b->weight && a->drained == b->drained;
}

/* Are the virtual servers of both the same?  The numbers of checks may differ. */
static bool
is_same(const struct settings *a, const struct settings *b)
{
	if (a->virtual_count != b->virtual_count || a->real_count != b->real_count ||
	    memcmp(settings_virtuals(a), settings_virtuals(b),
	           a->virtual_count * sizeof(struct virtual_settings)) != 0)
		return false;
	for (uint32_t i = 0; i < a->real_count; i++)
		if (!is_same_real(&settings_reals(a)[i], &settings_reals(b)[i]))
			return false;
	return true;
}

static void
on_adopt(void *owner, const struct settings *settings)
{
	struct balancer *b = owner;
	bool same = b->settings && is_same(b->settings, settings);
	struct lists next;

	make_lists(b, settings, &next);
	for (uint32_t i = 0; same && i < next.real_count; i++)
		next.reals[i].error = b->now.reals[i].error;
	if (same)
		memcpy(next.errors, b->now.errors, settings->virtual_count * sizeof(int));
	free_lists(&b->now);
	b->now = next;
	b->settings = settings;
	if (!same)
		set_timer(b, SOON_USEC);
}

static void
on_message(void *owner, const struct channel_message *message)
{
	struct balancer *b = owner;
	uint8_t state = message->up == 1 ? CHECK_UP : CHECK_DOWN;
	int at = message->kind == CHANNEL_TRACK && b->settings ?
	         names_find(&b->now.names, message->text) : -1;

	if (at < 0 || b->now.reals[at].state == state)
		return;
	b->now.reals[at].state = state;
	b->now.reals[at].changed = clock_now();
	set_timer(b, SOON_USEC);
}

/* ---- what the manager asks ------------------------------------------------------------------ */

static struct balancedoor_record *
add_record(struct balancer *b, const char *server)
{
	struct balancedoor_record *record = &b->records[b->record_count++];

	*record = (struct balancedoor_record){ 0 };
	memcpy(record->server, server, sizeof(record->server));
	return record;
}

static void
record_real(struct balancer *b, const struct virtual_settings *server, uint32_t number,
            const struct balance_table *world, const struct balance_service *found)
{
	const struct real *real = &b->now.reals[number];
	const struct balance_dest dest =
		balance_dest(server, &settings_reals(b->settings)[number], real->state);
	const struct balance_dest *now = found ? balance_find_dest(world, found, &dest) : NULL;
	struct balancedoor_record *record = add_record(b, server->name);

	record->real = dest.address;
	record->state = real->state;
	record->changed = real->changed;
	record->error = real->error;
	if (!now)
		return;
	record->present = 1;
	record->weight = now->weight;
	record->active = now->active;
	record->inactive = now->inactive;
	record->persistent = now->persistent;
	record->counts = now->counts;
}

/* Services of others are not ours to show. */
static void
record_server(struct balancer *b, uint32_t number, const struct balance_table *world)
{
	const struct virtual_settings *server = &settings_virtuals(b->settings)[number];
	const struct balance_service service = balance_service(server);
	const struct balance_service *found = balance_find(world, &service);
	struct balancedoor_record *record = add_record(b, server->name);

	if (found && !(found->flags & BALANCE_OURS))
		found = NULL;
	record->error = b->now.errors[number];
	record->present = found != NULL;
	if (found)
		record->counts = found->counts;
	for (uint32_t i = 0; i < server->real_count; i++)
		record_real(b, server, server->real_first + i, world, found);
}

static void
look(struct balancer *b)
{
	uint32_t count = b->settings ? b->settings->virtual_count + b->settings->real_count : 0;
	struct balance_table world = { 0 };
	struct error error;

	free(b->records);
	b->record_count = 0;
	b->records = calloc(count + 1u, sizeof(*b->records));
	assert(b->records);
	if (b->ipvs && ipvs_read(b->ipvs, &world, &error) < 0)
		log_warning("%s", error.text);
	for (uint32_t i = 0; b->settings && i < b->settings->virtual_count; i++)
		record_server(b, i, &world);
	ipvs_done(&world);
}

static int
on_question(sd_event_source *source UNUSED, int fd, uint32_t events UNUSED, void *owner)
{
	struct balancer *b = owner;
	struct balancedoor_question question;
	int r = balancedoor_hear(fd, &question);

	if (r <= 0)
		return r;
	if (question.from == 0)
		look(b);
	balancedoor_answer(fd, &question, b->records, b->record_count, b->trouble);
	return 0;
}

/* ---- start and stop ------------------------------------------------------------------------- */

/* Nobody is reached through the virtual addresses any more: all of ours goes. */
static void
on_stop(void *owner)
{
	struct balancer *b = owner;

	free_lists(&b->now);
	b->settings = NULL;
	update(b);
	sd_event_exit(b->post.event, 0);
}

static int
set_up(struct balancer *b, struct error *error)
{
	int r = sd_event_add_time_relative(b->post.event, &b->timer, CLOCK_BOOTTIME, 0,
	                                   ACCURACY_USEC, on_timer, b);

	if (r >= 0)
		r = sd_event_source_set_enabled(b->timer, SD_EVENT_OFF);
	if (r >= 0)
		r = sd_event_add_io(b->post.event, NULL, b->hatch, EPOLLIN, on_question, b);
	return r < 0 ? error_set(error, r, "cannot set up the loop: %s", strerror(-r)) : 0;
}

int
balancer_main(const struct role_options *options, int channel, int hatch)
{
	static const struct post_calls calls = {
		.on_adopt = on_adopt,
		.on_message = on_message,
		.on_stop = on_stop,
	};
	struct balancer b = { .hatch = hatch };
	struct error error;

	if (post_open(&b.post, "balancer", options, channel, &calls, &b, &error) < 0 ||
	    privilege_drop_filter(options->user, &error) < 0 || set_up(&b, &error) < 0) {
		log_error("%s", error.text);
		return EXIT_FAILURE;
	}

	int status = post_run(&b.post);

	free_lists(&b.now);
	ipvs_close(b.ipvs);
	free(b.records);
	sd_event_source_unref(b.timer);
	post_close(&b.post);
	return status;
}
