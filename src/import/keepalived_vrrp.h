/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words at the top of a keepalived.conf that are about VRRP groups and what they track.
 */
#ifndef TANDEM_KEEPALIVED_VRRP_H
#define TANDEM_KEEPALIVED_VRRP_H

#include "import/keyword.h"

/* What becomes of words that may be said for one group or for all. */
#define KEEPALIVED_WEAKER \
	"a master answers a weaker one at once (RFC 9568 6.4.3), which ends a split sooner"
#define KEEPALIVED_STRONGER \
	"a master that hears a stronger one steps down without another word; the stronger one " \
	"announces its addresses again in any case"
#define KEEPALIVED_DOWN_TIMER \
	"a master is missed after three intervals and the skew time, as the RFC says"
#define KEEPALIVED_EXTRA \
	"addresses on other interfaces are announced as the group's own are; a period is garp " \
	"master-refresh"
#define KEEPALIVED_MULTICAST "advertisements go to the multicast address of the RFC"
#define KEEPALIVED_MAIL \
	"mails are not sent; let a program of run-transition-scripts send them"
#define KEEPALIVED_FIFO \
	"events are not written to pipes; follow them with 'tandem monitor vrrp'"

extern const struct keyword keepalived_vrrp_words[];

#endif
