/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tandem-sim: runs seeds or stories and says what came of them.  Exit status 0 = all rules held,
 * 1 = one was broken, 2 = usage.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sim/author.h"
#include "sim/every.h"
#include "sim/story.h"

#define STORY_MAX (1u << 20)

struct request {
	uint64_t first;
	uint64_t count;
	uint64_t step;
	bool counted;			/* said how many */
	unsigned depth;			/* of the small world; 0 = random lives */
	unsigned routers;
	bool verbose;
	bool twice;
	bool tell;
	const char *story;
};

static const char usage[] =
	"usage: tandem-sim [--seed N | --seeds FIRST COUNT] [--routers N] [--every DEPTH]\n"
	"                  [--twice] [--tell] [--verbose]\n"
	"       tandem-sim --scenario FILE [--verbose]\n"
	"  --seed N             one random life, the same on every machine\n"
	"  --seeds FIRST COUNT  many; the first that breaks a rule ends the run\n"
	"  --every DEPTH        not random lives: every sequence of so many events of a small\n"
	"                       world; all of them, or those with the numbers of --seeds\n"
	"  --scenario FILE      a story in a file, see docs/simulator.md; - is standard input\n"
	"  --part K N           of those only every Nth, from number K on\n"
	"  --routers N          2 to 4 instead of what the seed says\n"
	"  --twice              run every seed twice and compare their histories\n"
	"  --tell               print the story of the seed instead of running it\n"
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
		{ "part", required_argument, NULL, 'p' },
		{ "every", required_argument, NULL, 'e' },
		{ "routers", required_argument, NULL, 'r' },
		{ "scenario", required_argument, NULL, 'f' },
		{ "twice", no_argument, NULL, 't' },
		{ "tell", no_argument, NULL, 'T' },
		{ "verbose", no_argument, NULL, 'v' },
		{ NULL, 0, NULL, 0 },
	};
	uint64_t routers = 0;
	uint64_t depth = 0;
	uint64_t part = 0;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		bool sound = true;

		request->counted |= option == 's' || option == 'S';
		if (option == 's')
			sound = parse_number(optarg, &request->first);
		else if (option == 'S')
			sound = parse_number(optarg, &request->first) && optind < argc &&
				parse_number(argv[optind++], &request->count);
		else if (option == 'p')
			sound = parse_number(optarg, &part) && optind < argc &&
				parse_number(argv[optind++], &request->step) &&
				part < request->step;
		else if (option == 'e')
			sound = parse_number(optarg, &depth) && depth >= 1 &&
				depth <= EVERY_DEPTH_MAX;
		else if (option == 'r')
			sound = parse_number(optarg, &routers) && routers >= 2 && routers <= 4;
		else if (option == 'f')
			request->story = optarg;
		else if (option == 't')
			request->twice = true;
		else if (option == 'T')
			request->tell = true;
		else if (option == 'v')
			request->verbose = true;
		else
			sound = false;
		if (!sound)
			return false;
	}
	request->routers = (unsigned)routers;
	request->depth = (unsigned)depth;
	if (depth > 0 && !request->counted) {
		request->first = 0;
		request->count = every_count(request->depth);
	}
	request->first += part;
	request->count -= part < request->count ? part : request->count;
	return optind == argc && request->count > 0;
}

/* ---- stories -------------------------------------------------------------------------------- */

static int
run_story(const char *path, bool verbose)
{
	static char text[STORY_MAX];
	FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
	struct story_result result;
	size_t length;

	if (file == NULL) {
		printf("%s: %s\n", path, strerror(errno));
		return STORY_UNREADABLE;
	}
	length = fread(text, 1, sizeof(text) - 1, file);
	text[length] = '\0';
	fclose(file);
	story_tell(path, text, verbose ? STORY_VERBOSE : STORY_TOLD, &result);
	if (result.outcome == STORY_AS_TOLD)
		printf("%s: as told\n", path);
	return result.outcome;
}

