"""Tracks: which rows are joined, in which order, and where a line between them ends.

Rows of one track lie anywhere in a file, and in any order. They are joined by their times, or as they come where there
are none; equal times keep the file's order. A line ends where its track was not seen for long, or would have been
impossibly fast. What that is, each track's own usual step says, so that a ship's hour is none of a storm's.

Work is whole-array, on the rows of one plot, held in memory: 40 bytes a row at the most.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from app.pipeline.columns import NO_MARK
from app.pipeline.compiled import compiled
from app.pipeline.types import TrackOrder
from app.pipeline.world import EARTH

Array: TypeAlias = npt.NDArray[Any]
Floats: TypeAlias = npt.NDArray[np.float64]
Rows: TypeAlias = npt.NDArray[np.int64]
Flags: TypeAlias = npt.NDArray[np.bool_]

LEAST_GAP = 300.0
"""Seconds: a shorter step ends no line."""
MANY_STEPS = 10.0
"""How many of its track's median steps a gap is longer than."""
MANY_LONG_STEPS = 3.0
"""How many of its track's long steps a gap is longer than; one step in ten is longer: some send bursts."""
LEAST_JUMP = 10_000.0
"""Metres: a shorter step ends no line, however fast."""
FASTEST = 500.0
"""Metres a second: what is slower ends no line. No airliner is faster."""
MANY_SPEEDS = 10.0
"""How many of its track's median speeds a jump is faster than: satellites are fast throughout."""
_NONE, _DEGREES, _METRES = range(3)
_GROUNDS = {"plane": _NONE, "lonlat": _DEGREES, "mercator": _METRES}


class Joined(NamedTuple):
    """Rows in the order in which they are joined.

    Parameters
    ----------
    row : ndarray, int64, shape (k,)
        The rows of the file; track by track, in the order in which these begin.
    begins : ndarray of bool, shape (k,)
        Whether a line begins at a row, and none leads there.
    unnamed, untimed : int
        Rows that are left out, as they tell no track or no time.
    backward : int
        Rows that are earlier than the one of their track before them in the file.
    gaps, jumps : int
        Lines that end where no time was told for long, and where a track jumps.
    """

    row: Rows
    begins: Flags
    unnamed: int = 0
    untimed: int = 0
    backward: int = 0
    gaps: int = 0
    jumps: int = 0


def join(x: Floats, y: Floats, track: Array | None, time: Array | None, order: TrackOrder, crs: str) -> Joined:
    """Put rows in the order of their tracks and times, and find where lines begin.

    Parameters
    ----------
    x, y : ndarray, float64, shape (n,)
        NaN where a row has no place: there a line ends anyway. Degrees, mercator metres or what a plane has.
    track : ndarray, shape (n,), or None
        Marks, of which equal ones are one track, and `columns.NO_MARK` none. None: all rows are one track.
    time : ndarray of numbers, shape (n,), or None
        NaN where there is none. None: rows are joined in the file's order.
    order : TrackOrder
        What a unit of time is, and what ends a line.
    crs : {'lonlat', 'mercator', 'plane'}

    Notes
    -----
    O(n) where the rows of each track are in order, wherever they lie; else O(n log n).
    """
    elapsed = None if time is None else _elapsed(time)
    code, many = _coded(track, len(x))
    if elapsed is None:
        _keep_gaps(code, x, y)
    placed = np.isfinite(x) & np.isfinite(y)
    unnamed = int(np.count_nonzero(placed & (code < 0)))
    untimed = 0
    if elapsed is not None:
        late = np.isnan(elapsed)
        untimed = int(np.count_nonzero(placed & late & (code >= 0)))
        code[late] = -1
    starts, row = _grouped(code, many)
    del code, placed
    backward = 0 if elapsed is None else _sort_by_time(elapsed, starts, row)
    begins = np.zeros(len(row), np.bool_)
    begins[starts[:-1][np.diff(starts) > 0]] = True
    gaps, jumps = _split(x, y, elapsed, starts, row, begins, order, _GROUNDS[crs])
    return Joined(row, begins, unnamed, untimed, backward, gaps, jumps)


def _elapsed(time: Array) -> Floats:
    """Return times as float64, whole ones since the first: nanoseconds of a hundred days are told apart then."""
    if time.dtype.kind == "f":
        found = time.astype(np.float64)
        found[~np.isfinite(found)] = np.nan
        return found
    if time.dtype.itemsize < 8 or not len(time):
        return time.astype(np.float64)
    since: Floats = (time - time.min()).view(np.uint64).astype(np.float64)
    return since


def _coded(track: Array | None, rows: int) -> tuple[Rows, int]:
    """Number tracks in the order in which they begin; -1 for rows of none."""
    if track is None:
        return np.zeros(rows, np.int64), 1
    code, marks = pd.factorize(np.asarray(track))
    code = code.astype(np.int64, copy=False)
    for nothing in np.flatnonzero(marks == NO_MARK):
        code[code == nothing] = -1
    return code, len(marks)


@compiled
def _keep_gaps(code: Rows, x: Floats, y: Floats) -> None:
    """Let a row with neither track nor place end the line of the row before it."""
    for i in range(1, code.size):
        if code[i] < 0 and not (np.isfinite(x[i]) and np.isfinite(y[i])):
            code[i] = code[i - 1]


@compiled
def _grouped(code: Rows, many: int) -> tuple[Rows, Rows]:
    """Return where each track's rows begin, shape (many + 1,), and the rows by track, in the file's order in each."""
    starts = np.zeros(many + 1, np.int64)
    for one in code:
        if one >= 0:
            starts[one + 1] += 1
    for at in range(many):
        starts[at + 1] += starts[at]
    free, row = starts[:-1].copy(), np.empty(starts[many], np.int64)
    for i in range(code.size):
        if code[i] >= 0:
            row[free[code[i]]] = i
            free[code[i]] += 1
    return starts, row


