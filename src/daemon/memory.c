/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The memory that outlives the engine.  One file, mapped shared; a header, then areas that exist
 * twice each.  The lowest bit of an area's version says which copy is valid: a writer fills the
 * other one and then raises the version, so a writer killed at any instruction leaves a whole copy,
 * and a reader that sees the version move reads again.
 *
 * It knows what the bytes are called, not what they mean: settings are checked by settings_check()
 * on the way out, because whoever reads must not trust whoever wrote.
 */
#include "daemon/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC 0x54414e44454d0001u
#define LAYOUT ((uint64_t)SETTINGS_MAGIC << 32 | STATUS_LAYOUT << 8 | MEMORY_LAYOUT)
#define MEMORY_LAYOUT 3u		/* raise when struct memory changes */
#define RECORDS_MAX SETTINGS_GROUPS_MAX
#define BOOT_ID_SIZE 36
#define BANK 0x80000000u

struct area {
	_Atomic uint32_t version;	/* lowest bit: the valid copy; 0 = never written */
	uint32_t size[2];		/* bytes used in each copy */
};

struct record {
	_Atomic uint32_t version;
	struct vrouter_status copy[2];
};

/* The place of an entry of the journal; its sequence is 0 while it is being written. */
struct slot {
	_Atomic uint64_t sequence;
	struct journal_entry entry;
};

struct head {
	uint64_t magic;
	uint64_t layout;
	uint64_t size;
	char boot_id[BOOT_ID_SIZE];
};

struct memory {
	struct head head;
	_Atomic int64_t last_beat;
	_Atomic int64_t patience;
	_Atomic uint32_t restarts;
	_Atomic uint32_t records_valid;	/* BANK: which of both; the rest: how many */
	_Atomic uint64_t newest;	/* journal: sequence of the last entry */
	char original_name[MEMORY_NAME_SIZE];	/* the host's, before we changed it */
	struct area settings;
	struct area originals;
	struct area engine;
	uint8_t settings_copy[2][SETTINGS_SIZE_MAX];
	uint8_t originals_copy[2][MEMORY_ORIGINALS_MAX];
	uint8_t engine_copy[2][sizeof(struct engine_status)];
	struct slot journal[JOURNAL_ENTRIES];
	struct record records[2][RECORDS_MAX];
};

/* The kernel's identity of this boot: monotonic times of another boot mean nothing. */
static void
read_boot_id(char id[BOOT_ID_SIZE])
{
	int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(id, 0, BOOT_ID_SIZE);
	if (fd >= 0) {
		if (read(fd, id, BOOT_ID_SIZE) != BOOT_ID_SIZE)
			memset(id, 0, BOOT_ID_SIZE);
		close(fd);
	}
}

/* Read the head of a file that a process of this boot left, of whatever layout. */
static bool
read_head(int fd, struct head *ret_head)
{
	char boot_id[BOOT_ID_SIZE];

	read_boot_id(boot_id);
	return pread(fd, ret_head, sizeof(*ret_head), 0) == sizeof(*ret_head) &&
	       ret_head->magic == MAGIC && memcmp(ret_head->boot_id, boot_id, BOOT_ID_SIZE) == 0;
}

bool
memory_is_of_this_boot(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct head head;
	bool yes = fd >= 0 && read_head(fd, &head);

	if (fd >= 0)
		close(fd);
	return yes;
}

/* May its contents be used? */
static bool
is_ours(int fd)
{
	struct head head;

	return read_head(fd, &head) && head.layout == LAYOUT &&
	       head.size == sizeof(struct memory);
}

/* Give the file its size; what is not ours is forgotten, which leaves zeros. */
static int
prepare_file(int fd, struct head *head)
{
	if (!is_ours(fd) && ftruncate(fd, 0) < 0)
		return -errno;
	if (ftruncate(fd, sizeof(struct memory)) < 0 ||
	    pwrite(fd, head, sizeof(*head), 0) != sizeof(*head))
		return -errno;
	return 0;
}

