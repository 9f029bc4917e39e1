/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the statements of a keepalived.conf that are about VRRP into the model: instances, sync
 * groups, what is checked and tracked.  The words are those of keepalived.conf(5) of 2.2.7; what is
 * said once for all, and the parts that are not VRRP, are keepalived_global.c's.
 */
#include "import/keepalived_vrrp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/keepalived_route.h"
#include "import/keyword.h"

/* ------------------------------------------------------------------ what is tracked */

/* "weight N [reverse]", from this word on. */
static void
read_weight(struct model *model, const struct statement *s, size_t from, bool *ret_weighted,
            int *ret_weight, bool *ret_reverse)
{
	for (size_t i = from; i < s->words.count; i++) {
		const char *word = statement_word(s, i);

		if (strcmp(word, "weight") == 0) {
			char *end;
			long weight = strtol(statement_word(s, i + 1), &end, 10);

			i++;
			*ret_weighted = true;
			if (*end || weight < -254 || weight > 254 || i == s->words.count)
				keyword_find(model, FINDING_LEFT, s,
				             "'%s' is no weight from -254 to 254; it counts as 0",
				             statement_word(s, i));
			else
				*ret_weight = (int)weight;
		} else if (strcmp(word, "reverse") == 0) {
			*ret_reverse = true;
		} else if (strcmp(word, "noreverse") == 0 || strcmp(word, "no_reverse") == 0) {
			*ret_reverse = false;
		} else {
			keyword_find(model, FINDING_LEFT, s, "'%s' is not known here", word);
		}
	}
}

/* A block "track_interface", "track_process" or "track_script". */
static void
read_tracks(struct model *model, const struct statement *block, struct model_track **tracks,
            size_t *count)
{
	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_track *track = model_grow((void **)tracks, count, sizeof(*track));

		track->kind = statement_is(block, "track_interface") ? MODEL_INTERFACE :
		              statement_is(block, "track_process") ? MODEL_PROCESS : MODEL_SCRIPT;
		track->name = keyword_said(s, 0);
		read_weight(model, s, 1, &track->weighted, &track->weight, &track->reverse);
	}
}

static void
read_group_tracks(struct model *model, const struct statement *s, void *into)
{
	struct model_group *group = into;

	read_tracks(model, s, &group->tracks, &group->track_count);
}

static void
read_sync_tracks(struct model *model, const struct statement *s, void *into)
{
	struct model_sync *sync = into;

	read_tracks(model, s, &sync->tracks, &sync->track_count);
}

/* ------------------------------------------------------------------ what is run */

static void
read_program(struct model *model, const struct statement *s, struct model_scripts *scripts,
             struct said *command)
{
	const char *user = statement_word(s, 2);

	/* The script that comes with conntrackd, or its path. */
	if (strstr(statement_word(s, 1), "conntrackd") ||
	    strstr(statement_word(s, 1), "primary-backup.sh")) {
		keyword_find(model, FINDING_LEFT, s,
		             "conntrackd is not told of transitions; stop it and set service "
		             "connsync, which replicates connections here");
		return;
	}
	*command = keyword_said(s, 1);
	if (user[0] == '\0')
		return;
	if (scripts->user && strcmp(scripts->user, user) != 0)
		keyword_find(model, FINDING_LEFT, s,
		             "the programs of a group run as one user, %s, not this one as %s; "
		             "make it runnable by %s", scripts->user, user, scripts->user);
	else
		scripts->user = user;
	if (statement_word(s, 3)[0] && strcmp(statement_word(s, 3), user) != 0)
		keyword_find(model, FINDING_DIFFERS, s,
		             "the program runs with the groups of its user, not as group %s",
		             statement_word(s, 3));
}

/* A statement that begins with "notify"; the program of every state is told kind and name. */
static void
read_notify(struct model *model, const struct statement *s, struct model_scripts *scripts,
            const char *kind, const char *name)
{
	if (statement_is(s, "notify_master")) {
		read_program(model, s, scripts, &scripts->master);
	} else if (statement_is(s, "notify_backup")) {
		read_program(model, s, scripts, &scripts->backup);
	} else if (statement_is(s, "notify_fault")) {
		read_program(model, s, scripts, &scripts->fault);
	} else if (statement_is(s, "notify_stop")) {
		read_program(model, s, scripts, &scripts->stop);
	} else {
		read_program(model, s, scripts, &scripts->any);
		scripts->any_as = model_text(model, "%s %s", kind, name);
	}
}

