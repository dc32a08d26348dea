"""Single actions, each from the same view with nothing else stored, beside the baseline's whole chain."""

import statistics
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pandas as pd

from app.pipeline.controls import Controls, opening
from app.pipeline.types import Bounds, Plot
from app.runtime import Runtime
from benchmarks import baseline
from benchmarks.baseline import SIZE
from benchmarks.report import digits, timed

# What an action changes of the view before it, PANNED being a pan by a fifth.
PANNED = "panned"
ACTIONS: dict[str, dict[str, object]] = {
    "colormap": {"cmap": "bgy"},
    "normalisation": {"normalization": "log"},
    "spreading": {"spreading": 2},
    "count to mean": {"aggregate": "mean", "field": "passenger_count"},
    "pan 20 %": {"bounds": PANNED},
    "back to an earlier view": {},
}
EARLIER = "back to an earlier view"


def measure(runtime: Runtime, plot: Plot, frame: pd.DataFrame, view: Bounds, repeats: int) -> list[dict[str, Any]]:
    """Return a row an action: the medians of both, and their ratio."""
    width = (view.x1 - view.x0) / 5
    panned = view._replace(x0=view.x0 + width, x1=view.x1 + width)
    start = replace(opening(plot), bounds=view)
    rows = []
    for name, change in ACTIONS.items():
        after = replace(start, **{key: panned if one is PANNED else one for key, one in change.items()})  # type: ignore[arg-type]
        path = [start, replace(start, bounds=panned)] if name == EARLIER else [start]
        ours, theirs = [], []
        for _ in range(repeats):
            ours.append(_fresh(runtime, plot, path, after))
            theirs.append(timed(partial(baseline.draw, frame, after, after.bounds or view)))
        mine, other = statistics.median(ours), statistics.median(theirs)
        rows.append(
            {"action": name, "engine_ms": digits(mine), "baseline_ms": digits(other), "ratio": digits(other / mine)}
        )
    return rows


def _fresh(runtime: Runtime, plot: Plot, path: list[Controls], after: Controls) -> float:
    """Forget all results, show the views before, and return the milliseconds of the last."""
    runtime.store.clear()
    image: Callable[..., object] = partial(runtime.image, plot)
    for one in path:
        image(one, *SIZE)
    return timed(partial(image, after, *SIZE))