@compiled
def _sort_by_time(time: Floats, starts: Rows, row: Rows) -> int:
    """Put the rows of each track in the order of time; return how many steps went back."""
    backward = 0
    for at in range(starts.size - 1):
        own = row[starts[at] : starts[at + 1]]
        back = 0
        for i in range(1, own.size):
            back += time[own[i]] < time[own[i - 1]]
        if back:
            own[:] = own[np.argsort(time[own], kind="mergesort")]
        backward += back
    return backward


def _split(
    x: Floats, y: Floats, time: Floats | None, starts: Rows, row: Rows, begins: Flags, order: TrackOrder, ground: int
) -> tuple[int, int]:
    """Mark where lines begin anew within their tracks; return how many gaps and jumps there are."""
    tracks = len(starts) - 1
    gap, speed, usual = np.full(tracks, np.inf), np.full(tracks, np.inf), np.zeros(tracks)
    unit = order.seconds or 1.0
    if time is not None:
        step, long, fast = _usual(x, y, time, starts, row, unit, ground)
        usual = _or_typical(step)
        gap = np.maximum(MANY_STEPS * usual, MANY_LONG_STEPS * _or_typical(long))
        if order.seconds:
            gap = np.maximum(gap, LEAST_GAP)
            speed = np.maximum(MANY_SPEEDS * np.nan_to_num(_or_typical(fast)), FASTEST)
    if order.gap is not None:
        gap = np.full(tracks, order.gap or np.inf)
    farthest = np.inf
    if order.jump is not None or ground == _NONE:
        speed = np.full(tracks, np.inf)
        farthest = (order.jump or np.inf) * (1.0 if ground == _NONE else 1000.0)
    times = np.zeros(0) if time is None else time
    gap, speed, usual = (np.nan_to_num(one, nan=np.inf, posinf=np.inf) for one in (gap, speed, usual))
    return _mark(x, y, times, starts, row, begins, (gap, speed, usual), (unit, farthest), ground)


def _or_typical(own: Floats) -> Floats:
    """Return what is usual in each track, and in most tracks for those with too few steps to tell."""
    known = own[~np.isnan(own)]
    if not len(known):
        return own
    return np.where(np.isnan(own), np.median(known), own)


@compiled
def _usual(
    x: Floats, y: Floats, time: Floats, starts: Rows, row: Rows, unit: float, ground: int
) -> tuple[Floats, Floats, Floats]:
    """Return each track's median step, the one than which one in ten is longer, and its median speed.

    Seconds, and metres a second; NaN of tracks that have not two steps. Steps of no time count for none.
    """
    many = starts.size - 1
    step, long, fast = np.full(many, np.nan), np.full(many, np.nan), np.full(many, np.nan)
    size = 0
    for at in range(many):
        size = max(size, starts[at + 1] - starts[at])
    steps, speeds = np.empty(size), np.empty(size)
    for at in range(many):
        n = 0
        for j in range(starts[at] + 1, starts[at + 1]):
            a, b = row[j - 1], row[j]
            took = (time[b] - time[a]) * unit
            if took > 0 and np.isfinite(x[a]) and np.isfinite(x[b]) and np.isfinite(y[a]) and np.isfinite(y[b]):
                steps[n] = took
                speeds[n] = _apart(x[a], y[a], x[b], y[b], ground) / took if ground != _NONE else 0.0
                n += 1
        if n > 1:
            some = np.sort(steps[:n])
            step[at], long[at] = some[(n - 1) // 2], some[int(0.9 * (n - 1))]
            fast[at] = np.sort(speeds[:n])[(n - 1) // 2]
    return step, long, fast


@compiled
def _mark(
    x: Floats,
    y: Floats,
    time: Floats,
    starts: Rows,
    row: Rows,
    begins: Flags,
    limits: tuple[Floats, Floats, Floats],
    over: tuple[float, float],
    ground: int,
) -> tuple[int, int]:
    """Mark steps that are too long or too fast for their track."""
    gap, speed, usual = limits
    unit, farthest = over
    gaps = jumps = 0
    for at in range(starts.size - 1):
        for j in range(starts[at] + 1, starts[at + 1]):
            a, b = row[j - 1], row[j]
            if not (np.isfinite(x[a]) and np.isfinite(x[b]) and np.isfinite(y[a]) and np.isfinite(y[b])):
                continue
            took = (time[b] - time[a]) * unit if time.size else 0.0
            if took > gap[at]:
                begins[j] = True
                gaps += 1
            elif np.isfinite(farthest) or np.isfinite(speed[at]):
                far = _apart(x[a], y[a], x[b], y[b], ground)
                # Times are no finer than a track's usual step: rows of one second may be a step apart.
                fast = far > LEAST_JUMP and far > speed[at] * max(took, usual[at])
                if far > farthest or fast:
                    begins[j] = True
                    jumps += 1
    return gaps, jumps


@compiled
def _apart(x0: float, y0: float, x1: float, y1: float, ground: int) -> float:
    """Return how far two places are apart, in metres on the ground, or in units of a plane."""
    if ground == _NONE:
        return float(np.hypot(x1 - x0, y1 - y0))
    if ground == _METRES:
        # A map's metre is shorter on the ground by the cosine of its latitude.
        return float(np.hypot(x1 - x0, y1 - y0) / np.cosh((y0 + y1) / 2 / EARTH))
    a, b = np.radians(y0), np.radians(y1)
    half = np.sin((b - a) / 2) ** 2 + np.cos(a) * np.cos(b) * np.sin(np.radians(x1 - x0) / 2) ** 2
    return float(2 * EARTH * np.arcsin(np.sqrt(min(half, 1.0))))
