"""Aggregation of points and lines by Datashader: whole pixel rectangles of a plane, and exact viewports.

Datashader is the only aggregator. Here are its calls, and the one rule that makes its results join without seams: a
canvas includes points on its upper edge, so one further row and column are asked for and cropped.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import datashader as ds
import numpy as np
import numpy.typing as npt
import pandas as pd
from datashader.reductions import Reduction, category_modulo

from app.pipeline.errors import ParameterError
from app.pipeline.types import PlotKind
from app.pipeline.world import PixelRect, pixel_quanta

Array: TypeAlias = npt.NDArray[np.generic]

AGGREGATES: tuple[str, ...] = ("count", "sum", "min", "max", "mean", "var", "std", "by")
_REDUCTIONS: Mapping[str, type[Reduction]] = {
    "sum": ds.sum,
    "min": ds.min,
    "max": ds.max,
    "mean": ds.mean,
    "var": ds.var,
    "std": ds.std,
}


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


def _reduction(aggregate: str, rows: Rows) -> Reduction:
    if aggregate == "count":
        return ds.count()
    if rows.value is None:
        raise ParameterError(f"aggregate {aggregate!r} needs a field: choose one.")
    if aggregate == "by":
        return ds.by(category_modulo("value", max(rows.categories, 1)), ds.count())
    if aggregate not in _REDUCTIONS:
        raise ParameterError(f"no aggregate {aggregate!r}. Known: {', '.join(AGGREGATES)}.")
    return _REDUCTIONS[aggregate]("value")


def _draw(canvas: ds.Canvas, rows: Rows, aggregate: str) -> Array:
    """Return planes first, shape (height, width) or (categories, height, width)."""
    columns = {"x": np.asarray(rows.x), "y": np.asarray(rows.y)}
    if rows.value is not None and aggregate != "count":
        columns["value"] = np.asarray(rows.value)
    frame = pd.DataFrame(columns, copy=False)
    reduction = _reduction(aggregate, rows)
    if rows.kind == "points":
        drawn = canvas.points(frame, "x", "y", agg=reduction)
    else:
        drawn = canvas.line(frame, "x", "y", agg=reduction)
    data = np.asarray(drawn.data)
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
    One Datashader call, linear in rows. Every edge is a whole number of quanta and every scale a power of two, so all
    arithmetic is exact and rectangles that adjoin share no point.
    """
    height, width = rect.shape
    if not len(rows.x):
        return empty((height, width), aggregate, rows.categories)
    size = float(pixel_quanta(rect.z))
    canvas = ds.Canvas(
        width + 1,
        height + 1,
        x_range=(rect.x0 * size, (rect.x1 + 1) * size),
        y_range=(rect.y0 * size, (rect.y1 + 1) * size),
    )
    return _draw(canvas, rows, aggregate)[..., :height, :width]


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
