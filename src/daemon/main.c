/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tandemd: reads its options and hands over to the supervisor.  Everything an operator configures
 * is in the configuration, not here.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/roles.h"
#include "daemon/supervisor.h"

#define EXIT_USAGE 2

static const char usage[] =
	"Usage: tandemd [OPTION]...\n"
	"The Tandem service: keeps one of two routers master of a network.\n"
	"\n"
	"  --config FILE      saved configuration (default /etc/tandem/config.boot)\n"
	"  --run-dir DIR      sockets and run files (default /run/tandem; best on tmpfs)\n"
	"  --state-dir DIR    what survives a reboot (default /var/lib/tandem)\n"
	"  --user USER        whom the roles become (default tandem)\n"
	"  --name NAME        this router's name in log lines\n"
	"  --yang-dir DIR     YANG modules (default: where they were installed)\n"
	"  --log-level LEVEL  error, warning, notice, info or debug (default info)\n"
	"  --help             this text\n"
	"  --version          the version\n"
	"\n"
	"It stays in the foreground, works in the network namespace it is started in,\n"
	"and stops on SIGTERM: groups that are master resign first.\n"
	"The operator's command is tandem(1).\n";

static bool
parse_level(const char *name, enum log_level *ret_level)
{
	static const struct {
		const char *name;
		enum log_level level;
	} levels[] = {
		{ "error", LOG_ERROR_LEVEL },
		{ "warning", LOG_WARNING_LEVEL },
		{ "notice", LOG_NOTICE_LEVEL },
		{ "info", LOG_INFO_LEVEL },
		{ "debug", LOG_DEBUG_LEVEL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(levels); i++)
		if (strcmp(name, levels[i].name) == 0) {
			*ret_level = levels[i].level;
			return true;
		}
	return false;
}

/* Exit status when the program is done already, -1 to go on. */
static int
parse_options(int count, char *arguments[], struct role_options *options)
{
	static const struct option known[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "run-dir", required_argument, NULL, 'r' },
		{ "state-dir", required_argument, NULL, 's' },
		{ "user", required_argument, NULL, 'u' },
		{ "name", required_argument, NULL, 'n' },
		{ "yang-dir", required_argument, NULL, 'y' },
		{ "log-level", required_argument, NULL, 'l' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },
		{ 0 },
	};
	int option;

	while ((option = getopt_long(count, arguments, "", known, NULL)) != -1) {
		switch (option) {
		case 'c': options->saved_path = optarg; break;
		case 'r': options->run_dir = optarg; break;
		case 's': options->state_dir = optarg; break;
		case 'u': options->user = optarg; break;
		case 'n': options->name = optarg; break;
		case 'y': options->yang_dir = optarg; break;
		case 'l':
			if (parse_level(optarg, &options->log_level))
				break;
			fprintf(stderr, "tandemd: no log level is called '%s': it is error, "
			        "warning, notice, info or debug\n", optarg);
			return EXIT_USAGE;
		case 'h':
			fputs(usage, stdout);
			return EXIT_SUCCESS;
		case 'v':
			puts("tandemd " TANDEM_VERSION);
			return EXIT_SUCCESS;
		default:
			fputs("Try 'tandemd --help'.\n", stderr);
			return EXIT_USAGE;
		}
	}
	if (optind < count) {
		fprintf(stderr, "tandemd: '%s' is no option\nTry 'tandemd --help'.\n",
		        arguments[optind]);
		return EXIT_USAGE;
	}
	return -1;
}

int
main(int count, char *arguments[])
{
	struct role_options options = {
		.saved_path = "/etc/tandem/config.boot",
		.run_dir = "/run/tandem",
		.state_dir = "/var/lib/tandem",
		.user = "tandem",
		.log_level = LOG_INFO_LEVEL,
	};
	int status = parse_options(count, arguments, &options);

	return status >= 0 ? status : supervisor_run(&options);
}
