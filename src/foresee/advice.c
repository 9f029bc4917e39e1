/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Collects what is wrong after each phase of each trial.  What two trials have in common is one
 * advice with two occasions, explained by the first.
 * Before anything happens is the business of the first trial alone.
 */
#include "foresee/advice.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/schema.h"
#include "config/tree.h"

/* ---- who is master -------------------------------------------------------------------------- */

/* Masters of a party, MIXED when its seats differ. */
#define MIXED 4u
#define NUMBER_BOTH 2			/* F2 */
#define NUMBER_UPLINK 5			/* F5 */

uint8_t *
advice_masters(const struct scene *scene, const struct moment *moment)
{
	uint8_t *masters = malloc(scene->party_count + 1);

	assert(masters);
	for (uint32_t i = 0; i < scene->party_count; i++)
		masters[i] = moment->masters[scene->parties[i].first_seat];
	for (uint32_t i = 0; i < scene->seat_count; i++)
		if (moment->masters[i] != masters[scene->seats[i].party])
			masters[scene->seats[i].party] = MIXED;
	return masters;
}

static const char *const master_names[] = { "none", "r1", "r2", "r1+r2", "mixed" };

const char *
advice_master_name(uint8_t masters)
{
	assert(masters < ARRAY_SIZE(master_names));
	return master_names[masters];
}

/* What makes two occasions one advice: the party concerned, or how the parties are split. */
static char *
key_of(const struct scene *scene, const struct moment *moment, enum severity severity,
       unsigned number)
{
	uint8_t *masters = advice_masters(scene, moment);
	char *key = NULL;
	size_t size;
	FILE *out = open_memstream(&key, &size);

	assert(out);
	fprintf(out, "%d%u ", (int)severity, number);
	if (number == NUMBER_UPLINK)
		fprintf(out, "%u", moment->uplink);
	else if (number <= NUMBER_BOTH)
		fprintf(out, "%u %d", scene->seats[moment->seat].party, (int)moment->verdict);
	else
		for (uint32_t i = 0; i < scene->party_count; i++)
			fputc('0' + masters[i], out);
	fclose(out);
	assert(key);
	free(masters);
	return key;
}

/* ---- sentences ------------------------------------------------------------------------------ */

static char *
text(const char *format, ...) PRINTF_LIKE(1, 2);

static char *
text(const char *format, ...)
{
	char *made;
	va_list args;
	int r;

	va_start(args, format);
	r = vasprintf(&made, format, args);
	va_end(args);
	assert(r >= 0);
	return made;
}

#define SEAT_TEXT_SIZE 160

/* "VRRP group 1 of dp0bond0 (sync group SYNC1)" */
static const char *
seat_text(const struct scene *scene, uint32_t number, char made[SEAT_TEXT_SIZE])
{
	const struct seat *seat = &scene->seats[number];
	const struct party *party = &scene->parties[seat->party];

	snprintf(made, SEAT_TEXT_SIZE, "VRRP group %u of %s%s%s%s%s", seat->vrid,
	         scene_network_name(scene, seat->network), seat->family == 6 ? " (IPv6)" : "",
	         party->is_sync ? " (sync group " : "",
	         party->is_sync ? party->name : "", party->is_sync ? ")" : "");
	return made;
}

static uint32_t
seat_on(const struct scene *scene, uint32_t network)
{
	for (uint32_t i = 0; i < scene->seat_count; i++)
		if (scene->seats[i].network == network)
			return i;
	assert(!"this network has seats");
	return 0;
}

/* Where it stands that the seat's group is with others, or with none. */
static char *
path_of(const struct scene *scene, uint32_t number, unsigned router)
{
	const struct seat *seat = &scene->seats[number];
	unsigned r = seat->groups[router] >= 0 ? router : 1 - router;
	const struct lyd_node *group = scene_group(scene, seat, r);
	const char *sync = tree_value(group, "sync-group");
	char *words = schema_words(group);
	char *path = sync ? text("r%u: %s sync-group '%s'", r + 1, words, sync)
	                  : text("r%u: %s", r + 1, words);

	free(words);
	return path;
}

/* The sync group that most seats are in, or NULL. */
static const struct party *
largest(const struct scene *scene)
{
	uint32_t *counts = calloc(scene->party_count + 1, sizeof(*counts));
	const struct party *best = NULL;
	uint32_t most = 0;

	assert(counts);
	for (uint32_t i = 0; i < scene->seat_count; i++) {
		uint32_t party = scene->seats[i].party;

		if (++counts[party] > most && scene->parties[party].is_sync) {
			most = counts[party];
			best = &scene->parties[party];
		}
	}
	free(counts);
	return best;
}

