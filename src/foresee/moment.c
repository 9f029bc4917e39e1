/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Judges a pair by what hosts would notice: whether somebody answers for a seat, whether what is
 * sent to that master has a way on to every other network that a router of the pair could reach,
 * and whether the answer comes back the same way.  Why it is so is not looked at.
 */
#include "foresee/moment.h"

#include <stdlib.h>

static void *
new_array(size_t count, size_t size)
{
	void *array = calloc(count + 1, size);

	assert(array);
	return array;
}

/* Does the router get packets there and back: is its link whole, and does it speak there? */
static bool
has_way(const struct scene *scene, const struct duo *duo, unsigned router, uint32_t network)
{
	return scene->networks[network].speaks[router] && duo_reaches(duo, router, network);
}

/* The worst is what counts; the first of its kind is the example.  True: it is the example. */
static bool
blame(struct moment *moment, enum verdict verdict, uint32_t seat)
{
	if (verdict <= moment->verdict)
		return false;
	moment->verdict = verdict;
	moment->seat = seat;
	return true;
}

/* The router, if it is one only, that is master of the seat and reaches its network; or -1. */
static int
server_of(const struct scene *scene, const struct duo *duo, const struct moment *moment,
          uint32_t seat)
{
	int server = -1;

	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		if (!(moment->masters[seat] >> r & 1) ||
		    !has_way(scene, duo, r, scene->seats[seat].network))
			continue;
		if (server >= 0)
			return -1;
		server = (int)r;
	}
	return server;
}

static void
judge_seat(const struct scene *scene, const struct duo *duo, struct moment *moment, uint32_t seat)
{
	const struct seat *s = &scene->seats[seat];
	unsigned able = 0, serving = 0;

	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		bool reaches = has_way(scene, duo, r, s->network);

		able += reaches;
		serving += reaches && (moment->masters[seat] >> r & 1);
	}
	if (serving > 1)
		blame(moment, VERDICT_TWO_MASTERS, seat);
	if (serving == 0 && able > 0)
		blame(moment, able > 1 ? VERDICT_GIVEN_UP : VERDICT_NO_MASTER, seat);
}

/* Networks that this router does not reach and the other one does: those with and without seats. */
struct missing {
	uint32_t *networks;
	uint32_t count;
};

static struct missing
find_missing(const struct scene *scene, const struct duo *duo, unsigned router)
{
	struct missing missing = { .networks = new_array(scene->network_count, sizeof(uint32_t)) };

	for (uint32_t i = 0; i < scene->network_count; i++)
		if (!has_way(scene, duo, router, i) && has_way(scene, duo, 1 - router, i))
			missing.networks[missing.count++] = i;
	return missing;
}

/* What is sent to the master of the seat: does it get on to where the other router gets? */
static void
judge_way(const struct scene *scene, const struct duo *duo, struct moment *moment, uint32_t seat,
          unsigned router, const struct missing *missing)
{
	if (!has_way(scene, duo, 1 - router, scene->seats[seat].network))
		return;			/* no way at all: nobody could do better */
	for (uint32_t i = 0; i < missing->count; i++) {
		uint32_t to = missing->networks[i];

		if (scene->networks[to].has_seats) {
			if (blame(moment, VERDICT_LOST, seat))
				moment->network = to;
		} else if (!moment->uplink_lost) {
			moment->uplink_lost = true;
			moment->uplink_seat = seat;
			moment->uplink = to;
		}
	}
}

static void
judge(const struct scene *scene, const struct duo *duo, struct moment *moment)
{
	struct missing missing[DUO_ROUTERS];
	uint32_t served[DUO_ROUTERS] = { UINT32_MAX, UINT32_MAX };

	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		missing[r] = find_missing(scene, duo, r);
	for (uint32_t i = 0; i < scene->seat_count; i++) {
		int server = server_of(scene, duo, moment, i);

		judge_seat(scene, duo, moment, i);
		if (server < 0)
			continue;
		judge_way(scene, duo, moment, i, (unsigned)server, &missing[server]);
		/* Where one has a way only, there is no other for the answer. */
		if (served[server] == UINT32_MAX &&
		    has_way(scene, duo, 1 - (unsigned)server, scene->seats[i].network))
			served[server] = i;
	}
	if (served[0] != UINT32_MAX && served[1] != UINT32_MAX &&
	    blame(moment, VERDICT_ASYMMETRIC, served[0]))
		moment->other_seat = served[1];
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		free(missing[r].networks);
}

void
moment_look(const struct scene *scene, const struct duo *duo, struct moment *ret_moment)
{
	*ret_moment = (struct moment){ .masters = new_array(scene->seat_count, 1) };
	for (uint32_t i = 0; i < scene->seat_count; i++)
		for (unsigned r = 0; r < DUO_ROUTERS; r++) {
			int32_t group = scene->seats[i].groups[r];

			if (group >= 0 && duo_state(duo, r, (uint32_t)group) == VROUTER_MASTER)
				ret_moment->masters[i] |= (uint8_t)(1u << r);
		}
	judge(scene, duo, ret_moment);
}

void
moment_done(struct moment *moment)
{
	free(moment->masters);
}
