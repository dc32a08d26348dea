"""The texts of legend, range and axes, parsed back to numbers and held to what they stand for."""

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.differential import shading, texts
from tests.differential.cases import Case
from tests.differential.compare import Outcome
from tests.differential.page import Seen
from tests.differential.pictures import Right
from tests.differential.texts import Meant
from tests.differential.tiles import LOST

NEAR = 0.02
"""How far from its place on the colour bar a tick may stand, as a share of the bar."""
COARSE = 0.05
"""How much of the scale half a unit of an end's last digit may be."""
PIXEL = 1.01
WIDE = 600
"""Pixels of an axis from which it has two labels at the least."""
EXACT = 1e-6


def judge_scale(case: Case, seen: Seen, right: Right, outcome: Outcome) -> None:
    """Compare the ends of the scale that the page uses."""
    if right.scale is None:
        return
    for name, true in (("lo", right.scale.low), ("hi", right.scale.high)):
        value = seen.told[name]
        if value is None or abs(value - true) > _slack(case, right):
            outcome.fault("scale ends wrong", f"{name} is {value!r}, and should be {true!r}")


def _slack(case: Case, right: Right) -> float:
    """Return what the digits of a tile's values leave open."""
    assert right.scale
    if case.aggregate in ("count", "by"):
        return 0.0
    low, high = right.scale.low, right.scale.high
    if case.aggregate in ("var", "std"):
        # Of values that are far larger than their spread, the order of additions shows; as in the cells themselves.
        return LOST * high
    return EXACT * max(abs(low) if case.kind != "time" else 0.0, high - low) + (1.0 if case.kind == "time" else 0.0)


def reader(case: Case) -> Callable[[str], Meant]:
    """Return what parses a value's text."""
    return texts.moment_near if case.kind == "time" and case.aggregate != "count" else texts.number


def judge_legend(case: Case, told: dict[str, Any], right: Right, outcome: Outcome) -> None:
    """Compare the numbers of a legend, and of the range under its slider, with the scale of the visible cells."""
    if right.scale is None:
        return
    if case.aggregate == "by":
        _judge_note(told, right, outcome)
    else:
        _judge_bar(case, told["legend"], right, outcome)
    _judge_range(case, told["range"], right, outcome)


def _judge_note(told: dict[str, Any], right: Right, outcome: Outcome) -> None:
    assert right.scale
    outcome.compared("legend texts", 2)
    words = told["note"].removeprefix("opacity: ").removesuffix(" rows a pixel").split(" to ")
    for text, true in zip(words, (right.scale.low, right.scale.high), strict=True):
        if not texts.number(text).holds(true, EXACT * true):
            outcome.fault("legend numbers wrong", f"{told['note']!r} should say {true!r} for {text!r}")


def _judge_bar(case: Case, ticks: list[tuple[str, float]], right: Right, outcome: Outcome) -> None:
    assert right.scale
    low, high = right.scale.low, right.scale.high
    outcome.compared("legend texts", len(ticks))
    if len({text for text, _ in ticks}) < len(ticks):
        outcome.fault("legend numbers wrong", f"{[text for text, _ in ticks]} repeat; the scale is {low!r} to {high!r}")
    if not ticks:
        outcome.fault("legend numbers wrong", f"there are none; the scale is {low!r} to {high!r}")
    for text, at in ticks:
        if reason := _reason(case, text, at, right):
            outcome.fault("legend numbers wrong", f"{text!r} at {at:.3f} of the bar {reason}")


def _reason(case: Case, text: str, at: float, right: Right) -> str:
    """Return what is wrong with a tick of the colour bar."""
    assert right.scale
    scale, slack = right.scale, _slack(case, right)
    try:
        meant = reader(case)(text)
    except ValueError:
        return f"is no value; the scale is {scale.low!r} to {scale.high!r}"
    for end, true in ((0, scale.low), (1, scale.high)):
        if at == end and not meant.holds(true, slack):
            return f"should be {true!r}"
    is_coarse = meant.half > COARSE * (scale.high - scale.low) > 0
    if at in (0, 1) and is_coarse and meant.middle not in (scale.low, scale.high):
        return f"is rounded by {meant.half:g}, where the scale is {scale.low!r} to {scale.high!r}"
    how = case.query["normalization"]
    places = [shading.place(scale, right.cells, how, value) for value in (meant.low - slack, meant.high + slack)]
    if any(first - NEAR <= at <= last + NEAR for first, last in zip(*places, strict=True)):
        return ""
    return f"should stand at {places[0][0]:.3f} to {places[1][0]:.3f}; the scale is {scale.low!r} to {scale.high!r}"


def _judge_range(case: Case, words: list[str], right: Right, outcome: Outcome) -> None:
    assert right.scale
    outcome.compared("legend texts", len(words))
    ends = (right.scale.low, right.scale.high)
    read = texts.number if case.aggregate == "by" else reader(case)
    for text, true in zip(words, ends, strict=True):
        try:
            is_right = read(text).holds(true, _slack(case, right) + abs(true) * 1e-12)
        except ValueError:
            is_right = False
        if not is_right:
            outcome.fault("range numbers wrong", f"{text!r} should be {true!r}")
    if ends[0] < ends[1] and words[0] == words[1]:
        outcome.fault("range numbers wrong", f"both are {words[0]!r}, and should be {ends[0]!r} and {ends[1]!r}")


def judge_ticks(seen: Seen, outcome: Outcome) -> None:
    """Compare the labels of a plane's axes with the places at which they stand."""
    ticks = seen.told["ticks"]
    if ticks is None:
        return
    world, window = seen.world, seen.window
    size = 2.0 ** (23 - window.z)
    for name, origin, unit, first in (("x", world.x0, world.dx, window.x0), ("y", world.y0, world.dy, window.y0)):
        axis, pixel = seen.told["info"]["axes"][name], size * unit
        found = [(text, origin + (first + at) * pixel) for text, at in ticks[name]]
        outcome.compared("tick texts", len(found))
        words = [text for text, _ in found]
        if len(set(words)) < len(words) and not _tells_by_neighbours(axis["kind"]):
            outcome.fault("tick numbers wrong", f"{words} of {name} repeat")
        if len(found) < (2 if ticks["size"][name == "y"] > WIDE else 1):
            outcome.fault("tick numbers wrong", f"{name} has {len(found)}: {words}")
        for text, value in found:
            if reason := _tick_reason(axis["kind"], text, value, abs(pixel)):
                outcome.fault("tick numbers wrong", f"{text!r} of {name} {reason}")


def _tells_by_neighbours(kind: str) -> bool:
    """Whether labels may leave out what those beside them say, as times of several days do."""
    return kind == "date"


def _tick_reason(kind: str, text: str, value: float, pixel: float) -> str:
    """Return what is wrong with a label that stands at a value, to the pixel."""
    slack = PIXEL * pixel
    try:
        if kind == "date":
            # Half a pixel before midnight another day stands.
            said = [texts.date(text, near).low for near in (value - slack, value, value + slack)]
        else:
            said = [(texts.clock if kind == "clock" else texts.number)(text.removesuffix("°")).middle]
    except (ValueError, OverflowError):
        return f"is no {kind}; it stands at {value!r}"
    off = min(abs(one - value) for one in said)
    return (
        f"stands at {value!r}, {off / pixel:.0f} pixels off" if off > slack + abs(value) * np.finfo(float).eps else ""
    )
