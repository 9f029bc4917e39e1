/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of the kernel's load balancer (generic netlink family IPVS, linux/ip_vs.h): from
 * steps to requests, from answers to services and destinations.
 */
#ifndef TANDEM_IPVS_MESSAGE_H
#define TANDEM_IPVS_MESSAGE_H

#include "base/base.h"
#include "core/balance.h"

struct nlmsghdr;

/* Bytes that hold any single request. */
#define IPVS_REQUEST_MAX 512u

/* Requests in the caller's buffer, aligned as a message is; type is the family's number. */

/* Which number has the family IPVS?  The kernel looks for its module, too. */
struct nlmsghdr *ipvs_message_family(void *buffer, uint32_t sequence);
/* What a step asks for; not of BALANCE_TAKEN, which asks for nothing. */
struct nlmsghdr *ipvs_message_step(void *buffer, uint16_t type, uint32_t sequence,
                                   const struct balance_step *step);
/* All services; all destinations of one. */
struct nlmsghdr *ipvs_message_services(void *buffer, uint16_t type, uint32_t sequence);
struct nlmsghdr *ipvs_message_dests(void *buffer, uint16_t type, uint32_t sequence,
                                    const struct balance_service *service);

/* Answers.  False where the message is not what it should be. */

bool ipvs_message_read_family(const struct nlmsghdr *message, uint16_t *ret_type) MUST_USE;
bool ipvs_message_read_service(const struct nlmsghdr *message, struct balance_service *ret)
	MUST_USE;
/* Of a service of this family, which counts where the kernel names none. */
bool ipvs_message_read_dest(const struct nlmsghdr *message, uint8_t family,
                            struct balance_dest *ret) MUST_USE;

#endif