static void
read_group_notify(struct model *model, const struct statement *s, void *into)
{
	struct model_group *group = into;

	read_notify(model, s, &group->scripts, "INSTANCE", group->name);
}

static void
read_sync_notify(struct model *model, const struct statement *s, void *into)
{
	struct model_sync *sync = into;

	read_notify(model, s, &sync->scripts, "GROUP", sync->name);
}

/* ------------------------------------------------------------------ instances */

static void
read_authentication(struct model *model, const struct statement *s, void *into)
{
	static const struct keyword table[] = {
		KEYWORD_INTO("auth_type", struct model_group, authentication),
		KEYWORD_INTO("auth_pass", struct model_group, password),
		{ NULL },
	};

	keyword_walk(model, s, table, into, "authentication");
}

/* Words behind an address that say how the kernel shall hold it. */
static void
read_address_options(struct model *model, const struct statement *s,
                     struct model_address *address)
{
	static const char *const flags[] = {
		"home", "-nodad", "mngtmpaddr", "noprefixroute", "autojoin", "no_track", "use_vmac",
	};
	static const char *const values[] = { "brd", "broadcast", "scope", "label", "peer",
	                                      "preferred_lft", "track_group" };

	for (size_t i = 1; i < s->words.count; i++) {
		const char *word = statement_word(s, i), *value = statement_word(s, i + 1);
		bool known = false;

		if (strcmp(word, "dev") == 0) {
			address->interface = value;
			i++;
			continue;
		}
		for (size_t j = 0; j < ARRAY_SIZE(values) && !known; j++)
			known = strcmp(word, values[j]) == 0;
		if (known) {
			i++;
			if (strcmp(word, "scope") == 0 && strcmp(value, "global") == 0)
				continue;
			keyword_find(model, FINDING_LEFT, s,
			             "%s %s: a virtual address has no such property; it is held "
			             "with the kernel's own", word, value);
			continue;
		}
		for (size_t j = 0; j < ARRAY_SIZE(flags) && !known; j++)
			known = strcmp(word, flags[j]) == 0;
		keyword_find(model, FINDING_LEFT, s,
		             known ? "%s: a virtual address has no such property; it is held with "
		                     "the kernel's own" : "'%s' is not known here", word);
	}
}

static void
read_addresses(struct model *model, const struct statement *block, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_address *address = MODEL_ADD(group, addresses, address_count);

		address->address = keyword_said(s, 0);
		address->excluded = statement_is(block, "virtual_ipaddress_excluded");
		read_address_options(model, s, address);
	}
}

static void
read_peers(struct model *model, const struct statement *block, void *into)
{
	struct model_group *group = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_peer *peer = MODEL_ADD(group, peers, peer_count);

		peer->address = keyword_said(s, 0);
		for (size_t i = 1; i < s->words.count; i += 2) {
			const char *word = statement_word(s, i), *value = statement_word(s, i + 1);

			if (strcmp(word, "min_ttl") == 0)
				peer->minimum_ttl = value;
			else if (strcmp(word, "max_ttl") != 0 || strcmp(value, "255") != 0)
				keyword_find(model, FINDING_LEFT, s,
				             "%s %s: packets of a peer have a lowest time to live "
				             "only", word, value);
		}
	}
}

static void
read_accept(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct model_group *group = into;

	group->accept = keyword_said(s, 0);
}

static void
read_virtual_mac(struct model *model, const struct statement *s, void *into)
{
	struct model_group *group = into;

	group->virtual_mac = keyword_said(s, 1);
	for (size_t i = 1; i < s->words.count; i++) {
		const char *word = statement_word(s, i);

		if (strchr(word, ':'))
			keyword_find(model, FINDING_LEFT, s,
			             "%s: the virtual MAC address is that of the RFC, made of the "
			             "group's number", word);
		else
			keyword_find(model, FINDING_UNNEEDED, s,
			             "names of virtual links are made by Tandem; rules of a "
			             "firewall that have the name %s must follow", word);
	}
}

static void
read_strict(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct model_group *group = into;

	group->strict = keyword_said(s, 0);
	if (keyword_is_off(statement_word(s, 1)))
		group->strict.text = "off";
}

static void
read_plain_checksum(struct model *model UNUSED, const struct statement *s, void *into)
{
	((struct model_group *)into)->plain_checksum = !keyword_is_off(statement_word(s, 1));
}

