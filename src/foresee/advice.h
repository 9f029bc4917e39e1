/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the trials teach: each thing that goes wrong once, with all the trials in which it does,
 * where it comes from, and what to do about it.
 *   F1  nobody is master, though a router could be      F2  both are master
 *   F3  a master lacks the way to another network        F4  seats are with different routers
 *   F5  a master lacks the way to a network without groups
 */
#ifndef TANDEM_ADVICE_H
#define TANDEM_ADVICE_H

#include "foresee/trial.h"

enum severity {
	SEVERITY_NOTE,			/* what no configuration of VRRP alone can help */
	SEVERITY_WARNING,
	SEVERITY_ERROR,
};

struct occasion {
	size_t trial;
	enum phase phase;
};

struct advice {
	enum severity severity;
	const char *number;		/* "F3" */
	char *key;			/* those with the same are one; heap */
	char *paths[DUO_ROUTERS];	/* "r1: interfaces ..."; NULL = none; heap */
	char *sentence;			/* without final dot; heap */
	char *remedy;			/* the same way */
	struct occasion *occasions;
	size_t occasion_count;
};

struct advices {
	struct advice *list;
	size_t count;
	size_t counts[SEVERITY_ERROR + 1];	/* by severity */
};

/* Fills *ret_all, worst first; free it with advices_done(). */
void advice_find(const struct scene *scene, const struct trials *trials, struct advices *ret_all);
void advices_done(struct advices *all);

/* "error" */
const char *severity_word(enum severity severity);
/* Of this trial in this phase: NULL, or the number of what went wrong. */
const struct advice *advice_of(const struct advices *all, size_t trial, enum phase phase);
/* Who is master of each party, on the heap; "r1", "r2", "none", "r1+r2", "mixed". */
uint8_t *advice_masters(const struct scene *scene, const struct moment *moment);
const char *advice_master_name(uint8_t masters);

#endif
