/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An unsorted list, chained into a hash by step: refusals are rare, and every use begins with a
 * look at whether there are any.  But where they are not (thousands of routes that another program
 * has) each step that is planned asks for its own.
 */
#include "daemon/refusals.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_DELAY NSEC_PER_SEC
#define DELAY_DOUBLINGS 6u

#define FIRST_ROOM 16u
#define NONE (-1)

void
refusals_done(struct refusals *r)
{
	free(r->list);
	free(r->heads);
	*r = (struct refusals){ 0 };
}

void
refusals_clear(struct refusals *r)
{
	r->count = 0;
	if (r->room > 0)
		memset(r->heads, 0xff, r->room * sizeof(*r->heads));
}

/* ---- finding -------------------------------------------------------------------------------- */

static int32_t *
head_of(const struct refusals *r, uint64_t key)
{
	return &r->heads[key & (r->room - 1)];
}

static void
chain(struct refusals *r, size_t at)
{
	int32_t *head = head_of(r, r->list[at].key);

	r->list[at].next = *head;
	*head = (int32_t)at;
}

static void
unchain(struct refusals *r, size_t at)
{
	int32_t *link = head_of(r, r->list[at].key);

	while (*link != (int32_t)at)
		link = &r->list[*link].next;
	*link = r->list[at].next;
}

static void
make_room(struct refusals *r)
{
	r->room = r->room == 0 ? FIRST_ROOM : 2 * r->room;
	r->list = reallocarray(r->list, r->room, sizeof(*r->list));
	r->heads = reallocarray(r->heads, r->room, sizeof(*r->heads));
	assert(r->list != NULL && r->heads != NULL);
	memset(r->heads, 0xff, r->room * sizeof(*r->heads));
	for (size_t i = 0; i < r->count; i++)
		chain(r, i);
}

/* The last one takes its place. */
static void
forget(struct refusals *r, size_t at)
{
	size_t last = r->count - 1;

	unchain(r, at);
	if (at != last) {
		unchain(r, last);
		r->list[at] = r->list[last];
		chain(r, at);
	}
	r->count = last;
}

static struct refusal *
find(const struct refusals *r, const struct ifstep *step)
{
	uint64_t key;

	if (r->count == 0)
		return NULL;
	key = ifstep_key(step);
	for (int32_t i = *head_of(r, key); i != NONE; i = r->list[i].next) {
		if (r->list[i].key == key && r->list[i].link == step->link)
			return &r->list[i];
	}
	return NULL;
}

/* ---- one more, one less --------------------------------------------------------------------- */

/* The module without which the kernel does not know this kind of link; NULL: it makes none. */
static const char *
module_of(enum ifstep_kind kind)
{
	switch (kind) {
	case IFSTEP_CREATE_BOND: return "bonding";
	case IFSTEP_CREATE_VIF: return "8021q";
	case IFSTEP_CREATE_SWITCH: return "bridge";
	case IFSTEP_CREATE_VIRTUAL: return "macvlan";
	case IFSTEP_CREATE_LOOPBACK: return "dummy";
	default: return NULL;
	}
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
	const char *module = result == -EOPNOTSUPP ? module_of(step->kind) : NULL;
	char subject[IFSTEP_SUBJECT_SIZE], what[96], remedy[64];

	if (module)
		snprintf(remedy, sizeof(remedy), "this kernel has no module %s; load or build it",
		         module);
	if (module)
		words = remedy;
	else if (words[0] == '\0')
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
		if (r->count == r->room)
			make_room(r);
		refusal = &r->list[r->count];
		*refusal = (struct refusal){ .key = ifstep_key(step), .link = step->link };
		chain(r, r->count++);
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
	forget(r, (size_t)(refusal - r->list));
	return true;
}

bool
refusals_hold(const struct refusals *r, const struct ifstep *step)
{
	const struct refusal *refusal = find(r, step);

	return refusal != NULL && refusal->due != NSEC_NEVER;
}

/* ---- what it means -------------------------------------------------------------------------- */

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

static int
compare_texts(const void *a, const void *b)
{
	const struct refusal *p = a, *q = b;

	return strcmp(p->text, q->text);
}

void
refusals_pass(struct refusals *r, struct refusals *known)
{
	struct refusals empty = *known;

	*known = *r;
	*r = empty;
	refusals_clear(r);
	for (size_t i = known->count; i-- > 0;) {
		if (refusal_is_passing(&known->list[i]))
			forget(known, i);
	}
	if (known->count > 0)
		qsort(known->list, known->count, sizeof(*known->list), compare_texts);
}

bool
refusal_is_known(const struct refusal *refusal, const struct refusals *known)
{
	return known->count > 0 && bsearch(refusal, known->list, known->count,
	                                   sizeof(*known->list), compare_texts) != NULL;
}

/* ---- time ----------------------------------------------------------------------------------- */

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
			forget(r, i);
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
