"""Aggregation of points and lines: whole pixel rectangles of a plane, and exact viewports.

Datashader aggregates all but lines on a plane, which `strokes` draws. Here are its calls, and the one rule that makes
its results join without seams: a canvas includes points on its upper edge, so one further row and column are asked for
and cropped.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import datashader as ds
import numpy as np
import numpy.typing as npt
import pandas as pd
from datashader.reductions import Reduction, category_modulo

from app.pipeline.compiled import compiled
from app.pipeline.errors import ParameterError
from app.pipeline.strokes import draw_lines
from app.pipeline.types import PlotKind
from app.pipeline.world import PixelRect, pixel_quanta

Array: TypeAlias = npt.NDArray[Any]

AGGREGATES: tuple[str, ...] = ("count", "sum", "min", "max", "mean", "var", "std", "by")
_REDUCTIONS: Mapping[str, type[Reduction]] = {
    "sum": ds.sum,
    "min": ds.min,
    "max": ds.max,
    "mean": ds.mean,
    "var": ds.var,
    "std": ds.std,
}


STATES: Mapping[str, Mapping[str, type[np.generic]]] = {
    "count": {"count": np.uint32},
    "by": {"by": np.uint32},
    "sums": {"n": np.uint32, "sum": np.float64},
    "moments": {"n": np.uint32, "sum": np.float64, "m2": np.float64},
    "range": {"n": np.uint32, "min": np.float64, "max": np.float64},
}
"""The parts of aggregates that merge with those of other rows, by what one call finds; zero in cells without rows.

