"""What a plot shows at first, and what a page must be told of it, once its rows are open."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from threading import Lock
from typing import Any

from cachetools import LRUCache

from app.pipeline.controls import Controls
from app.pipeline.errors import ParameterError
from app.pipeline.palettes import category_colors
from app.pipeline.points import Points
from app.pipeline.specs import FINGERPRINT
from app.pipeline.types import Axis, Bounds, Dataset, Field, Plot
from app.pipeline.world import PixelRect, World, degrees, mercator_bounds

MOST_PIXELS = 16_000_000
MOST_COUNTED = 20_000_000
"""Rows that are looked at to tell how many lie outside a view, at most."""
BLOCK = 1 << 20
_counted: LRUCache[tuple[str, Bounds], int | None] = LRUCache(512)
_lock = Lock()


def described(dataset: Dataset, plot: Plot, fingerprint: str, points: Points) -> dict[str, Any]:
    """Return what the browser needs to draw a plot, as JSON.

    Parameters
    ----------
    dataset, plot : Dataset, Plot
    fingerprint : str
        Of the plot's root.
    points : Points
        Its rows.
    """
    plane = plane_of(points)
    return {
        "dataset": dataset.name,
        "plot": plot.name,
        "title": plot.title,
        "fingerprint": fingerprint[:FINGERPRINT],
        "crs": "lonlat" if plot.in_degrees else plot.crs,
        "kind": plot.kind,
        "rows": points.rows,
        "dropped": points.at.dropped,
        "counts": counts(points),
        "notes": [*dataset.notes, *_account(points), *points.notes],
        "world": asdict(plane),
        "extent": [points.at.extent.x0, points.at.extent.x1 + 1, points.at.extent.y0, points.at.extent.y1 + 1],
        "view": list(opening_bounds(points)),
        "whole": list(whole_bounds(points)),
        "outside": outside(points, fingerprint),
        "axes": {name: _axis(axis) for name, axis in (("x", plot.x), ("y", plot.y))},
        "fields": [_field(points, one) for one in plot.fields],
        "defaults": {
            name: getattr(plot, name) for name in ("aggregate", "field", "cmap", "normalization", "spreading")
        },
    }


def counts(points: Points) -> dict[str, Any]:
    """Return what became of a plot's rows: those ``read`` are those ``drawn`` and those ``left`` out, by reason.

    ``outside`` are drawn, but do not lie in the first view.
    """
    at, unreadable = points.at, points.unreadable
    reasons = {
        "unreadable": unreadable,
        "no coordinates": at.lost,
        "sentinel": at.sentinels,
        "beyond": at.beyond,
        "no track or time": at.untracked,
        "alone in a line": at.alone,
    }
    read = points.rows + unreadable
    left = {reason: count for reason, count in reasons.items() if count}
    return {"read": read, "drawn": read - sum(left.values()), "left": left, "outside": at.outside}


def told(counts: Mapping[str, Any]) -> str:
    """Return what became of a plot's rows as a sentence: its numbers add up to the rows in the file.

    Examples
    --------
    >>> told({"read": 1200, "drawn": 1190, "left": {"no coordinates": 7, "beyond": 3}, "outside": 2})
    '1,200 rows read: 1,190 drawn (2 outside of the first view), 10 left out (7 no coordinates, 3 beyond).'
    """
    left = counts["left"]
    outside = f" ({counts['outside']:,} outside of the first view)" if counts["outside"] else ""
    reasons = ", ".join(f"{count:,} {reason}" for reason, count in left.items())
    lost = f"{sum(left.values()):,} left out ({reasons})" if left else "none left out"
    return f"{counts['read']:,} rows read: {counts['drawn']:,} drawn{outside}, {lost}."


def _account(points: Points) -> Iterator[str]:
    found = counts(points)
    if found["left"] or found["outside"]:
        yield told(found)


def account(points: Points) -> str:
    """Return what became of a plot's rows, as a sentence."""
    return told(counts(points))


def figure_axis(plots: Sequence[Plot], name: str) -> Axis:
    """Return the axis of a column of some plots' axes, or of the first one's field of numbers or times; else raise."""
    for axis in (axis for plot in plots for axis in (plot.x, plot.y)):
        if axis.column == name:
            return replace(axis, end="", reverse=False)
    field = plots[0].find_field(name)
    if field.kind == "category":
        raise ParameterError(f"field {name!r} is a category: an axis needs numbers or times.")
    return Axis(field.column, field.label, field.unit, "date" if field.kind == "time" else "number")


