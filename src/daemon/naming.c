/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whoever changes the name by hand keeps it until the next commit.
 */
#include "daemon/naming.h"

#include <string.h>

#include "base/log.h"
#include "system/nodename.h"

static bool
become(const char *wanted, const char *now)
{
	int r;

	if (strcmp(wanted, now) == 0)
		return true;
	r = nodename_set(wanted);
	if (r < 0) {
		log_error("cannot set the host name to %s: %s", wanted, strerror(-r));
		return false;
	}
	log_info("the host name is %s; it was %s", wanted, now);
	return true;
}

void
naming_follow(struct memory *memory, uint64_t *serial)
{
	char wanted[HOST_NAME_SIZE], original[MEMORY_NAME_SIZE], now[NODENAME_SIZE];
	uint64_t current = memory_settings_serial(memory);

	_Static_assert(MEMORY_NAME_SIZE == NODENAME_SIZE, "what was there fits");
	if (current == *serial || !memory_get_host_name(memory, wanted))
		return;
	*serial = current;
	nodename_get(now);
	memory_get_original_name(memory, original);
	if (wanted[0] != '\0') {
		/* First kept, then changed: whatever ends us in between loses nothing. */
		if (original[0] == '\0')
			memory_put_original_name(memory, now);
		(void)become(wanted, now);
	} else if (original[0] != '\0' && become(original, now)) {
		memory_put_original_name(memory, "");
	}
}
