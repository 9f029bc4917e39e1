/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what is checked, and what groups track.  Only what some group tracks is written: Tandem
 * runs every check that is configured.  A script that only asks whether a process runs becomes a
 * check of the process, which needs no program and no right to signal it.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "import/writing.h"

#define TRACKS_MAX 32u
#define MONITOR_NAME_MAX 30
#define NAME_MAX_LENGTH 63
#define PORT_MAX 65535

/* Was it written as a path monitor? */
static bool
is_path(const struct model_check *check)
{
	return check->list && strcmp(check->list, "path-monitor") == 0;
}

/* ------------------------------------------------------------------ programs */

/* Blanks made single, none at the ends; on the model. */
static const char *
squeeze(struct model *model, const char *text)
{
	char *copy = strdup(text), *to = copy;
	const char *result;

	assert(copy);
	for (const char *from = text; *from; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > copy && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > copy && to[-1] == ' ')
		to--;
	*to = '\0';
	result = model_text(model, "%s", copy);
	free(copy);
	return result;
}

const char *
write_command(struct writing *w, const struct said *said, const char *name)
{
	const char *command = squeeze(w->model, said->text);
	size_t shell = strcspn(command, "|&;<>`$'\"");

	if (command[0] == '\0')
		write_find(w, FINDING_LEFT, said->place, name, "names no program");
	else if (command[shell])
		write_find(w, FINDING_LEFT, said->place, name,
		           "'%s' has '%c', and there is no shell that would understand it; write "
		           "a script of it and name that", command, command[shell]);
	else if (command[0] != '/')
		write_find(w, FINDING_LEFT, said->place, name,
		           "'%s' does not say where its program is; name it by its path",
		           command);
	else
		return command;
	return NULL;
}

void
write_user(struct writing *w, struct place place, const char *name, const char *user)
{
	if (!user && w->model->script_user.text) {
		user = w->model->script_user.text;
		place = w->model->script_user.place;
	}
	if (user && strcmp(user, "root") != 0) {
		write_try(w, place, name, "user", user, NULL);
		return;
	}
	if (!w->told_user)
		write_find(w, FINDING_DIFFERS, place, user ? "root" : name,
		           "programs do not run as root but as tandem-script, where %s took %s; "
		           "let that user run them, or set another", w->model->program,
		           user ? user : w->model->script_default);
	w->told_user = true;
}

/* ------------------------------------------------------------------ checks */

/* The process that a command only looks for: "killall -0 NAME", "pidof NAME", "pgrep -x NAME". */
static const char *
sought_process(struct model *model, const char *command)
{
	static const char *const seekers[] = { "killall -0 ", "pidof ", "pgrep -x " };
	const char *slash = command[0] == '/' ? strchr(command, ' ') : command;

	while (slash > command && slash[-1] != '/')
		slash--;
	for (size_t i = 0; slash && i < ARRAY_SIZE(seekers); i++) {
		size_t length = strlen(seekers[i]);
		const char *name = slash + length;

		if (strncmp(slash, seekers[i], length) == 0 && name[0] != '-' && name[0] &&
		    !strpbrk(name, " |&;<>`$'\"*"))
			return model_text(model, "%s", name);
	}
	return NULL;
}

/* A name that the schema takes and no other check has. */
static const char *
plain_name(struct writing *w, const char *name, size_t length_max)
{
	char plain[64], numbered[80];
	bool is_new;
	size_t i;

	for (i = 0; name[i] && i < length_max && i < sizeof(plain) - 1; i++) {
		bool fits = isalnum((unsigned char)name[i]) || name[i] == '_' ||
		            (i > 0 && strchr("-.:", name[i]));

		plain[i] = fits ? name[i] : '_';
	}
	plain[i] = '\0';
	snprintf(numbered, sizeof(numbered), "%s", i ? plain : "unnamed");
	nameset_add(&w->checks, numbered, &is_new);
	for (unsigned number = 2; !is_new; number++) {
		snprintf(numbered, sizeof(numbered), "%.*s-%u", (int)length_max - 6, plain, number);
		nameset_add(&w->checks, numbered, &is_new);
	}
	return model_text(w->model, "%s", numbered);
}

static void
write_milliseconds(struct writing *w, const struct said *said, const char *name, const char *leaf)
{
	char value[32];
	uint64_t usec;

	if (!write_time(w, said, name, leaf, &usec))
		return;
	snprintf(value, sizeof(value), "%llu", (unsigned long long)(usec + 999) / 1000);
	write_try(w, said->place, name, leaf, value, NULL);
}

/* A delay of a process, as so many tries a second apart. */
static void
write_delay(struct writing *w, const struct said *said, const char *name, const char *leaf)
{
	char value[32];
	uint64_t usec;

	if (!said->text || !write_seconds(said->text, &usec) || usec == 0)
		return;
	snprintf(value, sizeof(value), "%llu", 1 + (unsigned long long)(usec + 999999) / 1000000);
	if (write_put(w, said->place, name, leaf, value, NULL))
		write_find(w, FINDING_DIFFERS, said->place, name,
		           "a process is looked for once a second; a delay of %s s is %s tries now",
		           said->text, value);
}

