"""The Figure's picture against Datashader's of the same axes, and its legend."""

from typing import Any

import datashader as ds
import numpy as np

from tests.differential import truth
from tests.differential.cases import Case
from tests.differential.compare import Outcome
from tests.differential.page import Pages, hexes, picture
from tests.differential.pictures import judge_export, judge_pixels, shaded
from tests.differential.words import judge_legend


def judge_figure(case: Case, pages: Pages, outcome: Outcome) -> None:
    """Open the Figure, and compare its picture and its legend."""
    told = pages.figure(case)
    seen = picture(pages.fetch(case, told["src"]))
    names = tuple(label for label, _ in told["categories"])
    colours = [_hex(one) for _, one in told["categories"]] if names else hexes(told["palette"])
    right = shaded(case, _drawn(case, told["view"], names), int(case.query["spreading"]), colours, pad=0)
    outcome.compared("figure pixels", seen.shape[0] * seen.shape[1])
    if right.pixels is not None and seen.shape != right.pixels.shape:
        outcome.fault("figure pixels off", f"the picture is {seen.shape}, and should be {right.pixels.shape}")
        return
    judge_pixels("figure pixels off", case, seen, right, outcome)
    judge_export(case, seen, picture(pages.fetch(case, told["export"])), outcome)
    judge_legend(case, told, right, outcome)


def _hex(css: str) -> str:
    red, green, blue = (int(one) for one in css.removeprefix("rgb(").removesuffix(")").split(","))
    return f"#{red:02x}{green:02x}{blue:02x}"


def _drawn(case: Case, view: dict[str, Any], names: tuple[str, ...]) -> truth.Array:
    """Return Datashader's cells of an exact viewport, the highest y first."""
    at = truth.places(case.source)
    values = truth.field_values(at, case.source, case.column, names, case.aggregate)
    x, y = at.x, at.y
    if case.source.kind == "points":
        held = np.isfinite(x) & np.isfinite(y)
        x, y, values = x[held], y[held], None if values is None else values[held]
    ranges = (view["x0"], view["x1"]), (view["y0"], view["y1"])
    canvas = ds.Canvas(view["width"], view["height"], *ranges)
    drawn = truth.drawn(canvas, case.source.kind, x, y, case.aggregate, values, len(names) or 1)
    return np.ascontiguousarray(drawn[:, ::-1])
