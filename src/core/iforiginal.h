/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What links were like before we changed them: one record a link name, kept from the first change
 * until the link is as it was.  The planner saves before it changes and restores from here; the
 * bytes of iforiginals_write() outlive the engine, so that its successor can still restore.
 */
#ifndef TANDEM_IFORIGINAL_H
#define TANDEM_IFORIGINAL_H

#include "base/base.h"
#include "base/error.h"
#include "base/inet.h"
#include "core/ifworld.h"

enum iforiginal_bit {
	ORIGINAL_CREATED = 1 << 0,	/* there was no such link: delete it */
	ORIGINAL_UP = 1 << 1,
	ORIGINAL_MTU = 1 << 2,
	ORIGINAL_MAC = 1 << 3,
	ORIGINAL_ALIAS = 1 << 4,
	ORIGINAL_MASTER = 1 << 5,
	ORIGINAL_BOND = 1 << 6,
	ORIGINAL_ARP = 1 << 7,
	ORIGINAL_TUNES = 1 << 8,	/* some of them: "tuned" says which */
	ORIGINAL_PORT = 1 << 9,
	ORIGINAL_BRIDGE = 1 << 10,
	ORIGINAL_VLANS = 1 << 11,
};

#define ORIGINAL_VLANS_MAX 16u		/* ranges */

struct iforiginal {
	char name[NAME_SIZE];
	uint16_t saved;			/* enum iforiginal_bit: which of the following count */
	bool up;
	uint32_t mtu;
	struct mac mac;
	char master[NAME_SIZE];		/* "" = none */
	struct ifworld_bond bond;	/* without its primary */
	struct ifworld_bridge bridge;
	uint8_t vlan_count;		/* a port's, or a bridge's own */
	struct vlan_settings vlans[ORIGINAL_VLANS_MAX];
	struct ifworld_arp arp;		/* without rp_filter, which is a tune */
	uint16_t tuned;			/* 1 << enum tune */
	int16_t tunes[TUNES];
	struct ifworld_port port;
	char alias[DESCRIPTION_SIZE];
};

struct iforiginals;

struct iforiginals *iforiginals_new(void) MUST_USE;
void iforiginals_free(struct iforiginals *originals);	/* NULL is fine */

/* Record of a link, or NULL.  Valid until the next save. */
const struct iforiginal *iforiginals_find(const struct iforiginals *originals, const char *name);
/* Has this been saved? */
bool iforiginals_has(const struct iforiginals *originals, const char *name,
                     enum iforiginal_bit bit);
/* Remember what the link is like now, unless that was saved earlier; master is the name of the link
 * it belongs to, or "". */
void iforiginals_save(struct iforiginals *originals, const struct ifworld_link *link,
                      const char *master, enum iforiginal_bit bit);
void iforiginals_save_created(struct iforiginals *originals, const char *name);
/* The same for one number of a link, which is its ORIGINAL_TUNES in part. */
void iforiginals_save_tune(struct iforiginals *originals, const struct ifworld_link *link,
                           enum tune tune);
/* The same for its VLANs.  Of more than ORIGINAL_VLANS_MAX ranges only so many come back. */
void iforiginals_save_vlans(struct iforiginals *originals, const struct ifworld_link *link,
                            const struct vlanset *vlans);
/* It is as it was (or we no longer answer for it): forget these bits. */
void iforiginals_forget(struct iforiginals *originals, const char *name, unsigned bits);
void iforiginals_forget_tune(struct iforiginals *originals, const char *name, enum tune tune);

/* Walk from the newest record to the oldest: start with NULL; forgetting meanwhile is fine. */
const struct iforiginal *iforiginals_next(const struct iforiginals *originals,
                                          const struct iforiginal *record);

/* Was anything changed since the last write? */
bool iforiginals_dirty(const struct iforiginals *originals);
/* All records as bytes on the heap: free() them. */
void *iforiginals_write(struct iforiginals *originals, size_t *ret_size);
/* -EINVAL with *error when the bytes are not ours, of another version or damaged. */
int iforiginals_read(const void *bytes, size_t size, struct iforiginals **ret,
                     struct error *error) MUST_USE;

#endif
