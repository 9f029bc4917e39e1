/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The top of a keepalived.conf: what is said once for all instances, and a word about each part
 * that is not VRRP.  Instances and what they track are keepalived_vrrp.c's.
 */
#include "import/keepalived.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/keepalived_route.h"
#include "import/keepalived_vrrp.h"
#include "import/keyword.h"

#define IPVS "virtual servers (IPVS) are not read from here; set service virtual-server by hand"
#define SNMP "there is no SNMP; 'tandem show vrrp --json' has the figures"
#define OURS "the service arranges this itself"

/* What is said once for all, until the instances are known. */
struct global {
	struct model_garp garp;
	struct said version, strict, start_delay, min_garp;
	struct said default_interface;
	bool plain_checksum;			/* of version 3, without pseudo-header */
	struct garp_group {
		struct said interval;
		struct said interface;
	} *garp_groups;
	size_t garp_group_count;
	const struct statement *statics;	/* the block static_ipaddress */
};

static void
read_flag(struct model *model UNUSED, const struct statement *s, void *into)
{
	struct global *global = into;
	struct said said = { keyword_is_off(statement_word(s, 1)) ? "off" : "on", s->place };

	if (statement_is(s, "vrrp_strict"))
		global->strict = said;
	else
		global->min_garp = said;
}

static void
read_plain_checksum(struct model *model UNUSED, const struct statement *s, void *into)
{
	((struct global *)into)->plain_checksum = !keyword_is_off(statement_word(s, 1));
}

static void
read_script_user(struct model *model, const struct statement *s, void *into UNUSED)
{
	model->script_user = keyword_said(s, 1);
}

#define GLOBAL(word, member) KEYWORD_INTO(word, struct global, member)
#define LEFT(word, why) { word, KEYWORD_LEFT, .text = why }
#define UNNEEDED(word, why) { word, KEYWORD_UNNEEDED, .text = why }

