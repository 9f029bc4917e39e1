/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small kernel for tests of the planner: it carries out steps on the picture as Linux would, and
 * fails the test on a step that Linux would refuse.
 */
#ifndef TANDEM_SMALL_KERNEL_H
#define TANDEM_SMALL_KERNEL_H

#include "core/ifgroup.h"
#include "core/ifplan.h"

/* A local route: what makes an IPv4 address answer. */
struct local {
	int index;
	struct ip ip;
	uint8_t mark;
};

struct kernel {
	struct ifworld *world;
	struct ifroutes *routes;
	struct ifnets *nets;
	struct local locals[8192];
	size_t local_count;
	struct iforiginals *originals;
	struct settings *settings;
	struct ifplan *plan;
	bool held[512];
	struct ifworld_port port;	/* of the one whose speed is configured, in its driver */
	bool offers;			/* it carries out a fixed speed by a negotiation */
	int next_index;
	uint32_t batches[8192];		/* of condemned links, by index */
	unsigned done;			/* steps carried out */
	unsigned kinds[IFSTEP_KINDS];
	char log[65536];
	enum ifstep_kind refuse;	/* IFSTEP_KINDS = none */
	bool no_filter;			/* its bridges know no VLANs */
};

/* With the ports p1 (up) and p2 (down); takes the settings. */
struct kernel *kernel_new(struct settings *settings);
void kernel_free(struct kernel *rig);
/* kernel_free(), for cmocka. */
int kernel_tear_down(void **state);
/*
 * The originals are written, and it goes on with what can be read from the bytes, as a successor
 * does; bytes that are damaged or lack their end must not be taken.
 */
void kernel_restart(struct kernel *rig);
/* Takes the settings; nothing is held. */
void kernel_adopt(struct kernel *rig, struct settings *settings);

struct ifplan_view kernel_view(struct kernel *rig);
void kernel_carry_out(struct kernel *rig, const struct ifstep *step);
/* And empties the list. */
void kernel_carry_out_all(struct kernel *rig, struct ifsteps *steps);
/* Plan and carry out until nothing is left; how many steps it took. */
unsigned kernel_settle(struct kernel *rig);
/* The engine's wishes, carried out at once. */
void kernel_take(struct kernel *rig, uint32_t group);
void kernel_drop(struct kernel *rig, uint32_t group);

/* A link for ifworld_put_link(). */
struct ifworld_link kernel_new_link(struct kernel *rig, const char *name, enum ifworld_kind kind);
void kernel_lift(struct ifworld_link *link, bool up);

/* Fails the test when there is none. */
const struct ifworld_link *kernel_link(const struct kernel *rig, const char *name);
const struct ifworld_address *kernel_address(const struct kernel *rig, const char *name,
                                             const char *text);
/* Would the host answer ARP, neighbour solicitations, echo for it? */
bool kernel_answers(const struct kernel *rig, const char *name, const char *text);
/* Is there a local route with this mark (0: the address's own)? */
bool kernel_has_local(const struct kernel *rig, const char *name, const char *text, uint8_t mark);

void kernel_put_address(struct settings *s, uint32_t at, const char *text);

#endif
