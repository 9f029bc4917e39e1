# SPDX-License-Identifier: GPL-2.0-or-later
"""Tables: medians and ranges by product, the ratio of ours to each peer's, and what must hold."""
import statistics

OURS = "tandem"


class Figures:
    """All runs of one product in one case: row -> column -> numbers."""

    def __init__(self):
        self.rows = {}
        self.errors = []
        self.refused = None

    def add(self, rows):
        for row, columns in rows.items():
            for column, value in columns.items():
                self.rows.setdefault(row, {}).setdefault(column, []).append(value)

    def values(self, row, column):
        return [v for v in self.rows.get(row, {}).get(column, ()) if v is not None]

    def missed(self, row, column):
        return sum(v is None for v in self.rows.get(row, {}).get(column, ()))

    def median(self, row, column):
        values = self.values(row, column)
        return statistics.median(values) if values else None


def shown(figures, row, column):
    """ "1.2 (0.8…2.0)", and in how many runs it never happened; "-" where there is no figure."""
    values = figures.values(row, column.name)
    missed = figures.missed(row, column.name)
    if not values:
        return "never" if missed else "-"
    low, middle, high = (f"{v:,.{column.digits}f}"
                         for v in (min(values), statistics.median(values), max(values)))
    text = middle if low == high else f"{middle} ({low}…{high})"
    return text + (f" +{missed} never" if missed else "")


def ratio(ours, theirs):
    """Ours to theirs where both are positive; less than 1 is better for times and costs."""
    if ours is None or theirs is None or theirs <= 0 or ours < 0:
        return ""
    return f"{ours / theirs:.2f}"


def table(case, results, command):
    """The text of one case; results: product name -> Figures."""
    lines = [f"{case.selector}  {case.title}", f"    $ {command}"]
    heads = [column.title.split("|") for column in case.columns]
    depth = max(len(head) for head in heads)
    grid = [[""] + [([""] * (depth - len(head)) + head)[n] for head in heads]
            for n in range(depth)]
    rows = list(dict.fromkeys(row for figures in results.values() for row in figures.rows))
    notes = []
    for row in rows:
        if row:
            grid.append([row])
        grid += row_lines(case, row, results)
    for name, figures in results.items():
        if figures.refused:
            notes.append(f"{name}: not measured: {figures.refused}")
        for error in figures.errors:
            notes.append(f"{name}: a run failed: {first_words(error)}")
    widths = [max((len(line[n]) for line in grid if n < len(line) and len(line) > 1), default=0)
              for n in range(len(case.columns) + 1)]
    for line in grid:
        lines.append("    " + "  ".join(
            [line[0].ljust(widths[0])] +
            [text.rjust(width) for text, width in zip(line[1:], widths[1:])]).rstrip())
    lines += ["    " + note for note in notes]
    held, missed = verdicts(case, results)
    if held or missed:
        lines.append(f"    must hold: {len(held)} of {len(held) + len(missed)} held")
        lines += ["    NOT HELD: " + text for text in missed]
    return "\n".join(lines) + "\n"


def first_words(text, length=160):
    """An error in one line; all of it is among the figures."""
    line = " ".join(text.split())
    return line if len(line) <= length else line[:length] + " ..."


def row_lines(case, row, results):
    """A line for each product that has the row, then the ratios."""
    indent = "  " if row else ""
    found = [[indent + name] + [shown(figures, row, column) for column in case.columns]
             for name, figures in results.items() if row in figures.rows]
    ours = results.get(OURS)
    if ours and row in ours.rows:
        for name, figures in results.items():
            if name == OURS or row not in figures.rows:
                continue
            found.append([f"{indent}{OURS} : {name}"] + [
                ratio(ours.median(row, column.name), figures.median(row, column.name))
                for column in case.columns])
    return found


def verdicts(case, results):
    """What must hold of Tandem: ([what held], [what did not]), in words."""
    held, missed = [], []
    if OURS in results and results[OURS].rows:
        for limit in case.limits:
            found = verdict(case, limit, results)
            if found:
                (held if found[0] else missed).append(found[1])
    return held, missed


def verdict(case, limit, results):
    """(did it hold, in words), or None when the peer it is compared with was not measured."""
    column = next(c for c in case.columns if c.name == limit.column)
    ours = results[OURS]
    values = ours.values(limit.row, limit.column)
    what = " ".join(filter(None, (limit.row, column.title.replace("|", " "))))
    if not values or ours.missed(limit.row, limit.column):
        return False, f"{what}: no figure in every run"
    figure = statistics.median(values)
    if limit.every:
        figure = max(values)
    most, least, source = limit.most, limit.least, ""
    if limit.peer:
        theirs = None
        if limit.peer in results:
            theirs = results[limit.peer].median(limit.row, limit.peer_column or limit.column)
        if theirs is None:
            return None
        factor = least if most is None else most
        most, least = (None if bound is None else bound * theirs for bound in (most, least))
        source = f" = {factor:g} × {limit.peer}"
        if limit.peer_column:
            source += ", whole service"
    held = (most is None or figure <= most) and (least is None or figure >= least)
    wanted = f"at most {most:,.{column.digits}f}{source}" if most is not None \
        else f"at least {least:,.{column.digits}f}{source}"
    kind = "every run" if limit.every else "median"
    return held, f"{what}: {figure:,.{column.digits}f}, wanted {wanted} ({kind})"
