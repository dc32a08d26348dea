"""A plot read in another way than its file was recognised: each correction is a word behind the plot's name.

``map~epsg-2056`` is the plot ``map`` with its coordinates in that system; ``tracks~gap-3600~jump-50`` has its lines cut
at an hour and at 50 km. So a correction is a part of the address: it changes nothing for others, it can be shared, and
workers keep nothing of it.
"""

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from app.pipeline.errors import DataError, ParameterError
from app.pipeline.systems import known_system
from app.pipeline.types import ASPECT, CORRECTED, EQUAL, Dataset, Plot

_WORD: Final = re.compile(
    r"(?P<system>lonlat|mercator|plane|epsg-[0-9]{4,6})|(?P<scales>equal|free)|gap-(?P<gap>[0-9]{1,9})|jump-(?P<jump>[0-9]{1,9})"
)
_ORDER: Final = ("system", "scales", "gap", "jump")


def find_plot(dataset: Dataset, name: str = "") -> Plot:
    """Return a plot of a data set by its name, corrections included; without a name, the one that it opens with.

    Raises
    ------
    UnknownNameError
        If the data set has no such plot.
    ParameterError
        If a correction is none, or does not fit the plot.
    """
    if not name:
        return dataset.plots[0]
    base, *words = name.split(CORRECTED)
    plot = dataset.find_plot(base)
    found = [one for word in words if (one := _WORD.fullmatch(word))]
    kinds = [str(one.lastgroup) for one in found]
    if len(found) < len(words) or kinds != [kind for kind in _ORDER if kind in kinds]:
        raise ParameterError(
            f"{name[:120]!r} corrects nothing of plot {base!r}: write, in this order, a system (lonlat, mercator, "
            "plane, epsg-2056), equal or free, gap-SECONDS, jump-DISTANCE, with a ~ before each."
        )
    for kind, one in zip(kinds, found, strict=True):
        plot = _READ[kind](plot, one[kind])
    return replace(plot, name=name)


def _in_system(plot: Plot, word: str) -> Plot:
    try:
        crs = known_system(word.upper().replace("-", ":") if word.startswith("epsg-") else word)
    except DataError as error:
        raise ParameterError(str(error)) from None
    if crs == plot.crs:
        return plot
    # Bounds are in the other system's units; what was on the earth has one unit on both axes.
    return replace(plot, crs=crs, view=None, aspect=EQUAL)


def _with_scales(plot: Plot, word: str) -> Plot:
    if plot.geographic:
        raise ParameterError(f"plot {plot.name!r} is a map: only planes have {word} scales.")
    return replace(plot, aspect=EQUAL if word == "equal" else ASPECT)


def _cut_at_gaps(plot: Plot, word: str) -> Plot:
    if not plot.order.column:
        raise ParameterError(f"plot {plot.name!r} joins no rows by their times: its lines have no gaps of time.")
    return replace(plot, order=replace(plot.order, gap=float(word)))


def _cut_at_jumps(plot: Plot, word: str) -> Plot:
    if not plot.track and not plot.order.column:
        raise ParameterError(f"plot {plot.name!r} joins no rows to tracks: its lines have no jumps.")
    return replace(plot, order=replace(plot.order, jump=float(word)))


_READ: Final[dict[str, Callable[[Plot, str], Plot]]] = {
    "system": _in_system,
    "scales": _with_scales,
    "gap": _cut_at_gaps,
    "jump": _cut_at_jumps,
}
