"""How a figure opens: what its address asks for, checked, and the rest as the data set declares it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.datasets.readings import find_plot
from app.pipeline import controls
from app.pipeline.controls import Controls
from app.pipeline.errors import ParameterError, unknown
from app.pipeline.types import Bounds, Dataset, Plot, PlotKind
from app.ui.figures import columns

KINDS: Final[tuple[PlotKind, ...]] = ("points", "lines")
SHARED: Final = (
    "aggregate", "field", "normalization", "range", "cmap", "spreading", "data_opacity", "category", "bounds",
)  # fmt: skip
"""The controls that a figure has in common with a map."""

MOST_TEXT: Final = 200
MOST_SIDE: Final = 4096
MOST_VALUE: Final = 1e300
LOOK: Final = ("x", "y", "kind", "xlog", "ylog", *(name for name in SHARED if name != "bounds"))
"""All controls but the data and the view, in the order in which `clientside.figure.controls` takes them."""

NAMES: Final = ("plot", "bounds", *LOOK)


@dataclass(frozen=True, slots=True)
class Opening:
    """What an address asks for.

    Parameters
    ----------
    plot : Plot
        Whose file it is, and whose fields may be chosen.
    x, y : str
        Names of columns.
    kind : {'points', 'lines'}
    xlog, ylog : bool
    controls : Controls
        The others; ``bounds`` is None for the data's own.
    """

    plot: Plot
    x: str
    y: str
    kind: PlotKind
    xlog: bool
    ylog: bool
    controls: Controls


def opening(dataset: Dataset, query: Mapping[str, Any]) -> Opening:
    """Return how a data set's figure opens.

    Parameters
    ----------
    dataset : Dataset
    query : mapping of str to str
        The address's parameters; what is absent is as the plot declares it.

    Raises
    ------
    UnknownNameError
        For a parameter, plot, column, field, colormap, … that does not exist.
    ParameterError
        For a value that is not allowed.
    """
    for name, text in query.items():
        if name not in NAMES:
            raise unknown("parameter", name, NAMES)
        if not isinstance(text, str):
            raise ParameterError(f"{name} is given more than once: give it one value.")
    plot = find_plot(dataset, query.get("plot", ""))
    given = {name: text for name, text in query.items() if name in SHARED}
    found = Opening(
        plot,
        query.get("x", plot.x.column),
        query.get("y", plot.y.column),
        _kind(query.get("kind", default_kind(plot))),
        _flag(query, "xlog"),
        _flag(query, "ylog"),
        controls.opening(plot).changed(plot, given),
    )
    _check(dataset, found)
    return found


def held_in(name: str) -> str:
    """Return the property of the component ``figure-NAME`` that holds a control's value."""
    return "data" if name == "category" else "checked" if name.endswith("log") else "value"


def default_kind(plot: Plot) -> PlotKind:
    """Return how a plot's rows are drawn on real axes: tracks as lines, and the ends of single lines as points."""
    return "points" if plot.x.end else plot.kind


def _kind(text: str) -> PlotKind:
    for one in KINDS:
        if one == text:
            return one
    raise unknown("kind", text, KINDS)


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "0")
    if text not in ("0", "1"):
        raise ParameterError(f"{name} {text!r} is neither 1 nor 0.")
    return text == "1"


def _check(dataset: Dataset, found: Opening) -> None:
    known = columns(dataset, found.plot)
    for which, name, log in (("x", found.x, found.xlog), ("y", found.y, found.ylog)):
        if name not in known:
            raise unknown("column", name, known)
        if log and not known[name].can_log:
            raise ParameterError(f"{which}log=1 needs numbers, which {name!r} has not: use {which}log=0.")
    bounds = found.controls.bounds
    if bounds and ((found.xlog and bounds.x0 <= 0) or (found.ylog and bounds.y0 <= 0)):
        raise ParameterError(f"bounds {tuple(bounds)!r} are not positive, as a logarithmic axis needs.")


def root_names(view: Any) -> dict[str, Any]:
    """Return what tells the root of a viewport from others, of what a browser sent.

    Raises
    ------
    ParameterError
        For anything but short texts, and kinds that do not exist.
    """
    found = {name: view.get(name) if isinstance(view, dict) else None for name in ("dataset", "plot", "x", "y", "kind")}
    if not all(isinstance(one, str) and len(one) < MOST_TEXT for one in found.values()):
        raise ParameterError("this view names no data set, plot and columns: reload the page.")
    return {**found, "kind": _kind(str(found["kind"]))}


def viewport(view: Any) -> dict[str, Any]:
    """Return the bounds, size and scales of what a browser sent.

    Raises
    ------
    ParameterError
        For anything but finite numbers, sizes of 1 to 4,096 pixels, and true or false.
    """
    bounds = {name: _finite(view, name) for name in Bounds._fields}
    sizes = {name: int(_finite(view, name)) for name in ("width", "height")}
    if not all(0 < one <= MOST_SIDE for one in sizes.values()):
        size = f"{sizes['width']} by {sizes['height']}"
        raise ParameterError(f"a figure of {size} pixels is not from 1 to {MOST_SIDE} on each side.")
    return bounds | sizes | {name: view.get(name) is True for name in ("xlog", "ylog")}


def _finite(view: Any, name: str) -> float:
    value = view.get(name) if isinstance(view, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or not -MOST_VALUE < value < MOST_VALUE:
        raise ParameterError(f"{name} {value!r} is no finite number: reload the page.")
    # What runs compiled takes whole numbers of 64 bits only, and a browser sends any.
    return float(value)


def chosen(plot: Plot, values: Mapping[str, Any]) -> Controls:
    """Return the controls that components hold, checked as if they came from an address.

    Examples
    --------
    >>> from pathlib import Path
    >>> from app.pipeline.types import Axis
    >>> plot = Plot("all", Path("a.parquet"), Axis("x"), Axis("y"))
    >>> chosen(plot, {"range": [2, 98.5], "cmap": "bgy"}).range
    Window(low=2.0, high=98.5)
    """
    texts = {name: _text(value) for name, value in values.items()}
    return controls.opening(replace(plot, aggregate="count", field="")).changed(plot, texts)


def _text(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else "" if value is None else str(value)