static void
write_tries(struct writing *w, const struct model_check *check)
{
	write_milliseconds(w, &check->interval, check->name, "interval");
	if (check->rise.text)
		write_try(w, check->rise.place, check->name, "rise", check->rise.text, NULL);
	if (check->fall.text)
		write_try(w, check->fall.place, check->name, "fall", check->fall.text, NULL);
	write_delay(w, &check->rise_delay, check->name, "rise");
	write_delay(w, &check->fall_delay, check->name, "fall");
}

static bool
write_program(struct writing *w, struct model_check *check)
{
	const char *process = sought_process(w->model, squeeze(w->model, check->command.text));
	bool is_process = check->kind == MODEL_PROCESS || process;
	const char *command = check->kind == MODEL_PROCESS
	                      ? squeeze(w->model, check->command.text)
	                      : process ? process : write_command(w, &check->command, check->name);

	if (!command)
		return false;
	check->written = plain_name(w, check->name, NAME_MAX_LENGTH);
	words_cut(&w->base, 0);
	write_begin(w, "service", "health-check", is_process ? "process" : "script",
	            check->written, NULL);
	if (!write_put(w, check->command.place, check->name, "command", command, NULL))
		return false;
	check->list = is_process ? "process" : "script";
	write_tries(w, check);
	if (process)
		write_find(w, FINDING_DIFFERS, check->command.place, check->name,
		           "the process %s itself is checked, without a program", process);
	if (is_process)
		return true;
	write_milliseconds(w, &check->timeout, check->name, "timeout");
	write_user(w, check->place, check->name, check->user);
	return true;
}

/* A host that is asked, by ping or, with a port, by TCP: the host, what is good, and who asks. */
static bool
write_path(struct writing *w, struct model_check *check, const char *target, const char *port)
{
	const char *name = plain_name(w, check->name, MONITOR_NAME_MAX);
	const char *type = port ? "tcp" : "ping";
	struct place place = check->command.place;
	size_t mark;

	words_cut(&w->base, 0);
	write_begin(w, "service", "path-monitor", NULL);
	if (!write_put(w, place, check->name, "host", name, "target", target, NULL))
		return false;
	if (port)
		write_try(w, place, check->name, "host", name, "type", type, "port", port, NULL);
	else
		write_try(w, place, check->name, "host", name, "type", type, NULL);
	mark = write_begin(w, "policy", name, NULL);
	write_try(w, place, check->name, "window", "1", NULL);
	write_try(w, place, check->name, "rise", check->rise.text ? check->rise.text : "1", NULL);
	write_try(w, place, check->name, "fall", check->fall.text ? check->fall.text : "1", NULL);
	write_end(w, mark);
	write_begin(w, "monitor", name, NULL);
	write_try(w, place, check->name, "type", type, "host", name, NULL);
	write_try(w, place, check->name, "policy", name, NULL);
	write_milliseconds(w, &check->interval, check->name, "probe-interval");
	write_milliseconds(w, &check->timeout, check->name, "probe-timeout");
	check->list = "path-monitor";
	check->written = name;
	return true;
}

/* A script that is bash's way to open a connection, "</dev/tcp/192.0.2.1/80". */
static bool
write_port(struct writing *w, struct model_check *check, bool *ret_written)
{
	static const char start[] = "</dev/tcp/";
	const char *command = squeeze(w->model, check->command.text), *slash;
	char target[64];
	uint8_t family;

	if (strncmp(command, start, strlen(start)) != 0)
		return false;
	command += strlen(start);
	slash = strchr(command, '/');
	if (!slash || strspn(slash + 1, "0123456789") != strlen(slash + 1) ||
	    strtol(slash + 1, NULL, 10) < 1 || strtol(slash + 1, NULL, 10) > PORT_MAX ||
	    !write_address(model_text(w->model, "%.*s", (int)(slash - command), command), target,
	                   &family))
		return false;
	*ret_written = write_path(w, check, target, slash + 1);
	if (*ret_written)
		write_find(w, FINDING_DIFFERS, check->command.place, check->name,
		           "a path monitor opens the connection, without a program");
	return true;
}

static void
write_check(struct writing *w, struct model_check *check)
{
	bool written;

	if (check->tracked == 0) {
		write_find(w, FINDING_UNNEEDED, check->place, check->name,
		           "no group tracks it, so that it never ran");
		return;
	}
	if (!check->command.text) {
		write_find(w, FINDING_LEFT, check->place, check->name,
		           "does not say what is to be checked");
		return;
	}
	if (check->kind == MODEL_PATH)
		written = write_path(w, check, check->command.text, NULL);
	else if (!write_port(w, check, &written))
		written = write_program(w, check);
	if (written)
		write_find(w, FINDING_TAKEN, check->place, check->name, "service %s %s %s",
		           is_path(check) ? "path-monitor" : "health-check",
		           is_path(check) ? "monitor" : check->list, check->written);
	else
		check->list = NULL;
}