static char *
advise_one_sync_group(const struct scene *scene, uint32_t a, uint32_t b)
{
	const struct party *target = largest(scene);
	uint32_t odd = target && &scene->parties[scene->seats[a].party] == target ? b : a;
	char *words, *made;

	if (!target || &scene->parties[scene->seats[odd].party] == target)
		return text("put all groups of both routers into one sync-group, so that they move "
		            "together");
	words = schema_words(scene_group(scene, &scene->seats[odd], 0));
	made = text("put all groups into one sync-group on both routers: set %s sync-group %s",
	            words, target->name);
	free(words);
	return made;
}

#define UNSEEN_REMEDY "have a path-monitor ask a host on that network, and track it in the group"

static void
explain_lost(const struct scene *scene, const struct moment *m, struct advice *a)
{
	uint32_t there = seat_on(scene, m->network);
	unsigned router = m->masters[m->seat] == 2;
	char here[SEAT_TEXT_SIZE], other[SEAT_TEXT_SIZE];

	seat_text(scene, m->seat, here);
	seat_text(scene, there, other);
	a->paths[0] = path_of(scene, m->seat, router);
	a->paths[1] = path_of(scene, there, router);
	a->sentence = text("%s is with r%u, which has no way to the network of %s; %s is with %s: "
	                   "what hosts send from %s to %s is lost, though r%u could carry it", here,
	                   router + 1, scene_network_name(scene, m->network), other,
	                   m->masters[there] < 3 ? master_names[m->masters[there]] : "both",
	                   scene_network_name(scene, scene->seats[m->seat].network),
	                   scene_network_name(scene, m->network), 2 - router);
	a->remedy = a->severity == SEVERITY_NOTE ? text(UNSEEN_REMEDY)
	                                         : advise_one_sync_group(scene, m->seat, there);
}

static void
explain_asymmetric(const struct scene *scene, const struct moment *m, struct advice *a)
{
	char here[SEAT_TEXT_SIZE], other[SEAT_TEXT_SIZE];

	a->paths[0] = path_of(scene, m->seat, 0);
	a->paths[1] = path_of(scene, m->other_seat, 1);
	a->sentence = text("%s is with r1 and %s with r2: packets between the two go one way and "
	                   "their answers another, past the firewall, the NAT and the connections "
	                   "that know them", seat_text(scene, m->seat, here),
	                   seat_text(scene, m->other_seat, other));
	a->remedy = a->severity == SEVERITY_NOTE
	                    ? text(UNSEEN_REMEDY)
	                    : advise_one_sync_group(scene, m->seat, m->other_seat);
}

static void
explain_masters(const struct scene *scene, const struct moment *m, struct advice *a)
{
	char here[SEAT_TEXT_SIZE];

	seat_text(scene, m->seat, here);
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		a->paths[r] = scene->seats[m->seat].groups[r] >= 0
		                      ? path_of(scene, m->seat, r) : NULL;
	if (m->verdict == VERDICT_TWO_MASTERS) {
		a->sentence = text("Both routers are master of %s: both answer for its addresses, "
		                   "and hosts reach now the one, now the other", here);
		a->remedy = text("make the group alike on both routers; what differs stands among "
		                 "the findings P");
	} else if (m->verdict == VERDICT_GIVEN_UP) {
		a->sentence = text("Both routers reach the network of %s, and neither is its "
		                   "master: hosts there have no gateway, because of what both "
		                   "track, or of another member of the sync group", here);
		a->remedy = text("look at why both are in FAULT; what both lose at the same time "
		                 "should be tracked with a weight, or not at all");
	} else {
		a->sentence = text("No router that reaches the network is master of %s, though one "
		                   "does reach it: hosts there have no gateway", here);
		a->remedy = a->severity == SEVERITY_NOTE
		                    ? text(UNSEEN_REMEDY)
		                    : text("configure the group on both routers, alike");
	}
}

static void
explain_uplink(const struct scene *scene, const struct moment *m, struct advice *a)
{
	unsigned router = m->masters[m->uplink_seat] == 2;
	const char *name = scene_link_name(scene, router,
	                                   (uint32_t)scene->networks[m->uplink].links[router]);
	char here[SEAT_TEXT_SIZE];

	a->paths[router] = path_of(scene, m->uplink_seat, router);
	a->sentence = text("%s stays with r%u, which has lost the network of %s, where no group is "
	                   "and which no group tracks: if hosts need it, they have lost it, too",
	                   seat_text(scene, m->uplink_seat, here), router + 1, name);
	a->remedy = text("if hosts need it: set ... vrrp-group %u track interface %s",
	                 scene->seats[m->uplink_seat].vrid, name);
}

