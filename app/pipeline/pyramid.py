"""The pyramid: aggregates of whole tiles at the zooms where they hold too many rows to be read for a view.

A tile with more than `DENSE` rows is kept, with its neighbours, as mergeable states: counts, sums, sums of squared
deviations, least and greatest values. A coarser tile is merged from the four below it; the finest are aggregated by
Datashader from rows, each row once. So the pyramid is as deep as the data are dense there, and a view below it reads a
few million rows at the most.

References
----------
T. F. Chan, G. H. Golub, R. J. LeVeque, Updating Formulae and a Pairwise Algorithm for Computing Sample Variances, 1979.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from app.pipeline.canvas import STATES, Rows, aggregate_states
from app.pipeline.compiled import compiled, sealed
from app.pipeline.mapped import mapped
from app.pipeline.rooms import Progress, Room, publish, silent
from app.pipeline.types import Rect, TileAddress
from app.pipeline.world import APRON, MAX_Z, TILE, quanta, tile_rect

Array: TypeAlias = npt.NDArray[Any]
States: TypeAlias = dict[str, Array]
RowsIn: TypeAlias = Callable[[Rect], Rows]

DENSE = 1 << 17
"""Rows of a tile, for each byte that a cell takes, from which on it is kept; at the most `DENSEST`."""
DENSEST = 1 << 21
"""A view one zoom finer than the pyramid touches about 5 million rows at the most; of counts, about a million."""
HALF = TILE // 2


_GROUPS: Mapping[str, str] = {
    "count": "count",
    "by": "by",
    "sum": "sums",
    "mean": "sums",
    "var": "moments",
    "std": "moments",
    "min": "range",
    "max": "range",
}


def group_of(aggregate: str) -> str:
    """Return the name of the states that an aggregate is made from, one of `STATES`."""
    return _GROUPS[aggregate]


class Wanted(NamedTuple):
    """Which states a pyramid holds.

    Parameters
    ----------
    group : str
        One of `STATES`.
    planes : tuple of int
        The number of categories of ``by``; else nothing.
    single : bool
        Whether float32 holds every value of the field, and so its least and greatest.
    whole : bool
        Whether every row has a value: sums then need no numbers of their own.
    """

    group: str
    planes: tuple[int, ...] = ()
    single: bool = False
    whole: bool = False

    @property
    def dtypes(self) -> Mapping[str, type[np.generic]]:
        """The type of each state."""
        own = dict(STATES[self.group])
        if self.group == "sums" and self.whole:
            del own["n"]
        return own | dict.fromkeys(("min", "max"), np.float32) if self.single and self.group == "range" else own

    @property
    def dense(self) -> int:
        """From how many rows on a tile is kept: the more, the more room it takes."""
        cell = sum(np.dtype(one).itemsize for one in self.dtypes.values())
        return min(DENSE * cell * int(np.prod(self.planes)), DENSEST)


class Shape:
    """Which tiles a pyramid holds.

    Parameters
    ----------
    touched : callable
        Tells how many rows are read for a rectangle.
    dense : int
        From how many rows on a tile is kept.

    Attributes
    ----------
    dense : frozenset of TileAddress
        Those that it answers for.
    slots : mapping of TileAddress to int
        These and their neighbours, which hold the cells of their aprons, and where the states of each are kept; the
        finest first.
    """

    def __init__(self, touched: Callable[[Rect], int], dense: int) -> None:
        self._touched, self._most = touched, dense
        self.dense = frozenset(self._denser(TileAddress(0, 0, 0)))
        around = {tile for one in self.dense for tile in _around(one) if self.rows(tile)}
        finest_first = sorted(around, key=lambda one: (-one.z, one.y, one.x))
        self.slots: Mapping[TileAddress, int] = {tile: slot for slot, tile in enumerate(finest_first)}

    def rows(self, tile: TileAddress) -> int:
        """Return how many rows are read for a tile."""
        return self._touched(quanta(tile_rect(tile, 0)))

    def _denser(self, tile: TileAddress) -> Iterator[TileAddress]:
        if self.rows(tile) > self._most:
            yield tile
            if tile.z < MAX_Z:
                for child in _children(tile):
                    yield from self._denser(child)


def _children(tile: TileAddress) -> list[TileAddress]:
    return [TileAddress(tile.z + 1, 2 * tile.x + dx, 2 * tile.y + dy) for dy in (0, 1) for dx in (0, 1)]


def _around(tile: TileAddress) -> Iterator[TileAddress]:
    """Yield a tile and its neighbours within the world."""
    last = 2**tile.z
    for y in range(max(tile.y - 1, 0), min(tile.y + 2, last)):
        for x in range(max(tile.x - 1, 0), min(tile.x + 2, last)):
            yield TileAddress(tile.z, x, y)


class Pyramid(NamedTuple):
    """The states of a shape's tiles.

    Parameters
    ----------
    shape : Shape
    states : mapping of str to ndarray, shape (tiles, ..., 512, 512)
        Zero where a cell is empty.
    """

    shape: Shape
    states: Mapping[str, Array]

    def cut(self, tile: TileAddress) -> States:
        """Return the states of a dense tile with its apron, each of shape (..., 522, 522)."""
        side = TILE + 2 * APRON
        found = {name: np.zeros((*one.shape[1:-2], side, side), one.dtype) for name, one in self.states.items()}
        for one in _around(tile):
            slot = self.shape.slots.get(one)
            if slot is not None:
                target, source = _overlap(tile.y, one.y), _overlap(tile.x, one.x)
                for name, array in self.states.items():
                    found[name][..., target[0], source[0]] = array[slot, ..., target[1], source[1]]
        return found


def _overlap(tile: int, other: int) -> tuple[slice, slice]:
    """Return where a tile's apron, or its inside, takes cells of a tile beside it, along one axis: to, from."""
    if other < tile:
        return slice(0, APRON), slice(TILE - APRON, TILE)
    if other > tile:
        return slice(APRON + TILE, None), slice(0, APRON)
    return slice(APRON, APRON + TILE), slice(0, TILE)


