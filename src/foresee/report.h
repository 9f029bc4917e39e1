/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the findings look: a text of 80 columns for people, JSON for programs.  Neither judges.
 */
#ifndef TANDEM_FORESEE_REPORT_H
#define TANDEM_FORESEE_REPORT_H

#include <stdio.h>

#include "config/pair.h"
#include "foresee/advice.h"

struct report {
	const char *names[DUO_ROUTERS];	/* of the two configurations */
	const struct scene *scene;
	const struct pair_findings *findings;
	const struct trials *trials;
	const struct advices *advices;
};

/* Write the whole report; errors of the stream are for its owner to ask for. */
void report_text(FILE *out, const struct report *report);
void report_json(FILE *out, const struct report *report);

#endif
