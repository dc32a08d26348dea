"""The engine beside plain Datashader, on one machine and in one process: a session, single actions, memory, disk.

    pip install pillow
    python -m benchmarks.engine [--rows 10000000] [--steps 80] [--out benchmarks/results/engine-10m.json]

Both draw the same views of 1000 x 600 pixels of synthetic taxi rows to PNG bytes, action by action in turn, so that a
busy machine slows both. The baseline keeps a pandas frame in memory and does the whole chain each time:
`Canvas.points`, `tf.shade`, Pillow at its fastest level. The engine is the product, from an empty store. Kernels are
compiled before anything is timed, and freed memory is kept, for both, as a worker keeps it. Every view's counts are
compared with one call of Datashader over all rows.
"""

import argparse
import gc
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import Any

import datashader as ds
import numpy as np
import pandas as pd

from app import heap
from app.datasets.make import make_taxi
from app.pipeline.controls import opening
from app.pipeline.points import Points
from app.pipeline.types import Plot
from app.pipeline.world import APRON, PixelRect, World, pixel_quanta
from app.runtime import Runtime
from app.settings import load
from benchmarks import actions, baseline, memory, report, session, startup, stored
from benchmarks.baseline import SIZE
from benchmarks.session import Action

# Run-time data, ignored by git; made once a number of rows.
FOLDER = Path("cache/bench")
WARM_ROWS = 100_000


def main() -> None:
    """Run the benchmark, print tables, and write JSON."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--rows", type=int, default=10_000_000)
    ask.add_argument("--steps", type=int, default=80)
    ask.add_argument("--seed", type=int, default=7)
    ask.add_argument("--repeats", type=int, default=5)
    ask.add_argument("--out", type=Path)
    asked = ask.parse_args()
    heap.keep()
    found: dict[str, Any] = {
        "rows": asked.rows,
        "size": SIZE,
        "steps": asked.steps,
        "seed": asked.seed,
        **report.facts(),
    }
    path = taxi(asked.rows)
    measure(taxi(WARM_ROWS), asked.steps, asked.seed, 1)
    found |= measure(path, asked.steps, asked.seed, asked.repeats, full=True)
    found["startup_ms"] = startup.measure()
    found["load_after"] = report.load()
    print_all(found)
    if asked.out:
        report.write(asked.out, found)


def taxi(rows: int) -> Path:
    """Return a file of so many rows, made where it is missing."""
    path = (FOLDER / f"taxi-{rows}.parquet").absolute()
    if not path.exists():
        print(f"making {path}", flush=True)
        make_taxi(path, rows)
    return path


def measure(path: Path, steps: int, seed: int, repeats: int, full: bool = False) -> dict[str, Any]:
    """Return what is measured in a fresh cache; without `full` only what compiles all kernels of this process."""
    cache = Path(tempfile.mkdtemp(prefix="run-", dir=FOLDER))
    try:
        found = compared(path, cache, steps, seed, repeats)
        if full:
            # Pages that this process still had mapped would be counted as shared with it.
            gc.collect()
            found["memory"] = [memory.measure(path, cache, workers) for workers in (1, 3)]
        return found
    finally:
        shutil.rmtree(cache, ignore_errors=True)


def compared(path: Path, cache: Path, steps: int, seed: int, repeats: int) -> dict[str, Any]:
    """Return what is measured in this process, of both chains."""
    frame = baseline.read(path)
    found: dict[str, Any] = {"frame_mb": round(float(frame.memory_usage().sum()) / 1e6)}
    with Runtime(load(cache=cache, data=(path,))) as runtime:
        plot = next(one for one in runtime.catalogue if one.plots[0].path == path).plots[0]
        found["build"] = build(runtime, plot)
        points = runtime.points(runtime.root(plot))
        script = session.script(opening(plot), steps, seed)
        found["session"] = summary(replay(runtime, plot, frame, script))
        found["equality"] = equality(runtime, points, frame, script)
        found["disk_mb"] = disk(cache)
        found["stored"] = stored.measure(cache)
        # Last: it forgets all results.
        found["actions"] = actions.measure(runtime, plot, frame, plane(points).bounds(script[0].view), repeats)
    return found


def plane(points: Points) -> World:
    """Return the plane of a map's rows."""
    if points.at.world is None:
        raise ValueError("the taxi rows lie on no plane.")
    return points.at.world


def build(runtime: Runtime, plot: Plot) -> dict[str, float]:
    """Open the rows for the first time; return the seconds of that, in all and by what it said that it did."""
    said: list[tuple[str, float]] = [("opening", perf_counter())]

    def hear(_: float, message: str) -> None:
        phase = message.replace(plot.path.name, "the file")
        if phase != said[-1][0]:
            said.append((phase, perf_counter()))

    points = runtime.points(runtime.root(plot, hear))
    said.append(("", perf_counter()))
    spans = [(name, later - begun) for (name, begun), (_, later) in pairwise(said)]
    parts: dict[str, float] = {"total": said[-1][1] - said[0][1]}
    for name, seconds in spans:
        parts[name] = parts.get(name, 0.0) + seconds
    points.deepen()
    parts["pyramids"] = perf_counter() - said[-1][1]
    return {name: round(seconds, 2) for name, seconds in parts.items()}


