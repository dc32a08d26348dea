"""Write `scales.json`: values, and the levels and colours that they have by Datashader's definitions.

    python -m tests.golden.make_scales

Nothing of the app is imported. A level is the nearest of 65,280 equal steps from the low end of a scale to the high.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
from datashader.transfer_functions import eq_hist

FILE = Path(__file__).with_name("scales.json")
STEPS = 65_280
HOWS = ("eq_hist", "linear", "log", "cbrt")
WINDOWS = ((0, 100), (2, 98), (10, 60), (50, 100))
CURVES = {"linear": np.positive, "log": np.log1p, "cbrt": np.cbrt}
SIZE = 120


def data() -> dict[str, tuple[str, np.ndarray]]:
    """Return cells by name: counts (0 empty), totals of categories, or floats (NaN empty)."""
    random = np.random.default_rng(11)
    some = random.random(SIZE) < 0.8
    normal = random.normal(0, 1, SIZE)
    counts = {
        "few counts": random.integers(0, 6, SIZE),
        "many counts": random.zipf(1.4, SIZE).clip(0, 60_000) * some,
        "counts far apart": (10 ** random.uniform(0, 9, SIZE)).astype(int) * some,
        "one count": np.full(SIZE, 7) * some,
        "cubes": np.arange(SIZE) ** 3,
    }
    floats = {
        "normal": normal,
        "long tail": random.lognormal(0, 5, SIZE),
        "negative long tail": -random.lognormal(3, 3, SIZE),
        "equal": np.full(SIZE, 7.25),
        "huge": random.uniform(-3.2e38, 3.2e38, SIZE),
        "tiny": random.lognormal(0, 1, SIZE) * 1e-300,
        "least of all": random.integers(0, 9, SIZE) * 5e-324,
        "beyond": normal * 1e300,
        "narrow": 1013.1 + random.random(SIZE) * 1e-9,
        "times": (1e12 + random.integers(0, 10**9, SIZE)).astype(float),
        "whole": random.integers(-50, 1000, SIZE).astype(float),
        "infinite": np.where(random.random(SIZE) < 0.1, np.inf, np.where(random.random(SIZE) < 0.1, -np.inf, normal)),
        "two": np.where(some, 1.0, 2.0),
    }
    found = {name: ("count", cells.astype(np.uint32)) for name, cells in counts.items()}
    found["totals"] = ("by", counts["many counts"].astype(np.uint32))
    found["totals, all filled"] = ("by", counts["many counts"].astype(np.uint32) + np.uint32(1))
    for at, (name, cells) in enumerate(floats.items()):
        found[name] = ("float", np.where(some | (at % 3 == 0), cells, np.nan))
    return found


def graded(kind: str, cells: np.ndarray, how: str, window: tuple[int, int]) -> dict[str, Any]:
    """Return the ends of the scale, and each cell's level; 0 is empty."""
    empty = np.isnan(cells) if kind == "float" else cells == 0
    seen = np.sort(np.clip(cells[~empty & np.isfinite(cells)].astype(float), -1e290, 1e290))
    low, high = (seen[min(max(math.ceil(end / 100 * len(seen) - 1e-9) - 1, 0), len(seen) - 1)] for end in window)
    values = np.clip(np.where(empty, np.nan, cells.astype(float)), low, high)
    places = np.where(values < high, 0.0, 1.0) if low < high else (cells >= low).astype(float)
    if low < high and how != "eq_hist":
        curve = CURVES[how]
        places = curve(values - low) / curve(np.array([high - low]))
    elif low < high:
        inside = ~empty & (values == np.clip(cells.astype(float), -1e290, 1e290)) & np.isfinite(cells.astype(float))
        shares = equalised(kind, np.where(inside, values, low), inside, empty.any(), low)
        first, last = (shares[inside & (values == end)][0] for end in (low, high))
        places = np.where(inside, (shares - first) / (last - first), values == high)
    levels = np.where(empty, 0, np.floor(np.nan_to_num(places) * STEPS + 0.5) + 1)
    return {"how": how, "window": window, "low": low, "high": high, "levels": levels.astype(int).tolist()}


def equalised(kind: str, cells: np.ndarray, inside: np.ndarray, some_empty: bool, low: float) -> np.ndarray:
    """Return what Datashader makes of the cells within a range; it turns totals to floats where a cell is empty."""
    floats = kind == "float" or (kind == "by" and some_empty)
    if floats and np.ptp(cells[inside]) < 1e-290:  # too narrow for its bins: each value for itself
        distinct, counts = np.unique(cells[inside], return_counts=True)
        return np.interp(cells, distinct, counts.cumsum() / counts.sum())
    above = cells - low if floats else (cells - low).astype(np.uint32)
    return np.asarray(eq_hist(above, ~inside)[0], float)


def plain(cells: np.ndarray) -> list[Any]:
    """Return numbers as JSON can hold them."""
    return [None if one != one else str(one) if math.isinf(one) else one for one in cells.tolist()]


def main() -> dict[str, Any]:
    """Return the vectors."""
    cases = [
        {
            "name": name,
            "kind": kind,
            "cells": plain(cells),
            "scales": [graded(kind, cells, how, window) for how in HOWS for window in WINDOWS],
        }
        for name, (kind, cells) in data().items()
    ]
    colours = ["#000000", "#102030", "#ff8000", "#ffff00", "#ffffff"]
    levels = [1, 2, 3, 8_160, 16_320, 16_321, 16_322, 30_000, 48_960, 48_961, 65_279, 65_280, 65_281]
    rgb = np.array([[int(one[at : at + 2], 16) for at in (1, 3, 5)] for one in colours])
    exact = [[int((level - 1) * 4 // STEPS), (level - 1) * 4 % STEPS] for level in levels]
    mixed = [
        rgb[at].tolist() if not part else ((rgb[at] * (STEPS - part) + rgb[at + 1] * part) // STEPS).tolist()
        for at, part in exact
    ]
    return {"cases": cases, "palette": {"colours": colours, "levels": levels, "rgb": mixed}}


if __name__ == "__main__":
    FILE.write_text(json.dumps(main(), separators=(",", ":")) + "\n", "utf-8")
