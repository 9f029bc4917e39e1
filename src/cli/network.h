/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The operational commands about interfaces and routes: "show interfaces ...", "show ip route
 * static".  What is shown is fetched, what was not asked for dropped; the layouts are show.h's.
 */
#ifndef TANDEM_CLI_NETWORK_H
#define TANDEM_CLI_NETWORK_H

#include "cli/tree.h"

/* All, or the one of this name. */
enum outcome network_show_interfaces(struct session *session, char *const arguments[],
                                     size_t count);

/* Those of a kind with their vifs; one of them with its vifs; a vif of it, by its number. */
enum outcome network_show_bonding(struct session *session, char *const arguments[], size_t count);
enum outcome network_show_dataplane(struct session *session, char *const arguments[],
                                    size_t count);
enum outcome network_show_loopback(struct session *session, char *const arguments[], size_t count);
enum outcome network_show_switch(struct session *session, char *const arguments[], size_t count);
enum outcome network_show_vrrp(struct session *session, char *const arguments[], size_t count);

enum outcome network_show_routes(struct session *session, char *const arguments[], size_t count);
enum outcome network_show_routes4(struct session *session, char *const arguments[], size_t count);
enum outcome network_show_routes6(struct session *session, char *const arguments[], size_t count);

/* Names: of any interface, of those of a kind, and the numbers of the vifs of arguments[0]. */
command_complete network_complete_any, network_complete_bonding, network_complete_dataplane,
	network_complete_loopback, network_complete_switch, network_complete_vrrp,
	network_complete_vif;

#endif