def finalised(states: Mapping[str, Array], aggregate: str) -> Array:
    """Return an aggregate of states: counts uint32, 0 where empty, others float64, NaN where empty."""
    if aggregate in ("count", "by"):
        return states[aggregate]
    n = sealed(states["n"])
    found = np.empty(n.shape)
    if aggregate in ("sum", "min", "max"):
        _present(sealed(states[aggregate]), n, found)
    else:
        _divided(sealed(states["sum" if aggregate == "mean" else "m2"]), n, found)
    if aggregate in ("var", "std"):
        # Of infinite values there is none; Datashader says 0 of a lone one.
        found[~np.isfinite(states["sum"])] = np.nan
    return np.sqrt(found, out=found) if aggregate == "std" else found


@compiled
def _divided(totals: Array, n: Array, into: Array) -> None:
    """Divide totals by counts in one pass; NaN where nothing was counted."""
    for y in range(n.shape[0]):
        for x in range(n.shape[1]):
            into[y, x] = totals[y, x] / n[y, x] if n[y, x] else np.nan


@compiled
def _present(values: Array, n: Array, into: Array) -> None:
    """Copy values in one pass; NaN where nothing was counted."""
    for y in range(n.shape[0]):
        for x in range(n.shape[1]):
            into[y, x] = values[y, x] if n[y, x] else np.nan


def halved(states: Mapping[str, Array]) -> States:
    """Merge cells two by two, along both axes: shape (..., 2h, 2w) becomes (..., h, w)."""
    return merged([{name: one[..., dy::2, dx::2] for name, one in states.items()} for dy in (0, 1) for dx in (0, 1)])


