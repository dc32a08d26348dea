"""Random files with known rows: missing, infinite, tiny, huge and equal values, long tails, old dates, map edges."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from tests.browser.browsing import ROOT

Random = np.random.Generator
Columns = dict[str, Any]
Kind = Literal["number", "time", "category"]
EMBEDDED = ROOT / "app" / "datasets" / "data"
WORLD = 20037508.342789244
"""Half the width of the web mercator map, metres."""


@dataclass(frozen=True)
class Source:
    """A file, and what of it is drawn.

    Parameters
    ----------
    name : str
        The data set's.
    path : Path
    x, y, track, time : str
        Columns; ``track`` is empty for points, ``time`` where tracks are in the file's order.
    crs : {'plane', 'mercator', 'lonlat'}
    fields : mapping of str to str
        Each column's kind.
    named : bool
        Whether the product knows the file by its name: it gets no corrections.
    """

    name: str
    path: Path
    x: str
    y: str
    crs: str = "plane"
    track: str = ""
    time: str = ""
    fields: Mapping[str, Kind] = field(default_factory=dict, hash=False)
    named: bool = False

    @property
    def kind(self) -> str:
        """``points`` or ``lines``."""
        return "lines" if self.track else "points"


def make_files(folder: Path, seed: int) -> dict[str, Source]:
    """Write a file of each sort with rows by a seed, and return all sources by name, with the embedded ones."""
    made = {}
    for at, (name, make) in enumerate(_MAKERS.items()):
        columns, source, said = make(np.random.default_rng([seed, at]))
        path = folder / f"{name}.parquet"
        pq.write_table(pa.table(columns), path, row_group_size=50_000)
        corrections = {"x": source["x"], "y": source["y"], "crs": source.get("crs", "plane")}
        if source.get("track"):
            corrections |= {"kind": "lines", "track": source["track"], "time": source["time"]}
        text = "".join(f'{key} = "{value}"\n' for key, value in corrections.items())
        path.with_name(f"{path.name}.toml").write_text(text + said)
        made[name] = Source(name, path, **source)
    return made | {one.name: one for one in _EMBEDDED}


_EMBEDDED = (
    Source(
        "flights", EMBEDDED / "flights.parquet", "minute", "delay",
        fields={"delay": "number", "distance": "number", "origin": "category", "day": "time"}, named=True,
    ),
    Source("stars", EMBEDDED / "stars.parquet", "longitude", "latitude", fields={"magnitude": "number"}, named=True),
)  # fmt: skip


def _rows(rng: Random, most: int = 120_000) -> int:
    return int(5_000 * (most / 5_000) ** rng.random())


def _missing(rng: Random, values: npt.NDArray[Any], share: float) -> pa.Array:
    return pa.array(values, mask=rng.random(len(values)) < share)


def _categories(rng: Random, rows: int, many: int, share: float = 0.0) -> pa.Array:
    names = np.array([f"c{number:03d}" for number in range(many)])
    return _missing(rng, names[rng.zipf(1.3, rows) % many], share)


def _infinite(rng: Random, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return values of which some are infinite; both infinities share no cell, where the order of rows would decide."""
    values = rng.normal(10, 3, len(x))
    for value, where, share in ((np.inf, x > 0.1, 0.004), (-np.inf, x < -0.1, 0.004), (np.nan, True, 0.05)):
        values[(rng.random(len(x)) < share) & where] = value
    return values


def _stamps(rng: Random, rows: int, low: int, high: int) -> pa.Array:
    return pa.array(rng.integers(low, high, rows), pa.timestamp("ms"))


