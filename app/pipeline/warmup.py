"""Compiling kernels before a user needs them.

Datashader's are compiled on their first use in a process, for each reduction and type of value: 0.3 to 2 seconds each.
Our own are compiled once on a machine, and loaded.
"""

import numpy as np
import numpy.typing as npt

from app.pipeline import discs, shade
from app.pipeline.canvas import Rows, aggregate_rect, aggregate_states, aggregate_view
from app.pipeline.pyramid import finalised
from app.pipeline.tiles import TILE_CODEC
from app.pipeline.types import PlotKind
from app.pipeline.world import APRON, TILE, PixelRect

_NUMBERS = ("mean", "sum", "max", "min", "std", "var")
# What opens a page; then the states that a map's other aggregates are made of; then lines on maps, and figures.
_OPENING: tuple[tuple[PlotKind, str, type], ...] = (
    ("points", "count", np.uint8),
    ("points", "by", np.uint8),
    ("lines", "count", np.uint8),
)
_FURTHER: tuple[tuple[PlotKind, str, type], ...] = (
    *(("lines", "mean", dtype) for dtype in (np.float32, np.float64)),
    ("lines", "by", np.uint8),
    *(("points", aggregate, dtype) for dtype in (np.float32, np.float64) for aggregate in _NUMBERS),
)
# Lines in figures are Datashader's own.
_FIGURES = (("count", np.uint8), *((aggregate, np.float32) for aggregate in ("mean", "max", "sum")), ("by", np.uint8))
_MADE_OF = {"sums": ("mean", "sum"), "moments": ("std",), "range": ("max",)}
_STATES = tuple((group, dtype) for dtype in (np.float32, np.float64) for group in _MADE_OF)
_PIXELS = PixelRect(0, 0, 2, 0, 2)


def warm_up() -> None:
    """Draw rows by each of the commonest kernels, and shade what each kind of aggregate holds."""
    side = 2 * APRON + 2
    counts = np.arange(side * side, dtype=np.uint32).reshape(side, side)
    for aggregate, planes in (("count", counts), ("mean", counts.astype(np.float64)), ("by", counts[np.newaxis])):
        _shade(aggregate, planes)
    for kind, aggregate, dtype in _OPENING:
        _draw(kind, aggregate, dtype)
    _pack()
    for group, dtype in _STATES:
        _finalise(group, dtype)
    for kind, aggregate, dtype in _FURTHER:
        _draw(kind, aggregate, dtype)
    for aggregate, dtype in _FIGURES:
        aggregate_view(_rows("lines", aggregate, dtype), (0, 1), (0, 1), (2, 2), aggregate)


def _rows(kind: PlotKind, aggregate: str, dtype: npt.DTypeLike) -> Rows:
    """Return two rows, for a line has two ends."""
    place = np.zeros(2, np.uint32 if kind == "points" else np.float64)
    return Rows(place, place, kind, np.zeros(2, dtype), int(aggregate == "by"))


def _draw(kind: PlotKind, aggregate: str, dtype: npt.DTypeLike) -> None:
    aggregate_rect(_rows(kind, aggregate, dtype), _PIXELS, aggregate)


def _finalise(group: str, dtype: npt.DTypeLike) -> None:
    place = np.zeros(1, np.uint32)
    drawn = aggregate_states(Rows(place, place, "points", np.zeros(1, dtype)), _PIXELS, group)
    # As they are cut from an aggregate, and as a pyramid keeps them.
    for states in (drawn, {name: values.copy() for name, values in drawn.items()}):
        for aggregate in _MADE_OF[group]:
            finalised(states, aggregate)


def _pack() -> None:
    """Pack and unpack a tile of floats that are not whole, and one of whole ones: each is looked at in its own way."""
    tile = np.full((TILE + 2 * APRON,) * 2, np.nan)
    for value in (0.1, 1.0):
        tile[0, :2] = value, 1000 * value
        TILE_CODEC.decode(TILE_CODEC.encode(TILE_CODEC.settle(tile)))


def _shade(aggregate: str, padded: shade.Array) -> None:
    planes = discs.spread(padded, aggregate, 1)
    shade.scale(planes, "log", (0, 100))
    knots = shade.scale(planes, "eq_hist", (0, 100))
    if aggregate == "by":
        shade.colorize(planes, knots, "eq_hist", ("#000000",))
    else:
        shade.levels(planes, knots, "eq_hist")
