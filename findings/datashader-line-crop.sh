#!/bin/sh
# Behaviour: Canvas.line over a part of a view is not that part of Canvas.line over the view. A segment that leaves a
# canvas is cut at its edges first, and Bresenham's line is drawn between the cut ends, rounded to pixels: its slope
# changes, so that pixels far from any edge move by one or more. Pixel edges of both canvases agree, and points do not differ at all.
# Versions: datashader 0.19.1, numpy 2.4.6, pandas 3.1.1, Python 3.11.
# Seen: 200 random lines over 512 x 512 pixels, four quarters beside the whole: 18,245 cells differ, of 44,232 that are
# filled; of 200,000 points none.
# Why it matters: tiles of lines joined to a view have kinks at their seams, and a line jumps when the view is panned,
# although every tile is exact for itself. A tile server has to draw whole segments and crop, not to draw crops.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check datashader==0.19.1 numpy==2.4.6 pandas==3.1.1
"$folder/venv/bin/python" - <<'PY'
from itertools import product

import datashader as ds
import numpy as np
import pandas as pd

SIDE = 512
random = np.random.default_rng(0)


def drawn(frame, kind, x0, y0, side):
    canvas = ds.Canvas(side, side, (x0, x0 + side), (y0, y0 + side))
    return np.asarray((canvas.line if kind == "lines" else canvas.points)(frame, "x", "y", agg=ds.count()).data)


ends = random.uniform(1, SIDE - 1, (2, 200, 2))
lines = np.concatenate([ends, np.full((2, 200, 1), np.nan)], axis=2).reshape(2, -1)
found = {}
for kind, (x, y) in (("lines", lines), ("points", random.uniform(1, SIDE - 1, (2, 200_000)))):
    frame = pd.DataFrame({"x": x, "y": y})
    whole, half = drawn(frame, kind, 0, 0, SIDE), SIDE // 2
    joined = np.zeros_like(whole)
    for x0, y0 in product((0, half), (0, half)):
        joined[y0 : y0 + half, x0 : x0 + half] = drawn(frame, kind, x0, y0, half)
    found[kind] = int((joined != whole).sum()) / int((whole > 0).sum())
    print(f"{kind}: {(joined != whole).sum():,} cells differ, of {(whole > 0).sum():,} that are filled")
assert found["lines"] > 0.1 and found["points"] == 0, "the behaviour has changed"
PY
