/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text for people: what does not fit, a line for each case, and what goes wrong in them.
 */
#include "foresee/report.h"

#include <stdlib.h>
#include <string.h>

#define COLUMNS 80u
#define COLUMN_CASE 32u
#define COLUMN_MASTER 30u
#define PARTIES_SHOWN 4

/* ---- paragraphs ----------------------------------------------------------------------------- */

/* Words of a text in lines of at most so many columns, behind an indent; a word too long for a line
 * stands alone. */
static void
print_wrapped(FILE *out, const char *text, unsigned indent, unsigned columns)
{
	unsigned at = indent;

	fprintf(out, "%*s", (int)indent, "");
	while (*text != '\0') {
		size_t length = strcspn(text, " ");

		if (at > indent && at + 1 + length > columns) {
			fprintf(out, "\n%*s", (int)indent, "");
			at = indent;
		} else if (at > indent) {
			fputc(' ', out);
			at++;
		}
		fwrite(text, 1, length, out);
		at += (unsigned)length;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', out);
}

#define INDENT 4

static void
print_sentence(FILE *out, const char *prefix, const char *sentence)
{
	char *text;
	int r = asprintf(&text, "%s%s.", prefix, sentence);

	assert(r >= 0);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

static void
print_path(FILE *out, const char *router, const char *path)
{
	char *text;
	int r;

	if (!path || path[0] == '\0')
		return;
	r = asprintf(&text, "%s%s", router, path);
	assert(r >= 0);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

/* ---- the comparison ------------------------------------------------------------------------- */

static void
print_counts(FILE *out, size_t errors, size_t warnings)
{
	fprintf(out, "%zu error%s, %zu warning%s\n", errors, errors == 1 ? "" : "s", warnings,
	        warnings == 1 ? "" : "s");
}

static void
print_findings(FILE *out, const struct pair_findings *findings)
{
	fprintf(out, "The configurations: ");
	if (findings->count == 0)
		fprintf(out, "they fit\n");
	else
		print_counts(out, findings->errors, findings->count - findings->errors);
	for (size_t i = 0; i < findings->count; i++) {
		const struct pair_finding *f = &findings->list[i];

		fprintf(out, "\n%s %s\n", f->number, f->warning ? "warning" : "error");
		print_path(out, "r1: ", f->paths[0]);
		print_path(out, "r2: ", f->paths[1]);
		print_sentence(out, "", f->sentence);
		print_sentence(out, "Remedy: ", f->remedy);
	}
}

/* ---- the cases ------------------------------------------------------------------------------ */

/* What moved, or in the first phase what is: "SYNC1 to r2, vgroup1 to r2"; heap. */
static char *
moves_text(const struct scene *scene, const struct trial *trial, enum phase phase, bool *ret_moved)
{
	uint8_t *now = advice_masters(scene, &trial->moments[phase]);
	uint8_t *before = phase > PHASE_BEFORE
		? advice_masters(scene, &trial->moments[phase - 1]) : NULL;
	char *text = NULL;
	size_t size, shown = 0, more = 0;
	FILE *out = open_memstream(&text, &size);

	assert(out);
	for (uint32_t i = 0; i < scene->party_count; i++) {
		if (before && now[i] == before[i])
			continue;
		if (shown < PARTIES_SHOWN)
			fprintf(out, "%s%s %s %s", shown ? ", " : "", scene->parties[i].name,
			        before ? "to" : "with", advice_master_name(now[i]));
		else
			more++;
		shown++;
	}
	if (more > 0)
		fprintf(out, " and %zu more", more);
	*ret_moved = shown > 0;
	if (shown == 0)
		fputs("nothing moves", out);
	fclose(out);
	assert(text);
	free(now);
	free(before);
	return text;
}

/* Until the last of what moved had its new master. */
static nsec_t
took(const struct scene *scene, const struct trial *trial, enum phase phase)
{
	nsec_t longest = 0;

	for (uint32_t i = 0; i < scene->seat_count; i++)
		longest = nsec_max(longest, trial->took[phase][i]);
	return longest;
}

/* The first column, then what moved in as many lines as it needs. */
static void
print_row(FILE *out, const char *first, char *moves, nsec_t time, const char *finding)
{
	bool head = true;

	while (head || *moves != '\0') {
		size_t length = strlen(moves), cut = length;

		while (cut > COLUMN_MASTER) {
			size_t next = cut;

			while (next > 0 && moves[--next] != ' ')
				;
			if (next == 0)
				break;
			cut = next;
		}
		fprintf(out, "%-*s  %.*s", (int)COLUMN_CASE, head ? first : "", (int)cut, moves);
		if (head && (time > 0 || finding[0] != '\0')) {
			fprintf(out, "%*s", (int)(cut < COLUMN_MASTER ? COLUMN_MASTER - cut : 0),
			        "");
			if (time > 0)
				fprintf(out, " %7.3f s", (double)time / (double)NSEC_PER_SEC);
			else
				fprintf(out, "          ");
			fprintf(out, finding[0] != '\0' ? "  %s" : "%s", finding);
		}
		fputc('\n', out);
		moves += cut;
		moves += strspn(moves, " ");
		head = false;
	}
}

static void
print_phase(FILE *out, const struct report *report, size_t number, enum phase phase)
{
	const struct trial *trial = &report->trials->list[number];
	const struct advice *advice = advice_of(report->advices, number, phase);
	char name[TRIAL_TEXT_SIZE + 32];
	bool moved;
	char *moves = moves_text(report->scene, trial, phase, &moved);

	if (phase == PHASE_AFTER)
		snprintf(name, sizeof(name), "  undone");
	else
		trial_text(report->scene, trial, name);
	if (trial->alike > 0 && phase != PHASE_AFTER)
		snprintf(name + strlen(name), 32, " (and %u like it)", trial->alike);
	if (phase != PHASE_AFTER || moved || advice)
		print_row(out, name, moves, took(report->scene, trial, phase),
		          advice ? advice->number : "");
	free(moves);
}

static void
print_trials(FILE *out, const struct report *report)
{
	fprintf(out, "\nWhat if: %zu cases, %.0f s of simulated time\n\n",
	        report->trials->count, (double)report->trials->simulated / (double)NSEC_PER_SEC);
	fprintf(out, "%-*s  %-*s %9s  %s\n", (int)COLUMN_CASE, "Case", (int)COLUMN_MASTER,
	        "Master then", "Takeover", "See");
	fprintf(out, "%.*s  %.*s %s\n", (int)COLUMN_CASE, "--------------------------------",
	        (int)COLUMN_MASTER, "--------------------------------", "---------  ---");
	for (size_t i = 0; i < report->trials->count; i++) {
		const struct trial *trial = &report->trials->list[i];

		print_phase(out, report, i,
		            trial->kind == TRIAL_START ? PHASE_BEFORE : PHASE_DURING);
		if (trial->undone)
			print_phase(out, report, i, PHASE_AFTER);
	}
}

/* ---- what they teach ------------------------------------------------------------------------ */

static void
print_occasions(FILE *out, const struct report *report, const struct advice *advice)
{
	char *text = NULL;
	size_t size;
	FILE *list = open_memstream(&text, &size);

	assert(list);
	fputs("After: ", list);
	for (size_t i = 0; i < advice->occasion_count; i++) {
		const struct occasion *o = &advice->occasions[i];
		char name[TRIAL_TEXT_SIZE];

		trial_text(report->scene, &report->trials->list[o->trial], name);
		fprintf(list, "%s%s%s", i ? "; " : "", name,
		        o->phase == PHASE_AFTER ? ", undone" : "");
	}
	fclose(list);
	assert(text);
	print_wrapped(out, text, INDENT, COLUMNS);
	free(text);
}

static void
print_advices(FILE *out, const struct report *report)
{
	const struct advices *all = report->advices;

	fprintf(out, "\nWhat it shows: ");
	if (all->count == 0)
		fprintf(out, "in every case one router does it all\n");
	else
		print_counts(out, all->counts[SEVERITY_ERROR], all->counts[SEVERITY_WARNING]);
	for (size_t i = 0; i < all->count; i++) {
		const struct advice *a = &all->list[i];

		fprintf(out, "\n%s %s\n", a->number, severity_word(a->severity));
		for (unsigned r = 0; r < DUO_ROUTERS; r++)
			print_path(out, "", a->paths[r]);
		print_occasions(out, report, a);
		print_sentence(out, "", a->sentence);
		print_sentence(out, "Remedy: ", a->remedy);
	}
}

void
report_text(FILE *out, const struct report *report)
{
	for (unsigned r = 0; r < DUO_ROUTERS; r++)
		fprintf(out, "r%u is %s\n", r + 1, report->names[r]);
	fputc('\n', out);
	print_findings(out, report->findings);
	print_trials(out, report);
	print_advices(out, report);
}
