/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that outlives the engine: one shared mapping, made by the supervisor before it starts
 * any role, written by the engine (but for two things of the supervisor's own), read by the
 * supervisor (heartbeat, host name) and by the manager ("show" disturbs nobody).  A file in the run
 * directory backs it, so that it also survives the supervisor as long as the machine is up.
 *
 * It holds the settings last adopted, one status record per group and one for the engine, the
 * journal, and what interfaces were like before Tandem changed them.  Every item but the journal is
 * written in two copies with a version, so that a writer killed at any instruction leaves the older
 * copy whole.
 */
#ifndef TANDEM_MEMORY_H
#define TANDEM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/error.h"
#include "base/nsec.h"
#include "core/journal.h"
#include "core/settings.h"
#include "core/status.h"

struct memory;

/*
 * Open (or create) the memory in file path for a capacity of groups and bytes of settings.  What an
 * earlier process left is kept if it is from this boot and of this layout, otherwise zeroed.
 * 0 or negative errno with *error.
 */
int memory_open(const char *path, struct memory **ret_memory, struct error *error) MUST_USE;
/* Was the file path written since the machine was booted?  False when there is none. */
bool memory_is_of_this_boot(const char *path);
void memory_close(struct memory *memory);		/* NULL is fine; the file stays */

/* Engine: one turn of its loop is done.  Supervisor: when was that (0 = never)? */
void memory_beat(struct memory *memory, nsec_t now);
nsec_t memory_last_beat(const struct memory *memory);

/* Engine: for how long silence is no reason for concern.  Supervisor reads it. */
void memory_set_patience(struct memory *memory, nsec_t patience);
nsec_t memory_patience(const struct memory *memory);

/* Engine: the settings it runs now.  -ENOSPC when they do not fit. */
int memory_put_settings(struct memory *memory, const struct settings *settings) MUST_USE;
/* A checked copy on the heap (free() it), or NULL when there are none. */
struct settings *memory_get_settings(const struct memory *memory);
/* Revision of the settings in the memory, 0 when there are none. */
uint64_t memory_settings_revision(const struct memory *memory);
/* Their serial number: another one means other settings; 0 when there are none. */
uint64_t memory_settings_serial(const struct memory *memory);

/* Engine: publish the record of group number index. -ENOSPC when there is no room. */
int memory_put_status(struct memory *memory, uint32_t index, const struct vrouter_status *status);
/*
 * Engine: groups got new numbers.  Records are staged where nobody reads, then all take the place
 * of all in one step.  Between the two nothing must be put.
 */
int memory_stage_status(struct memory *memory, uint32_t index, const struct vrouter_status *status);
void memory_switch_status(struct memory *memory, uint32_t count);
uint32_t memory_status_count(const struct memory *memory);
/* A consistent copy of one record; false when there is none of this index. */
bool memory_get_status(const struct memory *memory, uint32_t index, struct vrouter_status *ret);

/* Engine: publish what concerns it as a whole.  Readers: a consistent copy; false = none yet. */
void memory_put_engine(struct memory *memory, const struct engine_status *status);
bool memory_get_engine(const struct memory *memory, struct engine_status *ret);

/*
 * The journal: the last JOURNAL_ENTRIES events.  Engine: append one; its sequence is filled in
 * here.  Readers: the number of the newest (0 = none), and a copy of a given one; false when it is
 * not there yet or was overwritten.
 */
#define JOURNAL_ENTRIES 1024u
void memory_append(struct memory *memory, const struct journal_entry *entry);
uint64_t memory_newest(const struct memory *memory);
bool memory_get_entry(const struct memory *memory, uint64_t sequence, struct journal_entry *ret);

/* Opaque bytes for src/daemon/interfaces.c: what interfaces were like before. */
#define MEMORY_ORIGINALS_MAX (4u << 20)
int memory_put_originals(struct memory *memory, const void *bytes, size_t size) MUST_USE;
/* Copy into *ret_bytes (heap, free() it); *ret_size 0 and NULL when there are none. */
void memory_get_originals(const struct memory *memory, void **ret_bytes, size_t *ret_size);

/* Supervisor: the host name that the settings ask for, "" = none; false when there are none. */
bool memory_get_host_name(const struct memory *memory, char ret_name[HOST_NAME_SIZE]);
/* And what it was before; "" = nothing is kept. */
#define MEMORY_NAME_SIZE 65u
void memory_put_original_name(struct memory *memory, const char *name);
void memory_get_original_name(const struct memory *memory, char ret_name[MEMORY_NAME_SIZE]);

/* Supervisor: how often the engine was started again. */
void memory_count_restart(struct memory *memory);
uint32_t memory_restarts(const struct memory *memory);

#endif
