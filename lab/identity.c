/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * identity FOLDER: make a router's key in its state directory, unless it has one, and print its
 * fingerprint: a pair that is to be paired before it starts.
 */
#include <stdio.h>

#include "system/identity.h"

int
main(int argc, char **argv)
{
	char text[FINGERPRINT_TEXT_SIZE];
	struct identity *identity;
	struct error error;

	if (argc != 2) {
		fprintf(stderr, "usage: identity FOLDER\n");
		return 2;
	}
	if (identity_open(argv[1], &identity, &error) < 0) {
		fprintf(stderr, "identity: %s\n", error.text);
		return 1;
	}
	printf("%s\n", fingerprint_text(identity_fingerprint(identity), text));
	identity_free(identity);
	return 0;
}