/* ---- collecting ----------------------------------------------------------------------------- */

static const unsigned numbers[VERDICTS] = {
	[VERDICT_GIVEN_UP] = 1, [VERDICT_NO_MASTER] = 1, [VERDICT_TWO_MASTERS] = 2,
	[VERDICT_LOST] = 3, [VERDICT_ASYMMETRIC] = 4,
};
/* What no router can know of while it lasts is not VRRP's to help, unless it was so before. */
static enum severity
severity_of(const struct trial *trial, enum phase phase, unsigned number)
{
	bool is_new = trial->moments[PHASE_BEFORE].verdict != trial->moments[phase].verdict;

	if (number == NUMBER_UPLINK ||
	    (trial_is_silent(trial) && phase == PHASE_DURING && is_new))
		return SEVERITY_NOTE;
	return number == numbers[VERDICT_ASYMMETRIC] ? SEVERITY_WARNING : SEVERITY_ERROR;
}

static void
explain(const struct scene *scene, const struct moment *m, unsigned number, struct advice *a)
{
	static const char *const names[] = { "", "F1", "F2", "F3", "F4", "F5" };

	a->number = names[number];
	if (number == NUMBER_UPLINK)
		explain_uplink(scene, m, a);
	else if (m->verdict == VERDICT_LOST)
		explain_lost(scene, m, a);
	else if (m->verdict == VERDICT_ASYMMETRIC)
		explain_asymmetric(scene, m, a);
	else
		explain_masters(scene, m, a);
}

static void
add(const struct scene *scene, const struct trials *trials, struct occasion o, unsigned number,
    struct advices *all)
{
	const struct trial *trial = &trials->list[o.trial];
	const struct moment *m = &trial->moments[o.phase];
	enum severity severity = severity_of(trial, o.phase, number);
	char *key = key_of(scene, m, severity, number);
	struct advice *a = NULL;

	for (size_t i = 0; i < all->count && !a; i++)
		if (strcmp(all->list[i].key, key) == 0)
			a = &all->list[i];
	if (a) {
		free(key);
	} else {
		all->list = reallocarray(all->list, all->count + 1, sizeof(*all->list));
		assert(all->list);
		a = &all->list[all->count++];
		*a = (struct advice){ .severity = severity, .key = key };
		explain(scene, m, number, a);
		all->counts[severity]++;
	}
	a->occasions = reallocarray(a->occasions, a->occasion_count + 1, sizeof(*a->occasions));
	assert(a->occasions);
	a->occasions[a->occasion_count++] = o;
}

static int
by_severity(const void *first, const void *second)
{
	const struct advice *a = first, *b = second;

	if (a->severity != b->severity)
		return (int)b->severity - (int)a->severity;
	return strcmp(a->key + 1, b->key + 1);
}

void
advice_find(const struct scene *scene, const struct trials *trials, struct advices *ret_all)
{
	*ret_all = (struct advices){ 0 };
	for (size_t i = 0; i < trials->count; i++) {
		const struct trial *trial = &trials->list[i];
		enum phase first = trial->kind == TRIAL_START ? PHASE_BEFORE : PHASE_DURING;

		for (enum phase p = first; p < PHASES; p++) {
			const struct moment *m = &trial->moments[p];
			struct occasion o = { .trial = i, .phase = p };

			if (!m->masters)
				continue;
			if (m->verdict != VERDICT_GOOD)
				add(scene, trials, o, numbers[m->verdict], ret_all);
			if (m->uplink_lost && !trial_is_silent(trial))
				add(scene, trials, o, NUMBER_UPLINK, ret_all);
		}
	}
	if (ret_all->count > 0)
		qsort(ret_all->list, ret_all->count, sizeof(*ret_all->list), by_severity);
}

void
advices_done(struct advices *all)
{
	for (size_t i = 0; i < all->count; i++) {
		struct advice *a = &all->list[i];

		for (unsigned r = 0; r < DUO_ROUTERS; r++)
			free(a->paths[r]);
		free(a->key);
		free(a->sentence);
		free(a->remedy);
		free(a->occasions);
	}
	free(all->list);
}

const char *
severity_word(enum severity severity)
{
	return severity == SEVERITY_ERROR ? "error" : severity == SEVERITY_WARNING ? "warning"
	                                                                           : "note";
}

const struct advice *
advice_of(const struct advices *all, size_t trial, enum phase phase)
{
	for (size_t i = 0; i < all->count; i++)
		for (size_t k = 0; k < all->list[i].occasion_count; k++)
			if (all->list[i].occasions[k].trial == trial &&
			    all->list[i].occasions[k].phase == phase)
				return &all->list[i];
	return NULL;
}
