"""Synthetic data of any size: taxi-like trips, and the Clifford attractor, written in chunks of constant size.

This module owns made-up data. It refuses to leave half a file: a temporary name is renamed when all rows are written.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, TypeAlias

import numba
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from app.pipeline.errors import ParameterError, StoreError

Progress: TypeAlias = Callable[[float, str], None]
Floats: TypeAlias = NDArray[np.float64]

CHUNK_ROWS = 1_000_000
SPOTS = 4_000
X_RANGE = (-8_242_000.0, -8_210_000.0)
Y_RANGE = (4_965_000.0, 4_990_000.0)
PAYMENTS = ("Credit card", "Cash", "No charge", "Dispute", "Unknown")
_PAYMENT_SHARES = (0.62, 0.355, 0.012, 0.008, 0.005)
_PASSENGER_SHARES = (0.70, 0.145, 0.045, 0.02, 0.055, 0.035)
# Trips of each hour, from midnight, in percent or so.
_HOURS = np.array(
    [3.6, 2.7, 2, 1.5, 1.1, 1, 2.1, 3.6, 4.5, 4.6, 4.5, 4.6, 4.8, 4.8, 5, 4.8, 4.2, 5, 6, 6.2, 5.8, 5.7, 5.5, 4.8]
)


class _Area(NamedTuple):
    """A street grid: centre and half sizes in metres, rotation in degrees, block sizes, and its share of the trips."""

    x: float
    y: float
    turn: float
    half_u: float
    half_v: float
    block_u: float
    block_v: float
    share: float


class _Airport(NamedTuple):
    """A ring of terminals: centre and radius in metres, and its share of the trips."""

    x: float
    y: float
    radius: float
    share: float


_AREAS = (
    _Area(-8_234_500, 4_977_500, 61, 7_500, 1_300, 80, 270, 0.66),
    _Area(-8_229_500, 4_969_500, 20, 4_500, 4_500, 90, 220, 0.12),
    _Area(-8_225_500, 4_977_800, 35, 4_500, 3_500, 85, 240, 0.09),
    _Area(-8_231_000, 4_986_500, 10, 3_500, 3_000, 90, 200, 0.03),
    _Area(-8_219_000, 4_971_500, 5, 6_000, 5_000, 110, 260, 0.03),
    _Area(-8_239_500, 4_975_500, 15, 2_500, 5_000, 100, 230, 0.02),
)
_AIRPORTS = (_Airport(-8_216_200, 4_972_600, 260, 0.020), _Airport(-8_221_400, 4_979_600, 220, 0.020))
_ELSEWHERE = 0.01
_SHARES = np.array([*(area.share for area in _AREAS), *(airport.share for airport in _AIRPORTS), _ELSEWHERE])

TAXI = pa.schema(
    [
        *((name, pa.float32()) for name in ("dropoff_x", "dropoff_y", "pickup_x", "pickup_y")),
        *((name, pa.int8()) for name in ("dropoff_hour", "pickup_hour", "passenger_count")),
        ("fare", pa.float32()),
        ("payment_type", pa.dictionary(pa.int8(), pa.string())),
    ]
)
CLIFFORD = pa.schema([("x", pa.float32()), ("y", pa.float32())])


def make_taxi(path: Path, rows: int, seed: int = 7, progress: Progress | None = None) -> None:
    """Write taxi-like trips in the columns of NYC taxi.

    Parameters
    ----------
    path : Path
        A ``.parquet`` file, replaced if it exists.
    rows : int
    seed : int
        Equal seeds and rows give equal files.
    progress : callable, optional
        Called with a fraction from 0 to 1 and a message.

    Raises
    ------
    ParameterError
        If there is less than one row.
    StoreError
        If the file cannot be written.
    """
    random = np.random.default_rng(seed)
    spots = [[_hot_spots(random, area) for area in _AREAS] for _ in range(2)]
    _write(path, TAXI, rows, progress, lambda size: _trips(random, size, spots))


def make_clifford(path: Path, rows: int, seed: int = 7, progress: Progress | None = None) -> None:
    """Write points of the Clifford attractor; the seed chooses where the orbit begins.

    Parameters and errors are those of `make_taxi`.
    """
    at = np.random.default_rng(seed).uniform(-1, 1, 2)
    _clifford(at, 1_000)

    def points(size: int) -> pa.Table:
        x, y = _clifford(at, size)
        return pa.table({"x": x, "y": y}, schema=CLIFFORD)

    _write(path, CLIFFORD, rows, progress, points)


def _write(
    path: Path, schema: pa.Schema, rows: int, progress: Progress | None, make: Callable[[int], pa.Table]
) -> None:
    if rows < 1:
        raise ParameterError(f"{rows} rows cannot be made: ask for at least one.")
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with pq.ParquetWriter(temporary, schema, compression="zstd", compression_level=1) as writer:
            for done, size in _chunks(rows):
                writer.write_table(make(size), row_group_size=CHUNK_ROWS)
                if progress:
                    progress(done / rows, f"Making {path.name}")
        os.replace(temporary, path)
    except OSError as error:
        raise StoreError(f"{str(path)!r} cannot be written: {error.strerror or error}.") from error
    finally:
        with suppress(OSError):
            temporary.unlink()


def _chunks(rows: int) -> Iterator[tuple[int, int]]:
    """Yield how many rows are done after each chunk, and its size."""
    for start in range(0, rows, CHUNK_ROWS):
        size = min(CHUNK_ROWS, rows - start)
        yield start + size, size


class _Spots(NamedTuple):
    """Places where many trips begin or end, in metres along a grid's own axes, and how to draw one of them."""

    u: Floats
    v: Floats
    cumulated: Floats


