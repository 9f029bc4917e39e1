/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * virtual_routes and virtual_rules of an instance, and static_routes: lines in the words of "ip
 * route" and "ip rule".
 */
#ifndef TANDEM_KEEPALIVED_ROUTE_H
#define TANDEM_KEEPALIVED_ROUTE_H

#include "import/keyword.h"

/* into is the struct model_group. */
keyword_read keepalived_route_read, keepalived_route_read_rules;
/* into is not used: these are the model's own. */
keyword_read keepalived_route_read_statics;

#endif
