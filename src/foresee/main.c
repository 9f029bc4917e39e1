/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program tandem-foresee: two configuration files in, what they will do to one another out.  It
 * needs no service and changes nothing.  "tandem check" starts it; scripts may, too.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/check.h"
#include "config/language.h"
#include "config/lift.h"
#include "config/schema.h"
#include "foresee/report.h"

enum { EXIT_FITS = 0, EXIT_ERRORS = 1, EXIT_NOT_RUN = 2, EXIT_WARNINGS = 3 };

struct options {
	bool json;
	const char *yang_dir;
	const char *names[DUO_ROUTERS];	/* NULL: the files' */
	const char *files[DUO_ROUTERS];
};

static const char help_text[] =
	"Usage: tandem-foresee [OPTION]... FILE FILE\n"
	"\n"
	"Compare the configurations of two routers and try in the simulator what happens\n"
	"when an interface, a network or a router fails.  The files hold braces or set\n"
	"commands.\n"
	"\n"
	"  --json          answer in JSON\n"
	"  --first NAME    what to call the first configuration, instead of its file\n"
	"  --second NAME   and the second one's\n"
	"  --yang-dir DIR  where the YANG modules are (also $TANDEM_YANG_PATH)\n"
	"  -h, --help      this text\n"
	"  -V, --version   version of this program\n"
	"\n"
	"Exit status: 0 nothing to complain of (there may be notes), 1 errors, 2 not run:\n"
	"a file cannot be read, or its configuration has errors of its own, 3 warnings\n"
	"and no errors.\n";

enum { OPTION_JSON = 256, OPTION_FIRST, OPTION_SECOND, OPTION_YANG_DIR };

static const struct option long_options[] = {
	{ "json", no_argument, NULL, OPTION_JSON },
	{ "first", required_argument, NULL, OPTION_FIRST },
	{ "second", required_argument, NULL, OPTION_SECOND },
	{ "yang-dir", required_argument, NULL, OPTION_YANG_DIR },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static struct options
read_options(int argc, char *argv[])
{
	struct options options = { 0 };
	int option;

	while ((option = getopt_long(argc, argv, "hV", long_options, NULL)) != -1) {
		switch (option) {
		case OPTION_JSON:
			options.json = true;
			break;
		case OPTION_FIRST:
			options.names[0] = optarg;
			break;
		case OPTION_SECOND:
			options.names[1] = optarg;
			break;
		case OPTION_YANG_DIR:
			options.yang_dir = optarg;
			break;
		case 'h':
			fputs(help_text, stdout);
			exit(EXIT_FITS);
		case 'V':
			printf("tandem-foresee %s\n", TANDEM_VERSION);
			exit(EXIT_FITS);
		default:
			exit(EXIT_NOT_RUN);
		}
	}
	if (argc - optind != DUO_ROUTERS) {
		fprintf(stderr, "%s: name two files; --help explains\n",
		        program_invocation_short_name);
		exit(EXIT_NOT_RUN);
	}
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		options.files[r] = argv[optind + (int)r];
		if (!options.names[r])
			options.names[r] = options.files[r];
	}
	return options;
}

/* The whole file with a zero at its end, on the heap; NULL and errno. */
static char *
read_file(const char *path)
{
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t room = 0;
	ssize_t length;
	int error;

	if (!file)
		return NULL;
	errno = 0;
	length = getdelim(&text, &room, '\0', file);
	error = length < 0 && ferror(file) ? errno ? errno : EIO : 0;
	if (length < 0 && error == 0) {
		free(text);
		text = strdup("");	/* an empty configuration is one */
	}
	fclose(file);
	if (error == 0)
		return text;
	free(text);
	errno = error;
	return NULL;
}

static void
tell(const char *name, const struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		char *text;

		if (problems->list[i].warning)
			continue;	/* each router's own "commit" says those */
		text = problem_text(&problems->list[i]);
		fprintf(stderr, "%s: %s\n", name, text);
		free(text);
	}
}

/* A checked tree and its settings; false, and said why. */
static bool
read_router(struct ly_ctx *schema, const char *file, const char *name, struct lyd_node **ret_tree,
            struct settings **ret_settings)
{
	struct problems problems = { 0 };
	char *text = read_file(file);

	if (!text) {
		fprintf(stderr, "%s: %s cannot be read: %s\n", program_invocation_short_name, name,
		        strerror(errno));
		return false;
	}
	if (language_read(schema, text, ret_tree, &problems) == 0 &&
	    check_tree(schema, ret_tree, &problems) == 0)
		*ret_settings = lift_settings(*ret_tree, 1, NULL, &problems);
	tell(name, &problems);
	problems_done(&problems);
	free(text);
	return *ret_settings != NULL;
}

static int
foresee(const struct options *options, const struct lyd_node *const trees[DUO_ROUTERS],
        const struct settings *const settings[DUO_ROUTERS])
{
	struct pair_findings findings = { 0 };
	struct trials trials = { 0 };
	struct advices advices;
	struct scene scene;
	struct report report = {
		.names = { options->names[0], options->names[1] },
		.scene = &scene,
		.findings = &findings,
		.trials = &trials,
		.advices = &advices,
	};
	int status;

	scene_open(&scene, trees, settings);
	pair_compare(&scene.pair, &findings);
	trials_make(&scene, &trials);
	trials_run(&scene, &trials);
	advice_find(&scene, &trials, &advices);
	(options->json ? report_json : report_text)(stdout, &report);
	if (findings.errors + advices.counts[SEVERITY_ERROR] > 0)
		status = EXIT_ERRORS;
	else if (findings.count + advices.counts[SEVERITY_WARNING] > 0)
		status = EXIT_WARNINGS;
	else
		status = EXIT_FITS;
	advices_done(&advices);
	trials_done(&trials);
	pair_findings_done(&findings);
	scene_close(&scene);
	return fflush(stdout) != 0 ? EXIT_NOT_RUN : status;
}

int
main(int argc, char *argv[])
{
	struct options options = read_options(argc, argv);
	struct lyd_node *trees[DUO_ROUTERS] = { NULL };
	struct settings *settings[DUO_ROUTERS] = { NULL };
	struct error error;
	struct ly_ctx *schema;
	int status = EXIT_NOT_RUN;
	bool read = true;

	ly_log_options(LY_LOSTORE_LAST);
	schema = schema_new(options.yang_dir, &error);
	if (!schema) {
		fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.text);
		return EXIT_NOT_RUN;
	}
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		read &= read_router(schema, options.files[r], options.names[r], &trees[r],
		                    &settings[r]);
	if (read && settings[0]->group_count == 0 && settings[1]->group_count == 0)
		fprintf(stderr, "%s: neither configuration has a VRRP group\n",
		        program_invocation_short_name);
	else if (read)
		status = foresee(&options, (const struct lyd_node *const *)trees,
		                 (const struct settings *const *)settings);
	for (unsigned r = 0; r < DUO_ROUTERS; r++) {
		lyd_free_all(trees[r]);
		free(settings[r]);
	}
	schema_free(schema);
	return status;
}
