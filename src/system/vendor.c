/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what the kernel passes on of the firmware's tables.
 */
#include "system/vendor.h"

#include <stdio.h>
#include <string.h>

bool
vendor_is(const char *start)
{
	FILE *file = fopen("/sys/class/dmi/id/sys_vendor", "re");
	char vendor[64] = "";

	if (!file)
		return false;
	if (!fgets(vendor, sizeof(vendor), file))
		vendor[0] = '\0';
	fclose(file);
	return strncmp(vendor, start, strlen(start)) == 0;
}
