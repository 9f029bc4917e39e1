/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration without any problem, to which the tests of rules add lines: the first is line 5.
 */
#ifndef TANDEM_TEST_SOUND_H
#define TANDEM_TEST_SOUND_H

#define BOND "interfaces bonding dp0bond0"
#define GROUP BOND " vrrp vrrp-group 1"
#define VIF BOND " vif 10"
#define SOUND \
	"set " BOND " address 10.0.0.2/24\n" \
	"set " GROUP " virtual-address 10.0.0.1/24\n" \
	"set " GROUP " preempt false\n" \
	"set " GROUP " sync-group S\n"
/* The same with version 3 and both families: the first line added is line 7. */
#define SOUND_BOTH SOUND \
	"set " GROUP " version 3\n" \
	"set " GROUP " virtual-address fe80::1\n"

#endif