``n`` counts the rows that have a value, and ``m2`` is the sum of their squared deviations from their mean.
"""


class Rows(NamedTuple):
    """What a canvas reads.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Coordinates. Lines: vertices in order, NaN where a line ends.
    kind : {'points', 'lines'}
    value : ndarray, shape (n,), optional
        The field. On lines, a vertex's value belongs to the segment that begins there.
    categories : int
        How many codes the field has, for ``by``.
    """

    x: Array
    y: Array
    kind: PlotKind
    value: Array | None = None
    categories: int = 0


_PARTS: Mapping[str, Mapping[str, Reduction]] = {
    "sums": {"sum": ds.sum("value")},
    "moments": {"sum": ds.sum("value"), "var": ds.var("value")},
    "range": {"min": ds.min("value"), "max": ds.max("value")},
}


def _check(aggregate: str, rows: Rows) -> None:
    if aggregate not in AGGREGATES:
        raise ParameterError(f"no aggregate {aggregate!r}. Known: {', '.join(AGGREGATES)}.")
    if aggregate != "count" and rows.value is None:
        raise ParameterError(f"aggregate {aggregate!r} needs a field: choose one.")


def _reduction(aggregate: str, rows: Rows) -> Reduction:
    _check(aggregate, rows)
    if aggregate == "count":
        return ds.count()
    if aggregate == "by":
        return ds.by(category_modulo("value", max(rows.categories, 1)), ds.count())
    return _REDUCTIONS[aggregate]("value")


def kernel_type(rows: Rows) -> np.dtype[Any]:
    """Return the type that a field is handed over in: few types need few kernels, each of which takes long to compile.

    Codes stay as they are; numbers become float32 where it holds each of their type, else float64.
    """
    own = np.asarray(rows.value).dtype
    if rows.categories:
        return own
    return np.dtype(np.float32 if np.can_cast(own, np.float32) else np.float64)


def _call(canvas: ds.Canvas, rows: Rows, reduction: Reduction | ds.summary) -> Any:
    columns = {"x": np.asarray(rows.x), "y": np.asarray(rows.y)}
    if rows.value is not None:
        columns["value"] = np.asarray(rows.value, kernel_type(rows))
    frame = pd.DataFrame(columns, copy=False)
    return (canvas.points if rows.kind == "points" else canvas.line)(frame, "x", "y", agg=reduction)


def _draw(canvas: ds.Canvas, rows: Rows, aggregate: str) -> Array:
    """Return planes first, shape (height, width) or (categories, height, width)."""
    rows = rows._replace(value=None) if aggregate == "count" else rows
    data = np.asarray(_call(canvas, rows, _reduction(aggregate, rows)).data)
    return np.moveaxis(data, -1, 0) if aggregate == "by" else data


def empty(shape: tuple[int, int], aggregate: str, categories: int) -> Array:
    """Return the aggregate of no rows: counts of zero, or NaN."""
    if aggregate == "count":
        return np.zeros(shape, np.uint32)
    if aggregate == "by":
        return np.zeros((max(categories, 1), *shape), np.uint32)
    return np.full(shape, np.nan)


def aggregate_rect(rows: Rows, rect: PixelRect, aggregate: str) -> Array:
    """Aggregate quantised rows over whole pixels of a plane, half-open.

    Parameters
    ----------
    rows : Rows
        Coordinates in quanta.
    rect : PixelRect
        May reach beyond the world, where nothing is.
    aggregate : str
        One of `AGGREGATES`.

    Returns
    -------
    ndarray, shape (height, width), or (categories, height, width) for ``by``
        Row 0 is the top. Counts are uint32, 0 where empty; others float64, NaN where empty.

    Notes
    -----
    Linear in rows. Points take one Datashader call: every edge is a whole number of quanta and every scale a power of
    two, so all arithmetic is exact and rectangles that adjoin share no point. Lines are drawn as `strokes` has them:
    of rectangles that adjoin, each shows its part of the same pixels.
    """
    if not len(rows.x):
        return empty(rect.shape, aggregate, rows.categories)
    if rows.kind == "lines":
        _check(aggregate, rows)
        value = None if aggregate == "count" else np.asarray(rows.value, kernel_type(rows))
        return draw_lines(rows.x, rows.y, value, rect, aggregate, max(rows.categories, 1))
    return _cropped(_draw(_canvas(rect), rows, aggregate), rect)


def _canvas(rect: PixelRect) -> ds.Canvas:
    """Return a canvas of whole pixels with one further row and column, which takes what lies on the upper edges."""
    size = float(pixel_quanta(rect.z))
    xs, ys = (rect.x0 * size, (rect.x1 + 1) * size), (rect.y0 * size, (rect.y1 + 1) * size)
    return ds.Canvas(rect.x1 - rect.x0 + 1, rect.y1 - rect.y0 + 1, xs, ys)


def _cropped(values: Array, rect: PixelRect) -> Array:
    height, width = rect.shape
    return values[..., :height, :width]


def aggregate_states(rows: Rows, rect: PixelRect, group: str) -> dict[str, Array]:
    """Aggregate quantised points over whole pixels as states that merge with those of other points.

    Parameters
    ----------
    rows : Rows
    rect : PixelRect
    group : {'count', 'by', 'sums', 'moments', 'range'}

    Returns
    -------
    dict of str to ndarray
        As `STATES` has them, each of shape (height, width), or (categories, height, width) for ``by``.
    """
    if group in ("count", "by"):
        return {group: aggregate_rect(rows, rect, group)}
    if not len(rows.x):
        return {name: np.zeros(rect.shape, dtype) for name, dtype in STATES[group].items()}
    drawn = _call(_canvas(rect), rows, ds.summary(n=ds.count("value"), **_PARTS[group]))
    n = drawn["n"].data
    found = {"n": n, **{name: _cleared(drawn[name].data, n) for name in _PARTS[group]}}
    if group == "moments":
        found["m2"] = found.pop("var") * n
    return {name: _cropped(values, rect) for name, values in found.items()}


def _cleared(values: Array, n: Array) -> Array:
    """Return values with zero, written over them, where nothing was counted; shape (height, width)."""
    _clear(values, n)
    return values


@compiled
def _clear(values: Array, n: Array) -> None:
    for y in range(n.shape[0]):
        for x in range(n.shape[1]):
            if not n[y, x]:
                values[y, x] = 0


def aggregate_view(
    rows: Rows,
    x_range: tuple[float, float],
    y_range: tuple[float, float],
    shape: tuple[int, int],
    aggregate: str,
    log: Sequence[bool] = (False, False),
) -> Array:
    """Aggregate raw rows over an exact viewport, as one direct Datashader call does.

    Parameters
    ----------
    rows : Rows
        Coordinates in data units.
    x_range, y_range : tuple of float
        Data units, low before high. Positive on a logarithmic axis.
    shape : tuple of int
        Height and width, pixels.
    aggregate : str
    log : pair of bool
        Whether x, and y, are logarithmic.

    Returns
    -------
    ndarray
        As `aggregate_rect`, but row 0 is the lowest y, as Datashader has it.
    """
    for (low, high), logarithmic, name in ((x_range, log[0], "x"), (y_range, log[1], "y")):
        if not (np.isfinite(low) and np.isfinite(high) and low < high):
            raise ParameterError(f"the {name} range {(low, high)!r} is empty: give low < high.")
        if logarithmic and low <= 0:
            raise ParameterError(f"the {name} range {(low, high)!r} is not positive, as a logarithmic axis needs.")
    if not len(rows.x):
        return empty(shape, aggregate, rows.categories)
    if rows.kind == "lines":
        # Points beyond the axis lie beyond the view; a vertex there must end its line, not run to minus infinity.
        x, y = (_positive(one) if logarithmic else one for one, logarithmic in zip((rows.x, rows.y), log, strict=True))
        rows = rows._replace(x=x, y=y)
    kinds = ["log" if one else "linear" for one in log]
    canvas = ds.Canvas(shape[1], shape[0], x_range, y_range, x_axis_type=kinds[0], y_axis_type=kinds[1])
    return _draw(canvas, rows, aggregate)


def _positive(values: Array) -> Array:
    coordinates = np.asarray(values, np.float64)
    return np.where(coordinates > 0, coordinates, np.nan)
