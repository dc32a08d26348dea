"""Time each action of a session on the server, beside Datashader as its documentation teaches, in one process.

    pip install pillow
    python benchmarks/actions.py [--rows 10000000] [--repeats 7] [--out benchmarks/results/actions.json]

Both draw the same 1000 x 600 view of synthetic taxi rows to PNG bytes. The baseline keeps a pandas frame in memory and
recomputes the whole chain at each action: `Canvas.points`, `tf.spread`, `tf.shade`, Pillow. Kernels are compiled before
anything is timed. Ratios of one run are worth more than milliseconds of a shared machine.
"""

import argparse
import io
import json
import os
import platform
import statistics
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import datashader as ds
import pandas as pd
from datashader import transfer_functions as tf

from app.datasets.make import make_taxi
from app.pipeline.controls import Controls, opening
from app.pipeline.palettes import COLORMAPS
from app.pipeline.types import Bounds
from app.runtime import Runtime
from app.settings import load

SIZE = (1000, 600)
HOME = Bounds(-8236000, -8230000, 4974000, 4977600)
PANNED = Bounds(-8234800, -8228800, 4974000, 4977600)
ACTIONS: tuple[tuple[str, dict[str, object]], ...] = (
    ("colormap", {"cmap": "bgy"}),
    ("normalisation", {"normalization": "log"}),
    ("spreading", {"spreading": 2}),
    ("count to mean", {"aggregate": "mean", "field": "passenger_count"}),
    ("pan 20 %", {"bounds": PANNED}),
    ("back to an earlier view", {"bounds": HOME}),
)


def stock(frame: pd.DataFrame, now: Controls, view: Bounds) -> bytes:
    """Draw a view as Datashader's documentation does, to PNG bytes."""
    canvas = ds.Canvas(*SIZE, x_range=(view.x0, view.x1), y_range=(view.y0, view.y1))
    reduction = ds.count() if now.aggregate == "count" else ds.mean(now.field)
    grid = canvas.points(frame, "dropoff_x", "dropoff_y", agg=reduction)
    if now.spreading:
        grid = tf.spread(grid, now.spreading, how="add" if now.aggregate == "count" else "max")
    out = io.BytesIO()
    tf.shade(grid, cmap=list(COLORMAPS[now.cmap]), how=now.normalization).to_pil().save(out, "png", compress_level=1)
    return out.getvalue()


def timed(draw: Callable[[], object]) -> float:
    """Return the milliseconds of one call."""
    started = perf_counter()
    draw()
    return (perf_counter() - started) * 1e3


def measure(path: Path, cache: Path, repeats: int) -> list[dict[str, object]]:
    """Return a row an action: medians of both, and their ratio."""
    frame = pd.read_parquet(path, columns=["dropoff_x", "dropoff_y", "passenger_count"])
    rows = []
    with Runtime(load(cache=cache, data=(path,))) as runtime:
        plot = next(iter(runtime.catalogue)).plots[0]
        start = replace(opening(plot), bounds=HOME)
        for name, change in ACTIONS:
            changed = replace(start, **change)  # type: ignore[arg-type]
            before = replace(start, bounds=PANNED) if name.startswith("back") else start
            ours, theirs = [], []
            for turn in range(repeats + 1):
                runtime.store.clear()
                if name.startswith("back"):
                    runtime.image(plot, changed, *SIZE)
                runtime.image(plot, before, *SIZE)
                ours.append(timed(lambda: runtime.image(plot, changed, *SIZE)))  # noqa: B023
                theirs.append(timed(lambda: stock(frame, changed, changed.bounds or HOME)))  # noqa: B023
                if not turn:  # the first turn compiles
                    ours, theirs = [], []
            mine, other = statistics.median(ours), statistics.median(theirs)
            rows.append(
                {
                    "action": name,
                    "stageboard_ms": round(mine, 2),
                    "datashader_ms": round(other, 2),
                    "ratio": round(other / mine, 1),
                    "stageboard_min_max": [round(min(ours), 2), round(max(ours), 2)],
                    "datashader_min_max": [round(min(theirs), 2), round(max(theirs), 2)],
                }
            )
    return rows


def main() -> None:
    """Run the benchmark, print a table, and write JSON."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=10_000_000)
    ask.add_argument("--repeats", type=int, default=7)
    ask.add_argument("--out", type=Path)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "taxi.parquet"
        make_taxi(path, asked.rows)
        rows = measure(path, Path(folder) / "cache", asked.repeats)
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
        "actions": rows,
    }
    for row in rows:
        print("{action:24} {stageboard_ms:>10} ms {datashader_ms:>10} ms {ratio:>8} x".format(**row))
    if asked.out:
        asked.out.parent.mkdir(parents=True, exist_ok=True)
        asked.out.write_text(json.dumps(report, indent=2) + "\n")


if __name__ == "__main__":
    main()
