"""Compiling kernels before a user needs them.

Datashader's are compiled on their first use in a process, for each reduction and type of value: 0.3 to 2 seconds each.
Our own are compiled once on a machine, and loaded.
"""

import numpy as np

from app.pipeline import discs, shade
from app.pipeline.canvas import Rows, aggregate_rect, aggregate_states
from app.pipeline.pyramid import finalised
from app.pipeline.world import APRON, PixelRect

_NUMBERS = ("mean", "sum", "max", "min", "std", "var")
# The commonest first: what opens a page, then what its first changes need, then what the pyramid is built by.
_KERNELS = (
    ("points", "count", np.uint8),
    ("points", "by", np.uint8),
    ("points", "mean", np.float32),
    ("lines", "count", np.uint8),
    ("points", "mean", np.float64),
    *(("lines", aggregate, np.float32) for aggregate in ("mean", "max", "sum")),
    *(("points", aggregate, dtype) for dtype in (np.float32, np.float64) for aggregate in _NUMBERS[1:]),
    ("lines", "by", np.uint8),
)
_STATES = tuple((group, dtype) for dtype in (np.float32, np.float64) for group in ("sums", "moments", "range"))
_PIXEL = PixelRect(0, 0, 1, 0, 1)


def warm_up() -> None:
    """Draw one row by each of the commonest kernels, and shade what each kind of aggregate holds."""
    side = 2 * APRON + 2
    counts = np.arange(side * side, dtype=np.uint32).reshape(side, side)
    for aggregate, planes in (("count", counts), ("mean", counts.astype(np.float64)), ("by", counts[np.newaxis])):
        _shade(aggregate, planes)
    for kind, aggregate, dtype in _KERNELS:
        place = np.zeros(1, np.uint32 if kind == "points" else np.float64)
        rows = Rows(place, place, "lines" if kind == "lines" else "points", np.zeros(1, dtype), int(aggregate == "by"))
        aggregate_rect(rows, _PIXEL, aggregate)
    for group, dtype in _STATES:
        place = np.zeros(1, np.uint32)
        states = aggregate_states(Rows(place, place, "points", np.zeros(1, dtype)), _PIXEL, group)
        if group == "sums":
            finalised(states, "mean")


def _shade(aggregate: str, padded: shade.Array) -> None:
    planes = discs.spread(padded, aggregate, 1)
    shade.scale(planes, "log", (0, 100))
    knots = shade.scale(planes, "eq_hist", (0, 100))
    if aggregate == "by":
        shade.colorize(planes, knots, "eq_hist", ("#000000",))
    else:
        shade.levels(planes, knots, "eq_hist")
