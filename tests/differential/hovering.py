"""The value under a real mouse: that of the cell on which it stands, in digits that are true."""

import re

import numpy as np
from playwright.sync_api import Page

from tests.differential import texts
from tests.differential.cases import Case
from tests.differential.compare import Outcome
from tests.differential.page import Pages, Seen
from tests.differential.pictures import Right

CELLS = 5
TRIES = 60
REST = 900
"""Milliseconds after which a mouse that rests has the exact value."""
FEWEST = 0.005
"""Half a unit of the last digit is at the most so much of a value, or it says too little of it."""
PARTS = (0.02, 0.25, 0.5, 0.75, 0.97)


def judge_hovers(case: Case, seen: Seen, pages: Pages, right: Right, outcome: Outcome) -> None:
    """Move a mouse onto some filled cells, and onto one beyond the world, and read what the page says there."""
    page = pages.of(case)
    for number, (column, row) in enumerate(_chosen(case, page, _filled(case, right), CELLS)):
        text = _hover(case, page, seen, column, row)
        values = right.own[:, row, column]
        outcome.compared("hovers", 1)
        if reason := _reason(case, seen, text, values, rests=False):
            outcome.fault("hovers wrong", f"{text!r} at column {column}, row {row} {reason}")
        elif number == 0 and case.kind in ("number", "time"):
            page.wait_for_timeout(REST)
            text = page.inner_text("#explorer-value")
            if reason := _reason(case, seen, text, values, rests=True):
                outcome.fault("hovers wrong", f"{text!r} at column {column}, row {row}, after a rest, {reason}")
    for column, row in _chosen(case, page, ~seen.window.in_world(), 1):
        text = _hover(case, page, seen, column, row)
        outcome.compared("hovers", 1)
        if text.strip():
            outcome.fault("hovers wrong", f"{text!r} stands beyond the world, at column {column}, row {row}")


def _filled(case: Case, right: Right) -> np.ndarray:
    own = right.own
    return (own > 0).any(0) if case.aggregate in ("count", "by") else ~np.isnan(own[0])


def _chosen(case: Case, page: Page, among: np.ndarray, many: int) -> list[tuple[int, int]]:
    """Return some cells over which nothing lies."""
    rows, columns = np.nonzero(among)
    if not len(rows):
        return []
    picked = [case.random.randrange(len(rows)) for _ in range(TRIES)]
    places = [(int(columns[at]), int(rows[at])) for at in picked]
    bare = page.evaluate("places => differential.bare(places)", [[x + 0.5, y + 0.5] for x, y in places])
    return [place for place, is_bare in zip(places, bare, strict=True) if is_bare][:many]


def _hover(case: Case, page: Page, seen: Seen, column: int, row: int) -> str:
    left, top = seen.told["box"]
    # A map that begins within a pixel of the page has its cells there, too.
    parts = PARTS if left % 1 == 0 and top % 1 == 0 else (0.5,)
    page.mouse.move(left + column + case.random.choice(parts), top + row + case.random.choice(parts))
    page.evaluate("() => differential.frames()")
    return page.inner_text("#explorer-value")


def _reason(case: Case, seen: Seen, text: str, values: np.ndarray, *, rests: bool) -> str:
    """Return what is wrong with a text about a cell of these values, one a plane."""
    if case.aggregate in ("count", "by"):
        return _count_reason(case, seen, text, values)
    said = re.match(rf"{case.aggregate} {re.escape(seen.field['title'])} (.+?)(?: {seen.field['unit']})? · ", text)
    true = float(values[0])
    if not said:
        return f"should say {true!r}"
    try:
        if case.kind == "time":
            meant = texts.date(said[1])
            is_right = meant.holds(true, 1.0 if rests else 1000.0)
            return "" if is_right else f"should say {texts.moment(true)} ({true!r})"
        meant = texts.number(said[1])
    except (ValueError, OverflowError):
        return f"has no value that can be read, and should say {true!r}"
    if np.isinf(true) or np.isinf(meant.low):
        return "" if meant.middle == true else f"should say {true!r}"
    # The true rows of lines that are drawn at once are not known: cells come from tiles, which are float32.
    digits = 2.0**-23 if case.source.kind == "lines" else 1e-15
    if not meant.holds(true, meant.half * 0.01 + abs(true) * digits):
        return f"should say {true!r}"
    # Zeros at its end are left out, as those of 0.87 for 0.8700000.
    tells = meant.half <= FEWEST * abs(true) or abs(meant.middle - true) <= abs(true) * 2.0**-20
    return "" if tells else f"says too little of {true!r}"


def _count_reason(case: Case, seen: Seen, text: str, values: np.ndarray) -> str:
    said = re.match(r"([\d,]+) rows?(?:: (.*?))?(?: …)? · ", text)
    total = int(values.sum())
    if not said or int(said[1].replace(",", "")) != total:
        return f"should say {total:,} rows"
    if case.aggregate == "count":
        return ""
    labels = dict(zip(seen.field["labels"], values.tolist(), strict=True))
    named = [one.rsplit(" ", 1) for one in (said[2] or "").split(", ")]
    ranked = sorted(values.tolist(), reverse=True)
    shown = [int(count.replace(",", "")) for _, count in named]
    is_right = all(labels.get(label) == count for (label, _), count in zip(named, shown, strict=True))
    return "" if is_right and shown == ranked[: len(shown)] else f"should name {ranked[:3]} of {labels}"
