"""Small real things that tests of the engine share: data, a graph of toys, and rows of tables."""

import os
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Barrier, Lock
from time import sleep
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from app.datasets.recognise import recognise
from app.pipeline.codecs import JSON, NPY
from app.pipeline.errors import DataError
from app.pipeline.graph import Graph
from app.pipeline.stage import Parts, stage
from app.pipeline.table import open_table
from app.pipeline.types import Axis, Plot

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TAXI_FILE, CENSUS_FILE = SHARED / "nyc_taxi_wide.parq", SHARED / "census2010.parq"
needs_samples = pytest.mark.skipif(not SHARED.is_dir(), reason=f"the dashboard's sample files are not in {SHARED}")


def taxi_plot() -> Plot:
    """Return the drop-offs of 11,842 real taxi trips."""
    return recognise(TAXI_FILE).plots[0]


def census_plot() -> Plot:
    """Return 9,200 people of the real census by race."""
    return recognise(CENSUS_FILE).find_plot("race")


class Tally:
    """What stages were called, from any thread; a stage named in `failing` raises, one in `slow` takes a while."""

    def __init__(self, values: Sequence[float] = (1.0, 2.0, 3.0)) -> None:
        self.values = np.asarray(values)
        self.calls: Counter[str] = Counter()
        self.parts: Counter[int] = Counter()
        self.failing: set[str] = set()
        self.gate: Barrier | None = None
        self._lock = Lock()

    def called(self, name: str, parts: Sequence[int] = ()) -> None:
        """Count a call, and behave as the test wants."""
        with self._lock:
            self.calls[name] += 1
            self.parts.update(parts)
        sleep(0.02)
        if name in self.failing:
            raise DataError(f"{name} fails")


@dataclass
class ToyRoot:
    """A root in memory."""

    fingerprint: str = "00"
    tally: Tally = field(default_factory=Tally)
    scope: str = ""

    def open(self) -> Tally:
        self.tally.called("source")
        return self.tally


@stage("source", codec=None)
def source(root: ToyRoot) -> Tally:
    return root.open()


@stage("scaled", parents=("source",), params=("factor",))
def scaled(tally: Tally, *, factor: float) -> Any:
    tally.called("scaled")
    return tally.values * factor


@stage("summed", parents=("scaled",), params=("start",), codec=JSON)
def summed(values: Any, *, start: float) -> float:
    return float(values.sum()) + start


def split(numbers: Sequence[int]) -> list[int]:
    return list(numbers)


def join(parts: Sequence[int], values: Sequence[Any], numbers: Sequence[int]) -> Any:
    assert list(parts) == list(numbers)
    return np.stack(values) if values else np.zeros((0, 3))


@stage("tabled", parents=("source",), params=("factor",), codec=NPY, parts=Parts(("numbers",), split, join))
def tabled(tally: Tally, *, parts: Sequence[int], factor: float) -> list[Any]:
    tally.called("tabled", parts)
    return [tally.values * factor * part for part in parts]


@stage("peaked", parents=("tabled",), codec=JSON)
def peaked(table: Any) -> float:
    return float(table.max(initial=0))


TOYS = Graph([summed, peaked, tabled, scaled, source])


def column(path: Path, name: str, folder: Path | None = None) -> np.ndarray:
    """Read one column of numbers."""
    return open_table(path, [Axis(name)], folder).column(name)


def written(tmp_path: Path, **arrays: object) -> Path:
    """Write a Parquet file."""
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table(arrays), path)
    return path


@contextmanager
def as_nobody() -> Iterator[None]:
    """Give up root's right to read everything, where the tests have it."""
    root = os.geteuid() == 0
    if root:
        os.seteuid(65_534)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)
