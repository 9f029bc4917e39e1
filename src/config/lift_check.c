/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Health checks, path monitors, and what the groups track of them.  Every check stands in the
 * settings, tracked or not; an object tracked by many groups stands there once.  Policies stand
 * once a monitor, because each of its monitors is judged by itself.
 */
#include <stdio.h>
#include <string.h>

#include "config/lifting.h"
#include "config/tree.h"

/* A probe that answers in time: one of the window must, unless a policy wants more. */
#define LOSS_MAX_IMPLIED 99
#define TIMEOUT_IMPLIED 1000

struct check_settings *
lift_check(struct lifting *l, const char *name, enum check_kind kind)
{
	struct check_settings *check = lift_add(l, PART_CHECKS);
	bool is_new;

	(void)nameset_add(&l->checks, name, &is_new);
	assert(is_new);
	lift_text(check->name, sizeof(check->name), name);
	check->kind = (uint8_t)kind;
	check->rise = 1;
	check->fall = 1;
	check->monitor = -1;
	return check;
}

/* A script, process or file. */
static void
lift_health(struct lifting *l, const struct lyd_node *node, enum check_kind kind)
{
	const char *text = tree_value(node, kind == CHECK_FILE ? "path" : "command");
	const char *user = tree_value(node, "user");
	uint32_t interval = lift_number(node, "interval", 0);
	struct check_settings *check;
	char name[OBJECT_NAME_SIZE];

	snprintf(name, sizeof(name), "%s %s", node->schema->name, tree_value(node, "name"));
	check = lift_check(l, name, kind);
	lift_text(check->text, sizeof(check->text), text);
	lift_text(check->user, sizeof(check->user), user ? user : "");
	check->interval = interval * NSEC_PER_MSEC;
	check->timeout = lift_number(node, "timeout", interval) * NSEC_PER_MSEC;
	check->rise = (uint8_t)lift_number(node, "rise", 1);
	check->fall = (uint8_t)lift_number(node, "fall", 1);
}

static const struct lyd_node *
below(const struct lyd_node *node, const char *name)
{
	return node ? tree_child(node, name) : NULL;
}

static void
lift_policy(struct lifting *l, const struct lyd_node *policy, const char *monitor, bool tcp,
            int32_t index)
{
	const struct lyd_node *required = below(below(below(policy, "requires"), "type"),
						tcp ? "tcp" : "ping");
	const struct lyd_node *loss = below(required, "packet-loss");
	const struct lyd_node *time = below(required, "round-trip-time");
	uint32_t robustness = time ? lift_number(time, "robustness", 1) : 1;
	struct check_settings *check;
	char name[OBJECT_NAME_SIZE];

	snprintf(name, sizeof(name), "monitor %s policy %s", monitor, tree_value(policy, "name"));
	check = lift_check(l, name, CHECK_POLICY);
	check->monitor = index;
	check->rise = (uint8_t)lift_number(policy, "rise", robustness);
	check->fall = (uint8_t)lift_number(policy, "fall", robustness);
	check->window = (uint8_t)lift_number(policy, "window", 1);
	check->loss = loss ? (uint8_t)lift_number(loss, "threshold", LOSS_MAX_IMPLIED)
			   : LOSS_MAX_IMPLIED;
	if (time)
		check->delay = (lift_number(time, "threshold", 0) +
		                lift_number(time, "tolerance", 0)) * NSEC_PER_MSEC;
}

static void
lift_monitor(struct lifting *l, const struct lyd_node *node)
{
	const struct lyd_node *type = tree_child(node, "type"), *host, *way;
	bool tcp = tree_value(tree_child(type, "tcp"), "host") != NULL;
	const char *name = tree_value(node, "name"), *interface = tree_value(node, "interface");
	uint32_t interval = lift_number(node, "probe-interval", 0);
	int32_t index = (int32_t)lift_count(l, PART_CHECKS);
	struct check_settings *check;
	char full[OBJECT_NAME_SIZE];

	host = survey_entry(&l->survey->hosts,
	                    tree_value(tree_child(type, tcp ? "tcp" : "ping"), "host"));
	way = tree_child(tree_child(host, "type"), tcp ? "tcp" : "ping");
	snprintf(full, sizeof(full), "monitor %s", name);
	check = lift_check(l, full, tcp ? CHECK_TCP : CHECK_ICMP);
	check->interval = interval * NSEC_PER_MSEC;
	check->timeout = lift_number(node, "probe-timeout",
	                             interval > TIMEOUT_IMPLIED ? interval : TIMEOUT_IMPLIED) *
	                 NSEC_PER_MSEC;
	check->target = lift_ip(host, "target");
	if (way)
		check->source = lift_ip(way, "source-address");
	if (tcp)
		check->port = (uint16_t)lift_number(way, "port", 0);
	lift_text(check->interface, sizeof(check->interface), interface ? interface : "");

	for (const struct lyd_node *child = lyd_child(node); child; child = child->next) {
		if (strcmp(child->schema->name, "policy") == 0)
			lift_policy(l, survey_entry(&l->survey->policies,
			                            tree_value(child, "name")), name, tcp, index);
	}
}

