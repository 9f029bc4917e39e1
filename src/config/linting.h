/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files of advice, each of which looks at the survey of a tree and adds warnings.  Only lint()
 * calls them.
 */
#ifndef TANDEM_LINTING_H
#define TANDEM_LINTING_H

#include "config/rules.h"

/* L1, L8, L10, L11, L26, L31, L32: lint_sync.c */
void lint_sync(const struct survey *survey, struct problems *problems);
/* L15..L19, L43: lint_network.c */
void lint_network(const struct survey *survey, struct problems *problems);
/* L27..L29: lint_routing.c */
void lint_routing(const struct survey *survey, struct problems *problems);
/* L6, L21, L22, L24, L25: lint_service.c */
void lint_service(const struct survey *survey, struct problems *problems);

#endif