def _plane(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    rows = _rows(rng)
    half = rows // 2
    scale, shift = 10.0 ** rng.integers(-3, 5), rng.normal(0, 10)
    place = np.concatenate([rng.normal(0, 1, half), rng.uniform(-3, 4, rows - half)])
    y = np.concatenate([rng.normal(2, 0.3, half), rng.uniform(0, 6, rows - half)])
    start = int(rng.integers(-4_000_000_000_000, 1_700_000_000_000))
    columns = {
        "x": place * scale + shift,
        "y": y,
        "whole": _missing(rng, rng.integers(-50, 1000, rows), 0.2),
        "infinite": _infinite(rng, place),
        "same": np.full(rows, rng.choice([7.25, 0.0, -1024.0])),
        "negative": -np.abs(rng.lognormal(3, 2, rows)),
        "huge": (rng.random(rows) * 2 - 1) * 3.2e38,
        "minute": rng.lognormal(0, 1, rows) * 10.0 ** rng.integers(-12, -6),
        "narrow": 1013.1 + rng.random(rows) * 10.0 ** rng.integers(-4, 1),
        "around": 100.01 + rng.random(rows) * 0.08,
        "money": rng.random(rows) * 1e8,
        "tail": rng.lognormal(2, 3, rows),
        "single": rng.normal(0, 1e-3, rows).astype(np.float32),
        "big": rng.integers(2**53, 2**53 + 2**20, rows),
        "epoch": start + rng.integers(0, 86_400_000, rows),
        "stamp": _stamps(rng, rows, -3_000_000_000_000, 100_000_000_000),
        "day": pa.array(rng.integers(-9_000, 20_000, rows).astype(np.int32), pa.date32()),
        "one": _categories(rng, rows, 1),
        "few": _categories(rng, rows, 3, 0.1),
        "some": _categories(rng, rows, 20, 0.05),
        "many": _categories(rng, rows, 300, 0.02),
        "flag": rng.random(rows) < 0.3,
    }
    kinds = {
        **dict.fromkeys(columns, "number"),
        **dict.fromkeys(("epoch", "stamp", "day"), "time"),
        **dict.fromkeys(("one", "few", "some", "many", "flag"), "category"),
    }
    fields = {name: kind for name, kind in kinds.items() if name not in ("x", "y")}
    return (
        columns,
        {"x": "x", "y": "y", "fields": fields},
        '[fields.epoch]\nkind = "time"\n[fields.money]\nunit = "£"\n',
    )


def _dates(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    rows = _rows(rng)
    start = int(rng.integers(-4_000_000_000_000, -100_000_000_000))
    span = int(10 ** rng.uniform(3.2, 12))
    columns = {
        "when": _stamps(rng, rows, start, start + span),
        "level": 1_600_000_000 + rng.integers(0, int(10 ** rng.uniform(1, 7)), rows),
        "v": rng.normal(0, 1, rows),
        "tail": rng.lognormal(2, 3, rows),
    }
    return columns, {"x": "when", "y": "level", "fields": {"v": "number", "tail": "number"}}, ""


def _tiny(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    rows, small = _rows(rng, 40_000), 10.0 ** rng.integers(-10, -5)
    columns = {
        "x": 1 + rng.random(rows) * small,
        "y": rng.normal(0, small, rows),
        "v": rng.normal(5, 1, rows),
        "few": _categories(rng, rows, 3),
    }
    return columns, {"x": "x", "y": "y", "fields": {"v": "number", "few": "category"}}, ""


def _dense(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    """Few cells, of which the fullest holds very many rows; all rows of one lie on one point."""
    counts = np.unique(np.round(10 ** np.linspace(0, rng.uniform(4, 5.2), 120)).astype(int))
    counts = np.append(counts[rng.random(len(counts)) < 0.5], [1, *rng.choice([65_535, 65_536, 1_000_000], 1)])
    cell = rng.permutation(1000)[: len(counts)]
    columns = {
        "x": np.repeat(cell % 40, counts) * 1.0,
        "y": np.repeat(cell // 40, counts) * 1.0,
        "v": rng.normal(0, 1, counts.sum()).astype(np.float32),
    }
    return columns, {"x": "x", "y": "y", "fields": {"v": "number"}}, ""


def _edges(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    """Rows on the edges of pixels, some of them on the edges of the map."""
    rows = _rows(rng, 50_000)
    lines = np.arange(2**10 + 1) * (2 * WORLD / 2**10) - WORLD
    inner = lines[1:-1]
    columns = {
        "easting": np.where(rng.random(rows) < 0.02, rng.choice(lines[[0, 1, -2, -1]], rows), rng.choice(inner, rows)),
        "northing": np.where(rng.random(rows) < 0.02, rng.choice(lines[[0, 1, -2, -1]], rows), rng.choice(inner, rows)),
        "v": rng.integers(0, 9, rows).astype(float),
        "few": _categories(rng, rows, 5),
    }
    fields = {"v": "number", "few": "category"}
    return columns, {"x": "easting", "y": "northing", "crs": "mercator", "fields": fields}, ""


def _polar(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    """Rows about the corners of the map, and beyond."""
    half = _rows(rng, 60_000) // 2
    many = (half, half, 300, 300)
    spans = ((179, 180), (-180, -179), (180, 180), (-180, -180))
    longitude = np.concatenate([rng.uniform(*span, n) for span, n in zip(spans, many, strict=True)])
    high, low = (84, 85.2), (-85.2, -84)
    latitude = np.concatenate(
        [rng.uniform(*high, half), rng.uniform(*low, half), np.full(300, 85.0), np.full(300, -85.0511)]
    )
    columns = {
        "longitude": longitude,
        "latitude": latitude,
        "v": np.arange(len(longitude)) * 1.0,
        "few": _categories(rng, len(longitude), 3),
    }
    fields = {"v": "number", "few": "category"}
    return columns, {"x": "longitude", "y": "latitude", "crs": "lonlat", "fields": fields}, ""


def _globe(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    rows = _rows(rng)
    at = rng.integers(0, 40, rows)
    longitude = rng.uniform(-170, 170, 40)[at] + rng.normal(0, 3, rows)
    latitude = rng.uniform(-60, 70, 40)[at] + rng.normal(0, 2, rows)
    columns = {
        "longitude": np.where(rng.random(rows) < 0.01, np.nan, longitude),
        "latitude": latitude,
        "people": np.round(rng.lognormal(5, 3, rows)),
        "land": pa.array(np.array([f"land {one}" for one in range(40)])[at]),
        "seen": _stamps(rng, rows, -900_000_000_000, 1_700_000_000_000),
    }
    fields = {"people": "number", "land": "category", "seen": "time"}
    return columns, {"x": "longitude", "y": "latitude", "crs": "lonlat", "fields": fields}, ""


def _walks(rng: Random, tracks: int, steps: int, room: float) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    x, y = (np.cumsum(rng.normal(0, 1, (tracks, steps)), 1) + rng.uniform(-room, room, (tracks, 1)) for _ in "xy")
    return x, y


def _tracks(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    tracks, steps = int(rng.integers(20, 300)), int(rng.integers(5, 120))
    x, y = _walks(rng, tracks, steps, 50)
    x[rng.random(x.shape) < 0.01] = np.nan
    number = np.repeat(np.arange(tracks), steps)
    columns = {
        "x": x.ravel(),
        "y": y.ravel(),
        "track": number + 2**60,
        "when": _moments(rng, tracks, steps, 10),
        "v": rng.normal(100, 20, x.size),
        "kind": np.array(["a", "b", "c"])[number % 3],
    }
    fields = {"v": "number", "kind": "category"}
    return _mixed(rng, columns), {"x": "x", "y": "y", "track": "track", "time": "when", "fields": fields}, ""


def _voyages(rng: Random) -> tuple[Columns, dict[str, Any], str]:
    """Tracks on the globe, of which some cross the date line, and some come near a pole."""
    tracks, steps = int(rng.integers(20, 200)), int(rng.integers(5, 60))
    x, y = _walks(rng, tracks, steps, 60)
    west = rng.choice([-180, 0])
    columns = {
        "longitude": ((x * 3 - west) % 360 + west).ravel(),
        "latitude": np.clip(y * 1.3, -89, 89).ravel(),
        "track": np.repeat([f"voyage {one}" for one in range(tracks)], steps),
        "when": _moments(rng, tracks, steps, 21_600),
        "v": rng.lognormal(2, 1, x.size),
    }
    source = {"x": "longitude", "y": "latitude", "crs": "lonlat", "fields": {"v": "number"}}
    return _mixed(rng, columns), {**source, "track": "track", "time": "when"}, ""


def _moments(rng: Random, tracks: int, steps: int, seconds: int) -> npt.NDArray[Any]:
    """Return times of tracks, so many seconds apart, some equal, and now and then silent for long."""
    some = rng.random((tracks, steps))
    apart = np.where(some < 0.02, 50, np.where(some < 0.1, 0, 1)) * seconds
    return (np.datetime64("1970-03-01", "ms") + (np.cumsum(apart, axis=1) * 1000).astype("timedelta64[ms]")).ravel()


def _mixed(rng: Random, columns: Columns) -> Columns:
    """Return rows in any order."""
    order = rng.permutation(len(columns["v"]))
    return {name: values[order] for name, values in columns.items()}


_MAKERS: Mapping[str, Callable[[Random], tuple[Columns, dict[str, Any], str]]] = {
    "plane": _plane,
    "dates": _dates,
    "tiny": _tiny,
    "dense": _dense,
    "edges": _edges,
    "polar": _polar,
    "globe": _globe,
    "tracks": _tracks,
    "voyages": _voyages,
}
