"""The controls of a view: their names, what each may be, and the parameters of stages that they set.

One table serves the address bar, the command line and code. A value that is not allowed is refused with what is; none
is silently replaced.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

from app.pipeline.canvas import AGGREGATES
from app.pipeline.errors import ParameterError, unknown
from app.pipeline.palettes import COLORMAPS, category_colors, find_colormap
from app.pipeline.points import Points, check_fit, fits
from app.pipeline.scale import NORMALIZATIONS
from app.pipeline.types import Bounds, Plot
from app.pipeline.world import APRON

BASEMAPS = ("coastlines", "imagery", "topographic", "terrain", "street", "osm", "none")


class Window(NamedTuple):
    """Percentiles of the visible cells, 0 to 100, that become the least and the greatest level."""

    low: float
    high: float


WHOLE = Window(0, 100)


@dataclass(frozen=True, slots=True)
class Controls:
    """What a user has chosen for a plot.

    Parameters
    ----------
    aggregate, field, normalization, cmap : str
    spreading : int
        Pixels, 0 to 5.
    range : Window
    category : str
        By category: the one that is brought out, by its name in the data. Empty: none.
    basemap : str
    data_opacity, map_opacity : int
        Percent.
    labels : bool
    bounds : Bounds or None
        The view: degrees for longitude and latitude, else the plot's own units. None: the plot's opening view.
    """

    aggregate: str = "count"
    field: str = ""
    normalization: str = "eq_hist"
    cmap: str = "fire"
    spreading: int = 0
    range: Window = WHOLE
    category: str = ""
    basemap: str = "coastlines"
    data_opacity: int = 100
    map_opacity: int = 100
    labels: bool = True
    bounds: Bounds | None = None

    def changed(self, plot: Plot, given: Mapping[str, str]) -> "Controls":
        """Return the controls with some of them set from text.

        Parameters
        ----------
        plot : Plot
            Whose fields may be chosen.
        given : mapping of str to str
            By the controls' names. An aggregate without a field keeps the field that stood where it fits, and else
            takes the first that does; a field without an aggregate gets its mean, or its categories, instead of a
            count.

        Raises
        ------
        UnknownNameError
            For a control, field, colormap, … that does not exist.
        ParameterError
            For a value that is not allowed.
        """
        for name in given:
            if name not in NAMES:
                raise unknown("control", name, NAMES)
        now = replace(self, **{name: _READ[name](name, text) for name, text in given.items()})
        if "field" in given and "aggregate" not in given and now.field and now.aggregate == "count":
            category = plot.find_field(now.field).kind == "category"
            now = replace(now, aggregate="by" if category else "mean")
        if "field" in given and now.field:
            check_fit(plot.find_field(now.field), now.aggregate)
        elif now.aggregate != "count" and not (now.field and fits(plot.find_field(now.field), now.aggregate)):
            now = replace(now, field=_first_fit(plot, now.aggregate))
        return now

    def params(self, points: Points) -> dict[str, Any]:
        """Return the parameters of the stages, but for the view."""
        counted = self.aggregate == "count"
        colors: tuple[str, ...] = ()
        front = -1
        if self.aggregate == "by":
            field, found = points.plot.find_field(self.field), points.categories(self.field)
            colors, front = category_colors(found, field.colors), place_of(self.category, found)
        return {
            "aggregate": self.aggregate,
            "field": "" if counted else self.field,
            "spreading": self.spreading,
            "normalization": self.normalization,
            "range": list(self.range),
            "colors": list(colors),
            "front": front,
            "cmap": self.cmap,
        }


def place_of(category: str, known: tuple[str, ...]) -> int:
    """Return the place of the category that is brought out, -1 for none, or raise `UnknownNameError`.

    Examples
    --------
    >>> place_of("b", ("a", "b")), place_of("", ("a", "b"))
    (1, -1)
    """
    if category and category not in known:
        raise unknown("category", category, known)
    return known.index(category) if category else -1


NAMES = tuple(one.name for one in fields(Controls))


def opening(plot: Plot) -> Controls:
    """Return the controls that a plot opens with."""
    return Controls(
        aggregate=plot.aggregate,
        field=plot.field,
        normalization=plot.normalization,
        cmap=plot.cmap,
        spreading=plot.spreading,
    )


def read_control(name: str, text: str) -> Any:
    """Return a control's value from its text, or raise `ParameterError` or `UnknownNameError`.

    Examples
    --------
    >>> read_control("data_opacity", "40")
    40
    """
    return _READ[name](name, text)


def _first_fit(plot: Plot, aggregate: str) -> str:
    for one in plot.fields:
        if fits(one, aggregate):
            return one.name
    raise ParameterError(f"plot {plot.name!r} has no field for the aggregate {aggregate!r}: choose count.")


def _choice(*known: str) -> Any:
    def read(name: str, text: str) -> str:
        if text not in known:
            raise unknown(name, text, known)
        return text

    return read


def _whole(low: int, high: int) -> Any:
    def read(name: str, text: str) -> int:
        try:
            value = int(text)
        except ValueError:
            value = low - 1
        if not low <= value <= high:
            raise ParameterError(f"{name} {text!r} is not a whole number from {low} to {high}.")
        return value

    return read


def _numbers(name: str, text: str, count: int, form: str) -> list[float]:
    try:
        values = [float(part) for part in text.split(",")]
    except ValueError:
        values = []
    if len(values) != count or not all(map(math.isfinite, values)):
        raise ParameterError(f"{name} {text!r} is not {count} numbers: write {form}.")
    return values


def _window(name: str, text: str) -> Window:
    window = Window(*_numbers(name, text, 2, "LOW,HIGH in percent, such as 2,98"))
    if not 0 <= window.low < window.high <= 100:
        raise ParameterError(f"{name} {text!r} is not LOW,HIGH with 0 <= LOW < HIGH <= 100.")
    return window


def _bounds(name: str, text: str) -> Bounds:
    bounds = Bounds(*_numbers(name, text, 4, "X0,X1,Y0,Y1, such as -10,40,35,70"))
    if not (bounds.x0 < bounds.x1 and bounds.y0 < bounds.y1):
        raise ParameterError(f"{name} {text!r} are empty: X0 must be less than X1, and Y0 less than Y1.")
    return bounds


def _switch(name: str, text: str) -> bool:
    known = {"1": True, "true": True, "0": False, "false": False}
    if text.lower() not in known:
        raise ParameterError(f"{name} {text!r} is neither 1 nor 0.")
    return known[text.lower()]


def _colormap(_: str, text: str) -> str:
    find_colormap(text)
    return text


_READ: Mapping[str, Any] = {
    "aggregate": _choice(*AGGREGATES),
    "field": lambda _, text: text,
    "normalization": _choice(*NORMALIZATIONS),
    "cmap": _colormap,
    "spreading": _whole(0, APRON),
    "range": _window,
    "category": lambda _, text: text,
    "basemap": _choice(*BASEMAPS),
    "data_opacity": _whole(0, 100),
    "map_opacity": _whole(0, 100),
    "labels": _switch,
    "bounds": _bounds,
}
__all__ = ["BASEMAPS", "COLORMAPS", "NAMES", "Controls", "Window", "opening", "read_control"]