def merged(parts: Sequence[States]) -> States:
    """Merge the states of the same cells from different rows."""
    found = {name: reduce(np.add, (one[name] for one in parts)) for name in parts[0] if name in _ADDED}
    for name, join in (("min", np.fmin), ("max", np.fmax)):
        if name in parts[0]:
            filled = [np.where(one["n"] > 0, one[name], np.nan) for one in parts]
            found[name] = np.nan_to_num(join.reduce(filled), posinf=np.inf, neginf=-np.inf)
    if "m2" in parts[0]:
        found["m2"] = _deviations(parts, found["sum"] / np.maximum(found["n"], 1))
    return found


_ADDED = frozenset({"count", "by", "n", "sum"})


def _deviations(parts: Sequence[States], mean: Array) -> Array:
    """Return the squared deviations from the mean of all: those within each part, and those of the parts."""
    whole = np.zeros_like(mean)
    for one in parts:
        whole += one["m2"] + one["n"] * (one["sum"] / np.maximum(one["n"], 1) - mean) ** 2
    return whole


class _Builder:
    """Fills the states of a shape's tiles, the finest first."""

    def __init__(self, shape: Shape, what: Wanted, rows_in: RowsIn, room: Room) -> None:
        self.shape, self.what, self.rows_in = shape, what, rows_in
        sizes = (len(shape.slots), *what.planes, TILE, TILE)
        self.blocks = {name: room.blocks(name, dtype, sizes) for name, dtype in what.dtypes.items()}
        self.states = {name: one.array for name, one in self.blocks.items()}

    def build(self, progress: Progress) -> Mapping[str, Array]:
        """Fill all tiles, and return their states."""
        for tile, slot in self.shape.slots.items():
            for name, values in self._tile(tile).items():
                self.blocks[name].put(slot, values)
            progress(slot / len(self.shape.slots), "building the pyramid")
        return self.states

    def _tile(self, tile: TileAddress) -> States:
        """Return a tile's states: from the four below it where one of them is kept, else from its rows."""
        below = _children(tile) if tile.z < MAX_Z else []
        if not any(one in self.shape.slots for one in below):
            rect = tile_rect(tile, 0)
            drawn = aggregate_states(self.rows_in(quanta(rect)), rect, self.what.group)
            return {name: drawn[name] for name in self.blocks}
        found = {name: np.zeros((*self.what.planes, TILE, TILE), one.dtype) for name, one in self.states.items()}
        for child in below:
            for name, values in halved(self._kept(child)).items():
                top, left = child.y % 2 * HALF, child.x % 2 * HALF
                found[name][..., top : top + HALF, left : left + HALF] = values
        return found

    def _kept(self, tile: TileAddress) -> States:
        slot = self.shape.slots.get(tile)
        return self._tile(tile) if slot is None else {name: one[slot] for name, one in self.states.items()}


def open_pyramid(
    shape: Shape, what: Wanted, rows_in: RowsIn, home: Path | None, progress: Progress = silent
) -> Pyramid:
    """Open a pyramid, building it where it is not kept yet.

    Parameters
    ----------
    shape : Shape
    what : Wanted
    rows_in : callable
        Returns the rows of a rectangle.
    home : Path or None
        The folder that keeps it; where there is no room for one it stays in memory.
    progress : callable

    Notes
    -----
    Reads each row once, or a few times near the edge of what is dense; memory is that of a call to Datashader. Of all
    processes that want it one builds it, and the others wait.
    """

    def build(room: Room, report: Progress) -> Mapping[str, Array]:
        return _Builder(shape, what, rows_in, room).build(report)

    def fill(folder: Path, report: Progress) -> None:
        build(Room(folder), report)

    if home:
        try:
            if not home.exists():
                publish(home, fill, home.exists, progress)
            return Pyramid(shape, _load(home, what))
        except OSError:
            pass  # a full volume costs memory, not an answer
    return Pyramid(shape, build(Room(), progress))


def _load(home: Path, what: Wanted) -> Mapping[str, Array]:
    return {name: mapped(home / f"{name}.npy") for name in what.dtypes}