def opening_bounds(points: Points) -> Bounds:
    """Return the view that a plot opens with, in the units of its controls: declared, or all of its rows."""
    if points.plot.view:
        return points.plot.view
    extent = points.at.home or points.at.extent
    return _told(points, extent)


def whole_bounds(points: Points) -> Bounds:
    """Return the view that shows all rows, in the units of a plot's controls."""
    return _told(points, points.at.extent)


def _told(points: Points, extent: Bounds) -> Bounds:
    plot, plane = points.plot, plane_of(points)
    xs = sorted((plane.x0 + extent.x0 * plane.dx, plane.x0 + (extent.x1 + 1) * plane.dx))
    ys = sorted((plane.y0 + extent.y0 * plane.dy, plane.y0 + (extent.y1 + 1) * plane.dy))
    if not plot.in_degrees:
        return Bounds(xs[0], xs[1], ys[0], ys[1])
    (west, south), (east, north) = degrees(xs[0], ys[0]), degrees(xs[1], ys[1])
    return Bounds(west, east, south, north)


def outside(points: Points, fingerprint: str) -> int | None:
    """Return how many rows lie outside the view that a plot opens with.

    Parameters
    ----------
    points : Points
    fingerprint : str
        Of the plot's root: what was counted once is remembered.

    Returns
    -------
    int or None
        None where some do, or may, but how many is not known: of lines, and where too many would be read.
    """
    view, shown = points.plot.view, whole_bounds(points)
    within = view and view.x0 <= shown.x0 and view.x1 >= shown.x1 and view.y0 <= shown.y0 and view.y1 >= shown.y1
    if view is None or within:
        return 0
    key = (fingerprint, view)
    with _lock:
        if key in _counted:
            return _counted[key]
    found = _outside(points, view)
    with _lock:
        _counted[key] = found
    return found


def _outside(points: Points, view: Bounds) -> int | None:
    plane = plane_of(points)
    projected = mercator_bounds(view) if points.plot.crs == "lonlat" else view
    around = plane.around(projected)
    if points.plot.kind != "points" or points.at.touched(around) > MOST_COUNTED:
        return None
    left, right, top, bottom = plane.rectangle(projected)
    inside = 0
    for start, stop in points.at.spans(around):
        for at in range(start, stop, BLOCK):
            x, y = (one[at : min(at + BLOCK, stop)] for one in (points.at.x, points.at.y))
            # A row lies in the quantum from its number to the next.
            inside += int(((x + 1.0 > left) & (x <= right) & (y + 1.0 > top) & (y <= bottom)).sum())
    return points.rows - inside


def picture_params(
    points: Points, controls: Controls, width: int, height: int, rect: PixelRect | None = None, ground: str = ""
) -> dict[str, Any]:
    """Return the parameters of the stages for a picture of a plot on its plane.

    Parameters
    ----------
    points : Points
    controls : Controls
        Without bounds, the plot's opening view is shown.
    width, height : int
        Pixels.
    rect : PixelRect, optional
        What is in view, of that size; by default, what shows the controls' bounds on the power-of-two ladder.
    ground : {'', 'dark', 'light'}
        What the colormap is laid on; by default, it is taken as it is.
    """
    if not (width > 0 and height > 0 and width * height <= MOST_PIXELS):
        raise ParameterError(f"an image of {width} by {height} pixels is not between 1 and {MOST_PIXELS:,} pixels.")
    shown = controls.bounds or opening_bounds(points)
    projected = mercator_bounds(shown) if points.plot.in_degrees else shown
    view = rect or plane_of(points).snap(projected, width, height)
    params = {**controls.params(points), "view": list(view)}
    return {**params, "cmap": f"{controls.cmap}@{ground}"} if ground else params


def plane_of(points: Points) -> World:
    """Return the plane that rows lie on, or raise `ParameterError` for raw coordinates."""
    if points.at.world is None or points.at.raw:
        raise ParameterError("raw coordinates have no plane: use the figure's graph.")
    return points.at.world


def _axis(axis: Axis) -> dict[str, Any]:
    return {"title": axis.title, "unit": axis.unit, "kind": axis.kind, "reverse": axis.reverse}


def _field(points: Points, field: Field) -> dict[str, Any]:
    from_data = points.categories(field.name)
    return {
        "name": field.name,
        "title": field.title,
        "unit": field.unit,
        "kind": field.kind,
        "categories": list(from_data),
        "labels": [*field.labels, *from_data[len(field.labels) :]],
        "colors": list(category_colors(from_data, field.colors)) if from_data else [],
    }
