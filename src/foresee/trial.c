/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes the list of what may happen, and has it happen.  What comes of it is moment.c's to judge.
 */
#include "foresee/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIKE_FROM 32			/* with so many VLANs those alike are tried once */

static void *
new_array(size_t count, size_t size)
{
	void *array = calloc(count + 1, size);

	assert(array);
	return array;
}

/* ---- what may happen ------------------------------------------------------------------------ */

static struct trial *
add(struct trials *trials, enum trial_kind kind, unsigned router)
{
	trials->list = reallocarray(trials->list, trials->count + 1, sizeof(*trials->list));
	assert(trials->list);
	trials->list[trials->count] = (struct trial){
		.kind = kind,
		.router = router,
		.undone = kind != TRIAL_START && kind != TRIAL_RESET,
	};
	return &trials->list[trials->count++];
}

/* Is it, directly or not, a VLAN of the other? */
static bool
stands_on(const struct link_settings *links, int32_t link, int32_t other)
{
	do
		link = links[link].parent;
	while (link >= 0 && link != other);
	return link >= 0;
}

/* Is it, or something on it, on a network? */
static bool
carries(const struct scene *scene, unsigned router, uint32_t link)
{
	const struct link_settings *links = settings_links(scene->settings[router]);

	if (scene->networks_of[router][link] >= 0)
		return true;
	for (uint32_t i = link + 1; i < scene->settings[router]->link_count; i++)
		if (stands_on(links, (int32_t)i, (int32_t)link) &&
		    scene->networks_of[router][i] >= 0)
			return true;
	return false;
}

/* What decides what becomes of a VLAN: all but its name and its addresses. */
static char *
signature_of(const struct scene *scene, enum trial_kind kind, unsigned router, uint32_t network)
{
	const struct network *n = &scene->networks[network];
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	fprintf(out, "%d %u", (int)kind, router);
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		const struct settings *s = scene->settings[r];
		const struct survey_link *link;

		if (n->links[r] < 0)
			continue;
		link = &scene->pair.surveys[r].links[n->links[r]];
		fprintf(out, " | %d", link->parent);
		for (uint32_t i = 0; i < link->group_count; i++) {
			const struct survey_group *g =
				&scene->pair.surveys[r].groups[link->group_first + i];
			int found = settings_find_group(s, link->name, g->vrid, 0);
			const struct group_settings *group =
				found >= 0 ? &settings_groups(s)[found] : NULL;

			if (!group)
				continue;
			fprintf(out, " %u %d %u %d %d %d %d %u %u", group->family, group->sync,
			        group->priority, group->preempt, (int)(group->interval / 1000000),
			        (int)(group->preempt_delay / NSEC_PER_SEC),
			        (int)(group->start_delay / NSEC_PER_SEC), group->version,
			        group->auth);
			for (uint32_t k = 0; k < group->track_count; k++)
				fprintf(out, " t%u",
				        settings_tracks(s)[group->track_first + k].object);
		}
	}
	fclose(out);
	assert(text);
	return text;
}

/* One of many VLANs that are alike in everything stands for them all. */
struct alike {
	bool wanted;
	struct nameset signatures;
	size_t *first;			/* by signature: the trial */
};

static struct alike
alike_new(const struct scene *scene)
{
	struct alike alike = { 0 };
	size_t vlans = 0;

	for (uint32_t i = 0; i < scene->network_count; i++) {
		const int32_t *links = scene->networks[i].links;
		unsigned r = links[0] >= 0 ? 0 : 1;

		vlans += settings_links(scene->settings[r])[links[r]].kind == LINK_VIF;
	}
	alike.wanted = vlans >= ALIKE_FROM;
	alike.first = new_array((size_t)scene->network_count * 5, sizeof(*alike.first));
	return alike;
}

static void
alike_done(struct alike *alike)
{
	nameset_done(&alike->signatures);
	free(alike->first);
}

/* True: another trial stands for it, and was told so. */
static bool
is_like_another(const struct scene *scene, struct trials *trials, struct alike *alike,
                enum trial_kind kind, unsigned router, int32_t network)
{
	const int32_t *links = network >= 0 ? scene->networks[network].links : NULL;
	unsigned r = links && links[router] >= 0 ? router : 1 - router;
	char *signature;
	uint32_t number;
	bool is_new;

	if (!alike->wanted || !links ||
	    settings_links(scene->settings[r])[links[r]].kind != LINK_VIF)
		return false;
	signature = signature_of(scene, kind, router, (uint32_t)network);
	number = nameset_add(&alike->signatures, signature, &is_new);
	free(signature);
	if (is_new)
		alike->first[number] = trials->count;
	else
		trials->list[alike->first[number]].alike++;
	return !is_new;
}

