/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words at the top of a keepalived.conf that are about VRRP groups and what they track.
 */
#ifndef TANDEM_KEEPALIVED_VRRP_H
#define TANDEM_KEEPALIVED_VRRP_H

#include "import/keyword.h"

extern const struct keyword keepalived_vrrp_words[];

#endif
