/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Number and patience are one word: who reads between two stores would take the patience of one
 * beat for that of another.
 */
#include "daemon/pulse.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

struct pulse {
	_Atomic uint64_t word;		/* number in the upper half, milliseconds in the lower */
};

int
pulse_new(struct pulse **ret, struct error *error)
{
	struct pulse *pulse = mmap(NULL, sizeof(*pulse), PROT_READ | PROT_WRITE,
	                           MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (pulse == MAP_FAILED)
		return error_set(error, -errno, "cannot share a page: %s", strerror(errno));
	*ret = pulse;
	return 0;
}

void
pulse_free(struct pulse *pulse)
{
	if (pulse)
		munmap(pulse, sizeof(*pulse));
}

void
pulse_beat(struct pulse *pulse, nsec_t patience)
{
	uint64_t number = (atomic_load(&pulse->word) >> 32) + 1;
	nsec_t most = (nsec_t)UINT32_MAX * NSEC_PER_MSEC;

	atomic_store(&pulse->word,
	             number << 32 | (uint64_t)(nsec_min(patience, most) / NSEC_PER_MSEC));
}

nsec_t
pulse_read(const struct pulse *pulse, uint32_t *ret_beat)
{
	uint64_t word = atomic_load(&pulse->word);

	*ret_beat = (uint32_t)(word >> 32);
	return (nsec_t)(uint32_t)word * NSEC_PER_MSEC;
}
