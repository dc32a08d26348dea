"""Tracks in a file that says nothing of them: a column that names what moves, and one that tells when.

This module owns the guess. A name alone makes no track: rows of one id in the order of time must lie nearer to each
other than any two rows do, or a vendor's number would join trips that have nothing to do with each other.
"""

from dataclasses import replace
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from app.datasets.names import unique, words
from app.datasets.sidecar import Corrections
from app.pipeline.columns import NO_MARK, as_marks, as_numbers, nature
from app.pipeline.errors import DataError
from app.pipeline.types import Plot, TrackOrder

Floats: TypeAlias = NDArray[np.float64]

MOVING: Final = (
    "trajectory", "traj", "trip", "flight", "voyage", "track", "mmsi", "icao24", "icao", "hex", "imo", "vessel", "ship",
    "animal", "individual", "tag", "bird", "storm", "sid", "vehicle", "device", "bus", "train", "truck", "driver",
    "callsign", "drifter", "buoy", "float", "player", "particle", "user", "id", "identifier",
)  # fmt: skip
"""Words of a name that tells what moves; the first are the surest."""
TIMES: Final = (
    "timestamp", "datetime", "basedatetime", "time", "date", "epoch", "unixtime", "utc", "posix", "frame", "ts", "t",
)  # fmt: skip
_SURE: Final = frozenset(["trajectory", "mmsi", "icao24", "imo"])
"""Words for nothing but what moves: its rows may lie far from each other in a sample of very many tracks."""
_BESIDE: Final = frozenset(
    ["base", "date", "time", "stamp", "unix", "utc", "gps", "fix", "iso", "ms", "s", "sec", "ns"]
)
"""Words that may stand beside these in the name of a column of numbers: ``travel_time`` measures something else."""
_EPOCHS: Final = ((1.0, 3e8, 4.2e9), (1e-3, 3e11, 4.2e12), (1e-6, 3e14, 4.2e15), (1e-9, 3e17, 4.2e18))
"""Seconds that a unit is, and the least and greatest numbers since 1970 in it, of the years 1979 to 2103."""
SHARED: Final = 0.75
"""The most ids a row: of trips that have a row each there are no tracks."""
NEAR: Final = 0.5
"""How near rows that follow each other are, beside any two rows."""
LEAST_STEPS: Final = 2
FARTHER: Final = 1.5
"""How much farther rows may be from each other in the order of time than in the file's, if times are theirs."""
FILE_ORDER: Final = "none"
"""Said for the column of times: rows are joined as they come."""


class Tracks(NamedTuple):
    """The columns by which rows are joined: what moves, and when; empty where there is none."""

    track: str
    time: str


def propose(sample: pa.Table, x: str, y: str, taken: frozenset[str] = frozenset()) -> Tracks | None:
    """Find what moves in a file, and when.

    Parameters
    ----------
    sample : Table
        Rows from all over the file, runs of them where it may be.
    x, y : str
        The columns of the coordinates.
    taken : frozenset of str
        Columns that are coordinates.

    Returns
    -------
    Tracks or None
        None where no column of ids and one of times join rows that lie near to each other.
    """
    time = find_time(sample, taken | {x, y})
    if not time:
        return None
    across, up, when = (_numbers(sample, name) for name in (x, y, time))
    if across is None or up is None or when is None:
        return None
    named = sorted((_rank(name, MOVING), at, name) for at, name in enumerate(sample.column_names))
    for rank, _, name in named:
        if rank < len(MOVING) and name not in (taken | {x, y, time}) and _holds_ids(sample, name):
            marks = _marks(sample, name)
            if marks is not None and _follow(marks, when, across, up, MOVING[rank] in _SURE):
                return Tracks(name, time)
    return None


def find_time(sample: pa.Table, taken: frozenset[str] = frozenset()) -> str:
    """Return the column that tells when a row was, by its type and name; empty where none does."""
    found = []
    for at, field in enumerate(sample.schema):
        if field.name in taken or not field.name:
            continue
        rank, kind = _rank(field.name, TIMES), nature(field.type)
        if kind == "number" and not _named_time(field.name):
            continue
        if kind in ("time", "number") and _varies(sample, field.name):
            found.append((kind != "time", rank, at, field.name))
    return min(found)[-1] if found else ""


def joined(sample: pa.Table, plot: Plot, said: Corrections) -> Plot:
    """Return a plot of points as one of lines, by what is said and what is found."""
    taken = frozenset([plot.x.column, plot.y.column])
    found = None if said.track or said.time else propose(sample, plot.x.column, plot.y.column)
    track, time = found or (said.track, said.time)
    if not time:
        time = find_time(sample, taken | {track})
        time = time if time and _orders(sample, plot, track, time) else ""
    time = "" if time == FILE_ORDER and time not in sample.column_names else time
    order = TrackOrder(time, seconds_of(sample, time), said.gap_time, said.gap_distance)
    return replace(plot, kind="lines", track=track, order=order)


