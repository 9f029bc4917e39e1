/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tandem-sim: runs seeds or stories and says what came of them.  Exit status 0 = all rules held,
 * 1 = one was broken, 2 = usage.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/story.h"
#include "sim/turmoil.h"

struct request {
	uint64_t first;
	uint64_t count;
	unsigned routers;
	bool verbose;
	bool twice;
	const char *story;
};

static const char usage[] =
	"usage: tandem-sim [--seed N | --seeds FIRST COUNT | --scenario FILE] [--routers N]\n"
	"                  [--twice] [--verbose]\n"
	"  --seed N             one random life, the same on every machine\n"
	"  --seeds FIRST COUNT  many; the first that breaks a rule ends the run\n"
	"  --scenario FILE      a story told in a file, see docs/simulator.md\n"
	"  --routers N          2 to 4 instead of what the seed says\n"
	"  --twice              run every seed twice and compare their histories\n"
	"  --verbose            print everything that happens\n";

static bool
parse_number(const char *text, uint64_t *ret_number)
{
	char *end;

	errno = 0;
	*ret_number = strtoull(text, &end, 0);
	return errno == 0 && end != text && *end == '\0' && text[0] != '-';
}

static bool
parse_arguments(int argc, char **argv, struct request *request)
{
	static const struct option options[] = {
		{ "seed", required_argument, NULL, 's' },
		{ "seeds", required_argument, NULL, 'S' },
		{ "routers", required_argument, NULL, 'r' },
		{ "scenario", required_argument, NULL, 'f' },
		{ "twice", no_argument, NULL, 't' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t routers = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		bool sound = true;

		if (option == 's')
			sound = parse_number(optarg, &request->first);
		else if (option == 'S')
			sound = parse_number(optarg, &request->first) && optind < argc &&
				parse_number(argv[optind++], &request->count);
		else if (option == 'r')
			sound = parse_number(optarg, &routers) && routers >= 2 && routers <= 4;
		else if (option == 'f')
			request->story = optarg;
		else if (option == 't')
			request->twice = true;
		else if (option == 'v')
			request->verbose = true;
		else
			sound = false;
		if (!sound)
			return false;
	}
	request->routers = (unsigned)routers;
	return optind == argc && request->count > 0;
}

/* False: a rule was broken, or two runs of the seed differ. */
static bool
run_seed(const struct request *request, uint64_t seed, struct turmoil_result *ret_result)
{
	struct turmoil_result again;

	if (!turmoil_run(seed, request->routers, request->verbose, ret_result))
		return false;
	if (!request->twice)
		return true;
	if (!turmoil_run(seed, request->routers, false, &again))
		return false;
	if (again.hash == ret_result->hash)
		return true;
	printf("seed %llu does not repeat: history %016llx, then %016llx\n",
	       (unsigned long long)seed, (unsigned long long)ret_result->hash,
	       (unsigned long long)again.hash);
	return false;
}

static int
run_seeds(const struct request *request)
{
	struct turmoil_result sum = { 0 };

	for (uint64_t i = 0; i < request->count; i++) {
		struct turmoil_result result;

		if (!run_seed(request, request->first + i, &result))
			return 1;
		sum.hash = sum.hash * 31 + result.hash;
		sum.takeovers += result.takeovers;
		sum.checked += result.checked;
		sum.simulated += result.simulated;
	}
	printf("%llu seeds from %llu: %llu takeovers in %.1f simulated hours, %llu checks, "
	       "history %016llx\n",
	       (unsigned long long)request->count, (unsigned long long)request->first,
	       (unsigned long long)sum.takeovers,
	       (double)sum.simulated / (double)NSEC_PER_SEC / 3600,
	       (unsigned long long)sum.checked, (unsigned long long)sum.hash);
	return 0;
}

int
main(int argc, char **argv)
{
	struct request request = { .first = 1, .count = 1 };

	if (!parse_arguments(argc, argv, &request)) {
		fputs(usage, stderr);
		return 2;
	}
	if (request.story != NULL)
		return story_run(request.story, request.verbose);
	return run_seeds(&request);
}
