"""The plotly figure: real axes around a picture that the server shaded.

Owns which columns can be axes, how their values are written, and the figure's layout. The picture itself is put in by
`assets/figure.js`, which keeps the ranges that the user chose. Colours are the style sheet's, so that one figure serves
light and dark.
"""

import math
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np

from app.pipeline.scale import Scale
from app.pipeline.types import AxisKind, Bounds, Dataset, Plot

# Plotly draws a clock as a date axis of the first day of 1970; its values are minutes.
_SCALES: Final = {"clock": 60_000}
_CLOCK_STOPS: Final = [
    {"dtickrange": [None, 1_000], "value": "%H:%M:%S.%L"},
    {"dtickrange": [1_000, 60_000], "value": "%H:%M:%S"},
    {"dtickrange": [60_000, None], "value": "%H:%M"},
]
# As many as a legend has pixels.
_LEGEND_KNOTS: Final = 257
# As many values tell the shares of a legend apart.
_SAMPLE: Final = 16_384
# A lone value gets this much room on both sides, as a share of its size.
_LONE: Final = 0.05


class Column(NamedTuple):
    """A column that can be an axis.

    Parameters
    ----------
    name : str
        As the address has it: an axis's column in the file, or a field's name.
    label, unit : str
    kind : {'number', 'date', 'clock', 'degrees'}
    reverse : bool
        True where values grow to the left, or downward.
    """

    name: str
    label: str
    unit: str = ""
    kind: AxisKind = "number"
    reverse: bool = False

    @property
    def title(self) -> str:
        """The label with its unit."""
        return f"{self.label} ({self.unit})" if self.unit and self.kind != "clock" else self.label

    @property
    def scale(self) -> int:
        """How many of plotly's units one of the data's is."""
        return _SCALES.get(self.kind, 1)

    @property
    def can_log(self) -> bool:
        """Whether a logarithmic axis means anything."""
        return self.kind == "number"


def columns(dataset: Dataset, plot: Plot) -> dict[str, Column]:
    """Return the columns that can be axes beside a plot's own, by the names that the address uses.

    Parameters
    ----------
    dataset : Dataset
    plot : Plot

    Returns
    -------
    dict of str to Column
        The axes of all plots of the same file, the plot's own first; then its fields of numbers and times.
    """
    plots = [plot, *(one for one in dataset.plots if one.path == plot.path and one.name != plot.base)]
    found: dict[str, Column] = {}
    for one in plots:
        for axis in (one.x, one.y):
            title = axis.title if one == plot or len(plots) == 1 else f"{axis.title}, {one.title}"
            found.setdefault(axis.column, Column(axis.column, title, axis.unit, axis.kind, axis.reverse))
    held = set(found)
    for field in plot.fields:
        if field.kind != "category" and field.column not in held:
            kind: AxisKind = "date" if field.kind == "time" else "number"
            found.setdefault(field.name, Column(field.name, field.title, field.unit, kind))
    return found


def roomy(bounds: Bounds, xlog: bool, ylog: bool) -> Bounds:
    """Return bounds in which each axis has a length: a lone value gets room on both sides.

    Examples
    --------
    >>> roomy(Bounds(0, 0, 1, 3), False, False)
    Bounds(x0=-1.0, x1=1.0, y0=1, y1=3)
    >>> roomy(Bounds(10, 10, 1, 3), True, False)
    Bounds(x0=5.0, x1=20, y0=1, y1=3)
    """
    x = _room(bounds.x0, bounds.x1, xlog)
    y = _room(bounds.y0, bounds.y1, ylog)
    return Bounds(*x, *y)


def _room(low: float, high: float, log: bool) -> tuple[float, float]:
    if low < high:
        return low, high
    if log:
        return low / 2, high * 2
    pad = abs(low) * _LONE or 1.0
    return low - pad, high + pad


def axis_range(column: Column, low: float, high: float, log: bool) -> list[float]:
    """Return the range of plotly's axis for values of a column, reversed where it grows the other way.

    Examples
    --------
    >>> axis_range(Column("time", "Time", kind="clock"), 0, 90, False)
    [0, 5400000]
    >>> axis_range(Column("l", "Longitude", reverse=True), 1, 100, True)
    [2.0, 0.0]
    """
    ends = [math.log10(low), math.log10(high)] if log else [low * column.scale, high * column.scale]
    return ends[::-1] if column.reverse else ends