static const struct keyword global_words[] = {
	UNNEEDED("bfd_cpu_affinity", OURS), UNNEEDED("bfd_no_swap", OURS),
	UNNEEDED("bfd_priority", OURS), UNNEEDED("bfd_process_name", OURS),
	UNNEEDED("bfd_rlimit_rttime", OURS), UNNEEDED("bfd_rt_priority", OURS),
	UNNEEDED("checker_cpu_affinity", OURS), LEFT("checker_log_all_failures", IPVS),
	UNNEEDED("checker_no_swap", OURS), UNNEEDED("checker_priority", OURS),
	UNNEEDED("checker_process_name", OURS), UNNEEDED("checker_rlimit_rttime", OURS),
	UNNEEDED("checker_rt_priority", OURS), UNNEEDED("config_save_dir", OURS),
	UNNEEDED("data_use_instance", OURS),
	LEFT("dbus_service_name", "there is no D-Bus; the API is RESTCONF"),
	GLOBAL("default_interface", default_interface),
	UNNEEDED("disable_local_igmp", OURS),
	{ "dynamic_interfaces", KEYWORD_UNNEEDED, .text = "interfaces may come and go" },
	LEFT("enable_dbus", "there is no D-Bus; the API is RESTCONF"),
	{ "enable_script_security", KEYWORD_UNNEEDED,
	  .text = "no program runs as root, or when others than root and its user may change it" },
	LEFT("enable_snmp_checker", SNMP), LEFT("enable_snmp_rfc", SNMP),
	LEFT("enable_snmp_rfcv2", SNMP), LEFT("enable_snmp_rfcv3", SNMP),
	LEFT("enable_snmp_vrrp", SNMP), LEFT("enable_traps", SNMP),
	UNNEEDED("fifo_write_vrrp_states_on_reload", OURS), UNNEEDED("include_check", OURS),
	UNNEEDED("log_unknown_vrids", "'tandem show vrrp alarms' names unknown groups"),
	LEFT("lvs_flush", IPVS), LEFT("lvs_flush_on_stop", IPVS),
	UNNEEDED("lvs_id", "a router is known by its addresses and the name of its host"),
	UNNEEDED("lvs_netlink_cmd_rcv_bufs", OURS),
	UNNEEDED("lvs_netlink_cmd_rcv_bufs_force", OURS),
	UNNEEDED("lvs_netlink_monitor_rcv_bufs", OURS),
	UNNEEDED("lvs_netlink_monitor_rcv_bufs_force", OURS),
	LEFT("lvs_notify_fifo", KEEPALIVED_FIFO), LEFT("lvs_notify_fifo_script", KEEPALIVED_FIFO),
	LEFT("lvs_sync_daemon", IPVS), LEFT("lvs_timeouts", IPVS),
	UNNEEDED("max_auto_priority", OURS), UNNEEDED("min_auto_priority_delay", OURS),
	UNNEEDED("nftables", OURS), UNNEEDED("nftables_counters", OURS),
	UNNEEDED("nftables_ifindex", OURS), LEFT("nftables_ipvs", IPVS),
	LEFT("nftables_ipvs_priority", IPVS), LEFT("nftables_ipvs_start_fwmark", IPVS),
	UNNEEDED("nftables_priority", OURS),
	LEFT("no_checker_emails", IPVS), UNNEEDED("no_email_faults", KEEPALIVED_MAIL),
	LEFT("notification_email", KEEPALIVED_MAIL),
	UNNEEDED("notification_email_from", KEEPALIVED_MAIL),
	LEFT("notify_fifo", KEEPALIVED_FIFO), LEFT("notify_fifo_script", KEEPALIVED_FIFO),
	UNNEEDED("process_monitor_rcv_bufs", OURS),
	UNNEEDED("process_monitor_rcv_bufs_force", OURS),
	UNNEEDED("process_name", OURS), UNNEEDED("process_names", OURS),
	UNNEEDED("random_seed", OURS), UNNEEDED("reload_check_config", OURS),
	UNNEEDED("reload_file", OURS), UNNEEDED("reload_repeat", OURS),
	LEFT("reload_time_file", "commits are not made at a time; let the system's timer do it"),
	UNNEEDED("router_id", "a router is known by its addresses and the name of its host"),
	LEFT("rs_init_notifies", IPVS),
	{ "script_user", KEYWORD_CALL, .read = read_script_user },
	LEFT("shutdown_script", "nothing is run at the end; let systemd run it"),
	UNNEEDED("shutdown_script_timeout", OURS),
	{ "smtp_alert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_MAIL },
	LEFT("smtp_alert_checker", KEEPALIVED_MAIL),
	{ "smtp_alert_vrrp", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_MAIL },
	UNNEEDED("smtp_connect_timeout", KEEPALIVED_MAIL),
	UNNEEDED("smtp_helo_name", KEEPALIVED_MAIL),
	UNNEEDED("smtp_server", KEEPALIVED_MAIL), LEFT("snmp_socket", SNMP),
	LEFT("startup_script", "nothing is run at the start; let systemd run it"),
	UNNEEDED("startup_script_timeout", OURS), UNNEEDED("tmp_config_directory", OURS),
	{ "v3_checksum_as_v2", KEYWORD_CALL, .read = read_plain_checksum },
	UNNEEDED("umask", OURS), UNNEEDED("vmac_addr_prefix", OURS), UNNEEDED("vmac_prefix", OURS),
	UNNEEDED("vrrp_check_unicast_src", "the source of unicast packets is always checked"),
	UNNEEDED("vrrp_cpu_affinity", OURS),
	{ "vrrp_down_timer_adverts", KEYWORD_LEFT_IF_ON,
	  .text = KEEPALIVED_DOWN_TIMER, .off = "3" },
	{ "vrrp_garp_extra_if", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_EXTRA, .off = "0" },
	GLOBAL("vrrp_garp_interval", garp.interval),
	GLOBAL("vrrp_garp_lower_prio_delay", garp.lower_priority_delay),
	GLOBAL("vrrp_garp_lower_prio_repeat", garp.lower_priority_repeat),
	GLOBAL("vrrp_garp_master_delay", garp.master_delay),
	GLOBAL("vrrp_garp_master_refresh", garp.master_refresh),
	GLOBAL("vrrp_garp_master_refresh_repeat", garp.master_refresh_repeat),
	GLOBAL("vrrp_garp_master_repeat", garp.master_repeat),
	UNNEEDED("vrrp_gna_interval", "garp interval is for both families"),
	{ "vrrp_higher_prio_send_advert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_STRONGER },
	UNNEEDED("vrrp_ipsets", OURS), UNNEEDED("vrrp_iptables", OURS),
	{ "vrrp_lower_prio_no_advert", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_WEAKER },
	{ "vrrp_mcast_group4", KEYWORD_LEFT_IF_ON,
	  .text = KEEPALIVED_MULTICAST, .off = "224.0.0.18" },
	{ "vrrp_mcast_group6", KEYWORD_LEFT_IF_ON,
	  .text = KEEPALIVED_MULTICAST, .off = "ff02::12" },
	{ "vrrp_min_garp", KEYWORD_CALL, .read = read_flag },
	UNNEEDED("vrrp_netlink_cmd_rcv_bufs", OURS),
	UNNEEDED("vrrp_netlink_cmd_rcv_bufs_force", OURS),
	UNNEEDED("vrrp_netlink_monitor_rcv_bufs", OURS),
	UNNEEDED("vrrp_netlink_monitor_rcv_bufs_force", OURS),
	UNNEEDED("vrrp_no_swap", OURS), LEFT("vrrp_notify_fifo", KEEPALIVED_FIFO),
	LEFT("vrrp_notify_fifo_script", KEEPALIVED_FIFO),
	{ "vrrp_notify_priority_changes", KEYWORD_LEFT_IF_ON, .text = KEEPALIVED_FIFO },
	UNNEEDED("vrrp_priority", OURS), UNNEEDED("vrrp_process_name", OURS),
	UNNEEDED("vrrp_rlimit_rttime", OURS), UNNEEDED("vrrp_rt_priority", OURS),
	UNNEEDED("vrrp_rx_bufs_multiplier", OURS), UNNEEDED("vrrp_rx_bufs_policy", OURS),
	UNNEEDED("vrrp_skip_check_adv_addr",
	         "address lists that differ are an alarm and never two masters"),
	GLOBAL("vrrp_startup_delay", start_delay),
	{ "vrrp_strict", KEYWORD_CALL, .read = read_flag },
	GLOBAL("vrrp_version", version),
	{ NULL },
};

static void
read_globals(struct model *model, const struct statement *s, void *into)
{
	keyword_walk(model, s, global_words, into, "global_defs");
}

/* ------------------------------------------------------------------ beside the instances */

static void
read_garp_group(struct model *model, const struct statement *block, void *into)
{
	struct global *global = into;
	const struct statement *interval = statement_find(block, "garp_interval");

	if (!interval) {
		keyword_find(model, FINDING_UNNEEDED, block, "garp interval is for both families");
		return;
	}
	for (const struct statement *s = block->first; s; s = s->next) {
		if (statement_is(s, "interface"))
			*MODEL_ADD(global, garp_groups, garp_group_count) = (struct garp_group){
				keyword_said(interval, 1), keyword_said(s, 1),
			};
		for (const struct statement *name = s->first;
		     name && statement_is(s, "interfaces"); name = name->next)
			*MODEL_ADD(global, garp_groups, garp_group_count) = (struct garp_group){
				keyword_said(interval, 1), keyword_said(name, 0),
			};
	}
}

static void
read_delays(struct model *model, const struct statement *block, void *into UNUSED)
{
	for (const struct statement *s = block->first; s; s = s->next) {
		struct model_delay *delay = MODEL_ADD(model, delays, delay_count);

		delay->interface = keyword_said(s, 0);
		delay->down = keyword_said(s, 1);
		delay->up = keyword_said(s, s->words.count > 2 ? 2 : 1);
	}
}

static void
read_statics(struct model *model UNUSED, const struct statement *s, void *into)
{
	((struct global *)into)->statics = s;
}

static const struct keyword root_words[] = {
	LEFT("SSL", IPVS),
	LEFT("bfd_instance", "BFD is not spoken; service path-monitor watches paths"),
	UNNEEDED("child_wait_time", OURS),
	{ "garp_group", KEYWORD_CALL, .read = read_garp_group },
	{ "global_defs", KEYWORD_CALL, .read = read_globals },
	UNNEEDED("instance", OURS),
	{ "interface_up_down_delays", KEYWORD_CALL, .read = read_delays },
	LEFT("linkbeat_interfaces",
	     "the kernel's state of the link is used; a driver without it is not polled"),
	LEFT("linkbeat_use_polling",
	     "the kernel's state of the link is used; a driver without it is not polled"),
	UNNEEDED("namespace_with_ipsets", OURS),
	LEFT("net_namespace",
	     "start the service in the namespace (NetworkNamespacePath= of systemd)"),
	LEFT("net_namespace_ipvs", IPVS),
	{ "static_ipaddress", KEYWORD_CALL, .read = read_statics },
	{ "static_routes", KEYWORD_CALL, .read = keepalived_route_read_statics },
	LEFT("static_rules", "rules that do not move belong to the system's own configuration"),
	LEFT("track_group", "addresses and routes that do not move are not tracked"),
	UNNEEDED("use_pid_dir", OURS),
	LEFT("virtual_server", IPVS), LEFT("virtual_server_group", IPVS),
	{ NULL, .more = keepalived_vrrp_words },
};

/* ------------------------------------------------------------------ joining */

static void
inherit_garp(struct model_group *group, const struct global *global)
{
	struct model_garp *garp = &group->garp;

	for (size_t i = 0; i < global->garp_group_count; i++) {
		if (group->interface.text &&
		    strcmp(global->garp_groups[i].interface.text, group->interface.text) == 0)
			model_inherit(&garp->interval, &global->garp_groups[i].interval);
	}
	model_inherit_garp(garp, &global->garp);
}

/* Addresses that stay; their options are the kernel's matter, but for the interface. */
static void
join_statics(struct model *model, const struct global *global)
{
	const char *fallback = global->default_interface.text ? global->default_interface.text
	                                                      : "eth0";

	if (!global->statics)
		return;
	for (const struct statement *s = global->statics->first; s; s = s->next) {
		struct model_static *address = MODEL_ADD(model, statics, static_count);

		address->address = keyword_said(s, 0);
		address->interface = fallback;
		for (size_t i = 1; i + 1 < s->words.count; i += 2) {
			const char *word = statement_word(s, i);

			if (strcmp(word, "dev") == 0)
				address->interface = statement_word(s, i + 1);
			else if (strcmp(word, "scope") != 0 && strncmp(word, "br", 2) != 0)
				keyword_find(model, FINDING_LEFT, s,
				             "%s: an address of an interface has no such property",
				             word);
		}
	}
}

void
keepalived_read(struct model *model, const struct statement *root)
{
	struct global global = { .garp = { { NULL } } };

	keyword_walk(model, root, root_words, &global, "keepalived.conf");
	if (global.min_garp.text && strcmp(global.min_garp.text, "on") == 0) {
		model_inherit(&global.garp.master_delay,
		              &(struct said){ "0", global.min_garp.place });
		model_inherit(&global.garp.master_repeat,
		              &(struct said){ "1", global.min_garp.place });
	}
	for (size_t i = 0; i < model->group_count; i++) {
		struct model_group *group = &model->groups[i];

		model_inherit(&group->version, &global.version);
		model_inherit(&group->strict, &global.strict);
		model_inherit(&group->start_delay, &global.start_delay);
		group->plain_checksum = group->plain_checksum || global.plain_checksum;
		inherit_garp(group, &global);
	}
	join_statics(model, &global);
	model_join(model);
	free(global.garp_groups);
}
