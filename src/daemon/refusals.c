/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A short unsorted list: refusals are rare, and every use begins with a look at whether there are
 * any.
 */
#include "daemon/refusals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DELAY NSEC_PER_SEC
#define DELAY_DOUBLINGS 6u

void
refusals_done(struct refusals *r)
{
	free(r->list);
	*r = (struct refusals){ 0 };
}

void
refusals_clear(struct refusals *r)
{
	r->count = 0;
}

static struct refusal *
find(const struct refusals *r, const struct ifstep *step)
{
	uint64_t key;

	if (r->count == 0)
		return NULL;
	key = ifstep_key(step);
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].key == key && r->list[i].link == step->link)
			return &r->list[i];
	}
	return NULL;
}

/* What a mere number of the kernel means to people. */
static const char *
meaning(const struct ifstep *step, int result)
{
	if (step->kind == IFSTEP_NEW_ROUTE && result == -EEXIST)
		return "another program's route to it has this distance as its metric";
	if (step->kind == IFSTEP_ADD_ADDRESS && result == -EACCES && step->prefix.ip.family == 6)
		return "IPv6 is switched off there: see net.ipv6.conf, disable_ipv6";
	if (step->kind == IFSTEP_SET_PORT && step->restores)
		return "the port keeps the speed that it was given";
	if (result == -ETIMEDOUT)
		return "its driver does not answer";
	if (result == -EOPNOTSUPP)
		return "this kernel or driver cannot do that; delete the setting";
	return "";
}

static void
write_text(struct refusal *refusal, const struct ifstep *step, int result, const char *words)
{
	char subject[IFSTEP_SUBJECT_SIZE], what[96];

	if (words[0] == '\0')
		words = meaning(step, result);
	ifstep_text(step, what, sizeof(what));
	snprintf(refusal->text, sizeof(refusal->text), "%s: cannot %s: %s%s%s%s",
	         ifstep_subject(step, subject), what, strerror(-result),
	         words[0] != '\0' ? " (" : "", words, words[0] != '\0' ? ")" : "");
}

const struct refusal *
refusals_add(struct refusals *r, const struct ifstep *step, int result, const char *words,
             nsec_t now)
{
	struct refusal *refusal = find(r, step);
	unsigned doublings;

	if (refusal == NULL) {
		if (r->count == r->room) {
			r->room = r->room == 0 ? 16 : 2 * r->room;
			r->list = reallocarray(r->list, r->room, sizeof(*r->list));
			assert(r->list != NULL);
		}
		refusal = &r->list[r->count++];
		*refusal = (struct refusal){ .key = ifstep_key(step), .link = step->link };
	}
	doublings = refusal->tries < DELAY_DOUBLINGS ? refusal->tries : DELAY_DOUBLINGS;
	refusal->due = now + nsec_min(FIRST_DELAY << doublings, 60 * NSEC_PER_SEC);
	refusal->tries++;
	refusal->result = result;
	refusal->leftover = step->kind == IFSTEP_SET_PORT && step->restores;
	write_text(refusal, step, result, words);
	return refusal;
}

bool
refusals_remove(struct refusals *r, const struct ifstep *step)
{
	struct refusal *refusal = find(r, step);

	if (refusal == NULL)
		return false;
	*refusal = r->list[--r->count];
	return true;
}

bool
refusals_hold(const struct refusals *r, const struct ifstep *step)
{
	const struct refusal *refusal = find(r, step);

	return refusal != NULL && refusal->due != NSEC_NEVER;
}

bool
refusal_is_passing(const struct refusal *refusal)
{
	if (refusal->leftover)
		return true;
	switch (refusal->result) {
	case -ENETDOWN:
	case -ENETUNREACH:
	case -EHOSTUNREACH:
	case -ENODEV:
	case -ENOBUFS:
	case -ENOMEM:
	case -EAGAIN:
	case -EINTR:
		return true;
	default:
		return false;
	}
}

nsec_t
refusals_deadline(const struct refusals *r)
{
	nsec_t deadline = NSEC_NEVER;

	for (size_t i = 0; i < r->count; i++)
		deadline = nsec_min(deadline, r->list[i].due);
	return deadline;
}

void
refusals_forget_old(struct refusals *r)
{
	for (size_t i = r->count; i-- > 0;) {
		if (r->list[i].due == NSEC_NEVER)
			r->list[i] = r->list[--r->count];
	}
}

void
refusals_expire(struct refusals *r, nsec_t now, void (*on_due)(void *owner, uint32_t link),
                void *owner)
{
	for (size_t i = 0; i < r->count; i++) {
		if (r->list[i].due > now)
			continue;
		r->list[i].due = NSEC_NEVER;
		on_due(owner, r->list[i].link);
	}
}