void
lift_checks(struct lifting *l)
{
	const struct lyd_node *health = below(l->survey->service, "health-check");
	const struct lyd_node *paths = below(l->survey->service, "path-monitor");
	const struct lyd_node *node;

	if (lift_has_connsync(l))
		lift_check(l, CONNSYNC_NAME, CHECK_CONNSYNC);
	for (node = health ? lyd_child(health) : NULL; node; node = node->next)
		lift_health(l, node, strcmp(node->schema->name, "script") == 0    ? CHECK_SCRIPT
		                     : strcmp(node->schema->name, "process") == 0 ? CHECK_PROCESS
		                                                                  : CHECK_FILE);
	for (node = paths ? lyd_child(paths) : NULL; node; node = node->next) {
		if (strcmp(node->schema->name, "monitor") == 0)
			lift_monitor(l, node);
	}
}

/* ------------------------------------------------------------------ what a group tracks */

/* "+" adds while good, "-" subtracts while bad: settings.h, struct track_settings. */
static int16_t
weight_of(const struct lyd_node *node)
{
	const struct lyd_node *weight = tree_child(node, "weight");
	int16_t value = weight ? (int16_t)lift_number(weight, "value", 0) : 0;

	return weight && lift_is(weight, "type", "decrement") ? (int16_t)-value : value;
}

/* name is that of the object among its kind. */
uint32_t
lift_object(struct lifting *l, enum object_kind kind, const char *name,
            const struct prefix *prefix)
{
	char key[OBJECT_NAME_SIZE + 2];
	struct object_settings *added;
	uint32_t number;
	bool is_new;

	snprintf(key, sizeof(key), "%c%s", '0' + (char)kind, name);
	number = nameset_add(&l->objects, key, &is_new);
	if (is_new) {
		added = lift_add(l, PART_OBJECTS);
		lift_text(added->name, sizeof(added->name), name);
		added->kind = (uint8_t)kind;
		if (prefix)
			added->prefix = *prefix;
		added->check = kind == OBJECT_CHECK ? nameset_find(&l->checks, name) : -1;
	}
	return number;
}

static void
add_track(struct lifting *l, struct group_settings *group, const struct lyd_node *node,
          uint32_t number)
{
	struct track_settings *track = lift_add(l, PART_TRACKS);

	track->object = number;
	track->weight = weight_of(node);
	track->up_delay = lift_number(node, "up-delay", 0) * NSEC_PER_MSEC;
	track->down_delay = lift_number(node, "down-delay", 0) * NSEC_PER_MSEC;
	group->track_count++;
}

/* The policies of a tracked monitor. */
static void
track_policies(struct lifting *l, struct group_settings *group, const struct lyd_node *monitor)
{
	for (const struct lyd_node *node = lyd_child(monitor); node; node = node->next) {
		char name[OBJECT_NAME_SIZE];

		if (strcmp(node->schema->name, "policy") != 0)
			continue;
		snprintf(name, sizeof(name), "monitor %s policy %s", tree_value(monitor, "name"),
		         tree_value(node, "name"));
		add_track(l, group, node, lift_object(l, OBJECT_CHECK, name, NULL));
	}
}

static void
lift_track(struct lifting *l, struct group_settings *group, const struct lyd_node *node)
{
	const char *kind = node->schema->name;

	if (node->schema->nodetype & LYD_NODE_TERM)
		return;			/* exclude-vrrp-interface: nothing is tracked */
	if (strcmp(kind, "path-monitor") == 0) {
		for (const struct lyd_node *m = lyd_child(node); m; m = m->next)
			track_policies(l, group, m);
	} else if (strcmp(kind, "route-to") == 0) {
		struct prefix prefix = lift_prefix(node, "prefix");
		char text[PREFIX_TEXT_SIZE];

		add_track(l, group, node, lift_object(l, OBJECT_ROUTE, prefix_text(&prefix, text),
		                                 &prefix));
	} else if (strcmp(kind, "interface") == 0 || strcmp(kind, "track-interface") == 0) {
		add_track(l, group, node, lift_object(l, OBJECT_INTERFACE, tree_value(node, "name"),
		                                 NULL));
	} else {
		char name[OBJECT_NAME_SIZE];

		snprintf(name, sizeof(name), "%s %s", kind, tree_value(node, "name"));
		add_track(l, group, node, lift_object(l, OBJECT_CHECK, name, NULL));
	}
}

/* A group whose sync group connsync follows is weaker while it lacks the partner's connections. */
static void
track_connsync(struct lifting *l, const struct lyd_node *node, struct group_settings *group)
{
	const char *sync = tree_value(node, "sync-group"), *followed = lift_followed(l);
	uint32_t weight = lift_number(tree_child(l->survey->service, "connsync"),
	                              "readiness-weight", 0);
	struct track_settings *track;
	uint32_t number;

	if (!sync || strcmp(sync, followed) != 0 || weight == 0)
		return;
	number = lift_object(l, OBJECT_CHECK, CONNSYNC_NAME, NULL);
	track = lift_add(l, PART_TRACKS);
	track->object = number;
	track->weight = (int16_t)-(int)weight;
	group->track_count++;
}

void
lift_tracks(struct lifting *l, const struct lyd_node *node, struct group_settings *group)
{
	const struct lyd_node *track = tree_child(node, "track"), *child;

	group->track_first = lift_count(l, PART_TRACKS);
	for (child = track ? lyd_child(track) : NULL; child; child = child->next)
		lift_track(l, group, child);
	for (child = lyd_child(node); child; child = child->next) {
		if (strcmp(child->schema->name, "track-interface") == 0)
			lift_track(l, group, child);
	}
	/* And what all of its sync group tracks. */
	child = lyd_child(tree_child(survey_entry(&l->survey->syncs,
	                                          tree_value(node, "sync-group")), "track"));
	for (; child; child = child->next)
		lift_track(l, group, child);
	if (lift_has_connsync(l))
		track_connsync(l, node, group);
}
