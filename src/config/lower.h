/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way back from lift: what is true now, as data trees of module tandem-state.  Everything it
 * says comes from the records, settings and links it is given; it asks nobody.
 */
#ifndef TANDEM_LOWER_H
#define TANDEM_LOWER_H

#include <libyang/libyang.h>

#include "base/base.h"
#include "base/nsec.h"
#include "config/surroundings.h"
#include "core/ifroute.h"
#include "core/ifworld.h"
#include "core/settings.h"
#include "core/status.h"

/* What is known; all borrowed. */
struct lower_facts {
	const struct settings *settings;	/* the engine runs these; NULL = none */
	const struct vrouter_status *records;	/* of its groups, in any order */
	size_t record_count;
	const struct engine_status *engine;	/* what concerns all groups; NULL = not known */
	const struct ifworld *world;		/* the kernel's links; NULL = not known */
	nsec_t now;				/* monotonic, the records' clock */
	int64_t epoch;				/* the same moment in seconds since 1970 */
};

struct lower_routes {
	const struct settings *settings;	/* NULL = none */
	const struct ifworld *world;		/* NULL = not known, as routes */
	const struct ifroutes *routes;		/* of the kernel, those with our mark */
	const char *problems;			/* sentences, one a line; "" = none */
};

struct lower_system {
	uint64_t revision;
	uint64_t adopted_revision;
	bool engine_running;
	uint32_t engine_restarts;
	bool saved;
	struct surroundings around;
	const char *problems;			/* sentences, one a line; "" = none */
};

/* Each adds its container to the siblings *tree, which may be NULL. */
void lower_vrrp_state(const struct ly_ctx *schema, const struct lower_facts *facts,
                      struct lyd_node **tree);
void lower_interfaces_state(const struct ly_ctx *schema, const struct lower_facts *facts,
                            struct lyd_node **tree);
/* In lower_routes.c. */
void lower_routes_state(const struct ly_ctx *schema, const struct lower_routes *facts,
                        struct lyd_node **tree);
void lower_system_state(const struct ly_ctx *schema, const struct lower_system *facts,
                        struct lyd_node **tree);

#endif
