/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of lift share: the parts of a struct settings as lists that grow, in the making.
 * Only lift.c makes and ends one.
 */
#ifndef TANDEM_LIFTING_H
#define TANDEM_LIFTING_H

#include <libyang/libyang.h>

#include "config/nameset.h"
#include "config/survey.h"
#include "core/settings.h"
#include "core/vlanset.h"

/* So many of everything that groups have several of. */
#define LIFT_ENTRIES_MAX (SETTINGS_GROUPS_MAX * GROUP_ADDRESSES_MAX)

struct lifting {
	const struct survey *survey;
	struct {
		char *list;
		uint32_t count, room;
	} parts[SETTINGS_PARTS];
	struct nameset syncs;
	struct nameset checks;		/* by what tracks call them: "script NAME" and so on */
	struct nameset objects;		/* kind and name */
	struct nameset programs;		/* user, ':', command */
};

/* A zeroed element behind the others of a part; its number is lift_count() before the call.  The
 * pointer is good until the next call for that part. */
void *lift_add(struct lifting *l, enum settings_part part);
uint32_t lift_count(const struct lifting *l, enum settings_part part);

/* Values of children: a number, a word, a text that is cut between characters to fit, an address
 * (family 0 when there is none), a prefix. */
uint32_t lift_number(const struct lyd_node *parent, const char *name, uint32_t otherwise);
bool lift_is(const struct lyd_node *parent, const char *name, const char *value);
void lift_text(char *to, size_t size, const char *from);
struct ip lift_ip(const struct lyd_node *parent, const char *name);
struct prefix lift_prefix(const struct lyd_node *parent, const char *name);

/* What the layers of a link do, as its tunes; then, right behind its own addresses, those that are
 * made or borrowed: lift_tune.c */
void lift_tunes(struct link_settings *link, const struct lyd_node *node);
void lift_made_addresses(struct lifting *l, struct link_settings *link,
                         const struct lyd_node *node);

/* The health checks and path monitors of the service: lift_check.c */
void lift_checks(struct lifting *l);
/* What a group tracks, as its tracks: lift_check.c */
void lift_tracks(struct lifting *l, const struct lyd_node *node, struct group_settings *group);
#define CONNSYNC_NAME "connsync"	/* of its check, and of what groups track */

/* Are connections to be replicated, and which sync group is followed; then what lift knows of it,
 * behind all groups: lift_connsync.c */
bool lift_has_connsync(const struct lifting *l);
const char *lift_followed(const struct lifting *l);
void lift_connsync(struct lifting *l);
/* The number of what can be tracked, added when it is new: lift_check.c */
uint32_t lift_object(struct lifting *l, enum object_kind kind, const char *name,
                     const struct prefix *prefix);
/* A check of this name, with nothing said of it: lift_check.c */
struct check_settings *lift_check(struct lifting *l, const char *name, enum check_kind kind);
/* Static routes: lift_static.c */
void lift_statics(struct lifting *l);
/* Virtual servers, and the checks of their real ones: lift_virtual_server.c */
void lift_virtual_servers(struct lifting *l);
/* Add to a set the VLANs that the configuration gives a port of a switch, in its own words or else
 * in its switch's: lift_switch.c */
void lift_port_vlans(const struct survey *survey, const struct survey_link *port,
                     struct vlanset *set);
/* The VLANs of a switch or of a port of one: lift_switch.c */
void lift_vlans(struct lifting *l, const struct survey_link *from, struct link_settings *to);
/* A group, as one or two (one a family); then, behind all groups, the programs of sync groups,
 * which run as those of a member: lift_group.c */
void lift_group(struct lifting *l, const struct survey_group *from);
void lift_sync_scripts(struct lifting *l);

#endif
