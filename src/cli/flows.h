/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * "show connsync flows": the connections that are replicated, all of them or those that pass some
 * filters, each a word and its value: "protocol tcp port 22".
 */
#ifndef TANDEM_FLOWS_H
#define TANDEM_FLOWS_H

#include "cli/session.h"

/* words: filters in any order, each once; a filter's word may be shortened. */
enum outcome flows_show(struct session *session, char *const words[], size_t count);
/* The filters that were not given yet, or the form of a filter's value. */
command_complete flows_complete;

#endif
