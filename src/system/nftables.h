/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet filter of the kernel, by way of libnftables: runs commands in its language, all of one
 * call or none, and tells when anybody changed anything.  Which rules, is for the caller.
 */
#ifndef TANDEM_NFTABLES_H
#define TANDEM_NFTABLES_H

#include "base/base.h"
#include "base/error.h"

struct nftables;

int nftables_new(struct nftables **ret_nftables, struct error *error) MUST_USE;
void nftables_free(struct nftables *nftables);	/* NULL is fine */

/* Carry out these commands in one transaction.  *error tells what was said against them. */
int nftables_run(struct nftables *nftables, const char *commands, struct error *error) MUST_USE;

/* What the last run printed, borrowed until the next one. */
const char *nftables_output(const struct nftables *nftables);

/* Readable when the rules of the network namespace changed, by whomever; -1 = cannot be told. */
int nftables_descriptor(const struct nftables *nftables);
/* Forget the changes told so far. */
void nftables_drain(struct nftables *nftables);

#endif