static void
read_ignored_link(struct model *model UNUSED, const struct statement *s, void *into)
{
	if (!keyword_is_off(statement_word(s, 1)))
		((struct model_group *)into)->ignores_link = keyword_said(s, 0);
}

#define GROUP(word, member) KEYWORD_INTO(word, struct model_group, member)

static const struct keyword group_words[] = {
	{ "accept", KEYWORD_CALL, .read = read_accept },
	GROUP("advert_int", interval),
	{ "authentication", KEYWORD_CALL, .read = read_authentication },
	{ "check_unicast_src", KEYWORD_QUIET },
	{ "debug", KEYWORD_UNNEEDED, .text = "what the service says goes to the journal" },
	{ "dont_track_primary", KEYWORD_CALL, .read = read_ignored_link },
	{ "down_timer_adverts", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_DOWN_TIMER, .off = "3" },
	{ "garp_extra_if", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_EXTRA, .off = "0" },
	GROUP("garp_lower_prio_delay", garp.lower_priority_delay),
	GROUP("garp_lower_prio_repeat", garp.lower_priority_repeat),
	GROUP("garp_master_delay", garp.master_delay),
	GROUP("garp_master_refresh", garp.master_refresh),
	GROUP("garp_master_refresh_repeat", garp.master_refresh_repeat),
	GROUP("garp_master_repeat", garp.master_repeat),
	{ "higher_prio_send_advert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_STRONGER },
	GROUP("interface", interface),
	{ "kernel_rx_buf_size", KEYWORD_UNNEEDED,
	  .text = "buffers are as large as the groups need" },
	{ "linkbeat_use_polling", KEYWORD_LEFT,
	  .text = "the kernel's state of the link is used; a driver without it is not polled" },
	{ "lower_prio_no_advert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_WEAKER },
	{ "lvs_sync_daemon_interface", KEYWORD_LEFT,
	  .text = "connections through virtual servers (IPVS) are not replicated" },
	{ "mcast_dst_ip", KEYWORD_LEFT, .text = KEEPALIVED_MULTICAST },
	GROUP("mcast_src_ip", multicast_source),
	{ "native_ipv6", KEYWORD_QUIET },
	{ "no_accept", KEYWORD_CALL, .read = read_accept },
	GROUP("nopreempt", no_preempt),
	{ "notify", KEYWORD_CALL, .read = read_group_notify },
	{ "notify_backup", KEYWORD_CALL, .read = read_group_notify },
	{ "notify_deleted", KEYWORD_LEFT,
	  .text = "a group that is removed runs the program of 'run-transition-scripts stop'" },
	{ "notify_fault", KEYWORD_CALL, .read = read_group_notify },
	{ "notify_master", KEYWORD_CALL, .read = read_group_notify },
	{ "notify_master_rx_lower_pri", KEYWORD_LEFT,
	  .text = "no program is run when a weaker master is heard; 'tandem show vrrp alarms' and "
	          "'monitor vrrp' tell of it" },
	{ "notify_priority_changes", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_FIFO },
	{ "notify_stop", KEYWORD_CALL, .read = read_group_notify },
	{ "old_unicast_checksum", KEYWORD_LEFT,
	  .text = "the checksum of keepalived before 1.3.7 is not spoken; update the partner" },
	{ "preempt", KEYWORD_QUIET },
	GROUP("preempt_delay", preempt_delay),
	GROUP("priority", priority),
	{ "promote_secondaries", KEYWORD_UNNEEDED,
	  .text = "an address that the kernel removes comes back" },
	{ "skip_check_adv_addr", KEYWORD_UNNEEDED,
	  .text = "address lists that differ are an alarm and never two masters" },
	{ "smtp_alert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_MAIL },
	GROUP("state", state),
	{ "strict_mode", KEYWORD_CALL, .read = read_strict },
	{ "track_bfd", KEYWORD_LEFT,
	  .text = "BFD is not spoken; 'track path-monitor' watches a path" },
	{ "track_file", KEYWORD_LEFT,
	  .text = "a number in a file does not change the priority; track a script that reads it" },
	{ "track_interface", KEYWORD_CALL, .read = read_group_tracks },
	{ "track_process", KEYWORD_CALL, .read = read_group_tracks },
	{ "track_script", KEYWORD_CALL, .read = read_group_tracks },
	{ "track_src_ip", KEYWORD_LEFT,
	  .text = "the source address is not watched; 'track interface' watches its link" },
	{ "unicast_fault_no_peer", KEYWORD_QUIET },
	{ "unicast_peer", KEYWORD_CALL, .read = read_peers },
	GROUP("unicast_src_ip", unicast_source),
	{ "unicast_ttl", KEYWORD_LEFT_IF_ON, .off = "255",
	  .text = "advertisements are sent with a time to live of 255" },
	{ "use_ipvlan", KEYWORD_LEFT,
	  .text = "virtual links are of the kind macvlan; rfc-compatibility makes one" },
	{ "use_vmac", KEYWORD_CALL, .read = read_virtual_mac },
	{ "use_vmac_addr", KEYWORD_LEFT,
	  .text = "an address on another interface has that interface's own MAC address" },
	{ "v3_checksum_as_v2", KEYWORD_CALL, .read = read_plain_checksum },
	GROUP("version", version),
	{ "virtual_ipaddress", KEYWORD_CALL, .read = read_addresses },
	{ "virtual_ipaddress_excluded", KEYWORD_CALL, .read = read_addresses },
	GROUP("virtual_router_id", vrid),
	{ "virtual_routes", KEYWORD_CALL, .read = keepalived_route_read },
	{ "virtual_rules", KEYWORD_CALL, .read = keepalived_route_read_rules },
	{ "vmac_xmit_base", KEYWORD_LEFT,
	  .text = "advertisements of a group with rfc-compatibility carry the virtual MAC address, "
	          "so that switches know where it is" },
	{ "vrf", KEYWORD_LEFT, .text = "a group speaks on its interface, whatever VRF that is in" },
	{ NULL },
};

static void
read_instance(struct model *model, const struct statement *s, void *into UNUSED)
{
	const char *name = statement_word(s, 1);
	struct model_group *group = model_add_group(model, s->place, name);

	if (group)
		keyword_walk(model, s, group_words, group, "vrrp_instance");
	else
		keyword_find(model, FINDING_LEFT, s, "there are two instances of the name %s; the "
		             "first counts", name);
}

/* ------------------------------------------------------------------ sync groups */

static void
read_members(struct model *model UNUSED, const struct statement *block, void *into)
{
	struct model_sync *sync = into;

	for (const struct statement *s = block->first; s; s = s->next) {
		for (size_t i = 0; i < s->words.count; i++)
			*MODEL_ADD(sync, members, member_count) = keyword_said(s, i);
	}
}

static void
read_weights_count(struct model *model UNUSED, const struct statement *s UNUSED, void *into)
{
	((struct model_sync *)into)->weights = true;
}

static void
read_sync_group(struct model *model, const struct statement *s, void *into UNUSED)
{
	static const struct keyword table[] = {
		{ "global_tracking", KEYWORD_UNNEEDED,
		  .text = "what one member tracks moves all of them" },
		{ "group", KEYWORD_CALL, .read = read_members },
		{ "notify", KEYWORD_CALL, .read = read_sync_notify },
		{ "notify_backup", KEYWORD_CALL, .read = read_sync_notify },
		{ "notify_fault", KEYWORD_CALL, .read = read_sync_notify },
		{ "notify_master", KEYWORD_CALL, .read = read_sync_notify },
		{ "notify_priority_changes", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_FIFO },
		{ "notify_stop", KEYWORD_CALL, .read = read_sync_notify },
		{ "smtp_alert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_MAIL },
		{ "sync_group_tracking_weight", KEYWORD_CALL, .read = read_weights_count },
		{ "track_bfd", KEYWORD_LEFT,
		  .text = "BFD is not spoken; 'track path-monitor' watches a path" },
		{ "track_file", KEYWORD_LEFT,
		  .text = "a number in a file does not change the priority; track a script that "
		          "reads it" },
		{ "track_interface", KEYWORD_CALL, .read = read_sync_tracks },
		{ "track_process", KEYWORD_CALL, .read = read_sync_tracks },
		{ "track_script", KEYWORD_CALL, .read = read_sync_tracks },
		{ NULL },
	};
	struct model_sync *sync = MODEL_ADD(model, syncs, sync_count);

	sync->place = s->place;
	sync->name = statement_word(s, 1);
	keyword_walk(model, s, table, sync, "vrrp_sync_group");
}

/* ------------------------------------------------------------------ what is checked */

static void
read_check_weight(struct model *model, const struct statement *s, void *into)
{
	struct model_check *check = into;
	bool weighted;

	read_weight(model, s, 0, &weighted, &check->weight, &check->reverse);
}

static void
read_check_user(struct model *model, const struct statement *s, void *into)
{
	struct model_check *check = into;

	check->user = statement_word(s, 1);
	if (statement_word(s, 2)[0] && strcmp(statement_word(s, 2), check->user) != 0)
		keyword_find(model, FINDING_DIFFERS, s,
		             "the program runs with the groups of its user, not as group %s",
		             statement_word(s, 2));
}

/* All words behind the first, as one. */
static void
read_command(struct model *model, const struct statement *s, void *into)
{
	struct model_check *check = into;
	char *rest = statement_rest(s, 1);

	check->command = (struct said){ model_text(model, "%s", rest), s->place };
	free(rest);
}

static void
read_delay(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct model_check *check = into;

	check->rise_delay = check->fall_delay = keyword_said(s, 1);
}

static void
read_quorum(struct model *model, const struct statement *s, void *into UNUSED)
{
	if (statement_is(s, "quorum_max") || strcmp(statement_word(s, 1), "1") != 0)
		keyword_find(model, FINDING_LEFT, s,
		             "a process runs or does not; let a script count them");
}

#define CHECK(word, member) KEYWORD_INTO(word, struct model_check, member)

static struct model_check *
add_check(struct model *model, const struct statement *s, enum model_kind kind)
{
	const char *name = statement_word(s, 1);
	struct model_check *check = model_add_check(model, s->place, kind, name);

	if (!check)
		keyword_find(model, FINDING_LEFT, s, "there are two of the name %s; the first "
		             "counts", name);
	return check;
}

static void
read_script(struct model *model, const struct statement *s, void *into UNUSED)
{
	static const struct keyword table[] = {
		CHECK("fall", fall),
		{ "init_fail", KEYWORD_UNNEEDED,
		  .text = "a group waits for the first result" },
		CHECK("interval", interval),
		CHECK("rise", rise),
		{ "script", KEYWORD_CALL, .read = read_command },
		CHECK("timeout", timeout),
		{ "user", KEYWORD_CALL, .read = read_check_user },
		{ "weight", KEYWORD_CALL, .read = read_check_weight },
		{ NULL },
	};
	struct model_check *check = add_check(model, s, MODEL_SCRIPT);

	if (check)
		keyword_walk(model, s, table, check, "vrrp_script");
}

static void
read_process(struct model *model, const struct statement *s, void *into UNUSED)
{
	static const struct keyword table[] = {
		{ "delay", KEYWORD_CALL, .read = read_delay },
		CHECK("fork_delay", rise_delay),
		{ "full_command", KEYWORD_QUIET },
		{ "param_match", KEYWORD_UNNEEDED,
		  .text = "a process is known by its program and its first arguments" },
		{ "process", KEYWORD_CALL, .read = read_command },
		{ "quorum", KEYWORD_CALL, .read = read_quorum },
		{ "quorum_max", KEYWORD_CALL, .read = read_quorum },
		CHECK("terminate_delay", fall_delay),
		{ "weight", KEYWORD_CALL, .read = read_check_weight },
		{ NULL },
	};
	struct model_check *check = add_check(model, s, MODEL_PROCESS);

	if (!check)
		return;
	check->weight = 1;		/* keepalived's default of processes */
	keyword_walk(model, s, table, check, "vrrp_track_process");
}

static void
read_file(struct model *model, const struct statement *s, void *into UNUSED)
{
	keyword_find(model, FINDING_LEFT, s,
	             "%s: a number in a file does not change the priority; track a script that "
	             "reads it, or 'health-check file', which must exist", statement_word(s, 1));
}

const struct keyword keepalived_vrrp_words[] = {
	{ "track_file", KEYWORD_CALL, .read = read_file },
	{ "vrrp_instance", KEYWORD_CALL, .read = read_instance },
	{ "vrrp_script", KEYWORD_CALL, .read = read_script },
	{ "vrrp_sync_group", KEYWORD_CALL, .read = read_sync_group },
	{ "vrrp_track_file", KEYWORD_CALL, .read = read_file },
	{ "vrrp_track_process", KEYWORD_CALL, .read = read_process },
	{ NULL },
};