def replay(
    runtime: Runtime, plot: Plot, frame: pd.DataFrame, script: Sequence[Action]
) -> list[tuple[str, float, float]]:
    """Return each action's kind and milliseconds, of the engine and of the baseline."""
    points = runtime.points(runtime.root(plot))
    times = []
    for kind, now, view in script:
        bounds = plane(points).bounds(view)
        if runtime.snapped(points, bounds, *SIZE) != view:
            raise ValueError(f"{view!r} is not on the ladder: the two would draw different views.")
        ours = report.timed(partial(runtime.image, plot, replace(now, bounds=bounds), *SIZE))
        theirs = report.timed(partial(baseline.draw, frame, now, bounds))
        times.append((kind, ours, theirs))
    return times


def summary(times: Sequence[tuple[str, float, float]]) -> list[dict[str, Any]]:
    """Return a row for all actions, and one a kind: both chains' times, and their ratios."""
    rows = []
    for kind in ("all", *dict.fromkeys(kind for kind, _, _ in times)):
        ours, theirs = zip(*[pair for name, *pair in times if kind in ("all", name)], strict=True)
        mine, other = report.spread_of(ours), report.spread_of(theirs)
        row: dict[str, Any] = {"kind": kind, "actions": len(ours)}
        row |= {f"engine_{name}": value for name, value in mine.items()}
        row |= {f"baseline_{name}": value for name, value in other.items()}
        ratios = {f"ratio_{name[:-3]}": report.digits(other[name] / mine[name]) for name in mine}
        rows.append(row | ratios)
    return rows


def equality(runtime: Runtime, points: Points, frame: pd.DataFrame, script: Sequence[Action]) -> dict[str, int]:
    """Compare the counts of each view: with one call over the quantised rows, and with one over the raw floats.

    Raises
    ------
    ValueError
        Where a count differs from that of the quantised rows.
    """
    views = list(dict.fromkeys(action.view for action in script))
    root = runtime.root(points.plot)
    quantised = pd.DataFrame({"x": np.asarray(points.at.x), "y": np.asarray(points.at.y)}, copy=False)
    drawn = moved = 0
    for view in views:
        bounds = plane(points).bounds(view)
        params = runtime.params(points, replace(opening(points.plot), bounds=bounds), *SIZE)
        found = np.asarray(runtime.pipelines["map"].run(root, "grid", params).value)[APRON:-APRON, APRON:-APRON]
        if not np.array_equal(found, direct(quantised, view)):
            raise ValueError(f"the counts of {view!r} are not those of one Canvas.points call.")
        difference = found.astype(np.int64) - baseline.counts(frame, bounds)
        # A row in another pixel of the view is missing in one and too many in another.
        moved += int(max(difference.clip(min=0).sum(), -difference.clip(max=0).sum()))
        drawn += int(found.sum())
    return {"views": len(views), "rows_drawn": drawn, "differing_from_floats": moved}


def direct(quantised: pd.DataFrame, view: PixelRect) -> Any:
    """Return a view's counts by one call of Datashader; the upper edges, which it includes, are cropped."""
    size = pixel_quanta(view.z)
    ranges = {"x_range": (view.x0 * size, (view.x1 + 1) * size), "y_range": (view.y0 * size, (view.y1 + 1) * size)}
    canvas = ds.Canvas(SIZE[0] + 1, SIZE[1] + 1, **{name: tuple(map(float, ends)) for name, ends in ranges.items()})
    return canvas.points(quantised, "x", "y", agg=ds.count()).to_numpy()[:-1, :-1]


def disk(cache: Path) -> dict[str, float]:
    """Return the MB of a cache folder: columns, what is laid out beside them by its name, and results."""
    sizes: dict[str, float] = {}
    for file in cache.rglob("*"):
        if file.is_file():
            top, *rest = file.relative_to(cache).parts
            # columns/FILE/NAME.npy is a column; columns/FILE/NAME-DIGEST/... is made of columns.
            name = rest[1].partition("-")[0] if top == "columns" and len(rest) > 2 else top
            sizes[name] = sizes.get(name, 0) + file.stat().st_size / 1e6
    return {name: round(size, 1) for name, size in sorted(sizes.items())}


def print_all(found: dict[str, Any]) -> None:
    """Print the tables."""
    report.show(f"Session, {found['rows']:,} rows", found["session"])
    report.show("Single actions", found["actions"])
    report.show("Memory over imports, MB a worker", found["memory"])
    report.show("Read from disk by a fresh process, ms", [{"what": one, **row} for one, row in found["stored"].items()])
    for name in ("equality", "build", "disk_mb", "startup_ms"):
        report.show(name, [found[name]])


if __name__ == "__main__":
    main()