static void
count_tracks(struct model *model)
{
	for (size_t i = 0; i < model->group_count; i++) {
		const struct model_group *group = &model->groups[i];

		for (size_t j = 0; j < group->track_count; j++) {
			struct model_check *check = model_check(model, group->tracks[j].kind,
			                                        group->tracks[j].name.text);

			if (check)
				check->tracked++;
		}
	}
}

void
write_checks(struct writing *w)
{
	count_tracks(w->model);
	for (size_t i = 0; i < w->model->check_count; i++)
		write_check(w, &w->model->checks[i]);
}

/* ------------------------------------------------------------------ tracks */

/* How a track is spelled below the group. */
struct spelled {
	const char *list, *name;
	const struct model_check *check;	/* NULL: an interface */
};

static bool
spell(struct writing *w, const struct model_group *group, const struct model_track *track,
      struct spelled *ret_spelled)
{
	const struct model_check *check;

	*ret_spelled = (struct spelled){ "interface", track->name.text, NULL };
	if (track->kind == MODEL_INTERFACE) {
		if (strcmp(track->name.text, group->interface.text) == 0 && track->weight == 0) {
			write_find(w, FINDING_UNNEEDED, track->name.place, group->name,
			           "the group's own interface, %s, is always watched",
			           track->name.text);
			return false;
		}
		return write_need_link(w, track->name.place, track->name.text);
	}
	check = model_check(w->model, track->kind, track->name.text);
	if (!check || !check->list) {
		write_find(w, FINDING_LEFT, track->name.place, group->name,
		           check ? "%s was not taken over, so it is not tracked"
		                 : "there is no %s to track", track->name.text);
		return false;
	}
	*ret_spelled = (struct spelled){ check->list, check->written, check };
	return true;
}

static void
write_weight(struct writing *w, const struct model_group *group, const struct model_track *track,
             int weight)
{
	char value[16];
	size_t mark = write_begin(w, "weight", NULL);

	snprintf(value, sizeof(value), "%d", abs(weight));
	write_try(w, track->name.place, group->name, "type",
	          weight > 0 ? "increment" : "decrement", NULL);
	write_try(w, track->name.place, group->name, "value", value, NULL);
	write_end(w, mark);
}

static void
write_link_delays(struct writing *w, const struct model_group *group,
                  const struct model_track *track)
{
	for (size_t i = 0; i < w->model->delay_count; i++) {
		struct model_delay *delay = &w->model->delays[i];

		if (strcmp(delay->interface.text, track->name.text) != 0)
			continue;
		write_milliseconds(w, &delay->down, group->name, "down-delay");
		write_milliseconds(w, &delay->up, group->name, "up-delay");
		delay->used = true;
	}
}

static void
write_track(struct writing *w, const struct model_group *group, const struct model_track *track,
            struct nameset *seen)
{
	struct spelled spelled;
	char key[160];
	size_t mark;
	bool is_new, reverse;
	int weight;

	if (!spell(w, group, track, &spelled))
		return;
	weight = track->weighted || !spelled.check ? track->weight : spelled.check->weight;
	reverse = track->reverse || (spelled.check && spelled.check->reverse && !track->weighted);
	snprintf(key, sizeof(key), "%s %.100s", spelled.list, spelled.name);
	nameset_add(seen, key, &is_new);
	if (!is_new) {
		write_find(w, FINDING_UNNEEDED, track->name.place, group->name,
		           "%s is tracked already", track->name.text);
	} else if (reverse) {
		write_find(w, FINDING_LEFT, track->name.place, group->name,
		           "%s reversed: nothing is good when it is bad; let a script turn it "
		           "round", track->name.text);
	} else if (seen->count > TRACKS_MAX) {
		write_find(w, FINDING_LEFT, track->name.place, group->name,
		           "a group tracks %u things; let one script check several", TRACKS_MAX);
	} else {
		mark = write_begin(w, "track", spelled.list, NULL);
		if (spelled.check && is_path(spelled.check))
			write_begin(w, "monitor", spelled.name, "policy", spelled.name, NULL);
		else
			write_begin(w, spelled.name, NULL);
		if (write_put(w, track->name.place, group->name, NULL)) {
			if (weight)
				write_weight(w, group, track, weight);
			if (weight && group->sync && !group->sync->weights && !track->common)
				write_find(w, FINDING_DIFFERS, track->name.place, group->name,
				           "the weight of %s counts, also in a sync group, where "
				           "the lowest priority of a member is that of all; %s "
				           "took it for 0 there, which is a fault",
				           track->name.text, w->model->program);
			if (track->kind == MODEL_INTERFACE)
				write_link_delays(w, group, track);
		}
		write_end(w, mark);
	}
}

void
write_tracks(struct writing *w, const struct model_group *group)
{
	struct nameset seen = { 0 };

	if (group->ignores_link.text)
		write_try(w, group->ignores_link.place, group->name, "track",
		          "exclude-vrrp-interface", NULL);
	for (size_t i = 0; i < group->track_count; i++)
		write_track(w, group, &group->tracks[i], &seen);
	nameset_done(&seen);
}
