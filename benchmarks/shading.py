"""Time what follows aggregation, beside Datashader and Pillow in one process: spreading, shading, encoding.

    pip install pillow
    python benchmarks/shading.py [--rows 10000000] [--repeats 15] [--out benchmarks/results/shading.json]

Both begin with the same 1000 x 600 aggregates of synthetic taxi rows, and end with PNG bytes. `shading` is what
Datashader takes from a kept aggregate, `chain` what it takes with the aggregation that its documentation repeats at
each change. Kernels are compiled before anything is timed, and turns alternate. Ratios of one run are worth more than
milliseconds of a shared machine.
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import datashader as ds
import numpy as np
import pandas as pd
from datashader import transfer_functions as tf

from app.datasets.make import make_taxi
from app.pipeline.palettes import CATEGORY_COLORS, COLORMAPS
from app.pipeline.scale import NORMALIZATIONS
from app.pipeline.stages.encode import encode
from app.pipeline.stages.index import index
from app.pipeline.stages.spread import spread
from app.pipeline.stages.stats import stats
from app.pipeline.world import APRON

SIZE = (1000, 600)
X, Y = (-8236000, -8230000), (4974000, 4977600)
Draw = Callable[[], bytes]


class Aggregate(NamedTuple):
    """An aggregate as both sides have it, and the milliseconds that Datashader takes for it."""

    name: str
    theirs: Any
    padded: np.ndarray
    ms: float


class Case(NamedTuple):
    """One change, drawn by both."""

    name: str
    aggregate: Aggregate
    ours: Draw
    theirs: Draw


def timed(draw: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    started = perf_counter()
    draw()
    return (perf_counter() - started) * 1e3


def aggregates(path: Path, repeats: int) -> dict[str, Aggregate]:
    """Return the aggregates of one view: counts, a mean, counts by category."""
    frame = pd.read_parquet(path, columns=["dropoff_x", "dropoff_y", "passenger_count"])
    frame["kind"] = pd.Categorical(frame["passenger_count"].clip(0, 5))
    canvas = ds.Canvas(*SIZE, x_range=X, y_range=Y)
    found = {}
    for name, how in (("count", ds.count()), ("mean", ds.mean("passenger_count")), ("by", ds.by("kind", ds.count()))):
        points = partial(canvas.points, frame, "dropoff_x", "dropoff_y", agg=how)
        drawn = points()
        ms = statistics.median(timed(points) for _ in range(repeats))
        planes = np.moveaxis(drawn.data, -1, 0) if drawn.ndim == 3 else drawn.data
        apron = [(0, 0)] * (planes.ndim - 2) + [(APRON, APRON)] * 2
        empty = 0 if planes.dtype.kind == "u" else np.nan
        found[name] = Aggregate(name, drawn, np.pad(planes, apron, constant_values=empty), ms)
    return found


def png(image: tf.Image) -> bytes:
    """Return an image's bytes, as Pillow writes them fastest."""
    out = io.BytesIO()
    image.to_pil().save(out, "png", compress_level=1)
    return out.getvalue()


def stock(aggregate: Aggregate, how: str, radius: int = 0, cmap: str = "fire") -> bytes:
    """Draw a kept aggregate as Datashader's documentation does."""
    grid = aggregate.theirs
    if radius:
        grid = tf.spread(grid, radius, how="max" if aggregate.name == "mean" else "add")
    colours = {"color_key": list(CATEGORY_COLORS)} if aggregate.name == "by" else {"cmap": list(COLORMAPS[cmap])}
    return png(tf.shade(grid, how=how, **colours))


def shaded(planes: np.ndarray, how: str) -> bytes:
    """Draw what is spread by our stages."""
    scale = stats.function(planes, normalization=how, range=(0, 100))
    image = index.function(planes, scale, normalization=how, colors=CATEGORY_COLORS, front=-1)
    return bytes(encode.function(image, cmap="fire"))


def spread_and_shaded(aggregate: Aggregate, radius: int) -> bytes:
    """Draw an aggregate by our stages."""
    return shaded(spread.function(aggregate.padded, aggregate=aggregate.name, spreading=radius), "eq_hist")


def cases(found: dict[str, Aggregate]) -> Iterator[Case]:
    """Yield every change that needs no new aggregate."""
    for name, one in found.items():
        kept = spread.function(one.padded, aggregate=name, spreading=0)
        for how in NORMALIZATIONS:
            yield Case(f"{name}: to {how}", one, partial(shaded, kept, how), partial(stock, one, how))
        for radius in (1, 2, 5):
            yield Case(
                f"{name}: spread {radius}",
                one,
                partial(spread_and_shaded, one, radius),
                partial(stock, one, "eq_hist", radius),
            )
    count = found["count"]
    image = spread_and_shaded(count, 0)
    new = partial(encode.function, image, cmap="bgy@dark")
    yield Case("count: colormap", count, new, partial(stock, count, "eq_hist", 0, "bgy"))


def measure(case: Case, repeats: int) -> dict[str, object]:
    """Return the medians of both, and their ratios."""
    ours, theirs = [], []
    for turn in range(repeats + 1):
        pair = timed(case.ours), timed(case.theirs)
        if turn:  # the first turn compiles
            ours.append(pair[0])
            theirs.append(pair[1])
    mine, other = statistics.median(ours), statistics.median(theirs)
    chain = other + case.aggregate.ms
    return {
        "change": case.name,
        "stageboard_ms": round(mine, 3),
        "shading_ms": round(other, 2),
        "shading_ratio": round(other / mine, 1),
        "chain_ms": round(chain, 2),
        "chain_ratio": round(chain / mine, 1),
        "stageboard_min_max": [round(min(ours), 3), round(max(ours), 3)],
        "shading_min_max": [round(min(theirs), 2), round(max(theirs), 2)],
        "bytes": [len(case.ours()), len(case.theirs())],
    }


def main() -> None:
    """Run the benchmark, print a table, and write JSON."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=10_000_000)
    ask.add_argument("--repeats", type=int, default=15)
    ask.add_argument("--out", type=Path)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "taxi.parquet"
        make_taxi(path, asked.rows)
        found = aggregates(path, asked.repeats)
    rows = []
    for case in cases(found):
        rows.append(measure(case, asked.repeats))
        print("{change:20} {stageboard_ms:>8} ms {shading_ms:>8} ms {shading_ratio:>7} x {chain_ms:>8} ms "
              "{chain_ratio:>7} x".format(**rows[-1]), flush=True)  # fmt: skip
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607
    report = {
        "rows": asked.rows,
        "repeats": asked.repeats,
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "machine": platform.machine(),
        "python": platform.python_version(),
        "datashader": ds.__version__,
        "commit": commit.stdout.strip(),
        "changes": rows,
    }
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