def _axis(column: Column, low: float, high: float, log: bool) -> dict[str, Any]:
    axis: dict[str, Any] = {
        "type": "log" if log else "date" if column.kind in ("date", "clock") else "linear",
        "range": axis_range(column, low, high, log),
        "autorange": False,
        "title": {"text": column.title, "standoff": 8},
        "zeroline": False,
        "ticks": "outside",
        "ticklen": 5,
        "exponentformat": "SI",
        "minexponent": 5,
        "nticks": 9,
    }
    if column.kind == "clock":
        axis["tickformatstops"] = _CLOCK_STOPS
    if column.kind == "degrees":
        axis["ticksuffix"] = "°"
    return axis


def figure(names: dict[str, Any], x: Column, y: Column, home: Bounds, view: Bounds | None = None) -> dict[str, Any]:
    """Return a figure without its picture.

    Parameters
    ----------
    names : dict
        What the axes stand for: ``dataset``, ``x``, ``y``, ``kind``, ``xlog``, ``ylog``.
    x, y : Column
    home : Bounds
        The data's bounds, to which a reset returns.
    view : Bounds, optional
        What it opens on; by default, home.

    Returns
    -------
    dict
        Plain values. ``layout.meta`` tells `assets/figure.js` what the axes stand for; the one trace is invisible, and
        there because plotly has no axes without one.
    """
    now = view or home
    xlog, ylog = bool(names["xlog"]), bool(names["ylog"])
    corners = {"x": [now.x0 * x.scale, now.x1 * x.scale], "y": [now.y0 * y.scale, now.y1 * y.scale]}
    return {
        "data": [{"type": "scatter", "mode": "markers", "opacity": 0, "hoverinfo": "skip", **corners}],
        "layout": {
            "meta": {
                "names": names,
                "home": list(home),
                "scales": [x.scale, y.scale],
                "reverse": [x.reverse, y.reverse],
            },
            "uirevision": "/".join(str(value) for value in names.values()),
            "xaxis": _axis(x, now.x0, now.x1, xlog),
            "yaxis": _axis(y, now.y0, now.y1, ylog),
            "images": [],
            "dragmode": "pan",
            "hovermode": False,
            "showlegend": False,
            "autosize": True,
            "margin": {"l": 72, "r": 18, "t": 40, "b": 56},
            "paper_bgcolor": "rgba(0,0,0,0)",
            "plot_bgcolor": "rgba(0,0,0,0)",
            "font": {"family": "inherit", "size": 12.5},
        },
    }


CONFIG: Final[dict[str, Any]] = {
    "scrollZoom": True,
    "doubleClick": False,
    "displaylogo": False,
    "displayModeBar": True,
    # The whole list, so that plotly adds none of its own, such as one that uploads the chart.
    "modeBarButtons": [["pan2d", "zoom2d"], ["zoomIn2d", "zoomOut2d"]],
    "showSendToCloud": False,
    "plotlyServerURL": "",
    "showAxisDragHandles": True,
    "showTips": False,
}
"""Plotly's configuration. `assets/figure.js` handles double clicks: plotly would return to the address's bounds."""


def legend(scale: Scale | None, normalization: str, cells: Callable[[], Any]) -> dict[str, Any] | None:
    """Return the scale of a picture for its legend, as JSON; `assets/scale.js` takes it as it is.

    Parameters
    ----------
    scale : Scale or None
        None where nothing is visible.
    normalization : str
    cells : callable
        Returns what is visible; called where the bins of eq_hist may be too coarse to tell values apart.

    Returns
    -------
    dict or None
        With eq_hist, the knots are some of the scale's own, no farther apart than a few pixels of the legend.
    """
    if scale is None:
        return None
    found = {"normalization": normalization, "low": scale.low, "high": scale.high}
    if not len(scale.knots):
        return found
    wanted = np.linspace(scale.shares[0], scale.shares[-1], _LEGEND_KNOTS)
    chosen = np.unique(np.append(np.searchsorted(scale.shares, wanted), [0, len(scale.shares) - 1]))
    chosen = chosen[chosen < len(scale.shares)]
    return {
        **found,
        "knots": scale.knots[chosen].tolist(),
        "shares": scale.shares[chosen].tolist(),
        "sample": _sample(cells(), scale.low, scale.high),
    }


def _sample(cells: Any, low: float, high: float) -> list[float]:
    """Return some of the values between the ends of a scale, ascending; none of counts, whose shares are exact."""
    if cells.dtype.kind == "u":
        return []
    inside = cells[(cells >= low) & (cells <= high)]
    some = np.sort(inside[:: max(len(inside) // _SAMPLE, 1)])
    if len(some) > _LEGEND_KNOTS:
        some = some[np.linspace(0, len(some) - 1, _LEGEND_KNOTS).round().astype(int)]
    return [float(one) for one in some]
