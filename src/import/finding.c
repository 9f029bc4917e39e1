/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeping and printing findings.  A thousand instances that say the same thing are one thing to
 * know, so that repetitions are folded; their number is not hidden.
 */
#include "import/finding.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "config/nameset.h"

/* How often the same is said before it is only counted. */
#define SHOWN_MAX 5

static const char *const kind_names[FINDING_KINDS] = {
	[FINDING_TAKEN] = "taken over", [FINDING_DIFFERS] = "differs",
	[FINDING_LEFT] = "no equal", [FINDING_UNNEEDED] = "not needed",
	[FINDING_FAULT] = "cannot be read",
};

unsigned
findings_file(struct findings *findings, const char *path)
{
	for (unsigned i = 0; i < findings->file_count; i++) {
		if (strcmp(findings->files[i], path) == 0)
			return i;
	}
	findings->files = realloc(findings->files,
	                          (findings->file_count + 1) * sizeof(*findings->files));
	assert(findings->files);
	findings->files[findings->file_count] = strdup(path);
	assert(findings->files[findings->file_count]);
	return findings->file_count++;
}

void
findings_add(struct findings *findings, enum finding_kind kind, struct place place,
             const char *what, const char *format, ...)
{
	struct finding *finding;
	va_list arguments;
	int length;

	if (findings->count == findings->room) {
		findings->room = findings->room ? 2 * findings->room : 64;
		findings->list = realloc(findings->list,
		                         findings->room * sizeof(*findings->list));
		assert(findings->list);
	}
	finding = &findings->list[findings->count];
	*finding = (struct finding){
		.kind = kind, .place = place, .number = findings->count,
		.what = strdup(what ? what : ""),
	};
	va_start(arguments, format);
	length = vasprintf(&finding->text, format, arguments);
	va_end(arguments);
	assert(finding->what && length >= 0);
	findings->count++;
	findings->counts[kind]++;
}

void
findings_alike(struct findings *findings, const char *alike)
{
	struct finding *last = &findings->list[findings->count - 1];

	assert(findings->count > 0 && !last->alike);
	last->alike = strdup(alike);
	assert(last->alike);
}

static int
by_place(const void *first, const void *second)
{
	const struct finding *a = first, *b = second;

	if (a->place.file != b->place.file)
		return a->place.file < b->place.file ? -1 : 1;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->number < b->number ? -1 : a->number > b->number;
}

/* What is told once a group must stand for each; what needs nothing is told once. */
static size_t
shown_max(enum finding_kind kind)
{
	return kind == FINDING_UNNEEDED ? 1 : kind == FINDING_TAKEN ? SIZE_MAX : SHOWN_MAX;
}

/* Findings of one kind that say the same have one number in the set. */
static uint32_t
number_of(struct nameset *sayings, const struct finding *finding)
{
	char *key = NULL;
	int length = finding->alike ?
		asprintf(&key, "%u %s", (unsigned)finding->kind, finding->alike) :
		asprintf(&key, "%u %s: %s", (unsigned)finding->kind, finding->what, finding->text);
	uint32_t number;
	bool is_new;

	assert(length >= 0);
	number = nameset_add(sayings, key, &is_new);
	free(key);
	return number;
}

static void
print_one(const struct findings *findings, const struct finding *finding, size_t more, FILE *out)
{
	const char *file = findings->files[finding->place.file];

	/* A file name or a word of the source may be anything. */
	for (; *file; file++)
		fputc((unsigned char)*file < ' ' ? '?' : *file, out);
	if (finding->place.line)
		fprintf(out, ":%u", finding->place.line);
	fprintf(out, ": %s: ", kind_names[finding->kind]);
	for (const char *c = finding->what; *c; c++)
		fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, out);
	if (finding->what[0])
		fputs(": ", out);
	for (const char *c = finding->text; *c; c++)
		fputc((unsigned char)*c < ' ' || *c == 0x7f ? '?' : *c, out);
	if (more)
		fprintf(out, " (and %zu more)", more);
	fputc('\n', out);
}

static void
print_sum(const struct findings *findings, FILE *out)
{
	if (findings->counts[FINDING_FAULT]) {
		fprintf(out, "Nothing was imported\n");
		return;
	}
	fprintf(out, "%zu taken over, %zu different, %zu without equal, %zu not needed\n",
	        findings->counts[FINDING_TAKEN], findings->counts[FINDING_DIFFERS],
	        findings->counts[FINDING_LEFT], findings->counts[FINDING_UNNEEDED]);
}

void
findings_print(const struct findings *findings, FILE *out)
{
	struct nameset sayings = { 0 };
	size_t *times = calloc(findings->count + 1, sizeof(*times));
	size_t *shown = calloc(findings->count + 1, sizeof(*shown));
	struct finding *sorted = calloc(findings->count + 1, sizeof(*sorted));

	assert(times && shown && sorted);
	if (findings->count)
		memcpy(sorted, findings->list, findings->count * sizeof(*sorted));
	qsort(sorted, findings->count, sizeof(*sorted), by_place);
	for (size_t i = 0; i < findings->count; i++)
		times[number_of(&sayings, &sorted[i])]++;
	for (size_t i = 0; i < findings->count; i++) {
		uint32_t number = number_of(&sayings, &sorted[i]);
		size_t max = shown_max(sorted[i].kind);

		if (shown[number] == max)
			continue;
		shown[number]++;
		print_one(findings, &sorted[i],
		          shown[number] == max ? times[number] - max : 0, out);
	}
	print_sum(findings, out);
	nameset_done(&sayings);
	free(sorted);
	free(shown);
	free(times);
}

void
findings_done(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].what);
		free(findings->list[i].text);
		free(findings->list[i].alike);
	}
	for (unsigned i = 0; i < findings->file_count; i++)
		free(findings->files[i]);
	free(findings->list);
	free(findings->files);
	*findings = (struct findings){ 0 };
}