static void
add_links(const struct scene *scene, struct trials *trials, struct alike *alike,
          enum trial_kind kind, unsigned router)
{
	for (uint32_t i = 0; i < scene->settings[router]->link_count; i++)
		if (carries(scene, router, i) &&
		    !is_like_another(scene, trials, alike, kind, router,
		                     scene->networks_of[router][i]))
			add(trials, kind, router)->link = i;
}

void
trials_make(const struct scene *scene, struct trials *ret_trials)
{
	struct alike alike = alike_new(scene);

	*ret_trials = (struct trials){ 0 };
	add(ret_trials, TRIAL_START, 0);
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		add_links(scene, ret_trials, &alike, TRIAL_INTERFACE, r);
		add(ret_trials, TRIAL_ROUTER, r);
		add(ret_trials, TRIAL_STOP, r);
	}
	for (uint32_t i = 0; i < scene->party_count; i++)
		if (scene->parties[i].is_sync || scene->party_count < ALIKE_FROM)
			add(ret_trials, TRIAL_RESET, 0)->seat = scene->parties[i].first_seat;
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		add_links(scene, ret_trials, &alike, TRIAL_CABLE, r);
	for (uint32_t i = 0; i < scene->network_count; i++)
		if (scene->networks[i].links[0] >= 0 && scene->networks[i].links[1] >= 0 &&
		    !is_like_another(scene, ret_trials, &alike, TRIAL_NETWORK, 0, (int32_t)i))
			add(ret_trials, TRIAL_NETWORK, 0)->network = i;
	alike_done(&alike);
}

void
trials_done(struct trials *trials)
{
	for (size_t i = 0; i < trials->count; i++) {
		for (unsigned p = 0; p < PHASES; p++) {
			moment_done(&trials->list[i].moments[p]);
			free(trials->list[i].took[p]);
		}
	}
	free(trials->list);
}

/* ---- having it happen ----------------------------------------------------------------------- */

/* As the service does: where it is master, and both families of the group. */
static void
reset(const struct scene *scene, struct duo *duo, const struct seat *seat)
{
	unsigned r = seat->groups[0] >= 0 &&
	             duo_state(duo, 0, (uint32_t)seat->groups[0]) == VROUTER_MASTER ? 0 : 1;

	for (uint32_t i = 0; i < scene->seat_count; i++) {
		const struct seat *other = &scene->seats[i];

		if (other->network == seat->network && other->vrid == seat->vrid &&
		    other->groups[r] >= 0)
			(void)duo_reset(duo, r, (uint32_t)other->groups[r]);
	}
}

static void
happen(const struct scene *scene, struct duo *duo, const struct trial *t, bool undo)
{
	switch (t->kind) {
	case TRIAL_INTERFACE:
		duo_set_link(duo, t->router, t->link, undo);
		break;
	case TRIAL_CABLE:
		duo_set_cable(duo, t->router, t->link, undo);
		break;
	case TRIAL_NETWORK:
		duo_set_segment(duo, t->network, undo);
		break;
	case TRIAL_ROUTER:
		duo_set_power(duo, t->router, undo);
		break;
	case TRIAL_STOP:
		if (undo)
			duo_set_power(duo, t->router, true);
		else
			duo_leave(duo, t->router);
		break;
	case TRIAL_RESET:
		reset(scene, duo, &scene->seats[t->seat]);
		break;
	case TRIAL_START:
	case TRIAL_KINDS:
		assert(!"nothing that happens");
	}
}

/* When did that router become master of the group, the last time since then? */
static nsec_t
became_master(const struct duo *duo, unsigned router, int32_t group, nsec_t since)
{
	size_t count;
	const struct duo_transition *list = duo_transitions(duo, &count);

	for (size_t i = count; i > 0 && list[i - 1].time >= since; i--)
		if (list[i - 1].router == router && (int32_t)list[i - 1].group == group &&
		    list[i - 1].to == VROUTER_MASTER)
			return list[i - 1].time - since;
	return 0;
}

bool
trial_moved(const struct trial *trial, enum phase phase, uint32_t seat)
{
	return phase > PHASE_BEFORE && trial->moments[phase].masters[seat] !=
	                                       trial->moments[phase - 1].masters[seat];
}

