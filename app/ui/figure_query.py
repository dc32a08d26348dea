"""How a figure opens: what its address asks for, checked, and the rest as the data set declares it."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.pipeline.canvas import AGGREGATES
from app.pipeline.errors import ParameterError, unknown
from app.pipeline.palettes import find_colormap
from app.pipeline.points import check_fit
from app.pipeline.shade import NORMALIZATIONS
from app.pipeline.types import Bounds, Dataset
from app.pipeline.world import APRON
from app.ui.figures import columns, fields

KINDS: Final = ("points", "lines")


@dataclass(frozen=True, slots=True)
class Opening:
    """The controls of a figure, by the names that the address uses."""

    x: str
    y: str
    kind: str = "points"
    xlog: bool = False
    ylog: bool = False
    bounds: Bounds | None = None
    aggregate: str = "count"
    field: str = ""
    normalization: str = "eq_hist"
    cmap: str = "fire"
    spreading: int = 0
    range: tuple[float, float] = (0, 100)
    data_opacity: int = 100


def opening(dataset: Dataset, query: Mapping[str, str]) -> Opening:
    """Return how a data set's figure opens.

    Parameters
    ----------
    dataset : Dataset
    query : mapping of str to str
        The address's parameters; what is absent is as the first plot that can be drawn declares it.

    Raises
    ------
    UnknownNameError
        For a parameter, column, field, aggregate, normalisation or colormap that does not exist.
    ParameterError
        For a value that is not allowed.
    """
    known = tuple(Opening.__dataclass_fields__)
    for name in query:
        if name not in known:
            raise unknown("parameter", name, known)
    found = _defaults(dataset) | {name: _READ[name](name, text) for name, text in query.items()}
    _check(dataset, found, chosen="field" in query)
    return Opening(**found)


def _defaults(dataset: Dataset) -> dict[str, Any]:
    plot = dataset.plots[0]
    return {
        "x": plot.x.column,
        "y": plot.y.column,
        "kind": plot.kind if plot.x.end == "" else "points",
        "field": plot.field,
        "aggregate": plot.aggregate,
        "normalization": plot.normalization,
        "cmap": plot.cmap,
        "spreading": plot.spreading,
    }


def _check(dataset: Dataset, found: dict[str, Any], chosen: bool) -> None:
    axes, known = columns(dataset), fields(dataset)
    for which in ("x", "y"):
        if found[which] not in axes:
            raise unknown("column", found[which], axes)
        if found[f"{which}log"] and not axes[found[which]].can_log:
            raise ParameterError(f"{which}log=1 needs a column of numbers, which {found[which]!r} is not: use {which}log=0.")
    if found["aggregate"] != "count" or (chosen and found["field"]):
        if found["field"] not in known:
            raise unknown("field", found["field"], known)
        check_fit(known[found["field"]], found["aggregate"])
    bounds = found["bounds"]
    if bounds and ((found["xlog"] and bounds.x0 <= 0) or (found["ylog"] and bounds.y0 <= 0)):
        raise ParameterError(f"bounds={tuple(bounds)!r} are not positive, as a logarithmic axis needs.")


def _name(allowed: tuple[str, ...], what: str) -> Any:
    def read(_name: str, text: str) -> str:
        if text not in allowed:
            raise unknown(what, text, allowed)
        return text

    return read


def _number(low: int, high: int) -> Any:
    def read(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and low <= int(text) <= high):
            raise ParameterError(f"{name}={text!r} is not a whole number from {low} to {high}.")
        return int(text)

    return read


def _floats(name: str, text: str, count: int) -> list[float]:
    try:
        found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if len(found) != count or not all(math.isfinite(one) for one in found):
        raise ParameterError(f"{name}={text!r} is not {count} numbers with commas between them.")
    return found


def _bounds(name: str, text: str) -> Bounds:
    found = Bounds(*_floats(name, text, 4))
    if not (found.x0 < found.x1 and found.y0 < found.y1):
        raise ParameterError(f"{name}={text!r} is empty: give x0,x1,y0,y1 with x0 < x1 and y0 < y1.")
    return found


def _range(name: str, text: str) -> tuple[float, float]:
    low, high = _floats(name, text, 2)
    if not 0 <= low < high <= 100:
        raise ParameterError(f"{name}={text!r} is not two percentiles, low before high, from 0 to 100.")
    return low, high


def _cmap(_name: str, text: str) -> str:
    find_colormap(text)
    return text


def _flag(name: str, text: str) -> bool:
    if text not in ("0", "1"):
        raise ParameterError(f"{name}={text!r} is neither 0 nor 1.")
    return text == "1"


def _text(_name: str, text: str) -> str:
    return text


_READ: Final[Mapping[str, Any]] = {
    "x": _text,
    "y": _text,
    "kind": _name(KINDS, "kind"),
    "xlog": _flag,
    "ylog": _flag,
    "bounds": _bounds,
    "aggregate": _name(AGGREGATES, "aggregate"),
    "field": _text,
    "normalization": _name(NORMALIZATIONS, "normalization"),
    "cmap": _cmap,
    "spreading": _number(0, APRON),
    "range": _range,
    "data_opacity": _number(0, 100),
}