def _hot_spots(random: np.random.Generator, area: _Area) -> _Spots:
    u = random.normal(0, 0.45, SPOTS).clip(-1, 1) * area.half_u
    v = random.uniform(-1, 1, SPOTS) * area.half_v
    return _Spots(u, v, np.cumsum(np.arange(1, SPOTS + 1) ** -0.8))


def _trips(random: np.random.Generator, size: int, spots: list[list[_Spots]]) -> pa.Table:
    dropoff_x, dropoff_y = _places(random, size, spots[0])
    pickup_x, pickup_y = _places(random, size, spots[1])
    metres = np.hypot(dropoff_x - pickup_x, dropoff_y - pickup_y) * 0.76
    hour = _choose(random, size, _HOURS).astype(np.int8)
    later = random.random(size, np.float32) < metres / 30_000 + 0.12
    fare = 2.5 + metres / 1_609 * 2.6 + random.gamma(2, 1.3, size)
    payments = pa.DictionaryArray.from_arrays(
        pa.array(_choose(random, size, np.array(_PAYMENT_SHARES)).astype(np.int8)), pa.array(PAYMENTS)
    )
    passengers = _choose(random, size, np.array(_PASSENGER_SHARES)) + 1
    places = [one.astype(np.float32) for one in (dropoff_x, dropoff_y, pickup_x, pickup_y)]
    small = [one.astype(np.int8) for one in ((hour + later) % 24, hour, passengers)]
    return pa.Table.from_arrays([*map(pa.array, (*places, *small, fare.astype(np.float32))), payments], schema=TAXI)


def _places(random: np.random.Generator, size: int, spots: list[_Spots]) -> tuple[Floats, Floats]:
    """Return places in random order, each near a hot spot, an airport, or anywhere."""
    counts = random.multinomial(size, _SHARES / _SHARES.sum()).tolist()
    areas, airports = counts[: len(_AREAS)], counts[len(_AREAS) : -1]
    parts = [_in_area(random, *one) for one in zip(areas, _AREAS, spots, strict=True)]
    parts += [_at_airport(random, count, airport) for count, airport in zip(airports, _AIRPORTS, strict=True)]
    parts.append((random.uniform(*X_RANGE, counts[-1]), random.uniform(*Y_RANGE, counts[-1])))
    order = random.permutation(size)
    x, y = (np.concatenate(one)[order] for one in zip(*parts, strict=True))
    return x.clip(*X_RANGE), y.clip(*Y_RANGE)


def _in_area(random: np.random.Generator, count: int, area: _Area, spots: _Spots) -> tuple[Floats, Floats]:
    spot = np.searchsorted(spots.cumulated, random.random(count) * spots.cumulated[-1])
    # The distance from the spot is heavy tailed, too.
    near = 40 * (1 + random.pareto(1.6, count)).clip(1, 60)
    u = spots.u[spot] + random.standard_normal(count) * near
    v = spots.v[spot] + random.standard_normal(count) * near
    out = (np.abs(u) > area.half_u) | (np.abs(v) > area.half_v)
    u[out] = random.uniform(-area.half_u, area.half_u, np.count_nonzero(out))
    v[out] = random.uniform(-area.half_v, area.half_v, np.count_nonzero(out))
    # Cars stand on streets: one coordinate is a multiple of the block size, but for the receiver's noise.
    along = random.random(count) < 0.55
    u = np.where(along, u, np.round(u / area.block_u) * area.block_u) + random.normal(0, 5, count)
    v = np.where(along, np.round(v / area.block_v) * area.block_v, v) + random.normal(0, 5, count)
    turn = np.deg2rad(area.turn)
    return area.x + u * np.cos(turn) - v * np.sin(turn), area.y + u * np.sin(turn) + v * np.cos(turn)


def _at_airport(random: np.random.Generator, count: int, airport: _Airport) -> tuple[Floats, Floats]:
    terminal = random.integers(0, 6, count) * (np.pi / 3)
    x = airport.x + airport.radius * np.cos(terminal) + random.normal(0, 25, count)
    return x, airport.y + airport.radius * np.sin(terminal) + random.normal(0, 25, count)


def _choose(random: np.random.Generator, size: int, shares: Floats) -> NDArray[np.intp]:
    return np.searchsorted(np.cumsum(shares / shares.sum())[:-1], random.random(size))


@numba.njit(nogil=True, cache=False)
def _clifford(at: Floats, size: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Follow the orbit from ``at``, which moves along with it."""
    xs, ys = np.empty(size, np.float32), np.empty(size, np.float32)
    x, y = at[0], at[1]
    for step in range(size):
        x, y = np.sin(-1.4 * y) + np.cos(-1.4 * x), np.sin(1.6 * x) + 0.7 * np.cos(1.6 * y)
        xs[step], ys[step] = x, y
    at[0], at[1] = x, y
    return xs, ys