/* ---- seeds ---------------------------------------------------------------------------------- */

/* Which life it was, should the engine fail an assertion in it. */
static uint64_t volatile present_seed;

static void
on_abort(int number)
{
	printf("seed %llu: the engine failed an assertion\n", (unsigned long long)present_seed);
	fflush(stdout);
	signal(number, SIG_DFL);
}

static void
write_story(const struct request *request, uint64_t seed, char text[AUTHOR_TEXT_MAX])
{
	if (request->depth > 0)
		every_write(request->depth, seed % every_count(request->depth), text);
	else
		author_write(seed, request->routers, text);
}

static void
run_once(const struct request *request, uint64_t seed, enum story_manner manner,
         struct story_result *ret_result)
{
	static char text[AUTHOR_TEXT_MAX];

	write_story(request, seed, text);
	story_tell("the story", text, manner, ret_result);
}

/* False: a rule was broken, or two runs of the seed differ. */
static bool
run_seed(const struct request *request, uint64_t seed, struct story_result *ret_result)
{
	struct story_result again;

	present_seed = seed;
	run_once(request, seed, request->verbose ? STORY_VERBOSE : STORY_QUIET, ret_result);
	if (ret_result->outcome != STORY_AS_TOLD) {
		if (!request->verbose)
			run_once(request, seed, STORY_TOLD, &again);
		printf("seed %llu: rule %s\n", (unsigned long long)seed, ret_result->check.rule);
		return false;
	}
	if (!request->twice)
		return true;
	run_once(request, seed, STORY_QUIET, &again);
	if (again.hash == ret_result->hash)
		return true;
	printf("seed %llu does not repeat: history %016llx, then %016llx\n",
	       (unsigned long long)seed, (unsigned long long)ret_result->hash,
	       (unsigned long long)again.hash);
	return false;
}

static void
print_sum(const struct request *request, const struct story_result *sum)
{
	printf("%llu stories from %llu: %llu takeovers in %.1f simulated hours, %llu checks, "
	       "history %016llx\n",
	       (unsigned long long)((request->count + request->step - 1) / request->step),
	       (unsigned long long)request->first, (unsigned long long)sum->check.takeovers,
	       (double)sum->simulated / (double)NSEC_PER_SEC / 3600,
	       (unsigned long long)sum->check.checked, (unsigned long long)sum->hash);
	printf("lateness in us, up to:");
	for (unsigned i = 0; i < LATE_BUCKETS; i++)
		printf(" %u:%llu", 10u << i, (unsigned long long)sum->check.late[i]);
	printf(" latest:%.1f\n", (double)sum->check.latest / (double)NSEC_PER_USEC);
}

static int
run_seeds(const struct request *request)
{
	struct story_result sum = { 0 };

	for (uint64_t i = 0; i < request->count; i += request->step) {
		struct story_result result;

		if (!run_seed(request, request->first + i, &result))
			return 1;
		sum.hash = sum.hash * 31 + result.hash;
		sum.check.takeovers += result.check.takeovers;
		sum.check.checked += result.check.checked;
		sum.check.latest = nsec_max(sum.check.latest, result.check.latest);
		for (unsigned k = 0; k < LATE_BUCKETS; k++)
			sum.check.late[k] += result.check.late[k];
		sum.simulated += result.simulated;
	}
	print_sum(request, &sum);
	return 0;
}

int
main(int argc, char **argv)
{
	static char text[AUTHOR_TEXT_MAX];
	struct request request = { .first = 1, .count = 1, .step = 1 };

	if (!parse_arguments(argc, argv, &request)) {
		fputs(usage, stderr);
		return 2;
	}
	if (request.story != NULL)
		return run_story(request.story, request.verbose);
	if (request.tell) {
		write_story(&request, request.first, text);
		fputs(text, stdout);
		return 0;
	}
	signal(SIGABRT, on_abort);
	return run_seeds(&request);
}