int
memory_open(const char *path, struct memory **ret_memory, struct error *error)
{
	struct head head = { .magic = MAGIC, .layout = LAYOUT, .size = sizeof(struct memory) };
	void *memory;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	int r;

	if (fd < 0)
		return error_set(error, -errno, "cannot open %s: %s", path, strerror(errno));
	read_boot_id(head.boot_id);
	r = prepare_file(fd, &head);
	if (r < 0) {
		close(fd);
		return error_set(error, r, "cannot write %s: %s", path, strerror(-r));
	}
	memory = mmap(NULL, sizeof(struct memory), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	r = -errno;
	close(fd);
	if (memory == MAP_FAILED)
		return error_set(error, r, "cannot map %s: %s", path, strerror(-r));
	*ret_memory = memory;
	return 0;
}

void
memory_close(struct memory *memory)
{
	if (memory)
		munmap(memory, sizeof(*memory));
}

void
memory_beat(struct memory *memory, nsec_t now)
{
	atomic_store_explicit(&memory->last_beat, now, memory_order_relaxed);
}

nsec_t
memory_last_beat(const struct memory *memory)
{
	return atomic_load_explicit(&memory->last_beat, memory_order_relaxed);
}

void
memory_set_patience(struct memory *memory, nsec_t patience)
{
	atomic_store_explicit(&memory->patience, patience, memory_order_relaxed);
}

nsec_t
memory_patience(const struct memory *memory)
{
	return atomic_load_explicit(&memory->patience, memory_order_relaxed);
}

/* Fill the copy that is not valid, then make it the valid one. */
static void
area_put(struct area *area, uint8_t *copies, size_t capacity, const void *bytes, size_t size)
{
	uint32_t next = atomic_load_explicit(&area->version, memory_order_relaxed) + 1;

	if (next == 0)			/* 0 means "never written" */
		next = 2;
	memcpy(copies + (next & 1) * capacity, bytes, size);
	area->size[next & 1] = (uint32_t)size;
	atomic_store_explicit(&area->version, next, memory_order_release);
}

/* A copy of the valid bytes on the heap, or NULL when there are none. */
static void *
area_get(const struct area *area, const uint8_t *copies, size_t capacity, size_t *ret_size)
{
	for (unsigned tries = 0; tries < 100; tries++) {
		uint32_t version = atomic_load_explicit(&area->version, memory_order_acquire);
		size_t size = area->size[version & 1];
		void *bytes;

		if (version == 0 || size == 0 || size > capacity)
			break;
		bytes = malloc(size);
		if (!bytes)
			break;
		memcpy(bytes, copies + (version & 1) * capacity, size);
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&area->version, memory_order_relaxed) == version) {
			*ret_size = size;
			return bytes;
		}
		free(bytes);
	}
	*ret_size = 0;
	return NULL;
}

int
memory_put_settings(struct memory *memory, const struct settings *settings)
{
	if (settings->size > SETTINGS_SIZE_MAX)
		return -ENOSPC;
	area_put(&memory->settings, memory->settings_copy[0], SETTINGS_SIZE_MAX, settings,
	         settings->size);
	return 0;
}

struct settings *
memory_get_settings(const struct memory *memory)
{
	size_t size;
	void *block = area_get(&memory->settings, memory->settings_copy[0], SETTINGS_SIZE_MAX,
	                       &size);

	if (block && settings_check(block, size, NULL) < 0) {
		free(block);
		return NULL;
	}
	return block;
}

/* How the settings begin; all zero when there are none. */
static struct settings
settings_head(const struct memory *memory)
{
	uint32_t version = atomic_load_explicit(&memory->settings.version, memory_order_acquire);
	struct settings head = { 0 };

	if (version != 0)
		memcpy(&head, memory->settings_copy[version & 1], sizeof(head));
	return head;
}

uint64_t
memory_settings_revision(const struct memory *memory)
{
	return settings_head(memory).revision;
}

uint64_t
memory_settings_serial(const struct memory *memory)
{
	return settings_head(memory).serial;
}

bool
memory_get_host_name(const struct memory *memory, char ret_name[HOST_NAME_SIZE])
{
	for (unsigned tries = 0; tries < 100; tries++) {
		uint32_t version = atomic_load_explicit(&memory->settings.version,
		                                        memory_order_acquire);
		struct settings head;

		if (version == 0)
			return false;
		memcpy(&head, memory->settings_copy[version & 1], sizeof(head));
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&memory->settings.version, memory_order_relaxed) !=
		    version)
			continue;
		memcpy(ret_name, head.host_name, HOST_NAME_SIZE);
		/* Who wrote it is not trusted to have ended it. */
		ret_name[HOST_NAME_SIZE - 1] = '\0';
		return true;
	}
	return false;
}

void
memory_put_original_name(struct memory *memory, const char *name)
{
	strncpy(memory->original_name, name, MEMORY_NAME_SIZE - 1);
}

void
memory_get_original_name(const struct memory *memory, char ret_name[MEMORY_NAME_SIZE])
{
	memcpy(ret_name, memory->original_name, MEMORY_NAME_SIZE);
	ret_name[MEMORY_NAME_SIZE - 1] = '\0';
}