/* Let both settle after what happened at a time, and note what came of it. */
static void
settle(const struct scene *scene, struct duo *duo, struct trial *t, enum phase phase)
{
	nsec_t since = duo_now(duo);

	duo_run(duo, duo_settling(duo));
	moment_look(scene, duo, &t->moments[phase]);
	t->took[phase] = new_array(scene->seat_count, sizeof(nsec_t));
	for (uint32_t i = 0; phase > PHASE_BEFORE && i < scene->seat_count; i++)
		for (unsigned r = 0; r < DUO_ROUTERS && trial_moved(t, phase, i); r++)
			if (t->moments[phase].masters[i] >> r & 1)
				t->took[phase][i] = nsec_max(t->took[phase][i],
					became_master(duo, r, scene->seats[i].groups[r], since));
}

/*
 * Go on to just after an advertisement of the slowest master: then it takes longest until the other
 * router misses the next ones.
 */
static void
choose_worst_time(const struct scene *scene, struct duo *duo)
{
	nsec_t slowest = 0;
	unsigned router = 0;
	uint32_t group = 0;

	for (uint32_t i = 0; i < scene->seat_count; i++) {
		for (unsigned r = 0; r < DUO_ROUTERS; r++) {
			int32_t g = scene->seats[i].groups[r];

			if (g < 0 || duo_state(duo, r, (uint32_t)g) != VROUTER_MASTER ||
			    settings_groups(scene->settings[r])[g].interval <= slowest)
				continue;
			slowest = settings_groups(scene->settings[r])[g].interval;
			router = r;
			group = (uint32_t)g;
		}
	}
	if (slowest > 0)
		duo_run_to_advert(duo, router, group, 2 * slowest);
	duo_run(duo, NSEC_PER_MSEC);	/* it has arrived */
}

static void
run(const struct scene *scene, struct trials *trials, struct trial *t)
{
	struct duo *duo = duo_new(&(struct duo_stage){
		.settings = { scene->settings[0], scene->settings[1] },
		.segments = { scene->networks_of[0], scene->networks_of[1] },
		.segment_count = scene->network_count,
	});
	nsec_t start = duo_now(duo);

	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		duo_set_power(duo, r, true);
	settle(scene, duo, t, PHASE_BEFORE);
	if (t->kind != TRIAL_START) {
		choose_worst_time(scene, duo);
		happen(scene, duo, t, false);
		settle(scene, duo, t, PHASE_DURING);
	}
	if (t->undone) {
		happen(scene, duo, t, true);
		settle(scene, duo, t, PHASE_AFTER);
	}
	trials->simulated += duo_now(duo) - start;
	duo_free(duo);
}

void
trials_run(const struct scene *scene, struct trials *trials)
{
	for (size_t i = 0; i < trials->count; i++)
		run(scene, trials, &trials->list[i]);
}

/* ---- words ---------------------------------------------------------------------------------- */

const char *
trial_word(enum trial_kind kind)
{
	static const char *const words[TRIAL_KINDS] = {
		[TRIAL_START] = "start", [TRIAL_INTERFACE] = "interface",
		[TRIAL_ROUTER] = "router", [TRIAL_STOP] = "stop", [TRIAL_RESET] = "reset",
		[TRIAL_CABLE] = "cable", [TRIAL_NETWORK] = "network",
	};

	return words[kind];
}

bool
trial_is_silent(const struct trial *trial)
{
	return trial->kind == TRIAL_CABLE || trial->kind == TRIAL_NETWORK;
}

const char *
trial_text(const struct scene *scene, const struct trial *t, char text[TRIAL_TEXT_SIZE])
{
	unsigned router = t->router + 1;
	const struct seat *seat = &scene->seats[t->seat];
	const char *link = t->kind == TRIAL_INTERFACE || t->kind == TRIAL_CABLE
	                           ? scene_link_name(scene, t->router, t->link) : "";

	switch (t->kind) {
	case TRIAL_START:
		snprintf(text, TRIAL_TEXT_SIZE, "both start");
		break;
	case TRIAL_INTERFACE:
		snprintf(text, TRIAL_TEXT_SIZE, "r%u %s fails", router, link);
		break;
	case TRIAL_CABLE:
		snprintf(text, TRIAL_TEXT_SIZE, "r%u %s cut off unseen", router, link);
		break;
	case TRIAL_ROUTER:
		snprintf(text, TRIAL_TEXT_SIZE, "r%u loses power", router);
		break;
	case TRIAL_STOP:
		snprintf(text, TRIAL_TEXT_SIZE, "r%u is stopped", router);
		break;
	case TRIAL_RESET:
		snprintf(text, TRIAL_TEXT_SIZE, "reset of %s group %u",
		         scene_network_name(scene, seat->network), seat->vrid);
		break;
	case TRIAL_NETWORK:
		snprintf(text, TRIAL_TEXT_SIZE, "network of %s fails",
		         scene_network_name(scene, t->network));
		break;
	case TRIAL_KINDS:
		break;
	}
	return text;
}