def proposed(sample: pa.Table, plots: list[Plot], said: Corrections) -> tuple[list[Plot], list[str]]:
    """Return plots with one of tracks after them where the file has such, and a note that says so."""
    if said.kind or len(plots) != 1:
        return plots, []
    first = plots[0]
    found = propose(sample, first.x.column, first.y.column)
    track, time = said.track or (found.track if found else ""), said.time or (found.time if found else "")
    if not (track and (time or said.track)):
        return plots, []
    tracks = joined(sample, first, replace(said, track=track, time=time))
    note = (
        f"The plot 'Tracks' joins the rows of each {tracks.track!r} in the order of "
        f"{repr(tracks.order.column) if tracks.order.column else 'the file'}; "
        "set `track`, `time`, `gap_time` and `gap_distance` to correct it."
    )
    return [first, replace(tracks, name=unique("tracks", [first.name]), label="Tracks")], [note]


def seconds_of(sample: pa.Table, time: str) -> float:
    """Return how many seconds a unit of a column of times is, as tables hold it; 0 where that is not known."""
    if not time:
        return TrackOrder().seconds
    kind = sample.schema.field(time).type
    if nature(kind) == "time":
        return TrackOrder().seconds
    if pa.types.is_duration(kind):
        return 1.0
    values = _numbers(sample, time)
    known = np.empty(0) if values is None else values[np.isfinite(values)]
    middle = float(np.median(known)) if len(known) else 0.0
    return next((unit for unit, low, high in _EPOCHS if low <= middle <= high), 0.0)


def _rank(name: str, known: tuple[str, ...]) -> int:
    """Return the place of the first known word of a name; one past the last where it has none."""
    own = {*words(name), name.lower()}
    return next((at for at, word in enumerate(known) if word in own), len(known))


def _named_time(name: str) -> bool:
    own = words(name)
    known = {*TIMES, *_BESIDE}
    return name.lower() in TIMES or (bool(own) and any(word in TIMES for word in own) and all(w in known for w in own))


def _numbers(sample: pa.Table, name: str) -> Floats | None:
    try:
        chunks = [as_numbers(chunk, name).astype(np.float64) for chunk in sample.column(name).chunks]
    except (DataError, pa.ArrowException):
        return None
    return np.concatenate(chunks) if chunks else np.empty(0)


def _varies(sample: pa.Table, name: str) -> bool:
    values = _numbers(sample, name)
    if values is None:
        return False
    known = values[np.isfinite(values)]
    return len(known) > 0 and bool(known.min() < known.max())


def _holds_ids(sample: pa.Table, name: str) -> bool:
    kind = sample.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if nature(kind) == "text" or pa.types.is_integer(kind):
        return True
    if not pa.types.is_floating(kind):
        return False
    # Whole numbers with gaps come as floats; the heading of a ship, which is its `track` too, is broken.
    values = _numbers(sample, name)
    known = np.empty(0) if values is None else values[np.isfinite(values)]
    return len(known) > 0 and bool((known == np.rint(known)).all())


def _marks(sample: pa.Table, name: str) -> NDArray[np.uint64] | None:
    try:
        chunks = [as_marks(chunk) for chunk in sample.column(name).chunks]
    except (DataError, pa.ArrowException):
        return None
    return np.concatenate(chunks) if chunks else np.empty(0, np.uint64)


def _orders(sample: pa.Table, plot: Plot, track: str, time: str) -> bool:
    """Whether rows lie about as near to each other in the order of a column as they do in the file's."""
    x, y, when = (_numbers(sample, name) for name in (plot.x.column, plot.y.column, time))
    marks = _marks(sample, track) if track else np.zeros(len(sample), np.uint64)
    if x is None or y is None or when is None or marks is None:
        return False
    kept = np.flatnonzero(np.isfinite(when) & np.isfinite(x) & np.isfinite(y))
    by_time, as_told = (_steps(marks, x, y, kept[np.lexsort((key[kept], marks[kept]))]) for key in (when, 0 * when))
    return not len(as_told) or bool(np.median(by_time) <= FARTHER * np.median(as_told))


def _steps(marks: NDArray[np.uint64], x: Floats, y: Floats, order: NDArray[np.intp]) -> Floats:
    """Return how far each row is from the one before it of the same id."""
    same = marks[order][1:] == marks[order][:-1]
    steps: Floats = np.hypot(np.diff(x[order]), np.diff(y[order]))[same]
    return steps


def _follow(marks: NDArray[np.uint64], when: Floats, x: Floats, y: Floats, sure: bool) -> bool:
    """Whether rows of one id, in the order of time, lie nearer to each other than rows do; not asked where sure."""
    kept = np.flatnonzero((marks != NO_MARK) & np.isfinite(when) & np.isfinite(x) & np.isfinite(y))
    code, many = pd.factorize(marks[kept])
    order = kept[np.lexsort((when[kept], code))]
    steps = _steps(marks, x, y, order)
    if len(steps) < LEAST_STEPS or sure:
        return len(steps) >= LEAST_STEPS
    if len(many) > SHARED * len(kept):
        return False
    # Of the shorter steps in time: a sample of many tracks holds few rows that follow each other.
    took = np.diff(when[order])[marks[order][1:] == marks[order][:-1]]
    any_two = np.random.default_rng(0).permutation(order)
    apart = np.hypot(np.diff(x[any_two]), np.diff(y[any_two]))
    return bool(np.median(steps[took <= np.median(took)]) <= NEAR * np.median(apart))