/* Put a record where it is and will be read (0), or where it will be after a switch (1). */
static int
put_record(struct memory *memory, unsigned other, uint32_t index,
           const struct vrouter_status *status)
{
	unsigned bank = (atomic_load(&memory->records_valid) & BANK) != 0;

	if (index >= RECORDS_MAX)
		return -ENOSPC;

	struct record *record = &memory->records[bank ^ other][index];
	uint32_t next = atomic_load_explicit(&record->version, memory_order_relaxed) + 1;

	record->copy[next & 1] = *status;
	atomic_store_explicit(&record->version, next, memory_order_release);
	return 0;
}

int
memory_put_status(struct memory *memory, uint32_t index, const struct vrouter_status *status)
{
	return put_record(memory, 0, index, status);
}

int
memory_stage_status(struct memory *memory, uint32_t index, const struct vrouter_status *status)
{
	return put_record(memory, 1, index, status);
}

void
memory_switch_status(struct memory *memory, uint32_t count)
{
	uint32_t bank = atomic_load(&memory->records_valid) & BANK;

	atomic_store(&memory->records_valid,
	             (bank ^ BANK) | (count < RECORDS_MAX ? count : RECORDS_MAX));
}

uint32_t
memory_status_count(const struct memory *memory)
{
	uint32_t count = atomic_load(&memory->records_valid) & ~BANK;

	return count < RECORDS_MAX ? count : RECORDS_MAX;
}

bool
memory_get_status(const struct memory *memory, uint32_t index, struct vrouter_status *ret)
{
	for (unsigned tries = 0; tries < 1000; tries++) {
		uint32_t valid = atomic_load(&memory->records_valid);

		if (index >= (valid & ~BANK) || index >= RECORDS_MAX)
			return false;

		const struct record *record = &memory->records[(valid & BANK) != 0][index];
		uint32_t version = atomic_load_explicit(&record->version, memory_order_acquire);

		*ret = record->copy[version & 1];
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load_explicit(&record->version, memory_order_relaxed) == version &&
		    atomic_load(&memory->records_valid) == valid)
			return ret->interface[0] != '\0';
	}
	return false;
}

void
memory_put_engine(struct memory *memory, const struct engine_status *status)
{
	area_put(&memory->engine, memory->engine_copy[0], sizeof(*status), status,
	         sizeof(*status));
}

bool
memory_get_engine(const struct memory *memory, struct engine_status *ret)
{
	size_t size;
	void *bytes = area_get(&memory->engine, memory->engine_copy[0], sizeof(*ret), &size);
	bool whole = bytes && size == sizeof(*ret);

	if (whole)
		memcpy(ret, bytes, sizeof(*ret));
	free(bytes);
	return whole;
}

void
memory_append(struct memory *memory, const struct journal_entry *entry)
{
	uint64_t next = atomic_load_explicit(&memory->newest, memory_order_relaxed) + 1;
	struct slot *slot = &memory->journal[next % JOURNAL_ENTRIES];

	atomic_store_explicit(&slot->sequence, 0, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	slot->entry = *entry;
	slot->entry.sequence = next;
	atomic_store_explicit(&slot->sequence, next, memory_order_release);
	atomic_store_explicit(&memory->newest, next, memory_order_release);
}

uint64_t
memory_newest(const struct memory *memory)
{
	return atomic_load_explicit(&memory->newest, memory_order_acquire);
}

bool
memory_get_entry(const struct memory *memory, uint64_t sequence, struct journal_entry *ret)
{
	const struct slot *slot = &memory->journal[sequence % JOURNAL_ENTRIES];

	if (sequence == 0 ||
	    atomic_load_explicit(&slot->sequence, memory_order_acquire) != sequence)
		return false;
	*ret = slot->entry;
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&slot->sequence, memory_order_relaxed) == sequence;
}

int
memory_put_originals(struct memory *memory, const void *bytes, size_t size)
{
	if (size > MEMORY_ORIGINALS_MAX)
		return -ENOSPC;
	area_put(&memory->originals, memory->originals_copy[0], MEMORY_ORIGINALS_MAX, bytes, size);
	return 0;
}

void
memory_get_originals(const struct memory *memory, void **ret_bytes, size_t *ret_size)
{
	*ret_bytes = area_get(&memory->originals, memory->originals_copy[0], MEMORY_ORIGINALS_MAX,
	                      ret_size);
}

void
memory_count_restart(struct memory *memory)
{
	atomic_fetch_add(&memory->restarts, 1);
}

uint32_t
memory_restarts(const struct memory *memory)
{
	return atomic_load(&memory->restarts);
}
